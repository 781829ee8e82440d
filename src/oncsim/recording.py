"""What one replicate leaves behind: columns collected quarter by quarter, turned into tables at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from oncsim.codes import BARGAINED, ORG_KINDS, PAYERS, SITE_KINDS, STATUSES, TIE_FORMS, TIE_STAGES
from oncsim.ties.ownership import FORM_OF_HOLDING, HOLDINGS, direct_holdings
from oncsim.ties.trust import DISSOLVED
from oncsim.yearly import Yearly
from oncsim.yearly_340b import Hospitals340B

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

_EVENT_COLUMNS = ["quarter", "event", "actor", "other", "site", "amount", "text"]
MetricRows = tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[float]]


class Recording:
    """Growing columns of one replicate. Text is kept as numbers until the tables are asked for.

    Parameters
    ----------
    only : collection of str, optional
        The tables that will be asked for, beside metrics and events; default all.
    """

    def __init__(self, only: Collection[str] | None = None) -> None:
        self._only = None if only is None else frozenset(only)
        self.quarters: list[str] = []
        self._metrics: list[tuple[str, MetricRows]] = []
        self._orgs: list[dict[str, np.ndarray[Any, Any]]] = []
        self._sites: list[dict[str, np.ndarray[Any, Any]]] = []
        self._ties: list[dict[str, np.ndarray[Any, Any]]] = []
        self._holdings: list[dict[str, np.ndarray[Any, Any]]] = []
        self._yearly = Yearly()
        self._hospitals_340b = Hospitals340B()
        self.events: list[tuple[str, str, str, str, str, float, str]] = []

    def add_metrics(self, quarter: str, rows: MetricRows) -> None:
        """Keep the metrics of a quarter."""
        self._metrics.append((quarter, rows))

    @property
    def metric_rows(self) -> Sequence[tuple[str, MetricRows]]:
        """The metrics as they were recorded: for each quarter names, markets, groups and values, row by row."""
        return self._metrics

    def add_state(self, model: OncologyMarket) -> None:
        """Keep organisations, sites and living ties as they are now, as far as they will be asked for."""
        self.quarters.append(str(model.quarter))
        if self._wanted("zone_years", "payments"):
            self._yearly.add(model)
        if self._wanted("hospitals_340b"):
            self._hospitals_340b.add(model)
        if self._wanted("organizations"):
            self._add_organizations(model)
        if self._wanted("sites"):
            self._add_sites(model)
        if self._wanted("ties"):
            self._add_ties(model)

    def _wanted(self, *names: str) -> bool:
        return self._only is None or not self._only.isdisjoint(names)

    def _add_organizations(self, model: OncologyMarket) -> None:
        orgs, sites = model.orgs, model.sites
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
                **_prices_of(model),
            }
        )
        for row, code in model.payer_rows.items():
            needs = slice(3 * code, 3 * code + 3)
            self._orgs[-1]["patients_in_care"][row] = sites.in_care[:, needs].sum()
            self._orgs[-1]["infusions"][row] = sites.infusions[:, needs].sum()

    def _add_sites(self, model: OncologyMarket) -> None:
        sites = model.sites
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

    def _add_ties(self, model: OncologyMarket) -> None:
        ties = model.ties
        shown = (ties.stage != DISSOLVED) | (ties.ended == model.t)
        self._ties.append(
            {
                # By name: talks that came to nothing leave the table of ties, so its rows move.
                "tie": ties.id[shown],
                # Sides change places when a form gives one of them control, so they are kept with the quarter.
                "a": ties.a[shown].astype(np.int32),
                "b": ties.b[shown].astype(np.int32),
                "form": ties.form[shown].astype(np.int8),
                "stage": ties.stage[shown].astype(np.int8),
                "trust_ab": ties.trust_ab[shown],
                "trust_ba": ties.trust_ba[shown],
                "owner_share": ties.owner_share[shown],
                "control_share": ties.control_share[shown],
                "age": ties.age[shown].astype(np.int32),
                "worth": ties.worth[shown],
                "staff": ties.staff[shown],
            }
        )
        found = direct_holdings(model)
        # Signed ties are listed with their own shares above.
        apart = ~found.signed
        self._holdings.append(
            {
                "a": found.holder[apart].astype(np.int32),
                "b": found.held[apart].astype(np.int32),
                "kind": found.kind[apart].astype(np.int8),
                "owner_share": found.owner_share[apart],
                "control_share": found.control_share[apart],
            }
        )

    def tables(self, model: OncologyMarket, names: Sequence[str] | None = None) -> dict[str, pd.DataFrame]:
        """Return the tables of the run folder, without the replicate; with ``names`` only those, which takes less time."""
        made: dict[str, Callable[[], pd.DataFrame]] = {
            "metrics": self._metric_table,
            "organizations": lambda: self._organization_table(model),
            "sites": lambda: self._site_table(model),
            "ties": lambda: self._tie_table(model),
            "events": lambda: pd.DataFrame(self.events, columns=_EVENT_COLUMNS).astype({"amount": np.float64}),
            "zones": lambda: zone_table(model),
            "zone_years": lambda: self._yearly.zone_years([str(zone) for zone in model.zones.ids]),
            "payments": self._yearly.payments,
            "hospitals_340b": lambda: self._hospitals_340b.table(model),
        }
        asked = [name for name in made if names is None or name in names]
        missing = [name for name in asked if name not in ("metrics", "events", "zones") and not self._wanted(name)]
        if missing and names is not None:
            raise ValueError(f"not recorded: {', '.join(missing)}")
        return {name: made[name]() for name in asked if name not in missing}

    def _quarter_column(self, blocks: Sequence[dict[str, np.ndarray[Any, Any]]]) -> Any:
        return coded(self._codes(blocks), self.quarters)

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
                        *PRICE_COLUMNS,
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
        """Return signed ties, then memberships and ownership as ties of their own form, without trust."""
        ids = [str(one) for one in model.orgs.id]
        stacked, held = _stack(self._ties), _stack(self._holdings)
        kind = held["kind"]
        form = np.array([TIE_FORMS.index(form) if form else -1 for form in FORM_OF_HOLDING])[kind]
        words = [held if held == "stake" else form for held, form in zip(HOLDINGS, FORM_OF_HOLDING, strict=True)]
        held_names = [f"{ids[a]}~{ids[b]}~{words[k]}" for a, b, k in zip(held["a"], held["b"], kind, strict=True)]
        unknown = np.full(len(kind), np.nan)
        quarter = np.concatenate([self._codes(self._ties), self._codes(self._holdings)])
        table = pd.DataFrame(
            {
                "quarter": coded(quarter, self.quarters),
                "tie": pd.Categorical([*stacked["tie"], *held_names]),
                "a": coded(np.concatenate([stacked["a"], held["a"]]), ids),
                "b": coded(np.concatenate([stacked["b"], held["b"]]), ids),
                "form": coded(np.concatenate([stacked["form"], form]), TIE_FORMS),
                "stage": coded(
                    np.concatenate([stacked["stage"], np.full(len(kind), TIE_STAGES.index("active"))]), TIE_STAGES
                ),
                "trust_ab": np.concatenate([stacked["trust_ab"], unknown]),
                "trust_ba": np.concatenate([stacked["trust_ba"], unknown]),
                "owner_share": np.concatenate([stacked["owner_share"], held["owner_share"]]),
                "control_share": np.concatenate([stacked["control_share"], held["control_share"]]),
                "age_quarters": np.concatenate([stacked["age"].astype(np.float64), unknown]),
                "worth": np.concatenate([stacked["worth"], unknown]),
                "staff_support": np.concatenate([stacked["staff"], unknown]),
            }
        )
        return table.iloc[np.argsort(quarter, kind="stable")].reset_index(drop=True)

    def _codes(self, blocks: Sequence[dict[str, np.ndarray[Any, Any]]]) -> np.ndarray[Any, Any]:
        sizes = [len(next(iter(block.values()))) for block in blocks]
        return np.repeat(np.arange(len(blocks), dtype=np.int16), sizes)


_COMMERCIAL = BARGAINED.index(PAYERS.index("commercial"))
PRICE_COLUMNS = ("commercial_level", "advantage_level", "willingness_to_pay")


def _prices_of(model: OncologyMarket) -> dict[str, np.ndarray[Any, Any]]:
    """Return what organisations are paid and what they are worth to commercial plans; missing where they treat nobody."""
    sites, size = model.sites, len(model.orgs)
    levels = model.contracts.level
    rows = np.flatnonzero((sites.open & (sites.infusions.sum(axis=1) > 0))[: len(levels)])
    org, infusions = sites.org[rows], sites.infusions[rows].sum(axis=1)
    total = np.bincount(org, weights=infusions, minlength=size)
    means = []
    for place in (_COMMERCIAL, 1 - _COMMERCIAL):
        paid = np.bincount(org, weights=infusions * levels[rows, place], minlength=size)
        means.append(np.divide(paid, total, out=np.full(size, np.nan), where=total > 0))
    power = model.market_power
    one = power.leverage[_COMMERCIAL]
    worth = np.full(size, np.nan)
    treats = one.patients > 0
    worth[: len(treats)][treats] = power.value[_COMMERCIAL] * power.worth[_COMMERCIAL] * one.per_patient[treats]
    return dict(zip(PRICE_COLUMNS, [*means, worth], strict=True))


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
