"""Loops of OpenMP directives are counted as those of the same program without the directives."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pytest

from collectors.base import process
from collectors.base.invocation import Invocation
from collectors.base.toolchain import Toolchain
from collectors.measured import directed_counts, worksharing
from collectors.measured.execution import EXECUTION_REGIONS
from collectors.measured.trips import Shared, trips
from tests.measured.test_execution import LOOP, region

SOURCE = Path(__file__).parents[1] / "fixtures/openmp/shared.c"
TEXT = SOURCE.read_text().splitlines()


def line_of(text: str, after: str = "") -> int:
    """The first line with this text, after the first one with that."""
    first = next(n for n, line in enumerate(TEXT, 1) if after in line)
    return next(n for n, line in enumerate(TEXT, 1) if n > first and text in line)


#: The fixture's loops, and statements that are counted with them.
SIMD, OUTER = line_of("for", "omp simd"), line_of("for", "double s")
INNER, IN_BRANCH = line_of("j < m"), line_of("b[i] = k")


@pytest.fixture(scope="module")
def runs(corr, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[dict]]]:
    """Loops, trips and lines of the fixture, with the directives and without."""
    found = {}
    for label, flags in (("parallel", ["-fopenmp"]), ("serial", ["-Wno-unknown-pragmas"])):
        folder = tmp_path_factory.mktemp(label)
        (folder / "shared.c").write_bytes(SOURCE.read_bytes())
        done = corr("collect", "shared.c", "--repeat", "1", "--", "-O1", *flags, cwd=folder)
        assert done.returncode == 0, done.stderr
        assert "it forks" not in done.stdout + done.stderr
        found[label] = {
            name: json.loads(corr("sql", sql, "--format", "json", cwd=folder).stdout)
            for name, sql in {
                "trips": "SELECT l.line, t.* FROM trips t JOIN loops l ON l.key = t.loop_key",
                "lines": "SELECT line, count FROM execution WHERE file = 'shared.c'",
            }.items()
        }
    return found


def by_line(rows: list[dict]) -> dict[int, dict]:
    """A loop that threads come back to is two of one place."""
    return {row["line"]: row for row in rows}


def test_entries_and_iterations_are_those_of_the_serial_program(runs) -> None:
    parallel, serial = (by_line(runs[label]["trips"]) for label in ("parallel", "serial"))
    collapsed = [line for line in serial if line not in parallel]
    assert len(collapsed) == 1  # the inner loop of two that are one
    for line, row in parallel.items():
        expected = serial[line]
        if line in collapsed or line == SIMD:
            continue
        if row["iterations"] != expected["iterations"]:
            assert line == collapsed[0] - 1  # which has the iterations of both
            assert row["iterations"] == serial[collapsed[0]]["iterations"]
        if row["entries"] is None:
            assert "the same counter" in row["reason"]
        else:
            assert row["entries"] == expected["entries"], line


def test_what_nothing_shares_out_is_not_known(runs) -> None:
    row = by_line(runs["parallel"]["trips"])[SIMD]
    assert row["iterations"] is None and "directive" in row["reason"]
    # and clang adds its turns to the counter of main
    outer = by_line(runs["parallel"]["trips"])[OUTER]
    assert outer["entries"] is None and outer["iterations"] == 20


def test_lines_are_counted_as_those_of_the_serial_program(runs) -> None:
    parallel, serial = (
        {row["line"]: row["count"] for row in runs[label]["lines"]} for label in runs
    )
    assert serial[INNER] == parallel[INNER] == 20 * 3000 * 71
    assert parallel[IN_BRANCH] == serial[IN_BRANCH] == 20 * 1000
    wrong = {
        line: (count, serial[line])
        for line, count in parallel.items()
        if count is not None and line in serial and count != serial[line]
    }
    # a pragma's own lines, and the header of loops that are one
    assert all("for (int" in TEXT[line - 1] or "#" in TEXT[line - 1] for line in wrong), wrong
    assert len(wrong) <= 4


def test_a_loop_that_never_ran_has_no_turns() -> None:
    loop = {"key": "f/1", "function": "f", "unit": None, "file": "/src/a.c", "directive": 1}
    place = {"line": 2, "column": 3, "end_line": 4, "end_column": 3, "depth": 1, "collapsed": 1}
    loops = pa.Table.from_pylist([loop | place])
    for counts, expected in ((0, (0, 0)), (3, (None, None))):
        regions = [r | {"count": r["count"] and counts} for r in LOOP]
        table = pa.Table.from_pylist(regions, schema=EXECUTION_REGIONS.schema)
        (row,) = trips(loops, table).to_pylist()
        assert (row["entries"], row["iterations"]) == expected


def test_counts_are_added_up_and_lines_that_are_none_passed_over(tmp_path: Path) -> None:
    counts = tmp_path / "counts"
    lines = [
        "2 10 ;a.c;main;4;1;;", "1 5 ;a.c;main;4;1;;", "1 7 ;x;y.c;f(int);9;1;;",
        "", "1 2", "x 1 ;a.c;main;4;1;;", "1 1 ;a.c;main;4", "9" * 30 + " 1 ;a.c;m;4;1;;",
    ]  # fmt: skip
    counts.write_bytes("\n".join(lines).encode() + b"\n\xff\xfe;")
    assert worksharing.read(counts).to_pylist() == [
        {"file": "a.c", "line": 4, "entries": 3, "iterations": 15},
        {"file": "x;y.c", "line": 9, "entries": 1, "iterations": 7},
    ]
    assert len(worksharing.read(tmp_path / "nothing")) == 0


def test_a_child_counts_its_own(tools: Toolchain, tmp_path: Path) -> None:
    source = tmp_path / "f.c"
    source.write_text(
        "#include <stdlib.h>\n#include <unistd.h>\n#include <sys/wait.h>\nint a[99];\n"
        "static void work(int n) {\n#pragma omp parallel for num_threads(1)\n"
        "for (int i = 0; i < n; i++) a[i]++; }\n"
        "int main(void) { work(10); if (!fork()) { work(3); exit(0); } wait(0); return 0; }\n"
    )
    binary = tmp_path / "f"
    made = process.run([tools.path("clang"), "-g", "-O1", "-fopenmp", source, "-o", binary])
    assert made.ok, made.last_lines()
    with worksharing.counting(tools) as (environment, counts):
        assert Invocation(binary).run(additions=environment).ok
        (row,) = worksharing.read(counts).to_pylist()
    assert (row["line"], row["entries"], row["iterations"]) == (6, 2, 13)


def test_what_was_preloaded_stays(tools: Toolchain) -> None:
    with worksharing.counting(tools, "libother.so") as (environment, _):
        assert environment["LD_PRELOAD"].endswith(".so libother.so")


def test_a_folder_that_no_loader_takes(
    tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "with a space").mkdir()
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path / "with a space"))
    with worksharing.counting(tools) as (environment, counts):
        assert environment == {} and len(worksharing.read(counts)) == 0


def test_an_unknown_body_is_null_not_zero() -> None:
    loop = {
        "key": "f/1", "function": "f", "unit": None, "file": "/src/a.c", "line": 2, "column": 3,
        "end_line": 4, "end_column": 3, "depth": 1, "directive": 1, "collapsed": 1,
    }  # fmt: skip
    inner = region("code", (3, 9), (3, 12), 4)
    counted = {
        "execution": pa.table({"file": ["/src/a.c"] * 3, "line": [2, 3, 4], "count": [2, 4, 2]}),
        "execution_regions": pa.Table.from_pylist([*LOOP, inner]),
    }
    for known, expected in ((None, [None, None, None]), (Shared(2, 10), [12, 10, 10])):
        shared = {} if known is None else {"f/1": known}
        tables = directed_counts.mended(counted, pa.Table.from_pylist([loop]), shared)
        assert tables["execution"]["count"].to_pylist() == expected
        assert tables["execution_regions"]["count"].to_pylist()[-1] == 4


def test_what_cannot_be_counted_is_said(
    tmp_path: Path, corr, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "with a space").mkdir()
    (tmp_path / "shared.c").write_bytes(SOURCE.read_bytes())
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path / "with a space"))
    arguments = ("collect", "shared.c", "--repeat", "1", "--", "-O1", "-fopenmp")
    done = corr(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    asked = "SELECT what, fix FROM problems WHERE layer = 'execution' AND \"where\" = 'OpenMP'"
    (row,) = json.loads(corr("sql", asked, "--format", "json", cwd=tmp_path).stdout)
    assert "not counted" in row["what"] and "TMPDIR" in row["fix"]
    turns = "SELECT count(*) AS n FROM trips WHERE reason LIKE '%of this OpenMP directive%'"
    (found,) = json.loads(corr("sql", turns, "--format", "json", cwd=tmp_path).stdout)
    assert found["n"] > 3


FIRST = """double b(int);
static double x[5000];
static double work(int n) {
  double s = 0;
#pragma omp parallel for
  for (int i = 0; i < n; i++)
    for (int j = 0; j < 7; j++) x[i] += j;
  for (int i = 0; i < n; i++) s += x[i];
  return s;
}
int main(void) {
  double s = 0;
  for (int r = 0; r < 50; r++) s += work(5000) + b(3000);
  return s == 1;
}
"""
SECOND = """static double y[5000];
static double work(int n) {
#pragma omp parallel for
  for (int i = 0; i < n; i++)
    for (int j = 0; j < 3; j++) y[i] += j;
  return y[n / 2];
}
double b(int n) { return work(n); }
"""


def test_functions_of_one_name_in_two_units(tmp_path: Path, corr) -> None:
    (tmp_path / "a.c").write_text(FIRST)
    (tmp_path / "b.c").write_text(SECOND)
    arguments = ("collect", "a.c", "b.c", "--repeat", "1", "--", "-O1", "-fopenmp")
    done = corr(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    asked = "SELECT loop_key, entries, iterations FROM trips WHERE loop_key LIKE '%omp%'"
    rows = json.loads(corr("sql", asked, "--format", "json", cwd=tmp_path).stdout)
    found = {r["loop_key"].partition("@")[2]: (r["entries"], r["iterations"]) for r in rows}
    assert found == {
        "a.c/1": (50, 250_000), "a.c/1.1": (250_000, 1_750_000),
        "b.c/1": (50, 150_000), "b.c/1.1": (150_000, 450_000),
    }  # fmt: skip
