"""SQL over the lake: every table and named view, read-only, and nothing outside the lake."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from collectors.errors import CorrError, UsageError
from corr.lake import Lake, RunInfo
from corr.resources import shipped
from corr.tables import TABLES

_HEADER = re.compile(r"^-- (purpose|grain|columns): (.*)$", re.MULTILINE)
_EXPLAIN = re.compile(r"^\s*EXPLAIN(\s+ANALYZE)?\s+", re.IGNORECASE)


@dataclass(frozen=True)
class View:
    """A named view: a file of queries/views with its header."""

    name: str
    purpose: str
    grain: str
    columns: str
    sql: str


def views() -> list[View]:
    """The named views that ship with corr, in the order of their names."""
    return [_view(p) for p in sorted((shipped("queries") / "views").glob("*.sql"))]


def _view(path: Path) -> View:
    text = path.read_text()
    header = dict(_HEADER.findall(text))
    return View(path.stem, header["purpose"], header["grain"], header["columns"], text)


def connect(
    lake: Lake, runs: Sequence[RunInfo] | None = None, only: Sequence[str] = ()
) -> duckdb.DuckDBPyConnection:
    """A connection that sees the lake (or only some of its runs) and can change nothing.

    Tables without a file are empty. The configuration is locked: no other file, no extension.
    `only` names the tables and views that are wanted, for a quicker start; those that their SQL
    mentions come with them.
    """
    connection = duckdb.connect()
    folders = [r.folder for r in runs] if runs is not None else None
    tables, named = _wanted(only)
    for name in tables:
        try:
            connection.execute(_table_view(connection, lake, name, folders))
        except duckdb.Error as error:
            raise CorrError(
                f"the lake's {name} cannot be read: {_first_line(error)}",
                "a damaged run can be deleted: corr runs rm RUN",
            ) from error
    _create_views(connection, named)
    connection.execute(f"SET allowed_directories = [{_quoted(str(lake.runs) + '/')}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def query(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()
) -> pa.Table:
    """The result of one SELECT (or EXPLAIN, DESCRIBE, SHOW, SUMMARIZE) as an Arrow table.

    Raises UsageError for SQL that is wrong or would change something.
    """
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1:
            raise UsageError(f"one statement at a time; this is {len(statements)}")
        plain = _EXPLAIN.sub("", sql, count=1)
        checked = connection.extract_statements(plain) if plain != sql else statements
        if checked[0].type != duckdb.StatementType.SELECT:
            kind = checked[0].type.name
            raise UsageError(f"the lake is read-only: {kind} is refused", "write a SELECT")
        return connection.sql(sql, params=list(parameters)).to_arrow_table()
    except duckdb.Error as error:
        raise UsageError(
            f"SQL: {str(error).strip()}", "`corr sql --list` shows the tables"
        ) from error


def rows(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[dict[str, Any]]:
    """The rows of one of our own queries; `values` fill its `?` in order."""
    try:
        answer = connection.sql(sql, params=list(values)).to_arrow_table()
    except duckdb.IOException as error:
        raise CorrError(f"the lake cannot be read: {_first_line(error)}") from error
    listed: list[dict[str, Any]] = answer.to_pylist()
    return listed


def _table_view(
    connection: duckdb.DuckDBPyConnection, lake: Lake, name: str, folders: Iterable[Path] | None
) -> str:
    if folders is None:
        there = next(lake.runs.glob(f"*/{name}.parquet"), None) is not None
        source = _quoted(f"{lake.runs}/*/{name}.parquet") if there else ""
    else:
        files = [f / f"{name}.parquet" for f in folders]
        source = ", ".join(_quoted(str(f)) for f in files if f.exists())
        source = f"[{source}]" if source else ""
    if not source:
        schema = TABLES[name].schema.insert(0, pa.field("run_id", pa.string()))
        connection.register(f"empty_{name}", pa.Table.from_batches([], schema))
        return f"CREATE VIEW {name} AS SELECT * FROM empty_{name}"
    return f"CREATE VIEW {name} AS SELECT * FROM read_parquet({source}, union_by_name = true)"


def _wanted(only: Sequence[str]) -> tuple[list[str], list[View]]:
    """The tables and views to create: all, or the named ones and what their SQL mentions."""
    every = {view.name: view for view in views()}
    if not only:
        return list(TABLES), list(every.values())
    found: set[str] = set()
    todo = list(only)
    while todo:
        name = todo.pop()
        if name not in found and (name in every or name in TABLES):
            found.add(name)
            todo += re.findall(r"\w+", every[name].sql) if name in every else []
    return [t for t in TABLES if t in found], [v for v in every.values() if v.name in found]


def _create_views(connection: duckdb.DuckDBPyConnection, waiting: list[View]) -> None:
    """Create the views in whatever order their mutual use needs."""
    while waiting:
        failed: list[tuple[View, duckdb.Error]] = []
        for view in waiting:
            try:
                connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")
            except duckdb.CatalogException as error:
                failed.append((view, error))
            except duckdb.Error as error:
                raise CorrError(f"the view {view.name} is broken: {error}") from error
        if len(failed) == len(waiting):
            raise CorrError(f"the view {failed[0][0].name} is broken: {failed[0][1]}")
        waiting = [view for view, _ in failed]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
