"""Handing over: members out of network, patients a full center cannot take, services that partners bring."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markets import row, start, tiny_market
from oncsim.codes import NEEDS, PAYERS, SEGMENTS
from oncsim.model import OncologyMarket
from oncsim.processes.handover import continuum_utility, hand_over, handover_utility
from oncsim.state.sums import sum_rows
from oncsim.ties.continuum import continuum
from oncsim.ties.strength import tie_strength
from towns import STAGE, bind, market, place, practice, sites_of, steps, still, system

COMMERCIAL = PAYERS.index("commercial")
OF_COMMERCIAL = np.array([payer == "commercial" for payer, _ in SEGMENTS])
STANDARD = np.array([need == NEEDS[0] for _, need in SEGMENTS])
TOWN = market(
    practice("inside", oncologists=6),
    system("center", oncologists=3, lines=["infusion", "radiation", "trials", "imaging"]),
    practice("stranger"),
    zones=[place("town", 90_000), place("country", 10_000, 25, rural=True)],
)


def quarter(**sections: Any) -> OncologyMarket:
    """Return a model of the town after a quarter, everybody in every network."""
    model = steps(still(4, TOWN, **sections), 1)
    model.in_network[:] = True
    return model


def sent(model: OncologyMarket) -> np.ndarray:
    """Return what organisations get handed over, read off the rise of their odds, (organisations, segments)."""
    model.handed = np.zeros((len(model.sites), len(SEGMENTS)))
    hand_over(model)
    sites = model.sites
    starts = sum_rows(sites.org, sites.starts, len(model.orgs))
    lift = np.zeros((len(model.orgs), len(SEGMENTS)))
    lift[sites.org] = model.handed
    return np.asarray(starts * np.expm1(lift))


def starts_of(model: OncologyMarket, org: str) -> np.ndarray:
    return np.asarray(model.sites.starts[sites_of(model, org)].sum(axis=0))


# -- out of network ------------------------------------------------------------------------------------------------


def test_members_who_would_have_come_go_to_the_partner_as_far_as_the_tie_works() -> None:
    model = quarter()
    tie = bind(model, "inside", "center", "referral")
    model.in_network[row(model, "center"), COMMERCIAL] = False
    # As far as they work together, whatever the form: what is left of its steering.
    working = float(tie_strength(model)[tie]) / float(model.ladder.steering[0])
    would = starts_of(model, "center") * np.expm1(-float(model.law["choice.network"]))
    expected = np.where(OF_COMMERCIAL, working * would, 0.0)
    assert working == pytest.approx(0.8, abs=0.01)  # they trust each other as much
    found = sent(model)
    assert expected.sum() > 0.05
    np.testing.assert_allclose(found[row(model, "inside")], expected, rtol=1e-9)
    others = np.arange(len(model.orgs)) != row(model, "inside")
    assert (found[others] == 0).all()


@pytest.mark.parametrize("case", ["both in", "both out", "no tie", "ended", "other payer"])
def test_nobody_is_sent_but_by_a_partner_out_of_network_to_one_in_it(case: str) -> None:
    model = quarter()
    center, inside = row(model, "center"), row(model, "inside")
    if case != "no tie":
        tie = bind(model, "inside", "center", "referral")
        if case == "ended":
            model.ties.stage[tie] = STAGE["dissolved"]
    if case != "both in":
        model.in_network[center, COMMERCIAL] = False
    if case == "both out":
        model.in_network[inside, COMMERCIAL] = False
    if case == "other payer":
        model.in_network[:, COMMERCIAL] = True
        model.in_network[center, PAYERS.index("medicaid")] = False
        assert sent(model)[inside][~OF_COMMERCIAL].sum() > 0
    assert sent(model)[:, OF_COMMERCIAL].sum() == 0
    bind(model, "inside", "center", "co_management")
    model.in_network[:] = True
    model.in_network[center, COMMERCIAL] = False
    assert sent(model)[inside, OF_COMMERCIAL].sum() > 0


def test_those_who_trust_each_other_more_send_more_members_and_nobody_more_than_all() -> None:
    found = []
    for trust in (0.2, 0.5, 1.0):
        model = quarter()
        bind(model, "inside", "center", "referral", trust=trust)
        model.in_network[row(model, "center"), COMMERCIAL] = False
        found.append(float(sent(model).sum()))
    assert 0 < found[0] < found[1] < found[2]
    would = starts_of(model, "center") * np.expm1(-float(model.law["choice.network"]))
    for number, partner in enumerate(("inside", "stranger", "inside", "stranger")):
        bind(model, partner, "center", "referral", trust=1.0)
        model.ties.id[-1] = f"tie {number}"
    assert sent(model).sum() == pytest.approx(would[OF_COMMERCIAL].sum())


def test_a_tighter_contract_relieves_a_full_partner_more() -> None:
    found = [float(sent(crowded(form, 30.0, 30.0)).sum()) for form in ("clinical_affiliation", "joint_venture")]
    assert 0 < found[0] < found[1]


def test_a_partner_with_little_room_is_not_sent_more_than_it_has_room_for() -> None:
    full = [f"full{number}" for number in range(4)]
    here = market(practice("roomy", oncologists=6), *(system(name) for name in full), zones=[place("town", 160_000)])
    model = steps(still(2, here), 1)
    model.in_network[:] = True
    limit = float(model.law["partnership.value.crowded"])
    model.capacity[:], model.arrivals[:] = 100.0, limit * 100.0 + 50.0
    model.arrivals[sites_of(model, "roomy")] = limit * 100.0 - 10.0
    for name in full:
        bind(model, name, "roomy", "joint_venture", trust=1.0)
    assert 1.0 < sent(model)[row(model, "roomy")].sum() <= 10.0 + 1e-9


def test_members_out_of_network_are_treated_by_the_partner() -> None:
    def treated(works: bool) -> float:
        model = steps(still(6, TOWN), 1)
        bind(model, "inside", "center", "joint_venture")
        if not works:
            model.ties.stage[-1] = STAGE["dissolved"]
        model.in_network[:] = True
        model.in_network[row(model, "center"), COMMERCIAL] = False
        steps(model, 3)
        assert not model.in_network[row(model, "center"), COMMERCIAL]
        return float(starts_of(model, "inside")[OF_COMMERCIAL].sum())

    assert treated(True) > treated(False) * 1.005


# -- overflow ------------------------------------------------------------------------------------------------------


def crowded(form: str, excess: float, spare: float) -> OncologyMarket:
    """Return a model in which the center has so many patients too many and the practice room for so many."""
    model = quarter()
    bind(model, "inside", "center", form)
    limit = float(model.law["partnership.value.crowded"])
    center, inside = sites_of(model, "center")[0], sites_of(model, "inside")[0]
    model.arrivals[:], model.capacity[:] = 0.0, 100.0
    model.arrivals[center] = limit * 100.0 + excess
    model.arrivals[inside] = limit * 100.0 - spare
    return model


@pytest.mark.parametrize(("excess", "spare"), [(10.0, 40.0), (40.0, 10.0), (0.0, 40.0), (40.0, 0.0)])
def test_a_full_partner_sends_standard_patients_up_to_the_room_of_the_other(excess: float, spare: float) -> None:
    model = crowded("co_management", excess, spare)
    strength = float(tie_strength(model)[-1])
    found = sent(model)
    expected = strength * min(excess, spare)
    assert found.sum() == pytest.approx(expected)
    assert found[row(model, "inside")].sum() == pytest.approx(expected)
    assert (found[:, ~STANDARD] == 0).all()
    if expected:
        mix = starts_of(model, "center") * STANDARD
        np.testing.assert_allclose(found[row(model, "inside")], expected * mix / mix.sum(), rtol=1e-9)


def test_patients_are_sent_under_contract_only() -> None:
    assert sent(crowded("referral", 30.0, 30.0)).sum() == 0
    assert sent(crowded("inpatient_coverage", 30.0, 30.0)).sum() > 0


def test_a_site_grows_at_most_fourfold_by_what_is_sent() -> None:
    model = crowded("joint_venture", 1e6, 1e6)
    hand_over(model)
    assert np.exp(model.handed).max() == pytest.approx(4.0)


# -- how it moves choices ------------------------------------------------------------------------------------------


def test_what_was_handed_over_does_not_feed_on_itself() -> None:
    """The same sent again gives the same rise: patients sent last time are not counted as the practice's own."""
    model = crowded("co_management", 20.0, 40.0)
    hand_over(model)
    first = model.handed.copy()
    model.sites.starts = model.sites.starts * np.exp(first)
    hand_over(model)
    # What the center starts has not moved (it got nothing), so neither has what it sends.
    np.testing.assert_allclose(model.handed, first)
    assert first.max() > 0


