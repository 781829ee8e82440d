"""Scenario discovery: in which futures does it happen (a policy fails, an output is beyond a threshold).

PRIM gives one box, a small tree the same question asked otherwise. Both are also tried on futures that they were not
made from: in noise PRIM finds boxes that are dense and mean nothing, and only futures held out show that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.errors import InputError
from oncsim.experiments.analysis.outcomes import Outcome, inputs_of, too_few
from oncsim.experiments.analysis.outputs import Factor
from oncsim.experiments.analysis.peeling import Limits, find_box, inside, quasi_p, shares
from oncsim.experiments.analysis.tables import checked_samples
from oncsim.experiments.analysis.trees import Tree, grow
from oncsim.experiments.analysis.words import amount, capital, counted, listed, part, percent

MOST_LIMITS = 4
FOLDS = 5
FOUND, NOTHING, UNSEARCHED = "found", "nothing", "not searched"


@dataclass(frozen=True)
class Box:
    """Limits on a few uncertainties and what they hold.

    Parameters
    ----------
    limits : pandas.DataFrame
        ``factor, title, unit, low, high, range_low, range_high, qp_low, qp_high``; infinite where a side is open, quasi
        p-values missing there.
    futures, happens : int
        Futures in the box, and those of them with the outcome.
    coverage, density, mass : float
        Share of all futures with the outcome that lie in the box, share of the box with the outcome, share of all
        futures in the box.
    held_out_futures, held_out_happens : int
        The same counts where each future is judged by the box found without it.
    held_out_p : float
        Chance of that many or more at the base rate (one-sided binomial).
    """

    limits: pd.DataFrame
    futures: int
    happens: int
    coverage: float
    density: float
    mass: float
    held_out_futures: int
    held_out_happens: int
    held_out_p: float


@dataclass(frozen=True)
class Discovery:
    """What was found out about an outcome.

    Parameters
    ----------
    outcome : Outcome
        The outcome.
    status : str
        ``found``; ``nothing`` where no box beats the base rate on futures held out; ``not searched``, and ``reason``
        says why.
    box : Box or None
        The box, also where it does not beat the base rate.
    path : pandas.DataFrame
        Other boxes, from the whole to the smallest: ``coverage, density, mass, limits, phi``.
    path_limits : tuple of dict
        Their limits.
    tree : Tree or None
        The tree.
    constant : tuple of str
        Uncertainties left out because they do not vary.
    """

    outcome: Outcome
    status: str
    reason: str
    factors: tuple[Factor, ...]
    box: Box | None = None
    path: pd.DataFrame | None = None
    path_limits: tuple[Limits, ...] = ()
    tree: Tree | None = None
    constant: tuple[str, ...] = ()

    @property
    def base_rate(self) -> float:
        """Share of the futures in which it happens."""
        return float(self.outcome.values.mean()) if len(self.outcome.values) else np.nan


def discover(
    outcome: Outcome, samples: pd.DataFrame, factors: Sequence[Factor], most: int = MOST_LIMITS, seed: int = 1
) -> Discovery:
    """Return where in the space of uncertainties an outcome happens.

    Parameters
    ----------
    outcome : Outcome
        From :mod:`oncsim.experiments.analysis.outcomes`.
    samples : pandas.DataFrame
        Column ``sample`` and one column an uncertainty.
    factors : sequence of Factor
        Which uncertainties to search.
    most : int
        How many the box may limit.
    seed : int
        Seed of the parts in which futures are held out.
    """
    if most < 1:
        raise InputError(f"a box with at most {most} limits (1 or more)")
    names = [factor.name for factor in factors]
    inputs = inputs_of(outcome, checked_samples(samples, factors), names)
    constant = tuple(name for name in names if name not in inputs)
    reason = too_few(outcome)
    if not reason and inputs.shape[1] == 0:
        reason = "no uncertainty varies, so there is nothing to search"
    if reason:
        return Discovery(outcome, UNSEARCHED, reason, tuple(factors), constant=constant)
    happens = outcome.values.to_numpy(dtype=np.bool_)
    fold = _folds(happens, seed)
    limits, path, boxes = find_box(inputs, happens, most)
    held = _held_out(inputs, happens, fold, most)
    box = _describe(limits, inputs, happens, held, factors) if limits else None
    status = FOUND if box and box.held_out_p <= 0.05 else NOTHING
    reason = "" if status == FOUND else "no box does better than the base rate on futures it was not made from"
    tree = grow(inputs, happens, fold)
    return Discovery(outcome, status, reason, tuple(factors), box, path, tuple(boxes), tree, constant)


def _folds(happens: NDArray[np.bool_], seed: int) -> NDArray[np.int64]:
    """Return the part of each future, with the outcome spread evenly over the parts."""
    rng = np.random.default_rng(seed)
    fold = np.empty(len(happens), dtype=np.int64)
    start = 0
    for kind in (True, False):
        own = rng.permutation(np.flatnonzero(happens == kind))
        fold[own] = (start + np.arange(len(own))) % FOLDS
        start = len(own)
    return fold


def _held_out(inputs: pd.DataFrame, happens: NDArray[np.bool_], fold: NDArray[np.int64], most: int) -> tuple[int, int]:
    """Return futures, and those with the outcome, that lie in the box found without their part."""
    futures, hits = 0, 0
    for each in range(FOLDS):
        held = fold == each
        limits, _, _ = find_box(inputs[~held], happens[~held], most)
        if limits:  # without limits nothing was claimed
            box = inside(inputs[held], limits)
            futures, hits = futures + int(box.sum()), hits + int((box & happens[held]).sum())
    return futures, hits


def _describe(
    limits: Limits,
    inputs: pd.DataFrame,
    happens: NDArray[np.bool_],
    held: tuple[int, int],
    factors: Sequence[Factor],
) -> Box:
    from scipy.stats import binomtest

    by_name = {factor.name: factor for factor in factors}
    chances = quasi_p(inputs, happens, limits)
    rows = [
        {"factor": name, "title": by_name[name].label, "unit": by_name[name].unit, "low": low, "high": high}
        | {"range_low": by_name[name].low, "range_high": by_name[name].high}
        | {f"qp_{side}": chances.get((name, side), np.nan) for side in ("low", "high")}
        for name, (low, high) in limits.items()
    ]
    box = inside(inputs, limits)
    coverage, density, mass, _ = shares(box, happens)
    futures, hits = held
    chance = float(binomtest(hits, futures, float(happens.mean()), alternative="greater").pvalue) if futures else 1.0
    counts = (int(box.sum()), int((box & happens).sum()))
    return Box(pd.DataFrame(rows), *counts, coverage, density, mass, futures, hits, chance)


def where_words(limits: Mapping[str, tuple[float, float]], factors: Sequence[Factor]) -> str:
    """Return limits as ``discount is above 0.42 and leak is below 0.2``."""
    by_name = {factor.name: factor for factor in factors}
    parts = []
    for name, (low, high) in limits.items():
        factor = by_name[name]
        if np.isfinite(low) and np.isfinite(high):
            parts.append(f"{factor.label} is between {amount(low)} and {amount(high, factor.unit)}")
        elif np.isfinite(low):
            parts.append(f"{factor.label} is above {amount(low, factor.unit)}")
        else:
            parts.append(f"{factor.label} is below {amount(high, factor.unit)}")
    return listed(parts) if parts else "anything holds"


def in_words(found: Discovery) -> list[str]:
    """Return the finding in sentences.

    Parameters
    ----------
    found : Discovery
        From :func:`discover`.
    """
    outcome = found.outcome
    said = [f"{outcome.subject} in {part(outcome.count, len(outcome.values), 'future')}."]
    if outcome.unfinished:
        said.append(f"{counted(outcome.unfinished, 'more future')} did not finish and cannot be counted.")
    if found.constant:
        labels = [factor.label for factor in found.factors if factor.name in found.constant]
        said.append(f"{listed(labels)} did not vary and could not be searched.")
    if found.reason:
        said.append(f"{found.reason}.")
    if found.status == FOUND and found.box is not None:
        said += _box_words(found, found.box)
    if found.tree is not None:
        said += _tree_words(found, found.tree)
    return [capital(text) for text in said]


def _box_words(found: Discovery, box: Box) -> list[str]:
    rows = zip(box.limits["factor"], box.limits["low"], box.limits["high"], strict=True)
    where = where_words({str(name): (float(low), float(high)) for name, low, high in rows}, found.factors)
    said = [
        f"{box.happens:,} of those {found.outcome.count:,} lie where {where}; of the {counted(box.futures, 'future')} in "
        f"there {percent(box.density)} {found.outcome.verb}."
    ]
    worst = np.nanmax(box.limits[["qp_low", "qp_high"]].to_numpy(dtype=np.float64))
    said.append(
        f"The chance that a limit does nothing is {worst:.2g} at most, not counting that the limits were searched for."
    )
    kept = box.held_out_happens / box.held_out_futures
    said.append(
        f"Judged on futures that a box was not made from, {percent(kept)} of those inside {found.outcome.verb} "
        f"({part(box.held_out_happens, box.held_out_futures, 'future').split(' (')[0]})."
    )
    return said


def _tree_words(found: Discovery, tree: Tree) -> list[str]:
    guess = f"always guessing the more frequent kind {percent(tree.always)}"
    right = f"{percent(tree.accuracy)} of the futures held out right; {guess}"
    if tree.accuracy <= tree.always or len(tree.leaves) < 2:
        return [f"A decision tree does not help: it tells {right}."]
    best = tree.leaves.iloc[0]
    where = where_words(tree.limits[0], found.factors)
    return [
        f"A decision tree tells {right}. Its densest part: where {where}, {percent(best['share'])} of "
        f"{counted(int(best['futures']), 'future')} {found.outcome.verb}, {percent(best['coverage'])} of all that do."
    ]
