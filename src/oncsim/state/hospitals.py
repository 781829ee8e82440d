"""Hospitals: what makes a department a hospital department, and a drug a 340B drug."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.codes import HOSPITAL_CLASSES, ROUTES_340B, SERVICE_LINES, TEACHING
from oncsim.randomness import identities
from oncsim.state.columns import Columns


class Hospitals(Columns):
    """Rows are hospitals; ``org`` is the owning organisation; ``route`` counts from 1 in ``ROUTES_340B`` (0 none).

    ``hospital_class`` counts in ``HOSPITAL_CLASSES``, ``state`` in ``STATES`` (-1 on a plane without states). What 340B
    rules ask (``processes/program_340b.py`` fills and keeps these): ``entitled`` control that the law admits; ``possible``
    (hospitals x routes) routes it could take; ``dsh_rank`` share of its state's hospitals with a lower DSH percentage;
    ``propensity`` the take-up from which it takes part; ``registered`` whether it is on the register, which counts as taking
    part (``participates``) while a route is open to it; ``route_now`` the route it takes part by or could, counted as
    ``route``; ``scripted`` 1 or -1 where an event put it in or out, 0 where the law decides; ``underpaid`` dollars it is
    still owed for the Medicare cut of 2018 to 2022; ``lines`` (hospitals x service lines) what it offers cancer patients
    itself, whether or not it has oncologists.
    """

    COLUMNS: ClassVar[dict[str, tuple[Any, ...]]] = {
        "id": (object, ""),
        "name": (object, ""),
        "key": (np.uint64, 0),
        "org": (np.int64, -1),
        "zone": (np.int64, -1),
        "lat": (np.float64, 0.0),
        "lon": (np.float64, 0.0),
        "beds": (np.float64, 0.0),
        "teaching": (np.int64, 0),
        "critical_access": (np.bool_, False),
        "hospital_class": (np.int64, 0),
        "proprietary": (np.bool_, False),
        "dsh_pct": (np.float64, 0.0),
        "route": (np.int64, 0),
        "participates": (np.bool_, False),
        "state": (np.int64, -1),
        "rural": (np.bool_, False),
        "entitled": (np.bool_, True),
        "possible": (np.bool_, False, len(ROUTES_340B)),
        "dsh_rank": (np.float64, 1.0),
        "propensity": (np.float64, 1.0),
        "registered": (np.bool_, False),
        "route_now": (np.int64, 0),
        "scripted": (np.int64, 0),
        "underpaid": (np.float64, 0.0),
        "lines": (np.bool_, False, len(SERVICE_LINES)),
    }
    id: NDArray[Any]
    name: NDArray[Any]
    key: NDArray[np.uint64]
    org: NDArray[np.int64]
    zone: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    beds: NDArray[np.float64]
    teaching: NDArray[np.int64]
    critical_access: NDArray[np.bool_]
    hospital_class: NDArray[np.int64]
    proprietary: NDArray[np.bool_]
    dsh_pct: NDArray[np.float64]
    route: NDArray[np.int64]
    participates: NDArray[np.bool_]
    state: NDArray[np.int64]
    rural: NDArray[np.bool_]
    entitled: NDArray[np.bool_]
    possible: NDArray[np.bool_]
    dsh_rank: NDArray[np.float64]
    propensity: NDArray[np.float64]
    registered: NDArray[np.bool_]
    route_now: NDArray[np.int64]
    scripted: NDArray[np.int64]
    underpaid: NDArray[np.float64]
    lines: NDArray[np.bool_]

    def owners(self, top: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which organisations own a hospital, given the one at the end of each chain of owners, (organisations,)."""
        has = np.zeros(len(top), dtype=np.bool_)
        has[top[self.org]] = True
        return has

    @classmethod
    def from_table(cls, table: pd.DataFrame, org: dict[str, int], zone: dict[str, int]) -> Hospitals:
        """Copy the hospitals of a market into arrays; the dictionaries give the row of each id."""
        return cls(
            len(table),
            id=table["hospital"].astype(str).to_numpy(object),
            name=table["name"].astype(str).to_numpy(object),
            key=identities(table["hospital"].to_numpy()),
            org=[org[str(name)] for name in table["org"]],
            zone=[zone[str(name)] for name in table["zone"]],
            lat=table["lat"],
            lon=table["lon"],
            beds=table["beds"],
            teaching=[TEACHING.index(str(word)) for word in table["teaching"]],
            critical_access=table["critical_access"],
            hospital_class=[HOSPITAL_CLASSES.index(str(word)) for word in table["hospital_class"]],
            proprietary=table["control"].astype(str) == "proprietary",
            dsh_pct=table["dsh_pct"],
            route=[ROUTES_340B.index(str(word)) + 1 if str(word) in ROUTES_340B else 0 for word in table["route_340b"]],
            participates=table["participates_340b"],
            lines=np.array(
                [[line in str(text).split(";") for line in SERVICE_LINES] for text in table.get("lines", [""] * len(table))],
                dtype=np.bool_,
            ).reshape(len(table), len(SERVICE_LINES)),
        )
