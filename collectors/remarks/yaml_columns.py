"""Columnar parsing of remark documents in the form LLVM writes.

Lines repeat even more than documents: of those of distinct documents fewer than one in thirty is
new. So the lines are dictionary-encoded, only distinct ones meet a regular expression, and all
else is arithmetic on integer codes. A document is regular if its lines follow each other as LLVM
writes them; all others are left to `collectors.remarks.yaml_one`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum, auto
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.base.table import Problem
from collectors.remarks.arrow import Ints, Mask, coded, encode, integers, slices, strings
from collectors.remarks.format import Block, Columns, Documents, Remark, Stream
from collectors.remarks.yaml_documents import NEWLINE, blocks, documents
from collectors.remarks.yaml_one import TAGS, read_document


class Kind(IntEnum):
    """What a line is, by the form of its text. LOC… are shapes of `DebugLoc: { … }`."""

    IRREGULAR = 0  # none that LLVM writes
    HEAD = auto()
    PASS = auto()
    NAME = auto()
    LOC = auto()
    LOC_FILE = auto()  # `{ File: f,` with the rest on the next line: LLVM wraps after 70 columns
    LOC_FILE_LINE = auto()  # the same, with `Line: n,` before the break
    REST_LINE = auto()  # the next line: `Line: n, Column: n }`
    REST_COLUMN = auto()  # the next line: `Column: n }`
    FUNCTION = auto()
    HOTNESS = auto()
    ARGS = auto()
    NO_ARGS = auto()
    ARG = auto()
    ARG_LOC = auto()
    ARG_LOC_FILE = auto()
    ARG_LOC_FILE_LINE = auto()
    ARG_REST_LINE = auto()
    ARG_REST_COLUMN = auto()


#: The columns of the table of distinct lines; `code` is of a text, or else a number.
Field = IntEnum("Field", "kind code key file line column", start=0)
Fields = tuple[int, int, int, int, int, int]
Kinds = npt.NDArray[np.int8]

#: What a line is where it belongs to an argument, and is indented as such.
_OF_ARGUMENT = {
    Kind.LOC: Kind.ARG_LOC,
    Kind.LOC_FILE: Kind.ARG_LOC_FILE,
    Kind.LOC_FILE_LINE: Kind.ARG_LOC_FILE_LINE,
    Kind.REST_LINE: Kind.ARG_REST_LINE,
    Kind.REST_COLUMN: Kind.ARG_REST_COLUMN,
}
#: A place on one line, one broken after its file, one broken after its line number.
_PLACES = (Kind.LOC, Kind.LOC_FILE, Kind.LOC_FILE_LINE)
_ARG_PLACES = (Kind.ARG_LOC, Kind.ARG_LOC_FILE, Kind.ARG_LOC_FILE_LINE)

# A document, and the kind of each line:
#
#     --- !Missed                                             HEAD
#     Pass:            inline                                 PASS
#     Name:            NoDefinition                           NAME
#     DebugLoc:        { File: gemm.c, Line: 41, Column: 3 }  LOC, perhaps
#     Function:        main                                   FUNCTION
#     Hotness:         300                                    HOTNESS, perhaps
#     Args:                                                   ARGS; `Args: []` is NO_ARGS
#       - Callee:          free                               ARG
#       - String:          ' will not be inlined into '       ARG
#       - Caller:          main                               ARG
#         DebugLoc:        { File: '../a/long/name/gemm.c',   ARG_LOC_FILE
#                            Line: 35, Column: 0 }            ARG_REST_LINE
#     ...                                                     left out by `documents`
_FOLLOWS: dict[Kind, tuple[Kind, ...]] = {
    Kind.HEAD: (Kind.PASS,),
    Kind.PASS: (Kind.NAME,),
    Kind.NAME: (*_PLACES, Kind.FUNCTION),
    Kind.LOC: (Kind.FUNCTION,),
    Kind.LOC_FILE: (Kind.REST_LINE,),
    Kind.LOC_FILE_LINE: (Kind.REST_COLUMN,),
    Kind.REST_LINE: (Kind.FUNCTION,),
    Kind.REST_COLUMN: (Kind.FUNCTION,),
    Kind.FUNCTION: (Kind.HOTNESS, Kind.ARGS, Kind.NO_ARGS),
    Kind.HOTNESS: (Kind.ARGS, Kind.NO_ARGS),
    Kind.ARGS: (Kind.ARG,),
    Kind.ARG: (Kind.ARG, *_ARG_PLACES),
    Kind.ARG_LOC: (Kind.ARG,),
    Kind.ARG_LOC_FILE: (Kind.ARG_REST_LINE,),
    Kind.ARG_LOC_FILE_LINE: (Kind.ARG_REST_COLUMN,),
    Kind.ARG_REST_LINE: (Kind.ARG,),
    Kind.ARG_REST_COLUMN: (Kind.ARG,),
}
_MAY_END_IN = (
    Kind.FUNCTION,
    Kind.HOTNESS,
    Kind.NO_ARGS,
    Kind.ARG,
    Kind.ARG_LOC,
    Kind.ARG_REST_LINE,
    Kind.ARG_REST_COLUMN,
)
_MAY_FOLLOW = np.zeros((len(Kind), len(Kind)), np.bool_)
for _kind, _next in _FOLLOWS.items():
    _MAY_FOLLOW[_kind, list(_next)] = True
_MAY_END = np.zeros(len(Kind), np.bool_)
_MAY_END[list(_MAY_END_IN)] = True

# A comma in a plain scalar is no YAML inside `{ }`, but LLVM writes file names so.
_SCALAR = (
    rb"('[^'\x00-\x08\x0a-\x1f\x7f]*(?:''[^'\x00-\x08\x0a-\x1f\x7f]*)*'"
    rb'|"[^"\\\x00-\x08\x0a-\x1f\x7f]*(?:\\[ -~][^"\\\x00-\x08\x0a-\x1f\x7f]*)*"'
    rb"|[A-Za-z0-9_.^/](?:[A-Za-z0-9_.^/, \t-]*[A-Za-z0-9_.^/,-])?)"
)
_ARG_LINE = re.compile(rb"  - ([A-Za-z_][A-Za-z0-9_.-]*): +" + _SCALAR + rb"\n")
_TOP_LINE = re.compile(rb"(Pass|Name|Function): +" + _SCALAR + rb"\n")
_LOC_LINE = re.compile(
    rb"(    )?DebugLoc: +\{ File: +"
    + _SCALAR
    + rb", (?:\n|Line: (\d{1,9}), (?:\n|Column: (\d{1,9}) \}\n))"
)
_REST_OF_LOC = re.compile(rb" {19}(    )?(?:Line: (\d{1,9}), )?Column: (\d{1,9}) \}\n")
_HOTNESS_LINE = re.compile(rb"Hotness: +(\d{1,18})\n")
_TOP_KINDS = {b"Pass": Kind.PASS, b"Name": Kind.NAME, b"Function": Kind.FUNCTION}
_FIXED = {f"--- {tag}\n".encode(): (Kind.HEAD, code) for code, tag in enumerate(TAGS)} | {
    b"Args:\n": (Kind.ARGS, 0),
    b"Args:            []\n": (Kind.NO_ARGS, 0),
}
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPED = dict(
    zip('0abtnvfre"\\/N_LP ', '\0\a\b\t\n\v\f\r\x1b"\\/\x85\xa0\u2028\u2029 ', strict=True)
)
# What YAML takes for a line break, a byte order mark, or refuses to read.
_ODD = re.compile("[\x80-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class _Texts:
    """The dictionary of a column: texts to codes in order of their first use."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self._spellings: dict[bytes, int] = {}

    def code(self, scalar: bytes) -> int:
        """The code of a scalar as written. Raises ValueError if it is not one."""
        code = self._spellings.get(scalar)
        if code is None:
            code = self.texts.setdefault(_text(scalar), len(self.texts))
            self._spellings[scalar] = code
        return code

    def array(self) -> pa.Array:
        """The distinct texts, by code."""
        return strings(list(self.texts))