def test_a_site_opened_since_has_no_past() -> None:
    model = quarter()
    model.handed = np.ones((len(model.sites) - 1, len(SEGMENTS)))
    found = handover_utility(model)
    assert found.shape == (len(model.sites), len(SEGMENTS))
    assert (found[-1] == 0).all() and (found[:-1] == 1).all()


@settings(max_examples=8, derandomize=True)
@given(seed=st.integers(0, 100), systems=st.integers(1, 2), practices=st.integers(1, 3))
def test_without_ties_nothing_is_handed_over_or_brought(seed: int, systems: int, practices: int) -> None:
    model = start(1, tiny_market(seed, systems=systems, practices=practices))
    model.ties.stage[:] = STAGE["dissolved"]
    model.in_network[:, :] = np.arange(len(model.orgs))[:, None] % 2 == 0
    hand_over(model)
    assert (model.handed == 0).all() and (continuum_utility(model) == 0).all()


# -- services that partners bring ----------------------------------------------------------------------------------


def test_services_brought_by_partners_make_sites_of_who_lacks_them_more_attractive_and_no_others() -> None:
    model = quarter()
    assert (continuum_utility(model) == 0).all()
    bind(model, "inside", "center", "joint_venture")
    found = continuum_utility(model)
    inside = sites_of(model, "inside")
    assert (found[inside] > 0.01).all()
    assert (found[sites_of(model, "stranger")] == 0).all()
    brought = continuum(model)[1][row(model, "inside")]
    np.testing.assert_allclose(found[inside], float(model.law["choice.continuum"]) * brought)


def test_looser_forms_bring_less_and_at_weight_zero_nothing() -> None:
    found = []
    for form in ("referral", "clinical_affiliation", "joint_venture"):
        model = quarter()
        bind(model, "inside", "center", form)
        found.append(float(continuum_utility(model).max()))
    assert 0 < found[0] < found[1] < found[2]
    off = quarter(behaviour={"choice.continuum": 0.0})
    bind(off, "inside", "center", "joint_venture")
    assert (continuum_utility(off) == 0).all()


def test_nobody_brings_more_than_all_that_is_needed() -> None:
    model = quarter()
    for number in range(6):
        bind(model, "inside", "center", "joint_venture", trust=1.0)
        model.ties.id[-1] = f"tie {number}"
    own, brought = continuum(model)
    assert (own + brought <= 1 + 1e-12).all() and (brought >= 0).all()
    lines = ["infusion", "radiation", "trials", "imaging", "surgery", "biopsy", "inpatient"]
    need = model.law["partnership.line.need"]
    total = sum(float(need[line]) for line in need)
    assert (own + brought)[row(model, "inside")] == pytest.approx(sum(float(need[line]) for line in lines) / total)
