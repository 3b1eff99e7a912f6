"""The documents of a remark file: bounded blocks of it, and the distinct documents of a block.

More than half of the documents of a build are exact duplicates, so a block is cut into documents
and these are compared as raw bytes before anything is parsed. numpy and Arrow do this without the
interpreter lock.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.remarks.arrow import Ints, encode, slices
from collectors.remarks.format import BLOCK, Block, Documents, Stream, digest, first_and_count

Bytes = npt.NDArray[np.uint8]

NEWLINE = 10
TRUNCATED = "the file ends within this document"
_BLANK = np.zeros(256, np.bool_)
_BLANK[[9, 10, 13, 32]] = True


def blocks(stream: Stream, size: int = BLOCK) -> Iterator[Block]:
    """The file as blocks of at most `size` bytes, line ends as LF. The cuts depend on `size` only.

    A document longer than a block comes in pieces, so memory stays bounded whatever the file is.
    """
    head = stream.read(3)
    carry = b"" if head == b"\xef\xbb\xbf" else stream.unread(head)
    continued = False
    while True:
        data = fill(stream, size, carry)
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


def fill(stream: Stream, size: int, carry: bytes) -> bytes:
    """`carry` and what follows it in the stream, `size` bytes unless the stream ends."""
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


def documents(block: Block, size: int = BLOCK) -> Documents:
    """Finds the documents of a block and counts equal ones (equal as bytes).

    A document is data[start:end], from `---` to before `...`; its place is a line from 0. `size`
    is what `blocks` was given.
    """
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

    lost: list[tuple[int, str]] = []
    if len(heads) and not closed[-1] and (block.cut or block.last):
        what = f"document longer than {size >> 20} MB" if block.cut else TRUNCATED
        lost.append((int(heads[-1]), what))
        heads, starts, ends = heads[:-1], starts[:-1], ends[:-1]

    # Documents and what stands between them alternate: between, document, between, ...
    bounds = np.empty(2 * len(starts) + 2, np.int64)
    bounds[0], bounds[1:-1:2], bounds[2:-1:2], bounds[-1] = 0, starts, ends, len(text)
    if lost:
        bounds[-1] = begins[lost[0][0]]
    if block.continued:
        bounds[0] = bounds[1]
    codes, texts = encode(slices(block.data, bounds))
    stray = _stray(texts, codes[::2], bounds[::2], newlines)
    first, count = first_and_count(codes[1::2], len(texts))
    return Documents(
        starts=starts[first].astype(np.int32),
        ends=ends[first].astype(np.int32),
        place=heads[first].astype(np.int32),
        count=count.astype(np.int32),
        digest=digest(texts.to_pylist())[codes[1::2][first]],
        read=len(heads),
        span=len(newlines),
        size=len(block.data),
        lost=lost,
        stray=[(line, "text between documents") for line in stray],
    )


def _markers(text: Bytes, begins: Ints, char: int) -> Ints:
    """Indices of the lines that start with three times `char` and then a blank or the end."""
    lines = np.flatnonzero(text[begins] == char)
    for step in (1, 2):
        lines = lines[_peek(text, begins[lines] + step) == char]
    return lines[_BLANK[_peek(text, begins[lines] + 3)]]


def _peek(text: Bytes, at: Ints) -> Bytes:
    return np.where(at < len(text), text[np.minimum(at, len(text) - 1)], np.uint8(NEWLINE))


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
