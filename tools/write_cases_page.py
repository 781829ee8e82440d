"""Write the list of cases into docs/cases.md, from the scenario files.

Run it when a case changed: python tools/write_cases_page.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "scenarios" / "cases"
PAGE = Path(__file__).parents[1] / "docs" / "cases.md"
START = "## The list\n"


def cases() -> list[dict[str, Any]]:
    """Return the cases as written, in the order of their numbers."""
    found = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))]
    return sorted(found, key=lambda written: int(written["case"]["number"]))


def cell(text: str) -> str:
    """Return text that fits a cell of a table."""
    return " ".join(text.split()).replace("|", "/")


def listed(written: dict[str, Any]) -> str:
    """Return one row: number, id, what happens, control, other variants."""
    case, variants = written["case"], written["variants"]
    place = f" *{cell(case['place'])}.*" if case.get("place") else ""
    others = [f"`{name}`: {cell(one['title'])}" for name, one in variants.items() if name != "control"]
    return (
        f"| {case['number']} | `{written['id']}` | {cell(written['title'])}.{place} {cell(case['situation'])} "
        f"| {cell(variants['control']['title'])} | {'; '.join(others)} |"
    )


def page(old: str) -> str:
    """Return the page with its list made anew."""
    head = old[: old.index(START) + len(START)]
    rows = ["| No. | Id | Situation | Control | Other choices that can be played |", "|---|---|---|---|---|"]
    rows += [listed(written) for written in cases()]
    return head + "\nMade by `tools/write_cases_page.py` from the files in `scenarios/cases/`.\n\n" + "\n".join(rows) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
