from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.codes import SITE_KINDS
from oncsim.reports import reasons

_site = st.tuples(st.sampled_from(SITE_KINDS), st.floats(1, 1000), st.booleans())


def _sites(rows: list[tuple[str, float, bool]], quarter: str = "q") -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["kind", "infusions", "open"])
    return table.assign(site=[f"s{i}" for i in range(len(rows))], quarter=quarter)


@given(st.lists(st.tuples(_site, _site), min_size=1, max_size=12))
def test_the_parts_of_the_hospital_share_add_up_to_its_change(pairs: list[tuple[tuple, tuple]]) -> None:
    first, last = _sites([a for a, _ in pairs]), _sites([b for _, b in pairs])
    parts = reasons.hospital_share_parts(first, last)

    def share(table: pd.DataFrame) -> float | None:
        own = table[table["open"]]
        hospital = own.loc[own["kind"].str.startswith(("hopd", "amc")), "infusions"].sum()
        whole = hospital + own.loc[own["kind"] == "office", "infusions"].sum()
        return hospital / whole if whole else None

    if share(first) is None or share(last) is None:
        assert parts is None
        return
    assert parts is not None
    assert sum(part for _, part in parts.values()) == pytest.approx(share(last) - share(first), abs=1e-12)


def test_a_redesignated_office_is_named_as_the_cause() -> None:
    first = _sites([("office", 50.0, True), ("office", 50.0, True)], "2026Q1")
    last = _sites([("hopd_off_campus", 50.0, True), ("office", 50.0, True)], "2030Q4")
    text = reasons.hospital_share_sentence(pd.concat([first, last]), ["2026Q1", "2030Q4"])
    assert text == (
        "The hospital share of infusions moved by +50.0 percentage points between 2026Q1 and 2030Q4: "
        "+50.0 percentage points from 1 office that became a hospital department."
    )


def test_reasons_that_differ_in_numbers_are_one() -> None:
    texts = ["A buys B because it lost $4.1 m.", "C buys D because it lost $2 m.", "E buys F since G left."]
    events = pd.DataFrame({"event": "acquisition", "text": texts, "amount": [1.0, 9.0, None]})
    (found,) = reasons.event_reasons(events, replicates=2)
    assert found.count == 1.5
    assert found.reasons == ("it lost … (67 %)", "G left (33 %)")
    assert found.example == "C buys D because it lost $2 m."


def test_fates_count_every_practice_once() -> None:
    rows = [("a", "active", ""), ("b", "acquired", "h"), ("c", "closed", ""), ("d", "merged", "")]
    first = pd.DataFrame({"org": list("abcd"), "kind": "practice", "status": "active", "owner": "", "quarter": "2026Q1"})
    last = pd.DataFrame(rows, columns=["org", "status", "owner"]).assign(kind="practice", quarter="2030Q4")
    text = reasons.practice_fates(pd.concat([first, last]), ["2026Q1", "2030Q4"])
    assert text == (
        "Of the 4 practices that were independent in 2026Q1, by 2030Q4: 1 (25 %) were still independent, "
        "1 (25 %) had been acquired, 1 (25 %) had merged and 1 (25 %) had closed."
    )


def test_people_who_lose_their_nearest_oncologist_are_counted() -> None:
    zones = pd.DataFrame({"lat": [40.0, 41.0], "lon": [-78.0, -78.0], "population": [1000.0, 250.0]})
    site = {
        "site": ["s0", "s1"],
        "lat": [40.0, 41.0],
        "lon": [-78.0, -78.0],
        "oncologists": 1.0,
        "infusions": 1.0,
    }
    first = pd.DataFrame(site).assign(open=True, quarter="2026Q1")
    last = pd.DataFrame(site).assign(open=[True, False], quarter="2030Q4")
    text = reasons.reach_sentence(zones, pd.concat([first, last]), ["2026Q1", "2030Q4"])
    assert "1 zone with 250 people lay more than 5 straight-line miles farther" in text
    assert "no zones with 0 people lay that much nearer" in text


def test_reasons_after_a_colon_are_told_one_by_one_without_numbers() -> None:
    text = "A acquires B (17 oncologists) for $15.3 million: 340B prices are worth $-0.7 million a year; pay rises 12%."
    assert reasons.reasons_in(text) == ["340B prices are worth … a year", "pay rises …"]
    assert reasons.reasons_in("A opens an office since 2027") == []


def test_a_share_that_moved_against_the_mean_says_so() -> None:
    first = _sites([("office", 50.0, True), ("office", 50.0, True)], "2026Q1")
    last = _sites([("hopd_off_campus", 50.0, True), ("office", 50.0, True)], "2030Q4")
    sites = pd.concat([first, last])
    against = reasons.hospital_share_sentence(sites, ["2026Q1", "2030Q4"], usual=-0.066)
    assert against.endswith(" In the mean over replicates it moved by -6.6 percentage points.")
    assert "mean over" not in reasons.hospital_share_sentence(sites, ["2026Q1", "2030Q4"], usual=0.1)
