"""Reading a run folder: only the columns and quarters that a report shows, so that a national run fits in
memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from oncsim.errors import Fault, InputError
from oncsim.reports.typical import Typical, typical_replicate
from oncsim.results.ground import on_a_plane

_ENDS_ORGS = [
    "replicate",
    "quarter",
    "org",
    "name",
    "kind",
    "status",
    "owner",
    "oncologists",
    "patients",
    "patients_in_care",
    "infusions",
    "revenue",
    "margin",
    "cash",
]
_ENDS_SITES = [
    "replicate",
    "quarter",
    "site",
    "org",
    "kind",
    "lat",
    "lon",
    "open",
    "chairs",
    "oncologists",
    "patients",
    "infusions",
    "wait_days",
    "eligible_340b",
]
_TIES = [
    "replicate",
    "quarter",
    "tie",
    "a",
    "b",
    "form",
    "stage",
    "trust_ab",
    "trust_ba",
    "owner_share",
    "control_share",
]
_EVENTS = ["replicate", "quarter", "event", "actor", "other", "site", "amount", "text"]
_METRICS = ["replicate", "quarter", "metric", "market", "group", "value"]
_ZONES = [
    "zone",
    "name",
    "lat",
    "lon",
    "market",
    "population",
    "population_65plus",
    "land_sqmi",
    "rural",
    "deprivation",
    "cases_per_year",
]
_FLOWS = ["replicate", "quarter", "zone", "patients", "minutes", "site"]


@dataclass(frozen=True)
class RunTables:
    """What a report reads of a run folder.

    Attributes
    ----------
    manifest, scenario : dict
        Content of ``manifest.json`` and ``scenario.resolved.yaml``; empty where the file is missing.
    metrics : pandas.DataFrame
        Rows of the whole market (``market == "all"``).
    organizations, sites, ties : pandas.DataFrame
        Rows of the first and the last quarter of the replicate that tells the story.
    settings : pandas.DataFrame
        ``quarter, kind, infusions``: sums over sites, mean over replicates.
    money : pandas.DataFrame
        ``quarter, kind, revenue, margin``: sums over organisations, mean over replicates.
    events, zones : pandas.DataFrame
        As in the run folder.
    minutes : pandas.DataFrame
        ``zone, quarter, minutes`` of the first and last quarter where flows were recorded, else empty.
    typical : Typical
        The replicate that tells the story: the one nearest to the mean over the headline metrics.
    """

    folder: Path
    manifest: dict[str, Any]
    scenario: dict[str, Any]
    metrics: pd.DataFrame
    organizations: pd.DataFrame
    sites: pd.DataFrame
    ties: pd.DataFrame
    settings: pd.DataFrame
    money: pd.DataFrame
    events: pd.DataFrame
    zones: pd.DataFrame
    minutes: pd.DataFrame
    typical: Typical
    missing: tuple[str, ...] = field(default_factory=tuple)

    @property
    def quarters(self) -> list[str]:
        """Quarters that were recorded, in order."""
        return sorted(self.metrics["quarter"].astype(str).unique())

    @property
    def replicates(self) -> list[int]:
        """Replicates in the table of metrics, in order."""
        return sorted(int(r) for r in self.metrics["replicate"].unique())

    @property
    def on_a_plane(self) -> bool:
        """Whether the places of the market are invented, on a plane."""
        return on_a_plane(self.scenario.get("market"))


def _locate(folder: Path, table: str) -> Path | None:
    for suffix in (".parquet", ".csv"):
        path = folder / f"{table}{suffix}"
        if path.is_file():
            return path
    return None


def read_table(
    folder: Path, table: str, columns: list[str], where: list[tuple[str, str, Any]] | None = None
) -> pd.DataFrame | None:
    """Return the columns of a table that are there, filtered; None where the folder has no such table.

    Raises
    ------
    InputError
        When the file is there but cannot be read.
    """
    path = _locate(folder, table)
    if path is None:
        return None
    try:
        if path.suffix == ".parquet":
            frame = _read_parquet(path, columns, where)
        else:
            frame = pd.read_csv(path, keep_default_na=True, usecols=lambda name: name in columns)
            for column, operator, value in where or []:
                if column in frame:
                    frame = frame[frame[column].isin(value) if operator == "in" else frame[column] == value]
    except (OSError, ValueError, pd.errors.ParserError) as fault:
        reason = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
        raise InputError([Fault(str(path), 0, 0, "", f"this table cannot be read: {reason}")]) from None
    for column in columns:
        if column not in frame:
            frame[column] = _blank(column)
    return _tidy(frame[columns].reset_index(drop=True))


def _parquet() -> Any:
    import pyarrow.parquet

    return pyarrow.parquet


def _read_parquet(path: Path, columns: list[str], where: list[tuple[str, str, Any]] | None) -> pd.DataFrame:
    parquet = _parquet()

    held = parquet.read_schema(path).names
    chosen = [column for column in columns if column in held]
    filters = [term for term in where or [] if term[0] in held] or None
    frame: pd.DataFrame = parquet.read_table(path, columns=chosen, filters=filters).to_pandas(ignore_metadata=True)
    return frame


_TEXT = {
    *(
        "quarter",
        "metric",
        "market",
        "group",
        "org",
        "name",
        "kind",
        "status",
        "owner",
        "site",
        "tie",
        "a",
        "b",
    ),
    *("form", "stage", "event", "actor", "other", "text", "zone"),
}


def _blank(column: str) -> str | float:
    return "" if column in _TEXT else float("nan")


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    # Categories and missing text become plain strings: a category keeps unused levels and refuses "".
    for column in frame.columns:
        if column in _TEXT:
            text = frame[column].astype(object)
            frame[column] = text.where(text.notna(), "").astype(str)
    return frame


def _empty(columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({column: pd.Series(dtype=object if column in _TEXT else float) for column in columns})


def _sums(folder: Path, table: str, values: list[str]) -> pd.DataFrame:
    """Sum values by quarter and kind within each replicate and average over replicates, without loading
    rows."""
    path = _locate(folder, table)
    keys = ["replicate", "quarter", "kind"]
    if path is None:
        return _empty(["quarter", "kind", *values])
    if path.suffix == ".parquet":
        parquet = _parquet()

        held = parquet.read_schema(path).names
        if any(column not in held for column in [*keys, *values]):
            return _empty(["quarter", "kind", *values])
        rows = parquet.read_table(path, columns=[*keys, *values])
        grouped = rows.group_by(keys).aggregate([(value, "sum") for value in values]).to_pandas()
        grouped = grouped.rename(columns={f"{value}_sum": value for value in values})
    else:
        frame = read_table(folder, table, [*keys, *values])
        assert frame is not None
        grouped = frame.groupby(keys, as_index=False)[values].sum()
    replicates = grouped["replicate"].nunique()
    grouped["quarter"], grouped["kind"] = grouped["quarter"].astype(str), grouped["kind"].astype(str)
    summed: pd.DataFrame = grouped.groupby(["quarter", "kind"], as_index=False)[values].sum()
    # A kind absent from a replicate counts as zero there, so divide by all replicates.
    summed[values] = summed[values] / max(replicates, 1)
    return summed


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise InputError([Fault(str(path), 0, 0, "", f"this file is not JSON: {fault}")]) from None
    return content if isinstance(content, dict) else {}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder, empty where there is none."""
    return _read_json(folder / "manifest.json")


