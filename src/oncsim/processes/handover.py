"""Handing over: partners send each other the patients they cannot take well, and bring in services the other lacks.

A center out of a payer's network sends its members to a partner who is in it; one that is full sends ordinary patients to a
partner with room; bundles send a system's own employees. All of it moves the odds of the receiving sites by what is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import NEEDS, PAYERS, SEGMENTS
from oncsim.processes.employer_bundle import bundled_patients
from oncsim.state.sums import sum_rows
from oncsim.ties.continuum import continuum
from oncsim.ties.ladder import CONTRACT
from oncsim.ties.strength import tie_strength

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_PAYER_OF = np.array([PAYERS.index(payer) for payer, _ in SEGMENTS])
_STANDARD = np.array([need == NEEDS[0] for _, need in SEGMENTS])
_COMMERCIAL = np.array([payer == "commercial" for payer, _ in SEGMENTS])
_MOST = np.log(4.0)  # a site cannot grow by more than four times through what partners send


def handover_utility(model: OncologyMarket) -> Floats:
    """Return the utility of each site by segment that comes from patients partners hand over, (sites, segments)."""
    handed = np.zeros((len(model.sites), len(SEGMENTS)))
    handed[: len(model.handed)] = model.handed  # sites opened since have no past
    return handed


def hand_over(model: OncologyMarket) -> None:
    """Work out what partners will hand over next quarter, from the flows of this one.

    ``log(1 + H / N)`` with ``H`` patients handed over to an organisation and ``N`` those it has without them: the odds of
    its sites rise by just what is sent.
    """
    sites, size = model.sites, len(model.orgs)
    shape = (len(sites), len(SEGMENTS))
    sent = np.zeros((size, len(SEGMENTS)))
    if len(model.ties):
        strength = tie_strength(model)
        sent = _out_of_network(model, strength) + _overflow(model, strength)
        practice, patients = bundled_patients(model)
        if len(practice):
            mix = model.new_patients.sum(axis=0) * _COMMERCIAL
            sent += sum_rows(practice, patients[:, None] * (mix / max(mix.sum(), 1e-12)), size)
    if not sent.any():
        model.handed = np.zeros(shape)
        return
    # Without what was handed over this time, as far as the logit tells.
    usual = sum_rows(sites.org, sites.starts * np.exp(-handover_utility(model)), size)
    lift = np.minimum(np.log1p(np.divide(sent, usual, out=np.zeros_like(sent), where=usual > 0.01)), _MOST)
    model.handed = lift[sites.org]


def _out_of_network(model: OncologyMarket, strength: Floats) -> Floats:
    """Return patients whom partners out of their payer's network send, (organisations, segments) a quarter."""
    ties, size = model.ties, len(model.orgs)
    inside = model.in_network[:, _PAYER_OF]
    rows = np.flatnonzero(strength > 0)
    if len(rows) == 0 or inside.all():
        return np.zeros((size, len(SEGMENTS)))
    starts = sum_rows(model.sites.org, model.sites.starts, size)
    # Members who would have come, had it been in the network: as the logit of one alternative tells.
    factor = np.expm1(-float(model.law["choice.network"]))
    # Whom a partner must not take it sends on whatever the form, as far as the two work together.
    working = strength[rows] / np.maximum(model.ladder.steering[ties.form[rows]], 1e-12)
    a, b = ties.a[rows], ties.b[rows]
    giver, taker = np.concatenate([a, b]), np.concatenate([b, a])
    part = np.tile(working, 2)[:, None] * (~inside[giver] & inside[taker])
    part = part / np.maximum(sum_rows(giver, part, size), 1.0)[giver]  # nobody is sent to two
    return sum_rows(taker, part * starts[giver] * factor, size)


def _overflow(model: OncologyMarket, strength: Floats) -> Floats:
    """Return standard patients whom full partners under contract send to those with room, (organisations, segments)."""
    ties, size, law = model.ties, len(model.orgs), model.law
    rows = np.flatnonzero((strength > 0) & CONTRACT[ties.form])
    if len(rows) == 0:
        return np.zeros((size, len(SEGMENTS)))
    sites = model.sites
    arrivals, capacity = (np.bincount(sites.org, weights=part, minlength=size) for part in (model.arrivals, model.capacity))
    crowded = float(law["partnership.value.crowded"])
    excess = np.maximum(arrivals - crowded * capacity, 0.0)
    spare = np.maximum(crowded * capacity - arrivals, 0.0)
    starts = sum_rows(sites.org, sites.starts * _STANDARD, size)
    mix = starts / np.maximum(starts.sum(axis=1, keepdims=True), 1e-12)
    giver, taker, part = _both_ways(ties.a[rows], ties.b[rows], strength[rows], size)
    moved = part * np.minimum(excess[giver], spare[taker])
    coming = np.bincount(taker, weights=moved, minlength=size)  # together no more than there is room for
    moved = moved * np.minimum(1.0, spare / np.maximum(coming, 1e-12))[taker]
    return sum_rows(taker, moved[:, None] * mix[giver], size)


def _both_ways(a: Ints, b: Ints, strength: Floats, size: int) -> tuple[Ints, Ints, Floats]:
    """Return (who gives, who takes, part of what it gives), each tie both ways; parts of a giver add to at most one."""
    giver, taker = np.concatenate([a, b]), np.concatenate([b, a])
    part = np.tile(strength, 2)
    return giver, taker, part / np.maximum(np.bincount(giver, weights=part, minlength=size), 1.0)[giver]


def continuum_utility(model: OncologyMarket) -> Floats:
    """Return the utility of each site for services that its owner's partners bring near, (sites,)."""
    weight = float(model.law["choice.continuum"])
    if weight == 0.0 or len(model.ties) == 0:
        return np.zeros(len(model.sites))
    return np.asarray(weight * continuum(model)[1][model.sites.org])
