"""The story of one case: what happened to the organisations it follows, and what other choices would have changed."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from oncsim.cases.checking import Mean, mean_of, unit_of
from oncsim.cases.tables import expectation_table
from oncsim.cases.words import effect, heading, level, sentence, verdict
from oncsim.comparing.measuring import TieState, between, tie_path
from oncsim.reports.figures.case_timeline import form_words
from oncsim.reports.story import Happening, happenings, weight

if TYPE_CHECKING:
    from oncsim.cases.checking import CaseResult
    from oncsim.cases.replicate import Kept
    from oncsim.scenario.measures import Measure

# Steps of trust that are told, and how far beyond one it must be before the next crossing counts.
TRUST_STEPS = (0.2, 0.4, 0.6, 0.8)
_MARGIN = 0.02
AMONG = "among them"  # kind of what one followed organisation did with or to another
SHOWN = 40
_MOST_CHANGES = 8
_STAGES = {
    "prospect": "{a} and {b} look at each other as possible partners ({form}).",
    "shared_problem": "{a} and {b} find a problem that they share ({form}).",
    "due_diligence": "{a} and {b} look into a {form}.",
    "ramp_up": "{form} of {a} and {b} ramps up.",
    "active": "{form} of {a} and {b} is at work.",
    "deepened": "{form} of {a} and {b} deepens.",
    "scaled_back": "{form} of {a} and {b} is scaled back.",
    "dissolved": "{form} of {a} and {b} has ended.",
}
_TALKS = ("", "prospect", "shared_problem", "due_diligence")
_NOTHING = "Nothing comes of what {a} and {b} had in mind ({form})."


def happened(case: CaseResult) -> list[Happening]:
    """Return everything that is told of replicate 0 of the case, in order of time."""
    kept = case.kept[""]
    events = kept.events.sort_values("quarter", kind="stable")
    among = events["actor"].isin(case.file.case.follow) & events["other"].isin(case.file.case.follow)
    told = [replace(line, kind=AMONG) if inside else line for line, inside in zip(happenings(events), among, strict=True)]
    lines = [*told, *_stage_lines(case, kept), *_trust_lines(case, kept)]
    return sorted(lines, key=lambda line: line.quarter)


def main_lines(case: CaseResult, shown: int = SHOWN) -> list[Happening]:
    """Return the lines that matter most, at most so many, in order of time."""
    lines = happened(case)
    # What happens between the people in the case goes first, then what says much about a market.
    ranked = sorted(range(len(lines)), key=lambda i: (-_rank(lines[i]), i))[:shown]
    return [lines[i] for i in sorted(ranked)]


def _rank(line: Happening) -> float:
    return 10.0 if line.kind in (AMONG, "tie", "trust") else weight(line.kind.replace(" ", "_"))


def pairs(case: CaseResult) -> list[tuple[str, str]]:
    """Return every two of the followed organisations."""
    return list(combinations(case.file.case.follow, 2))


def path_of(case: CaseResult, variant: str, pair: tuple[str, str]) -> list[tuple[str, TieState]]:
    """Return where two organisations stand with each other, quarter by quarter, in replicate 0 of a variant."""
    quarters = [str(quarter) for quarter in case.file.scenario.quarters]
    return tie_path(between(case.kept[variant].ties, *pair), pair[0], quarters)


def _name(case: CaseResult, org: str) -> str:
    return case.names.get(org, org)


def _stage_lines(case: CaseResult, kept: Kept) -> list[Happening]:
    """Return a line for each change of stage that no event of the same two in the same quarter tells already."""
    events = zip(*(kept.events[c] for c in ("quarter", "actor", "other")), strict=True)
    told = {(quarter, frozenset((actor, other))) for quarter, actor, other in events}
    start = str(case.file.scenario.start)
    lines = []
    for _, rows in kept.ties.groupby("tie", sort=True):
        rows = rows.sort_values("quarter", kind="stable")
        before = ""
        for quarter, a, b, form, stage in zip(*(rows[c] for c in ("quarter", "a", "b", "form", "stage")), strict=True):
            changed, earlier, before = stage != before, before, stage
            if not changed or (quarter, frozenset((a, b))) in told:
                continue
            words = _NOTHING if stage == "dissolved" and earlier in _TALKS else _STAGES[stage]
            text = words.format(a=_name(case, a), b=_name(case, b), form=form_words(form))
            at_start = quarter == start and stage != "dissolved"
            lines.append(Happening(quarter, "tie", sentence(f"at the start: {text}" if at_start else text)))
    return lines


def _trust_lines(case: CaseResult, kept: Kept) -> list[Happening]:
    lines = []
    for pair in pairs(case):
        path = path_of(case, "", pair)
        for first, second, value in ((*pair, "trust_ab"), (*pair[::-1], "trust_ba")):
            lines += _crossings(
                [(quarter, getattr(state, value)) for quarter, state in path if state.living or state.trust_min > 0],
                f"trust of {_name(case, first)} in {_name(case, second)}",
            )
    return lines


def _crossings(path: list[tuple[str, float]], what: str) -> list[Happening]:
    if not path:
        return []
    above = [path[0][1] >= step for step in TRUST_STEPS]
    lines = []
    for quarter, trust in path[1:]:
        for i, step in enumerate(TRUST_STEPS):
            if not above[i] and trust >= step + _MARGIN:
                lines.append(Happening(quarter, "trust", sentence(f"{what} rises above {step:g}.")))
            elif above[i] and trust < step - _MARGIN:
                lines.append(Happening(quarter, "trust", sentence(f"{what} falls below {step:g}.")))
            else:
                continue
            above[i] = not above[i]
    return lines


def changes(case: CaseResult) -> list[tuple[str, list[str]]]:
    """Return for each variant what it is, and how it differs from the case at the end, in sentences."""
    told = []
    named = {choice.variant: choice.text for choice in case.file.case.choices if choice.variant}
    for name, run in case.file.runs.items():
        if name not in case.file.scenario.variants or name not in case.values:
            continue
        head = (
            f"{named[name].rstrip('.')} (variant {name}: {run.title})" if name in named else f"{run.title} (variant {name})"
        )
        told.append((head, _differences(case, name)))
    return told


def _differences(case: CaseResult, variant: str) -> list[str]:
    skipped = len(case.file.scenario.expect)
    clear: list[str] = []
    for place, measure in enumerate(case.file.story_measures, start=skipped):
        own, other = case.values[""][:, place], case.values[variant][:, place]
        apart = mean_of(other - own)
        # One replicate has no interval; its differences are told as what they are.
        if apart.clear or (len(own) == 1 and np.isfinite(apart.value) and apart.value != 0):
            clear.append(_difference(case, measure, mean_of(own), mean_of(other), apart))
    if not clear:
        return ["No difference in the last year stands out from chance."]
    return clear[:_MOST_CHANGES]


def _difference(case: CaseResult, measure: Measure, own: Mean, other: Mean, apart: Mean) -> str:
    unit = unit_of(measure)
    if measure.tie is not None:
        first, second = (_name(case, org) for org in measure.tie)
        noun = {
            "living": f"quarters of the last year with a living tie between {first} and {second}",
            "rung": f"place on the ladder of forms between {first} and {second}",
            "trust_min": f"the lower trust between {first} and {second}",
        }[str(measure.value)]
    else:
        org = _name(case, str(measure.org))
        noun = {
            "independent": f"quarters of the last year in which {org} is independent",
            "open": f"quarters of the last year in which {org} is open",
            "patients": f"new patients of {org} a quarter",
            "margin": f"margin of {org}",
        }[str(measure.value)]
    return f"{sentence(noun)}: {level(other.value, unit)} instead of {level(own.value, unit)}, {effect(apart, unit)}."


def unplayed(case: CaseResult) -> list[str]:
    """Return the choices that no variant plays."""
    return [choice.text for choice in case.file.case.choices if choice.variant is None]


def story_page(case: CaseResult) -> str:
    """Return the story of a case as a Markdown page."""
    about = case.file.case
    lines = [f"# {heading(case)}", "", about.situation.strip(), "", "![Timeline](timeline.png)", ""]
    lines += [f"## What was expected: {verdict(case.passed)}", "", *expectation_table(case), ""]
    lines += ["## What happened (replicate 0)", ""]
    lines += [f"- {line.quarter}: {line.text}" for line in happened(case)] or ["Nothing that is told."]
    lines += ["", "## What would have changed it", ""]
    for head, sentences in changes(case):
        lines += [f"**{head}**", "", *(f"- {text}" for text in sentences), ""]
    if unplayed(case):
        lines += ["Not played:", "", *(f"- {text}" for text in unplayed(case)), ""]
    n = case.replicates
    lines.append(
        f"Differences are means over {n} replicate{'s' if n > 1 else ''}, paired by luck, in the last four quarters, with "
        f"95 % intervals. Organisations with real names act by simulated rules; nothing here is a statement about them."
    )
    return "\n".join(lines) + "\n"
