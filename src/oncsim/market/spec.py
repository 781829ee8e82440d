"""The ``market:`` section of a scenario: which market, from which source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from oncsim import codes
from oncsim.errors import did_you_mean

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


class Point(_Strict):
    """A point on the map."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


def _place(value: object) -> str | Point:
    if isinstance(value, Point):
        return value
    if isinstance(value, str) and value:
        return value
    numbers = [value.get(key) for key in ("lat", "lon")] if isinstance(value, dict) and len(value) == 2 else []
    if not numbers or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        raise ValueError(
            'is not a place (name a zone of the market, such as "Garland, AR", or give {lat: 34.5, lon: -93.1})'
        )
    lat, lon = (float(n) for n in numbers if n is not None)
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise ValueError(f"lat {lat:g}, lon {lon:g} is not on the map (lat from -90 to 90, lon from -180 to 180)")
    return Point(lat=lat, lon=lon)


def _among(allowed: tuple[str, ...]) -> AfterValidator:
    """Return the check that a text is one of some code words."""

    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"{value!r} is not one of {', '.join(allowed)}{did_you_mean(value, allowed)}")
        return value

    return AfterValidator(check)


def _listed(allowed: tuple[str, ...]) -> Any:
    return Field(json_schema_extra={"enum": list(allowed)})


Place = Annotated[
    Any,
    BeforeValidator(_place),
    Field(json_schema_extra={"anyOf": [{"type": "string"}, Point.model_json_schema()]}),
]
Identity = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$")]
Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float | None, Field(ge=0, le=1)]
OrganizationKind = Literal["practice", "health_system", "academic_center", "network"]
SiteKind = Annotated[str, _among(codes.SITE_KINDS), _listed(codes.SITE_KINDS)]
ServiceLine = Annotated[str, _among(codes.SERVICE_LINES), _listed(codes.SERVICE_LINES)]
HospitalClass = Annotated[str, _among(codes.HOSPITAL_CLASSES), _listed(codes.HOSPITAL_CLASSES)]
Route340B = Annotated[str, _among(codes.ROUTES_340B), _listed(codes.ROUTES_340B)]
TieForm = Annotated[str, _among(codes.TIE_FORMS), _listed(codes.TIE_FORMS)]


class ComposedZone(_Strict):
    """An invented place on a plane; what it leaves out is as in the nation's towns or country."""

    zone: Identity = Field(description="identity")
    name: Text | None = Field(None, description="name people know; default the identity")
    east: float = Field(0.0, ge=-1000, le=1000, description="miles east of the middle of the plane")
    north: float = Field(0.0, ge=-1000, le=1000, description="miles north of the middle of the plane")
    population: float = Field(gt=0, le=1e8, description="people")
    population_65plus: float | None = Field(None, ge=0, description="people aged 65 and over")
    land_sqmi: float = Field(500.0, gt=0, le=1e6, description="land area, square miles")
    rural: bool = Field(False, description="outside a metropolitan area")
    poverty_share: Share = Field(None, description="share of people below 150% of the poverty line")
    uninsured_share: Share = Field(None, description="share of people under 65 without insurance")
    medicaid_share: Share = Field(None, description="share of people under 65 with Medicaid")
    ma_share: Share = Field(None, description="share of Medicare beneficiaries in Medicare Advantage")
    deprivation: Share = Field(None, description="0 least to 1 most deprived")
    cases_per_year: float | None = Field(None, ge=0, description="new cancer cases a year")
    air_minutes: float = Field(0.0, ge=0, le=1440, description="minutes added to any trip out of the zone by air or sea")
    market: Text | None = Field(None, description="market for concentration; default the city's, or the country's")
    market_name: Text | None = Field(None, description="name of that market")

    @model_validator(mode="after")
    def _older(self) -> ComposedZone:
        if self.population_65plus is not None and self.population_65plus > self.population:
            raise ValueError("population_65plus is more than population")
        return self


class ComposedHospital(_Strict):
    """A hospital of a health system or center."""

    id: Identity = Field(description="identity of the hospital")
    name: Text | None = Field(None, description="default organisation and place")
    at: Place = Field(None, description="zone of the market; default the seat of the organisation")
    beds: float = Field(ge=1, le=10_000, description="staffed beds")
    teaching: Literal["none", "minor", "major"] = Field("none", description="teaching status")
    control: Literal["nonprofit", "government", "proprietary"] = Field("nonprofit", description="who controls it")
    critical_access: bool = Field(False, description="critical access hospital")
    hospital_class: HospitalClass | None = Field(
        None, description="class that payment rules name; default from the other keys"
    )
    route_340b: Route340B | None = Field(
        None, description="route by which it may be in 340B; default none, CAH for a critical access hospital"
    )
    participates_340b: bool | None = Field(None, description="in 340B at the start; default if it has a route")
    dsh_pct: float | None = Field(None, ge=0, le=2, description="disproportionate-share adjustment, as a share")
    lines: list[ServiceLine] | None = Field(None, description="service lines of the hospital itself; default by rule")


