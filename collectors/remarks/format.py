"""What the reader of remarks asks of a recording's format, and what it gets.

A format cuts a recording into bounded blocks, finds the documents (remarks) of a block and parses
them: the many in the compiler's own form column by column, any other alone. A *place* is where a
document starts, as a user can look it up: the line of a YAML file, the byte of a bitstream.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.base.table import Problem
from collectors.remarks.arrow import Ints, Mask

#: Bytes of a bitstream, and of YAML, that a thread works on at a time: of larger ones the threads
#: would hold too much at once.
BLOCK, YAML_BLOCK = 3 << 20, 6 << 20

_INT32 = (1 << 31) - 1
_INT64 = (1 << 63) - 1
_DIGITS = re.compile(r"[0-9]{1,20}")


class Unreadable(Exception):
    """A document that is not a remark; the message says why, without positions or content."""


class Stream(Protocol):
    """What a format reads from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""

    def unread(self, data: bytes, /) -> bytes:
        """Takes back what was read last, if it can; returns what it cannot take."""


@dataclass(frozen=True)
class Block:
    """A part of the file, cut at the start of a document wherever there is one.

    `continued`: it starts inside a document longer than a block, or in damage. `cut`: it ends in
    such a document. `last`: the file ends with it.
    """

    data: bytes | memoryview
    continued: bool = False
    cut: bool = False
    last: bool = False


@dataclass(frozen=True)
class Documents:
    """The distinct documents of a block in order of their first appearance, arrays of length n.

    A document is data[start:end]; `place` counts from 0 in the block. These are int32, `count`
    is int32 or int64, and `digest` is (n, 2) int64: 32 bytes or more for each document. `read`
    counts all documents that are whole, `span` is how far the block moves the place, `size` its
    bytes.
    """

    starts: Ints
    ends: Ints
    place: Ints
    count: Ints
    digest: npt.NDArray[np.int64]
    read: int
    span: int
    size: int
    lost: list[tuple[int, str]]  # place and reason of documents that are not whole
    stray: list[tuple[int, str]]  # place and kind of what stands between documents


@dataclass(frozen=True)
class Columns:
    """Columns of the regular documents, by name, and which documents those are.

    `regular` is a mask over the documents given; the columns are as long as it has True.
    """

    columns: dict[str, pa.Array]
    regular: Mask


@dataclass
class Remark:
    """One remark in the terms of the table `remarks`, and what in the document was unexpected."""

    row: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    replaced: bool = False  # invalid UTF-8 became U+FFFD


class Format(Protocol):
    """One recording as its format sees it. Its methods may be called from several threads."""

    first: int  # place of the first byte

    def where(self, place: int) -> str:
        """What follows the file's name to name a place."""

    def prepare(self, stream: Stream) -> list[Problem]:
        """Read what must be known before the first document; problems without their file."""

    def blocks(self, stream: Stream) -> Any:
        """The file as an iterator of Block; the same cuts every time."""

    def documents(self, block: Block) -> Documents:
        """Find the documents of a block and count equal ones (equal as bytes)."""

    def columns(self, texts: pa.BinaryArray) -> Columns:
        """Parse documents in the form that the compiler writes."""

    def remark(self, text: bytes) -> Remark:
        """Parse one document in any form. Raises Unreadable."""


def digest(texts: list[bytes]) -> npt.NDArray[np.int64]:
    """128 bits for each text: two values of Python's keyed SipHash, (n, 2) int64.

    All documents start with the same bytes, so without the first three they differ as well, and
    the values of both forms are independent. hash() takes less than half of BLAKE2b's time.
    """
    found = np.empty((len(texts), 2), np.int64)
    found[:, 0] = np.fromiter(map(hash, texts), np.int64, len(texts))
    found[:, 1] = np.fromiter((hash(text[3:]) for text in texts), np.int64, len(texts))
    return found


def merge(found: list[Documents]) -> list[Documents]:
    """The blocks' documents without those that an earlier block has, whose counts are added."""
    digests = np.concatenate([docs.digest for docs in found])
    count = np.concatenate([docs.count for docs in found]).astype(np.int64)
    order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: equal ones stay in file order
    ordered = digests[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    heads = np.flatnonzero(new)
    first = np.zeros(len(order), np.bool_)
    first[order[heads]] = True
    if len(heads):
        count[order[heads]] = np.add.reduceat(count[order], heads)
    merged, at = [], 0
    for docs in found:
        mine = slice(at, at + len(docs.starts))
        keep, at = first[mine], mine.stop
        merged.append(
            replace(
                docs,
                starts=docs.starts[keep],
                ends=docs.ends[keep],
                place=docs.place[keep],
                count=count[mine][keep],
                digest=docs.digest[keep],
            )
        )
    return merged


def first_and_count(codes: Ints, size: int) -> tuple[Ints, Ints]:
    """First index of each code that occurs, ascending, and how often the code occurs."""
    first = np.full(size, -1, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # of equal indices the last assignment stays
    count = np.bincount(codes, minlength=size)
    order = np.flatnonzero(count)
    order = order[np.argsort(first[order], kind="stable")]
    return first[order], count[order]


def number(name: str, value: Any, most: int, notes: list[str]) -> int | None:
    """A whole number from 0 to `most` as written; None, with a note, for anything else."""
    if value is None:
        return None
    if isinstance(value, str) and _DIGITS.fullmatch(value) and int(value) <= most:
        return int(value)
    notes.append(f"{name} that is not a number of its range")
    return None


def place_number(name: str, value: Any, notes: list[str]) -> int | None:
    """A line or column; see `number`."""
    return number(name, value, _INT32, notes)


def hotness(value: Any, notes: list[str]) -> int | None:
    """A profile count; see `number`."""
    return number("Hotness", value, _INT64, notes)
