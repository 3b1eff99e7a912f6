"""Tracing many functions: which fit into the time, side by side, in memory that does not grow."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest

from collectors.base import process
from collectors.base.toolchain import Toolchain
from collectors.passes import changes as ir_changes
from collectors.passes.changes import PASSES, IrTrace
from collectors.passes.spill import BATCH_ROWS, Rows
from collectors.source_loops import forest
from collectors.source_loops.forest import Function
from corr.collect import pass_traces
from corr.console.progress import Progress, duration
from tests.support.command import Corr

SOURCE = Path(__file__).resolve().parents[1] / "fixtures" / "ir" / "kernels.c"
KEYS = {1: "saxpy/1", 2: "nested/1", 3: "nested/1.1", 4: "nested/2", 5: "small/1", 6: "small/1.1"}
NAMES = ("saxpy", "nested", "small", "first")


def functions(*sizes: int) -> list[Function]:
    return [Function(f"f{n}", False, instructions=size) for n, size in enumerate(sizes)]


# --- what is traced -----------------------------------------------------------------------


def test_deep_takes_everything_that_fits() -> None:
    planned = pass_traces.plan(functions(10, 20, 30), ["f1"], True, 1000.0, 4)
    assert planned.groups == (("f2", "f1", "f0"),) and not planned.skipped
    assert planned.missing == 0 and 0 < planned.cpu == pytest.approx(planned.wall)


def test_without_deep_only_hot_functions_are_traced() -> None:
    planned = pass_traces.plan(functions(10, 20, 30), ["f1", "elsewhere"], False, 1000.0, 4)
    assert planned.groups == (("f1",),) and not planned.skipped


def test_what_does_not_fit_is_counted_and_its_time_told() -> None:
    many = functions(*[1000] * 500)
    cost = pass_traces.trace_seconds(many)
    planned = pass_traces.plan(many, ["f400", "f7"], True, 3000.0, 2)
    traced = {name for group in planned.groups for name in group}
    assert {"f400", "f7"} <= traced and len(planned.groups) == 2
    assert planned.chosen + len(planned.skipped) == 500 and planned.chosen > 2
    assert traced.isdisjoint(planned.skipped)
    assert planned.missing == pytest.approx(sum(cost[n] for n in planned.skipped))
    assert 3000.0 - cost["f0"] <= planned.cpu <= 3000.0
    assert planned.wall < 0.6 * planned.cpu


def test_no_time_traces_nothing() -> None:
    planned = pass_traces.plan(functions(1000, 1000), ["f0"], True, 0.0, 2)
    assert planned.groups == () and set(planned.skipped) == {"f0", "f1"}


# --- rows ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tagged(tools: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deep")
    plain, out = folder / "plain.ll", folder / "tagged.ll"
    front = ["-Xclang", "-disable-llvm-passes", "-fno-discard-value-names", "-S", "-emit-llvm"]
    done = process.run([tools.path("clang"), "-O3", "-g", *front, SOURCE, "-o", plain])
    assert done.ok, done.last_lines()
    forest.tag_blocks(plain, forest.read(plain, SOURCE.parent), out)
    return out


def traced(tools: Toolchain, tagged: Path, *groups: tuple[str, ...]) -> tuple[IrTrace, list[int]]:
    planned = pass_traces.Plan(groups, (), 1.0, 1.0, 0.0)
    argv = [tools.path("clang"), "-O3"]
    told: list[int] = []
    trace = pass_traces.trace(argv, tagged, KEYS, planned, True, "kernels.c", None, told.append)
    return trace, told


def about(rows: pa.Table, function: str) -> list[dict]:
    """A function's rows in order, without their places in the whole trace."""
    kept = [row for row in rows.to_pylist() if row["function"] == function]
    return [{k: v for k, v in row.items() if k != "sequence"} for row in kept]


