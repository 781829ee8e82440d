"""Files about all cases that were played: a tidy table for programs, and one that people read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.cases.words import effect, expectation_lines, heading, level, verdict
from oncsim.results import files

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.cases.checking import CaseResult

COLUMNS = (
    "case",
    "number",
    "expectation",
    "value_mean",
    "control_mean",
    "effect",
    "low",
    "high",
    "share",
    "control_share",
    "passed",
    "replicates",
    "seed",
)


def tidy(cases: Sequence[CaseResult]) -> pd.DataFrame:
    """Return one row an expectation; a case that could not be played has one row that says so."""
    import pandas as pd

    rows: list[tuple[object, ...]] = []
    for case in cases:
        key, end = (case.id, case.number), (case.replicates, case.seed)
        if case.failure:
            rows.append((*key, case.failure, *(None,) * 7, False, *end))
        for one in case.checked:
            numbers = (one.mean, one.control_mean, one.effect.value, one.effect.low, one.effect.high)
            rows.append((*key, one.text, *numbers, one.share, one.control_share, one.passed, *end))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def readable(cases: Sequence[CaseResult]) -> str:
    """Return a Markdown page with a block a case."""
    lines = ["# Practice cases", "", _count(cases), ""]
    for case in cases:
        lines += [f"## {heading(case)}: {verdict(case.passed)}", "", case.file.case.situation.strip(), ""]
        lines += expectation_table(case) if not case.failure else [f"{case.failure}."]
        lines.append("")
    lines.append(
        "Shares are of replicates. The effect is the mean of case minus control of what is measured, paired by replicate, "
        "with its 95 % Student interval."
    )
    return "\n".join(lines) + "\n"


def expectation_table(case: CaseResult) -> list[str]:
    """Return the expectations of a case as a Markdown table."""
    lines = ["| Expected | | Held | In the control | Mean | Control | Effect |", "|---|---|---|---|---|---|---|"]
    for one in case.checked:
        text = expectation_lines(one, case.replicates)[0]
        why = f" ({'; '.join(one.why)})" if one.why else ""
        cells = (
            text + why,
            verdict(one.passed),
            f"{one.share:.0%}",
            f"{one.control_share:.0%}" if one.control_share == one.control_share else "-",
            level(one.mean, one.unit),
            level(one.control_mean, one.unit),
            effect(one.effect, one.unit),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def _count(cases: Sequence[CaseResult]) -> str:
    passed = sum(case.passed for case in cases)
    first = cases[0]
    some = f"{first.replicates} replicate{'s' if first.replicates > 1 else ''} of each variant, seed {first.seed}"
    return f"{passed} of {len(cases)} passed; {some}."


def write(cases: Sequence[CaseResult], folder: Path) -> None:
    """Write both files, and for each case whose story was kept its own folder.

    Raises
    ------
    RunError
        When they cannot be stored.
    """
    with files.storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        files.write_text(folder / "cases.csv", tidy(cases).to_csv(index=False, lineterminator="\n"))
        files.write_text(folder / "cases.md", readable(cases))
        for case in cases:
            if case.kept:
                _write_story(case, folder / case.id)


def _write_story(case: CaseResult, folder: Path) -> None:
    from oncsim.cases.picture import timeline_of
    from oncsim.cases.story import story_page
    from oncsim.reports.figures.case_timeline import case_timeline
    from oncsim.reports.figures.style import to_bytes

    folder.mkdir(parents=True, exist_ok=True)
    files.write_bytes(folder / "timeline.png", to_bytes(case_timeline(timeline_of(case)), "png"))
    files.write_text(folder / "story.md", story_page(case))
