from __future__ import annotations

from pathlib import Path

import oncsim
from oncsim.comparing.expectations import check_expectations

POLICY = """\
schema: oncsim/scenario/1
id: no_discount
title: No discount
question: What goes when the discount goes?
horizon: {start: 2026Q1, end: 2026Q4}
market: {source: archetype, kind: metro}
policy:
  - {set: policy.p340b.discount, to: 0.0, source: control}
expect:
"""
BASE = POLICY.split("policy:")[0].replace("no_discount", "plain")


def said(tmp_path: Path, *expect: str) -> list[tuple[str, bool | None]]:
    (tmp_path / "plain.yaml").write_text(BASE)
    (tmp_path / "no_discount.yaml").write_text(POLICY + "".join(f"  - {{{one}}}\n" for one in expect))
    paths = [tmp_path / "plain.yaml", tmp_path / "no_discount.yaml"]
    done = oncsim.compare(paths, replicates=2, out=tmp_path / "out", report=False)
    return [(one.text, one.holds) for one in check_expectations(done)]


def test_expectations_are_checked_replicate_by_replicate(tmp_path: Path) -> None:
    assert said(
        tmp_path,
        "metric: spending.margin_340b, versus: plain, sign: negative",
        "metric: spending.margin_340b, sign: zero",
        "metric: spending.margin_340b, versus: plain, sign: positive, from: 2026Q2, until: 2026Q3",
        "metric: access.untreated_share, group: payer=uninsured, min: 0.01, max: 0.9, at: 2026Q2",
        "event: lost_340b, max: 0",
        "metric: consolidation.hhi, versus: elsewhere, sign: zero",
        "metric: consolidation.hhi, market: nowhere, sign: zero",
    ) == [
        ("spending.margin_340b against plain negative: holds in 2 of 2 replicates", True),
        ("spending.margin_340b zero: holds in 2 of 2 replicates", True),
        ("spending.margin_340b against plain positive: holds in only 0 of 2 replicates", False),
        (
            "access.untreated_share (payer=uninsured) in 2026Q2 at least 0.01 and at most 0.9: holds in 2 of 2 replicates",
            True,
        ),
        ("events lost_340b at most 0: holds in 2 of 2 replicates", True),
        ("consolidation.hhi against elsewhere zero: not checked, elsewhere is not part of this comparison", None),
        ("consolidation.hhi in nowhere zero: not checked, there is no such value", None),
    ]


def test_bundled_expectations_name_metrics_that_exist() -> None:
    from oncsim.metrics import METRICS
    from oncsim.scenario import load_scenario
    from oncsim.scenario.library import bundled_scenarios

    loaded = {name: load_scenario(name) for name in bundled_scenarios()}
    named = [(name, one) for name, scenario in loaded.items() for one in scenario.expect]
    assert named
    for name, one in named:
        assert one.metric is None or one.metric in METRICS, name
        if one.versus is not None:
            assert one.versus in bundled_scenarios() or one.versus in loaded[name].variants, name


def test_a_case_is_checked_against_its_variants_where_they_are_compared(tmp_path: Path) -> None:
    text = BASE.replace("id: plain", "id: case").replace("kind: metro", "kind: rural") + (
        "case: {number: 1, situation: It is sold., follow: [P01, S1]}\n"
        "events: [{at: 2026Q2, do: takeover, org: P01, by: S1}]\n"
        "variants:\n  control: {title: Not sold, events: []}\n  later: {title: Later}\n"
        "expect:\n  - {org: P01, value: independent, versus: control, sign: negative}\n"
        "  - {tie: [P01, S1], value: rung, versus: later, min: 0}\n"
    )
    (tmp_path / "case.yaml").write_text(text)
    paths = [f"{tmp_path / 'case.yaml'}--control", str(tmp_path / "case.yaml")]
    done = oncsim.compare(paths, replicates=2, out=tmp_path / "out", report=False)
    assert [(one.text, one.holds) for one in check_expectations(done)] == [
        ("P01 independent (1 yes, 0 no) against control negative: holds in 2 of 2 replicates", True),
        (
            "place on the ladder of forms between P01 and S1 against later at least 0: "
            "not checked, case--later is not part of this comparison",
            None,
        ),
    ]