class ComposedSite(_Strict):
    """A site of care."""

    id: Identity | None = Field(None, description="default organisation and number")
    name: Text | None = Field(None, description="default organisation and place")
    at: Place = Field(None, description="zone of the market; default that of its hospital, else the seat")
    kind: SiteKind | None = Field(None, description="default by kind of organisation")
    hospital: Identity | None = Field(None, description="hospital it is a department of; default the nearest of the owner")
    oncologists: int = Field(0, ge=0, le=2000, description="medical oncologists whose home it is")
    chairs: float | None = Field(None, ge=0, le=2000, description="infusion chairs; default by oncologists")
    lines: list[ServiceLine] | None = Field(
        None, description="service lines, infusion among them; default drawn as for generated sites"
    )
    visiting_from: Identity | None = Field(None, description="site whose oncologists visit here")
    visiting_fte: float | None = Field(None, gt=0, le=100, description="full-time equivalents that visit; default 0.2")
    excepted: bool = Field(False, description="off-campus department that billed before 2 November 2015")


class ComposedOrganization(_Strict):
    """An organisation, its hospitals and its sites."""

    id: Identity = Field(description="identity of the organisation")
    name: Text = Field(description="name that people read in the story")
    kind: OrganizationKind = Field(description="practice, health_system, academic_center or network")
    nci: Literal["comprehensive", "clinical"] | None = Field(None, description="NCI designation of a center")
    investor_owned: bool = Field(False, description="network owned by investors")
    network: Identity | None = Field(None, description="for a practice: the network it is a member of")
    at: Place = Field(None, description="seat; default that of its first hospital or site")
    hospitals: list[ComposedHospital] = Field([], description="hospitals of a health system or center")
    sites: list[ComposedSite] = Field([], description="sites of care")


class ComposedTie(_Strict):
    """A partnership at the start."""

    a: Identity = Field(description="one organisation")
    b: Identity = Field(description="the other")
    form: TieForm = Field(description="form of the partnership")
    years: float = Field(5.0, ge=0, le=100, description="years since it began")
    trust_ab: Share = Field(None, description="trust of a in b; default left to the model")
    trust_ba: Share = Field(None, description="trust of b in a; default left to the model")
    checks_per_year: float | None = Field(None, ge=0, le=52, description="times a year they look at it; default as usual")


class ComposedMarket(_Strict):
    """Organisations written out here, on real counties or invented places; nothing else is generated."""

    source: Literal["composed"]
    name: Text = Field(description="what people call the market")
    counties: list[Text] | None = Field(None, min_length=1, description="'Name, ST' or FIPS code each")
    states: list[StateCode] | None = Field(None, min_length=1, description="two-letter states")
    around: Around | None = Field(None, description="a radius round a place")
    zones: list[ComposedZone] | None = Field(None, min_length=1, description="invented places on a plane")
    organizations: list[ComposedOrganization] = Field(min_length=1, description="who is there")
    ties: list[ComposedTie] = Field([], description="partnerships at the start")
    seed: int = Field(1, ge=0, description="luck of what is left open, such as service lines; not the seed of the run")

    @model_validator(mode="after")
    def _one_area(self) -> ComposedMarket:
        given = [key for key in ("counties", "states", "around", "zones") if getattr(self, key) is not None]
        if len(given) != 1:
            found = f" (found {' and '.join(given)})" if given else ""
            raise ValueError(f"give exactly one of counties, states, around, zones{found}")
        return self

    @property
    def as_of(self) -> None:
        """What is written out is the start of the run, in whatever year that is."""
        return

    def hospitals(self) -> Iterator[tuple[str, ComposedOrganization, ComposedHospital]]:
        """Yield each hospital with where it is written and its owner."""
        for i, org in enumerate(self.organizations):
            for j, hospital in enumerate(org.hospitals):
                yield f"market.organizations[{i + 1}].hospitals[{j + 1}]", org, hospital

    def sites(self) -> Iterator[tuple[str, ComposedOrganization, ComposedSite]]:
        """Yield each site with where it is written and its owner."""
        for i, org in enumerate(self.organizations):
            for j, site in enumerate(org.sites):
                yield f"market.organizations[{i + 1}].sites[{j + 1}]", org, site


AnyMarket = EmbeddedMarket | FilesMarket | ArchetypeMarket | ComposedMarket
MarketSpec = Annotated[AnyMarket, Field(discriminator="source")]
