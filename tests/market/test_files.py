"""The files source: what the tables say is what the market holds, and what they leave out is marked."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from files_toy import CENTERS, HOSPITALS, PRACTICES, TABLES, ZONES, WithTies, spec_of, toy, write_tables

from oncsim.errors import InputError
from oncsim.market.files import build_files
from oncsim.market.form import TABLES as FORM
from oncsim.market.form import Market
from oncsim.market.spec import FilesMarket

MANY = 4000


def equal_tables(one: Market, other: Market) -> None:
    for table in FORM:
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table), check_exact=True)


def test_generate_false_keeps_exactly_the_files(tmp_path: Path) -> None:
    write_tables(tmp_path)
    market = toy(tmp_path)
    assert list(market.zones["zone"]) == ["A", "B", "C"]
    assert list(market.hospitals["hospital"]) == ["H1", "H2", "H3", "H4"]
    # H3 counts no oncologists, so it has no site.
    assert sorted(market.sites["site"]) == ["H1-cancer", "H2-cancer", "H4-cancer", "P1", "P2", "P3"]
    assert market.sites.set_index("site")["oncologists"].to_dict() == {
        "H1-cancer": 12,
        "H2-cancer": 4,
        "H4-cancer": 2,
        "P1": 6,
        "P2": 1,
        "P3": 3,
    }
    generated = [getattr(market, table)["generated"].any() for table in ("hospitals", "organizations", "sites")]
    assert not any(generated)
    assert len(market.ties) == 0


def test_owners_are_the_systems_centers_and_practices_of_the_tables(tmp_path: Path) -> None:
    write_tables(tmp_path)
    market = toy(tmp_path)
    kinds = market.organizations.set_index("org")["kind"].to_dict()
    assert kinds == {
        "center-7": "academic_center",
        "S1": "health_system",
        "own-H4": "health_system",
        "Ashford Oncology": "practice",
        "Green Network": "network",
        "Cole Cancer Care": "practice",
    }
    owner = market.hospitals.set_index("hospital")["org"].to_dict()
    assert owner == {"H1": "center-7", "H2": "S1", "H3": "S1", "H4": "own-H4"}
    sites = market.sites.set_index("site")
    assert sites.loc["H1-cancer", "kind"] == "amc_main"
    assert sites.loc["H2-cancer", "kind"] == "hopd_on_campus"
    member = market.organizations.set_index("org")["network"]
    assert member["Ashford Oncology"] == "Green Network"
    assert member["Cole Cancer Care"] == ""


def test_blank_chairs_follow_oncologists_and_given_ones_stay(tmp_path: Path) -> None:
    write_tables(tmp_path)
    chairs = toy(tmp_path).sites.set_index("site")["chairs"]
    assert chairs["P3"] == 15.0
    assert chairs["P1"] == 30.0


def test_generating_adds_marked_rows_and_changes_no_given_one(tmp_path: Path) -> None:
    write_tables(tmp_path)
    given, filled = toy(tmp_path), toy(tmp_path, generate=True)
    for table, key in (("hospitals", "hospital"), ("sites", "site"), ("organizations", "org")):
        before, after = getattr(given, table).set_index(key), getattr(filled, table).set_index(key)
        assert set(before.index) <= set(after.index)
        added = after.drop(before.index)
        assert added["generated"].all()
    numbers = filled.sites.set_index("site").loc[given.sites["site"], "oncologists"]
    assert list(numbers) == list(given.sites["oncologists"])


def test_unknown_oncologists_are_filled_in_when_generating(tmp_path: Path) -> None:
    write_tables(tmp_path, practices=PRACTICES.replace(",6,30,", ",,,").replace(",1,,", ",,,"))
    sites = toy(tmp_path, generate=True).sites.set_index("site")
    assert (sites.loc[["P1", "P2"], "oncologists"] >= 0).all()
    assert (sites["chairs"] >= 0).all()
    assert sites.loc["P3", "oncologists"] == 3


def test_zones_alone_are_enough_when_generating(tmp_path: Path) -> None:
    write_tables(tmp_path, hospitals=None, practices=None, centers=None)
    market = toy(tmp_path, generate=True)
    assert len(market.hospitals) > 0
    assert all(getattr(market, table)["generated"].all() for table in ("hospitals", "organizations", "sites"))


def test_zones_without_states_hold_what_the_tables_give_them(tmp_path: Path) -> None:
    zones = ZONES.replace(",TN,36", ",,36").replace(",KY,37", ",,37")
    write_tables(tmp_path, zones=zones, hospitals=None, centers=None)
    market = toy(tmp_path, generate=True)
    assert set(market.zones["state"]) == {""}
    assert {"P1", "P2", "P3"} <= set(market.sites["site"])


def test_order_of_rows_changes_nothing_but_order(tmp_path: Path) -> None:
    other = tmp_path / "shuffled"
    other.mkdir()
    write_tables(tmp_path)
    turned = {}
    for what, text in TABLES.items():
        head, *rows = text.strip().splitlines()
        turned[what] = "\n".join([head, *reversed(rows)]) + "\n"
    write_tables(other, **turned)
    one, two = toy(tmp_path), toy(other)
    for table, key in (("zones", "zone"), ("hospitals", "hospital"), ("sites", "site")):
        a, b = (getattr(m, table).sort_values(key, ignore_index=True) for m in (one, two))
        pd.testing.assert_frame_equal(a, b)


def test_federal_column_names_mean_the_same_as_ours(tmp_path: Path) -> None:
    federal = tmp_path / "federal"
    federal.mkdir()
    names = {
        "zone": "fips",
        "population": "pop_acs2023",
        "population_65plus": "pop65",
        "land_sqmi": "area_sqmi",
    }
    names |= {"cases_per_year": "cancer_cases_est"}
    rows = list(csv.reader(io.StringIO(ZONES)))
    rows[0] = [names.get(name, name) for name in rows[0]]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_tables(tmp_path)
    write_tables(federal, zones=text.getvalue())
    equal_tables(toy(tmp_path), toy(federal))


def test_percent_names_are_read_as_shares(tmp_path: Path) -> None:
    write_tables(tmp_path, zones=ZONES.replace("ma_share", "ma_pct").replace(",0.5,2400", ",50,2400"))
    share = toy(tmp_path).zones["ma_share"]
    assert share[0] == pytest.approx(0.5)


def test_uninsured_of_all_ages_becomes_of_those_under_65(tmp_path: Path) -> None:
    write_tables(tmp_path, zones=ZONES.replace("uninsured_share", "uninsured_pct").replace("0.12,0.10", "0.12,8.5"))
    zones = toy(tmp_path).zones
    assert zones["uninsured_share"][0] == pytest.approx(0.085 * 500000 / 425000)
    assert "uninsured_share" in zones["estimated"][0]


def test_people_over_65_are_carried_to_the_year_of_the_population(tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(ZONES)))
    rows = [[*row, "pop_acs" if i == 0 else str(int(row[5]) // 2)] for i, row in enumerate(rows)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_tables(tmp_path, zones=text.getvalue().replace("population,", "pop_acs2023,", 1))
    assert list(toy(tmp_path).zones["population_65plus"]) == [150000.0, 24000.0, 30000.0]


def test_deprivation_scores_become_shares_of_people(tmp_path: Path) -> None:
    write_tables(tmp_path, zones=ZONES.replace("deprivation", "svi_percentile"))
    # Ashford (0.5) is least deprived, then Cole (0.7), then Birch (0.8): cumulative people over 650,000.
    expected = [500 / 650, 1.0, 590 / 650]
    assert list(toy(tmp_path).zones["deprivation"]) == pytest.approx(expected)


def test_what_zones_lack_is_estimated_and_marked(tmp_path: Path) -> None:
    keep = ("zone", "name", "state", "lat", "lon", "population", "land_sqmi")
    zones = pd.read_csv(io.StringIO(ZONES))[list(keep)]
    write_tables(tmp_path, zones=zones.to_csv(index=False))
    market = toy(tmp_path)
    marked = set(market.zones["estimated"][0].split(";"))
    assert marked == {
        "population_65plus",
        "cases_per_year",
        "rural",
        "poverty_share",
        "uninsured_share",
        "medicaid_share",
        "ma_share",
        "deprivation",
    }
    assert sum(note.startswith("Estimated in all zones") for note in market.notes) == len(marked)
    assert list(market.zones["market"]) == ["TN-rest", "TN-rest", "KY-rest"]


def test_leading_zeros_that_spreadsheets_drop_come_back(tmp_path: Path) -> None:
    codes = ZONES.replace("\nA,", "\n1001,").replace("\nB,", "\n1003,").replace("\nC,", "\n21003,")
    hospitals = HOSPITALS.replace(",A,", ",1001.0,").replace(",B,", ",1003,").replace(",C,", ",21003,")
    practices = PRACTICES.replace(",A,", ",1001,").replace(",B,", ",01003,").replace(",C,", ",21003,")
    write_tables(
        tmp_path,
        zones=codes,
        hospitals=hospitals,
        practices=practices,
        centers=CENTERS.replace(",A,", ",1001,"),
    )
    market = toy(tmp_path)
    assert list(market.zones["zone"]) == ["01001", "01003", "21003"]
    assert set(market.hospitals["zone"]) == {"01001", "01003", "21003"}
    assert "County codes without their leading zero, read with it: 2." in market.notes


def test_zones_without_people_stay_with_a_note(tmp_path: Path) -> None:
    write_tables(tmp_path, zones=ZONES.replace("60000,12000", "0,0"))
    market = toy(tmp_path)
    assert len(market.zones) == 3
    assert "Zones without people, which send no patients: 1." in market.notes


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_utf8_with_and_without_a_mark_reads_alike(tmp_path: Path, start: bytes) -> None:
    write_tables(tmp_path, zones=start + ZONES.replace("Birch", "Piñon").encode())
    assert toy(tmp_path).zones["name"][1] == "Piñon, TN"


def test_latin1_is_read_with_a_note(tmp_path: Path) -> None:
    write_tables(tmp_path, zones=ZONES.replace("Birch", "Piñon").encode("latin-1"))
    market = toy(tmp_path)
    assert market.zones["name"][1] == "Piñon, TN"
    assert any("zones.csv is not in UTF-8" in note for note in market.notes)


def test_gzip_is_told_by_its_content(tmp_path: Path) -> None:
    import gzip

    write_tables(tmp_path)
    plain = toy(tmp_path)
    write_tables(tmp_path, zones=gzip.compress(ZONES.encode()))
    equal_tables(plain, toy(tmp_path))


def test_rows_of_one_building_are_one_site_unless_they_count_oncologists(tmp_path: Path) -> None:
    twice = "site,participant,state,lat,lon,zone,oncologists\nP1,X,TN,36.1201,-86.79,A,{0}\nP2,X,TN,36.1203,-86.79,A,{0}\n"
    write_tables(tmp_path, practices=twice.format(3))
    assert {"P1", "P2"} <= set(toy(tmp_path).sites["site"])
    write_tables(tmp_path, practices=twice.format(""))
    assert "P2" not in set(toy(tmp_path, generate=True).sites["site"])


def test_a_flagged_point_is_replaced_by_its_city(tmp_path: Path) -> None:
    head, first, *rest = PRACTICES.splitlines()
    rows = [
        head + ",coord_flag",
        first.replace("36.12,-86.79", "46.12,-76.79") + ",bad",
        *(r + "," for r in rest),
    ]
    write_tables(tmp_path, practices="\n".join(rows) + "\n")
    site = toy(tmp_path).sites.set_index("site").loc["P1"]
    # The two hospitals of Ashford.
    assert (site["lat"], site["lon"]) == pytest.approx((36.13, -86.78))


def test_providers_of_places_without_zones_are_left_out_and_counted(tmp_path: Path) -> None:
    more = HOSPITALS + "H9,Island,72001,,PR,18.4,-66.1,100,STH,nonprofit,none,,,,,3,,no\n"
    write_tables(tmp_path, hospitals=more)
    market = toy(tmp_path)
    assert "H9" not in set(market.hospitals["hospital"])
    assert "Hospitals left out, in states or territories without zones: 1 of 5." in market.notes


def test_old_county_codes_and_blank_zones_go_to_the_nearest_zone_of_the_state(tmp_path: Path) -> None:
    more = HOSPITALS + "H8,Old code,47999,,TN,36.41,-86.39,10,STH,nonprofit,none,,,,,,,no\n"
    more += "H9,No zone,,,TN,36.12,-86.82,10,STH,nonprofit,none,,,,,,,no\n"
    write_tables(tmp_path, hospitals=more)
    zone = toy(tmp_path).hospitals.set_index("hospital")["zone"]
    assert (zone["H8"], zone["H9"]) == ("B", "A")


def test_exact_points_move_the_row_and_rough_ones_move_the_point(tmp_path: Path) -> None:
    # 36.9, -86.5 lies 60 miles north of Ashford's centre: beyond the reach of a zone of 60 miles at least.
    head, *rows = HOSPITALS.replace("36.15,-86.75", "37.10,-86.45").splitlines()
    exact = [head + ",latlon_source", *(row + ",geocoded" for row in rows)]
    rough = [head + ",latlon_source", *(row + ",zip_centroid" for row in rows)]
    write_tables(tmp_path, hospitals="\n".join(exact) + "\n")
    moved = toy(tmp_path).hospitals.set_index("hospital").loc["H2"]
    assert (moved["zone"], moved["lat"]) == ("B", 37.10)
    write_tables(tmp_path, hospitals="\n".join(rough) + "\n")
    kept = toy(tmp_path).hospitals.set_index("hospital").loc["H2"]
    assert (kept["zone"], kept["lat"]) == ("A", 36.10)


def _screened(count: int) -> str:
    head = "hospital,name,zone,state,lat,lon,facility_type,control,dsh_pct,elig340b_screen,oncologists\n"
    kinds = [
        ("STH", "0.2", "DSH"),
        ("CAH", "", "CAH"),
        ("STH", "0.1", "only_if_SCH_or_RRC"),
        ("STH", "", "no"),
    ]
    rows = [
        ",".join((f"Q{i},Hospital {i}", "AB"[i // 4 % 2], "TN,36.1,-86.7", kind, "nonprofit", dsh, screen, "1"))
        for i, (kind, dsh, screen) in ((i, kinds[i % 4]) for i in range(count))
    ]
    return head + "\n".join(rows) + "\n"


def test_participation_is_drawn_at_the_published_shares(tmp_path: Path) -> None:
    write_tables(tmp_path, hospitals=_screened(MANY), centers=None)
    market = toy(tmp_path, centers=None)
    share = market.hospitals["participates_340b"].groupby(np.arange(MANY) % 4).mean()
    # Three standard errors of 1,000 draws.
    for found, published in zip(share, (0.86, 0.86, 0.45, 0.06), strict=True):
        assert abs(found - published) < 3 * np.sqrt(published * (1 - published) / (MANY / 4))
    routes = market.hospitals["route_340b"].to_numpy()
    only = np.arange(MANY) % 4 == 2
    assert set(routes[only & (market.hospitals["zone"] == "B").to_numpy()]) == {"SCH"}
    assert set(routes[only & (market.hospitals["zone"] == "A").to_numpy()]) == {"RRC"}
    assert (routes[market.hospitals["participates_340b"].to_numpy()] != "").all()


def test_participation_depends_on_the_hospital_and_the_seed_alone(tmp_path: Path) -> None:
    write_tables(tmp_path, hospitals=_screened(200), centers=None)
    all_of_them = toy(tmp_path, centers=None).hospitals.set_index("hospital")["participates_340b"]
    other_seed = toy(tmp_path, centers=None, seed=2).hospitals.set_index("hospital")["participates_340b"]
    write_tables(tmp_path, hospitals=_screened(100), centers=None)
    half = toy(tmp_path, centers=None).hospitals.set_index("hospital")["participates_340b"]
    assert all_of_them[half.index].equals(half)
    assert not all_of_them.equals(other_seed)


def test_laboratories_are_left_out_and_campuses_share_a_center(tmp_path: Path) -> None:
    centers = CENTERS + ("8,Ashford University at Cole,comprehensive,Cole,KY,37.01,-86.42,C,7 (second campus)\n")
    hospitals = HOSPITALS.replace("COLE MEMORIAL", "ASHFORD UNIVERSITY COLE")
    write_tables(tmp_path, centers=centers, hospitals=hospitals)
    market = toy(tmp_path)
    academic = market.organizations[market.organizations["kind"] == "academic_center"]
    assert list(academic["org"]) == ["center-7"]
    assert list(market.hospitals.set_index("hospital")["org"][["H1", "H4"]]) == ["center-7", "center-7"]
    assert list(market.sites.loc[market.sites["kind"] == "amc_main", "site"]) == ["H1-cancer", "H4-cancer"]


def test_a_center_without_a_hospital_nearby_gets_one_when_generating(tmp_path: Path) -> None:
    write_tables(tmp_path, centers=CENTERS.replace("36.11,-86.81,A", "36.45,-86.45,B").replace("Ashford", "Elsewhere"))
    market = toy(tmp_path, generate=True)
    own = market.hospitals[market.hospitals["org"] == "center-7"]
    assert len(own) == 1
    assert own["generated"].all()
    assert (market.sites.loc[market.sites["org"] == "center-7", "kind"] == "amc_main").any()


def test_selecting_everything_is_selecting_nothing(tmp_path: Path) -> None:
    write_tables(tmp_path)
    equal_tables(toy(tmp_path), toy(tmp_path, select={"states": ["TN", "KY"]}))


@pytest.mark.parametrize("words", ["380", "Nashville, TN", "nashville"])
def test_a_region_is_selected_by_number_or_name(tmp_path: Path, words: str) -> None:
    write_tables(tmp_path)
    market = toy(tmp_path, select={"hrr": [words]})
    assert list(market.zones["zone"]) == ["A", "B"]
    assert market.name == "Nashville, TN"
    assert set(market.sites["zone"]) <= {"A", "B"}
    assert "own-H4" not in set(market.organizations["org"])
    kept = "Zones kept: 2 of 3. Left out with the others: hospitals 1, sites of the tables 2, centers 0."
    assert kept in market.notes


def test_a_radius_round_a_zone_of_the_table(tmp_path: Path) -> None:
    write_tables(tmp_path)
    market = toy(tmp_path, select={"around": {"place": "Ashford, TN", "miles": 35}})
    assert list(market.zones["zone"]) == ["A", "B"]


def test_an_unknown_place_is_named_where_the_scenario_has_it(tmp_path: Path) -> None:
    write_tables(tmp_path)
    with pytest.raises(InputError, match=r"^market\.select\.around\.place: 'Ashfort, TN'"):
        toy(tmp_path, select={"around": {"place": "Ashfort, TN", "miles": 35}})


def test_a_selection_keeps_draws_and_drops_visits_from_outside(tmp_path: Path) -> None:
    head, *rows = PRACTICES.splitlines()
    visiting = [
        head + ",visiting_from,visiting_fte",
        rows[0] + ",P3,0.2",
        rows[1] + ",P1,0.1",
        rows[2] + ",,",
    ]
    write_tables(tmp_path, practices="\n".join(visiting) + "\n")
    whole, part = toy(tmp_path), toy(tmp_path, select={"hrr": ["380"]})
    a, b = (m.hospitals.set_index("hospital")["participates_340b"] for m in (whole, part))
    assert a[b.index].equals(b)
    visits = part.sites.set_index("site")
    assert (visits.loc["P1", "visiting_from"], visits.loc["P1", "visiting_fte"]) == ("", 0.0)
    assert (visits.loc["P2", "visiting_from"], visits.loc["P2", "visiting_fte"]) == ("P1", 0.1)


def test_the_variable_names_the_folder_where_the_named_one_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = tmp_path / "elsewhere"
    tables.mkdir()
    write_tables(tables)
    spec = spec_of(tables, folder="not/here")
    monkeypatch.setenv("ONCSIM_DATA", str(tables))
    assert len(build_files(spec, tmp_path).zones) == 3
    monkeypatch.setenv("ONCSIM_DATA", str(tmp_path / "nor here"))
    with pytest.raises(InputError, match=r"--set market\.folder=PATH.*ONCSIM_DATA"):
        build_files(spec, tmp_path)


def _federal(data_folder: Path, **options: object) -> FilesMarket:
    tables = {
        "zones": "market/county_market.csv.gz",
        "hospitals": "market/hospitals.csv.gz",
        "practices": "facts/eom_sites_2025.csv",
        "centers": "facts/nci_cancer_centers.csv",
    }
    return WithTies(**{"source": "files", "folder": str(data_folder), **tables, **options})


@pytest.mark.data
def test_the_nashville_region_from_federal_tables(data_folder: Path) -> None:
    market = build_files(_federal(data_folder, select={"hrr": ["380"]}), Path())
    assert market.name == "Nashville, TN"
    assert len(market.zones) == 50
    assert 60 <= len(market.hospitals) <= 68
    assert "Vanderbilt University Medical Center" in set(market.hospitals["name"])
    academic = market.organizations[market.organizations["kind"] == "academic_center"]
    assert list(academic["nci"]) == ["comprehensive"]
    given = market.sites[~market.sites["generated"]]
    assert (given["org"] == "Tennessee Oncology PLLC").sum() == 24
    # 3.3 million people at the national density of medical oncologists, within a half.
    expected = 14547 * market.zones["population"].sum() / 332e6
    assert 0.5 < market.sites["oncologists"].sum() / expected < 1.5


@pytest.mark.data
def test_the_nation_from_federal_tables(data_folder: Path) -> None:
    began = time.perf_counter()
    market = build_files(_federal(data_folder), Path())
    assert time.perf_counter() - began < 8
    assert len(market.zones) == 3143
    # 5,978 hospitals less 65 in territories and 6 without a place, and one or two for centers without their
    # own.
    kept = market.hospitals[~market.hospitals["generated"]]
    assert len(kept) == 5907
    assert len(market.organizations.query("kind == 'academic_center'")) == 65
    # 460 rows less eight that repeat a building.
    assert len(market.sites[~market.sites["generated"] & (market.sites["kind"] == "office")]) == 452
    kingwood = market.sites[market.sites["name"].str.contains("Kingwood")]
    assert kingwood["zone"].isin(["48201", "48339"]).all()
    assert market.sites["oncologists"].sum() == pytest.approx(14547, rel=0.05)
    main = market.sites[market.sites["kind"] == "amc_main"].set_index("org")["hospital"]
    names = market.hospitals.set_index("hospital")["name"]
    pairs = {
        "center-55": "Vanderbilt",
        "center-9": "UCSF",
        "center-40": "Roswell Park",
        "center-59": "MD Anderson",
    }
    for center, word in pairs.items():
        assert word in names[main[center]]
