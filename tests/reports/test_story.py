from __future__ import annotations

import pandas as pd

from oncsim.reports import story


def _events(rows: list[tuple[str, str, str, float, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["quarter", "event", "actor", "amount", "text"])
    return table.assign(replicate=0, other="", site="")


def test_big_deals_come_before_small_ties() -> None:
    rows = [("2026Q1", "tie_formed", "a", 0.0, f"tie {i}") for i in range(30)]
    rows.append(("2027Q1", "acquisition", "b", 5e6, "the purchase"))
    chosen = story.main_events(_events(rows), {}, shown=4)
    assert "The purchase." in [line.text for line in chosen]
    assert len(chosen) == 4


def test_larger_organisations_matter_more() -> None:
    rows = [("2026Q1", "closure", name, 0.0, f"{name} closes") for name in ("small", "large", "middle")]
    chosen = story.main_events(_events(rows), {"small": 1.0, "middle": 50.0, "large": 100.0}, shown=2)
    assert [line.text for line in chosen] == ["Large closes.", "Middle closes."]


def test_no_kind_crowds_out_the_others_but_none_is_lost_for_want_of_others() -> None:
    many = [("2026Q1", "acquisition", "a", 1e6, f"buys {i}") for i in range(10)]
    few = [("2026Q2", "site_opened", "a", 0.0, "opens")]
    kinds = [line.kind for line in story.main_events(_events(many + few), {}, shown=6)]
    assert kinds.count("site opened") == 1
    assert len(kinds) == 6


def test_the_story_is_told_in_order_of_time() -> None:
    rows = [("2028Q1", "acquisition", "a", 1e6, "second"), ("2026Q1", "closure", "a", 0.0, "first")]
    own = story.of_replicate(_events(rows), 0)
    chosen = story.main_events(own, {})
    assert [line.text for line in chosen] == ["First.", "Second."]
    assert [year for year, _ in story.by_year(chosen)] == ["2026", "2028"]


def test_an_event_without_text_is_told_from_its_names() -> None:
    line = story.happenings(_events([("2026Q1", "network_join", "Practice A", 0.0, "")]))[0]
    assert line.text == "Network join: Practice A."
    assert story.main_events(_events([]), {}) == []


def test_ties_that_echo_a_closure_or_a_purchase_take_no_place() -> None:
    rows = [
        ("2026Q1", "tie_dissolved", "A", "B", "they drift apart"),
        ("2026Q2", "tie_dissolved", "C", "D", "echo of the closure told below in the same quarter"),
        ("2026Q2", "closure", "C", "", "C closes"),
        ("2026Q3", "acquisition", "H", "E", "H buys E"),
        ("2026Q4", "tie_dissolved", "F", "E", "echo of the purchase"),
        ("2026Q4", "tie_dissolved", "H", "F", "the buyer lives on"),
    ]
    events = pd.DataFrame(rows, columns=["quarter", "event", "actor", "other", "text"]).assign(amount=0.0, site="")
    assert story.is_echo(events) == [False, True, False, False, True, False]
    told = [line.text for line in story.main_events(events, {})]
    assert told == ["They drift apart.", "C closes.", "H buys E.", "The buyer lives on."]
    assert story.main_events(events.iloc[[1]].assign(actor="A", other="B"), {})
