"""The hazard of ending: coefficients recovered by regression, and what moves it one way only."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from oncsim.codes import TIE_FORMS
from oncsim.parameters import Values
from oncsim.ties.hazard import Circumstances, ends, log_hazard, term_factor
from oncsim.ties.ladder import AFFILIATION, REFERRAL, SIGNED_FORMS

from .partners import law_with

SLOPES = {
    "trust": ("partnership.dissolve.trust", -1.0),
    "worth": ("partnership.dissolve.value", -1.0),
    "exit_cost": ("partnership.dissolve.exit", -1.0),
    "overlap": ("partnership.dissolve.overlap", 1.0),
    "criticism": ("partnership.dissolve.criticism", 1.0),
    "common": ("partnership.dissolve.common_partners", 1.0),
    "sold": ("partnership.dissolve.rival", 1.0),
}


@cache
def law() -> Values:
    return law_with()


def seen(count: int = 1, **given: Any) -> Circumstances:
    """Return the circumstances of a plain tie past its first term, some of them given."""
    plain = {
        "form": REFERRAL, "years": 9.0, "trust": 0.6, "worth": 0.5, "exit_cost": 0.2, "overlap": 0.1, "criticism": 0.4,
        "common": 1.0, "sold": False,
    }  # fmt: skip
    return Circumstances(**{name: np.full(count, given.get(name, value)) for name, value in plain.items()})


def chance(**given: Any) -> float:
    return float(-np.expm1(-np.exp(log_hazard(law(), seen(**given))))[0])


def test_a_regression_on_a_hundred_thousand_dyads_recovers_the_coefficients() -> None:
    """Complementary log-log regression by statsmodels, within four standard errors of what the model used."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.families.links import CLogLog
    from statsmodels.genmod.generalized_linear_model import GLM

    rng, count = np.random.default_rng(20), 100_000
    dyads = Circumstances(
        form=np.where(rng.uniform(size=count) < 0.7, AFFILIATION, REFERRAL),
        years=rng.uniform(0, 6, count),
        trust=rng.uniform(0, 1, count),
        worth=rng.uniform(-2, 2.9, count),
        exit_cost=rng.uniform(0, 1.5, count),
        overlap=rng.uniform(0, 0.5, count),
        criticism=rng.uniform(0, 1, count),
        common=rng.integers(0, 5, count).astype(float),
        sold=rng.uniform(size=count) < 0.2,
    )
    over = ends(log_hazard(law(), dyads), rng.uniform(size=count))
    term = float(law()["partnership.dissolve.term"])
    columns = pd.DataFrame({name: np.asarray(getattr(dyads, name), dtype=float) for name in SLOPES})
    contract = dyads.form == AFFILIATION
    columns["criticism"] -= 0.3
    columns["trust"] -= 0.7
    columns.insert(0, "referral", (~contract).astype(float))
    columns.insert(0, "contract", contract.astype(float))
    columns["first_year"] = (contract & (dyads.years < 1)).astype(float)
    columns["last_year"] = (contract & (dyads.years >= term - 1) & (dyads.years < term)).astype(float)
    fit = GLM(over.astype(float), columns, family=Binomial(link=CLogLog())).fit()
    truth = {name: sign * float(law()[leaf]) for name, (leaf, sign) in SLOPES.items()}
    yearly = law()["partnership.dissolve.yearly"]
    truth["contract"] = float(np.log(yearly["clinical_affiliation"] / 4.0))
    truth["referral"] = float(np.log(yearly["referral"] / 4.0))
    truth["first_year"] = float(np.log(float(law()["partnership.dissolve.first_year"])))
    truth["last_year"] = float(np.log(float(law()["partnership.dissolve.contract_end"])))
    for name, value in truth.items():
        assert abs(fit.params[name] - value) < 4 * fit.bse[name], (name, fit.params[name], value)
        # Without teeth otherwise: no effect at all lies outside the same band.
        assert abs(fit.params[name]) > 4 * fit.bse[name], name


