from __future__ import annotations

import numpy as np
import pytest

from markets import METRO, MIXED, start, tiny_market
from oncsim.codes import ACADEMIC_CENTER, HEALTH_SYSTEM, PRACTICE, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.processes.choice import choice
from oncsim.processes.partnership import end_tie, sign_tie
from oncsim.processes.referral import hospital_weights, steering_utility
from oncsim.state.sums import sum_rows
from oncsim.ties.strength import tie_strength

OFF_CASES = [{"choice.employed_referrers": 0.0}, {"choice.ownership_steering": 0.0}]
ACTIVE = TIE_STAGES.index("active")


def owned_starts(model: OncologyMarket, org: int) -> float:
    choice(model)
    total = sum_rows(
        model.pairs.site, model.choice.pair_segments(model.new_patients * model.choice.treated), len(model.sites)
    ).sum(axis=1)
    return float(total[model.orgs.top_owner()[model.sites.org] == org].sum())


def partners(model: OncologyMarket) -> tuple[int, int]:
    """Return a system with hospitals and a practice without a tie to it."""
    orgs = model.orgs
    systems = np.flatnonzero((orgs.kind == HEALTH_SYSTEM) & (orgs.starts > 0))
    system = int(systems[np.argmax(orgs.beds[systems])])
    tied = {*model.ties.b[model.ties.a == system].tolist(), *model.ties.a[model.ties.b == system].tolist()}
    practices = [p for p in np.flatnonzero((orgs.kind == PRACTICE) & (orgs.starts > 0)) if int(p) not in tied]
    return system, int(max(practices, key=lambda p: orgs.starts[p]))


def test_shares_of_referrers_add_to_the_employed_share_near_hospitals_and_never_to_more() -> None:
    model = start(1, MIXED)
    zone, hospital, share = hospital_weights(model)
    total = np.bincount(zone, weights=share, minlength=len(model.zones))
    employed = float(model.law["choice.employed_referrers"])
    assert (share >= 0).all() and total.max() <= employed + 1e-12
    assert total.max() == pytest.approx(employed)
    assert set(hospital.tolist()) <= set(range(len(model.hospitals)))


@pytest.mark.parametrize("behaviour", OFF_CASES, ids=["nobody employed", "no pull"])
def test_switched_off_nobody_is_steered(behaviour: dict[str, float]) -> None:
    model = start(1, METRO, behaviour=behaviour)
    assert (steering_utility(model) == 0.0).all()


@pytest.mark.parametrize("behaviour", OFF_CASES, ids=["nobody employed", "no pull"])
def test_switched_off_it_does_not_matter_who_owns_a_site(behaviour: dict[str, float]) -> None:
    def moved(given: dict[str, float]) -> float:
        # What an owner's services make of a site is another mechanism (choice.continuum).
        model = start(1, METRO, behaviour={"choice.continuum": 0.0, **given})
        system, practice = partners(model)
        before = owned_starts(model, system) + owned_starts(model, practice)
        model.orgs.owner[practice], model.orgs.status[practice] = system, 1
        return owned_starts(model, system) - before

    assert moved(behaviour) == pytest.approx(0.0, abs=1e-9)
    assert moved({}) > 0.1


def test_stronger_steering_raises_the_share_of_hospital_owners() -> None:
    found = []
    for pull in (0.0, 0.8, 1.6):
        # Without the balance of the start, which would take the difference between kinds away again.
        model = start(1, METRO, behaviour={"choice.ownership_steering": pull, "choice.start_balance": 0.0})
        orgs = model.orgs
        hospital = np.isin(orgs.kind[orgs.top_owner()[model.sites.org]], (HEALTH_SYSTEM, ACADEMIC_CENTER))
        found.append(model.arrivals[hospital].sum() / model.arrivals.sum())
    assert found[0] < found[1] < found[2]


def test_a_tie_raises_the_partners_share_and_its_end_takes_that_away() -> None:
    model = start(1, METRO)
    system, practice = partners(model)
    before = owned_starts(model, practice)
    plain = steering_utility(model)
    # A tie that everybody trusts fully, at full strength.
    tie = sign_tie(model, practice, system, 5, (1.0, 1.0), ACTIVE, "")
    model.ties.evidence_ab[tie] = model.ties.evidence_ba[tie] = 1e9
    steered = steering_utility(model)
    mine = model.sites.org[model.pairs.site] == practice
    assert (steered[mine] >= plain[mine]).all() and (steered[mine] > plain[mine]).any()
    assert owned_starts(model, practice) > before * 1.001
    end_tie(model, tie, "the test says so")
    np.testing.assert_array_equal(steering_utility(model), plain)
    assert owned_starts(model, practice) == pytest.approx(before, rel=1e-12)


def test_a_tie_to_somebody_without_referrers_steers_nobody() -> None:
    """Only the partner's own referrers are won by a tie, not those of any other hospital owner."""
    model = start(1, METRO)
    plain = steering_utility(model)
    one, other = np.flatnonzero((model.orgs.kind == PRACTICE) & (model.orgs.starts > 0))[:2]
    sign_tie(model, int(one), int(other), 5, (1.0, 1.0), ACTIVE, "")
    np.testing.assert_array_equal(steering_utility(model), plain)


def test_one_referrer_by_hand() -> None:
    """One zone and one system, every referrer employed: its own site gains the whole pull, a stranger's nothing."""
    market = tiny_market(4, zones=1, systems=1, practices=1, networks=0)
    pull = 1.1
    behaviour = {
        "choice.employed_referrers": 1.0,
        "choice.ownership_steering": pull,
        "choice.referral_miles": 200.0,
    }
    model = start(1, market, behaviour=behaviour)
    model.ties.stage[:] = TIE_STAGES.index("dissolved")
    utility = steering_utility(model)
    owner = model.sites.org[model.pairs.site]
    system = int(np.flatnonzero(model.orgs.kind == HEALTH_SYSTEM)[0])
    np.testing.assert_allclose(utility, np.where(owner == system, pull, 0.0), atol=1e-9)


def test_strength_needs_life_trust_and_time() -> None:
    model = start(1, METRO)
    system, practice = partners(model)
    tie = sign_tie(model, practice, system, 0, (0.8, 0.6), TIE_STAGES.index("ramp_up"), "")
    ties = model.ties
    ties.evidence_ab[tie] = ties.evidence_ba[tie] = 1e12
    ties.ramp[tie] = 4
    form = float(model.law["partnership.steering"]["referral"])
    strength = []
    for age in range(6):
        ties.stage_age[tie] = age
        strength.append(tie_strength(model)[tie])
    np.testing.assert_allclose(strength, form * 0.6 * np.array([0.25, 0.5, 0.75, 1.0, 1.0, 1.0]), rtol=1e-6)
    for stage, part in (("prospect", 0.0), ("active", 1.0), ("deepened", 1.0), ("scaled_back", 0.5), ("dissolved", 0.0)):
        ties.stage[tie] = TIE_STAGES.index(stage)
        assert tie_strength(model)[tie] == pytest.approx(part * form * 0.6, rel=1e-6)


def test_a_market_without_hospitals_steers_nobody() -> None:
    model = start(1, tiny_market(2, systems=0, practices=3))
    assert (steering_utility(model) == 0.0).all()
