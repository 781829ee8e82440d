"""Write the pinned numbers of the baseline that tests/test_pinned.py holds the model to.

Run it only when results were meant to change, look at the difference, and tag the entry in CHANGELOG.md with [results].
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oncsim.market import build_market
from oncsim.model import OncologyMarket
from oncsim.scenario import load_scenario

PINNED = Path(__file__).parents[1] / "tests" / "pinned" / "baseline.json"
QUARTERS = 12


def numbers() -> dict[str, Any]:
    """Run the first quarters of the baseline; return metrics of the whole market, and every event in order."""
    scenario = load_scenario("baseline")
    model = OncologyMarket(scenario, seed=1, market=build_market(scenario.market, scenario.folder))
    for _ in range(QUARTERS):
        model.step()
    tables = model.tables()
    model.close()
    metrics = tables["metrics"]
    last = metrics[
        (metrics["market"] == "all") & (metrics["group"] == "") & (metrics["quarter"] == metrics["quarter"].iloc[-1])
    ]
    events = tables["events"]
    return {
        "quarter": str(metrics["quarter"].iloc[-1]),
        "metrics": {str(name): float(value) for name, value in zip(last["metric"], last["value"], strict=True)},
        "events": [f"{q} {e} {a} {o}".strip() for q, e, a, o in events[["quarter", "event", "actor", "other"]].to_numpy()],
    }


if __name__ == "__main__":
    PINNED.parent.mkdir(parents=True, exist_ok=True)
    PINNED.write_text(json.dumps(numbers(), indent=1) + "\n", encoding="utf-8")
    print(f"written: {PINNED.relative_to(Path.cwd()) if PINNED.is_relative_to(Path.cwd()) else PINNED.name}")
