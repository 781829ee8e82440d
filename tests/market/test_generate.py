"""The generator with some providers given: what is given stays, what is missing is made."""

import numpy as np
import pandas as pd
import pytest

from oncsim.market.form import ORGANIZATION_COLUMNS, SITE_COLUMNS, empty_table, shape_table
from oncsim.market.generate import Providers, generate_providers
from oncsim.market.generate_sites import site_row
from oncsim.market.zones import county_zones

ZONES = county_zones(["NH", "VT"])


def organization(org: str, kind: str, **more: object) -> dict[str, object]:
    row: dict[str, object] = {
        "org": org, "name": f"Name of {org}", "kind": kind, "state": "VT", "lat": 44.48, "lon": -73.21,
        "nci": "", "investor_owned": False, "network": "", "generated": False,
    }  # fmt: skip
    return row | more


def hospital(name: str, org: str, zone: str, beds: float = 120.0) -> dict[str, object]:
    return {
        "hospital": name, "name": f"Name of {name}", "org": org, "zone": zone, "state": "VT",
        "lat": 44.5, "lon": -73.2, "beds": beds,
        "teaching": "none", "control": "nonprofit", "critical_access": False, "dsh_pct": 0.0,
        "route_340b": "", "hospital_class": "general", "participates_340b": False, "generated": False,
    }  # fmt: skip


def given() -> dict[str, pd.DataFrame]:
    organizations = [organization("G", "practice"), organization("S", "health_system")]
    organizations.append(organization("A", "academic_center", nci="clinical"))
    sites = [
        site_row(f"G{n}", f"Office {n}", "G", "office", zone, -1, lat=44.4, lon=-73.2, generated=False)
        for n, zone in enumerate(["50007", "50007", "50023", "50021"])
    ]
    hospitals = [
        hospital("HA", "A", "50007", 500.0),
        hospital("HS", "S", "50007"),
        hospital("HR", "S", "50021"),
    ]
    return {
        "organizations": shape_table("organizations", pd.DataFrame(organizations)),
        "sites": shape_table("sites", pd.DataFrame(sites)),
        "hospitals": shape_table("hospitals", pd.DataFrame(hospitals)),
    }


def fill(seed: int = 1, zones: pd.DataFrame = ZONES, **more: object) -> Providers:
    tables: dict[str, object] = {**given(), **more}
    return generate_providers(zones, seed=seed, **tables)  # type: ignore[arg-type]


def test_given_rows_keep_their_values() -> None:
    made, tables = fill(), given()
    pd.testing.assert_frame_equal(made.hospitals, tables["hospitals"].sort_values("hospital").reset_index(drop=True))
    kept = made.organizations[made.organizations["org"].isin(["A", "G", "S"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, tables["organizations"].sort_values("org").reset_index(drop=True))
    sites = made.sites.set_index("site").loc[["G0", "G1", "G2", "G3"]]
    before = tables["sites"].set_index("site")
    for column in set(SITE_COLUMNS) - {
        "site",
        "oncologists",
        "chairs",
        "lines",
        "visiting_from",
        "visiting_fte",
    }:
        assert sites[column].tolist() == before[column].tolist(), column


def test_unknown_staff_of_given_sites_is_filled_in() -> None:
    sites = fill().sites.set_index("site").loc[["G0", "G1", "G2", "G3"]]
    assert ((sites["oncologists"] > 0) | (sites["visiting_fte"] > 0)).all()
    assert (sites["chairs"] >= 1).all() and (sites["lines"] != "").all()


def test_known_staff_and_chairs_are_kept() -> None:
    sites = given()["sites"].assign(oncologists=[7, 0, 1, 2], chairs=[31.0, 4.0, 5.0, 6.0])
    made = fill(sites=sites).sites.set_index("site")
    assert made.loc[["G0", "G2", "G3"], "oncologists"].tolist() == [7, 1, 2]
    assert made.loc[["G0", "G1", "G2", "G3"], "chairs"].tolist() == [31.0, 4.0, 5.0, 6.0]


def test_a_given_center_gets_a_main_site_at_its_hospital() -> None:
    sites = fill().sites
    main = sites[sites["kind"] == "amc_main"]
    assert main["org"].tolist() == ["A"] and main["hospital"].tolist() == ["HA"]


def test_hospitals_without_owner_get_one() -> None:
    hospitals = given()["hospitals"]
    made = fill(hospitals=hospitals.assign(org=hospitals["org"].replace("S", "")))
    assert (made.hospitals["org"] != "").all()
    assert made.hospitals["org"].isin(made.organizations["org"]).all()
    assert made.hospitals.set_index("hospital").at["HA", "org"] == "A"


def test_centers_beside_given_hospitals_get_their_own() -> None:
    center = {
        "center": "A99",
        "name": "New Center",
        "designation": "clinical",
        "city": "Hanover",
        "state": "NH",
    }
    centers = pd.DataFrame([center | {"lat": 43.7, "lon": -72.3, "zone": "33009"}])
    made = fill(centers=centers)
    assert made.hospitals.loc[made.hospitals["org"] == "A99", "teaching"].tolist() == ["major"]
    assert made.sites.loc[made.sites["org"] == "A99", "kind"].tolist()[0] == "amc_main"


def test_weights_say_where_oncologists_are() -> None:
    weights = pd.Series(0.0, index=ZONES["zone"])
    weights["50007"], weights["33011"] = 40.0, 25.0
    made = generate_providers(ZONES, seed=1, weights=weights)
    staff = made.sites.groupby("zone")["oncologists"].sum()
    assert staff[staff > 0].to_dict() == {"50007": 40, "33011": 25}


def test_no_weight_anywhere_generates_no_oncologist() -> None:
    made = fill(
        sites=empty_table("sites"),
        organizations=given()["organizations"].query("org == 'S'"),
        hospitals=given()["hospitals"].query("org == 'S'"),
        weights=pd.Series(0.0, index=ZONES["zone"]),
    )
    assert len(made.sites) == 0 and len(made.ties) == 0


def test_the_order_of_rows_does_not_matter() -> None:
    turned = {name: table.iloc[::-1].reset_index(drop=True) for name, table in given().items()}
    once = fill()
    again = generate_providers(ZONES.iloc[::-1], seed=1, **turned)
    for a, b in zip(once[:4], again[:4], strict=True):
        pd.testing.assert_frame_equal(a, b)


def test_zones_that_are_no_counties_get_national_averages() -> None:
    zones = ZONES.assign(zone="zz" + ZONES["zone"], state="", name=[f"Town {n}" for n in range(len(ZONES))])
    made = generate_providers(zones, seed=3)
    people, elderly = zones["population"].sum(), zones["population_65plus"].sum()
    assert made.sites["oncologists"].sum() == pytest.approx(elderly * 25e-5, rel=0.35)
    assert len(made.hospitals) == pytest.approx(people * 4518 / 328.2e6, rel=0.15)


def test_organizations_are_seated_at_a_site() -> None:
    made = fill()
    practices = made.organizations[made.organizations["kind"] == "practice"]
    assert np.isfinite(practices[["lat", "lon"]].to_numpy()).all()
    assert list(made.organizations) == list(ORGANIZATION_COLUMNS)
