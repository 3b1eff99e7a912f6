"""Optimisation remarks of clang and LLVM, recorded as YAML (`*.opt.yaml`), as a table.

    reader = read("gemm.opt.yaml", "gemm.c")
    for batch in reader:
        writer.write_batch(batch)
    reader.problems, reader.statistics

A file is read twice: first to find its documents and count equal ones, then to parse each distinct
document once. So rows can be handed out as they are parsed and yet carry their final count, and
memory holds a few blocks plus some 60 bytes for each distinct document, not the file.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import pyarrow as pa

from collectors.remarks_arrow import Ints, coded, gather, integers, strings
from collectors.remarks_documents import (
    BLOCK,
    Block,
    Documents,
    blocks,
    documents,
)
from collectors.remarks_fallback import Unreadable, read_document
from collectors.remarks_yaml import columns
from collectors.table import Problem, Table, column

TEXT = pa.dictionary(pa.int32(), pa.string())
ARGUMENT = pa.struct(
    [
        pa.field("key", TEXT),
        pa.field("value", TEXT),
        pa.field("file", TEXT),
        pa.field("line", pa.int32()),
        pa.field("column", pa.int32()),
    ]
)
REMARKS = Table(
    "remarks",
    "what the optimiser reported; one row for each distinct remark of a recording",
    pa.schema(
        [
            column("unit", TEXT, "translation unit the recording belongs to"),
            column("tag", TEXT, "Passed, Missed, Analysis, AnalysisFPCommute, ... or Failure"),
            column("pass", TEXT, "LLVM pass that reports"),
            column("name", TEXT, "name of the remark within its pass"),
            column("function", TEXT, "function, name as in the object file (mangled)"),
            column("file", TEXT, "source file as the compiler was given it, or NULL"),
            column("line", pa.int32(), "source line from 1, 0 if the compiler has none, or NULL"),
            column("column", pa.int32(), "source column from 1, 0 if it has none, or NULL"),
            column("hotness", pa.int64(), "profile count, or NULL without a profile"),
            column("args", pa.list_(ARGUMENT), "every argument in order, with its own place"),
            column("count", pa.int64(), "how many documents of the recording are this one"),
            column("document", pa.int64(), "line of the recording where the first of them starts"),
        ]
    ),
)

_LAYER = "remarks"
_FALLBACK_ROWS = 1024  # of Python objects at a time; they are some 20 times the size of the text
_MOST_PROBLEMS = 200  # kinds, per file

_TRUNCATED = "the file ends within this document"
_FIXES = {_TRUNCATED: "let the compiler finish, then record again"}

_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass
class Statistics:
    """Documents of one file. `read` = `fast` + `fallback` + `bad`; all count duplicates.

    `distinct` is the number of different documents, `rows` that of rows handed out. `bytes` is the
    size after decompression, `replaced` the number of documents with invalid UTF-8.
    """

    read: int = 0
    fast: int = 0
    fallback: int = 0
    bad: int = 0
    distinct: int = 0
    rows: int = 0
    replaced: int = 0
    bytes: int = 0

    @property
    def duplicates(self) -> int:
        """Documents that equal an earlier one."""
        return self.read - self.distinct


@dataclass(frozen=True)
class _Chosen:
    """The documents of one block to parse: those that are the first of their kind in the file."""

    size: int
    begin: int  # line of the file at which the block begins
    starts: Ints
    ends: Ints
    line: Ints
    count: Ints


@dataclass
class _Parsed:
    batches: list[pa.RecordBatch] = field(default_factory=list)
    statistics: Statistics = field(default_factory=Statistics)
    problems: list[tuple[int, str, int]] = field(default_factory=list)  # line, what, count


class _Watched:
    """A stream that ends where its compressed data is damaged, and remembers the reason."""

    def __init__(self, stream: Any, *, compressed: bool = True) -> None:
        self._stream = stream
        self._compressed = compressed
        self.damage = ""

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


class RemarkReader:
    """The remarks of one file as record batches of REMARKS' schema; see `read`.

    `statistics` and `problems` are complete once the iteration is. Iterating again reads again.
    """

    def __init__(
        self, path: str | os.PathLike[str], unit: str, *, threads: int | None, block: int
    ) -> None:
        self.path = Path(path)
        self.unit = unit
        self.threads = threads or min(2, len(os.sched_getaffinity(0)))
        self.statistics = Statistics()
        self._block = block
        self._problems: dict[str, Problem] = {}

    @property
    def problems(self) -> list[Problem]:
        """What could not be read; equal problems once, at their first place, with their number."""
        return list(self._problems.values())

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Rows by block of the file; in a block those the fall-back read come last.

        Raises OSError if the file cannot be opened or read. Anything in it that is not a remark is
        a problem, not an exception.
        """
        self.statistics, self._problems = Statistics(), {}
        if self._is_bitstream():
            return
        state = self._state()
        with ThreadPoolExecutor(self.threads) as pool:
            chosen = self._choose(pool)
            with self._open() as stream:
                work = zip(blocks(stream, self._block), chosen, strict=False)
                for parsed in _in_order(pool, self._parse, work, self.threads):
                    yield from self._take(parsed)
        done = self.statistics
        if self._state() != state or done.fast + done.fallback + done.bad != done.read:
            self._problem(
                str(self.path),
                "the file changed while it was read",
                "read it once the compiler has finished",
            )

    def _state(self) -> tuple[int, int]:
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns

    def _is_bitstream(self) -> bool:
        with self._open() as stream:
            head = stream.read(8)
        if head.startswith((b"RMRK", b"REMARKS\0")):
            self._problem(
                str(self.path),
                "remarks in LLVM's bitstream format or with a string table, not YAML",
                "record with -fsave-optimization-record=yaml, or llvm-remarkutil bitstream2yaml",
            )
            return True
        return False

    def _choose(self, pool: ThreadPoolExecutor) -> list[_Chosen]:
        """First pass: finds all documents; for each block, those to parse with their final count.

        Documents are compared within a block as bytes, between blocks by a 128-bit hash.
        """
        found: list[Documents] = []
        line = 1
        with self._open() as stream:
            for docs in _in_order(pool, documents, blocks(stream, self._block), self.threads):
                self._report(docs, line)
                self.statistics.read += docs.read
                self.statistics.bytes += docs.size
                found.append(docs)
                line += docs.newlines
            if stream.damage:
                self._problem(
                    str(self.path),
                    f"damaged compressed file: {stream.damage}",
                    "what precedes the damage was read; record or copy the file again",
                )
        if not found:
            return []
        count, first = _merge(found)
        self.statistics.distinct += int(first.sum())
        chosen = []
        at, line = 0, 1
        for docs in found:
            mine = slice(at, at + len(docs.starts))
            keep, at = first[mine], mine.stop
            chosen.append(
                _Chosen(
                    docs.size,
                    line,
                    docs.starts[keep],
                    docs.ends[keep],
                    docs.line[keep],
                    count[mine][keep],
                )
            )
            line += docs.newlines
        return chosen

    def _report(self, docs: Documents, line: int) -> None:
        for stray in docs.stray:
            self._at(line + stray, "text between documents", 1)
        if docs.unfinished is not None:
            what = _TRUNCATED
            if docs.cut:
                what = f"document longer than {self._block >> 20} MB"
            self._at(line + docs.unfinished, what, 1)
            self.statistics.read += 1
            self.statistics.distinct += 1
            self.statistics.bad += 1

    def _parse(self, work: tuple[Block, _Chosen]) -> _Parsed:
        """Second pass over one block."""
        block, chosen = work
        parsed = _Parsed()
        if len(block.data) != chosen.size or not len(chosen.starts):
            return parsed  # a block that changed is missed in the statistics, and so reported
        texts = gather(block.data, chosen.starts, chosen.ends)
        lines = chosen.line.astype(np.int64) + chosen.begin
        found = columns(texts)
        regular = found.regular
        if regular.any():
            batch = self._batch(found.columns, chosen.count[regular], lines[regular])
            parsed.batches.append(batch)
            parsed.statistics.fast = int(chosen.count[regular].sum())
        rest = np.flatnonzero(~regular).tolist()
        for part in range(0, len(rest), _FALLBACK_ROWS):
            self._fall_back(texts, chosen, rest[part : part + _FALLBACK_ROWS], parsed)
        parsed.statistics.rows = sum(batch.num_rows for batch in parsed.batches)
        return parsed

    def _batch(self, found: dict[str, pa.Array], count: Ints, line: Ints) -> pa.RecordBatch:
        unit = coded(np.zeros(len(count), np.int32), strings([self.unit]))
        found = {
            **found,
            "unit": unit,
            "count": integers(count, pa.int64()),
            "document": integers(line, pa.int64()),
        }
        schema = REMARKS.schema
        return pa.RecordBatch.from_arrays([found[name] for name in schema.names], schema=schema)

    def _fall_back(
        self, texts: pa.BinaryArray, chosen: _Chosen, indices: list[int], parsed: _Parsed
    ) -> None:
        rows: list[dict[str, Any]] = []
        for index in indices:
            line, count = int(chosen.line[index]) + chosen.begin, int(chosen.count[index])
            try:
                remark = read_document(texts[index].as_py())
            except Unreadable as error:
                parsed.problems.append((line, f"document that is not a remark: {error}", count))
                parsed.statistics.bad += count
                continue
            for note in remark.notes:
                parsed.problems.append((line, note, count))
            if remark.replaced:
                parsed.problems.append((line, "invalid UTF-8, replaced by U+FFFD", count))
                parsed.statistics.replaced += count
            parsed.statistics.fallback += count
            rows.append({**remark.row, "unit": self.unit, "count": count, "document": line})
        if rows:
            parsed.batches.append(pa.RecordBatch.from_pylist(rows, schema=REMARKS.schema))

    def _take(self, parsed: _Parsed) -> Iterator[pa.RecordBatch]:
        """Adds a block's figures and problems, then hands out its rows."""
        for name in ("fast", "fallback", "bad", "rows", "replaced"):
            total = getattr(self.statistics, name) + getattr(parsed.statistics, name)
            setattr(self.statistics, name, total)
        for line, what, count in parsed.problems:
            self._at(line, what, count)
        yield from parsed.batches

    def _at(self, line: int, what: str, count: int) -> None:
        fix = _FIXES.get(what, "")
        self._problem(f"{self.path}:{line}", what, fix, count)

    def _problem(self, where: str, what: str, fix: str, count: int = 1) -> None:
        if len(self._problems) >= _MOST_PROBLEMS and what not in self._problems:
            where, what, fix = str(self.path), "more problems of other kinds", ""
        known = self._problems.get(what)
        if known:
            where, count = known.where, known.count + count
        self._problems[what] = Problem(_LAYER, where, what, fix, count)

    @contextmanager
    def _open(self) -> Iterator[_Watched]:
        """The decompressed file; the compression is recognised by its content."""
        with open(self.path, "rb", buffering=0) as raw:
            head = raw.read(6)
            raw.seek(0)
            if head.startswith(b"\x1f\x8b"):
                with gzip.open(raw) as stream:
                    yield _Watched(stream)
            elif head.startswith(b"\xfd7zXZ\0"):
                with lzma.open(raw) as stream:
                    yield _Watched(stream)
            elif head.startswith(b"\x28\xb5\x2f\xfd"):
                with pa.CompressedInputStream(pa.PythonFile(raw), "zstd") as stream:
                    yield _Watched(stream)
            else:
                yield _Watched(raw, compressed=False)


