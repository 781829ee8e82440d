"""What a scenario expects must name metrics and groups that exist: else it would never be checked."""

from __future__ import annotations

from oncsim.codes import COMPONENTS, PAYERS, PRICE_PARTS
from oncsim.errors import Fault, did_you_mean
from oncsim.parameters.strict_yaml import Document, Route
from oncsim.scenario.shape import Expectation

_CODES = {"payer": PAYERS, "component": COMPONENTS, "rural": ("true", "false")}


def expectation_faults(item: Expectation, document: Document, route: Route) -> list[Fault]:
    """Return a fault for a metric that does not exist, and for a group it is not broken down by."""
    if item.metric is None:
        return []
    from oncsim.metrics import METRICS  # imports the arrays of the model: only where something is expected

    found = METRICS.get(item.metric)
    if found is None:
        near = did_you_mean(item.metric, METRICS)
        return [document.fault((*route, "metric"), f"no metric {item.metric!r} (`oncsim metrics list`{near})")]
    wrong = _wrong_group(item.group, found.groups)
    return [document.fault((*route, "group"), f"{wrong} ({_allowed(found.groups)})")] if wrong else []


def _wrong_group(group: str, known: tuple[str, ...]) -> str:
    """Return what is wrong with a group such as ``component=drug;payer=commercial``; empty when nothing is."""
    if not group:
        return ""
    parts = [part.partition("=") for part in group.split(";")]
    if any(not mark or not code for _, mark, code in parts):
        return f"{group!r} is not a group"
    keys = [key for key, _, _ in parts]
    if " and ".join(keys) not in known:
        return f"the metric has no group by {' and '.join(keys)}"
    for key, _, code in parts:
        codes = {**_CODES, "component": PRICE_PARTS} if "years" in keys else _CODES
        allowed = codes.get(key, (code,))
        if code not in allowed:
            return f"no {key} {code!r}{did_you_mean(code, allowed)}"
    return ""


def _allowed(known: tuple[str, ...]) -> str:
    if not known:
        return "it has no groups"
    examples = [";".join(f"{key}=..." for key in group.split(" and ")) for group in known]
    return f"write for example {', '.join(examples)}"
