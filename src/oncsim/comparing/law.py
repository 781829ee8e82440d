"""What a scenario changes of the law, the economy and behaviour, against the baseline: old and new values, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oncsim.calendar import Quarter

if TYPE_CHECKING:
    from oncsim.parameters.override import Override
    from oncsim.scenario import Scenario

SPAN_YEARS = 10
ANNOUNCED = " announced"


def changes(baseline: Scenario, other: Scenario) -> list[dict[str, str]]:
    """Return what differs, one entry a parameter (all its codes together, as one entry of a file sets them) or event.

    Returns
    -------
    list of dict
        ``name`` (dotted name or ``events``), ``title``, ``kind`` (``policy``, ``economy``, ``behaviour`` or
        ``events``), ``unit``, ``from`` and ``until`` (first and last quarter that differ), ``old`` and ``new`` (values, of
        the last quarter that differs), ``step`` (the first new value where it is another, as in a ramp), ``full`` (of a
        ramp, the quarter that reaches the last value), ``place`` (file and line that set it, where known).
    """
    if not hasattr(other, "resolved") or not hasattr(baseline, "resolved"):
        return []
    from oncsim.scenario.differ import differences

    spans: dict[str, list[tuple[str, str, str, str]]] = {}
    for row in (one for joint in differences(baseline, other) for one in _apart(joint)):
        name = row[0]
        if not name.startswith(("horizon", "settings", "market", "expect")):
            spans.setdefault(f"{name} {row[1]}" if name == "events" else name, []).append(row)
    return _merged([_entry(name, rows, baseline, other) for name, rows in spans.items()], other)


def _apart(row: tuple[str, str, str, str]) -> list[tuple[str, str, str, str]]:
    """Return one row a code of a row that names several: ``a.b.{general, cancer} [state: TN]``."""
    name, when, old, new = row
    head, opened, rest = name.partition(".{")
    codes, closed, tail = rest.partition("}")
    return [(f"{head}.{code}{tail}", when, old, new) for code in codes.split(", ")] if opened and closed else [row]


def _entry(name: str, rows: list[tuple[str, str, str, str]], baseline: Scenario, other: Scenario) -> dict[str, str]:
    first, last = rows[0], rows[-1]
    section, place = _place(name, baseline, other)
    entry = {
        "name": "events" if section == "events" else name,
        "title": "",
        "kind": section,
        "from": first[1].split("-")[0],
        "until": last[1].split("-")[-1],
        "old": last[2],
        "new": last[3],
        "place": place,
    }
    if first[3] == last[3]:
        return entry
    # Only where the baseline stays as it is do the steps belong to the scenario alone.
    full = {"full": last[1].split("-")[0]} if len({row[2] for row in rows}) == 1 else {}
    return entry | {"step": first[3]} | full


def _place(name: str, baseline: Scenario, other: Scenario) -> tuple[str, str]:
    """Return the section that sets a parameter and the file and line: of the other scenario if it does."""
    name = name.removesuffix(ANNOUNCED)
    if name.startswith("events"):
        return "events", ""
    for scenario in (other, baseline):
        changes = scenario.parameters.overrides
        # The entry of this very place first, then those of the whole parameter or of one of its codes.
        found = [c for c in changes if _label(c) == name] or [c for c in changes if _covers(str(c.path), name)]
        if found:
            file = str(found[0].file).replace("\\", "/").rsplit("/", 1)[-1]
            return str(found[0].section), f"{file}:{found[0].line}" if found[0].line else file
    return "policy" if name.startswith(("policy.", "payment.")) else "economy", ""


def _label(change: Override) -> str:
    return str(getattr(change, "label", change.path))


def _covers(path: str, name: str) -> bool:
    return name == path or name.startswith((f"{path}.", f"{path} ", f"{path}[")) or path.startswith(f"{name}.")


def _merged(entries: list[dict[str, str]], scenario: Scenario) -> list[dict[str, str]]:
    """Put the elements of one parameter together where the same place sets them in the same quarters."""
    together: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for number, entry in enumerate(entries):
        leaf, _, scope = _parts(entry["name"], scenario)
        alone = (str(number),) if entry["kind"] == "events" else (ANNOUNCED,) if _announced(entry) else ()
        key = (leaf, scope, entry["place"], entry["from"], entry["until"], *alone)
        together.setdefault(key, []).append(entry)
    merged = []
    for (leaf, scope, *_), some in together.items():
        first = dict(some[0])
        if first["kind"] != "events":
            known = scenario.parameters.registry.leaves.get(leaf)
            first |= {"name": f"{leaf}{scope}", "title": _title(leaf, scope, some, scenario)}
            first |= {"unit": str(known.unit) if known is not None else ""}
            if _announced(some[0]):
                first |= {"name": f"{first['name']}{ANNOUNCED}", "title": f"{first['title']}{ANNOUNCED}", "unit": ""}
            first |= {side: _values([one[side] for one in some]) for side in ("old", "new")}
        merged.append(first)
    return _siblings(merged)


def _announced(entry: dict[str, str]) -> bool:
    """Return whether only the quarter in which a change becomes known differs."""
    return entry["name"].endswith(ANNOUNCED)


def _siblings(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put parameters together that one entry of a file sets alike and whose titles differ after the last comma only."""
    together: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for number, entry in enumerate(entries):
        head, comma, tail = entry["title"].partition(", ")
        head = f"{head} ({tail.partition(' (')[2]}"
        alike = tuple(entry.get(key, "") for key in ("kind", "from", "until", "old", "new", "unit", "step", "full", "place"))
        alone = () if comma and entry["kind"] != "events" and entry["place"] else (str(number),)
        together.setdefault((head, *alike, *alone), []).append(entry)
    found = []
    for some in together.values():
        head, _, tail = some[0]["title"].partition(", ")
        # What is in brackets, codes and places, is the same for all and is said once.
        whose = tail.partition(" (")[2]
        names = [entry["title"].partition(", ")[2].partition(" (")[0] for entry in some]
        title = f"{head} ({', '.join(names)}{'; ' + whose if whose else ')'}"
        found.append(some[0] if len(some) == 1 else {**some[0], "title": title})
    return found


