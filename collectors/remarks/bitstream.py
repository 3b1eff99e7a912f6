"""Remarks as LLVM's bitstream (`*.opt.bitstream`): a tenth of the size that they have as YAML.

The file is a BLOCK_INFO block with the abbreviations, a Meta block, a block for each remark, and
(up to LLVM 21 at the beginning) the string table that their fields point into. The remarks that
follow LLVM's abbreviations are decoded in lock step by `bitstream_columns`, any other alone.
llvm/lib/Remarks/BitstreamRemarkSerializer.cpp; docs/Remarks.rst.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from collectors.base.table import Problem
from collectors.remarks.arrow import encode, slices
from collectors.remarks.bitstream_columns import Decoder
from collectors.remarks.bitstream_container import (
    BLOCK_INFO,
    ENTER_BLOCK,
    TOP_WIDTH,
    Abbreviation,
    Cursor,
    CutBlob,
    Malformed,
    Record,
    block_info,
    records,
)
from collectors.remarks.bitstream_framing import HEAD, META, REMARK, Frame, Words, frame
from collectors.remarks.bitstream_strings import Strings
from collectors.remarks.format import (
    Block,
    Columns,
    Documents,
    Remark,
    Stream,
    Unreadable,
    digest,
    first_and_count,
    hotness,
    place_number,
)
from collectors.remarks.yaml_documents import TRUNCATED, fill
from collectors.remarks.yaml_one import TAGS

MAGIC = b"RMRK"
DAMAGED = "damaged part, in which no remark can be found"

_CONTAINER, _VERSION, _STRINGS, _EXTERNAL = 1, 2, 3, 4  # records of Meta
_HEADER, _PLACE, _HOTNESS, _ARGUMENT_AT, _ARGUMENT = 5, 6, 7, 8, 9  # of a remark
_FIELDS = {_HEADER: 4, _PLACE: 3, _HOTNESS: 1, _ARGUMENT_AT: 5, _ARGUMENT: 2}
_NO_PLACE: dict[str, Any] = {"file": None, "line": None, "column": None}
_MOST_TABLE = 64 << 20  # bytes of a string table; that of a 1 GB file has about five million
_FIX = "let the compiler finish, then record again"


_BINARY = re.compile(rb"[\x01-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class _Cut:
    """A block to read: its size in bytes, and what else `Block` says of it."""

    size: int
    continued: bool = False
    cut: bool = False
    last: bool = False


class Bitstream:
    """A bitstream recording, as `collectors.remarks.format.Format`; `size` is that of a block."""

    first = len(MAGIC)

    def __init__(self, size: int) -> None:
        self._size = max(size, 1 << 12) & ~7
        self._cuts: list[_Cut] = []
        self._abbreviations: Mapping[int, Sequence[Abbreviation]] = {}
        self._strings: Strings | None = None
        self._decoder: Decoder | None = None
        self._problems: list[Problem] = []

    def where(self, place: int) -> str:
        """The byte, in hexadecimal as tools show it."""
        return f":{place:#x}"

    # --- what must be known before the first remark ----------------------------------------------

    def prepare(self, stream: Stream) -> list[Problem]:
        """Cut the file into blocks; read the abbreviations and the string table."""
        stream.read(len(MAGIC))
        at, carry, lost = len(MAGIC), b"", False
        while True:
            data = fill(stream, self._size, carry)
            last = len(data) < self._size
            found = self._frame(data, closed=last, lost=lost)
            size = len(data) if last else 4 * found.rest
            self._meta(data, found, at)
            self._cuts.append(_Cut(size, continued=lost, last=last))
            if last:
                break
            at, lost = at + size, found.lost
            carry = stream.unread(data[size:])
            if 4 * (found.wanted - found.rest) > self._size:
                at, carry = self._large(stream, 4 * (found.wanted - found.rest), at, carry), b""
        if self._strings is None:
            self._problem("", "no string table, so that no remark has a name", _FIX)
        elif self._strings.problem:
            self._problem("", self._strings.problem, _FIX)
        if self._strings:
            self._decoder = Decoder(self._abbreviations.get(REMARK, ()), self._strings)
        return self._problems

    def _large(self, stream: Stream, size: int, at: int, carry: bytes) -> int:
        """A Meta block that is larger than a block of ours; returns where the next one begins."""
        kept = min(size, _MOST_TABLE)
        data = fill(stream, kept, carry)
        done = len(data)
        while done < size and (part := stream.read(min(size - done, self._size))):
            done += len(part)
        self._read_meta(data, at)
        self._cuts += [
            _Cut(min(self._size, done - begin), cut=True) for begin in range(0, done, self._size)
        ]
        return at + done

    def _meta(self, data: bytes, found: Frame, at: int) -> None:
        for start, end, id in found.others:
            block = memoryview(data)[4 * start : 4 * end]
            if id == META:
                self._read_meta(block, at + 4 * start)
            elif id == BLOCK_INFO:
                try:
                    cursor = Cursor(block, TOP_WIDTH)
                    self._abbreviations = block_info(cursor, cursor.head().width)
                except Malformed as error:
                    self._problem(self.where(at + 4 * start), f"damaged abbreviations: {error}")
            else:
                self._problem(self.where(at + 4 * start), f"block of the unknown kind {id}")

    def _read_meta(self, block: bytes | memoryview, at: int) -> None:
        """The string table, and what speaks against reading the file."""
        cursor = Cursor(block, TOP_WIDTH)
        try:
            head = cursor.head()
            for record in records(cursor, head.width, self._abbreviations.get(META, ())):
                self._meta_record(record, at)
        except Malformed as error:
            if isinstance(error, CutBlob) and self._strings is None:
                self._strings = Strings(error.part, whole=False)  # those before the cut are good
            self._problem(self.where(at), f"damaged header or string table: {error}", _FIX)

    def _meta_record(self, record: Record, at: int) -> None:
        if record.code == _STRINGS and self._strings is None:
            self._strings = Strings(record.blob or b"", whole=True)
        elif record.code == _CONTAINER and record.values[:1] > [1]:
            version = record.values[0]
            self._problem(self.where(at), f"container of version {version}, newer than corr knows")
        elif record.code == _VERSION and record.values[:1] > [0]:
            version = record.values[0]
            self._problem(self.where(at), f"remarks of version {version}, newer than corr knows")
        elif record.code == _EXTERNAL:
            what = "only the name of another file, which holds the remarks"
            self._problem(self.where(at), what, "read that file")

    def _problem(self, where: str, what: str, fix: str = "") -> None:
        if len(self._problems) < 100:
            self._problems.append(Problem("remarks", where, what, fix))

    # --- blocks and documents --------------------------------------------------------------------

    def blocks(self, stream: Stream) -> Iterator[Block]:
        """The file in the cuts that `prepare` made."""
        stream.read(len(MAGIC))
        for cut in self._cuts:
            data = fill(stream, cut.size, b"")
            yield Block(memoryview(data), cut.continued, cut.cut, cut.last)

    def documents(self, block: Block) -> Documents:
        """The remarks of a block; a place is a byte."""
        nothing = Frame(np.empty(0, np.int64), np.empty(0, np.int64))
        found = nothing if block.cut else self._frame(block.data, True, block.continued)
        bounds = np.unique(np.concatenate([found.starts, found.ends]))
        index = np.searchsorted(bounds, found.starts)
        if len(bounds):
            codes, texts = encode(slices(block.data, 4 * bounds))
        else:
            codes, texts = np.empty(0, np.int32), pa.array([], pa.binary())
        first, count = first_and_count(codes[index], len(texts))
        starts = 4 * found.starts[first].astype(np.int32)
        return Documents(
            starts=starts,
            ends=4 * found.ends[first].astype(np.int32),
            place=starts,
            count=count.astype(np.int32),
            digest=digest(texts.to_pylist())[codes[index][first]],
            read=len(found.starts),
            span=len(block.data),
            size=len(block.data),
            lost=self._lost(block, found),
            stray=[],
        )

    def _lost(self, block: Block, found: Frame) -> list[tuple[int, str]]:
        lost = []
        words = _words(block.data)
        for start, end in found.damaged:
            if start or not block.continued:
                ends = block.last and end == len(words) and words[start] == HEAD
                lost.append((4 * start, TRUNCATED if ends else DAMAGED))
        if len(block.data) % 4 and block.last and not lost:
            lost.append((4 * len(words), TRUNCATED))
        return lost

    def _frame(self, data: bytes | memoryview, closed: bool, lost: bool) -> Frame:
        view = memoryview(data)

        def whole(start: int, end: int) -> bool:
            block = view[4 * start : 4 * end]
            try:
                cursor = Cursor(block, TOP_WIDTH)
                head = cursor.head()
                if head.id == META:
                    known = self._abbreviations or _first_definitions(view)
                    held = list(records(cursor, head.width, known.get(META, ())))
                    texts = all(_is_text(record.blob) for record in held if record.blob)
                    return cursor.at == len(block) * 8 and texts
                list(self._records(block))
            except (Malformed, Unreadable):
                return False
            return True

        return frame(_words(data), closed=closed, lost=lost, most=self._size // 8, whole=whole)

    # --- one remark ------------------------------------------------------------------------------

    def columns(self, texts: pa.BinaryArray) -> Columns:
        """The remarks that are written as LLVM writes them."""
        if self._decoder is None:
            return Columns({}, np.zeros(len(texts), np.bool_))
        return self._decoder.columns(texts)

    def remark(self, text: bytes) -> Remark:
        """Any remark, field by field."""
        if self._strings is None:
            raise Unreadable("the string table is missing")
        strings = _Lookup(self._strings)
        remark = Remark({})
        args: list[dict[str, Any]] = []
        row: dict[str, Any] = {**_NO_PLACE, "hotness": None, "args": args}
        seen: set[int] = set()
        try:
            for record in self._records(text):
                code, values = record.code, record.values
                if code not in _FIELDS:
                    remark.notes.append(f"unknown record {code}")
                    continue
                if len(values) != _FIELDS[code] or record.blob is not None:
                    raise Unreadable("record with the wrong number of fields")
                if code in seen and code < _ARGUMENT_AT:
                    raise Unreadable("record given twice")
                seen.add(code)
                if code == _HEADER:
                    row |= _header(values, strings)
                elif code == _PLACE:
                    row |= _place(values, strings, remark.notes)
                elif code == _HOTNESS:
                    row["hotness"] = hotness(str(values[0]), remark.notes)
                else:
                    key, value, *place = values
                    named = {"key": strings[key], "value": strings[value]}
                    where = _place(place, strings, remark.notes) if place else _NO_PLACE
                    args.append(named | where)
        except Malformed as error:
            raise Unreadable(str(error)) from None
        if _HEADER not in seen:
            raise Unreadable("no header")
        remark.row = row
        remark.replaced = strings.replaced
        return remark

    def _records(self, text: bytes | memoryview) -> Iterator[Record]:
        """The records of a remark's block. Raises Malformed and Unreadable."""
        cursor = Cursor(text)
        if cursor.fixed(TOP_WIDTH) != ENTER_BLOCK:
            raise Malformed("not a block")
        head = cursor.head()
        if head.id != REMARK:
            raise Malformed("not a remark")
        yield from records(cursor, head.width, self._abbreviations.get(REMARK, ()))
        if cursor.at != len(text) * 8:
            raise Unreadable("block that is longer than its records")


