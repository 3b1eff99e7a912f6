"""The calls of a module's unoptimised IR: which function has which call, and where it stands.

A call's place is what LLVM's inliner remarks print of it: the function whose source has it, the
lines from that function's own, the column. Needs debug information; `-gline-tables-only` will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collectors.base import process
from collectors.base.errors import CorrError
from collectors.base.toolchain import Toolchain

_NAME = r'(?:"(?:[^"\\]|\\.)*"|[\w.$-]+)'
_DEFINE = re.compile(rf"^define .*?@({_NAME})\(")
_CALL = re.compile(rf"\b(call|invoke) .*? ([@%]){_NAME}\(")
_CALLEE = re.compile(rf" ([@%])({_NAME})\(")
_LOCATION = re.compile(r"!dbg !(\d+)")
_NODE = re.compile(r"^!(\d+) = (?:distinct )?!(DI\w+)\((.*)\)$")
_FIELD = re.compile(r'\b(line|column|scope|name|linkageName): (!?\d+|"(?:[^"\\]|\\.)*")')
_HEX = re.compile(r"\\([0-9A-Fa-f]{2})")
#: Scopes nest; a damaged module may have them nest in themselves.
_DEEPEST = 1000


@dataclass(frozen=True)
class Call:
    """A call as it stands in the source. `callee` is None where only a run tells which it is.

    `frame` is its place as the inliner prints it: `function:lines:column`.
    """

    callee: str | None
    frame: str
    line: int
    column: int


def read(bitcode: Path, toolchain: Toolchain) -> dict[str, list[Call]]:
    """The calls of each function that a module defines, in the order of the code."""
    answer = process.run(
        [toolchain.path("opt"), "-S", "-passes=no-op-module", bitcode, "-o", "-"],
        limit=1 << 30,
    )
    if not answer.ok:
        raise CorrError(f"{bitcode} cannot be read: {answer.last_lines(3)}")
    return parse(answer.stdout.decode("utf-8", "surrogateescape"))


def parse(text: str) -> dict[str, list[Call]]:
    """The calls of each function of textual IR that it defines, those of intrinsics left out."""
    found: dict[str, list[tuple[str | None, str]]] = {}
    nodes: dict[str, tuple[str, dict[str, str]]] = {}
    calls: list[tuple[str | None, str]] | None = None
    pending: str | None = None  # the callee of an invoke, whose place is on its second line
    waiting = False
    for line in text.splitlines():
        if line.startswith("!"):
            if node := _NODE.match(line):
                nodes[node[1]] = (node[2], dict(_FIELD.findall(node[3])))
        elif line.startswith("define "):
            if define := _DEFINE.match(line):
                calls = found.setdefault(_bare(define[1]), [])
        elif line.startswith("}"):
            calls = None
        elif calls is not None:
            if waiting:
                if place := _LOCATION.search(line):
                    calls.append((pending, place[1]))
                waiting = False
            elif call := _called(line):
                place = _LOCATION.search(line)
                if place:
                    calls.append((call[0], place[1]))
                else:
                    pending, waiting = call[0], "invoke " in line
    return {name: list(_placed(listed, nodes)) for name, listed in found.items()}


def _called(line: str) -> tuple[str | None] | None:
    """What a line calls: a name, or None in the tuple for a value; None if it calls nothing."""
    if " asm " in line or not _CALL.search(line):
        return None
    start = _CALL.search(line)
    assert start is not None
    callee = _CALLEE.search(line, start.start())
    if callee is None:
        return None
    name = _bare(callee[2])
    if callee[1] == "@" and name.startswith("llvm."):
        return None
    return (name if callee[1] == "@" else None,)


def _placed(
    calls: list[tuple[str | None, str]], nodes: dict[str, tuple[str, dict[str, str]]]
) -> Iterator[Call]:
    for callee, location in calls:
        kind, fields = nodes.get(location, ("", {}))
        scope = _subprogram(fields.get("scope", ""), nodes)
        if kind != "DILocation" or scope is None:
            continue
        name = _text(scope.get("linkageName") or scope.get("name", ""))
        line, column = _number(fields, "line"), _number(fields, "column")
        # LLVM subtracts without a sign: a call above its function's line is far below it
        offset = (line - _number(scope, "line")) % (1 << 32)
        yield Call(callee, f"{name}:{offset}:{column}", line, column)


def _subprogram(
    reference: str, nodes: dict[str, tuple[str, dict[str, str]]]
) -> dict[str, str] | None:
    for _ in range(_DEEPEST):
        kind, fields = nodes.get(reference[1:], ("", {}))
        if kind == "DISubprogram":
            return fields
        if not kind:
            return None
        reference = fields.get("scope", "")
    return None


def _number(fields: dict[str, str], name: str) -> int:
    text = fields.get(name, "0")
    return int(text) if text.isdecimal() and len(text) <= 10 else 0


def _text(quoted: str) -> str:
    return _HEX.sub(lambda m: chr(int(m[1], 16)), quoted.strip('"'))


def _bare(name: str) -> str:
    return _text(name) if name.startswith('"') else name
