"""Freestanding infusion centers and home infusion open where payers make them pay, and patients go there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ledger import step_and_check
from markets import METRO, events, run, start
from oncsim.actions.infusion_centers import center_gain, has_kind, operators, steered_infusions
from oncsim.codes import FREESTANDING, HOME, HOSPITAL_KINDS, NEEDS, PAYERS, SEGMENTS, SITE_KINDS
from oncsim.model import OncologyMarket

MANDATE = [{"set": "policy.payer.site_rule_mandated.commercial", "to": 0.8}]
KEEN = {"payer.infusion_center.yearly": 1.0, "payer.infusion_center.capture": 0.5}
COVERED = [{"set": "policy.home_infusion.covered.commercial", "to": True}]
AT_HOME = {"payer.home_infusion.yearly": 1.0}


def opened(model: OncologyMarket, kind: int) -> np.ndarray:
    return np.flatnonzero(model.sites.kind == kind)


def keen(quarters: int = 8, policy: list[dict[str, Any]] | None = None, **behaviour: float) -> OncologyMarket:
    return run(quarters, METRO, policy=MANDATE if policy is None else policy, behaviour={**KEEN, **behaviour})


# -- infusion centers -----------------------------------------------------------------------------------------------


def test_centers_open_where_members_are_steered_and_treat_patients_under_supervision() -> None:
    model = start(8, METRO, policy=MANDATE, behaviour=KEEN)
    while not model.finished:
        step_and_check(model)
    sites, fresh = model.sites, opened(model, FREESTANDING)
    assert len(fresh) > 0 and (sites.opened[fresh] >= 0).all()
    home = sites.visiting_from[fresh]
    assert (sites.org[home] == sites.org[fresh]).all()
    assert (sites.oncologists[fresh] > 0).any()
    older = fresh[sites.opened[fresh] <= model.t - 3]
    assert sites.infusions[older].sum() > 0
    assert model.money.paid[older].sum() > 0
    told = events(model, "site_opened")
    assert "steered away from hospital departments" in told[told["site"].isin(sites.id[fresh])]["text"].iloc[0]


def test_without_the_chance_or_the_rule_or_the_gain_none_opens() -> None:
    assert len(opened(keen(**{"payer.infusion_center.yearly": 0.0}), FREESTANDING)) == 0
    assert len(opened(keen(**{"payer.infusion_center.capture": 0.0}), FREESTANDING)) == 0
    quiet = {"payer.site_rule.start": 0.0}
    assert len(opened(run(8, METRO, behaviour={**KEEN, **quiet}), FREESTANDING)) == 0
    assert len(opened(keen(), FREESTANDING)) > 0


def test_a_center_is_paid_for_by_its_owner_and_nobody_has_two() -> None:
    model = start(8, METRO, policy=MANDATE, behaviour=KEEN)
    while not model.finished:
        step_and_check(model)  # money is conserved, what is spent on sites included
    owners = model.sites.org[opened(model, FREESTANDING)]
    assert len(owners) == len(set(owners.tolist()))
    assert not (operators(model) & ~(model.orgs.headcount >= 2)).any()


def test_the_gain_follows_what_is_steered() -> None:
    model = keen(2, **{"payer.infusion_center.yearly": 0.0})
    gain, steered = center_gain(model), steered_infusions(model)
    hospital = np.isin(model.sites.kind, HOSPITAL_KINDS)
    by_payer = model.sites.infusions.reshape(-1, 5, 3).sum(axis=2)
    commercial, advantage = PAYERS.index("commercial"), PAYERS.index("medicare_advantage")
    expected = 0.8 * by_payer[hospital, commercial].sum()
    expected += model.site_rule[advantage] * by_payer[hospital, advantage].sum()
    assert steered.sum() == pytest.approx(expected)
    model.sites.infusions[hospital] *= 2.0
    assert (center_gain(model) > gain).all()
    model.sites.infusions[hospital] = 0.0
    assert (center_gain(model) < 0).all()  # costs alone


def test_the_metric_is_their_share_of_infusions() -> None:
    model = keen()
    table = model.tables()["metrics"]
    last = table[table["quarter"].astype(str) == str(model.quarter)]
    value = float(last.loc[last["metric"] == "consolidation.freestanding_share_infusions", "value"].iloc[0])
    infusions = model.sites.infusions.sum(axis=1)
    assert value == pytest.approx(infusions[opened(model, FREESTANDING)].sum() / infusions.sum())
    assert 0 < value < 0.5


# -- home infusion --------------------------------------------------------------------------------------------------


def test_home_infusion_starts_only_where_a_payer_covers_it() -> None:
    assert len(opened(run(6, METRO, behaviour=AT_HOME), HOME)) == 0
    assert len(opened(run(6, METRO, policy=COVERED, behaviour={"payer.home_infusion.yearly": 0.0}), HOME)) == 0
    assert len(opened(run(6, METRO, policy=COVERED, behaviour=AT_HOME), HOME)) > 0


def test_home_infusion_is_for_standard_need_of_payers_that_cover_it_and_nobody_travels() -> None:
    model = start(8, METRO, policy=COVERED, behaviour=AT_HOME)
    while not model.finished:
        step_and_check(model)
    sites, homes = model.sites, opened(model, HOME)
    given = np.array([segment == ("commercial", NEEDS[0]) for segment in SEGMENTS])
    assert sites.starts[np.ix_(homes, given)].sum() > 0
    assert sites.starts[np.ix_(homes, ~given)].sum() == 0
    at_home = np.isin(model.pairs.site, homes)
    assert at_home.any() and (model.pairs.minutes[at_home] == 0).all()
    assert (model.pairs.minutes[~at_home] > 0).all()
    rows = np.diff(model.pairs.start)
    np.testing.assert_array_equal(np.repeat(np.arange(len(rows)), rows), model.pairs.zone)


def test_when_coverage_ends_nobody_is_treated_at_home_any_more() -> None:
    policy = [{**COVERED[0], "until": "2027Q1", "then": "restore"}]
    model = run(8, METRO, policy=policy, behaviour=AT_HOME)
    homes = opened(model, HOME)
    assert len(homes) > 0 and model.sites.starts[homes].sum() == 0


def test_organisations_know_what_they_have() -> None:
    model = keen()
    for kind in range(len(SITE_KINDS)):
        owners = set(model.sites.org[(model.sites.kind == kind) & model.sites.open].tolist())
        assert set(np.flatnonzero(has_kind(model, kind)).tolist()) == owners


def test_an_acquisition_does_not_make_a_hospital_department_of_them() -> None:
    from oncsim.actions.ownership import acquire
    from oncsim.actions.places import open_site
    from oncsim.codes import HEALTH_SYSTEM, OFFICE, PRACTICE

    model = start(8, METRO, behaviour={"health_system.acquisition.attention": 0.0})
    model.step()
    orgs = model.orgs
    practice = int(np.flatnonzero((orgs.kind == PRACTICE) & (orgs.headcount > 2))[0])
    buyer = int(np.flatnonzero(orgs.kind == HEALTH_SYSTEM)[0])
    center = open_site(model, practice, int(orgs.zone[practice]), FREESTANDING)
    nurses = open_site(model, practice, int(orgs.zone[practice]), HOME)
    offices = np.flatnonzero((model.sites.org == practice) & (model.sites.kind == OFFICE) & model.sites.open)
    acquire(model, practice, buyer, 1e6, 0.0, "test")
    for _ in range(4):
        model.step()
    assert np.isin(model.sites.kind[offices], HOSPITAL_KINDS).all() and len(offices) > 0
    assert model.sites.kind[center] == FREESTANDING and model.sites.kind[nurses] == HOME
