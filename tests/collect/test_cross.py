"""A program for another processor: its static layers, on a machine that cannot link or run it."""

from __future__ import annotations

import pytest

from corr.lake.sql import connect, rows
from corr.lake.store import Lake
from corr.summary.summarise import summarise
from tests.conftest import Corr

SOURCE = """\
typedef unsigned long size_t;
double sin(double);
void axpy(double *restrict y, const double *restrict x, double a, size_t n) {
  for (size_t i = 0; i < n; i++)
    y[i] += a * x[i];
}
double column(const double *a, size_t rows, size_t columns) {
  double s = 0;
  for (size_t i = 0; i < rows; i++)
    s += a[i * columns];
  return s;
}
void each(double *x, size_t n) {
  for (size_t i = 0; i < n; i++)
    x[i] = sin(x[i]);
}
"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Lake:
    folder = tmp_path_factory.mktemp("cross")
    (folder / "k.c").write_text(SOURCE)
    flags = ("--target=aarch64-linux-musl", "-O3", "-mcpu=neoverse-n1")
    done = corr("collect", "--no-run", "k.c", "--", *flags, cwd=folder)
    assert done.returncode == 0, done.stderr
    return Lake.open(folder / "data")


def test_every_static_layer_is_there(lake: Lake) -> None:
    connection = connect(lake)
    for table in ("loops", "remarks", "instructions", "machine_loops", "lines", "mca", "opcodes"):
        assert rows(connection, f"SELECT count(*) AS n FROM {table}")[0]["n"], table
    found = rows(
        connection,
        "SELECT loop, max(l.vector_bits) AS bits, any_value(cpu) AS cpu, bool_or(calls) AS calls"
        " FROM machine_loops l JOIN mca USING (run_id, machine_loop) GROUP BY loop",
    )
    assert {row["loop"] for row in found} == {"axpy/1", "column/1", "each/1"}
    assert {row["cpu"] for row in found} == {"neoverse-n1"}
    by_loop = {row["loop"]: row for row in found}
    assert by_loop["axpy/1"]["bits"] == 128
    assert by_loop["each/1"]["bits"] is None and by_loop["each/1"]["calls"]
    (line,) = rows(connection, "SELECT DISTINCT line FROM instructions WHERE kind = 'fma'")
    assert line["line"] == 5


def test_calls_keep_the_names_of_functions_that_are_missing(lake: Lake) -> None:
    calls = rows(connect(lake), "SELECT operands FROM instructions WHERE kind = 'call'")
    assert {row["operands"].partition("<")[2] for row in calls} == {"sin@plt>"}


def test_what_was_left_out_is_said(lake: Lake) -> None:
    problems = rows(connect(lake), "SELECT layer, what FROM problems")
    assert any("without start-up code" in row["what"] for row in problems)
    assert not any(row["layer"] == "mca" for row in problems)


def test_the_summary_reads_the_memory_accesses(lake: Lake) -> None:
    text = summarise(lake, lake.find(), budget=20_000).text
    assert "line 5: 1 load of 32 bytes, moving 32 bytes (dense) (2×)" in text
    walk = "SELECT DISTINCT moves FROM instructions WHERE symbol = 'column' AND load_bytes = 8"
    assert {"moves": "at run time"} in rows(connect(lake), walk)
