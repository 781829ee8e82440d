from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncsim.competition.cells import Cells
from oncsim.competition.leverage import Leverage, leverage, leverage_by_payer

from .small_markets import Sites, draw, full_draw, inclusive, loss, shares

SEEDS = range(12)
seeds = st.integers(0, 100_000)
lams = st.sampled_from([1.0, 0.7, 0.5])
often = settings(max_examples=40, deadline=None)


def assert_row_is_the_loss(found: Leverage, system: int, sites: Sites, care_beyond: np.ndarray) -> None:
    expected = loss(sites, system, care_beyond)
    assert found.willingness[system] == pytest.approx(expected.willingness, rel=1e-9, abs=1e-9)
    assert found.patients[system] == pytest.approx(expected.patients, rel=1e-11)
    np.testing.assert_allclose(found.diversion.toarray()[system], expected.diversion, rtol=1e-8, atol=1e-10)
    assert found.beyond[system] == pytest.approx(expected.beyond, rel=1e-8, abs=1e-12)
    assert found.largest[system] == pytest.approx(expected.largest, rel=1e-11)


def test_the_draws_have_what_the_tests_are_about() -> None:
    lone, several_nests, absent, empty = 0, 0, 0, 0
    for seed in SEEDS:
        sites = draw(seed)
        cells = sites.cells()
        for z, k in np.ndindex(sites.patients.shape):
            there = cells.system[(cells.zone == z) & (cells.value[:, k] > 0)]
            lone += len(np.unique(there)) == 1 and sites.patients[z, k] > 0
        several_nests += sum(len(np.unique(cells.nest[(cells.system == s) & (cells.zone == 0)])) > 1 for s in range(5))
        absent += sum(s not in cells.system for s in range(5))
        empty += int((sites.patients == 0).sum())
    assert min(lone, several_nests, absent, empty) >= 2


@pytest.mark.parametrize("beyond", [0.25, 0.03, 1e-6])
@pytest.mark.parametrize("lam", [1.0, 0.7, 0.5])
def test_closed_forms_equal_taking_the_system_away(lam: float, beyond: float) -> None:
    for seed in SEEDS:
        sites = draw(seed, lam, beyond)
        found, care_beyond = leverage(sites.cells()), sites.care_beyond()
        for system in range(sites.systems):
            assert_row_is_the_loss(found, system, sites, care_beyond)


@pytest.mark.parametrize("lam", [1.0, 0.7, 0.5])
def test_nobody_beyond_is_fine_where_everybody_has_a_choice(lam: float) -> None:
    for seed in SEEDS:
        sites = full_draw(seed, zones=3, lam=lam, nests=2)
        found = leverage(sites.cells())
        for system in range(sites.systems):
            assert_row_is_the_loss(found, system, sites, np.zeros(sites.patients.shape))
        assert (found.beyond == 0).all()
        np.testing.assert_allclose(found.diversion.sum(axis=1), 1.0, rtol=1e-10)


@pytest.mark.parametrize("lam", [1.0, 0.7, 0.5])
def test_joining_weighs_each_system_as_if_it_alone_were_more_attractive(lam: float) -> None:
    rng = np.random.default_rng(4)
    for seed in SEEDS:
        sites = draw(seed, lam)
        joining = np.exp(rng.normal(0.5, 0.7, sites.systems))
        found, care_beyond = leverage(sites.cells(), joining), sites.care_beyond()
        for system in range(sites.systems):
            assert_row_is_the_loss(found, system, sites.times(system, joining[system]), care_beyond)


