"""The budget adds up, its differences are those of the pairs, and its split is exact."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oncsim.calendar import Quarter
from oncsim.codes import COMPONENTS, PAYERS, SITE_KINDS
from oncsim.comparing.budget import budget, periods, span_name, split, split_parts

QUARTERS = [f"{2026 + i // 4}Q{1 + i % 4}" for i in range(12)]
REPLICATES = 6


def metrics(seed: int, factor: float = 1.0) -> pd.DataFrame:
    """Return payments by payer and component that add up as the model's do."""
    luck = np.random.default_rng(seed)
    rows = []
    for replicate in range(REPLICATES):
        for quarter in QUARTERS:
            for who, name in (("spending.payer_total", "payer"), ("spending.patient_total", "patient")):
                cell = luck.uniform(1.0, 2.0, (len(PAYERS), len(COMPONENTS))) * (factor if name == "payer" else 1.0)
                groups = {"": cell.sum()}
                groups |= {f"payer={p}": cell[i].sum() for i, p in enumerate(PAYERS)}
                groups |= {f"component={c}": cell[:, i].sum() for i, c in enumerate(COMPONENTS)}
                if name == "payer":
                    groups |= {
                        f"component={c};payer={p}": cell[i, j]
                        for i, p in enumerate(PAYERS)
                        for j, c in enumerate(COMPONENTS)
                    }
                rows += [(replicate, quarter, who, group, value) for group, value in groups.items()]
    return pd.DataFrame(rows, columns=["replicate", "quarter", "metric", "group", "value"])


BASE, OTHER = metrics(1), metrics(2, 0.8)


def table(other: pd.DataFrame = OTHER, begins: str = "2027Q1") -> pd.DataFrame:
    return budget([BASE, other], ["base", "other"], [begins])


def one(found: pd.DataFrame, year: str, payer: str = "all", component: str = "", who: str = "payer") -> pd.Series:
    keys = (found["year"] == year) & (found["payer"] == payer) & (found["component"] == component) & (found["who"] == who)
    assert keys.sum() == 1
    return found[keys].iloc[0]


def test_differences_are_those_of_the_pairs() -> None:
    found = one(table(), "2027", "commercial", "drug")
    sums = []
    for frame in (BASE, OTHER):
        own = frame[(frame["group"] == "component=drug;payer=commercial") & frame["quarter"].str.startswith("2027")]
        sums.append(own.groupby("replicate")["value"].sum().to_numpy())
    each = sums[1] - sums[0]
    interval = stats.ttest_rel(sums[1], sums[0]).confidence_interval(0.95)
    assert found["difference"] == pytest.approx(each.mean())
    assert (found["low"], found["high"]) == pytest.approx((interval.low, interval.high))
    assert (found["lowest"], found["highest"]) == pytest.approx((each.min(), each.max()))
    assert found["percent"] == pytest.approx(100 * each.mean() / sums[0].mean())
    assert found["low_simultaneous"] < found["low"] and found["quarters"] == 4


@pytest.mark.parametrize("year", ["2026", "2027-2028", "total"])
def test_payers_components_and_years_add_up(year: str) -> None:
    found = table()
    for who in ("payer", "patient", "both"):
        whole = one(found, year, who=who)["difference"]
        assert sum(one(found, year, payer, who=who)["difference"] for payer in PAYERS) == pytest.approx(whole)
        assert sum(one(found, year, component=c, who=who)["difference"] for c in COMPONENTS) == pytest.approx(whole)
    both = one(found, year, who="both")["difference"]
    assert both == pytest.approx(sum(one(found, year, who=who)["difference"] for who in ("payer", "patient")))
    cells = [one(found, year, payer, c)["difference"] for payer in PAYERS for c in COMPONENTS]
    assert sum(cells) == pytest.approx(one(found, year)["difference"])


@pytest.mark.parametrize("who", ["payer", "patient", "both"])
def test_medicare_is_both_kinds_together_with_the_interval_of_their_sum(who: str) -> None:
    found = table()
    parts = [one(found, "2027", payer, who=who) for payer in ("medicare_ffs", "medicare_advantage")]
    both = one(found, "2027", "medicare", who=who)
    assert both["difference"] == pytest.approx(sum(part["difference"] for part in parts))
    assert both["high"] - both["low"] < sum(part["high"] - part["low"] for part in parts)


def test_years_add_up_to_the_horizon() -> None:
    found = table()
    years = sum(one(found, year, who="both")["difference"] for year in ("2026", "2027", "2028"))
    assert years == pytest.approx(one(found, "total", who="both")["difference"])


def test_a_scenario_against_itself_changes_no_payment() -> None:
    found = table(BASE)
    assert (found[["difference", "low", "high", "percent"]] == 0).all(axis=None)
    assert (table()["difference"] != 0).any()


