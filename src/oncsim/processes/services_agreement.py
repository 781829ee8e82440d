"""Professional-services agreements: a hospital bills for a practice's offices and shares what that brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import ACTIVE, HOSPITAL_KINDS, OFFICE, PRACTICE, TIE_STAGES, among
from oncsim.ties.ladder import SERVICES_AGREEMENT

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_BILLING = np.isin(np.arange(len(TIE_STAGES)), [TIE_STAGES.index(s) for s in ("active", "deepened", "scaled_back")])


def agreement_gain(model: OncologyMarket, a: Ints, b: Ints, miles: Floats) -> Floats:
    """Return what billing as departments would add for the offices of the practice in each pair, dollars a year, (pairs,).

    Rates, contracts and 340B prices less the higher cost of hospitals, as buyers reckon it; zero where no hospital is near
    enough, or nothing is gained. Hospitals propose it to practices that they could not buy, and to those they let go.
    """
    gain = np.zeros(len(a))
    seen = getattr(model, "prospects", None)
    if seen is None or len(a) == 0:
        return gain
    orgs = model.orgs
    practice = np.where(orgs.kind[b] == PRACTICE, b, a)
    system = np.where(orgs.kind[b] == PRACTICE, a, b)
    known = (practice < len(seen.asking)) & (orgs.kind[practice] == PRACTICE) & (orgs.kind[system] != PRACTICE)
    known &= miles <= float(model.law["policy.provider_based.department_miles"])
    talked = np.array([pair in model.failed_talks for pair in zip(system.tolist(), practice.tolist(), strict=True)])
    rows = np.flatnonzero(known & talked)
    if len(rows):
        at = practice[rows]
        eligible = orgs.eligible_340b[system[rows]]
        added = seen.rates_gain[at] + seen.commercial_gain[at] + seen.cost_gain[at]
        added = added + np.where(eligible, seen.reachable_340b[at], 0.0)
        gain[rows] = np.maximum(added, 0.0)
    # Offices that already bill as departments keep what they have.
    billing = np.isin(practice, practices_billed(model)[0])
    return np.where(billing, np.maximum(gain, 1.0), gain)


def practices_billed(model: OncologyMarket) -> tuple[Ints, Ints, Ints]:
    """Return (practice, host, row of the tie) of every agreement under which a host bills."""
    ties, orgs = model.ties, model.orgs
    rows = np.flatnonzero((ties.form == SERVICES_AGREEMENT) & _BILLING[ties.stage])
    rows = rows[(orgs.status[ties.a[rows]] == ACTIVE) & (orgs.status[ties.b[rows]] == ACTIVE)]
    practice = np.where(orgs.kind[ties.b[rows]] == PRACTICE, ties.b[rows], ties.a[rows])
    host = np.where(orgs.kind[ties.b[rows]] == PRACTICE, ties.a[rows], ties.b[rows])
    return practice, host, rows


def bill_by_agreement(model: OncologyMarket) -> None:
    """Let hosts bill for the offices of practices whose agreement works: they become departments, run by the practice."""
    from oncsim.actions.places import department_kind, nearest_hospital, registration_quarter

    sites = model.sites
    changed = False
    for practice, host, row in zip(*(part.tolist() for part in practices_billed(model)), strict=True):
        for site in np.flatnonzero((sites.org == practice) & sites.open & (sites.kind == OFFICE)):
            hospital = nearest_hospital(model, host, float(sites.lat[site]), float(sites.lon[site]))
            if hospital < 0:
                continue
            sites.kind[site] = department_kind(model, host, int(site), hospital)
            sites.hospital[site] = hospital
            sites.excepted[site] = bool(model.law["policy.site_neutral.new_sites_excepted"])
            sites.registered_from[site] = registration_quarter(model, hospital)
            sites.billed_by[site] = row
            changed = True
    if changed:
        model.forget_layout()


def bill_as_office(model: OncologyMarket, row: int) -> None:
    """Turn departments back into offices when an agreement ends."""
    sites = model.sites
    mine = np.flatnonzero(sites.billed_by == row)
    if len(mine) == 0:
        return
    practice_runs = among(sites.kind[mine], HOSPITAL_KINDS) & (model.orgs.kind[sites.org[mine]] == PRACTICE)
    sites.kind[mine[practice_runs]] = OFFICE
    sites.hospital[mine[practice_runs]] = -1
    sites.billed_by[mine] = -1
    model.forget_layout()
