"""Bargaining, plain form: contracts that are due move to the sourced multiple for the site's class and local share.

An acquisition changes prices in two parts: the rate table of the new setting applies at once (``payment``), the
bargained multiple only when the contract comes up here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import NETWORK, PAYERS
from oncsim.prices.places import SITE_CLASSES, site_class
from oncsim.state.contracts import Contracts

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
_MA, _COMMERCIAL = PAYERS.index("medicare_advantage"), PAYERS.index("commercial")


def local_share(model: OncologyMarket) -> Floats:
    """Return, for each organisation, its top owner's share of patients treated in the market of its seat."""
    sites, orgs, zones = model.sites, model.orgs, model.zones
    markets = len(zones.market_ids)
    top = orgs.top_owner()
    starts = sites.starts.sum(axis=1)
    cell = zones.market[sites.zone] * len(orgs) + top[sites.org]
    keys, inverse = np.unique(cell, return_inverse=True)
    owned = np.bincount(inverse, weights=starts)
    total = np.bincount(zones.market[sites.zone], weights=starts, minlength=markets)
    seat = np.where(orgs.zone >= 0, zones.market[orgs.zone.clip(min=0)], 0)
    wanted = seat * len(orgs) + top
    at = np.searchsorted(keys, wanted).clip(max=max(len(keys) - 1, 0))
    found = (keys[at] == wanted) if len(keys) else np.zeros(len(orgs), dtype=np.bool_)
    mine = np.where(found, owned[at], 0.0) if len(keys) else np.zeros(len(orgs))
    return np.divide(mine, total[seat], out=np.zeros(len(orgs)), where=total[seat] > 0)


def target_multiples(model: OncologyMarket) -> tuple[Floats, Floats]:
    """Return the multiples (drug, service) each site's contract would be signed at now, (sites,)."""
    law, sites = model.law, model.sites
    leverage = 1.0 + float(law["payer.contract.share_slope"]) * (
        local_share(model)[sites.org] - float(law["payer.contract.share_reference"])
    )
    row = site_class(sites.kind, sites.eligible_340b)
    drug = np.array([float(law["payment.commercial.drug"][name]) for name in SITE_CLASSES])[row]
    service = np.array([float(law["payment.commercial.service"][name]) for name in SITE_CLASSES])[row]
    return drug * leverage, service * leverage


def contract_length(model: OncologyMarket, org: NDArray[np.int64]) -> NDArray[np.int64]:
    """Draw at signing how many quarters a contract runs: geometric with the hazard of the registry."""
    hazard = float(model.law["payer.contract.hazard"])
    u = model.luck.uniform("bargaining.length", model.t, model.orgs.key[org])
    if hazard >= 1.0:
        return np.ones(len(org), dtype=np.int64)
    return 1 + np.floor(np.log(u) / np.log1p(-hazard)).astype(np.int64)


def first_contracts(model: OncologyMarket) -> Contracts:
    """Return the contracts of the start: multiples as if just signed, due dates spread by luck."""
    drug, service = target_multiples(model)
    everyone = np.arange(len(model.orgs))
    return Contracts(drug, service, model.t + contract_length(model, everyone))


def bargaining(model: OncologyMarket) -> None:
    """Renew contracts that are due: prices move to today's multiples, networks may break or mend."""
    orgs, sites, contracts = model.orgs, model.sites, model.contracts
    top = orgs.top_owner()
    due_owner = contracts.due <= model.t
    due_site = due_owner[top[sites.org]] & sites.open
    drug, service = target_multiples(model)
    before = contracts.drug.copy()
    contracts.drug = np.where(due_site, drug, contracts.drug)
    contracts.service = np.where(due_site, service, contracts.service)
    _tell_jumps(model, before, due_site)
    rows = np.flatnonzero(due_owner)
    contracts.due[rows] = model.t + contract_length(model, rows)
    _networks(model, rows)


def _tell_jumps(model: OncologyMarket, before: Floats, due_site: NDArray[np.bool_]) -> None:
    """Tell of renewals that raise an acquired site's drug price by more than a tenth: the bargained part of a deal."""
    sites, contracts = model.sites, model.contracts
    jump = due_site & (contracts.drug > 1.1 * before) & (sites.origin >= 0) & (sites.origin != sites.org)
    for row in np.flatnonzero(jump):
        change = contracts.drug[row] / before[row] - 1.0
        model.tell(
            "price_step",
            int(sites.org[row]),
            site=int(row),
            amount=float(change),
            text=f"{{actor}} signs its first commercial contract for {sites.name[row]} as a hospital department: "
            f"drug prices rise {change:.0%} to the hospital level",
        )


def _networks(model: OncologyMarket, rows: NDArray[np.int64]) -> None:
    """At renewal a contract may fail, and an organisation outside a network may come back."""
    law, orgs = model.law, model.orgs
    sites = model.sites
    bargains = np.zeros(len(orgs), dtype=np.bool_)
    bargains[sites.org[sites.open]] = True
    bargains &= (orgs.status == 0) & (orgs.kind != NETWORK)
    broken, mended = float(law["payer.network.break"]), float(law["payer.network.mend"])
    for payer in (_MA, _COMMERCIAL):
        u = model.luck.uniform(f"bargaining.network.{PAYERS[payer]}", model.t, orgs.key[rows])
        inside = model.in_network[rows, payer]
        now = np.where(inside, u >= broken, u < mended)
        changed = rows[now != inside]
        model.in_network[rows, payer] = now
        for row in changed:
            if not bargains[row]:
                continue
            model.payer_agent(payer).announce_network(int(row), bool(model.in_network[row, payer]))
