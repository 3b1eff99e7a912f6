"""Where a loop's code is: its unit, the functions that hold it, its lines, its share of time."""

from __future__ import annotations

from dataclasses import dataclass

from collectors.base.errors import UsageError
from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo


@dataclass(frozen=True)
class Place:
    """A loop in the code of a unit, named as the run names it.

    `functions`: those that its machine code is in, which are others where it was inlined, and its
    own. `share` is its share of the run's samples, None where there are none.
    """

    file: str
    functions: tuple[str, ...]
    lines: tuple[int, int]
    share: float | None = None


def place_of(lake: Lake, run: RunInfo, loop: str) -> Place:
    """The place of a loop by its key; of code of several units, the hottest. Raises UsageError."""
    connection = connect(lake, [run])
    try:
        found = rows(connection, "SELECT * FROM loops WHERE key = ?", loop)
        if not found:
            raise UsageError(f"{run.run_id} has no loop {loop}", "`corr hotspots` lists them")
        first = found[0]
        symbols = rows(
            connection,
            "SELECT i.symbol, coalesce(sum(s.samples), 0) AS samples FROM instructions i"
            " LEFT JOIN address_samples s USING (run_id, address)"
            " WHERE i.loop = ? AND i.symbol IS NOT NULL GROUP BY i.symbol ORDER BY 2 DESC, 1",
            loop,
        )
        shares = rows(connection, "SELECT share FROM hotspots WHERE loop = ?", loop)
    finally:
        connection.close()
    names = dict.fromkeys([row["symbol"] for row in symbols] + [row["function"] for row in found])
    lines = first["line"], first["end_line"] or first["line"]
    return Place(first["unit"], tuple(names), lines, shares[0]["share"] if shares else None)
