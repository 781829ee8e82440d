"""Service lines of hospitals: by rule where nothing is known, kept where it is, the same after writing and reading."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from files_toy import HOSPITALS, toy, write_tables

from markets import MIXED, VERMONT, built
from oncsim.market.files_write import write_market
from oncsim.market.hospital_lines import UNKNOWN, with_hospital_lines


def lines_of(beds: float, critical: bool, site_kind: str, site_lines: str, known: str = UNKNOWN) -> str:
    hospitals = pd.DataFrame({"hospital": ["H"], "beds": [beds], "critical_access": [critical], "lines": [known]})
    sites = pd.DataFrame({"hospital": ["H"], "kind": [site_kind], "lines": [site_lines]})
    return str(with_hospital_lines(hospitals, sites)["lines"].iat[0])


@pytest.mark.parametrize(
    ("beds", "critical", "kind", "site", "lines"),
    [
        (20, True, "hopd_on_campus", "infusion;radiation", "imaging;inpatient"),
        (100, False, "hopd_on_campus", "infusion", "surgery;imaging;biopsy;inpatient"),
        (100, False, "hopd_on_campus", "infusion;radiation", "radiation;surgery;imaging;biopsy;inpatient"),
        (100, False, "hopd_off_campus", "infusion;radiation", "surgery;imaging;biopsy;inpatient"),
        (100, False, "amc_main", "infusion;radiation", "radiation;surgery;imaging;biopsy;inpatient"),
        (250, False, "office", "infusion", "radiation;surgery;imaging;biopsy;inpatient"),
    ],
)
def test_the_rule(beds: float, critical: bool, kind: str, site: str, lines: str) -> None:
    assert lines_of(beds, critical, kind, site) == lines


@pytest.mark.parametrize("known", ["", "surgery"])
def test_what_is_known_stays(known: str) -> None:
    assert lines_of(800, False, "amc_main", "infusion;radiation", known) == known


@pytest.mark.parametrize("market", [MIXED, VERMONT], ids=["archetype", "embedded"])
def test_every_generated_hospital_has_lines(market: dict[str, object]) -> None:
    hospitals = built(market).hospitals
    small = hospitals["critical_access"]
    assert (hospitals.loc[small, "lines"] == "imaging;inpatient").all() and small.any()
    assert hospitals.loc[~small, "lines"].str.contains("surgery;imaging;biopsy;inpatient").all()
    assert hospitals.loc[hospitals["beds"] >= 250, "lines"].str.contains("radiation").all()


@pytest.mark.parametrize("generate", [False, True])
def test_a_table_may_give_lines_or_none_and_a_psychiatric_hospital_has_none(tmp_path: Path, generate: bool) -> None:
    header, *rows = HOSPITALS.splitlines()
    given = [f"{row},{lines}" for row, lines in zip(rows, ("surgery; biopsy", "", "", "none"), strict=True)]
    asylum = "H5,QUIET HILL,C,COLE,KY,37.01,-86.42,90,PH,nonprofit,none,,no,,,,,no,"
    write_tables(tmp_path, hospitals="\n".join([f"{header},lines", *given, asylum]) + "\n")
    market = toy(tmp_path, generate=generate)
    lines = market.hospitals.set_index("hospital")["lines"]
    assert lines["H1"] == "surgery;biopsy" and lines["H3"] == "imaging;inpatient"
    assert lines["H4"] == lines["H5"] == ""
    write_market(market, tmp_path / "built")
    from oncsim.market import build_market
    from oncsim.scenario import load_scenario

    again = load_scenario(tmp_path / "built" / "market.yaml")
    pd.testing.assert_frame_equal(build_market(again.market, again.folder).hospitals, market.hospitals)


def test_a_table_of_ties_may_say_trust_and_checks(tmp_path: Path) -> None:
    ties = (
        "a,b,form,trust_ab,trust_ba,checks_per_year\nCole Cancer Care,S1,referral,0.7,0,4\nAshford Oncology,S1,referral,,,\n"
    )
    write_tables(tmp_path, ties=ties)
    market = toy(tmp_path)
    rows = market.ties[["a", "trust_ab", "trust_ba", "checks_per_year"]].to_numpy().tolist()
    assert rows[0] == ["Cole Cancer Care", 0.7, 0.0, 4.0] and rows[1][1:] == [-1.0, -1.0, -1.0]
    write_market(market, tmp_path / "built")
    from oncsim.market import build_market
    from oncsim.scenario import load_scenario

    again = load_scenario(tmp_path / "built" / "market.yaml")
    pd.testing.assert_frame_equal(build_market(again.market, again.folder).ties, market.ties)
