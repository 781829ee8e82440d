"""How many replicates are enough: half-widths, numbers needed, a stopping rule and convergence.

Units are those of :func:`oncsim.experiments.analysis.paired.paired_units`: replicates where one future was run,
futures where several were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oncsim.comparing.differences import LEVEL
from oncsim.errors import InputError
from oncsim.experiments.analysis.outputs import Output
from oncsim.experiments.analysis.words import Titles, amount, capital, counted, number, titled
from oncsim.results.summary import half_width

FLOOR = 20
# More than this is not a plan; it says that the target is out of reach.
_MOST = 10_000_000

# Half-width wanted by (scenario, output).
Targets = Mapping[tuple[str, str], float]


def replicates_needed(sd: float, target: float, level: float = LEVEL) -> int:
    """Return the least number of units whose Student interval is no wider than the target.

    It solves ``n = (t * sd / h)**2`` with the quantile of n units itself rather than of those at hand.

    Parameters
    ----------
    sd : float
        Standard deviation of the paired difference.
    target : float
        Half-width wanted.
    level : float
        Coverage of the interval.

    Raises
    ------
    InputError
        When the target is not above 0.
    """
    if not target > 0.0:
        raise InputError(f"a half-width of {target:g} cannot be reached: it must be above 0")

    def wide(n: int) -> bool:
        return float(half_width(np.array([sd]), np.array([n]), level)[0]) > target

    low, high = 1, 2
    while wide(high) and high < _MOST:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wide(middle) else (low, middle)
    return high


def precision(units: pd.DataFrame, targets: Targets, level: float = LEVEL) -> pd.DataFrame:
    """Return how precise the named comparisons are and how many units each needs.

    Parameters
    ----------
    units : pandas.DataFrame
        From :func:`~oncsim.experiments.analysis.paired.paired_units`.
    targets : mapping of (str, str) to float
        Half-width wanted by scenario and output. Intervals hold for all of them together, after Bonferroni.
    level : float
        Coverage of all intervals together.

    Returns
    -------
    pandas.DataFrame
        ``scenario, output, units, mean, sd, half_width, target, needed, reached``; ``sd``, ``half_width`` and
        ``needed`` are missing with fewer than two units.
    """
    if not targets:
        raise InputError("no comparison is named")
    each = 1.0 - (1.0 - level) / len(targets)
    rows = []
    for (scenario, output), target in targets.items():
        values = _differences(units, scenario, output)
        n = len(values)
        sd = float(values.std(ddof=1)) if n > 1 else np.nan
        half = float(half_width(np.array([sd]), np.array([n]), each)[0])
        needed = float(replicates_needed(sd, target, each)) if n > 1 else np.nan
        mean = float(values.mean()) if n else np.nan
        rows.append((scenario, output, n, mean, sd, half, target, needed, half <= target))
    names = ["scenario", "output", "units", "mean", "sd", "half_width", "target", "needed", "reached"]
    return pd.DataFrame(rows, columns=names)


def _differences(units: pd.DataFrame, scenario: str, output: str) -> pd.Series:
    own = units[(units["scenario"] == scenario) & (units["output"] == output)]
    return own.sort_values("unit")["difference"].astype(np.float64).reset_index(drop=True)


@dataclass(frozen=True)
class Enough:
    """Whether to stop.

    Parameters
    ----------
    done : bool
        Whether every named comparison has its half-width and the floor is reached.
    units : int
        Units of the comparison that has fewest.
    needed : int
        How many units in all the present spread asks for; at least the floor.
    table : pandas.DataFrame
        From :func:`precision`.
    """

    done: bool
    units: int
    needed: int
    floor: int
    table: pd.DataFrame


def enough(units: pd.DataFrame, targets: Targets, floor: int = FLOOR, level: float = LEVEL) -> Enough:
    """Return whether all named comparisons are precise enough to stop.

    The floor matters: a rule that looks after every replicate stops too early where the first few happen to be
    alike, and its intervals then cover less often than they say.

    Parameters
    ----------
    units, targets, level
        As in :func:`precision`.
    floor : int
        Fewest units before stopping, at least 2.
    """
    floor = max(2, floor)
    table = precision(units, targets, level)
    have = int(table["units"].min())
    done = have >= floor and bool(table["reached"].all())
    asked = table["needed"].max()
    needed = max(floor, int(asked) if np.isfinite(asked) else floor)
    # A comparison without runs, or one that shrank, still asks for more than there are.
    return Enough(done, have, needed if done else max(needed, have + 1), floor, table)


def convergence(units: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """Return mean, half-width and coefficient of variation after each unit, in the order of their numbers.

    Parameters
    ----------
    units : pandas.DataFrame
        From :func:`~oncsim.experiments.analysis.paired.paired_units`.
    level : float
        Coverage of each interval by itself.

    Returns
    -------
    pandas.DataFrame
        ``scenario, output, n, mean, half_width, low, high, cv_difference, cv_output``. The coefficient of variation
        (standard deviation over the size of the mean) is given for the difference and for the scenario's own output:
        that of a difference near 0 never settles. Missing where it does not exist.
    """
    pieces = []
    for (scenario, output), own in units.groupby(["scenario", "output"], sort=False):
        ordered = own.sort_values("unit").reset_index(drop=True)
        each, other = ordered["difference"].astype(np.float64), ordered["other"].astype(np.float64)
        n = np.arange(1, len(each) + 1)
        mean, sd = each.expanding().mean().to_numpy(), each.expanding().std(ddof=1).to_numpy()
        half = half_width(sd, n, level)
        columns = {"scenario": scenario, "output": output, "n": n, "mean": mean, "half_width": half}
        columns |= {"low": mean - half, "high": mean + half}
        columns |= {"cv_difference": _variation(each), "cv_output": _variation(other)}
        pieces.append(pd.DataFrame(columns))
    if not pieces:
        raise InputError("there is no pair of runs yet")
    return pd.concat(pieces, ignore_index=True)


def _variation(values: pd.Series) -> np.ndarray:
    size = values.expanding().mean().abs().to_numpy()
    sd = values.expanding().std(ddof=1).to_numpy()
    return np.divide(sd, size, out=np.full(len(size), np.nan), where=size > 0.0)


def stable_from(table: pd.DataFrame, tolerance: float = 0.05, column: str = "cv_output") -> pd.DataFrame:
    """Return from how many units on the coefficient of variation no longer moves.

    Lee et al. (2015), JASSS 18(4) 4: the least n after which it stays within the tolerance of its value at n.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`convergence`.
    tolerance : float
        How far it may move.
    column : str
        ``cv_output`` or ``cv_difference``.

    Returns
    -------
    pandas.DataFrame
        ``scenario, output, n``; missing where it still moves at the end (the last value alone proves nothing).
    """
    rows = []
    for (scenario, output), own in table.groupby(["scenario", "output"], sort=False):
        ordered = own.sort_values("n")
        values = ordered[column].to_numpy(dtype=np.float64)
        # Largest and smallest value from each place to the end.
        above = np.fmax.accumulate(values[::-1])[::-1]
        below = np.fmin.accumulate(values[::-1])[::-1]
        settled = (above - values <= tolerance) & (values - below <= tolerance)
        settled[-1:] = False
        first = float(ordered["n"].to_numpy()[settled.argmax()]) if settled.any() else np.nan
        rows.append((scenario, output, first))
    return pd.DataFrame(rows, columns=["scenario", "output", "n"])


def in_words(found: Enough, outputs: Sequence[Output], titles: Titles | None = None, kind: str = "replicate") -> list[str]:
    """Return a sentence about stopping and one a comparison that is not precise enough.

    Parameters
    ----------
    found : Enough
        From :func:`enough`.
    outputs : sequence of Output
        For titles and units.
    titles : mapping of str to str
        Titles of scenarios.
    kind : str
        What a unit is: ``replicate`` or ``future``.
    """
    by_name = {output.name: output for output in outputs}
    comparisons = len(found.table)
    whole = "the comparison" if comparisons == 1 else f"all {comparisons} comparisons"
    if found.done:
        return [f"{counted(found.units, kind)} are enough: {whole} reached the half-width asked for."]
    said = [f"{counted(found.units, kind)} are not enough; about {number(found.needed, 0)} in all would be."]
    if found.units < found.floor:
        said.append(f"Fewer than {found.floor} are never enough to judge by.")
    for _, row in found.table[~found.table["reached"].astype(bool)].iterrows():
        output = by_name.get(str(row["output"]), Output(str(row["output"])))
        who = titled(str(row["scenario"]), titles)
        if not np.isfinite(row["half_width"]):
            said.append(f"{who}, {output.label}: fewer than two {kind}s have a partner, so there is no interval yet.")
            continue
        said.append(
            f"{who}, {output.label}: the interval is plus or minus {amount(row['half_width'], output.unit)}, asked for "
            f"was {amount(row['target'], output.unit)}; that takes about {number(row['needed'], 0)} {kind}s."
        )
    return [capital(text) for text in said]
