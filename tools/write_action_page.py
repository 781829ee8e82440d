"""Write docs/actions.md from the catalogue of actions (a test holds the two together)."""

from __future__ import annotations

from pathlib import Path

from oncsim.actions.catalogue import ACTIONS, ALIASES, SELECTORS, Argument

PAGE = Path(__file__).parents[1] / "docs" / "actions.md"


def _limits(argument: Argument) -> str:
    parts = []
    if argument.choices:
        parts.append(", ".join(f"`{choice}`" for choice in argument.choices))
    if argument.minimum is not None or argument.maximum is not None:
        low = "" if argument.minimum is None else f"{argument.minimum:g}"
        high = "" if argument.maximum is None else f"{argument.maximum:g}"
        parts.append(f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}")
    if argument.default is not None:
        parts.append(f"default {argument.default}")
    return "; ".join(parts)


def page() -> str:
    """Return the page as Markdown."""
    lines = [
        "# Actions",
        "",
        "What `events:` of a scenario can make happen, to whom, with what arguments. Written from the code by",
        "`tools/write_action_page.py`. Names are checked against the market before anything runs.",
        "",
        "```yaml",
        "events:",
        "  - {at: 2028Q1, do: capacity_shock, org: largest_system, fraction: -0.15, quarters: 4}",
        "```",
        "",
        "## Whom it is done to",
        "",
        "| Key | Meaning | Allowed |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {one.meaning} | {_limits(one)} |" for name, one in SELECTORS.items()]
    lines += ["", "All given keys must hold. Aliases for `org`:", ""]
    lines += [f"- `{name}`: {meaning}" for name, meaning in ALIASES.items()]
    for action in ACTIONS.values():
        lines += ["", f"## `{action.name}`", "", f"{action.meaning[0].upper()}{action.meaning[1:]}.", ""]
        lines.append(f"For: {', '.join(f'`{kind}`' for kind in action.targets)}.")
        if action.arguments:
            lines += ["", "| Argument | Kind | Needed | Meaning | Allowed |", "|---|---|---|---|---|"]
            lines += [
                f"| `{name}` | {one.kind} | {'yes' if one.required else 'no'} | {one.meaning} | {_limits(one)} |"
                for name, one in action.arguments.items()
            ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
