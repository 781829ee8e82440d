"""Run folders: the form of their tables, how they are written, and how they are read back."""

from oncsim.results.reading import Run, open_run, read_table

__all__ = ["Run", "open_run", "read_table"]
