"""``oncsim params``: what every parameter is, its dated values and their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from oncsim.cli.console import console, table
from oncsim.cli.suggestions import suggest
from oncsim.errors import Fault, InputError

if TYPE_CHECKING:
    from oncsim.parameters.leaf import Leaf
    from oncsim.parameters.registry import Registry

_KINDS = ("law", "economy", "behaviour")


@click.group("params")
def command() -> None:
    """List the parameters or show one: meaning, unit, limits, dated values, sources, who reads it."""


@command.command("list")
@click.argument("start", default="")
@click.option("--kind", type=click.Choice(_KINDS), help="Only parameters of this kind.")
@click.option("--prefix", default="", help="Only names that begin so; the same as START.")
def list_params(start: str, kind: str | None, prefix: str) -> None:
    """List the parameters (those whose name begins with START)."""
    from oncsim.parameters import load_registry

    leaves = load_registry().leaves
    begin = prefix or start
    chosen = [leaf for name, leaf in sorted(leaves.items()) if name.startswith(begin) and kind in (None, leaf.kind)]
    if not chosen:
        groups = ", ".join(sorted({name.partition(".")[0] for name in leaves}))
        message = f"no parameter{f' of kind {kind}' if kind else ''} begins with {begin!r} (groups: {groups})"
        raise InputError([Fault("command line", 0, 0, "", message)])
    rows: list[tuple[str, ...]] = [("parameter", "kind", "basis", "unit", "title")]
    rows += [(leaf.name, leaf.kind, leaf.basis, leaf.unit, leaf.title) for leaf in chosen]
    for line in table(rows):
        console().say(line)


@command.command("show")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def show(names: tuple[str, ...]) -> None:
    """Show all there is to say of a parameter."""
    from oncsim.parameters import load_registry

    registry = load_registry()
    found = [(name, registry.find(name)) for name in names]
    faults = [_unknown(name, registry) for name, hit in found if hit is None]
    if faults:
        raise InputError(faults)
    for position, (_, hit) in enumerate(found):
        if position:
            console().say()
        assert hit is not None
        for line in _page(hit[0], registry):
            console().say(line)


def _unknown(name: str, registry: Registry) -> Fault:
    # A path into a parameter (name.code) has its own near misses; a bare word is looked for in all names.
    near = registry.near_miss(name)
    if "." not in name:
        near = f" (`oncsim params list` names them all{suggest(name, registry.leaves)})"
    return Fault("command line", 0, 0, "", f"no parameter {name!r}{near}")


def _page(leaf: Leaf, registry: Registry) -> list[str]:
    import textwrap

    from oncsim.parameters.leaf import SECTION
    from oncsim.parameters.readers import readers

    users = [*readers([leaf.name])[leaf.name]]
    users += [f"drift of {other.name}" for other in registry.leaves.values() if other.drift == leaf.name]
    users += [f"index of {other.name}" for other in registry.leaves.values() if other.index == leaf.name]
    facts = (
        ("title", leaf.title),
        ("meaning", leaf.description),
        ("unit", leaf.unit),
        ("kind", f"{leaf.kind} (a scenario changes it under `{SECTION[leaf.kind]}:`)"),
        ("type", leaf.type + (f": {', '.join(leaf.choices)}" if leaf.choices else "")),
        ("by", " and ".join(leaf.axes)),
        ("limits", str(leaf.limits) if leaf.numeric else ""),
        ("usual", str(leaf.usual) if leaf.numeric and str(leaf.usual) != "any number" else ""),
        ("basis", leaf.basis),
        ("drift", f"grows by {leaf.drift} after the last dated value" if leaf.drift else ""),
        ("index", f"in proportion to {leaf.index} between the dated values, before and after" if leaf.index else ""),
        ("service", leaf.service),
        ("where", f"a policy may limit it by {', '.join(leaf.where)}" if leaf.where else ""),
        ("uncertain", str(leaf.distribution) if leaf.distribution else ""),
        ("read by", ", ".join(users) or "nothing yet"),
        ("written in", f"{leaf.file}:{leaf.line}"),
    )
    lines = [leaf.name]
    for label, text in facts:
        wrapped = textwrap.wrap(text, 94, break_on_hyphens=False, break_long_words=False) if text else []
        lines += [f"  {label if not i else '':<11} {line}" for i, line in enumerate(wrapped)]
    return [*lines, *_values(leaf), *_sources(leaf, registry)]


def _values(leaf: Leaf) -> list[str]:
    from oncsim.parameters.axes import pick
    from oncsim.scenario.differ import shown

    rows: list[tuple[str, ...]] = [("from", "element", "value", "source")]
    for dated in leaf.history:
        when = f"{dated.start or 'always'}{f' (announced {dated.announced})' if dated.announced else ''}"
        for i, element in enumerate(e for e in leaf.elements if dated.sets(e)):
            value = shown(pick(dated.value, element))
            start, source = (when, str(dated.citation)) if i == 0 else ("", "")
            rows.append((start, ".".join(element), value, source))
    if not leaf.axes:
        rows = [(a, c, d) for a, _, c, d in rows]
    return ["", *(f"  {line}" for line in table(rows))]


def _sources(leaf: Leaf, registry: Registry) -> list[str]:
    ids = dict.fromkeys(cite for dated in leaf.history for cite in dated.citation.cites)
    lines = []
    for name in ids:
        source = registry.sources[name]
        lines.append(f"  {name}: {source.title} ({source.kind}){f' {source.address}' if source.address else ''}")
    return ["", *lines] if lines else []
