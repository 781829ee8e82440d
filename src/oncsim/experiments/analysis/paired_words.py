"""Paired effects in sentences: each by itself, ranked over many policies, and which policies do no clear harm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from oncsim.experiments.analysis.outputs import Output
from oncsim.experiments.analysis.paired import REPLICATE
from oncsim.experiments.analysis.words import Titles, amount, between, capital, counted, listed, number, percent, titled


def in_words(table: pd.DataFrame, outputs: Sequence[Output], titles: Titles | None = None) -> list[str]:
    """Return one paragraph a scenario and output.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`paired_differences`.
    outputs : sequence of Output
        The outputs it was made with.
    titles : mapping of str to str
        Titles of scenarios.
    """
    by_name = {output.name: output for output in outputs}
    return [capital(_sentence(row, by_name[str(row["output"])], titles)) for _, row in table.iterrows()]


def ranked_in_words(
    table: pd.DataFrame,
    outputs: Sequence[Output],
    titles: Titles | None = None,
    units: pd.DataFrame | None = None,
    most: int = 3,
) -> list[str]:
    """Return one sentence an output: which policies move it most, of the effects that hold for all comparisons together.

    Parameters
    ----------
    table, outputs, titles
        As for :func:`in_words`.
    units : pandas.DataFrame, optional
        From :func:`paired_units`: to say whether the first two can be told apart.
    most : int
        Policies that are named.
    """
    return [
        capital(_ranking(table[(table["output"] == one.name) & (table["units"] > 1)], one, titles, units, most))
        for one in outputs
        if ((table["output"] == one.name) & (table["units"] > 1)).any()
    ]


def _ranking(own: pd.DataFrame, output: Output, titles: Titles | None, units: pd.DataFrame | None, most: int) -> str:
    clear = own[(own["low_simultaneous"] > 0.0) | (own["high_simultaneous"] < 0.0)]
    together = f"allowing for all {int(own['comparisons'].max())} comparisons"
    if clear.empty:
        return f"no policy has a clear effect on {output.label}, {together}."
    order = clear.reindex(clear["difference"].abs().sort_values(ascending=False, kind="stable").index)
    up = bool(order["difference"].iloc[0] > 0.0)
    same, against = order[(order["difference"] > 0.0) == up], order[(order["difference"] > 0.0) != up]
    verb = "rises" if up else "falls"
    named = []
    for place, (_, row) in enumerate(same.head(most).iterrows()):
        low, high = _upward(row, "low", "high", up)
        size = amount(abs(row["difference"]), output.unit) if place == 0 else number(abs(row["difference"]))
        inside = f"95 % interval {between(low, high)}" if place == 0 else between(low, high)
        named.append(f"under {titled(str(row['scenario']), titles)} by {size} ({inside})")
    versus, over = titled(str(own["versus"].iloc[0]), titles), counted(int(own["units"].max()), str(own["kind"].iloc[0]))
    first = same.iloc[0]
    text = f"{output.label} {verb} most {named[0]} against {versus} over {over}"
    if np.isfinite(first["spread_low"]):
        text += f", in nine futures of ten by {between(*_upward(first, 'spread_low', 'spread_high', up))}"
    if len(named) > 1:
        text += f"; then {listed(named[1:])}"
        if units is not None and _alike(units, output.name, [str(name) for name in same["scenario"].iloc[:2]]):
            text += " (the first two cannot be told apart)"
    text += f". It {verb} under {len(same)} of {len(own)} policies"
    return text + (f" and {'falls' if up else 'rises'} under {len(against)}" if len(against) else "") + f", {together}."


def _upward(row: pd.Series, low: str, high: str, up: bool) -> tuple[float, float]:
    return (row[low], row[high]) if up else (-row[high], -row[low])


def _alike(units: pd.DataFrame, output: str, pair: list[str]) -> bool:
    """Return whether the 95 % interval of the difference between two policies, unit by unit, holds zero."""
    from scipy.stats import t

    wide = units[units["output"] == output].pivot(index="unit", columns="scenario", values="difference")[pair].dropna()
    apart = (wide[pair[0]] - wide[pair[1]]).to_numpy(dtype=np.float64)
    if len(apart) < 2:
        return True
    half = float(t.ppf(0.975, len(apart) - 1)) * float(apart.std(ddof=1)) / float(np.sqrt(len(apart)))
    return bool(abs(apart.mean()) <= half)


def harmless_in_words(table: pd.DataFrame, outputs: Sequence[Output], titles: Titles | None = None) -> list[str]:
    """Say which policies are clearly better than the baseline on some output and clearly worse on none.

    Parameters
    ----------
    table, outputs, titles
        As for :func:`in_words`; outputs of which no direction is better do not count.
    """
    judged = {output.name: output.sign for output in outputs if output.sign}
    own = table[table["output"].isin(list(judged)) & (table["units"] > 1)]
    if len(judged) < 2 or own.empty:
        return []
    sign = own["output"].map(judged)
    clear = (own["low_simultaneous"] > 0.0) | (own["high_simultaneous"] < 0.0)
    better, worse = clear & (own["difference"] * sign > 0.0), clear & (own["difference"] * sign < 0.0)
    names = list(dict.fromkeys(own["scenario"].astype(str)))
    free = [n for n in names if better[own["scenario"] == n].any() and not worse[own["scenario"] == n].any()]
    versus = titled(str(own["versus"].iloc[0]), titles)
    what = listed([output.label for output in outputs if output.sign])
    if not free:
        return [f"No policy is clearly better than {versus} on one of {what} and clearly worse on none."]
    who = listed([titled(name, titles) for name in free])
    verb = "is" if len(free) == 1 else "are"
    return [f"{who} {verb} clearly better than {versus} on at least one of {what}, and clearly worse on none."]


def _sentence(row: pd.Series, output: Output, titles: Titles | None) -> str:
    who, versus = titled(str(row["scenario"]), titles), titled(str(row["versus"]), titles)
    if row["pairs"] == 0:
        return f"{who}: nothing can be said about {output.label}, no run has a partner in {versus}."
    change = amount(row["difference"], output.unit)
    if row["units"] < 2:
        return f"{who} changes {output.label} by {change} against {versus}, from one {row['kind']} only: no interval."
    if row["flat"]:
        if row["difference"] == 0.0:
            return f"{who} leaves {output.label} exactly as in {versus} in all {counted(row['units'], row['kind'])}."
        return f"{who} changes {output.label} by {change} against {versus}, the same in all {row['units']} {row['kind']}s."
    return " ".join([_effect(row, output, who, versus), *_about_luck(row), *_about_futures(row)])


def _effect(row: pd.Series, output: Output, who: str, versus: str) -> str:
    number_of = f"{counted(row['units'], row['kind'])}"
    change = amount(row["difference"], output.unit)
    if row["low"] <= 0.0 <= row["high"]:
        interval = f"95 % interval {between(row['low'], row['high'])}"
        return (
            f"{who} has no clear effect on {output.label}: against {versus} it differs by {change} on average "
            f"({interval}, {number_of})."
        )
    up = row["difference"] > 0
    low, high = _upward(row, "low", "high", up)
    least, most = _upward(row, "low_simultaneous", "high_simultaneous", up)
    size = f"{amount(abs(row['difference']), output.unit)}"
    # A part too small for a decimal of a per cent says nothing beside the number itself.
    if np.isfinite(row["percent"]) and abs(row["percent"]) >= 0.05:
        size += f" ({percent(abs(row['percent']) / 100.0)})"
    judged = {0: "", 1: ", an improvement", -1: ", a worsening"}[output.sign * (1 if up else -1)]
    interval = f"95 % interval {between(low, high)}"
    allowing = f"allowing for all {row['comparisons']} comparisons"
    if row["comparisons"] > 1 and least <= 0.0:
        return (
            f"{who} may {'raise' if up else 'lower'} {output.label} by {size} against {versus} ({interval}, {number_of}), "
            f"but {allowing} ({between(least, most)}) it may also have no effect."
        )
    does = f"{who} {'raises' if up else 'lowers'} {output.label} by {size}"
    text = f"{does} against {versus}{judged} ({interval}, {number_of})"
    return f"{text}; {allowing} {between(least, most)}." if row["comparisons"] > 1 else f"{text}."


def _about_luck(row: pd.Series) -> list[str]:
    if not np.isfinite(row["narrower"]):
        return []
    shared = "Luck" if row["kind"] == REPLICATE else "Futures and luck"
    verb = "makes" if row["kind"] == REPLICATE else "make"
    times = number(row["narrower"], 1)
    if row["narrower"] < 1.05:
        return [f"{shared} shared between the scenarios did not help: independent runs would give as narrow an interval."]
    return [f"{shared} shared between the scenarios {verb} the interval {times} times narrower than independent runs would."]


def _about_futures(row: pd.Series) -> list[str]:
    if not np.isfinite(row["spread_low"]):
        return []
    text = f"In nine futures of ten the difference lies between {between(row['spread_low'], row['spread_high'], 'and')}"
    if not np.isfinite(row["luck_share"]):
        return [f"{text}; more futures do not narrow that."]
    share = percent(row["luck_share"])
    return [f"{text}; more futures do not narrow that, but {share} of its variance is luck that more replicates take away."]
