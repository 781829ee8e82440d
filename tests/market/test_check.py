"""A market that breaks an invariant is refused, and the column that breaks it is named."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from files_toy import toy, write_tables

from oncsim.errors import InputError
from oncsim.market.check import check_market
from oncsim.market.form import Market, empty_table, shape_table


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    folder = tmp_path_factory.mktemp("toy")
    write_tables(folder)
    return toy(folder, generate=True)


def test_a_good_market_passes(market: Market) -> None:
    check_market(market)


BROKEN: list[tuple[str, str, Any, str]] = [
    ("zones", "zone", "B", "zones.zone: 'B' is there twice"),
    ("zones", "name", "Birch, TN", "zones.name: 'Birch, TN' is there twice"),
    ("zones", "name", "", "zones.name: is blank somewhere"),
    ("zones", "lat", np.nan, "zones.lat: 1 values are missing"),
    ("zones", "lat", np.inf, "zones.lat: not every number is finite"),
    ("zones", "lat", 91.0, "zones.lat: 91 is out of range in 1 rows (from -90 to 90)"),
    ("zones", "lon", -181.0, "zones.lon: -181 is out of range"),
    ("zones", "ma_share", 1.2, "zones.ma_share: 1.2 is out of range in 1 rows (from 0 to 1)"),
    ("zones", "deprivation", -0.1, "zones.deprivation: -0.1 is out of range"),
    ("zones", "population", -5.0, "zones.population: -5 is out of range in 1 rows (at least 0)"),
    ("zones", "population_65plus", 6e5, "zones.population_65plus: more people aged 65 and over than people"),
    ("zones", "air_minutes", -1.0, "zones.air_minutes: -1 is out of range"),
    ("hospitals", "hospital", "H2", "hospitals.hospital: 'H2' is there twice"),
    ("hospitals", "org", "nobody", "hospitals.org: 'nobody' is not among the organizations"),
    ("hospitals", "org", "Cole Cancer Care", "hospitals.org: a hospital is owned by neither"),
    ("hospitals", "zone", "Z", "hospitals.zone: 'Z' is not among the zones"),
    ("hospitals", "teaching", "some", "hospitals.teaching: 'some' is not one of none, minor, major"),
    ("hospitals", "route_340b", "XYZ", "hospitals.route_340b: 'XYZ' is not one of DSH"),
    ("hospitals", "beds", -1.0, "hospitals.beds: -1 is out of range"),
    ("organizations", "kind", "payer", "organizations.kind: 'payer' is not one of practice"),
    ("organizations", "network", "nobody", "organizations.network: 'nobody' is not among the organizations"),
    (
        "organizations",
        "network",
        "S1",
        "organizations.network: a practice is a member of something that is not",
    ),
    ("sites", "site", "P2", "sites.site: 'P2' is there twice"),
    ("sites", "org", "nobody", "sites.org: 'nobody' is not among the organizations"),
    ("sites", "hospital", "H77", "sites.hospital: 'H77' is not among the hospitals"),
    ("sites", "visiting_from", "P77", "sites.visiting_from: 'P77' is not among the sites"),
    ("sites", "kind", "clinic", "sites.kind: 'clinic' is not one of office"),
    ("sites", "lines", "infusion;magic", "sites.lines: 'magic' is not one of infusion"),
    ("sites", "oncologists", -1, "sites.oncologists: -1 is out of range"),
]


@pytest.mark.parametrize(("table", "column", "value", "message"), BROKEN)
def test_says_which_column_is_broken(market: Market, table: str, column: str, value: object, message: str) -> None:
    frame: pd.DataFrame = getattr(market, table).copy()
    frame.loc[0, column] = value
    with pytest.raises(InputError) as error:
        check_market(dataclasses.replace(market, **{table: frame}))
    assert message in str(error.value)


def test_every_broken_table_is_named_at_once(market: Market) -> None:
    zones, sites = market.zones.copy(), market.sites.copy()
    zones.loc[0, "ma_share"] = 2.0
    sites.loc[0, "org"] = "nobody"
    with pytest.raises(InputError) as error:
        check_market(dataclasses.replace(market, zones=zones, sites=sites))
    assert {fault.where for fault in error.value.faults} >= {"zones.ma_share", "sites.org"}


def test_ties_join_two_organizations_once(market: Market) -> None:
    for ties, message in (
        ({"a": ["S1"], "b": ["S1"], "form": ["referral"], "age_quarters": [1]}, "is tied to itself"),
        ({"a": ["S1"], "b": ["nobody"], "form": ["referral"], "age_quarters": [1]}, "ties.b: 'nobody'"),
        ({"a": ["S1"], "b": ["own-H4"], "form": ["love"], "age_quarters": [1]}, "ties.form: 'love'"),
        (
            {"a": ["S1"] * 2, "b": ["own-H4"] * 2, "form": ["referral"] * 2, "age_quarters": [1, 2]},
            "tied twice",
        ),
    ):
        with pytest.raises(InputError) as error:
            check_market(dataclasses.replace(market, ties=shape_table("ties", pd.DataFrame(ties))))
        assert message in str(error.value)


def test_a_market_needs_people_sites_and_oncologists(market: Market) -> None:
    nobody = market.zones.assign(population=0.0, population_65plus=0.0)
    healthy = market.zones.assign(cases_per_year=0.0)
    unstaffed = market.sites.assign(oncologists=0)
    for changed, message in (
        ({"zones": nobody}, "nobody lives in the market"),
        ({"zones": healthy}, "nobody falls ill"),
        ({"sites": empty_table("sites")}, "there is no site of care"),
        ({"sites": unstaffed}, "no site has an oncologist"),
    ):
        with pytest.raises(InputError) as error:
            check_market(dataclasses.replace(market, **changed))
        assert message in str(error.value)


def test_columns_must_be_those_of_the_form(market: Market) -> None:
    with pytest.raises(InputError, match=r"sites: does not have the columns of the form \(chairs\)"):
        check_market(dataclasses.replace(market, sites=market.sites.drop(columns="chairs")))


def test_the_market_is_named_in_every_line(tmp_path: Path, market: Market) -> None:
    with pytest.raises(InputError) as error:
        check_market(dataclasses.replace(market, name="Toy", sites=empty_table("sites")))
    assert all(line.startswith("market 'Toy': ") for line in str(error.value).splitlines())
