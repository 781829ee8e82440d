from __future__ import annotations

import numpy as np
import pytest

from markets import METRO, MIXED, events, finish, run, start
from oncsim.actions.ownership import acquire
from oncsim.codes import HEALTH_SYSTEM, PRACTICE, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.processes.partnership import breach, common_partners, good_chance, partnership, sign_tie
from oncsim.ties.trust import DISSOLVED

NO_MEETING = {"partnership.meet.yearly": 0.0}
# What is left of the hazard when only trust differs.
HAZARD = {**NO_MEETING, "partnership.dissolve.yearly": 2.0, "partnership.dissolve.common_partners": 0.0}


def ties_with_trust(trust: float, replicate: int = 0) -> OncologyMarket:
    """Return a model with a hundred further ties of one trust, between practices and systems."""
    model = start(1, METRO, behaviour=HAZARD, replicate=replicate)
    orgs = model.orgs
    practices, systems = (np.flatnonzero(orgs.kind == kind) for kind in (PRACTICE, HEALTH_SYSTEM))
    for p in practices:
        for s in systems:
            sign_tie(model, int(p), int(s), 0, (trust, trust), TIE_STAGES.index("active"), "")
    model.ties.trust_ab[:] = model.ties.trust_ba[:] = trust
    model.ties.evidence_ab[:] = model.ties.evidence_ba[:] = 1e6
    return model


def ended(model: OncologyMarket) -> set[int]:
    model.t = 0
    partnership(model)
    return set(np.flatnonzero(model.ties.stage == DISSOLVED).tolist())


def test_trust_keeps_ties_alive() -> None:
    """With the same luck, every tie that ends at high trust ends at low trust too."""
    low, middle, high = (ended(ties_with_trust(trust)) for trust in (0.05, 0.5, 0.95))
    assert high <= middle <= low
    assert len(high) < len(middle) < len(low)


def test_a_tie_with_a_practice_bought_by_a_rival_ends_more_often() -> None:
    """Paired: the same luck, once with and once without the purchase."""
    bought, free = 0, 0
    for replicate in range(6):
        plain, sold = ties_with_trust(0.8, replicate), ties_with_trust(0.8, replicate)
        orgs = sold.orgs
        system = int(np.flatnonzero(orgs.kind == HEALTH_SYSTEM)[0])
        practice = int(np.flatnonzero(orgs.kind == PRACTICE)[0])
        orgs.owner[practice], orgs.status[practice] = system, 1
        rivals = {tie for tie in range(len(sold.ties)) if sold.ties.a[tie] == practice and sold.ties.b[tie] != system}
        ends_sold, ends_plain = ended(sold), ended(plain)
        assert ends_plain & rivals <= ends_sold & rivals
        bought += len(ends_sold & rivals)
        free += len(ends_plain & rivals)
        # Partners under one owner have no tie any more.
        assert not any(
            {sold.ties.a[tie], sold.ties.b[tie]} == {practice, system} and tie not in ends_sold
            for tie in range(len(sold.ties))
        )
    assert bought > free


def test_an_acquisition_breaches_the_trust_of_other_partners() -> None:
    model = ties_with_trust(0.8)
    orgs = model.orgs
    system = int(np.flatnonzero(orgs.kind == HEALTH_SYSTEM)[0])
    practice = int(np.flatnonzero(orgs.kind == PRACTICE)[0])
    acquire(model, practice, system, 1.0, 0.0, "test")
    ties = model.ties
    others = (ties.a == practice) & (ties.b != system)
    assert (ties.trust_ab[others] < 0.8).all() and (ties.trust_ba[others] < 0.8).all()
    strangers = (ties.a != practice) & (ties.b != practice)
    assert (ties.trust_ab[strangers] == 0.8).all()


