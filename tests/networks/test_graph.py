"""The graph of a quarter: who is in it and with what, in Python and as GraphML."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

import networks_by_hand as by_hand
import oncsim
from oncsim.errors import InputError
from oncsim.networks.writing import graphml


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return by_hand.write_run(tmp_path / "run")


@pytest.fixture
def graph(folder: Path) -> Any:
    return oncsim.network(folder)


def test_nodes_are_organisations_with_ties_in_force(graph: Any) -> None:
    assert isinstance(graph, nx.MultiGraph)
    assert list(graph) == by_hand.NODES
    assert graph.graph == {"scenario": "by_hand", "quarter": "2026Q2", "replicate": 0, "market": "all", "forms": "all"}
    assert {frozenset(pair) for pair in graph.edges()} == {frozenset(pair) for pair in by_hand.PAIRS}
    assert sorted(key for *_, key in graph.edges(keys=True)) == sorted(
        tie[0] for tie in by_hand.TIES if tie[4] not in ("dissolved", "prospect")
    )


def test_attributes_are_those_of_the_tables_and_what_has_no_value_is_left_out(graph: Any) -> None:
    bought, network, center = graph.nodes["P7"], graph.nodes["N1"], graph.nodes["A1"]
    assert (bought["status"], bought["owner"], bought["patients"], bought["place"]) == ("acquired", "S1", 0.0, "former site")
    assert (bought["lat"], bought["lon"]) == by_hand.PLACES["P7"]
    # The closed second site is no place, however many patients it is said to have.
    assert (center["lat"], center["lon"], center["place"], center["market"]) == (40.1, -90.2, "site", "near")
    assert "owner" not in center and "market" not in network
    assert network["place"] == "middle of partners"
    assert (network["lat"], network["lon"]) == pytest.approx((41.1, -94.1))
    told = {data["form"]: data for _, _, data in graph.edges(data=True)}
    assert told["joint_venture"] == {
        **{"a": "A1", "b": "P3", "form": "joint_venture", "stage": "active", "trust_ab": 0.6, "trust_ba": 0.5},
        **{"owner_share": 0.5, "control_share": 0.5, "quarters_recorded": 1, "bridge": True},
    }
    assert "trust_ab" not in told["acquisition"] and (told["acquisition"]["a"], told["acquisition"]["b"]) == ("S1", "P7")
    assert graph.edges["P1", "S1", "t1"]["quarters_recorded"] == 2


def test_measures_of_nodes_are_those_of_brute_force(graph: Any) -> None:
    joining = by_hand.joining(by_hand.NODES, by_hand.PAIRS)
    bridges = by_hand.bridges(by_hand.NODES, by_hand.PAIRS)
    expected = by_hand.between(by_hand.NODES, by_hand.PAIRS)
    community = {org: data["community"] for org, data in graph.nodes(data=True)}
    for org, data in graph.nodes(data=True):
        partners = {other for pair in by_hand.PAIRS if org in pair for other in pair} - {org}
        assert data["degree"] == len(partners)
        assert data["bridge"] is (org in joining)
        assert data["betweenness"] == pytest.approx(expected[org])
        assert data["communities_joined"] == len({community[other] for other in partners} - {community[org]})
    for a, b, data in graph.edges(data=True):
        assert data["bridge"] is (frozenset((a, b)) in bridges)


def test_forms_market_and_quarter_choose_ties(folder: Path) -> None:
    some = oncsim.network(folder, forms=["joint_venture", "acquisition"])
    assert list(some) == ["A1", "P3", "P7", "S1"]
    assert set(oncsim.network(folder, forms="joint_venture")) == {"A1", "P3"}
    assert set(oncsim.network(folder, market="far")) == {"N1", "P4", "P5"}
    assert list(oncsim.network(folder, quarter="2026Q1")) == ["P1", "P2", "S1"]
    assert list(oncsim.network(oncsim.open_run(folder), "2026Q1", market="far")) == []


def test_graphml_reads_back_equal(graph: Any) -> None:
    back = nx.read_graphml(io.BytesIO(graphml(graph)), force_multigraph=True)
    assert dict(back.nodes(data=True)) == dict(graph.nodes(data=True))
    assert {frozenset((a, b)): data for a, b, data in back.edges(data=True)} == {
        frozenset((a, b)): data for a, b, data in graph.edges(data=True)
    }
    assert sorted(key for *_, key in back.edges(keys=True)) == sorted(key for *_, key in graph.edges(keys=True))
    assert {key: back.graph[key] for key in graph.graph} == graph.graph


def test_same_bytes_whatever_the_order_of_sets(folder: Path, graph: Any) -> None:
    script = (
        "import sys, oncsim; from oncsim.networks.writing import graphml; "
        "sys.stdout.buffer.write(graphml(oncsim.network(sys.argv[1])))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        said = subprocess.run(
            [sys.executable, "-c", script, str(folder)], env=environment, capture_output=True, check=True, timeout=120
        )
        assert said.stdout == graphml(graph)


def test_python_names_what_is_wrong_without_dashes(folder: Path, tmp_path: Path) -> None:
    assert "network" in oncsim.__all__
    with pytest.raises(InputError) as wrong:
        oncsim.network(folder, "2030Q1", 7, forms=["referal"])
    assert str(wrong.value).splitlines() == [
        "forms: no form of tie 'referal' (one of referral, clinical_affiliation, inpatient_coverage, telehealth_hub, "
        "co_management, professional_services, employer_bundle, joint_venture, network_membership, acquisition; "
        "did you mean 'referral'?)",
        "quarter: 2030Q1 is outside the run (2026Q1 to 2026Q2)",
        "replicate: no replicate 7 (0 to 1)",
    ]
    with pytest.raises(InputError, match=r"not a complete run \(it has no manifest.json\)"):
        oncsim.network(tmp_path / "nowhere")
