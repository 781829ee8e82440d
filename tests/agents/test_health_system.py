from __future__ import annotations

import numpy as np

from ledger import step_and_check
from markets import METRO, MIXED, events, row, run, start
from oncsim.codes import ACADEMIC_CENTER, ACQUIRED, ACTIVE, AMC_SATELLITE, HEALTH_SYSTEM, HOPD_ON, NETWORK, PRACTICE
from oncsim.model import OncologyMarket
from oncsim.processes.prospects import prospects
from towns import in_force, market, place, sites_of, still, system
from towns import practice as a_practice

TAKEN = [{"at": "2026Q1", "do": "takeover", "kind": "practice", "by": "largest_system"}]
QUIET = {"health_system.acquisition.attention": 0.0, "health_system.build.yearly": 0.0}
LETS_GO = {**QUIET, "health_system.divest.yearly": 1.0, "health_system.divest.quarters": 4, "health_system.divest.loss": 0}
ROOMY = {"health_system.acquisition.price_cap": 5e7}


def divested(**sections: object) -> int:
    behaviour = {**LETS_GO, **sections.pop("behaviour", {})}
    return len(events(run(12, METRO, events=TAKEN, behaviour=behaviour, **sections), "divestiture"))


def test_systems_let_go_what_loses_and_only_that() -> None:
    losing = divested(behaviour={"finance.downstream_margin": 0.0, "finance.hospital.cost_factor": 5.0})
    assert losing > 3
    # A practice has to lose so and so much an oncologist and year.
    assert divested(behaviour={"finance.downstream_margin": 1e5}) == 0
    assert divested(behaviour={"finance.downstream_margin": 0.0, "health_system.divest.loss": 5e6}) == 0
    assert divested(behaviour={"finance.hospital.cost_factor": 5.0, "health_system.divest.yearly": 0.0}) == 0


def test_nothing_is_let_go_before_its_time() -> None:
    behaviour = {"finance.downstream_margin": 0.0, "finance.hospital.cost_factor": 5.0}
    model = run(12, METRO, events=TAKEN, behaviour={**LETS_GO, **behaviour})
    assert events(model, "divestiture")["quarter"].min() >= "2027Q1"


def test_what_an_owner_keeps_of_a_practice_counts_care_downstream() -> None:
    model = start(8, METRO, events=TAKEN, behaviour={**QUIET, "health_system.divest.yearly": 0.0})
    for _ in range(8):
        model.step()
    kept = prospects(model).kept
    owned = np.flatnonzero(model.orgs.status == ACQUIRED)
    downstream = float(model.law["finance.downstream_margin"]) * float(model.law["health_system.acquisition.capture"])
    for practice in owned:
        mine = (model.sites.origin == practice) & model.sites.open
        people = int(mine[model.physicians.site].sum())
        if people and model.orgs.kind[model.orgs.owner[practice]] != NETWORK:
            expected = model.sites.margin_year[mine].sum() + 4 * downstream * model.sites.starts[mine].sum()
            np.testing.assert_allclose(kept[practice], expected / people)
    assert len(owned) > 3


def test_attention_makes_deals_and_none_makes_none() -> None:
    eager = {"health_system.acquisition.optimism": 3.0, "practice.autonomy.median": 0.0}
    none = run(8, METRO, behaviour={**eager, "health_system.acquisition.attention": 0.0})
    some = run(8, METRO, behaviour={**eager, "health_system.acquisition.attention": 1.0})

    def count(model) -> int:
        kind = dict(zip(model.orgs.id, model.orgs.kind, strict=True))
        return sum(kind[one] in (HEALTH_SYSTEM, ACADEMIC_CENTER) for one in events(model, "acquisition")["actor"])

    assert count(none) == 0 < count(some)
    assert (some.orgs.kind[some.orgs.status == ACQUIRED] == PRACTICE).all()


def test_crowded_systems_build_and_others_do_not() -> None:
    build = {
        "health_system.acquisition.attention": 0.0,
        "practice.found.yearly": 0.0,
        "practice.open.yearly": 0.0,
        "practice.visiting.yearly": 0.0,
        "partnership.meet.yearly": 0.0,
    }
    crowded = {**build, "health_system.build.yearly": 1.0, "finance.cash_reserve": 2.0}
    model = run(6, MIXED, behaviour={**crowded, "health_system.build.load": 0.0})
    opened = model.sites.opened >= 0
    assert opened.any()
    assert np.isin(model.sites.kind[opened], (HOPD_ON, AMC_SATELLITE)).all()
    # A department belongs to the hospital where it stands.
    hospital = model.sites.hospital[opened]
    assert (hospital >= 0).all()
    assert len(events(run(6, MIXED, behaviour={**crowded, "health_system.build.load": 5.0}), "site_opened")) == 0
    assert model.spent_on_sites > 0


def test_departments_that_lose_are_closed_at_their_chance() -> None:
    losing = {
        **QUIET,
        "finance.hospital.cost_factor": 5.0,
        "finance.downstream_margin": 0.0,
        "health_system.divest.quarters": 1,
    }
    never = run(8, METRO, behaviour={**losing, "health_system.rural_closure.yearly": 0.0})
    always = run(8, METRO, behaviour={**losing, "health_system.rural_closure.yearly": 1.0})

    def closed(model) -> int:
        told = events(model, "site_closed")
        return int(told["text"].str.contains("lost money").sum())

    assert closed(never) == 0 < closed(always)
    assert (always.orgs.status[always.orgs.kind == HEALTH_SYSTEM] == ACTIVE).all()


LETTING_GO = market(
    a_practice("doctors", oncologists=4), system("owner", oncologists=2), a_practice("others", oncologists=2),
    zones=[place("town", 90_000), place("country", 10_000, 25, rural=True)],
)  # fmt: skip


def let_go(agreement: float, quarters: int = 16) -> OncologyMarket:
    """Return a model after some quarters: a system takes over a practice, loses money on it and lets it go."""
    behaviour = {
        **LETS_GO,
        "finance.downstream_margin": 0.0,
        "finance.hospital.cost_factor": 5.0,
        "health_system.divest.agreement": agreement,
        "health_system.acquisition.overlap_closes": 0.0,
    }
    taken = {"at": "2026Q1", "do": "takeover", "org": "doctors", "by": "owner"}
    model = still(quarters, LETTING_GO, taken, behaviour=behaviour)
    for _ in range(quarters):
        step_and_check(model)
    return model


def test_who_is_let_go_may_keep_working_for_the_system_under_an_agreement_in_place_of_employment() -> None:
    model = let_go(1.0)
    released = events(model, "divestiture")
    signed = events(model, "tie_formed")
    assert released["other"].tolist() == ["doctors"]
    assert signed["quarter"].tolist() == released["quarter"].tolist()
    assert "professional-services agreement" in str(signed["text"].iloc[0]) and "in place of employment" in str(
        signed["text"].iloc[0]
    )
    tie = int(in_force(model, "doctors", "owner")[0])
    assert model.ties.a[tie] == row(model, "owner") and model.orgs.status[row(model, "doctors")] == ACTIVE
    # Its offices are billed by the system again once the agreement works.
    assert (model.sites.billed_by[sites_of(model, "doctors")] == tie).all()


def test_at_chance_zero_who_is_let_go_has_no_agreement() -> None:
    model = let_go(0.0)
    assert len(events(model, "divestiture")) == 1 and len(events(model, "tie_formed")) == 0
    assert (model.sites.billed_by == -1).all()
