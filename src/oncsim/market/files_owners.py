"""Organisations of a files market: the systems, centers, practices and networks that the tables name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from oncsim.market.files_faults import Faults, near_miss
from oncsim.market.files_names import place_name, unique_names
from oncsim.market.files_parse import Table
from oncsim.market.files_practices import UNKNOWN, usual_chairs, usual_lines
from oncsim.market.form import LEFT_OPEN

_FIELDS = ("org", "name", "kind", "state", "lat", "lon", "nci", "investor_owned", "network", "generated")


class Owners:
    """The organisations named so far, in the order in which they were named, each once."""

    def __init__(self, described: pd.DataFrame) -> None:
        self._rows: dict[str, dict[str, Any]] = {}
        self._place: dict[str, str] = {}
        for row in described.to_dict("records"):
            self._rows[str(row["org"])] = {field: row[field] for field in _FIELDS}
        self._fixed = set(self._rows)

    def add(self, org: str, name: str, kind: str, state: str, lat: float, lon: float, place: str = "") -> None:
        """Add an organisation; one that was described, or named before, stays as it is."""
        if org not in self._rows:
            self._rows[org] = dict(zip(_FIELDS, (org, name, kind, state, lat, lon, "", False, "", False), strict=True))
            self._place[org] = place

    def kind(self, org: str) -> str:
        """Return the kind of an organisation."""
        return str(self._rows[org]["kind"])

    def identity(self, text: str) -> str:
        """Return the identity meant by an identity or a name; the text itself where it is neither."""
        if text in self._rows:
            return text
        named = [org for org, row in self._rows.items() if row["name"] == text]
        return named[0] if len(named) == 1 else text

    def join_network(self, practice: str, network: str) -> None:
        """Make a practice a member of a network, which is added where nobody described it."""
        row = self._rows[practice]
        network = self.identity(network)
        self.add(network, network, "network", row["state"], row["lat"], row["lon"])
        row["network"] = network

    def network_of(self, practice: str) -> str:
        """Return the network of a practice, or a blank."""
        return str(self._rows[practice]["network"])

    def seat(self, org: str, state: str, lat: float, lon: float) -> None:
        """Give a seat to an organisation that has none."""
        row = self._rows[org]
        if row["lat"] != row["lat"] or row["lon"] != row["lon"]:
            row["lat"], row["lon"], row["state"] = lat, lon, row["state"] or state

    def frame(self) -> pd.DataFrame:
        """Return the organisations with names told apart."""
        rows = list(self._rows.values())
        frame = pd.DataFrame(rows, columns=list(_FIELDS))
        ids = [str(org) for org in frame["org"]]
        places = [self._place.get(org, "") for org in ids]
        frame["name"] = unique_names([str(n) for n in frame["name"]], places, ids)
        return frame


def add_hospital_owners(owners: Owners, hospitals: pd.DataFrame) -> None:
    """Add the systems that own the hospitals, and each hospital without one as a system of its own."""
    # The largest hospital is the seat; identity breaks ties, so the order of rows does not matter.
    by_size = hospitals.sort_values(["beds", "hospital"], ascending=[False, True]).drop_duplicates("org")
    seats = {str(row["org"]): row for row in by_size.to_dict("records")}
    called = hospitals[hospitals["org_name"] != ""]
    named = dict(zip(called["org"].astype(str), called["org_name"].astype(str), strict=True))
    for org in dict.fromkeys(str(owner) for owner in hospitals["org"]):
        seat = seats[org]
        state, lat, lon = str(seat["state"]), float(seat["lat"]), float(seat["lon"])
        alone = org == f"own-{seat['hospital']}"
        name = named.get(org, "") or (str(seat["name"]) if alone else org)
        owners.add(org, name, "health_system", state, lat, lon, place_name(str(seat["city"]), state))
        owners.seat(org, state, lat, lon)


def add_practices(owners: Owners, sites: pd.DataFrame) -> pd.DataFrame:
    """Add the practices that own the sites, and their networks; return the sites with owner identities."""
    sites = sites.copy()
    sites["org"] = [owners.identity(str(org)) for org in sites["org"]]
    rows = zip(sites["org"].astype(str), sites["state"].astype(str), sites["lat"], sites["lon"], strict=True)
    for org, state, lat, lon in rows:
        owners.add(org, org, "practice", state, float(lat), float(lon))
        owners.seat(org, state, float(lat), float(lon))
    for owner, members in sites[sites["network"] != ""].groupby("org", sort=False):
        org, names = str(owner), sorted(set(members["network"]))
        owners.join_network(org, names[0])
    return sites


def check_kinds(owners: Owners, sites: pd.DataFrame, table: Table | None, faults: Faults) -> None:
    """Report sites of hospital kinds that belong to a practice."""
    if table is None:
        return
    line_of = dict(zip(table.text("site"), table.lines, strict=True))
    for site, kind, org in zip(sites["site"], sites["kind"], sites["org"], strict=True):
        if str(kind).startswith(("hopd", "amc")) and owners.kind(str(org)) == "practice":
            message = f"{kind!r} belongs to a hospital, but {org!r} is a practice (name the owner of a hospital)"
            faults.add(table.file, line_of.get(site, 1), table.places.get("kind", 1), "kind", message)


def hospital_sites(hospitals: pd.DataFrame, generate: bool) -> pd.DataFrame:
    """Return the sites of the hospitals whose rows count oncologists, and the main sites of some centers.

    A center whose oncologists nobody counts has a site here only where they may be generated, and the
    generator would not put it at the same hospital: the largest, and one a center.
    """
    largest = hospitals.sort_values(["beds", "hospital"]).drop_duplicates("org", keep="last")["hospital"]
    campuses = hospitals[hospitals["main_campus"]].groupby("org")["hospital"].transform("size")
    several = (campuses > 1).reindex(hospitals.index, fill_value=False)
    elsewhere = hospitals["main_campus"] & (several | ~hospitals["hospital"].isin(largest))
    staffed = hospitals[hospitals["oncologists"].notna() | (elsewhere & generate)]
    kind = np.where(staffed["main_campus"], "amc_main", "hopd_on_campus")
    oncologists = staffed["oncologists"].fillna(UNKNOWN).to_numpy()
    return pd.DataFrame(
        {
            "site": [f"{h}-cancer" for h in staffed["hospital"]],
            "name": [f"{n} cancer program" for n in staffed["name"]],
            "org": staffed["org"].to_numpy(),
            "kind": kind,
            "hospital": staffed["hospital"].to_numpy(),
            "zone": staffed["zone"].to_numpy(),
            "lat": staffed["lat"].to_numpy(),
            "lon": staffed["lon"].to_numpy(),
            "chairs": usual_chairs(staffed["chairs"].to_numpy(), oncologists),
            "oncologists": oncologists.astype(np.int64),
            "visiting_from": "",
            "visiting_fte": 0.0,
            "lines": "" if generate else usual_lines(np.full(len(kind), "", dtype=object), kind),
            "excepted": False,
            "generated": False,
        }
    )


def shape_ties(table: Table, orgs: set[str], faults: Faults) -> pd.DataFrame:
    """Return the partnerships of a table; both ends must be organisations of the market."""
    for name in ("a", "b"):
        for row, org in enumerate(table.text(name)):
            if org and org not in orgs:
                table.fault(
                    faults,
                    row,
                    name,
                    f"{org!r} is not an organisation of the tables{near_miss(org, orgs)}",
                )
    age = np.nan_to_num(table.number("age_quarters")).astype(np.int64)
    ties = pd.DataFrame({"a": table.text("a"), "b": table.text("b"), "form": table.text("form"), "age_quarters": age})
    left_open = {name: np.nan_to_num(table.number(name), nan=float(UNKNOWN)) for name in LEFT_OPEN["ties"]}
    return ties.assign(**left_open)
