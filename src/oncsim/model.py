"""The model: a market of organisations, sites and patients that moves one quarter at a step."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
from numpy.typing import NDArray

from oncsim.actions.checking import event_faults
from oncsim.agents import AGENT_OF_KIND, Organization, Payer
from oncsim.calendar import Quarter
from oncsim.codes import ACADEMIC_CENTER, EVENT_KINDS, PAYER, PAYERS, PRACTICE, SERVICE_LINES
from oncsim.errors import InputError, RunError
from oncsim.metrics import PriceBase
from oncsim.prices.rates import Rates
from oncsim.prices.receipts import Volumes
from oncsim.processes.bargaining import bargaining, first_contracts, spread_renewals
from oncsim.processes.care import CareResults, care
from oncsim.processes.choice import (
    NEST_OF_KIND,
    NESTS,
    balance_kinds,
    care_at_home,
    centers,
    choice,
    site_places,
    zone_places,
)
from oncsim.processes.conduct import return_patients
from oncsim.processes.deals import Pending, deals
from oncsim.processes.decisions import decisions
from oncsim.processes.demand import demand
from oncsim.processes.eligibility_340b import begin_program
from oncsim.processes.finance import finance
from oncsim.processes.handover import hand_over
from oncsim.processes.meeting import Field
from oncsim.processes.nested_logit import Choice, PairLayout, Shares
from oncsim.processes.observe import observe
from oncsim.processes.partnership import begin_ties, partnership
from oncsim.processes.payment import payment
from oncsim.processes.policy import policy
from oncsim.processes.price_change import PriceChanges, office_level, price_changes
from oncsim.processes.prospects import Prospects
from oncsim.processes.referral import hospital_weights
from oncsim.processes.spoke_market import FarPatients, SpokeReach
from oncsim.processes.spokes import staff_spokes
from oncsim.processes.value_based_choice import begin_value_based
from oncsim.randomness import Luck, identity
from oncsim.recording import Recording
from oncsim.state.build import build_state
from oncsim.state.flows import Flows, Money
from oncsim.state.pairs import candidate_pairs
from oncsim.state.stakes import Stakes
from oncsim.state.travel import Roads, within_zone_miles
from oncsim.state.value_based import ValueBasedBooks
from oncsim.ties.conduct import ShiftedCosts
from oncsim.ties.foreclosures import Foreclosures
from oncsim.ties.ladder import Ladder

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.market.form import Market
    from oncsim.parameters import Values
    from oncsim.scenario import Scenario
    from oncsim.state.contracts import Contracts
    from oncsim.state.market_power import MarketPower

Process = Callable[["OncologyMarket"], None]

# A quarter, in order. Each process is one file of the same name.
QUARTER: tuple[tuple[str, Process], ...] = (
    ("policy", policy),
    ("demand", demand),
    ("choice", choice),
    ("care", care),
    ("payment", payment),
    ("finance", finance),
    ("partnership", partnership),
    ("decisions", decisions),
    ("deals", deals),
    ("bargaining", bargaining),
    ("observe", observe),
)
SETTLING = QUARTER[:6]
_EVENT_KINDS = frozenset(EVENT_KINDS)


class OncologyMarket(mesa.Model):
    """An oncology market.

    Parameters
    ----------
    scenario : Scenario
        What to simulate.
    seed : int
        Seed of the run's luck (the market's own luck has its own seed, in the scenario).
    replicate : int
        Which replicate, counted from 0.
    market : Market, optional
        The market if it was built before; else it is built from the scenario.
    record : collection of str
        Further tables to record: ``flows``.
    flow_sink : callable, optional
        Takes the flows table of each quarter as it is made.
    metrics : collection of str, optional
        Record only these metrics, where a run is played for a few numbers; default all. Nothing else changes.
    tables : collection of str, optional
        Record only these of the standard tables beside metrics and events; default all. Nothing else changes.
    profile : bool
        Kept for the command line; timings are always taken.

    Raises
    ------
    InputError
        When a scripted event names an organisation or place that the market does not have.
    """

    law: Values
    replicate: int
    luck: Luck
    ladder: Ladder
    contracts: Contracts
    market_power: MarketPower  # from the end of settling on
    choice: Choice
    flows: Flows
    care: CareResults
    money: Money
    handed: NDArray[np.float64]
    rates: Rates
    volumes: Volumes

    def __init__(
        self,
        scenario: Scenario,
        seed: int = 1,
        replicate: int = 0,
        market: Market | None = None,
        record: Collection[str] = frozenset(),
        flow_sink: Callable[[pd.DataFrame], None] | None = None,
        profile: bool = False,
        metrics: Collection[str] | None = None,
        tables: Collection[str] | None = None,
    ) -> None:
        super().__init__(rng=int(seed))
        if market is None:
            from oncsim.building import build

            market = build(scenario)
        self.source_scenario = scenario  # Mesa 3.5 keeps a `scenario` of its own
        self.parameters = scenario.parameters
        self.market = market
        # Settling is the luck of the market, not of a replicate: all replicates begin from one settled market.
        self.luck = self.market_luck = Luck(int(scenario.market.seed))
        self.quarters: list[Quarter] = list(scenario.quarters)
        self.record = frozenset(record)
        self.metrics_asked = None if metrics is None else frozenset(metrics)
        self.flow_sink = flow_sink
        self.recording = Recording(tables)
        self.timings: dict[str, float] = {name: 0.0 for name, _ in QUARTER}
        self.warnings: list[str] = list(market.notes)
        self.profile = profile
        self._begin()
        faults = event_faults(self)
        if faults:
            raise InputError(faults)
        self._settle(int(scenario.settings.settle_quarters))
        self.begin_replicate(seed, replicate)

    # -- start ------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Copy the market into arrays and make the agents."""
        self.t = 0
        self.settling = True
        self.law_quarter = self.quarters[0]
        self.quarter = self.quarters[0]
        self.law = self.parameters.at(self.law_quarter)
        state = build_state(self.market, self.market_luck, float(self.law["demand.retirement.years_at_start"]))
        self.zones, self.hospitals, self.orgs = state.zones, state.hospitals, state.orgs
        self.sites, self.physicians, self.ties = state.sites, state.physicians, state.ties
        begin_program(self)
        begin_ties(self)
        self.payer_rows: dict[int, int] = {}
        self._add_payers()
        self.roster: list[Organization] = [
            AGENT_OF_KIND[kind](self, row) for row, kind in enumerate(self.orgs.kind.tolist())
        ]
        for row, code in self.payer_rows.items():
            payer = self.roster[row]
            assert isinstance(payer, Payer)
            payer.code = code
        # Regions within which oncologists look for posts: states (one region on an archetype plane).
        _, region = np.unique(np.array(self.zones.states, dtype=object).astype(str), return_inverse=True)
        self.region: NDArray[np.int64] = region.astype(np.int64)
        home = self.region[self.sites.zone[self.physicians.site]]
        self.workforce_at_start = np.bincount(home, minlength=int(self.region.max()) + 1).astype(np.float64)
        self.recruits = np.zeros(len(self.workforce_at_start))
        self.retired = 0
        self.spent_on_sites = 0.0
        self.counts: Counter[str] = Counter()
        self.ledger: list[tuple[int, int, int, float]] = []
        self.pending: list[Pending] = []
        self.failed_talks: dict[tuple[int, int], tuple[int, int]] = {}
        self.stakes = Stakes()
        self.foreclosures = Foreclosures()
        self.partner_field: Field | None = None
        self.spoke_reach: SpokeReach | None = None
        self.far_patients: FarPatients | None = None
        self.shifted = ShiftedCosts()
        self.returned = np.zeros(len(self.orgs))
        self.handed = np.zeros((len(self.sites), 15))
        self.prospects: Prospects
        self._quarter_luck: dict[str, NDArray[np.float64]] = {}
        self.price_base: PriceBase | None = None
        self.fresh_sites: list[int] = []
        self._layout: PairLayout | None = None
        self.travel_pull = np.zeros(0)
        self.reference_access: NDArray[np.float64] | None = None
        self.kind_pull = np.zeros(NESTS)
        self.shares: Shares
        self.entry_flows: tuple[NDArray[np.float64], NDArray[np.float64]]
        self.navigated = np.zeros(len(self.zones))
        self.waiting = np.zeros((len(self.zones), 15))
        self.new_patients = np.zeros((len(self.zones), 15))
        self.value_based = ValueBasedBooks()
        self.performance_payments = np.zeros((len(self.sites), len(PAYERS)))
        self.arrivals = np.zeros(len(self.sites))
        self.capacity = np.zeros(len(self.sites))
        self.medicare_price = np.zeros(len(self.sites))
        self.advantage_price = np.zeros(len(self.sites))
        self.commercial_price = np.zeros(len(self.sites))
        self.roads = roads_of(self.law)
        self.within_miles = within_zone_miles(self.zones.land_sqmi)
        self.pairs = candidate_pairs(self.roads, zone_places(self), self.within_miles, site_places(self), centers(self))
        self.pairs = care_at_home(self, self.pairs)
        self.referrers = hospital_weights(self)
        self.in_network = self._first_networks()
        self.site_rule = np.array([float(self.law["payer.site_rule.start"][payer]) for payer in PAYERS])
        self._warn_of_gaps()

    def _add_payers(self) -> None:
        names = ("Medicare", "Medicare Advantage plans", "Commercial plans", "Medicaid")
        for code, name in enumerate(names):
            row = self.orgs.append(1, id=PAYERS[code], name=name, key=identity(PAYERS[code]), kind=PAYER)
            self.payer_rows[row] = code

    def _first_networks(self) -> NDArray[np.bool_]:
        """Return who is in the network of whom at the start, (organisations, payers), by the market's luck."""
        orgs, law = self.orgs, self.law
        inside = np.ones((len(orgs), len(PAYERS)), dtype=np.bool_)
        academic = orgs.kind == ACADEMIC_CENTER
        for code, payer in enumerate(PAYERS):
            usual = float(law["payer.network.excluded"][payer])
            center = float(law["payer.network.excluded_academic"][payer])
            u = self.market_luck.uniform(f"payer.network.{payer}", 0, orgs.key)
            inside[:, code] = u >= np.where(academic, center, usual)
        return inside

    def _warn_of_gaps(self) -> None:
        """Name zones from which no site can be reached, and say where rare care or real names need a word of caution."""
        cellular = self.sites.lines[:, SERVICE_LINES.index("cellular_therapy")] & self.sites.open
        reached = np.zeros(len(self.zones), dtype=np.bool_)
        reached[self.pairs.zone[cellular[self.pairs.site]]] = True
        if not reached.all():
            share = float(self.zones.population[~reached].sum() / max(self.zones.population.sum(), 1.0))
            self.warnings.append(
                f"{share:.0%} of people live where no site with cellular therapy can be reached: their tertiary patients "
                "count as untreated"
            )
        if self.market.source == "files":
            self.warnings.append(
                "names come from the tables, what organisations do here is simulated: nothing in the story is a "
                "statement about a real organisation"
            )
        empty = np.flatnonzero(np.diff(self.pairs.start) == 0)
        if len(empty):
            shown = ", ".join(self.zones.names[z] for z in empty[:5])
            self.warnings.append(
                f"{len(empty)} zone{'s' if len(empty) > 1 else ''} with no site within "
                f"{self.roads.max_minutes:.0f} minutes, all patients untreated: {shown}" + (" ..." if len(empty) > 5 else "")
            )

    def _settle(self, quarters: int) -> None:
        """Run the market with law and ownership frozen, so that start-up drift is not read as policy."""
        for back in range(quarters, 0, -1):
            self.t = -back
            for _, process in SETTLING[:4]:
                process(self)
            if back > 2:
                balance_kinds(self)
            self.contracts = first_contracts(self, settled=back == 1)
            for _, process in SETTLING[4:]:
                process(self)
            # The ties of the start are at work: patients are sent and sent back.
            return_patients(self)
            hand_over(self)
            if back == quarters or back == 1:
                self.orgs.autonomy = self.draw_autonomy(self.orgs.key, self.orgs.headcount.astype(np.float64))
        if quarters == 0:
            self.t = 0
            policy(self)
            people = self.physicians.headcount(len(self.sites))
            self.orgs.headcount = np.bincount(self.sites.org, weights=people, minlength=len(self.orgs)).astype(np.int64)
            self.orgs.oncologists = self.orgs.headcount.astype(np.float64)
            self.orgs.autonomy = self.draw_autonomy(self.orgs.key, self.orgs.oncologists)
            self.contracts = first_contracts(self, settled=False)
        self._begin_midway()
        begin_value_based(self)
        if quarters:
            # Spokes of the hubs of the start are there when the story begins.
            staff_spokes(self)
            self.recording.events.clear()
            self.counts.clear()
        self.settling = False
        self.t = -1

    def begin_replicate(self, seed: int, replicate: int) -> None:
        """Give a settled market the luck of a replicate: up to here all replicates of a scenario are one market."""
        self.replicate = int(replicate)
        self.luck = Luck(int(seed), self.replicate)
        spread_renewals(self)

    def _begin_midway(self) -> None:
        """Say how long owners who earn too little at the start have done so: spread evenly, as in a market that goes on."""
        orgs = self.orgs
        limit = int(self.law["practice.close.quarters"])
        losing = (orgs.kind == PRACTICE) & (orgs.margin + orgs.autonomy * orgs.headcount / 4.0 < 0)
        spread = self.market_luck.uniform("practice.losses", 0, orgs.key) * limit
        orgs.loss_quarters = np.where(losing, spread.astype(np.int64), 0)

    # -- time -------------------------------------------------------------------------------------------------------

    @property
    def years(self) -> float:
        """Years since the first recorded quarter (0 while settling)."""
        return max(self.t, 0) / 4.0

    @property
    def finished(self) -> bool:
        """Whether the last quarter has been run."""
        return self.t + 1 >= len(self.quarters)

    def step(self) -> None:
        """Run one quarter: the processes of ``QUARTER``, in order."""
        if self.finished:
            raise RunError(f"the run has ended: {self.quarters[-1]} was its last quarter")
        self.t += 1
        self.quarter = self.law_quarter = self.quarters[self.t]
        self.counts.clear()
        self._quarter_luck.clear()
        for name, process in QUARTER:
            before = time.perf_counter()
            process(self)
            self.timings[name] += time.perf_counter() - before

    def tables(self, names: Sequence[str] | None = None) -> dict[str, pd.DataFrame]:
        """Return the tables recorded so far (those named), as in a run folder but without the replicate."""
        return self.recording.tables(self, names)

    def close(self) -> None:
        """Let the model be freed: Mesa 3.3 keeps a counter of agents for every model it has seen."""
        for agent in list(self.agents):
            agent.remove()
        self.roster.clear()
        ids = getattr(mesa.Agent, "_ids", None)
        if ids is not None and hasattr(ids, "pop"):
            ids.pop(self, None)

    # -- what agents and processes ask of the model ------------------------------------------------------------------

    def agent(self, row: int) -> Organization:
        """Return the agent of an organisation's row."""
        return self.roster[row]

    def quarter_luck(self, decision: str) -> NDArray[np.float64]:
        """Return one uniform an organisation for a decision of this quarter, drawn for all of them at once."""
        found = self._quarter_luck.get(decision)
        if found is None or len(found) < len(self.orgs):
            found = self._quarter_luck[decision] = self.luck.uniform(decision, self.t, self.orgs.key)
        return found

    def payer_agent(self, code: int) -> Payer:
        """Return the payer of a line of insurance."""
        row = next(row for row, line in self.payer_rows.items() if line == code)
        payer = self.roster[row]
        assert isinstance(payer, Payer)
        return payer

    def tell(
        self, event: str, actor: int, other: int = -1, site: int = -1, amount: float = float("nan"), text: str = ""
    ) -> None:
        """Add an event to the story; ``{actor}`` and ``{other}`` in the text become names."""
        if event not in _EVENT_KINDS:
            raise ValueError(f"no kind of event {event!r} (add it to oncsim.codes.EVENT_KINDS)")
        orgs = self.orgs
        self.counts[event] += 1
        told = text.replace("{actor}", str(orgs.name[actor]))
        if other >= 0:
            told = told.replace("{other}", str(orgs.name[other]))
        self.recording.events.append(
            (
                str(self.quarter),
                event,
                str(orgs.id[actor]),
                str(orgs.id[other]) if other >= 0 else "",
                str(self.sites.id[site]) if site >= 0 else "",
                float(amount),
                told[:1].upper() + told[1:],
            )
        )

    def pay_deal(self, buyer: int, seller: int, price: float) -> None:
        """Book the price of a deal: paid by the buyer, received by the seller's owners."""
        self.ledger.append((self.t, buyer, seller, price))

    def add_organization(self, org_id: str, name: str, kind: int, zone: int, autonomy: float = 0.0) -> int:
        """Add an organisation born in the run, with its agent; return its row."""
        taken = set(self.orgs.name)
        unique = name
        number = 2
        while unique in taken:
            unique, number = f"{name} ({number})", number + 1
        row = self.orgs.append(
            1,
            id=org_id,
            name=unique,
            key=identity(org_id),
            kind=kind,
            zone=zone,
            lat=self.zones.lat[zone],
            lon=self.zones.lon[zone],
            autonomy=autonomy,
            founded=self.t,
        )
        self.roster.append(AGENT_OF_KIND[kind](self, row))
        self.in_network = np.vstack([self.in_network, np.ones((1, len(PAYERS)), dtype=np.bool_)])
        self.contracts.grow_organizations(self.t + 1)
        return row

    def draw_autonomy(self, keys: NDArray[np.uint64], size: NDArray[np.float64]) -> NDArray[np.float64]:
        """Draw the value of independence, dollars a physician-year: lognormal over practices, by the market's luck."""
        law = self.law
        spread = float(law["practice.autonomy.spread"]) * self.market_luck.normal("practice.autonomy", 0, keys)
        small = 1.0 + (float(law["practice.autonomy.small_factor"]) - 1.0) / np.maximum(size, 1.0)
        return np.asarray(float(law["practice.autonomy.median"]) * np.exp(spread) * small)

    def discount_alone(self, size: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far below the average sales price practices of these sizes buy."""
        return float(self.law["finance.purchasing.scale_discount"]) * np.log(np.maximum(size, 1.0)) / np.log(50.0)

    def discount_in_network(self, size: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far below the average sales price network members of these sizes buy."""
        return np.maximum(self.discount_alone(size), float(self.law["finance.purchasing.network_discount"]))

    def purchasing_discount(self) -> NDArray[np.float64]:
        """Return every organisation's purchasing discount, as a share of the average sales price."""
        size = self.orgs.headcount.astype(np.float64)
        return np.where(self.orgs.network >= 0, self.discount_in_network(size), self.discount_alone(size))

    def office_level(self) -> float:
        """Return the mean commercial price level of independent practices, in standard contracts."""
        return office_level(self)

    def price_changes(self) -> PriceChanges:
        """Return what acquisitions have done to the prices of the sites that were bought."""
        return price_changes(self)

    def pair_layout(self) -> PairLayout:
        """Return the candidate pairs split by nest; made again after sites changed kind or number."""
        if self._layout is None:
            self._layout = PairLayout.make(
                self.pairs.zone, self.pairs.site, NEST_OF_KIND[self.sites.kind], len(self.zones), NESTS
            )
        return self._layout

    def forget_layout(self) -> None:
        """Say that sites changed kind, opened or closed."""
        self._layout = None

    def forget_referrers(self) -> None:
        """Say that hospitals changed hands."""
        self.referrers = hospital_weights(self)

    def grow_site_results(self) -> None:
        """Give sites opened after care and payment empty rows in their results."""
        more = len(self.sites) - len(self.arrivals)
        if more <= 0:
            return
        for name in ("arrivals", "capacity", "medicare_price", "advantage_price", "commercial_price"):
            setattr(self, name, np.append(getattr(self, name), np.zeros(more)))
        # A market that has not settled has no results before its first quarter.
        for part in (getattr(self, name, None) for name in ("care", "money", "volumes")):
            for name, value in vars(part).items() if part is not None else ():
                if isinstance(value, np.ndarray):
                    empty = np.zeros((more, *value.shape[1:]), dtype=value.dtype)
                    object.__setattr__(part, name, np.concatenate([value, empty]))


def roads_of(law: Any) -> Roads:
    """Read what turns miles into minutes."""
    return Roads(
        road_factor=float(law["travel.road_factor"]),
        mph_metro=float(law["travel.mph_metro"]),
        mph_rural=float(law["travel.mph_rural"]),
        air_mph=float(law["travel.air_mph"]),
        nearest_sites=int(law["travel.nearest_sites"]),
        center_minutes=float(law["travel.center_minutes"]),
        max_minutes=float(law["travel.max_minutes"]),
    )
