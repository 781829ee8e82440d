"""Build ``src/oncsim/market/data/counties.csv.gz`` from two public wheels that oncsim does not depend on.

``covidcast`` 0.2.2 carries Census Bureau tables (2019 population estimates, 2019 cartographic boundaries with
land area, metropolitan delineation); ``zipcodes`` 3.0.0 carries points of ZIP codes, whose mean per county
lies nearer to where people live than the centre of the county's polygon.

    python tools/build_embedded_geography.py [--covidcast WHEEL] [--zipcodes WHEEL] [--out FILE]

Without paths both wheels are fetched with ``pip download --no-deps`` into a temporary folder.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib
import io
import re
import struct
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[1] / "src/oncsim/market/data/counties.csv.gz"
WHEELS = ("covidcast==0.2.2", "zipcodes==3.0.0")
SQUARE_METRES_PER_SQUARE_MILE = 2_589_988.110336
COLUMNS = (
    "fips", "name", "state", "lat", "lon", "population", "land_sqmi", "cbsa", "cbsa_name", "cbsa_population",
    "size_class", "rural", "air_minutes",
)  # fmt: skip

STATES = {
    "01": "AL", "02": "AK", "04": "AZ", "05": "AR", "06": "CA", "08": "CO", "09": "CT", "10": "DE",
    "11": "DC", "12": "FL", "13": "GA", "15": "HI", "16": "ID", "17": "IL", "18": "IN", "19": "IA",
    "20": "KS", "21": "KY", "22": "LA", "23": "ME", "24": "MD", "25": "MA", "26": "MI", "27": "MN",
    "28": "MS", "29": "MO", "30": "MT", "31": "NE", "32": "NV", "33": "NH", "34": "NJ", "35": "NM",
    "36": "NY", "37": "NC", "38": "ND", "39": "OH", "40": "OK", "41": "OR", "42": "PA", "44": "RI",
    "45": "SC", "46": "SD", "47": "TN", "48": "TX", "49": "UT", "50": "VT", "51": "VA", "53": "WA",
    "54": "WV", "55": "WI", "56": "WY",
}  # fmt: skip

# Names that the ZIP table spells otherwise than the Census Bureau, or areas renamed or divided since 2019.
ALIASES = {
    ("AK", "copperriver"): "valdezcordova",
    ("AK", "chugach"): "valdezcordova",
    ("AK", "princeofwalesouterketchikan"): "princeofwaleshyder",
}

# Minutes added to any trip out of a zone by air or sea (judgement: flight or crossing, wait and transfers).
AIR_MINUTES = {
    # Hawaii: flights between islands. Alaska: roadless boroughs and census areas.
    "15001": 120, "15003": 120, "15005": 150, "15007": 120, "15009": 120,
    "02013": 240, "02016": 300, "02050": 150, "02060": 120, "02070": 150, "02100": 120, "02105": 150,
    "02110": 150,
    "02130": 150, "02150": 120, "02158": 200, "02164": 150, "02180": 180, "02185": 200, "02188": 180,
    "02195": 180,
    "02198": 180, "02220": 150, "02230": 120, "02275": 180, "02282": 180, "02290": 150,
    # Islands of the other states without a bridge.
    "25007": 75, "25019": 120, "53055": 90,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the embedded county table.")
    parser.add_argument("--covidcast", type=Path, help="wheel of covidcast 0.2.2")
    parser.add_argument("--zipcodes", type=Path, help="wheel of zipcodes 3.0.0 for this platform")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.covidcast is None or given.zipcodes is None:
            subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder, *WHEELS], check=True)
        census = given.covidcast or next(Path(folder).glob("covidcast-*.whl"))
        postal = given.zipcodes or next(Path(folder).glob("zipcodes-*.whl"))
        rows, unmatched = build(census, read_zip_points(postal, Path(folder) / "unpacked"))
    write(rows, given.out)
    print(f"{len(rows)} counties, {sum(r['population'] for r in rows):,} people -> {given.out}")
    print(f"ZIP codes whose county could not be matched: {len(unmatched)}")
    for line in sorted(unmatched):
        print("  ", line)
    return 0


def build(census: Path, zips: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Join the tables; return one row a county and the ZIP codes that found none."""
    with zipfile.ZipFile(census) as wheel:
        counties = list(read_counties(wheel))
        land = dict(read_land(wheel))
        metro = read_metro(wheel)
    points, unmatched = points_by_county(counties, zips)
    rows = []
    for fips, name, population in counties:
        state = STATES[fips[:2]]
        if not points.get(fips):
            raise SystemExit(f"no ZIP point in {fips} {name}")
        lat, lon = mean_point(points[fips])
        code, cbsa_name, cbsa_population, is_metro = metro.get(fips, ("", "", 0, False))
        rows.append(
            {
                "fips": fips,
                "name": f"{short_name(name)}, {state}",
                "state": state,
                "lat": f"{lat:.4f}",
                "lon": f"{lon:.4f}",
                "population": population,
                "land_sqmi": f"{land[fips] / SQUARE_METRES_PER_SQUARE_MILE:.1f}",
                "cbsa": code if is_metro else "",
                "cbsa_name": cbsa_name if is_metro else "",
                "cbsa_population": cbsa_population if is_metro else 0,
                "size_class": size_class(cbsa_population, is_metro, bool(code)),
                "rural": int(not is_metro),
                "air_minutes": AIR_MINUTES.get(fips, 0),
            }
        )
    return rows, unmatched


