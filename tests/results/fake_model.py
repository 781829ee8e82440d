"""A stand-in for the model: the same tables, in no time, with luck that is keyed as the real one's is.

It lets the tests prove things about storing, resuming and comparing; the real model would only be slower.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from oncsim.calendar import Quarter, quarters_between
from oncsim.errors import InputError
from oncsim.randomness import Luck, identities
from oncsim.results.forms import FORMS, STANDARD

ORGS = ("org-b", "org-a", "org-c")


@dataclass
class FakeParameters:
    """One parameter, ``effect``; ``draw`` moves it by keyed luck."""

    effect: float = 0.0
    overrides: tuple[SimpleNamespace, ...] = ()
    reads: set[str] = field(default_factory=set)

    def draw(self, luck: Luck) -> FakeParameters:
        moved = self.effect * (0.5 + luck.uniform1("parameter", 0, 7))
        return FakeParameters(moved, self.overrides)


@dataclass(frozen=True)
class FakeScenario:
    id: str = "fake"
    title: str = "A fake market"
    question: str = "Does it store?"
    mechanism: str = ""
    published: tuple[Any, ...] = ()
    start: Quarter = field(default_factory=lambda: Quarter(2026, 1))
    end: Quarter = field(default_factory=lambda: Quarter(2028, 4))
    market: str = "spec"
    folder: Path = Path()
    parameters: FakeParameters = field(default_factory=FakeParameters)
    warnings: tuple[str, ...] = ("x.y: outside its usual range",)
    settings: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(replicates=1))
    trouble: tuple[tuple[int, str], ...] = ()

    @property
    def quarters(self) -> list[Quarter]:
        return quarters_between(self.start, self.end)

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.id}{self.end}{self.parameters.effect}".encode()).hexdigest()

    def resolved_yaml(self) -> str:
        return f"id: {self.id}\n"


def fake_market(n: int = 4) -> SimpleNamespace:
    zones = pd.DataFrame({"zone": [f"z{i}" for i in range(n)], "population": np.arange(n) * 1000.0})
    empty = pd.DataFrame({"org": pd.Series(dtype=object)})
    return SimpleNamespace(
        name="Fakeland",
        source="archetype",
        notes=("made up",),
        zones=zones,
        hospitals=empty,
        organizations=empty,
        sites=empty,
        ties=empty,
    )


class FakeModel:
    """Rows come in a muddled order and with categories, as a real model's may."""

    def __init__(self, scenario, seed=1, replicate=0, market=None, record=frozenset(), flow_sink=None, profile=False):
        self.scenario, self.replicate = scenario, replicate
        self.quarters = scenario.quarters
        self.timings = {"demand": 0.0, "choice": 0.0}
        self.warnings = ["a warning of the model"]
        self.record, self.flow_sink = record, flow_sink
        self._luck = Luck(seed, replicate)
        self._rows: dict[str, list[dict]] = {name: [] for name in ("metrics", "organizations", "sites", "ties", "events")}
        self._market = market
        self._trouble = dict(scenario.trouble).get(replicate, "")
        if self._trouble == "input":
            raise InputError("events[0].org: no organisation is called 'Nobody'")

    def step(self) -> None:
        done = len({row["quarter"] for row in self._rows["metrics"]})
        quarter = self.quarters[done]
        self._break(done)
        self.scenario.parameters.reads.add("read.name")
        luck = self._luck.uniform("value", quarter.index, identities(ORGS))
        self.timings["demand"] += 0.25
        q = str(quarter)
        base = 100.0 * luck[0] + self.scenario.parameters.effect * (1.0 + luck[1])
        for metric, group, value in (
            ("spending.total_per_patient", "", base),
            ("access.untreated_share", "", 0.1),
            ("access.minutes_mean", "rural=true", 50.0 + base),
            ("access.minutes_mean", "", base / 2),
            ("consolidation.acquisitions", "", 1.0),
        ):
            self._rows["metrics"].append({"quarter": q, "metric": metric, "market": "all", "group": group, "value": value})
        self._rows["metrics"].append(
            {"quarter": q, "metric": "consolidation.hhi", "market": "m1", "group": "", "value": 1.0}
        )
        for org, u in zip(ORGS, luck, strict=True):
            self._rows["organizations"].append(
                {"quarter": q, "org": org, "name": org.upper(), "kind": "practice", "status": "active"}
                | {"owner": None if u < 0.5 else "org-z", "oncologists": 3, "patients": u, "infusions": u}
                | {"patients_in_care": u, "revenue": u, "margin": np.nan, "cash": u, "commercial_level": 1.0}
                | {"advantage_level": np.nan, "willingness_to_pay": u}
            )
        site = {"quarter": q, "site": "s1", "org": "org-a", "kind": "office", "lat": 40.0, "lon": -80.0}
        site |= {"open": True, "chairs": 4, "oncologists": 2, "patients": 1.0, "patients_in_care": 2.0}
        self._rows["sites"].append(site | {"infusions": 3.0, "wait_days": 9.0, "eligible_340b": False})
        event = {"quarter": q, "actor": "org-b", "other": "org-a", "site": None, "amount": 5.0}
        for name in ("zebra", "acquisition"):
            self._rows["events"].append({**event, "event": name, "text": f'{name}, with "quotes",\nand a line'})
        if "flows" in self.record:
            flow = {"quarter": q, "payer": "commercial", "need": "standard", "waiting": 0.0, "minutes": 5.0}
            self.flow_sink(pd.DataFrame([{**flow, "zone": z, "site": "", "patients": luck[0]} for z in ("z2", "z1")]))

    def _break(self, quarter: int) -> None:
        if quarter != 2:
            return
        if self._trouble == "bug":
            raise ZeroDivisionError("a fault of the model\nwith a second line")
        if self._trouble == "interrupt":
            raise KeyboardInterrupt
        if self._trouble == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._trouble == "slow":
            time.sleep(60)

    def tables(self) -> dict[str, pd.DataFrame]:
        frames = {name: pd.DataFrame(rows) for name, rows in self._rows.items() if rows}
        frames["metrics"]["metric"] = frames["metrics"]["metric"].astype("category")
        tie = FORMS["ties"].columns
        frames["ties"] = pd.DataFrame({name: pd.Series(dtype=object) for name in tie})
        zone = {
            "name": "Z",
            "lat": 1.0,
            "lon": 2.0,
            "market": "m1",
            "population": 5,
            "population_65plus": 1.0,
        }
        zone |= {"land_sqmi": 3.0, "rural": True, "deprivation": 0.5, "cases_per_year": 9.0}
        frames["zones"] = pd.DataFrame([{"zone": z, **zone} for z in ("z2", "z1")])
        for name in set(STANDARD) - set(frames):
            frames[name] = pd.DataFrame({column: pd.Series(dtype=object) for column in FORMS[name].columns})
        return frames

    def close(self) -> None:
        self._rows.clear()
