"""How long an experiment will take, before it is begun: a short try of its first run."""

from __future__ import annotations

import time
from dataclasses import replace

from oncsim.branching import Starts
from oncsim.experiments.running import Prepared
from oncsim.experiments.work import _model

_TRIED = 4  # quarters after settling
_SHORT = 2.0  # seconds: a try as short as that is mostly what is done once only, so it is tried again


def seconds_a_run(prepared: Prepared) -> float:
    """Return the seconds that one run should take, from settling and a few quarters of the baseline's first run."""
    started = time.perf_counter()
    found = _tried(prepared)
    if time.perf_counter() - started > _SHORT:
        return found
    return min(found, _tried(prepared))


def _tried(prepared: Prepared) -> float:
    job = replace(prepared.job, starts=Starts())  # settling is part of it
    started = time.perf_counter()
    model = _model(job, prepared.experiment.arms[0], 0, 0)
    settled = time.perf_counter()
    try:
        quarters = min(_TRIED, len(model.quarters))
        for _ in range(quarters):
            model.step()
    finally:
        model.close()
    return settled - started + (time.perf_counter() - settled) / quarters * len(model.quarters)
