"""Variants of a case: each is a child of the case's own file, written inside it.

A variant becomes one more layer above those of the case, so it merges as a scenario that extends the case would.
Only its events differ: where it gives any, they are in place of those of the case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oncsim.errors import Fault, did_you_mean
from oncsim.parameters.strict_yaml import Document, Route
from oncsim.scenario.layers import Layer
from oncsim.scenario.measures import CONTROL

_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
_LONGEST_ID = 80


@dataclass(frozen=True)
class Part(Document):
    """A part of a document that is read as if it were a file; places are those in the whole."""

    whole: Document
    prefix: Route

    def position(self, route: Route, of_key: bool = False) -> tuple[int, int]:
        """Return where a value of the part stands in the file."""
        return self.whole.position((*self.prefix, *route), of_key)

    def fault(self, route: Route, message: str, of_key: bool = False, where: str | None = None) -> Fault:
        """Return a fault that points to a value of the part."""
        return self.whole.fault((*self.prefix, *route), message, of_key, where)


def variant_id(case: str, name: str) -> str:
    """Return the id of a variant as a scenario of its own."""
    return f"{case}--{name}"


def variant_layers(top: Layer) -> dict[str, Layer]:
    """Return a layer for each variant that is written as one should be, by its name."""
    layers = {}
    for name, given in top.section("variants", dict).items():
        if not isinstance(given, dict):
            continue
        data = {"id": variant_id(str(top.data.get("id")), str(name)), "title": "", **given}
        document = Part(top.document.file, data, {}, {}, top.document, ("variants", name))
        layers[str(name)] = Layer(top.path, document, own_events=isinstance(given.get("events"), list))
    return layers


def variant_faults(top: Layer) -> list[Fault]:
    """Return what is wrong between a case and its variants, beyond the shape of each."""
    document, case, variants = top.document, top.data.get("case"), top.data.get("variants")
    if not isinstance(case, dict):
        wrong = isinstance(variants, dict)
        return [document.fault(("variants",), "is only for a case (add the section case)", True)] if wrong else []
    if variants is None:
        message = "missing key (a case needs the variant control, in which the effect must not appear)"
        line, column = document.position(("case",), of_key=True)
        return [Fault(document.file, line, column, "variants", message)]
    if not isinstance(variants, dict):
        return []
    faults = [] if CONTROL in variants else [_no_control(document, variants)]
    identity = top.data.get("id")
    for name, given in variants.items():
        route: Route = ("variants", name)
        if not _NAME.fullmatch(str(name)):
            said = f"{name!r} is not a name (small letters, digits and _, at most 40 of them)"
            faults.append(document.fault(route, said, of_key=True))
        elif isinstance(identity, str) and len(variant_id(identity, name)) > _LONGEST_ID:
            said = f"{variant_id(identity, name)!r}, its id, is longer than {_LONGEST_ID} letters (shorten the name)"
            faults.append(document.fault(route, said, of_key=True))
        for key, value in given.items() if isinstance(given, dict) else ():
            if value is None:
                faults.append(document.fault((*route, key), "is empty (give a value or remove the key; [] is none)"))
    return [*faults, *_choice_faults(document, case, variants)]


def _no_control(document: Document, variants: dict[str, Any]) -> Fault:
    near = did_you_mean(CONTROL, variants)
    line, column = document.position(("variants",), of_key=True)
    message = f"missing key (the variant in which the effect must not appear{near})"
    return Fault(document.file, line, column, f"variants.{CONTROL}", message)


def _choice_faults(document: Document, case: dict[str, Any], variants: dict[str, Any]) -> list[Fault]:
    faults = []
    choices = case.get("choices")
    for i, choice in enumerate(choices if isinstance(choices, list) else []):
        name = choice.get("variant") if isinstance(choice, dict) else None
        if isinstance(name, str) and name and name not in variants:
            message = f"no variant {name!r} (one of {', '.join(variants)}{did_you_mean(name, variants)})"
            faults.append(document.fault(("case", "choices", i, "variant"), message))
    return faults


def located(variants: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return variants as written, the tables of a market of files by absolute place: they may be resolved elsewhere."""
    found = {}
    for name, given in variants.items():
        market = given.get("market") if isinstance(given, dict) else None
        if isinstance(market, dict) and market.get("source") == "files":
            place = (folder / str(market.get("folder", "."))).resolve().as_posix()
            given = {**given, "market": {**market, "folder": place}}
        found[name] = given
    return found
