"""What an experiment file may hold: the sections, their keys and what each means."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from oncsim.market.spec import MarketSpec
from oncsim.scenario.basics import Id, QuarterText, Section, Text
from oncsim.scenario.measures import Measure
from oncsim.scenario.shape import Horizon

METHODS = ("none", "latin_hypercube", "sobol", "morris", "factorial", "list")
WINDOWS = ("last_year", "last_quarter", "all")
BETTER = ("lower", "higher")


def _arm(value: object) -> object:
    return {"scenario": value} if isinstance(value, str) else value


class ArmShape(Section):
    """One scenario of an experiment: a file or bundled id, with what is set beside it."""

    scenario: Text = Field(description="file, relative to the experiment, or id of a bundled scenario")
    id: Id | None = Field(None, description="name in the results; default the id of the scenario")
    label: Text | None = Field(None, description="name in figures and sentences; default the title of the scenario")
    set: dict[str, Any] = Field(default_factory=dict, description="parameters and values, as with --set")


class UncertaintyShape(Section):
    """One thing that is not known: a parameter by its name, or all of a group that have a distribution."""

    parameter: Text | None = Field(None, description="name of a parameter, or of one element of it (name.code)")
    group: Text | None = Field(
        None, description="beginning of names: every behaviour parameter below it with a distribution"
    )
    dist: Text | None = Field(None, description="distribution; default that of the registry")
    low: float | None = Field(None, description="of a uniform or triangular")
    mode: float | None = Field(None, description="of a triangular")
    high: float | None = Field(None, description="of a uniform or triangular")
    mean: float | None = Field(None, description="of a normal or lognormal")
    sd: float | None = Field(None, description="of a normal or lognormal")
    median: float | None = Field(None, description="of a lognormal")
    sigma: float | None = Field(None, description="of a lognormal")
    values: list[float | int] | None = Field(None, min_length=1, description="the levels of a factorial design")
    label: Text | None = Field(None, description="name in figures and sentences; default the title of the parameter")

    @model_validator(mode="after")
    def _one_subject(self) -> UncertaintyShape:
        if (self.parameter is None) == (self.group is None):
            raise ValueError("give one of parameter or group")
        numbers = self.numbers
        if self.group is not None and (numbers or self.values or self.dist or self.label):
            raise ValueError("a group takes the distributions of the registry (name one parameter to give its own)")
        if self.values is not None and (numbers or self.dist):
            raise ValueError("give either values or a distribution")
        return self

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers of the distribution that are given."""
        names = ("low", "mode", "high", "mean", "sd", "median", "sigma")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class DesignShape(Section):
    """How futures are drawn from the uncertainties."""

    method: Literal["none", "latin_hypercube", "sobol", "morris", "factorial", "list"] = Field(
        "none", description="how futures are drawn"
    )
    samples: int | None = Field(
        None, ge=1, le=1_000_000, description="futures; of sobol the base samples, of morris trajectories"
    )
    seed: int = Field(1, ge=0, le=2**31 - 1, description="luck of the design; not the seed of the runs")
    levels: int = Field(4, ge=2, le=20, description="of morris: levels of the grid")
    second_order: bool = Field(False, description="of sobol: pairs of parameters too, for about twice the runs")
    futures: list[dict[str, float | int]] | None = Field(None, min_length=1, description="of list: the futures, one by one")
    luck: Literal["own", "shared"] | None = Field(
        None, description="whether replicate r of every future has luck of its own (default), or the same (morris, sobol)"
    )

    @property
    def shared_luck(self) -> bool:
        """Whether replicate r has the same luck in every future."""
        if self.luck is not None:
            return self.luck == "shared"
        return self.method in ("morris", "sobol")


class OutputShape(Measure):
    """One number of a run that the experiment is about."""

    id: Id = Field(description="name in the results")
    title: Text | None = Field(None, description="name in figures and sentences; default that of what is measured")
    unit: Text | None = Field(None, description="unit; default that of what is measured")
    window: Literal["last_year", "last_quarter", "all"] | None = Field(None, description="quarters: default last_year")
    from_: QuarterText = Field(None, alias="from", description="first quarter, in place of window")
    until: QuarterText = Field(None, description="last quarter, in place of window")
    better: Literal["lower", "higher"] | None = Field(None, description="which direction is better; default neither")
    minus: Measure | None = Field(None, description="a second measured thing, subtracted within the same run")
    half_width: float | None = Field(None, gt=0, description="half-width of the paired effect that is precise enough")

    @model_validator(mode="after")
    def _one_window(self) -> OutputShape:
        if self.window is not None and (self.from_ is not None or self.until is not None):
            raise ValueError("give either window, or from and until")
        return self


