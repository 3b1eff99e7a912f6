"""Moves the tables of old runs into packs (see lake_packs), and frees what packs replace.

Each pack is written aside, reaches the disk and appears by one rename; only then are the files
that it replaces deleted, and only while nobody reads. Killed at any point, the lake has every row
once; the next `corr compact` finishes the work.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collectors.base.errors import CorrError
from corr.lake.packs import FOLDER, FORMAT, INDEX, Layout, Pack, nobody_reads
from corr.lake.store import Lake

#: A pack takes so many runs, or so many bytes of their files, at most.
PACK_RUNS = 1_000
PACK_BYTES = 512 << 20
#: Rows of a row group. A reader of one run reads the groups that overlap it: small is quick for
#: one run, large is quick for all runs.
ROW_GROUP = 32_768
#: Bytes of a row group, uncompressed, above which it ends early: IR diffs are long.
GROUP_BYTES = 32 << 20
#: A pack with a larger share of deleted runs is written anew.
MOST_DEAD = 0.25
#: So many runs are freed at a time; readers that start meanwhile wait for it.
_FREED_AT_ONCE = 100


@dataclass
class Outcome:
    """What a compaction did. `left`: runs that stay as they are, and why."""

    runs: int = 0
    packs: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    left: dict[str, str] = field(default_factory=dict)
    #: False where a reader kept files from being deleted; they are ignored from now on.
    freed: bool = True


@dataclass(frozen=True)
class Source:
    """What a pack is made of: a run's own files, or those runs of an older pack that still are."""

    folder: Path
    runs: frozenset[str]
    size: int
    #: Order of the runs within; for a pack the first one.
    first: str

    def tables(self) -> set[str]:
        return {path.stem for path in self.folder.glob("*.parquet")}


class _CannotTake(Exception):
    def __init__(self, source: Source, reason: str) -> None:
        super().__init__(reason)
        self.source, self.reason = source, reason


def compact(
    lake: Lake,
    keep: int = 0,
    older_than: timedelta | None = None,
    *,
    drop_artifacts: bool = False,
    report: Callable[[str], None] = lambda _text: None,
) -> Outcome:
    """Merge the runs that are not among the newest `keep`, and old enough, into packs.

    `drop_artifacts` deletes what the tools wrote for them, their binaries too. Raises CorrError
    when another compaction is at work or the disk is full.
    """
    if lake.remote is not None:
        raise CorrError(
            f"{lake.name} cannot be compacted: on shared storage nothing is renamed or locked",
            "delete runs with `corr runs rm`; a lake in a folder can be compacted",
        )
    outcome = Outcome()
    with _alone(lake):
        outcome.freed = _free(lake)
        chosen = _chosen(lake.layout().names, keep, older_than)
        waiting = _groups(lake.layout(), chosen)
        total, done = sum(len(group) for group in waiting), 0
        for group in waiting:
            before = lake.layout()
            while group and not _write(lake, before, group, outcome):
                pass  # each time without a source that could not be read
            done += len(group)
            outcome.freed = _free(lake)
            report(f"{done} of {total} runs and packs merged")
        if drop_artifacts:
            for run in sorted(chosen & lake.layout().pack_of.keys()):
                with contextlib.suppress(CorrError, FileNotFoundError):
                    if (lake.runs / run / "artifacts").exists():
                        lake.discard(lake.runs / run / "artifacts")
    return outcome


