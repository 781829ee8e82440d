"""How long an experiment will take, before it is begun: a short try of its first run."""

from __future__ import annotations

import time

from oncsim.experiments.running import Prepared
from oncsim.experiments.work import _model

_TRIED = 4  # quarters after settling


def seconds_a_run(prepared: Prepared) -> float:
    """Return the seconds that one run should take, from settling and a few quarters of the baseline's first run."""
    arm = prepared.experiment.arms[0]
    started = time.perf_counter()
    model = _model(prepared.job, arm, 0, 0)
    settled = time.perf_counter()
    try:
        quarters = min(_TRIED, len(model.quarters))
        for _ in range(quarters):
            model.step()
    finally:
        model.close()
    return settled - started + (time.perf_counter() - settled) / quarters * len(model.quarters)
