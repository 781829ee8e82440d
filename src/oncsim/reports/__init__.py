"""Figures and self-contained HTML pages made from run folders; nothing here touches a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_compare_report", "write_report"]


def write_report(run_folder: Path) -> Path:
    """Write ``figures/`` and ``report.html`` into a run folder and return the path of the page.

    Parameters
    ----------
    run_folder : Path
        A folder as ``oncsim run`` leaves it; only ``metrics`` must be there, whatever else is missing is
        said.

    Raises
    ------
    oncsim.errors.InputError
        When the folder holds no table of metrics or a table cannot be read.
    """
    from oncsim.reports.html import write_report as write

    return write(run_folder)


def write_compare_report(folder: Path) -> Path:
    """Write ``figures/`` and ``report.html`` into a comparison folder and return the path of the page.

    Parameters
    ----------
    folder : Path
        A folder as ``oncsim compare`` leaves it, with ``differences.parquet`` (or ``.csv``).

    Raises
    ------
    oncsim.errors.InputError
        When the folder holds no table of differences or it cannot be read.
    """
    from oncsim.reports.comparison import write_compare_report as write

    return write(folder)