def read_counties(wheel: zipfile.ZipFile) -> Iterator[tuple[str, str, int]]:
    """Give FIPS code, name and 2019 population of each county (summary level 50)."""
    for row in rows_of(wheel, "covidcast/geo_mappings/county_census.csv"):
        if int(row["SUMLEV"]) == 50:
            yield (
                f"{int(row['STATE']):02d}{int(row['COUNTY']):03d}",
                row["CTYNAME"],
                int(row["POPESTIMATE2019"]),
            )


def rows_of(wheel: zipfile.ZipFile, member: str) -> Iterator[dict[str, str]]:
    data = wheel.read(member)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:  # the Census Bureau's own encoding
        text = data.decode("latin-1")
    yield from csv.DictReader(io.StringIO(text))


def read_land(wheel: zipfile.ZipFile) -> Iterator[tuple[str, float]]:
    """Give FIPS code and land area in square metres from the attribute table of the boundaries."""
    data = wheel.read("covidcast/shapefiles/county/cb_2019_us_county_5m.dbf")
    count, header, width = struct.unpack("<IHH", data[4:12])
    fields, at = {}, 1
    for start in range(32, header - 1, 32):
        name = data[start : start + 11].split(b"\0")[0].decode()
        length = data[start + 16]
        fields[name] = slice(at, at + length)
        at += length
    for number in range(count):
        record = data[header + number * width : header + (number + 1) * width]
        yield record[fields["GEOID"]].decode().strip(), float(record[fields["ALAND"]])


def read_metro(wheel: zipfile.ZipFile) -> dict[str, tuple[str, str, int, bool]]:
    """Return code, name, population and whether metropolitan (not micropolitan) of each county's area."""
    areas: dict[str, tuple[str, int, bool]] = {}
    members: dict[str, str] = {}
    for row in rows_of(wheel, "covidcast/geo_mappings/msa_census.csv"):
        if row["LSAD"] in ("Metropolitan Statistical Area", "Micropolitan Statistical Area"):
            areas[row["CBSA"]] = (row["NAME"], int(row["POPESTIMATE2019"]), row["LSAD"].startswith("Metro"))
        elif row["LSAD"] == "County or equivalent":
            members[row["STCOU"].zfill(5)] = row["CBSA"]
    return {fips: (code, *areas[code]) for fips, code in members.items()}


