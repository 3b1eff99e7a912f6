"""`resolve('…')` in SQL: what a name means that corr printed.

As a table, FROM resolve('Shelf::sum'), it lists everything that the name may mean, in every run
that is asked; as a value, WHERE loop = resolve('Shelf::sum/1'), it is the one loop, or else
function or binary, and an error that lists them where it may be several.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import astuple

import duckdb

from collectors.base.errors import UsageError
from corr.lake import names

WORD = "resolve"
_TEXT = re.compile(r"'(?:[^']|'')*'")
_CALL = re.compile(rf"\b{WORD}\s*\(", re.IGNORECASE)
_OF_A_TEXT = re.compile(rf"\b{WORD}\s*\(\s*('(?:[^']|'')*')\s*\)", re.IGNORECASE)
_COLUMNS = (
    *("asked VARCHAR", "run_id VARCHAR", "kind VARCHAR", "name VARCHAR", "loop VARCHAR"),
    *("function VARCHAR", "object VARCHAR", "file VARCHAR", "line BIGINT", "begins BOOLEAN"),
)
_MACROS = (
    f"CREATE TEMP MACRO {WORD}(given) AS TABLE"
    " SELECT run_id, kind, name, loop, function, object, file, line FROM resolved"
    " WHERE asked = given ORDER BY ALL",
    f"CREATE TEMP MACRO {WORD}(given) AS (SELECT CASE WHEN count(DISTINCT name) > 1"
    " THEN error(given || ' may be any of ' || string_agg(DISTINCT name, ' | ')"
    " || ': ask for one of them') ELSE any_value(coalesce(loop, function, object)) END"
    " FROM resolved WHERE asked = given)",
)


def tables(words: Collection[str]) -> frozenset[str]:
    """The tables that a statement of these words needs for its names."""
    return frozenset(names.TABLES) if WORD in words else frozenset()


def define(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Make `resolve` known to the connection, for the names in the statement.

    Raises UsageError for a name that nothing has, and for one that is no text.
    """
    calls = len(_CALL.findall(_TEXT.sub("''", statement)))
    if not calls:
        return
    texts = _OF_A_TEXT.findall(statement)
    if len(texts) < calls:
        raise UsageError(f"{WORD} takes a name in quotes", f"{WORD}('kernel_gemm/1')")
    rows = []
    for asked in dict.fromkeys(text[1:-1].replace("''", "'") for text in texts):
        found = names.find(connection, asked)
        if not found:
            raise names.unknown(connection, asked)
        rows += [(asked, *astuple(named)) for named in found]
    connection.execute(f"CREATE TEMP TABLE resolved ({', '.join(_COLUMNS)})")
    connection.executemany(f"INSERT INTO resolved VALUES ({', '.join('?' * len(_COLUMNS))})", rows)
    for macro in _MACROS:
        connection.execute(macro)
