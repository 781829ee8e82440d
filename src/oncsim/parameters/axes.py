"""Axes of a parameter: what it may differ by, and the codes along each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

from oncsim import codes

AXES: dict[str, tuple[str, ...]] = {
    "payer": codes.PAYERS,
    "need": codes.NEEDS,
    "site_kind": codes.SITE_KINDS,
    "org_kind": codes.ORG_KINDS,
    "form": codes.TIE_FORMS,
    "service_line": codes.SERVICE_LINES,
    "rural": ("metro", "rural"),
    "site_class": ("office", "hospital", "hospital_340b", "academic", "freestanding"),
    "setting": codes.SETTINGS,
    "department": codes.DEPARTMENTS,
    "hospital_class": codes.HOSPITAL_CLASSES,
    "route_340b": codes.ROUTES_340B,
    "state": codes.STATES,
    "biller": ("office", "hospital"),
    "risk_arm": codes.RISK_ARMS,
    "program": ("nci", "academic", "network", "community"),
}

Element = tuple[str, ...]  # one code per axis; () where there are no axes


@cache
def elements(axes: tuple[str, ...]) -> tuple[Element, ...]:
    """Return every combination of codes along the axes, in the order of the codes."""
    return tuple(product(*(AXES[axis] for axis in axes)))


def pick(value: Any, element: Element) -> Any:
    """Return one element of a nested value."""
    for code in element:
        value = value[code]
    return value


def nest(axes: tuple[str, ...], flat: Mapping[Element, Any]) -> Any:
    """Turn values by element into a value (no axes), a dictionary, or a dictionary of dictionaries."""
    if not axes:
        return flat[()]
    if len(axes) == 1:
        return {code: flat[(code,)] for code in AXES[axes[0]]}
    return {a: {b: flat[(a, b)] for b in AXES[axes[1]]} for a in AXES[axes[0]]}
