"""Write docs/policies.md: the law year by year, the levers behind it, and every ready scenario of a policy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent))

from policy_levers import LEVERS, Lever, of_lever
from policy_years import PARAMETERS, PAYMENT, RULES, YEARS, by_year

from oncsim.calendar import Quarter
from oncsim.parameters.leaf import Leaf
from oncsim.parameters.override import Override, scope_label
from oncsim.scenario import Scenario, load_scenario
from oncsim.scenario.library import bundled_scenarios

TOOLS = Path(__file__).parent
PAGE = TOOLS.parent / "docs" / "policies.md"
TEXT = TOOLS / "policy_page.md"
FIRST, LAST = Quarter(2026, 1), Quarter(2040, 4)  # of current law
CURRENT = "current_law"


def levers(scenarios: dict[str, Scenario]) -> list[str]:
    """Return the table of levers: parameters, whether law changed since 2010, ready scenarios."""
    lines = ["| lever | decides | parameters | in the law since 2010 | ready scenarios |", "|---|---|---|---|---|"]
    for lever in LEVERS:
        leaves = [leaf for name, leaf in sorted(PARAMETERS.registry.leaves.items()) if of_lever(lever, name)]
        names = _names(lever)
        using = ", ".join(f"`{identity}`" for identity, one in scenarios.items() if touches(one, lever)) or "none"
        lines.append(f"| {lever.title} | {lever.says} | {names} | {_changes(leaves)} | {using} |")
    return lines


def _names(lever: Lever) -> str:
    """Return the parameters of a lever, those below one name together."""
    groups: dict[str, list[str]] = {}
    for name in lever.parameters:
        above, _, last = name.rstrip(".").rpartition(".")
        groups.setdefault(above, []).append(f"`{last}.*`" if name.endswith(".") else f"`{last}`")
    return "; ".join(f"`{above}`: {', '.join(names)}" for above, names in groups.items())


def touches(scenario: Scenario, lever: Lever) -> bool:
    """Say whether a scenario sets a parameter of a lever."""
    return any(of_lever(lever, override.leaf) for override in scenario.parameters.overrides)


def _changes(leaves: list[Leaf]) -> str:
    """Say in which years the values of some parameters begin anew."""
    law = [leaf for leaf in leaves if leaf.kind == "law"]
    if not law:
        return "no law"
    years = {d.start.year for leaf in law for d in leaf.history[1:] if d.start is not None and d.start.year >= YEARS[0]}
    spans: list[list[int]] = []
    for year in sorted(years):
        if spans and year == spans[-1][-1] + 1:
            spans[-1].append(year)
        else:
            spans.append([year])
    return ", ".join(f"{one[0]}-{one[-1]}" if len(one) > 1 else str(one[0]) for one in spans) or "no change"


def chain(identity: str) -> list[str]:
    """Return the ids from a bundled scenario up to the one that extends nothing."""
    known, found = bundled_scenarios(), [identity]
    while (parent := yaml.safe_load(known[found[-1]].read_text(encoding="utf-8")).get("extends")) in known:
        found.append(parent)
    return found


def ready() -> dict[str, Scenario]:
    """Return the bundled scenarios that set law of their own on top of current law, by id."""
    found = {}
    for identity, path in bundled_scenarios().items():
        own = yaml.safe_load(path.read_text(encoding="utf-8")).get("policy")
        if own and identity != CURRENT and CURRENT in chain(identity):
            found[identity] = load_scenario(path)
    return found


def described(identity: str, scenario: Scenario) -> list[str]:
    """Return what a scenario is, what it sets, how it is meant to act, and what others estimated."""
    lines = [f"#### `{identity}`: {scenario.title}", "", scenario.question, ""]
    parent = chain(identity)[1]
    if parent != CURRENT:
        lines += [f"On top of `{parent}`, and best compared with it:", ""]
    lines += [f"- {line}" for line in _sets(scenario, identity)]
    lines += ["", f"Mechanism: {scenario.mechanism.strip()}"]
    for score in scenario.published:
        years = "a year" if score.years == 1 else f"over {score.years} years"
        word = "saves" if score.amount < 0 else "costs"
        amount = f"{abs(score.amount) / 1e9:,.4g} billion dollars {years}"
        note = f"; {score.note}" if score.note else ""
        lines.append(f"\nPublished: {word} {amount}, {score.of}{note} ({', '.join(score.source.cites) or 'text'}).")
    return [*lines, ""]


def _sets(scenario: Scenario, identity: str) -> list[str]:
    """Return one line for each entry of the scenario's own file and each parameter that it sets."""
    entries: dict[tuple[Any, ...], list[Override]] = {}
    for one in scenario.parameters.overrides:
        if Path(one.file).stem == identity:
            entries.setdefault((one.line, one.leaf, one.value, one.start), []).append(one)
    return [_entry(group) for group in entries.values()]