class _Lines:
    """Classifies distinct lines; texts become codes of a dictionary for each column."""

    def __init__(self) -> None:
        self.top = {Kind.PASS: _Texts(), Kind.NAME: _Texts(), Kind.FUNCTION: _Texts()}
        self.keys, self.values, self.files = _Texts(), _Texts(), _Texts()

    def fields(self, line: bytes) -> Fields:
        """The fields of one line with its end. What is IRREGULAR sends its documents to PyYAML."""
        try:
            if line.startswith(b"  - "):
                return self._argument(line)
            if line.startswith((b"DebugLoc", b"    ")):
                return self._place(line)
            return self._other(line)
        except ValueError:  # UnicodeDecodeError, and escapes that are none
            return (Kind.IRREGULAR, 0, 0, 0, 0, 0)

    def _argument(self, line: bytes) -> Fields:
        match = _ARG_LINE.fullmatch(line)
        if not match:
            raise ValueError
        key, value = match.groups()
        if key == b"DebugLoc":
            raise ValueError
        return (Kind.ARG, self.values.code(value), self.keys.code(key), 0, 0, 0)

    def _place(self, line: bytes) -> Fields:
        if match := _LOC_LINE.fullmatch(line):
            indent, file, number, column = match.groups()
            kind = Kind.LOC if column else Kind.LOC_FILE_LINE if number else Kind.LOC_FILE
            kind = _OF_ARGUMENT[kind] if indent else kind
            return (kind, 0, 0, self.files.code(file), int(number or 0), int(column or 0))
        if match := _REST_OF_LOC.fullmatch(line):
            indent, number, column = match.groups()
            kind = Kind.REST_LINE if number else Kind.REST_COLUMN
            kind = _OF_ARGUMENT[kind] if indent else kind
            return (kind, 0, 0, 0, int(number or 0), int(column))
        raise ValueError

    def _other(self, line: bytes) -> Fields:
        if fixed := _FIXED.get(line):
            return (*fixed, 0, 0, 0, 0)
        if match := _TOP_LINE.fullmatch(line):
            kind = _TOP_KINDS[match[1]]
            return (kind, self.top[kind].code(match[2]), 0, 0, 0, 0)
        if match := _HOTNESS_LINE.fullmatch(line):
            return (Kind.HOTNESS, int(match[1]), 0, 0, 0, 0)
        raise ValueError


