"""What networks are read from: the tables of one replicate, and which of their ties are in force."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncsim.codes import IN_FORCE_STAGES
from oncsim.results import read_table

if TYPE_CHECKING:
    import pandas as pd

PROVIDERS = ("practice", "health_system", "academic_center")
_TIES = ("quarter", "tie", "a", "b", "form", "stage", "trust_ab", "trust_ba", "owner_share", "control_share")
_ORGANIZATIONS = ("quarter", "org", "name", "kind", "status", "owner", "oncologists", "patients")
_SITES = ("quarter", "site", "org", "lat", "lon", "open", "patients")


@dataclass(frozen=True)
class Tables:
    """The tables of one replicate; ``ties`` are those in force, of the forms and the market that were chosen.

    Attributes
    ----------
    replicate : int
        Which replicate.
    quarters : list of str
        All quarters of the run, in order.
    organizations, sites, ties, zones : pandas.DataFrame
        As in the run folder, without the replicate.
    market_of : dict of str to str
        Market of every organisation that has or had a site.
    market : str
        The market that was chosen, or empty text.
    """

    replicate: int
    quarters: list[str]
    organizations: pd.DataFrame
    sites: pd.DataFrame
    ties: pd.DataFrame
    zones: pd.DataFrame
    market_of: dict[str, str]
    market: str = ""


def living(ties: pd.DataFrame) -> pd.DataFrame:
    """Return the ties that are in force: stages ramp_up, active, deepened and scaled_back."""
    return ties[ties["stage"].isin(IN_FORCE_STAGES)] if len(ties) else ties


def read_replicate(folder: Path, replicate: int, quarters: list[str], forms: tuple[str, ...], market: str) -> Tables:
    """Read one replicate of a run folder.

    Raises
    ------
    InputError
        When the run lacks a table.
    """
    from oncsim.networks.places import markets_of

    organizations = _of(folder, "organizations", _ORGANIZATIONS, replicate)
    sites = _of(folder, "sites", _SITES, replicate)
    ties = living(_of(folder, "ties", _TIES, replicate))
    ties = ties[ties["a"] != ties["b"]]
    if forms:
        ties = ties[ties["form"].isin(forms)]
    zones = read_table(folder, "zones")
    market_of = markets_of(sites, zones)
    if market:
        ends = ties["a"].map(market_of), ties["b"].map(market_of)
        ties = ties[(ends[0] == market) | (ends[1] == market)]
    return Tables(replicate, quarters, organizations, sites, ties.reset_index(drop=True), zones, market_of, market)


def _of(folder: Path, name: str, columns: tuple[str, ...], replicate: int) -> pd.DataFrame:
    filters: dict[str, Any] = {"replicate": [replicate]}  # not text, but read in the same way
    frame = read_table(folder, name, ["replicate", *columns], **filters)
    return frame.drop(columns="replicate").reset_index(drop=True)
