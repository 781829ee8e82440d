"""What a scenario expects must name metrics and groups that exist: else it would never be checked."""

from __future__ import annotations

from typing import Any

from oncsim.codes import COMPONENTS, PAYERS, PRICE_PARTS
from oncsim.errors import Fault, did_you_mean
from oncsim.parameters.strict_yaml import Document, Route
from oncsim.scenario.library import bundled_scenarios
from oncsim.scenario.measures import CASE_SHARE, CONTROL, Expectation, Measure

_CODES = {"payer": PAYERS, "component": COMPONENTS, "rural": ("true", "false")}


def expectation_faults(item: Expectation, document: Document, route: Route, top: dict[str, Any]) -> list[Fault]:
    """Return a fault for what is named and does not exist, and for what only a case can ask.

    Parameters
    ----------
    item : Expectation
        What is expected.
    document, route
        Where it stands.
    top : dict
        The file as read: with ``case`` and ``variants`` where it is a case.
    """
    faults = _measure_faults(item, document, route)
    if item.minus is not None:
        faults += _measure_faults(item.minus, document, (*route, "minus"))
    if top.get("case") is None:
        return faults + [
            document.fault((*route, key), "is only for a case (a file with the section case)", of_key=True)
            for key in ("control", "control_mean")
            if getattr(item, key) is not None
        ]
    variants = top.get("variants") if isinstance(top.get("variants"), dict) else {}
    if item.versus is not None and item.versus not in (variants or {}):
        known = [*(variants or {}), *bundled_scenarios()]
        if item.versus not in known:
            near = did_you_mean(item.versus, known)
            message = (
                f"no variant or bundled scenario {item.versus!r} (variants: {', '.join(variants or {}) or 'none'}{near})"
            )
            faults.append(document.fault((*route, "versus"), message))
    return faults


def as_in_case(item: Expectation) -> Expectation:
    """Return an expectation of a case with the defaults that hold there, where it does not say otherwise."""
    changed: dict[str, Any] = {}
    if "share" not in item.model_fields_set:
        changed["share"] = CASE_SHARE
    if item.control is None and item.control_mean is None and item.versus != CONTROL:
        changed["control"] = "absent"
    return item.model_copy(update=changed)


def _measure_faults(item: Measure, document: Document, route: Route) -> list[Fault]:
    if item.metric is None:
        why = "; events are counted of the whole market" if item.event is not None else ""
        given = [key for key, usual in (("group", ""), ("market", "all")) if getattr(item, key) != usual]
        return [document.fault((*route, key), f"is for metrics{why} (leave it out)") for key in given]
    from oncsim.metrics import METRICS  # imports the arrays of the model: only where something is expected

    found = METRICS.get(item.metric)
    if found is None:
        near = did_you_mean(item.metric, METRICS)
        return [document.fault((*route, "metric"), f"no metric {item.metric!r} (`oncsim metrics list`{near})")]
    wrong = _wrong_group(item.group, found.groups)
    faults = [document.fault((*route, "group"), f"{wrong} ({_allowed(found.groups)})")] if wrong else []
    if item.market != "all" and not found.by_market:
        some = ", ".join(name for name, one in METRICS.items() if one.by_market)
        said = f"{item.metric} is of the whole market only (of single markets there are: {some})"
        faults.append(document.fault((*route, "market"), said))
    elif item.market != "all" and item.group:
        faults.append(document.fault((*route, "group"), "single markets have no groups (leave out group or market)"))
    return faults


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
