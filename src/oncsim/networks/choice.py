"""Which network is meant: quarter, replicate, market and forms, checked against the run, all faults at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from oncsim.calendar import Quarter
from oncsim.codes import TIE_FORMS
from oncsim.errors import Fault, InputError, did_you_mean
from oncsim.results import read_table
from oncsim.results.manifest import read_manifest

if TYPE_CHECKING:
    from oncsim.networks.tables import Tables

# More markets than this are not listed in a message.
_LISTED = 12


@dataclass(frozen=True)
class Choice:
    """One network of a run.

    Attributes
    ----------
    scenario : str
        Id of the scenario that was run.
    quarter : str
        The quarter of the graph.
    replicate : int
        The replicate of the graph.
    market : str
        Market id, or empty text for all.
    forms : tuple of str
        Forms of ties, or empty for all.
    quarters, replicates
        All that the run has.
    """

    scenario: str
    quarter: str
    replicate: int
    market: str
    forms: tuple[str, ...]
    quarters: list[str]
    replicates: list[int]

    @property
    def words(self) -> str:
        """What was chosen beyond the quarter, for titles; empty where all is shown."""
        forms = ", ".join(form.replace("_", " ") for form in self.forms)
        return ", ".join(filter(None, (f"market {self.market}" if self.market else "", f"only {forms}" if forms else "")))


def choose(
    folder: Path,
    quarter: Quarter | str | None = None,
    replicate: int = 0,
    market: str = "",
    forms: Sequence[str] = (),
    dashes: str = "--",
) -> Choice:
    """Return what is meant, or raise every fault of it at once.

    Parameters
    ----------
    folder : Path
        A run folder.
    quarter, replicate, market, forms
        As for :func:`oncsim.network`.
    dashes : str
        What stands before the names of options in messages: none in Python.

    Raises
    ------
    InputError
        When the folder holds a comparison, or something chosen is not in the run.
    """
    manifest = read_manifest(folder)
    if str(manifest.get("schema", "")).startswith("oncsim/comparison/"):
        raise InputError(f"{folder}: is a comparison (networks are made of a run; its manifest.json lists the runs)")
    held = read_table(folder, "organizations", ["replicate", "quarter"]).drop_duplicates()
    quarters = sorted(held["quarter"].astype(str).unique())
    replicates = sorted(int(one) for one in held["replicate"].unique())
    if not quarters:
        raise InputError(f"{folder}: the run recorded no organisations")
    faults = [
        Fault(f"{dashes}{option}", 0, 0, "", said)
        for option, said in (
            ("quarter", _wrong_quarter(quarter, quarters)),
            ("replicate", _wrong_replicate(replicate, replicates)),
            ("market", _wrong_market(folder, market)),
            *(("forms", _wrong_form(form)) for form in forms),
        )
        if said
    ]
    if faults:
        raise InputError(faults)
    chosen = quarters[-1] if quarter is None else str(Quarter.parse(str(quarter)))
    asked = tuple(form for form in TIE_FORMS if form in forms)
    return Choice(str(manifest.get("scenario", "")), chosen, replicate, market, asked, quarters, replicates)


def open_tables(folder: Path, replicate: int, choice: Choice) -> Tables:
    """Read one replicate with the ties that were chosen."""
    from oncsim.networks.tables import read_replicate

    tables = read_replicate(folder, replicate, choice.quarters, choice.forms, choice.market)
    if replicate == choice.replicate and tables.ties.empty:
        which = f" ({choice.words})" if choice.words else ""
        raise InputError(f"{folder}: replicate {replicate} has no ties in force in any quarter{which}")
    return tables


def _wrong_quarter(quarter: Quarter | str | None, quarters: list[str]) -> str:
    if quarter is None:
        return ""
    try:
        found = str(Quarter.parse(str(quarter)))
    except ValueError as error:
        return str(error)
    if found in quarters:
        return ""
    return f"{found} is outside the run ({quarters[0]} to {quarters[-1]})"


def _wrong_replicate(replicate: int, replicates: list[int]) -> str:
    if replicate in replicates:
        return ""
    known = f"{replicates[0]} to {replicates[-1]}" if len(replicates) > 1 else f"the run has only {replicates[0]}"
    return f"no replicate {replicate} ({known})"


def _wrong_market(folder: Path, market: str) -> str:
    if not market:
        return ""
    known = sorted(str(one) for one in read_table(folder, "zones", ["market"])["market"].unique())
    if market in known:
        return ""
    listed = f"one of {', '.join(known)}" if len(known) <= _LISTED else f"one of {len(known)}, such as {known[0]}"
    return f"no market {market!r} in the table of zones ({listed}{did_you_mean(market, known)})"


def _wrong_form(form: str) -> str:
    if form in TIE_FORMS:
        return ""
    return f"no form of tie {form!r} (one of {', '.join(TIE_FORMS)}{did_you_mean(form, TIE_FORMS)})"
