"""The code of a place, as the compiler changed it and as the machine runs it."""

from __future__ import annotations

from typing import Any

import duckdb

from collectors.passes.changes import unified_diff
from corr.lake.sql import rows


def ir_diffs(connection: duckdb.DuckDBPyConnection, loops: tuple[str, ...]) -> list[dict[str, Any]]:
    """The changes of these loops by each pass, in order, each as a unified diff."""
    changes = rows(
        connection,
        "SELECT sequence, stage, pass, function, diff FROM ir_changes"
        " WHERE list_has_any(loops, ?) ORDER BY unit, sequence",
        list(loops),
    )
    for change in changes:
        title = f"{change['function']} {change['pass']}"
        change["diff"] = unified_diff(change["diff"], title)
    return changes


def machine_code(connection: duckdb.DuckDBPyConnection, machine_loop: int) -> list[dict[str, Any]]:
    """A machine loop's instructions with samples, model latency and source line."""
    return rows(
        connection,
        "SELECT i.address, i.mnemonic, i.operands, i.file, i.line, i.loop, s.samples,"
        " m.latency, m.rthroughput"
        " FROM instructions i LEFT JOIN mca_instructions m USING (run_id, address)"
        " LEFT JOIN address_samples s USING (run_id, address)"
        " WHERE i.machine_loop = ? ORDER BY i.address",
        machine_loop,
    )
