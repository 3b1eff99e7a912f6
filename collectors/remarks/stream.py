"""Files of remarks as streams: plain, or compressed with gzip, xz or zstd, damaged or not."""

from __future__ import annotations

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pyarrow as pa


class Watched:
    """A stream that ends where its compressed data is damaged, and remembers the reason."""

    def __init__(self, stream: Any, raw: io.RawIOBase) -> None:
        self._stream = stream
        self._raw = raw
        self._compressed = stream is not raw
        self.damage = ""

    @property
    def position(self) -> int:
        """How far the file itself has been read, in bytes."""
        return self._raw.tell()

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end or from the damage on."""
        try:
            return b"" if self.damage else cast(bytes, self._stream.read(size))
        except (EOFError, zlib.error, lzma.LZMAError, pa.ArrowInvalid, OSError) as error:
            if not self._compressed:
                raise
            self.damage = str(error)
            return b""

    def unread(self, data: bytes, /) -> bytes:
        """Takes back what was read last, if the file can seek; returns what it cannot take."""
        if self._compressed:
            return data
        self._stream.seek(-len(data), io.SEEK_CUR)
        return b""


@contextmanager
def opened(path: Path) -> Iterator[Watched]:
    """The decompressed file; the compression is recognised by its content. Raises OSError."""
    with open(path, "rb", buffering=0) as raw:
        head = raw.read(6)
        raw.seek(0)
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(raw) as stream:
                yield Watched(stream, raw)
        elif head.startswith(b"\xfd7zXZ\0"):
            with lzma.open(raw) as stream:
                yield Watched(stream, raw)
        elif head.startswith(b"\x28\xb5\x2f\xfd"):
            with pa.CompressedInputStream(pa.PythonFile(raw), "zstd") as stream:
                yield Watched(stream, raw)
        else:
            yield Watched(raw, raw)