@contextlib.contextmanager
def _alone(lake: Lake) -> Iterator[None]:
    (lake.root / FOLDER).mkdir(exist_ok=True)
    with (lake.root / FOLDER / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CorrError(
                "another `corr compact` is at work in this lake", "wait until it has ended"
            ) from error
        lake.clean_staging()
        yield


def _chosen(names: Sequence[str], keep: int, older_than: timedelta | None) -> frozenset[str]:
    old = names[: max(0, len(names) - keep)]
    if older_than is None:
        return frozenset(old)
    limit = f"{datetime.now(UTC) - older_than:%Y%m%dT%H%M%S.%f}"
    return frozenset(name for name in old if name < limit)


def _groups(layout: Layout, chosen: frozenset[str]) -> list[list[Source]]:
    """What goes into each new pack, oldest first."""
    sources = []
    for run in sorted(chosen - layout.pack_of.keys()):
        folder = layout.root / "runs" / run
        with contextlib.suppress(FileNotFoundError):
            size = sum(path.stat().st_size for path in folder.glob("*.parquet"))
            if size:  # a run without tables may have them in a pack that cannot be read
                sources.append(Source(folder, frozenset([run]), size, run))
    poor = [_of_pack(p, layout.dead) for p in layout.packs if p.runs - layout.dead]
    worn = [s for s in poor if len(s.runs) < (1 - MOST_DEAD) * _count(layout, s)]
    small = [s for s in poor if s not in worn and _is_small(s)]
    sources += worn
    if sources or len(small) > 1:
        sources += small
    groups: list[list[Source]] = []
    room_runs = room_bytes = 0
    for source in sorted(sources, key=lambda s: s.first):
        if not groups or room_runs < len(source.runs) or room_bytes < source.size:
            groups.append([])
            room_runs, room_bytes = PACK_RUNS, PACK_BYTES
        groups[-1].append(source)
        room_runs, room_bytes = room_runs - len(source.runs), room_bytes - source.size
    # a small pack that found no company stays as it is
    return [g for g in groups if len(g) > 1 or g[0] not in small]


def _of_pack(pack: Pack, dead: frozenset[str]) -> Source:
    alive = pack.runs - dead
    return Source(pack.folder, alive, pack.size * len(alive) // len(pack.runs), min(alive))


def _count(layout: Layout, source: Source) -> int:
    return next(len(p.runs) for p in layout.packs if p.folder == source.folder)


def _is_small(source: Source) -> bool:
    return len(source.runs) < PACK_RUNS // 2 and source.size < PACK_BYTES // 2


def _write(lake: Lake, layout: Layout, group: list[Source], outcome: Outcome) -> bool:
    """Write and commit one pack; False when a source could not be read: it is out of the group."""
    by_table: dict[str, list[Source]] = {}
    for source in group:
        for name in sorted(source.tables()):
            by_table.setdefault(name, []).append(source)
    taken = frozenset().union(*(source.runs for source in group))
    with lake.stage() as staging:

        def merge(name: str) -> int:
            return _merge(name, by_table[name], staging.folder / f"{name}.parquet")

        try:
            rows = _in_parallel(merge, by_table)
        except _CannotTake as failed:
            if failed.source.folder.exists():  # else it was deleted just now
                outcome.left[failed.source.first] = failed.reason
            group.remove(failed.source)
            return False
        packs = {p.folder.name for p in layout.packs}
        replaces = {s.folder.name for s in group} & packs
        index: dict[str, Any] = {
            "format": FORMAT,
            "runs": sorted(taken),
            "tables": rows,
            # those replaced before and not deleted yet must not come back with this one's parts
            "replaces": sorted(replaces | {p.folder.name for p in layout.replaced}),
        }
        lake.mark_compacted()
        size = sum(path.stat().st_size for path in staging.folder.glob("*.parquet"))
        staging.appear(INDEX, index, lake.root / FOLDER / staging.run_id)
    outcome.packs += 1
    outcome.runs += sum(len(s.runs) for s in group if s.folder.name not in packs)
    outcome.bytes_before += sum(s.size for s in group)
    outcome.bytes_after += size
    return True


def _in_parallel(merge: Callable[[str], int], names: Iterable[str]) -> dict[str, int]:
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        return dict(zip(names, pool.map(merge, names), strict=True))
    finally:
        pool.shutdown(cancel_futures=True)


def _merge(name: str, sources: Sequence[Source], target: Path) -> int:
    """Write a table of all these runs, in the order of their ids; returns its rows."""
    schema = _schema(name, sources)
    single = sorted((s for s in sources if len(s.runs) == 1), key=lambda s: s.first)
    streams = [_all_parts(single, name), *(_parts(s, name) for s in sources if len(s.runs) > 1)]
    parts = heapq.merge(*streams, key=lambda part: part[0])
    total = waiting = size = 0
    buffer: list[pa.Table] = []
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for run, part in parts:
            # a group ends where a run ends, unless the run is larger than a group
            if buffer and (waiting + len(part) > ROW_GROUP or size > GROUP_BYTES):
                writer.write_table(pa.concat_tables(buffer), row_group_size=ROW_GROUP)
                buffer, waiting, size = [], 0, 0
            buffer.append(_aligned(part, run, schema))
            waiting += len(part)
            size += part.nbytes
            total += len(part)
        if buffer:
            writer.write_table(pa.concat_tables(buffer), row_group_size=ROW_GROUP)
    return total


def _schema(name: str, sources: Sequence[Source]) -> pa.Schema:
    """The columns of all sources, the newest source's first; older runs have NULL in the rest."""
    schema: pa.Schema = None
    for source in reversed(sources):
        try:
            found = pq.read_schema(source.folder / f"{name}.parquet")
            if found.names[:1] != ["run_id"]:
                raise _CannotTake(source, f"{name} has no run_id")
            found = found.set(0, pa.field("run_id", pa.string()))
            schema = found if schema is None else pa.unify_schemas([schema, found])
        except (OSError, pa.ArrowException) as error:
            raise _CannotTake(source, f"{name}: {error}") from error
    return schema


def _parts(source: Source, name: str) -> Iterator[tuple[str, pa.Table]]:
    """The rows of a table by run, in the order of the ids; a large run in several parts."""
    try:
        with pq.ParquetFile(source.folder / f"{name}.parquet") as file:
            # group by group: Arrow has no batches of nested columns from two groups
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(batch_size=ROW_GROUP, row_groups=[group]):
                    yield from _by_run(pa.Table.from_batches([batch]), source.runs)
    except (OSError, pa.ArrowException) as error:
        raise _CannotTake(source, f"{name}: {error}") from error


def _all_parts(sources: Sequence[Source], name: str) -> Iterator[tuple[str, pa.Table]]:
    for source in sources:  # one file open at a time
        yield from _parts(source, name)


def _by_run(rows: pa.Table, runs: frozenset[str]) -> Iterator[tuple[str, pa.Table]]:
    ids = pc.run_end_encode(rows["run_id"].combine_chunks().cast(pa.string()))
    start = 0
    for run, end in zip(ids.values.to_pylist(), ids.run_ends.to_pylist(), strict=True):
        if run in runs:
            yield run, rows.slice(start, end - start)
        start = end


def _aligned(rows: pa.Table, run: str, schema: pa.Schema) -> pa.Table:
    """The rows with the columns of the pack."""
    ids = pa.repeat(pa.scalar(run), len(rows))
    if rows.schema.names == schema.names:
        return rows.set_column(0, schema.field(0), ids).cast(schema)
    columns = [
        rows[f.name].cast(f.type) if f.name in rows.column_names else pa.nulls(len(rows), f.type)
        for f in schema
    ]
    return pa.Table.from_arrays([ids, *columns[1:]], schema=schema)


def _free(lake: Lake) -> bool:
    """Delete what packs have replaced; False where a reader is in the way."""
    layout = lake.layout()
    useless = [*layout.replaced, *(p for p in layout.packs if p.runs <= layout.dead)]
    full = [run for run in layout.names if run in layout.pack_of and _own_files(lake, run)]
    for start in range(0, len(full), _FREED_AT_ONCE):
        with nobody_reads(lake.root) as free:
            if not free:
                return False
            for run in full[start : start + _FREED_AT_ONCE]:
                for path in _own_files(lake, run):
                    path.unlink(missing_ok=True)
    with nobody_reads(lake.root) as free:
        if free:
            for pack in useless:
                lake.discard(pack.folder)
        return free or not useless


def _own_files(lake: Lake, run: str) -> list[Path]:
    return list((lake.runs / run).glob("*.parquet"))
