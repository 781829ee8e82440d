"""What can be wrong with who is written out in a scenario, whatever the places are: identities, references, kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from oncsim import codes
from oncsim.errors import Fault
from oncsim.market.files_faults import near_miss

if TYPE_CHECKING:
    from oncsim.market.spec import ComposedHospital, ComposedMarket, ComposedOrganization, ComposedSite

    Found = Iterator[tuple[str, str]]

HOSPITAL_KINDS = tuple(codes.SITE_KINDS[kind] for kind in codes.HOSPITAL_KINDS)
OFF_CAMPUS = tuple(codes.SITE_KINDS[kind] for kind in codes.OFF_CAMPUS_KINDS)
_OWNERS = ("health_system", "academic_center")
_WORDS = {
    "practice": "a practice",
    "health_system": "a health system",
    "academic_center": "an academic center",
    "network": "a network",
}


def composed_faults(spec: ComposedMarket) -> list[Fault]:
    """Return every fault that can be told without the places."""
    checks = (_identities(spec), _organizations(spec), _hospitals(spec), _sites(spec), _ties(spec), _staff(spec))
    return [Fault("", 0, 0, where, message) for check in checks for where, message in check]


def _twice(named: Iterable[tuple[str, str | None]]) -> Found:
    first: dict[str, str] = {}
    for where, text in named:
        if text is not None and first.setdefault(text, where) != where:
            yield where, f"{text!r} is there twice (it is {first[text]} too)"


def _identities(spec: ComposedMarket) -> Found:
    owners = [(f"market.organizations[{i}]", org) for i, org in enumerate(spec.organizations, 1)]
    yield from _twice((f"{where}.id", org.id) for where, org in owners)
    yield from _twice((f"{where}.name", org.name) for where, org in owners)
    yield from _twice((f"{where}.id", hospital.id) for where, _, hospital in spec.hospitals())
    yield from _twice((f"{where}.name", hospital.name) for where, _, hospital in spec.hospitals())
    yield from _twice((f"{where}.id", site.id) for where, _, site in spec.sites())
    yield from _twice((f"{where}.name", site.name) for where, _, site in spec.sites())
    for where, org in owners:
        if org.id in codes.PAYERS:
            yield f"{where}.id", f"{org.id!r} is a payer (take another identity)"


def _organizations(spec: ComposedMarket) -> Found:
    kinds = {org.id: org.kind for org in spec.organizations}
    networks = [org for org, kind in kinds.items() if kind == "network"]
    for i, org in enumerate(spec.organizations, 1):
        where, words = f"market.organizations[{i}]", _WORDS[org.kind]
        if org.nci is not None and org.kind != "academic_center":
            yield f"{where}.nci", f"only academic centers are designated, and {org.id!r} is {words}"
        if org.investor_owned and org.kind != "network":
            yield f"{where}.investor_owned", f"only networks have investors here, and {org.id!r} is {words}"
        if org.network is not None and org.kind != "practice":
            yield f"{where}.network", f"only practices are members of a network, and {org.id!r} is {words}"
        elif org.network is not None and kinds.get(org.network) != "network":
            yield f"{where}.network", _unknown(org.network, "a network of this market", networks)
        if org.hospitals and org.kind not in _OWNERS:
            yield f"{where}.hospitals", f"only health systems and academic centers own hospitals, and {org.id!r} is {words}"
        if org.kind == "health_system" and not org.hospitals:
            yield where, f"the health system {org.id!r} has no hospital (add hospitals:, or make it a practice)"
        if org.sites and org.kind == "network":
            yield f"{where}.sites", "a network has no sites of its own (write them for its practices, and network: in each)"
        if not org.sites and org.kind in ("practice", "academic_center") and not org.hospitals:
            yield where, f"{words} needs a site (add sites:)"


def _hospitals(spec: ComposedMarket) -> Found:
    for where, _, hospital in spec.hospitals():
        if hospital.route_340b == "CAH" and not hospital.critical_access:
            yield f"{where}.route_340b", "CAH is the route of a critical access hospital (add critical_access: true)"
        if hospital.participates_340b and route_of(hospital) == "":
            yield (
                f"{where}.participates_340b",
                f"a hospital in 340B needs a route (route_340b: one of {', '.join(codes.ROUTES_340B)})",
            )
        for number, line in enumerate(hospital.lines or [], 1):
            if line == "infusion":
                yield (
                    f"{where}.lines[{number}]",
                    "drugs are infused at a site (remove it here, and write the site under sites:)",
                )


def route_of(hospital: ComposedHospital) -> str:
    """Return the route by which a hospital may be in 340B: as given, else that of a critical access hospital."""
    usual = "CAH" if hospital.critical_access and hospital.control != "proprietary" else ""
    return usual if hospital.route_340b is None else hospital.route_340b


def _sites(spec: ComposedMarket) -> Found:
    owner_of = {hospital.id: org.id for _, org, hospital in spec.hospitals()}
    known = [site.id for _, _, site in spec.sites() if site.id is not None]
    for where, org, site in spec.sites():
        yield from _department(where, org, site, owner_of)
        if site.lines is not None and "infusion" not in site.lines:
            yield (
                f"{where}.lines",
                "a site infuses drugs (add infusion; what the hospital itself offers is written under hospitals: lines)",
            )
        if site.excepted and site.kind not in (None, *OFF_CAMPUS):
            yield f"{where}.excepted", f"only departments off campus are excepted, and this is {site.kind}"
        if site.visiting_from is not None and site.visiting_from == site.id:
            yield f"{where}.visiting_from", f"{site.id!r} is this very site (name the one they come from)"
        elif site.visiting_from is not None and site.visiting_from not in known:
            yield f"{where}.visiting_from", _unknown(site.visiting_from, "a site of this market", known)
        if site.visiting_fte is not None and site.visiting_from is None:
            yield f"{where}.visiting_fte", "nobody visits (add visiting_from: the site they come from)"


def _department(where: str, org: ComposedOrganization, site: ComposedSite, owner_of: dict[str, str]) -> Found:
    if site.kind in HOSPITAL_KINDS and org.kind == "practice":
        yield f"{where}.kind", f"{site.kind!r} belongs to a hospital, and {org.id!r} is a practice"
    elif org.kind == "health_system" and site.kind in ("amc_main", "amc_satellite"):
        yield f"{where}.kind", f"{site.kind!r} belongs to an academic center, and {org.id!r} is a health system"
    if site.hospital is None:
        return
    own = [hospital.id for hospital in org.hospitals]
    if org.kind == "practice":
        yield f"{where}.hospital", f"a site of a practice is no department of a hospital, and {org.id!r} is a practice"
    elif site.kind is not None and site.kind not in HOSPITAL_KINDS:
        yield f"{where}.hospital", f"{site.kind} is no department of a hospital (leave hospital out, or take another kind)"
    elif site.hospital in owner_of and site.hospital not in own:
        yield f"{where}.hospital", f"{site.hospital!r} belongs to {owner_of[site.hospital]!r}, and the site to {org.id!r}"
    elif site.hospital not in owner_of:
        yield f"{where}.hospital", _unknown(site.hospital, f"a hospital of {org.id!r}", own)


def _ties(spec: ComposedMarket) -> Found:
    kinds = {org.id: org.kind for org in spec.organizations}
    first: dict[tuple[str, str, str], str] = {}
    for number, tie in enumerate(spec.ties, 1):
        where = f"market.ties[{number}]"
        for end in ("a", "b"):
            org = str(getattr(tie, end))
            if org not in kinds:
                yield f"{where}.{end}", _unknown(org, "an organisation of this market", kinds)
            elif kinds[org] == "network":
                yield f"{where}.{end}", f"{org!r} is a network (its practices name it under network:, which is their tie)"
        if tie.a == tie.b:
            yield f"{where}.b", f"{tie.b!r} is tied to itself (name two organisations)"
        low, high = sorted((tie.a, tie.b))
        other = first.setdefault((low, high, tie.form), where)
        if other != where:
            yield where, f"{tie.a!r} and {tie.b!r} are tied in the form {tie.form} already ({other}; each form once a pair)"


def _staff(spec: ComposedMarket) -> Found:
    if not any(site.oncologists for _, _, site in spec.sites()):
        yield "market.organizations", "no site has an oncologist (somebody must treat the patients)"


def _unknown(word: str, what: str, known: Iterable[str]) -> str:
    known = list(known)
    listed = (
        f" ({', '.join(known[:6])}{' ...' if len(known) > 6 else ''}{near_miss(word, known)})"
        if known
        else " (there is none)"
    )
    return f"{word!r} is not {what}{listed}"
