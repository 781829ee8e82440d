from __future__ import annotations

import pandas as pd
import pytest

from oncsim.reports.figures.money import money_table
from oncsim.reports.figures.settings import setting_shares
from oncsim.reports.figures.spending import payer_payments


def test_shares_of_each_quarter_add_to_one_and_unused_settings_are_left_out() -> None:
    rows = pd.DataFrame(
        {
            "quarter": ["2026Q1", "2026Q1", "2026Q2", "2026Q1"],
            "kind": ["office", "amc_main", "office", "home_infusion"],
            "infusions": [30.0, 10.0, 8.0, 0.0],
        }
    )
    shares = setting_shares(rows)
    assert shares.sum(axis=1).tolist() == pytest.approx([1.0, 1.0])
    assert list(shares.columns) == ["office", "amc_main"]
    assert shares.loc["2026Q1", "office"] == pytest.approx(0.75)


def test_payments_are_added_over_the_other_key_where_only_cells_are_recorded() -> None:
    rows = pd.DataFrame(
        [
            ("component=drug;payer=commercial", 5.0),
            ("component=drug;payer=medicaid", 2.0),
            ("component=fee;payer=medicaid", 1.0),
        ],
        columns=["group", "value"],
    ).assign(replicate=0, quarter="2026Q1", metric="spending.payer_total")
    assert payer_payments(rows, "payer").iloc[0].to_dict() == {"commercial": 5.0, "medicaid": 3.0}
    assert payer_payments(rows, "component").iloc[0].to_dict() == {"drug": 7.0, "fee": 1.0}
    totals = rows.assign(group=["payer=commercial", "payer=medicaid", "payer=medicare_ffs"])
    both = pd.concat([rows, totals])
    assert payer_payments(both, "payer").iloc[0]["commercial"] == 5.0


def test_margin_is_over_revenue_and_payers_are_left_out() -> None:
    rows = pd.DataFrame(
        {
            "quarter": "2026Q1",
            "kind": ["practice", "payer", "network"],
            "revenue": [200.0, 9.0, 0.0],
            "margin": [10.0, 1.0, -5.0],
        }
    )
    table = money_table(rows).set_index("kind")
    assert "payer" not in table.index
    assert table.loc["practice", "margin_rate"] == pytest.approx(0.05)
    assert pd.isna(table.loc["network", "margin_rate"])
