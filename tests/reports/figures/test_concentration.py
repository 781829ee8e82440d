"""The figure of concentration: draws whatever a market holds, names that cover nothing, the same bytes twice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from oncsim.market_structure import MarketConcentration, OneMarket, OneSystem, OverMarkets
from oncsim.reports.figures.concentration import LABELLED, LISTED, concentration
from oncsim.reports.figures.layout import overlaps
from oncsim.reports.figures.style import to_bytes

NAN = float("nan")
KINDS = ("practice", "health_system", "academic_center")


def made_up(markets: int = 12, systems: int = 40, seed: int = 0) -> MarketConcentration:
    rng = np.random.default_rng(seed)
    hhi = rng.uniform(300, 10_000, markets)
    some = tuple(
        OneMarket(
            f"m{i}",
            f"A metropolitan area of some name, number {i}",
            float(rng.uniform(10, 5_000)),
            4,
            float(hhi[i]),
            float(hhi[i] * 1.1),
            float(rng.uniform(300, 9_000)),
            0.9,
            "o0",
            "Owner 0",
            0.4,
            bool(hhi[i] > 1800),
        )
        for i in range(markets)
    )
    worth, patients = 15_000 * rng.lognormal(0.1, 0.3, systems), np.sort(rng.lognormal(4, 1.3, systems))[::-1]
    held = tuple(
        OneSystem(
            f"o{i}",
            f"Organisation {i} with a long name of Somewhere $1",
            KINDS[i % 3],
            float(patients[i]),
            0.1,
            {"commercial": float(worth[i]), "medicare_advantage": float(worth[i] / 7)},
            float(0.9 + 0.2 * (i % 3) + rng.normal(0, 0.02)),
            0.3,
            "Zone",
            (),
        )
        for i in range(systems)
    )
    nothing = OverMarkets(NAN, NAN, NAN, NAN)
    numbers = {"screen": 1800.0, "screen_change": 100.0, "hhi_flow_predicted": NAN, "hhi_flow_site": NAN}
    return MarketConcentration(
        scenario="trial",
        quarter="2026Q1",
        market_type="",
        bargained=True,
        patients=1.0,
        markets=some,
        mean=nothing,
        median=nothing,
        willingness={},
        willingness_least={},
        systems=held,
        **numbers,
    )


def unknown(found: MarketConcentration) -> MarketConcentration:
    """Return the same without flows, commercial patients or one of the markets."""
    markets = tuple(replace(one, hhi_flow=NAN) for one in found.markets)
    markets += (replace(markets[0], patients=0.0, hhi=NAN, mhhi=NAN),)
    worth = {"commercial": NAN, "medicare_advantage": NAN}
    return replace(
        found, markets=markets, systems=tuple(replace(one, willingness=worth, level=NAN) for one in found.systems)
    )


def alike(found: MarketConcentration) -> MarketConcentration:
    same = {"commercial": 15_000.0, "medicare_advantage": 2_000.0}
    return replace(found, systems=tuple(replace(one, willingness=same, level=1.0) for one in found.systems))


def worthless(found: MarketConcentration) -> MarketConcentration:
    nothing = {"commercial": 0.0, "medicare_advantage": 0.0}
    return replace(found, systems=tuple(replace(one, willingness=nothing) for one in found.systems))


CASES = {
    "list": made_up(),
    "longest list": made_up(LISTED),
    "histogram": made_up(LISTED + 1),
    "many": made_up(400, 1_200),
    "one": made_up(1, 1),
    "unknown": unknown(made_up(3)),
    "unknown in a histogram": unknown(made_up(60)),
    "alike": alike(made_up()),
    "worthless": worthless(made_up()),
    "high screen": replace(made_up(), screen=9_000.0),
    "no systems": replace(made_up(), systems=()),
    "nobody": replace(made_up(), markets=(), systems=()),
}


@pytest.mark.parametrize("case", CASES)
def test_draws_whatever_the_market_holds(case: str) -> None:
    figure = concentration(CASES[case])
    assert isinstance(figure, Figure)
    assert to_bytes(figure, "png").startswith(b"\x89PNG")


def test_two_drawings_are_equal_to_the_last_byte() -> None:
    for form in ("png", "svg"):
        assert to_bytes(concentration(CASES["list"]), form) == to_bytes(concentration(CASES["list"]), form)


def boxes(texts: Sequence[object]) -> list[tuple[float, float, float, float]]:
    found = []
    for text in texts:
        extent = text.get_window_extent()  # type: ignore[attr-defined]
        found.append((extent.x0, extent.y0, extent.x1, extent.y1))
    return found


@pytest.mark.parametrize("case", ["list", "histogram", "alike", "one"])
@pytest.mark.parametrize("seed", range(3))
def test_names_of_systems_cover_neither_marks_nor_each_other(case: str, seed: int) -> None:
    found = CASES[case] if seed == 0 else replace(CASES[case], systems=made_up(seed=seed).systems)
    figure = concentration(found)
    to_bytes(figure, "png")
    axes = figure.axes[1]
    names = boxes(axes.texts)
    assert 0 < len(names) <= LABELLED
    frame = axes.get_window_extent()
    for i, one in enumerate(names):
        assert frame.x0 - 1 <= one[0] and one[2] <= frame.x1 + 1 and frame.y0 - 1 <= one[1] and one[3] <= frame.y1 + 1
        assert not any(overlaps(one, other) for other in names[i + 1 :])
    marks = axes.collections[0]
    middles = axes.transData.transform(marks.get_offsets())
    for x, y in middles:
        assert not any(box[0] < x < box[2] and box[1] < y < box[3] for box in names)


def test_markets_are_listed_by_concentration_with_the_screen_as_a_line() -> None:
    found = CASES["list"]
    axes = concentration(found).axes[0]
    ordered = sorted(found.markets, key=lambda one: one.hhi)
    short = [f"{one.name[:39].rstrip()}…" if len(one.name) > 40 else one.name for one in ordered]
    assert [label.get_text() for label in axes.get_yticklabels()] == short
    drawn = {line.get_marker(): line.get_xdata() for line in axes.lines if line.get_marker() in ("o", "D", "|")}
    assert list(drawn["o"]) == [one.hhi for one in ordered]
    assert list(drawn["D"]) == [one.mhhi for one in ordered]
    assert list(drawn["|"]) == [one.hhi_flow for one in ordered]
    assert any(list(line.get_xdata()) == [1800.0, 1800.0] for line in axes.lines)
    assert axes.get_xlim()[1] >= max(one.mhhi for one in ordered)


def test_the_histogram_weighs_markets_by_their_patients() -> None:
    found = CASES["histogram"]
    axes = concentration(found).axes[0]
    parts, edges, _ = axes.patches[0].get_data()
    total = sum(one.patients for one in found.markets)
    below = sum(one.patients for one in found.markets if one.hhi < edges[4]) / total
    assert math.isclose(parts[:4].sum(), below)
    assert math.isclose(parts.sum(), 1.0)


def test_labels_of_the_money_axis_do_not_touch() -> None:
    for case, spread in (("list", 1.0), ("list", 1.02), ("list", 40.0), ("one", 1.0)):
        found = CASES[case]
        first = found.systems[0]
        much = replace(first, willingness={**first.willingness, "commercial": 15_000.0 * spread})
        figure = concentration(replace(found, systems=(much, *found.systems[1:])))
        to_bytes(figure, "png")
        labels = boxes([label for label in figure.axes[1].get_xticklabels() if label.get_text()])
        assert len(labels) >= 2
        assert all(left[2] < right[0] for left, right in pairwise(labels))
