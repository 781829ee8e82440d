"""The report of an experiment: effects, trade-offs, what matters, where policies fail, whether there were enough runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from oncsim.errors import InputError
from oncsim.experiments.analysis import discovery, morris, paired, regional, replicates, robustness, sobol, tradeoffs
from oncsim.experiments.analysis.outputs import Factor, Output
from oncsim.experiments.analysis.words import amount, between, capital, counted, number
from oncsim.experiments.described import comparable, factors_of, outputs_of
from oncsim.experiments.design import places
from oncsim.experiments.experiment import Experiment
from oncsim.experiments.ledger import Ledger
from oncsim.experiments.losses import outcomes_of
from oncsim.experiments.reading import runs_table, samples_table
from oncsim.experiments.showing import experiment_in
from oncsim.experiments.stopping import targets_of
from oncsim.reports.rendering import Faint, Lines, Picture, collection_paused, save_figure, write_page
from oncsim.results import files

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FEW = 10  # units below which a note says that they are few
_SHOWN = 12  # sentences of a section shown openly


@dataclass
class Section:
    """A part of the report: paragraphs to copy, figures, tables that are also written as CSV."""

    anchor: str
    title: str
    note: str = ""
    sentences: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    caption: str = ""
    files: list[str] = field(default_factory=list)


class _Writer:
    """What is read once, and where things are written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.experiment: Experiment = experiment_in(folder)
        self.runs = runs_table(folder)
        self.samples = samples_table(folder)
        # People read shares as per cent, and differences of shares as percentage points.
        given = outputs_of(self.experiment)
        shares = [output.name for output in given if output.unit in ("share", "0-1")]
        self.runs[shares] = 100.0 * self.runs[shares]
        self.outputs = [replace(o, unit="percentage points") if o.name in shares else o for o in given]
        self.levels = [replace(o, unit="%") if o.name in shares else o for o in given]
        self.factors: list[Factor] = [f for f in factors_of(self.experiment) if f.high > f.low]
        self.arms = [arm.id for arm in self.experiment.arms]
        self.titles = {arm.id: arm.label for arm in self.experiment.arms}
        self.judged = [output for output in self.outputs if output.sign]
        self.scale = dict.fromkeys(shares, 100.0)
        self.several = self.runs["sample"].nunique() > 1
        self.pairs = comparable(self.experiment, self.runs)

    def picture(self, figure: Figure, name: str, caption: str) -> Picture:
        return save_figure(figure, self.folder / "figures", name, caption, caption)

    def table(self, name: str, frame: pd.DataFrame) -> str:
        place = self.folder / "analysis"
        place.mkdir(exist_ok=True)
        if "output" in frame.columns and "unit" not in frame.columns:
            units = {output.name: output.unit for output in self.outputs}
            frame = frame.assign(unit_of_output=frame["output"].map(units))
        files.write_text(place / f"{name}.csv", frame.to_csv(index=False))
        return f"analysis/{name}.csv"


def write_report(folder: Path) -> tuple[Path, list[str]]:
    """Write ``report.html``, ``figures/`` and ``analysis/`` into a results folder.

    Returns
    -------
    tuple
        The path of the page, and the sentences that say most, for the terminal.
    """
    one = _Writer(folder)
    with collection_paused():
        sections = [section for make in _SECTIONS if (section := _made(make, one)) is not None]
    short = _in_short(sections)
    ledger = Ledger(folder)
    failed = ledger.failed_runs()
    context = {
        "title": one.experiment.title,
        "question": one.experiment.question,
        "description": one.experiment.description,
        "about": _about(one),
        "trouble": _trouble(one, len(failed)),
        "sections": sections,
        "shown": _SHOWN,
        "scenarios": [[arm.label, arm.id, arm.scenario.title] for arm in one.experiment.arms],
        "uncertainties": [
            [item.label, item.name, str(item.distribution or ", ".join(f"{v:g}" for v in item.values)),
             "this experiment" if item.own else "registry"]
            for item in one.experiment.uncertainties
        ],
        "folder": folder.name,
        "short": short,
    }  # fmt: skip
    path = write_page(folder / "report.html", "experiment.html.j2", context)
    return path, short


