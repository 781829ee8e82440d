"""The user's table of hospitals, brought to the form of a market: class, 340B, owner."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim import codes
from oncsim.market.files_faults import Faults, near_miss
from oncsim.market.files_geo import ZoneFinder, check_states, pad_all, padded
from oncsim.market.files_names import place_name, tidy_name, unique_names
from oncsim.market.files_parse import Table
from oncsim.market.hospital_class import exempt_cancer, hospital_classes
from oncsim.market.hospital_lines import NONE, UNKNOWN, joined
from oncsim.randomness import Luck, identities

Array = NDArray[Any]
# Classes that give no cancer drug treatment: psychiatric, rehabilitation, long-term, religious nonmedical.
NO_CANCER_CARE = ("PH", "RH", "LTCH", "RNMHC")
THRESHOLD_DSH = 0.1175
THRESHOLD_SCH_RRC = 0.08
# Share of hospitals that take part, by what the screen found: Pennsylvania, May 2022 list
# (computed_statistics); children's and cancer hospitals as NCI centers (B14, 75%); `unknown` has no DSH line
# in its cost report.
TAKES_PART = {"DSH": 0.86, "CAH": 0.86, "SCH": 0.45, "RRC": 0.45, "PED": 0.75, "CAN": 0.75, "unknown": 0.06}
USUAL_BEDS = {"CAH": 25.0, "": 120.0}  # judgement, for a class of which no row gives beds

FORM_AND_MORE = ("facility_type", "city", "org_name", "oncologists", "chairs")


def shape_hospitals(
    table: Table, finder: ZoneFinder, rural: Array, seed: int, faults: Faults
) -> tuple[pd.DataFrame, list[str]]:
    """Return the hospitals of a table that stand in one of the zones, and what was assumed.

    Parameters
    ----------
    table : Table
        The user's table.
    finder : ZoneFinder
        All zones of the user's table of zones.
    rural : numpy.ndarray
        Whether each of those zones is rural.
    seed : int
        Seed of the market: participation in 340B is drawn where the table does not say.
    faults : Faults
        Where wrong values are reported.

    Returns
    -------
    frame : pandas.DataFrame
        Columns of the form, and ``facility_type, city, org_name, oncologists, chairs`` (NaN where blank). A
        hospital without a system has its own identity, preceded by ``own-``, as ``org``.
    notes : list of str
        Sentences for the report.
    """
    check_unique(table, "hospital", faults)
    states = check_states(table, faults)
    located, counts = finder.locate(table, states, faults)
    moved = finder.check_points(table, located, faults)
    total = len(table)
    kept = located >= 0
    table, located, states = table.keep(kept), located[kept], states[kept]
    states = np.where(states == "", finder.states[located], states)
    ids, _ = pad_all(table.text("hospital"), 6)
    cities = table.text("city")
    names = [tidy_name(str(n)) for n in table.text("name")]
    columns: dict[str, Any] = {
        "hospital": ids,
        "name": unique_names(names, [place_name(c, s) for c, s in zip(cities, states, strict=True)], list(ids)),
        "zone": finder.ids[located],
        "state": states,
        "city": cities,
        "lat": table.number("lat"),
        "lon": table.number("lon"),
        "generated": table.number("generated") == 1,
        "oncologists": table.number("oncologists"),
        "chairs": table.number("chairs"),
        "lines": _lines(table, faults),
    }
    columns |= _classes(table) | _owners(table, ids, faults)
    notes = _notes(table, total, counts, moved, columns)
    columns |= _program_340b(table, columns, rural[located], seed, notes)
    columns["hospital_class"] = _payment_class(table, columns, rural[located], notes)
    return pd.DataFrame(columns), notes


def check_unique(table: Table, name: str, faults: Faults) -> None:
    """Report identities that are there twice."""
    first: dict[str, int] = {}
    for row, value in enumerate(table.text(name)):
        if value and value in first:
            table.fault(faults, row, name, f"{value!r} is there twice (first on line {table.lines[first[value]]})")
        first.setdefault(value, row)


def point_notes(counts: dict[str, int], what: str) -> list[str]:
    """Return what was put right in the points of a table, in sentences."""
    reasons = {
        "blank": "without a point, put at the centre of their zone",
        "recentred": "known only by a ZIP code far from their zone, put at its centre",
        "rezoned": "with a point far outside their zone, put in the nearest zone of their state",
    }
    return [f"{what} {text}: {counts[key]}." for key, text in reasons.items() if counts[key]]


def _classes(table: Table) -> dict[str, Array]:
    kind, critical = table.text("facility_type"), table.number("critical_access")
    critical_access = np.where(np.isnan(critical), kind == "CAH", critical == 1)
    kind = np.where((kind == "") & critical_access, "CAH", kind)
    beds = table.number("beds")
    for word in np.unique(kind.astype(str)):
        same = kind == word
        known = beds[same & ~np.isnan(beds)]
        usual = float(np.median(known)) if len(known) else USUAL_BEDS.get(word, USUAL_BEDS[""])
        beds = np.where(same & np.isnan(beds), usual, beds)
    control, teaching = table.text("control"), table.text("teaching")
    return {
        "facility_type": kind,
        "critical_access": critical_access,
        "beds": beds,
        "control": np.where(control == "", "nonprofit", control),
        "teaching": np.where(teaching == "", "none", teaching),
        "dsh_pct": np.nan_to_num(table.number("dsh_pct")),
    }


def _lines(table: Table, faults: Faults) -> Array:
    check_lines(table, faults)
    texts = [text.strip() for text in table.text("lines").astype(str)]
    words = {"": UNKNOWN, NONE: ""}
    lines = [words.get(text.lower(), joined({word.strip() for word in text.split(";")})) for text in texts]
    return np.array(lines, dtype=object)


def check_lines(table: Table, faults: Faults) -> None:
    """Report service lines that do not exist."""
    for row, text in enumerate(table.text("lines")):
        for word in (part.strip() for part in str(text).split(";")):
            if word and word not in codes.SERVICE_LINES and not (table.what == "hospitals" and word.lower() == NONE):
                near = near_miss(word, codes.SERVICE_LINES)
                message = f"{word!r} is not a service line ({', '.join(codes.SERVICE_LINES)}{near})"
                table.fault(faults, row, "lines", message)


def _owners(table: Table, ids: Array, faults: Faults) -> dict[str, Array]:
    org, name = table.text("org"), np.array([tidy_name(str(n)) for n in table.text("org_name")], dtype=object)
    first: dict[str, int] = {}
    for row, (owner, called) in enumerate(zip(org, name, strict=True)):
        if owner and called and name[first.setdefault(owner, row)] not in ("", called):
            message = f"{owner!r} is called {called!r} here and {name[first[owner]]!r} on line {table.lines[first[owner]]}"
            table.fault(faults, row, "org_name", message)
    alone = np.array([f"own-{hospital}" for hospital in ids], dtype=object)
    return {"org": np.where(org != "", org, np.where(name != "", name, alone)), "org_name": name}


def _program_340b(table: Table, columns: dict[str, Any], rural: Array, seed: int, notes: list[str]) -> dict[str, Array]:
    """Return route and participation; where not given they follow from control and DSH share."""
    route = table.text("route_340b")
    in_town = np.where(rural, "SCH", "RRC")  # judgement: what the screen cannot tell apart
    found = np.array(
        [
            {"only_if_SCH_or_RRC": town, "children_possible": "PED", "no": ""}.get(word, word)
            for word, town in zip(_screen(table, columns), in_town, strict=True)
        ],
        dtype=object,
    )
    if not table.has("route_340b"):
        route = found
    given = table.number("participates_340b")
    open_rows = np.isnan(given)
    no_line = np.isnan(table.number("dsh_pct")) & (columns["control"] != "proprietary") & table.has("dsh_pct")
    no_line &= np.isin(columns["facility_type"], ("STH", ""))
    chance = np.array([TAKES_PART.get(word, 0.0) for word in route])
    chance = np.where((route == "") & no_line, TAKES_PART["unknown"], chance)
    draws = Luck(seed).uniform("market.participates_340b", 0, identities(columns["hospital"]))
    takes_part = np.where(open_rows, draws < chance, given == 1).astype(bool)
    route = np.where(takes_part & (route == "") & open_rows, in_town, route)
    drawn = int((open_rows & (chance > 0)).sum())
    if drawn:
        notes.append(
            f"340B participation of hospitals that may be eligible, drawn: {drawn:,} (86% of those that "
            "pass the DSH "
            "screen and of critical access hospitals, 45% of those eligible only as sole community or rural "
            "referral "
            "centers, 6% of nonprofit ones without a DSH line, as in Pennsylvania 2022; 75% of children's, "
            "judgement)."
        )
    return {"route_340b": route, "participates_340b": takes_part}


def _payment_class(table: Table, columns: dict[str, Any], rural: Array, notes: list[str]) -> Array:
    """Return the class that payment rules name: as given, else from facility type, name and 340B route."""
    kind = columns["facility_type"]
    cancer = exempt_cancer(columns["name"]) & np.isin(kind, ("STH", "ORD", ""))
    found = hospital_classes(columns["critical_access"], columns["route_340b"], rural, kind == "CH", cancer)
    given = table.text("hospital_class")
    if (given == "").any() and not table.has("route_340b"):
        notes.append(
            "Hospital class for payment, where not given, follows from facility type, name and 340B screen; whether a "
            "hospital that passes the DSH screen is a sole community hospital too is unknown, and it counts as general."
        )
    return np.where(given == "", found, given)


def _screen(table: Table, columns: dict[str, Any]) -> Array:
    if table.has("screen_340b"):
        return table.text("screen_340b")
    dsh, control, kind = columns["dsh_pct"], columns["control"], columns["facility_type"]
    word = np.where(dsh > THRESHOLD_DSH, "DSH", np.where(dsh >= THRESHOLD_SCH_RRC, "only_if_SCH_or_RRC", "no"))
    word = np.where(kind == "CH", "children_possible", np.where(columns["critical_access"], "CAH", word))
    return np.where((control == "proprietary") | np.isin(kind, NO_CANCER_CARE), "no", word)


def _notes(table: Table, total: int, counts: dict[str, int], moved: dict[str, int], columns: dict[str, Any]) -> list[str]:
    notes = list(table.notes)
    if counts["elsewhere"]:
        notes.append(f"Hospitals left out, in states or territories without zones: {counts['elsewhere']} of {total:,}.")
    if counts["placeless"]:
        notes.append(f"Hospitals left out, with neither a known zone nor a point: {counts['placeless']} of {total:,}.")
    if counts["nearest"]:
        notes.append(f"Hospitals without a zone, put in the nearest of their state: {counts['nearest']}.")
    if counts["recoded"]:
        notes.append(f"Hospitals with a county code the zones lack, put in the nearest zone: {counts['recoded']}.")
    notes += point_notes(moved, "Hospitals")
    beds = int(np.isnan(table.number("beds")).sum())
    if beds:
        notes.append(f"Hospitals without a number of beds, given the median of their class: {beds}.")
    other = int(np.isin(columns["facility_type"], NO_CANCER_CARE).sum())
    if other:
        notes.append(
            "Psychiatric, rehabilitation, long-term and religious nonmedical hospitals, which get no "
            f"cancer site: {other:,}."
        )
    return notes


def named_hospitals(table: Table, hospitals: pd.DataFrame, faults: Faults) -> NDArray[Any]:
    """Return the hospital each row of a table names, or '' where none; a name that no hospital has is a fault."""
    known = set(hospitals["hospital"])
    hospital = np.array([padded(str(h), known, 6) for h in table.text("hospital")], dtype=object)
    for row in np.flatnonzero([bool(h) and h not in known for h in hospital]):
        near = near_miss(str(hospital[row]), known)
        table.fault(
            faults,
            int(row),
            "hospital",
            f"{hospital[row]!r} is not a hospital of the table of hospitals{near}",
        )
    return hospital
