"""Who holds whom: stakes, partnerships, memberships and whole owners, and what follows for profits, sales and the say."""

from __future__ import annotations

import numpy as np
import pytest

from markets import METRO, events, run, start
from oncsim.actions.ownership import acquire, pay_owners, release_practice, take_stake
from oncsim.codes import ACQUIRED, ACTIVE, HEALTH_SYSTEM, NETWORK, PRACTICE, TIE_FORMS, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.processes.finance import finance
from oncsim.processes.partnership import sign_tie
from oncsim.ties.ownership import HOLDINGS, direct_holdings, ownership_and_control

CALM = {"health_system.acquisition.attention": 0.0, "network.purchase.yearly": 0.0, "practice.review.yearly": 0.0}


def calm(quarters: int = 6) -> OncologyMarket:
    model = start(quarters, METRO, behaviour=CALM)
    model.ties.control_share[:] = 0.0  # affiliations give centers a part of the say in most systems
    model.step()
    return model


def two(model: OncologyMarket) -> tuple[int, int, int]:
    """Return a system, another, and a practice that nobody holds anything of."""
    orgs = model.orgs
    held = set(direct_holdings(model).held.tolist())
    systems = [row for row in np.flatnonzero((orgs.kind == HEALTH_SYSTEM) & (orgs.starts > 0)) if row not in held]
    free = [row for row in np.flatnonzero((orgs.kind == PRACTICE) & (orgs.starts > 0)).tolist() if row not in held]
    return int(systems[0]), int(systems[1]), free[0]


def test_shares_in_every_organisation_add_to_one_at_all_times() -> None:
    model = run(8, METRO)
    for shares in ownership_and_control(model):
        np.testing.assert_allclose(np.asarray(shares.sum(axis=0)).ravel(), 1.0, atol=1e-9)
        assert (shares.data >= -1e-12).all()


def test_whole_owners_hold_everything_and_members_only_control() -> None:
    model = calm()
    system, _, practice = two(model)
    acquire(model, practice, system, 1e6, 0.0, "test")
    own, say = ownership_and_control(model)
    assert own[system, practice] == 1.0 and say[system, practice] == 1.0
    alone = np.bincount(direct_holdings(model).held, minlength=len(model.orgs)) == 1
    member = int(np.flatnonzero((model.orgs.network >= 0) & (model.orgs.status == ACTIVE) & alone)[0])
    network = int(model.orgs.network[member])
    assert own[network, member] == 0.0
    assert say[network, member] == pytest.approx(float(model.law["partnership.control_share"]["network_membership"]))


def test_a_minority_stake_gives_profits_and_a_say_and_leaves_the_practice_independent() -> None:
    model = calm()
    system, _, practice = two(model)
    cash = model.orgs.cash.copy()
    take_stake(model, practice, system, 0.3, 0.2, 2e6)
    assert model.orgs.cash[system] == cash[system] - 2e6
    assert model.orgs.owner[practice] == -1 and model.orgs.status[practice] == ACTIVE
    own, say = ownership_and_control(model)
    assert own[system, practice] == pytest.approx(0.3) and own[practice, practice] == pytest.approx(0.7)
    assert say[system, practice] == pytest.approx(0.2)
    assert len(events(model, "stake")) == 1 and model.ledger[-1] == (model.t, system, practice, 2e6)


def test_holders_take_their_part_of_profits_and_money_is_kept() -> None:
    def after(stake: bool) -> OncologyMarket:
        model = calm()
        system, _, practice = two(model)
        if stake:
            take_stake(model, practice, system, 0.4, 0.1, 0.0)
        model.orgs.cash[:] = 1e9  # far from the ceiling above which owners take the rest
        finance(model)
        return model

    plain, held = after(False), after(True)
    system, _, practice = two(plain)
    profit = max(float(plain.orgs.margin[practice]), 0.0)
    moved = held.orgs.cash - plain.orgs.cash
    assert moved[system] == pytest.approx(0.4 * profit) and moved[practice] == pytest.approx(-0.4 * profit)
    assert moved.sum() == pytest.approx(0.0, abs=1e-3)


