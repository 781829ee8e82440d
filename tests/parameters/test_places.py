"""Values by place, against a loop that asks for one place after the other."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from oncsim.calendar import Quarter
from oncsim.parameters.axes import AXES, pick
from oncsim.parameters.leaf import Leaf, next_change
from oncsim.parameters.lookup import Parameters
from oncsim.parameters.override import Override, Scope
from oncsim.parameters.registry import Registry

SHARE, VISIT, SITES = "policy.site_neutral.drug_administration", "policy.site_neutral.clinic_visit", "policy.child_sites"
DIMENSIONS = ("setting", "department", "hospital_class", "state", "rural")
START = Quarter(2026, 1)
Places = dict[str, NDArray[np.int64]]


def some_places(n: int = 40, seed: int = 1) -> Places:
    """Places with random codes, -1 among them; few states, so that scopes and places meet."""
    rng = np.random.default_rng(seed)
    return {d: rng.integers(-1, min(len(AXES[d]), 6), n) for d in DIMENSIONS}


def codes_of(places: Places, i: int) -> dict[str, str | None]:
    return {d: AXES[d][codes[i]] if codes[i] >= 0 else None for d, codes in places.items()}


def matches(leaf: Leaf, change: Override, place: dict[str, str | None]) -> bool:
    here = all(place[axis] == code for axis, code in zip(leaf.axes, change.element, strict=True))
    return here and all(place[dimension] in codes for dimension, codes in change.scope)


def value_at(parameters: Parameters, leaf: Leaf, changes: list[Override], place: dict[str, str | None], at: Quarter) -> Any:
    """One place, one quarter, in words: the last limited change that has begun here, or what holds everywhere."""
    if any(place[axis] is None for axis in leaf.axes):
        return 1.0
    element = tuple(str(place[axis]) for axis in leaf.axes)
    general = float(pick(parameters.plain(leaf, at), element))
    mine = [o for o in changes if matches(leaf, o, place) and (o.start is None or o.start <= at)]
    if not mine:
        return general
    last = mine[-1]
    if last.until is not None and at > last.until:
        changed = next_change(leaf, element, last.until, at) is not None or any(
            o.start is not None and last.until < o.start <= at for o in parameters.windows(leaf.name, element)
        )
        if last.then == "restore" or changed:
            return general
        at = last.until
    if last.ramp and last.start is not None and at - last.start + 1 < last.ramp:
        before = value_at(parameters, leaf, mine[:-1], place, last.start + -1)
        return before + (float(last.value) - before) * (at - last.start + 1) / last.ramp
    return float(last.value)


@st.composite
def changes_of(draw: st.DrawFn, leaf: Leaf) -> list[Override]:
    """Changes of one parameter, general and limited, such as a file may hold: those that compete never overlap."""
    result: list[Override] = []
    for _ in range(draw(st.integers(0, 6))):
        scope: list[tuple[str, tuple[str, ...]]] = []
        for dimension in leaf.where:
            if draw(st.booleans()):
                known = AXES[dimension][: min(len(AXES[dimension]), 6)]
                chosen = draw(st.sets(st.sampled_from(known), min_size=1, max_size=4))
                scope.append((dimension, tuple(code for code in known if code in chosen)))
        element = tuple(draw(st.sampled_from(AXES[axis])) for axis in leaf.axes)
        start = START + draw(st.integers(-4, 20))
        length = draw(st.integers(1, 8))
        open_ended = draw(st.booleans())
        change = Override(
            leaf.name,
            element,
            draw(st.booleans()) if leaf.type == "flag" else draw(st.floats(0, 1)),
            "policy",
            start=start,
            until=None if open_ended else start + (length - 1),
            then="" if open_ended else draw(st.sampled_from(["restore", "hold"])),
            ramp=0 if leaf.type == "flag" else draw(st.integers(0, length)),
            scope=tuple(scope),
        )
        if not any(change.overlaps(other) for other in result):
            result.append(change)
    return result


@pytest.mark.parametrize("name", [SHARE, VISIT, SITES])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_place_has_the_value_that_a_loop_finds(tiny: Registry, name: str, data: st.DataObject) -> None:
    leaf = tiny.leaves[name]
    changes = data.draw(changes_of(leaf))
    parameters = Parameters(tiny, changes)
    limited = sorted((o for o in changes if o.scope), key=lambda o: o.start.index if o.start else -1)
    places = some_places()
    quarter = START + data.draw(st.integers(-6, 30))
    found = parameters.at(quarter).over(name, places)
    wanted = [value_at(parameters, leaf, limited, codes_of(places, i), quarter) for i in range(len(found))]
    assert found.dtype == np.float64
    assert found == pytest.approx(np.array(wanted), abs=1e-12)


def test_without_limited_changes_the_values_of_the_codes_are_laid_over(tiny: Registry) -> None:
    places = some_places()
    values = Parameters(tiny).at(START)
    table = values[SHARE]
    wanted = [table[AXES["department"][c]] if c >= 0 else 7.0 for c in places["department"]]
    assert values.over(SHARE, places, otherwise=7.0).tolist() == wanted
    assert values.over(SITES, places).tolist() == [1.0] * 40
    assert values.over("practice.targets", places).tolist() == [5.0] * 40
    flags = values.over("policy.noncompete", places, otherwise=0.0)
    assert set(flags.tolist()) == {0.0, 1.0}
    two = {"need": np.array([1, -1]), "rural": np.array([1, 0])}
    assert values.over("practice.loyalty", two).tolist() == [4.0, 1.0]


def test_the_result_is_the_callers_own(tiny: Registry) -> None:
    values, places = Parameters(tiny).at(START), some_places()
    first = values.over(SHARE, places)
    first[:] = 9.0
    assert values.over(SHARE, places).max() <= 1.0


def limited(scope: Scope, to: float = 0.2, **how: Any) -> Override:
    return Override(SHARE, ("on_campus",), to, "policy", scope=scope, **how)


TN = (("state", ("TN",)),)
HERE: Places = {d: np.array([AXES[d].index(c)] * 2) for d, c in (("department", "on_campus"), ("state", "TN"))}
HERE["state"][1] = AXES["state"].index("KY")


def test_a_plain_lookup_sees_what_holds_everywhere_and_over_what_holds_here(tiny: Registry) -> None:
    general = Override(SHARE, ("on_campus",), 0.6, "policy")
    values = Parameters(tiny, [general, limited(TN)]).at(START)
    assert values[SHARE]["on_campus"] == 0.6
    assert values.over(SHARE, HERE).tolist() == [0.2, 0.6]
    # The control: without the limited change nothing is left of it.
    assert Parameters(tiny, [general]).at(START).over(SHARE, HERE).tolist() == [0.6, 0.6]


def test_a_limited_ramp_starts_from_what_holds_there(tiny: Registry) -> None:
    general = Override(SHARE, ("on_campus",), 0.6, "policy", start=Quarter(2027, 1))
    ramp = limited(TN, start=Quarter(2028, 1), ramp=4)
    parameters = Parameters(tiny, [general, ramp])
    found = [parameters.at(Quarter(2027, 4) + i).over(SHARE, HERE)[0] for i in range(6)]
    assert found == pytest.approx([0.6, 0.5, 0.4, 0.3, 0.2, 0.2])
    assert parameters.at(Quarter(2030, 1)).over(SHARE, HERE)[1] == 0.6


def test_until_and_then_of_a_limited_change(tiny: Registry) -> None:
    window: dict[str, Any] = {"start": Quarter(2027, 1), "until": Quarter(2027, 4)}
    restore = Parameters(tiny, [limited(TN, **window, then="restore")])
    hold = Parameters(tiny, [limited(TN, **window, then="hold")])
    later = Override(SHARE, ("on_campus",), 0.6, "policy", start=Quarter(2028, 3))
    both = Parameters(tiny, [limited(TN, **window, then="hold"), later])
    quarters = (Quarter(2026, 4), Quarter(2027, 4), Quarter(2028, 1), Quarter(2028, 3), Quarter(2029, 1))
    assert [restore.at(q).over(SHARE, HERE)[0] for q in quarters] == [1.0, 0.2, 1.0, 1.0, 0.9]
    assert [hold.at(q).over(SHARE, HERE)[0] for q in quarters] == [1.0, 0.2, 0.2, 0.2, 0.9]
    assert [both.at(q).over(SHARE, HERE)[0] for q in quarters] == [1.0, 0.2, 0.2, 0.6, 0.6]


def test_a_place_without_a_code_is_in_no_scope(tiny: Registry) -> None:
    places = {"state": np.array([-1, AXES["state"].index("WY")])}
    change = Override(SITES, (), False, "policy", scope=(("state", AXES["state"]),))
    assert Parameters(tiny, [change]).at(START).over(SITES, places).tolist() == [1.0, 0.0]


def test_what_is_lacking_is_said(tiny: Registry) -> None:
    values = Parameters(tiny, [limited((("rural", ("rural",)),))]).at(START)
    with pytest.raises(KeyError, match=r"differs by department: places must give its codes \(given: state\)"):
        values.over(SHARE, {"state": np.array([0])})
    with pytest.raises(KeyError, match=f"{SHARE} differs by rural"):
        values.over(SHARE, {"department": np.array([0])})
    with pytest.raises(KeyError, match="differs by place"):
        values.over(SITES, {})
    with pytest.raises(KeyError, match="did you mean"):
        values.over("policy.child_site", HERE)
    with pytest.raises(TypeError, match="is a word"):
        values.over("payment.rule", HERE)


def test_reads_are_remembered(tiny: Registry) -> None:
    parameters = Parameters(tiny)
    parameters.at(START).over(SITES, HERE)
    assert parameters.reads == {SITES}


def test_a_lookup_by_place_is_fast(tiny: Registry) -> None:
    values, places = Parameters(tiny).at(START), some_places(3500)
    values.over(SHARE, places)
    start = time.perf_counter()
    for _ in range(200):
        values.over(SHARE, places)
    assert (time.perf_counter() - start) / 200 < 0.0005