def test_a_breach_is_worse_the_more_severe() -> None:
    left = []
    for severity in (0.0, 1.0, 3.0):
        model = ties_with_trust(0.8)
        breach(model, np.array([0]), severity)
        left.append(model.ties.trust_ab[0])
    assert 0.8 == left[0] > left[1] > left[2] >= 0


def test_few_check_ins_misread_good_quarters() -> None:
    assert good_chance(0.9, 4) == pytest.approx(0.9) == good_chance(0.9, 12)
    assert good_chance(0.9, 0) == pytest.approx(0.81)
    assert good_chance(0.9, 2) == pytest.approx(0.855)


def test_trust_of_a_market_drifts_down_without_check_ins() -> None:
    kept = {**NO_MEETING, "partnership.dissolve.yearly": 0.0}
    checked, alone = (run(24, METRO, behaviour={**kept, "partnership.trust.checks": checks}).ties for checks in (4, 0))
    assert alone.trust_ab.mean() < checked.trust_ab.mean() - 0.05


def test_stages_go_forward_and_the_ramp_takes_its_time() -> None:
    model = start(12, METRO, behaviour={**NO_MEETING, "partnership.dissolve.yearly": 0.0})
    orgs = model.orgs
    a = int(np.flatnonzero(orgs.kind == PRACTICE)[0])
    b = int(np.flatnonzero(orgs.kind == HEALTH_SYSTEM)[0])
    tie = sign_tie(model, a, b, 0, (0.9, 0.9), TIE_STAGES.index("prospect"), "")
    model.ties.ramp[tie] = 3
    seen = []
    for _ in range(6):
        model.step()
        if model.ties.stage[tie] == DISSOLVED:
            pytest.skip("one of the partners closed")
        seen.append(TIE_STAGES[model.ties.stage[tie]])
    assert seen == ["ramp_up"] * 3 + ["active"] * 3


def test_nobody_meets_no_new_tie_and_a_prohibitive_bar_neither() -> None:
    assert len(events(run(8, METRO, behaviour=NO_MEETING), "tie_formed")) == 0
    barred = {"partnership.needs_trust": dict.fromkeys(["referral"], 1.0), "partnership.value.scale": 0.001}
    worthless = {**barred, "partnership.value.complementarity": 0.0}
    assert len(events(run(8, METRO, behaviour=worthless), "tie_formed")) == 0
    assert len(events(run(8, METRO, behaviour={"partnership.meet.yearly": 1.0}), "tie_formed")) > 5


def test_nobody_is_tied_twice_or_to_itself() -> None:
    model = finish(start(24, MIXED, behaviour={"partnership.meet.yearly": 1.0}))
    ties = model.ties
    living = ties.stage != DISSOLVED
    assert (ties.a != ties.b).all()
    pairs = [frozenset(pair) for pair in zip(ties.a[living].tolist(), ties.b[living].tolist(), strict=True)]
    signed = [pair for pair, name in zip(pairs, ties.id[living], strict=True) if not str(name).endswith("~start")]
    assert len(signed) > 3
    assert all(pairs.count(pair) == 1 for pair in signed)


def test_common_partners_counted_by_hand() -> None:
    model = start(1, METRO)
    ties = model.ties
    size = len(model.orgs)
    near = [set() for _ in range(size)]
    for one, other in zip(ties.a.tolist(), ties.b.tolist(), strict=True):
        near[one].add(other)
        near[other].add(one)
    a, b = (part.ravel() for part in np.indices((size, size)))
    expected = [len(near[i] & near[j]) for i, j in zip(a, b, strict=True)]
    np.testing.assert_array_equal(common_partners(model, a, b), expected)


def test_common_partners_protect_a_tie() -> None:
    """With the same luck, every tie that ends although common partners count would end if they did not."""
    found = []
    for weight in (-3.0, 0.0):
        model = ties_with_trust(0.3)
        other = start(1, METRO, behaviour={**HAZARD, "partnership.dissolve.common_partners": weight})
        model.law = other.law
        found.append(ended(model))
    assert found[0] < found[1]
