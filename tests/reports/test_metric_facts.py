from __future__ import annotations

from oncsim.metrics import METRICS
from oncsim.reports.metric_facts import _KNOWN, THEMES, fact, group_words
from oncsim.reports.words import amount, difference


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
    assert group_words("component=rate_table;years=0") == "through hospital rates, within a year of the deal"
    assert group_words("component=total;years=4") == "in all, in the fifth year after the deal"


def test_values_of_metrics_read_well() -> None:
    assert amount(0.123, fact("price.after_acquisition").unit) == "12.3 %"
    assert difference(0.04, fact("price.after_acquisition").unit) == "+4.0 percentage points"
    assert amount(1.56, fact("price.hospital_to_office").unit) == "1.56 times"
    assert amount(1.04, fact("price.level").unit) == "1.04 times"
    assert amount(33_375.6, fact("consolidation.wtp").unit) == "$33,376"
    assert {fact(f"consolidation.{name}").unit for name in ("mhhi", "hhi_flow_predicted")} == {"HHI"}


def test_every_metric_of_the_model_has_words_and_a_theme() -> None:
    assert sorted(set(METRICS) - set(_KNOWN)) == []
    assert {name.split(".")[0] for name in METRICS} <= set(THEMES)
