"""The report of an experiment: effects, trade-offs, what matters, where policies fail, whether there were enough runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from oncsim.errors import InputError
from oncsim.experiments.analysis.words import counted
from oncsim.experiments.ledger import Ledger
from oncsim.experiments.report_parts import OnPart, Section, Writer
from oncsim.experiments.sections import (
    convergence_section,
    discovery_section,
    effects_section,
    path_section,
    robustness_section,
    sensitivity_section,
    tradeoff_section,
)
from oncsim.reports.rendering import collection_paused, write_page

_SHOWN = 12  # sentences of a section shown openly


# The order in which a reader asks.
_SECTIONS = (
    effects_section,
    path_section,
    tradeoff_section,
    robustness_section,
    discovery_section,
    sensitivity_section,
    convergence_section,
)


def write_report(folder: Path, progress: OnPart | None = None) -> tuple[Path, list[str]]:
    """Write ``report.html``, ``figures/`` and ``analysis/`` into a results folder.

    Parameters
    ----------
    folder : Path
        Folder of results.
    progress : callable, optional
        Called as parts of the report end.

    Returns
    -------
    tuple
        The path of the page, and the sentences that say most, for the terminal.
    """
    one = Writer(folder, len(_SECTIONS), progress)
    sections = []
    with collection_paused():
        for make in _SECTIONS:
            section = _made(make, one)
            sections += [] if section is None else [section]
            one.ended()
    short = [line for section in sections for line in section.short]
    for section in sections:
        section.sentences = [_held(line) for line in section.sentences]
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
        "scenarios": [[arm.label, arm.scenario.title, arm.scenario.description] for arm in one.experiment.arms],
        "uncertainties": [
            [item.label, item.name, str(item.distribution or ", ".join(f"{v:g}" for v in item.values)),
             "this experiment" if item.own else "registry"]
            for item in one.experiment.uncertainties
        ],
        "folder": folder.name,
        "short": [_held(line) for line in short],
    }  # fmt: skip
    one.drop_stale()
    path = write_page(folder / "report.html", "experiment.html.j2", context)
    return path, short


def _made(make: Callable[[Writer], Section | None], one: Writer) -> Section | None:
    """Return a section; one that the runs do not allow says why and takes none of the others away."""
    try:
        section = make(one)
    except InputError as error:
        title = make.__name__.removesuffix("_section").replace("_", " ")
        return Section(title.replace(" ", "-"), title.capitalize(), note=f"This part cannot be made: {error}.")
    if section is not None:
        section.sentences = list(dict.fromkeys(section.sentences))
    return section


def _held(text: str) -> str:
    """Keep numbers and their per cent on one line."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _about(one: Writer) -> str:
    runs = one.runs
    words = [
        counted(len(one.arms), "scenario"),
        counted(int(runs["sample"].nunique()), "future"),
        counted(int(runs["replicate"].nunique()), "replicate"),
    ]
    method = one.experiment.design.method.replace("_", " ")
    drawn = f", drawn by {method}" if one.several else ""
    return f"{' x '.join(words)}: {len(runs):,} runs of {one.experiment.start} to {one.experiment.end}{drawn}"


def _trouble(one: Writer, failed: int) -> str:
    planned = sum(w.units for w in Ledger(one.folder).waves) * len(one.arms)
    parts = []
    if failed:
        parts.append(f"{failed:,} runs failed and are left out: their inputs and tracebacks are in failures/")
    if len(one.runs) + failed < planned:
        parts.append(f"{planned - failed - len(one.runs):,} of {planned:,} runs are still to be played")
    return "; ".join(parts)