def _entry(group: list[Override]) -> str:
    first = group[0]
    leaf = PARAMETERS.leaf(first.leaf)
    text = f"{leaf.title}{_codes(leaf, group)}: {_shown(leaf, first.value)}"
    old = list(dict.fromkeys(_under_current_law(leaf, one) for one in group))
    text += f" (else {' or '.join(old)})" if len(old) <= 3 else ""
    text += f", from {first.start}" if first.start else ""
    text += f" in {first.ramp} equal steps" if first.ramp else ""
    if first.until:
        text += f" to {first.until}" + ("" if first.then == "restore" else ", then held")
    text += f"; announced {first.announced}" if first.announced else ""
    text += f"; only where {scope_label(first.scope).strip(' []')}" if first.scope else ""
    return f"{text}. `{leaf.name}`; {_source(first)}"


def _under_current_law(leaf: Leaf, change: Override) -> str:
    """Return the value that a change replaces, and what law has scheduled for later quarters of it."""
    start, end = change.start or FIRST, change.until or LAST
    said = _shown(leaf, PARAMETERS.element_value(leaf, change.element, start), unit=False)
    for dated in leaf.history:
        if dated.start is not None and start < dated.start <= end and dated.sets(change.element):
            later = PARAMETERS.element_value(leaf, change.element, dated.start)
            said += f", {_shown(leaf, later, unit=False)} from {dated.start}"
    return said


def _source(change: Override) -> str:
    """Return ids of sources and the note, or the note alone where it is judgement or a control."""
    note = change.citation.note if change.citation else ""
    cites = ", ".join(change.citation.cites) if change.citation else ""
    if not cites or cites == "judgement":
        return note if note in ("control", "judgement") or not note else f"judgement ({note})"
    return f"{cites} ({note})" if note else cites


def _codes(leaf: Leaf, group: list[Override]) -> str:
    said = []
    for axis, name in enumerate(leaf.axes):
        every = list(dict.fromkeys(element[axis] for element in leaf.elements))
        some = [code for code in every if any(one.element[axis] == code for one in group)]
        others = [code for code in every if code not in some]
        if others and len(some) > len(others):
            said.append("all but " + " or ".join(_word(code, name) for code in others))
        elif others:
            said.append(" or ".join(_word(code, name) for code in some))
    return f", {', '.join(said)}" if said else ""


def _word(code: str, axis: str) -> str:
    return code if axis in ("state", "route_340b") else code.replace("_", " ")


def _shown(leaf: Leaf, value: Any, unit: bool = True) -> str:
    """Return a value, with its unit if asked; shares in percent."""
    if leaf.type == "flag":
        return "yes" if value else "no"
    if not leaf.numeric:
        return str(value)
    if leaf.unit.split()[0] == "share":
        return f"{float(value) * 100:.3g} %" + (leaf.unit.removeprefix("share") if unit else "")
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if not unit or leaf.unit == "ratio":
        return number
    return (
        f"{number} x {leaf.unit.removeprefix('ratio to ')}" if leaf.unit.startswith("ratio to ") else f"{number} {leaf.unit}"
    )


def by_lever(scenarios: dict[str, Scenario]) -> list[str]:
    """Return all scenarios under the first lever that their own entries touch."""
    lines: list[str] = []
    left = dict(scenarios)
    for lever in LEVERS:
        here = [identity for identity, one in left.items() if _first_lever(identity, one) is lever]
        if here:
            lines += [f"### {lever.title}", ""]
        for identity in here:
            lines += described(identity, left.pop(identity))
    assert not left, f"no lever for {', '.join(left)}"
    return lines


def _first_lever(identity: str, scenario: Scenario) -> Lever | None:
    own = [one.leaf for one in scenario.parameters.overrides if Path(one.file).stem == identity]
    # A name in full goes before the beginning of a name.
    exact = [lever for lever in LEVERS if own and own[0] in lever.parameters]
    return next((lever for lever in [*exact, *LEVERS] if own and of_lever(lever, own[0])), None)


def sources(scenarios: dict[str, Scenario]) -> list[str]:
    """Return the sources that ready scenarios cite, each with its title and address."""
    changes = [one.citation for scenario in scenarios.values() for one in scenario.parameters.overrides if one.citation]
    scores = [score.source for scenario in scenarios.values() for score in scenario.published]
    ids = sorted({cite for citation in [*changes, *scores] for cite in citation.cites if cite != "judgement"}, key=str.lower)
    known = PARAMETERS.registry.sources
    return [f"- {one}: {known[one].title}" + (f", <{known[one].url}>" if known[one].url else "") for one in ids]


def page() -> str:
    """Return the page as Markdown."""
    scenarios = ready()
    text = TEXT.read_text(encoding="utf-8")
    parts = {
        "{payment}": by_year(PAYMENT),
        "{rules}": by_year(RULES),
        "{levers}": levers(scenarios),
        "{scenarios}": by_lever(scenarios),
        "{sources}": sources(scenarios),
    }
    for mark, lines in parts.items():
        assert text.count(mark) == 1, mark
        text = text.replace(mark, "\n".join(lines).rstrip())
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
