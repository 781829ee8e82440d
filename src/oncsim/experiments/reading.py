"""Reading the results of an experiment: tidy frames, and an xarray view, of whatever is done so far."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.experiments.ledger import Ledger
from oncsim.experiments.plan import chunks
from oncsim.results import files

if TYPE_CHECKING:
    import pandas as pd

PLAY_AGAIN = "`oncsim experiment run` plays it again"
KEYS = ("scenario", "sample", "replicate")


def parts(folder: Path, table: str) -> list[Path]:
    """Return the files of a table whose chunks are done, in order.

    Raises
    ------
    InputError
        When the experiment keeps no such table.
    """
    folder = Path(folder)
    place = folder / "data" / table
    if not place.is_dir():
        kept = sorted(path.name for path in (folder / "data").glob("*")) if (folder / "data").is_dir() else []
        said = f"has no table {table!r} ({', '.join(kept) or 'nothing is done yet'}{did_you_mean(table, kept)})"
        raise InputError([Fault(str(folder), 0, 0, "", said)])
    planned = {chunk.id for chunk in chunks(Ledger(folder).waves)}
    marked = sorted(path.stem for path in (folder / "done").glob("*.json"))
    done = [place / f"{name}.parquet" for name in marked if name in planned]
    lost = [path for path in done if not path.is_file()]
    if lost:
        raise InputError([Fault(str(lost[0]), 0, 0, "", f"is gone ({PLAY_AGAIN})")])
    return done


def table_of(folder: Path, table: str, **only: Sequence[Any] | str | int) -> pd.DataFrame:
    """Return a table of all runs that are done, in order of scenario, sample and replicate; scenarios as in the experiment.

    Parameters
    ----------
    folder : Path
        Folder of results.
    table : str
        ``outputs``, ``metrics`` or a table that the experiment keeps.
    **only
        Values to keep, by column, as ``metric="access.minutes_mean", group=""``: the rest is never held in memory.

    Raises
    ------
    InputError
        When the experiment keeps no such table, or the table has no such column.
    """
    import pandas as pd

    from oncsim.results.arrow import arrow

    listed = parts(folder, table)
    pa = arrow()
    if not listed:
        return pd.DataFrame(columns=list(KEYS))
    read = []
    for path in listed:
        try:
            # A chunk in which nothing was kept does not know what it would have been.
            if pa.parquet.read_metadata(path).num_rows or path == listed[-1]:
                read.append(_kept(pa, path, only))
        except (OSError, pa.ArrowInvalid):
            raise InputError([Fault(str(path), 0, 0, "", f"is not what was written ({PLAY_AGAIN})")]) from None
    frame = pa.concat_tables(read, promote_options="permissive").to_pandas()
    frame["scenario"] = frame["scenario"].astype(str).astype(pd.CategoricalDtype(_scenarios(folder, frame), ordered=True))
    # Stable: rows of one run stay as they were recorded.
    return frame.sort_values(list(KEYS), kind="stable", ignore_index=True)


def _kept(pa: Any, path: Path, only: dict[str, Sequence[Any] | str | int]) -> Any:
    """Return the rows of a file that are asked for."""
    if not only:
        return pa.parquet.read_table(path)
    columns = pa.parquet.read_schema(path).names
    for name in only:
        if name not in columns:
            said = f"has no column {name!r} ({', '.join(columns)}{did_you_mean(name, columns)})"
            raise InputError([Fault(str(path), 0, 0, "", said)])
    asked = [(name, "in", [value] if isinstance(value, str | int) else list(value)) for name, value in only.items()]
    return pa.parquet.read_table(path, filters=asked)


def _scenarios(folder: Path, frame: pd.DataFrame) -> list[str]:
    content = files.read_json(Path(folder) / "scenarios.json")
    return list(content) if isinstance(content, dict) and content else sorted(frame["scenario"].astype(str).unique())


def runs_table(folder: Path) -> pd.DataFrame:
    """Return one row a run: ``scenario, sample, replicate`` and the outputs."""
    frame = table_of(folder, "outputs")
    return frame.assign(scenario=frame["scenario"].astype(str)) if len(frame) else frame


def mean_paths(folder: Path, asked: Collection[tuple[str, str]]) -> pd.DataFrame:
    """Return means of metrics over all runs of a scenario, quarter by quarter; one file at a time is in memory.

    Parameters
    ----------
    folder : Path
        Folder of results.
    asked : collection of (str, str)
        Metric and group.

    Returns
    -------
    pandas.DataFrame
        ``scenario, metric, group, quarter, mean, runs``, in order; runs without a value do not count.
    """
    import pandas as pd

    from oncsim.results.arrow import arrow

    pa, keys = arrow(), ["scenario", "metric", "group", "quarter"]
    only: dict[str, Sequence[Any] | str | int] = {
        "metric": sorted({metric for metric, _ in asked}),
        "group": sorted({group for _, group in asked}),
    }
    pieces = []
    for path in parts(folder, "metrics"):
        if not pa.parquet.read_metadata(path).num_rows:
            continue
        content = _kept(pa, path, only)
        content = content.filter(pa.compute.is_finite(content["value"]))
        found = content.group_by(keys).aggregate([("value", "sum"), ("value", "count")]).to_pandas()
        pieces.append(found.assign(scenario=found["scenario"].astype(str)))
    if not sum(map(len, pieces)):
        return pd.DataFrame(columns=[*keys, "mean", "runs"])
    whole = pd.concat(pieces, ignore_index=True).groupby(keys, as_index=False).sum()
    whole = whole[[pair in asked for pair in zip(whole["metric"], whole["group"], strict=True)]]
    whole["mean"], whole["runs"] = whole["value_sum"] / whole["value_count"], whole["value_count"]
    return whole[[*keys, "mean", "runs"]].reset_index(drop=True)


def samples_table(folder: Path) -> pd.DataFrame:
    """Return the futures: ``sample`` and the value of each uncertainty."""
    import pandas as pd

    from oncsim.results.arrow import arrow

    path = Path(folder) / "design.parquet"
    try:
        return pd.read_parquet(path)
    except (OSError, arrow().ArrowInvalid):
        said = "is gone or not what was written (`oncsim experiment run` writes it again)"
        raise InputError([Fault(str(path), 0, 0, "", said)]) from None


def as_xarray(folder: Path) -> Any:
    """Return the outputs as an ``xarray.Dataset`` over scenario, sample and replicate, uncertainties as coordinates.

    Raises
    ------
    InputError
        When xarray is not installed.
    """
    try:
        import xarray
    except ImportError:
        raise InputError("an xarray view needs xarray: pip install 'oncsim[experiments]'") from None
    runs = table_of(folder, "outputs")
    runs = runs.assign(scenario=runs["scenario"].astype(str))
    found = xarray.Dataset.from_dataframe(runs.set_index(list(KEYS)))
    order = [name for name in _scenarios(folder, runs) if name in set(runs["scenario"])]
    found = found.sel(scenario=order)
    futures = samples_table(folder).set_index("sample").reindex(found["sample"].to_numpy())
    return found.assign_coords({name: ("sample", futures[name].to_numpy()) for name in futures.columns})
