"""Why bargaining is over treated patients alone: with untreated ones at the table, mergers cut prices and entry raises them.

The table of methods 2d, made again: six systems, all 15 mergers of two, costs of 7,000 to 9,000 dollars, ``tau`` of 6,000
and 15,000 dollars. The untreated are care beyond all systems that costs the payer nothing (a reference price of 0); the
more of them there are, the lower the row sums of D over systems.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from oncsim.competition.leverage import Leverage, leverage
from oncsim.competition.merger import merge
from oncsim.competition.nash import Table, negotiate

from .small_markets import Sites, full_draw

MARKETS = 10
UNTREATED = {0.30: 0.61, 0.62: 0.28, 0.80: 0.14, 0.99: 0.007, 1.00: 0.0}  # share untreated at each row sum
SETTINGS = [(6000.0, 0.3), (6000.0, 0.5), (15000.0, 0.3), (15000.0, 0.5)]


def market(seed: int, systems: int, untreated: float) -> Sites:
    """Return many places that differ in which systems are liked, and as many patients in each as it happens."""
    return full_draw(seed, zones=20, systems=systems, spread=1.2, beyond=untreated)


def costs(seed: int, systems: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(7000.0, 9000.0, systems)


def nash(found: Leverage, cost: np.ndarray, weight: float, value: float) -> np.ndarray:
    """Solve ``(I - b D) p = (1 - b) c + b tau W / q``, nothing paid for those who go untreated."""
    diversion = found.diversion.toarray()
    return np.linalg.solve(np.eye(len(cost)) - weight * diversion, (1 - weight) * cost + weight * value * found.per_patient)


@dataclass(frozen=True)
class Row:
    """A row of the table: relative changes of the parties' price by (tau, b), gains in W, row sums of D."""

    change: dict[tuple[float, float], np.ndarray]
    willingness: np.ndarray
    row_sum: float

    def cutting(self, value: float, weight: float) -> float:
        return float((self.change[value, weight] < 0).mean())


@cache
def row(untreated: float) -> Row:
    change: dict[tuple[float, float], list[float]] = {key: [] for key in SETTINGS}
    willingness, row_sums = [], []
    for seed in range(MARKETS):
        cells, cost = market(seed, 6, untreated).cells(), costs(seed, 6)
        apart = leverage(cells)
        row_sums.append(apart.diversion.sum(axis=1).mean())
        price = {(value, weight): nash(apart, cost, weight, value) for value, weight in SETTINGS}
        for a, b in combinations(range(6), 2):
            owner = np.where(np.arange(6) == b, a, np.arange(6))
            together = leverage(cells.owned(owner))
            willingness.append(together.willingness[a] / apart.willingness[[a, b]].sum() - 1)
            q, merged = apart.patients[[a, b]], cost.copy()
            merged[a] = q @ cost[[a, b]] / q.sum()
            for (value, weight), before in price.items():
                after = nash(together, merged, weight, value)[a]
                change[value, weight].append(after * q.sum() / (q @ before[[a, b]]) - 1)
    return Row({key: np.array(part) for key, part in change.items()}, np.array(willingness), float(np.mean(row_sums)))


@pytest.mark.parametrize("row_sum", UNTREATED)
def test_the_rows_are_those_of_the_table(row_sum: float) -> None:
    assert row(UNTREATED[row_sum]).row_sum == pytest.approx(row_sum, abs=0.015)


@pytest.mark.parametrize(
    ("row_sum", "value", "weight", "least", "most"),
    [
        (0.30, 6000, 0.3, 1.0, 1.0),
        (0.30, 6000, 0.5, 1.0, 1.0),
        (0.30, 15000, 0.3, 0.6, 1.0),
        (0.30, 15000, 0.5, 1.0, 1.0),
        (0.62, 6000, 0.3, 0.8, 1.0),
        (0.62, 6000, 0.5, 0.95, 1.0),
        (0.62, 15000, 0.3, 0.0, 0.0),
        (0.62, 15000, 0.5, 0.0, 0.25),
        (0.80, 6000, 0.3, 0.0, 0.1),
        (0.80, 6000, 0.5, 0.0, 0.3),
        *[(row_sum, value, weight, 0.0, 0.0) for row_sum in (0.99, 1.00) for value, weight in SETTINGS],
    ],
)
def test_the_part_of_mergers_that_cut_prices(row_sum: float, value: float, weight: float, least: float, most: float) -> None:
    assert least <= row(UNTREATED[row_sum]).cutting(value, weight) <= most


@pytest.mark.parametrize(("value", "weight"), SETTINGS)
def test_the_fewer_untreated_at_the_table_the_fewer_mergers_cut_prices(value: float, weight: float) -> None:
    parts = [row(untreated).cutting(value, weight) for untreated in UNTREATED.values()]
    means = [row(untreated).change[value, weight].mean() for untreated in UNTREATED.values()]
    assert parts == sorted(parts, reverse=True) and parts[0] > parts[-1] == 0
    assert means == sorted(means) and means[0] < 0 < means[-1]


