"""Policy: the law of the quarter is looked up, scripted events of the scenario happen, the 340B program follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncsim.actions.deeds import do_event
from oncsim.actions.ownership import redesignate_due
from oncsim.processes.program_340b import refresh_340b, review_program

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket


def policy(model: OncologyMarket) -> None:
    """Look up every dated value, make scripted events happen, turn acquired offices that are due into departments.

    Re-designation is the first thing of a quarter, so that every row of a quarter knows one operator of a site. Hospitals
    join and leave 340B after it, and last their departments get or lose its prices.
    """
    model.law = model.parameters.at(model.law_quarter)
    if not model.settling:
        for event in model.source_scenario.events:
            if event.at == model.quarter:
                do_event(model, event)
        redesignate_due(model)
    review_program(model)
    refresh_340b(model)
