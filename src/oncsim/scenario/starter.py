"""A scenario file to start from."""

from __future__ import annotations

from oncsim.scenario.shape import SCHEMA

_HEAD = """\
# A scenario of oncsim. `oncsim scenario check {file}` says whether it is right and
# `oncsim scenario explain {file} PARAMETER` where each value comes from.
schema: {schema}
id: {id}
title: One line that says what is different here
question: What do you want to know?
# mechanism: How the policy is meant to act, in a sentence or two.
"""

_PARENT = """\
extends: {parent}            # everything that is not given below comes from here
# horizon: {{start: 2026Q1, end: 2040Q4}}
# market: {{source: archetype, kind: metro}}
"""

_ALONE = """\
horizon: {start: 2026Q1, end: 2035Q4}
market: {source: archetype, kind: mixed}    # or embedded (states: [OR, WA]) or files
"""

_TAIL = """\

# Law: `oncsim params list --kind law` names what can be changed. Without `until` a change
# is open-ended and later changes that the registry has scheduled no longer apply.
# policy:
#   - set: NAME
#     from: 2028Q1
#     to: 0.04
#     until: 2030Q4
#     then: restore          # restore what law says, or hold until its next scheduled change
#     source: why this value
#   - set: NAME
#     from: 2028Q1
#     ramp: {to: 0.40, over: 12 quarters}
#     announced: 2027Q3      # agents learn of it then; the same quarter as from is a surprise
#     where: {state: [TN, KY], setting: on_campus}    # only there, where the parameter allows it

# Assumptions about people and prices (kinds behaviour and economy), for the whole horizon.
# behaviour:
#   NAME: 1.2
#   NAME: {dist: triangular, low: 0.9, mode: 1.05, high: 1.4}    # drawn with --uncertainty

# What happens at a quarter to chosen organisations.
# events:
#   - {at: 2029Q2, do: capacity_shock, org: largest_system, fraction: -0.15, quarters: 4}

# What should come out.
# expect:
#   - {metric: spending.payer_total, group: payer=medicare_ffs, versus: baseline, sign: negative}
"""


def starter(identity: str, parent: str | None, file: str) -> str:
    """Return the text of a new scenario, with what may be added in comments.

    Parameters
    ----------
    identity : str
        Id of the new scenario.
    parent : str or None
        What it extends.
    file : str
        Name of the file, for the comments.
    """
    head = _HEAD.format(file=file, schema=SCHEMA, id=identity)
    return head + (_PARENT.format(parent=parent) if parent else _ALONE) + _TAIL
