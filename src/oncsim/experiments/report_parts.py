"""What every part of the report of an experiment is made with: what was read once, and where things are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from oncsim.experiments.analysis.outputs import Factor
from oncsim.experiments.described import comparable, factors_of, outputs_of
from oncsim.experiments.experiment import Experiment
from oncsim.experiments.losses import outcomes_of
from oncsim.experiments.reading import runs_table, samples_table
from oncsim.experiments.showing import experiment_in
from oncsim.reports.rendering import Picture, save_figure
from oncsim.results import files

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from oncsim.experiments.analysis.outcomes import Outcome

# Called as parts of the report end: how many, of how many.
OnPart = Callable[[int, int], None]


@dataclass
class Section:
    """A part of the report: paragraphs to copy, figures, tables that are also written as CSV; ``short`` leads the report."""

    anchor: str
    title: str
    note: str = ""
    sentences: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    caption: str = ""
    files: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)


class Writer:
    """What is read once, and where things are written."""

    def __init__(self, folder: Path, sections: int, progress: OnPart | None = None) -> None:
        self.folder, self._progress, self._ended = folder, progress, 0
        self._written: set[str] = set()
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
        # An output without any value must not take the sections of the others away.
        known = [output.name for output in given if self.runs[output.name].notna().any()]
        self.judged = [output for output in self.outputs if output.sign and output.name in known]
        self.levels = [output for output in self.levels if output.name in known]
        self.scale = dict.fromkeys(shares, 100.0)
        self.several = self.runs["sample"].nunique() > 1
        self.pairs = comparable(self.experiment, self.runs)
        listed = outcomes_of(self.experiment, self.runs, self.outputs, self.titles, self.scale) if self.several else ()
        self.outcomes: list[tuple[str, Outcome]] = list(listed) if self.factors else []
        # Searching where a policy fails takes longest, so each search is a part by itself.
        self._parts = sections + len(self.outcomes)

    def ended(self) -> None:
        """Say that one part more has ended."""
        self._ended += 1
        if self._progress is not None:
            self._progress(self._ended, self._parts)

    def picture(self, figure: Figure, name: str, caption: str) -> Picture:
        """Write a figure and return it for the page."""
        self._written |= {f"{name}.png", f"{name}.svg"}
        return save_figure(figure, self.folder / "figures", name, caption, caption)

    def table(self, name: str, frame: pd.DataFrame) -> str:
        """Write a table as CSV and return its place in the folder."""
        place = self.folder / "analysis"
        place.mkdir(exist_ok=True)
        if "output" in frame.columns and "unit" not in frame.columns:
            units = {output.name: output.unit for output in self.outputs}
            frame = frame.assign(unit_of_output=frame["output"].map(units))
        self._written.add(f"{name}.csv")
        files.write_text(place / f"{name}.csv", frame.to_csv(index=False))
        return f"analysis/{name}.csv"

    def drop_stale(self) -> None:
        """Remove figures and tables of an earlier report that this one does not have: they would contradict it."""
        for place in ("analysis", "figures"):
            for path in (self.folder / place).glob("*.*"):
                if path.name not in self._written:
                    path.unlink()
