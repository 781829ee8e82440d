"""Ready scenarios of policies, the levers behind them and the page about both hold together."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from oncsim.parameters import load_registry
from oncsim.scenario import Scenario, load_scenario
from oncsim.scenario.library import bundled_scenarios

TOOLS = Path(__file__).parents[2] / "tools"
LEAVES = load_registry().leaves


def _tool(name: str) -> ModuleType:
    if str(TOOLS) not in sys.path:
        sys.path.insert(0, str(TOOLS))
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # data classes look their module up
    spec.loader.exec_module(module)
    return module


LEVERS = {lever.name: lever for lever in _tool("policy_levers").LEVERS}
PAGE = _tool("write_policy_page")
BY_YEAR = _tool("policy_years")
READY: dict[str, Scenario] = PAGE.ready()
CURRENT = load_scenario("current_law")

# What payment policy in debate moves, and one scenario of each alternative to the law that is named there.
ALTERNATIVES: dict[str, tuple[str, ...]] = {
    "asp_addon": ("medpac_addon", "drugs_exempt_from_sequester", "reference_pricing", "commercial_fee_for_drugs"),
    "biosimilar_addon": (),  # none in debate
    "mfp_switch": ("negotiation_addon_kept", "negotiation_delayed", "negotiation_earlier"),
    "section603_cutoff": ("end_grandfathering", "imaging_2027"),
    "clinic_visit_neutral": ("clinic_visit_on_campus", "medpac_visits_2012", "site_act"),
    "drug_admin_neutral": ("drug_administration_phased", "drug_administration_on_campus", "medpac_site_neutral"),
    "commercial_spillover": ("bcbsa_package", "site_neutral_commercial", "facility_fee_ban"),
    "340b_payment_rate": ("p340b_rate_2027", "opps_2027", "p340b_shared_savings_oig", "p340b_medicare_cut"),
    "340b_eligibility": ("p340b_access_act", "p340b_child_standards", "child_site_moratorium", "p340b_charity_passthrough"),
    "340b_discount": ("p340b_rebate",),
    "apm_meos": ("apm_higher_fee",),
    "apm_risk": ("apm_upside_only", "apm_mandatory", "apm_multi_payer"),
    "apm_effect": (),  # behaviour, not law
    "payer_site_policy": ("hopd_excluded_commercial", "hospital_coinsurance", "commercial_reference_pricing"),
    "white_bagging": ("white_bagging_ban", "white_bagging_mandate"),
    "ma_share": (),  # an assumption about demand
    "ma_management": ("ma_site_neutral", "ma_gold_carding"),
    "merger_screen": ("hsr_lower_threshold", "state_review_all", "rollup_review"),
    "noncompete": ("noncompete_federal_rule", "noncompete_ban"),
}


def _written(identity: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(bundled_scenarios()[identity].read_text(encoding="utf-8"))
    return found


def test_there_are_many_and_every_policy_is_among_them() -> None:
    assert len(READY) > 45
    # A case of practice may change law too: it stands for a situation, not for a policy to compare.
    ordinary = {identity: _written(identity) for identity in bundled_scenarios() if "case" not in _written(identity)}
    policies = {identity for identity, written in ordinary.items() if written.get("policy")}
    assert policies == set(READY), "a scenario that sets law extends current_law"


@pytest.mark.parametrize("identity", sorted(READY))
def test_a_ready_policy_says_what_it_is(identity: str) -> None:
    scenario, written = READY[identity], _written(identity)
    assert scenario.question.endswith("?")
    assert len(scenario.title) > 10
    assert len(str(written.get("mechanism", "")).split()) >= 8, "the sentence that its report holds the result against"


@pytest.mark.parametrize("identity", sorted(READY))
def test_every_entry_has_a_source(identity: str) -> None:
    """A source of the bibliography, or the honest word that it is judgement or a control."""
    for entry in _written(identity)["policy"]:
        source = entry.get("source")
        cited = isinstance(source, dict) and bool(source.get("cite"))
        assert cited or source in ("judgement", "control"), entry["set"]
    for score in _written(identity).get("published", []):
        assert score["source"]["cite"]


@pytest.mark.parametrize("identity", sorted(READY))
def test_only_law_changes(identity: str) -> None:
    """Effects of law and of behaviour cannot be told apart when both change."""
    assert {override.section for override in READY[identity].parameters.overrides} == {"policy"}
    assert not READY[identity].events


@pytest.mark.parametrize("identity", sorted(READY))
def test_the_market_and_horizon_are_those_of_current_law(identity: str) -> None:
    scenario = READY[identity]
    assert (scenario.market, scenario.start, scenario.end) == (CURRENT.market, CURRENT.start, CURRENT.end)
    assert scenario.settings == CURRENT.settings


@pytest.mark.parametrize("identity", sorted(READY))
def test_the_law_differs_from_current_law_within_the_horizon(identity: str) -> None:
    """A policy that changes no value in no quarter would be compared in vain."""
    law = READY[identity].parameters
    own = {override.leaf for override in law.overrides if Path(override.file).stem == identity}
    parent = load_scenario(PAGE.chain(identity)[1]).parameters
    limited = {override.leaf for override in law.overrides if override.scope}
    quarters = READY[identity].quarters
    moved = [name for name in own for quarter in quarters if law.value(name, quarter) != parent.value(name, quarter)]
    assert moved or (own & limited)


@pytest.mark.parametrize("identity", sorted(READY))
def test_expectations_compare_with_current_law_or_what_is_extended(identity: str) -> None:
    allowed = {"", *PAGE.chain(identity)[1:]} - {"baseline"}
    for expectation in READY[identity].expect:
        assert (expectation.versus or "") in allowed


def test_the_chain_ends_with_the_baseline() -> None:
    assert PAGE.chain("apm_higher_fee") == ["apm_higher_fee", "apm_extended", "current_law", "baseline"]
    assert "baseline" not in READY
    assert "current_law" not in READY


def test_levers_are_those_in_debate() -> None:
    assert [name for name in LEVERS if name in ALTERNATIVES] == list(ALTERNATIVES)
    assert set(LEVERS) - set(ALTERNATIVES) == {"access_payment"}


@pytest.mark.parametrize("name", LEVERS)
def test_a_lever_has_parameters(name: str) -> None:
    for one in LEVERS[name].parameters:
        assert [leaf for leaf in LEAVES if leaf == one or (one.endswith(".") and leaf.startswith(one))], one


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_an_alternative_in_debate_is_ready(name: str) -> None:
    """Each named scenario sets a law parameter of its lever."""
    lever = LEVERS[name]
    assert lever.alternative == bool(ALTERNATIVES[name])
    for identity in ALTERNATIVES[name]:
        own = [override.leaf for override in READY[identity].parameters.overrides if LEAVES[override.leaf].kind == "law"]
        assert any(PAGE.of_lever(lever, leaf) for leaf in own), identity


def test_every_law_of_policy_belongs_to_a_lever() -> None:
    """So that the page names it: a parameter of the section policy that no lever has would be invisible there."""
    policy = [name for name, leaf in LEAVES.items() if leaf.kind == "law" and name.startswith("policy.")]
    homeless = [name for name in policy if not any(PAGE.of_lever(lever, name) for lever in LEVERS.values())]
    assert homeless == []


def test_the_page_of_policies_is_what_registry_and_scenarios_say() -> None:
    assert PAGE.PAGE.read_text(encoding="utf-8") == PAGE.page(), "run tools/write_policy_page.py"


# From the table of series by year in the evidence: what the page must show.
PUBLISHED = [
    (2010, "sequester", "0.00"),
    (2013, "sequester", "0.00; 2.00 from Q2"),
    (2022, "sequester", "0.00; 1.00 from Q2; 2.00 from Q3"),
    (2021, "office drug receipt", "1.060"),
    (2026, "office drug receipt", "1.043"),
    (2011, "OPPS drug rate", "1.050*"),
    (2014, "OPPS drug rate", "1.060"),
    (2019, "340B drug rate", "0.775"),
    (2023, "340B drug rate", "1.060"),
    (2016, "non-excepted", "1.00"),
    (2017, "non-excepted", "0.50"),
    (2018, "non-excepted", "0.40"),
    (2019, "clinic visit", "0.70"),
    (2020, "clinic visit", "0.40"),
    (2025, "drug administration", "1.00"),
    (2026, "drug administration", "0.40"),
    (2015, "PFS conversion", "35.75; 35.93 from Q3"),
    (2011, "PFS conversion", "33.98*"),
    (2016, "care-management", "none; 160 from Q3"),
    (2023, "care-management", "none; 70 from Q3"),
    (2026, "care-management", "110"),
    (2024, "APM bonus", "1.88"),
    (2026, "APM bonus", "3.10"),
    (2015, "merger screen", "2,500 / 200"),
    (2024, "merger screen", "1,800 / 100, or 30%"),
    (2012, "HSR", "68.2*"),
    (2021, "HSR", "92.0"),
]


@pytest.mark.parametrize(("year", "column", "shown"), PUBLISHED)
def test_the_law_by_year(year: int, column: str, shown: str) -> None:
    series = [*BY_YEAR.PAYMENT, *BY_YEAR.RULES]
    one = next(one for one in series if column in one.title)
    assert BY_YEAR.cell(one, year) == shown


def test_every_ready_policy_has_been_played() -> None:
    """The page of results is made by a tool that takes minutes; here only that no policy is missing from it."""
    text = (TOOLS.parent / "docs" / "policy-results.md").read_text(encoding="utf-8")
    missing = [name for name in READY if text.count(f"| `{name}` |") != 2]
    assert not missing, "run tools/write_policy_results.py"
