"""Networks as files: the graph of a quarter as GraphML, its shape by quarter as CSV, and figures of both."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import pandas as pd

from oncsim.networks.choice import Choice, open_tables
from oncsim.networks.graph import graph_of
from oncsim.networks.measures import by_quarter
from oncsim.results import files
from oncsim.results.ground import on_a_plane
from oncsim.results.manifest import read_manifest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Tell = Callable[[int, int], None]


def graphml(graph: Any) -> bytes:
    """Return a graph as GraphML, the same bytes whether or not lxml is installed."""
    buffer = io.BytesIO()
    nx.write_graphml_xml(graph, buffer)
    return buffer.getvalue()


def write_network(
    folder: Path, to: Path, choice: Choice, replicates: list[int], layout: str = "geography", tell: Tell | None = None
) -> tuple[Any, pd.DataFrame, list[Path]]:
    """Write graph, tables and figures; every file appears whole or not at all.

    Parameters
    ----------
    folder : Path
        The run folder.
    to : Path
        Folder to write to; made where it is missing.
    choice : Choice
        Which network.
    replicates : list of int
        Those in the tables and in the figure over time.
    layout : str
        ``geography`` or ``spring``.
    tell : callable, optional
        Told how many quarters are done, and of how many.

    Returns
    -------
    graph : networkx.MultiGraph
        The graph of the chosen quarter.
    measures : pandas.DataFrame
        Its shape by replicate and quarter.
    paths : list of Path
        What was written.
    """
    from oncsim.reports.figures import network_over_time, tie_map

    total, done = len(replicates) * len(choice.quarters), 0

    def advance() -> None:
        nonlocal done
        done += 1
        if tell is not None:
            tell(done, total)

    chosen = open_tables(folder, choice.replicate, choice)  # refuses a run without ties before the work begins
    parts = [
        by_quarter(chosen if one == choice.replicate else open_tables(folder, one, choice), advance) for one in replicates
    ]
    measures, forms = (pd.concat([part[i] for part in parts], ignore_index=True) for i in (0, 1))
    graph = graph_of(chosen, choice)
    zones = chosen.zones
    if choice.market:
        zones = zones[zones["market"] == choice.market]
    figure = tie_map(graph, zones, plane=on_a_plane(read_manifest(folder).get("market")), layout=layout, chosen=choice.words)
    over_time = network_over_time(measures, forms)
    to.mkdir(parents=True, exist_ok=True)
    stem = f"network-{choice.quarter}"
    written = {
        f"{stem}.graphml": graphml(graph),
        f"{stem}.png": _png(figure),
        "network.csv": _csv(measures),
        "network_by_form.csv": _csv(forms),
        "network-over-time.png": _png(over_time),
    }
    for name, content in written.items():
        files.write_bytes(to / name, content)
    return graph, measures, [to / name for name in written]


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, lineterminator="\n", float_format="%.12g").encode("utf-8")


def _png(figure: Figure) -> bytes:
    from oncsim.reports.figures.style import to_bytes

    return to_bytes(figure, "png")
