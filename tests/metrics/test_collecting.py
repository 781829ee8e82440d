from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

from oncsim.errors import RunError
from oncsim.metrics import METRICS, collect

from .tiny import tiny

# What would add up nothing anybody asks for: payers, or parts and years.
ONLY_IN_PARTS = {"consolidation.wtp", "price.hospital_to_office", "price.level", "price.after_acquisition"}


def key_rows(state: Any) -> dict[tuple[str, str, str], float]:
    names, markets, groups, values = collect(state)
    assert len(names) == len(markets) == len(groups) == len(values)
    rows = dict(zip(zip(names, markets, groups, strict=True), values, strict=True))
    assert len(rows) == len(names), "a metric, market and group appears twice"
    return rows


def test_every_metric_gives_finite_values_and_a_total_unless_only_parts_have_a_meaning() -> None:
    rows = key_rows(tiny(3, zones=8))
    assert {name for name, _, _ in rows} == set(METRICS)
    assert {name for name, market, group in rows if (market, group) == ("all", "")} == set(METRICS) - ONLY_IN_PARTS
    assert all(math.isfinite(value) for value in rows.values())


@pytest.mark.parametrize("seed", range(3))
def test_rows_keep_to_what_the_metric_declares(seed: int) -> None:
    state = tiny(seed)
    for name, market, group in key_rows(state):
        found = METRICS[name]
        keys = [part.split("=")[0] for part in group.split(";") if part]
        assert keys == sorted(keys)
        assert not keys or " and ".join(keys) in found.groups
        if market != "all":
            assert found.by_market and not group
            assert market in state.zones.market_ids


def test_every_declared_group_appears() -> None:
    rows = key_rows(tiny(3, zones=8))
    for name, found in METRICS.items():
        given = {" and ".join(part.split("=")[0] for part in group.split(";")) for n, _, group in rows if n == name}
        assert given - {""} == set(found.groups)
        assert any(n == name and market != "all" for n, market, _ in rows) == found.by_market


def test_collecting_changes_nothing_and_is_repeatable() -> None:
    state = tiny(4)
    before = pickle.dumps(state)
    first = collect(state)
    assert pickle.dumps(state) == before
    second = collect(copy.deepcopy(state))
    assert first == second


def test_a_value_that_is_not_finite_stops_the_run_by_name() -> None:
    state = tiny(4)
    state.sites.wait_days[:] = np.nan
    with pytest.raises(RunError, match=r"access\.wait_days_mean is nan in 2026Q1 \(market all\)"):
        collect(state)


def test_where_nothing_happens_only_counts_and_potential_access_are_defined() -> None:
    state = tiny(4)
    for table in (
        state.sites.starts,
        state.sites.infusions,
        state.sites.in_care,
        state.care.patient_quarters,
    ):
        table[:] = 0
    for table in vars(state.flows).values():
        table[:] = 0
    for table in vars(state.money).values():
        table[:] = 0
    state.price_base.weights[:] = 0
    state.orgs.revenue[:] = 0
    state.orgs.oncologists[:] = 0
    state.orgs.headcount[:] = 0
    state.value_based.episodes = 0.0
    for leverage in state.market_power.leverage:
        leverage.willingness[:] = leverage.patients[:] = 0
    state.ties.stage[:] = 0
    defined = {name for name, _, _ in key_rows(state)}
    undefined = set(METRICS) - defined
    assert undefined == {
        *(f"consolidation.{m}" for m in ("hhi", "hhi_median", "mhhi", "cr4", "hhi_flow", "hhi_flow_site", "wtp")),
        "consolidation.share_oncologists_independent",
        "consolidation.hopd_share_infusions",
        "consolidation.freestanding_share_infusions",
        "consolidation.share_340b_infusions",
        *(f"access.{m}" for m in ("minutes_mean", "minutes_median", "minutes_p90", "wait_days_mean", "delay_days")),
        *(f"access.{m}" for m in ("share_within_30", "share_within_60", "untreated_share")),
        *(f"price.{m}" for m in ("commercial_index", "commercial_to_medicare", "hospital_to_office", "level")),
        "price.after_acquisition",
        "spending.total_per_patient",
        "spending.patient_cost_share",
        "spending.margin_340b_per_drug_dollar",
        "value_based.savings_per_episode",
        *(f"incentive.acquisition_{part}" for part in ("gain", "rates", "340b", "commercial", "downstream", "costs")),
        *(f"finance.margin_{who}" for who in ("practice", "system", "amc")),
        "partnership.age_median",
        "partnership.trust_mean",
        "partnership.staff_support",
        "partnership.continuum",
        *(f"quality.{m}" for m in ("adverse_events", "readmissions", "trial_enrolment")),
    }


def test_what_a_market_that_has_not_settled_lacks_has_no_rows() -> None:
    state = tiny(4)
    settled = key_rows(state)
    del state.market_power, state.contracts
    rows = key_rows(state)
    assert {name for name, _, _ in settled} - {name for name, _, _ in rows} == {"consolidation.wtp", "price.level"}
    assert rows.items() <= settled.items()


@pytest.mark.parametrize("orgs", [0, 1])
def test_a_market_without_sites_or_organisations_is_no_error(orgs: int) -> None:
    rows = key_rows(tiny(4, sites=0, orgs=orgs, ties=0))
    assert rows["access.people_within_60", "all", ""] == 0.0
    assert rows["access.share_zones_without_oncologist", "all", ""] == 1.0
    assert ("access.e2sfca_gini", "all", "") not in rows