def test_among_the_treated_mergers_raise_prices_by_a_few_per_cent() -> None:
    found = row(0.0)
    assert found.willingness.min() > 0 and found.willingness.mean() == pytest.approx(0.11, abs=0.02)
    for key in SETTINGS:
        assert found.change[key].min() > 0 and found.change[key].max() < 0.25
        assert 0.015 < found.change[key].mean() < 0.06


@pytest.mark.parametrize("untreated", [0.61, 0.28, 0.0])
def test_the_package_says_the_same(untreated: float) -> None:
    cells, cost = market(0, 6, untreated).cells(), costs(0, 6)
    on = Table(cost, np.full(6, 0.5), 6000.0, 0.0)
    expected = iter(row(untreated).change[6000.0, 0.5])
    for a, b in combinations(range(6), 2):
        found = merge(cells, on, 1.0, np.full(6, 9000.0), a, b)
        assert found.party_change(found.price_before, found.price_after) == pytest.approx(next(expected), abs=1e-9)


@pytest.mark.parametrize(("value", "weight"), SETTINGS)
def test_a_few_beyond_whom_the_payer_pays_for_cut_no_price(value: float, weight: float) -> None:
    """As the model does it: everybody is treated, a few beyond the systems listed, at what care costs on average."""
    for seed in range(3):
        cells, cost = market(seed, 6, 0.02).cells(), costs(seed, 6)
        usual = float(nash(leverage(market(seed, 6, 0.0).cells()), cost, weight, value).mean())
        on = Table(cost, np.full(6, weight), value, usual)
        assert negotiate(leverage(cells), on, cost).agreed.all()
        for a, b in combinations(range(6), 2):
            found = merge(cells, on, 1.0, np.full(6, usual), a, b)
            assert found.party_change(found.price_before, found.price_after) > 0


@cache
def entry(untreated: float) -> tuple[float, float]:
    """Return in what part of cases a seventh system raises an incumbent's price, by Nash (tau 15,000, b .5) and by W / q."""
    nash_up, passed_up = [], []
    for seed in range(40):
        after, cost = market(seed, 7, untreated), costs(seed, 7)
        # The untreated as one more choice that costs nothing, the same with and without the entrant.
        care = np.zeros(len(after.patients))
        old = after.system < 6
        np.add.at(care, after.zone[old], after.value[old, 0] * untreated / (1 - untreated))
        every = np.arange(len(care))

        def among(kept: np.ndarray, sites: Sites = after, care: np.ndarray = care, every: np.ndarray = every) -> Leverage:
            return leverage(
                Sites(
                    np.append(sites.zone[kept], every),
                    np.append(sites.system[kept], np.full(len(care), 7)),
                    np.zeros(kept.sum() + len(care), dtype=int),
                    np.vstack([sites.value[kept], care[:, None]]),
                    sites.patients,
                    8,
                    1,
                    1.0,
                    0.0,
                ).cells()
            )

        for kept, here in ((old, 6), (np.ones_like(old), 7)):
            found = among(kept)
            system = Leverage(
                found.willingness[:here],
                found.patients[:here],
                found.diversion[:here, :here],
                found.beyond[:here],
                found.largest[:here],
            )
            price, passed = nash(system, cost[:here], 0.5, 15000.0)[:6], system.per_patient[:6]
            nash_up.append(price)
            passed_up.append(passed)
    nash_rise = np.array(nash_up[1::2]) > np.array(nash_up[::2])
    passed_rise = np.array(passed_up[1::2]) > np.array(passed_up[::2])
    return float(nash_rise.mean()), float(passed_rise.mean())


def test_entry_lowers_prices_of_the_treated_but_for_who_is_left() -> None:
    """Those left after entry are the hardest to move, so a few incumbents are missed more a patient, and only that."""
    nash_part, passed_part = entry(0.0)
    assert nash_part <= 0.15 and passed_part <= 0.15


def test_with_the_untreated_at_the_table_entry_would_raise_prices() -> None:
    assert entry(0.61)[0] == 1.0 and entry(0.14)[0] > 0.9
    assert entry(0.61)[1] <= 0.15  # a pass-through of W knows nothing of what the payer saves
    parts = [entry(untreated)[0] for untreated in UNTREATED.values()]
    assert parts == sorted(parts, reverse=True)


@pytest.mark.parametrize("lam", [1.0, 0.6])
def test_in_one_place_an_entrant_always_lowers_what_a_patient_is_worth(lam: float) -> None:
    for seed in range(60):
        after = full_draw(seed, systems=7, lam=lam, nests=3)
        old = after.system < 6
        before = Sites(
            after.zone[old], after.system[old], after.nest[old], after.value[old], after.patients, 7, 3, lam, after.beyond
        )
        assert (leverage(after.cells()).per_patient < leverage(before.cells()).per_patient)[:6].all()
