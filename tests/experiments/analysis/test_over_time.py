"""Where outputs come from and go to, in words."""

from __future__ import annotations

import pandas as pd

from oncsim.experiments.analysis.over_time import paths_in_words

from .toys import ACCESS, SPENDING


def test_ends_of_the_baseline_and_of_the_extremes_are_said() -> None:
    rows = [
        (name, "spending", f"{year}Q{quarter}", value)
        for name, ends in {"law": (100.0, 120.0), "low": (100.0, 90.0), "high": (100.0, 130.0)}.items()
        for year, value in zip((2026, 2035), ends, strict=True)
        for quarter in (1, 2, 3, 4)
    ]
    paths = pd.DataFrame(rows, columns=["scenario", "output", "quarter", "mean"])
    assert paths_in_words(paths, [SPENDING], ["law", "low", "high"], {"law": "the law", "low": "Cheap"}) == [
        "Spending per patient goes from 100 dollars in 2026 to 120 dollars in 2035 under the law; the lowest is 90.0 "
        "dollars under Cheap and the highest is 130 dollars under high."
    ]
    only = paths[paths["scenario"] != "high"]
    assert paths_in_words(only, [SPENDING], ["law", "low"])[0].endswith("under law; the lowest is 90.0 dollars under low.")
    alone = paths[paths["scenario"] == "law"]
    assert paths_in_words(alone, [SPENDING, ACCESS], ["law"])[0].endswith("in 2035 under law.")
