"""The stand-in model behind the commands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "results"))
from fake_model import FakeParameters, FakeScenario, fake_market

SCENARIOS = {
    "base": FakeScenario(id="base", title="As the law stands"),
    "other": FakeScenario(id="other", parameters=FakeParameters(10.0)),
    "bug": FakeScenario(id="bug", trouble=((0, "bug"),)),
    "stopped": FakeScenario(id="stopped", trouble=((1, "interrupt"),)),
}


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the stand-ins in place of scenarios, markets and the model."""
    import oncsim.scenario
    from oncsim import replicates, running
    from oncsim.comparing import pairing

    monkeypatch.setattr(replicates, "MODEL", "fake_model:FakeModel")
    monkeypatch.setattr(running, "build", lambda scenario: fake_market())
    monkeypatch.setattr(pairing, "build", lambda scenario: fake_market())
    monkeypatch.setattr(oncsim.scenario, "load_scenario", lambda name, sets=(): SCENARIOS[str(name)], raising=False)
