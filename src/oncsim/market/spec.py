"""The ``market:`` section of a scenario: which market, from which source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

AsOf = Annotated[
    int | None,
    Field(ge=2005, le=2026, description="structure of an earlier year, carried back from the tables; none: as they are"),
]
Miles = Annotated[float, Field(gt=0, le=3000)]
StateCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Around(_Strict):
    """A radius round a place: a county or metro name, or a point."""

    place: str | None = Field(None, description="county ('Davidson, TN'), FIPS code or metro area ('Nashville')")
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)
    miles: Miles = Field(description="radius in miles")

    @model_validator(mode="after")
    def _one_way(self) -> Around:
        point = self.lat is not None and self.lon is not None
        if (self.place is None) == (not point):
            raise ValueError("give either place, or lat and lon")
        return self


class EmbeddedMarket(_Strict):
    """Real US counties that come with oncsim; providers generated to published totals."""

    source: Literal["embedded"]
    states: list[StateCode] | None = Field(None, min_length=1, description="two-letter states")
    around: Around | None = Field(None, description="a radius round a place")
    nation: bool = Field(False, description="every county of the 50 states and DC")
    seed: int = Field(1, ge=0, description="luck of the generated providers; not the seed of the run")
    as_of: AsOf = None

    @model_validator(mode="after")
    def _one_area(self) -> EmbeddedMarket:
        if (self.states is not None) + (self.around is not None) + self.nation != 1:
            raise ValueError("give exactly one of states, around, nation: true")
        return self


class Select(_Strict):
    """Which zones of the files to keep; all given conditions must hold."""

    hrr: list[str] | None = Field(None, min_length=1, description="hospital referral regions by number or name")
    states: list[StateCode] | None = Field(None, min_length=1)
    around: Around | None = None


class FilesMarket(_Strict):
    """The user's own tables."""

    source: Literal["files"]
    folder: str = Field(".", description="folder of the tables, relative to the scenario file")
    zones: str = Field(description="table of zones (CSV, may be gzipped)")
    hospitals: str | None = Field(None, description="table of hospitals")
    practices: str | None = Field(None, description="table of practice sites")
    centers: str | None = Field(None, description="table of NCI-designated and other academic centers")
    ties: str | None = Field(None, description="table of partnerships at the start")
    select: Select | None = None
    generate: bool = Field(True, description="fill in providers that the tables leave out; false keeps exactly the files")
    seed: int = Field(1, ge=0, description="luck of the generated providers; not the seed of the run")
    as_of: AsOf = None


class ArchetypeMarket(_Strict):
    """A teaching market on a plane."""

    source: Literal["archetype"]
    kind: Literal["metro", "mixed", "rural"]
    seed: int = Field(1, ge=0, description="luck of the generated providers; not the seed of the run")
    as_of: AsOf = None


MarketSpec = Annotated[EmbeddedMarket | FilesMarket | ArchetypeMarket, Field(discriminator="source")]
