"""The forms hold what the interface promises, and the page for users says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncsim.results.forms import FORMS, RECORDABLE, STANDARD

INTERFACE = {
    "metrics": "quarter metric market group value",
    "organizations": "quarter org name kind status owner oncologists patients patients_in_care infusions "
    "revenue margin cash commercial_level advantage_level willingness_to_pay",
    "sites": "quarter site org kind lat lon open chairs oncologists patients patients_in_care infusions "
    "wait_days eligible_340b",
    "ties": "quarter tie a b form stage trust_ab trust_ba owner_share control_share age_quarters worth staff_support",
    "events": "quarter event actor other site amount text",
    "zones": "zone name lat lon market population population_65plus land_sqmi rural deprivation cases_per_year",
    "zone_years": "year zone patients untreated untreated_share minutes patient_cost spending wait_days",
    "payments": "year payer kind eligible_340b patients infusions standard_dollars paid patient",
    "hospitals_340b": "year hospital name org route dsh_pct departments drug_dollars margin margin_per_drug_dollar",
    "flows": "quarter zone payer need site patients waiting minutes",
}


def test_columns_are_those_of_the_interface() -> None:
    assert {name: " ".join(form.columns) for name, form in FORMS.items()} == INTERFACE
    assert set(STANDARD) | set(RECORDABLE) == set(FORMS)


@pytest.mark.parametrize("name", list(FORMS))
def test_page_for_users_explains_every_column(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    section = page.split(f"### {name}\n")[1].split("\n#")[0]
    for column, (kind, meaning) in FORMS[name].columns.items():
        assert f"| `{column}` | {kind} | {meaning} |" in section


def test_rows_are_sorted_by_columns_that_exist() -> None:
    assert all(set(form.order) <= set(form.columns) for form in FORMS.values())
