from __future__ import annotations

from oncsim.metrics import METRICS
from oncsim.reports.metric_facts import _KNOWN, THEMES, fact, group_words


def test_an_unknown_metric_is_named_from_its_code() -> None:
    known = fact("access.minutes_to_moon")
    assert known.noun == "minutes to moon"
    assert known.theme == "access"


def test_nouns_fit_a_sentence_and_titles_a_heading() -> None:
    known = fact("consolidation.hopd_share_infusions")
    assert known.noun == "the hospital share of infusions"
    assert known.title == "Hospital share of infusions"
    assert known.unit == "share"
    assert known.definition


def test_group_codes_become_words() -> None:
    assert group_words("") == ""
    assert group_words("rural=true") == "rural zones"
    assert group_words("component=drug;payer=commercial") == "component drug, commercial insurance"
    assert group_words("deprivation_quartile=2") == "second quarter of deprivation"


def test_every_metric_of_the_model_has_words_and_a_theme() -> None:
    assert sorted(set(METRICS) - set(_KNOWN)) == []
    assert {name.split(".")[0] for name in METRICS} <= set(THEMES)
