"""What is recorded by year equals what the flows and the metrics of the same run add up to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from markets import RURAL, built, scenario
from oncsim.codes import PAYERS
from oncsim.model import OncologyMarket
from oncsim.prices.receipts import by_payer
from oncsim.yearly import INFUSION_DAY_DOLLARS

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def run() -> tuple[Tables, pd.DataFrame]:
    """Return the tables and the recorded flows of six quarters: a year and a half."""
    flows: list[pd.DataFrame] = []
    model = OncologyMarket(
        scenario(6, RURAL), seed=1, replicate=0, market=built(RURAL), record=frozenset({"flows"}), flow_sink=flows.append
    )
    drugs: dict[str, Any] = {}
    for _ in range(6):
        model.step()
        year = str(model.quarter)[:4]
        drugs[year] = drugs.get(year, 0.0) + by_payer(model.volumes.drug_dollars).sum(axis=0)
    tables = {**model.tables(), "drugs": pd.DataFrame.from_dict(drugs, orient="index", columns=list(PAYERS))}
    model.close()
    return tables, pd.concat(flows, ignore_index=True)


def by_zone_year(flows: pd.DataFrame, column: Any) -> pd.Series:
    keys = [flows["zone"].astype(str), flows["quarter"].astype(str).str[:4]]
    found: pd.Series = column.groupby(keys).sum()
    return found


def test_zone_years_are_what_the_flows_add_up_to(run: tuple[Tables, pd.DataFrame]) -> None:
    tables, flows = run
    found = tables["zone_years"].set_index(["zone", "year"])
    assert set(found.index.get_level_values("year")) == {"2026", "2027"}
    nowhere = flows["site"].astype(str) == ""
    treated, lost = flows["patients"].where(~nowhere, 0.0), flows["patients"].where(nowhere, 0.0)
    patients, untreated = by_zone_year(flows, treated), by_zone_year(flows, lost)
    # Sites of under a thousandth of a cell have joined its largest one in the flows.
    minutes = by_zone_year(flows, treated * flows["minutes"].fillna(0.0)) / patients
    for name, expected in (("patients", patients), ("untreated", untreated), ("minutes", minutes)):
        assert found[name].reindex(expected.index).to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)
    share = untreated / (patients + untreated)
    assert found["untreated_share"].reindex(share.index).to_numpy() == pytest.approx(share.to_numpy(), rel=1e-9)


def test_waits_and_costs_are_those_of_the_sites_where_the_people_start(run: tuple[Tables, pd.DataFrame]) -> None:
    tables, flows = run
    sites = tables["sites"].set_index(["quarter", "site"])
    flows = flows[flows["site"].astype(str) != ""].astype({"quarter": str, "site": str, "zone": str})
    wait = sites["wait_days"].reindex(pd.MultiIndex.from_frame(flows[["quarter", "site"]])).to_numpy()
    found = tables["zone_years"].set_index(["zone", "year"])
    patients = by_zone_year(flows, flows["patients"])
    expected = by_zone_year(flows, flows["patients"] * wait) / patients
    assert found["wait_days"].reindex(expected.index).to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)
    # All that patients owe is somebody's cost, but at sites where nobody starts in the quarter.
    owed = (found["patient_cost"] * found["patients"]).groupby("year").sum()
    total = tables["payments"].groupby("year")["patient"].sum()
    assert (owed <= total * (1 + 1e-9)).all() and (owed > 0.9 * total).all()


@pytest.mark.parametrize("year", ["2026", "2027"])
def test_payments_are_what_the_metrics_say_was_paid(run: tuple[Tables, pd.DataFrame], year: str) -> None:
    tables, _ = run
    metrics = tables["metrics"].astype({"quarter": str, "metric": str, "market": str, "group": str})
    metrics = metrics[(metrics["market"] == "all") & metrics["quarter"].str.startswith(year)]
    total = metrics.groupby(["metric", "group"])["value"].sum()
    payments = tables["payments"][tables["payments"]["year"] == year]
    owed, paid = payments["patient"].sum(), payments["paid"].sum()
    assert owed == pytest.approx(total["spending.patient_total", ""])
    assert paid - owed == pytest.approx(total["spending.payer_total", ""])
    assert payments["infusions"].sum() == pytest.approx(total["activity.infusions_total", ""])
    standard = payments["standard_dollars"] - INFUSION_DAY_DOLLARS * payments["infusions"]
    for payer, own in payments.groupby("payer"):
        assert standard[own.index].sum() == pytest.approx(tables["drugs"].loc[year, str(payer)], rel=1e-9, abs=1e-3)
        assert own["patient"].sum() == pytest.approx(total["spending.patient_total", f"payer={payer}"], abs=1e-6)


def test_the_metrics_of_patients_add_up_over_payers_and_over_components(run: tuple[Tables, pd.DataFrame]) -> None:
    metrics = run[0]["metrics"].astype({"metric": str, "group": str, "quarter": str})
    own = metrics[(metrics["metric"] == "spending.patient_total") & (metrics["quarter"] == "2026Q2")].set_index("group")[
        "value"
    ]
    for key in ("payer=", "component="):
        assert own[own.index.str.startswith(key)].sum() == pytest.approx(own[""])


def test_cells_are_told_apart_by_340b(run: tuple[Tables, pd.DataFrame]) -> None:
    payments = run[0]["payments"]
    assert set(payments.loc[payments["kind"] == "office", "eligible_340b"]) == {False}
    assert payments["eligible_340b"].any()
    assert np.isfinite(payments[["patients", "infusions", "standard_dollars", "paid", "patient"]].to_numpy()).all()
