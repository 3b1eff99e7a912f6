"""The pass trace: its rows against the dump itself, and the laws that hold between rows."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from collectors.base.toolchain import Toolchain
from collectors.passes import changes as ir_changes
from collectors.passes.changes import IR_CHANGES, PASSES, IrTrace
from tests.support.pass_diffs import applied
from tests.support.pass_traces import changes, dump, parsed, tagged


def counted(data: bytes) -> list[tuple[str, str, Counter[str]]]:
    """(pass, function, opcode counts) of every dumped function: a counter of its own kind."""
    found = []
    for part in re.split(r"(?m)^\*\*\* IR Dump After ", data.decode())[1:]:
        banner, _, text = part.partition("\n")
        for body in re.findall(r"(?ms)^define [^\n]*?@(\w+)\((.*?)^\}$", text):
            words = re.findall(r"(?m)^  (?:%\S+ = )?(?:tail )?([a-z]+)", body[1])
            found.append((banner.split(" on ")[0], body[0], Counter(words)))
        for body in re.findall(r"(?ms)^# Machine code for function (\w+):(.*?)^# End", text):
            code = re.findall(r"(?m)^  (?!successors:|liveins:|DBG_|[fc][ip]#)(.*)$", body[1])
            words = [re.sub(r"^[^(\"]*?\S = ", "", line) for line in code]
            names = [re.findall(r"[A-Z]\w+", word)[0] for word in words]
            title = re.search(r"\((.+?)\) on ", banner)
            found.append((title[1] if title else banner, body[0], Counter(names)))
    return found


def test_every_dump_is_a_row_with_the_counts_of_its_text(recorded: IrTrace) -> None:
    rows = recorded.passes.to_pylist()
    dumped = [row for row in rows if row["changed"] or row["cosmetic"]]
    afresh = counted(dump(22))
    # A module pass is one row a function; a function that it leaves alone is printed all the same.
    assert [(r["function"], r["instructions_after"]) for r in dumped] == [
        (function, counts.total()) for _, function, counts in afresh
    ]
    assert len(dumped) > 80


def test_changed_opcodes_are_those_of_the_two_dumps(recorded: IrTrace) -> None:
    rows = {row["sequence"]: row for row in recorded.changes.to_pylist()}
    dumped = [r for r in recorded.passes.to_pylist() if r["changed"] or r["cosmetic"]]
    before: dict[tuple[str, str], Counter[str]] = {}
    compared = 0
    for row, (_, function, counts) in zip(dumped, counted(dump(22)), strict=True):
        old = before.get((function, row["stage"]))
        if row["sequence"] in rows and old is not None:
            change = rows[row["sequence"]]
            expected = {op for op in old | counts if old[op] != counts[op]}
            assert {o["opcode"] for o in change["opcodes"]} == expected
            for o in change["opcodes"]:
                assert (o["before"], o["after"]) == (old[o["opcode"]], counts[o["opcode"]])
            compared += len(expected)
        before[function, row["stage"]] = counts
    assert compared > 80


def test_the_trace_lists_passes_without_a_change_too(recorded: IrTrace) -> None:
    text = dump(22).decode()
    omitted = re.findall(r"(?m)^\*\*\* IR Dump After .* on (\S+) omitted because", text)
    rows = [r for r in recorded.passes.to_pylist() if r["scope"] in ("function", "machine")]
    quiet = [r for r in rows if r["changed"] is False and r["cosmetic"] is False]
    assert len(quiet) == sum(name in ("saxpy", "nested") for name in omitted) > 300
    assert {row["function"] for row in recorded.passes.to_pylist()} == {"saxpy", "nested"}


def test_machine_passes_have_a_short_name_and_a_title(recorded: IrTrace) -> None:
    rows = [r for r in recorded.passes.to_pylist() if r["pass"] == "greedy"]
    assert rows and {r["title"] for r in rows} == {"Greedy Register Allocator"}
    assert {(r["stage"], r["scope"]) for r in rows} == {("machine", "machine")}
    assert {r["stage"] for r in recorded.passes.to_pylist() if "Pass" in r["pass"]} == {"ir"}


@pytest.mark.parametrize("version", [19, 22])
def test_recorded_traces_are_read_without_a_problem(version: int) -> None:
    trace = parsed(dump(version))
    assert trace.problems == []
    assert trace.statistics["bytes"] == len(dump(version))
    assert trace.passes.schema == PASSES.schema and trace.changes.schema == IR_CHANGES.schema


def test_equal_input_gives_equal_tables(recorded: IrTrace) -> None:
    again = parsed(dump(22))
    assert again.passes.equals(recorded.passes) and again.changes.equals(recorded.changes)


@pytest.mark.slow
def test_counts_run_on_from_change_to_change(live: IrTrace) -> None:
    last: dict[tuple[str, str], int] = {}
    followed = 0
    for row in live.changes.to_pylist():
        where = row["function"], row["stage"]
        if row["instructions_before"] is not None and where in last:
            assert row["instructions_before"] == last[where], row["pass"]
            followed += 1
        last[where] = row["instructions_after"]
    assert followed > 100


@pytest.mark.slow
def test_each_change_is_one_changed_pass(live: IrTrace) -> None:
    rows = live.passes.to_pylist()
    assert [r["sequence"] for r in rows] == list(range(1, len(rows) + 1))
    changed = [r["sequence"] for r in rows if r["changed"]]
    assert changed == [r["sequence"] for r in live.changes.to_pylist()]
    assert not any(r["changed"] and r["cosmetic"] for r in rows)


@pytest.mark.slow
def test_diffs_lead_from_one_text_to_the_next(live: IrTrace) -> None:
    """Machine code starts from nothing, so its diffs alone must rebuild every later text."""
    texts: dict[str, list[str]] = {}
    for row in live.changes.to_pylist():
        if row["stage"] == "machine" and "truncated" not in row["diff"]:
            old = texts.get(row["function"], [])
            new = applied(row["diff"], old)
            assert len(new) - len(old) == row["lines_added"] - row["lines_removed"]
            texts[row["function"]] = new
            code = [line for line in new if re.match(r"  (?!successors:)\S", line)]
            assert len(code) == row["instructions_after"]
    assert set(texts) == {"saxpy", "nested", "small", "first"}


@pytest.mark.slow
def test_no_problem_and_all_functions(live: IrTrace) -> None:
    assert live.problems == []
    assert set(live.passes["function"].to_pylist()) == {"saxpy", "nested", "small", "first"}


@pytest.fixture(scope="module")
def shapes(
    tools: Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[int, str]]:
    folder = tmp_path_factory.mktemp("shapes")
    return tagged(tools, "shapes.cpp", folder, ["-O2", "-g"])


def test_cxx_functions_by_linkage_name(
    tools: Toolchain, shapes: tuple[Path, dict[int, str]], tmp_path: Path
) -> None:
    source, keys = shapes
    argv = [tools.path("clang"), "-O2", "-g"]
    artifact = tmp_path / "trace.zst"
    wanted = {"_Z4safePKii", "_Z5totalIiET_PKS0_i", "a quoted name"}
    trace = ir_changes.collect(argv, source, keys, wanted, "shapes.cpp", artifact)
    assert trace.problems == []
    assert set(trace.passes["function"].to_pylist()) == wanted
    inlined = changes(trace, "InlinerPass", "_Z4safePKii")
    assert "_Z5totalIiET_PKS0_i/1" in {key for row in inlined for key in row["loops"]}
    with pa.CompressedInputStream(pa.OSFile(str(artifact), "rb"), "zstd") as raw:
        data = raw.read()
    assert len(data) == trace.statistics["bytes"]
    again = ir_changes.parse(io.BytesIO(data), keys, "shapes.cpp", wanted)
    assert again.passes.equals(trace.passes) and again.changes.equals(trace.changes)


def test_the_whole_module(tools: Toolchain, shapes: tuple[Path, dict[int, str]]) -> None:
    source, keys = shapes
    trace = ir_changes.collect([tools.path("clang"), "-O2"], source, keys, None, "shapes.cpp")
    assert trace.problems == []
    rows = trace.passes.to_pylist()
    assert {"module", "cgscc", "function", "loop", "machine"} == {r["scope"] for r in rows}
    gone = [
        r for r in rows if r["function"] == "_ZL12unused_lateri" and r["instructions_after"] == 0
    ]
    assert len(gone) == 1 and gone[0]["changed"] and "gone" in gone[0]["title"]
    assert not [
        r
        for r in rows
        if r["function"] == gone[0]["function"] and r["sequence"] > gone[0]["sequence"]
    ]


def test_debug_information_does_not_change_the_trace(
    tools: Toolchain, shapes: tuple[Path, dict[int, str]]
) -> None:
    """What is left out to be fast is not part of the code: the same changes with and without."""
    source, keys = shapes
    argv = [tools.path("clang"), "-O2", "-g"]
    with_it, without = (
        ir_changes.collect(argv, source, keys, {"_Z4safePKii"}, "u", debug=debug)
        for debug in (True, False)
    )
    for column in ("pass", "instructions_after", "opcodes"):
        one, other = (
            [r[column] for r in t.changes.to_pylist() if r["stage"] == "ir"]
            for t in (with_it, without)
        )
        assert one == other


def test_long_lists_of_functions_and_output_flags(
    tools: Toolchain, shapes: tuple[Path, dict[int, str]], tmp_path: Path
) -> None:
    source, keys = shapes
    names = {f"_Z{n:04}{'x' * 200}" for n in range(12_000)} | {"_Z4kindi"}
    argv = [tools.path("clang"), "-O2", "-MD", "-MF", tmp_path / "deps", "-Rpass=.*"]
    argv += ["-fsave-optimization-record", "-o", tmp_path / "object", "-c"]
    trace = ir_changes.collect(argv, source, keys, names, "shapes.cpp")
    assert trace.problems == []
    assert set(trace.passes["function"].to_pylist()) == {"_Z4kindi"}
    assert list(tmp_path.iterdir()) == []