class ReplicatesShape(Section):
    """How often each future is played under each scenario."""

    first: int = Field(1, ge=1, le=100_000, description="replicates to begin with")
    most: int | None = Field(None, ge=1, le=100_000, description="adaptive: stop adding here at the latest")
    step: int | None = Field(None, ge=1, le=100_000, description="adaptive: replicates added at a time; default first")
    floor: int = Field(20, ge=2, le=100_000, description="adaptive: never stop before so many")

    @model_validator(mode="after")
    def _ordered(self) -> ReplicatesShape:
        if self.most is not None and self.most < self.first:
            raise ValueError(f"most is {self.most}, fewer than first ({self.first})")
        if self.most is not None and self.most < self.floor:
            raise ValueError(
                f"most is {self.most}, fewer than floor ({self.floor}): it could never stop early (a smaller floor, or more)"
            )
        return self


class BranchShape(Section):
    """Same history, several policies: all scenarios part ways at a quarter."""

    at: QuarterText = Field(description="first quarter in which scenarios may differ")


def _count(value: object) -> object:
    return {"first": value} if isinstance(value, int) and not isinstance(value, bool) else value


class LossShape(Section):
    """When a policy counts as failing, for the discovery of the conditions."""

    output: Id = Field(description="output that is looked at")
    above: float | None = Field(None, description="fails where the value, or the change, is above this")
    below: float | None = Field(None, description="fails where it is below this")
    change: bool = Field(True, description="look at the change from the baseline (default), or at the value itself")
    scenario: Id | None = Field(None, description="scenario that is judged; default every one but the baseline")
    label: Text | None = Field(None, description="what it means to fail, in a few words: 'spending does not fall'")

    @model_validator(mode="after")
    def _one_side(self) -> LossShape:
        if (self.above is None) == (self.below is None):
            raise ValueError("give one of above or below")
        return self


class ExperimentShape(Section):
    """An experiment file."""

    schema_: Literal["oncsim/experiment/1"] = Field(alias="schema", description="version of this format")
    id: Id = Field(description="name of the experiment: small letters, digits, _ and -")
    title: Text = Field(description="one line")
    question: Text | None = Field(None, description="the question it answers")
    description: Text | None = Field(None, description="background, assumptions, how to read the results")
    scenarios: list[Annotated[ArmShape, BeforeValidator(_arm)]] = Field(min_length=1, description="what is compared")
    baseline: Id | None = Field(None, description="scenario that the others are compared with; default the first")
    market: MarketSpec | None = Field(None, description="market of all scenarios, in place of their own")
    horizon: Horizon | None = Field(None, description="first and last quarter of all scenarios")
    seed: int = Field(1, ge=0, le=2**63 - 1, description="seed of the runs")
    uncertainties: list[UncertaintyShape] = Field(default_factory=list, description="what is not known")
    design: DesignShape = Field(default_factory=DesignShape, description="how futures are drawn")
    replicates: Annotated[ReplicatesShape, BeforeValidator(_count)] = Field(
        default_factory=ReplicatesShape, description="replicates of each future: a number, or first, most, step, floor"
    )
    outputs: list[OutputShape] = Field(min_length=1, description="numbers of a run that it is about")
    losses: list[LossShape] = Field(default_factory=list, description="when a policy counts as failing")
    metrics: list[Text] = Field(default_factory=list, description="metrics kept by quarter beside those of the outputs")
    tables: list[Literal["organizations", "sites", "ties", "events", "zones"]] = Field(
        default_factory=list, description="further tables kept of every run; they can be large"
    )
    branch: BranchShape | None = Field(None, description="same history, several policies")
    minutes_per_run: float = Field(
        60.0, gt=0, le=10_000, description="a run that takes longer is stopped and counts as failed"
    )
