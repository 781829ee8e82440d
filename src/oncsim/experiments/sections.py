"""The sections of the report of an experiment, one function each; None where an experiment has nothing to say of it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from oncsim.experiments.analysis import (
    discovery,
    morris,
    paired,
    paired_words,
    regional,
    replicates,
    robustness,
    sobol,
    tradeoffs,
)
from oncsim.experiments.analysis.outputs import Factor, Output
from oncsim.experiments.analysis.over_time import paths_in_words
from oncsim.experiments.analysis.words import between, capital, counted, number, percent, percents
from oncsim.experiments.analysis.words import listed as listed_words
from oncsim.experiments.design import places
from oncsim.experiments.ledger import Ledger
from oncsim.experiments.losses import loss_title
from oncsim.experiments.reading import mean_paths
from oncsim.experiments.report_parts import Section, Writer
from oncsim.experiments.stopping import targets_of
from oncsim.reports.rendering import Faint, Lines

_FEW = 10  # units below which a note says that they are few
_MANY = 4  # scenarios above which the lead ranks policies instead of telling every effect
_HELD = "\N{NO-BREAK SPACE}"
_LEADING = 9  # sentences of effects that lead


def effects_section(one: Writer) -> Section | None:
    """Return what each policy changes."""
    if len(one.arms) < 2:
        return None
    table = paired.paired_differences(one.pairs, one.outputs, one.arms)
    from oncsim.experiments.figures import effects_figure

    units = paired.paired_units(one.pairs, one.outputs, one.arms)
    several = one.several and not one.experiment.shared_luck
    kind = "futures" if several else "replicates"
    caption = "Difference of each policy from the baseline: the point is the mean, the thick line its 95 % interval"
    caption += ", the thin line nine futures in ten." if several else "."
    section = Section("effects", "Effects", sentences=paired_words.in_words(table, one.outputs, one.titles))
    section.note = (
        f"Differences from “{one.titles[one.arms[0]]}”, {kind} paired on the same luck. Bold: the interval that allows for "
        f"all comparisons leaves out zero. Grey: even the simple interval holds zero.{_windows(one)}"
    )
    if one.several and not several:
        section.note += (
            " All futures of this design share one luck, so that they do not say how much of an effect is luck: "
            "a mean over the futures of a replicate is one unit."
        )
    if len(table) and 2 <= int(table["units"].max()) < _FEW:
        section.note += f" With {counted(int(table['units'].max()), kind[:-1])} an interval is itself uncertain; play more."
    section.pictures = [one.picture(effects_figure(table, one.outputs, one.titles), "effects", caption)]
    section.heads = ["Policy", *(_head(output) for output in one.outputs)]
    section.caption = (
        "Mean difference from the baseline; 95 % interval below; in brackets how many times narrower than unpaired"
    )
    section.rows = [[one.titles[arm], *(_cell(table, arm, output) for output in one.outputs)] for arm in one.arms[1:]]
    section.short = _leading(table, units, one, section.sentences)
    section.files = [one.table("effects", table), one.table("units", units)]
    return section


def _head(output: Output) -> Lines:
    return Lines(capital(output.label), output.unit)


def _windows(one: Writer) -> str:
    """Return which quarters the outputs are of."""
    found: dict[str, list[str]] = {}
    for output, measure in zip(one.outputs, one.experiment.measures, strict=True):
        what = "mean of" if measure.metric else "taken over"
        found.setdefault(f"{what} {measure.from_} to {measure.until}", []).append(output.label)
    if len(found) == 1:
        return f" Every number is the {next(iter(found))}." if "mean" in next(iter(found)) else ""
    return " " + " ".join(f"{capital(listed_words(labels))}: {when}." for when, labels in found.items())


def _leading(table: pd.DataFrame, units: pd.DataFrame, one: Writer, sentences: list[str]) -> list[str]:
    """Return the sentences on effects that lead the report: one an effect, or of many policies one an output."""
    harmless = paired_words.harmless_in_words(table, one.outputs, one.titles)
    clear = [s for s in sentences if " raises " in s or " lowers " in s]
    if len(one.arms) > _MANY or len(clear) > _LEADING:
        return paired_words.ranked_in_words(table, one.outputs, one.titles, units) + harmless
    return [f"{s.split('. ')[0].rstrip('.')}." for s in clear] + harmless or sentences[:1]


def _cell(table: pd.DataFrame, arm: str, output: Output) -> Any:
    row = table[(table["scenario"] == arm) & (table["output"] == output.name)].iloc[0]
    if row["units"] == 0:
        return Faint("no runs")
    text = number(float(row["difference"]))
    small = between(float(row["low"]), float(row["high"])) if row["units"] > 1 else ""
    if small and row["narrower"] == row["narrower"]:
        small = f"{small.replace(' ', _HELD)} ({row['narrower']:.1f}{_HELD}x)"
    sure = row["low_simultaneous"] > 0 or row["high_simultaneous"] < 0
    zero = row["low"] <= 0 <= row["high"]
    return Lines(text, small, "sure" if sure else "faint" if zero else "")


def path_section(one: Writer) -> Section | None:
    """Return how the outputs that are metrics move over time."""
    measures = {output.name: m for output, m in zip(one.outputs, one.experiment.measures, strict=True)}
    drawn = [
        (output, measure.metric, measure.group or "")
        for output, measure in ((output, measures[output.name]) for output in one.levels)
        if measure.metric and measure.minus is None and measure.market == "all"
    ]
    found = mean_paths(one.folder, {(metric, group) for _, metric, group in drawn}) if drawn else pd.DataFrame()
    if found.empty:
        return None
    from oncsim.experiments.figures import paths_figure

    pieces = []
    for output, metric, group in drawn:
        own = found[(found["metric"] == metric) & (found["group"] == group)]
        pieces.append(own.assign(output=output.name, mean=own["mean"] * one.scale.get(output.name, 1.0)))
    paths = pd.concat(pieces, ignore_index=True)
    outputs = [output for output, _, _ in drawn if (paths["output"] == output.name).any()]
    section = Section("time", "Over time", sentences=paths_in_words(paths, outputs, one.arms, one.titles))
    caption = "Mean over all runs of a scenario, quarter by quarter."
    section.pictures = [one.picture(paths_figure(paths, outputs, one.titles), "over_time", caption)]
    section.files = [one.table("over_time", paths)]
    return section


def tradeoff_section(one: Writer) -> Section | None:
    """Return what is gained and lost between outputs."""
    if len(one.arms) < 2 or len(one.judged) < 2:
        return None
    from oncsim.experiments.figures import tradeoff_figure

    found = tradeoffs.tradeoff(one.pairs, [output for output in one.levels if output.sign], one.arms)
    effects = paired.paired_differences(one.pairs, one.judged, one.arms)
    caption = (
        "Policies over pairs of outputs; filled points are beaten on all outputs by no other policy. "
        "Lines are 95 % intervals of the difference from the baseline."
    )
    section = Section("tradeoff", "Trade-offs", sentences=tradeoffs.in_words(found, one.titles))
    section.note = "There is no single score: which of these matters more is for the reader to say."
    section.pictures = [one.picture(tradeoff_figure(found, effects, one.titles), "tradeoffs", caption)]
    section.files = [one.table("tradeoff", found.table.merge(found.means, on="scenario"))]
    return section


def robustness_section(one: Writer) -> Section | None:
    """Return how much each policy gives away against the best in each future."""
    if len(one.arms) < 2 or not one.judged or not one.several:
        return None
    found = robustness.policy_regret(one.runs, one.judged, one.arms)
    section = Section("robustness", "Robust choices", sentences=robustness.in_words(found, None, one.titles))
    section.note = (
        "Regret is how much worse a policy is in a future than the best policy there; 0 is the best that could be had. "
        "Luck that is left within a future makes it larger where policies are alike."
    )
    section.heads = ["Policy", *(_head(output) for output in one.judged)]
    rows: dict[tuple[str, str], dict[Any, Any]] = {
        (row["scenario"], row["output"]): row for row in found.table.to_dict("records")
    }
    section.rows = [[one.titles[arm], *(_regret_cell(rows[arm, output.name]) for output in one.judged)] for arm in one.arms]
    section.caption = "Mean regret; below, the largest, and the share of futures in which no policy is better"
    section.files = [one.table("regret", found.table), one.table("regret_by_future", found.futures)]
    return section


def _regret_cell(row: dict[Any, Any]) -> Lines:
    best = f"best in {percent(float(row['best_share']))}"
    small = f"at most {number(float(row['regret_max']))}; {best}".replace(" ", _HELD).replace(f";{_HELD}", "; ")
    return Lines(number(float(row["regret_mean"])), small, "sure" if row["rank_mean"] == 1 else "")


def sensitivity_section(one: Writer) -> Section | None:
    """Return which uncertainties matter, for designs that can tell."""
    method = one.experiment.design.method
    if method not in ("morris", "sobol") or not one.factors:
        return None
    from oncsim.experiments.figures import ranking_figure

    # The design steps evenly through what each uncertainty can be, whatever its distribution.
    units = pd.DataFrame(
        places(one.experiment, Ledger(one.folder).blocks), columns=[i.name for i in one.experiment.uncertainties]
    )
    for item in one.experiment.uncertainties:
        low, high = item.bounds
        units[item.name] = low + units[item.name] * (high - low)
    units.insert(0, "sample", range(len(units)))
    factors = [Factor(item.name, item.label, *item.bounds, item.unit) for item in one.experiment.uncertainties]
    section = Section("sensitivity", "What matters")
    effects: pd.DataFrame
    for arm in one.arms:
        if method == "morris":
            found = morris.morris_effects(one.runs, units, factors, one.outputs, [arm], levels=one.experiment.design.levels)
            section.sentences += morris.in_words(found, one.titles)
            section.short += morris.leading_words(found, one.titles)
            effects, args = found.effects, ("mu_star", "low", "high", "mean absolute elementary effect over the whole range")
            section.files.append(one.table(f"morris_{arm}", effects))
        else:
            second = one.experiment.design.second_order
            found_s = sobol.sobol_indices(one.runs, units, factors, one.outputs, [arm], second_order=second)
            section.sentences += sobol.in_words(found_s, one.titles)
            section.short += sobol.leading_words(found_s, one.titles)
            effects, args = (
                found_s.indices,
                ("ST", "ST_low", "ST_high", "share of variance, alone and with others (total index)"),
            )
            section.files += [one.table(f"sobol_{arm}", effects), one.table(f"sobol_pairs_{arm}", found_s.pairs)]
        figure = ranking_figure(effects, one.outputs, *args)
        section.pictures.append(
            one.picture(figure, f"{method}_{arm}", f"{one.titles[arm]}: how much each uncertainty matters.")
        )
    return section


def discovery_section(one: Writer) -> Section | None:
    """Return how often and under which conditions policies fail."""
    if not one.experiment.losses or not one.outcomes:
        return None
    from oncsim.experiments.figures import discovery_figure

    section = Section("discovery", "Under which conditions a policy fails")
    for name, outcome in one.outcomes:
        found = discovery.discover(outcome, one.samples, one.factors)
        apart = regional.regional_sensitivity(outcome, one.samples, one.factors)
        words = discovery.in_words(found)
        section.sentences.append(" ".join(dict.fromkeys([*words, *regional.in_words(apart)])))
        if found.box is not None and found.status == discovery.FOUND:
            section.short.append(" ".join(words[:2]))
            section.files.append(one.table(f"box_{name}", found.box.limits))
            inputs = one.samples.set_index("sample").loc[outcome.values.index]
            caption = (
                f"Each point is a future. {found.outcome.subject}: inside the box in {found.box.density:.0%} of the futures."
            )
            section.pictures.append(one.picture(discovery_figure(found, inputs), f"box_{name}", caption))
        if found.tree is not None:
            section.files.append(one.table(f"tree_{name}", found.tree.leaves))
        section.files.append(one.table(f"regional_{name}", apart.distances))
        one.ended()
    return _with_goals(section, one)


def _with_goals(section: Section, one: Writer) -> Section:
    """Add the table of how often every policy fails, and a sentence on each way to fail."""
    found = robustness.how_often(one.outcomes)
    section.files.insert(0, one.table("failing", found))
    by_name: dict[str, dict[Any, Any]] = {row["outcome"]: row for row in found.to_dict("records")}
    section.heads, ranked, cells = ["Policy"], [], []
    for place, loss in enumerate(one.experiment.losses, start=1):
        title = capital(loss_title(loss, one.outputs, one.scale))
        own = {arm: by_name[f"{place}_{arm}"] for arm in one.arms if f"{place}_{arm}" in by_name}
        section.heads.append(title)
        cells.append(own)
        if own:
            order = sorted(own, key=lambda arm: -own[arm]["share"])
            each = [f"{one.titles[arm]} in {percent(own[arm]['share'])}" for arm in order]
            futures = counted(max(row["futures"] for row in own.values()), "future")
            ranked.append(f"{title}: {listed_words(each)} of {futures}.")
    judged = [arm for arm in one.arms if any(arm in own for own in cells)]
    section.rows = [[one.titles[arm], *(_failing_cell(own.get(arm)) for own in cells)] for arm in judged]
    section.caption = "Share of futures in which it happens; below, how many, and the 95 % interval"
    section.short = ranked + section.short
    section.sentences = ranked + section.sentences
    return section


def _failing_cell(row: dict[Any, Any] | None) -> Any:
    if row is None:
        return Faint("not asked")
    low_high = percents(float(row["low"]), float(row["high"]))
    return Lines(percent(float(row["share"])), f"{int(row['count'])} of {int(row['futures'])}; {low_high}")


def convergence_section(one: Writer) -> Section | None:
    """Return whether there were enough runs."""
    if len(one.arms) < 2:
        return None
    from oncsim.experiments.figures import convergence_figure

    units = paired.paired_units(one.pairs, one.outputs, one.arms)
    if units.empty:
        return None
    table = replicates.convergence(units)
    kind = str(units["kind"].iloc[0])
    section = Section("convergence", "Were there enough runs?")
    targets = targets_of(one.experiment)
    if targets:
        judged = units[[(s, o) in targets for s, o in zip(units["scenario"], units["output"], strict=True)]]
        scaled = {(s, o): width * one.scale.get(o, 1.0) for (s, o), width in targets.items()}
        enough = replicates.enough(judged, scaled, floor=one.experiment.replicates.floor)
        section.sentences += replicates.in_words(enough, one.outputs, one.titles, kind)
    drawn = " with its 95 % interval" if len(one.arms) <= _MANY + 1 else ""
    caption = f"Running mean of each effect{drawn} as {kind}s are added: it should have settled."
    section.pictures = [one.picture(convergence_figure(table, one.outputs, one.titles, kind), "convergence", caption)]
    section.files = [one.table("convergence", table)]
    return section