def test_a_function_has_the_same_rows_alone_in_a_group_and_with_all(
    tools: Toolchain, tagged: Path
) -> None:
    together, _ = traced(tools, tagged, NAMES)
    split, told = traced(tools, tagged, NAMES[:2], NAMES[2:])
    assert together.problems == split.problems == []
    for name in NAMES:
        alone, _ = traced(tools, tagged, (name,), ("small",) if name == "saxpy" else ("saxpy",))
        for part in ("passes", "changes"):
            rows = about(getattr(alone, part), name)
            assert len(rows) > 20
            assert rows == about(getattr(split, part), name), (name, part)
            assert rows == about(getattr(together, part), name), (name, part)
    assert told and told == sorted(told) and told[-1] <= len(split.passes)


def test_the_sequence_runs_on_from_group_to_group(tools: Toolchain, tagged: Path) -> None:
    split, _ = traced(tools, tagged, NAMES[:1], NAMES[1:3], NAMES[3:])
    passes = split.passes.to_pylist()
    assert [row["sequence"] for row in passes] == list(range(1, len(passes) + 1))
    named = {row["sequence"]: (row["pass"], row["function"]) for row in passes if row["changed"]}
    changes = split.changes.to_pylist()
    assert {r["sequence"]: (r["pass"], r["function"]) for r in changes} == named


def test_rows_on_the_disk_are_the_rows_in_memory() -> None:
    given = [{"unit": "u", "sequence": n, "pass": f"p{n % 7}"} for n in range(3 * BATCH_ROWS + 5)]
    held, spilled = Rows(PASSES), Rows(PASSES, held_bytes=1000)
    before = pa.total_allocated_bytes()
    for row in given:
        spilled.append(row)
    table = spilled.finish()
    # what is left in memory are the columns that no batch holds any more
    assert pa.total_allocated_bytes() - before < 0.2 * table.nbytes
    for row in given:
        held.append(row)
    assert table.equals(held.finish()) and len(table) == spilled.count == len(given)
    assert table.equals(PASSES.rows(given))
    assert table.schema.equals(PASSES.schema, check_metadata=True)


def peak_of(events: int) -> int:
    """Peak of Python's memory while a stream of so many passes over one function is parsed."""
    texts = [f"define void @f() {{\n  store i32 {n}, ptr @g\n  ret void\n}}\n" for n in (1, 2)]
    one = "".join(f"*** IR Dump After P{n} on f ***\n{texts[n]}" for n in (0, 1)).encode()
    start = f"*** IR Dump At Start ***\n{texts[1]}".encode()
    left = events // 2

    class Stream(io.RawIOBase):
        def read(self, _size: int = -1) -> bytes:
            nonlocal start, left
            block, start = start, b""
            if not block and left:
                left -= 50
                block = one * 50
            return block

    tracemalloc.start()
    try:
        trace = ir_changes.parse(Stream(), {}, "u")  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert trace.problems == [] and len(trace.changes) == len(trace.passes) == events
    return peak


@pytest.mark.slow
def test_memory_does_not_grow_with_the_dump() -> None:
    assert peak_of(5 * BATCH_ROWS) < 1.3 * peak_of(2 * BATCH_ROWS)


# --- what is said of it -------------------------------------------------------------------


def test_a_long_step_says_how_long_it_will_take(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        with progress.amount("passes over big", 100, 720.0) as done:
            done(50)
        with progress.amount("passes over little", 100, 7.0):
            pass
    assert capsys.readouterr().err == "passes over big, about 12 min …\n"
    assert [duration(s) for s in (7.4, 99, 720, 70_000)] == ["7 s", "99 s", "12 min", "19 h"]


def test_the_time_for_deep_is_the_users(corr: Corr, tmp_path: Path) -> None:
    (tmp_path / "two.c").write_text(
        "int f(int n) { return n * n; }\nint main(void) { return f(0); }\n"
    )
    none = corr("collect", "two.c", "--deep", "--deep-minutes", "0", cwd=tmp_path)
    assert none.returncode == 0 and "2 functions of two.c: passes not traced" in none.stderr
    some = corr("collect", "two.c", "--deep", cwd=tmp_path)
    assert some.returncode == 0 and "not traced" not in some.stderr