@pytest.mark.parametrize("lam", [1.0, 0.6])
@pytest.mark.parametrize("wanted", [[0, 3], [2], [], [0, 1, 2, 3, 4]])
def test_weighing_some_systems_gives_their_rows_and_nothing_of_the_others(wanted: list[int], lam: float) -> None:
    rows = np.isin(np.arange(5), wanted)
    for seed in SEEDS:
        cells, joining = draw(seed, lam).cells(), np.linspace(0.5, 3.0, 5)
        all_of_them, some = leverage(cells, joining), leverage(cells, joining, rows)
        for name in ("willingness", "patients", "beyond", "largest"):
            np.testing.assert_allclose(getattr(some, name), np.where(rows, getattr(all_of_them, name), 0.0), rtol=1e-12)
        expected = np.where(rows[:, None], all_of_them.diversion.toarray(), 0.0)
        np.testing.assert_allclose(some.diversion.toarray(), expected, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("lam", [1.0, 0.6])
@pytest.mark.parametrize("wanted", [None, [1, 3]])
def test_payers_weighed_together_are_weighed_as_one_by_one(wanted: list[int] | None, lam: float) -> None:
    """To the last digit, with needs of their own, systems out of one network and not the other, and columns in any order."""
    rows = None if wanted is None else np.isin(np.arange(5), wanted)
    rng = np.random.default_rng(8)
    for seed in SEEDS:
        cells = draw(seed, lam).cells()
        needs = cells.value.shape[1]
        more = cells.value[:, ::-1] * rng.uniform(0.5, 2.0, cells.value.shape) * (rng.uniform(size=cells.value.shape) < 0.9)
        both = replace(cells, value=np.hstack([cells.value, more]), patients=np.hstack([cells.patients, cells.patients * 2]))
        factors = np.where(rng.uniform(size=(2, 5)) < 0.5, 1.0, rng.uniform(1.5, 4.0, (2, 5)))
        payer = np.repeat([0, 1], needs)
        together = leverage_by_payer(both, payer, factors.T[:, payer], rows)
        shuffled = rng.permutation(2 * needs)
        mixed = replace(both, value=both.value[:, shuffled], patients=both.patients[:, shuffled])
        in_any_order = leverage_by_payer(mixed, payer[shuffled], factors.T[:, payer[shuffled]], rows)
        for one in range(2):
            alone = leverage(both.of_columns(slice(one * needs, (one + 1) * needs)), factors[one], rows)
            for name in ("willingness", "patients", "beyond", "largest"):
                np.testing.assert_array_equal(getattr(together[one], name), getattr(alone, name))
                np.testing.assert_allclose(getattr(in_any_order[one], name), getattr(alone, name), rtol=1e-12, atol=1e-14)
            np.testing.assert_array_equal(together[one].diversion.toarray(), alone.diversion.toarray())


def test_joining_by_a_factor_of_one_changes_nothing() -> None:
    cells = draw(2).cells()
    plain, joined = leverage(cells), leverage(cells, np.ones(5))
    np.testing.assert_allclose(joined.willingness, plain.willingness, rtol=1e-12)
    np.testing.assert_allclose(joined.diversion.toarray(), plain.diversion.toarray(), rtol=1e-10)
    np.testing.assert_allclose(joined.largest, plain.largest, rtol=1e-12)


@often
@given(seeds, lams, st.floats(1.0, 20.0))
def test_a_more_attractive_system_is_missed_more(seed: int, lam: float, factor: float) -> None:
    cells = draw(seed, lam).cells()
    plain, joined = leverage(cells), leverage(cells, np.full(5, factor))
    assert (joined.willingness >= plain.willingness - 1e-8).all()
    assert (joined.patients >= plain.patients - 1e-8).all()
    wanted = plain.patients > 1e-3
    if factor > 1.01:
        assert (joined.willingness > plain.willingness)[wanted].all()


def test_without_nests_the_forms_are_those_of_the_textbook() -> None:
    for seed in SEEDS:
        sites = draw(seed, 1.0, 0.05)
        found = leverage(sites.cells())
        part, n = shares(sites, sites.care_beyond())[..., :-1], sites.patients[..., None]
        assert part.max() <= 0.95 + 1e-12  # of all patients: those treated beyond are in the denominator
        patients = (n * part).sum(axis=(0, 1))
        np.testing.assert_allclose(found.willingness, -(n * np.log(1 - part)).sum(axis=(0, 1)), rtol=1e-11)
        np.testing.assert_allclose(found.patients, patients, rtol=1e-11)
        odds = n * part / (1 - part)
        moved = np.einsum("zks,zkj->sj", odds, part)
        np.fill_diagonal(moved, 0.0)
        expected = np.divide(moved, patients[:, None], out=np.zeros_like(moved), where=patients[:, None] > 0)
        np.testing.assert_allclose(found.diversion.toarray(), expected, rtol=1e-10, atol=1e-13)


@often
@given(seeds, lams, st.floats(1e-4, 0.6))
def test_everybody_goes_somewhere(seed: int, lam: float, beyond: float) -> None:
    found = leverage(draw(seed, lam, beyond).cells())
    diversion = found.diversion.toarray()
    # In patients: a share of 1e-9 is what is left of two sums that agree in nine digits.
    moved = found.patients * (diversion.sum(axis=1) + found.beyond)
    np.testing.assert_allclose(moved, found.patients, rtol=1e-9, atol=1e-8)
    assert (diversion.sum(axis=1)[found.patients == 0] == 0).all() and (found.beyond[found.patients == 0] == 0).all()
    assert (diversion >= 0).all() and (found.beyond >= 0).all() and (np.diag(diversion) == 0).all()
    # Who is missed by q patients is worth at least a util to each of them: -ln(1 - S) >= S.
    if lam == 1.0:
        assert (found.willingness >= found.patients - 1e-10).all()
    assert (found.largest <= 1 - beyond + 1e-12).all()


@often
@given(seeds, lams)
def test_everybody_is_treated_once(seed: int, lam: float) -> None:
    sites = draw(seed, lam, 0.1)
    served = inclusive(sites, np.zeros(sites.patients.shape)) > 0
    assert leverage(sites.cells()).patients.sum() == pytest.approx(0.9 * sites.patients[served].sum(), rel=1e-11)


@often
@given(seeds, lams, st.integers(0, 4), st.integers(1, 4))
def test_substitutes_are_missed_more_together_than_apart(seed: int, lam: float, one: int, step: int) -> None:
    sites, other = draw(seed, lam), (one + step) % 5
    apart, together = leverage(sites.cells()), leverage(sites.merged(one, other).cells())
    both = apart.willingness[one] + apart.willingness[other]
    assert together.willingness[one] >= both - 1e-8
    assert together.patients[one] == pytest.approx(apart.patients[one] + apart.patients[other], rel=1e-11)
    others = [s for s in range(5) if s not in (one, other)]
    np.testing.assert_allclose(together.willingness[others], apart.willingness[others], rtol=1e-9, atol=1e-8)
    if apart.diversion[one, other] > 0.01 and apart.patients[one] > 0.01:
        assert together.willingness[one] > both * (1 + 1e-9)


@often
@given(seeds, lams, st.integers(0, 4))
def test_a_rival_more_makes_nobody_harder_to_lose(seed: int, lam: float, entrant: int) -> None:
    sites = draw(seed, lam)
    there = sites.system != entrant
    few = replace(
        sites, zone=sites.zone[there], system=sites.system[there], nest=sites.nest[there], value=sites.value[there]
    )
    # The same care beyond the systems in both, as one more system that everybody sees, in a nest of its own.
    care = sites.care_beyond()
    before, after = leverage(with_outside(few, care)), leverage(with_outside(sites, care))
    for s in range(5):
        if s != entrant:
            assert after.willingness[s] <= before.willingness[s] + 1e-8
            assert after.patients[s] <= before.patients[s] + 1e-8
    # And with the care beyond a fixed share of the patients.
    fixed = leverage(few.cells()).willingness - leverage(sites.cells()).willingness
    assert (np.delete(fixed, entrant) >= -1e-8).all()


def with_outside(sites: Sites, care: np.ndarray) -> Cells:
    zones = len(care)
    return replace(
        sites,
        zone=np.append(sites.zone, np.arange(zones)),
        system=np.append(sites.system, np.full(zones, sites.systems)),
        nest=np.append(sites.nest, np.full(zones, sites.nests)),
        value=np.vstack([sites.value, care ** (1 / sites.lam)]),
        systems=sites.systems + 1,
        nests=sites.nests + 1,
        beyond=0.0,
    ).cells()


@pytest.mark.parametrize("lam", [1.0, 0.5])
def test_care_beyond_is_one_more_system_in_a_nest_of_its_own(lam: float) -> None:
    for seed in SEEDS:
        sites = draw(seed, lam, 0.08)
        found, listed = leverage(sites.cells()), leverage(with_outside(sites, sites.care_beyond()))
        np.testing.assert_allclose(listed.willingness[:5], found.willingness, rtol=1e-9)
        np.testing.assert_allclose(listed.diversion.toarray()[:5, 5], found.beyond, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(listed.diversion.toarray()[:5, :5], found.diversion.toarray(), rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("scale", [1e-120, 1e120])
def test_the_unit_of_values_does_not_matter(scale: float) -> None:
    sites = draw(6)
    plain, scaled = leverage(sites.cells()), leverage(replace(sites, value=sites.value * scale).cells())
    np.testing.assert_allclose(scaled.willingness, plain.willingness, rtol=1e-10)
    np.testing.assert_allclose(scaled.diversion.toarray(), plain.diversion.toarray(), rtol=1e-8, atol=1e-12)


def test_twice_the_patients_twice_the_leverage() -> None:
    sites = draw(6)
    plain, double = leverage(sites.cells()), leverage(replace(sites, patients=2 * sites.patients).cells())
    np.testing.assert_allclose(double.willingness, 2 * plain.willingness, rtol=1e-13)
    np.testing.assert_allclose(double.per_patient, plain.per_patient, rtol=1e-13)
    np.testing.assert_allclose(double.diversion.toarray(), plain.diversion.toarray(), rtol=1e-13)


def of_one_zone(
    system: list[int], nest: list[int], value: list[float], lam: float, beyond: float, systems: int = 2
) -> Sites:
    zone = np.zeros(len(system), dtype=int)
    at = [np.array(part, dtype=int) for part in (system, nest)]
    return Sites(zone, *at, np.array(value).reshape(-1, 1), np.array([[10.0]]), systems, 3, lam, beyond)


@pytest.mark.parametrize("lam", [1.0, 0.7, 0.5])
@pytest.mark.parametrize("nest", [[0], [0, 1, 2], [2, 2]])
def test_a_system_alone_is_worth_the_log_of_what_is_left(nest: list[int], lam: float) -> None:
    found = leverage(of_one_zone([0] * len(nest), nest, [0.3, 2.0, 9.0][: len(nest)], lam, 0.02).cells())
    assert found.willingness == pytest.approx([10 * np.log(1 / 0.02), 0.0], rel=1e-12)
    assert found.patients == pytest.approx([9.8, 0.0], rel=1e-13)
    assert found.beyond == pytest.approx([1.0, 0.0], rel=1e-12)
    assert found.largest == pytest.approx([0.98, 0.0], rel=1e-13)
    assert found.diversion.nnz == 0


def test_a_nest_owned_wholly_leaves_its_patients_to_other_nests() -> None:
    found = leverage(of_one_zone([0, 1], [0, 1], [4.0, 1.0], 0.5, 0.0).cells())
    # I = 4 ** .5 + 1 = 3; system 0 has 2 / 3 of the patients and all of them would go to system 1.
    assert found.patients == pytest.approx([20 / 3, 10 / 3])
    assert found.willingness == pytest.approx([10 * np.log(3), 10 * np.log(1.5)])
    assert found.diversion.toarray() == pytest.approx(np.array([[0.0, 1.0], [1.0, 0.0]]))


def test_a_system_without_a_patient_has_no_leverage() -> None:
    none_wanted = of_one_zone([0, 1], [0, 0], [1.0, 0.0], 0.7, 0.1)
    nobody = replace(none_wanted, value=np.ones((2, 1)), patients=np.zeros((1, 1)))
    for sites, empty in ((none_wanted, [1]), (nobody, [0, 1])):
        found = leverage(sites.cells())
        for part in (found.willingness, found.patients, found.per_patient, found.beyond, found.largest):
            assert np.isfinite(part).all() and (part[empty] == 0).all()
        assert (found.diversion.toarray()[empty] == 0).all() and (found.diversion.toarray()[:, empty] == 0).all()


@pytest.mark.parametrize("systems", [0, 3])
@pytest.mark.parametrize("zones", [0, 2])
def test_without_any_system_or_zone_there_is_nothing(systems: int, zones: int) -> None:
    none = np.zeros(0, dtype=int)
    sites = Sites(none, none, none, np.zeros((0, 2)), np.ones((zones, 2)), systems, 2, 0.7, 0.02)
    found = leverage(sites.cells())
    assert (found.willingness == np.zeros(systems)).all() and (found.per_patient == np.zeros(systems)).all()
    assert found.diversion.shape == (systems, systems) and found.diversion.nnz == 0


@pytest.mark.parametrize("value", [1e-300, 1e-15, 1e15, 1e300])
@pytest.mark.parametrize("lam", [1.0, 0.5])
def test_lopsided_values_stay_finite(value: float, lam: float) -> None:
    found = leverage(of_one_zone([0, 1, 1], [0, 0, 1], [value, 1.0, 1.0], lam, 0.02).cells())
    for part in (found.willingness, found.per_patient, found.beyond, found.diversion.data):
        assert np.isfinite(part).all() and (part >= 0).all()
    assert (found.willingness <= 10 * np.log(1 / 0.02) * (1 + 1e-9)).all()


def test_a_cell_owned_wholly_in_many_nests_is_as_one_owned_in_one_nest() -> None:
    """Where nobody is treated beyond, one who has everything has no finite value and, in one nest, none is reported."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        nest = [0, 1, 2]
        found = leverage(of_one_zone([0] * 3, nest, list(np.exp(rng.normal(0, 2, 3))), 0.5, 0.0).cells())
        assert found.willingness[0] == 0 and found.patients[0] == 0


@pytest.mark.parametrize("lam", [0.3, 0.4])
def test_the_next_best_of_a_tight_nest_counts(lam: float) -> None:
    """A rival worse by two utils (at lam .05) or seven (at .2) is where everybody of the nest would go."""
    worse = 2.0 if lam == 0.05 else 7.0
    sites = of_one_zone([0, 1], [0, 0], [1.0, np.exp(-worse / lam)], lam, 0.0001)
    found = leverage(sites.cells())
    assert found.willingness[0] == pytest.approx(10 * -np.log(0.9999 * np.exp(-worse) + 0.0001), rel=1e-3)
    assert found.diversion.toarray()[0, 1] > 0.8
