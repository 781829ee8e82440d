from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.reports.typical import typical_replicate

SHARE, WAIT = "consolidation.hopd_share_infusions", "access.untreated_share"


def _metrics(ends: dict[str, list[tuple[float, float]]]) -> pd.DataFrame:
    """Return metrics with the first and last value of each replicate."""
    rows = [
        (r, quarter, metric, "", value)
        for metric, pairs in ends.items()
        for r, pair in enumerate(pairs)
        for quarter, value in zip(("2026Q1", "2030Q1"), pair, strict=True)
    ]
    return pd.DataFrame(rows, columns=["replicate", "quarter", "metric", "group", "value"])


def test_the_replicate_nearest_to_the_mean_is_taken() -> None:
    found = typical_replicate(_metrics({SHARE: [(0.5, 0.9), (0.5, 0.62), (0.5, 0.4), (0.5, 0.6)]}))
    assert (found.replicate, found.count, found.others) == (1, 4, ())
    assert found.name == "Replicate 1, the one nearest to the mean."
    assert found.sentence.startswith("This is replicate 1 (of 0 to 3): over the headline metrics the one nearest")


@given(st.lists(st.floats(0.1, 0.9), min_size=3, max_size=8), st.floats(0.5, 2.0), st.floats(-1.0, 1.0))
def test_units_do_not_matter(lasts: list[float], scale: float, shift: float) -> None:
    ends = [(0.5, last) for last in lasts]
    other = [(0.3, 0.3 + 0.1 * (i % 3)) for i in range(len(lasts))]
    one = typical_replicate(_metrics({SHARE: ends, WAIT: other}))
    scaled = [(shift + scale * a, shift + scale * b) for a, b in ends]
    two = typical_replicate(_metrics({SHARE: scaled, WAIT: other}))
    distance = {r: abs(last - sum(lasts) / len(lasts)) for r, last in enumerate(lasts)}
    assert one.replicate == two.replicate or distance[one.replicate] == pytest.approx(distance[two.replicate], abs=1e-6)


def test_of_two_the_one_that_moved_like_the_mean_is_taken() -> None:
    found = typical_replicate(_metrics({SHARE: [(0.5, 0.44), (0.5, 0.69)], WAIT: [(0.1, 0.12), (0.1, 0.13)]}))
    assert (found.replicate, found.others) == (1, ())
    assert "of two (0 and 1): both are equally near" in found.sentence
    assert found.name == "Replicate 1 of two."


def test_where_it_goes_against_the_mean_is_said() -> None:
    # Replicate 0 is in the middle of the share; the untreated fall there and rise elsewhere.
    share = [(0.5, 0.6), (0.5, 0.95), (0.5, 0.25), (0.5, 0.95), (0.5, 0.25)]
    wait = [(0.1, 0.098), (0.1, 0.13), (0.1, 0.08), (0.1, 0.13), (0.1, 0.085)]
    found = typical_replicate(_metrics({SHARE: share, WAIT: wait}))
    assert found.replicate == 0
    assert found.caution == (
        "In this replicate some metrics moved against the mean: the share of patients not treated fell by 0.20 "
        "percentage points, while the mean over replicates rose by 0.46 percentage points."
    )


def test_one_replicate_needs_no_words_and_missing_values_no_choice() -> None:
    one = typical_replicate(_metrics({SHARE: [(0.5, 0.6)]}))
    assert (one.replicate, one.name, one.sentence, one.caution) == (0, "", "", "")
    none = typical_replicate(_metrics({"quality.readmissions": [(1.0, 2.0), (1.0, 3.0)]}))
    assert none.replicate == 0
    nan = float("nan")
    assert typical_replicate(_metrics({SHARE: [(nan, nan), (0.5, 0.6), (0.5, 0.6)]})).replicate in (0, 1, 2)
