"""Drug payment: add-ons and their limits, biosimilars, negotiated and reference prices, the special rate of 340B."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import METRO, run, scenario
from oncsim.calendar import Quarter
from oncsim.codes import NEEDS, PAYERS
from oncsim.prices.drugs import asp_by_need, asp_of_segments, drug_rates, medicare_addon, medicare_drug
from oncsim.prices.rates import Contract
from oncsim.prices.receipts import by_payer, pharmacy_payments
from prices.law import CAMPUS, COMMERCIAL, CONTRACT, FFS, MA, NEW, OFFICE, OLD, PLACES, VOLUMES, law


def paid(values: Any, contract: Contract = CONTRACT) -> np.ndarray:
    """Standard need, (sites, payers)."""
    return drug_rates(values, PLACES, contract.drug, contract.shipped, contract.advantage).paid.reshape(
        4, len(PAYERS), len(NEEDS)
    )[:, :, 0]


@given(st.floats(10, 50_000))
def test_the_least_of_three_addons(asp: float) -> None:
    """MedPAC 2023: the least of 6 %, 3 % + $24 and $220 a drug day."""
    limits = {"share": 0.03, "dollars": 24.0, "cap": 220.0}
    policy = [{"set": f"payment.medicare.drug_addon_limit.{name}", "to": value} for name, value in limits.items()]
    addon = medicare_addon(law(policy=policy), PLACES, np.array([asp]))[:, 0] * asp
    np.testing.assert_allclose(addon, min(0.06 * asp, 0.03 * asp + 24.0, 220.0))
    np.testing.assert_allclose(medicare_addon(law(), PLACES, np.array([asp])), 0.06)


def test_offices_and_hospitals_had_different_addons_until_2013() -> None:
    parameters = scenario(1).parameters
    for year, hospital in ((2009, 0.06), (2010, 0.04), (2011, 0.05), (2012, 0.04), (2013, 0.06), (2026, 0.06)):
        addon = medicare_addon(parameters.at(Quarter(year, 1)), PLACES, np.array([1000.0]))[:, 0]
        np.testing.assert_allclose(addon, [0.06, hospital, hospital, hospital])


def test_a_biosimilar_carries_the_addon_of_its_dearer_reference() -> None:
    similar = {"payment.drug.biosimilar_share": 1.0, "payment.drug.biosimilar_discount": 0.5}
    values = law(economy=similar, biosimilar_addon=0.08)
    np.testing.assert_allclose(medicare_drug(values, PLACES)[OFFICE], 1.0 + 0.08 / 0.5)
    some = law(economy=similar | {"payment.drug.biosimilar_share": 0.25}, biosimilar_addon=0.08)
    np.testing.assert_allclose(medicare_drug(some, PLACES)[OFFICE], 1.0 + 0.75 * 0.06 + 0.25 * 0.16)


def test_the_special_rate_holds_in_340b_departments_alone() -> None:
    rates = paid(law())
    np.testing.assert_allclose(rates[:, FFS], [1.06, 1.06, 0.8, 1.06])
    np.testing.assert_allclose(rates[:, MA], 0.95 * rates[:, FFS])
    np.testing.assert_array_equal(paid(law(p340b__medicare_rate=1.06))[:, FFS], 1.06)


def test_advantage_contracts_follow_the_special_rate_as_far_as_they_are_tied_to_it() -> None:
    for follow, expected in ((1.0, 0.8), (0.0, 1.06), (0.5, 0.93)):
        rates = paid(law(behaviour={"payment.medicare_advantage.follows_340b_rate": follow}))
        np.testing.assert_allclose(rates[OLD, MA], 0.95 * expected)
        np.testing.assert_allclose(rates[[OFFICE, CAMPUS, NEW], MA], 0.95 * 1.06)


def negotiated(kept: bool = False, follows: float = 0.0) -> list[dict[str, Any]]:
    changes = {"drug_share": 0.5, "ratio": 0.6, "addon_kept": kept, "commercial_follows": follows}
    return [{"set": f"policy.negotiated_price.{name}", "to": value} for name, value in changes.items()]


def test_negotiated_prices_shrink_the_addon_with_the_price_unless_it_is_kept() -> None:
    shrunk, kept = law(policy=negotiated()), law(policy=negotiated(kept=True))
    assert paid(shrunk)[OFFICE, FFS] == pytest.approx(0.5 * 1.06 + 0.5 * 0.6 * 1.06)
    assert paid(kept)[OFFICE, FFS] == pytest.approx(0.5 * 1.06 + 0.5 * (0.6 + 0.06))
    # What the provider pays falls to the negotiated price, for Medicare patients alone.
    bought = drug_rates(shrunk, PLACES, CONTRACT.drug, CONTRACT.shipped, CONTRACT.advantage).bought
    np.testing.assert_allclose(bought, [0.8, 0.8, 1.0, 1.0, 0.2])
    # So the margin on a dollar of drug: 6 % of what is left of the price, or all of the old add-on.
    assert paid(shrunk)[OFFICE, FFS] - bought[FFS] == pytest.approx(0.06 * 0.8)
    assert paid(kept)[OFFICE, FFS] - bought[FFS] == pytest.approx(0.06)


def test_commercial_contracts_follow_asp_down_as_far_as_they_are_tied_to_it() -> None:
    weight = {"payment.drug.medicare_weight": 0.6}
    assert paid(law(weight, negotiated(follows=0.0)))[OFFICE, COMMERCIAL] == pytest.approx(1.5)
    assert paid(law(weight, negotiated(follows=1.0)))[OFFICE, COMMERCIAL] == pytest.approx(1.5 * (1 - 0.5 * 0.4 * 0.6))


def test_reference_prices_lower_what_medicare_pays_for_comparable_drugs() -> None:
    policy = [{"set": "policy.reference_price.drug_share", "to": 0.2}, {"set": "policy.reference_price.ratio", "to": 0.7}]
    assert paid(law(policy=policy))[OFFICE, FFS] == pytest.approx(0.8 * 1.06 + 0.2 * 0.7 * 1.06)
    assert paid(law(policy=policy))[OFFICE, COMMERCIAL] == 1.5


def test_commercial_drugs_equalised_at_the_office_multiple() -> None:
    for share, expected in ((0.0, 1.5), (1.0, 1.2), (0.5, 1.35)):
        rates = paid(law(commercial_drugs=share))
        np.testing.assert_allclose(rates[[CAMPUS, OLD, NEW], COMMERCIAL], expected)
        assert rates[OFFICE, COMMERCIAL] == 1.5


def test_a_fee_takes_the_place_of_the_margin() -> None:
    from oncsim.prices.rates import allowed_rates

    policy = [{"set": "policy.commercial.fee_contracts", "to": 1.0}, {"set": "policy.commercial.fee", "to": 900.0}]
    rates = allowed_rates(law(policy=policy), PLACES, CONTRACT)
    np.testing.assert_allclose(rates.fee, [0, 0, 900.0, 0, 0])
    np.testing.assert_allclose(paid(law(policy=policy))[:, COMMERCIAL], 1.0)


def test_drugs_that_payers_ship_are_neither_billed_nor_bought_but_paid() -> None:
    values = law(economy={"payer.white_bagging.price": 1.1})
    half = Contract(CONTRACT.drug, CONTRACT.service, np.full(4, 0.5), CONTRACT.advantage)
    rates = drug_rates(values, PLACES, half.drug, half.shipped, half.advantage)
    np.testing.assert_allclose(paid(values, half)[:, COMMERCIAL], 0.75)
    payer, patient = pharmacy_payments(values, rates, VOLUMES)
    np.testing.assert_allclose((payer + patient)[:, COMMERCIAL], 0.5 * 1.1 * 1000.0)
    np.testing.assert_allclose(patient[:, COMMERCIAL], 0.12 * 550.0)
    assert (np.delete(payer + patient, COMMERCIAL, axis=1) == 0).all()


def test_advantage_members_use_less_drug() -> None:
    values = scenario(1, behaviour={"payment.medicare_advantage.drug_intensity": 0.5}).parameters.at(Quarter(2026, 1))
    asp = asp_of_segments(values).reshape(5, 3)
    np.testing.assert_allclose(asp[MA], 0.5 * asp[FFS])
    np.testing.assert_array_equal(asp[COMMERCIAL], asp_by_need(values))
    np.testing.assert_allclose(by_payer(np.ones((2, 15))), 3.0)


def test_the_340b_margin_of_a_market_grows_with_the_discount_and_is_nothing_without() -> None:
    margins = [
        run(1, METRO, policy=[{"set": "policy.p340b.discount", "to": discount}]).money.margin_340b.sum()
        for discount in (0.0, 0.2, 0.4)
    ]
    assert margins[0] == 0.0
    assert 0.0 < margins[1] < margins[2]
