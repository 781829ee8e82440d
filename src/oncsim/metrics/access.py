"""Access: travel of those treated, oncologists within reach, waits, and who goes without treatment."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from oncsim.codes import NEEDS, PAYERS
from oncsim.metrics.layout import PEOPLE_GROUPS
from oncsim.metrics.reach import gini
from oncsim.metrics.registry import INTERFACE, Compute, Row, metric
from oncsim.metrics.view import View

_PEOPLE = ("rural", "deprivation_quartile")
_GROUPED = " Groups are of the zone where people live; quartile 1 is the least deprived quarter of the population."
_CANDIDATES = (
    "the candidate sites of the zone (its nearest, 60 by default, and NCI-designated centers in reach; not home infusion)"
)
_E2SFCA = (
    "enhanced two-step floating catchment area, default weights of PySAL access with the bands stretched "
    "from 10, 20 and 30 to 30, 60 and 90 minutes"
)


@metric(
    "access.minutes_mean",
    title="Mean travel time",
    definition="One-way minutes from zone to site, mean over patients starting treatment." + _GROUPED,
    unit="minutes",
    groups=_PEOPLE,
    better="lower",
    by_market=True,
)
def minutes_mean(view: View) -> Iterator[Row]:
    """Return the mean travel time."""
    yield from view.ratio_by_people(view.zone_minutes, view.zone_started)
    yield from view.ratio_by_market(view.zone_minutes, view.zone_started)


def _travelled_by(share: float) -> Compute:
    def compute(view: View) -> Iterator[Row]:
        for group, minutes, patients in view.patients_by_minutes:
            if len(patients) and patients[-1] > 0:
                place = int(np.searchsorted(patients, share * patients[-1], side="left"))
                yield "all", group, float(minutes[min(place, len(minutes) - 1)])

    return compute


for _name, _share, _title in (
    ("minutes_median", 0.5, "Median travel time"),
    ("minutes_p90", 0.9, "Travel time that one patient in ten exceeds"),
):
    metric(
        f"access.{_name}",
        title=_title,
        definition=f"Fewest one-way minutes such that at least {_share:.0%} of the patients starting "
        "treatment travel no longer." + _GROUPED,
        unit="minutes",
        groups=_PEOPLE,
        better="lower",
    )(_travelled_by(_share))


def _patients_within(weight: Callable[[View], NDArray[np.float64]]) -> Compute:
    def compute(view: View) -> Iterator[Row]:
        near = view.per_zone(view.model.flows.pair_started * weight(view))
        return view.ratio_by_people(near, view.zone_started)

    return compute


def _people_within(limit: float) -> Compute:
    def compute(view: View) -> Iterator[Row]:
        people = view.model.zones.population
        return view.ratio_by_people(np.where(view.nearest <= limit, people, 0.0), people)

    return compute


for _limit, _weight in ((30, lambda view: view.layout.within_30), (60, lambda view: view.layout.within_60)):
    metric(
        f"access.share_within_{_limit}",
        title=f"Share of patients treated within {_limit} minutes",
        definition=f"Patients starting treatment who travel at most {_limit} minutes one way, of all who start." + _GROUPED,
        unit="share",
        groups=_PEOPLE,
        better="higher",
    )(_patients_within(_weight))
    metric(
        f"access.people_within_{_limit}",
        title=f"Share of people within {_limit} minutes of an oncologist",
        definition=f"People whose nearest open site with oncologist time is at most {_limit} minutes "
        f"one way, of all people; looked for among {_CANDIDATES}." + _GROUPED,
        unit="share",
        groups=_PEOPLE,
        better="higher",
    )(_people_within(float(_limit)))


@metric(
    "access.e2sfca_mean",
    title="Oncologists within reach",
    definition="Oncologists at each site over the people around it, added up over the sites around each "
    "zone, both with weights 1 up to 30 minutes, 0.68 up to 60 and 0.22 up to 90; mean over zones "
    f"weighted by population, per 100,000 people. Only open sites with oncologist time count, among "
    f"{_CANDIDATES}." + _GROUPED,
    unit="oncologists per 100,000 people",
    groups=_PEOPLE,
    source=_E2SFCA,
    better="higher",
)
def e2sfca_mean(view: View) -> Iterator[Row]:
    """Return oncologists within reach."""
    people = view.model.zones.population
    return view.ratio_by_people(view.reach * people, people)


@metric(
    "access.e2sfca_gini",
    title="Inequality of oncologists within reach (Gini)",
    definition="Gini coefficient over people of the oncologists within reach of their zone "
    "(access.e2sfca_mean): 0 when all have the same. In a group it is the inequality among the people of "
    "the group." + _GROUPED,
    unit="Gini",
    groups=_PEOPLE,
    source=_E2SFCA,
    better="lower",
)
def e2sfca_gini(view: View) -> Iterator[Row]:
    """Return the inequality of oncologists within reach."""
    for group in PEOPLE_GROUPS:
        some = view.layout.members(group)
        value = gini(view.reach[some], view.model.zones.population[some])
        if value is not None:
            yield "all", group, value


@metric(
    "access.wait_days_mean",
    title="Mean wait",
    definition="Days from referral to the start of treatment at each site, mean over patients starting "
    "treatment." + _GROUPED,
    unit="days",
    groups=_PEOPLE,
    better="lower",
)
def wait_days_mean(view: View) -> Iterator[Row]:
    """Return the mean wait."""
    wait = view.model.sites.wait_days[view.model.pairs.site]
    return view.ratio_by_people(view.per_zone(view.model.flows.pair_started * wait), view.zone_started)


@metric(
    "access.delay_days",
    title="Delay to treatment",
    definition="Days from referral to the start of treatment, mean over patients starting treatment: the wait at the site, "
    "and payer.network.delay_days more where it is out of the network of the patient's payer.",
    unit="days",
    groups=("payer",),
    better="lower",
)
def delay_days(view: View) -> Iterator[Row]:
    """Return the mean delay, of all and by payer."""
    model = view.model
    sites = model.sites
    started = sites.starts.reshape(len(sites), len(PAYERS), len(NEEDS)).sum(axis=2)
    outside = ~model.in_network[sites.org] * float(model.law["payer.network.delay_days"])
    days = started * (sites.wait_days[:, None] + outside)
    if started.sum() > 0:
        yield "all", "", float(days.sum() / started.sum())
    for payer, a, b in zip(PAYERS, days.sum(axis=0), started.sum(axis=0), strict=True):
        if b > 0:
            yield "all", f"payer={payer}", float(a / b)


@metric(
    "access.untreated_share",
    title="Share of patients not treated",
    definition="Patients who go without systemic treatment, of those plus the patients starting it in the "
    "quarter; people still waiting are in neither part." + _GROUPED,
    unit="share",
    groups=("payer", *_PEOPLE),
    better="lower",
    by_market=True,
)
def untreated_share(view: View) -> Iterator[Row]:
    """Return the share of patients not treated."""
    untreated, started = view.model.flows.untreated, view.model.flows.started
    by_zone, decided = untreated.sum(axis=1), (untreated + started).sum(axis=1)
    yield from view.ratio_by_people(by_zone, decided)
    segments = (len(PAYERS), len(NEEDS))
    by_payer = untreated.sum(axis=0).reshape(segments).sum(axis=1)
    of_payer = (untreated + started).sum(axis=0).reshape(segments).sum(axis=1)
    for payer, a, b in zip(PAYERS, by_payer, of_payer, strict=True):
        if b > 0:
            yield "all", f"payer={payer}", float(a / b)
    yield from view.ratio_by_market(by_zone, decided)


@metric(
    "access.share_zones_without_oncologist",
    title="Share of zones without an oncologist",
    definition="Zones in which no open site with oncologist time stands, of all zones." + _GROUPED,
    unit="share",
    groups=_PEOPLE,
    source=INTERFACE,
    better="lower",
)
def share_zones_without_oncologist(view: View) -> Iterator[Row]:
    """Return the share of zones without an oncologist."""
    lacking = view.without_oncologist.astype(np.float64)
    return view.ratio_by_people(lacking, np.ones(len(lacking)))


@metric(
    "access.share_people_without_oncologist",
    title="Share of people in zones without an oncologist",
    definition="People living in zones in which no open site with oncologist time stands, of all people." + _GROUPED,
    unit="share",
    groups=_PEOPLE,
    source=INTERFACE,
    better="lower",
)
def share_people_without_oncologist(view: View) -> Iterator[Row]:
    """Return the share of people in zones without an oncologist."""
    people = view.model.zones.population
    return view.ratio_by_people(np.where(view.without_oncologist, people, 0.0), people)
