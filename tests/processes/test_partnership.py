"""The life of ties in a market: time, trials, what keeps them and ends them, and what ending costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from markets import EAGER, METRO, MIXED, events, finish, run, start
from oncsim.actions.ownership import acquire
from oncsim.codes import HEALTH_SYSTEM, PRACTICE, SERVICE_LINES, TIE_FORMS, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.processes.partnership import circumstances, end_tie, end_ties_of, exit_cost, forget_talks, partnership, sign_tie
from oncsim.processes.prospects import prospects
from oncsim.ties.hazard import log_hazard
from oncsim.ties.ladder import AFFILIATION, CO_MANAGEMENT, CONTRACT, COVERAGE, IN_FORCE, JOINT_VENTURE, REFERRAL
from oncsim.ties.trust import DISSOLVED, stationary_mean
from ties.partners import PARTNERS, STILL, add_ties, partners, rows_of

STAGE = {name: number for number, name in enumerate(TIE_STAGES)}
TRIALS = SERVICE_LINES.index("trials")
NO_MEETING = {"partnership.meet.yearly": 0.0}
NO_END = {"partnership.dissolve.yearly": 0.0}
# What is left of the hazard when only trust differs.
HAZARD = {**NO_MEETING, "partnership.dissolve.yearly": 2.0, "partnership.dissolve.common_partners": 0.0}


def ties_with_trust(trust: float, replicate: int = 0) -> OncologyMarket:
    """Return a model with a hundred further ties of one trust, between practices and systems."""
    model = start(1, METRO, behaviour=HAZARD, replicate=replicate)
    orgs = model.orgs
    practices, systems = (np.flatnonzero(orgs.kind == kind) for kind in (PRACTICE, HEALTH_SYSTEM))
    for p in practices:
        for s in systems:
            sign_tie(model, int(p), int(s), 0, (trust, trust), STAGE["active"], "")
    model.ties.trust_ab[:] = model.ties.trust_ba[:] = trust
    model.ties.evidence_ab[:] = model.ties.evidence_ba[:] = 1e6
    return model


def ended(model: OncologyMarket) -> set[int]:
    model.t = 0
    partnership(model)
    return set(np.flatnonzero(model.ties.stage == DISSOLVED).tolist())


def leaf(model: OncologyMarket, name: str) -> float:
    return float(model.law[f"partnership.{name}"])


def texts(model: OncologyMarket, kind: str) -> list[str]:
    """Return what was told of a kind before the quarter is recorded."""
    return [text for _, event, _, _, _, _, text in model.recording.events if event == kind]


# -- what keeps ties and what ends them -------------------------------------------------------------------------------


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


def test_common_partners_protect_a_tie() -> None:
    """With the same luck, every tie that ends although common partners count would end if they did not."""
    found = []
    for weight in (-3.0, 0.0):
        model = ties_with_trust(0.3)
        other = start(1, METRO, behaviour={**HAZARD, "partnership.dissolve.common_partners": weight})
        model.law = other.law
        found.append(ended(model))
    assert found[0] < found[1]


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


def test_what_the_hazard_depends_on_by_hand() -> None:
    model = partners({"partnership.trust.reputation_weight": 0.0})
    center, town, valley, south = rows_of(model, "center", "town_practice", "valley", "south")
    add_ties(
        model, center, town, name="one", form=AFFILIATION, age=7, trust_ab=0.8, trust_ba=0.6, worth=2700.0,
        staff=0.45, overlap=0.1, overlap_now=0.4,
    )  # fmt: skip
    add_ties(model, town, valley, name="two")
    add_ties(model, center, valley, name="three", form=COVERAGE)
    add_ties(model, south, valley, name="four", stage=DISSOLVED)
    add_ties(model, center, south, name="five")
    model.orgs.owner[town], model.orgs.status[town] = south, 1
    model.ties.signed[0] = model.t - 7
    seen = circumstances(model, np.array([0, 1, 2, 4]))
    assert seen.form.tolist() == [AFFILIATION, REFERRAL, COVERAGE, REFERRAL]
    assert seen.years[0] == 7 / 4 and seen.trust[0] == 0.6
    least = leaf(model, "value.threshold") / 1000  # what is not known yet counts as just worth its trouble
    assert seen.worth.tolist() == pytest.approx([2700 / 2 / 1000, least, least, least])
    assert seen.exit_cost[0] == float(model.law["partnership.exit_cost"]["clinical_affiliation"])
    assert seen.overlap[0] == pytest.approx(0.3) and seen.criticism[0] == pytest.approx(0.55)
    # Center and Town have Valley in common; the fourth tie is over.
    assert seen.common.tolist() == [1, 1, 1, 0]
    assert seen.sold.tolist() == [True, True, False, False]
    model.orgs.owner[town] = center
    assert not circumstances(model, np.array([0])).sold[0]  # the partner itself bought it


def test_ties_end_as_often_as_their_hazard_says() -> None:
    model = partners({"partnership.dissolve.yearly": 1.0, "partnership.trust.gain": 0.0, "partnership.trust.misfit": 0.0})
    center, town = rows_of(model, "center", "town_practice")
    add_ties(model, center, town, 3000, trust_ab=0.6, trust_ba=0.6, worth=700.0, staff=0.6)
    behaviour = {**HAZARD, "partnership.trust.gain": 0.0, "partnership.review.yearly": 0.0}
    model.law = partners({**behaviour, "partnership.trust.reputation_weight": 0.0}).law
    expected = -np.expm1(-np.exp(log_hazard(model.law, circumstances(model, np.array([0])))[0]))
    partnership(model)
    share = (model.ties.stage == DISSOLVED).mean()
    assert share == pytest.approx(expected, abs=0.01 + 4 * np.sqrt(expected * (1 - expected) / 3000))
    assert 0.05 < expected < 0.9 and (model.ties.ended[model.ties.stage == DISSOLVED] == 0).all()


def test_at_a_base_hazard_of_nought_ties_last() -> None:
    model = ties_with_trust(0.05)
    model.law = start(1, METRO, behaviour={**HAZARD, **NO_END}).law
    assert not ended(model)


# -- endings ----------------------------------------------------------------------------------------------------------


def test_parting_from_a_contract_costs_each_half_of_years_of_its_worth() -> None:
    model = partners()
    center, town = rows_of(model, "center", "town_practice")
    for form in (AFFILIATION, CO_MANAGEMENT, COVERAGE):
        (row,) = add_ties(model, center, town, name=str(form), form=form, worth=1500.0)
        years = float(model.law["partnership.exit_cost"][TIE_FORMS[form]])
        patients = max(4 * min(model.orgs.starts[center], model.orgs.starts[town]), 20.0)
        cash = model.orgs.cash.copy()
        assert exit_cost(model, int(row)) == pytest.approx(years * 1500.0 * patients) and years > 0
        end_tie(model, int(row), "test", parting=True)
        paid = cash - model.orgs.cash
        assert paid[[center, town]] == pytest.approx(years * 1500.0 * patients / 2)
        assert np.delete(paid, [center, town]).max() == 0
        assert "unwinding it costs" in texts(model, "tie_dissolved")[-1]


@pytest.mark.parametrize(
    ("columns", "parting"),
    [({"form": REFERRAL}, True), ({"worth": -500.0}, True), ({"worth": np.nan}, True), ({}, False)],
    ids=["a referral", "no worth", "worth unknown", "not their doing"],
)
def test_an_end_that_costs_nothing(columns: dict[str, Any], parting: bool) -> None:
    model = partners()
    center, town = rows_of(model, "center", "town_practice")
    (row,) = add_ties(model, center, town, **{"form": AFFILIATION, "worth": 1500.0, "successor": 5, **columns})
    cash = model.orgs.cash.copy()
    end_tie(model, int(row), "test", parting=parting)
    np.testing.assert_array_equal(model.orgs.cash, cash)
    ties = model.ties
    assert (ties.stage[row], ties.ended[row], ties.successor[row], ties.stage_age[row]) == (DISSOLVED, 0, -1, 0)
    assert "unwinding" not in texts(model, "tie_dissolved")[0]


def test_a_higher_exit_cost_holds_a_tie_and_costs_more_when_it_ends() -> None:
    costs, hazards = [], []
    for years in (0.0, 0.4, 2.0):
        model = partners({"partnership.exit_cost": {"clinical_affiliation": years}})
        (row,) = add_ties(model, *rows_of(model, "center", "town_practice"), form=AFFILIATION, worth=1500.0)
        costs.append(exit_cost(model, int(row)))
        hazards.append(float(log_hazard(model.law, circumstances(model, np.array([row])))[0]))
    assert costs == sorted(set(costs)) and costs[0] == 0
    assert hazards == sorted(set(hazards), reverse=True)


def test_ties_end_at_once_with_an_organisation_that_closes_or_is_bought_by_the_partner() -> None:
    model = partners(NO_END)
    center, town, south, valley = rows_of(model, "center", "town_practice", "south", "valley")
    add_ties(model, center, town, name="closes", form=AFFILIATION, worth=1500.0)
    add_ties(model, center, south, name="stays", form=AFFILIATION, worth=1500.0)
    add_ties(model, valley, south, name="owned", form=CO_MANAGEMENT, worth=1500.0)
    model.orgs.status[town] = 3
    model.orgs.owner[valley], model.orgs.status[valley] = south, 1
    cash = model.orgs.cash.copy()
    partnership(model)
    assert (model.ties.stage == DISSOLVED).tolist() == [True, False, True]
    np.testing.assert_array_equal(model.orgs.cash, cash)  # nobody parted
    told = texts(model, "tie_dissolved")
    assert "closed" in told[0] and "owns" in told[1]


def test_ties_of_an_organisation_end_all_or_with_some() -> None:
    def made() -> tuple[OncologyMarket, list[int]]:
        model = partners()
        center, town, south, valley = rows_of(model, "center", "town_practice", "south", "valley")
        for number, (one, other) in enumerate(((town, center), (south, town), (town, valley), (south, center))):
            add_ties(model, one, other, name=str(number), stage=STAGE["shared_problem"] if number == 2 else STAGE["active"])
        return model, [center, town, south, valley]

    model, (_, town, _, _) = made()
    end_ties_of(model, town, None, "test")
    assert (model.ties.stage == DISSOLVED).tolist() == [True, True, True, False]
    assert model.counts["tie_dissolved"] == 2 and model.counts["talks_end"] == 1
    model, (_, town, south, _) = made()
    end_ties_of(model, town, np.arange(len(model.orgs)) == south, "test")
    assert (model.ties.stage == DISSOLVED).tolist() == [False, True, False, False]


def venture(
    buyout: float,
    forbidden: bool = False,
    form: int = JOINT_VENTURE,
    parting: bool = True,
    practice: str = "city_practice",
) -> OncologyMarket:
    """End a tie of a system and a practice in a market where systems would buy whatever they can; return the model."""
    policy = [{"set": "policy.acquisitions.allowed", "to": False}] if forbidden else []
    behaviour = {**EAGER, "partnership.dissolve.buyout": buyout, "health_system.acquisition.attention": 0.0}
    model = start(4, PARTNERS, behaviour={**STILL, **behaviour}, policy=policy)
    model.t = 0
    model.prospects = prospects(model)
    seller, system = rows_of(model, practice, "south")
    model.orgs.cash[system] = 1e9
    row = sign_tie(model, seller, system, form, (0.8, 0.8), STAGE["active"], "")
    end_tie(model, row, "test", parting=parting)
    return model


def test_after_a_joint_venture_the_system_makes_an_offer_for_the_practice() -> None:
    model = venture(1.0)
    (practice,) = rows_of(model, "city_practice")
    assert len(model.pending) == 1
    target = model.pending[0].target
    assert target.seller == practice and model.orgs.pending[practice]
    # Others may bid more for it; the price is one its owners accept.
    assert target.buyer in rows_of(model, "valley", "south", "center")
    assert target.price >= float(model.prospects.asking[practice])


@pytest.mark.parametrize(
    "given",
    [
        {"buyout": 0.0},
        {"buyout": 1.0, "forbidden": True},
        {"buyout": 1.0, "form": CO_MANAGEMENT},
        {"buyout": 1.0, "parting": False},
        {"buyout": 1.0, "practice": "town_practice"},
    ],
    ids=["switched off", "not allowed", "no venture", "not their doing", "worth less than its owners ask"],
)
def test_no_offer_otherwise(given: dict[str, Any]) -> None:
    model = venture(**given)
    assert not model.pending and not model.orgs.pending.any()


# -- time -------------------------------------------------------------------------------------------------------------


def test_stages_go_forward_and_the_ramp_takes_its_time() -> None:
    model = partners({**NO_END, "partnership.review.yearly": 0.0})
    a, b = rows_of(model, "town_practice", "valley")
    tie = sign_tie(model, a, b, REFERRAL, (0.9, 0.9), STAGE["ramp_up"], "")
    model.ties.ramp[tie] = 4
    seen = []
    for model.t in range(6):
        partnership(model)
        seen.append(TIE_STAGES[model.ties.stage[tie]])
    assert seen == ["ramp_up"] * 3 + ["active"] * 3
    assert model.ties.age[tie] == 6 and model.counts["tie_active"] == 0  # a referral is no news
    contract = sign_tie(model, a, b, COVERAGE, (0.9, 0.9), STAGE["ramp_up"], "")
    for model.t in range(6, 14):
        partnership(model)
    assert model.ties.stage[contract] == STAGE["active"] and model.counts["tie_active"] == 1


@pytest.mark.parametrize("kind", ["signed", "deepened from a referral"])
def test_a_center_opens_trials_with_its_partner_so_long_after_their_work_is_at_full_strength(kind: str) -> None:
    model = partners({**NO_END, "partnership.review.yearly": 0.0, "partnership.trust.misfit": 0.0})
    center, south = rows_of(model, "center", "south")
    sites = model.sites
    mine = np.flatnonzero(sites.org == south)
    sites.lines[mine, TRIALS] = False
    if kind == "signed":
        (row,) = add_ties(model, center, south, form=AFFILIATION, stage=STAGE["ramp_up"], ramp=6, diligence=2, stage_age=2)
    else:
        (row,) = add_ties(
            model, center, south, form=AFFILIATION, stage=STAGE["deepened"], ramp=6, diligence=2, stage_age=2, age=20,
            form_before=REFERRAL,
        )  # fmt: skip
    model.ties.signed[row] = -1
    opened = []
    for model.t in range(24):
        partnership(model)
        opened.append(bool(sites.lines[mine, TRIALS].any()))
    lag = int(leaf(model, "trials_lag"))
    assert True in opened and opened.index(True) + 1 == 6 - 2 + lag
    assert model.counts["trials_open"] == 1 and IN_FORCE[model.ties.stage[row]]


@pytest.mark.parametrize("form", [REFERRAL, COVERAGE])
def test_no_trials_come_of_looser_ties(form: int) -> None:
    model = partners({**NO_END, "partnership.review.yearly": 0.0})
    center, south = rows_of(model, "center", "south")
    model.sites.lines[model.sites.org == south, TRIALS] = False
    add_ties(model, center, south, form=form, stage=STAGE["ramp_up"], ramp=2)
    for model.t in range(16):
        partnership(model)
    assert model.counts["trials_open"] == 0


def test_the_first_year_of_a_contract_counts_from_its_signature_also_where_a_referral_came_before() -> None:
    model = partners()
    center, town = rows_of(model, "center", "town_practice")
    (fresh,) = add_ties(
        model, center, town, name="new", form=AFFILIATION, age=1, stage_age=1, stage=STAGE["ramp_up"], ramp=9
    )
    (deeper,) = add_ties(
        model, center, town, name="old", form=AFFILIATION, age=21, stage_age=1, stage=STAGE["deepened"], ramp=9,
        form_before=REFERRAL,
    )  # fmt: skip
    hazard = log_hazard(model.law, circumstances(model, np.array([fresh, deeper])))
    assert hazard[0] == pytest.approx(hazard[1])


# -- the start --------------------------------------------------------------------------------------------------------


def test_ties_of_the_start_are_better_known_the_older_they_are_and_trust_is_what_the_market_says() -> None:
    ties = [
        {"a": "center", "b": "valley", "form": "clinical_affiliation", "years": 3, "trust_ab": 0.31, "trust_ba": 0.92},
        {"a": "center", "b": "south", "form": "referral", "years": 20},
    ]
    model = start(1, {**PARTNERS, "ties": ties}, behaviour=STILL)
    given, left = 0, 1
    assert (model.ties.trust_ab[given], model.ties.trust_ba[given]) == (0.31, 0.92)
    assert (model.ties.evidence_ab == model.ties.age).all() and model.ties.age.tolist() == [12, 80]
    assert IN_FORCE[model.ties.stage].all()
    assert model.ties.control_share[given] == float(model.law["partnership.control_share"]["clinical_affiliation"])
    settled = stationary_mean(leaf(model, "trust.good"), leaf(model, "trust.gain"), leaf(model, "trust.loss_ratio"))
    assert abs(model.ties.trust_ab[left] - settled) <= 0.16 + 1e-3


def test_a_system_that_is_named_second_is_the_first_of_the_two_where_it_gets_control() -> None:
    ties = [{"a": "town_practice", "b": "center", "form": "joint_venture", "trust_ab": 0.4, "trust_ba": 0.8}]
    model = start(1, {**PARTNERS, "ties": ties}, behaviour=STILL)
    center, town = rows_of(model, "center", "town_practice")
    assert (model.ties.a[0], model.ties.b[0]) == (center, town)
    assert (model.ties.trust_ab[0], model.ties.trust_ba[0]) == (0.8, 0.4)


def test_trust_of_a_market_drifts_down_without_check_ins() -> None:
    kept = {**NO_MEETING, **NO_END}
    checked, alone = (run(12, METRO, behaviour={**kept, "partnership.trust.checks": checks}).ties for checks in (4, 0))
    assert alone.trust_ab.mean() < checked.trust_ab.mean() - 0.05


# -- whole markets ----------------------------------------------------------------------------------------------------


def test_nobody_meets_no_new_tie_and_a_prohibitive_bar_neither() -> None:
    assert len(events(run(8, METRO, behaviour=NO_MEETING), "tie_formed", "talks_begin")) == 0
    barred = {"partnership.meet.yearly": 1.0, "partnership.value.threshold": 100_000.0, "partnership.value.scale": 1.0}
    refused = run(8, METRO, behaviour=barred)
    assert len(events(refused, "tie_formed", "talks_begin")) == 0
    assert (refused.ties.met >= 0).sum() > 5  # they met all right
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
    # Several ties of two organisations, as some have at the start, are of different forms.
    contracts = [(pair, form) for pair, form in zip(pairs, ties.form[living].tolist(), strict=True) if CONTRACT[form]]
    assert len(contracts) == len(set(contracts))


def test_numbers_of_ties_stay_what_they_can_be() -> None:
    young = [{"a": "center", "b": other, "form": "clinical_affiliation", "years": 1} for other in ("valley", "south")]
    lively = {"partnership.meet.yearly": 1.0, "partnership.trust.misfit": 0.9, "partnership.dissolve.yearly": 2.0}
    model = finish(start(16, {**PARTNERS, "ties": young}, behaviour=lively))
    ties = model.ties
    for name in ("trust_ab", "trust_ba", "staff", "owner_share", "control_share"):
        assert ((getattr(ties, name) >= 0) & (getattr(ties, name) <= 1)).all(), name
    assert (ties.ended[ties.stage == DISSOLVED] >= ties.met[ties.stage == DISSOLVED]).all()
    assert (ties.ended[ties.stage != DISSOLVED] < 0).all()
    assert (ties.diligence <= ties.ramp).all() and (ties.age >= 0).all()
    assert {"talks_begin", "tie_formed", "tie_dissolved", "misfit"} <= set(events(model)["event"])


def test_talks_that_came_to_nothing_leave_the_table_and_sites_keep_their_ties() -> None:
    model = partners()
    ties, sites = model.ties, model.sites
    edge, city, center, south = rows_of(model, "edge_practice", "city_practice", "center", "south")
    rows = [
        sign_tie(model, a, b, form, (0.5, 0.5), STAGE["active"], "")
        for a, b, form in ((edge, center, 0), (city, south, 3), (edge, south, 1), (city, center, 3), (edge, city, 0))
    ]
    spoken, ended, kept = np.array(rows[:2]), np.array(rows[2:3]), np.array(rows[3:])
    ties.stage[spoken], ties.ended[spoken] = DISSOLVED, model.t - 1
    ties.stage[ended], ties.ended[ended], ties.age[ended] = DISSOLVED, model.t - 1, 6
    sites.hub_tie[0], sites.billed_by[1] = kept
    names = [str(ties.id[row]) for row in kept]
    ties.ended[spoken[0]] = model.t  # over this very quarter: still to be recorded
    forget_talks(model)
    assert str(ties.id[sites.hub_tie[0]]) == names[0] and str(ties.id[sites.billed_by[1]]) == names[1]
    assert (sites.hub_tie[1:] == -1).all() and sites.billed_by[0] == -1
    left = ties.stage == DISSOLVED
    assert sorted(ties.age[left].tolist()) == [0, 6]  # the one that ended now, and the one that had been a tie
