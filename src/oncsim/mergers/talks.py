"""What a deal does to the leverage of the parties over a payer and to prices, by both models of bargaining."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACADEMIC_CENTER, BARGAINED, HEALTH_SYSTEM, NEEDS, ORG_KINDS, PAYERS, PRACTICE
from oncsim.competition.cells import Cells, Floats
from oncsim.competition.leverage import Leverage, leverage
from oncsim.competition.merger import Merger, gross_upward_pressure
from oncsim.competition.nash import Bargain, negotiate, passthrough
from oncsim.mergers.effects import MODELS, PartyAtPayer, PayerEffect, PriceEffect, Rival
from oncsim.mergers.parties import Party
from oncsim.processes.market_power import competing_system, joining, payer_cells, prices, table_of
from oncsim.processes.referral import hospital_reach
from oncsim.processes.standard_patient import StandardPatient, standard_patient

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

RIVALS = 5  # rivals named for each party


def payer_effects(model: OncologyMarket, one: Party, other: Party) -> tuple[PayerEffect, ...]:
    """Return what the deal does at each payer of ``codes.BARGAINED``."""
    patient = standard_patient(model.law)
    cells = payer_cells(model, competing_system(model))
    return tuple(_Talks(model, position, patient, cell, one.row, other.row).effect() for position, cell in enumerate(cells))


class _Talks:
    """One payer's talks before the deal and after, all contracts renewed."""

    def __init__(
        self, model: OncologyMarket, position: int, patient: StandardPatient, cells: Cells, one: int, other: int
    ) -> None:
        self.model, self.position, self.patient = model, position, patient
        self.one, self.other = one, other
        cells, factor = inside(cells, joining(model, position), one, other)
        self.table = table_of(model, position, patient)
        self.price = prices(model, position, patient)
        self.before = leverage(cells, factor)
        owner = np.arange(cells.systems)
        owner[other] = one
        self.after = leverage(cells.owned(owner), factor)
        self.apart = negotiate(self.before, self.table, self.price)
        self.rate = float(model.market_power.rate[position])
        self.worth = float(patient.value[position, 0])
        self.bargained = 1.0 - float(model.law["payer.bargaining.scheduled"][PAYERS[BARGAINED[position]]])
        self.recapture = self._recapture()
        self.weight_kept = self._weight_kept()
        self.weight_after = weight_together(model, one, other)

    def effect(self) -> PayerEffect:
        utils = 4.0 * self.table.value * self.worth
        effects, after = self._effects()
        treats = self.before.patients > 0
        outside = treats & ~self.model.in_network[:, BARGAINED[self.position]]
        apart = self.before.willingness[[self.one, self.other]].sum()
        return PayerEffect(
            payer=PAYERS[BARGAINED[self.position]],
            worth=self.worth,
            value=self.table.value,
            bargained=self.bargained,
            one=self._party(self.one, self.other),
            other=self._party(self.other, self.one),
            willingness=utils * float(self.after.willingness[self.one]),
            gain=float(self.after.willingness[self.one] / apart - 1.0) if apart > 0 else 0.0,
            weight_before=(float(self.table.weight[self.one]), float(self.table.weight[self.other])),
            weight_after=self.weight_after,
            weight_kept=self.weight_kept,
            recapture=self.recapture,
            effects=effects,
            rivals=self._rivals(self.after, self.one),
            beyond=float(self.after.beyond[self.one]),
            outside=self._names(outside),
            no_gain=self._names(treats & ~self.apart.agreed),
            no_gain_after=self._names((self.after.patients > 0) & ~after.agreed),
        )

    def _party(self, a: int, b: int) -> PartyAtPayer:
        table, price, before = self.table, self.price, self.before
        diversion = float(before.diversion[a, b])
        passed = passthrough(before, table.cost, self.rate, price)
        return PartyAtPayer(
            in_network=bool(self.model.in_network[a, BARGAINED[self.position]]),
            patients=4.0 * float(before.patients[a]),
            price=float(price[a]),
            cost=float(table.cost[a]),
            willingness=4.0 * table.value * self.worth * float(before.willingness[a]),
            diversion=diversion,
            beyond=float(before.beyond[a]),
            rivals=self._rivals(before, a, b),
            guppi=gross_upward_pressure(diversion, float(price[a]), float(price[b]), float(table.cost[b])),
            pressure=diversion * float(price[b] - table.cost[b]) * self.worth,
            renewed=dict(zip(MODELS, (float(self.apart.price[a]), float(passed[a])), strict=True)),
            agreed=bool(self.apart.agreed[a]),
            largest=float(before.largest[a]),
        )

    def _rivals(self, found: Leverage, party: int, besides: int = -1) -> tuple[Rival, ...]:
        orgs, row = self.model.orgs, found.diversion[[party], :].toarray().ravel()
        if besides >= 0:
            row[besides] = 0.0
        order = np.lexsort((orgs.key[: len(row)], -row))[:RIVALS]
        return tuple(
            Rival(str(orgs.id[k]), str(orgs.name[k]), ORG_KINDS[orgs.kind[k]], float(row[k])) for k in order if row[k] > 0
        )

    def _names(self, rows: NDArray[np.bool_]) -> tuple[str, ...]:
        return tuple(sorted(str(name) for name in self.model.orgs.name[np.flatnonzero(rows)]))

    def _effects(self) -> tuple[dict[str, PriceEffect], Bargain]:
        """Return the effects by model, and the Nash talks after the deal."""
        one, other = self.one, self.other
        q = self.before.patients[[one, other]]
        standing, cost = self.price.copy(), self.table.cost.copy()
        if q.sum() > 0:
            standing[one] = (q * self.price[[one, other]]).sum() / q.sum()
            cost[one] = (q * self.table.cost[[one, other]]).sum() / q.sum()
        same = replace(self.table, cost=cost, weight=_with(self.table.weight, one, self.weight_kept))
        dearer = _with(cost, one, cost[one] + self.recapture)
        new = replace(self.table, cost=dearer, weight=_with(self.table.weight, one, self.weight_after))
        alone, after = (negotiate(self.after, table, standing) for table in (same, new))
        passed = passthrough(self.before, self.table.cost, self.rate, self.price)
        passed_alone, passed_after = (passthrough(self.after, at, self.rate, standing) for at in (cost, dearer))
        nash = self._effect(self.apart.price, alone.price, after.price, bool(after.agreed[one]))
        return {MODELS[0]: nash, MODELS[1]: self._effect(passed, passed_alone, passed_after, True)}, after

    def _effect(self, before: Floats, alone: Floats, after: Floats, agreed: bool) -> PriceEffect:
        deal = Merger(self.one, self.other, self.before, self.after, before, after, before, after)
        q = self.before.patients
        pair = [self.one, self.other]
        new = _with(after, self.other, after[self.one])
        rise = self.bargained * q * (new - before)
        was = q * (1.0 - self.bargained + self.bargained * before)
        return PriceEffect(
            after=float(after[self.one]),
            level=deal.party_change(before, after),
            leverage_alone=deal.party_change(before, alone),
            paid=float(rise[pair].sum() / was[pair].sum()) if was[pair].sum() > 0 else 0.0,
            payer=float(rise.sum() / was.sum()) if was.sum() > 0 else 0.0,
            dollars=4.0 * self.worth * float(rise.sum()),
            agreed=agreed,
        )

    def _weight_kept(self) -> float:
        """Return the weight at which the parties keep the part of the gains from trade that they have apart."""
        pair = [self.one, self.other]
        q, weight = self.before.patients[pair], self.table.weight[pair]
        gains = q * np.where(self.apart.agreed[pair], self.apart.most[pair] - self.table.cost[pair], 0.0)
        if gains.sum() > 0:
            return float((weight * gains).sum() / gains.sum())
        return float((weight * q).sum() / q.sum()) if q.sum() > 0 else float(weight[0])

    def _recapture(self) -> float:
        """Return the rise of the parties' avoidable cost from what the buyer's hospitals would keep, standard contracts."""
        model, law = self.model, self.model.law
        margin = float(law["payer.bargaining.recapture"]) * float(law["finance.downstream_margin"])
        if not vertical(model, self.one, self.other) or margin == 0:
            return 0.0
        sites, payer, needs = model.sites, BARGAINED[self.position], len(NEEDS)
        starts = sites.starts[:, payer * needs : (payer + 1) * needs]
        owner = model.orgs.top_owner()[sites.org]
        rows = np.flatnonzero(sites.open & (owner == self.other))
        kept = hospital_reach(model, sites.zone[rows], np.full(len(rows), self.one))
        worth = float((starts @ self.patient.value[self.position])[np.isin(owner, (self.one, self.other))].sum())
        return margin * float((kept * starts[rows].sum(axis=1)).sum()) / worth if worth > 0 else 0.0


