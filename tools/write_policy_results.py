"""Play every ready policy against current law and write docs/policy-results.md: what moved, with intervals.

``python tools/write_policy_results.py [REPLICATES]`` (20 by default) takes about a minute for two policies on two cores.
Runs stay in results/policies and are used again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from write_policy_page import ready

from oncsim.comparing import Comparison, compare
from oncsim.comparing.expectations import check_expectations

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "policy-results.md"
RUNS = ROOT / "results" / "policies"
BASELINE = "current_law"
# Title, metric, group, which row of the differences, unit in words.
COLUMNS: tuple[tuple[str, str, str, str, str], ...] = (
    ("acquisitions", "consolidation.acquisitions", "", "total", "deals"),
    ("closures", "consolidation.closures", "", "total", "practices"),
    ("hospital share of infusions", "consolidation.hopd_share_infusions", "", "final", "points"),
    ("gain from an acquisition", "incentive.acquisition_gain", "", "final", "$ thousand"),
    ("340B margin", "spending.margin_340b", "", "mean", "$ million a quarter"),
    ("commercial over Medicare price", "price.commercial_to_medicare", "", "final", "times"),
    ("not treated", "access.untreated_share", "", "final", "points"),
    ("travel, rural", "access.minutes_mean", "rural=true", "final", "minutes"),
)
SCALE = {"points": 100.0, "$ thousand": 1e-3, "$ million a quarter": 1e-6}
INTRO = Path(__file__).with_name("policy_results.md").read_text(encoding="utf-8")


def main(replicates: int) -> None:
    """Play the policies and write the page."""
    found: dict[str, Comparison] = {}
    policies = ready()
    for number, name in enumerate(policies, 1):
        found[name] = compare([BASELINE, name], replicates, workers=2, out=RUNS, report=False)
        print(f"{number} of {len(policies)}: {name}: {found[name].folder.name}", flush=True)
    PAGE.write_text(page(found, replicates), encoding="utf-8")
    print(PAGE)


def page(found: dict[str, Comparison], replicates: int) -> str:
    """Return the page."""
    parts = [INTRO.format(replicates=replicates), "## Owners, prices, access\n", effects(found)]
    parts += [
        "Deals and closures are totals to 2040; the 340B margin is the mean over all quarters; all else is the mean of the "
        "last four quarters. The gain is per oncologist and year, before integration and the seller's price.\n",
        "## Ten-year budget\n",
        budgets(found),
        "Dollars of this market's oncology in millions over ten years from the start of the policy; patients of all payers "
        "in the last column.\n",
        "## What the scenarios expect\n",
        expectations(found),
    ]
    return "\n".join(parts)


def effects(found: dict[str, Comparison]) -> str:
    """Return the table of effects."""
    heads = ["policy", *(f"{title}, {unit}" for title, _, _, _, unit in COLUMNS)]
    rows = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * len(COLUMNS)]
    for name, done in found.items():
        cells = [_cell(done, metric, group, when, SCALE.get(unit, 1.0)) for _, metric, group, when, unit in COLUMNS]
        rows.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _cell(done: Comparison, metric: str, group: str, when: str, scale: float) -> str:
    table = done.differences
    some = table[(table["metric"] == metric) & (table["group"] == group) & (table["quarter"] == when)]
    if some.empty:
        return "-"
    return interval(*(scale * float(some[name].iloc[0]) for name in ("difference", "low", "high")))


def interval(middle: float, low: float, high: float) -> str:
    """Return a difference with its interval; bold where the interval leaves out zero."""
    if middle == low == high == 0:
        return "0"
    digits = 0 if abs(middle) >= 100 else 1 if abs(middle) >= 1 else 2
    text = f"{middle:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})".replace("-", "\N{MINUS SIGN}")
    return f"**{text}**" if low > 0 or high < 0 else text


def budgets(found: dict[str, Comparison]) -> str:
    """Return the table of ten-year budgets."""
    payers = ("medicare_ffs", "medicare_advantage", "commercial", "medicaid")
    rows = ["| policy | " + " | ".join(words_of(payer) for payer in payers) + " | all payers | patients |"]
    rows.append("|---|" + "---:|" * (len(payers) + 2))
    for name, done in found.items():
        cells = [_budget(done, payer, "payer") for payer in (*payers, "all")] + [_budget(done, "all", "patient")]
        rows.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def words_of(code: str) -> str:
    """Return a payer as people write it."""
    names = {"medicare_ffs": "Medicare", "medicare_advantage": "Medicare Advantage", "medicaid": "Medicaid"}
    return names.get(code, code)


def _budget(done: Comparison, payer: str, who: str) -> str:
    table: pd.DataFrame = done.budget
    some = table[(table["payer"] == payer) & (table["component"] == "") & (table["who"] == who)]
    ten = some[some["quarters"] == 40]
    if ten.empty:
        ten = some[some["quarters"] == some["quarters"].max()]
    row: Any = ten.iloc[0]
    return interval(*(1e-6 * float(row[name]) for name in ("difference", "low", "high")))


def expectations(found: dict[str, Comparison]) -> str:
    """Return what the scenarios expect and whether it held."""
    rows = []
    for done in found.values():
        rows += [f"- `{one.scenario}`: {one.text}" for one in check_expectations(done)]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