def read_scenario(path: Path) -> dict[str, Any]:
    """Return a resolved scenario as plain mappings, empty where there is none."""
    if not path.is_file():
        return {}
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # The last section repeats thousands of lines of the registry, which no report shows.
        text = path.read_text(encoding="utf-8").split("\nregistry:\n", 1)[0]
        content = yaml.load(text, Loader=loader)
    except (OSError, ValueError, yaml.YAMLError) as fault:
        reason = " ".join(str(fault).split())
        raise InputError([Fault(str(path), 0, 0, "", f"this file is not YAML: {reason}")]) from None
    return content if isinstance(content, dict) else {}


def read_run(folder: Path) -> RunTables:
    """Read what a report shows of a run folder.

    Raises
    ------
    InputError
        When the folder has no metrics or a table cannot be read.
    """
    folder = Path(folder)
    metrics = read_table(folder, "metrics", _METRICS, [("market", "==", "all")]) if folder.is_dir() else None
    if metrics is None or metrics.empty:
        what = "has no rows for market 'all'" if metrics is not None else "is not there"
        message = f"this is not a run folder: the table of metrics {what} (give a folder that oncsim run wrote)"
        raise InputError([Fault(str(folder), 0, 0, "", message)])
    metrics["value"] = pd.to_numeric(metrics["value"], errors="coerce")
    quarters = sorted(metrics["quarter"].unique())
    typical = typical_replicate(metrics)
    ends = [("replicate", "==", typical.replicate), ("quarter", "in", sorted({quarters[0], quarters[-1]}))]

    wanted = {
        "organizations": (_ENDS_ORGS, ends),
        "sites": (_ENDS_SITES, ends),
        "ties": (_TIES, ends),
        "events": (_EVENTS, None),
        "zones": (_ZONES, None),
    }
    tables = {name: read_table(folder, name, columns, where) for name, (columns, where) in wanted.items()}
    missing = tuple(name for name, table in tables.items() if table is None)
    filled = {name: table if table is not None else _empty(wanted[name][0]) for name, table in tables.items()}
    return RunTables(
        folder=folder,
        manifest=read_manifest(folder),
        scenario=read_scenario(folder / "scenario.resolved.yaml"),
        metrics=metrics,
        settings=_sums(folder, "sites", ["infusions"]),
        money=_sums(folder, "organizations", ["revenue", "margin"]),
        minutes=_minutes(folder, ends),
        typical=typical,
        missing=missing,
        **filled,
    )


def _minutes(folder: Path, ends: list[tuple[str, str, Any]]) -> pd.DataFrame:
    flows = read_table(folder, "flows", _FLOWS, ends)
    if flows is None or flows.empty:
        return _empty(["zone", "quarter", "minutes"])
    treated = flows[(flows["site"] != "") & (flows["patients"] > 0)]
    weighted = treated.assign(total=treated["minutes"] * treated["patients"])
    sums = weighted.groupby(["zone", "quarter"], as_index=False)[["total", "patients"]].sum()
    sums["minutes"] = sums["total"] / sums["patients"]
    return sums[["zone", "quarter", "minutes"]]
