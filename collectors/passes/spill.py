"""Rows of a trace that may be millions: kept as Arrow, and on the disk once they are many."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from collectors.base.table import Table

#: Rows that are held as Python objects before they become a batch.
BATCH_ROWS = 2_000
#: Bytes of batches that are held in memory; more of them go to a file that is mapped in the end.
HELD_BYTES = 64 << 20


class Rows:
    """Collects the rows of one table in memory that does not grow with their number."""

    def __init__(self, table: Table, held_bytes: int = HELD_BYTES) -> None:
        self.table = table
        self.count = 0
        self._limit = held_bytes
        self._fresh: list[Mapping[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []
        self._bytes = 0
        self._file: Any = None
        self._writer: pa.RecordBatchStreamWriter | None = None

    def append(self, row: Mapping[str, Any]) -> None:
        """Take a row, whose keys are columns of the table; it must not be changed afterwards."""
        self.count += 1
        self._fresh.append(row)
        if len(self._fresh) >= BATCH_ROWS:
            self._flush()

    def finish(self) -> pa.Table:
        """All rows. Those on the disk are mapped, so that they take memory only while read.

        The file has no name any more: it is gone with the last use of the rows.
        """
        self._flush()
        if self._writer is None:
            return pa.Table.from_batches(self._batches, self.table.schema)
        self._spill()
        self._writer.close()
        self._file.flush()
        with pa.memory_map(self._file.name) as source:
            rows = pa.ipc.open_stream(source).read_all()
        self._file.close()
        return rows

    def _flush(self) -> None:
        if not self._fresh:
            return
        rows = self.table.rows(self._fresh).combine_chunks()
        self._fresh = []
        self._batches += rows.to_batches()
        self._bytes += rows.nbytes
        if self._bytes > self._limit:
            self._spill()

    def _spill(self) -> None:
        if self._writer is None:
            self._file = tempfile.NamedTemporaryFile(prefix=f"corr-{self.table.name}-")  # noqa: SIM115
            self._writer = pa.ipc.new_stream(self._file, self.table.schema)
        for batch in self._batches:
            self._writer.write_batch(batch)
        self._batches, self._bytes = [], 0
