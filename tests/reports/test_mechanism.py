"""Plain words on a policy: a fixed table gives fixed sentences; nulls, nothing at all and few replicates are said."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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


def told(rows: dict = ROWS, replicates: int = 20, budget: bool = True, paths: dict | None = None) -> Told:
    """Return a comparison: ``paths`` gives the quarter from which the difference of a metric at the end is there."""
    lines = [(metric, group, when, *values) for (metric, group, when), values in rows.items()]
    quarters = [f"{year}Q{part}" for year in range(2026, 2036) for part in (1, 2, 3, 4)]
    for name, since in (paths or {}).items():
        level, gap, half = rows[name, "", "final"]
        lines += [(name, "", one, level, gap * (one >= since), half * (one >= since)) for one in quarters]
    frame = pd.DataFrame(
        [
            {"scenario": "cut", "quarter": when, "metric": metric, "group": group, "baseline": level, "other": level + gap}
            | {"difference": gap, "low": gap - half, "high": gap + half, "replicates": replicates}
            for metric, group, when, level, gap, half in lines
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
        + [
            {"scenario": "cut", "year": year, "payer": "all", "who": "both", "part": "price"}
            | {"difference": gap, "low": gap - 1e6, "high": gap + 1e6}
            for year, gap in (("2026", 0.0), ("2027", -20e6))
        ]
        + [
            {"scenario": "cut", "year": "2027-2035", "payer": payer, "who": "both", "part": "price"}
            | {"difference": gap, "low": gap - 1e6, "high": gap + 1e6}
            for payer, gap in (("medicare_ffs", -150e6), ("commercial", -60e6), ("medicaid", -0.5e6))
        ]
    )
    nothing = pd.DataFrame(columns=["scenario"])
    held = (money, split) if budget else (money.iloc[:0], split.iloc[:0])
    return Told(Compared(Path(), {}, frame, *held, nothing, nothing, {}, []), "cut")


PATHS = {"spending.margin_340b": "2027Q1", "incentive.acquisition_gain": "2026Q2"}
SHORT = [
    "The law: Medicare rate for 340B drugs from 1.06 to 0.666 (from 2027Q1; cut.yaml:11).",
    "First: at the baseline's volumes the new prices alone lower payments "
    "by $210 m over 2027-2035 (95 % interval -$211 m to "
    "-$209 m; traditional Medicare -$150 m and commercial insurance -$60.0 "
    "m); the 340B margin falls by $7.0 m a quarter (95 % "
    "interval -$8.0 m to -$6.0 m), detectable from 2027Q1; the yearly gain "
    "per oncologist from acquiring a practice falls by "
    "$90,000 (95 % interval -$110,000 to -$70,000), detectable from 2026Q2, before the law starts.",
    "Owners and places of care: the number of acquisitions falls by 1.50 "
    "over the horizon (95 % interval -2.00 to -1.00) and "
    "the share of oncologists in independent practices rises by 4.0 percentage points (95 % interval +3.0 to +5.0).",
    "Spending: payments by payers fall by $200 m over 2027-2035, 20.0 % (95 % interval -$201 m to -$199 m).",
    "Mechanism: the law itself moves rates and margins; the number of acquisitions falls, because the yearly gain per "
    "oncologist from acquiring a practice falls; the share of oncologists "
    "in independent practices rises, because the number of "
    "acquisitions falls; payments by payers fall, because the price of the baseline's volumes falls.",
    "No detectable change in the hospital share of infusions (-0.70 to "
    "+0.30 percentage points), the mean travel time to care "
    "(-0.80 to +1.20 minutes), the share of patients not treated (exactly zero) and payments by patients over 2027-2035 "
    "(-$1.5 m to +$0.50 m).",
    "Caution: 8 headline lines are tested here, and one in twenty would look detectable by chance alone.",
]
BEGUN = {**ENTRY, "begins": "2027Q1"}


def test_golden_sentences() -> None:
    assert in_short(told(paths=PATHS), BEGUN) == SHORT
    assert lead(told(paths=PATHS), BEGUN) == [SHORT[0], SHORT[1], SHORT[3], SHORT[4]]


def test_each_step_that_moved_names_what_acts_on_it_and_the_rest_is_folded() -> None:
    said = chain_sentences(told(paths=PATHS), BEGUN)
    assert said[0] == (
        "Rates: the price of the baseline's volumes falls by $210 m over "
        "2027-2035; the ratio of commercial to Medicare prices "
        "rises by 0.3, directly by the law."
    )
    assert said[1] == "Margins: the 340B margin falls by $7.0 m a quarter, detectable from 2027Q1, directly by the law."
    assert said[3].endswith(", because the yearly gain per oncologist from acquiring a practice falls.")
    assert said[4].startswith("Who owns care: ") and said[4].endswith(", because the number of acquisitions falls.")
    assert said[-1] == "No detectable change, or a negligible one, in where patients are treated and access."


def changed(name: str, **sides: float) -> dict:
    """Return the rows with one metric's difference or interval replaced."""
    (key,) = [key for key in ROWS if key[0] == name and not key[1]]
    level, gap, half = ROWS[key]
    return {**ROWS, key: (level, sides.get("gap", gap), sides.get("half", half))}


