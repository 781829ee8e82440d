"""The fixed skeletons of the teaching markets: places, owners, hospitals, practices. All judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ring:
    """Places at one distance from a middle ``east`` miles from the reference; ``people`` is their mean."""

    zones: int
    miles: float
    people: float
    land_sqmi: float
    rural: bool = False
    turn: float = 0.0
    east: float = 0.0
    share_65plus: float = 0.15
    poverty_share: float = 0.19
    uninsured_share: float = 0.09
    ma_share: float = 0.52


@dataclass(frozen=True)
class Hospital:
    """One hospital: owner, zone (counted from 1), size, 340B route, oncologists on and off campus."""

    org: str
    zone: int
    name: str
    beds: int
    on: int = 0
    off: int = 0
    route: str = ""
    participates: bool = True
    teaching: str = "none"
    control: str = "nonprofit"


@dataclass(frozen=True)
class Practice:
    """One practice and its offices: pairs of zone (counted from 1) and oncologists."""

    org: str
    name: str
    offices: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Skeleton:
    """One teaching market."""

    title: str
    rings: tuple[Ring, ...]
    names: tuple[str, ...]
    centers: tuple[tuple[str, str], ...]
    systems: tuple[tuple[str, str], ...]
    hospitals: tuple[Hospital, ...]
    satellites: tuple[tuple[str, int, int], ...]
    practices: tuple[Practice, ...]


_TOWNS = (
    "Ashford", "Brookfield", "Carrow", "Dunmore", "Eastvale", "Fairhaven", "Glenrock", "Harlow", "Ivywood",
    "Juniper", "Kelso", "Linden", "Marlow", "Northgate", "Oakmont", "Penrose", "Quarry", "Redfield", "Selwyn",
    "Thornton", "Upland", "Verity", "Westbrook", "Yarrow", "Alder", "Birchwood", "Cobalt", "Drummond",
    "Elkhorn", "Foxglove", "Granger", "Hartwell",
)  # fmt: skip
_SURNAMES = (
    "Abel", "Brandt", "Castillo", "Desai", "Ellis", "Flynn", "Gupta", "Hale", "Iyer", "Jensen", "Kim",
    "Larsen", "Mehta", "Novak", "Ortiz",
)  # fmt: skip
_GROUPS = (
    "Plains Oncology Associates", "Riverside Cancer Specialists", "Hilltop Hematology Oncology",
    "Lakeview Cancer Care", "Prairie Oncology Partners", "Crossroads Cancer Clinic", "Meadow Oncology Group",
    "Canyon Hematology", "Orchard Cancer Center", "Summit Oncology Consultants",
)  # fmt: skip


def _practices(groups: tuple[tuple[tuple[int, int], ...], ...], solos: tuple[int, ...]) -> tuple[Practice, ...]:
    """Return groups by their offices and solo practices by their zone, named and numbered."""
    made = [Practice(f"P{n + 1:02d}", _GROUPS[n], offices) for n, offices in enumerate(groups)]
    for n, zone in enumerate(solos):
        made.append(Practice(f"P{len(made) + 1:02d}", f"{_SURNAMES[n]} Oncology", ((zone, 1),)))
    return tuple(made)


METRO = Skeleton(
    title="a large metropolitan area",
    rings=(
        Ring(1, 0.0, 420_000, 60),
        Ring(7, 9.0, 130_000, 75, poverty_share=0.22),
        Ring(16, 24.0, 73_000, 240, turn=0.5, share_65plus=0.17, poverty_share=0.14, uninsured_share=0.07),
    ),
    names=_TOWNS,
    centers=(("A1", "Ashford University Cancer Center"),),
    systems=(("S1", "Meridian Health"), ("S2", "Saint Aidan Health"), ("S3", "Northgate Health System"),
             ("S4", "Capital Hospital Corporation")),
    hospitals=(
        Hospital("A1", 1, "University Hospital", 720, on=28, route="DSH", teaching="major"),
        Hospital("S1", 1, "General Hospital", 540, on=4, off=2, route="DSH", teaching="major"),
        Hospital("S1", 3, "Regional Hospital", 310, on=3, off=1, route="DSH", teaching="minor"),
        Hospital("S1", 9, "Hospital", 150, on=2),
        Hospital("S1", 13, "Hospital", 120, on=1),
        Hospital("S2", 5, "Saint Aidan Hospital", 420, on=4, off=2, route="DSH", teaching="minor"),
        Hospital("S2", 7, "Mercy Hospital", 230, on=2, route="RRC", participates=False),
        Hospital("S2", 17, "Hospital", 140, on=1),
        Hospital("S3", 14, "Memorial Hospital", 350, on=4, off=2, teaching="minor"),
        Hospital("S3", 20, "Hospital", 180, on=2),
        Hospital("S4", 4, "Medical Center", 210, on=2, control="proprietary"),
        Hospital("S4", 23, "Medical Center", 110, on=1, control="proprietary"),
    ),
    satellites=(("A1", 11, 2), ("A1", 19, 2)),
    practices=_practices(
        (
            ((2, 4), (9, 2), (15, 2), (21, 1)), ((5, 3), (16, 2), (17, 1)), ((6, 4),), ((1, 3),), ((8, 3),),
            ((10, 2),), ((12, 2),), ((18, 2),), ((22, 2),), ((24, 2),),
        ),
        (1, 2, 3, 4, 6, 7, 8, 9, 11, 13, 14, 16, 19, 20, 23),
    ),
)  # fmt: skip

MIXED = Skeleton(
    title="a city, its suburbs and its country",
    rings=(
        Ring(1, 0.0, 350_000, 110),
        Ring(8, 13.0, 60_000, 190, share_65plus=0.17, poverty_share=0.15),
        Ring(9, 45.0, 30_000, 640, rural=True, share_65plus=0.19, poverty_share=0.23, uninsured_share=0.11,
             ma_share=0.47),
        Ring(12, 80.0, 17_000, 820, turn=0.5, rural=True, share_65plus=0.21, poverty_share=0.26,
        uninsured_share=0.12,
             ma_share=0.44),
    ),
    names=_TOWNS,
    centers=(("A1", "Ashford University Cancer Center"),),
    systems=(("S1", "Meridian Health"), ("S2", "Saint Aidan Health"), ("S3", "Prairie Regional Health"),
             ("S4", "Linden Hospital District"), ("S5", "Birchwood Hospital District"), ("S6",
             "Elkhorn Memorial Trust")),
    hospitals=(
        Hospital("A1", 1, "University Hospital", 520, on=16, route="DSH", teaching="major"),
        Hospital("S1", 1, "General Hospital", 430, on=4, off=2, route="DSH", teaching="minor"),
        Hospital("S1", 4, "Hospital", 150, on=1),
        Hospital("S1", 12, "Hospital", 90, on=1, route="SCH"),
        Hospital("S2", 7, "Saint Aidan Hospital", 260, on=3, off=1, teaching="minor"),
        Hospital("S2", 16, "Hospital", 80, on=1, route="SCH", participates=False),
        Hospital("S3", 10, "Regional Medical Center", 130, on=2, route="DSH"),
        Hospital("S3", 20, "Community Hospital", 25, route="CAH"),
        Hospital("S3", 23, "Community Hospital", 18, route="CAH"),
        Hospital("S4", 12, "Community Hospital", 25, route="CAH", control="government"),
        Hospital("S5", 26, "Community Hospital", 22, route="CAH", control="government"),
        Hospital("S6", 29, "Memorial Hospital", 20, route="CAH"),
    ),
    satellites=(("A1", 6, 2),),
    practices=_practices(
        (((1, 3), (5, 2), (13, 1)), ((2, 3), (8, 1)), ((1, 3),), ((14, 2),), ((3, 2),), ((10, 2),)),
        (1, 6, 9, 11, 17, 18),
    ),
)  # fmt: skip

RURAL = Skeleton(
    title="a country two hours and more from any center",
    rings=(
        Ring(1, 0.0, 42_000, 700, rural=True, share_65plus=0.18, poverty_share=0.24, uninsured_share=0.12,
             ma_share=0.42),
        Ring(6, 34.0, 24_000, 900, rural=True, share_65plus=0.20, poverty_share=0.25, uninsured_share=0.12,
             ma_share=0.42),
        Ring(9, 64.0, 16_000, 1_100, rural=True, turn=0.5, share_65plus=0.21, poverty_share=0.27,
        uninsured_share=0.13,
             ma_share=0.40),
        Ring(8, 92.0, 9_000, 1_400, rural=True, share_65plus=0.23, poverty_share=0.28, uninsured_share=0.14,
             ma_share=0.36),
        Ring(1, 0.0, 310_000, 260, east=210.0),
    ),
    names=_TOWNS,
    centers=(("A1", "Alder University Cancer Center"),),
    systems=(("S1", "Prairie Regional Health"), ("S2", "Alder General Health"), ("S3",
    "Harlow Hospital District"),
             ("S4", "Linden Hospital District"), ("S5", "Oakmont Memorial Trust"), ("S6",
             "Selwyn Hospital District"),
             ("S7", "Upland Memorial Trust")),
    hospitals=(
        Hospital("A1", 25, "University Hospital", 560, on=15, route="DSH", teaching="major"),
        Hospital("S2", 25, "General Hospital", 280, on=3, off=1, teaching="minor"),
        Hospital("S1", 1, "Regional Medical Center", 170, on=3, route="DSH"),
        Hospital("S1", 2, "Hospital", 75, on=1, route="SCH"),
        Hospital("S1", 5, "Hospital", 60, on=1, route="SCH", participates=False),
        Hospital("S1", 10, "Community Hospital", 25, route="CAH"),
        Hospital("S1", 14, "Community Hospital", 25, route="CAH"),
        Hospital("S1", 18, "Community Hospital", 16, route="CAH"),
        Hospital("S3", 8, "Community Hospital", 25, route="CAH", control="government"),
        Hospital("S4", 12, "Community Hospital", 25, route="CAH", control="government"),
        Hospital("S5", 15, "Memorial Hospital", 20, route="CAH"),
        Hospital("S6", 19, "Community Hospital", 14, route="CAH", control="government"),
        Hospital("S7", 21, "Memorial Hospital", 18, route="CAH"),
    ),
    satellites=(),
    practices=_practices((((1, 2), (4, 1)), ((25, 3),)), (3, 7, 25, 25)),
)  # fmt: skip

SKELETONS = {"metro": METRO, "mixed": MIXED, "rural": RURAL}