def _made(make: Callable[[_Writer], Section | None], one: _Writer) -> Section | None:
    """Return a section; one that the runs do not allow says why and takes none of the others away."""
    try:
        section = make(one)
    except InputError as error:
        title = make.__name__.strip("_").replace("_", " ")
        return Section(title.replace(" ", "-"), title.capitalize(), note=f"This part cannot be made: {error}.")
    if section is not None:
        section.sentences = list(dict.fromkeys(section.sentences))
    return section


def _about(one: _Writer) -> str:
    runs = one.runs
    words = [
        counted(len(one.arms), "scenario"),
        counted(int(runs["sample"].nunique()), "future"),
        counted(int(runs["replicate"].nunique()), "replicate"),
    ]
    method = one.experiment.design.method.replace("_", " ")
    drawn = f", drawn by {method}" if one.several else ""
    return f"{' x '.join(words)}: {len(runs):,} runs of {one.experiment.start} to {one.experiment.end}{drawn}"


def _trouble(one: _Writer, failed: int) -> str:
    planned = sum(w.units for w in Ledger(one.folder).waves) * len(one.arms)
    parts = []
    if failed:
        parts.append(f"{failed:,} runs failed and are left out: their inputs and tracebacks are in failures/")
    if len(one.runs) + failed < planned:
        parts.append(f"{planned - failed - len(one.runs):,} of {planned:,} runs are still to be played")
    return "; ".join(parts)


def _in_short(sections: Sequence[Section]) -> list[str]:
    """Return the first sentences of the sections that answer the question."""
    found = []
    for section in sections:
        take = {"effects": 9, "discovery": 2, "tradeoff": 1, "sensitivity": 2}.get(section.anchor, 0)
        if section.anchor != "effects":
            found += section.sentences[:take]
            continue
        # What holds when all comparisons are read together; the first sentence says it, the rest is in its own section.
        sure = [s for s in section.sentences if "Read together" not in s or "does not rule out" not in s]
        clear = [s for s in sure if "no clear effect" not in s and "exactly as in" not in s]
        found += [f"{s.split('. ')[0].rstrip('.')}." for s in clear][:take] or section.sentences[:1]
    return found


def _effects(one: _Writer) -> Section | None:
    if len(one.arms) < 2:
        return None
    table = paired.paired_differences(one.pairs, one.outputs, one.arms)
    from oncsim.experiments.figures import effects_figure

    several = one.several and not one.experiment.shared_luck
    kind = "futures" if several else "replicates"
    caption = "Difference of each policy from the baseline: the point is the mean, the thick line its 95 % interval"
    caption += ", the thin line nine futures in ten." if several else "."
    section = Section("effects", "Effects", sentences=paired.in_words(table, one.outputs, one.titles))
    section.note = (
        f"Differences from “{one.titles[one.arms[0]]}”, {kind} paired on the same luck. A bold difference is one whose "
        "interval leaves out zero when all comparisons are read together."
    )
    if one.several and not several:
        section.note += (
            " All futures of this design share one luck, so that they do not say how much of an effect is luck: "
            "a mean over the futures of a replicate is one unit."
        )
    if len(table) and 2 <= int(table["units"].max()) < _FEW:
        section.note += f" With {counted(int(table['units'].max()), kind[:-1])} an interval is itself uncertain; play more."
    section.pictures = [one.picture(effects_figure(table, one.outputs, one.titles), "effects", caption)]
    section.heads = ["Policy", *(capital(output.label) for output in one.outputs)]
    section.caption = (
        "Mean difference from the baseline; 95 % interval below; in brackets how many times narrower than unpaired"
    )
    section.rows = [[one.titles[arm], *(_cell(table, arm, output) for output in one.outputs)] for arm in one.arms[1:]]
    section.files = [one.table("effects", table), one.table("units", paired.paired_units(one.pairs, one.outputs, one.arms))]
    return section


