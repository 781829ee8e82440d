"""What drugs cost: by hand, and the limits of every 340B rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import scenario
from oncsim.calendar import Quarter
from oncsim.parameters import Values
from oncsim.prices.acquisition import (
    DrugCosts,
    Program340B,
    drug_acquisition,
    orphan_share,
    pass_through,
    rebate_cost,
    shared_savings,
)

WORKED = {
    "policy.p340b.discount": 0.3,
    "policy.p340b.orphan_scope": 0.5,
    "payment.drug.orphan_share": 0.4,
    "finance.purchasing.gpo_loss": 0.05,
    "finance.purchasing.wac_over_asp": 0.2,
    "finance.cost_of_capital": 0.073,
    "policy.p340b.rebate": False,
    "policy.p340b.rebate_days": 50,
    "policy.p340b.rebate_denied": 0.0,
    "policy.p340b.pass_through": 0.0,
    "policy.p340b.shared_savings": 0.0,
}


def law(**changes: Any) -> Values:
    """Return the worked values with changes by the last word of a name."""
    values = dict(WORKED)
    for key, value in changes.items():
        (name,) = [known for known in values if known.rsplit(".", 1)[1] == key]
        values[name] = value
    kinds = {"policy": "policy", "payment": "economy"}
    sections: dict[str, Any] = {"policy": [], "economy": {}, "behaviour": {}}
    for name, value in values.items():
        if kinds.get(name.split(".")[0]) == "policy":
            sections["policy"].append({"set": name, "to": value})
        else:
            economy = name in ("payment.drug.orphan_share", "finance.cost_of_capital")
            sections["economy" if economy else "behaviour"][name] = value
    return scenario(1, **sections).parameters.at(Quarter(2026, 1))


# An ordinary buyer; in the program; with the orphan exclusion; with it and without a GPO; waiting, without a GPO.
SITES = Program340B(
    eligible=np.array([False, True, True, True, False]),
    orphan_excluded=np.array([False, False, True, True, False]),
    gpo=np.array([False, False, False, True, True]),
)
BOUGHT = np.full(5, 1000.0)
DISCOUNT = np.full(5, 0.01)


def costs(values: Values, discount: np.ndarray[Any, Any] = DISCOUNT, program: Program340B = SITES) -> DrugCosts:
    return drug_acquisition(values, BOUGHT, discount, program)


def test_worked_by_hand() -> None:
    found = costs(law())
    # Orphan drugs are 0.4 x 0.5 = a fifth: 160 of 560 + 198 at ordinary prices, 560 + 210 without a GPO.
    assert found.cost == pytest.approx([990.0, 700.0, 758.0, 770.0, 1050.0])
    assert found.ordinary == pytest.approx([990.0] * 5)
    assert found.at_340b == pytest.approx([0.0, 700.0, 560.0, 560.0, 0.0])
    assert found.share_340b == pytest.approx([0.0, 1.0, 0.8, 0.8, 0.0])
    assert (found.working_capital == 0).all()


def test_a_rebate_costs_the_capital_that_waits_and_nothing_else() -> None:
    plain, rebate = costs(law()), costs(law(rebate=True))
    # (0.3 + 0.2) x 50 days / 365 x 7.3 % = half a percent of ASP.
    assert rebate_cost(law(rebate=True)) == pytest.approx(0.005)
    assert rebate.working_capital == pytest.approx([0.0, 5.0, 4.0, 4.0, 0.0])
    assert rebate.cost - plain.cost == pytest.approx(rebate.working_capital)
    np.testing.assert_array_equal(rebate.at_340b, plain.at_340b)
    np.testing.assert_array_equal(rebate.ordinary, plain.ordinary)
    at_once = costs(law(rebate=True, rebate_days=0))
    np.testing.assert_array_equal(at_once.cost, plain.cost)


def test_a_refused_rebate_costs_the_whole_difference_to_list_price() -> None:
    some = costs(law(rebate=True, rebate_days=0, rebate_denied=0.1))
    assert some.cost[1] - costs(law()).cost[1] == pytest.approx(1000 * 0.1 * 0.5)
    # So many refused that ordinary prices are cheaper: nobody buys through 340B, nobody loses.
    most = costs(law(rebate=True, rebate_days=0, rebate_denied=0.9))
    np.testing.assert_array_equal(most.cost[:4], most.ordinary[:4])
    assert (most.at_340b == 0).all() and (most.working_capital == 0).all()


@given(
    st.booleans(),
    st.floats(0, 1),
    st.floats(0, 0.2),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=5, max_size=5),
)
def test_without_a_discount_every_effect_is_exactly_zero(
    rebate: bool, denied: float, ordinary: float, flags: list[tuple[bool, bool, bool]]
) -> None:
    program = Program340B(*(np.array(column) for column in zip(*flags, strict=True)))
    none = drug_acquisition(law(discount=0.0, rebate=rebate, rebate_denied=denied), BOUGHT, np.full(5, ordinary), program)
    without = drug_acquisition(law(), BOUGHT, np.full(5, ordinary), Program340B.everywhere(5, False))
    np.testing.assert_array_equal(none.cost, without.cost)
    assert (none.at_340b == 0).all() and (none.share_340b == 0).all() and (none.working_capital == 0).all()


@given(st.floats(0, 0.95), st.floats(0, 0.3), st.booleans())
def test_340b_is_never_dearer_than_ordinary_prices_where_nothing_is_excluded(
    discount: float, ordinary: float, rebate: bool
) -> None:
    found = drug_acquisition(
        law(discount=discount, rebate=rebate), BOUGHT, np.full(5, ordinary), Program340B.everywhere(5, True)
    )
    assert (found.cost <= found.ordinary * (1 + 1e-12)).all()
    np.testing.assert_allclose(found.at_340b + found.working_capital, np.where(found.share_340b > 0, found.cost, 0.0))


def test_the_orphan_exclusion_needs_orphan_drugs() -> None:
    assert orphan_share(law()) == pytest.approx(0.2)
    none = costs(law(orphan_scope=0.0))
    np.testing.assert_array_equal(none.cost[1:4], np.full(3, 700.0))


def test_patients_get_what_is_passed_on_before_charity_does() -> None:
    margin, owed = np.array([100.0, 100.0, -50.0, 40.0]), np.array([[60.0, 20.0], [10.0, 10.0], [5.0, 5.0], [0.0, 0.0]])
    found = pass_through(law(pass_through=0.5), margin, owed)
    assert found.to_patients == pytest.approx(np.array([[37.5, 12.5], [10.0, 10.0], [0.0, 0.0], [0.0, 0.0]]))
    assert found.charity == pytest.approx([0.0, 30.0, 0.0, 20.0])
    # Everything due goes somewhere, and nobody is paid to be treated.
    assert found.to_patients.sum(axis=1) + found.charity == pytest.approx(0.5 * np.maximum(margin, 0.0))
    assert (found.to_patients <= owed).all()
    off = pass_through(law(), margin, owed)
    assert (off.to_patients == 0).all() and (off.charity == 0).all()


def test_shared_savings_are_a_share_of_the_gain_and_never_of_a_loss() -> None:
    receipts, cost = np.array([106.0, 60.0]), np.array([70.0, 70.0])
    assert shared_savings(law(shared_savings=0.5), receipts, cost) == pytest.approx([18.0, 0.0])
    assert (shared_savings(law(), receipts, cost) == 0).all()
