"""``oncsim metrics``: what every metric is."""

from __future__ import annotations

import click

from oncsim.cli.console import console, table
from oncsim.cli.suggestions import suggest
from oncsim.errors import InputError, did_you_mean


@click.group("metrics")
def command() -> None:
    """List the metrics or show one: definition, unit, groups, source."""


@command.command("list")
@click.argument("start", default="")
def list_metrics(start: str) -> None:
    """List the metrics (those whose name begins with START)."""
    from oncsim.metrics import METRICS

    chosen = [metric for name, metric in sorted(METRICS.items()) if name.startswith(start)]
    if not chosen:
        families = sorted({name.split(".")[0] for name in METRICS})
        near = did_you_mean(start, [*METRICS, *families])
        raise InputError(f"no metric begins with {start!r} ({', '.join(families)}{near})")
    rows: list[tuple[str, ...]] = [("metric", "unit", "title"), *((m.name, m.unit, m.title) for m in chosen)]
    for line in table(rows):
        console().say(line)


@command.command("show")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def show_metrics(names: tuple[str, ...]) -> None:
    """Show all there is to say of a metric."""
    from oncsim.metrics import METRICS

    unknown = [name for name in names if name not in METRICS]
    if unknown:
        said = [f"no metric {name!r} (oncsim metrics list{suggest(name, METRICS)})" for name in unknown]
        raise InputError("\n".join(said))
    import textwrap

    for position, name in enumerate(names):
        metric = METRICS[name]
        if position:
            console().say()
        console().say(name)
        better = {"higher": "higher is better", "lower": "lower is better"}.get(metric.better, "")
        facts = (
            ("title", metric.title),
            ("definition", metric.definition),
            ("unit", metric.unit),
            ("also by", "; ".join((*metric.groups, *(["market"] if metric.by_market else [])))),
            ("direction", better),
            ("source", metric.source),
        )
        for label, text in facts:
            if text:
                lines = textwrap.wrap(str(text), 96, break_on_hyphens=False, break_long_words=False)
                for i, line in enumerate(lines):
                    console().say(f"  {label if not i else '':<11} {line}")