def _is_text(blob: bytes) -> bool:
    """Strings one after another, as a table has them, and nothing that came in between."""
    return blob.endswith(b"\0") and not _BINARY.search(blob)


def _first_definitions(data: memoryview) -> Mapping[int, Sequence[Abbreviation]]:
    """The abbreviations that data begins with. Raises Malformed."""
    cursor = Cursor(data, TOP_WIDTH)
    head = cursor.head()
    return block_info(cursor, head.width) if head.id == BLOCK_INFO else {}


class _Lookup:
    """The string table for one remark; `replaced` tells whether a string was not UTF-8."""

    def __init__(self, strings: Strings) -> None:
        self._strings = strings
        self.replaced = False

    def __getitem__(self, index: int) -> str:
        if index >= len(self._strings):
            raise Unreadable("string that is not in the table")
        self.replaced |= bool(self._strings.replaced[index])
        text: str = self._strings.texts[index].as_py()
        return text


def _header(values: list[int], strings: _Lookup) -> dict[str, str]:
    kind, name, pass_, function = values
    if not 1 <= kind <= len(TAGS):
        raise Unreadable("unknown tag")
    return {
        "tag": TAGS[kind - 1][1:],
        "pass": strings[pass_],
        "name": strings[name],
        "function": strings[function],
    }


def _place(values: list[int], strings: _Lookup, notes: list[str]) -> dict[str, Any]:
    file, line, column = values
    return {
        "file": strings[file],
        "line": place_number("Line", str(line), notes),
        "column": place_number("Column", str(column), notes),
    }


def _words(data: bytes | memoryview) -> Words:
    return np.frombuffer(data, np.dtype("<u4"), len(data) // 4)
