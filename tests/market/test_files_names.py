"""Names read as English writes them and are told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.market.files_names import place_name, tidy_name, unique_names


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("SOUTHEAST HEALTH MEDICAL CENTER", "Southeast Health Medical Center"),
        ("THE CHILDREN'S HOSPITAL OF ALABAMA", "The Children's Hospital of Alabama"),
        ("UPMC MERCY", "UPMC Mercy"),
        ("YALE-NEW HAVEN HOSPITAL", "Yale-New Haven Hospital"),
        ("CANCER SPECIALISTS LLC", "Cancer Specialists LLC"),
        ("Tennessee Oncology PLLC", "Tennessee Oncology PLLC"),
        ("UPMC", "UPMC"),
    ],
)
def test_capitals(written: str, read: str) -> None:
    assert tidy_name(written) == read


@given(st.text("ABC de'-.&", max_size=20))
def test_tidying_twice_is_tidying_once(name: str) -> None:
    assert tidy_name(tidy_name(name)) == tidy_name(name)


@given(st.lists(st.sampled_from(["Mercy", "Memorial"]), max_size=6), st.data())
def test_names_are_told_apart(names: list[str], data: st.DataObject) -> None:
    places = [data.draw(st.sampled_from(["", "Dothan, AL", "Boaz, AL"])) for _ in names]
    told = unique_names(names, places, [str(i) for i in range(len(names))])
    assert len(set(told)) == len(names)
    assert unique_names(told, places, [str(i) for i in range(len(names))]) == told


def test_places() -> None:
    assert place_name("DOTHAN", "AL") == "Dothan, AL"
    assert place_name("", "AL") == "AL"
    assert place_name("COLUMBUS  NEBRASKA", "NE") == "Columbus Nebraska, NE"
