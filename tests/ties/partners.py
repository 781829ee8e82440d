"""A small written market of possible partners, and ties put into it by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from markets import start
from oncsim.codes import PAYERS, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.parameters import Values
from oncsim.randomness import identities

ACTIVE = TIE_STAGES.index("active")
# A city with a center, a town with a system and two practices, a country hospital without an oncologist, a rival town.
PARTNERS: dict[str, Any] = {
    "source": "composed",
    "name": "Partners",
    "zones": [
        {"zone": "city", "name": "City", "population": 600_000},
        {"zone": "town", "name": "Town", "east": 45, "population": 160_000},
        {"zone": "edge", "name": "Edge", "east": 60, "north": 4, "population": 70_000},
        {
            "zone": "country", "name": "Country", "east": 70, "north": 75, "population": 25_000, "rural": True,
            "land_sqmi": 900,
        },
        {"zone": "other", "name": "Other town", "east": 20, "north": -35, "population": 120_000},
    ],
    "organizations": [
        {
            "id": "center", "name": "University", "kind": "academic_center", "nci": "comprehensive",
            "hospitals": [{"id": "uni", "at": "city", "beds": 700}],
            "sites": [{
                "hospital": "uni", "oncologists": 16, "chairs": 60,
                "lines": [
                    "infusion", "radiation", "surgery", "imaging", "biopsy", "cellular_therapy", "trials", "telehealth",
                ],
            }],
        },
        {
            "id": "valley", "name": "Valley Health", "kind": "health_system",
            "hospitals": [{"id": "valley_main", "at": "town", "beds": 320}, {"id": "valley_edge", "at": "edge", "beds": 60}],
            "sites": [{
                "hospital": "valley_main", "oncologists": 4, "chairs": 20, "lines": ["infusion", "radiation", "imaging"],
            }],
        },
        {
            "id": "south", "name": "South Health", "kind": "health_system",
            "hospitals": [{"id": "south_main", "at": "other", "beds": 200}],
            "sites": [{"hospital": "south_main", "oncologists": 2, "chairs": 12, "lines": ["infusion", "imaging"]}],
        },
        {
            "id": "small", "name": "Country Hospital", "kind": "health_system",
            "hospitals": [{"id": "small_main", "at": "country", "beds": 40}],
        },
        {
            "id": "town_practice", "name": "Town Oncology", "kind": "practice",
            "sites": [{
                "at": "town", "oncologists": 6, "chairs": 30, "lines": ["infusion", "biopsy", "pharmacy", "palliative"],
            }],
        },
        {
            "id": "edge_practice", "name": "Edge Oncology", "kind": "practice",
            "sites": [{"at": "edge", "oncologists": 2, "chairs": 12, "lines": ["infusion", "imaging"]}],
        },
        {
            "id": "city_practice", "name": "City Oncology", "kind": "practice",
            "sites": [
                {"at": "city", "oncologists": 9, "chairs": 45, "lines": ["infusion", "radiation", "imaging", "pharmacy"]},
                {"at": "other", "oncologists": 2, "chairs": 10, "lines": ["infusion"]},
            ],
        },
    ],
}  # fmt: skip
# Nobody meets, nobody buys, what is there at the start stays, and everybody is in the network of every payer.
STILL = {
    "partnership.meet.yearly": 0.0,
    "health_system.acquisition.attention": 0.0,
    "network.purchase.yearly": 0.0,
    "practice.review.yearly": 0.0,
    "payer.network.excluded": dict.fromkeys(PAYERS, 0.0),
    "payer.network.excluded_academic": dict.fromkeys(PAYERS, 0.0),
}


def partners(behaviour: dict[str, Any] | None = None, quarters: int = 4, **options: Any) -> OncologyMarket:
    """Return a model of the small market in its first quarter, its books made, without a tie."""
    model = start(quarters, PARTNERS, behaviour={**STILL, **(behaviour or {})}, **options)
    model.t = 0
    return model


def law_with(**behaviour: Any) -> Values:
    """Return the law of the small market with other behaviour, names written with two underscores for a dot."""
    return partners({name.replace("__", "."): value for name, value in behaviour.items()}).law


def rows_of(model: OncologyMarket, *names: str) -> list[int]:
    """Return the rows of organisations by identity."""
    found = model.orgs.id.tolist()
    return [found.index(name) for name in names]


def add_ties(model: OncologyMarket, a: int, b: int, count: int = 1, name: str = "tie", **columns: Any) -> np.ndarray:
    """Add ties in force between two organisations, each with luck of its own; return their rows."""
    given = {
        "stage": ACTIVE,
        "trust_ab": 0.7,
        "trust_ba": 0.7,
        "checks": 4.0,
        "ramp": 1,
        "met": -8,
        **columns,
    }
    names = [f"{name}{number}" for number in range(count)]
    first = model.ties.append(count, id=np.array(names, dtype=object), key=identities(names), a=a, b=b, **given)
    return np.arange(first, first + count)
