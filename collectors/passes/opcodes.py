"""How many LLVM instructions of each opcode a function has, before and after optimisation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from collectors.base.table import INT, STRING, Problem, Table, column
from collectors.passes.text import unquoted

LAYER = "opcodes"

OPCODES = Table(
    "opcodes",
    "LLVM instructions by function, stage of the compilation and opcode",
    pa.schema(
        [
            column("unit", STRING, "translation unit"),
            column("function", STRING, "linkage name"),
            column("stage", STRING, "before or after optimisation"),
            column("opcode", STRING, "LLVM opcode: load, fmul, call, br …"),
            column("count", INT, "instructions in the text of the function, debug ones left out"),
        ]
    ),
)

_BLOCK = 4 << 20
_NAME = rb'(?:"[^"\n]*"|[-\w$.]+)'
# An instruction stands behind exactly two spaces; what continues one is indented further, and so
# are debug records. Calls of llvm.dbg.* are how LLVM up to 18 wrote debug records.
_ITEM = re.compile(
    rb"^(?:define [^\n]*?@(" + _NAME + rb")\(|(\})|"
    rb"  (?:%" + _NAME + rb" = )?(?:(?:tail|musttail|notail) )?([a-z_]+)"
    rb"(?: void @llvm\.(dbg)\.)?)",
    re.MULTILINE,
)


def collect(
    before: Path, after: Path, unit: str, functions: Iterable[str] | None = None
) -> tuple[pa.Table, list[Problem]]:
    """Rows of `opcodes` from the unoptimised and the optimised .ll of one unit.

    `functions` are the linkage names to keep, None for all. A file that is missing or cut off is a
    problem; a function that inlining removed has no rows for `after`.
    """
    wanted = None if functions is None else frozenset(functions)
    columns: dict[str, list[str | int]] = {name: [] for name in OPCODES.schema.names}
    problems: list[Problem] = []
    for stage, path in (("before", before), ("after", after)):
        found, problem = count(path)
        if problem is not None:
            problems.append(problem)
        for function, counts in found.items():
            if wanted is not None and function not in wanted:
                continue
            for opcode, number in sorted(counts.items()):
                values: tuple[str | int, ...] = (unit, function, stage, opcode, number)
                for name, value in zip(columns, values, strict=True):
                    columns[name].append(value)
    return pa.table(columns, schema=OPCODES.schema), problems


def count(path: Path) -> tuple[dict[str, Counter[str]], Problem | None]:
    """Linkage name to opcode to count, for every function that the .ll file defines."""
    found: dict[str, Counter[str]] = {}
    current: Counter[bytes] | None = None
    name = ""
    try:
        for text in _blocks(path):
            for define, end, opcode, debug in _ITEM.findall(text):
                if opcode:
                    if current is not None and not debug and opcode != b"uselistorder":
                        current[opcode] += 1
                elif define:
                    name, current = unquoted(define.decode("utf-8", "replace")), Counter()
                elif end and current is not None:
                    found[name] = Counter({op.decode(): n for op, n in current.items()})
                    current = None
    except OSError as error:
        return found, Problem(LAYER, str(path), f"cannot be read: {error.strerror}")
    if current is not None:
        return found, Problem(LAYER, f"{path}: {name}", "the text of the function is cut off")
    if not found:
        fix = "is it the text form of LLVM IR (clang -S -emit-llvm)?"
        return found, Problem(LAYER, str(path), "no function in this file", fix)
    return found, None


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in pieces of whole lines."""
    rest = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            cut = block.rfind(b"\n") + 1
            if not cut:
                rest += block
                continue
            yield rest + block[:cut]
            rest = block[cut:]
    if rest:
        yield rest
