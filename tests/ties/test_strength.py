"""How strongly a tie steers: its form, its ramp and the lower trust, and nothing before it is signed or after it ends."""

from __future__ import annotations

import numpy as np
import pytest

from oncsim.codes import TIE_FORMS, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.ties.ladder import AFFILIATION, JOINT_VENTURE, REFERRAL
from oncsim.ties.strength import tie_strength

from .partners import add_ties, partners, rows_of

STAGE = {name: number for number, name in enumerate(TIE_STAGES)}


def tied(form: int = AFFILIATION, **columns: object) -> tuple[OncologyMarket, int]:
    """Return a model with one tie of full trust that everybody knows."""
    model = partners({"partnership.trust.reputation_weight": 0.0})
    a, b = rows_of(model, "center", "valley")
    (row,) = add_ties(model, a, b, **{"form": form, "trust_ab": 1.0, "trust_ba": 1.0, **columns})
    return model, int(row)


@pytest.mark.parametrize("form", range(len(TIE_FORMS)), ids=TIE_FORMS)
def test_at_full_trust_and_after_the_ramp_it_is_that_of_the_form(form: int) -> None:
    model, row = tied(form)
    assert tie_strength(model)[row] == pytest.approx(float(model.law["partnership.steering"][TIE_FORMS[form]]))


@pytest.mark.parametrize("stage", TIE_STAGES)
def test_only_ties_in_force_steer(stage: str) -> None:
    model, row = tied(stage=STAGE[stage], stage_age=9)
    steering = float(model.law["partnership.steering"]["clinical_affiliation"])
    back = float(model.law["partnership.review.scaled_back"])
    expected = {"ramp_up": 1.0, "active": 1.0, "deepened": 1.0, "scaled_back": back}.get(stage, 0.0)
    assert tie_strength(model)[row] == pytest.approx(expected * steering)
    assert 0 < back < 1


def test_the_ramp_begins_when_due_diligence_is_over_and_rises_evenly_to_the_whole() -> None:
    model, row = tied(stage=STAGE["ramp_up"], ramp=7, diligence=3)
    steering = float(model.law["partnership.steering"]["clinical_affiliation"])
    found = []
    for age in range(3, 10):
        model.ties.stage_age[row] = age
        found.append(tie_strength(model)[row] / steering)
    np.testing.assert_allclose(found, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0])


def test_a_ramp_that_is_all_due_diligence_works_at_once() -> None:
    model, row = tied(stage=STAGE["ramp_up"], ramp=4, diligence=4, stage_age=4)
    assert tie_strength(model)[row] == pytest.approx(float(model.law["partnership.steering"]["clinical_affiliation"]))


def test_a_tie_that_deepens_goes_from_what_it_was_to_what_it_will_be() -> None:
    model, row = tied(JOINT_VENTURE, stage=STAGE["deepened"], form_before=REFERRAL, ramp=6, diligence=2)
    before, after = (float(model.law["partnership.steering"][form]) for form in ("referral", "joint_venture"))
    found = []
    for age in range(2, 8):
        model.ties.stage_age[row] = age
        found.append(tie_strength(model)[row])
    steps = np.array([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(found, before + (after - before) * steps)
    assert before < found[0]


def test_it_is_the_lower_trust_that_counts() -> None:
    model, row = tied()
    full = tie_strength(model)[row]
    for ab, ba in ((0.3, 0.9), (0.9, 0.3)):
        model.ties.trust_ab[row], model.ties.trust_ba[row] = ab, ba
        assert tie_strength(model)[row] == pytest.approx(0.3 * full)


def test_strangers_rely_on_what_others_think() -> None:
    """Without experience the trust used is the partner's reputation, so one bad partner weakens another's new tie."""
    model = partners({"partnership.trust.reputation_weight": 100.0})
    a, b, other = rows_of(model, "center", "valley", "town_practice")
    (new,) = add_ties(model, a, b, form=AFFILIATION, trust_ab=1.0, trust_ba=1.0)
    (old,) = add_ties(model, other, b, name="old", evidence_ab=10.0, evidence_ba=10.0, trust_ab=0.9, trust_ba=0.9)
    strong = tie_strength(model)[new]
    model.ties.trust_ab[old] = 0.1
    assert tie_strength(model)[new] < strong


def test_without_ties_there_is_nothing_to_steer() -> None:
    assert len(tie_strength(partners())) == 0
