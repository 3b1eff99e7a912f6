"""Columns that a table got after a run was made, worked out from those that the run has.

Only where runs are named: over a whole lake such columns are NULL in older runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from collectors.machine_code import instruction_sets
from collectors.machine_code.describe import DESCRIBED, describe

if TYPE_CHECKING:
    import duckdb

#: The table that a table's new columns are worked out from besides itself.
NEEDS = {"instructions": "machine_loops"}


def fill(
    connection: duckdb.DuckDBPyConnection, table: str, rows: str, needed: str, runs: Sequence[str]
) -> None:
    """Make `table` of `rows` (a SELECT with all of its columns), complete for these `runs`.

    `needed` is a SELECT of the table that NEEDS names.
    """
    found = _FILLED[table](connection, rows, needed, runs)
    names = [name for name in found.schema.names if name not in ("run_id", "address")]
    replaced = ", ".join(f"coalesce(r.{name}, f.{name}) AS {name}" for name in names)
    connection.register("filled", found)
    connection.execute(
        f"CREATE TEMP TABLE {table} AS SELECT r.* REPLACE ({replaced})"
        f" FROM ({rows}) r LEFT JOIN filled f USING (run_id, address)"
    )
    connection.unregister("filled")


def _instructions(
    connection: duckdb.DuckDBPyConnection, rows: str, loops: str, runs: Sequence[str]
) -> pa.Table:
    """What each instruction is, by run and address."""
    innermost: dict[str, set[int]] = {}
    if loops:
        pairs = f"SELECT run_id, machine_loop FROM ({loops}) WHERE innermost"
        for run, loop in connection.execute(pairs).fetchall():
            innermost.setdefault(run, set()).add(loop)
    code = connection.execute(
        f"SELECT run_id, symbol, address, mnemonic, operands, machine_loop FROM ({rows})"
        " WHERE list_contains(?, run_id) ORDER BY run_id, address",
        [list(runs)],
    ).fetchall()
    schema = pa.schema(
        [pa.field("run_id", pa.string()), pa.field("address", pa.int64()), *DESCRIBED]
    )
    columns: dict[str, list[Any]] = {name: [] for name in schema.names}
    for (run, _), group in itertools.groupby(code, key=lambda row: row[:2]):
        _describe_function(columns, run, list(group), innermost.get(run, set()))
    return pa.table(columns, schema=schema)


def _describe_function(
    columns: Mapping[str, list[Any]], run: str, code: Sequence[tuple[Any, ...]], inner: set[int]
) -> None:
    known = instruction_sets.of_operands(row[4] for row in code)
    texts = [(row[3] or "", row[4] or "") for row in code]
    columns["run_id"].extend([run] * len(code))
    columns["address"].extend(row[2] for row in code)
    meanings = [known.meaning(*text) for text in texts]
    loops = [row[5] for row in code]
    for name, values in describe(texts, meanings, loops, inner, known).items():
        columns[name].extend(values)


_Fill = Callable[["duckdb.DuckDBPyConnection", str, str, Sequence[str]], pa.Table]
_FILLED: dict[str, _Fill] = {"instructions": _instructions}
