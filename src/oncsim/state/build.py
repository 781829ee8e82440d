"""From the tables of a market to the arrays of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from oncsim.codes import TIE_FORMS, TIE_STAGES
from oncsim.randomness import Luck, identity
from oncsim.state.hospitals import Hospitals
from oncsim.state.organizations import Organizations
from oncsim.state.physicians import Physicians
from oncsim.state.sites import Sites
from oncsim.state.sums import sum_by
from oncsim.state.ties import Ties
from oncsim.state.travel import unit_vectors
from oncsim.state.zones import Zones

if TYPE_CHECKING:
    from oncsim.market.form import Market


_GIVEN = ("trust_ab", "trust_ba", "checks_per_year")


@dataclass
class State:
    """The arrays a run starts from."""

    zones: Zones
    hospitals: Hospitals
    orgs: Organizations
    sites: Sites
    physicians: Physicians
    ties: Ties


def build_state(market: Market, luck: Luck, max_years: float) -> State:
    """Copy a market into arrays; the market itself is left alone.

    Parameters
    ----------
    luck : Luck
        Luck of the market (its own seed): careers of physicians are the same in every replicate and policy.
    max_years : float
        Longest career at the start.
    """
    zones = Zones.from_table(market.zones)
    orgs = Organizations.from_table(market.organizations)
    org_row = {str(name): row for row, name in enumerate(market.organizations["org"])}
    zone_row = {name: row for row, name in enumerate(zones.ids)}
    hospitals = Hospitals.from_table(market.hospitals, org_row, zone_row)
    hospital_row = {str(name): row for row, name in enumerate(market.hospitals["hospital"])}
    sites = Sites.from_table(market.sites, org_row, hospital_row, zone_row)
    counts = market.sites["oncologists"].to_numpy(np.int64)
    physicians = Physicians.at_start(sites, counts, luck, max_years)
    _seat(orgs, zones, hospitals)
    return State(zones, hospitals, orgs, sites, physicians, _ties(market, org_row))


def _seat(orgs: Organizations, zones: Zones, hospitals: Hospitals) -> None:
    """Give each organisation the zone nearest its seat, and its hospital beds."""
    from scipy.spatial import cKDTree

    _, nearest = cKDTree(unit_vectors(zones.lat, zones.lon)).query(unit_vectors(orgs.lat, orgs.lon))
    orgs.zone = np.asarray(nearest, dtype=np.int64)
    orgs.beds = sum_by(hospitals.org, hospitals.beds, len(orgs))


def _ties(market: Market, org_row: dict[str, int]) -> Ties:
    table = market.ties
    a, b, forms = table["a"].astype(str), table["b"].astype(str), table["form"].astype(str)
    # What a tie gives of control it gives the system, center or network: the first of the two.
    practices = set(market.organizations.loc[market.organizations["kind"] == "practice", "org"].astype(str))
    swap = (a.isin(practices) & ~b.isin(practices) & (forms != "referral")).to_numpy(dtype=bool)
    a, b = a.where(~swap, b), b.where(~swap, a)
    names = [f"{i}~{j}~{form}~start" for i, j, form in zip(a, b, forms, strict=True)]
    return Ties(
        len(table),
        id=np.array(names, dtype=object),
        key=np.array([identity(name) for name in names], dtype=np.uint64),
        a=[org_row[name] for name in a],
        b=[org_row[name] for name in b],
        form=[TIE_FORMS.index(form) for form in forms],
        stage=np.full(len(table), TIE_STAGES.index("active")),
        age=table["age_quarters"],
        stage_age=table["age_quarters"],
        **_known(table, swap),
    )


def _known(table: pd.DataFrame, swap: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return the trust and check-ins that a table gives; what it leaves out (-1) is for the model to fill in."""
    count = len(table)
    given = {name: table.get(name, pd.Series([-1.0] * count)).to_numpy(dtype=np.float64) for name in _GIVEN}
    known = {name: np.where(values < 0, np.nan, values) for name, values in given.items()}
    ab, ba = known["trust_ab"], known["trust_ba"]
    return {
        "trust_ab": np.where(swap, ba, ab),
        "trust_ba": np.where(swap, ab, ba),
        "checks": known["checks_per_year"],
    }
