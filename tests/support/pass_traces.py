"""Recorded and live pass traces of the fixture kernels, and how tests look at their rows."""

from __future__ import annotations

import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

from collectors.base import process, toolchain
from collectors.base.toolchain import Toolchain
from collectors.passes import changes as ir_changes
from collectors.passes import diff
from collectors.passes import text as ir_text
from collectors.passes.changes import IrTrace
from collectors.passes.diff import Pair
from collectors.source_loops import forest, loops
from tests.support.places import FIXTURES

RECORDED = FIXTURES / "ir"
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
    return gzip.decompress((RECORDED / f"kernels.{version}.txt.gz").read_bytes())


def parsed(data: bytes, functions: set[str] | None = None) -> IrTrace:
    wanted = {"saxpy", "nested"} if functions is None else functions
    return ir_changes.parse(io.BytesIO(data), KEYS, "kernels.c", wanted)


def tagged(
    tools: Toolchain, source: str, folder: Path, flags: list[str]
) -> tuple[Path, dict[int, str]]:
    """The unoptimised IR of a fixture with its loops tagged, and the loop keys."""
    plain, out = folder / "plain.ll", folder / "tagged.ll"
    done = process.run(
        [tools.path("clang"), *flags, "-Xclang", "-disable-llvm-passes",
         "-fno-discard-value-names", "-S", "-emit-llvm", RECORDED / source, "-o", plain]
    )  # fmt: skip
    assert done.ok, done.last_lines()
    found = forest.read(plain, RECORDED)
    forest.tag_blocks(plain, found, out)
    rows = loops.table(source, found, {}).to_pylist()
    return out, {row["number"]: row["key"] for row in rows}


def changes(trace: IrTrace, name: str, function: str) -> list[dict[str, Any]]:
    rows = trace.changes.to_pylist()
    return [row for row in rows if row["pass"] == name and row["function"] == function]


def lines_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for hunk in json.loads(row["diff"]) for line in hunk["lines"]]


def places(row: dict[str, Any]) -> dict[str, str | None]:
    """Block label to loop key, as the new side of a change shows them."""
    shown = (line for line in lines_of(row) if line["op"] != "-")
    return {x["text"]: x["loop"] for x in shown if re.match(r"[\w.]+(?: \(.*\))?:$", x["text"])}


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


def compared(old: list[ir_text.Line], new: list[ir_text.Line]) -> tuple[list[str], list[Pair]]:
    pairs = diff.matched(old, new)
    named = diff.renamed(old, new, pairs, iter(range(1000, 9999)))
    return [x.text for x in named], diff.equal_pairs(old, named, pairs)
