"""The shape of a scenario file: its keys, section by section.

Only shape and ranges are checked here. What needs the registry, the catalogue of actions or the horizon is
checked where it is built; what pydantic finds is put into plain words in :mod:`oncsim.scenario.plain_words`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from oncsim.calendar import Quarter
from oncsim.market.spec import MarketSpec
from oncsim.parameters.scalars import found

SCHEMA = "oncsim/scenario/1"
MAX_YEARS = 30
_SPAN = re.compile(r"([0-9]+) (quarters?|years?)")


def _quarter(value: object) -> Quarter:
    if isinstance(value, Quarter):
        return value
    if not isinstance(value, str):
        raise ValueError(f"found {found(value)} (expected a quarter such as 2026Q1)")
    try:
        return Quarter.parse(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a quarter (write for example 2026Q1)") from None


def _span(value: object) -> int:
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"found {found(value)} (expected a length such as 12 quarters or 3 years)")
    quarters = int(match[1]) * (4 if match[2].startswith("year") else 1)
    if not 1 <= quarters <= 4 * MAX_YEARS:
        raise ValueError(f"{value} is not between 1 quarter and {MAX_YEARS} years")
    return quarters


QuarterText = Annotated[
    Any, BeforeValidator(_quarter), Field(json_schema_extra={"type": "string", "pattern": "^[0-9]{4}Q[1-4]$"})
]
SpanText = Annotated[
    Any,
    BeforeValidator(_span),
    Field(json_schema_extra={"type": "string", "pattern": "^[0-9]+ (quarter|year)s?$"}),
]
Text = Annotated[str, Field(min_length=1)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$")]


class Section(BaseModel):
    """A mapping whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Horizon(Section):
    """First and last quarter of the run."""

    start: QuarterText = Field(None, description="first quarter, for example 2026Q1")
    end: QuarterText = Field(None, description="last quarter")


class Settings(Section):
    """How the model is run rather than what it is about."""

    patients: Literal["expected", "integer"] = Field(
        "expected", description="expected patients (fractions) or whole people by systematic rounding"
    )
    settle_quarters: int = Field(
        8, ge=0, le=40, description="quarters before the first recorded one, law and ownership frozen"
    )
    replicates: int = Field(1, ge=1, le=100_000, description="replicates run where the command gives none")


class Ramp(Section):
    """A linear change: first step at ``from``, complete in its last quarter."""

    to: Any = Field(description="value at the end of the ramp")
    over: SpanText = Field(description="length, for example 12 quarters")


class Where(Section):
    """Where a change holds; all that is given must match."""

    service: Any = Field(None, description="priced service, or a list: picks the parameters of a group")
    setting: Any = Field(None, description="setting of care, or a list")
    hospital_class: Any = Field(None, description="class of hospital that payment rules name, or a list")
    state: Any = Field(None, description="two-letter state, or a list")
    rural: Any = Field(None, description="metro or rural")


class PolicyEntry(Section):
    """One change of law, with the quarters in which it is in force."""

    set: Text = Field(description="parameter of kind law, one element of it (name.code), or a group of priced services")
    to: Any = Field(None, description="value while in force")
    ramp: Ramp | None = Field(None, description="in place of to: move linearly")
    from_: QuarterText = Field(None, alias="from", description="first quarter in force; default from the start")
    until: QuarterText = Field(None, description="last quarter in force")
    then: Literal["restore", "hold"] | None = Field(
        None, description="after until: restore what law says, or hold until law's next scheduled change"
    )
    source: Any = Field(None, description="{cite: id} of the bibliography, or text")
    announced: QuarterText = Field(None, description="from when it is known; default from the start of the run")
    where: Where | None = Field(None, description="the services and places it is limited to; default all")

    @model_validator(mode="after")
    def _consistent(self) -> PolicyEntry:
        if (self.to is None) == (self.ramp is None):
            raise ValueError("give either to or ramp")
        if self.ramp is not None and self.from_ is None:
            raise ValueError("a ramp needs from, the quarter of its first step")
        if self.announced is not None and self.from_ is None:
            raise ValueError("announced needs from, the quarter in which it takes effect")
        if self.announced is not None and self.announced > self.from_:
            raise ValueError(f"announced {self.announced} is after from {self.from_} (at most a surprise: the same quarter)")
        if self.until is not None and self.then is None:
            raise ValueError("until needs then: restore (give back what law says) or then: hold (keep the value)")
        if self.then is not None and self.until is None:
            raise ValueError("then is only for a policy with until")
        if self.until is not None and self.from_ is not None and self.until < self.from_:
            raise ValueError(f"until {self.until} is before from {self.from_}")
        if self.ramp is not None and self.until is not None and self.from_ + (self.ramp.over - 1) > self.until:
            raise ValueError(f"the ramp is complete in {self.from_ + (self.ramp.over - 1)}, after until {self.until}")
        return self


