"""Where a run comes from: law it sets, what was estimated, how to run it again."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from oncsim.reports import words
from oncsim.reports.intervals import ENOUGH
from oncsim.reports.reading import RunTables
from oncsim.results.ground import who_is_real


def policy_rows(scenario: dict[str, Any]) -> tuple[list[list[str]], str]:
    """Return one row (what, from, until, value, source) a change of law, and what to say when there is
    none."""
    if not scenario:
        return [], "The resolved scenario is not in the run folder."
    entries = scenario.get("policy")
    if not isinstance(entries, list) or not entries:
        return [], "The scenario changes no law: the base law holds, with the changes it already schedules."
    rows = []
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        name = str(entry.get("set", ""))
        title = _titles().get(_leaf(name), "")
        start, until = str(entry.get("from") or "the start"), str(entry.get("until") or "the end")
        if entry.get("then"):
            until += f", then {entry['then']}"
        rows.append(
            [
                f"{title} ({name})" if title else name,
                start,
                until,
                _value(entry),
                _source(entry.get("source")),
            ]
        )
    return rows, ""


def _leaf(name: str) -> str:
    return name if name in _titles() else name.rpartition(".")[0]


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    # Titles help the reader; a run folder stays readable where the registry cannot be loaded.
    try:
        from oncsim.parameters import load_registry

        return {name: str(leaf.title) for name, leaf in load_registry().leaves.items()}
    except Exception:
        return {}


def _value(entry: dict[str, Any]) -> str:
    ramp = entry.get("ramp")
    if isinstance(ramp, dict):
        return f"goes step by step to {_plain(ramp.get('to'))} over {ramp.get('over', '')}".strip()
    return _plain(entry.get("to"))


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(inner)}" for key, inner in value.items())
    return "" if value is None else str(value)


def _source(source: object) -> str:
    if isinstance(source, dict):
        return " ".join(str(source[key]) for key in ("cite", "note") if source.get(key))
    return "" if source is None else str(source)


def scripted_events(scenario: dict[str, Any]) -> list[str]:
    """Return each event that the scenario makes happen, as one line."""
    events = scenario.get("events")
    if not isinstance(events, list):
        return []
    return [
        ", ".join(f"{key}: {_plain(value)}" for key, value in event.items()) for event in events if isinstance(event, dict)
    ]


def notes_and_warnings(manifest: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return what was estimated or generated, and the warnings of the run."""
    market = manifest.get("market")
    notes: list[Any] = []
    if isinstance(market, dict) and isinstance(market.get("notes"), list):
        notes += market["notes"]
    if isinstance(manifest.get("notes"), list):
        notes += manifest["notes"]
    warnings = manifest.get("warnings")
    listed = warnings if isinstance(warnings, list) else []
    return list(dict.fromkeys(map(str, notes))), list(dict.fromkeys(map(str, listed)))


def trust_lines(run: RunTables) -> list[str]:
    """Return what a reader should bear in mind, from what this run is."""
    lines = []
    count = len(run.replicates)
    if 1 < count < ENOUGH:
        lines.append(
            f"Ranges go from the lowest to the highest of {count} replicates, which differ only in luck; {ENOUGH} or more "
            "give intervals."
        )
    elif count > 1:
        lines.append(
            f"Intervals are over {count} replicates that differ only in luck. Doubt about behaviour is "
            f"not in them; "
            "oncsim compare --uncertainty draws behaviour too."
        )
    else:
        lines.append("With one replicate, a difference between two runs may be luck; compare several replicates.")
    ground = who_is_real(run.scenario.get("market"))
    lines += [ground] if ground else []
    if run.scenario.get("behaviour") and run.scenario.get("policy"):
        lines.append("The scenario changes behaviour as well as law: the effect of the law alone cannot be read off.")
    lines.append("Effects of a policy are best read from a paired comparison with a baseline (oncsim compare).")
    return lines


def replay_command(run: RunTables) -> str:
    """Return the command that gives the same numbers."""
    seed = run.manifest.get("seed")
    parts = ["oncsim run scenario.resolved.yaml", f"--replicates {len(run.replicates)}"]
    if isinstance(seed, int):
        parts.append(f"--seed {seed}")
    record = run.manifest.get("record")
    if isinstance(record, list):
        parts += [f"--record {word}" for word in record if re.fullmatch(r"[a-z_]+", str(word))]
    return " ".join(parts)


def provenance_rows(manifest: dict[str, Any]) -> list[list[str]]:
    """Return the facts of a manifest that identify a run, as rows."""
    rows = []
    for key, name in (
        ("run", "Run"),
        ("seed", "Seed"),
        ("replicates", "Replicates"),
        ("version", "Version of oncsim"),
        ("commit", "Commit"),
        ("python", "Python"),
        ("started", "Started"),
    ):
        value = manifest.get(key)
        if value not in (None, "") and isinstance(value, str | int | float):
            rows.append([name, str(value)])
    packages = manifest.get("packages")
    if isinstance(packages, dict) and packages:
        rows.append(["Packages", words.listing([f"{name} {version}" for name, version in packages.items()])])
    return rows or [["Manifest", words.NOT_AVAILABLE]]
