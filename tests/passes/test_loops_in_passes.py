"""Loops followed through the passes: vectorised, unrolled, left, deleted."""

from __future__ import annotations

import io
import re

import pytest

from collectors.passes import changes as ir_changes
from collectors.passes.changes import IrTrace
from tests.support.pass_traces import NUMBERED, changes, lines_of, places


@pytest.mark.slow
def test_a_vectorised_loop_keeps_its_source_loop(live: IrTrace) -> None:
    (row,) = changes(live, "LoopVectorizePass", "saxpy")
    where = places(row)
    assert where["vector.body:"] == where["corr1.for.body:"] == "saxpy/1"
    for name in ("vector.ph:", "middle.block:", "scalar.ph:", "corr1.for.body.preheader:"):
        assert where.get(name) is None, name
    assert "vector.ph:" in where and "middle.block:" in where
    assert row["loops"] == ["saxpy/1"]


@pytest.mark.slow
def test_a_vector_loop_that_replaced_an_inner_loop(live: IrTrace) -> None:
    """The scalar loop is gone or dead here, so only the way in tells which loop it was."""
    (row,) = changes(live, "LoopVectorizePass", "nested")
    where = places(row)
    assert where["vector.body:"] == "nested/1.1"
    assert where["vector.ph:"] == where["middle.block:"] == "nested/1"
    assert row["loops"] == ["nested/1", "nested/1.1"]


@pytest.mark.slow
def test_an_unrolled_body_stays_with_its_loop(live: IrTrace) -> None:
    unrolled = changes(live, "LoopUnrollPass", "nested")[0]
    assert places(unrolled)["corr4.for.body15:"] == "nested/2"
    assert {"nested/1.1", "nested/2"} <= set(unrolled["loops"])
    (again,) = changes(live, "LoopUnrollPass", "small")
    copies = [x["loop"] for x in lines_of(again) if x["op"] == "+" and " xor " in x["text"]]
    # The inner loop is long gone: its three copies execute once an iteration of the outer one.
    assert len(copies) == 9 and set(copies) == {"small/1"} == set(again["loops"])
    gone = [r for r in live.changes.to_pylist() if "LoopFullUnrollPass" in r["also"]]
    assert [r["function"] for r in gone] == ["small"] and "small/1.1" in gone[0]["loops"]


@pytest.mark.slow
def test_machine_blocks_carry_the_loop(live: IrTrace) -> None:
    (row,) = changes(live, "x86-isel", "saxpy")
    where = {re.sub(r"^bb\.\d+\.", "", name): loop for name, loop in places(row).items()}
    assert where["vector.body:"] == where["corr1.for.body:"] == "saxpy/1"
    assert where["vector.ph:"] is where["corr1.for.cond.cleanup:"] is None


@pytest.mark.slow
def test_what_leaves_the_loop_is_not_in_it(live: IrTrace) -> None:
    """`return i * 3 + x[n]` stands in the loop's text and executes after it."""
    (row,) = changes(live, "x86-isel", "first")
    loads = [x["loop"] for x in lines_of(row) if "(load " in x["text"]]
    assert loads == ["first/1", None]


def test_licm_moves_a_line_out_of_the_loop(recorded: IrTrace) -> None:
    rotated = [r for r in recorded.passes.to_pylist() if r["scope"] == "loop"]
    assert {r["loop"] for r in rotated} >= {"saxpy/1", "nested/1", "nested/1.1", "nested/2"}
    rows = changes(recorded, "LICMPass", "nested")
    ops = {(x["op"], x["loop"]) for r in rows for x in lines_of(r) if x["op"] != " "}
    assert ("-", "nested/1.1") in ops and ("+", "nested/1") in ops


def test_a_pass_that_deletes_its_loop_is_named_by_the_next_change() -> None:
    text = NUMBERED.replace("7:", "out:").replace("%7", "%out")
    banner = "*** IR Dump {} ***\n"
    stream = banner.format("At Start") + text + "\n"
    stream += "*** IR Dump After LICMPass on loop %4 in function f omitted because no change ***\n"
    stream += "*** IR Pass SimpleLoopUnswitchPass invalidated ***\n"
    stream += banner.format("After SROAPass on f") + text.replace("sub", "add") + "\n"
    trace = ir_changes.parse(io.BytesIO(stream.encode()), {}, "u")
    rows = trace.passes.to_pylist()
    assert [(r["pass"], r["changed"]) for r in rows] == [
        ("LICMPass", False), ("SimpleLoopUnswitchPass", None), ("SROAPass", True),
    ]  # fmt: skip
    assert trace.changes["also"].to_pylist() == [["SimpleLoopUnswitchPass"]]


def test_a_print_of_a_loop_alone_replaces_its_blocks() -> None:
    banner = "*** IR Dump {} ***\n"
    part = "\n; Preheader:\nentry:\n  %1 = load i32, ptr %p, align 4\n  %2 = add i32 %1, %0\n"
    part += "  %3 = mul i32 %2, %1\n  %new = xor i32 %2, 5\n  br label %4\n\n; Loop:\n4:\n"
    part += "  %5 = phi i32 [ %3, %entry ], [ %6, %4 ]\n  %6 = sub i32 %5, %new\n"
    part += "  %c = icmp eq i32 %6, 0\n  br i1 %c, label %7, label %4\n"
    stream = banner.format("At Start") + NUMBERED + "\n"
    stream += banner.format("After LICMPass on loop %4 in function f") + part
    stream += banner.format("After NextPass on f") + NUMBERED + "\n"
    trace = ir_changes.parse(io.BytesIO(stream.encode()), {}, "u")
    assert trace.problems == []
    first, second = trace.changes.to_pylist()
    assert (first["lines_added"], first["lines_removed"]) == (2, 1)
    assert (first["instructions_before"], first["instructions_after"]) == (9, 10)
    assert (second["lines_added"], second["lines_removed"]) == (1, 2)
