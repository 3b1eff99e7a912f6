"""Writes remark bitstreams bit by bit, as LLVM does or in any other way that the format allows."""

from __future__ import annotations

import builtins
from typing import Any

META, REMARK = 8, 9
FIXED, VBR, ARRAY, CHAR6, BLOB = 1, 2, 3, 4, 5

#: LLVM's abbreviations: a literal code, then (encoding, width) of each field.
LLVM = {
    META: [[1, (FIXED, 32), (FIXED, 2)], [2, (FIXED, 32)], [3, (BLOB, 0)]],
    REMARK: [
        [5, (FIXED, 3), (VBR, 6), (VBR, 6), (VBR, 8)],
        [6, (VBR, 7), (FIXED, 32), (FIXED, 32)],
        [7, (VBR, 8)],
        [8, (VBR, 7), (VBR, 7), (VBR, 7), (FIXED, 32), (FIXED, 32)],
        [9, (VBR, 7), (VBR, 7)],
    ],
}


class Bits:
    """A growing sequence of bits, the lowest of each byte first."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size = 0

    def fixed(self, value: int, width: int) -> None:
        assert 0 <= value < 1 << width or width == 0
        self.parts.append(format(value, f"0{width}b")[::-1] if width else "")
        self.size += width

    def vbr(self, value: int, width: int) -> None:
        more = 1 << width - 1
        while value >= more:
            self.fixed(value & more - 1 | more, width)
            value >>= width - 1
        self.fixed(value, width)

    def align(self) -> None:
        self.fixed(0, -self.size % 32)

    def bytes(self, data: bytes) -> None:
        for byte in data:
            self.fixed(byte, 8)

    def data(self) -> builtins.bytes:
        text = "".join(self.parts)
        assert len(text) % 8 == 0
        return bytes(int(text[i : i + 8][::-1], 2) for i in range(0, len(text), 8))

    def block(self, id: int, width: int, content: Bits, *, outer: int = 2) -> None:
        """A whole block; `content` is everything up to its END_BLOCK."""
        content.fixed(0, width)
        content.align()
        self.fixed(1, outer)
        self.vbr(id, 8)
        self.vbr(width, 4)
        self.align()
        self.fixed(content.size // 32, 32)
        self.parts += content.parts
        self.size += content.size

    def define(self, abbreviation: list[Any], width: int) -> None:
        """DEFINE_ABBREV of a literal code and (encoding, width) of each field."""
        self.fixed(2, width)
        self.vbr(len(abbreviation), 5)
        for operand in abbreviation:
            if isinstance(operand, int):
                self.fixed(1, 1)
                self.vbr(operand, 8)
                continue
            encoding, size = operand
            self.fixed(0, 1)
            self.fixed(encoding, 3)
            if encoding in (FIXED, VBR):
                self.vbr(size, 5)

    def record(self, values: list[int], width: int) -> None:
        """An unabbreviated record; values[0] is its code."""
        self.fixed(3, width)
        self.vbr(values[0], 6)
        self.vbr(len(values) - 1, 6)
        for value in values[1:]:
            self.vbr(value, 6)

    def abbreviated(self, id: int, abbreviation: list[Any], values: list[int], width: int) -> None:
        self.fixed(id, width)
        for operand, value in zip(abbreviation[1:], values[1:], strict=True):
            encoding, size = operand
            if encoding == FIXED:
                self.fixed(value, size)
            elif encoding == VBR:
                self.vbr(value, size)


class Table:
    """Numbers for texts, in order of their first use."""

    def __init__(self) -> None:
        self.texts: dict[bytes, int] = {}

    def __getitem__(self, text: str | bytes) -> int:
        data = text.encode() if isinstance(text, str) else text
        return self.texts.setdefault(data, len(self.texts))

    def blob(self) -> bytes:
        return b"".join(text + b"\0" for text in self.texts)


def write(remarks: list[list[list[int]]], table: Table | bytes, **options: Any) -> bytes:
    """A file of remarks, each a list of records [code, field, ...].

    `version` 0 has the string table at the beginning, 1 at the end. `abbreviations` replaces
    those of the remarks, an abbreviation without being LLVM's for a code leaves it unabbreviated.
    `inside` defines them in each block.
    """
    known = options.get("abbreviations", LLVM[REMARK])
    version, inside = options.get("version", 1), options.get("inside", False)
    width = options.get("width", 4)
    blob = table if isinstance(table, bytes) else table.blob()
    out = Bits()
    out.bytes(b"RMRK")
    info = Bits()
    for id, abbreviations in {META: LLVM[META], REMARK: [] if inside else known}.items():
        info.record([1, id], 2)
        for abbreviation in abbreviations:
            info.define(abbreviation, 2)
    out.block(0, 2, info)
    head = Bits()
    for id, values in ((4, [1, version, 1 if version else 2]), (5, [2, 0])):
        head.abbreviated(id, LLVM[META][id - 4], values, 3)
    if not version:
        _strings(head, blob)
    out.block(META, 3, head)
    for records in remarks:
        content = Bits()
        if inside:
            for abbreviation in known:
                content.define(abbreviation, width)
        for values in records:
            _record(content, values, known, width)
        out.block(REMARK, width, content)
    if version:
        tail = Bits()
        _strings(tail, blob)
        out.block(META, 3, tail)
    return out.data()


def _record(content: Bits, values: list[int], known: list[list[Any]], width: int) -> None:
    for index, abbreviation in enumerate(known):
        if abbreviation[0] == values[0] and len(abbreviation) == len(values):
            content.abbreviated(4 + index, abbreviation, values, width)
            return
    content.record(values, width)


def _strings(meta: Bits, blob: bytes) -> None:
    meta.fixed(6, 3)
    meta.vbr(len(blob), 6)
    # the block begins on a word, so that its content can be aligned by itself
    meta.align()
    meta.bytes(blob)
    meta.align()


TAGS = ["Passed", "Missed", "Analysis", "AnalysisFPCommute", "AnalysisAliasing", "Failure"]


def encode(remark: dict[str, Any], table: Table) -> list[list[int]]:
    """The records of a row of the table `remarks`."""
    names = [table[remark[key]] for key in ("name", "pass", "function")]
    records = [[5, TAGS.index(remark["tag"]) + 1, *names]]
    if remark["file"] is not None:
        records.append([6, table[remark["file"]], remark["line"], remark["column"]])
    if remark["hotness"] is not None:
        records.append([7, remark["hotness"]])
    for arg in remark["args"]:
        pair = [table[arg["key"]], table[arg["value"]]]
        if arg["file"] is None:
            records.append([9, *pair])
        else:
            records.append([8, *pair, table[arg["file"]], arg["line"], arg["column"]])
    return records