def test_the_window_starts_with_the_policy_and_lasts_ten_years_at_most() -> None:
    quarters = [f"{2026 + i // 4}Q{1 + i % 4}" for i in range(60)]
    named = dict(periods(quarters, "2027Q1"))
    assert named["2027-2036"].sum() == 40 and named["total"].sum() == 60 and named["2030"].sum() == 4
    assert "2027Q3-2037Q2" in dict(periods(quarters, "2027Q3"))
    assert "2026-2035" in dict(periods(quarters, ""))  # no law differs: from the start
    assert "2040-2040" in dict(periods(quarters, "2040Q1"))
    assert dict(periods(quarters[:8], "2027Q1"))["2027-2027"].sum() == 4
    assert span_name(Quarter(2027, 2), Quarter(2030, 4)) == "2027Q2-2030Q4"


def payments(q: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    """Return the table of two kinds of site from volumes and prices, (replicates, kinds) of one payer and year."""
    rows = [
        {"replicate": r, "year": "2026", "payer": "commercial", "kind": SITE_KINDS[k], "eligible_340b": False}
        | {"patients": 1.0, "infusions": 1.0, "standard_dollars": q[r, k]}
        | {"paid": q[r, k] * p[r, k], "patient": 0.2 * q[r, k] * p[r, k]}
        for r in range(len(q))
        for k in range(q.shape[1])
    ]
    return pd.DataFrame(rows)


Q = np.array([[10.0, 30.0], [12.0, 28.0]])
P = np.array([[100.0, 250.0], [110.0, 240.0]])


def parts(q: np.ndarray, p: np.ndarray) -> dict[str, float]:
    found = split([payments(Q, P), payments(q, p)], ["base", "other"], [""], "2026Q4")
    own = found[(found["year"] == "total") & (found["payer"] == "all") & (found["who"] == "both")]
    return dict(zip(own["part"], own["difference"], strict=True))


def test_each_part_stands_for_one_cause() -> None:
    change = 0.9 * P
    assert parts(Q, change)["price"] == pytest.approx((Q * (change - P)).sum(axis=1).mean())
    assert parts(Q, change)["place"] == parts(Q, change)["number"] == 0.0
    more = parts(1.1 * Q, P)
    assert more["number"] == pytest.approx(0.1 * (Q * P).sum(axis=1).mean()) and more["price"] == pytest.approx(0.0)
    assert more["place"] == pytest.approx(0.0, abs=1e-9)
    shifted = parts(Q + np.array([5.0, -5.0]), P)
    assert shifted["place"] == pytest.approx((5.0 * (P[:, 0] - P[:, 1])).mean())
    assert shifted["number"] == shifted["price"] == 0.0
    assert set(parts(Q, P).values()) == {0.0}


def test_parts_add_up_whatever_is_empty() -> None:
    luck = np.random.default_rng(5)
    infusions = luck.uniform(0, 10, (2, 5, 8, 3, 4)) * (luck.uniform(size=(2, 5, 8, 3, 4)) > 0.4)
    paid = luck.uniform(0, 1000, infusions.shape)  # also where there are no infusions
    found = split_parts(infusions, paid)
    assert sum(found.values()) == pytest.approx((paid[1] - paid[0]).sum(axis=1))
    assert all(np.abs(values).sum() > 0 for values in found.values())


def test_rows_of_the_split_agree_with_the_budget() -> None:
    found = split([payments(Q, P), payments(1.2 * Q, 0.7 * P)], ["base", "other"], [""], "2026Q4")
    for who, share in (("payer", 0.8), ("patient", 0.2), ("both", 1.0)):
        own = found[(found["payer"] == "all") & (found["who"] == who) & (found["year"] == "2026-2026")]
        values = own.set_index("part")["difference"]
        assert values["all"] == pytest.approx(share * (1.2 * 0.7 - 1.0) * (Q * P).sum(axis=1).mean())
        assert values[["price", "place", "number"]].sum() == pytest.approx(values["all"])


def test_old_runs_without_the_metric_have_no_budget() -> None:
    assert budget([BASE.iloc[:0], OTHER], ["base", "other"], [""]).empty
    assert split([payments(Q, P).iloc[:0], payments(Q, P)], ["base", "other"], [""], "2026Q4").empty


def test_dearer_cases_that_stay_behind_are_no_rise_of_prices() -> None:
    # Half of the cheap cases of the second kind of site leave for the first; every price per standard dollar stays.
    left = payments(Q + np.array([8.0, -8.0]), P)
    left["infusions"] = np.where(left["kind"] == SITE_KINDS[1], 0.2, 1.8)
    base = payments(Q, P)

    def price(frames: list[pd.DataFrame]) -> float:
        found = split(frames, ["base", "other"], [""], "2026Q4")
        own = found[(found["year"] == "total") & (found["payer"] == "all") & (found["who"] == "both")]
        return float(own.set_index("part")["difference"]["price"])

    assert price([base, left]) == pytest.approx(0.0, abs=1e-9)
    by_infusion = [frame.assign(standard_dollars=frame["infusions"]) for frame in (base, left)]
    assert price(by_infusion) > 1000.0  # the control: counting infusions calls it a price


def test_runs_without_the_standardised_volume_have_no_split() -> None:
    old = payments(Q, P).drop(columns="standard_dollars")
    assert split([old, payments(Q, P)], ["base", "other"], [""], "2026Q4").empty
