"""The structure of an earlier year: what moves, what stays, and that none of it moves without ``as_of``."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from market.files_toy import toy, write_tables
from oncsim.market import build_market
from oncsim.market.era import CENTER_SHARE, HOSPITAL_SHARE, PARTICIPANTS, Era, era_of, hospital_logit, interpolated
from oncsim.market.form import TABLES, Market
from oncsim.market.spec import ArchetypeMarket, EmbeddedMarket

OFF_CAMPUS = ("hopd_off_campus", "amc_satellite")
# Text and whole numbers of each table: the same on every machine.
EXACT = {
    "hospitals": ("hospital", "org", "zone", "route_340b", "participates_340b", "teaching", "control"),
    "organizations": ("org", "name", "kind", "network"),
    "sites": ("site", "org", "kind", "zone", "oncologists", "excepted", "visiting_from", "lines"),
    "ties": ("a", "b", "form", "age_quarters"),
}


@cache
def nation(year: int | None) -> Market:
    return build_market(EmbeddedMarket(source="embedded", nation=True, as_of=year), Path())


def states(*names: str, year: int | None = None, seed: int = 1) -> Market:
    return build_market(EmbeddedMarket(source="embedded", states=list(names), as_of=year, seed=seed), Path())


def archetype(kind: str, year: int | None) -> Market:
    return build_market(ArchetypeMarket(source="archetype", kind=kind, as_of=year), Path())


def hospital_share(market: Market) -> float:
    staff = market.sites.groupby("kind")["oncologists"].sum()
    return float(1.0 - staff["office"] / staff.sum())


def same(one: Market, other: Market) -> None:
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table), check_exact=True)


def digest(market: Market) -> str:
    text = "".join(getattr(market, table)[list(columns)].to_csv(index=False) for table, columns in EXACT.items())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_without_a_year_markets_are_those_of_the_first_version() -> None:
    assert digest(states("VT")) == "b849869c5ef69155"
    assert digest(archetype("mixed", None)) == "3a6fc34af8e8a0cd"
    assert digest(states("TN", seed=5)) == "24939209dd49dddc"
    assert digest(states("VT", year=2010)) != "b849869c5ef69155"  # the digest sees an era


def test_the_year_of_the_tables_changes_nothing() -> None:
    assert era_of(None) is None and era_of(2026) is None
    same(states("VT", year=2026), states("VT"))
    same(archetype("metro", 2026), archetype("metro", None))


@pytest.mark.parametrize("year", [2010, 2013])
def test_the_hospital_share_of_the_nation_is_that_of_the_year(year: int) -> None:
    published = interpolated(HOSPITAL_SHARE, year)
    assert hospital_share(nation(year)) == pytest.approx(published, abs=0.02)
    assert hospital_share(nation(None)) > published + 0.15  # the control: today's market is another


def test_early_years_have_fewer_oncologists_more_practices_and_fewer_clinics_off_campus() -> None:
    then, now = nation(2010), nation(None)
    era = era_of(2010)
    assert isinstance(era, Era)
    people = [int(m.sites["oncologists"].sum()) for m in (then, now)]
    assert people[0] == pytest.approx(era.oncologists * people[1], rel=0.01)
    practices = [(m.organizations["kind"] == "practice").sum() for m in (then, now)]
    assert practices[0] > 1.15 * practices[1]
    assert then.sites["kind"].isin(OFF_CAMPUS).sum() < 0.4 * now.sites["kind"].isin(OFF_CAMPUS).sum()
    np.testing.assert_allclose(then.zones["cases_per_year"], now.zones["cases_per_year"] * era.cases)
    unchanged = [name for name in then.zones if name != "cases_per_year"]
    pd.testing.assert_frame_equal(then.zones[unchanged], now.zones[unchanged], check_exact=True)


def test_every_department_off_campus_is_excepted_until_2015_and_not_after() -> None:
    for year, all_of_them in ((2010, True), (2015, True), (2024, False)):
        off = states("CA", "TX", year=year).sites
        off = off[off["kind"].isin(OFF_CAMPUS)]
        assert len(off) > 10
        assert off["excepted"].all() == all_of_them


def test_hospitals_stay_and_those_in_340b_early_are_in_it_today() -> None:
    then, now = nation(2010).hospitals, nation(None).hospitals
    # What a hospital offers follows the department on its campus, which may be a practice's then.
    kept = [name for name in now if name not in ("participates_340b", "lines")]
    pd.testing.assert_frame_equal(then[kept], now[kept], check_exact=True)
    assert not (then["participates_340b"] & ~now["participates_340b"]).any()
    assert not (then["participates_340b"] & ~nation(2013).hospitals["participates_340b"])[then["route_340b"] == "CAH"].any()
    counts = then.loc[then["participates_340b"], "route_340b"].value_counts()
    assert counts["DSH"] == pytest.approx(PARTICIPANTS["DSH"][2010], rel=0.05)
    assert counts["CAH"] == pytest.approx(PARTICIPANTS["CAH"][2010], rel=0.15)
    assert counts[["SCH", "RRC"]].sum() < 100


def test_a_state_is_the_same_alone_and_with_others_and_for_the_same_seed() -> None:
    alone, both = states("VT", year=2010), states("NH", "VT", year=2010)
    pd.testing.assert_frame_equal(
        alone.sites.reset_index(drop=True),
        both.sites[both.sites["zone"].isin(alone.zones["zone"])].reset_index(drop=True),
    )
    same(alone, states("VT", year=2010))
    assert digest(alone) != digest(states("VT", year=2010, seed=2))


@pytest.mark.parametrize("kind", ["metro", "mixed", "rural"])
def test_departments_of_teaching_markets_were_practices(kind: str) -> None:
    then, middle, now = (archetype(kind, year) for year in (2010, 2018, None))
    assert hospital_share(then) < hospital_share(middle) < hospital_share(now)
    assert then.sites["oncologists"].sum() < middle.sites["oncologists"].sum() < now.sites["oncologists"].sum()
    practices = [(m.organizations["kind"] == "practice").sum() for m in (then, middle, now)]
    assert practices[0] > practices[1] > practices[2]
    assert set(then.hospitals["hospital"]) == set(now.hospitals["hospital"])


def test_given_rows_keep_their_oncologists_and_lose_only_time(tmp_path: Path) -> None:
    write_tables(tmp_path)
    then, now = toy(tmp_path, as_of=2010), toy(tmp_path)
    given = now.sites[~now.sites["generated"] & (now.sites["oncologists"] > 0)].set_index("site")["oncologists"]
    pd.testing.assert_series_equal(then.sites.set_index("site").loc[given.index, "oncologists"], given)
    assert then.zones["cases_per_year"].sum() < now.zones["cases_per_year"].sum()
    assert any("structure of 2010" in note for note in then.notes)
    assert not any("structure of" in note for note in now.notes)
    exact = toy(tmp_path, as_of=2010, generate=False)
    off = exact.sites["kind"].isin(OFF_CAMPUS)
    assert exact.sites.loc[off, "excepted"].all()


@pytest.mark.parametrize("share", [0.25, 0.35, 0.5])
def test_the_log_odds_give_the_share_outside_the_centers(share: float) -> None:
    from oncsim.market import facts
    from oncsim.market.generate_departments import HOSPITAL_LOGIT, STATE_SPREAD, _state_share

    usual = hospital_logit(share, HOSPITAL_LOGIT, STATE_SPREAD)
    totals = facts.state_totals()
    people = totals["oncologists_metro"] + totals["oncologists_rural"]
    outside = np.average([_state_share(str(state), usual) for state in totals.index], weights=people)
    assert CENTER_SHARE + (1 - CENTER_SHARE) * outside == pytest.approx(share, abs=1e-6)
