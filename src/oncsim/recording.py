"""What one replicate leaves behind: columns collected quarter by quarter, turned into tables at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from oncsim.codes import ORG_KINDS, SITE_KINDS, STATUSES, TIE_FORMS, TIE_STAGES
from oncsim.ties.trust import DISSOLVED

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

MetricRows = tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[float]]


class Recording:
    """Growing columns of one replicate. Text is kept as numbers until the tables are asked for."""

    def __init__(self) -> None:
        self.quarters: list[str] = []
        self._metrics: list[tuple[str, MetricRows]] = []
        self._orgs: list[dict[str, np.ndarray[Any, Any]]] = []
        self._sites: list[dict[str, np.ndarray[Any, Any]]] = []
        self._ties: list[dict[str, np.ndarray[Any, Any]]] = []
        self.events: list[tuple[str, str, str, str, str, float, str]] = []

    def add_metrics(self, quarter: str, rows: MetricRows) -> None:
        """Keep the metrics of a quarter."""
        self._metrics.append((quarter, rows))

    def add_state(self, model: OncologyMarket) -> None:
        """Keep organisations, sites and living ties as they are now."""
        self.quarters.append(str(model.quarter))
        orgs, sites, ties = model.orgs, model.sites, model.ties
        size = len(orgs)
        # Copies throughout: the state changes in place and the rows of a past quarter must not.
        self._orgs.append(
            {
                "kind": orgs.kind.astype(np.int8),
                "status": orgs.status.astype(np.int8),
                "owner": orgs.owner.astype(np.int32),
                "oncologists": orgs.oncologists.copy(),
                "patients": orgs.starts.copy(),
                "patients_in_care": np.bincount(sites.org, weights=sites.in_care.sum(axis=1), minlength=size),
                "infusions": np.bincount(sites.org, weights=sites.infusions.sum(axis=1), minlength=size),
                "revenue": orgs.revenue.copy(),
                "margin": orgs.margin.copy(),
                "cash": orgs.cash.copy(),
            }
        )
        for row, code in model.payer_rows.items():
            needs = slice(3 * code, 3 * code + 3)
            self._orgs[-1]["patients_in_care"][row] = sites.in_care[:, needs].sum()
            self._orgs[-1]["infusions"][row] = sites.infusions[:, needs].sum()
        self._sites.append(
            {
                "org": sites.org.astype(np.int32),
                "kind": sites.kind.astype(np.int8),
                "lat": sites.lat.copy(),
                "lon": sites.lon.copy(),
                "open": sites.open.copy(),
                "chairs": sites.chairs.copy(),
                "oncologists": sites.oncologists.copy(),
                "patients": sites.starts.sum(axis=1),
                "patients_in_care": sites.in_care.sum(axis=1),
                "infusions": sites.infusions.sum(axis=1),
                "wait_days": sites.wait_days.copy(),
                "eligible_340b": sites.eligible_340b.copy(),
            }
        )
        shown = (ties.stage != DISSOLVED) | (ties.stage_age == 0)
        self._ties.append(
            {
                "row": np.flatnonzero(shown).astype(np.int32),
                "stage": ties.stage[shown].astype(np.int8),
                "trust_ab": ties.trust_ab[shown],
                "trust_ba": ties.trust_ba[shown],
            }
        )

    def tables(self, model: OncologyMarket) -> dict[str, pd.DataFrame]:
        """Return the tables of the run folder, without the replicate."""
        return {
            "metrics": self._metric_table(),
            "organizations": self._organization_table(model),
            "sites": self._site_table(model),
            "ties": self._tie_table(model),
            "events": pd.DataFrame(self.events, columns=["quarter", "event", "actor", "other", "site", "amount", "text"]),
            "zones": zone_table(model),
        }

    def _quarter_column(self, blocks: Sequence[dict[str, np.ndarray[Any, Any]]]) -> Any:
        sizes = [len(next(iter(block.values()))) for block in blocks]
        codes = np.repeat(np.arange(len(blocks), dtype=np.int16), sizes)
        return coded(codes, self.quarters)

    def _metric_table(self) -> pd.DataFrame:
        quarters = [quarter for quarter, _ in self._metrics]
        sizes = [len(rows[0]) for _, rows in self._metrics]
        return pd.DataFrame(
            {
                "quarter": coded(np.repeat(np.arange(len(quarters)), sizes), quarters),
                "metric": _text(rows[0] for _, rows in self._metrics),
                "market": _text(rows[1] for _, rows in self._metrics),
                "group": _text(rows[2] for _, rows in self._metrics),
                "value": np.concatenate([np.asarray(rows[3], dtype=np.float64) for _, rows in self._metrics])
                if sizes
                else np.zeros(0),
            }
        )

    def _organization_table(self, model: OncologyMarket) -> pd.DataFrame:
        ids = [*model.orgs.id, ""]
        names = pd.Index(model.orgs.name)
        row = np.concatenate([np.arange(len(block["kind"])) for block in self._orgs])
        stacked = _stack(self._orgs)
        owner = np.where(stacked["owner"] < 0, len(ids) - 1, stacked["owner"])
        return pd.DataFrame(
            {
                "quarter": self._quarter_column(self._orgs),
                "org": coded(row, list(model.orgs.id)),
                "name": coded(pd.Index(names.unique()).get_indexer(names)[row], names.unique()),
                "kind": coded(stacked["kind"], list(ORG_KINDS)),
                "status": coded(stacked["status"], list(STATUSES)),
                "owner": coded(owner, ids),
                **{
                    name: stacked[name]
                    for name in (
                        "oncologists",
                        "patients",
                        "patients_in_care",
                        "infusions",
                        "revenue",
                        "margin",
                        "cash",
                    )
                },
            }
        )

    def _site_table(self, model: OncologyMarket) -> pd.DataFrame:
        row = np.concatenate([np.arange(len(block["kind"])) for block in self._sites])
        stacked = _stack(self._sites)
        return pd.DataFrame(
            {
                "quarter": self._quarter_column(self._sites),
                "site": coded(row, list(model.sites.id)),
                "org": coded(stacked["org"], list(model.orgs.id)),
                "kind": coded(stacked["kind"], list(SITE_KINDS)),
                **{name: stacked[name] for name in list(self._sites[0])[2:]},
            }
        )

    def _tie_table(self, model: OncologyMarket) -> pd.DataFrame:
        ties = model.ties
        stacked = _stack(self._ties)
        row = stacked["row"]
        ids = list(model.orgs.id)
        return pd.DataFrame(
            {
                "quarter": self._quarter_column(self._ties),
                "tie": coded(row, list(ties.id)),
                "a": coded(ties.a[row], ids),
                "b": coded(ties.b[row], ids),
                "form": coded(ties.form[row], list(TIE_FORMS)),
                "stage": coded(stacked["stage"], list(TIE_STAGES)),
                "trust_ab": stacked["trust_ab"],
                "trust_ba": stacked["trust_ba"],
                "owner_share": ties.owner_share[row],
                "control_share": ties.control_share[row],
            }
        )


def coded(codes: Any, categories: Sequence[str]) -> Any:
    """Return a categorical column from category numbers (the stubs of pandas know fewer cases than pandas)."""
    make: Any = pd.Categorical.from_codes
    return make(codes, categories)


def _stack(blocks: Sequence[dict[str, np.ndarray[Any, Any]]]) -> dict[str, np.ndarray[Any, Any]]:
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]} if blocks else {}


def _text(columns: Any) -> Any:
    flat = [word for column in columns for word in column]
    return pd.Categorical(pd.Series(flat, dtype="object"))


def zone_table(model: OncologyMarket) -> pd.DataFrame:
    """Return the zones of the run."""
    zones = model.zones
    return pd.DataFrame(
        {
            "zone": zones.ids,
            "name": zones.names,
            "lat": zones.lat,
            "lon": zones.lon,
            "market": [zones.market_ids[market] for market in zones.market],
            "population": zones.population,
            "population_65plus": zones.population_65plus,
            "land_sqmi": zones.land_sqmi,
            "rural": zones.rural,
            "deprivation": zones.deprivation,
            "cases_per_year": zones.cases_per_year,
        }
    )
