"""Opcode counts against LLVM's own count of instructions and blocks of each function."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from collectors.base import process
from collectors.base.toolchain import Toolchain
from collectors.passes import opcodes

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "ir"
ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    FIXTURES / "kernels.c",
    FIXTURES / "shapes.cpp",
    *sorted((ROOT / "kernels").rglob("*.c"))[:3],
]


def compile_to_ir(tools: Toolchain, source: Path, out: Path, *flags: str) -> Path:
    done = process.run(
        [tools.path("clang"), "-g", *flags, "-fno-discard-value-names", "-S", "-emit-llvm",
         "-I", source.parent, "-I", ROOT / "kernels", source, "-o", out]
    )  # fmt: skip
    assert done.ok, done.last_lines()
    return out


@pytest.fixture(scope="module")
def opt(tools: Toolchain) -> str:
    found = shutil.which(f"opt-{tools.major}") or shutil.which("opt")
    if found is None:
        pytest.fail("no opt of this LLVM here: tools/setup-debian.sh installs it")
    return found


def llvm_counts(opt: str, ir: Path) -> dict[str, dict[str, int]]:
    """What `opt -passes=print<func-properties>` counts, by function."""
    done = process.run([opt, "-passes=print<func-properties>", "-disable-output", ir])
    assert done.ok, done.last_lines()
    text = (done.stdout + done.stderr).decode()
    found = {}
    for part in text.split("for function '")[1:]:
        name, _, rest = part.partition("':")
        found[name] = {key: int(n) for key, n in re.findall(r"(?m)^(\w+): (\d+)$", rest)}
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.name)
@pytest.mark.parametrize("passes", [[], ["-Xclang", "-disable-llvm-passes"]], ids=["O3", "plain"])
def test_counts_are_llvms(
    tools: Toolchain, opt: str, tmp_path: Path, source: Path, passes: list[str]
) -> None:
    flags = ["-O3", *passes]
    raw = compile_to_ir(tools, source, tmp_path / "raw.ll", *flags)
    # LLVM's count leaves out blocks that nothing leads to, so there must be none.
    ir = tmp_path / "a.ll"
    done = process.run([opt, "-passes=unreachableblockelim", "-S", raw, "-o", ir])
    assert done.ok, done.last_lines()
    ours, problem = opcodes.count(ir)
    theirs = llvm_counts(opt, ir)
    assert problem is None and ours.keys() == theirs.keys() and ours
    for name, counts in theirs.items():
        assert ours[name].total() == counts["TotalInstructionCount"], name
        assert ours[name]["load"] == counts["LoadInstCount"], name
        assert ours[name]["store"] == counts["StoreInstCount"], name
        ends = ("br", "ret", "switch", "invoke", "unreachable", "resume", "indirectbr")
        assert sum(ours[name][op] for op in ends) == counts["BasicBlockCount"], name


def test_standard_library_code(tools: Toolchain, opt: str, tmp_path: Path) -> None:
    source = tmp_path / "sort.cpp"
    source.write_text(
        "#include <algorithm>\n#include <map>\n#include <string>\n#include <vector>\n"
        "std::map<std::string, int> count(std::vector<std::string> words) {\n"
        "  std::sort(words.begin(), words.end());\n"
        "  std::map<std::string, int> found;\n"
        "  for (auto &word : words) found[word]++;\n  return found;\n}\n"
    )
    ir = compile_to_ir(tools, source, tmp_path / "a.ll", "-O1")
    ours, _ = opcodes.count(ir)
    theirs = llvm_counts(opt, ir)
    assert len(ours) == len(theirs) > 10
    totals = {name: counts["TotalInstructionCount"] for name, counts in theirs.items()}
    assert {name: counts.total() for name, counts in ours.items()} == totals


TRICKY = r"""
@text = constant [20 x i8] c"  %x = add i32 1, 2\00"
define i32 @"odd \22name\22 }"(i32 %0) #0 {
"first block":
  %"a = b" = add i32 %0, 1, !dbg !7
    #dbg_value(i32 %0, !3, !DIExpression(), !4)
  call void @llvm.dbg.value(metadata i32 %0, metadata !3, metadata !4), !dbg !7
  tail call void @llvm.dbg.declare(metadata ptr undef, metadata !3, metadata !4), !dbg !7
  switch i32 %0, label %"last: block" [
    i32 1, label %"last: block"
    i32 2, label %"last: block"
  ], !dbg !9

"last: block":                                    ; preds = %"first block"
  %r = musttail call i32 @other(i32 %0)
  ret i32 %r
}

define void @other() personality ptr @p {
  invoke void @thrower()
          to label %done unwind label %caught, !dbg !3
caught:
  %2 = landingpad { ptr, i32 }
          cleanup
          catch ptr null
  call void asm sideeffect "  add $$1, $0\0A}", "r"(i32 1) #4
  resume { ptr, i32 } %2
done:
  notail call void @thrower()
  ret void

  uselistorder ptr null, { 1, 0 }
}
declare void @thrower()
"""


def test_every_form_of_an_instruction(tmp_path: Path) -> None:
    file = tmp_path / "a.ll"
    file.write_text(TRICKY)
    found, problem = opcodes.count(file)
    assert problem is None
    assert found == {
        'odd "name" }': Counter(add=1, switch=1, call=1, ret=1),
        "other": Counter(invoke=1, landingpad=1, call=2, resume=1, ret=1),
    }


def test_blocks_of_the_file_do_not_split_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.ll"
    file.write_text(TRICKY)
    whole = opcodes.count(file)
    for size in (1, 7, 64, 300):
        monkeypatch.setattr(opcodes, "_BLOCK", size)
        assert opcodes.count(file) == whole


def test_rows(tmp_path: Path) -> None:
    before, after = tmp_path / "before.ll", tmp_path / "after.ll"
    before.write_text("define i32 @f() {\n  %1 = add i32 1, 2\n  ret i32 %1\n}\n" + TRICKY)
    after.write_text("define i32 @f() {\n  ret i32 3\n}\n")
    table, problems = opcodes.collect(before, after, "a.c", {"f"})
    assert problems == [] and table.schema == opcodes.OPCODES.schema
    rows = [(r["stage"], r["opcode"], r["count"]) for r in table.to_pylist()]
    assert rows == [("before", "add", 1), ("before", "ret", 1), ("after", "ret", 1)]
    everything, _ = opcodes.collect(before, after, "a.c")
    assert set(everything["function"].to_pylist()) == {"f", 'odd "name" }', "other"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no function"),
        ("\x00\xff garbage\n  add\n}\n", "no function"),
        ("define i32 @f() {\n  ret i32 3\n}\ndefine void @g() {\n  ret", "cut off"),
    ],
)
def test_bad_files_are_problems(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "a.ll"
    file.write_bytes(text.encode("latin-1"))
    found, problem = opcodes.count(file)
    assert problem is not None and what in problem.what
    assert list(found) == (["f"] if "@f" in text else [])


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    table, problems = opcodes.collect(tmp_path / "a.ll", tmp_path / "b.ll", "a.c")
    assert table.num_rows == 0
    assert ["cannot be read" in p.what for p in problems] == [True, True]
