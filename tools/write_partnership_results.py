"""Write docs/partnerships.md: ties, times, endings and origins of partnerships in the national market, beside the evidence.

Run it when results were meant to change: python tools/write_partnership_results.py. Nothing in the model is fitted to what
the page shows; it reports what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from oncsim.codes import ACADEMIC_CENTER, HEALTH_SYSTEM, PRACTICE, TIE_FORMS
from oncsim.market import build_market
from oncsim.model import OncologyMarket
from oncsim.scenario import load_scenario
from oncsim.ties.ladder import AFFILIATION, CONTRACT, IN_FORCE, SIGNED_FORMS
from oncsim.ties.trust import DISSOLVED

PAGE = Path(__file__).parents[1] / "docs" / "partnerships.md"
WORDS = Path(__file__).parent / "partnerships.md"
KINDS = (("practice", PRACTICE), ("health system", HEALTH_SYSTEM), ("academic center", ACADEMIC_CENTER))
PUBLISHED_EXITS = (0.040, 0.095, 0.207, 0.106, 0.112)  # F18, years 1 to 5


def name(form: int) -> str:
    """Return a form in words."""
    return TIE_FORMS[form].replace("_", " ")


def article(word: str) -> str:
    """Return the article of a word."""
    return "an" if word[0] in "aeiou" else "a"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def stock(model: OncologyMarket) -> dict[int, tuple[int, dict[str, float]]]:
    """Return, for each form, ties in force and ties for each organisation of a kind."""
    ties, orgs = model.ties, model.orgs
    active = (orgs.status == 0) & (orgs.starts > 0)
    found: dict[int, tuple[int, dict[str, float]]] = {}
    for form in SIGNED_FORMS:
        rows = IN_FORCE[ties.stage] & (ties.form == form)
        ends = np.bincount(ties.a[rows], minlength=len(orgs)) + np.bincount(ties.b[rows], minlength=len(orgs))
        each = {word: float(ends[active & (orgs.kind == kind)].mean()) for word, kind in KINDS}
        found[form] = (int(rows.sum()), each)
    return found


def forms_table(first: dict[int, tuple[int, dict[str, float]]], last: dict[int, tuple[int, dict[str, float]]]) -> str:
    """Return ties by form at the start and at the end."""
    head = ["Form", "ties, start", "ties, end", *(f"{article(word)} {word}, start to end" for word, _ in KINDS)]
    rows = [
        [name(form), f"{first[form][0]:,}", f"{last[form][0]:,}"]
        + [f"{first[form][1][word]:.2f} to {last[form][1][word]:.2f}" for word, _ in KINDS]
        for form in SIGNED_FORMS
    ]
    return table(head, rows)


def times_table(events: pd.DataFrame, model: OncologyMarket) -> str:
    """Return years from meeting to signature and to full strength, by form, for ties that began in the run."""
    ties = model.ties
    began = (ties.met >= 0) & (ties.stage != 0) & (ties.age > 0)
    rows = []
    for form in SIGNED_FORMS:
        mine = began & (np.where(ties.form_before >= 0, ties.form_before, ties.form) == form)
        if not mine.any():
            rows.append([name(form), "0", "", ""])
            continue
        signed = np.where(ties.stage == DISSOLVED, ties.ended - ties.age, model.t - ties.age) - ties.met
        months = 3.0 * signed[mine]
        full = 3.0 * (signed + ties.ramp - ties.diligence)[mine]
        rows.append([name(form), f"{int(mine.sum()):,}", quartiles(months), quartiles(full)])
    return table(["Form when signed", "signed", "months from meeting to signature", "to working fully"], rows)


def quartiles(values: np.ndarray) -> str:
    """Return the median and the quartiles in words."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"


def endings_table(model: OncologyMarket) -> str:
    """Return the part of contracts, and of referral ties, that end in each year of their age."""
    ties = model.ties
    born = (ties.met >= 0) & (ties.age > 0) & (ties.stage != 0)
    rows = []
    for year in range(8):
        row = [f"{year + 1}"]
        for kind in (born & CONTRACT[ties.form], born & ~CONTRACT[ties.form]):
            reached = kind & (ties.age > 4 * year)
            over = reached & (ties.stage == DISSOLVED) & (ties.age <= 4 * (year + 1))
            # Ties still young at the end of the run count for the part of the year they were seen.
            seen = np.minimum(ties.age[reached] - 4 * year, 4).sum() / 4.0
            row.append(f"{over.sum() / seen:.1%} of {seen:,.0f}" if seen >= 20 else "too few")
        row.append(f"{PUBLISHED_EXITS[year]:.1%}" if year < len(PUBLISHED_EXITS) else "")
        rows.append(row)
    return table(["Year", "contracts that end, of tie-years", "referral ties that end", "published (F18)"], rows)


def origins_table(model: OncologyMarket) -> str:
    """Return where ties come from, affiliates of centers, and trust over age."""
    ties, orgs = model.ties, model.orgs
    born = (ties.met >= 0) & (ties.age > 0)
    contracts = born & CONTRACT[ties.form]
    deepened = CONTRACT[ties.form] & (ties.form_before >= 0)
    known = int((contracts & ties.prior & (ties.form_before < 0)).sum())
    fresh = int((contracts & ~ties.prior & (ties.form_before < 0)).sum())
    grown = int(deepened.sum())
    every = max(known + fresh + grown, 1)
    force = IN_FORCE[ties.stage]
    lower = np.minimum(ties.trust_ab, ties.trust_ba)
    related = float(np.corrcoef(ties.age[force], lower[force])[0, 1])
    centers = np.flatnonzero((orgs.kind == ACADEMIC_CENTER) & (orgs.status == 0))
    affiliates = np.bincount(ties.a[force & (ties.form == AFFILIATION)], minlength=len(orgs))[centers]
    with_some = affiliates[affiliates > 0]
    ended = born & (ties.stage == DISSOLVED)
    back = force & (ties.stage == 6)
    rows = [
        ["contracts that grew out of a looser tie of the same two", f"{grown / every:.0%} of {every:,}"],
        ["contracts of two who had had a tie or had a partner in common", f"{known / every:.0%}"],
        ["contracts of two who had neither", f"{fresh / every:.0%}"],
        ["referral ties of two who had had a tie or had a partner in common",
         f"{(born & ~CONTRACT[ties.form] & ties.prior).sum() / max((born & ~CONTRACT[ties.form]).sum(), 1):.0%}"],
        ["ties signed in the run that have ended", f"{ended.sum() / max(born.sum(), 1):.0%}"],
        ["ties in force that are scaled back", f"{back.sum() / max(force.sum(), 1):.0%}"],
        ["affiliates of a center that has any", f"{with_some.mean():.1f}" if len(with_some) else "none"],
        ["correlation of the lower trust with age of the tie", f"{related:+.2f}"],
        ["mean of the lower trust", f"{float(lower[force].mean()):.2f}"],
    ]  # fmt: skip
    return table(["At the end of 2040", ""], rows)


def main() -> None:
    """Play the nation once and write the page."""
    scenario = load_scenario("nation")
    model = OncologyMarket(scenario, seed=1, market=build_market(scenario.market, scenario.folder))
    first = stock(model)
    while not model.finished:
        model.step()
    events = model.tables()["events"]
    parts = {
        "forms": forms_table(first, stock(model)),
        "times": times_table(events, model),
        "endings": endings_table(model),
        "origins": origins_table(model),
    }
    model.close()
    PAGE.write_text(WORDS.read_text(encoding="utf-8").format(**parts), encoding="utf-8")


if __name__ == "__main__":
    main()
