"""A made-up run folder with the columns of a real one: small, seeded, and with a story in it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from oncsim.calendar import Quarter, quarters_between
from oncsim.codes import COMPONENTS, PAYERS
from oncsim.randomness import Luck

_KINDS = (
    "office",
    "hopd_on_campus",
    "office",
    "hopd_off_campus",
    "amc_main",
    "office",
    "freestanding_infusion",
)
_TOWNS = ("Adams", "Baker", "Clay", "Dale", "Elk", "Floyd", "Grant", "Hill", "Iron", "Jasper", "Knox", "Lake")


def sample_zones(count: int = 24, lat: float = 40.0, lon: float = -78.0) -> pd.DataFrame:
    """Return zones on a grid, the most populous first."""
    across = max(int(np.ceil(np.sqrt(count * 1.6))), 1)
    across += across % 3 == 0
    i = np.arange(count)
    people = 900_000 / (1 + i) + 8_000
    return pd.DataFrame(
        {
            "zone": [f"{42001 + 2 * k}" for k in i],
            "name": [f"{_TOWNS[k % 12]}{'' if k < 12 else ' ' + str(k)}, PA" for k in i],
            "lat": lat + (i // across - 1) * 0.42 + 0.05 * np.sin(i),
            "lon": lon + ((i * 3) % across - across / 2) * 0.55 + 0.05 * np.cos(3 * i),
            "market": [f"hrr-{k % 3}" for k in i],
            "population": people,
            "population_65plus": people * 0.19,
            "land_sqmi": 820.0,
            "rural": people < 100_000,
            "deprivation": (i + 0.5) / count,
            "cases_per_year": people * 0.0058,
        }
    )


def _organizations(count: int) -> pd.DataFrame:
    kinds = ["health_system" if k % 5 == 1 else "academic_center" if k == 4 else "practice" for k in range(count)]
    names = {
        "practice": "Oncology Associates",
        "health_system": "Health",
        "academic_center": "University Hospital",
    }
    return pd.DataFrame(
        {
            "org": [f"org-{k:04d}" for k in range(count)],
            "name": [f"{_TOWNS[k % 12]} {names[kinds[k]]}{'' if k < 12 else ' ' + str(k)}" for k in range(count)],
            "kind": kinds,
        }
    )


def sample_tables(
    zones: pd.DataFrame | None = None,
    organizations: int = 18,
    sites: int = 40,
    start: str = "2026Q1",
    end: str = "2033Q4",
    replicates: int = 3,
    seed: int = 1,
) -> dict[str, pd.DataFrame]:
    """Return every table of a made-up run: practices are bought, offices become hospital departments."""
    zones = sample_zones() if zones is None else zones
    quarters = [str(q) for q in quarters_between(Quarter.parse(start), Quarter.parse(end))]
    orgs = _organizations(organizations)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in ("organizations", "sites", "ties", "events", "metrics")}
    for replicate in range(replicates):
        one = _replicate(zones, orgs, sites, quarters, Luck(seed, replicate))
        for name, table in one.items():
            parts[name].append(table.assign(replicate=replicate))
    tables = {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
    return {**tables, "zones": zones}


def _replicate(
    zones: pd.DataFrame, orgs: pd.DataFrame, sites: int, quarters: list[str], luck: Luck
) -> dict[str, pd.DataFrame]:
    span, ids = len(quarters), np.arange(len(orgs), dtype=np.uint64)
    practice = (orgs["kind"] == "practice").to_numpy()
    systems = np.flatnonzero((orgs["kind"] == "health_system").to_numpy())
    # The quarter in which a practice is bought; later than the horizon means never.
    bought = np.where(practice, (luck.uniform("sold", 0, ids) * span * 2.5).astype(int) + 1, 10**6)
    buyer = systems[(luck.uniform("buyer", 0, ids) * max(len(systems), 1)).astype(int)] if len(systems) else ids * 0
    home = np.arange(sites) % len(orgs)
    site_ids = np.arange(sites, dtype=np.uint64)
    zone = (luck.uniform("zone", 0, site_ids) ** 2 * len(zones)).astype(int)
    kind = np.array([_KINDS[k % len(_KINDS)] for k in home])
    kind = np.where(practice[home] & (kind != "freestanding_infusion"), "office", kind)
    kind = np.where(~practice[home] & (kind == "office"), "hopd_on_campus", kind)
    weight = 20 + 180 * luck.uniform("weight", 0, site_ids)
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in ("organizations", "sites", "ties", "events")}
    for t, quarter in enumerate(quarters):
        sold = bought <= t
        owner = np.where(sold, orgs["org"].to_numpy()[buyer], "")
        noise = 1 + 0.1 * (luck.uniform("noise", t, site_ids) - 0.5)
        infusions = weight * 12 * noise * (1 + 0.004 * t)
        now = np.where(sold[home] & (kind == "office") & (bought[home] + 2 <= t), "hopd_off_campus", kind)
        tables["sites"].append(
            pd.DataFrame(
                {
                    "quarter": quarter,
                    "site": [f"site-{k:05d}" for k in range(sites)],
                    "org": orgs["org"].to_numpy()[home],
                    "kind": now,
                    "lat": zones["lat"].to_numpy()[zone] + 0.1 * np.sin(np.arange(sites)),
                    "lon": zones["lon"].to_numpy()[zone] + 0.1 * np.cos(np.arange(sites)),
                    "open": ~((np.arange(sites) % 13 == 7) & (t > span // 2)),
                    "chairs": 8.0,
                    "oncologists": (weight / 60).astype(int),
                    "patients": weight * noise,
                    "patients_in_care": 3 * weight,
                    "infusions": infusions,
                    "wait_days": 9 + 3 * noise,
                    "eligible_340b": np.char.startswith(now.astype(str), "hopd"),
                }
            )
        )
        volume = np.bincount(home, infusions, minlength=len(orgs))
        revenue = volume * 3000 * (1 + 0.01 * t)
        tables["organizations"].append(
            orgs.assign(
                quarter=quarter,
                status=np.where(sold, "acquired", "active"),
                owner=owner,
                oncologists=volume // 300,
                patients=volume / 12,
                patients_in_care=volume / 4,
                infusions=volume,
                revenue=revenue,
                margin=revenue * np.where(practice, 0.05 - 0.0006 * t, 0.09 + 0.0008 * t),
                cash=revenue,
            )
        )
        tables["ties"].append(_ties(orgs, quarter, systems))
        tables["events"].append(_events(orgs, quarter, np.flatnonzero(bought == t), buyer, t))
    joined = {name: pd.concat(frames, ignore_index=True) for name, frames in tables.items()}
    return {**joined, "metrics": _metrics(joined, quarters, luck)}


def _ties(orgs: pd.DataFrame, quarter: str, systems: np.ndarray) -> pd.DataFrame:
    if not len(systems):
        systems = np.array([0])
    rows = []
    for k in range(len(orgs)):
        partner = int(systems[(k * 3) % len(systems)])
        if partner != k:
            form = ("referral", "clinical_affiliation", "joint_venture", "network_membership")[(k // 2) % 4]
            rows.append((f"tie-{k:04d}", orgs["org"][k], orgs["org"][partner], form))
    table = pd.DataFrame(rows, columns=["tie", "a", "b", "form"])
    return table.assign(quarter=quarter, stage="active", trust_ab=0.6, trust_ba=0.55, owner_share=0.0, control_share=0.0)


def _events(orgs: pd.DataFrame, quarter: str, sold: np.ndarray, buyer: np.ndarray, t: int) -> pd.DataFrame:
    rows = []
    for k in sold:
        seller, by = orgs["name"][k], orgs["name"][int(buyer[k])]
        text = (
            f"{by} buys {seller} for $4.2 m because the facility-fee differential and 340B margin outweigh integration cost."
        )
        rows.append(("acquisition", orgs["org"][int(buyer[k])], orgs["org"][k], "", 4.2e6, text))
    if t % 6 == 3:
        name = orgs["name"][0]
        rows.append(
            (
                "site_closed",
                orgs["org"][0],
                "",
                "site-00000",
                np.nan,
                f"{name} closes an office because it lost money for six quarters.",
            )
        )
    rows.append(
        (
            "tie_formed",
            orgs["org"][0],
            orgs["org"].iloc[-1],
            "",
            np.nan,
            f"{orgs['name'][0]} and {orgs['name'].iloc[-1]} start to refer.",
        )
    )
    return pd.DataFrame(rows, columns=["event", "actor", "other", "site", "amount", "text"]).assign(quarter=quarter)


def _metrics(tables: dict[str, pd.DataFrame], quarters: list[str], luck: Luck) -> pd.DataFrame:
    sites, orgs, events = tables["sites"], tables["organizations"], tables["events"]
    hospital = sites["kind"].str.startswith(("hopd", "amc"))
    by_quarter = sites.assign(hospital=sites["infusions"].where(hospital, 0.0)).groupby("quarter")
    share = (by_quarter["hospital"].sum() / by_quarter["infusions"].sum()).to_dict()
    independent = orgs[(orgs["kind"] == "practice") & (orgs["owner"] == "")].groupby("quarter").size().to_dict()
    bought = events[events["event"] == "acquisition"].groupby("quarter").size().to_dict()
    rows: list[tuple[str, str, str, float]] = []
    for t, quarter in enumerate(quarters):
        shift = 1 + 0.02 * (luck.uniform1("shift", t, 7) - 0.5)
        values: dict[tuple[str, str], float] = {
            ("consolidation.hhi", "market_type=hrr"): (2300 + 22 * t) * shift,
            ("consolidation.hhi_flow", ""): (2100 + 20 * t) * shift,
            ("consolidation.hopd_share_infusions", ""): share[quarter],
            ("consolidation.share_340b_infusions", ""): share[quarter] * 0.7,
            ("consolidation.practices_independent", ""): float(independent.get(quarter, 0)),
            ("consolidation.share_oncologists_independent", ""): 0.4 - 0.004 * t,
            ("consolidation.acquisitions", ""): float(bought.get(quarter, 0)),
            ("access.minutes_mean", ""): 24 * shift,
            ("access.minutes_mean", "rural=true"): (48 + 0.2 * t) * shift,
            ("access.minutes_mean", "rural=false"): 17 * shift,
            ("access.share_within_60", "rural=true"): 0.72 - 0.002 * t,
            ("access.share_within_60", "rural=false"): 0.98,
            ("access.untreated_share", ""): 0.105 * shift,
            ("access.untreated_share", "rural=true"): 0.125 * shift,
            ("access.untreated_share", "rural=false"): 0.1 * shift,
            ("access.wait_days_mean", ""): 12 * shift,
            ("price.commercial_index", ""): 1 + 0.006 * t * shift,
            ("price.commercial_to_medicare", ""): 1.9 + 0.01 * t * shift,
            ("spending.total_per_patient", ""): (31000 + 400 * t) * shift,
            ("spending.payer_total", ""): 1.3e9 * (1 + 0.012 * t) * shift,
            ("finance.margin_practice", ""): 0.05,
            ("partnership.active", ""): 17.0 + t // 4,
            ("partnership.active", "form=referral"): 9.0,
            ("partnership.active", "form=clinical_affiliation"): 8.0 + t // 4,
            ("partnership.formed", ""): 1.0,
            ("partnership.dissolved", ""): float(t % 3 == 0),
            ("partnership.trust_mean", ""): 0.58 * shift,
            ("value_based.participants", ""): float(2 + t // 8),
            ("quality.adverse_events", ""): 31 * shift,
        }
        for i, payer in enumerate(PAYERS[:4]):
            values["spending.payer_total", f"payer={payer}"] = 1.3e9 * (0.4, 0.2, 0.3, 0.1)[i] * (1 + 0.012 * t)
        for i, part in enumerate(COMPONENTS):
            values["spending.payer_total", f"component={part}"] = 1.3e9 * (0.6, 0.2, 0.15, 0.02, 0.03)[i] * (1 + 0.012 * t)
        rows += [(quarter, metric, group, value) for (metric, group), value in values.items()]
    return pd.DataFrame(rows, columns=["quarter", "metric", "group", "value"]).assign(market="all")


def write_sample_run(
    folder: Path, tables: dict[str, pd.DataFrame] | None = None, form: str = "parquet", plane: bool = False
) -> Path:
    """Write a made-up run folder and return it."""
    tables = sample_tables() if tables is None else tables
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        if form == "parquet":
            table.to_parquet(folder / f"{name}.parquet", index=False)
        else:
            table.to_csv(folder / f"{name}.csv", index=False)
    replicates = int(tables["metrics"]["replicate"].nunique())
    manifest = {
        "scenario": "made_up",
        "status": "complete",
        "seed": 1,
        "replicates": replicates,
        "version": "0.1.0",
        "commit": "",
        "seconds": 12.5,
        "warnings": ["behaviour.practice.autonomy is judgement"],
        "notes": ["County cancer cases were estimated from the population aged 65 and over."],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    scenario = {
        "schema": "oncsim/scenario/1",
        "id": "made_up",
        "title": "A made-up market with purchases",
        "question": "What happens to access and prices when hospitals buy practices?",
        "horizon": {"start": "2026Q1", "end": "2033Q4"},
        "market": {"source": "archetype", "kind": "mixed"} if plane else {"source": "embedded", "states": ["PA"]},
        "policy": [
            {
                "set": "policy.site_neutral.drug_administration.on_campus",
                "from": "2028Q1",
                "ramp": {"to": 0.4, "over": "12 quarters"},
                "source": {"cite": "medpac_2023_06"},
            }
        ],
    }
    (folder / "scenario.resolved.yaml").write_text(yaml.safe_dump(scenario, sort_keys=False))
    return folder


def sample_differences(scenarios: tuple[str, ...] = ("other",), replicates: int = 20) -> pd.DataFrame:
    """Return differences as a comparison writes them: one sure effect, one lost in luck, one exactly zero."""
    quarters = [str(q) for q in quarters_between(Quarter.parse("2026Q1"), Quarter.parse("2033Q4"))]
    effects = {
        ("consolidation.hopd_share_infusions", ""): (0.61, -0.03, 0.006),
        ("consolidation.hhi", ""): (2600.0, -40.0, 25.0),
        ("consolidation.acquisitions", ""): (1.2, -0.3, 0.2),
        ("access.minutes_mean", ""): (24.0, 0.05, 0.4),
        ("access.minutes_mean", "rural=true"): (50.0, 1.4, 0.5),
        ("access.untreated_share", ""): (0.105, 0.0, 0.0),
        ("price.commercial_to_medicare", ""): (2.1, -0.04, 0.01),
        ("spending.total_per_patient", ""): (36_000.0, -900.0, 150.0),
        ("finance.margin_practice", ""): (0.002, 0.03, 0.012),
        ("quality.adverse_events", ""): (0.0, 0.0, 0.0),
    }
    rows = []
    for n, scenario in enumerate(scenarios):
        for (metric, group), (level, full, half) in effects.items():
            times = [*((q, min(1.0, t / 16)) for t, q in enumerate(quarters)), ("mean", 0.7), ("final", 1.0)]
            for quarter, part in times:
                gap, wide = full * part * (1 + 0.5 * n), half * part
                rows.append(
                    (
                        scenario,
                        quarter,
                        metric,
                        group,
                        level,
                        level + gap,
                        gap,
                        gap - wide,
                        gap + wide,
                        gap - 1.5 * wide,
                        gap + 1.5 * wide,
                        replicates,
                    )
                )
    columns = "scenario quarter metric group baseline other difference low high"
    columns += " low_simultaneous high_simultaneous replicates"
    return pd.DataFrame(rows, columns=columns.split(" "))


def write_sample_comparison(folder: Path, scenarios: tuple[str, ...] = ("other",), replicates: int = 20) -> Path:
    """Write a made-up comparison folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    sample_differences(scenarios, replicates).to_parquet(folder / "differences.parquet", index=False)
    names = ["baseline", *scenarios]
    manifest = {
        "status": "complete",
        "seed": 1,
        "replicates": replicates,
        "version": "0.1.0",
        "uncertainty": False,
        "scenarios": [
            {
                "id": name,
                "title": f"Title of {name}",
                "question": f"Question of {name}?",
                "folder": f"../{name}",
            }
            for name in names
        ],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
