"""oncsim: an agent-based simulation of US oncology markets.

>>> import oncsim
>>> scenario = oncsim.load_scenario("baseline")
>>> run = oncsim.run(scenario, replicates=20, seed=1)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from oncsim._version import __version__

if TYPE_CHECKING:
    from oncsim.cases import play_cases
    from oncsim.comparing import Comparison, compare
    from oncsim.experiments import load_experiment, run_experiment
    from oncsim.market import build_market
    from oncsim.market_structure import market_concentration
    from oncsim.mergers import merger
    from oncsim.model import OncologyMarket
    from oncsim.networks import network
    from oncsim.results import Run, open_run
    from oncsim.running import run
    from oncsim.scenario import load_scenario

# Where each public name lives. They are imported when first used, so that `import oncsim` takes no time.
_PUBLIC = {
    "Comparison": "oncsim.comparing",
    "OncologyMarket": "oncsim.model",
    "Run": "oncsim.results",
    "build_market": "oncsim.market",
    "compare": "oncsim.comparing",
    "load_experiment": "oncsim.experiments",
    "load_scenario": "oncsim.scenario",
    "market_concentration": "oncsim.market_structure",
    "merger": "oncsim.mergers",
    "network": "oncsim.networks",
    "open_run": "oncsim.results",
    "play_cases": "oncsim.cases",
    "run": "oncsim.running",
    "run_experiment": "oncsim.experiments",
}

__all__ = [
    "Comparison",
    "OncologyMarket",
    "Run",
    "__version__",
    "build_market",
    "compare",
    "load_experiment",
    "load_scenario",
    "market_concentration",
    "merger",
    "network",
    "open_run",
    "play_cases",
    "run",
    "run_experiment",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'oncsim' has no attribute {name!r}")
    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
