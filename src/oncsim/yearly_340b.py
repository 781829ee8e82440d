"""What 340B leaves each hospital, recorded by calendar year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.codes import ROUTES_340B
from oncsim.processes.program_340b import hospital_margins
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]


@dataclass
class _Year:
    """Sums over the quarters of a year, and the state at the end of its last, (hospitals,) each."""

    drug_dollars: Floats
    margin: Floats
    member: NDArray[np.bool_]  # in some quarter
    participates: NDArray[np.bool_]
    route: NDArray[np.int64]
    org: NDArray[np.int64]
    departments: Floats


class Hospitals340B:
    """340B margins of hospitals of one replicate by calendar year."""

    def __init__(self) -> None:
        self._years: dict[str, _Year] = {}

    def add(self, model: OncologyMarket) -> None:
        """Add the quarter that the model has just run; the model is only read."""
        hospitals, sites = model.hospitals, model.sites
        found = hospital_margins(model)
        buying = sites.eligible_340b & (sites.hospital >= 0)
        departments = sum_by(sites.hospital[buying], np.ones(int(buying.sum())), len(hospitals))
        name = str(model.quarter)[:4]
        before = self._years.get(name)
        member = hospitals.participates.copy()
        self._years[name] = _Year(
            drug_dollars=found["drug_dollars"] + (before.drug_dollars if before else 0.0),
            margin=found["margin"] + (before.margin if before else 0.0),
            member=member | before.member if before else member,
            participates=member,
            route=hospitals.route_now.copy(),
            org=hospitals.org.copy(),
            departments=departments,
        )

    def table(self, model: OncologyMarket) -> pd.DataFrame:
        """Return one row a year and hospital that took part in a quarter of it."""
        hospitals, orgs = model.hospitals, model.orgs
        routes = np.array(["", *ROUTES_340B], dtype=object)
        parts = []
        for name, year in self._years.items():
            some = np.flatnonzero(year.member)
            spent, margin = year.drug_dollars[some], year.margin[some]
            parts.append(
                {
                    "year": np.full(len(some), name, dtype=object),
                    "hospital": hospitals.id[some].astype(object),
                    "name": hospitals.name[some].astype(object),
                    "org": orgs.id[year.org[some]].astype(object),
                    "route": routes[np.where(year.participates[some], year.route[some], 0)],
                    "dsh_pct": hospitals.dsh_pct[some],
                    "departments": year.departments[some],
                    "drug_dollars": spent,
                    "margin": margin,
                    "margin_per_drug_dollar": np.divide(margin, spent, out=np.full(len(some), np.nan), where=spent > 0),
                }
            )
        if not parts:
            return pd.DataFrame(columns=list(COLUMNS))
        return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in COLUMNS})


COLUMNS = (
    "year",
    "hospital",
    "name",
    "org",
    "route",
    "dsh_pct",
    "departments",
    "drug_dollars",
    "margin",
    "margin_per_drug_dollar",
)
