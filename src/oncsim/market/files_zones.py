"""The user's table of zones, brought to the form of a market; what it lacks is estimated and marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.market import facts
from oncsim.market.files_faults import Faults
from oncsim.market.files_geo import STATE_OF_FIPS, check_states, is_fips, pad_all, swapped_at_sight
from oncsim.market.files_parse import Table
from oncsim.market.form import shape_table
from oncsim.market.payer_mix import medicaid_share, uninsured_under_65
from oncsim.market.zones import deprivation_rank

Array = NDArray[Any]
# National values for what a table lacks; state_facts and computed_statistics (2018-2022 and 2025 federal
# files).
SHARE_65PLUS = 0.165
MA_SHARE = 0.511
UNINSURED_UNDER_65 = 0.102
POVERTY_150 = 0.205
SVI_BLANK = -999.0  # what the Social Vulnerability Index writes for a county it does not rank
RURAL_BELOW_PER_SQMI = 100.0  # judgement: people per square mile below which a zone of unknown class is rural


@dataclass(frozen=True)
class Zones:
    """Zones in the form of a market, with what only the building of providers needs.

    Attributes
    ----------
    frame : pandas.DataFrame
        The columns of the form.
    hrr_names : numpy.ndarray
        Name of each zone's referral region, blank where unknown.
    weights : pandas.Series or None
        Medical oncologists expected in each zone, by zone; None where the table does not say.
    notes : tuple of str
        What was assumed.
    """

    frame: pd.DataFrame
    hrr_names: Array
    weights: pd.Series[float] | None
    notes: tuple[str, ...]

    def keep(self, chosen: Array) -> Zones:
        """Return some of the zones, by flag."""
        frame = self.frame[chosen].reset_index(drop=True)
        weights = None if self.weights is None else self.weights[frame["zone"]]
        return Zones(frame, self.hrr_names[chosen], weights, self.notes)


class _Marks:
    """Which value of which zone was estimated."""

    def __init__(self, given: Array) -> None:
        self._names = [[n for n in str(text).split(";") if n] for text in given]

    def add(self, name: str, rows: Array) -> None:
        for row in np.flatnonzero(rows):
            if name not in self._names[row]:
                self._names[row].append(name)

    def text(self) -> list[str]:
        return [";".join(names) for names in self._names]


def shape_zones(table: Table, faults: Faults) -> Zones | None:
    """Return the zones of a table, or None where its faults leave none to work with."""
    ids, padded = pad_all(table.text("zone"), 5)
    _check_ids(table, ids, faults)
    states = check_states(table, faults)
    swapped_at_sight(table, faults)
    for name in ("lat", "lon"):
        for row in np.flatnonzero(np.isnan(table.number(name))):
            if not faults.in_file(table.file):
                table.fault(faults, int(row), name, "is blank (every zone needs a place)")
    if not faults.in_file(table.file) and np.nansum(table.number("population")) <= 0:
        table.fault(faults, 0, "population", "no zone has people (a market needs some)")
    if faults.in_file(table.file):
        return None
    states = np.where(states == "", [STATE_OF_FIPS.get(z[:2], "") if is_fips(z) else "" for z in ids], states)
    marks = _Marks(table.text("estimated"))
    columns = _people(table, marks) | _places(table, ids, states, marks)
    columns |= _insurance(table, columns, marks)
    estimated = np.array(marks.text(), dtype=object)
    columns |= {"zone": ids, "state": states, "name": _names(table, ids, states), "estimated": estimated}
    columns |= _markets(table, columns)
    frame = shape_table("zones", pd.DataFrame(columns))
    own_market = (columns["hrr_name"] == "") & (columns["hrr"] == columns["market"])
    hrr_names = np.where(own_market, columns["market_name"], columns["hrr_name"])
    return Zones(frame, hrr_names, _weights(table, ids), tuple(_notes(table, frame, padded)))


def _check_ids(table: Table, ids: Array, faults: Faults) -> None:
    first: dict[str, int] = {}
    for row, zone in enumerate(ids):
        if zone in first:
            table.fault(faults, row, "zone", f"{zone!r} is there twice (first on line {table.lines[first[zone]]})")
        elif zone:
            first[zone] = row


def _people(table: Table, marks: _Marks) -> dict[str, Array]:
    population, older = table.number("population"), table.number("population_65plus")
    base = table.number("population_of_65plus_year")
    if table.written.get("population") == table.written.get("population_of_65plus_year"):
        base = np.full(len(table), np.nan)
    other_year = np.divide(population, base, out=np.ones_like(population), where=base > 0)
    missing = np.isnan(older)
    older = np.where(missing, SHARE_65PLUS * population, np.minimum(older * other_year, population))
    marks.add("population_65plus", missing | (~np.isclose(other_year, 1.0)))
    cases = table.number("cases_per_year")
    basis = table.text("cases_basis")
    unreported = np.isnan(cases) | ((basis != "") & (basis != "reported"))
    marks.add("cases_per_year", unreported)
    cases = np.where(np.isnan(cases), facts.CASES_PER_65PLUS * older, cases)
    return {"population": population, "population_65plus": older, "cases_per_year": cases}


def _places(table: Table, ids: Array, states: Array, marks: _Marks) -> dict[str, Array]:
    land, population = table.number("land_sqmi"), table.number("population")
    rural, rucc = table.number("rural"), table.number("rucc")
    density = np.divide(population, land, out=np.zeros_like(land), where=land > 0)
    guessed = np.where(np.isnan(rucc), (density < RURAL_BELOW_PER_SQMI).astype(float), (rucc >= 4).astype(float))
    marks.add("rural", np.isnan(rural) & np.isnan(rucc))
    known = _county_facts(ids)
    air, cbsa = table.number("air_minutes"), table.text("cbsa")
    return {
        "lat": table.number("lat"),
        "lon": table.number("lon"),
        "land_sqmi": land,
        "rural": np.where(np.isnan(rural), guessed, rural) > 0.5,
        "air_minutes": np.where(np.isnan(air), known["air_minutes"], air),
        "cbsa": cbsa if table.has("cbsa") else known["cbsa"],
        "cbsa_name": table.text("cbsa_name") if table.has("cbsa_name") else known["cbsa_name"],
        "hrr": np.array([str(h).removesuffix(".0") for h in table.text("hrr")], dtype=object),
        "hrr_name": table.text("hrr_name"),
    }


def _county_facts(ids: Array) -> dict[str, Array]:
    """Return metropolitan area and minutes by air of zones that are counties, from the embedded table."""
    blank = np.full(len(ids), "", dtype=object)
    if not any(is_fips(zone) for zone in ids):
        return {"cbsa": blank, "cbsa_name": blank, "air_minutes": np.zeros(len(ids))}
    rows = facts.counties().set_index("fips").reindex(ids)
    return {
        "cbsa": rows["cbsa"].fillna("").to_numpy(dtype=object),
        "cbsa_name": rows["cbsa_name"].fillna("").to_numpy(dtype=object),
        "air_minutes": rows["air_minutes"].fillna(0).to_numpy(dtype=np.float64),
    }


def _insurance(table: Table, columns: dict[str, Array], marks: _Marks) -> dict[str, Array]:
    population, older = columns["population"], columns["population_65plus"]
    poverty, poverty150 = table.number("poverty_share"), table.number("poverty150_share")
    line = 1.0 if table.has("poverty_share") or not table.has("poverty150_share") else 1.5
    poor = poverty if line == 1.0 else poverty150
    # A table without poverty takes the national share below the line, for which the line is 1.0 (12.1% = 20.5
    # / 1.7).
    default = POVERTY_150 if line == 1.5 else POVERTY_150 / 1.7
    marks.add("poverty_share", np.isnan(poor))
    poor = np.where(np.isnan(poor), default, poor)

    uninsured, of_all = table.number("uninsured_share"), table.number("uninsured_all_share")
    younger = uninsured_under_65(np.nan_to_num(of_all), population, older)
    without = np.isnan(uninsured)
    uninsured = np.where(without, np.where(np.isnan(of_all), UNINSURED_UNDER_65, younger), uninsured)
    marks.add("uninsured_share", without)

    medicaid, advantage = table.number("medicaid_share"), table.number("ma_share")
    marks.add("medicaid_share", np.isnan(medicaid))
    judged = medicaid_share(poor, uninsured, poverty_line=line)
    marks.add("ma_share", np.isnan(advantage))
    return {
        "poverty_share": poor,
        "uninsured_share": uninsured,
        "medicaid_share": np.where(np.isnan(medicaid), judged, medicaid),
        "ma_share": np.where(np.isnan(advantage), _mean_share(advantage, older, MA_SHARE), advantage),
        "deprivation": _deprivation(table, poor, population, marks),
    }


def _mean_share(share: Array, people: Array, default: float) -> float:
    known = ~np.isnan(share) & (people > 0)
    return float(np.average(share[known], weights=people[known])) if known.any() else default


def _deprivation(table: Table, poor: Array, population: Array, marks: _Marks) -> Array:
    given, score = table.number("deprivation"), table.number("deprivation_score")
    score = np.where(score == SVI_BLANK, np.nan, score)
    marks.add("deprivation", np.isnan(given) & np.isnan(score))
    score = np.where(np.isnan(score), np.nan if table.has("deprivation_score") else poor, score)
    score = np.where(np.isnan(score), np.nanmedian(score) if not np.isnan(score).all() else 0.0, score)
    return np.where(np.isnan(given), deprivation_rank(score, population), given)


def _names(table: Table, ids: Array, states: Array) -> Array:
    """Return names people know, each once: 'Davidson, TN'; an independent city is 'Richmond city, VA'."""
    # A column called name is taken as written; one called county holds half of a name.
    complete = table.written.get("name", "").strip().lower() == "name"
    names = []
    for name, zone, state in zip(table.text("name"), ids, states, strict=True):
        ending = "" if complete or not state or name.endswith(f", {state}") else f", {state}"
        names.append(f"{name}{ending}" if name else zone)
    counts = pd.Series(names, dtype=object).value_counts()
    for i, name in enumerate(names):
        if counts[name] > 1:
            city = is_fips(ids[i]) and int(ids[i][2:]) >= 510
            names[i] = name.replace(", ", " city, ", 1) if city else name
    again = pd.Series(names, dtype=object).value_counts()
    return np.array([n if again[n] == 1 else f"{n} ({z})" for n, z in zip(names, ids, strict=True)], dtype=object)


def _markets(table: Table, columns: dict[str, Array]) -> dict[str, Array]:
    """Return the market for concentration: referral region, else metropolitan area, else rest of state."""
    hrr, cbsa, states = columns["hrr"], columns["cbsa"], columns["state"]
    rest = np.array([f"{s}-rest" if s else "rest" for s in states], dtype=object)
    market = np.where(hrr != "", hrr, np.where(cbsa != "", cbsa, rest))
    rest_name = np.array([f"rest of {s}" if s else "rest" for s in states], dtype=object)
    hrr_name = np.where(columns["hrr_name"] != "", columns["hrr_name"], hrr)
    cbsa_name = np.where(columns["cbsa_name"] != "", columns["cbsa_name"], cbsa)
    name = np.where(hrr != "", hrr_name, np.where(cbsa != "", cbsa_name, rest_name))
    given, given_name = table.text("market"), table.text("market_name")
    market = np.where(given != "", given, market)
    name = np.where(given_name != "", given_name, np.where(given != "", given, name))
    return {"market": market, "market_name": name}


def _weights(table: Table, ids: Array) -> pd.Series[float] | None:
    if not table.has("oncologists"):
        return None
    return pd.Series(np.nan_to_num(table.number("oncologists")), index=pd.Index(ids, dtype=object), name="oncologists")


_REASONS = {
    "population_65plus": "people aged 65 and over (carried to the year of the population, or the national share)",
    "cases_per_year": "new cases (as the table says, or 0.0325 a year for each person aged 65 and over)",
    "rural": "rurality (fewer than 100 people a square mile)",
    "poverty_share": "poverty (national share)",
    "uninsured_share": "people under 65 without insurance (from all ages, or the national share)",
    "medicaid_share": "people under 65 with Medicaid (judged from poverty)",
    "ma_share": "Medicare Advantage (mean of the other zones, or the national share)",
    "deprivation": "deprivation (from poverty)",
}


def _notes(table: Table, frame: pd.DataFrame, padded: int) -> list[str]:
    notes = list(table.notes)
    if padded:
        notes.append(f"County codes without their leading zero, read with it: {padded}.")
    empty = int((frame["population"] <= 0).sum())
    if empty:
        notes.append(f"Zones without people, which send no patients: {empty}.")
    if table.has("poverty150_share") and not table.has("poverty_share"):
        notes.append("Poverty is the share of people below 150% of the poverty line.")
    return notes


def estimate_notes(frame: pd.DataFrame) -> list[str]:
    """Return a sentence for each column of zones that was estimated somewhere."""
    marked = frame["estimated"].str.split(";")
    notes = []
    for name, reason in _REASONS.items():
        count = int(marked.map(lambda names, name=name: name in names).sum())
        if count:
            where = "all zones" if count == len(frame) else f"{count} of {len(frame):,} zones"
            notes.append(f"Estimated in {where}: {reason}.")
    return notes