def _parts(name: str, scenario: Scenario) -> tuple[str, tuple[str, ...], str]:
    """Return the parameter, the codes of the element and the scope of a name such as ``a.b.code [state: TN]``."""
    path, bracket, scope = name.removesuffix(ANNOUNCED).partition(" [")
    words = path.split(".")
    for size in range(len(words), 0, -1):
        if ".".join(words[:size]) in scenario.parameters.registry.leaves:
            return ".".join(words[:size]), tuple(words[size:]), bracket + scope
    return path, (), bracket + scope


def _title(leaf: str, scope: str, entries: list[dict[str, str]], scenario: Scenario) -> str:
    """Return the title of a parameter with the codes that differ, unless all do, and the places."""
    known = scenario.parameters.registry.leaves.get(leaf)
    if known is None:
        return leaf
    changed = [_parts(entry["name"], scenario)[1] for entry in entries]
    said = []
    for axis in range(len(changed[0])):
        every = dict.fromkeys(element[axis] for element in known.elements)
        some = list(dict.fromkeys(codes[axis] for codes in changed if len(codes) > axis))
        if len(some) < len(every):
            spared = [code for code in every if code not in some]
            shown = ", ".join(some) if len(some) <= 4 else f"{len(some)} of {len(every)} by {known.axes[axis]}"
            shown = f"all but {', '.join(spared)}" if len(some) > len(spared) <= 3 and len(every) > 3 else shown
            said.append(shown.replace("_", " "))
    text = f"{known.title} ({'; '.join(said)})" if said else str(known.title)
    return text + scope.replace("_", " ")


def _values(texts: list[str]) -> str:
    """Return one value, or the ends of several."""
    found = list(dict.fromkeys(texts))
    if len(found) <= 2:
        return " or ".join(found)
    try:
        ordered = sorted(found, key=float)
    except ValueError:
        return ", ".join(found)
    return f"{ordered[0]} to {ordered[-1]}"


def facts(scenario: Scenario) -> dict[str, Any]:
    """Return what the scenario says of itself that a report repeats: ``mechanism`` and ``published`` scores."""
    registry = getattr(getattr(scenario, "parameters", None), "registry", None)
    known = getattr(registry, "sources", {})
    scores = []
    for score in getattr(scenario, "published", ()):
        titles = [str(getattr(known.get(cite), "title", cite)) for cite in score.source.cites]
        source = "; ".join([*titles, *([score.source.note] if score.source.note else [])])
        told = {"amount": score.amount, "years": score.years, "of": score.of, "source": source, "note": score.note}
        scores.append(told)
    return {"mechanism": str(getattr(scenario, "mechanism", "")), "published": scores}


def span(first: Quarter, last: Quarter, begins: str) -> tuple[Quarter, Quarter]:
    """Return the first and last quarter of the ten years from the quarter a policy begins, cut at the horizon.

    Parameters
    ----------
    first, last : Quarter
        Horizon.
    begins : str
        First quarter in which the scenarios' law differs; empty for the start of the horizon.
    """
    start = max(first, Quarter.parse(begins)) if begins else first
    start = min(start, last)
    return start, min(last, start + (4 * SPAN_YEARS - 1))


def force(entries: list[dict[str, str]], end: str) -> tuple[str, str] | None:
    """Return the first and the last quarter in which the law differs, if it ends before the horizon; else None."""
    law = [one for one in entries if one["kind"] == "policy" and one["from"] and not _announced(one)]
    if not law or len(law) < len([one for one in entries if not _announced(one)]):
        return None
    last = max(one["until"] for one in law)
    return (min(one["from"] for one in law), last) if last and last < end else None


def begins(entries: list[dict[str, str]]) -> str:
    """Return the first quarter in which the law differs, else in which anything does; empty where nothing does."""
    law = [entry["from"] for entry in entries if entry["kind"] == "policy" and entry["from"]]
    return min(law or [entry["from"] for entry in entries if entry["from"]], default="")
