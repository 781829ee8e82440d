"""Write docs/price-effects.md: what acquisitions do to commercial prices in the national market, beside controls.

Run it when results were meant to change: python tools/write_price_effects.py. Nothing in the model is fitted to what the
page shows; it reports what comes out.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from oncsim.market import build_market
from oncsim.model import OncologyMarket
from oncsim.scenario import load_scenario

PAGE = Path(__file__).parents[1] / "docs" / "price-effects.md"
WORDS = Path(__file__).parent / "price_effects.md"
SERVICES = ("administration", "visit", "imaging", "radiation", "other")
NEUTRAL = (*(f"policy.office_equal.{service}=1" for service in SERVICES), "policy.site_neutral.commercial_spillover=1")
KINDS = ("practice", "health_system", "academic_center", "network")
EVEN = tuple(f"payer.bargaining.weight.{kind}=0.5" for kind in KINDS)
RUNS = (
    ("Current law", ()),
    ("Full site neutrality, commercial contracts included", NEUTRAL),
    ("Everybody with the same bargaining weight (control)", (*EVEN, "payer.bargaining.size_slope=0")),
)
PARTS = ("rate_table", "bargained", "total")


def play(sets: tuple[str, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the national market once; return its metrics of everybody and its events."""
    scenario = load_scenario("nation", sets=sets)
    model = OncologyMarket(scenario, seed=1, market=build_market(scenario.market, scenario.folder))
    while not model.finished:
        model.step()
    tables = model.tables()
    model.close()
    metrics = tables["metrics"]
    return metrics[metrics["market"] == "all"], tables["events"]


def after_acquisition(metrics: pd.DataFrame) -> dict[tuple[str, int], float]:
    """Return the mean over quarters of every part by years since the deal."""
    rows = metrics[metrics["metric"] == "price.after_acquisition"]
    means = rows.groupby(rows["group"].astype(str))["value"].mean()
    return {(part, years): float(means[f"component={part};years={years}"]) for part in PARTS for years in range(5)}


def last(metrics: pd.DataFrame, metric: str, group: str = "") -> tuple[float, float]:
    """Return a metric in the first and in the last quarter."""
    rows = metrics[(metrics["metric"] == metric) & (metrics["group"].astype(str) == group)]["value"]
    return float(rows.iloc[0]), float(rows.iloc[-1])


def main() -> None:
    table = ["| Run | Part | first year | second | third | fourth | fifth |", "|---|---|---|---|---|---|---|"]
    head = ("Run", "acquisitions", "flagged by the screens", "hospital over office price", "mean level", "HHI")
    facts = [f"| {' | '.join(head)} | modified HHI less HHI, last |", "|---|---|---|---|---|---|---|"]
    timing = ""
    for name, sets in RUNS:
        metrics, events = play(sets)
        change = after_acquisition(metrics)
        for part in PARTS:
            values = " | ".join(f"{round(change[part, years], 4) + 0.0:+.1%}" for years in range(5))
            table.append(f"| {name if part == PARTS[0] else ''} | {part.replace('_', ' ')} | {values} |")
        told = events["event"].astype(str).value_counts()
        ratio = last(metrics, "price.hospital_to_office", "payer=commercial")
        level = last(metrics, "price.level", "payer=commercial")
        hhi, mhhi = last(metrics, "consolidation.hhi"), last(metrics, "consolidation.mhhi")
        counts = f"{told.get('acquisition', 0):,} | {told.get('merger_flagged', 0):,}"
        prices = f"{ratio[0]:.2f} to {ratio[1]:.2f} | {level[0]:.2f} to {level[1]:.2f}"
        facts.append(f"| {name} | {counts} | {prices} | {hhi[0]:,.0f} to {hhi[1]:,.0f} | {mhhi[1] - hhi[1]:,.0f} |")
        if not sets:
            timing = f"{change['bargained', 0] / change['bargained', 4]:.0%}"
    words = WORDS.read_text(encoding="utf-8")
    page = words.format(table="\n".join(table), facts="\n".join(facts), timing=timing)
    PAGE.write_text(page, encoding="utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
