"""The diff of a change: renumbering is none, and applied to the old text it gives the new."""

from __future__ import annotations

import io
import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import process, toolchain
from collectors.passes import changes as ir_changes
from collectors.passes import diff
from collectors.passes import text as ir_text
from collectors.passes.changes import IrTrace
from tests.support.pass_diffs import applied
from tests.support.pass_traces import NUMBERED, changes, compared, ir, lines_of


def test_instcombine_shows_only_what_it_changed(recorded: IrTrace) -> None:
    """`sext` to `zext nneg` in place: the lines that use the value stay out of the diff."""
    row = changes(recorded, "InstCombinePass", "nested")[0]
    minus = [x["text"] for x in lines_of(row) if x["op"] == "-"]
    plus = [x["text"] for x in lines_of(row) if x["op"] == "+"]
    assert len(minus) == len(plus) == row["lines_added"]
    assert any(" = sext i32 " in text for text in minus)
    for old, new in zip(minus, plus, strict=True):
        assert old != new and old.split(" = ")[0] == new.split(" = ")[0]


def renumbered(text: str, by: int) -> str:
    text = re.sub(r"%(\d+)", lambda m: f"%{int(m[1]) + by}", text)
    return re.sub(r"(?m)^(\d+):", lambda m: f"{int(m[1]) + by}:", text)


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
    assert applied(diff.to_json(found), old) == new


@pytest.mark.slow
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
        new = applied(row["diff"], old)
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
        applied(text, [])
