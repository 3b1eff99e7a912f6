"""The pass trace: rows against the dump itself, the diff's own laws, loops, bad input."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import process, toolchain
from collectors.base.toolchain import Toolchain
from collectors.passes import changes as ir_changes
from collectors.passes import diff
from collectors.passes import text as ir_text
from collectors.passes.changes import IR_CHANGES, PASSES, IrTrace
from collectors.passes.diff import Pair
from collectors.passes.stream import dumps, raw_lines
from collectors.source_loops import forest, loops

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "ir"
KEYS = {
    1: "saxpy/1",
    2: "nested/1",
    3: "nested/1.1",
    4: "nested/2",
    5: "small/1",
    6: "small/1.1",
    7: "first/1",
}
FLAGS = ["-O3", "-g", "-march=x86-64-v3"]
INSTALLED = list(toolchain.installed())


def dump(version: int) -> bytes:
    return gzip.decompress((FIXTURES / f"kernels.{version}.txt.gz").read_bytes())


def parsed(data: bytes, functions: set[str] | None = None) -> IrTrace:
    wanted = {"saxpy", "nested"} if functions is None else functions
    return ir_changes.parse(io.BytesIO(data), KEYS, "kernels.c", wanted)


@pytest.fixture(scope="module")
def recorded() -> IrTrace:
    return parsed(dump(22))


def tagged(
    tools: Toolchain, source: str, folder: Path, flags: list[str]
) -> tuple[Path, dict[int, str]]:
    """The unoptimised IR of a fixture with its loops tagged, and the loop keys."""
    plain, out = folder / "plain.ll", folder / "tagged.ll"
    done = process.run(
        [tools.path("clang"), *flags, "-Xclang", "-disable-llvm-passes",
         "-fno-discard-value-names", "-S", "-emit-llvm", FIXTURES / source, "-o", plain]
    )  # fmt: skip
    assert done.ok, done.last_lines()
    found = forest.read(plain, FIXTURES)
    forest.tag_blocks(plain, found, out)
    rows = loops.table(source, found, {}).to_pylist()
    return out, {row["number"]: row["key"] for row in rows}


@pytest.fixture(scope="module", params=INSTALLED, ids=lambda t: f"llvm{t.major}")
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> IrTrace:
    """kernels.c, every function, traced by each LLVM on this machine."""
    folder = tmp_path_factory.mktemp("live")
    tools: Toolchain = request.param
    source, keys = tagged(tools, "kernels.c", folder, FLAGS)
    assert keys == KEYS
    return ir_changes.collect([tools.path("clang"), *FLAGS], source, keys, None, "kernels.c")


def changes(trace: IrTrace, name: str, function: str) -> list[dict[str, Any]]:
    rows = trace.changes.to_pylist()
    return [row for row in rows if row["pass"] == name and row["function"] == function]


def lines_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for hunk in json.loads(row["diff"]) for line in hunk["lines"]]


def places(row: dict[str, Any]) -> dict[str, str | None]:
    """Block label to loop key, as the new side of a change shows them."""
    shown = (line for line in lines_of(row) if line["op"] != "-")
    return {x["text"]: x["loop"] for x in shown if re.match(r"[\w.]+(?: \(.*\))?:$", x["text"])}


# --- against the dump itself --------------------------------------------------------------


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


# --- laws of a trace ----------------------------------------------------------------------


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


def test_each_change_is_one_changed_pass(live: IrTrace) -> None:
    rows = live.passes.to_pylist()
    assert [r["sequence"] for r in rows] == list(range(1, len(rows) + 1))
    changed = [r["sequence"] for r in rows if r["changed"]]
    assert changed == [r["sequence"] for r in live.changes.to_pylist()]
    assert not any(r["changed"] and r["cosmetic"] for r in rows)


def test_diffs_lead_from_one_text_to_the_next(live: IrTrace) -> None:
    """Machine code starts from nothing, so its diffs alone must rebuild every later text."""
    texts: dict[str, list[str]] = {}
    for row in live.changes.to_pylist():
        if row["stage"] == "machine" and "truncated" not in row["diff"]:
            old = texts.get(row["function"], [])
            new = diff.applied(row["diff"], old)
            assert len(new) - len(old) == row["lines_added"] - row["lines_removed"]
            texts[row["function"]] = new
            code = [line for line in new if re.match(r"  (?!successors:)\S", line)]
            assert len(code) == row["instructions_after"]
    assert set(texts) == {"saxpy", "nested", "small", "first"}


def test_no_problem_and_all_functions(live: IrTrace) -> None:
    assert live.problems == []
    assert set(live.passes["function"].to_pylist()) == {"saxpy", "nested", "small", "first"}


# --- noise --------------------------------------------------------------------------------


def test_instcombine_shows_only_what_it_changed(recorded: IrTrace) -> None:
    """`sext` to `zext nneg` in place: the lines that use the value stay out of the diff."""
    row = changes(recorded, "InstCombinePass", "nested")[0]
    minus = [x["text"] for x in lines_of(row) if x["op"] == "-"]
    plus = [x["text"] for x in lines_of(row) if x["op"] == "+"]
    assert len(minus) == len(plus) == row["lines_added"]
    assert any(" = sext i32 " in text for text in minus)
    for old, new in zip(minus, plus, strict=True):
        assert old != new and old.split(" = ")[0] == new.split(" = ")[0]


NUMBERED = """\
define i32 @f(i32 %0, ptr %p) {
entry:
  %1 = load i32, ptr %p, align 4
  %2 = add i32 %1, %0
  %3 = mul i32 %2, %1
  br label %4

4:
  %5 = phi i32 [ %3, %entry ], [ %6, %4 ]
  %6 = sub i32 %5, %2
  %c = icmp eq i32 %6, 0
  br i1 %c, label %7, label %4

7:
  ret i32 %6
}"""


def ir(text: str) -> list[ir_text.Line]:
    return [line for line in map(ir_text.ir_line, text.split("\n")) if line is not None]


def renumbered(text: str, by: int) -> str:
    text = re.sub(r"%(\d+)", lambda m: f"%{int(m[1]) + by}", text)
    return re.sub(r"(?m)^(\d+):", lambda m: f"{int(m[1]) + by}:", text)


def compared(old: list[ir_text.Line], new: list[ir_text.Line]) -> tuple[list[str], list[Pair]]:
    pairs = diff.matched(old, new)
    named = diff.renamed(old, new, pairs, iter(range(1000, 9999)))
    return [x.text for x in named], diff.equal_pairs(old, named, pairs)


@given(st.integers(1, 500))
def test_renumbering_is_no_change(by: int) -> None:
    old = ir(NUMBERED)
    text, pairs = compared(old, ir(renumbered(NUMBERED, by)))
    assert text == [x.text for x in old] and len(pairs) == len(old)


@given(st.integers(0, 6), st.integers(1, 9))
def test_an_inserted_value_is_one_line(at: int, by: int) -> None:
    old = ir(NUMBERED)
    place = [i for i, line in enumerate(old) if line.opcode][at % 4]
    lines = renumbered(NUMBERED, by).split("\n")
    raw = [i for i, line in enumerate(lines) if re.match(r"  %\d+ =|  br", line)][at % 4]
    lines.insert(raw, "  %999 = freeze i32 7")
    text, pairs = compared(old, ir("\n".join(lines)))
    assert len(pairs) == len(old) and len(text) == len(old) + 1
    assert text[place].endswith(" = freeze i32 7")


def test_swapped_values_are_a_change() -> None:
    """The renaming is one-to-one: exchanging two operands must stay visible."""
    _, pairs = compared(ir(NUMBERED), ir(NUMBERED.replace("sub i32 %5, %2", "sub i32 %2, %5")))
    assert len(pairs) == len(ir(NUMBERED)) - 1


def test_annotations_are_cosmetic() -> None:
    noise = NUMBERED.replace("align 4", "align 4, !dbg !7, !tbaa !12")
    noise = noise.replace("{\nentry", "#3 !dbg !9 {\nentry").replace("4:\n", "4:  ; preds = %4\n")
    noise = noise.replace("  %3 =", "    #dbg_value(i32 %2, !3, !DIExpression(), !4)\n  %3 =")
    assert [x.text for x in ir(noise)] == [x.text for x in ir(NUMBERED)]
    banner = "*** IR Dump {} ***\n"
    stream = banner.format("At Start") + NUMBERED + "\n"
    stream += banner.format("After NoisePass on f") + noise + "\n"
    stream += banner.format("After RealPass on f") + noise.replace("mul", "shl") + "\n"
    trace = ir_changes.parse(io.BytesIO(stream.encode()), {}, "u")
    rows = trace.passes.to_pylist()
    assert [(r["changed"], r["cosmetic"]) for r in rows] == [(False, True), (True, False)]
    assert trace.changes["lines_added"].to_pylist() == [1]


def test_machine_annotations_are_dropped_and_opcodes_found() -> None:
    def text(raw: str) -> str | None:
        line = ir_text.mir_line(raw)
        return line and line.text

    load = "  %5:gr64 = MOV64rm {}%4:gr64, 1, $noreg :: (load (s64) from %ir.x{})"
    bare = text(load.format("", ""))
    located = load.format("killed ", ", !tbaa !51") + ", debug-location !50; a.c:12:27"
    assert bare is not None and text(located) == bare
    assert text('  DBG_VALUE $edi, $noreg, !"x", !DIExpression()') is None
    assert text("  liveins: $edi") is None
    found = {
        "  $rsp = frame-setup SUB64ri32 $rsp, 8, implicit-def dead $eflags": "SUB64ri32",
        '  INLINEASM &"x = y" [sideeffect], $0:[clobber]': "INLINEASM",
        "  early-clobber %1:vr128, %2:gr64 = nofpexcept VFOO %3": "VFOO",
        "  RET 0, $eax": "RET",
    }
    assert {raw: ir_text.mir_opcode(raw)[0] for raw in found} == found


# --- the diff -----------------------------------------------------------------------------


def plain(lines: list[str]) -> list[ir_text.Line]:
    return [ir_text.Line(x, x, x, ()) for x in lines]


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from("abcdef"), max_size=40),
    st.lists(st.sampled_from("abcdef"), max_size=40),
)
def test_a_diff_applied_to_the_old_text_gives_the_new(old: list[str], new: list[str]) -> None:
    pairs = diff.align(old, new)
    assert all(old[i] == new[j] for i, j in pairs)
    assert all(p[0] < q[0] and p[1] < q[1] for p, q in itertools.pairwise(pairs))
    stretches = list(diff.gaps(pairs, len(old), len(new)))
    assert (not stretches) == (old == new)
    found = diff.hunks(plain(old), plain(new), stretches, [None] * len(old), [None] * len(new))
    assert diff.applied(diff.to_json(found), old) == new


def test_patch_takes_the_unified_form(recorded: IrTrace, tmp_path: Path) -> None:
    patch = toolchain.other("patch")
    if patch is None:
        pytest.fail("no patch program here: tools/setup-debian.sh test installs it")
    rows = [
        r
        for r in recorded.changes.to_pylist()
        if r["function"] == "saxpy" and r["stage"] == "machine"
    ]
    old: list[str] = []
    for row in rows[:12]:
        new = diff.applied(row["diff"], old)
        (tmp_path / "text").write_text("".join(line + "\n" for line in old))
        (tmp_path / "diff").write_text(ir_changes.unified_diff(row["diff"]))
        done = process.run([patch, "-s", tmp_path / "text", tmp_path / "diff"])
        assert done.ok, done.stdout
        assert (tmp_path / "text").read_text().splitlines() == new
        old = new


def test_a_long_diff_is_cut_and_says_so() -> None:
    new = plain([f"line {n}" for n in range(5000)])
    hunks = diff.hunks([], new, [(0, 0, 0, 5000)], [], [None] * 5000)
    text = diff.to_json(hunks, 10_000)
    (hunk,) = json.loads(text)
    assert hunk["truncated"] is True and 9_000 < len(text) < 10_100
    assert "was cut" in diff.unified(text)
    with pytest.raises(ValueError, match="cut"):
        diff.applied(text, [])


# --- loops --------------------------------------------------------------------------------


def test_a_vectorised_loop_keeps_its_source_loop(live: IrTrace) -> None:
    (row,) = changes(live, "LoopVectorizePass", "saxpy")
    where = places(row)
    assert where["vector.body:"] == where["corr1.for.body:"] == "saxpy/1"
    for name in ("vector.ph:", "middle.block:", "scalar.ph:", "corr1.for.body.preheader:"):
        assert where.get(name) is None, name
    assert "vector.ph:" in where and "middle.block:" in where
    assert row["loops"] == ["saxpy/1"]


def test_a_vector_loop_that_replaced_an_inner_loop(live: IrTrace) -> None:
    """The scalar loop is gone or dead here, so only the way in tells which loop it was."""
    (row,) = changes(live, "LoopVectorizePass", "nested")
    where = places(row)
    assert where["vector.body:"] == "nested/1.1"
    assert where["vector.ph:"] == where["middle.block:"] == "nested/1"
    assert row["loops"] == ["nested/1", "nested/1.1"]


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


def test_machine_blocks_carry_the_loop(live: IrTrace) -> None:
    (row,) = changes(live, "x86-isel", "saxpy")
    where = {re.sub(r"^bb\.\d+\.", "", name): loop for name, loop in places(row).items()}
    assert where["vector.body:"] == where["corr1.for.body:"] == "saxpy/1"
    assert where["vector.ph:"] is where["corr1.for.cond.cleanup:"] is None


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


# --- C++ and whole modules ----------------------------------------------------------------


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


# --- bad input ----------------------------------------------------------------------------


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


@settings(max_examples=40, deadline=None)
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


def test_a_compiler_that_dies_midway(tmp_path: Path) -> None:
    fake = tmp_path / "clang"
    (tmp_path / "out").write_bytes(SMALL)
    fake.write_text(f"#!/bin/sh\ncat {tmp_path}/out >&2\nkill -9 $$\n")
    fake.chmod(0o755)
    (tmp_path / "in.ll").write_text("")
    trace = ir_changes.collect([fake], tmp_path / "in.ll", {}, None, "u")
    assert trace.changes.num_rows == 2
    assert any("failed" in p.what for p in trace.problems)


# --- loop prints (LLVM up to 19) ----------------------------------------------------------


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


def test_the_reader_skips_functions_that_are_not_wanted() -> None:
    lines = raw_lines(io.BytesIO(dump(22)))
    events = list(dumps(lines, {"saxpy"}.__contains__, lambda what: pytest.fail(what)))
    printed = [d for e in events for d in e.dumps if not d.skeleton]
    assert {d.function for d in printed} == {"saxpy"}
    start = [d.function for d in events[0].dumps]
    assert start == ["saxpy", "nested", "small", "first"]