class Score(Section):
    """A published estimate of what the policy spends or saves, to stand beside the result; made by another method."""

    amount: float = Field(ge=-1e14, le=1e14, description="dollars over the years; negative is a saving")
    years: int = Field(ge=1, le=75, description="number of years it covers")
    of: Text = Field(description="whose spending, for example Medicare")
    source: Any = Field(description="{cite: id} of the bibliography, or text")
    note: str = Field("", description="what differs from the scenario")


class Expectation(Section):
    """What a run of the scenario should show; checked by ``oncsim cases`` and in reports."""

    metric: Text | None = Field(None, description="name of a metric")
    event: Text | None = Field(None, description="kind of event to count instead of a metric")
    group: str = Field("", description="group of the metric, for example payer=medicare_ffs")
    market: str = Field("all", description="market id, or all")
    org: Text | None = Field(None, description="only events or values of this organisation")
    versus: Text | None = Field(None, description="scenario to compare with (paired); default the value itself")
    sign: Literal["positive", "negative", "zero"] | None = Field(None, description="sign of value or difference")
    min: float | None = Field(None, description="at least this")
    max: float | None = Field(None, description="at most this")
    at: QuarterText = Field(None, description="quarter; default the last one")
    from_: QuarterText = Field(None, alias="from", description="first quarter of a window (mean or count over it)")
    until: QuarterText = Field(None, description="last quarter of the window")
    share: float = Field(1.0, gt=0, le=1, description="share of replicates in which it must hold")
    note: str = Field("", description="what practitioners say, in a sentence")

    @model_validator(mode="after")
    def _consistent(self) -> Expectation:
        if (self.metric is None) == (self.event is None):
            raise ValueError("give either metric or event")
        if self.sign is None and self.min is None and self.max is None:
            raise ValueError("says nothing to check (give sign, min or max)")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        if self.at is not None and (self.from_ is not None or self.until is not None):
            raise ValueError("give either at, or from and until")
        return self


class ScenarioFile(Section):
    """A scenario: one question, put to one market over one horizon."""

    schema_: Literal["oncsim/scenario/1"] = Field(alias="schema", description="version of this format")
    id: Id = Field(description="name of the scenario: small letters, digits, _ and -")
    title: Text = Field(description="one line")
    question: Text | None = Field(None, description="the question the scenario answers")
    description: Text | None = Field(None, description="background, assumptions, how to read the results")
    mechanism: Text | None = Field(None, description="how the policy is meant to act, in a sentence or two")
    audience: Text | None = Field(None, description="for whom it was written")
    extends: Text | None = Field(None, description="one parent: id of a bundled scenario, or a relative path")
    horizon: Horizon | None = Field(None, description="first and last quarter")
    market: MarketSpec | None = Field(None, description="which market")
    settings: Settings | None = Field(None, description="how the model is run")
    economy: dict[str, Any] | None = Field(None, description="changed parameters of kind economy")
    behaviour: dict[str, Any] | None = Field(None, description="changed parameters of kind behaviour")
    policy: list[PolicyEntry] | None = Field(None, description="changes of law")
    events: list[dict[str, Any]] | None = Field(None, description="what happens at a quarter to chosen organisations")
    expect: list[Expectation] | None = Field(None, description="what should come out")
    published: list[Score] | None = Field(None, description="published estimates of the same policy, not inherited")
    registry: dict[str, Any] | None = Field(
        None, description="dated values that replace the registry's; written into scenario.resolved.yaml"
    )