def size_class(population: int, is_metro: bool, has_core: bool) -> int:
    """Return 1-3 for metropolitan areas of a million, a quarter million, less; 4 micropolitan; 5 none."""
    if is_metro:
        return 1 if population >= 1_000_000 else 2 if population >= 250_000 else 3
    return 4 if has_core else 5


def read_zip_points(wheel: Path, folder: Path) -> list[dict[str, Any]]:
    """Return the ZIP codes of the wheel, whose data is compiled in and can only be read by importing it."""
    zipfile.ZipFile(wheel).extractall(folder)
    sys.path.insert(0, str(folder))
    return list(importlib.import_module("zipcodes").list_all())


def points_by_county(
    counties: list[tuple[str, str, int]], zips: list[dict[str, Any]]
) -> tuple[dict[str, list[tuple[float, float]]], list[str]]:
    """Return the ZIP points of each county (all kinds where it has no ordinary one), and the rest."""
    full = {(STATES[fips[:2]], plain(name)): fips for fips, name, _ in counties}
    base: dict[tuple[str, str], str] = {}
    for fips, name, _ in sorted(counties, key=lambda c: plain(c[1]).endswith(" city")):
        base.setdefault((STATES[fips[:2]], stem(name)), fips)
    ordinary, other = defaultdict(list), defaultdict(list)
    unmatched = []
    for row in zips:
        state = row["state"]
        if state not in STATES.values():
            continue
        short = stem(row["county"])
        fips = (
            full.get((state, plain(row["county"])))
            or base.get((state, short))
            or base.get((state, ALIASES.get((state, short), "")))
        )
        if fips is None:
            unmatched.append(f"{row['zip_code']} {row['city']}, {state}: county {row['county']!r}")
            continue
        is_ordinary = row["zip_code_type"] != "UNIQUE"  # not the codes of one large mail customer
        (ordinary if is_ordinary else other)[fips].append((float(row["lat"]), float(row["long"])))
    points = {fips: ordinary.get(fips) or other[fips] for fips in {*ordinary, *other}}
    for fips, name, _ in counties:
        if fips not in points:
            points[fips] = points_of_town(STATES[fips[:2]], stem(name), zips)
    return points, unmatched


def points_of_town(state: str, town: str, zips: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Return the ZIP points of an independent city whose ZIP codes are filed under the county round it."""
    return [
        (float(row["lat"]), float(row["long"]))
        for row in zips
        if row["state"] == state and town in {stem(n) for n in [row["city"], *row["acceptable_cities"]]}
    ]


def plain(name: str) -> str:
    """Return a name without accents, case and punctuation."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", " ", ascii_name.lower().replace("'", "")).strip()


def stem(name: str) -> str:
    """Return a plain name without the word for its kind of area."""
    text = plain(name)
    text = re.sub(r"^(municipality|city and borough) of ", "", text)
    text = re.sub(r" (county|parish|city and borough|borough|census area|municipality|city)$", "", text)
    text = re.sub(r"\b(st|sainte|ste)\b", "saint", text)
    return text.replace(" ", "")


def short_name(name: str) -> str:
    """Return 'Davidson' for 'Davidson County' and 'Baltimore city' for the independent city."""
    return re.sub(r" (County|Parish|City and Borough|Borough|Census Area|Municipality)$", "", name)


def mean_point(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the mean of points, also across the antimeridian (longitudes are turned to one side first)."""
    lats, lons = zip(*points, strict=True)
    if max(lons) - min(lons) > 180:
        lons = tuple(lon - 360 if lon > 0 else lon for lon in lons)
    lon = sum(lons) / len(lons)
    return sum(lats) / len(lats), lon + 360 if lon < -180 else lon


def write(rows: list[dict[str, Any]], out: Path) -> None:
    """Write the table so that the same rows give the same bytes (no time stamp in the gzip header)."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: row["fips"]))
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.getvalue().encode())


if __name__ == "__main__":
    raise SystemExit(main())