def inside(cells: Cells, factor: Floats, one: int, other: int) -> tuple[Cells, Floats]:
    """Return cells in which both parties are in network, and the factors on systems when they are weighed.

    A party without a contract now would have one with all contracts renewed, apart as well as together: were each weighed
    beside the other as it stands, signing both would read as a loss of leverage. Rivals are weighed as in a run.
    """
    lift = np.ones(cells.systems)
    lift[[one, other]] = factor[[one, other]]
    return replace(cells, value=cells.value * lift[cells.system][:, None]), factor / lift


def _with(values: Floats, row: int, value: float) -> Floats:
    new = values.copy()
    new[row] = value
    return new


def vertical(model: OncologyMarket, one: int, other: int) -> bool:
    """Return whether a system or center buys a practice."""
    kind = model.orgs.kind
    return bool(kind[one] in (HEALTH_SYSTEM, ACADEMIC_CENTER) and kind[other] == PRACTICE)


def weight_together(model: OncologyMarket, one: int, other: int) -> float:
    """Return the bargaining weight after the deal: the higher of their kinds, whoever buys, with the oncologists of both.

    Who is bought loses no skill at the table; in runs the buyer's kind is the higher one.
    """
    law, orgs = model.law, model.orgs
    kind = max(float(law["payer.bargaining.weight"][ORG_KINDS[orgs.kind[party]]]) for party in (one, other))
    people = float(orgs.headcount[np.isin(orgs.top_owner(), (one, other))].sum())
    slope = float(law["payer.bargaining.size_slope"])
    return float(np.clip(kind + slope * np.log10(max(people, 1.0) / 10.0), 0.0, 0.8))
