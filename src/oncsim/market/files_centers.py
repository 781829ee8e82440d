"""The user's table of centers: academic centers with their main hospital, other organisations described."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncsim.market.files_faults import Faults, near_miss
from oncsim.market.files_geo import ZoneFinder, check_states
from oncsim.market.files_hospitals import NO_CANCER_CARE, check_unique, named_hospitals
from oncsim.market.files_names import place_name, tidy_name, unique_names
from oncsim.market.files_parse import Table
from oncsim.market.places import miles_between

Array = NDArray[Any]
# Judgement: a hospital that shares a word of the center's name may be this far, one that only teaches this
# far (the points are often those of ZIP codes).
NAMED_MILES, TEACHING_MILES = 15.0, 0.75
# Words that say nothing about which hospital a center belongs to.
_COMMON = frozenset(
    re.findall(
        "[a-z]+",
        """a and at of the cancer center centers centre clinic clinical comprehensive institute hospital
        hospitals hosp health healthcare medical med ctr system systems university univ school medicine
        research national inc for saint st san new general memorial regional community""",
    )
)
WHOLE_SYSTEM_BEDS = 1 / 3  # judgement: a system this far its main hospital is the center itself


@dataclass
class Centers:
    """What a table of centers says.

    Attributes
    ----------
    described : pandas.DataFrame
        One row an organisation: ``org, name, kind, state, lat, lon, nci, investor_owned, network,
        generated``.
    campuses : pandas.DataFrame
        One row a campus of an academic center whose hospital is to be found: ``org, name, nci, city, state,
        lat, lon, zone, hospital, oncologists, chairs``.
    notes : list of str
        Sentences for the report.
    """

    described: pd.DataFrame
    campuses: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def no_centers() -> Centers:
    """Return what a market without a table of centers says of them."""
    fields = ("org", "name", "kind", "state", "lat", "lon", "nci", "investor_owned", "network", "generated")
    campus = (
        "org",
        "name",
        "nci",
        "city",
        "state",
        "lat",
        "lon",
        "zone",
        "hospital",
        "oncologists",
        "chairs",
    )
    return Centers(pd.DataFrame(columns=list(fields)), pd.DataFrame(columns=list(campus)))


def shape_centers(table: Table, finder: ZoneFinder, hospitals: pd.DataFrame, owners: set[str], faults: Faults) -> Centers:
    """Return the centers of a table; basic laboratories, which treat nobody, are left out.

    A row whose identity is among ``owners`` describes an organisation that hospitals or sites already name.
    """
    check_unique(table, "org", faults)
    notes = list(table.notes)
    laboratory = table.text("nci") == "laboratory"
    if laboratory.any():
        notes.append(f"Basic laboratories, which treat no patients, left out: {int(laboratory.sum())}.")
    table = table.keep(~laboratory)
    states = check_states(table, faults)
    kind = table.text("kind")
    kind = np.where(kind == "", "academic_center", kind)
    # Only a center needs a place on the map; an organisation that is merely described may have its seat
    # anywhere.
    center = (kind == "academic_center") & ~np.isin(table.text("org").astype(str), sorted(owners))
    located = np.full(len(table), -1)
    part = table.keep(center)
    of_centers, counts = finder.locate(part, states[center], faults)
    finder.check_points(part, of_centers, faults)
    located[center] = of_centers
    lat, lon = table.number("lat"), table.number("lon")
    lat[center], lon[center] = part.number("lat"), part.number("lon")
    hospital = named_hospitals(table, hospitals, faults)
    lost = counts["elsewhere"] + counts["placeless"]
    if lost:
        notes.append(f"Centers left out, in no zone of the table: {lost}.")
    raw = [tidy_name(str(n)) for n in table.text("name")]
    org = np.array([_identity(i or n) for i, n in zip(table.text("org"), raw, strict=True)], dtype=object)
    org, same = _joined(table, org, faults)
    cities = [place_name(c, s) for c, s in zip(table.text("city"), states, strict=True)]
    columns = {
        "org": org,
        "name": np.array(raw, dtype=object),
        "kind": kind,
        "state": np.where(states == "", [finder.states[z] if z >= 0 else "" for z in located], states),
        "lat": lat,
        "lon": lon,
        "nci": table.text("nci"),
        "investor_owned": table.number("investor_owned") == 1,
        "network": table.text("network"),
        "generated": table.number("generated") == 1,
    }
    described = pd.DataFrame(columns)[~same & (~center | (located >= 0))].reset_index(drop=True)
    places = [c for c, s in zip(cities, same, strict=True) if not s]
    places = [p for p, keep in zip(places, (~center | (located >= 0))[~same], strict=True) if keep]
    described["name"] = unique_names(list(described["name"]), places, list(described["org"]))
    more = pd.DataFrame(
        columns
        | {
            "city": table.text("city"),
            "zone": [finder.ids[z] if z >= 0 else "" for z in located],
            "hospital": hospital,
            "oncologists": table.number("oncologists"),
            "chairs": table.number("chairs"),
        }
    )
    return Centers(described, more[center & (located >= 0)].reset_index(drop=True), notes)


def _identity(text: str) -> str:
    # A bare number says nothing in an event or a table of organisations.
    return f"center-{text}" if text.isdigit() else text


def _joined(table: Table, org: Array, faults: Faults) -> tuple[Array, Array]:
    """Return the organisation of each row, further campuses under their center, and which rows those are."""
    joined, same = org.copy(), np.zeros(len(table), dtype=bool)
    known = set(org)
    for row, text in enumerate(table.text("same_center_as")):
        if not text:
            continue
        # Such a cell may carry an explanation in brackets: '73 (one designation with three sites)'.
        other = text if text in known else _identity(re.split(r"[\s(;,]", text, maxsplit=1)[0])
        if other not in known:
            table.fault(
                faults,
                row,
                "same_center_as",
                f"{text!r} is not the identity of a center{near_miss(text, known)}",
            )
            continue
        joined[row], same[row] = other, True
    return joined, same


def match_hospitals(campuses: pd.DataFrame, hospitals: pd.DataFrame) -> dict[int, str]:
    """Return the main hospital of each campus, one campus a hospital; a campus without a match is absent.

    Candidates are acute hospitals nearby that share a word with the center (their system's name counts),
    treat cancer by name, or are major teaching hospitals next door. Shared words, teaching and size speak for
    a pair, distance and a children's class against it; the best pairs are taken first.
    """
    matched = {row: str(h) for row, h in enumerate(campuses["hospital"]) if h}
    taken = set(matched.values())
    acute = hospitals[~hospitals["facility_type"].isin(NO_CANCER_CARE)]
    lat, lon = acute["lat"].to_numpy(), acute["lon"].to_numpy()
    pairs: list[tuple[float, int, str]] = []
    for row, campus in enumerate(campuses.to_dict("records")):
        if row in matched:
            continue
        away = miles_between(float(campus["lat"]), float(campus["lon"]), lat, lon)
        words = _center_words(str(campus["name"]), str(campus["city"]))
        near = np.flatnonzero(away <= NAMED_MILES)
        for hospital, miles in zip(acute.iloc[near].to_dict("records"), away[near].tolist(), strict=True):
            score = _likeness(words, hospital, miles)
            if score is not None:
                pairs.append((round(score, 9), row, str(hospital["hospital"])))
    for _, row, hospital_id in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if row not in matched and hospital_id not in taken:
            matched[row] = hospital_id
            taken.add(hospital_id)
    return matched


def _likeness(words: set[str], hospital: Mapping[Hashable, Any], miles: float) -> float | None:
    """Return how well a hospital fits a center, None where nothing but the neighbourhood speaks for it."""
    name = str(hospital["name"])
    own, system = _words(name), _words(str(hospital["org_name"]))
    shared = len(words & own) + 0.5 * len((words & system) - own)
    teaches = hospital["teaching"] == "major"
    by_name = bool(re.search("cancer|oncolog", name.lower())) and miles <= 1.0
    if not (shared or by_name or (teaches and miles <= TEACHING_MILES)):
        return None
    size: float = 1.5 * float(np.log10(max(float(hospital["beds"]), 1.0)))
    child = (hospital["facility_type"] == "CH") != bool({"children", "childrens", "children's"} & words)
    distance: float = min(miles, 3.0) + 0.2 * max(miles - 3.0, 0.0)
    score: float = 3.0 * min(shared, 3.0) + 2.0 * teaches + 3.0 * by_name + size - 4.0 * child - distance
    return score


def _words(text: str) -> set[str]:
    plain = re.sub(r"[^a-z' ]", " ", text.lower().replace("&", " "))
    return {word for word in plain.split() if word not in _COMMON and len(word) > 1}


def _center_words(name: str, city: str) -> set[str]:
    """Return the words that tell a center apart; its city is one only where its university is named so."""
    own_city = re.search(rf"{re.escape(city)} University|University of {re.escape(city)}", name) if city else None
    return _words(name) - (set() if own_city else _words(city)) | _initials(name)


def _initials(name: str) -> set[str]:
    """Return what a university is called for short: 'University of California at San Diego' is ucsd."""
    words = [word for word in re.findall(r"[A-Za-z]+", name) if word.lower() not in ("of", "at", "the", "and")]
    starts = [i for i, word in enumerate(words) if word == "University"]
    letters = ("".join(word[0] for word in words[i : i + n]).lower() for i in starts for n in (2, 3, 4))
    return {short for short in letters if short.startswith("u")}


def give_hospitals(centers: Centers, hospitals: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the hospitals with those of the centers under their center, and the campuses that found none.

    A system whose beds are mostly at the center's hospital is the center, with all its hospitals; a larger
    system keeps its other hospitals. Organisations that hospitals or sites already name as owner are not
    matched again.
    """
    hospitals = hospitals.copy()
    campuses = centers.campuses
    matched = match_hospitals(campuses, hospitals)
    row_of = {h: i for i, h in enumerate(hospitals["hospital"])}
    beds = hospitals.groupby("org")["beds"].sum()
    system_of = {row: str(hospitals["org"].iat[row_of[h]]) for row, h in matched.items()}
    org = hospitals["org"].to_numpy(dtype=object, copy=True)
    onc, chairs = hospitals["oncologists"].to_numpy(copy=True), hospitals["chairs"].to_numpy(copy=True)
    for row, hospital in matched.items():
        center, at = str(campuses["org"].iat[row]), row_of[hospital]
        rivals = {str(campuses["org"].iat[r]) for r, s in system_of.items() if s == system_of[row]}
        main = rivals == {center} and hospitals["beds"].iat[at] >= WHOLE_SYSTEM_BEDS * beds[system_of[row]]
        org[(hospitals["org"] == system_of[row]).to_numpy() if main else at] = center
        for target, given in ((onc, campuses["oncologists"]), (chairs, campuses["chairs"])):
            number = given.to_numpy(dtype=np.float64)[row]
            target[at] = target[at] if np.isnan(number) else number
    hospitals["org"], hospitals["oncologists"], hospitals["chairs"] = org, onc, chairs
    hospitals["main_campus"] = hospitals["hospital"].isin(set(matched.values()))
    unmatched = campuses[~np.isin(np.arange(len(campuses)), list(matched))].reset_index(drop=True)
    return hospitals, unmatched
