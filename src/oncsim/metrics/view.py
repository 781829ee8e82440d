"""What the metrics of one quarter share, computed when first asked for from a model that is only read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACTIVE, HOME, NEEDS, PAYERS, PRACTICE
from oncsim.competition.concentration import Holdings, holdings, zone_hhi
from oncsim.metrics.layout import PEOPLE_GROUPS, Layout, layout_of
from oncsim.metrics.reach import floating_catchment, nearest_minutes
from oncsim.metrics.registry import Row
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from oncsim.calendar import Quarter
    from oncsim.metrics.price import PriceBase
    from oncsim.state.flows import Flows, Money
    from oncsim.state.hospitals import Hospitals
    from oncsim.state.organizations import Organizations
    from oncsim.state.pairs import Pairs
    from oncsim.state.sites import Sites
    from oncsim.state.stakes import Stakes
    from oncsim.state.ties import Ties
    from oncsim.state.value_based import ValueBasedBooks
    from oncsim.state.zones import Zones


class CareResults(Protocol):
    """Outcomes of care of one quarter: ``patient_quarters`` is (sites, segments), the others (sites,)."""

    adverse_events: NDArray[np.float64]
    readmissions: NDArray[np.float64]
    trial_patients: NDArray[np.float64]
    patient_quarters: NDArray[np.float64]


class Observed(Protocol):
    """What metrics read of a model at the end of a quarter.

    ``counts`` are the events completed in the quarter by type. ``advantage_price``, ``commercial_price`` and
    ``medicare_price`` are dollars per standard infusion at each site, 0 or nan where there is no price.
    ``price_base`` is the basket of the first recorded quarter, None before it. ``prospects`` are what options
    were worth when organisations decided (:class:`oncsim.metrics.incentive.Gains` says what is read of them).
    ``travel_pull`` is the utility of travel of each pair, as standard need feels it. ``contracts`` may know
    fewer sites than there are; ``contracts`` and ``market_power`` may be absent before a market has settled.
    ``t`` counts quarters.
    """

    zones: Zones
    hospitals: Hospitals
    sites: Sites
    orgs: Organizations
    pairs: Pairs
    flows: Flows
    money: Money
    ties: Ties
    quarter: Quarter
    advantage_price: NDArray[np.float64]
    commercial_price: NDArray[np.float64]
    medicare_price: NDArray[np.float64]
    price_base: PriceBase | None
    recruits: NDArray[np.float64]
    value_based: ValueBasedBooks
    prospects: Any
    travel_pull: NDArray[np.float64]
    stakes: Stakes
    in_network: NDArray[np.bool_]
    ladder: Any
    law: Any
    t: int
    market_power: Any
    contracts: Any

    def price_changes(self) -> Any:
        """What acquisitions did to prices (:class:`oncsim.processes.price_change.PriceChanges`)."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Events completed this quarter by type."""

    @property
    def care(self) -> CareResults:
        """Outcomes of care."""


