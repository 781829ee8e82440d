"""The values of one quarter: by name, and by place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from oncsim.calendar import Quarter
from oncsim.parameters.places import Places, dense, laid_over, with_exceptions

if TYPE_CHECKING:
    from oncsim.parameters.lookup import Parameters

Made = TypeVar("Made")


class Values(dict[str, Any]):
    """Every value of one quarter: ``values["payment.medicare.drug_addon"]``, looked up when it is first asked for.

    A dictionary that fills itself, so that what was looked up before costs next to nothing: it holds what was asked for so
    far, is for reading only, and is itself and no other, whatever it holds.

    A parameter without axes gives a number, flag or word; with axes a read-only dictionary by code, nested
    for two axes. :meth:`over` gives one number a place, and alone knows of changes that hold only in some places.
    """

    __slots__ = ("_made", "_parameters", "_tables", "quarter")

    def __init__(self, parameters: Parameters, quarter: Quarter) -> None:
        super().__init__(parameters.steady)
        self.quarter = quarter
        self._parameters = parameters
        self._made: dict[str, Any] = {}
        self._tables: dict[tuple[str, float], tuple[tuple[str, ...], NDArray[np.float64], bool]] = {}

    def __missing__(self, name: str) -> Any:
        value = self._parameters.value(name, self.quarter)
        super().__setitem__(name, value)
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._parameters.registry.leaves

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or the default where no parameter has this name."""
        try:
            return self[name]
        except KeyError:
            return default

    def __setitem__(self, name: str, value: Any) -> None:
        raise TypeError(f"values are for reading only (change {name!r} in the scenario)")

    def __reduce__(self) -> tuple[type[Values], tuple[Parameters, Quarter]]:
        return Values, (self._parameters, self.quarter)

    def __bool__(self) -> bool:
        return True

    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__  # type: ignore[assignment]

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Return what is made of these values alone under a name, made when it is first asked for."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

    def over(self, name: str, places: Places, otherwise: float = 1.0) -> NDArray[np.float64]:
        """Return one value a place: that of its codes, or what a policy limited to some places says there.

        Parameters
        ----------
        name : str
            A parameter whose values are numbers or flags (0 and 1).
        places : mapping of str to array of int
            For each dimension the code of every place, as its number in ``AXES[dimension]``; -1 where a place
            has none. All of one length; every axis of the parameter must be among them, and every dimension by
            which a policy in force limits it.
        otherwise : float
            Value of places without a code on an axis of the parameter.

        Raises
        ------
        KeyError
            For an unknown name, and where ``places`` lacks a dimension.
        TypeError
            For a parameter whose values are words.
        """
        found = self._tables.get((name, otherwise))
        if found is None:
            found = self._tables[name, otherwise] = self._table(name, otherwise)
        axes, table, limited = found
        if limited:
            # Places without a code on an axis are in no scope.
            leaf = self._parameters.leaf(name)
            windows = self._parameters.limited(name)
            return with_exceptions(self._parameters, leaf, windows, self.quarter, places, otherwise)
        return laid_over(name, axes, table, places)

    def _table(self, name: str, otherwise: float) -> tuple[tuple[str, ...], NDArray[np.float64], bool]:
        leaf = self._parameters.leaf(name)
        if leaf.type == "choice":
            raise TypeError(f"{name} is a word, and a word has no value by place (read it by its name)")
        limited = any(o.begun(self.quarter) for o in self._parameters.limited(name))
        value, tables = self[name], self._parameters.tables
        # While a value holds it is the same object quarter after quarter, and so is the table made of it.
        known = tables.get((name, otherwise))
        if known is None or known[0] is not value:
            known = tables[name, otherwise] = (value, dense(leaf, value, otherwise))
        return leaf.axes, known[1], limited
