"""Writing a scenario out in full: as plain data, as a file that loads again, and as a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncsim.parameters.axes import pick
from oncsim.parameters.leaf import Citation, Dated, Leaf
from oncsim.parameters.override import Override
from oncsim.parameters.scalars import is_plain_text
from oncsim.scenario.shape import SCHEMA

if TYPE_CHECKING:
    from oncsim.scenario.scenario import Scenario


def resolve(scenario: Scenario) -> dict[str, Any]:
    """Return everything that is run as plain data, in the order of a scenario file."""
    changes = scenario.parameters.overrides
    data: dict[str, Any] = {"schema": SCHEMA, "id": scenario.id, "title": scenario.title}
    data |= {key: getattr(scenario, key) for key in ("question", "description", "mechanism", "audience")}
    data["horizon"] = {"start": str(scenario.start), "end": str(scenario.end)}
    data["market"] = _market(scenario)
    data["settings"] = scenario.settings.model_dump(mode="json")
    for section in ("economy", "behaviour"):
        data[section] = {o.path: _assumed(o) for o in _sorted(changes, section)}
    data["policy"] = [_policy(o) for o in _sorted(changes, "policy")]
    data["events"] = [event.as_dict() for event in scenario.events]
    data["expect"] = [_expected(item, scenario.case is not None) for item in scenario.expect]
    if scenario.case is not None:
        data["case"] = scenario.case.model_dump(mode="json", exclude_none=True)
        data["variants"] = scenario.variants
    data["published"] = [score.as_dict() for score in scenario.published]
    leaves = scenario.parameters.registry.leaves
    data["registry"] = {name: _history(leaves[name]) for name in sorted(leaves)}
    return {key: value for key, value in data.items() if value not in ("", [], {})}


def _sorted(changes: Iterable[Override], section: str) -> list[Override]:
    chosen = [o for o in changes if o.section == section]
    return sorted(chosen, key=lambda o: (o.path, o.scope, o.start.index if o.start else -1))


def _market(scenario: Scenario) -> dict[str, Any]:
    market: dict[str, Any] = scenario.market.model_dump(mode="json", exclude_none=True)
    if market["source"] == "files":
        # The resolved file is written elsewhere, so that its tables need an absolute place.
        market["folder"] = (scenario.folder / Path(market["folder"])).resolve().as_posix()
    return market


def _assumed(change: Override) -> Any:
    return change.distribution.as_dict() if change.distribution is not None else change.value


def _policy(change: Override) -> dict[str, Any]:
    entry: dict[str, Any] = {"set": change.path}
    if change.scope:
        entry["where"] = {dimension: list(codes) for dimension, codes in change.scope}
    if change.announced is not None:
        entry["announced"] = str(change.announced)
    if change.start is not None:
        entry["from"] = str(change.start)
    if change.ramp:
        entry["ramp"] = {"to": change.value, "over": f"{change.ramp} quarters"}
    else:
        entry["to"] = change.value
    if change.until is not None:
        entry |= {"until": str(change.until), "then": change.then}
    if change.citation is not None:
        entry["source"] = cited(change.citation)
    return entry


def cited(citation: Citation) -> Any:
    """Return a citation as it is written under ``source:``."""
    if not citation.cites:
        return citation.note or "judgement"
    cite = {"cite": list(citation.cites) if len(citation.cites) > 1 else citation.cites[0]}
    return cite | ({"note": citation.note} if citation.note else {})


def _expected(item: Any, in_case: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for name, field in type(item).model_fields.items():
        value = getattr(item, name)
        if name == "minus" and value is not None:
            entry[name] = _expected(value, False)
        # A case has another default for the share, so there it is always written.
        elif value != field.default or (in_case and name == "share"):
            # Quarters are objects by now; in a file they are text.
            entry[field.alias or name] = value if isinstance(value, str | int | float | list) else str(value)
    return entry


def _history(leaf: Leaf) -> Any:
    if leaf.history[0].start is None:
        return leaf.history[0].value
    return {str(dated.start): _dated(leaf, dated) for dated in leaf.history}


def _dated(leaf: Leaf, dated: Dated) -> Any:
    value = dated.value
    if dated.given is not None:
        value = {}
        for element in (e for e in leaf.elements if e in dated.given):
            here = value
            for code in element[:-1]:
                here = here.setdefault(code, {})
            here[element[-1]] = pick(dated.value, element)
    if dated.announced is None:
        return value
    return {"announced": str(dated.announced), "value": value}


def to_yaml(data: dict[str, Any]) -> str:
    """Write plain data so that the strict reader gives the same back."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        # Words that YAML 1.2 reads as something else than text need quotes, whatever YAML 1.1 thinks of them.
        style = None if is_plain_text(value) else "'"
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    body: str = yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)
    return "# Written by oncsim: everything that was run, defaults and inheritance resolved.\n" + body


def digest(data: dict[str, Any]) -> str:
    """Return the SHA-256 of plain data in one canonical form."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