def why(rows: dict, step: str, paths: dict | None = None) -> str:
    (text,) = [text for text in chain_sentences(told(rows, paths=paths), ENTRY) if text.startswith(step)]
    return text


def test_a_cause_that_moved_the_wrong_way_or_not_detectably_is_not_claimed() -> None:
    owners = "Who owns care"
    assert "because the number of acquisitions falls" in why(ROWS, owners)
    for rows in (
        changed("consolidation.acquisitions", gap=1.5),
        changed("consolidation.acquisitions", half=9.0),
        changed("consolidation.acquisitions", gap=0.0, half=0.0),
    ):
        assert why(rows, owners).endswith(", which no step recorded here explains.")


def test_what_is_detectable_but_negligible_is_no_effect_and_no_cause() -> None:
    tiny = changed("consolidation.share_oncologists_independent", gap=0.0004, half=0.0001)
    said = in_short(told(tiny), ENTRY)
    assert "Detectable but negligible: the share of oncologists in independent practices." in said
    assert not any("rises by 0.04 percentage points" in text for text in said)
    plain = changed("consolidation.share_oncologists_independent", gap=0.0006, half=0.0001)
    assert any("rises by 0.06 percentage points" in text for text in in_short(told(plain), ENTRY))
    few = changed("consolidation.acquisitions", gap=-0.004, half=0.001)
    assert why(few, "Who owns care").endswith(", which no step recorded here explains.")


def test_a_cause_that_is_seen_long_after_its_effect_is_not_claimed() -> None:
    rows = {
        ("finance.margin_practice", "", "final"): (0.05, -0.02, 0.01),
        ("price.commercial_index", "", "final"): (150.0, -9.0, 1.0),
    }
    early = {"finance.margin_practice": "2028Q1", "price.commercial_index": "2029Q1"}
    late = {**early, "price.commercial_index": "2029Q2"}
    other = {"changes": [{**LEVER, "name": "policy.antitrust.state_review"}]}
    said = [chain_sentences(told(rows, budget=False, paths=paths), other)[1] for paths in (early, late)]
    assert said[0].endswith("because the commercial price index (nominal) falls.")
    assert said[1].endswith("which no step recorded here explains.")


def test_the_law_is_named_only_where_it_acts_itself() -> None:
    antitrust = {"changes": [{**LEVER, "name": "policy.antitrust.state_review"}]}
    (deals,) = [text for text in chain_sentences(told(), antitrust) if text.startswith("Deals")]
    assert deals.endswith("directly by the law.")
    (margins,) = [text for text in chain_sentences(told(), antitrust) if text.startswith("Margins")]
    assert margins.endswith("which no step recorded here explains.")
    behaviour = {"changes": [{**LEVER, "kind": "behaviour", "name": "practice.autonomy.spread"}]}
    assert "by what the scenario changes" in chain_sentences(told(), behaviour)[1]


def test_a_difference_begins_where_a_year_of_it_does() -> None:
    name = "spending.margin_340b"
    found = told(paths={name: "2027Q1"})
    assert found.onset(name) == "2027Q1" and found.onset("consolidation.acquisitions") == ""
    assert told(paths={name: "2035Q4"}).onset(name) == "2035Q4"  # the end of the horizon cuts the year
    assert told(changed(name, half=99e6), paths={name: "2027Q1"}).onset(name) == ""
    assert told(paths={name: "2027Q1"}, replicates=1).onset(name) == ""
    broken = told(paths={name: "2027Q1"})
    rows = broken._quarterly[name, ""]
    rows[6] = {**rows[6], "difference": 0.0, "low": -1.0, "high": 1.0}  # 2027Q3: luck ended it
    assert broken.onset(name) == "2027Q4"


def test_what_passes_is_told_apart_from_what_lasts() -> None:
    name = "consolidation.hopd_share_infusions"
    found = told(paths={name: "2027Q1"})  # its interval holds zero in every quarter
    assert found.passing(name) is None
    rows = found._quarterly[name, ""]
    for i in range(8, 12):
        rows[i] = {**rows[i], "difference": 0.01 + 0.001 * i, "low": 0.005, "high": 0.03}
    assert found.passing(name)["quarter"] == "2028Q4"
    said = [text for text in in_short(found, ENTRY) if text.startswith("For a time only")]
    assert said == [
        "For a time only, no longer detectable at the end: the hospital share "
        "of infusions (+2.1 percentage points in 2028Q4)."
    ]
    rows[9] = {**rows[9], "low": -0.5}
    assert found.passing(name) is None


