"""Who meets whom: rates by formula, luck that is shared, and attention that runs out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from markets import METRO, start
from oncsim.codes import ORG_KINDS, TIE_STAGES
from oncsim.model import OncologyMarket
from oncsim.processes.meeting import TALKING, common_partners, field_of_partners, meet
from oncsim.processes.partnership import end_tie
from oncsim.processes.tie_worth import tie_worth
from oncsim.randomness import Luck
from oncsim.ties.ladder import REFERRAL
from oncsim.ties.trust import DISSOLVED, reputations
from oncsim.ties.worth import MISSING_LINES, NONE, Books
from ties.partners import add_ties, partners, rows_of

PROSPECT = TIE_STAGES.index("prospect")
PATIENT = {"partnership.meet.talks": dict.fromkeys(ORG_KINDS, 100)}
Pair = tuple[str, str]


def open_to_all(behaviour: dict[str, Any] | None = None, yearly: float = 0.5) -> OncologyMarket:
    """Return a model in which people meet often and have all the attention they need."""
    return partners({"partnership.meet.yearly": yearly, **PATIENT, **(behaviour or {})})


def who_met(model: OncologyMarket, since: int = 0) -> set[Pair]:
    ties, name = model.ties, model.orgs.id
    new = np.flatnonzero((ties.stage == PROSPECT) & (np.arange(len(ties)) >= since))
    return {tuple(sorted((str(name[ties.a[row]]), str(name[ties.b[row]])))) for row in new}  # type: ignore[misc]


def meetings(model: OncologyMarket, seeds: int) -> list[set[Pair]]:
    """Return who meets whom in one quarter, again and again with other luck, ties put back each time."""
    books, kept = Books(model), len(model.ties)
    found = []
    for seed in range(seeds):
        model.luck = Luck(seed)
        meet(model, books)
        found.append(who_met(model, kept))
        model.ties.keep(np.arange(len(model.ties)) < kept)
    return found


def chances(model: OncologyMarket) -> dict[Pair, float]:
    """Return the chance of a quarter of each pair without a tie, before prior ties and partners, from the field."""
    field, name = field_of_partners(model, Books(model)), model.orgs.id
    pairs = zip(field.near.a.tolist(), field.near.b.tolist(), field.rate.tolist(), strict=True)
    return {tuple(sorted((str(name[a]), str(name[b])))): rate for a, b, rate in pairs}  # type: ignore[misc]


def leaf(model: OncologyMarket, name: str) -> float:
    return float(model.law[f"partnership.{name}"])


# -- rates ------------------------------------------------------------------------------------------------------------


def test_rates_are_those_of_the_formula() -> None:
    model = open_to_all(yearly=0.04)
    books = Books(model)
    field = field_of_partners(model, books)
    near = field.near
    seen = tie_worth(model, near.a, near.b, near.miles, books.brings)
    contact, top = books.brings.contact.toarray().T, model.orgs.top_owner()
    there = contact / np.maximum(contact.sum(axis=0), 1e-12)
    shared = [
        max((contact[i] * there[j]).sum() / contact[i].sum(), (contact[j] * there[i]).sum() / contact[j].sum())
        for i, j in zip(top[near.a].tolist(), top[near.b].tolist(), strict=True)
    ]
    for row in range(len(near.a)):
        reach = leaf(model, "meet.remote_miles") if near.remote[row] else leaf(model, "meet.miles")
        drawn = 1 + leaf(model, "meet.shared_patients") * shared[row] + leaf(model, "meet.problem") * seen.pressing[row]
        assert field.rate[row] == pytest.approx(0.04 * math.exp(-near.miles[row] / reach) * drawn)
        assert field.problem[row] == seen.problem[row]
    assert max(shared) > 0.1 and seen.pressing.max() > 1 and (seen.pressing == 0).any()


@pytest.mark.parametrize(
    "leaves",
    [("meet.shared_patients", "meet.problem"), ("meet.problem", "meet.shared_patients")],
    ids=["problem only", "shared patients only"],
)
def test_what_draws_two_together_can_be_switched_off_one_by_one(leaves: tuple[str, str]) -> None:
    off, other = leaves
    plain = open_to_all({f"partnership.{off}": 0.0, f"partnership.{other}": 0.0})
    one = open_to_all({f"partnership.{off}": 0.0})
    both = open_to_all()
    rates = [np.array(list(chances(model).values())) for model in (plain, one, both)]
    assert (rates[0] <= rates[1]).all() and (rates[1] <= rates[2]).all()
    assert (rates[0] < rates[1]).any() and (rates[1] < rates[2]).any()
    near = field_of_partners(plain, Books(plain)).near
    np.testing.assert_allclose(rates[0], 0.5 * np.exp(-near.miles / leaf(plain, "meet.miles")))


def test_pairs_meet_as_often_as_their_rate_says() -> None:
    model, seeds = open_to_all(yearly=0.3), 1500
    found = meetings(model, seeds)
    rates = chances(model)
    assert len(rates) > 15
    for pair, rate in rates.items():
        expected = -math.expm1(-rate / 4)
        share = sum(pair in met for met in found) / seeds
        assert share == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / seeds) + 1e-12), pair
    assert not set().union(*found) - set(rates)


def test_the_field_is_looked_up_once_a_year() -> None:
    model = open_to_all()
    books = Books(model)
    first = field_of_partners(model, books)
    for model.t in (1, 2, 3):
        assert field_of_partners(model, books) is first
    model.t = 4
    assert field_of_partners(model, books) is not first


# -- what raises the chance -------------------------------------------------------------------------------------------


def more(plain: OncologyMarket, other: OncologyMarket, pair: Pair, seeds: int = 300) -> tuple[int, int]:
    """Return how often a pair meets in each, having checked that it never meets in the first only."""
    one, two = ([pair in met for met in meetings(model, seeds)] for model in (plain, other))
    assert not any(before and not after for before, after in zip(one, two, strict=True))
    return sum(one), sum(two)


def test_a_shared_problem_brings_a_pair_together_with_the_same_luck() -> None:
    pair = ("south", "town_practice")
    plain, drawn = open_to_all({"partnership.meet.problem": 0.0}), open_to_all()
    few, many = more(plain, drawn, pair)
    assert few < many
    # Between two without a problem it makes no difference.
    assert len(set(more(plain, drawn, ("south", "valley")))) == 1


def test_who_worked_together_before_meets_again_sooner() -> None:
    pair = ("south", "town_practice")

    def model(age: int, factor: float = 2.0) -> OncologyMarket:
        made = open_to_all({"partnership.meet.prior_tie": factor})
        a, b = rows_of(made, "town_practice", "south")
        (row,) = add_ties(made, a, b, age=age)
        end_tie(made, int(row), "test")
        return made

    few, many = more(model(0), model(8), pair)
    assert few < many
    # Talks that came to nothing are no prior tie, and at a factor of one nobody is drawn.
    assert len(set(more(model(8, 1.0), model(0), pair))) == 1


def test_partners_in_common_bring_a_pair_together() -> None:
    def model(partners_of_b: int, weight: float = 0.5) -> OncologyMarket:
        made = open_to_all({"partnership.meet.common_partner": weight})
        a, b, *others = rows_of(made, "town_practice", "south", "center", "valley")
        for number, other in enumerate(others):
            add_ties(made, a, other, name=f"a{number}")
            if number < partners_of_b:
                add_ties(made, b, other, name=f"b{number}")
        return made

    none, one, two = model(0), model(1), model(2)
    pair = ("south", "town_practice")
    a, b = (np.array([row]) for row in rows_of(none, "town_practice", "south"))
    assert [common_partners(made, a, b)[0] for made in (none, one, two)] == [0, 1, 2]
    few, some = more(none, one, pair)
    again, many = more(one, two, pair)
    assert few < some == again < many
    assert len(set(more(model(2, 0.0), none, pair))) == 1


def test_prior_ties_and_partners_multiply_the_rate_by_hand() -> None:
    model = open_to_all(yearly=0.3)
    a, b, other = rows_of(model, "town_practice", "south", "center")
    (row,) = add_ties(model, a, b, age=8)
    end_tie(model, int(row), "test")
    add_ties(model, a, other, name="one")
    add_ties(model, b, other, name="two")
    factor = leaf(model, "meet.prior_tie") + leaf(model, "meet.common_partner")
    assert leaf(model, "meet.prior_tie") > 1.0
    seeds, pair = 1500, ("south", "town_practice")
    expected = -math.expm1(-chances(model)[pair] / 4 * factor)
    share = sum(pair in met for met in meetings(model, seeds)) / seeds
    assert share == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / seeds))


# -- who does not meet ------------------------------------------------------------------------------------------------


def test_at_a_rate_of_nought_nobody_meets() -> None:
    model = open_to_all(yearly=0.0)
    assert not set().union(*meetings(model, 50))
    assert set().union(*meetings(open_to_all(), 50))


def test_who_is_tied_sold_pending_or_closed_does_not_meet() -> None:
    def all_met(model: OncologyMarket) -> set[Pair]:
        return set().union(*meetings(model, 150))

    everyone = all_met(open_to_all(yearly=1.0))
    pair = ("town_practice", "valley")
    assert pair in everyone
    tied = open_to_all(yearly=1.0)
    add_ties(tied, *rows_of(tied, *pair))
    assert all_met(tied) == everyone - {pair}
    talking = open_to_all(yearly=1.0)
    add_ties(talking, *rows_of(talking, *pair), stage=TIE_STAGES.index("shared_problem"))
    assert all_met(talking) == everyone - {pair}
    over = open_to_all(yearly=1.0)
    add_ties(over, *rows_of(over, *pair), stage=DISSOLVED)
    assert pair in all_met(over)
    (town,) = rows_of(tied, "town_practice")
    without = {one for one in everyone if "town_practice" not in one}
    for column, value in (("pending", True), ("status", 3), ("status", 1)):
        model = open_to_all(yearly=1.0)
        field_of_partners(model, Books(model))
        getattr(model.orgs, column)[town] = value
        assert all_met(model) == without, column


def test_a_tie_of_an_owned_practice_is_a_tie_of_its_owner() -> None:
    model = open_to_all(yearly=1.0)
    practice, owner, other = rows_of(model, "edge_practice", "valley", "south")
    field_of_partners(model, Books(model))
    model.orgs.owner[practice], model.orgs.status[practice] = owner, 1
    add_ties(model, practice, other)
    assert ("south", "valley") not in set().union(*meetings(model, 150))


# -- attention --------------------------------------------------------------------------------------------------------


def busy(model: OncologyMarket) -> np.ndarray:
    ties = model.ties
    held = np.flatnonzero(TALKING[ties.stage] | (ties.successor >= 0))
    return np.bincount(np.concatenate([ties.a[held], ties.b[held]]), minlength=len(model.orgs))


@pytest.mark.parametrize("talks", [1, 2, 3])
def test_nobody_holds_more_talks_than_its_attention_allows_and_few_could_hold_another(talks: int) -> None:
    model = partners({"partnership.meet.yearly": 1.0, "partnership.meet.talks": dict.fromkeys(ORG_KINDS, talks)})
    field = field_of_partners(model, Books(model))
    field.rate[:] = 1e9  # everybody meets everybody
    meet(model, Books(model))
    held = busy(model)
    assert held.max() == talks
    # Whoever has attention left has nobody left to talk to who has, too.
    met = who_met(model)
    name = model.orgs.id
    for a, b in zip(field.near.a.tolist(), field.near.b.tolist(), strict=True):
        if tuple(sorted((str(name[a]), str(name[b])))) not in met:
            assert max(held[a], held[b]) >= talks
    # The next quarter there is no attention left for more.
    before = len(model.ties)
    model.t = 1
    meet(model, Books(model))
    assert len(model.ties) == before


def test_talks_about_a_deeper_form_take_attention_and_ended_talks_give_it_back() -> None:
    model = partners({"partnership.meet.yearly": 1.0, "partnership.meet.talks": dict.fromkeys(ORG_KINDS, 1)})
    field_of_partners(model, Books(model)).rate[:] = 1e9
    town, valley = rows_of(model, "town_practice", "valley")
    (row,) = add_ties(model, town, valley, form=REFERRAL, successor=1, successor_at=9)
    books = Books(model)
    meet(model, books)
    assert not any({"town_practice", "valley"} & set(pair) for pair in who_met(model, 1)) and len(who_met(model, 1)) > 0
    model.ties.successor[row] = -1
    model.ties.stage[1:] = DISSOLVED
    first = len(model.ties)
    meet(model, books)
    assert any("town_practice" in pair for pair in who_met(model, first))


# -- the prospect -----------------------------------------------------------------------------------------------------


def test_a_prospect_starts_with_what_others_think_and_knows_what_brought_it() -> None:
    model = open_to_all(yearly=1.0)
    center, town, south, city = rows_of(model, "center", "town_practice", "south", "city_practice")
    add_ties(model, center, town, name="good", evidence_ab=6.0, evidence_ba=6.0, trust_ab=0.9, trust_ba=0.8)
    add_ties(model, center, south, name="bad", evidence_ab=6.0, evidence_ba=6.0, trust_ab=0.2, trust_ba=0.7)
    field_of_partners(model, Books(model)).rate[:] = 1e9
    meet(model, Books(model))
    ties, known = model.ties, reputations(model)
    new = np.flatnonzero(ties.stage == PROSPECT)
    np.testing.assert_array_equal(ties.trust_ab[new], known[ties.b[new]])
    np.testing.assert_array_equal(ties.trust_ba[new], known[ties.a[new]])
    assert known[[town, south, city]] == pytest.approx([0.9, 0.2, leaf(model, "trust.start")])
    problem = {
        (a, b): code
        for a, b, code in zip(
            *(getattr(model.partner_field.near, x) for x in "ab"), model.partner_field.problem, strict=True
        )
    }
    assert [problem[int(ties.a[row]), int(ties.b[row])] for row in new] == ties.problem[new].tolist()
    assert {NONE, MISSING_LINES} <= set(ties.problem[new].tolist())
    # Town and South have the center in common.
    prior = {frozenset((int(ties.a[row]), int(ties.b[row]))): bool(ties.prior[row]) for row in new}
    assert prior[frozenset((town, south))] and not prior[frozenset((city, south))]
    assert (ties.form[new] == REFERRAL).all() and (ties.met[new] == 0).all() and (ties.evidence_ab[new] == 0).all()


@pytest.mark.parametrize("few", [0, 200], ids=["sparse", "dense"])
def test_common_partners_counted_by_hand(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr("oncsim.processes.meeting._FEW", few)
    model = start(1, METRO)
    ties = model.ties
    size = len(model.orgs)
    near: list[set[int]] = [set() for _ in range(size)]
    ties.stage[::5] = DISSOLVED
    for one, other, stage in zip(ties.a.tolist(), ties.b.tolist(), ties.stage.tolist(), strict=True):
        if stage != DISSOLVED:
            near[one].add(other)
            near[other].add(one)
    a, b = (part.ravel() for part in np.indices((size, size)))
    expected = [len(near[i] & near[j]) for i, j in zip(a, b, strict=True)]
    np.testing.assert_array_equal(common_partners(model, a, b), expected)
    assert max(expected) > 1
