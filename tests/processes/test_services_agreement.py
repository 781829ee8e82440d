"""Professional-services agreements: a hospital bills for a practice's offices and keeps a part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ledger import step_and_check
from markets import row
from oncsim.codes import COMPONENTS, HOSPITAL_KINDS, OFFICE
from oncsim.model import OncologyMarket
from oncsim.processes.partner_money import host_shares, upkeep_of_ties
from oncsim.processes.partnership import end_tie
from oncsim.processes.prospects import prospects
from oncsim.processes.services_agreement import agreement_gain, practices_billed
from oncsim.processes.talks import begin_tie
from oncsim.processes.tie_worth import tie_worth
from oncsim.state.sums import sum_by
from oncsim.ties.ladder import SERVICES_AGREEMENT
from oncsim.ties.worth import brings
from towns import FORM, STAGE, bind, market, place, practice, sites_of, steps, still, system

FACILITY = COMPONENTS.index("facility")
TOWN = market(
    practice("doctors", oncologists=4),
    system("host", oncologists=3, hospital={"route_340b": "DSH"}),
    practice("others", oncologists=2),
    zones=[place("town", 90_000), place("country", 10_000, 25, rural=True)],
)
AGREE = {"at": "2026Q2", "do": "sign_tie", "org": "doctors", "with": "host", "form": "professional_services", "trust": 0.8}


def agreed(quarters: int = 8, *more: dict[str, Any], **sections: Any) -> OncologyMarket:
    return still(quarters, TOWN, AGREE, *more, **sections)


def test_offices_become_departments_of_the_host_once_the_agreement_works_and_offices_again_at_its_end() -> None:
    model = agreed(10, {"at": "2027Q4", "do": "end_tie", "org": "doctors", "with": "host"})
    kinds, facility = [], []
    for _ in range(10):
        step_and_check(model)
        mine = sites_of(model, "doctors")
        kinds.append(int(model.sites.kind[mine[0]]))
        facility.append(float(model.money.paid[mine][:, :, FACILITY].sum()))
        assert len(mine) == 1  # the practice runs it all the time
        if kinds[-1] != OFFICE:
            assert model.hospitals.org[model.sites.hospital[mine[0]]] == row(model, "host")
    ramp = int(model.ties.ramp[0])
    assert ramp > 1
    department = [kind in HOSPITAL_KINDS for kind in kinds]
    works = 1 + ramp - 1  # signed in the second quarter, at work when the ramp is over
    assert department == [works <= t < 7 for t in range(10)]
    # Bills follow: what is a department at the end of a quarter is paid as one in the next, until an event ends that.
    assert [amount > 0 for amount in facility] == [works < t < 7 for t in range(10)]
    assert model.sites.hospital[sites_of(model, "doctors")[0]] == -1 and (model.sites.billed_by == -1).all()


def test_the_host_pays_nothing_without_an_agreement_and_others_keep_their_offices() -> None:
    model = steps(still(8, TOWN), 8)
    assert (model.sites.billed_by == -1).all() and (host_shares(model) == 0).all()
    model = steps(agreed(), 8)
    assert (model.sites.kind[sites_of(model, "others")] == OFFICE).all()
    assert model.sites.kind[sites_of(model, "doctors")[0]] in HOSPITAL_KINDS


@pytest.mark.parametrize("part", [0.0, 0.15, 0.5])
def test_the_host_keeps_its_part_of_what_is_left_after_drugs_and_the_practice_pays_just_that(part: float) -> None:
    model = steps(agreed(behaviour={"partnership.services_host": part}), 8)
    doctors, host = row(model, "doctors"), row(model, "host")
    site = sites_of(model, "doctors")[0]
    left = float(model.money.paid[site].sum() - model.money.drug_cost[site])
    found = host_shares(model)
    assert left > 0
    assert found[doctors] == pytest.approx(part * left) and found[host] == pytest.approx(-part * left)
    assert found.sum() == pytest.approx(0.0, abs=1e-6)
    # It is booked between them and with nobody else.
    booked = sum_by(model.sites.org, model.sites.margin, len(model.orgs)) - model.orgs.margin - upkeep_of_ties(model)
    np.testing.assert_allclose(booked[[doctors, host]], [part * left, -part * left], atol=1e-3)
    assert booked[row(model, "others")] == pytest.approx(0.0, abs=1e-6)


def test_departments_of_an_agreement_get_340b_drugs_of_their_hospital_and_offices_do_not() -> None:
    model = steps(agreed(12), 12)
    site = sites_of(model, "doctors")[0]
    assert model.sites.eligible_340b[site] and model.money.margin_340b[site] > 0
    plain = steps(still(12, TOWN), 12)
    assert not plain.sites.eligible_340b[site] and plain.money.margin_340b[site] == 0


def test_an_agreement_that_deepens_leaves_no_department_behind_when_it_ends() -> None:
    model = steps(agreed(), 7)
    (tie,) = np.flatnonzero(model.ties.form == SERVICES_AGREEMENT)
    site = sites_of(model, "doctors")[0]
    assert model.sites.billed_by[site] == tie
    begin_tie(model, int(tie), FORM["joint_venture"], "")
    steps(model, 1)
    end_tie(model, int(tie), "the test says so")
    assert model.sites.kind[site] == OFFICE and model.sites.billed_by[site] == -1 and model.sites.hospital[site] == -1


def test_a_practice_that_is_bought_takes_its_departments_to_the_buyer() -> None:
    model = agreed(12, {"at": "2027Q4", "do": "takeover", "org": "doctors", "by": "others"})
    while not model.finished:
        step_and_check(model)
    assert (model.sites.billed_by == -1).all()
    mine = model.sites.origin == row(model, "doctors")
    assert (model.sites.kind[mine] == OFFICE).all() and (host_shares(model) == 0).all()


@pytest.mark.parametrize(
    ("stage", "bills"),
    [("ramp_up", False), ("active", True), ("deepened", True), ("scaled_back", True), ("dissolved", False)],
)
def test_a_host_bills_while_the_agreement_works(stage: str, bills: bool) -> None:
    model = steps(still(2, TOWN), 1)
    tie = bind(model, "host", "doctors", "professional_services")
    model.ties.stage[tie] = STAGE[stage]
    practice_, host, rows = practices_billed(model)
    expected = [row(model, "doctors"), row(model, "host"), tie] if bills else []
    assert [*practice_.tolist(), *host.tolist(), *rows.tolist()] == expected


# -- what it is worth ----------------------------------------------------------------------------------------------


def gains(model: OncologyMarket, miles: float = 3.0) -> tuple[float, float]:
    """Return the gain of an agreement between the host and the doctors, either way round."""
    host, doctors = row(model, "host"), row(model, "doctors")
    found = agreement_gain(model, np.array([host, doctors]), np.array([doctors, host]), np.full(2, miles))
    return float(found[0]), float(found[1])


def test_a_host_proposes_it_only_after_it_could_not_buy() -> None:
    model = steps(still(3, TOWN), 2)
    model.prospects = prospects(model)
    assert gains(model) == (0.0, 0.0)
    host, doctors = row(model, "host"), row(model, "doctors")

    def signable() -> bool:
        worth = tie_worth(model, np.array([host]), np.array([doctors]), np.array([3.0]), brings(model))
        return bool(np.isfinite(worth.surplus[0, SERVICES_AGREEMENT]))

    assert not signable()
    model.failed_talks[(host, doctors)] = (1, 0)
    seen = model.prospects
    expected = seen.rates_gain[doctors] + seen.commercial_gain[doctors] + seen.cost_gain[doctors]
    expected += seen.reachable_340b[doctors]
    assert model.orgs.eligible_340b[host] and expected > 0
    assert gains(model) == pytest.approx((expected, expected))
    assert signable()


def test_far_from_the_hospital_or_without_340b_it_is_worth_less() -> None:
    model = steps(still(3, TOWN), 2)
    model.prospects = prospects(model)
    model.failed_talks[(row(model, "host"), row(model, "doctors"))] = (1, 0)
    near = gains(model)[0]
    limit = float(model.law["policy.provider_based.department_miles"])
    assert gains(model, limit + 0.1) == (0.0, 0.0) and gains(model, limit)[0] == near
    model.orgs.eligible_340b[row(model, "host")] = False
    assert gains(model)[0] < near


def test_it_is_worth_nothing_where_departments_cost_more_than_they_bring() -> None:
    model = steps(still(3, TOWN), 2)
    model.prospects = prospects(model)
    model.failed_talks[(row(model, "host"), row(model, "doctors"))] = (1, 0)
    model.prospects.cost_gain[:] = -1e9
    assert gains(model) == (0.0, 0.0)
