"""Winners and losers equal a plain loop over organisations, zones and replicates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from oncsim.comparing.winners import groups, last_year, organizations, zones

QUARTERS = ["2026Q3", "2026Q4", "2027Q1", "2027Q2", "2027Q3"]
LAST = QUARTERS[-4:]


def folder(path: Path, seed: int, orgs: tuple[str, ...], effect: float = 0.0) -> Path:
    """Write what winners reads of a run: organisations, zones and zone years of three replicates."""
    path.mkdir(parents=True)
    luck = np.random.default_rng(seed)
    rows, years = [], []
    for replicate in range(3):
        for quarter in QUARTERS:
            for org in orgs:
                status = "closed" if org == "p2" and replicate else "active"
                row = (replicate, quarter, org, org.upper(), "practice", status, "", luck.uniform(), luck.uniform())
                rows.append((*row, luck.uniform() + effect))
        for zone in ("z1", "z2", "z3"):
            numbers = luck.uniform(1, 2, 6)
            minutes = np.nan if zone == "z3" and replicate == 0 else numbers[2] + effect
            years.append((replicate, "2026", zone, numbers[0], numbers[1], 0.1, minutes, numbers[3], numbers[4], numbers[5]))
    columns = ["replicate", "quarter", "org", "name", "kind", "status", "owner", "oncologists", "patients", "margin"]
    pd.DataFrame(rows, columns=columns).to_parquet(path / "organizations.parquet")
    columns = [
        "replicate",
        "year",
        "zone",
        "patients",
        "untreated",
        "untreated_share",
        "minutes",
        "patient_cost",
        "spending",
        "wait_days",
    ]
    pd.DataFrame(years, columns=columns).to_parquet(path / "zone_years.parquet")
    table = pd.DataFrame({"zone": ["z2", "z1", "z3"], "name": ["Two", "One", "Three"], "rural": [True, False, True]})
    table.assign(deprivation=[0.9, 0.1, 0.5], population=[1.0, 1.0, 2.0]).to_parquet(path / "zones.parquet")
    return path


def one(table: pd.DataFrame, of: str, name: str, measure: str) -> pd.Series:
    found = table[(table["of"] == of) & (table["id"] == name) & (table["measure"] == measure)]
    assert len(found) == 1
    return found.iloc[0]


def test_organisations_equal_a_plain_loop_also_those_of_one_side_alone(tmp_path: Path) -> None:
    base = folder(tmp_path / "a", 1, ("p1", "p2", "old"))
    other = folder(tmp_path / "b", 2, ("p1", "p2", "new"), effect=0.5)
    found = organizations(base, other, LAST, "other")
    sides = [pd.read_parquet(place / "organizations.parquet") for place in (base, other)]
    for org in ("p1", "p2", "old", "new"):
        each = []
        for replicate in range(3):
            sums = []
            for side in sides:
                own = side[(side["org"] == org) & (side["replicate"] == replicate) & side["quarter"].isin(LAST)]
                sums.append(float(own["margin"].sum()))
            each.append(sums[1] - sums[0])
        row = one(found, "organization", org, "margin")
        assert row["difference"] == pytest.approx(np.mean(each))
        assert (row["lowest"], row["highest"]) == pytest.approx((min(each), max(each)))
    whole = [side[side["quarter"].isin(LAST)].groupby("replicate")["margin"].sum() for side in sides]
    kind = one(found, "kind", "practice", "margin")
    assert kind["difference"] == pytest.approx((whole[1] - whole[0]).mean())
    assert kind["lowest"] == pytest.approx((whole[1] - whole[0]).min())
    assert one(found, "organization", "old", "margin")["status_other"] == "absent"
    assert one(found, "organization", "new", "margin")["status_baseline"] == "absent"
    assert one(found, "organization", "p2", "margin")["status_baseline"] == "closed"  # in two of three replicates
    assert one(found, "organization", "p2", "independent")["baseline"] == pytest.approx(1 / 3)


def test_zones_equal_a_plain_loop_and_a_missing_year_is_left_out(tmp_path: Path) -> None:
    base, other = folder(tmp_path / "a", 1, ("p1",)), folder(tmp_path / "b", 2, ("p1",), effect=0.5)
    found = zones(base, other, "2026", "other")
    sides = [pd.read_parquet(place / "zone_years.parquet").set_index(["zone", "replicate"]) for place in (base, other)]
    each = [sides[1]["minutes"]["z3", r] - sides[0]["minutes"]["z3", r] for r in (1, 2)]
    row = one(found, "zone", "z3", "minutes")
    assert (row["difference"], row["replicates"]) == (pytest.approx(np.mean(each)), 2)
    assert row["kind"] == "rural" and row["name"] == "Three"
    means = []
    for side in sides:
        rural = side.loc[["z2", "z3"]].dropna(subset="minutes")
        weighted = (rural["minutes"] * rural["patients"]).groupby("replicate").sum()
        means.append(weighted / rural["patients"].groupby("replicate").sum())
    group = one(found, "zones", "rural=true", "minutes")
    assert group["difference"] == pytest.approx((means[1] - means[0]).mean())


def test_a_run_against_itself_has_neither_winners_nor_losers(tmp_path: Path) -> None:
    base = folder(tmp_path / "a", 1, ("p1", "p2"))
    for found in (organizations(base, base, LAST, "same"), zones(base, base, "2026", "same")):
        assert (found["difference"] == 0).all()
        assert (found["low"] == 0).all() and (found["baseline"] == found["other"]).all()


def test_quartiles_hold_a_quarter_of_the_people_each() -> None:
    table = pd.DataFrame({"rural": [True] * 8, "deprivation": np.arange(8) / 8, "population": [1.0] * 8})
    found = groups(table)
    assert [int(some.sum()) for some in found.values()] == [8, 8, 2, 2, 2, 2]


def test_the_last_year_is_the_last_whole_one() -> None:
    assert last_year("2026Q1", "2035Q4") == "2035"
    assert last_year("2026Q1", "2035Q2") == "2034"
    assert last_year("2026Q2", "2026Q4") == last_year("2026Q1", "2026Q3") == "2026"


def test_acquired_counts_replicates_in_which_another_bought_or_owns_it(tmp_path: Path) -> None:
    base, other = (folder(tmp_path / name, 1, ("p1", "p2")) for name in "ab")
    table = pd.read_parquet(other / "organizations.parquet")
    last = (table["quarter"] == LAST[-1]) & (table["org"] == "p1")
    table.loc[last & (table["replicate"] == 0), "status"] = "acquired"
    table.loc[last & (table["replicate"] == 1), "owner"] = "s1"
    table.to_parquet(other / "organizations.parquet")
    found = organizations(base, other, LAST, "other")
    row = one(found, "organization", "p1", "acquired")
    assert row["baseline"] == 0.0 and row["other"] == pytest.approx(2 / 3)
    assert one(found, "organization", "p2", "acquired")["other"] == 0.0  # closed, not bought
