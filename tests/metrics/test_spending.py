from __future__ import annotations

import pytest

from oncsim.codes import COMPONENTS, PAYERS

from .tiny import tiny, values_of

ALL = ("all", "")


def test_payers_and_components_add_up_and_with_patients_make_all_that_is_paid() -> None:
    state = tiny(1)
    found = values_of("spending.payer_total", state)
    for sums in (
        [f"payer={p}" for p in PAYERS],
        [f"component={c}" for c in COMPONENTS],
        [f"component={c};payer={p}" for c in COMPONENTS for p in PAYERS],
    ):
        assert sum(found["all", group] for group in sums) == pytest.approx(found[ALL])
    money = state.money
    all_paid = money.paid.sum() + money.pharmacy.sum() + money.pharmacy_patient.sum()
    owed = values_of("spending.patient_total", state)[ALL]
    assert found[ALL] + owed == pytest.approx(all_paid)
    assert values_of("spending.patient_cost_share", state)[ALL] * all_paid == pytest.approx(owed)


def test_a_payer_who_pays_nothing_has_no_patient_share() -> None:
    state = tiny(1)
    uninsured = PAYERS.index("uninsured")
    state.money.paid[:, uninsured] = state.money.patient[:, uninsured] = 0
    state.money.pharmacy[:, uninsured] = state.money.pharmacy_patient[:, uninsured] = 0
    found = values_of("spending.patient_cost_share", state)
    assert set(found) == {ALL, *(("all", f"payer={payer}") for payer in PAYERS if payer != "uninsured")}
    assert values_of("spending.payer_total", state)["all", "payer=uninsured"] == 0


def test_per_patient_falls_when_more_are_treated_for_the_same_money() -> None:
    state = tiny(1)
    before = values_of("spending.total_per_patient", state)[ALL]
    state.flows.started *= 2
    assert values_of("spending.total_per_patient", state)[ALL] == pytest.approx(before / 2)


def test_what_patients_owe_adds_up_and_counts_drugs_that_pharmacies_ship() -> None:
    state = tiny(1)
    found = values_of("spending.patient_total", state)
    assert found[ALL] == pytest.approx(state.money.patient.sum() + state.money.pharmacy_patient.sum())
    for sums in ([f"payer={p}" for p in PAYERS], [f"component={c}" for c in COMPONENTS]):
        assert sum(found["all", group] for group in sums) == pytest.approx(found[ALL])
    state.money.pharmacy_patient = state.money.pharmacy_patient + 2.0
    shipped = 2.0 * state.money.pharmacy_patient.size
    after = values_of("spending.patient_total", state)
    assert after[ALL] - found[ALL] == pytest.approx(shipped)
    assert after["all", "component=drug"] - found["all", "component=drug"] == pytest.approx(shipped)
