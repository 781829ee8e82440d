"""Organisations as rows: the numbers behind each agent, kept in arrays so that a quarter is a few vector sums."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.codes import ORG_KINDS
from oncsim.randomness import identities
from oncsim.state.columns import Columns

HISTORY = 8  # quarters of margin an organisation remembers (methods 2g: trailing eight quarters)


class Organizations(Columns):
    """Rows are organisations, whatever their status; an acquired practice keeps its row.

    ``owner`` and ``network`` are rows or -1. ``revenue``, ``cost`` and ``margin`` are dollars of the current quarter,
    ``margin_history`` the last eight quarters, newest last. ``cash`` is what the organisation has set aside for
    oncology. ``autonomy`` is dollars a physician-year an independent practice would give up to stay independent.
    """

    _top: tuple[bytes, NDArray[np.int64]] | None = None  # owners seen last, and the ends of their chains

    COLUMNS: ClassVar[dict[str, tuple[Any, ...]]] = {
        "id": (object, ""),
        "name": (object, ""),
        "key": (np.uint64, 0),
        "kind": (np.int64, 0),
        "status": (np.int64, 0),
        "owner": (np.int64, -1),
        "network": (np.int64, -1),
        "zone": (np.int64, -1),
        "lat": (np.float64, 0.0),
        "lon": (np.float64, 0.0),
        "nci": (np.bool_, False),
        "investor_owned": (np.bool_, False),
        "beds": (np.float64, 0.0),
        "eligible_340b": (np.bool_, False),
        "oncologists": (np.float64, 0.0),
        "headcount": (np.int64, 0),
        "autonomy": (np.float64, 0.0),
        "cash": (np.float64, 0.0),
        "revenue": (np.float64, 0.0),
        "cost": (np.float64, 0.0),
        "margin": (np.float64, 0.0),
        "drug_cost": (np.float64, 0.0),
        "starts": (np.float64, 0.0),
        "quarters": (np.int64, 0),
        "pending": (np.bool_, False),
        "acquired_at": (np.int64, -1_000_000),
        "joined_at": (np.int64, -1_000_000),
        "founded": (np.int64, -1_000_000),
        "loss_quarters": (np.int64, 0),
        "pay_uplift": (np.float64, 0.0),
        "uplift_until": (np.int64, -1),
        # Conduct towards partners where an event sets it; else by the registry.
        "returns": (np.float64, np.nan),
        "regard": (np.float64, np.nan),
        # Value-based care (vb): arm of the Medicare model (-1 none), first quarter in it; in this model periods settled,
        # periods in a row without a payment, payments earned; in all models results seen and their sum beyond expectation;
        # episodes and Medicare revenue of the period under way; participation bonuses of the last eight quarters, not yet
        # paid; whether it took part this quarter, has ever, and is a commercial medical home.
        "vb_arm": (np.int64, -1),
        "vb_since": (np.int64, -1_000_000),
        "vb_periods": (np.int64, 0),
        "vb_dry": (np.int64, 0),
        "vb_won": (np.int64, 0),
        "vb_results": (np.int64, 0),
        "vb_surprise": (np.float64, 0.0),
        "vb_episodes": (np.float64, 0.0),
        "vb_revenue": (np.float64, 0.0),
        "vb_bonus": (np.float64, 0.0, HISTORY),
        "vb_part": (np.bool_, False),
        "vb_past": (np.bool_, False),
        "vb_commercial": (np.bool_, False),
        "margin_history": (np.float64, 0.0, HISTORY),
        "revenue_history": (np.float64, 0.0, HISTORY),
    }
    id: NDArray[Any]
    name: NDArray[Any]
    key: NDArray[np.uint64]
    kind: NDArray[np.int64]
    status: NDArray[np.int64]
    owner: NDArray[np.int64]
    network: NDArray[np.int64]
    zone: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    nci: NDArray[np.bool_]
    investor_owned: NDArray[np.bool_]
    beds: NDArray[np.float64]
    eligible_340b: NDArray[np.bool_]
    oncologists: NDArray[np.float64]
    headcount: NDArray[np.int64]
    autonomy: NDArray[np.float64]
    cash: NDArray[np.float64]
    revenue: NDArray[np.float64]
    cost: NDArray[np.float64]
    margin: NDArray[np.float64]
    drug_cost: NDArray[np.float64]
    starts: NDArray[np.float64]
    quarters: NDArray[np.int64]
    pending: NDArray[np.bool_]
    acquired_at: NDArray[np.int64]
    joined_at: NDArray[np.int64]
    founded: NDArray[np.int64]
    loss_quarters: NDArray[np.int64]
    pay_uplift: NDArray[np.float64]
    uplift_until: NDArray[np.int64]
    returns: NDArray[np.float64]
    regard: NDArray[np.float64]
    vb_arm: NDArray[np.int64]
    vb_since: NDArray[np.int64]
    vb_periods: NDArray[np.int64]
    vb_dry: NDArray[np.int64]
    vb_won: NDArray[np.int64]
    vb_results: NDArray[np.int64]
    vb_surprise: NDArray[np.float64]
    vb_episodes: NDArray[np.float64]
    vb_revenue: NDArray[np.float64]
    vb_bonus: NDArray[np.float64]
    vb_part: NDArray[np.bool_]
    vb_past: NDArray[np.bool_]
    vb_commercial: NDArray[np.bool_]
    margin_history: NDArray[np.float64]
    revenue_history: NDArray[np.float64]

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Organizations:
        """Copy the organisations of a market into arrays."""
        rows = {str(name): row for row, name in enumerate(table["org"])}
        kinds = {kind: number for number, kind in enumerate(ORG_KINDS)}
        return cls(
            len(table),
            id=table["org"].astype(str).to_numpy(object),
            name=table["name"].astype(str).to_numpy(object),
            key=identities(table["org"].to_numpy()),
            kind=[kinds[str(kind)] for kind in table["kind"]],
            network=[rows.get(str(name), -1) for name in table["network"]],
            lat=table["lat"],
            lon=table["lon"],
            nci=table["nci"].astype(str) != "",
            investor_owned=table["investor_owned"],
        )

    def __getstate__(self) -> dict[str, Any]:
        # Ends of chains can be found again: what was looked at is no part of the state.
        return {name: value for name, value in vars(self).items() if name != "_top"}

    def top_owner(self) -> NDArray[np.int64]:
        """Return, for each organisation, the owner at the end of the chain (itself where nobody owns it).

        Remembered while nothing changes hands; the array is not for writing.
        """
        seen = self.owner.tobytes()
        if self._top is not None and self._top[0] == seen:
            return self._top[1]
        top = np.where(self.owner >= 0, self.owner, np.arange(len(self)))
        while True:
            above = np.where(self.owner[top] >= 0, self.owner[top], top)
            if np.array_equal(above, top):
                top.flags.writeable = False
                self._top = seen, top
                return top
            top = above
