from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncsim.codes import ACTIVE, CLOSED, HOPD_ON, NETWORK, OFFICE, PRACTICE, TIE_FORMS, TIE_STAGES
from oncsim.state.stakes import Stakes
from oncsim.state.ties import Ties

from .tiny import tiny, values_of

ALL = ("all", "")
often = settings(max_examples=30, deadline=None)
seeds = st.integers(0, 10_000)


def test_hhi_counts_owners_not_operators() -> None:
    state = tiny(2)
    state.orgs.owner[:] = 0
    state.orgs.owner[0] = -1
    for name in ("consolidation.hhi", "consolidation.hhi_median", "consolidation.hhi_flow"):
        assert all(value == pytest.approx(10_000) for value in values_of(name, state).values())
    assert all(value == pytest.approx(1) for value in values_of("consolidation.cr4", state).values())


def test_an_acquisition_raises_concentration_only_where_both_are() -> None:
    state = tiny(2)
    state.orgs.owner[:] = -1
    before = values_of("consolidation.hhi", state)
    state.orgs.owner[2] = 0
    after = values_of("consolidation.hhi", state)
    treated = state.sites.starts.sum(axis=1)
    for number, market in enumerate(state.zones.market_ids):
        here = state.zones.market[state.sites.zone] == number
        both = all(treated[here & (state.sites.org == org)].sum() > 0 for org in (0, 2))
        if (market, "") in before:
            assert (after[market, ""] > before[market, ""] + 1e-9) == both


def test_hhi_over_markets_is_weighted_by_their_patients() -> None:
    state = tiny(2)
    found = values_of("consolidation.hhi", state)
    market = state.zones.market[state.sites.zone]
    patients = {name: state.sites.starts[market == number].sum() for number, name in enumerate(state.zones.market_ids)}
    single = [name for name, group in found if name != "all"]
    mean = sum(found[name, ""] * patients[name] for name in single) / sum(patients[name] for name in single)
    assert found[ALL] == pytest.approx(mean)
    assert set(found) - {(name, "") for name in single} == {
        ALL,
        *(("all", f"market_type={kind}") for kind in state.zones.markets),
    }


def test_zones_outside_referral_regions_count_in_no_region() -> None:
    state = tiny(2)
    outside = np.flatnonzero(state.zones.markets["hrr"][1] < 0)
    assert len(outside) > 0
    before = values_of("consolidation.hhi", state)
    state.sites.starts[np.isin(state.sites.zone, outside)] *= 100
    after = values_of("consolidation.hhi", state)
    assert after["all", "market_type=hrr"] == before["all", "market_type=hrr"]
    assert after["all", "market_type=state"] != before["all", "market_type=state"]


def test_flow_hhi_is_that_of_residents_wherever_they_go() -> None:
    state = tiny(2)
    before = values_of("consolidation.hhi_flow", state)
    state.sites.zone[:] = 0  # where the sites stand does not matter to the flow version
    assert values_of("consolidation.hhi_flow", state) == before


# Partners


def without_partners(state: Any) -> Any:
    """Return the state with whole owners only."""
    state.stakes = Stakes()
    state.ties = Ties()
    state.orgs.network[:] = -1
    return state


def venture(state: Any, one: int, other: int) -> Any:
    """Return the state with half of an organisation in the hands of another, profit and say."""
    state.ties.append(
        a=one,
        b=other,
        form=TIE_FORMS.index("joint_venture"),
        stage=TIE_STAGES.index("active"),
        owner_share=0.5,
        control_share=0.5,
    )
    return state


@often
@given(seeds, st.integers(1, 8))
def test_without_partners_the_modified_hhi_is_the_hhi(seed: int, orgs: int) -> None:
    state = without_partners(tiny(seed, orgs=orgs))
    hhi, modified = (values_of(f"consolidation.{name}", state) for name in ("hhi", "mhhi"))
    assert modified == pytest.approx(hhi, rel=1e-11)


@often
@given(seeds, st.integers(2, 8), st.data())
def test_a_joint_venture_of_rivals_softens_competition_where_both_are(seed: int, orgs: int, data: st.DataObject) -> None:
    """One minds half of the other's profit, the other all of one's: half of those with a say in it are one."""
    state = without_partners(tiny(seed, zones=4, orgs=orgs))
    free = np.flatnonzero(state.orgs.owner < 0).tolist()
    one, other = data.draw(st.permutations(free))[:2]
    hhi = values_of("consolidation.hhi", state)
    modified = values_of("consolidation.mhhi", venture(state, one, other))
    owner, treated = state.orgs.top_owner()[state.sites.org], state.sites.starts.sum(axis=1)
    assert all(modified[key] >= hhi[key] - 1e-8 for key in hhi)
    for number, market in enumerate(state.zones.market_ids):
        here = state.zones.market[state.sites.zone] == number
        if treated[here].sum() > 0:
            shares = [treated[here & (owner == org)].sum() / treated[here].sum() for org in (one, other)]
            assert modified[market, ""] - hhi[market, ""] == pytest.approx(1.5e4 * shares[0] * shares[1], abs=1e-8)


