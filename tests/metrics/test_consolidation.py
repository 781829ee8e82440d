from __future__ import annotations

import numpy as np
import pytest

from oncsim.codes import ACTIVE, CLOSED, HOPD_ON, NETWORK, OFFICE, PRACTICE

from .tiny import tiny, values_of

ALL = ("all", "")


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
