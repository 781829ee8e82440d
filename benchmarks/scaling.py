"""Seconds of a quarter of one embedded market, printed as JSON: ``python scaling.py TN,KY`` or ``python scaling.py all``."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

QUARTERS = 12


def scenario_text(states: str) -> str:
    """Return a scenario of these states, three years long."""
    area = "nation: true" if states == "all" else f"states: [{', '.join(repr(s) for s in states.split(','))}]"
    return (
        "schema: oncsim/scenario/1\nid: scaling\ntitle: scaling\n"
        f"horizon: {{start: 2026Q1, end: 2028Q4}}\nmarket: {{source: embedded, {area}}}\n"
    )


def main(states: str) -> None:
    """Build, settle, run, and print what each took."""
    import oncsim

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scaling.yaml"
        path.write_text(scenario_text(states), encoding="utf-8")
        scenario = oncsim.load_scenario(path)
    begin = time.perf_counter()
    market = oncsim.build_market(scenario.market, scenario.folder)
    built = time.perf_counter()
    model = oncsim.OncologyMarket(scenario, seed=1, market=market)
    settled = time.perf_counter()
    for _ in range(QUARTERS):
        model.step()
    done = time.perf_counter()
    found = {
        "zones": len(model.zones),
        "sites": len(model.sites),
        "organisations": len(model.orgs),
        "pairs": len(model.pairs),
        "build": built - begin,
        "settle": settled - built,
        "quarter": (done - settled) / QUARTERS,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