def test_a_row_a_metric_that_moved_and_one_for_each_step_that_did_not() -> None:
    rows, left = chain_rows(told(paths=PATHS))
    since = {row[1]: row[-1] for row in rows}
    assert since["340B margin"] == "2027Q1" and since["Acquisitions"] == "over the horizon"
    assert rows[0][:2] == ["Rates", "Price of the baseline's volumes, 2027-2035"] and rows[0][-1] == "2027"
    assert since["Hospital share of infusions"] == since["Mean travel time to care"] == "not detectable"
    # The untreated and payments by patients did not move and are not the first of their steps.
    assert left == 2 and "Share of patients not treated" not in since
    nil = told({**ROWS, ("consolidation.closures", "", "total"): (0.0, 0.0, 0.0)}, paths=PATHS)
    assert chain_rows(nil) == (rows, left)  # none in either scenario: nothing to say


def test_identical_scenarios_are_said_to_differ_in_nothing() -> None:
    same = told({key: (level, 0.0, 0.0) for key, (level, _, _) in ROWS.items()})
    assert in_short(same, {"mechanism": "", "changes": []}) == [
        "Every difference is exactly zero: both scenarios ran the same."
    ]
    assert chain_sentences(same, ENTRY) == []
    assert len(in_short(told(), ENTRY)) > 1


def test_without_budget_and_manifest_the_rest_is_still_said() -> None:
    said = in_short(told(budget=False), {})
    assert said[0].startswith("Margins: the 340B margin falls")
    assert not any("2027-2035" in text for text in said)


def test_levers_say_a_ramp_and_events_are_counted() -> None:
    assert lever({**LEVER, "step": "0.9", "place": ""}).endswith("from 1.06 to 0.666 (from 2027Q1, step by step)")
    said = in_short(told(), {"changes": [{"kind": "events"}, {"kind": "events"}]})
    assert said[0] == "The scenario also makes 2 events happen or not happen."


def test_values_of_law_are_told_in_their_units_with_the_end() -> None:
    share = {**LEVER, "old": "0", "new": "0.57", "unit": "share", "full": "2029Q4", "place": "", "until": "2030Q4"}
    assert lever(share, "2035Q4").endswith("from 0 % to 57 % (from 2027Q1 to 2030Q4, step by step until 2029Q4)")
    assert lever(share, "2030Q4").endswith("(from 2027Q1, step by step until 2029Q4)")
    flag = {**LEVER, "old": "false", "new": "true", "unit": "flag"}
    assert "from no to yes (from" in lever(flag)
    assert "from 1.06 to 0.666, ratio to ASP (" in lever({**LEVER, "unit": "ratio to ASP"})


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


def test_the_caution_names_what_holds_among_all_that_is_compared() -> None:
    plain = told()
    assert not [text for text in in_short(told(replicates=1), ENTRY) if text.startswith("Caution")]
    frame = plain.table.assign(low_simultaneous=-np.inf, high_simultaneous=np.inf)
    sold = frame["metric"] == "consolidation.acquisitions"

    def said(table: pd.DataFrame) -> str:
        compared = dataclasses.replace(plain.compared, differences=table)
        return next(text for text in in_short(Told(compared, "cut"), ENTRY) if text.startswith("Caution"))

    assert said(frame).endswith("(simultaneous), none remains detectable.")
    frame.loc[sold, "high_simultaneous"] = -0.1
    assert said(frame).endswith("(simultaneous): the number of acquisitions.")


def test_a_policy_that_ends_is_told_in_its_last_year_in_force() -> None:
    inside = {("consolidation.acquisitions", "", "in_force"): (3.0, -2.0, 0.5)}
    inside |= {
        ("spending.margin_340b", "", "in_force"): (18e6, -5e6, 1e6),
        ("access.minutes_mean", "", "in_force"): (40, 0, 1),
    }
    entry = {**ENTRY, "force": ["2027Q1", "2029Q4"]}
    text = next(text for text in in_short(told({**ROWS, **inside}), entry) if "2029Q4" in text)
    assert text.startswith("The policy ends with 2029Q4: differences at the end are those after it. In its last year")
    assert "the 340B margin falls by $5.0 m a quarter (95 %" in text
    assert "the number of acquisitions falls by 2 over all its quarters" in text and "travel" not in text
    assert not any("policy ends" in one for one in in_short(told({**ROWS, **inside}), ENTRY))


@pytest.mark.parametrize(("law", "static"), [("policy.payer.hospital_excluded", False), ("policy.p340b.rate", True)])
def test_prices_lead_only_where_the_law_changes_what_is_paid(law: str, static: bool) -> None:
    said = in_short(told(paths=PATHS), {**BEGUN, "changes": [{**LEVER, "name": law}]})
    assert any("the new prices alone" in text for text in said) is static


def test_payments_move_because_of_prices_only_where_these_are_the_larger_part() -> None:
    plain = told(paths=PATHS)
    split = plain.compared.split.copy()
    whole = (split["payer"] == "all") & (split["year"] == "2027-2035")
    split.loc[whole & (split["part"] == "place"), ["difference", "low", "high"]] = [-400e6, -401e6, -399e6]
    moved_away = Told(dataclasses.replace(plain.compared, split=split), "cut")
    because = "payments by payers fall, because the price of the baseline's volumes falls"
    assert any(because in text for text in in_short(plain, BEGUN))
    assert not any(because in text for text in in_short(moved_away, BEGUN))
