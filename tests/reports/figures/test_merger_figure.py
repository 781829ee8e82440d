"""The figure of a deal: what it draws, in every kind of market, and nothing over anything else."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from markets import METRO, start, tiny_market
from oncsim.cli.merger_tables import lines_of
from oncsim.mergers import MergerAnalysis, merger_analysis
from oncsim.model import OncologyMarket
from oncsim.reports import figures
from oncsim.reports.figures.layout import overlaps
from oncsim.reports.figures.style import to_bytes

PAYERS = ("medicare_advantage", "commercial")


@cache
def model(name: str) -> OncologyMarket:
    found = {"metro": lambda: start(2, METRO), "wisconsin": lambda: start(2, {"source": "embedded", "states": ["WI"]})}[
        name
    ]()
    found.step()
    return found


@cache
def deal(name: str, one: str, other: str) -> MergerAnalysis:
    return merger_analysis(model(name), one, other)


DEALS = [
    ("metro", "S1", "S2"),
    ("metro", "S1", "P03"),
    ("metro", "N01", "P03"),
    ("wisconsin", "largest_system", "largest_practice"),
    ("wisconsin", "largest_academic_center", "largest_system"),
]


@pytest.mark.parametrize("which", DEALS, ids=" ".join)
def test_bars_are_the_numbers_of_the_analysis(which: tuple[str, str, str]) -> None:
    found = deal(*which)
    figure = figures.merger(found)
    assert isinstance(figure, Figure)
    concentration, turn, price, zones = figure.axes
    dots = [tuple(line.get_data()) for line in concentration.lines]
    assert sorted((float(x[0]), float(y[0])) for x, y in dots) == sorted(
        (market.hhi_after, max(market.change, 0.0)) for market in found.markets
    )
    commercial = found.payer("commercial")
    ratios = [ratio for party in (commercial.one, commercial.other) for ratio in turns(party)]
    assert widths(turn) == pytest.approx(ratios)
    stacked = []
    for payer in ("commercial", "medicare_advantage"):
        for effect in found.payer(payer).effects.values():
            stacked += [effect.leverage_alone, effect.level - effect.leverage_alone]
    assert widths(price) == pytest.approx(stacked)
    assert widths(zones) == pytest.approx([share for zone in found.overlaps for share in (zone.share_one, zone.share_other)])


def turns(party: object) -> list[float]:
    return sorted([party.diversion, *(rival.ratio for rival in party.rivals)], reverse=True)  # type: ignore[attr-defined]


def widths(axes: object) -> list[float]:
    bars = [one for one in axes.containers if isinstance(one, BarContainer)]  # type: ignore[attr-defined]
    return [float(patch.get_width()) for one in bars for patch in one.patches]


@pytest.mark.parametrize("which", DEALS, ids=" ".join)
def test_no_words_lie_over_others_or_outside(which: tuple[str, str, str]) -> None:
    figure = figures.merger(deal(*which))
    to_bytes(figure, "png")  # places everything
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = []
    for text in drawn(figure):
        box, inside = text.get_window_extent(renderer), figure.bbox
        assert inside.x0 - 1 <= box.x0 and box.x1 <= inside.x1 + 1, text.get_text()
        assert inside.y0 - 1 <= box.y0 and box.y1 <= inside.y1 + 1, text.get_text()
        boxes.append((text, (box.x0 + 1, box.y0 + 1, box.x1 - 1, box.y1 - 1)))
    screens = [text for text, _ in boxes if text.get_text().startswith("screen of")]
    assert len(screens) == 2
    for number, (one, box) in enumerate(boxes):
        for other, against in boxes[number + 1 :]:
            # A market may stand where the name of a screen is: it is drawn over it with a halo.
            named = isinstance(one, Annotation) and (one in screens or other in screens)
            assert named or not overlaps(box, against), (one.get_text(), other.get_text())


def drawn(figure: Figure) -> list[Text]:
    """Every text that is seen: labels of ticks beyond the axes are not."""
    found = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for axes in figure.axes:
        found += [*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label]
        found += axes.get_legend().get_texts() if axes.get_legend() else []
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            ticks = [tick for tick in axis.get_major_ticks() if min(low, high) <= tick.get_loc() <= max(low, high)]
            found += [tick.label1 for tick in ticks]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


@pytest.mark.parametrize("which", DEALS, ids=" ".join)
def test_the_same_deal_gives_the_same_bytes(which: tuple[str, str, str]) -> None:
    one, two = (to_bytes(figures.merger(deal(*which)), "svg") for _ in range(2))
    assert one == two
    assert b"</svg>" in one


def test_screens_are_drawn_where_the_law_has_them() -> None:
    found = deal("wisconsin", "largest_system", "largest_practice")
    regions = list(figures.merger(found).axes[0].patches)
    corners = [(patch.get_x(), patch.get_y()) for patch in regions]  # type: ignore[attr-defined]
    assert corners == [(1800.0, 100.0), (2500.0, 200.0)]
    crossing = {market.name for market in found.markets if {"2010", "2023"} & set(market.crossed)}
    assert crossing
    texts = {text.get_text() for text in figures.merger(found).axes[0].texts}
    assert crossing <= texts


def test_real_names_come_with_a_word_of_caution() -> None:
    from dataclasses import replace

    found = deal("metro", "S1", "S2")
    real = replace(found, notes=("names come from the tables, what organisations do here is simulated",))
    notes = [[text.get_text() for text in figures.merger(one).texts] for one in (found, real)]
    assert not any("Names are real" in text for text in notes[0])
    assert any("Names are real, deeds are simulated" in text for text in notes[1])


@pytest.mark.parametrize("seed", range(6))
def test_every_deal_of_tiny_markets_can_be_told_and_drawn(seed: int) -> None:
    """Parties without patients of a payer, zones without people, one market or none in common."""
    tiny = start(2, tiny_market(seed, zones=3, systems=2, centers=seed % 2, practices=3))
    tiny.step()
    orgs = tiny.orgs
    size = np.bincount(orgs.top_owner()[tiny.sites.org], weights=tiny.sites.starts.sum(axis=1), minlength=len(orgs))
    parties = [str(orgs.id[row]) for row in np.flatnonzero(size > 0)]
    drawn = 0
    for one in parties:
        for other in parties:
            if one != other:
                found = merger_analysis(tiny, one, other)
                text = list(lines_of(found, PAYERS))
                assert max(len(line) for line in text) <= 110
                assert not any("nan" in line.split() or "inf" in line.split() for line in text)
                if drawn < 6:
                    assert to_bytes(figures.merger(found), "svg")
                    drawn += 1
    assert drawn > 1
