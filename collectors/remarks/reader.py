"""Optimisation remarks of clang and LLVM, recorded as YAML or as a bitstream, as a table.

    reader = read("gemm.opt.yaml", "gemm.c")
    for batch in reader:
        writer.write_batch(batch)
    reader.problems, reader.statistics

A file is read twice: first to find its documents and count equal ones, then to parse each distinct
document once. So rows can be handed out as they are parsed and yet carry their final count, and
memory holds a few blocks plus some 60 bytes for each distinct document, not the file. A file of
very many distinct documents is read in parts, so that this too stays bounded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from collectors.base.table import Problem, Table, column
from collectors.base.threads import in_order
from collectors.remarks.arrow import Ints, coded, gather, integers, strings
from collectors.remarks.bitstream import MAGIC, Bitstream
from collectors.remarks.format import BLOCK, YAML_BLOCK, Block, Documents, Format, Unreadable, merge
from collectors.remarks.stream import Watched, opened
from collectors.remarks.yaml_columns import Yaml
from collectors.remarks.yaml_documents import TRUNCATED

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
            column(
                "document",
                pa.int64(),
                "line of the recording (in a bitstream: byte) where the first of them starts",
            ),
        ]
    ),
    version=2,
)

_LAYER = "remarks"
_FALLBACK_ROWS = 1024  # of Python objects at a time; they are some 20 times the size of the text
_MOST_PROBLEMS = 200  # kinds, per file

_MOST_DISTINCT = 7 << 17  # documents, in a part of the file

_FIXES = {TRUNCATED: "let the compiler finish, then record again"}


_T = TypeVar("_T")


@dataclass
class Statistics:
    """Documents of one file. `read` = `fast` + `fallback` + `bad`; all count duplicates.

    `distinct` is the number of different documents, `rows` that of rows handed out; in a file of
    several parts both sum over the parts. `bytes` is the size after decompression, `replaced` the
    number of documents with invalid UTF-8.
    """

    read: int = 0
    fast: int = 0
    fallback: int = 0
    bad: int = 0
    distinct: int = 0
    rows: int = 0
    replaced: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class _Chosen:
    """The documents of one block to parse: those that are the first of their kind in the file."""

    size: int
    begin: int  # place in the file at which the block begins
    starts: Ints
    ends: Ints
    place: Ints
    count: Ints


@dataclass
class _Parsed:
    batches: list[pa.RecordBatch] = field(default_factory=list)
    statistics: Statistics = field(default_factory=Statistics)
    problems: list[tuple[int, str, int]] = field(default_factory=list)  # place, what, count


class RemarkReader:
    """The remarks of one file as record batches of REMARKS' schema; see `read`.

    `statistics` and `problems` are complete once the iteration is. Iterating again reads again.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        unit: str,
        *,
        threads: int | None,
        block: int | None,
        distinct: int = _MOST_DISTINCT,
        progress: Callable[[float], object] | None = None,
    ) -> None:
        self.path = Path(path)
        self.unit = unit
        self.threads = threads or min(2, len(os.sched_getaffinity(0)))
        self.statistics = Statistics()
        self._block = block
        self._distinct = distinct
        self._progress = progress
        self._size = 0
        self._format: Format = Yaml(block or YAML_BLOCK)
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
        state = self._state()
        self._size = state[0]
        if not self._recognise():
            return
        with (
            _often_switching(),
            ThreadPoolExecutor(self.threads) as pool,
            opened(self.path) as ahead,
            opened(self.path) as stream,
        ):
            found = in_order(pool, self._format.documents, self._format.blocks(ahead), self.threads)
            blocks = self._format.blocks(stream)
            with closing(found):
                for chosen in self._parts(self._watched(found, ahead, stream)):
                    work = zip(chosen, blocks, strict=False)
                    rest = in_order(pool, self._parse, work, self.threads)
                    for parsed in self._watched(rest, ahead, stream):
                        yield from self._take(parsed)
            if ahead.damage:
                self._problem(
                    str(self.path),
                    f"damaged compressed file: {ahead.damage}",
                    "what precedes the damage was read; record or copy the file again",
                )
        done = self.statistics
        if (
            not self.path.exists()
            or self._state() != state
            or done.fast + done.fallback + done.bad != done.read
        ):
            self._problem(
                str(self.path),
                "the file changed while it was read",
                "read it once the compiler has finished",
            )

    def _watched(self, items: Iterator[_T], *streams: Watched) -> Iterator[_T]:
        """The items; after each, tells how much of the two passes over the file is done."""
        size = max(1, self._size) * len(streams)
        for item in items:
            if self._progress:
                self._progress(min(1.0, sum(stream.position for stream in streams) / size))
            yield item

    def _state(self) -> tuple[int, int, int]:
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns, status.st_ino

    def _recognise(self) -> bool:
        """Which format it is, by its content; whether there is anything to read."""
        with opened(self.path) as stream:
            head = stream.read(8)
        if head.startswith(b"REMARKS\0"):
            self._problem(
                str(self.path),
                "remarks in the format yaml-strtab, whose strings are in another file",
                "record with -fsave-optimization-record=yaml or =bitstream",
            )
            return False
        if not head.startswith(MAGIC):
            self._format = Yaml(self._block or YAML_BLOCK)
            return True
        self._format = Bitstream(self._block or BLOCK)
        with opened(self.path) as stream:
            for problem in self._format.prepare(stream):
                self._problem(f"{self.path}{problem.where}", problem.what, problem.fix)
        return True

    def _parts(self, found: Iterator[Documents]) -> Iterator[list[_Chosen]]:
        """First pass: finds all documents; for each block, those to parse with their final count.

        Documents are compared within a block as bytes, between blocks by a 128-bit hash. A part
        ends when it holds many distinct documents, not only many.
        """
        begin = self._format.first
        part: list[tuple[int, Documents]] = []
        held = 0
        for docs in found:
            self._report(docs, begin)
            self.statistics.read += docs.read
            self.statistics.bytes += docs.size
            part.append((begin, docs))
            held += len(docs.starts)
            begin += docs.span
            if held >= self._distinct:
                part = _merged(part)
                held = sum(len(docs.starts) for _, docs in part)
                if 4 * held >= 3 * self._distinct:
                    yield self._choose(part)
                    part, held = [], 0
        if part:
            yield self._choose(_merged(part))

    def _choose(self, part: list[tuple[int, Documents]]) -> list[_Chosen]:
        self.statistics.distinct += sum(len(docs.starts) for _, docs in part)
        return [
            _Chosen(docs.size, begin, docs.starts, docs.ends, docs.place, docs.count)
            for begin, docs in part
        ]

    def _report(self, docs: Documents, begin: int) -> None:
        for place, what in docs.stray:
            self._at(begin + place, what, 1)
        for place, what in docs.lost:
            self._at(begin + place, what, 1)
            self.statistics.read += 1
            self.statistics.distinct += 1
            self.statistics.bad += 1

    def _parse(self, work: tuple[_Chosen, Block]) -> _Parsed:
        """Second pass over one block."""
        chosen, block = work
        parsed = _Parsed()
        if len(block.data) != chosen.size or not len(chosen.starts):
            return parsed  # a block that changed is missed in the statistics, and so reported
        texts = gather(block.data, chosen.starts, chosen.ends)
        places = chosen.place.astype(np.int64) + chosen.begin
        found = self._format.columns(texts)
        regular = found.regular
        if regular.any():
            batch = self._batch(found.columns, chosen.count[regular], places[regular])
            parsed.batches.append(batch)
            parsed.statistics.fast = int(chosen.count[regular].sum())
        rest = np.flatnonzero(~regular).tolist()
        for part in range(0, len(rest), _FALLBACK_ROWS):
            self._fall_back(texts, chosen, rest[part : part + _FALLBACK_ROWS], parsed)
        parsed.statistics.rows = sum(batch.num_rows for batch in parsed.batches)
        return parsed

    def _batch(self, found: dict[str, pa.Array], count: Ints, place: Ints) -> pa.RecordBatch:
        unit = coded(np.zeros(len(count), np.int32), strings([self.unit]))
        found = {
            **found,
            "unit": unit,
            "count": integers(count, pa.int64()),
            "document": integers(place, pa.int64()),
        }
        schema = REMARKS.schema
        return pa.RecordBatch.from_arrays([found[name] for name in schema.names], schema=schema)

    def _fall_back(
        self, texts: pa.BinaryArray, chosen: _Chosen, indices: list[int], parsed: _Parsed
    ) -> None:
        rows: list[dict[str, Any]] = []
        for index in indices:
            place, count = int(chosen.place[index]) + chosen.begin, int(chosen.count[index])
            try:
                remark = self._format.remark(texts[index].as_py())
            except Unreadable as error:
                parsed.problems.append((place, f"document that is not a remark: {error}", count))
                parsed.statistics.bad += count
                continue
            for note in remark.notes:
                parsed.problems.append((place, note, count))
            if remark.replaced:
                parsed.problems.append((place, "invalid UTF-8, replaced by U+FFFD", count))
                parsed.statistics.replaced += count
            parsed.statistics.fallback += count
            rows.append({**remark.row, "unit": self.unit, "count": count, "document": place})
        if rows:
            parsed.batches.append(pa.RecordBatch.from_pylist(rows, schema=REMARKS.schema))

    def _take(self, parsed: _Parsed) -> Iterator[pa.RecordBatch]:
        """Adds a block's figures and problems, then hands out its rows."""
        for name in ("fast", "fallback", "bad", "rows", "replaced"):
            total = getattr(self.statistics, name) + getattr(parsed.statistics, name)
            setattr(self.statistics, name, total)
        for place, what, count in parsed.problems:
            self._at(place, what, count)
        yield from parsed.batches

    def _at(self, place: int, what: str, count: int) -> None:
        fix = _FIXES.get(what, "")
        self._problem(f"{self.path}{self._format.where(place)}", what, fix, count)

    def _problem(self, where: str, what: str, fix: str, count: int = 1) -> None:
        if len(self._problems) >= _MOST_PROBLEMS and what not in self._problems:
            where, what, fix = str(self.path), "more problems of other kinds", ""
        known = self._problems.get(what)
        if known:
            where, count = known.where, known.count + count
        self._problems[what] = Problem(_LAYER, where, what, fix, count)


