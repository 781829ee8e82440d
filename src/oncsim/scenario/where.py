"""``where`` of a policy: the parameters an entry is about, their elements, and the places in which it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

from oncsim.codes import SERVICES
from oncsim.errors import did_you_mean
from oncsim.parameters.axes import AXES, Element
from oncsim.parameters.leaf import WHERE, Leaf
from oncsim.parameters.override import Scope
from oncsim.parameters.registry import Registry
from oncsim.parameters.scalars import found
from oncsim.parameters.strict_yaml import Route
from oncsim.scenario.states import unknown_state

SERVICE = "service"
WHERE_KEYS = (SERVICE, *WHERE)

Complain = Callable[..., None]  # (place, message, of the key)


@dataclass(frozen=True)
class Target:
    """What an entry sets of one parameter.

    Parameters
    ----------
    leaf : Leaf
        The parameter.
    codes : tuple of str
        Codes behind its name; fewer than axes stand for several elements.
    chosen : tuple of tuples of str, or None
        The elements that ``where`` picks; None is all that the codes leave open.
    scope : tuple
        Where it holds.
    """

    leaf: Leaf
    codes: Element
    chosen: tuple[Element, ...] | None
    scope: Scope


def read_where(data: object, route: Route, complain: Complain) -> dict[str, tuple[str, ...]] | None:
    """Return the codes of each key of ``where``, each once and in the order of the codes; None after a fault.

    Parameters
    ----------
    data : object
        The mapping as read; its keys are known to be right.
    route : tuple
        Where it stands.
    complain : callable
        Told of each fault: place, message and whether the key is meant.
    """
    if not isinstance(data, dict) or not data:
        complain(route, f"found {found(data or None)} (expected a mapping of {', '.join(WHERE_KEYS)})")
        return None
    result: dict[str, tuple[str, ...]] = {}
    sound = True
    for key, value in data.items():
        known = SERVICES if key == SERVICE else AXES[key]
        place = (*route, key)
        codes = value if isinstance(value, list) else [value]
        if not codes:
            complain(place, "is empty (name at least one code, or remove the key to mean all)")
            sound = False
        for i, code in enumerate(codes):
            wrong = _unknown(key, code, known)
            if wrong:
                complain((*place, i) if isinstance(value, list) else place, wrong)
                sound = False
        result[key] = tuple(code for code in known if code in codes)
    return result if sound else None


def _unknown(key: str, code: object, known: tuple[str, ...]) -> str:
    if code in known:
        return ""
    if not isinstance(code, str):
        example = "OR" if key == "state" else known[0]
        return f"found {found(code)} (expected a code of {key}, such as {example}, or a list of codes)"
    if key == "state":
        return unknown_state(code) or ""
    return f"no such code of {key}: {code!r} (one of {', '.join(known)}{did_you_mean(code, known)})"


def named_leaves(
    name: str, where: dict[str, tuple[str, ...]], registry: Registry, route: Route, complain: Complain
) -> list[tuple[Leaf, Element]]:
    """Return the parameters that an entry is about: the one it names, or those of a group, by their service."""
    services = where.get(SERVICE)
    place = (*route, "where", SERVICE)
    hit = registry.find(name)
    if hit is not None:
        leaf = hit[0]
        if services is not None and not leaf.service:
            complain(place, f"{leaf.name} is about no single service (where.service picks parameters of a group)", True)
            return []
        if services is not None and leaf.service not in services:
            complain(place, f"{leaf.name} is about {leaf.service}")
            return []
        return [hit]
    below = group(registry, name)
    if not below:
        complain((*route, "set"), f"no parameter {name!r}{_near_miss(name, registry)}")
        return []
    with_service = [leaf for leaf in below if leaf.service]
    if not with_service:
        names = ", ".join(leaf.name.removeprefix(f"{name}.") for leaf in below)
        complain((*route, "set"), f"{name} is a group, and none of its parameters is about a service (name one: {names})")
        return []
    has = tuple(code for code in SERVICES if any(leaf.service == code for leaf in with_service))
    for service in services or ():
        if service not in has:
            complain(place, f"no parameter of {name} is about {service} (it has {', '.join(has)})")
            return []
    return [(leaf, ()) for leaf in with_service if services is None or leaf.service in services]


def _near_miss(name: str, registry: Registry) -> str:
    said = registry.near_miss(name)
    groups = {above for leaf in registry.leaves.values() if leaf.service for above in groups_above(leaf.name)}
    near = did_you_mean(name, groups.union(registry.leaves))
    # The nearest of both, unless a code behind a right name is wrong.
    return f" ({near.removeprefix('; ')})" if near and any(f"'{known}'" in near for known in groups) else said


def groups_above(name: str) -> list[str]:
    """Return the groups that a parameter is in, the nearest first."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(len(parts) - 1, 0, -1)]


def group(registry: Registry, name: str) -> list[Leaf]:
    """Return the parameters below a name."""
    return [leaf for leaf in registry.leaves.values() if leaf.name.startswith(f"{name}.")]


def targeted(
    leaf: Leaf, codes: Element, where: dict[str, tuple[str, ...]], route: Route, complain: Complain
) -> Target | None:
    """Return what an entry sets of one parameter: keys that are axes of it pick elements, others limit places."""
    picked: dict[str, tuple[str, ...]] = {}
    scope: list[tuple[str, tuple[str, ...]]] = []
    for key in WHERE:
        if key not in where:
            continue
        place = (*route, "where", key)
        axis = _axis(leaf, key)
        if axis is None and key not in leaf.where:
            complain(place, f"{leaf.name} is not limited by {key} ({_takes(leaf)})", True)
            return None
        if axis is None:
            scope.append((key, where[key]))
            continue
        if leaf.axes.index(axis) < len(codes):
            complain(place, f"set already names the {axis} ({codes[leaf.axes.index(axis)]})", True)
            return None
        unknown = [code for code in where[key] if code not in AXES[axis]]
        if unknown:
            complain(place, f"{leaf.name} has no {unknown[0]} (its {axis} is one of {', '.join(AXES[axis])})")
            return None
        picked[axis] = where[key]
    chosen = None
    if picked:
        options = [picked.get(axis, AXES[axis]) for axis in leaf.axes]
        options[: len(codes)] = [(code,) for code in codes]
        chosen = tuple(product(*options))
    return Target(leaf, codes, chosen, tuple(scope))


def _axis(leaf: Leaf, key: str) -> str | None:
    # The settings of a hospital have an axis of their own, with the same codes.
    names = (key, "department") if key == "setting" else (key,)
    return next((axis for axis in leaf.axes if axis in names), None)


def _takes(leaf: Leaf) -> str:
    taken = [key for key in WHERE if key in leaf.where or _axis(leaf, key) is not None]
    return f"it may be limited by {', '.join(taken)}" if taken else "it holds everywhere: remove the key"


def where_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``where``."""

    def codes(known: tuple[str, ...]) -> dict[str, Any]:
        one = {"enum": list(known)}
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}

    properties = {key: codes(SERVICES if key == SERVICE else AXES[key]) for key in WHERE_KEYS}
    return {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}
