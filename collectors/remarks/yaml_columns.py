"""Columnar parsing of remark documents in the form LLVM writes.

Lines repeat even more than documents: of those of distinct documents fewer than one in thirty is
new. So the lines are dictionary-encoded, only distinct ones meet a regular expression, and all
else is arithmetic on integer codes. A document is regular if its lines follow each other as LLVM
writes them; all others are left to `collectors.remarks.yaml_one`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.base.table import Problem
from collectors.remarks.arrow import Ints, Mask, coded, encode, integers, slices, strings
from collectors.remarks.format import Block, Columns, Documents, Remark, Stream
from collectors.remarks.yaml_documents import NEWLINE, blocks, documents
from collectors.remarks.yaml_one import TAGS, read_document

(
    _IRREGULAR,
    _HEAD,
    _PASS,
    _NAME,
    _LOC,
    _LOC_FILE,  # `{ File: f,` with the rest on the next line: LLVM wraps after 70 columns
    _LOC_FILE_LINE,
    _REST_LINE,
    _REST_COLUMN,
    _FUNCTION,
    _HOTNESS,
    _ARGS,
    _NO_ARGS,
    _ARG,
    _ARG_LOC,
    _ARG_LOC_FILE,
    _ARG_LOC_FILE_LINE,
    _ARG_REST_LINE,
    _ARG_REST_COLUMN,
) = range(19)
_TO_ARG = _ARG_LOC - _LOC  # from the kind of a document's DebugLoc to that of an argument's

_FOLLOWS: dict[int, tuple[int, ...]] = {
    _HEAD: (_PASS,),
    _PASS: (_NAME,),
    _NAME: (_LOC, _LOC_FILE, _LOC_FILE_LINE, _FUNCTION),
    _LOC: (_FUNCTION,),
    _LOC_FILE: (_REST_LINE,),
    _LOC_FILE_LINE: (_REST_COLUMN,),
    _REST_LINE: (_FUNCTION,),
    _REST_COLUMN: (_FUNCTION,),
    _FUNCTION: (_HOTNESS, _ARGS, _NO_ARGS),
    _HOTNESS: (_ARGS, _NO_ARGS),
    _ARGS: (_ARG,),
    _ARG: (_ARG, _ARG_LOC, _ARG_LOC_FILE, _ARG_LOC_FILE_LINE),
    _ARG_LOC: (_ARG,),
    _ARG_LOC_FILE: (_ARG_REST_LINE,),
    _ARG_LOC_FILE_LINE: (_ARG_REST_COLUMN,),
    _ARG_REST_LINE: (_ARG,),
    _ARG_REST_COLUMN: (_ARG,),
}
_MAY_FOLLOW = np.zeros((19, 19), np.bool_)
for _kind, _next in _FOLLOWS.items():
    _MAY_FOLLOW[_kind, list(_next)] = True
_MAY_END = np.zeros(19, np.bool_)
_MAY_END[[_FUNCTION, _HOTNESS, _NO_ARGS, _ARG, _ARG_LOC, _ARG_REST_LINE, _ARG_REST_COLUMN]] = True

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
_TOP_KINDS = {b"Pass": _PASS, b"Name": _NAME, b"Function": _FUNCTION}
_FIXED = {f"--- {tag}\n".encode(): (_HEAD, code) for code, tag in enumerate(TAGS)} | {
    b"Args:\n": (_ARGS, 0),
    b"Args:            []\n": (_NO_ARGS, 0),
}
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPED = dict(
    zip('0abtnvfre"\\/N_LP ', '\0\a\b\t\n\v\f\r\x1b"\\/\x85\xa0\u2028\u2029 ', strict=True)
)
# What YAML takes for a line break, a byte order mark, or refuses to read.
_ODD = re.compile("[\x80-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

_Fields = tuple[int, int, int, int, int, int]  # kind, code or number, key, file, line, column


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
        self.top = {_PASS: _Texts(), _NAME: _Texts(), _FUNCTION: _Texts()}
        self.keys, self.values, self.files = _Texts(), _Texts(), _Texts()

    def fields(self, line: bytes) -> _Fields:
        """The fields of one line with its line end; _IRREGULAR sends its documents to PyYAML."""
        try:
            if line.startswith(b"  - "):
                return self._argument(line)
            if line.startswith((b"DebugLoc", b"    ")):
                return self._place(line)
            return self._other(line)
        except ValueError:  # UnicodeDecodeError, and escapes that are none
            return (_IRREGULAR, 0, 0, 0, 0, 0)

    def _argument(self, line: bytes) -> _Fields:
        match = _ARG_LINE.fullmatch(line)
        if not match:
            raise ValueError
        key, value = match.groups()
        if key == b"DebugLoc":
            raise ValueError
        return (_ARG, self.values.code(value), self.keys.code(key), 0, 0, 0)

    def _place(self, line: bytes) -> _Fields:
        if match := _LOC_LINE.fullmatch(line):
            indent, file, number, column = match.groups()
            kind = _LOC if column else _LOC_FILE_LINE if number else _LOC_FILE
            kind += _TO_ARG if indent else 0
            return (kind, 0, 0, self.files.code(file), int(number or 0), int(column or 0))
        if match := _REST_OF_LOC.fullmatch(line):
            indent, number, column = match.groups()
            kind = _REST_LINE if number else _REST_COLUMN
            kind += _TO_ARG if indent else 0
            return (kind, 0, 0, 0, int(number or 0), int(column))
        raise ValueError

    def _other(self, line: bytes) -> _Fields:
        if fixed := _FIXED.get(line):
            return (*fixed, 0, 0, 0, 0)
        if match := _TOP_LINE.fullmatch(line):
            kind = _TOP_KINDS[match[1]]
            return (kind, self.top[kind].code(match[2]), 0, 0, 0, 0)
        if match := _HOTNESS_LINE.fullmatch(line):
            return (_HOTNESS, int(match[1]), 0, 0, 0, 0)
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

    def prepare(self, stream: Stream) -> list[Problem]:
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
    table = np.array([lines.fields(line) for line in distinct.to_pylist()], np.int64)
    kinds = table[:, 0].astype(np.int8)[codes]

    regular = _regular(kinds, first)
    if not regular.all():
        length = np.diff(np.append(first, len(kinds)))
        kept = np.repeat(regular, length)
        codes, kinds = codes[kept], kinds[kept]
        first = np.concatenate(([0], np.cumsum(length[regular])))[:-1]
    return Columns(_assemble(lines, table, codes, kinds, first), regular)


def _regular(kinds: npt.NDArray[np.int8], first: Ints) -> Mask:
    """Which documents are a sequence of lines that LLVM writes. `first` is ascending."""
    good = np.empty(len(kinds), np.bool_)
    good[1:] = _MAY_FOLLOW[kinds[:-1], kinds[1:]]
    good[first] = kinds[first] == _HEAD
    last = np.append(first[1:], len(kinds)) - 1
    good[last] &= _MAY_END[kinds[last]]
    regular: Mask = np.logical_and.reduceat(good, first)
    return regular


def _assemble(
    lines: _Lines, table: Ints, codes: Ints, kinds: npt.NDArray[np.int8], first: Ints
) -> dict[str, pa.Array]:
    def of(kind: int) -> pa.Array:
        return coded(table[codes[kinds == kind], 1], lines.top[kind].array())

    number = len(first)
    arguments = np.flatnonzero(kinds == _ARG)
    hot = np.flatnonzero(kinds == _HOTNESS)
    hotness = _scatter(number, np.searchsorted(first, hot, "right") - 1, table[codes[hot], 1])
    file, line, column = _places(lines, table, codes, kinds, _LOC, first)
    arg_places = _places(lines, table, codes, kinds, _ARG_LOC, arguments)
    args = pa.StructArray.from_arrays(
        [
            coded(table[codes[arguments], 2], lines.keys.array()),
            coded(table[codes[arguments], 1], lines.values.array()),
            *arg_places,
        ],
        names=["key", "value", "file", "line", "column"],
    )
    offsets = np.append(np.searchsorted(arguments, first), len(arguments))
    return {
        "tag": coded(table[codes[kinds == _HEAD], 1], strings([tag[1:] for tag in TAGS])),
        "pass": of(_PASS),
        "name": of(_NAME),
        "function": of(_FUNCTION),
        "file": file,
        "line": line,
        "column": column,
        "hotness": hotness,
        "args": pa.ListArray.from_arrays(integers(offsets, pa.int32()), args),
    }


def _scatter(number: int, at: Ints, values: Ints) -> pa.Array:
    full, missing = np.zeros(number, np.int64), np.ones(number, np.bool_)
    full[at], missing[at] = values, False
    return integers(full, pa.int64(), missing)


def _places(
    lines: _Lines,
    table: Ints,
    codes: Ints,
    kinds: npt.NDArray[np.int8],
    loc: int,
    owners: Ints,
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """File, line and column of the last of `owners` (line indices) before each DebugLoc."""
    at = np.flatnonzero((kinds >= loc) & (kinds <= loc + _LOC_FILE_LINE - _LOC))
    shape = kinds[at] - loc + _LOC
    here, after = codes[at], codes[np.minimum(at + 1, len(codes) - 1)]
    line = np.where(shape == _LOC_FILE, table[after, 4], table[here, 4])
    column = np.where(shape == _LOC, table[here, 5], table[after, 5])
    owner = np.searchsorted(owners, at, "right") - 1
    missing = np.ones(len(owners), np.bool_)
    missing[owner] = False
    full = np.zeros((3, len(owners)), np.int64)
    full[:, owner] = table[here, 3], line, column
    return (
        coded(full[0], lines.files.array(), missing),
        integers(full[1], pa.int32(), missing),
        integers(full[2], pa.int32(), missing),
    )