def _text(scalar: bytes) -> str:
    """The text of a scalar that _SCALAR matches."""
    quote = scalar[:1]
    if quote not in (b"'", b'"'):
        return scalar.decode()
    text = scalar[1:-1].decode()
    if not text.isascii() and _ODD.search(text):
        raise ValueError
    if quote == b"'":
        return text.replace("''", "'")
    return _ESCAPE.sub(_unescape, text) if "\\" in text else text


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 1:
        if code not in _ESCAPED:
            raise ValueError
        return _ESCAPED[code]
    point = int(code[1:], 16)
    if 0xD800 <= point < 0xE000:
        raise ValueError
    return chr(point)


class Yaml:
    """A YAML recording, as `collectors.remarks.format.Format`; `size` is that of a block."""

    first = 1

    def __init__(self, size: int) -> None:
        self._size = size

    def where(self, place: int) -> str:
        """The line, as compilers write it."""
        return f":{place}"

    def prepare(self, _stream: Stream) -> list[Problem]:
        """Nothing: a document tells all by itself."""
        return []

    def blocks(self, stream: Stream) -> Iterator[Block]:
        """See `collectors.remarks.yaml_documents.blocks`."""
        return blocks(stream, self._size)

    def documents(self, block: Block) -> Documents:
        """See `collectors.remarks.yaml_documents.documents`."""
        return documents(block, self._size)

    def columns(self, texts: pa.BinaryArray) -> Columns:
        """See `columns`."""
        return columns(texts)

    def remark(self, text: bytes) -> Remark:
        """See `collectors.remarks.yaml_one.read_document`."""
        return read_document(text)


# --- columns ------------------------------------------------------------------------------------


def columns(texts: pa.BinaryArray) -> Columns:
    """Parses the distinct documents of a block: tag, pass, name, function, place, hotness, args."""
    bounds = np.frombuffer(texts.buffers()[1], np.int32)[: len(texts) + 1]
    data = texts.buffers()[2].slice(0, int(bounds[-1]))
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == NEWLINE) + 1
    begins = np.concatenate(([0], ends))
    first = np.searchsorted(begins, bounds[:-1])  # each document's first line
    codes, distinct = encode(slices(data, begins))
    lines = _Lines()
    numbers = chain.from_iterable(map(lines.fields, distinct.to_pylist()))
    table = np.fromiter(numbers, np.int64, len(distinct) * len(Field)).reshape(-1, len(Field))
    kinds = table[:, Field.kind].astype(np.int8)[codes]

    regular = _regular(kinds, first)
    if not regular.all():
        length = np.diff(np.append(first, len(kinds)))
        kept = np.repeat(regular, length)
        codes, kinds = codes[kept], kinds[kept]
        first = np.concatenate(([0], np.cumsum(length[regular])))[:-1]
    return Columns(_assemble(lines, table, codes, kinds, first), regular)


