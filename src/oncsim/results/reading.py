"""Read a run folder back: tables as DataFrames, each read when it is first asked for."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from oncsim.errors import InputError
from oncsim.results import files
from oncsim.results.arrow import arrow
from oncsim.results.forms import FORMS, TEXT
from oncsim.results.manifest import COMPLETE, read_manifest
from oncsim.results.shaping import arrow_type

if TYPE_CHECKING:
    import pandas as pd

# Columns of text that a reader of CSV could take for something else, in tables that have no form of their own.
_PLAIN_TEXT = ("quarter", "group", "year", "component", "payer", "name", "id", "status_baseline", "status_other")


class Run:
    """A complete run.

    Parameters
    ----------
    folder : Path
        The run folder.

    Attributes
    ----------
    folder : Path
        Where the tables, the manifest and the report are.
    manifest : dict
        What was run, with what, and what came out.
    reused : bool
        Whether the run was there already when it was asked for.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = read_manifest(folder)
        self.reused = False

    def remove_with_me(self, place: Path) -> None:
        """Remove a folder when this object is no longer used, at the latest at exit."""
        weakref.finalize(self, files.remove, place)

    def __repr__(self) -> str:
        said = self.manifest
        what = f"{said.get('scenario')!r}, seed={said.get('seed')}, replicates={said.get('replicates')}"
        return f"Run({what}, {str(self.folder)!r})"

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Metrics by replicate, quarter, market and group."""
        return read_table(self.folder, "metrics")

    @cached_property
    def organizations(self) -> pd.DataFrame:
        """Organisations by replicate and quarter."""
        return read_table(self.folder, "organizations")

    @cached_property
    def sites(self) -> pd.DataFrame:
        """Sites of care by replicate and quarter."""
        return read_table(self.folder, "sites")

    @cached_property
    def ties(self) -> pd.DataFrame:
        """Ties by replicate and quarter."""
        return read_table(self.folder, "ties")

    @cached_property
    def events(self) -> pd.DataFrame:
        """What happened, by replicate and quarter."""
        return read_table(self.folder, "events")

    @cached_property
    def zones(self) -> pd.DataFrame:
        """Zones, the same in every replicate."""
        return read_table(self.folder, "zones")

    @cached_property
    def zone_years(self) -> pd.DataFrame:
        """Care by zone and calendar year."""
        return read_table(self.folder, "zone_years")

    @cached_property
    def payments(self) -> pd.DataFrame:
        """Payments by payer, kind of site and calendar year."""
        return read_table(self.folder, "payments")

    @cached_property
    def hospitals_340b(self) -> pd.DataFrame:
        """340B margins by hospital and calendar year."""
        return read_table(self.folder, "hospitals_340b")

    @cached_property
    def flows(self) -> pd.DataFrame:
        """Patients by zone, payer, need and site; only of runs that recorded them."""
        return read_table(self.folder, "flows")

    @property
    def warnings(self) -> list[str]:
        """What a reader of the results should know about the input."""
        return list(self.manifest.get("warnings", []))

    def summary(self) -> pd.DataFrame:
        """Return how the headline metrics moved from the first year to the last.

        See Also
        --------
        oncsim.results.summary.summarise : the columns.
        """
        from oncsim.results.summary import summarise

        return summarise(self.metrics)


def open_run(folder: str | Path) -> Run:
    """Open a run folder.

    Raises
    ------
    InputError
        When the folder holds no complete run.
    """
    place = Path(folder)
    status = read_manifest(place).get("status")
    if status != COMPLETE:
        said = f"its manifest says {status!r}" if status else "it has no manifest.json"
        raise InputError(f"{place}: not a complete run ({said})")
    return Run(place)


def read_table(
    folder: Path, name: str, columns: Sequence[str] | None = None, **filters: str | Sequence[str]
) -> pd.DataFrame:
    """Read one table of a run folder, whichever format it has.

    Parameters
    ----------
    folder : Path
        The run folder.
    name : str
        Name of the table.
    columns : sequence of str, optional
        Only these columns.
    **filters : str or sequence of str
        Keep only rows whose text column has this value or one of these, for example ``market="all"``.

    Raises
    ------
    InputError
        When the run has no such table.
    """
    path = next((p for p in (folder / f"{name}.parquet", folder / f"{name}.csv") if p.is_file()), None)
    if path is None:
        how = "; run again with --record flows" if name == "flows" else ""
        raise InputError(f"{folder}: the run has no table {name!r}{how}")
    if path.suffix == ".csv":
        frame = _read_csv(path, name)
        for column, value in filters.items():
            frame = frame[frame[column].isin([value] if isinstance(value, str) else value)].reset_index(drop=True)
        return frame if columns is None else frame[list(columns)]
    conditions = [
        (column, "==" if isinstance(value, str) else "in", value if isinstance(value, str) else list(value))
        for column, value in filters.items()
    ]
    wanted = None if columns is None else list(columns)
    table = arrow().parquet.read_table(str(path), columns=wanted, filters=conditions or None, partitioning=None)
    return cast("pd.DataFrame", table.to_pandas())


def _read_csv(path: Path, name: str) -> pd.DataFrame:
    pa = arrow()
    columns = FORMS[name].columns if name in FORMS else dict.fromkeys(_PLAIN_TEXT, (TEXT, ""))
    types = {column: arrow_type(kind) for column, (kind, _) in columns.items()}
    options = pa.csv.ConvertOptions(
        column_types={"replicate": pa.int64(), **types},
        null_values=["", "nan"],
        strings_can_be_null=False,
    )
    parse = pa.csv.ParseOptions(newlines_in_values=True)
    table = pa.csv.read_csv(str(path), convert_options=options, parse_options=parse)
    return cast("pd.DataFrame", table.to_pandas())
