"""The joins on tiny tables written by hand: which loop does each fact belong to?"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from collectors.source_loops.loops import TWINS
from corr.collect import hottest
from corr.collect.join import attribute
from corr.lake.tables import TABLES
from corr.program.spelling import spell_files

#: kernel: two nested loops, lines 3–6 and 4–5; helper: one loop on one line; both in a.c
LOOPS = [
    {"key": "kernel/1", "function": "kernel", "file": "a.c", "line": 3, "column": 3,
     "end_line": 6, "end_column": 3, "depth": 1},
    {"key": "kernel/1.1", "function": "kernel", "file": "a.c", "line": 4, "column": 5,
     "end_line": 5, "end_column": 20, "depth": 2},
    {"key": "helper/1", "function": "helper", "file": "a.c", "line": 10, "column": 1,
     "end_line": 10, "end_column": 30, "depth": 1},
]  # fmt: skip


def joined(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    return attribute(tables)[0]


def facts(**rows: list[dict[str, Any]]) -> dict[str, pa.Table]:
    return {name: table.rows(rows.get(name, [])) for name, table in TABLES.items()} | {
        "loops": TABLES["loops"].rows(LOOPS)
    }


def instruction(address: int, *frames: tuple[str, int | None, int], **more: Any) -> dict[str, Any]:
    listed = [{"function": f, "file": "a.c", "line": n, "column": c} for f, n, c in frames]
    inner = listed[0]
    return {"address": address, "symbol": frames[-1][0], "frames": listed} | inner | more


@pytest.mark.parametrize(
    ("frames", "loop"),
    [
        ([("kernel", 5, 7)], "kernel/1.1"),
        ([("kernel", 4, 5)], "kernel/1.1"),  # the `for` itself belongs to its loop
        ([("kernel", 4, 2)], "kernel/1"),  # before it, on its line: the loop around
        ([("kernel", 6, 3)], "kernel/1"),
        ([("kernel", 7, 1)], None),
        ([("square", 1, 1), ("kernel", 5, 7)], "kernel/1.1"),  # inlined code without a loop
        ([("helper", 10, 9), ("kernel", 5, 7)], "helper/1"),  # inlined code with its own loop
        ([("other", 5, 7)], None),  # the same place in a function that does not own the loop
        ([("kernel", None, 0)], None),
    ],
)
def test_instructions(frames: list[tuple[str, int | None, int]], loop: str | None) -> None:
    done = joined(facts(instructions=[instruction(16, *frames)]))
    assert done["instructions"]["loop"].to_pylist() == [loop]


def test_instruction_without_a_line_follows_its_machine_loop() -> None:
    rows = [
        instruction(16, ("kernel", 5, 7), machine_loop=16),
        instruction(20, ("kernel", 5, 9), machine_loop=16),
        instruction(24, ("kernel", 3, 9), machine_loop=16),
        instruction(28, ("kernel", None, 0), machine_loop=16),
        instruction(32, ("kernel", None, 0)),
    ]
    done = joined(facts(instructions=rows))
    assert done["instructions"]["loop"].to_pylist() == [
        *("kernel/1.1", "kernel/1.1", "kernel/1", "kernel/1.1", None)
    ]


def test_remarks_prefer_the_function_they_name() -> None:
    rows = [
        {"function": "main", "file": "a.c", "line": 5, "column": 7, "count": 2},  # after inlining
        {"function": "kernel", "file": "a.c", "line": 3, "column": 3, "count": 1},
        {"function": "kernel", "file": None, "line": None, "count": 1},
        {"function": "kernel", "file": "b.c", "line": 5, "column": 7, "count": 1},
    ]
    done = joined(facts(remarks=rows))["remarks"]
    assert done["loop"].to_pylist() == ["kernel/1.1", "kernel/1", None, None]
    assert done["count"].to_pylist() == [2, 1, 1, 1], "nothing is lost or doubled"


def test_remarks_of_inlined_bodies_follow_the_code_of_the_function_they_name() -> None:
    """The body of a lambda is no loop; what became of it lies in the loop that calls it."""
    of_lambda = {"function": "kernel", "file": "a.c", "line": 20, "column": 9, "count": 1}
    both = {"function": "main", "file": "a.c", "line": 21, "column": 9, "count": 1}
    rows = [of_lambda, both, of_lambda | {"function": "other"}]
    code = [
        instruction(16, ("lambda", 20, 9), ("kernel", 5, 7)),
        instruction(20, ("lambda", 21, 9), ("kernel", 5, 7), ("main", 30, 1)),
        instruction(24, ("lambda", 21, 9), ("helper", 10, 9), ("main", 31, 1)),
    ]
    done = joined(facts(remarks=rows, instructions=code))["remarks"]
    assert done["loop"].to_pylist() == ["kernel/1.1", None, None], "two loops: not known"
    assert done["joined_by"].to_pylist() == ["machine code", None, None]


def test_a_reason_belongs_to_the_verdict_that_follows_it() -> None:
    def said(document: int, tag: str, line: int, function: str = "main") -> dict[str, Any]:
        place = {"file": "a.c", "line": line, "column": 5 if line == 4 else 99}
        facts = {"unit": "a.c", "pass": "loop-vectorize", "count": 1}
        return {"document": document, "tag": tag, "function": function} | place | facts

    rows = [
        said(1, "AnalysisFPCommute", 50, "kernel"),
        said(5, "Analysis", 51, "main"),
        said(9, "Missed", 4, "kernel"),
        said(12, "AnalysisFPCommute", 50, "kernel"),
    ]
    done = joined(facts(remarks=rows))["remarks"]
    assert done["loop"].to_pylist() == ["kernel/1.1", None, "kernel/1.1", None]
    assert done["joined_by"].to_pylist() == ["next remark", None, "place", None]


def test_lines_without_a_column() -> None:
    rows = [{"file": "a.c", "line": n, "count": n} for n in (2, 3, 4, 5, 6, 7, 10)]
    done = joined(facts(execution=rows))["execution"]
    assert done["loop"].to_pylist() == [
        *(None, "kernel/1", "kernel/1.1", "kernel/1.1", "kernel/1", None, "helper/1")
    ]


def test_samples_and_machine_loops() -> None:
    done = joined(
        facts(
            instructions=[
                instruction(16, ("kernel", 5, 7), machine_loop=16),
                instruction(20, ("kernel", 3, 9), machine_loop=16),
            ],
            machine_loops=[{"machine_loop": 16, "instructions": 2}],
            samples=[
                {"object": "p", "address": 16, "count": 3, "own": True},
                {"object": "p", "address": 20, "count": 4, "own": True},
                {"object": "libc.so", "address": 16, "count": 9, "own": False},
            ],
        )
    )
    assert sorted(zip(done["samples"]["loop"].to_pylist(), done["samples"]["count"].to_pylist(),
                      strict=True), key=str) == [
        ("kernel/1", 4), ("kernel/1.1", 3), (None, 9)
    ]  # fmt: skip
    (loop,) = done["machine_loops"].to_pylist()
    assert (loop["loop"], loop["samples"]) == ("kernel/1", 7)


def test_what_is_hot() -> None:
    tables = facts(
        instructions=[
            instruction(16, ("square", 1, 1), ("kernel", 5, 7), machine_loop=16),
            instruction(20, ("cold", 1, 1), machine_loop=20),
        ],
        machine_loops=[
            {"machine_loop": 16, "innermost": True, "symbol": "kernel"},
            {"machine_loop": 20, "innermost": True, "symbol": "cold"},
        ],
        samples=[
            {"object": "p", "address": 16, "count": 9999, "own": True},
            {"object": "p", "address": 20, "count": 1, "own": True},
        ],
    )
    found = hottest.find(tables["samples"], tables["instructions"], tables["machine_loops"])
    assert set(found.functions) == {"square", "kernel"} and found.machine_loops == {16}
    tables["samples"] = tables["samples"].slice(0, 0)
    found = hottest.find(tables["samples"], tables["instructions"], tables["machine_loops"])
    assert set(found.functions) == {"kernel", "cold"} and found.machine_loops == {16, 20}


def test_files_are_spelled_one_way(tmp_path: Any) -> None:
    place = pa.struct([pa.field("file", pa.string()), pa.field("line", pa.int64())])
    table = pa.table(
        {
            "file": pa.array(["x.c", str(tmp_path / "s/../x.c"), "/usr/y.h", None]),
            "other": pa.array(["x.c"] * 4),
            "args": pa.array(
                [[{"file": "x.c", "line": 1}], [], None, [None, {"file": None, "line": 2}]],
                pa.list_(place),
            ),
        }
    )
    done = spell_files(table, tmp_path / "b", tmp_path)
    assert done["file"].to_pylist() == ["b/x.c", "x.c", "/usr/y.h", None]
    assert done["other"].to_pylist() == ["x.c"] * 4
    assert done["args"].to_pylist() == [
        [{"file": "b/x.c", "line": 1}], [], None, [None, {"file": None, "line": 2}],
    ]  # fmt: skip
    assert done.schema == table.schema


def test_counts_that_the_samples_contradict_are_unknown() -> None:
    """A child that a program forks, and that ends by _exit, writes no counts."""

    def region(function: str, line: int, count: int) -> dict[str, Any]:
        row = {"function": function, "file": "a.c", "line": line, "column": 1, "kind": "code"}
        return row | {
            "end_line": line + 4,
            "end_column": 9,
            "count": count,
            "function_count": count,
        }

    def trip(key: str, count: int) -> dict[str, Any]:
        counts = {"entries": count, "iterations": count, "mean_trip_count": None}
        return {"loop_key": key, "function": key.split("/")[0], **counts, "reason": None}

    def sample(address: int, count: int) -> dict[str, Any]:
        return {"address": address, "own": True, "count": count, "object": "a"}

    tables = facts(
        instructions=[
            *(instruction(16, ("kernel", 5, 7)), instruction(20, ("helper", 10, 9))),
            instruction(24, ("main", 20, 1)),
        ],
        samples=[sample(16, 90), sample(20, 4), sample(24, 90)],
        execution_regions=[region("kernel", 3, 0), region("helper", 10, 0), region("main", 20, 1)],
        execution=[{"file": "a.c", "line": n, "count": int(n == 20)} for n in (5, 10, 20)],
        trips=[trip("kernel/1.1", 0), trip("helper/1", 0)],
    )
    done, doubts = attribute(tables)
    trips = {row["loop_key"]: row for row in done["trips"].to_pylist()}
    assert trips["kernel/1.1"]["iterations"] is None and trips["kernel/1.1"]["entries"] is None
    assert "_exit" in trips["kernel/1.1"]["reason"]
    # four samples of code that did not run may be of code that was merged with it
    assert (trips["helper/1"]["iterations"], trips["helper/1"]["reason"]) == (0, None)
    counts = {row["line"]: row["count"] for row in done["execution"].to_pylist()}
    assert counts == {5: None, 10: 0, 20: 1}
    assert [r["count"] for r in done["execution_regions"].to_pylist()] == [None, 0, 1]
    (doubt,) = doubts
    assert (doubt.layer, doubt.where) == ("execution", "kernel") and "_exit" in doubt.what


@pytest.mark.parametrize(("sampled", "known"), [(60, None), (2, 0)])
def test_loops_that_children_ran_in_a_function_of_the_parent(
    sampled: int, known: int | None
) -> None:
    """The parent counts its own way through the function; what only a child did is not known."""

    def region(line: int, end: int, count: int) -> dict[str, Any]:
        row = {"function": "kernel", "file": "a.c", "column": 1, "kind": "code", "end_column": 9}
        return row | {"line": line, "end_line": end, "count": count, "function_count": 1}

    def trip(key: str, count: int) -> dict[str, Any]:
        counts = {"entries": count, "iterations": count, "mean_trip_count": None}
        return {"loop_key": key, "function": "kernel", **counts, "reason": None}

    tables = facts(
        instructions=[instruction(16, ("kernel", 5, 7)), instruction(20, ("kernel", 8, 1))],
        samples=[
            {"address": 16, "own": True, "count": sampled, "object": "a"},
            {"address": 20, "own": True, "count": 90, "object": "a"},
        ],
        execution_regions=[region(1, 9, 1), region(4, 5, 0)],
        execution=[{"file": "a.c", "line": n, "count": int(n == 8)} for n in (4, 5, 8)],
        trips=[trip("kernel/1", 1), trip("kernel/1.1", 0)],
    )
    done, doubts = attribute(tables)
    trips = {row["loop_key"]: row for row in done["trips"].to_pylist()}
    inner = trips["kernel/1.1"]
    assert (inner["entries"], inner["iterations"]) == (known, known)
    assert ("_exit" in (inner["reason"] or "")) == (known is None) == bool(doubts)
    assert (trips["kernel/1"]["iterations"], trips["kernel/1"]["reason"]) == (1, None)
    counts = {row["line"]: row["count"] for row in done["execution"].to_pylist()}
    assert counts == {4: known, 5: known, 8: 1}
    assert [r["count"] for r in done["execution_regions"].to_pylist()] == [1, known]


def test_samples_of_static_functions_of_one_name_are_told_apart() -> None:
    frame = {"function": "step", "line": 2, "column": 3}
    twins = [{"function": "step", "file": f, "name": f"step@{f}"} for f in ("b.c", "c.c")]
    code = [
        {
            "address": at,
            "symbol": "step",
            **frame,
            "file": file,
            "frames": [{**frame, "file": file}],
        }
        for at, file in ((16, "b.c"), (32, "c.c"), (48, "a.c"))
    ]
    tables = facts(
        instructions=code,
        samples=[{"address": at, "own": True, "count": 1} for at in (16, 32, 48)],
    )
    done = joined(tables | {"twins": pa.Table.from_pylist(twins, schema=TWINS)})
    assert done["samples"]["function"].to_pylist() == ["step@b.c", "step@c.c", "step"]


def test_a_dispatch_without_a_line_belongs_to_the_loop_of_its_block() -> None:
    """Interpreters jump to the next operation from code that the compiler merged and copied."""
    code = [
        instruction(16, ("kernel", 5, 7), block=16),
        instruction(20, ("kernel", None, 0), block=16),
        instruction(24, ("kernel", None, 0), block=24),
    ]
    assert joined(facts(instructions=code))["instructions"]["loop"].to_pylist() == [
        *("kernel/1.1", "kernel/1.1", None),
    ]
