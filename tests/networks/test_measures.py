"""The shape of networks against counting by hand and by brute force."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import networks_by_hand as by_hand
from oncsim.networks.choice import choose, open_tables
from oncsim.networks.measures import COLUMNS, FORM_COLUMNS, betweenness, by_quarter, partners_of, shape_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return by_hand.write_run(tmp_path / "run")


def test_every_quarter_of_the_run_by_hand(folder: Path) -> None:
    measures, forms = by_quarter(open_tables(folder, 0, choose(folder)))
    assert tuple(measures.columns) == COLUMNS and tuple(forms.columns) == FORM_COLUMNS
    first, last = measures.to_dict("records")
    # P1 and P2 with S1; of 11 that treat patients 8 have no tie (P7 still treats them).
    assert (first["organisations"], first["ties"], first["degree_max"], first["bridges"]) == (3, 2, 2, 2)
    assert first["degree_mean"] == pytest.approx(4 / 3)
    assert (first["providers"], first["share_isolated"]) == (11, pytest.approx(8 / 11))
    # Nine ties but eight pairs: P1 and S1 have two.
    assert (last["organisations"], last["ties"], last["degree_max"]) == (9, 9, 4)
    assert last["degree_mean"] == pytest.approx(2 * 8 / 9)
    # Of ten that treat patients P6, P8 and S2 have no tie in force; the network and the bought practice do not count.
    assert (last["providers"], last["share_isolated"]) == (10, pytest.approx(0.3))
    assert (last["components"], last["largest_component_share"]) == (2, pytest.approx(6 / 9))
    assert (last["bridges"], last["inner_bridges"], last["articulation_points"]) == (5, 1, 3)
    now = forms[forms["quarter"] == "2026Q2"].set_index("form")["ties"].to_dict()
    assert now == {
        **{"referral": 3, "clinical_affiliation": 1, "inpatient_coverage": 1, "joint_venture": 1},
        **{"network_membership": 2, "acquisition": 1},
    }
    assert forms.groupby("quarter")["share"].sum().tolist() == pytest.approx([1, 1])


def test_replicate_without_ties_has_rows_of_nothing(folder: Path) -> None:
    measures, forms = by_quarter(open_tables(folder, 1, choose(folder)))
    assert measures["ties"].tolist() == measures["components"].tolist() == measures["bridges"].tolist() == [0, 0]
    assert measures["share_isolated"].tolist() == [1, 1]
    assert measures[["degree_mean", "modularity", "largest_component_share"]].isna().all(axis=None)
    assert forms.empty


def test_market_has_its_own_ties_and_providers(folder: Path) -> None:
    far, _ = by_quarter(open_tables(folder, 0, choose(folder, market="far")))
    assert far["organisations"].tolist() == [0, 3]
    assert far["providers"].tolist() == [2, 2]
    assert far["share_isolated"].tolist() == [1, 0]
    near, _ = by_quarter(open_tables(folder, 0, choose(folder, market="near")))
    assert near["organisations"].tolist() == [3, 6]


def test_order_of_rows_changes_nothing(folder: Path, tmp_path: Path) -> None:
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in by_hand.tables().items()}
    other = by_hand.write_run(tmp_path / "other", **shuffled)
    one, two = (by_quarter(open_tables(place, 0, choose(place))) for place in (folder, other))
    for left, right in zip(one, two, strict=True):
        pd.testing.assert_frame_equal(left, right)


PAIRS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=14)


@settings(max_examples=80, deadline=None)
@given(PAIRS)
def test_shape_is_what_brute_force_finds(pairs: list[tuple[int, int]]) -> None:
    nodes = [f"n{i}" for i in range(9)]
    linked = sorted({(f"n{min(a, b)}", f"n{max(a, b)}") for a, b in pairs if a != b})
    partners = partners_of(pairs, 9)
    shape = shape_of(partners)
    assert shape.components == sorted(map(len, by_hand.parts(nodes, linked)), reverse=True)
    expected = by_hand.bridges(nodes, linked)
    assert {frozenset((f"n{a}", f"n{b}")) for a, b in shape.bridges} == expected
    assert {f"n{i}" for i in shape.articulation_points} == by_hand.joining(nodes, linked)
    degree = {node: sum(node in pair for pair in linked) for node in nodes}
    assert shape.inner_bridges == sum(all(degree[end] > 1 for end in pair) for pair in expected)
    assert dict(zip(nodes, betweenness(partners), strict=True)) == pytest.approx(by_hand.between(nodes, linked))
    community = dict(zip(nodes, shape.community, strict=True))
    if linked:
        assert shape.modularity == pytest.approx(by_hand.modularity(nodes, linked, community))
        assert shape.modularity >= -1e-9  # never worse than one community
    else:
        assert np.isnan(shape.modularity)
    for part in by_hand.parts(nodes, linked):
        others = [node for node in nodes if node not in part]
        assert not {community[node] for node in part} & {community[node] for node in others}
    sizes = np.bincount(shape.community)
    assert (np.diff(sizes) <= 0).all() and sizes.min() > 0  # numbered from 0, the largest first


def test_two_rings_with_one_tie_between_are_two_communities() -> None:
    rings = [(i, (i + 1) % 5) for i in range(5)] + [(i, (i + 2) % 5) for i in range(5)]
    pairs = [*rings, *((a + 5, b + 5) for a, b in rings), (0, 5)]
    shape = shape_of(partners_of(pairs, 10))
    assert shape.community == [0] * 5 + [1] * 5
    assert (shape.bridges, shape.inner_bridges, shape.articulation_points) == ({(0, 5)}, 1, {0, 5})


def test_large_graphs_are_sampled_the_same_way_each_time() -> None:
    pairs = [(i, (i * 7 + 1) % 700) for i in range(700)] + [(i, i + 1) for i in range(699)]
    partners = partners_of(pairs, 700)
    assert betweenness(partners) == betweenness(partners)
    assert shape_of(partners).community == shape_of(partners).community
