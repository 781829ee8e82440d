"""What a scenario expects: something measured in a run, and the condition that it must meet."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from oncsim.codes import EVENT_KINDS
from oncsim.errors import did_you_mean
from oncsim.scenario.basics import QuarterText, Section, Text

TIE_VALUES = ("living", "trust_ab", "trust_ba", "trust_min", "staff", "rung", "age")
ORG_VALUES = (
    "patients",
    "patients_in_care",
    "infusions",
    "revenue",
    "margin",
    "cash",
    "oncologists",
    "independent",
    "open",
)
CASE_SHARE = 0.9  # of replicates in which an expectation of a case must hold
CONTROL = "control"  # the variant in which the effect must not appear


def _two(value: list[str]) -> list[str]:
    if len(value) != 2:
        raise ValueError(f"names {len(value)} organisation{'' if len(value) == 1 else 's'} (give two: [first, second])")
    if value[0] == value[1]:
        raise ValueError(f"names {value[0]!r} twice (give two organisations)")
    return value


Pair = Annotated[list[Text], AfterValidator(_two), Field(json_schema_extra={"minItems": 2, "maxItems": 2})]


def _kinds(value: object) -> object:
    kinds = [value] if isinstance(value, str) else value
    if not isinstance(kinds, list) or not kinds:
        raise ValueError("expected a kind of event, or a list of kinds")
    for kind in kinds:
        if isinstance(kind, str) and kind not in EVENT_KINDS:
            raise ValueError(f"no kind of event {kind!r} (see the table of events{did_you_mean(kind, EVENT_KINDS)})")
    return kinds


Kinds = Annotated[list[Text], BeforeValidator(_kinds)]


class Measure(Section):
    """One number of a run: a metric, a count of events, something of an organisation, or of two that are tied."""

    metric: Text | None = Field(None, description="name of a metric")
    event: Kinds | None = Field(
        None,
        description="kind of event to count instead of a metric, or a list of kinds",
        json_schema_extra={
            "anyOf": [
                {"enum": list(EVENT_KINDS)},
                {"type": "array", "items": {"enum": list(EVENT_KINDS)}, "minItems": 1},
                {"type": "null"},
            ]
        },
    )
    group: str = Field("", description="group of the metric, for example payer=medicare_ffs")
    market: str = Field("all", description="market id, or all")
    org: Text | None = Field(None, description="only events of this organisation, or with value: what of it")
    tie: Pair | None = Field(None, description="ids of two organisations; value says what of the tie between them")
    value: Text | None = Field(
        None,
        description=f"of a tie: {', '.join(TIE_VALUES)}; of an organisation: {', '.join(ORG_VALUES)}",
        json_schema_extra={"enum": [*TIE_VALUES, *ORG_VALUES]},
    )
    as_: Literal["actor", "other"] | None = Field(
        None, alias="as", description="with event and org: who it is in the event; default either"
    )

    partner: Text | None = Field(None, description="with event and org: only events between org and this organisation")

    @model_validator(mode="after")
    def _one_subject(self) -> Measure:
        subjects = [self.metric is not None, self.event is not None, self.tie is not None]
        if not any(subjects) and self.org is not None:
            _check_value(self.value, ORG_VALUES, "an organisation without event needs value")
        elif sum(subjects) != 1:
            raise ValueError("give one of metric, event, tie, or org with value")
        elif self.tie is not None:
            if self.org is not None:
                raise ValueError("give either tie or org")
            _check_value(self.value, TIE_VALUES, "a tie needs value")
        elif self.value is not None:
            raise ValueError(f"value is for tie or org, not for {'metric' if self.metric is not None else 'event'}")
        elif self.metric is not None and self.org is not None:
            raise ValueError("org is for event or value, not for metric")
        if self.as_ is not None and (self.event is None or self.org is None):
            raise ValueError("as is only for event with org")
        if self.partner is not None and (self.event is None or self.org is None):
            raise ValueError("partner is only for event with org")
        return self


def _check_value(value: str | None, allowed: tuple[str, ...], missing: str) -> None:
    if value is None:
        raise ValueError(f"{missing} (one of {', '.join(allowed)})")
    if value not in allowed:
        raise ValueError(f"no value {value!r} (one of {', '.join(allowed)}{did_you_mean(value, allowed)})")


def _band(value: list[float]) -> list[float]:
    if len(value) != 2 or value[0] > value[1]:
        raise ValueError("expected [lowest, highest]")
    return value


Band = Annotated[list[float], AfterValidator(_band), Field(json_schema_extra={"minItems": 2, "maxItems": 2})]


class Expectation(Measure):
    """What a run of the scenario should show; checked by ``oncsim cases`` and in reports."""

    minus: Measure | None = Field(None, description="a second measured thing, subtracted within the same run")
    versus: Text | None = Field(
        None, description="variant of the case or scenario to compare with (paired); default the value itself"
    )
    sign: Literal["positive", "negative", "zero"] | None = Field(None, description="sign of value or difference")
    min: float | None = Field(None, description="at least this")
    max: float | None = Field(None, description="at most this")
    at: QuarterText = Field(None, description="quarter; default the last one")
    from_: QuarterText = Field(None, alias="from", description="first quarter of a window (mean or count over it)")
    until: QuarterText = Field(None, description="last quarter of the window")
    share: float = Field(1.0, gt=0, le=1, description="share of replicates in which it must hold; 0.9 in a case")
    control: Literal["absent", "same", "free"] | None = Field(
        None, description="in a case: must it be absent in the control (default), hold there the same, or either"
    )
    control_mean: Band | None = Field(
        None, description="in a case, instead of control: lowest and highest mean over the control's replicates"
    )
    note: str = Field("", description="what practitioners say, in a sentence")

    @model_validator(mode="after")
    def _consistent(self) -> Expectation:
        if self.sign is None and self.min is None and self.max is None:
            raise ValueError("says nothing to check (give sign, min or max)")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        if self.at is not None and (self.from_ is not None or self.until is not None):
            raise ValueError("give either at, or from and until")
        if self.from_ is not None and self.until is not None and self.from_ > self.until:
            raise ValueError(f"from {self.from_} is after until {self.until}")
        if self.control is not None and self.control_mean is not None:
            raise ValueError("give either control or control_mean")
        if self.versus == CONTROL and (self.control is not None or self.control_mean is not None):
            raise ValueError("versus control leaves nothing to ask of the control (remove control and control_mean)")
        return self
