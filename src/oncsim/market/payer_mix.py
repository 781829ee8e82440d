"""How people in a zone are insured, where a source gives less than the model needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Medicaid covers about as many people under 65 as live below 150% of the poverty line, and that is about 1.7
# times as many as live below the line itself (judgement: 20.5% and 12.1% of people against a fifth with
# Medicaid). The evidence has no published share by county, so every value made here is marked as estimated.
MEDICAID_PER_POOR = {1.0: 1.7, 1.5: 1.0}
MEDICAID_RANGE = (
    0.05,
    0.50,
)  # judgement: no county has nobody, or more than half, of its people under 65 on it
LARGEST_PUBLIC_SHARE = 0.90  # judgement: some of every county's people under 65 hold commercial insurance


def medicaid_share(
    poverty_share: ArrayLike, uninsured_share: ArrayLike = 0.0, *, poverty_line: float = 1.0
) -> NDArray[np.float64]:
    """Return the share of people under 65 with Medicaid, judged from poverty.

    Parameters
    ----------
    poverty_share : array_like
        Share of people in poverty.
    uninsured_share : array_like
        Share of people under 65 without insurance: the two together stay below nine in ten.
    poverty_line : {1.0, 1.5}
        The line that ``poverty_share`` is measured against, as a multiple of the federal poverty level.

    Returns
    -------
    numpy.ndarray
        Shares from 0.05 to 0.50, fewer where almost everyone else is uninsured.
    """
    low, high = MEDICAID_RANGE
    poverty = np.asarray(poverty_share, dtype=np.float64)
    covered = np.clip(MEDICAID_PER_POOR[poverty_line] * poverty, low, high)
    room = np.maximum(0.0, LARGEST_PUBLIC_SHARE - np.asarray(uninsured_share, dtype=np.float64))
    return np.asarray(np.minimum(covered, room), dtype=np.float64)


def uninsured_under_65(
    uninsured_share: ArrayLike, population: ArrayLike, population_65plus: ArrayLike
) -> NDArray[np.float64]:
    """Return the share without insurance of people under 65, from the share of all people.

    Nearly everyone aged 65 or over has Medicare, so those without insurance are taken to be younger.
    """
    people = np.asarray(population, dtype=np.float64)
    younger = people - np.asarray(population_65plus, dtype=np.float64)
    uninsured = np.asarray(uninsured_share, dtype=np.float64) * people
    share = np.divide(uninsured, younger, out=np.zeros_like(uninsured), where=younger > 0)
    return np.asarray(np.clip(share, 0.0, 1.0), dtype=np.float64)
