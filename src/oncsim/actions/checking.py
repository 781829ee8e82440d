"""Check the names in scenario events against the market before anything runs: every fault at once, with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from oncsim.actions.catalogue import ACTIONS
from oncsim.actions.selection import find_market, find_organization, find_zone
from oncsim.codes import ACADEMIC_CENTER, HEALTH_SYSTEM, NETWORK, ORG_KINDS, PAYER, PRACTICE, SITE_KINDS
from oncsim.errors import Fault, RunError, did_you_mean

if TYPE_CHECKING:
    from oncsim.model import OncologyMarket
    from oncsim.scenario import ScheduledEvent

# Kinds of site an organisation of each kind can open.
OPENS: dict[int, tuple[str, ...]] = {
    PRACTICE: ("office", "freestanding_infusion"),
    HEALTH_SYSTEM: ("hopd_on_campus", "hopd_off_campus", "freestanding_infusion"),
    ACADEMIC_CENTER: ("amc_main", "amc_satellite", "freestanding_infusion"),
}


def event_faults(model: OncologyMarket) -> list[Fault]:
    """Return what is wrong with the events of the scenario in this market."""
    events = model.source_scenario.events
    opens = any(event.do == "open_site" for event in events)
    return [fault for event in events for fault in _faults(model, event, opens)]


def _faults(model: OncologyMarket, event: ScheduledEvent, opens: bool) -> Iterator[Fault]:
    def tried(key: str, find: Callable[[OncologyMarket, Any], Any], value: Any) -> Iterator[Fault]:
        try:
            find(model, value)
        except RunError as error:
            yield Fault(event.file, event.line, event.column, f"{event.where}.{key}", str(error))

    select, given = event.select, event.arguments
    if "org" in select:
        yield from tried("org", _able(ACTIONS[event.do].targets), str(select["org"]))
    if "market" in select:
        yield from tried("market", find_market, str(select["market"]))
    if "state" in select:
        yield from tried("state", _find_state, str(select["state"]))
    for key, argument in ACTIONS[event.do].arguments.items():
        value = given.get(key)
        if value is None:
            continue
        if argument.kind == "org":
            yield from tried(key, _PARTNERS.get(key, find_organization), str(value))
        elif argument.kind == "place":
            yield from tried(key, find_zone, value)
        elif key == "site" and not opens:
            yield from tried(key, _find_site, str(value))
    if event.do == "open_site" and given.get("kind"):
        yield from tried("kind", _opens(select), str(given["kind"]))


def _able(targets: tuple[str, ...]) -> Callable[[OncologyMarket, str], None]:
    def find(model: OncologyMarket, name: str) -> None:
        row = find_organization(model, name)
        kind = ORG_KINDS[int(model.orgs.kind[row])]
        if kind not in targets:
            raise RunError(f"{model.orgs.name[row]} is a {_words(kind)} (this action is for: {', '.join(targets)})")

    return find


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _buyer(model: OncologyMarket, name: str) -> None:
    row = find_organization(model, name)
    if model.orgs.kind[row] == PAYER:
        raise RunError(f"{model.orgs.name[row]} is a payer, which cannot take over providers")


def _partner(model: OncologyMarket, name: str) -> None:
    row = find_organization(model, name)
    if model.orgs.kind[row] in (PAYER, NETWORK):
        raise RunError(f"{model.orgs.name[row]} is a {_words(ORG_KINDS[int(model.orgs.kind[row])])}, not a provider")


def _network(model: OncologyMarket, name: str) -> None:
    row = find_organization(model, name)
    if model.orgs.kind[row] != NETWORK:
        known = [str(one) for one in model.orgs.name[model.orgs.kind == NETWORK]]
        raise RunError(f"{model.orgs.name[row]} is not a network (networks here: {', '.join(known) or 'none'})")


_PARTNERS: dict[str, Callable[[OncologyMarket, Any], Any]] = {"by": _buyer, "with": _partner, "network": _network}


def _find_state(model: OncologyMarket, state: str) -> None:
    known = sorted({one for one in model.zones.states if one})
    if state not in known:
        raise RunError(f"the market has no zone in {state!r} (states here: {', '.join(known) or 'none'})")


def _find_site(model: OncologyMarket, name: str) -> None:
    names = [*map(str, model.sites.id), *map(str, model.sites.name)]
    if name not in names:
        raise RunError(f"the market has no site {name!r}{did_you_mean(name, names)}")


def _opens(select: dict[str, Any]) -> Callable[[OncologyMarket, str], None]:
    def find(model: OncologyMarket, kind: str) -> None:
        if "org" in select:
            row = find_organization(model, str(select["org"]))
            owners = {int(model.orgs.kind[row])}
        elif "kind" in select:
            owners = {ORG_KINDS.index(str(select["kind"]))}
        else:
            owners = set(OPENS)
        for owner in sorted(owners & set(OPENS)):
            if kind not in OPENS[owner]:
                who = _words(ORG_KINDS[owner])
                raise RunError(f"a {who} cannot open {kind!r} (it opens: {', '.join(OPENS[owner])})")

    return find


def can_open(model: OncologyMarket, org: int, kind: int) -> bool:
    """Return whether an organisation can open a site of this kind."""
    return SITE_KINDS[kind] in OPENS.get(int(model.orgs.kind[org]), ())
