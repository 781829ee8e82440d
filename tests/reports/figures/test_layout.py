from __future__ import annotations

import numpy as np
import pytest

from oncsim.reports.figures.layout import overlaps, spring_layout


@pytest.mark.parametrize("nodes", [0, 1, 2, 7, 60])
def test_positions_stay_in_the_unit_square_and_apart(nodes: int) -> None:
    at = spring_layout(nodes, [(i, i + 1) for i in range(nodes - 1)])
    assert at.shape == (nodes, 2)
    assert ((at >= 0) & (at <= 1)).all()
    gaps = np.linalg.norm(at[:, None] - at[None], axis=-1)[~np.eye(nodes, dtype=bool)]
    assert gaps.size == 0 or gaps.min() > 0.01


def test_linked_nodes_lie_nearer_than_others() -> None:
    groups = [list(range(10)), list(range(10, 20))]
    edges = [(a, b) for group in groups for a in group for b in group if a < b]
    at = spring_layout(20, edges)
    gaps = np.linalg.norm(at[:, None] - at[None], axis=-1)
    assert gaps[:10, :10].mean() < 0.5 * gaps[:10, 10:].mean()


def test_the_same_graph_always_looks_the_same() -> None:
    edges = [(0, 3), (1, 4), (2, 4)]
    assert (spring_layout(6, edges) == spring_layout(6, edges)).all()


def test_boxes_overlap_only_where_they_share_area() -> None:
    assert overlaps((0, 0, 2, 2), (1, 1, 3, 3))
    assert not overlaps((0, 0, 1, 1), (1, 0, 2, 1))
