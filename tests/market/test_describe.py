"""What is said of a market adds up to what it holds."""

from __future__ import annotations

from pathlib import Path

from files_toy import toy, write_tables

from oncsim.market.describe import describe_market


def number(text: str) -> float:
    return float(text.replace(",", ""))


def test_parts_add_up(tmp_path: Path) -> None:
    write_tables(tmp_path)
    market = toy(tmp_path, generate=True)
    place, hospitals, organizations, sites = describe_market(market)
    facts = dict(row[:2] for row in place.rows)
    assert number(facts["people"]) == 650000
    *classes, everything = hospitals.rows
    for column in range(1, 5):
        assert sum(number(row[column]) for row in classes) == number(everything[column])
    *kinds, members = organizations.rows
    assert sum(number(row[1]) for row in kinds) == len(market.organizations)
    assert sum(number(row[3]) for row in kinds) == market.sites["oncologists"].sum()
    assert number(members[1]) <= number(kinds[0][1])
    assert sum(number(row[1]) for row in sites.rows[:-1]) == len(market.sites)


def test_zones_without_an_oncologist(tmp_path: Path) -> None:
    write_tables(tmp_path)
    place = describe_market(toy(tmp_path))[0]
    facts = dict(row[:2] for row in place.rows)
    assert facts["zones without an oncologist"] == "0.0%"
    write_tables(tmp_path, practices="site,org,state,lat,lon,oncologists\nP1,X,TN,36.1,-86.8,1\n")
    facts = dict(row[:2] for row in describe_market(toy(tmp_path))[0].rows)
    assert facts["zones without an oncologist"] == "33.3%"
    assert facts["people in those zones"] == f"{100 * 60 / 650:.1f}%"
