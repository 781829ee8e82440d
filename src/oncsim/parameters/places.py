"""Values by place: a parameter laid over arrays of codes, and policies that hold only in some places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oncsim.calendar import Quarter
from oncsim.parameters.axes import AXES, Element, pick
from oncsim.parameters.leaf import Leaf, next_change
from oncsim.parameters.override import RESTORE, Override, Scope

if TYPE_CHECKING:
    from oncsim.parameters.lookup import Parameters

Places = Mapping[str, NDArray[np.integer[Any]]]


def dense(leaf: Leaf, value: Any, otherwise: float) -> NDArray[np.float64]:
    """Return the values of a parameter as an array along its axes, shape (codes + 1, ...).

    The last entry along each axis is ``otherwise``: the code -1, of places that have none, finds it there.
    """
    table = np.full([len(AXES[axis]) + 1 for axis in leaf.axes], otherwise)
    inner = tuple(slice(0, -1) for _ in leaf.axes)
    flat = [float(pick(value, element)) for element in leaf.elements]
    table[inner] = np.reshape(flat, [len(AXES[axis]) for axis in leaf.axes])
    return table


def laid_over(name: str, axes: tuple[str, ...], table: NDArray[np.float64], places: Places) -> NDArray[np.float64]:
    """Return the entry of a table of :func:`dense` for every place.

    Raises
    ------
    KeyError
        When ``places`` lacks an axis.
    """
    try:
        if len(axes) == 1:
            result: NDArray[np.float64] = table[places[axes[0]]]
        elif axes:
            result = table[places[axes[0]], places[axes[1]]]
        else:
            result = np.full(len(next(iter(places.values()))), table)
    except (KeyError, StopIteration):
        raise KeyError(_lacks(name, places, axes)) from None
    return result


def with_exceptions(
    parameters: Parameters,
    leaf: Leaf,
    windows: Sequence[Override],
    quarter: Quarter,
    places: Places,
    otherwise: float = 1.0,
) -> NDArray[np.float64]:
    """Return the value of every place in a quarter, policies that hold only in some places included.

    Parameters
    ----------
    parameters : Parameters
        What holds everywhere.
    leaf : Leaf
        The parameter.
    windows : sequence of Override
        Changes with a scope, in the order in which they begin; of those that match a place the last one counts.
    quarter : Quarter
        The quarter.
    places : mapping of str to array of int
        As in :meth:`Values.over`.
    otherwise : float
        Value of places without a code on an axis; no scope holds for them.
    """
    table = dense(leaf, parameters.plain(leaf, quarter), otherwise)
    general = laid_over(leaf.name, leaf.axes, table, places)
    result = general.copy()
    begun = [window for window in windows if window.begun(quarter)]
    scopes = {scope: matching(leaf.name, scope, places) for scope in dict.fromkeys(window.scope for window in begun)}
    cells = _cells(leaf, places)
    eves: dict[Quarter, NDArray[np.float64]] = {}
    for window in begun:
        here = np.flatnonzero(scopes[window.scope] & (cells == _cell(leaf, window.element)))
        if not len(here):
            continue
        last = min(quarter, window.until) if window.until is not None else quarter
        if window.over(quarter) and not held(parameters, leaf, window, quarter):
            result[here] = general[here]
        elif window.start is not None and window.step(last) < window.ramp:
            eve = window.start + -1
            if eve not in eves:
                eves[eve] = with_exceptions(parameters, leaf, begun, eve, places)
            before = eves[eve][here]
            result[here] = before + (float(window.value) - before) * window.step(last) / window.ramp
        else:
            result[here] = float(window.value)
    return result


def held(parameters: Parameters, leaf: Leaf, window: Override, quarter: Quarter) -> bool:
    """Say whether a value is still held after its window: until law changes it, or a policy that holds everywhere."""
    if window.then == RESTORE or window.until is None or next_change(leaf, window.element, window.until, quarter):
        return False
    later = parameters.windows(leaf.name, window.element)
    return not any(o.start is not None and window.until < o.start <= quarter for o in later)


def matching(name: str, scope: Scope, places: Places) -> NDArray[np.bool_]:
    """Return which places lie in a scope.

    Raises
    ------
    KeyError
        When ``places`` lacks a dimension of the scope; ``name`` is the parameter that it is said of.
    """
    lacking = tuple(dimension for dimension, _ in scope if dimension not in places)
    if lacking:
        raise KeyError(_lacks(name, places, lacking))
    result = np.ones(len(next(iter(places.values()))), dtype=bool)
    for dimension, wanted in scope:
        is_wanted = np.zeros(len(AXES[dimension]) + 1, dtype=bool)
        is_wanted[[AXES[dimension].index(code) for code in wanted]] = True
        result &= is_wanted[places[dimension]]
    return result


def _cells(leaf: Leaf, places: Places) -> NDArray[np.int64]:
    """Return the number of every place's element (codes of the last axis first); -1 where it has no code."""
    result = np.zeros(len(next(iter(places.values()))), dtype=np.int64)
    for axis in leaf.axes:
        codes = places[axis]
        result = np.where((codes < 0) | (result < 0), -1, result * len(AXES[axis]) + codes)
    return result


def _cell(leaf: Leaf, element: Element) -> int:
    number = 0
    for axis, code in zip(leaf.axes, element, strict=True):
        number = number * len(AXES[axis]) + AXES[axis].index(code)
    return number


def _lacks(name: str, places: Places, needed: tuple[str, ...]) -> str:
    lacking = [dimension for dimension in needed if dimension not in places]
    given = ", ".join(places) or "none"
    return f"{name} differs by {', '.join(lacking) or 'place'}: places must give its codes (given: {given})"
