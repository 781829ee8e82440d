"""A market written as tables that the files source reads back to the same market."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.errors import Fault, InputError
from oncsim.market.form import LEFT_OPEN, TABLES
from oncsim.market.hospital_lines import NONE

if TYPE_CHECKING:
    import pandas as pd

    from oncsim.market.form import Market

SCENARIO_FILE = "market.yaml"
# Which table of the form is read back as which table of the user's.
READ_AS = {
    "zones": "zones",
    "hospitals": "hospitals",
    "practices": "sites",
    "centers": "organizations",
    "ties": "ties",
}


def write_market(market: Market, folder: Path, *, force: bool = False) -> list[Path]:
    """Write the five tables of a market as CSV, and a scenario that reads them with ``generate: false``.

    Parameters
    ----------
    market : Market
        The market.
    folder : Path
        Where to; made if it is not there.
    force : bool
        Replace files that are there.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        When a file is there and ``force`` is false, or the folder cannot be written.
    """
    paths = {table: folder / f"{table}.csv" for table in TABLES}
    scenario = folder / SCENARIO_FILE
    there = [path for path in (*paths.values(), scenario) if path.exists()]
    if there and not force:
        raise InputError([Fault(str(path), 0, 0, "", "is there already (--force replaces it)") for path in there])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table, path in paths.items():
            _write_table(getattr(market, table), table, path)
        scenario.write_text(_scenario(market), encoding="utf-8")
    except OSError as error:
        where = str(error.filename or folder)
        raise InputError([Fault(where, 0, 0, "", f"cannot be written ({error.strerror})")]) from None
    return [*paths.values(), scenario]


def _write_table(frame: pd.DataFrame, table: str, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(frame.columns)
        # repr of a float reads back to the same bits; flags are words so that a spreadsheet keeps them apart.
        for row in _as_written(frame, table).itertuples(index=False):
            writer.writerow(str(v).lower() if isinstance(v, bool) else v for v in row)


def _as_written(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return a table in the words of the user's: a blank is what the reader fills in, so that none needs a word."""
    if table == "hospitals":
        return frame.assign(lines=frame["lines"].replace("", NONE))
    left_open = [name for name in LEFT_OPEN.get(table, {}) if frame[name].dtype == "float64"]
    return frame.assign(**{name: frame[name].astype(object).mask(frame[name] < 0, "") for name in left_open})


def _scenario(market: Market) -> str:
    from oncsim.market.spec import FilesMarket

    slug = re.sub(r"[^a-z0-9]+", "_", market.name.lower()).strip("_") or "market"
    known = [what for what in READ_AS if what in FilesMarket.model_fields]
    tables = "".join(f"  {what}: {READ_AS[what]}.csv\n" for what in known if what != "ties" or len(market.ties))
    title = market.name.replace("'", "''")
    return (
        "schema: oncsim/scenario/1\n"
        f"id: market_{slug}\n"
        f"title: '{title}, as built'\n"
        "question: What happens in this market if nothing changes?\n"
        "horizon: {start: 2026Q1, end: 2040Q4}\n"
        "market:\n"
        "  source: files\n"
        "  generate: false\n"
        f"{tables}"
    )
