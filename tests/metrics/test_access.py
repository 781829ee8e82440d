from __future__ import annotations

import pytest

from oncsim.codes import NEEDS, PAYERS

from .tiny import tiny, values_of

ALL = ("all", "")


@pytest.mark.parametrize("seed", range(4))
def test_travel_is_ordered(seed: int) -> None:
    state = tiny(seed)
    median, late = values_of("access.minutes_median", state), values_of("access.minutes_p90", state)
    near, far = values_of("access.share_within_30", state), values_of("access.share_within_60", state)
    assert set(median) == set(late) == set(near) == set(far)
    for key in median:
        assert median[key] <= late[key]
        assert 0 <= near[key] <= far[key] <= 1 + 1e-12
        # The median is within 30 minutes exactly where half of the patients are.
        assert (median[key] <= 30) == (near[key] >= 0.5)


def test_groups_add_up_to_the_whole() -> None:
    state = tiny(1, zones=8)
    started = state.flows.started.sum(axis=1)
    found = values_of("access.minutes_mean", state)
    for split in (("rural", "false", "true"), ("deprivation_quartile", "1", "2", "3", "4")):
        parts = []
        for value in split[1:]:
            rural = state.zones.rural == (value == "true")
            here = rural if split[0] == "rural" else state.zones.quartile == int(value)
            parts.append((found.get(("all", f"{split[0]}={value}"), 0.0), started[here].sum()))
        mean = sum(minutes * n for minutes, n in parts) / sum(n for _, n in parts)
        assert mean == pytest.approx(found[ALL])


def test_people_waiting_are_neither_treated_nor_untreated() -> None:
    state = tiny(1)
    before = values_of("access.untreated_share", state)
    state.flows.waiting += 50
    assert values_of("access.untreated_share", state) == before
    a, b = state.flows.untreated.sum(), state.flows.started.sum()
    assert before[ALL] == pytest.approx(a / (a + b))


def test_untreated_by_payer_looks_at_that_payer_only() -> None:
    state = tiny(1)
    before = values_of("access.untreated_share", state)
    medicaid = PAYERS.index("medicaid")
    state.flows.untreated[:, medicaid * len(NEEDS) : (medicaid + 1) * len(NEEDS)] *= 3
    after = values_of("access.untreated_share", state)
    moved = {group for market, group in before if before[market, group] != after[market, group] and "payer" in group}
    assert moved == {"payer=medicaid"}


def test_a_closed_or_empty_site_gives_no_potential_access() -> None:
    for column, nothing in (("open", False), ("oncologists", 0.0)):
        state = tiny(1)
        getattr(state.sites, column)[:] = nothing
        assert set(values_of("access.people_within_60", state).values()) == {0.0}
        assert set(values_of("access.e2sfca_mean", state).values()) == {0.0}
        assert values_of("access.e2sfca_gini", state) == {}
        assert set(values_of("access.share_people_without_oncologist", state).values()) == {1.0}


def test_opening_a_site_lengthens_no_trip_to_the_nearest() -> None:
    state = tiny(1)
    before = values_of("access.people_within_30", state)
    state.sites.open[:] = True
    after = values_of("access.people_within_30", state)
    assert all(after[key] >= before[key] for key in before)


def test_the_median_of_whole_patients_is_that_of_the_middle_one() -> None:
    state = tiny(1)
    state.flows.pair_started[:] = 0
    state.flows.pair_started[:3] = 1
    three = sorted(state.pairs.minutes[:3])
    assert values_of("access.minutes_median", state)[ALL] == three[1]
    assert values_of("access.minutes_p90", state)[ALL] == three[2]
    # Of an even number it is the nearer of the two in the middle: half of them travel no longer.
    state.flows.pair_started[3] = 1
    assert values_of("access.minutes_median", state)[ALL] == sorted(state.pairs.minutes[:4])[1]


def test_waits_are_those_of_the_patients() -> None:
    state = tiny(1)
    state.sites.wait_days[:] = 12.0
    assert all(value == pytest.approx(12) for value in values_of("access.wait_days_mean", state).values())


def test_delay_is_the_wait_and_authorisation_for_those_out_of_network() -> None:
    state = tiny(1)
    state.sites.wait_days[:] = 10.0
    state.in_network[:] = True
    assert all(value == pytest.approx(10.0) for value in values_of("access.delay_days", state).values())
    commercial = PAYERS.index("commercial")
    state.in_network[:, commercial] = False
    found = values_of("access.delay_days", state)
    days = state.law["payer.network.delay_days"]
    assert found["all", "payer=commercial"] == pytest.approx(10.0 + days) and days > 0
    assert found["all", "payer=medicaid"] == pytest.approx(10.0)
    starts = state.sites.starts.reshape(len(state.sites), len(PAYERS), len(NEEDS)).sum(axis=(0, 2))
    assert found[ALL] == pytest.approx(10.0 + days * starts[commercial] / starts.sum())
    state.law["payer.network.delay_days"] = 0.0
    assert all(value == pytest.approx(10.0) for value in values_of("access.delay_days", state).values())


def test_where_nobody_starts_there_is_no_delay() -> None:
    state = tiny(1)
    medicaid = PAYERS.index("medicaid")
    state.sites.starts[:, medicaid * len(NEEDS) : (medicaid + 1) * len(NEEDS)] = 0.0
    found = values_of("access.delay_days", state)
    assert ("all", "payer=medicaid") not in found and ("all", "payer=commercial") in found
    state.sites.starts[:] = 0.0
    assert values_of("access.delay_days", state) == {}
