"""The shipped markets run, keep their books, and their tables agree with each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import oncsim
from oncsim.scenario import load_scenario


def top_owners(sites: pd.DataFrame, organizations: pd.DataFrame) -> pd.Series:
    """Return the owner at the end of the chain for each site of one quarter, from the tables alone."""
    owner = dict(zip(organizations["org"].astype(str), organizations["owner"].astype(str), strict=True))

    def top(org: str) -> str:
        while owner.get(org, ""):
            org = owner[org]
        return org

    return sites.set_index("site")["org"].astype(str).map(top)


def check_tables(run: oncsim.Run) -> None:
    """Recompute from the tables what the metrics say, and hold the flows to the sites."""
    flows, metrics, zones = run.flows, run.metrics, run.zones
    for quarter in (metrics["quarter"].iloc[0], metrics["quarter"].iloc[-1]):
        now = flows[flows["quarter"] == quarter]
        treated = now[now["site"] != ""]
        sites = run.sites[run.sites["quarter"] == quarter]
        orgs = run.organizations[run.organizations["quarter"] == quarter]
        owner = treated["site"].astype(str).map(top_owners(sites, orgs))

        def metric(name: str, quarter: str = quarter) -> float:
            rows = metrics[(metrics["quarter"] == quarter) & (metrics["metric"] == name)]
            return float(rows[(rows["market"] == "all") & (rows["group"] == "")]["value"].iloc[0])

        by_owner = treated.assign(owner=owner).groupby([treated["zone"].astype(str), "owner"])["patients"].sum()
        share = by_owner / by_owner.groupby(level=0).transform("sum")
        zone_hhi = (1e4 * share**2).groupby(level=0).sum()
        people = zones.set_index("zone")["population"].loc[zone_hhi.index]
        assert metric("consolidation.hhi_flow") == pytest.approx(np.average(zone_hhi, weights=people), rel=1e-9)

        untreated = now.loc[now["site"] == "", "patients"].sum() / now["patients"].sum()
        assert metric("access.untreated_share") == pytest.approx(untreated, rel=1e-9)
        minutes = np.average(treated["minutes"], weights=treated["patients"])
        assert metric("access.minutes_mean") == pytest.approx(minutes, rel=1e-9)

        counted = treated.groupby(treated["site"].astype(str))["patients"].sum()
        told = sites.set_index(sites["site"].astype(str))["patients"].loc[counted.index]
        np.testing.assert_allclose(told, counted, rtol=1e-9, atol=1e-9)
        assert sites["patients"].sum() == pytest.approx(counted.sum(), rel=1e-9)


@pytest.mark.parametrize("scenario", ["metro_market", "rural_market"])
def test_metrics_follow_from_the_tables(scenario: str) -> None:
    run = oncsim.run(scenario, until="2027Q4", record=("flows",), out=None)
    check_tables(run)


@pytest.mark.data
def test_the_nashville_region_runs_and_its_metrics_follow_from_the_tables(data_folder: Path) -> None:
    run = oncsim.run("nashville", sets=(f"market.folder={data_folder}",), until="2026Q4", record=("flows",), out=None)
    assert len(run.zones) == 50
    check_tables(run)


@pytest.mark.data
@pytest.mark.slow
def test_the_nation_runs_on_the_federal_files(data_folder: Path) -> None:
    run = oncsim.run("nation_files", sets=(f"market.folder={data_folder}",), until="2026Q2", out=None)
    assert len(run.zones) == 3143
    untreated = run.metrics.query("metric == 'access.untreated_share' and market == 'all' and group == ''")["value"]
    assert untreated.between(0.05, 0.2).all()


@pytest.mark.slow
def test_the_embedded_nation_runs() -> None:
    scenario = load_scenario("nation")
    run = oncsim.run(scenario, until="2026Q2", out=None)
    assert run.zones["population"].sum() > 3.2e8
    assert (run.metrics["value"].notna()).all()


def test_what_happens_in_one_state_moves_nobody_in_a_far_one(tmp_path: Path) -> None:
    head = "schema: oncsim/scenario/1\ntitle: t\nquestion: q\nhorizon: {start: 2026Q1, end: 2028Q4}\n"
    head += "market: {source: embedded, states: [ME, NM]}\n"
    (tmp_path / "calm.yaml").write_text(head + "id: calm\n")
    event = "{at: 2027Q1, do: close_site, kind: practice, state: NM, share: 0.5}"
    (tmp_path / "closures.yaml").write_text(f"{head}id: closures\nevents:\n  - {event}\n")
    calm, closures = (oncsim.run(tmp_path / f"{name}.yaml", out=None) for name in ("calm", "closures"))
    maine = set(calm.zones[calm.zones["name"].str.endswith(", ME")]["zone"])
    assert len(maine) == 16
    lat = calm.zones.set_index("zone").loc[sorted(maine), "lat"].min() - 0.5
    one, other = (run.sites[run.sites["lat"] > lat].reset_index(drop=True) for run in (calm, closures))
    np.testing.assert_array_equal(one["patients"], other["patients"])
    np.testing.assert_array_equal(one["oncologists"], other["oncologists"])
    far, near = (run.sites[run.sites["lat"] <= lat]["open"].sum() for run in (calm, closures))
    assert near < far
