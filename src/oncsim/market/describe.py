"""What a market holds at the start, in numbers that people ask for first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oncsim import codes

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.market.form import Market

_KIND_WORDS = {
    "practice": "independent practices",
    "health_system": "health systems",
    "academic_center": "academic centers",
    "network": "practice networks",
}
_SITE_WORDS = {
    "office": "physician offices",
    "hopd_on_campus": "hospital departments on campus",
    "hopd_off_campus": "hospital departments off campus",
    "amc_main": "main sites of academic centers",
    "amc_satellite": "satellites of academic centers",
    "freestanding_infusion": "freestanding infusion centers",
    "home_infusion": "home infusion",
    "telehealth_spoke": "telehealth spokes",
}


@dataclass(frozen=True)
class Section:
    """A titled list of labels and values, and the second value of each row where the heading names one."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    headings: tuple[str, ...] = ()


def describe_market(market: Market) -> list[Section]:
    """Return what the market holds: place, providers, oncologists by owner."""
    return [
        _place(market.zones, market.sites),
        _hospitals(market.hospitals),
        _organizations(market),
        _sites(market),
    ]


def _place(zones: pd.DataFrame, sites: pd.DataFrame) -> Section:
    people, rural = zones["population"], zones["rural"]
    total = people.sum()
    staffed = zones["zone"].isin(sites.loc[sites["oncologists"] > 0, "zone"])
    return Section(
        "Place",
        (
            ("zones", f"{len(zones):,}"),
            ("states", ", ".join(sorted(set(zones["state"]) - {""})) or "none (a plane)"),
            ("markets for concentration", f"{zones['market'].nunique():,}"),
            ("people", f"{total:,.0f}"),
            ("people aged 65 and over", _percent(zones["population_65plus"].sum() / total)),
            ("people in rural zones", _percent(people[rural].sum() / total)),
            ("new cancer cases a year", f"{zones['cases_per_year'].sum():,.0f}"),
            ("zones without an oncologist", _percent(1 - staffed.mean())),
            ("people in those zones", _percent(people[~staffed].sum() / total)),
        ),
    )


def _hospitals(hospitals: pd.DataFrame) -> Section:
    teaching = hospitals["teaching"] != "none"
    classes = {
        "major teaching": hospitals["teaching"] == "major",
        "minor teaching": hospitals["teaching"] == "minor",
        "critical access": hospitals["critical_access"] & ~teaching,
        "other": ~hospitals["critical_access"] & ~teaching,
        "all": np.ones(len(hospitals), dtype=bool),
    }
    rows = []
    for name, chosen in classes.items():
        some = hospitals[chosen]
        eligible = int((some["route_340b"] != "").sum())
        in_program = int(some["participates_340b"].sum())
        rows.append((name, f"{len(some):,}", f"{some['beds'].sum():,.0f}", f"{eligible:,}", f"{in_program:,}"))
    return Section("Hospitals", tuple(rows), ("class", "hospitals", "beds", "340B route", "in 340B"))


def _organizations(market: Market) -> Section:
    orgs, sites = market.organizations, market.sites
    held = sites.groupby("org")["oncologists"].sum()
    staff = orgs["org"].map(held).fillna(0)
    total = max(float(staff.sum()), 1.0)
    rows = []
    for kind, words in _KIND_WORDS.items():
        chosen = orgs["kind"] == kind
        count, generated = int(chosen.sum()), int((chosen & orgs["generated"]).sum())
        number = float(staff[chosen].sum())
        rows.append((words, f"{count:,}", f"{generated:,}", f"{number:,.0f}", _percent(number / total)))
    members = (orgs["network"] != "") & (orgs["kind"] == "practice")
    number = float(staff[members].sum())
    generated = int((members & orgs["generated"]).sum())
    row = ("of the practices, in a network", f"{int(members.sum()):,}", f"{generated:,}", f"{number:,.0f}")
    rows.append((*row, _percent(number / total)))
    headings = ("organisations", "number", "generated", "oncologists", "share")
    return Section("Organisations", tuple(rows), headings)


def _sites(market: Market) -> Section:
    sites = market.sites
    rows = []
    for kind in codes.SITE_KINDS:
        some = sites[sites["kind"] == kind]
        if len(some):
            numbers = (
                len(some),
                int(some["generated"].sum()),
                some["oncologists"].sum(),
                some["chairs"].sum(),
            )
            rows.append((_SITE_WORDS[kind], *(f"{number:,.0f}" for number in numbers)))
    visited = int((sites["visiting_from"] != "").sum())
    rows.append(("of these, visited by oncologists from elsewhere", f"{visited:,}", "", "", ""))
    headings = ("sites of care", "number", "generated", "oncologists", "chairs")
    return Section("Sites of care", tuple(rows), headings)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
