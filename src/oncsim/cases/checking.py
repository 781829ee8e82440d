"""Whether a case came out as practitioners say, and stayed away in its control."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from oncsim.comparing.expectations import holds, words_of
from oncsim.results.summary import half_width
from oncsim.scenario.measures import CONTROL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oncsim.cases.finding import CaseFile
    from oncsim.cases.replicate import Kept
    from oncsim.scenario.measures import Expectation, Measure

    Floats = NDArray[np.float64]

LEVEL = 0.95
ABSENT_AT_MOST = 0.1  # share of the control's replicates in which an absent effect may still show
_ROUNDING = 1e-9
# With fewer replicates than this what misses a share, or a band of means, by no more than chance would explain is let pass.
FEW = 100
_CHANCE = 0.05
UNITS = {
    "living": "share",
    "independent": "share",
    "open": "share",
    "age": "quarters",
    "patients": "patients",
    "patients_in_care": "patients",
    "infusions": "infusions",
    "oncologists": "oncologists",
    "revenue": "dollars per quarter",
    "margin": "dollars per quarter",
    "cash": "dollars",
}


@dataclass(frozen=True)
class Mean:
    """A mean over replicates with its 95 % Student interval; missing with fewer than two values."""

    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def mean_of(values: Floats) -> Mean:
    """Return the mean of those values that are there, with its interval."""
    some = values[np.isfinite(values)]
    if not len(some):
        return Mean(math.nan, math.nan, math.nan)
    spread = float(some.std(ddof=1)) if len(some) > 1 else math.nan
    half = float(half_width(np.array([spread]), np.array([len(some)]), LEVEL)[0])
    middle = float(some.mean())
    return Mean(middle, middle - half, middle + half)


@dataclass(frozen=True)
class Checked:
    """One expectation of a case: what came out in the case and in its control.

    Attributes
    ----------
    expectation : Expectation
        What is expected.
    text : str
        The same in words.
    unit : str
        Unit of the measured value.
    mean, control_mean : float
        Mean of the measured value (of the paired difference where it has ``versus``).
    effect : Mean
        Case minus control of the measured value, paired by replicate.
    share, control_share : float
        Share of replicates in which the condition held; missing for the control where the control is not asked.
    passed : bool
        Whether it held in enough replicates, and the control was as it should be.
    why : tuple of str
        What was wrong, where it did not pass.
    """

    expectation: Expectation
    text: str
    unit: str
    mean: float
    control_mean: float
    effect: Mean
    share: float
    control_share: float
    passed: bool
    why: tuple[str, ...]


@dataclass(frozen=True)
class CaseResult:
    """What came out of one case.

    Attributes
    ----------
    file : CaseFile
        The case as loaded.
    checked : tuple of Checked
        Its expectations.
    values : dict of str to array
        Measured values by variant, replicates by expectations followed by story measures; empty name: the case.
    kept : dict of str to Kept
        Rows of replicate 0 by variant, where its story was asked for.
    failure : str
        Why it could not be played; empty where it could.
    seconds, measuring : float
        Seconds of all replicates together, and what of it was spent on tables and measures.
    """

    file: CaseFile
    checked: tuple[Checked, ...]
    replicates: int
    seed: int
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Floats] = field(default_factory=dict)
    kept: dict[str, Kept] = field(default_factory=dict)
    failure: str = ""
    seconds: float = 0.0
    measuring: float = 0.0

    @property
    def id(self) -> str:
        """Id of the case."""
        return self.file.scenario.id

    @property
    def number(self) -> int:
        """Its number in the list."""
        return self.file.case.number

    @property
    def passed(self) -> bool:
        """Whether every expectation passed."""
        return not self.failure and all(one.passed for one in self.checked)


def unit_of(measure: Measure) -> str:
    """Return the unit of a measured thing."""
    if measure.metric is not None:
        from oncsim.metrics import METRICS

        return METRICS[measure.metric].unit
    return "events" if measure.event is not None else UNITS.get(str(measure.value), "")


def check_case(file: CaseFile, values: Mapping[str, Floats], names: Mapping[str, str]) -> tuple[Checked, ...]:
    """Check every expectation of a case.

    Parameters
    ----------
    file : CaseFile
        The case.
    values : mapping of str to array
        By variant, replicates by expectations, as measured in each run.
    names : mapping
        Names of organisations by id.
    """
    return tuple(_check(i, one, values, names) for i, one in enumerate(file.scenario.expect))


def _check(place: int, one: Expectation, values: Mapping[str, Floats], names: Mapping[str, str]) -> Checked:
    against = values[one.versus][:, place] if one.versus is not None else 0.0
    own, control = values[""][:, place] - against, values[CONTROL][:, place] - against
    share = _share(one, own)
    asked = one.versus != CONTROL
    control_share = _share(one, control) if asked else math.nan
    why = [] if _enough(share, one.share, len(own)) else [_too_few(own, share, one.share)]
    if asked:
        why += _wrong_control(one, control, control_share)
    own_mean, control_mean = mean_of(own).value, mean_of(control).value
    text = words_of(one, names)
    return Checked(
        one, text, unit_of(one), own_mean, control_mean, mean_of(own - control), share, control_share, not why, tuple(why)
    )


def _share(one: Expectation, values: Floats) -> float:
    return sum(holds(one, float(value)) for value in values) / len(values)


def _enough(share: float, asked: float, replicates: int) -> bool:
    """Return whether a condition held often enough.

    With few replicates: unless so few would come of a true share of what is asked in under 5 % of all samples
    (binomial), but never where it held in less than three quarters.
    """
    if share >= asked - _ROUNDING:
        return True
    if replicates >= FEW or share < min(asked, 0.75):
        return False
    from scipy.stats import binom

    return bool(binom.cdf(round(share * replicates), replicates, asked) >= _CHANCE)


def _too_few(values: Floats, share: float, asked: float) -> str:
    if not np.isfinite(values).any():
        return "there is no such value"
    return f"holds in {share:.0%} of replicates, {asked:.0%} are asked"


def _wrong_control(one: Expectation, control: Floats, share: float) -> list[str]:
    if one.control != "free" and not np.isfinite(control).any():
        return ["there is no such value in the control"]
    if one.control_mean is not None:
        low, high = one.control_mean
        mean = mean_of(control)
        slack = (high - low) / 2.0 if len(control) < FEW and mean.low <= high and mean.high >= low else 0.0
        within = low - slack <= mean.value <= high + slack
        return [] if within else [f"mean of the control is {mean.value:.4g}, {low:g} to {high:g} is asked"]
    if one.control == "absent" and not _enough(1.0 - share, 1.0 - ABSENT_AT_MOST, len(control)):
        return [f"holds in {share:.0%} of the control's replicates too, at most {ABSENT_AT_MOST:.0%} are allowed"]
    if one.control == "same" and not _enough(share, one.share, len(control)):
        return [f"holds in {share:.0%} of the control's replicates, where it must hold too"]
    return []
