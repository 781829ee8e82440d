"""The skeleton of a teaching market in an earlier year: departments that were practices then, and fewer oncologists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oncsim.market.archetype_skeletons import Hospital, Practice, Skeleton
from oncsim.market.era import HOSPITAL_SHARE, Era
from oncsim.market.generate_keys import one, systematic
from oncsim.randomness import Luck, identities

# Order in which departments are taken for acquired since: off campus first, satellites next, then those on campus; within
# a kind by luck (judgement).
LATER = {"off": 0.0, "satellite": 0.5, "on": 0.7}


def earlier_skeleton(skeleton: Skeleton, era: Era | None, luck: Luck) -> Skeleton:
    """Return the skeleton of the year: departments become practices in their place until the hospital share is that of then.

    The share of this market is shifted in log odds by as much as the nation's; main sites of centers stay. Then every place
    of work loses oncologists in proportion, none the last one.
    """
    if era is None:
        return skeleton
    centers = {org for org, _ in skeleton.centers}
    departments = [
        (f"{h.zone}-{h.org}.{kind}", h.zone, people, kind)
        for h in skeleton.hospitals
        for kind, people in (("on", h.on), ("off", h.off))
        if people and (h.org not in centers or kind == "off")
    ]
    departments += [(f"{center}.{zone}", zone, people, "satellite") for center, zone, people in skeleton.satellites]
    departments.sort(key=lambda d: LATER[d[3]] + one(luck, "acquired_since", d[0]))
    at_hospital = sum(h.on + h.off for h in skeleton.hospitals) + sum(people for *_, people in skeleton.satellites)
    everyone = at_hospital + sum(people for practice in skeleton.practices for _, people in practice.offices)
    surplus = at_hospital - _then(at_hospital / everyone, era) * everyone
    independent: list[tuple[str, int, int]] = []
    for name, zone, people, _ in departments:
        if surplus <= people / 2:
            break
        independent.append((name, zone, people))
        surplus -= people
    return _thinned(_released(skeleton, independent), era, luck)


def _then(share: float, era: Era) -> float:
    """Return a share shifted in log odds by as much as the nation's hospital share moved since."""

    def logit(p: float) -> float:
        return float(np.log(p / (1.0 - p)))

    today = HOSPITAL_SHARE[max(HOSPITAL_SHARE)]
    moved = logit(min(max(share, 0.01), 0.99)) + logit(era.hospital_share) - logit(today)
    return 1.0 / (1.0 + float(np.exp(-moved)))


def _released(skeleton: Skeleton, independent: list[tuple[str, int, int]]) -> Skeleton:
    """Turn departments, known by name, into practices of as many oncologists."""
    gone = {name for name, *_ in independent}

    def kept(hospital: Hospital) -> Hospital:
        name = f"{hospital.zone}-{hospital.org}"
        return replace(
            hospital, on=0 if f"{name}.on" in gone else hospital.on, off=0 if f"{name}.off" in gone else hospital.off
        )

    practices = [
        Practice(f"E{number + 1:02d}", f"{skeleton.names[zone - 1]} Hematology Oncology {number + 1}", ((zone, people),))
        for number, (_, zone, people) in enumerate(independent)
    ]
    return replace(
        skeleton,
        hospitals=tuple(kept(h) for h in skeleton.hospitals),
        satellites=tuple(s for s in skeleton.satellites if f"{s[0]}.{s[1]}" not in gone),
        practices=(*skeleton.practices, *practices),
    )


def _thinned(skeleton: Skeleton, era: Era, luck: Luck) -> Skeleton:
    """Scale every number of oncologists to the year, at least one where there was one."""
    places: dict[str, int] = {}
    for h in skeleton.hospitals:
        places |= {f"{h.zone}-{h.org}.on": h.on, f"{h.zone}-{h.org}.off": h.off}
    places |= {f"{center}.{zone}": people for center, zone, people in skeleton.satellites}
    places |= {f"{p.org}.{n}": people for p in skeleton.practices for n, (_, people) in enumerate(p.offices)}
    now = np.array(list(places.values()), dtype=np.float64)
    rounded = systematic(now * era.oncologists, identities(list(places)), one(luck, "thinned"))
    then = dict(zip(places, np.where(now > 0, np.maximum(rounded, 1), 0).tolist(), strict=True))
    return replace(
        skeleton,
        hospitals=tuple(
            replace(h, on=then[f"{h.zone}-{h.org}.on"], off=then[f"{h.zone}-{h.org}.off"]) for h in skeleton.hospitals
        ),
        satellites=tuple((center, zone, then[f"{center}.{zone}"]) for center, zone, _ in skeleton.satellites),
        practices=tuple(
            replace(p, offices=tuple((zone, then[f"{p.org}.{n}"]) for n, (zone, _) in enumerate(p.offices)))
            for p in skeleton.practices
        ),
    )
