"""How outputs move over time, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from oncsim.experiments.analysis.outputs import Output
from oncsim.experiments.analysis.words import Titles, amount, capital, titled


def paths_in_words(
    paths: pd.DataFrame, outputs: Sequence[Output], scenarios: Sequence[str], titles: Titles | None = None
) -> list[str]:
    """Return one sentence an output: where it comes from and goes to in the baseline, and the ends of the others.

    Parameters
    ----------
    paths : pandas.DataFrame
        ``scenario, output, quarter, mean``.
    outputs : sequence of Output
        What to speak of.
    scenarios : sequence of str
        The baseline first.
    titles : mapping of str to str
        Titles of scenarios.
    """
    yearly = paths.assign(year=paths["quarter"].str[:4]).groupby(["output", "scenario", "year"])["mean"].mean()
    said = []
    for output in outputs:
        if output.name not in yearly.index.get_level_values("output"):
            continue
        own = yearly[output.name].unstack("year")
        known = [name for name in scenarios if name in own.index]
        if not known:
            continue
        first, last = own.columns[0], own.columns[-1]
        base, ends = known[0], own.loc[known, own.columns[-1]]
        text = f"{output.label} goes from {amount(own.loc[base, first], output.unit)} in {first} to "
        text += f"{amount(ends[base], output.unit)} in {last} under {titled(base, titles)}"
        low, high = str(ends.idxmin()), str(ends.idxmax())
        others = [
            f"{word} is {amount(ends[name], output.unit)} under {titled(name, titles)}"
            for word, name in (("the lowest", low), ("the highest", high))
            if name != base and low != high
        ]
        said.append(capital(f"{text}; {' and '.join(others)}." if others else f"{text}."))
    return said