@often
@given(seeds)
def test_whoever_holds_what_organisations_compete_no_harder_than_strangers(seed: int) -> None:
    state = tiny(seed)
    shared = values_of("consolidation.mhhi", state)
    state.orgs.owner[:] = -1
    apart = values_of("consolidation.hhi", state)
    assert all(shared[key] >= apart[key] - 1e-8 for key in apart)


def test_a_tie_that_is_only_talked_about_and_a_stake_that_was_sold_are_nobodys() -> None:
    state = without_partners(tiny(2))
    state.sites.zone[:], state.sites.org[:], state.orgs.status[2] = 0, np.arange(9) % 2 * 2, ACTIVE
    before = values_of("consolidation.mhhi", state)
    venture(state, 0, 2).ties.stage[:] = TIE_STAGES.index("due_diligence")
    state.stakes.append(holder=0, held=2, owner_share=0.3, control_share=0.3, ended=state.t)
    assert values_of("consolidation.mhhi", state) == before
    state.stakes.ended[:] = state.t + 1
    assert values_of("consolidation.mhhi", state) != before


# Travel alone


@often
@given(seeds)
def test_quality_waits_and_where_patients_went_do_not_move_predicted_concentration(seed: int) -> None:
    state = tiny(seed)
    before = values_of("consolidation.hhi_flow_predicted", state)
    state.sites.quality += np.arange(len(state.sites))
    state.sites.wait_days *= 3
    state.sites.expected_wait += 20
    state.sites.shock[:] = 1.0
    state.flows.pair_started[:] = state.flows.pair_started[::-1]
    state.sites.oncologists *= 2  # more of them where there were some
    assert values_of("consolidation.hhi_flow_predicted", state) == before


def test_predicted_concentration_is_that_of_a_logit_in_travel() -> None:
    state = without_partners(tiny(2))
    state.sites.open[:], state.sites.oncologists[:], state.sites.kind[:] = True, 1.0, OFFICE
    name = "consolidation.hhi_flow_predicted"
    state.sites.org[:] = 0
    assert values_of(name, state)[ALL] == pytest.approx(10_000)
    # As many owners as sites, all equally near: each zone has five candidates.
    state.orgs.append(9)
    state.sites.org[:] = np.arange(6, 15)
    state.travel_pull[:] = -3.0
    assert values_of(name, state)[ALL] == pytest.approx(10_000 / 5)
    # One of them is so much nearer that everybody goes there.
    state.travel_pull[state.pairs.start[:-1][np.diff(state.pairs.start) > 0]] = 40.0
    assert values_of(name, state)[ALL] == pytest.approx(10_000)


def test_nobody_is_predicted_to_go_where_nobody_works() -> None:
    state = tiny(2)
    state.sites.oncologists[:] = 0.0
    assert values_of("consolidation.hhi_flow_predicted", state) == {}


# Willingness to pay


def test_willingness_is_a_mean_over_patients_in_the_payers_own_dollars() -> None:
    state = tiny(2)
    power = state.market_power
    plans, commercial = power.leverage
    plans.willingness[:3], plans.patients[:3] = [2.0, 6.0, 0.0], [1.0, 3.0, 0.0]
    plans.willingness[3:] = plans.patients[3:] = 0.0
    power.value[0], power.worth[0] = 0.5, 30_000.0
    found = values_of("consolidation.wtp", state)
    assert found["all", "payer=medicare_advantage"] == pytest.approx(8 / 4 * 0.5 * 30_000)
    commercial.willingness[:] *= 3
    assert values_of("consolidation.wtp", state)["all", "payer=commercial"] == pytest.approx(
        3 * found["all", "payer=commercial"]
    )
    commercial.patients[:] = commercial.willingness[:] = 0.0
    assert set(values_of("consolidation.wtp", state)) == {("all", "payer=medicare_advantage")}


# Practices, infusions, events


def test_network_members_are_independent_and_owned_or_closed_practices_are_not() -> None:
    state = tiny(2)
    orgs = state.orgs
    orgs.kind[:], orgs.owner[:], orgs.status[:], orgs.oncologists[:] = PRACTICE, -1, ACTIVE, 1.0
    orgs.kind[5], orgs.network[:5] = NETWORK, 5
    orgs.oncologists[5] = 0.0
    assert values_of("consolidation.practices_independent", state)[ALL] == 5
    assert values_of("consolidation.share_oncologists_independent", state)[ALL] == 1.0
    orgs.owner[0], orgs.status[1], orgs.oncologists[1] = 2, CLOSED, 0.0
    assert values_of("consolidation.practices_independent", state)[ALL] == 3
    assert values_of("consolidation.share_oncologists_independent", state)[ALL] == pytest.approx(3 / 4)


def test_redesignation_of_an_office_moves_its_infusions_to_the_hospital_share() -> None:
    state = tiny(2)
    state.sites.kind[:] = OFFICE
    name = "consolidation.hopd_share_infusions"
    assert values_of(name, state)[ALL] == 0.0
    state.sites.kind[3] = HOPD_ON
    infusions = state.sites.infusions.sum(axis=1)
    assert values_of(name, state)[ALL] == pytest.approx(infusions[3] / infusions.sum())


def test_events_that_did_not_happen_count_zero() -> None:
    state = tiny(2)
    state.counts = {"closure": 2}
    assert values_of("consolidation.closures", state) == {ALL: 2.0}
    assert values_of("consolidation.acquisitions", state) == {ALL: 0.0}
