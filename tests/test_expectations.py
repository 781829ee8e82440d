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
        "event: no_such_event, max: 0",
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
        ("events no_such_event at most 0: holds in 2 of 2 replicates", True),
        ("consolidation.hhi against elsewhere zero: not checked, elsewhere is not part of this comparison", None),
        ("consolidation.hhi zero: not checked, there is no such value", None),
    ]


def test_bundled_expectations_name_metrics_that_exist() -> None:
    from oncsim.metrics import METRICS
    from oncsim.scenario import load_scenario
    from oncsim.scenario.library import bundled_scenarios

    named = [(name, one) for name in bundled_scenarios() for one in load_scenario(name).expect]
    assert named
    for name, one in named:
        assert one.metric is None or one.metric in METRICS, name
        if one.versus is not None:
            assert one.versus in bundled_scenarios(), name
