"""Plain words on a policy: a fixed table gives fixed sentences; nulls, nothing at all and few replicates are said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from oncsim.reports.chain import chain_rows, chain_sentences
from oncsim.reports.compared import Compared, Told, read_comparison, verdict
from oncsim.reports.mechanism import in_short, lead, lever

LEVER = {
    "name": "policy.p340b.medicare_rate",
    "title": "Medicare rate for 340B drugs",
    "kind": "policy",
    "from": "2027Q1",
    "until": "2035Q4",
    "old": "1.06",
    "new": "0.666",
    "place": "cut.yaml:11",
}
ENTRY = {"mechanism": "Medicare pays 340B hospitals what their drugs cost", "changes": [LEVER]}
# metric, group, quarter: baseline, difference, half of the interval
ROWS = {
    ("spending.margin_340b", "", "final"): (18e6, -7e6, 1e6),
    ("price.commercial_to_medicare", "", "final"): (1.6, 0.3, 0.1),
    ("incentive.acquisition_gain", "", "final"): (400e3, -90e3, 20e3),
    ("consolidation.acquisitions", "", "total"): (5.0, -1.5, 0.5),
    ("consolidation.share_oncologists_independent", "", "final"): (0.30, 0.04, 0.01),
    ("consolidation.hopd_share_infusions", "", "final"): (0.65, -0.002, 0.005),
    ("access.minutes_mean", "", "final"): (40.0, 0.2, 1.0),
    ("access.untreated_share", "", "final"): (0.1, 0.0, 0.0),
}


def told(rows: dict = ROWS, replicates: int = 20, budget: bool = True) -> Told:
    frame = pd.DataFrame(
        [
            {"scenario": "cut", "quarter": when, "metric": metric, "group": group, "baseline": level, "other": level + gap}
            | {"difference": gap, "low": gap - half, "high": gap + half, "replicates": replicates}
            for (metric, group, when), (level, gap, half) in rows.items()
        ]
    ).assign(low_with_behaviour=np.nan)
    money = pd.DataFrame(
        [
            {"scenario": "cut", "year": "2027-2035", "quarters": 36, "payer": "all", "component": "", "who": who}
            | {
                "baseline": 1e9,
                "other": 1e9 + gap,
                "difference": gap,
                "low": gap - 1e6,
                "high": gap + 1e6,
                "percent": gap / 1e7,
            }
            for who, gap in (("payer", -200e6), ("patient", -0.5e6), ("both", -200.5e6))
        ]
    )
    split = pd.DataFrame(
        [
            {"scenario": "cut", "year": "2027-2035", "payer": "all", "who": "both", "part": part}
            | {"difference": gap, "low": gap - 1e6, "high": gap + 1e6}
            for part, gap in (("price", -210e6), ("place", 9e6), ("number", 0.5e6), ("all", -200.5e6))
        ]
    )
    nothing = pd.DataFrame(columns=["scenario"])
    held = (money, split) if budget else (money.iloc[:0], split.iloc[:0])
    return Told(Compared(Path(), {}, frame, *held, nothing, nothing, {}, []), "cut")


SHORT = [
    "Medicare pays 340B hospitals what their drugs cost.",
    "It changes Medicare rate for 340B drugs from 1.06 to 0.666 (from 2027Q1; cut.yaml:11).",
    "First effect: the 340B margin falls by $7.0 m a quarter (95 % interval -$8.0 m to -$6.0 m), the ratio of commercial to "
    "Medicare prices rises by 0.3 (95 % interval +0.2 to +0.4) and at the baseline's volumes the new prices alone lower "
    "payments by $210 m over 2027-2035 (95 % interval -$211 m to -$209 m).",
    "Who owns care: the number of acquisitions falls by 1.50 over the horizon (95 % interval -2 to -1) and the "
    "share of oncologists in independent practices rises by 4.0 percentage points (95 % interval +3.0 to +5.0).",
    "Spending: payments by payers fall by $200 m over 2027-2035, 20.0 % (95 % interval -$201 m to -$199 m).",
    "No detectable change in the hospital share of infusions (-0.7 to +0.3 percentage points), the mean travel time to care "
    "(-0.8 to +1.20 minutes), the share of patients not treated (exactly zero) and payments by patients over 2027-2035 "
    "(-$1.5 m to +$500,000).",
]


def test_golden_sentences() -> None:
    assert in_short(told(), ENTRY) == SHORT
    assert lead(told(), ENTRY) == [SHORT[1], SHORT[2], SHORT[4]]


def test_each_step_that_moved_names_what_acts_on_it_and_the_rest_is_folded() -> None:
    said = chain_sentences(told(), ENTRY)
    law = "because “Medicare rate for 340B drugs” goes from 1.06 to 0.666"
    static = "the price of the baseline's volumes falls by $210 m over 2027-2035"
    assert said[0] == f"Rates: {law}, {static} and the ratio of commercial to Medicare prices rises by 0.3."
    assert said[1] == f"Margins: {law}, the 340B margin falls by $7.0 m a quarter."
    assert said[2].startswith(
        "Gain from acquiring a practice: because the 340B margin falls by $7.0 m a quarter, the yearly gain"
    )
    assert said[3].startswith("Deals and closures: because the yearly gain per oncologist")
    assert said[4].startswith("Who owns care: because the number of acquisitions falls by 1.50")
    assert said[-1].startswith("No detectable change in where patients are treated and access")


def test_a_step_without_a_cause_that_moved_goes_back_to_the_law() -> None:
    still = {key: (level, 0.0, 0.0) if "acqui" in key[0] or "margin" in key[0] else (level, gap, half)
             for key, (level, gap, half) in ROWS.items()}  # fmt: skip
    said = chain_sentences(told(still), ENTRY)
    (owns,) = [text for text in said if text.startswith("Who owns care")]
    assert "because “Medicare rate" in owns
    assert "deals and closures" in said[-1]


def test_a_row_a_metric_with_a_verdict() -> None:
    rows = chain_rows(told())
    assert [row[-1] for row in rows if row[1].startswith("The 340B margin")] == ["falls"]
    # The price of the baseline's volumes and the two sums of the budget come on top of the metrics.
    assert rows[0][:2] == ["Rates", "The price of the baseline's volumes, 2027-2035"] and len(rows) == len(ROWS) + 3
    assert rows[-1][1:4] == ["Payments by patients, 2027-2035", "$1.0 bn", "-$500,000"]
    assert len(chain_rows(told(budget=False))) == len(ROWS)
    nil = told({**ROWS, ("consolidation.closures", "", "total"): (0.0, 0.0, 0.0)}, budget=False)
    assert len(chain_rows(nil)) == len(ROWS)  # none in either scenario: nothing to say
    found = {row[1]: row[-1] for row in rows}
    assert found["The mean travel time to care"] == "no detectable change"
    assert found["The share of patients not treated"] == "exactly the same"


def test_identical_scenarios_are_said_to_differ_in_nothing() -> None:
    same = told({key: (level, 0.0, 0.0) for key, (level, _, _) in ROWS.items()})
    assert in_short(same, {"mechanism": "", "changes": []}) == [
        "Every difference is exactly zero: both scenarios ran the same."
    ]
    assert chain_sentences(same, ENTRY) == []
    assert len(in_short(told(), ENTRY)) > 1


def test_without_budget_and_manifest_the_rest_is_still_said() -> None:
    said = in_short(told(budget=False), {})
    assert said[0].startswith("First effect: the 340B margin falls")
    assert not any("2027-2035" in text for text in said)


def test_levers_say_a_ramp_and_events_are_counted() -> None:
    assert lever({**LEVER, "step": "0.9", "place": ""}).endswith("from 1.06 to 0.666, step by step (from 2027Q1)")
    said = in_short(told(), {"changes": [{"kind": "events"}, {"kind": "events"}]})
    assert said[0] == "It also makes 2 events happen or not happen."


def test_verdicts() -> None:
    row = {"difference": 1.0, "low": 0.5, "high": 1.5}
    assert verdict(row) == "rises"
    assert verdict({**row, "low": -0.5}) == "no detectable change"
    assert verdict({"difference": -1.0, "low": np.nan, "high": np.nan}) == "falls"
    assert verdict({"difference": 0.0, "low": 0.0, "high": 0.0}) == "exactly the same"
    assert verdict({"difference": 0.0, "low": -1.0, "high": 1.0}) == "no detectable change"
    assert verdict(None) == verdict({"difference": np.nan, "low": 0.0, "high": 1.0}) == "not available"


def test_few_replicates_are_judged_by_their_range(tmp_path: Path) -> None:
    frame = told(replicates=3).table.assign(lowest=-9e6, highest=9e6, low=-1.0, high=-0.5)
    frame.to_parquet(tmp_path / "differences.parquet")
    few = read_comparison(tmp_path)
    assert few.few and few.spread == "range of the replicates"
    assert all(verdict(row) == "no detectable change" for row in few.of("cut").table.to_dict("records"))
    frame.assign(replicates=5).to_parquet(tmp_path / "differences.parquet")
    assert not read_comparison(tmp_path).few
    assert verdict(read_comparison(tmp_path).of("cut").row("spending.margin_340b")) == "falls"
