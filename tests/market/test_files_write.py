"""A market that was written reads back as the same market."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from files_toy import WithTies, toy, write_tables

from oncsim.errors import InputError
from oncsim.market.files import build_files
from oncsim.market.files_write import READ_AS, write_market
from oncsim.market.form import TABLES, Market
from oncsim.market.spec import FilesMarket


def read_back(folder: Path) -> Market:
    tables = {what: f"{table}.csv" for what, table in READ_AS.items()}
    if not len(pd.read_csv(folder / "ties.csv")):
        del tables["ties"]
    return build_files(WithTies(source="files", folder=".", generate=False, **tables), folder)


def same(one: Market, other: Market) -> None:
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table), check_exact=True)


@pytest.mark.parametrize("generate", [False, True])
def test_round_trip_of_a_small_market(tmp_path: Path, generate: bool) -> None:
    write_tables(tmp_path)
    market = toy(tmp_path, generate=generate)
    write_market(market, tmp_path / "built")
    same(market, read_back(tmp_path / "built"))


@pytest.mark.parametrize("select", [{"hrr": ["380"]}, {"states": ["HI", "AK", "VT"]}])
@pytest.mark.data
def test_round_trip_of_a_federal_market(tmp_path: Path, data_folder: Path, select: dict[str, list[str]]) -> None:
    spec = FilesMarket(
        source="files",
        folder=str(data_folder),
        zones="market/county_market.csv.gz",
        hospitals="market/hospitals.csv.gz",
        practices="facts/eom_sites_2025.csv",
        centers="facts/nci_cancer_centers.csv",
        select=select,  # type: ignore[arg-type]
    )
    market = build_files(spec, tmp_path)
    write_market(market, tmp_path / "built")
    same(market, read_back(tmp_path / "built"))


def test_round_trip_of_an_embedded_market(tmp_path: Path) -> None:
    from oncsim.market.embedded import build_embedded
    from oncsim.market.spec import EmbeddedMarket

    market = build_embedded(EmbeddedMarket(source="embedded", states=["VT"]))
    write_market(market, tmp_path)
    same(market, read_back(tmp_path))


def test_the_scenario_names_the_tables_and_generates_nothing(tmp_path: Path) -> None:
    write_tables(tmp_path)
    write_market(toy(tmp_path), tmp_path / "built")
    scenario = yaml.safe_load((tmp_path / "built" / "market.yaml").read_text(encoding="utf-8"))
    assert scenario["market"]["generate"] is False
    for what in ("zones", "hospitals", "practices", "centers"):
        assert (tmp_path / "built" / scenario["market"][what]).is_file()


def test_files_that_are_there_stay_unless_forced(tmp_path: Path) -> None:
    write_tables(tmp_path)
    market = toy(tmp_path)
    write_market(market, tmp_path / "built")
    (tmp_path / "built" / "zones.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is there already"):
        write_market(market, tmp_path / "built")
    assert (tmp_path / "built" / "zones.csv").read_text(encoding="utf-8") == "mine"
    write_market(market, tmp_path / "built", force=True)
    same(market, read_back(tmp_path / "built"))