def read(
    path: str | os.PathLike[str], unit: str, *, threads: int | None = None, block: int = BLOCK
) -> RemarkReader:
    """The remarks in a YAML file, plain or compressed with gzip, xz or zstd, labelled with `unit`.

    Iterate over the result for record batches. Over all of them, rows differ in the text of their
    document, and `count` sums to the number of documents kept. At most `threads` (default: the
    CPUs the process may use, at most 2) work on `block` bytes each.
    """
    return RemarkReader(path, unit, threads=threads, block=block)


def _merge(found: list[Documents]) -> tuple[Ints, Any]:
    """Joins the blocks' documents: for each its count in the file, and whether it is the first.

    Returns arrays as long as all blocks' documents together; `count` is valid where `first` is.
    """
    digest = np.concatenate([docs.digest for docs in found])
    count = np.concatenate([docs.count for docs in found]).astype(np.int64)
    order = np.lexsort((digest[:, 1], digest[:, 0]))  # stable: equal ones stay in file order
    ordered = digest[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    heads = np.flatnonzero(new)
    first = np.zeros(len(order), np.bool_)
    first[order[heads]] = True
    if len(heads):
        count[order[heads]] = np.add.reduceat(count[order], heads)
    return count, first


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[_T], _R], items: Iterable[_T], ahead: int
) -> Iterator[_R]:
    """Results of `work` in the items' order, at most `ahead` items beyond the one handed out."""
    waiting: deque[Future[_R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