def _cell(table: pd.DataFrame, arm: str, output: Output) -> Any:
    row = table[(table["scenario"] == arm) & (table["output"] == output.name)].iloc[0]
    if row["units"] == 0:
        return Faint("no runs")
    text = amount(float(row["difference"]), output.unit)
    small = between(float(row["low"]), float(row["high"])) if row["units"] > 1 else ""
    if small and row["narrower"] == row["narrower"]:
        small += f" ({row['narrower']:.1f} x)"
    sure = row["low_simultaneous"] > 0 or row["high_simultaneous"] < 0
    zero = row["low"] <= 0 <= row["high"]
    return Lines(text, small, "sure" if sure else "faint" if zero else "")


def _tradeoff(one: _Writer) -> Section | None:
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


def _robustness(one: _Writer) -> Section | None:
    if len(one.arms) < 2 or not one.judged or not one.several:
        return None
    found = robustness.policy_regret(one.runs, one.judged, one.arms)
    section = Section("robustness", "Robust choices", sentences=robustness.in_words(found, None, one.titles))
    section.note = (
        "Regret is how much worse a policy is in a future than the best policy there; 0 is the best that could be had."
    )
    section.heads = ["Policy", "Output", "Mean regret", "90th percentile", "Largest", "Best in"]
    by_name = {output.name: output for output in one.judged}
    section.rows = [
        [
            one.titles[row["scenario"]], Lines(capital(by_name[row["output"]].label), by_name[row["output"]].unit),
            *(number(float(row[name])) for name in ("regret_mean", "regret_90", "regret_max")),
            f"{row['best_share']:.0%}",
        ]
        for _, row in found.table.iterrows()
    ]  # fmt: skip
    section.caption = "Regret by policy and output over all futures"
    section.files = [one.table("regret", found.table), one.table("regret_by_future", found.futures)]
    return section


def _sensitivity(one: _Writer) -> Section | None:
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
            effects, args = found.effects, ("mu_star", "low", "high", "mean absolute elementary effect over the whole range")
            section.files.append(one.table(f"morris_{arm}", effects))
        else:
            second = one.experiment.design.second_order
            found_s = sobol.sobol_indices(one.runs, units, factors, one.outputs, [arm], second_order=second)
            section.sentences += sobol.in_words(found_s, one.titles)
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


def _discovery(one: _Writer) -> Section | None:
    if not one.experiment.losses or not one.several or not one.factors:
        return None
    from oncsim.experiments.figures import discovery_figure

    section = Section("discovery", "Under which conditions a policy fails")
    for name, outcome in outcomes_of(one.experiment, one.runs, one.outputs, one.titles, one.scale):
        found = discovery.discover(outcome, one.samples, one.factors)
        section.sentences += discovery.in_words(found)
        apart = regional.regional_sensitivity(outcome, one.samples, one.factors)
        section.sentences += regional.in_words(apart)
        if found.box is not None:
            section.files.append(one.table(f"box_{name}", found.box.limits))
            inputs = one.samples.set_index("sample").loc[outcome.values.index]
            caption = (
                f"Each point is a future. {found.outcome.subject}: inside the box in {found.box.density:.0%} of the futures."
            )
            section.pictures.append(one.picture(discovery_figure(found, inputs), f"box_{name}", caption))
        if found.tree is not None:
            section.files.append(one.table(f"tree_{name}", found.tree.leaves))
        section.files.append(one.table(f"regional_{name}", apart.distances))
    return section


def _convergence(one: _Writer) -> Section | None:
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
    caption = f"Running mean of each effect with its 95 % interval as {kind}s are added: it should have settled."
    section.pictures = [one.picture(convergence_figure(table, one.outputs, one.titles, kind), "convergence", caption)]
    section.files = [one.table("convergence", table)]
    return section


_SECTIONS = (_effects, _tradeoff, _robustness, _discovery, _sensitivity, _convergence)
