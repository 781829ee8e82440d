"""A small market as user's tables: three zones in two states, four hospitals, two practices, a center."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from oncsim.market.files import build_files
from oncsim.market.form import Market
from oncsim.market.spec import FilesMarket

ZONES = """\
zone,name,state,lat,lon,population,population_65plus,land_sqmi,rural,deprivation,poverty_share,uninsured_share,\
medicaid_share,ma_share,cases_per_year,hrr,hrr_name
A,"Ashford, TN",TN,36.10,-86.80,500000,75000,500,no,0.5,0.12,0.10,0.2,0.5,2400,380,"Nashville, TN"
B,"Birch, TN",TN,36.40,-86.40,60000,12000,600,yes,0.8,0.20,0.14,0.3,0.4,390,380,"Nashville, TN"
C,"Cole, KY",KY,37.00,-86.40,90000,15000,500,no,0.7,0.16,0.09,0.3,0.5,480,381,"Bowling Green, KY"
"""
HOSPITALS = """\
hospital,name,zone,city,state,lat,lon,beds,facility_type,control,teaching,dsh_pct,elig340b_screen,\
system_id,system_name,oncologists,chairs,participates_340b
H1,ASHFORD UNIVERSITY HOSPITAL,A,ASHFORD,TN,36.11,-86.81,800,STH,nonprofit,major,0.15,DSH,,,12,60,yes
H2,ASHFORD GENERAL,A,ASHFORD,TN,36.15,-86.75,300,STH,proprietary,none,0.05,no,S1,Tall Oaks,4,,no
H3,BIRCH COUNTY HOSPITAL,B,BIRCH,TN,36.41,-86.41,25,CAH,government,none,,CAH,S1,Tall Oaks,,,
H4,COLE MEMORIAL,C,COLE,KY,37.01,-86.42,150,STH,nonprofit,minor,0.13,DSH,,,2,10,yes
"""
PRACTICES = """\
site,participant,city,state,lat,lon,zone,oncologists,chairs,network
P1,Ashford Oncology,Ashford,TN,36.12,-86.79,A,6,30,Green Network
P2,Ashford Oncology,Birch,TN,36.40,-86.42,B,1,,Green Network
P3,Cole Cancer Care,Cole,KY,37.02,-86.41,C,3,,
"""
CENTERS = """\
nci_id,name,designation,city,state,lat,lon,zone,same_center_as
7,Ashford University Cancer Center,comprehensive,Ashford,TN,36.11,-86.81,A,
9,Somewhere Laboratory,basic laboratory,,KY,,,,
"""
TABLES = {"zones": ZONES, "hospitals": HOSPITALS, "practices": PRACTICES, "centers": CENTERS}


class WithTies(FilesMarket):
    """The section with a table of partnerships."""

    ties: str | None = None


def write_tables(folder: Path, **changed: str | bytes | None) -> None:
    """Write the toy tables, some of them changed or (None) left out."""
    for what, content in {**TABLES, **changed}.items():
        if isinstance(content, bytes):
            (folder / f"{what}.csv").write_bytes(content)
        elif content is not None:
            (folder / f"{what}.csv").write_text(content, encoding="utf-8")


def spec_of(place: Path, **options: Any) -> FilesMarket:
    """Return the section of a scenario that names the tables of a folder."""
    tables = {w: f"{w}.csv" for w in (*TABLES, "ties") if (place / f"{w}.csv").exists()}
    return WithTies(**{"source": "files", "folder": ".", "generate": False, **tables, **options})


def toy(folder: Path, **options: Any) -> Market:
    """Build the market of the tables in a folder."""
    return build_files(spec_of(folder, **options), folder)
