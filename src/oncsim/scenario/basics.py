"""What the sections of a scenario file are made of: quarters, lengths, text, ids and mappings of known keys."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from oncsim.calendar import Quarter
from oncsim.parameters.scalars import found

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
