"""The story of a case: what is told of it, what other choices would have changed, and its picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from oncsim.cases import CaseResult, play_cases
from oncsim.cases.picture import timeline_of
from oncsim.cases.story import _stage_lines, changes, happened, main_lines, story_page, unplayed
from oncsim.reports.figures.case_timeline import Bar, Timeline, case_timeline
from oncsim.reports.figures.case_timeline import Path as Line

from .small_cases import HEAD, TAKEN


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> CaseResult:
    path: Path = tmp_path_factory.mktemp("case") / "sold.yaml"
    path.write_text(HEAD.format(name="sold", number=6) + f"  - {TAKEN}\n")
    return play_cases([str(path)], 3).cases[0]


def test_the_story_names_what_happened_to_those_it_follows(case: CaseResult) -> None:
    lines = happened(case)
    assert [line.quarter for line in lines] == sorted(line.quarter for line in lines)
    told = [(line.quarter, line.text) for line in lines]
    assert any(q == "2026Q3" and "Prairie Regional Health acquires Plains Oncology Associates" in text for q, text in told)
    assert any(q == "2026Q1" and text.startswith("At the start: referral of") for q, text in told)
    # Every line is about one of the two, by name.
    assert all("Plains Oncology" in text or "Prairie Regional" in text for _, text in told)
    assert len(main_lines(case, 3)) == 3 and main_lines(case, 1000) == lines


def test_what_variants_change_is_measured(case: CaseResult) -> None:
    (without, said), (later, _) = changes(case)
    assert without == "Nobody takes over (variant control)"
    assert later == "The system waits (variant later: The takeover comes later)"
    assert any("in which Plains Oncology Associates is independent: 100.0 % instead of 0.0 %" in one for one in said)
    assert unplayed(case) == ["The practice joins a network in time."]
    page = story_page(case)
    assert page.startswith("# 6. A practice is taken over (A teaching market)\n") and "What was expected: PASS" in page


def test_the_picture_shows_ties_trust_patients_and_money(case: CaseResult) -> None:
    shown = timeline_of(case)
    assert {bar.form for bar in shown.bars} >= {"inpatient_coverage", "acquisition"}
    bought = next(bar for bar in shown.bars if bar.form == "acquisition")
    assert bought.stages == (("active", "2026Q3", "2027Q4"),)
    assert [path.label for path in shown.patients] == ["Plains Oncology Associates", "Prairie Regional Health"]
    assert all(len(path.values) == len(path.control) == 8 for path in (*shown.trust, *shown.patients, *shown.margins))
    assert shown.margins[0].control != shown.margins[0].values


def test_words_of_the_picture_do_not_overlap() -> None:
    quarters = tuple(f"{year}Q{q}" for year in range(2026, 2036) for q in (1, 2, 3, 4))
    names = ["The First Regional Hospital Authority", "Northern Plains Hematology Oncology", "A Center", "Fourth"]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    stages = (("prospect", "2026Q1", "2026Q2"), ("ramp_up", "2026Q3", "2028Q2"), ("scaled_back", "2028Q3", "2030Q1"))
    bars = tuple(Bar(f"{a} and {b}", form, stages) for a, b in pairs for form in ("referral", "joint_venture"))
    flat = (0.5,) * len(quarters)
    trust = tuple(Line(f"{a} in {b}", flat, flat) for a, b in pairs[:4] for a, b in ((a, b), (b, a)))
    each = tuple(Line(name, flat, flat) for name in names)
    figure = case_timeline(Timeline("A title " * 20, quarters, bars, trust, each, each))
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = []
    for axes in figure.axes:
        words = [*axes.texts, axes.title, axes._left_title, *axes.get_xticklabels(), *axes.get_yticklabels()]  # type: ignore[attr-defined]
        words += axes.get_legend().get_texts() if axes.get_legend() else []
        boxes += [(word.get_text(), word.get_window_extent(renderer)) for word in words if word.get_text()]
    boxes += [(word.get_text(), word.get_window_extent(renderer)) for word in figure.texts]
    boxes += [(axes.get_xlabel(), axes.xaxis.label.get_window_extent(renderer)) for axes in figure.axes if axes.get_xlabel()]
    width, height = figure.bbox.width, figure.bbox.height
    for i, (text, box) in enumerate(boxes):
        assert box.x0 >= -1 and box.x1 <= width + 1 and box.y0 >= -1 and box.y1 <= height + 1, text
        for other, second in boxes[i + 1 :]:
            apart = (
                box.x1 <= second.x0 + 1 or second.x1 <= box.x0 + 1 or box.y1 <= second.y0 + 1.5 or second.y1 <= box.y0 + 1.5
            )
            assert apart, (text, other)


def test_talks_that_come_to_nothing_are_not_told_as_a_tie_that_ends(case: CaseResult) -> None:
    a, b = case.file.case.follow[:2]
    rows = [
        ("2026Q2", "talks", "prospect"),
        ("2026Q3", "talks", "dissolved"),
        ("2026Q2", "tie", "active"),
        ("2026Q4", "tie", "dissolved"),
    ]
    ties = pd.DataFrame(rows, columns=["quarter", "tie", "stage"]).assign(a=a, b=b, form="referral")
    kept = replace(case.kept[""], ties=ties, events=case.kept[""].events.iloc[:0])
    told = {line.quarter: line.text for line in _stage_lines(case, kept) if line.quarter in ("2026Q3", "2026Q4")}
    names = "Plains Oncology Associates and Prairie Regional Health"
    assert told["2026Q3"] == f"Nothing comes of what {names} had in mind (referral)."
    assert told["2026Q4"] == f"Referral of {names} has ended."
