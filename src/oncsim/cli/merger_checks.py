"""What ``oncsim merger`` refuses before it builds a market, each with its exact message."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.cli.pictures import wrong_picture
from oncsim.codes import BARGAINED, PAYERS
from oncsim.errors import Fault, InputError, did_you_mean

if TYPE_CHECKING:
    from oncsim.calendar import Quarter

BARGAINING = tuple(PAYERS[payer] for payer in BARGAINED)


def check_words(
    one: str | None,
    other: str | None,
    listing: bool,
    payer: str | None,
    price: float | None,
    seed: int,
    at: str | None,
    figure: Path | None,
) -> Quarter | None:
    """Return the quarter asked for, or raise every fault of the words at once.

    Raises
    ------
    InputError
        When a word is wrong or missing.
    """
    from oncsim.mergers.analysis import read_quarter
    from oncsim.planning import LARGEST_SEED

    faults: list[Fault] = []

    def fault(name: str, message: str) -> None:
        faults.append(Fault(name, 0, 0, "", message))

    if not listing:
        for label, text in (("ONE", one), ("OTHER", other)):
            if text is None:
                fault(label, "no organisation (a name or an id; `oncsim merger --list` has them)")
    elif figure is not None:
        fault("--figure", "--list draws nothing (name two organisations)")
    if payer is not None and payer not in BARGAINING:
        near = did_you_mean(payer.lower(), BARGAINING)
        fault("--payer", f"no payer {payer!r} whose prices are bargained (one of {', '.join(BARGAINING)}{near})")
    if price is not None and not (math.isfinite(price) and price > 0):
        fault("--price", f"{price:g} is no price (dollars above zero)")
    if not 0 <= seed <= LARGEST_SEED:
        fault("--seed", f"{seed} is not allowed (0 to 2^63 - 1)")
    if figure is not None and (wrong := wrong_picture(figure)):
        fault("--figure", wrong)
    quarter = None
    try:
        quarter = read_quarter(at)
    except InputError as error:
        faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    return quarter
