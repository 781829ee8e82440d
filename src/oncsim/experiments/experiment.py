"""An experiment, read and checked: scenarios, what is not known, how futures are drawn, what is measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.parameters.distribution import Distribution
from oncsim.parameters.leaf import Leaf

if TYPE_CHECKING:
    from oncsim.calendar import Quarter
    from oncsim.experiments.shape import DesignShape, LossShape, OutputShape, ReplicatesShape
    from oncsim.scenario import Scenario
    from oncsim.scenario.measures import Expectation


@dataclass(frozen=True)
class Arm:
    """One scenario of an experiment.

    Attributes
    ----------
    id, label : str
        Its name in the results, and for people.
    scenario : Scenario
        What is run.
    """

    id: str
    label: str
    scenario: Scenario


@dataclass(frozen=True)
class Uncertainty:
    """One number that is not known.

    Attributes
    ----------
    name : str
        Parameter, or one element of it (``name.code``).
    leaf : Leaf
        The parameter.
    distribution : Distribution, optional
        What values are drawn from; None where levels are given.
    values : tuple of float
        Levels of a factorial design; empty where there is a distribution.
    factor : bool
        The draw multiplies what the parameter has over its axes and dates, relative to the centre of the distribution.
    label : str
        Name for people.
    own : bool
        Given in the experiment, not in the registry: its values hold over the whole horizon, as with ``--set``.
    """

    name: str
    leaf: Leaf
    distribution: Distribution | None
    values: tuple[float, ...]
    factor: bool
    label: str
    own: bool

    @property
    def unit(self) -> str:
        """Unit of the values."""
        return self.leaf.unit

    def value(self, u: float) -> float:
        """Return the value at a place ``u`` from 0 to 1 of what it can be.

        The ends of an unbounded distribution are cut at one in two hundred; values end at the limits of the parameter.
        """
        if self.distribution is None:
            return self.values[min(int(u * len(self.values)), len(self.values) - 1)]
        if "low" not in dict(self.distribution.numbers):
            u = min(max(u, 0.005), 0.995)
        value = float(self.leaf.limits.clip(self.distribution.quantile(u)))
        return float(round(value)) if self.leaf.type == "integer" else value

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value that a design can have."""
        if self.distribution is None:
            return min(self.values), max(self.values)
        return self.value(0.0), self.value(1.0)


@dataclass(frozen=True)
class Experiment:
    """A design of many runs.

    Attributes
    ----------
    id, title, question, description : str
        What it is, for people.
    file : Path
        Where it was read.
    text : str
        The file as written.
    arms : tuple of Arm
        Scenarios, the baseline first.
    uncertainties : tuple of Uncertainty
        What is not known; empty where nothing is.
    design : DesignShape
        How futures are drawn.
    replicates : ReplicatesShape
        How often each is played.
    seed : int
        Seed of the runs.
    outputs : tuple of OutputShape
        Numbers of a run.
    measures : tuple of Expectation
        The same as what is measured, in the same order.
    losses : tuple of LossShape
        When a policy fails.
    metrics, tables : tuple of str
        Metrics kept by quarter; further tables kept.
    branch : Quarter, optional
        First quarter in which scenarios differ; before it they share one history.
    minutes_per_run : float
        Limit of one run.
    """

    id: str
    title: str
    question: str
    description: str
    file: Path
    text: str
    arms: tuple[Arm, ...]
    uncertainties: tuple[Uncertainty, ...]
    design: DesignShape
    replicates: ReplicatesShape
    seed: int
    outputs: tuple[OutputShape, ...]
    measures: tuple[Expectation, ...]
    losses: tuple[LossShape, ...]
    metrics: tuple[str, ...]
    tables: tuple[str, ...]
    branch: Quarter | None
    minutes_per_run: float

    @property
    def shared_luck(self) -> bool:
        """Whether replicate r has the same luck in every future."""
        return self.design.shared_luck

    @property
    def start(self) -> str:
        """First quarter, as text."""
        return str(self.arms[0].scenario.start)

    @property
    def end(self) -> str:
        """Last quarter, as text."""
        return str(self.arms[0].scenario.end)
