"""Loops as far as remarks alone tell them, and the remarks of a run with their loop.

Without the compiler's IR there is no loop forest. But what passes over loops say is placed at the
loop's own statement: so each such place within a function is a loop, numbered by line, and every
remark at that place belongs to it. Reasons of the vectoriser stand at an operation instead, right
before what it says of the loop. Nesting and extent stay unknown, and other remarks on a loop's body
have none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collectors.remarks.arrow import coded, integers, strings
from collectors.remarks.reader import REMARKS
from collectors.source_loops.loops import LOOPS
from corr.imports.recordings import Recording
from corr.lake.tables import TABLES
from corr.program.spelling import spell_files

#: Passes that report on a loop at the place of its statement.
LOOP_PASSES = (
    *("loop-vectorize", "loop-unroll", "loop-interchange", "loop-distribute", "loop-flatten"),
    *("loop-delete", "loop-idiom", "loop-fusion", "loop-unroll-and-jam", "loop-versioning-licm"),
    *("simple-loop-unswitch", "transform-warning", "polly-scops"),
)
_PLACE = ("function", "file", "line", "column")


def places(recording: Recording, root: Path) -> pa.Table:
    """The distinct places (function, file, line, column) that passes over loops speak of."""
    parts = [pa.table({n: pa.array([], _plain(n)) for n in _PLACE})]
    for rows in _stored(recording, root, ["pass", "tag", *_PLACE]):
        passes = pc.cast(rows["pass"], pa.string())
        wanted = pc.is_in(passes, strings(list(LOOP_PASSES)))
        table = rows.filter(pc.and_not(wanted, _reasons(rows)))
        table = table.filter(pc.greater(table["line"], 0))
        parts.append(_keys(table).group_by(list(_PLACE)).aggregate([]).select(list(_PLACE)))
    return pa.concat_tables(parts).group_by(list(_PLACE)).aggregate([]).select(list(_PLACE))


def loops(found: pa.Table, readable: Mapping[str, str]) -> pa.Table:
    """The `loops` rows of places; `readable` has the demangled names."""
    ordered = found.sort_by([(name, "ascending") for name in _PLACE]).to_pylist()
    functions = {row["function"] for row in ordered}
    alike = Counter(readable.get(function, function) for function in functions)
    rows: list[dict[str, Any]] = []
    number: Counter[str] = Counter()
    for row in ordered:
        function = row["function"]
        number[function] += 1
        name = readable.get(function, function)
        stem = name if alike[name] == 1 else function  # a constructor's two forms read alike
        rows.append(
            {
                **row,
                "key": f"{stem}/{number[function]}",
                "function_name": name,
                "path": str(number[function]),
                "end_line": row["line"],
                "end_column": row["column"],
            }
        )
    return LOOPS.rows(rows)


def write_remarks(
    recordings: Sequence[tuple[Recording, str]],
    keys: Mapping[tuple[str, str, int, int], str],
    target: Path,
    run_id: str,
    root: Path,
) -> int:
    """The run's remarks, a recording after the other; returns the number of rows.

    `recordings` come with the unit that they are named by, `keys` has the loop of a place.
    """
    schema = TABLES["remarks"].schema
    stamped = schema.insert(0, pa.field("run_id", pa.dictionary(pa.int32(), pa.string())))
    table = _Keys(keys)
    total = 0
    with pq.ParquetWriter(target, stamped, compression="zstd") as writer:
        for recording, unit in recordings:
            for rows in _stored(recording, root):
                columns = {name: rows[name] for name in REMARKS.schema.names}
                columns["run_id"] = _constant(run_id, len(rows))
                columns["unit"] = _constant(unit, len(rows))
                at_place = table.of(rows)
                columns["loop"] = _with_reasons(rows, at_place)
                known, placed = pc.is_valid(columns["loop"]), pc.is_valid(at_place)
                way = pc.if_else(placed, "place", "next remark")
                columns["joined_by"] = pc.if_else(known, way, None)
                out = pa.table([columns[n] for n in stamped.names], names=stamped.names)
                writer.write_table(out.cast(stamped))
                total += len(rows)
    return total


class _Keys:
    """Looks up the loop of many places at once."""

    def __init__(self, keys: Mapping[tuple[str, str, int, int], str]) -> None:
        rows = [(*place, key) for place, key in keys.items()]
        columns = list(zip(*rows, strict=True)) or [()] * 5
        names = (*_PLACE, "loop")
        types = [_plain(n) for n in _PLACE] + [pa.string()]
        self._table = pa.table(
            {n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)}
        )

    def of(self, rows: pa.Table) -> pa.Array:
        numbers = integers(np.arange(len(rows)), pa.int64())
        wanted = _keys(rows).append_column("row", numbers)
        joined = wanted.join(self._table, list(_PLACE), join_type="inner").combine_chunks()
        at = np.zeros(len(rows), np.int64)
        missing = np.ones(len(rows), np.bool_)
        for chunk in joined["row"].chunks:  # one, or none
            owners = np.frombuffer(chunk.buffers()[1], np.int64)[chunk.offset :][: len(chunk)]
            at[owners], missing[owners] = np.arange(len(owners)), False
        return pc.take(joined["loop"], integers(at, pa.int64(), missing)).combine_chunks()


def _reasons(rows: pa.Table) -> pa.ChunkedArray:
    """Which rows say why a loop is not vectorised, at the operation that it is for."""
    analysis = pc.starts_with(pc.cast(rows["tag"], pa.string()), "Analysis")
    return pc.and_(analysis, pc.equal(pc.cast(rows["pass"], pa.string()), "loop-vectorize"))


def _with_reasons(rows: pa.Table, loops: pa.Array) -> pa.Array:
    """The loop of each row; a reason without one has that of the verdict that follows on it."""
    vectorizer = pc.equal(pc.cast(rows["pass"], pa.string()), "loop-vectorize")
    numbers = np.flatnonzero(vectorizer.to_numpy())[::-1]
    if not len(numbers):
        return loops
    chosen = rows.take(integers(numbers, pa.int64()))
    functions = pc.cast(chosen["function"], pa.string()).to_pylist()
    tags = pc.cast(chosen["tag"], pa.string()).to_pylist()
    own = pc.take(loops, integers(numbers, pa.int64())).to_pylist()
    found: dict[int, str] = {}
    verdicts: dict[str, str | None] = {}
    for number, function, tag, loop in zip(numbers, functions, tags, own, strict=True):
        if not tag.startswith("Analysis"):
            verdicts[function] = loop
        elif loop is None and (verdict := verdicts.get(function)):
            found[int(number)] = verdict
    if not found:
        return loops
    mask = np.zeros(len(rows), np.bool_)
    mask[list(found)] = True
    ordered = pa.array([found[number] for number in sorted(found)], pa.string())
    return pc.replace_with_mask(pc.cast(loops, pa.string()), pa.array(mask), ordered)


def _stored(recording: Recording, root: Path, columns: Sequence[str] = ()) -> Iterator[pa.Table]:
    """The rows a batch at a time, or only these columns of them; files as tables name them.

    A relative name is taken from the record's own folder where that has such a file, as in builds
    that enter their folders one by one; else from `root`.
    """
    beside: dict[str, str] = {}
    schema = REMARKS.schema
    options = pa.ipc.IpcReadOptions(included_fields=[schema.get_field_index(n) for n in columns])
    with (
        pa.OSFile(str(recording.rows_file)) as file,
        pa.ipc.open_stream(file, options=options) as stream,
    ):
        for batch in stream:
            rows = pa.Table.from_batches([batch])
            for name in pc.unique(pc.cast(rows["file"], pa.string())).to_pylist():
                if name and name not in beside and not name.startswith("/"):
                    path = recording.path.absolute().parent / name
                    beside[name] = str(path) if path.is_file() else str(root / name)
            yield spell_files(rows, root, root, beside)


def _keys(rows: pa.Table) -> pa.Table:
    return pa.table({name: pc.cast(rows[name], _plain(name)) for name in _PLACE})


def _plain(name: str) -> pa.DataType:
    return pa.int32() if name in ("line", "column") else pa.string()


def _constant(text: str, length: int) -> pa.DictionaryArray:
    return coded(np.zeros(length, np.int64), strings([text]))
