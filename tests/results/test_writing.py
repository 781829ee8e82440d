"""Stored tables: order of the rows, types, and CSV that says the same as Parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncsim.results.forms import FORMS
from oncsim.results.reading import read_table
from oncsim.results.shaping import shape
from oncsim.results.writing import FlowSink, join, write_table

WORDS = st.text(alphabet='abzÄß0 ,"\n', max_size=4)


def metrics(groups: list[str], values: list[float]) -> pd.DataFrame:
    n = len(groups)
    return pd.DataFrame(
        {
            "quarter": ["2026Q1", "2026Q2"] * (n // 2) + ["2026Q1"] * (n % 2),
            "metric": ["b", "a"][: 1 + n % 2] * n if n == 0 else [["b", "a"][i % 2] for i in range(n)],
            "market": ["all"] * n,
            "group": groups,
            "value": np.array(values[:n], dtype=float),
        }
    )


@given(st.lists(WORDS, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_order_does_not_depend_on_how_rows_came(groups: list[str], shuffler) -> None:
    groups = sorted(set(groups))
    frame = metrics(groups, list(range(len(groups))))
    muddled = frame.sample(frac=1, random_state=shuffler.randint(0, 2**31))
    muddled["group"] = muddled["group"].astype("category")
    stored = shape("metrics", muddled)
    assert stored.equals(shape("metrics", frame))
    keys = list(zip(*(stored[key].to_pylist() for key in FORMS["metrics"].order), strict=True))
    assert keys == sorted(keys)


def test_events_keep_their_order_within_a_quarter() -> None:
    rows = [("2026Q2", "b"), ("2026Q1", "z"), ("2026Q1", "a"), ("2026Q2", "a")]
    frame = pd.DataFrame(rows, columns=["quarter", "event"])
    for column in ("actor", "other", "site", "text"):
        frame[column] = ""
    frame["amount"] = np.nan
    stored = shape("events", frame)
    assert stored["event"].to_pylist() == ["z", "a", "b", "a"]


def test_missing_text_is_empty_and_missing_numbers_stay_missing() -> None:
    frame = metrics([None, "x"], [np.nan, 1.0])  # type: ignore[list-item]
    stored = shape("metrics", frame).to_pandas()
    assert set(stored["group"]) == {"", "x"}
    assert stored["value"].isna().sum() == 1


def test_further_columns_are_kept_behind() -> None:
    frame = metrics(["a", "b"], [1.0, 2.0]).assign(note=pd.Categorical(["q", None]), size=[1, 2])
    assert shape("metrics", frame).column_names == [*FORMS["metrics"].columns, "note", "size"]


def test_missing_column_is_named() -> None:
    with pytest.raises(KeyError, match="table metrics: missing columns group, value"):
        shape("metrics", metrics(["a"], [1.0]).drop(columns=["group", "value"]))


@given(st.lists(WORDS, min_size=2, max_size=12), st.lists(st.floats(width=64), min_size=12, max_size=12))
def test_csv_and_parquet_read_back_alike(tmp_path_factory: pytest.TempPathFactory, groups, values) -> None:
    folder = tmp_path_factory.mktemp("both")
    part = folder / "part.parquet"
    write_table("metrics", metrics(groups, values), part)
    for suffix in ("parquet", "csv"):
        (folder / suffix).mkdir()
        join("metrics", [(0, part), (1, part)], folder / suffix / f"metrics.{suffix}")
    parquet, csv = (read_table(folder / suffix, "metrics") for suffix in ("parquet", "csv"))
    pd.testing.assert_frame_equal(parquet, csv)
    assert list(parquet["replicate"]) == [0] * len(groups) + [1] * len(groups)


def test_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    sink = FlowSink(tmp_path / "part.parquet")
    sink.close()
    for suffix in ("parquet", "csv"):
        assert join("flows", [(0, tmp_path / "part.parquet")], tmp_path / f"flows.{suffix}") == 0
    (tmp_path / "flows.parquet").unlink()
    assert list(read_table(tmp_path, "flows").columns) == ["replicate", *FORMS["flows"].columns]


def test_filter_on_reading(tmp_path: Path) -> None:
    frame = metrics(["a", "b"], [1.0, 2.0])
    frame["market"] = ["all", "m1"]
    write_table("metrics", frame, tmp_path / "metrics.parquet")
    assert list(read_table(tmp_path, "metrics", market="m1")["value"]) == [2.0]
