"""Reading an experiment file: every fault of it at once, each with its line."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from oncsim.calendar import Quarter
from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.experiments.design import futures_asked
from oncsim.experiments.experiment import Arm, Experiment, Uncertainty
from oncsim.experiments.shape import ArmShape, ExperimentShape, OutputShape, UncertaintyShape
from oncsim.parameters.distribution import Distribution, parse_distribution
from oncsim.parameters.leaf import Leaf
from oncsim.parameters.registry import Registry, load_registry
from oncsim.parameters.scalars import found
from oncsim.parameters.strict_yaml import Document, read_document
from oncsim.scenario import Scenario, bundled_scenarios, load_scenario
from oncsim.scenario.expecting import expectation_faults
from oncsim.scenario.library import shown
from oncsim.scenario.measures import Expectation
from oncsim.scenario.plain_words import validated

MOST_UNCERTAINTIES = 500
MOST_FUTURES = 1_000_000
TAKEN = ("scenario", "sample", "replicate")


def load_experiment(path: str | os.PathLike[str]) -> Experiment:
    """Load and check an experiment.

    Parameters
    ----------
    path : str or path
        An experiment file.

    Raises
    ------
    InputError
        With every fault of the file and of the scenarios it names.
    """
    file = Path(path)
    document = read_document(file, shown(file))
    if not isinstance(document.data, dict):
        said = "is empty" if document.data is None else f"found {found(document.data)}"
        raise InputError([document.fault((), f"{said} (expected a mapping with schema, id, title, scenarios, outputs ...)")])
    shape, faults = validated(_adapter(), document.data, document, (), ExperimentShape)
    if faults:
        raise InputError(faults)
    return _Reader(file, document, shape).read()


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(ExperimentShape)


class _Reader:
    """Puts an experiment together and gathers what is wrong with it."""

    def __init__(self, file: Path, document: Document, shape: ExperimentShape) -> None:
        self.file, self.document, self.shape = file, document, shape
        self.registry: Registry = load_registry()
        self.faults: list[Fault] = []

    def fault(self, route: tuple[str | int, ...], message: str, of_key: bool = False) -> None:
        self.faults.append(self.document.fault(route, message, of_key))

    def read(self) -> Experiment:
        shape = self.shape
        arms = [arm for i, one in enumerate(shape.scenarios) if (arm := self.arm(i, one)) is not None]
        self.same_ids([arm.id for arm in arms], "scenarios")
        arms = self.told_apart(self.baseline_first(arms))
        uncertainties = [item for i, one in enumerate(shape.uncertainties) for item in self.uncertainty(i, one)]
        self.same_ids([item.name for item in uncertainties], "uncertainties")
        self.not_set_by_scenarios(uncertainties, arms)
        self.really_uncertain(uncertainties)
        self.same_horizon(arms)
        measures = [self.measure(i, output, arms) for i, output in enumerate(shape.outputs)]
        self.same_ids([output.id for output in shape.outputs], "outputs")
        for i, output in enumerate(shape.outputs):
            if output.id in TAKEN:
                self.fault(("outputs", i, "id"), f"{output.id!r} is a column of every table ({', '.join(TAKEN)} are taken)")
        self.check_losses(arms)
        self.check_metrics()
        self.check_design(uncertainties)
        self.check_replicates(uncertainties)
        self.check_branch(arms)
        if self.faults:
            raise InputError(dict.fromkeys(self.faults))
        return Experiment(
            id=shape.id,
            title=shape.title,
            question=shape.question or "",
            description=shape.description or "",
            file=self.file,
            text=self.file.read_text(encoding="utf-8-sig"),
            arms=tuple(arms),
            uncertainties=tuple(uncertainties),
            design=shape.design,
            replicates=shape.replicates,
            seed=shape.seed,
            outputs=tuple(shape.outputs),
            measures=tuple(measures),
            losses=tuple(shape.losses),
            metrics=tuple(dict.fromkeys([*(o.metric for o in shape.outputs if o.metric), *shape.metrics])),
            tables=tuple(shape.tables),
            branch=shape.branch.at if shape.branch else None,
            minutes_per_run=shape.minutes_per_run,
        )

    def same_ids(self, names: list[str], section: str) -> None:
        for place, name in enumerate(names):
            if name in names[:place]:
                self.fault((section,), f"{name!r} is there twice (each needs an id of its own)", of_key=True)

    # -- scenarios ------------------------------------------------------------------------------------------------------

    def arm(self, i: int, one: ArmShape) -> Arm | None:
        route = ("scenarios", i) if isinstance(self.document.data["scenarios"][i], str) else ("scenarios", i, "scenario")
        named: str | Path = one.scenario
        if one.scenario.endswith((".yaml", ".yml")):
            named = self.file.parent / one.scenario
            if not named.is_file():
                self.fault(route, f"there is no file {one.scenario!r} beside this one")
                return None
        elif one.scenario.rpartition("--")[0] not in bundled_scenarios() and one.scenario not in bundled_scenarios():
            near = did_you_mean(one.scenario, bundled_scenarios())
            self.fault(
                route, f"no bundled scenario {one.scenario!r} (see `oncsim scenario list`; a path ends in .yaml{near})"
            )
            return None
        try:
            scenario = load_scenario(named, self.sets(one))
        except InputError as error:
            for fault in error.faults:
                self.faults.append(self.of_set(i, fault) if fault.file == "--set" else fault)
            return None
        if self.shape.market is not None:
            scenario = dataclasses.replace(scenario, market=self.shape.market, folder=self.file.parent.resolve())
        return Arm(one.id or scenario.id, one.label or scenario.title, scenario)

    def told_apart(self, arms: list[Arm]) -> list[Arm]:
        """Let the id stand in for titles that several scenarios share."""
        labels = [arm.label for arm in arms]
        return [dataclasses.replace(arm, label=arm.id) if labels.count(arm.label) > 1 else arm for arm in arms]

    def sets(self, one: ArmShape) -> list[str]:
        horizon = self.shape.horizon
        sets = [f"{path}={json.dumps(value)}" for path, value in one.set.items()]
        for key in ("start", "end"):
            quarter = getattr(horizon, key) if horizon is not None else None
            if quarter is not None:
                sets.append(f"horizon.{key}={quarter}")
        return sets

    def of_set(self, i: int, fault: Fault) -> Fault:
        """Return a fault of what is set, or of the horizon, with its place in this file."""
        key = next((key for key in self.shape.scenarios[i].set if fault.where.startswith(key)), None)
        if key is not None:
            return self.document.fault(("scenarios", i, "set", key), fault.message, of_key=True)
        return self.document.fault(("horizon",), fault.message, of_key=True, where=fault.where)

    def baseline_first(self, arms: list[Arm]) -> list[Arm]:
        name = self.shape.baseline
        if name is None:
            return arms
        known = [arm.id for arm in arms]
        if name not in known:
            if len(arms) == len(self.shape.scenarios):
                near = did_you_mean(name, known)
                self.fault(("baseline",), f"no scenario {name!r} in this experiment (one of {', '.join(known)}{near})")
            return arms
        return sorted(arms, key=lambda arm: arm.id != name)

    # -- what is not known ----------------------------------------------------------------------------------------------

    def uncertainty(self, i: int, one: UncertaintyShape) -> list[Uncertainty]:
        if one.group is not None:
            return self.group(i, one.group)
        name = str(one.parameter)
        hit = self.registry.find(name)
        if hit is None:
            self.fault(("uncertainties", i, "parameter"), f"no parameter {name!r}{self.registry.near_miss(name)}")
            return []
        leaf, element = hit
        if not leaf.numeric:
            self.fault(("uncertainties", i, "parameter"), f"{name} is not a number, so it has no range")
            return []
        if element and len(element) < len(leaf.axes):
            self.fault(
                ("uncertainties", i, "parameter"), f"names several values (by {' and '.join(leaf.axes)}); name one of them"
            )
            return []
        own = one.values is not None or bool(one.numbers) or one.dist is not None
        if own and leaf.axes and not element:
            said = f"{name} has several values, by {' and '.join(leaf.axes)} (name one of them: {name}.CODE)"
            self.fault(("uncertainties", i, "parameter"), said)
            return []
        if element and not own:
            said = f"is one value of {leaf.name} (give its own range: low and high, or values)"
            self.fault(("uncertainties", i, "parameter"), said)
            return []
        if one.values is not None:
            return self.levels(i, one, leaf)
        distribution = self.distribution(i, one, leaf)
        if distribution is None:
            return []
        if own:
            self.within_limits(i, leaf, distribution)
        return [Uncertainty(name, leaf, distribution, (), not own and _is_factor(leaf), one.label or leaf.title, own)]

    def group(self, i: int, group: str) -> list[Uncertainty]:
        leaves = self.registry.leaves.values()
        drawn = [leaf for leaf in leaves if leaf.kind == "behaviour" and leaf.distribution is not None]
        below = [leaf for leaf in drawn if group == "behaviour" or f"{leaf.name}.".startswith(f"{group}.")]
        if not below:
            parts = [leaf.name.split(".") for leaf in drawn]
            groups = {".".join(part[:depth]) for part in parts for depth in range(1, len(part))} | {"behaviour"}
            near = did_you_mean(group, groups)
            said = f"no behaviour parameter with a distribution begins with {group!r} (behaviour names them all{near})"
            self.fault(("uncertainties", i, "group"), said)
        return [
            Uncertainty(leaf.name, leaf, leaf.distribution, (), _is_factor(leaf), leaf.title, False)
            for leaf in below
            if leaf.numeric
        ]

    def levels(self, i: int, one: UncertaintyShape, leaf: Leaf) -> list[Uncertainty]:
        values = tuple(float(value) for value in one.values or ())
        for place, value in enumerate(values):
            if not leaf.limits.hold(value):
                said = f"{value:g} is outside the limits of {leaf.name} ({leaf.limits})"
                self.fault(("uncertainties", i, "values", place), said)
        if leaf.type == "integer":
            for place, value in enumerate(values):
                if value != round(value):
                    self.fault(("uncertainties", i, "values", place), f"{value:g} is no whole number, as {leaf.name} is")
        if len(set(values)) < len(values):
            self.fault(("uncertainties", i, "values"), "the same level is there twice")
        return [Uncertainty(str(one.parameter), leaf, None, values, False, one.label or leaf.title, True)]

    def distribution(self, i: int, one: UncertaintyShape, leaf: Leaf) -> Distribution | None:
        if not one.numbers and one.dist is None:
            if leaf.distribution is None:
                said = f"{leaf.name} has no distribution in the registry (give low and high, or dist with its numbers)"
                self.fault(("uncertainties", i, "parameter"), said)
            return leaf.distribution
        dist = one.dist or ("triangular" if one.mode is not None else "uniform")
        found_, problems = parse_distribution({"dist": dist, **one.numbers})
        for key, message in problems:
            self.fault(("uncertainties", i, key) if key and key in one.numbers else ("uncertainties", i), message)
        return found_

    def within_limits(self, i: int, leaf: Leaf, distribution: Distribution) -> None:
        given = dict(distribution.numbers)
        for key in ("low", "high"):
            if key in given and not leaf.limits.hold(given[key]):
                said = f"{given[key]:g} is outside the limits of {leaf.name} ({leaf.limits})"
                self.fault(("uncertainties", i, key), said)

    def really_uncertain(self, items: list[Uncertainty]) -> None:
        """What can have one value only is set in the scenarios; as an uncertainty nothing could be said of it."""
        if self.shape.design.method == "list":
            return
        for item in items:
            low, high = item.bounds
            if not low < high:
                said = f"{item.name} can only be {low:g}: that is no uncertainty (set it in the scenarios)"
                self.fault(("uncertainties",), said, of_key=True)

    def not_set_by_scenarios(self, items: list[Uncertainty], arms: list[Arm]) -> None:
        """What a scenario sets itself would be overwritten, or not be varied there: refuse both."""
        for item in items:
            for arm in arms:
                if any(o.leaf == item.leaf.name and o.distribution is None for o in arm.scenario.parameters.overrides):
                    said = f"scenario {arm.id} sets {item.leaf.name} itself (vary something else, or leave it out there)"
                    self.fault(("uncertainties",), said, of_key=True)
                    break

    # -- the rest -------------------------------------------------------------------------------------------------------

    def measure(self, i: int, output: OutputShape, arms: list[Arm]) -> Expectation:
        """Return what an output measures, in the words of an expectation."""
        data = {
            name: getattr(output, name) for name in ("metric", "event", "group", "market", "org", "tie", "value", "partner")
        }
        given = {name: value for name, value in data.items() if value is not None}
        one = Expectation.model_construct(
            **{**dict.fromkeys(Expectation.model_fields), "group": "", "market": "all", **given, "as_": output.as_}
        )
        first, last = self.window(i, output, arms)
        one = one.model_copy(update={"minus": output.minus, "from_": first, "until": last, "share": 1.0, "note": ""})
        self.faults += expectation_faults(one, self.document, ("outputs", i), {})
        return one

    def window(self, i: int, output: OutputShape, arms: list[Arm]) -> tuple[Quarter | None, Quarter | None]:
        """Return the quarters that an output is the mean of, or in which it counts events."""
        if not arms:
            return output.from_, output.until
        start, end = arms[0].scenario.start, arms[0].scenario.end
        if output.from_ is not None or output.until is not None:
            first, last = output.from_ or start, output.until or end
            for key, quarter in (("from", output.from_), ("until", output.until)):
                if quarter is not None and not start <= quarter <= end:
                    self.fault(("outputs", i, key), f"{quarter} is outside the horizon ({start} to {end})")
            if first > last:
                self.fault(("outputs", i), f"from {first} is after until {last}")
            return first, last
        begins = {"all": start, "last_quarter": end}.get(output.window or "", max(start, end + -3))
        return begins, end

    def same_horizon(self, arms: list[Arm]) -> None:
        """Runs that are compared run over the same quarters."""
        for arm in arms[1:]:
            if (arm.scenario.start, arm.scenario.end) != (arms[0].scenario.start, arms[0].scenario.end):
                one, other = ((a.id, a.scenario.start, a.scenario.end) for a in (arms[0], arm))
                said = f"{one[0]} runs {one[1]} to {one[2]}, {other[0]} {other[1]} to {other[2]} (give one horizon for all)"
                self.fault(("scenarios",), said, of_key=True)
                return

    def check_losses(self, arms: list[Arm]) -> None:
        outputs, ids = [output.id for output in self.shape.outputs], [arm.id for arm in arms]
        for i, loss in enumerate(self.shape.losses):
            if loss.output not in outputs:
                near = did_you_mean(loss.output, outputs)
                self.fault(("losses", i, "output"), f"no output {loss.output!r} (one of {', '.join(outputs)}{near})")
            if loss.scenario is not None and loss.scenario not in ids and len(ids) == len(self.shape.scenarios):
                near = did_you_mean(loss.scenario, ids)
                self.fault(("losses", i, "scenario"), f"no scenario {loss.scenario!r} (one of {', '.join(ids)}{near})")
            if self.shape.design.method == "none" and not self.faults:
                said = "are counted over futures, and there is one (give uncertainties and a design)"
                self.fault(("losses",), said, of_key=True)
            if loss.change and loss.scenario is not None and ids and loss.scenario == ids[0]:
                said = (
                    f"{loss.scenario} is the baseline: it does not change from itself (another scenario, or change: false)"
                )
                self.fault(("losses", i, "scenario"), said)
            if loss.change and len(self.shape.scenarios) < 2:
                self.fault(("losses", i), "with one scenario there is no change from a baseline (write change: false)")

    def check_replicates(self, items: list[Uncertainty]) -> None:
        design, asked = self.shape.design, self.shape.replicates
        if asked.most is None:
            return
        if not any(output.half_width is not None for output in self.shape.outputs):
            said = "no output says how precise is enough (give one a half_width, or leave most out)"
            self.fault(("replicates", "most"), said, of_key=True)
            return
        if len(self.shape.scenarios) < 2:
            said = "half_width is of the difference between two scenarios, and there is one (leave most out)"
            self.fault(("replicates", "most"), said, of_key=True)
            return
        futures = 1 if self.faults or design.shared_luck else futures_asked(design, items)
        if 1 < futures < asked.floor:
            said = f"floor is {asked.floor}, but intervals are over futures, and there are {futures}: replicates add none"
            self.fault(("replicates", "floor") if "floor" in asked.model_fields_set else ("replicates",), said)

    def check_metrics(self) -> None:
        from oncsim.metrics import METRICS

        for i, name in enumerate(self.shape.metrics):
            if name not in METRICS:
                self.fault(("metrics", i), f"no metric {name!r} (`oncsim metrics list`{did_you_mean(name, METRICS)})")

    def check_design(self, items: list[Uncertainty]) -> None:
        design, method = self.shape.design, self.shape.design.method
        if method == "none" and items:
            self.fault(
                ("uncertainties",), "nothing draws from them (give design: {method: latin_hypercube, samples: N})", True
            )
        if method not in ("none", "list") and not items and not self.faults:
            self.fault(("design", "method"), f"{method} needs uncertainties")
        if method in ("latin_hypercube", "sobol", "morris") and design.samples is None:
            self.fault(("design",), f"{method} needs samples", of_key=True)
        if method in ("none", "factorial", "list") and design.samples is not None:
            self.fault(("design", "samples"), f"has no meaning with method {method}", of_key=True)
        if method == "sobol" and design.samples is not None and design.samples & (design.samples - 1):
            below = 1 << (design.samples.bit_length() - 1)
            self.fault(("design", "samples"), f"{design.samples} is no power of two ({below} or {2 * below})")
        if method == "factorial":
            for item in items:
                if not item.values:
                    self.fault(
                        ("uncertainties",), f"factorial needs values for {item.name}, not a distribution", of_key=True
                    )
            many = math.prod(len(item.values) or 1 for item in items)
            if many > MOST_FUTURES:
                said = f"all combinations are {many:,} futures, over {MOST_FUTURES:,} (latin_hypercube draws some)"
                self.fault(("design",), said, of_key=True)
        elif method in ("morris", "sobol"):
            for item in items:
                if item.values:
                    self.fault(("uncertainties",), f"{method} needs a distribution for {item.name}, not values", of_key=True)
        if (method == "list") != (design.futures is not None):
            said = "list needs futures" if method == "list" else f"futures are for method list, not {method}"
            self.fault(("design",), said, of_key=True)
        names = [item.name for item in items]
        for i, future in enumerate(design.futures or ()):
            if sorted(future) != sorted(names):
                wrong = [name for name in future if name not in names]
                missing = [name for name in names if name not in future]
                said = (
                    f"{wrong[0]!r} is none of the uncertainties{did_you_mean(wrong[0], names)}"
                    if wrong
                    else f"{missing[0]} is missing"
                )
                self.fault(("design", "futures", i), said)
            for item in items:
                value = future.get(item.name)
                if value is not None and not item.leaf.limits.hold(float(value)):
                    said = f"{value:g} is outside the limits of {item.leaf.name} ({item.leaf.limits})"
                    self.fault(("design", "futures", i, item.name), said)
        if len(items) > MOST_UNCERTAINTIES:
            self.fault(("uncertainties",), f"{len(items)} are more than {MOST_UNCERTAINTIES}", of_key=True)
        if method == "morris" and design.levels % 2:
            self.fault(("design", "levels"), f"{design.levels} is odd (the grid of Morris needs an even number)")

    def check_branch(self, arms: list[Arm]) -> None:
        if self.shape.branch is None or not arms:
            return
        at, first = self.shape.branch.at, arms[0].scenario
        if not first.start < at <= first.end:
            self.fault(("branch", "at"), f"{at} is not inside the horizon ({first.start} to {first.end})")
        if len(arms) < 2:
            self.fault(("branch",), "needs two scenarios or more", of_key=True)
        for arm in arms[1:]:
            if not _same_ground(arm.scenario, first):
                said = f"{arm.id} has another market, horizon or settings than {arms[0].id}: they share no history"
                self.fault(("branch",), said, of_key=True)


def _same_ground(one: Scenario, other: Scenario) -> bool:
    return (one.market, one.folder, one.start, one.end, one.settings) == (
        other.market, other.folder, other.start, other.end, other.settings,
    )  # fmt: skip


def _is_factor(leaf: Leaf) -> bool:
    """Return whether a draw from the registry multiplies all values of a parameter, as in :meth:`Parameters.draw`."""
    return (bool(leaf.axes) or leaf.moves) and leaf.distribution is not None and leaf.distribution.centre != 0
