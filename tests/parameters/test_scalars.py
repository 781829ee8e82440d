from __future__ import annotations

import pytest

from oncsim.parameters.scalars import AmbiguousScalar, flag_hint, is_plain_text, number_hint, resolve_plain


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("NO", "NO"),
        ("off", "off"),
        ("yes", "yes"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("2028-01-01", "2028-01-01"),
        ("1_000", "1_000"),
        ("2026Q1", "2026Q1"),
        ("-", "-"),
        (".", "."),
        ("1e-3", 0.001),
        ("1E5", 1e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("+3", 3),
        ("0", 0),
        ("0o17", 15),
        ("0xff", 255),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("null", None),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(word: str, meaning: object) -> None:
    result = resolve_plain(word)
    assert result == meaning
    assert type(result) is type(meaning)


@pytest.mark.parametrize("word", ["01001", "007", "-012", ".inf", "-.INF", ".nan", "1e999"])
def test_ambiguous_words_are_refused(word: str) -> None:
    with pytest.raises(AmbiguousScalar):
        resolve_plain(word)


def test_texts_that_need_quotes_are_known() -> None:
    assert is_plain_text("NO") and is_plain_text("12:30")
    assert not is_plain_text("1e3") and not is_plain_text("01001") and not is_plain_text("")


def test_hints_say_how_to_write_it() -> None:
    assert number_hint("6%") == "; write 0.06"
    assert number_hint("$1,200") == "; write 1200"
    assert number_hint("3") == "; write 3 without quotes"
    assert number_hint("many") == ""
    assert flag_hint("Off") == "; write false" and flag_hint("maybe") == ""