class View:
    """One quarter of a model as metrics see it.

    Parameters
    ----------
    model : Observed
        Read, never changed. Make a new view each quarter.
    """

    def __init__(self, model: Observed) -> None:
        self.model = model
        self._holdings: dict[str, tuple[list[str], Holdings]] = {}

    # Owners

    @cached_property
    def top_owner(self) -> NDArray[np.int64]:
        """(organisations,) owner at the end of the chain."""
        return self.model.orgs.top_owner()

    @cached_property
    def site_owner(self) -> NDArray[np.int64]:
        """(sites,) top owner of the operator."""
        return self.top_owner[self.model.sites.org]

    @cached_property
    def independent(self) -> NDArray[np.bool_]:
        """(organisations,) practices in business that nobody owns; members of a network count."""
        orgs = self.model.orgs
        return np.asarray((orgs.kind == PRACTICE) & (orgs.owner < 0) & (orgs.status == ACTIVE))

    # Sites

    @cached_property
    def treated(self) -> NDArray[np.float64]:
        """(sites,) patients who started treatment."""
        return np.asarray(self.model.sites.starts.sum(axis=1), dtype=np.float64)

    @cached_property
    def infusions_by_payer(self) -> NDArray[np.float64]:
        """(sites, payers) infusions."""
        infusions = self.model.sites.infusions
        by_payer = infusions.reshape(len(infusions), len(PAYERS), len(NEEDS)).sum(axis=2)
        return np.asarray(by_payer, dtype=np.float64)

    @cached_property
    def infusions(self) -> NDArray[np.float64]:
        """(sites,) infusions."""
        return np.asarray(self.infusions_by_payer.sum(axis=1), dtype=np.float64)

    @cached_property
    def staffed(self) -> NDArray[np.bool_]:
        """(sites,) open and with oncologist time; home infusion is no place to go to."""
        sites = self.model.sites
        return sites.open & (sites.oncologists > 0) & (sites.kind != HOME)

    # Zones

    @cached_property
    def layout(self) -> Layout:
        """Orders and weights of the pairs."""
        return layout_of(self.model.pairs, self.model.zones, len(self.model.sites))

    def per_zone(self, pair_values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sums over the pairs of each zone."""
        return sum_by(self.model.pairs.zone, pair_values, len(self.model.zones))

    @cached_property
    def zone_started(self) -> NDArray[np.float64]:
        """(zones,) people of the zone who started treatment."""
        return self.per_zone(self.model.flows.pair_started)

    @cached_property
    def zone_minutes(self) -> NDArray[np.float64]:
        """(zones,) one-way minutes of all people of the zone who started treatment."""
        return self.per_zone(self.model.flows.pair_started * self.model.pairs.minutes)

    @cached_property
    def patients_by_minutes(self) -> list[tuple[str, NDArray[np.float64], NDArray[np.float64]]]:
        """For each group of people: minutes from near to far, and the patients who travel no longer."""
        started = self.model.flows.pair_started
        return [(group, minutes, np.cumsum(started[some])) for group, some, minutes in self.layout.by_minutes]

    @cached_property
    def nearest(self) -> NDArray[np.float64]:
        """(zones,) minutes to the nearest staffed candidate site."""
        pairs = self.model.pairs
        return nearest_minutes(pairs.start, pairs.site, pairs.minutes, self.staffed)

    @cached_property
    def reach(self) -> NDArray[np.float64]:
        """(zones,) oncologists within reach per 100,000 people (E2SFCA)."""
        layout = self.layout
        supply = np.where(self.staffed, self.model.sites.oncologists, 0.0)
        return 1e5 * floating_catchment(
            layout.catch_zone,
            layout.catch_site,
            layout.catch_weight,
            layout.demand,
            supply,
            len(self.model.zones),
        )

    @cached_property
    def without_oncologist(self) -> NDArray[np.bool_]:
        """(zones,) no staffed site stands in the zone."""
        staffed = self.model.sites.zone[self.staffed]
        return np.asarray(np.bincount(staffed, minlength=len(self.model.zones)) == 0)

    @cached_property
    def zone_hhi(self) -> NDArray[np.float64]:
        """(zones,) HHI of the owners who treat the people of the zone; nan where nobody is treated."""
        pairs = self.model.pairs
        return zone_hhi(pairs.start, pairs.site, self.model.flows.pair_started, self.site_owner)

    @cached_property
    def zone_hhi_predicted(self) -> NDArray[np.float64]:
        """(zones,) the same where travel time alone decides among staffed sites."""
        pairs = self.model.pairs
        pull = np.exp(self.model.travel_pull) * self.staffed[pairs.site]
        return zone_hhi(pairs.start, pairs.site, pull, self.site_owner)

    # Markets

    @cached_property
    def profit_weights(self) -> csr_array:
        """(organisations, organisations) how managers of the row weigh the profits of the column, through all holdings."""
        from oncsim.competition.control import profit_weights
        from oncsim.ties.ownership import ownership_and_control

        return profit_weights(*ownership_and_control(self.model))

    def organization_holdings(self, kind: str) -> tuple[list[str], Holdings]:
        """Return the markets of a definition and the patients of each organisation there, whoever owns it."""
        zones, sites = self.model.zones, self.model.sites
        ids, market = (zones.market_ids, zones.market) if kind == "" else zones.markets[kind]
        return ids, holdings(market[sites.zone], sites.org, self.treated, len(ids))

    def market_kinds(self) -> Iterator[tuple[str, str]]:
        """Yield the market definitions as (kind, group): the zones' own market first, under an empty kind."""
        yield "", ""
        for kind in self.model.zones.markets:
            yield kind, f"market_type={kind}"

    def holdings(self, kind: str) -> tuple[list[str], Holdings]:
        """Return the markets of a definition and the patients of each owner there."""
        if kind not in self._holdings:
            zones, sites = self.model.zones, self.model.sites
            ids, market = (zones.market_ids, zones.market) if kind == "" else zones.markets[kind]
            self._holdings[kind] = ids, holdings(market[sites.zone], self.site_owner, self.treated, len(ids))
        return self._holdings[kind]

    # Rows

    def ratio_by_people(self, numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> Iterator[Row]:
        """Yield the ratio of two zone columns for everyone, by rurality and by quartile of deprivation."""
        above, below = self.layout.totals(numerator), self.layout.totals(denominator)
        for group, a, b in zip(PEOPLE_GROUPS, above, below, strict=True):
            if b > 0:
                yield "all", group, float(a / b)

    def ratio_by_market(self, numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> Iterator[Row]:
        """Yield the ratio of two zone columns for each market that the zones lie in."""
        zones = self.model.zones
        above = sum_by(zones.market, numerator, len(zones.market_ids))
        below = sum_by(zones.market, denominator, len(zones.market_ids))
        for market in np.flatnonzero(below > 0):
            yield zones.market_ids[market], "", float(above[market] / below[market])
