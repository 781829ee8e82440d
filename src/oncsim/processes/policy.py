"""Policy: the law of the quarter is looked up, and scripted events of the scenario happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncsim.actions.deeds import do_event
from oncsim.actions.ownership import redesignate_due

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


def policy(model: OncologyMarket) -> None:
    """Look up every dated value, make scripted events happen, turn acquired offices that are due into departments.

    Re-designation is the first thing of a quarter, so that every row of a quarter knows one operator of a site.
    """
    model.law = model.parameters.at(model.law_quarter)
    if not model.settling:
        for event in model.source_scenario.events:
            if event.at == model.quarter:
                do_event(model, event)
        redesignate_due(model)
    refresh_340b(model)


def refresh_340b(model: OncologyMarket) -> None:
    """Say which sites buy at 340B prices: departments of a participating hospital, registered by now.

    Departments there at the start are registered; later ones wait out the lag and need the law to allow new child sites.
    """
    sites, hospitals, orgs = model.sites, model.hospitals, model.orgs
    attached = sites.hospital >= 0
    eligible = attached & sites.open & (sites.registered_from <= model.t)
    if len(hospitals):
        eligible &= hospitals.participates[sites.hospital.clip(min=0)]
        orgs.eligible_340b[:] = False
        orgs.eligible_340b[hospitals.org[hospitals.participates]] = True
    sites.eligible_340b[:] = eligible
