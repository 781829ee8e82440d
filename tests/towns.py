"""Small markets in which everybody is known: a town, its country, a city far away; nobody acts of their own accord."""

from __future__ import annotations

from typing import Any

import numpy as np

from markets import row, start
from oncsim.codes import TIE_FORMS, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.processes.partnership import sign_tie
from oncsim.ties.ladder import IN_FORCE

# Nobody does anything of their own accord, and trust moves by nothing but what a test does.
STILL: dict[str, Any] = {
    "practice.review.yearly": 0.0,
    "practice.close.yearly": 0.0,
    "practice.found.yearly": 0.0,
    "practice.no_hospital.yearly": 0.0,
    "health_system.acquisition.attention": 0.0,
    "health_system.divest.yearly": 0.0,
    "health_system.build.yearly": 0.0,
    "health_system.rural_closure.yearly": 0.0,
    "health_system.pharmacy.yearly": 0.0,
    "health_system.navigation.yearly": 0.0,
    "health_system.foreclosure.yearly": 0.0,
    "network.purchase.yearly": 0.0,
    "network.resale.yearly": 0.0,
    "partnership.meet.yearly": 0.0,
    "partnership.dissolve.yearly": 0.0,
    "partnership.review.yearly": 0.0,
    "partnership.review.deepen": 0.0,
    "partnership.trust.misfit": 0.0,
    "partnership.trust.gain": 0.0,
    "partnership.conduct.follow_up": 0.0,
    "partnership.conduct.regard": 10.0,
    "partnership.conduct.early_gain": 0.0,
    "demand.retirement.early": 0.0,
    "demand.retirement.late": 0.0,
    "payer.network.break": 0.0,
    "payer.network.mend": 0.0,
}
# What is done to partners moves no patients.
UNMOVED: dict[str, Any] = {
    "choice.ownership_steering": 0.0,
    "choice.continuum": 0.0,
}
STAGE = {name: code for code, name in enumerate(TIE_STAGES)}
FORM = {name: code for code, name in enumerate(TIE_FORMS)}


def place(zone: str, population: float, east: float = 0.0, **keys: Any) -> dict[str, Any]:
    """Return an invented place so many miles east of the middle."""
    return {"zone": zone, "name": zone.title(), "population": population, "east": east, **keys}


def practice(name: str, at: str = "town", oncologists: int = 4, **keys: Any) -> dict[str, Any]:
    """Return a practice with one office."""
    site = {"id": f"{name}_office", "at": at, "oncologists": oncologists, "lines": ["infusion"]}
    return {"id": name, "name": f"{name.title()} Oncology", "kind": "practice", "sites": [site], **keys}


def system(name: str, at: str = "town", oncologists: int = 3, beds: int = 300, **keys: Any) -> dict[str, Any]:
    """Return a system with one hospital and, where it has oncologists, a department there."""
    hospital = {"id": f"{name}_hospital", "at": at, "beds": beds, **keys.pop("hospital", {})}
    lines = keys.pop("lines", ["infusion"])
    sites = [{"id": f"{name}_clinic", "at": at, "oncologists": oncologists, "lines": lines}] if oncologists else []
    return {
        "id": name,
        "name": f"{name.title()} Health",
        "kind": keys.pop("kind", "health_system"),
        "hospitals": [hospital],
        **({"sites": sites} if sites else {}),
        **keys,
    }


def market(*organizations: dict[str, Any], zones: list[dict[str, Any]] | None = None, ties: Any = ()) -> dict[str, Any]:
    """Return a composed market of these organisations."""
    country = place("country", 10_000, 25, rural=True)
    return {
        "source": "composed",
        "name": "A town and its country",
        "zones": zones or [place("town", 70_000), country],
        "organizations": list(organizations),
        **({"ties": list(ties)} if ties else {}),
    }


def tie(a: str, b: str, form: str = "referral", **keys: Any) -> dict[str, Any]:
    """Return a tie of five years in which both trust each other."""
    return {"a": a, "b": b, "form": form, "years": 5, "trust_ab": 0.8, "trust_ba": 0.8, **keys}


def still(quarters: int, here: dict[str, Any], *events: dict[str, Any], **sections: Any) -> OncologyMarket:
    """Return a model before its first quarter in which only the given events happen."""
    behaviour = {**STILL, **sections.pop("behaviour", {})}
    economy = {"demand.supply_growth": 0.0, **sections.pop("economy", {})}
    return start(quarters, here, behaviour=behaviour, events=list(events), economy=economy, **sections)


def steps(model: OncologyMarket, count: int) -> OncologyMarket:
    """Run some quarters."""
    for _ in range(count):
        model.step()
    return model


def bind(model: OncologyMarket, a: str, b: str, form: str, stage: str = "active", trust: float = 0.8) -> int:
    """Sign a tie that both know well; return its row."""
    found = sign_tie(model, row(model, a), row(model, b), FORM[form], (trust, trust), STAGE[stage], "")
    model.ties.evidence_ab[found] = model.ties.evidence_ba[found] = 1e9
    return found


def in_force(model: OncologyMarket, a: str, b: str) -> np.ndarray:
    """Return the rows of the ties in force between two organisations."""
    ties, one, other = model.ties, row(model, a), row(model, b)
    between = ((ties.a == one) & (ties.b == other)) | ((ties.a == other) & (ties.b == one))
    return np.flatnonzero(between & IN_FORCE[ties.stage])


def sites_of(model: OncologyMarket, org: str) -> np.ndarray:
    """Return the rows of the open sites of an organisation."""
    return np.flatnonzero((model.sites.org == row(model, org)) & model.sites.open)


def told(model: OncologyMarket) -> list[str]:
    """Return the kinds of the events told so far, in order; also before the first quarter is over."""
    return [one[1] for one in model.recording.events]
