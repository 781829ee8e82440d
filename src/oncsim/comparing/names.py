"""Names in what is measured, against the market it is measured in: organisations and markets that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from oncsim.codes import PAYERS
from oncsim.errors import did_you_mean

if TYPE_CHECKING:
    from oncsim.market.form import Market
    from oncsim.parameters.strict_yaml import Route
    from oncsim.scenario.measures import Expectation, Measure

Wrong = tuple["Route", str]  # where something wrong is written, and what is wrong with it
_SEE_ORGS = "`oncsim merger --list --scenario FILE` has the ids"
_SEE_MARKETS = "`oncsim market concentration --scenario FILE` names them"
# Ids of organisations founded in a run say by whom or where, and when: such as network+P01+2027Q1.
_FOUNDED = re.compile(r"(network|practice)\+.+\+\d{4}Q[1-4]")


def organizations_named(route: Route, measure: Measure) -> list[tuple[Route, str]]:
    """Return the ids of organisations that a measure names, each with the route to where it is written."""
    named: list[tuple[Route, str]] = [((*route, "tie", place), org) for place, org in enumerate(measure.tie or ())]
    named += [((*route, key), org) for key in ("org", "partner") if (org := getattr(measure, key)) is not None]
    return named


def wrong_organizations(named: Iterable[tuple[Route, str]], market: Market, where: str) -> list[Wrong]:
    """Return what is wrong with each organisation that the market does not have and that could not be founded in a run.

    Parameters
    ----------
    named : iterable of (route, str)
        Ids, each with the route to where it is written.
    market : Market
        The market.
    where : str
        Which market, in words that follow "the market"; empty where there is one only.
    """
    known = [*map(str, market.organizations["org"]), *PAYERS]
    ids = dict(zip(map(str, market.organizations["name"]), map(str, market.organizations["org"]), strict=True))
    wrong: list[Wrong] = []
    for route, org in named:
        if org not in known and not _FOUNDED.fullmatch(org):
            near = f"; its id is {ids[org]!r}" if org in ids else did_you_mean(org, known)
            wrong.append((route, f"no organisation with the id {org!r} in the market{where} ({_SEE_ORGS}{near})"))
    return wrong


def wrong_markets(named: Iterable[tuple[Route, str]], market: Market, where: str) -> list[Wrong]:
    """Return what is wrong with each market, for which a metric is asked, in which no zone lies; parameters as above."""
    ids = dict(zip(market.zones["market_name"].astype(str), market.zones["market"].astype(str), strict=True))
    known = sorted(set(ids.values()))
    wrong: list[Wrong] = []
    for route, one in named:
        if one != "all" and one not in known:
            near = f"; its id is {ids[one]!r}" if one in ids else did_you_mean(one, known)
            wrong.append((route, f"no zone lies in a market {one!r}{where} ({_SEE_MARKETS}{near})"))
    return wrong


def wrong_names(section: str, measured: Iterable[Expectation], market: Market, where: str) -> list[Wrong]:
    """Return what is wrong with the organisations and markets that the items of a section name, and what they subtract."""
    some: list[tuple[Route, Measure]] = []
    for place, one in enumerate(measured):
        some.append(((section, place), one))
        if one.minus is not None:
            some.append(((section, place, "minus"), one.minus))
    orgs = [named for route, measure in some for named in organizations_named(route, measure)]
    markets: list[tuple[Route, str]] = [((*route, "market"), measure.market) for route, measure in some]
    return wrong_organizations(orgs, market, where) + wrong_markets(markets, market, where)