def read(
    path: str | os.PathLike[str],
    unit: str,
    *,
    threads: int | None = None,
    block: int | None = None,
    progress: Callable[[float], object] | None = None,
) -> RemarkReader:
    """The remarks in a file, YAML or bitstream, labelled with `unit`; gzip, xz or zstd are undone.

    Iterate over the result for record batches. Over all of them, rows differ in the text of their
    document (in a file of more than some 600,000 distinct documents, only within its parts), and
    `count` sums to the number of documents kept. At most `threads` (default: the CPUs the process
    may use, at most 2) work on `block` bytes each (default: by the format). `progress` is told the
    share of the work that is done, from 0 to 1.
    """
    return RemarkReader(path, unit, threads=threads, block=block, progress=progress)


@contextmanager
def _often_switching() -> Iterator[None]:
    """Let threads take turns often while the block runs.

    Most of the work is in calls that do without the interpreter for less than the usual 5 ms, at
    the end of which a thread would wait for another's whole turn.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, 0.0005))
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _merged(part: list[tuple[int, Documents]]) -> list[tuple[int, Documents]]:
    """The same blocks, each with only the documents that are the first of their kind among all."""
    merged = merge([docs for _, docs in part])
    return [(begin, docs) for (begin, _), docs in zip(part, merged, strict=True)]