@pytest.mark.parametrize("name", sorted(set(SLOPES) - {"sold"}))
def test_each_circumstance_moves_the_hazard_one_way(name: str) -> None:
    leaf, sign = SLOPES[name]
    slope = sign * float(law()[leaf])
    steps = np.linspace(0.0, 1.0, 6)
    found = np.array([chance(**{name: step}) for step in steps])
    assert slope != 0
    assert (np.diff(found) * np.sign(slope) > 0).all()
    logs = np.array([log_hazard(law(), seen(**{name: step}))[0] for step in steps])
    np.testing.assert_allclose(np.diff(logs), slope * 0.2)


def test_a_sale_to_somebody_else_and_the_end_of_a_term_shorten_life_and_a_first_year_protects() -> None:
    plain = chance(form=AFFILIATION, years=9.0)
    assert chance(form=AFFILIATION, years=9.0, sold=True) > plain
    assert chance(form=AFFILIATION, years=0.5) < plain < chance(form=AFFILIATION, years=2.5)


def test_worth_holds_a_tie_only_up_to_a_point_and_less_overlap_than_at_signing_does_not_hold_it() -> None:
    assert chance(worth=2.0) > chance(worth=3.0) == chance(worth=30.0)
    assert chance(overlap=0.0) == chance(overlap=-0.4) < chance(overlap=0.1)


def test_the_chance_at_usual_trust_and_nought_else_is_the_yearly_hazard_of_the_form() -> None:
    nothing = {"trust": 0.7, "worth": 0.0, "exit_cost": 0.0, "overlap": 0.0, "criticism": 0.3, "common": 0.0}
    yearly = law()["partnership.dissolve.yearly"]
    for form in SIGNED_FORMS:
        kept = (1 - chance(form=form, **nothing)) ** 4
        assert kept == pytest.approx(np.exp(-yearly[TIE_FORMS[form]]))


def test_terms_count_for_contracts_only() -> None:
    years = np.arange(0, 6, 0.25)
    referral = term_factor(law(), np.zeros(len(years), dtype=bool), years)
    np.testing.assert_array_equal(referral, 1.0)
    contract = term_factor(law(), np.ones(len(years), dtype=bool), years)
    term = float(law()["partnership.dissolve.term"])
    for age, factor in zip(years.tolist(), contract.tolist(), strict=True):
        expected = 1.0
        if age < 1:
            expected = float(law()["partnership.dissolve.first_year"])
        elif term - 1 <= age < term:
            expected = float(law()["partnership.dissolve.contract_end"])
        assert factor == expected, age


def test_a_tie_ends_as_often_as_its_hazard_says_and_with_worse_luck_only() -> None:
    u = np.random.default_rng(4).uniform(size=200_000)
    low, high = np.full(len(u), np.log(0.05)), np.full(len(u), np.log(0.4))
    few, many = ends(low, u), ends(high, u)
    assert not (few & ~many).any()
    for found, hazard in ((few, 0.05), (many, 0.4)):
        expected = 1 - np.exp(-hazard)
        assert found.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / len(u)))


def test_with_a_base_of_nothing_no_tie_ends() -> None:
    never = law_with(partnership__dissolve__yearly=0.0)
    worst = seen(1000, trust=0.0, worth=-10.0, overlap=1.0, criticism=1.0, sold=True)
    u = np.random.default_rng(1).uniform(size=1000)
    assert not ends(log_hazard(never, worst), u).any()
    assert ends(log_hazard(law(), worst), u).any()


def test_a_switch_of_one_coefficient_takes_its_circumstance_out() -> None:
    for name, (leaf, _) in SLOPES.items():
        off = law_with(**{leaf.replace(".", "__"): 0.0})
        plain = seen()
        other = replace(plain, **{name: np.array([True]) if name == "sold" else np.array([0.9])})
        assert log_hazard(off, plain)[0] == log_hazard(off, other)[0]
        assert log_hazard(law(), plain)[0] != log_hazard(law(), other)[0]
