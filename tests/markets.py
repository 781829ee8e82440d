"""Quick scenarios, built models and tiny random markets for the tests of the model."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from hypothesis import settings
from hypothesis import strategies as st

from oncsim.codes import SERVICE_LINES
from oncsim.market import build_market
from oncsim.market.check import check_market
from oncsim.market.form import Market, empty_table, shape_table
from oncsim.model import OncologyMarket
from oncsim.scenario import Scenario, load_scenario

# A whole model is slow the first time and on a busy machine; time is not what these tests are about.
settings.register_profile("model", deadline=None)
settings.load_profile("model")

METRO = {"source": "archetype", "kind": "metro"}
MIXED = {"source": "archetype", "kind": "mixed"}
RURAL = {"source": "archetype", "kind": "rural"}
VERMONT = {"source": "embedded", "states": ["VT"]}
# Behaviour under which systems buy whatever they can.
EAGER = {
    "health_system.acquisition.attention": 1.0,
    "health_system.acquisition.optimism": 3.0,
    "health_system.acquisition.integration_cost": 0.0,
    "health_system.acquisition.miles": 100.0,
    "practice.autonomy.median": 0.0,
}


def scenario(quarters: int = 4, market: dict[str, Any] | None = None, **sections: Any) -> Scenario:
    """Return a scenario of so many quarters from 2026Q1; ``sections`` are those of a scenario file."""
    end = 2026 * 4 + quarters - 1
    content = {
        "schema": "oncsim/scenario/1",
        "id": "trial",
        "title": "A trial",
        "horizon": {"start": "2026Q1", "end": f"{end // 4}Q{end % 4 + 1}"},
        "market": market or METRO,
        **sections,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trial.yaml"
        file.write_text(yaml.safe_dump(content, sort_keys=False))
        return load_scenario(file)


@cache
def _built(text: str) -> Market:
    with_market = scenario(1, yaml.safe_load(text))
    return build_market(with_market.market, with_market.folder)


def built(market: dict[str, Any] | None = None) -> Market:
    """Return a market, built once in a test session: runs never write into it."""
    return _built(yaml.safe_dump(market or METRO))


def start(
    quarters: int = 4,
    market: dict[str, Any] | Market | None = None,
    seed: int = 1,
    replicate: int = 0,
    model: dict[str, Any] | None = None,
    **sections: Any,
) -> OncologyMarket:
    """Return a model before its first quarter; ``model`` holds further arguments of the model itself."""
    given = isinstance(market, Market)
    run = scenario(quarters, None if given else market, **sections)
    place = market if given else built(market)
    return OncologyMarket(run, seed=seed, replicate=replicate, market=place, **(model or {}))


def finish(model: OncologyMarket) -> OncologyMarket:
    """Step to the end."""
    while not model.finished:
        model.step()
    return model


def run(*args: Any, **options: Any) -> OncologyMarket:
    """Return a model after its last quarter; arguments as of :func:`start`."""
    return finish(start(*args, **options))


def events(model: OncologyMarket, *kinds: str) -> pd.DataFrame:
    """Return the events told so far, of some kinds only where these are given."""
    table = model.tables()["events"]
    return table[table["event"].isin(kinds)] if kinds else table


def row(model: OncologyMarket, org: str) -> int:
    """Return the row of an organisation by id or name."""
    orgs = model.orgs
    return int(np.flatnonzero((orgs.id == org) | (orgs.name == org))[0])


def same_tables(one: OncologyMarket, other: OncologyMarket, without: tuple[str, ...] = ()) -> None:
    """Check that two models recorded the same, to the last bit."""
    a, b = one.tables(), other.tables()
    assert set(a) == set(b)
    for name in sorted(set(a) - set(without)):
        left, right = (t[name].astype(dict.fromkeys(t[name].select_dtypes("category"), str)) for t in (a, b))
        pd.testing.assert_frame_equal(left, right, check_exact=True, obj=name)


# -- tiny random markets ------------------------------------------------------------------------------------------


def tiny_market(
    seed: int = 0, zones: int = 3, systems: int = 1, centers: int = 0, practices: int = 2, networks: int = 1
) -> Market:
    """Return a market small enough to follow by hand, random in every number; it passes the checks of any market."""
    rng = np.random.default_rng(seed)
    places = _zones(rng, zones)
    hospitals = _hospitals(rng, places, systems, centers)
    organizations = _organizations(rng, places, systems, centers, practices, networks)
    sites = _sites(rng, places, hospitals, practices)
    market = Market("Tiny", "files", places, hospitals, organizations, sites, _ties(rng, organizations))
    check_market(market)
    return market


@st.composite
def tiny_markets(draw: st.DrawFn) -> Market:
    """Draw a tiny random market: sometimes without hospitals, practices or roads, sometimes with an empty zone."""
    systems = draw(st.integers(0, 2))
    return tiny_market(
        seed=draw(st.integers(0, 10_000)),
        zones=draw(st.integers(1, 4)),
        systems=systems,
        centers=draw(st.integers(0, 1)),
        practices=draw(st.integers(0 if systems else 1, 4)),
        networks=draw(st.integers(0, 1)),
    )


def _zones(rng: np.random.Generator, count: int) -> pd.DataFrame:
    population = rng.integers(20_000, 900_000, count).astype(float)
    if count > 2:
        population[-1] = 0.0  # a zone where nobody lives
    rural = rng.uniform(size=count) < 0.4
    area = np.where(rural, "rest", "A1")
    return shape_table(
        "zones",
        pd.DataFrame(
            {
                "zone": [f"Z{number}" for number in range(count)],
                "name": [f"Place {number}" for number in range(count)],
                "state": "",
                "lat": 40 + rng.uniform(-0.7, 0.7, count),
                "lon": -98 + rng.uniform(-0.7, 0.7, count),
                "hrr": "",
                "cbsa": np.where(rural, "", "A1"),
                "market": area,
                "market_name": area,
                "population": population,
                "population_65plus": population * rng.uniform(0.1, 0.3, count),
                "land_sqmi": rng.uniform(5, 900, count),
                "rural": rural,
                "deprivation": rng.uniform(size=count),
                "poverty_share": rng.uniform(0, 0.3, count),
                "uninsured_share": rng.uniform(0, 0.3, count),
                "medicaid_share": rng.uniform(0, 0.5, count),
                "ma_share": rng.uniform(0, 0.9, count),
                "cases_per_year": population * rng.uniform(0.003, 0.007, count),
                "air_minutes": np.where(rng.uniform(size=count) < 0.15, 45.0, 0.0),
                "estimated": "",
            }
        ),
    )


def _hospitals(rng: np.random.Generator, zones: pd.DataFrame, systems: int, centers: int) -> pd.DataFrame:
    owners = [f"S{number}" for number in range(systems) for _ in range(int(rng.integers(1, 3)))]
    owners += [f"C{number}" for number in range(centers)]
    if not owners:
        return empty_table("hospitals")
    zone = rng.integers(0, len(zones), len(owners))
    route = rng.choice(["", "DSH", "SCH"], len(owners))
    return shape_table(
        "hospitals",
        pd.DataFrame(
            {
                "hospital": [f"H{number}" for number in range(len(owners))],
                "name": [f"Hospital {number}" for number in range(len(owners))],
                "org": owners,
                "zone": zones["zone"].to_numpy()[zone],
                "state": "",
                "lat": zones["lat"].to_numpy()[zone] + rng.uniform(-0.1, 0.1, len(owners)),
                "lon": zones["lon"].to_numpy()[zone],
                "beds": rng.integers(20, 800, len(owners)).astype(float),
                "teaching": rng.choice(["none", "minor", "major"], len(owners)),
                "control": rng.choice(["nonprofit", "government", "proprietary"], len(owners)),
                "critical_access": False,
                "dsh_pct": 0.1,
                "route_340b": route,
                "hospital_class": "general",
                "participates_340b": route != "",
                "lines": "surgery;imaging;biopsy;inpatient",
                "generated": False,
            }
        ),
    )


def _organizations(
    rng: np.random.Generator, zones: pd.DataFrame, systems: int, centers: int, practices: int, networks: int
) -> pd.DataFrame:
    kinds = ["health_system"] * systems + ["academic_center"] * centers
    kinds += ["practice"] * practices + ["network"] * networks
    letters = {"health_system": "S", "academic_center": "C", "practice": "P", "network": "N"}
    ids = [f"{letters[kind]}{kinds[:number].count(kind)}" for number, kind in enumerate(kinds)]
    joins = (np.array(kinds) == "practice") & (rng.uniform(size=len(kinds)) < 0.4) & (networks > 0)
    return shape_table(
        "organizations",
        pd.DataFrame(
            {
                "org": ids,
                "name": [f"Organisation {one}" for one in ids],
                "kind": kinds,
                "state": "",
                "lat": zones["lat"].to_numpy()[rng.integers(0, len(zones), len(kinds))],
                "lon": zones["lon"].to_numpy()[rng.integers(0, len(zones), len(kinds))],
                "nci": "",
                "investor_owned": (np.array(kinds) == "network") & (rng.uniform(size=len(kinds)) < 0.5),
                "network": np.where(joins, "N0", ""),
                "generated": False,
            }
        ),
    )


def _sites(rng: np.random.Generator, zones: pd.DataFrame, hospitals: pd.DataFrame, practices: int) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for one in hospitals.to_dict("records"):
        main = one["org"].startswith("C")
        place = {key: one[key] for key in ("org", "hospital", "zone", "lat", "lon")}
        rows.append({**place, "kind": "amc_main" if main else "hopd_on_campus", "excepted": False})
        if rng.uniform() < 0.5:
            kind = "amc_satellite" if main else "hopd_off_campus"
            rows.append({**place, "lat": one["lat"] + 0.1, "kind": kind, "excepted": bool(rng.uniform() < 0.5)})
    for number in range(practices):
        for _ in range(int(rng.integers(1, 3))):
            zone = zones.iloc[int(rng.integers(0, len(zones)))]
            place = {key: zone[key] for key in ("zone", "lat", "lon")}
            rows.append({**place, "org": f"P{number}", "hospital": "", "kind": "office", "excepted": False})
    table = pd.DataFrame(rows)
    count = len(table)
    table["site"] = [f"site{number}" for number in range(count)]
    table["name"] = [f"Site {number}" for number in range(count)]
    table["oncologists"] = rng.integers(0, 9, count)
    table.loc[0, "oncologists"] = 3
    table["chairs"] = table["oncologists"] * 5.0 + 3.0
    visited = (table["oncologists"] == 0) & (rng.uniform(size=count) < 0.5)
    table["visiting_from"] = np.where(visited, "site0", "")
    table["visiting_fte"] = np.where(visited, 0.3, 0.0)
    offered = rng.uniform(size=(count, len(SERVICE_LINES))) < 0.3
    offered[:, 0] = True
    table["lines"] = [";".join(np.array(SERVICE_LINES)[some]) for some in offered]
    table["generated"] = False
    return shape_table("sites", table)


def _ties(rng: np.random.Generator, organizations: pd.DataFrame) -> pd.DataFrame:
    ids = organizations.loc[organizations["kind"] != "network", "org"].tolist()
    pairs = [(a, b) for number, a in enumerate(ids) for b in ids[number + 1 :] if rng.uniform() < 0.4]
    if not pairs:
        return empty_table("ties")
    frame = pd.DataFrame(pairs, columns=["a", "b"])
    frame["form"] = "referral"
    frame["age_quarters"] = rng.integers(0, 30, len(pairs))
    return shape_table("ties", frame)