def test_more_than_half_of_control_makes_an_owner_and_others_keep_their_part() -> None:
    model = calm()
    system, other, practice = two(model)
    take_stake(model, practice, other, 0.25, 0.1, 0.0)
    take_stake(model, practice, system, 0.3, 0.3, 0.0)
    assert model.orgs.owner[practice] == -1
    take_stake(model, practice, system, 0.3, 0.25, 0.0)
    assert model.orgs.owner[practice] == system and model.orgs.status[practice] == ACQUIRED
    own, say = ownership_and_control(model)
    assert own[system, practice] == pytest.approx(0.6) and own[other, practice] == pytest.approx(0.25)
    assert own[practice, practice] == pytest.approx(0.15)
    assert say[system, practice] == 1.0


def test_no_more_than_the_whole_can_be_had() -> None:
    model = calm()
    system, other, practice = two(model)
    take_stake(model, practice, other, 0.8, 0.4, 0.0)
    take_stake(model, practice, system, 0.8, 0.4, 0.0)
    own, _ = ownership_and_control(model)
    assert own[system, practice] == pytest.approx(0.2)
    assert own[practice, practice] == pytest.approx(0.0, abs=1e-12)


def test_a_price_goes_to_all_owners_and_a_buyer_does_not_pay_itself() -> None:
    model = calm()
    system, other, practice = two(model)
    take_stake(model, practice, other, 0.25, 0.1, 0.0)
    take_stake(model, practice, system, 0.1, 0.0, 0.0)
    before = model.orgs.cash.copy()
    paid = pay_owners(model, practice, system, 1e6)
    assert paid == pytest.approx(0.9e6)
    assert model.orgs.cash[system] == pytest.approx(before[system] - 0.9e6)
    assert model.orgs.cash[other] == pytest.approx(before[other] + 0.25e6)
    assert not (model.stakes.living(model.t) & (model.stakes.held == practice)).any()


def test_a_release_ends_all_stakes() -> None:
    model = calm()
    system, other, practice = two(model)
    take_stake(model, practice, other, 0.2, 0.1, 0.0)
    take_stake(model, practice, system, 0.6, 0.6, 0.0)
    release_practice(model, practice, "test")
    own, _ = ownership_and_control(model)
    assert own[practice, practice] == 1.0


def test_a_joint_venture_raises_the_modified_index_and_its_end_brings_it_back() -> None:
    from oncsim.metrics.view import View

    def both(model: OncologyMarket) -> tuple[float, float]:
        rows = {name: value for name, _, group, value in rows_of(model) if group == ""}
        return rows["consolidation.hhi"], rows["consolidation.mhhi"]

    def rows_of(model: OncologyMarket) -> list[tuple[str, str, str, float]]:
        from oncsim.metrics.consolidation import hhi, mhhi

        view = View(model)
        found = [("consolidation.hhi", *row) for row in hhi(view)] + [("consolidation.mhhi", *row) for row in mhhi(view)]
        return [(name, market, group, value) for name, market, group, value in found if market == "all"]

    model = calm()
    model.orgs.network[:] = -1
    plain = both(model)
    assert plain[0] == pytest.approx(plain[1])
    system, _, practice = two(model)
    row = sign_tie(
        model, practice, system, TIE_FORMS.index("joint_venture"), (0.8, 0.8), TIE_STAGES.index("active"), ": test"
    )
    assert (model.ties.a[row], model.ties.b[row]) == (system, practice)
    joint = both(model)
    assert joint[0] == pytest.approx(plain[0]) and joint[1] > plain[1] + 1
    model.ties.stage[row] = TIE_STAGES.index("dissolved")
    assert both(model)[1] == pytest.approx(plain[1])


def test_ties_table_holds_every_holding_with_its_shares() -> None:
    stake = {"at": "2026Q2", "do": "buy_stake", "org": "largest_practice", "by": "largest_system", "owner_share": 0.3}
    model = run(4, METRO, behaviour=CALM, events=[{**stake, "control_share": 0.1}])
    ties = model.tables()["ties"]
    row = ties[ties["tie"].astype(str).str.endswith("~stake")].iloc[-1]
    assert (row["owner_share"], row["control_share"], row["form"]) == (0.3, 0.1, "acquisition")
    member = ties[ties["form"] == "network_membership"]
    assert (member["owner_share"] == 0).all() and (member["control_share"] == 0.3).all()
    last = ties[ties["quarter"] == "2026Q4"]
    assert last["tie"].is_unique


def test_kinds_of_holdings_have_the_form_they_are_recorded_as() -> None:
    model = calm()
    found = direct_holdings(model)
    networks = found.kind == HOLDINGS.index("membership")
    assert (model.orgs.kind[found.holder[networks]] == NETWORK).all()
    assert len(found.kind) == len(found.holder) == len(found.held)
