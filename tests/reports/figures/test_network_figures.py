"""Figures of networks: what they draw in every layout, nothing over anything else, and the same twice."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

import networks_by_hand as by_hand
import oncsim
from oncsim.networks.choice import choose, open_tables
from oncsim.networks.measures import by_quarter
from oncsim.reports import figures
from oncsim.reports.figures.layout import overlaps, shifted_apart
from oncsim.reports.figures.network_map import width_of
from oncsim.reports.figures.network_springs import springs
from oncsim.reports.figures.style import to_bytes

LAYOUTS = [("geography", False), ("geography", True), ("spring", False)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return by_hand.write_run(tmp_path / "run")


@pytest.fixture
def graph(folder: Path) -> Any:
    return oncsim.network(folder)


def drawn(graph: Any, layout: str = "geography", plane: bool = False) -> Figure:
    figure = figures.tie_map(graph, by_hand.tables()["zones"], plane, layout)
    to_bytes(figure, "png")  # places everything
    return figure


def circles(figure: Figure) -> PathCollection:
    (found,) = [one for one in figure.axes[0].collections if isinstance(one, PathCollection)]
    return found


@pytest.mark.parametrize(("layout", "plane"), LAYOUTS)
def test_every_organisation_and_tie_is_drawn_once(graph: Any, layout: str, plane: bool) -> None:
    figure = drawn(graph, layout, plane)
    lines = [one for one in figure.axes[0].collections if isinstance(one, LineCollection)]
    assert sum(len(one.get_segments()) for one in lines) == 9
    assert len(circles(figure).get_offsets()) == 9
    assert figure.axes[0].get_title(loc="left") == "Ties in force, 2026Q2: 9 organisations, 9 ties"
    legend = [text.get_text() for one in figure.legends for text in one.get_texts()]
    assert {"Referral", "Joint venture", "Acquisition", "Practices", "Networks", "trust 0.5"} <= set(legend)
    assert "Employer bundle" not in legend and "Payers" not in legend


@pytest.mark.parametrize(("layout", "plane"), LAYOUTS)
def test_no_name_lies_over_another_or_over_a_circle(graph: Any, layout: str, plane: bool) -> None:
    figure = drawn(graph, layout, plane)
    axes = figure.axes[0]
    names = [text for text in axes.texts if "of <Here>" in text.get_text()]
    assert {text.get_text()[:2] for text in names} == {"P1", "P2", "P3", "P4", "P5", "S1", "A1"}
    boxes = [_box(text, figure) for text in names]
    centres = axes.transData.transform(circles(figure).get_offsets())
    radii = np.sqrt(circles(figure).get_sizes() / np.pi) * figure.dpi / 72
    marks = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(centres, radii, strict=True)]
    for i, box in enumerate(boxes):
        assert not any(overlaps(box, other) for other in [*boxes[:i], *marks])
    legends = [one.get_window_extent() for one in figure.legends]
    for one, other in pairwise(legends):
        assert one.y0 >= other.y1 - 1
    assert legends[-1].y0 >= 0 and legends[0].y1 <= axes.get_window_extent().y0 + 1


def _box(text: Text, figure: Figure) -> tuple[float, float, float, float]:
    extent = text.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
    return extent.x0, extent.y0, extent.x1, extent.y1


def test_wider_means_more_trust_and_sizes_follow_patients(graph: Any) -> None:
    figure = drawn(graph)
    widths = width_of(np.array([0.1, 0.5, 0.9, np.nan]))
    assert (np.diff(widths[:3]) > 0).all() and widths[0] < widths[3] < widths[2]
    sizes = circles(figure).get_sizes()
    assert (np.diff(sizes) <= 0).all() and sizes[0] > sizes[-1]


def test_circles_of_one_place_are_moved_apart_inside_the_frame() -> None:
    at = np.full((6, 2), 50.0)
    moved = shifted_apart(at, np.full(6, 5.0), (0.0, 0.0, 100.0, 100.0))
    gaps = np.sqrt(((moved[:, None] - moved[None]) ** 2).sum(axis=-1))[np.triu_indices(6, 1)]
    assert gaps.min() >= 10 - 1e-3
    assert (moved >= 5).all() and (moved <= 95).all()
    apart = np.array([[10.0, 10.0], [80.0, 80.0]])
    assert shifted_apart(apart, np.full(2, 5.0), (0.0, 0.0, 100.0, 100.0)) == pytest.approx(apart, abs=0.01)


def test_springs_hold_large_networks_in_the_frame() -> None:
    import networkx as nx

    graph = nx.Graph([(f"a{i:03}", f"a{(i * 7 + 1) % 450:03}") for i in range(450)] + [("x", "y"), ("y", "z")])
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    at = springs(graph, 1.4)
    assert (at >= 0).all() and (at[:, 0] <= 1.4).all() and (at[:, 1] <= 1).all()
    assert (at == springs(graph, 1.4)).all()


def test_states_off_the_mainland_have_their_own_part(graph: Any) -> None:
    zones = by_hand.tables()["zones"]
    north = pd.DataFrame([("3", "Ice, AK", 61.2, -149.9, "north", 1e5, 900.0)], columns=zones.columns)
    graph.nodes["P5"].update(lat=61.2, lon=-149.9)
    figure = figures.tie_map(graph, pd.concat([zones, north]))
    to_bytes(figure, "png")
    inset = figure.axes[0].child_axes[0]
    assert inset.get_title(loc="left") == "Alaska (own scale)"
    assert "1 tie between these parts not drawn" in [text.get_text() for text in figure.axes[0].texts]


def test_network_without_ties_is_said(folder: Path) -> None:
    figure = drawn(oncsim.network(folder, "2026Q1", market="far"))
    assert [text.get_text() for text in figure.texts] == ["No ties in force in 2026Q1."]


def test_over_time_shows_what_the_tables_hold(folder: Path) -> None:
    measures, forms = by_quarter(open_tables(folder, 0, choose(folder)))
    figure = figures.network_over_time(measures, forms)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        *("Partners of an organisation", "Providers without a tie", "Communities and separate parts", "Modularity"),
        *("Bridges", "What ties are"),
    ]
    heights = [list(line.get_ydata()) for line in figure.axes[4].lines[:3]]
    assert heights == [measures[name].tolist() for name in ("bridges", "inner_bridges", "articulation_points")]
    assert to_bytes(figure, "png") == to_bytes(figures.network_over_time(measures, forms), "png")
