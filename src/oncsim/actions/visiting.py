"""Visiting clinics: oncologists who see patients of a far place there on some days of the month (A29, A30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oncsim.actions.places import default_kind, open_site, spend_on_site
from oncsim.processes.spoke_market import far_patients
from oncsim.state.travel import great_circle_miles

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket

_CHAIRS = 3.0  # as visiting clinics of generated markets have
_FTE = 0.15  # about three days a month (A29: most of them monthly to weekly)


def open_visiting_clinic(model: OncologyMarket, org: int) -> None:
    """Open a visiting clinic in the far zone in reach with most patients who live far from care, where they fill it.

    It is run from the organisation's largest site; what a visit costs is ``finance.office.mobile_cost``.
    """
    zones, sites, orgs, law = model.zones, model.sites, model.orgs, model.law
    people = model.physicians.headcount(len(sites))
    home = np.flatnonzero((sites.org == org) & sites.open & (people > 0))
    if len(home) == 0:
        return
    source = int(home[np.lexsort((sites.key[home], -people[home]))[0]])
    if sites.load[source] > 1.0:
        return  # without time to spare nobody travels
    miles = great_circle_miles(zones.lat, zones.lon, orgs.lat[org], orgs.lon[org])
    served = np.zeros(len(zones), dtype=np.bool_)
    served[sites.zone[sites.open]] = True
    far = np.where((miles <= float(law["practice.visiting.miles"])) & ~served, far_patients(model), 0.0)
    zone = int(np.lexsort((zones.key, -far))[0])
    captured = far[zone] * float(law["partnership.spoke.captured"])
    if captured < _FTE * float(law["care.starts_per_oncologist"]) / 2.0:
        return
    spend_on_site(model, org)
    kind = default_kind(model, org)
    site = open_site(model, org, zone, kind, chairs=_CHAIRS, reason=f"visited from {sites.name[source]}")
    sites.visiting_from[site] = source
    sites.visiting_fte[site] = _FTE
