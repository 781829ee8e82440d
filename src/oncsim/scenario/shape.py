"""The shape of a scenario file: its keys, section by section.

Only shape and ranges are checked here. What needs the registry, the catalogue of actions or the horizon is
checked where it is built; what pydantic finds is put into plain words in :mod:`oncsim.scenario.plain_words`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from oncsim.market.spec import MarketSpec
from oncsim.scenario.basics import MAX_YEARS as MAX_YEARS
from oncsim.scenario.basics import Id, QuarterText, Section, SpanText, Text
from oncsim.scenario.measures import Expectation as Expectation

SCHEMA = "oncsim/scenario/1"
MOST_FOLLOWED = 4


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


def _choice(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


class CaseChoice(Section):
    """A choice of the people in a case that would have changed it."""

    text: Text = Field(description="the choice, in a short sentence")
    variant: Text | None = Field(None, description="variant in which they choose so")


def _followed(value: list[str]) -> list[str]:
    if not 2 <= len(value) <= MOST_FOLLOWED:
        some = f"{len(value)} organisation{'' if len(value) == 1 else 's'}"
        raise ValueError(f"names {some} (2 to {MOST_FOLLOWED}, whose story is told)")
    twice = next((name for i, name in enumerate(value) if name in value[:i]), None)
    if twice is not None:
        raise ValueError(f"names {twice!r} twice")
    return value


class Case(Section):
    """A situation described by people who run oncology programs."""

    number: int = Field(ge=1, le=99, description="its number in the list of cases")
    place: Text | None = Field(None, description="where it happened")
    situation: Text = Field(description="what practitioners describe, in a sentence or two")
    follow: Annotated[
        list[Text],
        AfterValidator(_followed),
        Field(json_schema_extra={"minItems": 2, "maxItems": MOST_FOLLOWED}),
    ] = Field(description="ids of the organisations whose ties, patients and money the story shows")
    choices: list[Annotated[CaseChoice, BeforeValidator(_choice)]] = Field(
        default_factory=list, description="which choices of the people in it would have changed it"
    )


class Variant(Section):
    """What is different in a variant of a case; the rest, luck included, is that of the case."""

    title: Text = Field(description="what is different, in one line")
    economy: dict[str, Any] | None = Field(None, description="merged over those of the case")
    behaviour: dict[str, Any] | None = Field(None, description="merged over those of the case")
    policy: list[PolicyEntry] | None = Field(None, description="merged by what they set")
    events: list[dict[str, Any]] | None = Field(None, description="in place of those of the case; [] is none")
    market: MarketSpec | None = Field(None, description="in place of that of the case")


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
    case: Case | None = Field(None, description="makes it a case from practice that `oncsim cases` plays, not inherited")
    variants: dict[str, Variant] | None = Field(
        None, description="variants of the case by name; one is named control, and the effect must be absent there"
    )
    published: list[Score] | None = Field(None, description="published estimates of the same policy, not inherited")
    registry: dict[str, Any] | None = Field(
        None, description="dated values that replace the registry's; written into scenario.resolved.yaml"
    )
