"""Names in what is measured, against the market it is measured in: organisations and markets that are not there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from oncsim.codes import PAYERS
from oncsim.errors import Fault, did_you_mean

if TYPE_CHECKING:
    from oncsim.market.form import Market
    from oncsim.parameters.strict_yaml import Document, Route
    from oncsim.scenario.measures import Measure

_SEE_ORGS = "`oncsim merger --list --scenario FILE` has the ids"
_SEE_MARKETS = "`oncsim market concentration --scenario FILE` names them"


def organizations_named(route: Route, measure: Measure) -> list[tuple[Route, str]]:
    """Return the ids of organisations that a measure names, each with the route to where it is written."""
    named: list[tuple[Route, str]] = [((*route, "tie", place), org) for place, org in enumerate(measure.tie or ())]
    named += [((*route, key), org) for key in ("org", "partner") if (org := getattr(measure, key)) is not None]
    return named


def organization_faults(named: Iterable[tuple[Route, str]], market: Market, document: Document, where: str) -> list[Fault]:
    """Return a fault for each organisation that the market does not have at its start.

    Parameters
    ----------
    named : iterable of (route, str)
        Ids, each with the route to where it is written.
    market : Market
        The market.
    document : Document
        The file they are written in.
    where : str
        Which market, in words that follow "the market"; empty where there is one only.
    """
    known = [*map(str, market.organizations["org"]), *PAYERS]
    ids = dict(zip(map(str, market.organizations["name"]), map(str, market.organizations["org"]), strict=True))
    faults = []
    for route, org in named:
        if org not in known:
            near = f"; its id is {ids[org]!r}" if org in ids else did_you_mean(org, known)
            message = f"no organisation with the id {org!r} in the market{where} ({_SEE_ORGS}{near})"
            faults.append(document.fault(route, message))
    return faults


def market_faults(named: Iterable[tuple[Route, str]], market: Market, document: Document, where: str) -> list[Fault]:
    """Return a fault for each market, for which a metric is asked, that has none of the zones; parameters as above."""
    from oncsim.state.zones import market_definitions

    ids = set(market.zones["market"].astype(str))
    for definition, _ in market_definitions(market.zones).values():
        ids.update(definition)
    names = dict(zip(market.zones["market_name"].astype(str), market.zones["market"].astype(str), strict=True))
    faults = []
    for route, one in named:
        if one != "all" and one not in ids:
            near = f"; its id is {names[one]!r}" if one in names else did_you_mean(one, sorted(ids))
            faults.append(document.fault(route, f"no zone lies in a market {one!r}{where} ({_SEE_MARKETS}{near})"))
    return faults
