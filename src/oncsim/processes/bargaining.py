"""Bargaining: contracts that are due are renegotiated, by who can walk away from whom (methods 2d).

An acquisition changes prices in two parts: the rate table of the new setting applies at once (``payment``), the bargained
level only when the contract comes up here. Talks can fail: without a gain from trade there is no price that leaves both
better off, and now and then they break down for other reasons; either way the system is out of network until terms come up
again. What the setting adds to a price is rate table: it is not renegotiated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import BARGAINED, HOPD_OFF, HOPD_ON, OFFICE, PAYERS, among
from oncsim.competition.nash import Bargain, negotiate, passthrough
from oncsim.prices.places import site_class
from oncsim.prices.rates import Contract
from oncsim.processes.jurisdiction import region_means
from oncsim.processes.market_power import (
    begin_market_power,
    class_levels,
    class_norms,
    prices,
    table_of,
    update_market_power,
)
from oncsim.processes.standard_patient import StandardPatient, standard_patient
from oncsim.state.contracts import Contracts

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.parameters import Values

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_COMMERCIAL = BARGAINED.index(PAYERS.index("commercial"))
_ADVANTAGE = BARGAINED.index(PAYERS.index("medicare_advantage"))
# A rise of the bargained price of an acquired site that is worth telling.
_STEP_TOLD = 0.1


def bargained(model: OncologyMarket) -> bool:
    """Return whether prices are bargained at all, or taken from the class of site."""
    return str(model.law["payer.bargaining.mode"]) != "none"


def contract_length(model: OncologyMarket, org: NDArray[np.int64], position: int) -> NDArray[np.int64]:
    """Draw at signing how many quarters a contract runs: geometric with the hazard of the registry."""
    hazard = float(model.law["payer.contract.hazard"])
    u = model.luck.uniform(f"bargaining.length.{PAYERS[BARGAINED[position]]}", model.t, model.orgs.key[org])
    if hazard >= 1.0:
        return np.ones(len(org), dtype=np.int64)
    return 1 + np.floor(np.log(u) / np.log1p(-hazard)).astype(np.int64)


def multiples(model: OncologyMarket, level: Floats) -> tuple[Floats, Floats]:
    """Return commercial levels of sites as multiples of ASP and of Medicare's rates, (sites,) each.

    Where prices are not bargained the multiples are those of the class of site. Where they are, a class whose sourced
    multiple a scenario has changed since the start moves with it.
    """
    law, row = model.law, site_class(model.sites.kind, model.sites.eligible_340b)
    talked = bargained(model) and hasattr(model, "market_power")
    found = []
    for name, norm in class_norms(model).items():
        office = float(law[f"payment.commercial.{name}"]["office"])
        found.append(office * (level * norm[row] / model.market_power.norm[name][row] if talked else norm[row]))
    return found[0], found[1]


def advantage_factor(model: OncologyMarket) -> Floats:
    """Return what Medicare Advantage plans pay each site relative to their usual rate, (sites,)."""
    if not bargained(model):
        return np.ones(len(model.sites))
    scheduled = float(model.law["payer.bargaining.scheduled"][PAYERS[BARGAINED[_ADVANTAGE]]])
    return scheduled + (1.0 - scheduled) * model.contracts.level[:, _ADVANTAGE]


def contract_at(model: OncologyMarket, law: Values, site_class: str, level: Floats, shipped: Floats) -> Contract:
    """Return the terms of sites of a class whose owners have these price levels, under some law.

    Parameters
    ----------
    site_class : str
        One of ``SITE_CLASSES``; all that matters where prices are not bargained.
    level : (sites, payers of ``BARGAINED``) float
        In standard contracts.
    shipped : (sites,) float
        Share of commercial drugs the payer's pharmacy ships.
    """
    one = np.ones(len(shipped))
    found = []
    for name in ("drug", "service"):
        sourced = law[f"payment.commercial.{name}"]
        found.append(
            float(sourced["office"]) * level[:, _COMMERCIAL] if bargained(model) else float(sourced[site_class]) * one
        )
    scheduled = float(law["payer.bargaining.scheduled"][PAYERS[BARGAINED[_ADVANTAGE]]])
    advantage = scheduled + (1.0 - scheduled) * level[:, _ADVANTAGE] if bargained(model) else one
    return Contract(found[0], found[1], shipped, advantage)


def hospital_level(model: OncologyMarket) -> Floats:
    """Return the mean price level of the hospital departments of each region, (regions, payers of ``BARGAINED``).

    Weighted by infusions; a region without any has the mean price of the start.
    """
    sites = model.sites
    many = len(model.contracts.drug)
    hospital = among(sites.kind[:many], (HOPD_ON, HOPD_OFF)) & sites.open[:many]
    weight = np.where(hospital, sites.infusions[:many].sum(axis=1), 0.0)
    return region_means(model, model.contracts.level, weight, _usual(model))


def _usual(model: OncologyMarket) -> Floats:
    """Return the mean levels of the start, one a payer of ``BARGAINED``."""
    return model.market_power.reference if hasattr(model, "market_power") else np.ones(len(BARGAINED))


def first_contracts(model: OncologyMarket, settled: bool) -> Contracts:
    """Return the contracts of the start; when they are due is a matter of luck (:func:`spread_renewals`).

    While the market settles prices are those of the class of site; once it has, they are bargained as if all were due.
    """
    patient = standard_patient(model.law)
    level = class_levels(model, patient)
    nobody = np.zeros(level.shape, dtype=np.bool_)
    drug, service = multiples(model, level[:, _COMMERCIAL])
    contracts = Contracts(level, drug, service, nobody, np.zeros((len(model.orgs), len(BARGAINED)), dtype=np.int64))
    if settled:
        model.contracts = contracts
        model.market_power = begin_market_power(model)
        _talk_and_sign_all(model, patient)
    return contracts


def spread_renewals(model: OncologyMarket) -> None:
    """Say when the contracts of the start run out: spread by luck, as in a market that goes on."""
    everyone = np.arange(len(model.orgs))
    due = [model.t + contract_length(model, everyone, position) for position in range(len(BARGAINED))]
    model.contracts.due = np.column_stack(due)


def begin_bargaining(model: OncologyMarket) -> None:
    """Let a market that has not settled bargain when it first has patients."""
    if not hasattr(model, "market_power"):
        model.market_power = begin_market_power(model)
        _talk_and_sign_all(model, standard_patient(model.law))


def _talk_and_sign_all(model: OncologyMarket, patient: StandardPatient) -> None:
    everyone = model.orgs.top_owner() == np.arange(len(model.orgs))
    for position in range(len(BARGAINED)):
        outcome = _talk(model, position, patient, everyone)
        model.in_network[everyone & ~outcome.agreed, BARGAINED[position]] = False
        _sign(model, position, patient, outcome, everyone & outcome.agreed)


def bargaining(model: OncologyMarket) -> None:
    """Renew contracts that are due: prices move to what leverage gives today, networks may break or mend."""
    contracts = model.contracts
    patient = standard_patient(model.law)
    update_market_power(model)
    before = contracts.level[:, _COMMERCIAL].copy()
    speaks = model.orgs.top_owner() == np.arange(len(model.orgs))
    for position in range(len(BARGAINED)):
        due = (contracts.due[:, position] <= model.t) & speaks
        outcome = _talk(model, position, patient, due)
        signed = _networks(model, position, due, outcome.agreed)
        _sign(model, position, patient, outcome, due & signed)
        rows = np.flatnonzero(due)
        contracts.due[rows, position] = model.t + contract_length(model, rows, position)
    _tell_steps(model, before)


def terms_of_new_site(model: OncologyMarket, org: int, zone: int) -> tuple[Floats, float, float]:
    """Return the levels, drug and service multiples at which a new site starts: those of its owner's other sites.

    Without any, the mean of the offices of its region.
    """
    sites, contracts = model.sites, model.contracts
    many = len(contracts.drug)
    top = model.orgs.top_owner()
    mine = np.flatnonzero(sites.open[:many] & (top[sites.org[:many]] == top[org]))
    if len(mine):
        level = contracts.level[mine].mean(axis=0)
        return level, float(contracts.drug[mine].mean()), float(contracts.service[mine].mean())
    offices = (sites.open[:many] & (sites.kind[:many] == OFFICE)).astype(np.float64)
    place = int(model.region[zone])
    level = region_means(model, contracts.level, offices, _usual(model))[place]
    both = np.column_stack([contracts.drug, contracts.service])
    drug, service = region_means(model, both, offices, both.mean(axis=0))[place].tolist()
    return level, drug, service


def _talk(model: OncologyMarket, position: int, patient: StandardPatient, due: Flags) -> Bargain:
    """Return what talks with the systems that are due lead to."""
    one = model.market_power.leverage[position]
    standing = prices(model, position, patient)
    if not bargained(model):
        return Bargain(standing, standing, np.ones(len(due), dtype=np.bool_))
    table = table_of(model, position, patient)
    if str(model.law["payer.bargaining.mode"]) == "wtp_passthrough":
        asked = passthrough(one, table.cost, float(model.market_power.rate[position]), standing)
        price = np.where(due, asked, standing)
        return Bargain(price, one.diversion @ price + one.beyond * table.reference, np.ones(len(due), dtype=np.bool_))
    return negotiate(one, table, standing, due)


def _sign(model: OncologyMarket, position: int, patient: StandardPatient, outcome: Bargain, signed: Flags) -> None:
    """Put agreed prices into force at every site of the systems that signed, and settle who narrow networks leave out."""
    sites, contracts = model.sites, model.contracts
    owner = model.orgs.top_owner()[sites.org]
    rows = signed[owner] & sites.open
    treats = model.market_power.leverage[position].patients > 0
    if bargained(model):
        level = np.where(treats[owner], outcome.price[owner], contracts.level[:, position])
    else:
        level = class_levels(model, patient)[:, position]
    contracts.level[:, position] = np.where(rows, level, contracts.level[:, position])
    if position == _COMMERCIAL:
        drug, service = multiples(model, contracts.level[:, position])
        contracts.drug = np.where(rows, drug, contracts.drug)
        contracts.service = np.where(rows, service, contracts.service)
    _leave_out(model, position, outcome, rows, treats)


def _leave_out(model: OncologyMarket, position: int, outcome: Bargain, rows: Flags, treats: Flags) -> None:
    """Let narrow networks leave out, at renewal, systems dearer than where their patients would go."""
    one, reference = model.market_power.leverage[position], model.market_power.reference[position]
    alternative = one.diversion @ outcome.price + one.beyond * reference
    dearer = outcome.price > (1.0 + float(model.law["payer.narrow.dearer"])) * alternative
    owner = model.orgs.top_owner()[model.sites.org]
    left_out = model.contracts.left_out
    left_out[:, position] = np.where(rows, (dearer & treats)[owner], left_out[:, position])


def _tell_steps(model: OncologyMarket, before: Floats) -> None:
    """Tell of renewals that raise the price of an acquired site by more than a tenth: the bargained part of a deal."""
    if not bargained(model):
        return
    sites, level = model.sites, model.contracts.level[:, _COMMERCIAL]
    top = model.orgs.top_owner()[sites.org]
    bought = sites.open & (sites.origin >= 0) & (sites.origin != top)
    for row in np.flatnonzero(bought & (level > (1.0 + _STEP_TOLD) * before)):
        model.tell(
            "price_step",
            int(top[row]),
            site=int(row),
            amount=float(level[row] / before[row] - 1.0),
            text=f"{{actor}} signs a commercial contract for {sites.name[row]}: its bargained prices rise "
            f"{level[row] / before[row] - 1.0:.0%}",
        )


def _networks(model: OncologyMarket, position: int, due: Flags, gains: Flags) -> Flags:
    """Settle who is in network after talks; return who signed, (organisations,) bool."""
    law, orgs, sites = model.law, model.orgs, model.sites
    payer, top = BARGAINED[position], orgs.top_owner()
    treating = np.zeros(len(orgs), dtype=np.bool_)
    treating[top[sites.org[sites.open]]] = True
    rows = np.flatnonzero(due)
    broken, mended = float(law["payer.network.break"]), float(law["payer.network.mend"])
    u = model.luck.uniform(f"bargaining.network.{PAYERS[payer]}", model.t, orgs.key[rows])
    inside = model.in_network[rows, payer]
    now = np.where(inside, u >= broken, u < mended) & gains[rows]
    model.in_network[rows, payer] = now
    # What an owner signs holds for all it owns.
    owned = np.flatnonzero(due[top] & (top != np.arange(len(orgs))))
    model.in_network[owned, payer] = model.in_network[top[owned], payer]
    for row in rows[(now != inside) & treating[rows]]:
        model.payer_agent(payer).announce_network(int(row), bool(model.in_network[row, payer]), bool(gains[row]))
    signed = np.zeros(len(orgs), dtype=np.bool_)
    signed[rows] = now
    return signed
