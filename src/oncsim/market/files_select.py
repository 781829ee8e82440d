"""Which zones of the user's files a market keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.errors import Fault, InputError
from oncsim.market.files_faults import near_miss
from oncsim.market.places import within

if TYPE_CHECKING:
    from oncsim.market.spec import Select

Array = NDArray[Any]


def select_zones(zones: pd.DataFrame, hrr_names: Array, select: Select | None) -> Array:
    """Return which zones meet every condition.

    Parameters
    ----------
    zones : pandas.DataFrame
        Zones in the form of a market.
    hrr_names : numpy.ndarray
        Name of the referral region of each zone, blank where unknown.
    select : Select or None
        Conditions; None keeps all zones.

    Raises
    ------
    InputError
        When a region, state or place is unknown, or no zone is left.
    """
    chosen = np.ones(len(zones), dtype=bool)
    if select is None:
        return chosen
    faults: list[Fault] = []
    if select.hrr is not None:
        chosen &= _regions(zones, hrr_names, select.hrr, faults)
    if select.states is not None:
        have = sorted(set(zones["state"]) - {""})
        for number, state in enumerate(select.states):
            if state not in have:
                message = f"{state!r} has no zones in the tables ({_some(have)}{near_miss(state, have)})"
                faults.append(Fault("", 0, 0, f"market.select.states[{number + 1}]", message))
        chosen &= zones["state"].isin(select.states).to_numpy()
    if faults:
        raise InputError(faults)
    if select.around is not None:
        try:
            chosen &= within(select.around, zones)
        except InputError as error:
            # The place is looked up for every source alike; here it stands one level deeper.
            inner = ("market.around", "market.select.around")
            raise InputError(replace(f, where=f.where.replace(*inner)) for f in error.faults) from None
    if not chosen.any():
        raise InputError([Fault("", 0, 0, "market.select", "no zone meets all conditions (drop one of them)")])
    return chosen


def _regions(zones: pd.DataFrame, hrr_names: Array, wanted: list[str], faults: list[Fault]) -> Array:
    numbers = zones["hrr"].to_numpy(dtype=object)
    by_name: dict[str, set[str]] = {}
    for number, name in zip(numbers, hrr_names, strict=True):
        if number and name:
            city = str(name).rpartition(", ")[0]
            by_name.setdefault(str(name).casefold(), set()).add(str(number))
            by_name.setdefault(city.casefold(), set()).add(str(number))
    chosen = np.zeros(len(zones), dtype=bool)
    for at, text in enumerate(wanted):
        found = {text} if text in set(numbers) else by_name.get(text.strip().casefold(), set())
        if len(found) == 1 and found != {""}:
            chosen |= numbers == found.pop()
            continue
        where = f"market.select.hrr[{at + 1}]"
        if found:
            message = f"{text!r} could be {len(found)} referral regions (add the state, or give the number)"
        else:
            near = near_miss(text, {str(n) for n in hrr_names if n})
            message = f"{text!r} is not a referral region of the table of zones (a number such as 380, or a name{near})"
        faults.append(Fault("", 0, 0, where, message))
    return chosen


def _some(words: list[str]) -> str:
    return ", ".join(words) if len(words) <= 12 else f"{len(words)} states have"
