"""The embedded source: the nation against published totals, and the same county in whatever market it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from oncsim import codes
from oncsim.errors import InputError
from oncsim.market import build_market, facts
from oncsim.market.form import TABLES, Market
from oncsim.market.places import miles_between
from oncsim.market.spec import EmbeddedMarket


def build(**area: object) -> Market:
    return build_market(EmbeddedMarket.model_validate({"source": "embedded", **area}), Path())


@pytest.fixture(scope="module")
def nation() -> Market:
    return build(nation=True)


def oncologists_by_zone(market: Market) -> pd.Series:
    counts = market.sites.groupby("zone")["oncologists"].sum()
    return counts.reindex(market.zones["zone"]).fillna(0)


def owner_kind(market: Market) -> pd.Series:
    return market.sites["org"].map(market.organizations.set_index("org")["kind"])


# Published totals


def test_all_medical_oncologists_of_the_nation(nation: Market) -> None:
    assert nation.sites["oncologists"].sum() == facts.MEDICAL_ONCOLOGISTS  # A01


def test_forty_five_percent_of_counties_have_an_oncologist(nation: Market) -> None:  # A02
    has = oncologists_by_zone(nation).to_numpy() > 0
    assert has.mean() == pytest.approx(0.45, abs=0.02)
    elderly = nation.zones["population_65plus"].to_numpy()
    assert elderly[has].sum() / elderly.sum() == pytest.approx(0.89, abs=0.015)
    rural = nation.zones["rural"].to_numpy()
    assert 1 - has[rural].mean() == pytest.approx(0.66, abs=0.03)  # A04


def test_metropolitan_density_is_two_and_a_half_times_rural(nation: Market) -> None:  # A03
    staff = oncologists_by_zone(nation).to_numpy()
    rural = nation.zones["rural"].to_numpy()
    elderly = nation.zones["population_65plus"].to_numpy()
    ratio = (staff[~rural].sum() / elderly[~rural].sum()) / (staff[rural].sum() / elderly[rural].sum())
    assert ratio == pytest.approx(16.6 / 6.5, rel=0.06)
    assert staff[rural].sum() / staff.sum() == pytest.approx(0.07, abs=0.006)


def test_three_fifths_work_in_hospitals_and_a_fifth_is_independent(nation: Market) -> None:  # C14
    kind = owner_kind(nation)
    share = nation.sites.groupby(kind)["oncologists"].sum() / nation.sites["oncologists"].sum()
    assert share["practice"] == pytest.approx(0.40, abs=0.025)
    assert share["health_system"] + share["academic_center"] == pytest.approx(0.60, abs=0.025)
    member = nation.sites["org"].map(nation.organizations.set_index("org")["network"]) != ""
    alone = nation.sites["oncologists"][(kind == "practice") & ~member].sum()
    assert alone / nation.sites["oncologists"].sum() == pytest.approx(0.20, abs=0.025)


def test_practices_are_as_many_and_as_large_as_published(nation: Market) -> None:  # C07, C08
    size = nation.sites[owner_kind(nation) == "practice"].groupby("org")["oncologists"].sum()
    assert 1_650 <= len(size) <= 2_200
    assert size.mean() == pytest.approx(3.3, abs=0.2)
    assert (size == 1).mean() == pytest.approx(0.47, abs=0.04)
    assert size.between(2, 10).mean() == pytest.approx(0.475, abs=0.04)
    assert size.between(11, 50).mean() == pytest.approx(0.05, abs=0.012)
    assert 0.001 <= (size > 50).mean() <= 0.008
    offices = nation.sites[nation.sites["kind"] == "office"].groupby("org").size()
    assert offices[size[size > 20].index].median() >= 5 and offices[size[size == 1].index].max() <= 4


@pytest.mark.parametrize(
    ("column", "counted"),
    [
        ("hospitals_sth", lambda h: ~h["critical_access"]),
        ("hospitals_cah", lambda h: h["critical_access"]),
        ("screen_dsh", lambda h: h["route_340b"] == "DSH"),
        ("screen_cah", lambda h: h["route_340b"] == "CAH"),
        ("screen_only_if", lambda h: h["route_340b"].isin(["SCH", "RRC"])),
        ("teaching_minor", lambda h: h["teaching"] == "minor"),
        ("proprietary_sth", lambda h: (h["control"] == "proprietary") & ~h["critical_access"]),
        ("government_sth", lambda h: (h["control"] == "government") & ~h["critical_access"]),
    ],
)
def test_hospitals_of_every_state_are_met_exactly(
    nation: Market, column: str, counted: Callable[[pd.DataFrame], pd.Series]
) -> None:
    hospitals = nation.hospitals
    found = counted(hospitals).groupby(hospitals["state"]).sum()
    expected = facts.state_totals()[column].reindex(found.index)
    assert found.astype(int).to_dict() == expected.astype(int).to_dict()


def test_participation_in_340b_follows_the_route(nation: Market) -> None:
    share = nation.hospitals.groupby("route_340b")["participates_340b"].mean()
    assert share[""] == 0
    assert share["DSH"] == pytest.approx(0.86, abs=0.03)
    assert share["CAH"] == pytest.approx(0.86, abs=0.03)
    only_if = nation.hospitals[nation.hospitals["route_340b"].isin(["SCH", "RRC"])]
    assert only_if["participates_340b"].mean() == pytest.approx(0.45, abs=0.08)


def test_the_dsh_route_is_above_the_threshold_and_never_for_profit(nation: Market) -> None:  # I04
    hospitals = nation.hospitals
    assert (hospitals.loc[hospitals["route_340b"] == "DSH", "dsh_pct"] > 0.1175).all()
    assert hospitals.loc[hospitals["route_340b"].isin(["SCH", "RRC"]), "dsh_pct"].between(0.08, 0.1175).all()
    assert (hospitals.loc[hospitals["control"] == "proprietary", "route_340b"] == "").all()


def test_most_hospitals_are_in_systems_of_unequal_size(nation: Market) -> None:  # C31
    size = nation.hospitals.groupby("org").size()
    assert size[size > 1].sum() / size.sum() == pytest.approx(0.70, abs=0.04)
    assert 520 <= (size > 1).sum() <= 720
    assert size.max() >= 15


def test_every_center_has_a_main_site_with_cellular_therapy_at_its_place(nation: Market) -> None:
    main = nation.sites[nation.sites["kind"] == "amc_main"].set_index("org")
    assert len(main) == 66
    assert main["lines"].str.contains("cellular_therapy").all()
    centers = facts.nci_centers().set_index("center").loc[main.index]
    assert miles_between(main["lat"], main["lon"], centers["lat"], centers["lon"]).max() < 0.1
    hospital = nation.hospitals.set_index("hospital").loc[main["hospital"]]
    assert (hospital["teaching"] == "major").all()
    assert hospital["participates_340b"].mean() == pytest.approx(0.75, abs=0.12)  # B14


def test_satellites_are_near_and_few(nation: Market) -> None:
    sites = nation.sites
    main = sites[sites["kind"] == "amc_main"].set_index("org")
    satellites = sites[sites["kind"] == "amc_satellite"]
    home = main.loc[satellites["org"]]
    miles = miles_between(satellites["lat"], satellites["lon"], home["lat"].to_numpy(), home["lon"].to_numpy())
    assert miles.max() < 75
    assert satellites.groupby("org").size().max() <= 6


def test_about_340_affiliations_with_centers(nation: Market) -> None:  # F08, F13
    assert nation.ties["form"].eq("clinical_affiliation").sum() == pytest.approx(340, abs=60)


def test_a_minority_of_critical_access_hospitals_gives_infusions(nation: Market) -> None:  # A26, A27
    critical = nation.hospitals[nation.hospitals["critical_access"]]
    assert 0.20 < critical["hospital"].isin(nation.sites["hospital"]).mean() < 0.32


def test_one_network_is_far_the_largest(nation: Market) -> None:  # C20, C21
    practices = nation.organizations[nation.organizations["kind"] == "practice"]
    size = nation.sites.groupby("org")["oncologists"].sum().reindex(practices["org"]).to_numpy()
    members = pd.Series(size).groupby(practices["network"].to_numpy()).sum().drop("")
    assert 8 <= len(members) <= 12
    assert members.max() / members.sum() == pytest.approx(0.42, abs=0.1)


def test_visiting_clinics_stand_where_few_work_and_their_sources_can_spare_them(nation: Market) -> None:
    sites = nation.sites
    visits = sites[sites["visiting_from"] != ""]
    assert (visits["oncologists"] == 0).all() and visits["visiting_fte"].between(0.1, 0.3).all()
    away = visits.groupby("visiting_from")["visiting_fte"].sum()
    at_home = sites.set_index("site").loc[away.index, "oncologists"]
    assert (at_home >= 3).all() and (away <= 0.35 * at_home + 1e-9).all()


# Invariants of the form


def references(market: Market) -> list[tuple[str, pd.Series, pd.Series]]:
    m = market
    return [
        ("hospital zone", m.hospitals["zone"], m.zones["zone"]),
        ("hospital org", m.hospitals["org"], m.organizations["org"]),
        ("site zone", m.sites["zone"], m.zones["zone"]),
        ("site org", m.sites["org"], m.organizations["org"]),
        ("site hospital", m.sites["hospital"], m.hospitals["hospital"]),
        ("visiting", m.sites["visiting_from"], m.sites["site"]),
        ("network", m.organizations["network"], m.organizations["org"]),
        ("tie a", m.ties["a"], m.organizations["org"]),
        ("tie b", m.ties["b"], m.organizations["org"]),
    ]


def assert_sound(market: Market) -> None:
    for table, columns in TABLES.items():
        frame = getattr(market, table)
        assert list(frame) == list(columns) and not frame.isna().any().any(), table
        key = next(iter(columns))
        if table != "ties":
            assert frame[key].is_unique and frame["name"].is_unique, table
    for what, names, known in references(market):
        assert names[names != ""].isin(known).all(), what
    assert market.sites["kind"].isin(codes.SITE_KINDS).all()
    lines = {line for text in market.sites["lines"] for line in text.split(";")}
    assert lines <= set(codes.SERVICE_LINES)
    assert set(market.ties["form"]) <= set(codes.TIE_FORMS)
    assert not market.ties.duplicated(["a", "b", "form"]).any()
    assert (market.ties["a"] != market.ties["b"]).all()
    staffed = market.sites["oncologists"] + market.sites["visiting_fte"]
    assert (staffed > 0).all() and (market.sites["chairs"] >= 1).all()
    departments = market.sites["kind"].isin([codes.SITE_KINDS[kind] for kind in (codes.HOPD_ON, codes.HOPD_OFF)])
    owner = market.hospitals.set_index("hospital")["org"]
    at = market.sites[departments]
    assert (at["hospital"].map(owner) == at["org"]).all()


def test_the_nation_is_sound(nation: Market) -> None:
    assert_sound(nation)


@pytest.mark.parametrize("states", [["PA"], ["DC"], ["AK"], ["HI"], ["WY"], ["OR", "WA", "ID"]])
def test_states_are_sound(states: list[str]) -> None:
    assert_sound(build(states=states))


def test_a_radius_is_sound_and_has_cellular_therapy_without_a_center() -> None:
    market = build(around={"place": "Chattanooga", "miles": 45})
    assert_sound(market)
    assert not (market.organizations["kind"] == "academic_center").any()
    assert market.sites["lines"].str.contains("cellular_therapy").any()


# The same place in every market


@pytest.mark.parametrize("state", ["TN", "VT", "AK"])
def test_a_state_is_the_same_alone_and_in_the_nation(nation: Market, state: str) -> None:
    alone = build(states=[state])
    inside = set(alone.zones["zone"])
    for table in ("hospitals", "sites"):
        part = getattr(nation, table)
        pd.testing.assert_frame_equal(part[part["zone"].isin(inside)].reset_index(drop=True), getattr(alone, table))
    known = nation.organizations["org"].isin(alone.organizations["org"])
    pd.testing.assert_frame_equal(nation.organizations[known].reset_index(drop=True), alone.organizations)


def test_a_county_has_the_same_sites_in_a_radius_and_in_its_state() -> None:
    state = build(states=["TN"]).sites
    near = build(around={"place": "Davidson, TN", "miles": 40}).sites
    counties = set(near["zone"])
    there = state[state["zone"].isin(counties) & (state["visiting_from"] == "")]
    here = near[near["visiting_from"] == ""]
    assert there[["site", "org", "oncologists", "chairs"]].to_numpy().tolist() == (
        here[["site", "org", "oncologists", "chairs"]].to_numpy().tolist()
    )


def test_same_seed_same_market_another_seed_another() -> None:
    once, again, other = build(states=["TN"]), build(states=["TN"]), build(states=["TN"], seed=2)
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(once, table), getattr(again, table))
    assert once.zones.equals(other.zones)
    assert not once.sites.equals(other.sites) and not once.hospitals.equals(other.hospitals)
    assert once.sites["oncologists"].sum() == other.sites["oncologists"].sum()


# Faults and notes


def test_unknown_state_and_place_are_faults() -> None:
    with pytest.raises(InputError, match="'TE' is not one of the 50 states"):
        build(states=["TE"])
    with pytest.raises(InputError, match="did you mean 'Nashville'"):
        build(around={"place": "Nashvile", "miles": 20})


def test_notes_say_what_is_generated_and_estimated() -> None:
    notes = " ".join(build(states=["HI"]).notes)
    for word in ("generated", "estimated", "air or sea", "150%"):
        assert word in notes
    assert "air or sea" not in " ".join(build(states=["TN"]).notes)


def test_flags_tell_real_from_generated() -> None:
    market = build(states=["TN"])
    centers = market.organizations["kind"] == "academic_center"
    assert not market.organizations.loc[centers, "generated"].any()
    assert market.organizations.loc[~centers, "generated"].all()
    assert market.hospitals["generated"].all() and market.sites["generated"].all()
    assert np.all(market.zones["estimated"] != "")
