"""What a place calls, by the call chains: time that lies under its calls and is counted elsewhere.

A line that calls into a library has hardly a sample of its own. Asked for, it would look cold,
although a finding names it as the one to change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from corr.lake.sql import rows

#: The tables and views that are read here.
READS = ("callers", "functions", "hot_places")
#: Calls below this part of the run's time are not listed.
LEAST_SHARE = 0.01
#: From this part on it is looked for what is said of it.
WORTH_A_SENTENCE = 0.05
#: A hot place is spoken of at its caller if so much of its time is called from there.
MOST_OF_IT = 0.2


@dataclass(frozen=True)
class Caller:
    """Where calls stand: on a line, or in these functions and loops."""

    loops: Sequence[str] = ()
    functions: Sequence[str] = ()
    file: str | None = None
    line: int | None = None

    def condition(self) -> tuple[str, list[Any]]:
        """Which rows of callers are calls that stand there, and lead out of there."""
        where = (
            "(file = ? AND line = ? OR list_contains(?, caller_loop) OR list_contains(?, caller))"
            " AND NOT coalesce(list_contains(?, loop), false)"
            " AND NOT coalesce(loop IS NULL AND list_contains(?, function), false)"
        )
        loops, functions = list(self.loops), list(self.functions)
        return where, [self.file, self.line, loops, functions, loops, functions]


def calls(connection: duckdb.DuckDBPyConnection, caller: Caller) -> list[dict[str, Any]]:
    """What is called there, by any of its names, with its part of the run's time."""
    where, values = caller.condition()
    # a function that is called and its loops are one
    callee = "coalesce(via, kernel, f.name, c.function, regexp_replace(loop, '/[^/]*$', ''))"
    return rows(
        connection,
        f"FROM (SELECT {callee} AS callee, sum(count)::BIGINT AS samples,"
        " sum(count) / (SELECT sum(count) FROM callers) AS share FROM callers c"
        " LEFT JOIN (SELECT linkage, any_value(name) AS name FROM functions GROUP BY linkage) f"
        f" ON f.linkage = c.function WHERE {where} GROUP BY callee)"
        " WHERE share >= ? AND callee IS NOT NULL ORDER BY samples DESC, callee",
        *values,
        LEAST_SHARE,
    )


def hot_places(connection: duckdb.DuckDBPyConnection, caller: Caller) -> list[int]:
    """The `id`s of hot places that are called from there, most of their time or a good part."""
    where, values = caller.condition()
    found = rows(
        connection,
        "SELECT h.id FROM hot_places h JOIN (SELECT c.loop, c.function, c.object, sum(count)"
        f" FILTER ({where}) / sum(count) AS part FROM callers c GROUP BY ALL) c"
        " ON h.loop = c.loop OR h.loop IS NULL AND c.loop IS NULL"
        " AND h.symbol = c.function AND (h.own OR h.object = c.object)"
        " WHERE c.part >= ? ORDER BY h.id",
        *values,
        MOST_OF_IT,
    )
    return [row["id"] for row in found]
