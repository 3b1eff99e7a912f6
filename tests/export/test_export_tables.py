"""Tables and views written as Parquet and CSV, read by pandas."""

from __future__ import annotations

from pathlib import Path

import pandas
import pyarrow.parquet as pq
import pytest

from collectors.base.errors import CorrError, UsageError
from corr.export import table
from corr.lake.sql import views
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import TABLES
from tests.support.export_lakes import HOT


def test_every_table_and_view_is_written_as_parquet(lake: Lake, tmp_path: Path) -> None:
    for name in [*TABLES, *(view.name for view in views())]:
        rows = table.rows(lake, name, None)
        table.write(rows, tmp_path / f"{name}.parquet")
        table.write(rows, tmp_path / f"{name}.csv")
        read = pq.read_table(tmp_path / f"{name}.parquet")
        assert read.num_rows == rows.num_rows and read.column_names == rows.column_names, name
        head = (tmp_path / f"{name}.csv").read_text().splitlines()[0]
        assert head.split(",") == rows.column_names


def test_pandas_reads_both(lake: Lake, run: RunInfo, tmp_path: Path) -> None:
    rows = table.rows(lake, "hotspots", run)
    for name in ("h.csv", "h.parquet"):
        table.write(rows, tmp_path / name)
    frame = pandas.read_csv(tmp_path / "h.csv")
    assert frame["loop"][0] == HOT == pandas.read_parquet(tmp_path / "h.parquet")["loop"][0]


def test_a_table_of_one_run_on_stdout(corr, gemm_lake: Path) -> None:
    both = corr("export", "table", "timings", cwd=gemm_lake).stdout.splitlines()
    one = corr("export", "table", "timings", "--run", "a", cwd=gemm_lake).stdout.splitlines()
    assert both[0] == one[0] and 1 < len(one) < len(both)


def test_what_cannot_be_written(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no table or view 'hotspot'") as error:
        table.rows(lake, "hotspot", None)
    assert error.value.fix == "did you mean hotspots?"
    with pytest.raises(UsageError, match="ending"):
        table.kind_of(tmp_path / "x.xlsx")
    with pytest.raises(CorrError, match="cannot write"):
        table.write(table.rows(lake, "runs", None), tmp_path / "none" / "x.csv")
    with pytest.raises(UsageError):
        table.rows(lake, 'runs"; DROP TABLE runs; --', None)
