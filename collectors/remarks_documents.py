"""The documents of a remark file: bounded blocks of it, and the distinct documents of a block.

More than half of the documents of a build are exact duplicates, so a block is cut into documents
and these are compared as raw bytes before anything is parsed. numpy and Arrow do this without the
interpreter lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.remarks_arrow import Ints, encode, slices

Bytes = npt.NDArray[np.uint8]

BLOCK = 3 << 20  # larger ones are no faster, and the threads hold several at once
NEWLINE = 10
_BLANK = np.zeros(256, np.bool_)
_BLANK[[9, 10, 13, 32]] = True


class Stream(Protocol):
    """What `blocks` reads from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""

    def unread(self, data: bytes, /) -> bytes:
        """Takes back what was read last, if it can; returns what it cannot take."""


@dataclass(frozen=True)
class Block:
    """A part of the file, cut at the start of a document wherever there is one.

    `continued`: it starts inside a document longer than a block. `cut`: it ends in one.
    `last`: the file ends with it.
    """

    data: bytes | memoryview
    continued: bool = False
    cut: bool = False
    last: bool = False


def blocks(stream: Stream, size: int = BLOCK) -> Iterator[Block]:
    """The file as blocks of at most `size` bytes, line ends as LF. The cuts depend on `size` only.

    A document longer than a block comes in pieces, so memory stays bounded whatever the file is.
    """
    head = stream.read(3)
    carry = b"" if head == b"\xef\xbb\xbf" else stream.unread(head)
    continued = False
    while True:
        data = _fill(stream, size, carry)
        if len(data) < size:
            if data:
                yield Block(_unix(data, len(data)), continued, last=True)
            return
        at = data.rfind(b"\n--- ") + 1
        cut = not at
        if cut:
            at = len(data) - 8  # keep a possible half of "\n--- " for the next block
        yield Block(_unix(data, at), continued, cut)
        carry, continued = stream.unread(data[at:]), cut


def _fill(stream: Stream, size: int, carry: bytes) -> bytes:
    parts = [carry] if carry else []
    size -= len(carry)
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unix(data: bytes, size: int) -> bytes | memoryview:
    if b"\r" in data:
        return data[:size].replace(b"\r\n", b"\n")
    return memoryview(data)[:size]


@dataclass(frozen=True)
class Documents:
    """The distinct documents of a block in order of their first appearance, arrays of length n.

    A document is data[start:end], from `---` to before `...`; `line` counts from 0 in the block.
    With `count` these are int32, and `digest` is (n, 2) int64: 32 bytes for each document. `read`
    counts all documents, `newlines` the block's line ends, `size` its bytes.
    """

    starts: Ints
    ends: Ints
    line: Ints
    count: Ints
    digest: npt.NDArray[np.int64]
    read: int
    newlines: int
    size: int
    unfinished: int | None  # line of a document that the block's end cuts off
    cut: bool  # and whether that is because the document is longer than the block
    stray: list[int]  # lines at which text stands between documents


def documents(block: Block) -> Documents:
    """Finds the documents of a block and counts equal ones (equal as bytes)."""
    text = np.frombuffer(block.data, np.uint8)
    newlines = np.flatnonzero(text == NEWLINE)
    begins = np.concatenate(([0], newlines + 1))
    if begins[-1] == len(text):
        begins = begins[:-1]
    heads = _markers(text, begins, ord("-"))
    tails = _markers(text, begins, ord("."))
    if block.continued:  # byte 0 is in the middle of a line
        heads, tails = heads[heads > 0], tails[tails > 0]
    starts = begins[heads]
    following = np.append(starts[1:], len(text))
    stops = np.append(begins[tails], len(text))
    stops = stops[np.searchsorted(stops, starts)]
    closed = stops < following
    ends = np.where(closed, stops, following)

    unfinished = None
    if len(heads) and not closed[-1] and (block.cut or block.last):
        unfinished = int(heads[-1])
        heads, starts, ends = heads[:-1], starts[:-1], ends[:-1]

    # Documents and what stands between them alternate: between, document, between, ...
    bounds = np.empty(2 * len(starts) + 2, np.int64)
    bounds[0], bounds[1:-1:2], bounds[2:-1:2], bounds[-1] = 0, starts, ends, len(text)
    if unfinished is not None:
        bounds[-1] = begins[unfinished]
    if block.continued:
        bounds[0] = bounds[1]
    codes, texts = encode(slices(block.data, bounds))
    stray = _stray(texts, codes[::2], bounds[::2], newlines)
    first, count = _first_and_count(codes[1::2], len(texts))
    digest = _digest(texts.to_pylist())[codes[1::2][first]]
    return Documents(
        starts=starts[first].astype(np.int32),
        ends=ends[first].astype(np.int32),
        line=heads[first].astype(np.int32),
        count=count.astype(np.int32),
        digest=digest,
        read=len(heads),
        newlines=len(newlines),
        size=len(block.data),
        unfinished=unfinished,
        cut=block.cut,
        stray=stray,
    )


def _digest(texts: list[bytes]) -> npt.NDArray[np.int64]:
    """128 bits for each text: two values of Python's keyed SipHash, (n, 2) int64.

    All documents start with `---`, so without it they differ as well, and the values of both
    forms are independent. hash() takes less than half of the time of BLAKE2b.
    """
    digest = np.empty((len(texts), 2), np.int64)
    digest[:, 0] = np.fromiter(map(hash, texts), np.int64, len(texts))
    digest[:, 1] = np.fromiter((hash(text[3:]) for text in texts), np.int64, len(texts))
    return digest


def _markers(text: Bytes, begins: Ints, char: int) -> Ints:
    """Indices of the lines that start with three times `char` and then a blank or the end."""
    lines = np.flatnonzero(text[begins] == char)
    for step in (1, 2):
        lines = lines[_peek(text, begins[lines] + step) == char]
    return lines[_BLANK[_peek(text, begins[lines] + 3)]]


def _peek(text: Bytes, at: Ints) -> Bytes:
    return np.where(at < len(text), text[np.minimum(at, len(text) - 1)], np.uint8(NEWLINE))


def _first_and_count(codes: Ints, size: int) -> tuple[Ints, Ints]:
    """First index of each code that occurs, ascending, and how often the code occurs."""
    first = np.full(size, -1, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # of equal indices the last assignment stays
    count = np.bincount(codes, minlength=size)
    order = np.flatnonzero(count)
    order = order[np.argsort(first[order], kind="stable")]
    return first[order], count[order]


def _stray(texts: pa.Array, codes: Ints, at: Ints, newlines: Ints) -> list[int]:
    """Lines at which something other than blanks, comments and end markers is between documents."""
    odd: dict[int, int] = {}  # code to the lines before the odd one
    for code in np.unique(codes).tolist():
        between = texts[code].as_py()
        if between not in (b"...\n", b"", b"..."):
            for number, line in enumerate(between.removeprefix(b"...").split(b"\n")):
                if line.strip() and not line.startswith((b"#", b"%")):
                    odd[code] = number
                    break
    places = np.flatnonzero(np.isin(codes, list(odd))).tolist()
    return [int(np.searchsorted(newlines, at[i])) + odd[int(codes[i])] for i in places]
