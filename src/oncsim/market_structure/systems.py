"""The systems of a market: what they treat, what they are worth to payers, and who would replace them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import BARGAINED, ORG_KINDS, PAYERS
from oncsim.competition.concentration import holdings
from oncsim.market_structure.forms import QUARTERS_A_YEAR, OneSystem, Substitute
from oncsim.state.sums import sum_by

if TYPE_CHECKING:
    from oncsim.metrics import View
    from oncsim.model import OncologyMarket
    from oncsim.state.market_power import MarketPower

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SUBSTITUTES = 3
_COMMERCIAL = BARGAINED.index(PAYERS.index("commercial"))


def systems_of(model: OncologyMarket, view: View) -> tuple[OneSystem, ...]:
    """Return every owner with patients, those with most first."""
    orgs, size = model.orgs, len(model.orgs)
    patients = sum_by(view.site_owner, view.treated, size)
    total = float(patients.sum())
    rows = np.flatnonzero(patients > 0)
    rows = rows[np.argsort(-patients[rows], kind="stable")]
    share, zone = _largest_in_a_zone(model, view)
    worth = {PAYERS[payer]: _willingness(model.market_power, position) for position, payer in enumerate(BARGAINED)}
    level = _levels(model)
    return tuple(
        OneSystem(
            id=str(orgs.id[row]),
            name=str(orgs.name[row]),
            kind=ORG_KINDS[orgs.kind[row]],
            patients=QUARTERS_A_YEAR * float(patients[row]),
            share=float(patients[row]) / total,
            willingness={payer: float(values[row]) for payer, values in worth.items()},
            level=float(level[row]),
            largest_zone_share=float(share[row]),
            largest_zone=model.zones.names[zone[row]] if zone[row] >= 0 else "",
            substitutes=_substitutes(model, row),
        )
        for row in rows.tolist()
    )


def least_willingness(model: OncologyMarket) -> dict[str, float]:
    """Return what a payer would give for a system with next to no share anywhere, dollars per standard patient.

    As its shares go to zero the loss of utility is ``lam`` times the shares: ``W / q`` goes to ``lam``, not to zero.
    """
    power, lam = model.market_power, float(model.law["choice.nest_dissimilarity"])
    return {PAYERS[payer]: float(power.value[k] * lam * power.worth[k]) for k, payer in enumerate(BARGAINED)}


def _willingness(power: MarketPower, position: int) -> Floats:
    """Return willingness to pay for every organisation, dollars per standard patient; nan without patients of the payer."""
    one = power.leverage[position]
    dollars = power.value[position] * one.per_patient * power.worth[position]
    return np.where(one.patients > 0, dollars, np.nan)


def _levels(model: OncologyMarket) -> Floats:
    """Return the commercial price level of every system; nan without commercial patients."""
    from oncsim.processes.market_power import prices, volumes_of_sites
    from oncsim.processes.standard_patient import standard_patient

    patient = standard_patient(model.law)
    volume = np.where(model.sites.open, volumes_of_sites(model, _COMMERCIAL, patient), 0.0)
    held = sum_by(model.orgs.top_owner()[model.sites.org], volume, len(model.orgs))
    return np.where(held > 0, prices(model, _COMMERCIAL, patient), np.nan)


def _largest_in_a_zone(model: OncologyMarket, view: View) -> tuple[Floats, Ints]:
    """Return each owner's largest share of the treated people of a zone, and the zone: nan and -1 without any."""
    share, zone = np.full(len(model.orgs), np.nan), np.full(len(model.orgs), -1)
    pairs = model.pairs
    held = holdings(pairs.zone, view.site_owner[pairs.site], model.flows.pair_started, len(model.zones))
    # From the smallest up, so that the largest is what stays.
    order = np.lexsort((-held.market, held.patients, held.shares))
    share[held.owner[order]] = held.shares[order]
    zone[held.owner[order]] = held.market[order]
    return share, zone


def _substitutes(model: OncologyMarket, row: int) -> tuple[Substitute, ...]:
    diversion = model.market_power.leverage[_COMMERCIAL].diversion
    inside = slice(int(diversion.indptr[row]), int(diversion.indptr[row + 1]))
    there, part = diversion.indices[inside], diversion.data[inside]
    first = np.lexsort((there, -part))[:SUBSTITUTES]
    return tuple(
        Substitute(str(model.orgs.id[there[k]]), str(model.orgs.name[there[k]]), float(part[k])) for k in first.tolist()
    )
