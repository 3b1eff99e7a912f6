"""LLVM's bitstream container, read one field at a time: headers, tables and odd records.

A bitstream is a sequence of bits, the lowest of each byte first. Blocks start on 32-bit words and
say their length in words; records are unabbreviated or follow an abbreviation, a list of operand
encodings that the stream itself defines. https://llvm.org/docs/BitCodeFormat.html

Every read is checked against the end of the data, and nothing recurses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

END_BLOCK, ENTER_BLOCK, DEFINE_ABBREVIATION, UNABBREVIATED, FIRST_ABBREVIATION = range(5)
BLOCK_INFO = 0  # id of the block that defines abbreviations for others
TOP_WIDTH = 2  # bits of an abbreviation id outside of any block

_SET_BLOCK = 1  # record of BLOCK_INFO: which block the definitions after it are for
_CHAR6 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._"
_MOST_WIDTH = 32
_MOST_BITS = 64


class Malformed(Exception):
    """Not a bitstream; the message says why, without a position."""


class CutBlob(Malformed):
    """A blob that the data ends in; `part` is what there is of it."""

    def __init__(self, part: bytes) -> None:
        super().__init__("ends within a blob")
        self.part = part


class Encoding(IntEnum):
    """How an operand of an abbreviation is stored. LITERAL is ours: it has a bit of its own."""

    LITERAL = 0
    FIXED = 1
    VBR = 2
    ARRAY = 3
    CHAR6 = 4
    BLOB = 5


@dataclass(frozen=True)
class Operand:
    """`value` is the literal, or the width of FIXED and VBR in bits, else 0."""

    encoding: Encoding
    value: int = 0


Abbreviation = tuple[Operand, ...]


@dataclass(frozen=True)
class Record:
    """A record: its code, its operands (of an array each element), and its blob if it has one."""

    code: int
    values: list[int]
    blob: bytes | None = None


@dataclass(frozen=True)
class Head:
    """What a block begins with: its id, the width of its abbreviation ids, its length in words."""

    id: int
    width: int
    length: int


class Cursor:
    """Reads fields from `data` up to `end` (bits). Raises Malformed beyond it."""

    def __init__(self, data: bytes | memoryview, at: int = 0, end: int | None = None) -> None:
        self._data = data
        self.at = at
        self.end = len(data) * 8 if end is None else end

    def fixed(self, width: int) -> int:
        """An unsigned number of `width` bits, at most 64."""
        at = self.at
        if at + width > self.end:
            raise Malformed("ends within a field")
        self.at = at + width
        part = self._data[at >> 3 : (at + width + 7) >> 3]
        return int.from_bytes(part, "little") >> (at & 7) & (1 << width) - 1

    def vbr(self, width: int) -> int:
        """An unsigned number in chunks of `width` bits whose highest bit says that more follow."""
        value = shift = 0
        more = 1 << (width - 1)
        while True:
            chunk = self.fixed(width)
            value |= (chunk & more - 1) << shift
            shift += width - 1
            if not chunk & more:
                return value
            if shift >= _MOST_BITS:
                raise Malformed("number of more than 64 bits")

    def align(self) -> None:
        """Skip to the next word; the last word may be cut off."""
        self.at = min(self.at + 31 & ~31, self.end)

    def bytes(self, size: int) -> bytes:
        """`size` bytes from a byte boundary."""
        start = self.at >> 3
        if self.at + 8 * size > self.end:
            raise CutBlob(bytes(self._data[start : self.end >> 3]))
        self.at += 8 * size
        return bytes(self._data[start : start + size])

    def head(self) -> Head:
        """The head of a block, after its ENTER_BLOCK."""
        id, width = self.vbr(8), self.vbr(4)
        self.align()
        length = self.fixed(32)
        if not 2 <= width <= _MOST_WIDTH:
            raise Malformed("block with abbreviation ids of a width that is none")
        return Head(id, width, length)

    def abbreviation(self) -> Abbreviation:
        """A definition, after its DEFINE_ABBREVIATION."""
        operands: list[Operand] = []
        count = self.vbr(5)
        while len(operands) < count:
            operands.append(self._operand())
        encodings = [operand.encoding for operand in operands]
        *before, array, element = [Encoding.LITERAL, Encoding.LITERAL, *encodings]
        misplaced = {Encoding.ARRAY, Encoding.BLOB} & set(before) or element == Encoding.ARRAY
        if not operands or misplaced or array == Encoding.BLOB:
            raise Malformed("abbreviation that is none")
        if array == Encoding.ARRAY and element == Encoding.BLOB:
            raise Malformed("abbreviation that is none")
        return tuple(operands)

    def _operand(self) -> Operand:
        if self.fixed(1):
            return Operand(Encoding.LITERAL, self.vbr(8))
        number = self.fixed(3)
        if not Encoding.FIXED <= number <= Encoding.BLOB:
            raise Malformed("abbreviation with an unknown encoding")
        encoding = Encoding(number)
        if encoding not in (Encoding.FIXED, Encoding.VBR):
            return Operand(encoding)
        width = self.vbr(5)
        if width > _MOST_WIDTH or (encoding == Encoding.VBR and width == 1):
            raise Malformed("abbreviation with a field of a width that is none")
        return Operand(encoding, width) if width else Operand(Encoding.LITERAL, 0)

    def unabbreviated(self) -> Record:
        """A record of 6-bit VBR fields."""
        code, count = self.vbr(6), self.vbr(6)
        if self.at + 6 * count > self.end:
            raise Malformed("ends within a record")
        return Record(code, [self.vbr(6) for _ in range(count)])

    def abbreviated(self, abbreviation: Abbreviation) -> Record:
        """A record as `abbreviation` says."""
        values: list[int] = []
        blob: bytes | None = None
        for index, operand in enumerate(abbreviation):
            if operand.encoding == Encoding.ARRAY:
                values += self._array(abbreviation[index + 1])
                break
            if operand.encoding == Encoding.BLOB:
                size = self.vbr(6)
                self.align()
                blob = self.bytes(size)
                self.align()
            else:
                values.append(self._scalar(operand))
        if not values:
            raise Malformed("record without a code")
        return Record(values[0], values[1:], blob)

    def _array(self, element: Operand) -> list[int]:
        count = self.vbr(6)
        least = 6 if element.encoding == Encoding.CHAR6 else max(1, element.value)
        if element.encoding == Encoding.LITERAL:
            least = 1
        if self.at + least * count > self.end:
            raise Malformed("ends within an array")
        return [self._scalar(element) for _ in range(count)]

    def _scalar(self, operand: Operand) -> int:
        if operand.encoding == Encoding.LITERAL:
            return operand.value
        if operand.encoding == Encoding.FIXED:
            return self.fixed(operand.value)
        if operand.encoding == Encoding.VBR:
            return self.vbr(operand.value)
        return ord(_CHAR6[self.fixed(6)])


def records(
    cursor: Cursor, width: int, abbreviations: Sequence[Abbreviation] = ()
) -> Iterator[Record]:
    """The records of a block up to its END_BLOCK, after which the cursor stands.

    Raises Malformed, also for a block within the block.
    """
    known = list(abbreviations)
    while True:
        id = cursor.fixed(width)
        if id == END_BLOCK:
            cursor.align()
            return
        if id == ENTER_BLOCK:
            raise Malformed("block within the block")
        if id == DEFINE_ABBREVIATION:
            known.append(cursor.abbreviation())
        elif id == UNABBREVIATED:
            yield cursor.unabbreviated()
        elif id - FIRST_ABBREVIATION < len(known):
            yield cursor.abbreviated(known[id - FIRST_ABBREVIATION])
        else:
            raise Malformed("record of an abbreviation that is not defined")


def block_info(cursor: Cursor, width: int) -> Mapping[int, Sequence[Abbreviation]]:
    """The abbreviations that a BLOCK_INFO block defines, by id of the block they are for."""
    found: dict[int, list[Abbreviation]] = {}
    current: list[Abbreviation] | None = None
    while True:
        id = cursor.fixed(width)
        if id == END_BLOCK:
            cursor.align()
            return found
        if id == DEFINE_ABBREVIATION:
            abbreviation = cursor.abbreviation()
            if current is None:
                raise Malformed("abbreviation for no block")
            current.append(abbreviation)
        elif id == UNABBREVIATED:
            record = cursor.unabbreviated()
            if record.code == _SET_BLOCK:
                if not record.values:
                    raise Malformed("definitions for no block")
                current = found.setdefault(record.values[0], [])
        else:
            raise Malformed("record that does not belong into a list of abbreviations")
