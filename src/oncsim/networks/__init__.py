"""Who is tied to whom in a run: the graph of a quarter, its shape over all quarters, and both as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from oncsim.calendar import Quarter
    from oncsim.results import Run

__all__ = ["network"]


def network(
    run: Run | str | Path,
    quarter: Quarter | str | None = None,
    replicate: int = 0,
    market: str = "",
    forms: Sequence[str] | str = (),
) -> Any:
    """Return the ties in force at the end of a quarter as a graph.

    Parameters
    ----------
    run : Run, str or Path
        What :func:`oncsim.run` returned, or a run folder.
    quarter : Quarter or str, optional
        The quarter; the last of the run without it.
    replicate : int
        The replicate, counted from 0.
    market : str
        Only ties with at least one end in this market (a market id of the table of zones); partners elsewhere come along.
    forms : sequence of str, or str
        Only ties of these forms; all without any.

    Returns
    -------
    networkx.MultiGraph
        One node an organisation with a tie, one edge a tie. Attributes are described in docs/results.md; those that
        have no value are left out.

    Raises
    ------
    oncsim.errors.InputError
        When the run, the quarter, the replicate, the market or a form is not there, or the run has no ties.
    """
    from oncsim.networks.choice import choose, open_tables
    from oncsim.networks.graph import graph_of
    from oncsim.results import Run, open_run

    opened = run if isinstance(run, Run) else open_run(run)
    words = [forms] if isinstance(forms, str) and forms else list(forms)
    choice = choose(opened.folder, quarter, replicate, market, words, dashes="")
    return graph_of(open_tables(opened.folder, choice.replicate, choice), choice)
