"""Traces that are cut, empty or mixed with messages, and compilers that fail."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base.toolchain import Toolchain
from collectors.passes import changes as ir_changes
from collectors.passes.changes import PASSES, IrTrace
from collectors.passes.stream import dumps, raw_lines
from tests.support.pass_traces import NUMBERED, dump, parsed


def test_nothing_to_trace(tools: Toolchain, tmp_path: Path) -> None:
    empty = ir_changes.collect([tools.path("clang")], tmp_path / "none.ll", {}, set(), "u")
    assert empty.passes.num_rows == 0 and empty.problems == []
    silent = parsed(b"")
    assert silent.passes.num_rows == 0
    assert [p.what for p in silent.problems] == ["no pass was traced"]


def test_an_unknown_function_is_a_problem() -> None:
    trace = parsed(dump(22), {"no_such_function"})
    assert trace.changes.num_rows == 0
    assert [p.what for p in trace.problems] == ["none of the wanted functions is defined here"]


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.9, 0.999])
def test_a_cut_trace_keeps_what_came_before(share: float, recorded: IrTrace) -> None:
    data = dump(22)
    cut = data[: int(len(data) * share)]
    trace = parsed(cut)
    kept = trace.passes.num_rows
    assert 0 <= kept <= recorded.passes.num_rows
    full = recorded.passes.slice(0, max(0, kept - 2))  # the last dump may be the cut one
    assert trace.passes.slice(0, full.num_rows).equals(full)
    if not re.search(
        rb"(?:^\*\*\* .*|^}|^# End machine.*)\n*$", cut[cut.rfind(b"\n", 0, -1) + 1 :]
    ):
        assert any("cut off" in p.what for p in trace.problems)


@settings(max_examples=40)
@given(st.binary(max_size=200), st.integers(0, 100))
def test_garbage_is_survived(junk: bytes, percent: int) -> None:
    data = SMALL
    at = len(data) * percent // 100
    trace = ir_changes.parse(io.BytesIO(data[:at] + junk + data[at:]), {}, "u")
    assert trace.passes.schema == PASSES.schema


SMALL = (
    "*** IR Dump At Start ***\n" + NUMBERED + "\n"
    "*** IR Dump After SROAPass on f ***\n" + NUMBERED.replace("mul", "shl") + "\n"
    "*** IR Pass PassManager<Function> on f ignored ***\n"
    "*** IR Dump After GVNPass on other filtered out ***\n"
    "*** IR Pass LoopDeletionPass invalidated ***\n"
    "*** IR Deleted After GlobalDCEPass on [module] ***\n"
).encode()


def test_messages_of_the_compiler_between_and_inside_dumps() -> None:
    inside = SMALL.replace(b"4:\n", b"a.c:3:1: remark: vectorized loop [-Rpass=x]\n4:\n")
    between = inside.replace(b"*** IR Pass Pass", b"1 warning generated.\n*** IR Pass Pass")
    clean, noisy = (ir_changes.parse(io.BytesIO(d), {}, "u") for d in (SMALL, between))
    assert noisy.problems == [] and noisy.changes.equals(clean.changes)
    assert clean.changes["pass"].to_pylist() == ["SROAPass", "GlobalDCEPass"]
    assert clean.changes["instructions_after"].to_pylist() == [9, 0]


def test_a_compiler_that_fails_leaves_a_problem(tools: Toolchain, tmp_path: Path) -> None:
    (tmp_path / "bad.ll").write_text("define i32 @f() {\n  ret nonsense\n}\n")
    trace = ir_changes.collect([tools.path("clang"), "-O2"], tmp_path / "bad.ll", {}, None, "u")
    assert trace.passes.num_rows == 0
    assert any("failed" in p.what for p in trace.problems)


@pytest.mark.slow
def test_a_compiler_that_dies_midway(tmp_path: Path) -> None:
    fake = tmp_path / "clang"
    (tmp_path / "out").write_bytes(SMALL)
    fake.write_text(f"#!/bin/sh\ncat {tmp_path}/out >&2\nkill -9 $$\n")
    fake.chmod(0o755)
    (tmp_path / "in.ll").write_text("")
    trace = ir_changes.collect([fake], tmp_path / "in.ll", {}, None, "u")
    assert trace.changes.num_rows == 2
    assert any("failed" in p.what for p in trace.problems)


def test_the_reader_skips_functions_that_are_not_wanted() -> None:
    lines = raw_lines(io.BytesIO(dump(22)))
    events = list(dumps(lines, {"saxpy"}.__contains__, lambda what: pytest.fail(what)))
    printed = [d for e in events for d in e.dumps if not d.skeleton]
    assert {d.function for d in printed} == {"saxpy"}
    start = [d.function for d in events[0].dumps]
    assert start == ["saxpy", "nested", "small", "first"]
