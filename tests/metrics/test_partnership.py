from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import MIXED, events, run, same_tables, start
from oncsim.codes import SERVICE_LINES, TIE_STAGES
from oncsim.processes.talks import begin_tie
from towns import FORM, in_force, market, practice, steps, still, system, tie

from .tiny import tiny, values_of

ALL = ("all", "")


def test_forms_add_up_to_all_active_ties() -> None:
    found = values_of("partnership.active", tiny(1, ties=40))
    assert found[ALL] > 0
    assert sum(value for key, value in found.items() if key != ALL) == found[ALL]


@pytest.mark.parametrize("stage", TIE_STAGES)
def test_a_tie_counts_from_signing_to_its_end(stage: str) -> None:
    state = tiny(1, ties=5)
    state.ties.stage[:] = TIE_STAGES.index(stage)
    state.orgs.network[:], state.orgs.owner[:] = -1, -1
    counted = stage in ("ramp_up", "active", "deepened", "scaled_back")
    assert values_of("partnership.active", state)[ALL] == (5 if counted else 0)
    for name in ("partnership.age_median", "partnership.trust_mean"):
        assert bool(values_of(name, state)) == counted


def test_trust_counts_both_directions_of_active_ties() -> None:
    state = tiny(1, ties=3)
    state.ties.stage[:] = [
        TIE_STAGES.index("active"),
        TIE_STAGES.index("dissolved"),
        TIE_STAGES.index("ramp_up"),
    ]
    state.ties.trust_ab[:], state.ties.trust_ba[:] = [0.2, 1.0, 0.4], [0.6, 1.0, 0.8]
    state.ties.age[:] = [4, 99, 8]
    assert values_of("partnership.trust_mean", state)[ALL] == pytest.approx(0.5)
    assert values_of("partnership.age_median", state)[ALL] == 6


def test_support_of_the_staff_is_that_of_ties_in_force() -> None:
    state = tiny(1, ties=3)
    state.ties.stage[:] = [TIE_STAGES.index(stage) for stage in ("active", "dissolved", "scaled_back")]
    state.ties.staff[:] = [0.2, 1.0, 0.6]
    assert values_of("partnership.staff_support", state) == {ALL: pytest.approx(0.4)}
    state.ties.stage[:] = TIE_STAGES.index("due_diligence")
    assert values_of("partnership.staff_support", state) == {}


@pytest.mark.parametrize("metric", ["deepened", "scaled_back"])
def test_what_ties_went_through_is_counted_by_the_story(metric: str) -> None:
    state = tiny(1)
    state.counts[f"tie_{metric}"] = 7
    assert values_of(f"partnership.{metric}", state) == {ALL: 7.0}
    del state.counts[f"tie_{metric}"]
    assert values_of(f"partnership.{metric}", state) == {ALL: 0.0}


def alone() -> Any:
    """Return a state of two sites of two organisations, each with a service of its own, and one tie."""
    state = tiny(1, sites=2, orgs=2, ties=1)
    state.orgs.owner[:], state.sites.org[:], state.sites.open[:], state.sites.oncologists[:] = -1, [0, 1], True, 1.0
    state.sites.lines[:], state.hospitals.lines[:] = False, False
    state.sites.lines[0, SERVICE_LINES.index("infusion")] = state.sites.lines[1, SERVICE_LINES.index("radiation")] = True
    state.sites.starts[:] = 0.0
    state.sites.starts[0, 0], state.sites.starts[1, 0] = 3.0, 1.0
    state.law["partnership.line.need"] = dict.fromkeys(SERVICE_LINES, 0.0) | {"infusion": 1.0, "radiation": 0.5}
    ties = state.ties
    ties.a[:], ties.b[:], ties.form[:], ties.stage[:] = 0, 1, 0, TIE_STAGES.index("dissolved")
    ties.trust_ab[:] = ties.trust_ba[:] = 0.8
    ties.evidence_ab[:] = ties.evidence_ba[:] = 1e12
    return state


def test_the_continuum_by_hand_own_services_and_what_a_partner_brings() -> None:
    state = alone()
    whole = (3 * 1.0 + 1 * 0.5) / 1.5 / 4
    assert values_of("partnership.continuum", state)[ALL] == pytest.approx(whole)
    state.ties.stage[:] = TIE_STAGES.index("active")
    part = 0.8 * float(state.ladder.reach[0])
    more = (3 * part * 0.5 + 1 * part * 1.0) / 1.5 / 4
    assert values_of("partnership.continuum", state)[ALL] == pytest.approx(whole + more)
    state.sites.starts[:] = 0.0
    assert values_of("partnership.continuum", state) == {}


def test_the_continuum_grows_with_what_is_offered_and_is_whole_when_everybody_has_everything() -> None:
    state = tiny(3)
    before = values_of("partnership.continuum", state)[ALL]
    assert 0 < before < 1
    state.sites.lines[0] = True
    state.sites.open[0], state.sites.oncologists[0] = True, 1.0
    assert values_of("partnership.continuum", state)[ALL] >= before
    state.sites.lines[:], state.sites.open[:], state.sites.oncologists[:] = True, True, 1.0
    assert values_of("partnership.continuum", state)[ALL] == pytest.approx(1.0)


def test_the_story_and_the_metrics_of_a_run_agree_and_watching_changes_nothing() -> None:
    busy = {"partnership.meet.yearly": 1.0, "partnership.review.patience": 1.0, "partnership.review.yearly": 4.0}
    model = run(8, MIXED, behaviour=busy)
    metrics = model.tables()["metrics"]
    told = events(model)
    for name, event in (("formed", "tie_formed"), ("deepened", "tie_deepened"), ("scaled_back", "tie_scaled_back")):
        mine = metrics[metrics["metric"] == f"partnership.{name}"]
        assert len(mine) == 8 and mine["value"].sum() == (told["event"] == event).sum()
    assert (told["event"] == "tie_formed").any() and (told["event"] == "tie_scaled_back").any()
    watched = start(8, MIXED, behaviour=busy)
    while not watched.finished:
        watched.step()
        watched.tables()
        for name in ("partnership.continuum", "partnership.staff_support", "access.delay_days"):
            values_of(name, watched)
    same_tables(model, watched)


def test_the_table_of_ties_has_form_sides_and_shares_as_they_were_in_each_quarter() -> None:
    here = market(practice("doctors"), system("clinic"), ties=[tie("doctors", "clinic")])
    model = steps(still(4, here), 2)
    (row_,) = in_force(model, "doctors", "clinic")
    begin_tie(model, int(row_), FORM["joint_venture"], "")
    steps(model, 2)
    table = model.tables()["ties"]
    assert table["form"].astype(str).tolist() == ["referral"] * 2 + ["joint_venture"] * 2
    # The side that a venture gives control is the first, from then on.
    assert table["a"].astype(str).tolist()[2:] == ["clinic"] * 2
    assert (table["owner_share"] > 0).tolist() == [False, False, True, True]
    assert (table["control_share"] > 0).tolist() == [False, False, True, True]
    assert table["age_quarters"].tolist() == [21.0, 22.0, 23.0, 24.0]
    assert table["staff_support"].iloc[-1] == model.ties.staff[row_]
    np.testing.assert_array_equal(table["worth"].iloc[-1], model.ties.worth[row_])