def _regular(kinds: Kinds, first: Ints) -> Mask:
    """Which documents are a sequence of lines that LLVM writes. `first` is ascending."""
    good = np.empty(len(kinds), np.bool_)
    good[1:] = _MAY_FOLLOW[kinds[:-1], kinds[1:]]
    good[first] = _are(kinds[first], Kind.HEAD)
    last = np.append(first[1:], len(kinds)) - 1
    good[last] &= _MAY_END[kinds[last]]
    regular: Mask = np.logical_and.reduceat(good, first)
    return regular


def _assemble(
    lines: _Lines, table: Ints, codes: Ints, kinds: Kinds, first: Ints
) -> dict[str, pa.Array]:
    def of(kind: Kind) -> pa.Array:
        return coded(table[codes[_are(kinds, kind)], Field.code], lines.top[kind].array())

    arguments = np.flatnonzero(_are(kinds, Kind.ARG))
    hot = np.flatnonzero(_are(kinds, Kind.HOTNESS))
    file, line, column = _places(lines, table, codes, kinds, _PLACES, first)
    args = pa.StructArray.from_arrays(
        [
            coded(table[codes[arguments], Field.key], lines.keys.array()),
            coded(table[codes[arguments], Field.code], lines.values.array()),
            *_places(lines, table, codes, kinds, _ARG_PLACES, arguments),
        ],
        names=["key", "value", "file", "line", "column"],
    )
    offsets = np.append(np.searchsorted(arguments, first), len(arguments))
    tags = table[codes[_are(kinds, Kind.HEAD)], Field.code]
    return {
        "tag": coded(tags, strings([tag[1:] for tag in TAGS])),
        "pass": of(Kind.PASS),
        "name": of(Kind.NAME),
        "function": of(Kind.FUNCTION),
        "file": file,
        "line": line,
        "column": column,
        "hotness": _scatter(len(first), _owners(first, hot), table[codes[hot], Field.code]),
        "args": pa.ListArray.from_arrays(integers(offsets, pa.int32()), args),
    }


def _are(kinds: Kinds, kind: Kind) -> Mask:
    """Which lines are of a kind."""
    found: Mask = kinds == np.int8(kind)  # numpy would widen all kinds for a member of an enum
    return found


def _owners(owners: Ints, at: Ints) -> Ints:
    """The number of the last owner (ascending line indices) at or before each line."""
    return np.searchsorted(owners, at, "right") - 1


def _scatter(number: int, at: Ints, values: Ints) -> pa.Array:
    full, missing = np.zeros(number, np.int64), np.ones(number, np.bool_)
    full[at], missing[at] = values, False
    return integers(full, pa.int64(), missing)


def _places(
    lines: _Lines,
    table: Ints,
    codes: Ints,
    kinds: Kinds,
    shapes: tuple[Kind, Kind, Kind],
    owners: Ints,
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """File, line and column of the last of `owners` (line indices) before each DebugLoc.

    What a DebugLoc's own line does not hold stands on the one after it; `shapes` are the kinds of
    lines that a place begins in: with everything, up to its file, up to its line number.
    """
    whole, up_to_file, up_to_line = (_are(kinds, shape) for shape in shapes)
    at = np.flatnonzero(whole | up_to_file | up_to_line)
    here, after = codes[at], codes[np.minimum(at + 1, len(codes) - 1)]
    line = np.where(up_to_file[at], table[after, Field.line], table[here, Field.line])
    column = np.where(whole[at], table[here, Field.column], table[after, Field.column])
    owner = _owners(owners, at)
    missing = np.ones(len(owners), np.bool_)
    missing[owner] = False
    full = np.zeros((3, len(owners)), np.int64)
    full[:, owner] = table[here, Field.file], line, column
    return (
        coded(full[0], lines.files.array(), missing),
        integers(full[1], pa.int32(), missing),
        integers(full[2], pa.int32(), missing),
    )
