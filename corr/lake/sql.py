"""SQL over the lake: every table and named view, read-only, and nothing outside the lake."""

from __future__ import annotations

import contextlib
import re
import weakref
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import duckdb

from collectors.base.errors import CorrError, UsageError
from collectors.base.foreign_text import first_line
from corr.lake import finding_kinds as kinds
from corr.lake import resolve_in_sql
from corr.lake.index import Entry
from corr.lake.packs import FOLDER, reading
from corr.lake.planner import SLOW_FOR_ONE_RUN, planned
from corr.lake.store import Lake, RunInfo
from corr.system.shipped_files import shipped

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

_HEADER = re.compile(r"^-- (purpose|grain|columns): (.*)$", re.MULTILINE)
_EXPLAIN = re.compile(r"^\s*EXPLAIN(\s+ANALYZE)?\s+", re.IGNORECASE)
_WORD = re.compile(r"\w+")
#: What our own views read.
_SOURCE = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")
#: A statement with one of these may ask for a table that it does not mention.
_ANY_TABLE = frozenset({"query", "query_table"})
#: A statement with such a word may list the tables there are.
_CATALOGUE = re.compile(r"^(show|information_schema|sqlite_master|(duckdb|pragma|pg)_\w+)$")
#: Up to so many files are opened beforehand to unite their columns; for more it takes seconds.
FEW_FILES = 50
#: A statement is tried again where runs were deleted since their files were listed.
_ATTEMPTS = 50
_LAKE_FILE = re.compile(r"/(runs|compacted)/([\w.-]+)/(\w+)\.parquet")


@dataclass(frozen=True)
class View:
    """A named view: a file of queries/views with its header."""

    name: str
    purpose: str
    grain: str
    columns: str
    sql: str


@cache
def views() -> list[View]:
    """The named views that ship with corr, in the order of their names."""
    return [_view(p) for p in sorted((shipped("queries") / "views").glob("*.sql"))]


def _view(path: Path) -> View:
    text = path.read_text()
    header = dict(_HEADER.findall(text))
    if path.stem == kinds.VIEW:
        text = kinds.completed(text)
    return View(path.stem, header["purpose"], header["grain"], header["columns"], text)


def connect(
    lake: Lake, runs: Sequence[RunInfo] | None = None, only: Sequence[str] = ()
) -> duckdb.DuckDBPyConnection:
    """A connection that sees the lake (or only some of its runs) and can change nothing.

    Tables without a file are empty. The configuration is locked: no other file, no extension.
    `only` names the tables and views that are wanted, for a quicker start; those that their SQL
    mentions come with them. What the connection reads is not deleted while it is open, but by
    `corr runs rm`.
    """
    return _connect(lake, runs, list(only) or None)


def ask(
    lake: Lake,
    statement: str,
    parameters: Sequence[object] = (),
    runs: Sequence[RunInfo] | None = None,
) -> pa.Table:
    """The result of one statement, as `query` has it, over the lake or some of its runs.

    Only the tables that the statement mentions are opened, and the lake is looked at anew.
    """
    words = {word.lower() for word in _WORD.findall(statement)}
    only = None if words & _ANY_TABLE else words | resolve_in_sql.tables(words)
    empty = any(map(_CATALOGUE.match, words))
    unite = runs is not None
    for _ in range(_ATTEMPTS):
        try:
            connection = _connect(lake, runs, only, empty_others=empty, unite=unite)
            with contextlib.closing(connection):
                resolve_in_sql.define(connection, statement)
                return query(connection, statement, parameters)
        except _Differ:
            unite = True
        except _Damaged as error:
            if not error.deleted(lake):
                raise
    raise CorrError("runs of this lake are deleted faster than it can be read", "try again")


def view_records(lake: Lake, run: RunInfo, view: str, limit: int) -> list[dict[str, Any]]:
    """The first rows of a view of one run, by one `view_statement`."""
    lock = reading(lake.root)
    connection = planned(_opened(lake, [run]), SLOW_FOR_ONE_RUN)
    try:
        statement = view_statement(lake, run, view, limit, connection)
        _confine(connection, lake)
        found = connection.execute(statement)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    except (duckdb.CatalogException, duckdb.BinderException):  # a table or column it does not have
        return rows(connect(lake, [run], [view]), f"FROM {view} LIMIT {limit:d}")
    except duckdb.Error as error:
        raise _damaged(error) or CorrError(f"the view {view} is broken: {error}") from error
    finally:
        connection.close()
        lock.release()


def view_statement(
    lake: Lake, run: RunInfo, view: str, limit: int, connection: duckdb.DuckDBPyConnection
) -> str:
    """The first rows of a view of one run as a single SELECT over the lake's files.

    Nested views are bound when they are created and again when they are used, and each opens its
    files for itself: this takes half their time.
    """
    from corr.lake.tables import TABLES

    sources = _Sources(lake, [run])
    parts = {name: sources.sql(name) for name in sources.layout.tables(run.run_id)}
    parts |= {v.name: v.sql.strip() for v in views()}
    for name in set(_closure([view], TABLES)) - parts.keys():
        parts[name] = _empty(connection, name)
    needed = _closure([view], parts)
    uses = Counter(name for v in views() if v.name in needed for name in _SOURCE.findall(v.sql))
    # a table that several views read is read from its file once
    how = {name: "MATERIALIZED" if uses[name] > 1 else "NOT MATERIALIZED" for name in parts}
    how |= {v.name: "NOT MATERIALIZED" for v in views()}
    together = ",\n".join(f"{name} AS {how[name]} (\n{parts[name]}\n)" for name in needed)
    return f"WITH {together}\nFROM {view} LIMIT {limit:d}"


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
        if damaged := _damaged(error):
            raise damaged from error
        raise UsageError(
            f"SQL: {str(error).strip()}", "`corr sql --list` shows the tables"
        ) from error


def rows(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[dict[str, Any]]:
    """The rows of one of our own queries; `values` fill its `?` in order."""
    try:
        answer = connection.sql(sql, params=list(values)).to_arrow_table()
    except duckdb.Error as error:
        if damaged := _damaged(error):
            raise damaged from error
        raise
    listed: list[dict[str, Any]] = answer.to_pylist()
    return listed


def function_names(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Names as one reads them by linkage name, of the runs that the connection sees."""
    found = rows(connection, "SELECT linkage, name FROM functions")
    return {row["linkage"]: row["name"] for row in found}


class _Differ(CorrError):
    """Runs whose columns were thought to be the same have different ones."""


class _Damaged(CorrError):
    """A file of the lake cannot be read: damaged, or its run was deleted just now."""

    def __init__(self, what: str, advice: str, folder: str) -> None:
        super().__init__(what, advice)
        self._folder = folder

    def deleted(self, lake: Lake) -> bool:
        """The run or pack is no longer there: without it the lake can be read."""
        return not (lake.root / self._folder).exists()


class _Sources:
    """The SQL that reads each table of some runs, or of all."""

    def __init__(
        self, lake: Lake, runs: Sequence[RunInfo] | None = None, unite: bool = True
    ) -> None:
        self.layout = lake.layout()
        self._lake = lake
        self._runs = runs
        self._ids = None if runs is None else [run.run_id for run in runs]
        self._unite = unite

    def sql(self, table: str, variable: str | None = None) -> str:
        """A SELECT of the table's rows; "" where no run has it.

        `variable` has the list of files, where it is long. Columns are united by name, which
        opens every file beforehand, unless all runs record the same version of the table.
        """
        rows = self.layout.rows(table, self._ids)
        if not rows.files:
            return ""
        few = self._unite or len(rows.files) <= FEW_FILES
        unite = len(rows.files) > 1 and (few or not self._same_version(table))
        source = f"getvariable('{variable}')" if variable else _list(rows.files)
        select = f"SELECT * FROM read_parquet({source}{', union_by_name = true' * unite})"
        if rows.only is not None:
            return f"{select} WHERE run_id IN ({_list(rows.only)[1:-1]})"
        if rows.without:
            return f"{select} WHERE run_id NOT IN ({_list(rows.without)[1:-1]})"
        return select

    def create(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        """Make the table a view of the connection."""
        variable = None
        files = self.layout.rows(table, self._ids).files
        if len(files) > 1:
            variable = f"files_of_{table}"
            connection.execute(f"SET VARIABLE {variable} = {_list(files)}")
        select = self.sql(table, variable)
        if not select or not self._older(table):
            connection.execute(f"CREATE VIEW {table} AS {select or _empty(connection, table)}")
            return
        select = f"{select} UNION ALL BY NAME {_empty(connection, table)}"
        if self._runs is None or not self._filled(connection, table, select):
            connection.execute(f"CREATE VIEW {table} AS {select}")

    def _filled(self, connection: duckdb.DuckDBPyConnection, table: str, select: str) -> bool:
        """Make a table whose new columns can be worked out for the runs that lack them."""
        from corr.lake import older

        if table not in older.NEEDS:
            return False
        older.fill(connection, table, select, self.sql(older.NEEDS[table]), self._older(table))
        return True

    @cached_property
    def _listing(self) -> Mapping[str, Entry | None]:
        return self._lake.listing()

    def _same_version(self, table: str) -> bool:
        found = {e.versions.get(table) if e else None for e in self._listing.values()}
        return len(found) == 1 and None not in found

    def _older(self, table: str) -> list[str]:
        """Runs that may have been made when the table had fewer columns."""
        from corr.lake.tables import TABLES

        newest = TABLES[table].version
        if newest == 1:
            return []
        if self._runs is None:
            found = {name: e.versions if e else {} for name, e in self._listing.items()}
        else:
            found = {run.run_id: run.table_versions for run in self._runs}
        return [name for name, versions in found.items() if versions.get(table) != newest]


def _empty(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """A SELECT with the table's columns and no row."""
    import pyarrow as pa

    from corr.lake.tables import TABLES

    schema = TABLES[table].schema.insert(0, pa.field("run_id", pa.string()))
    connection.register("declared", pa.Table.from_batches([], schema))
    columns = connection.execute("DESCRIBE declared").fetchall()
    connection.unregister("declared")  # it would be listed among the tables
    values = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind, *_ in columns)
    return f"SELECT {values} WHERE false"


def _connect(
    lake: Lake,
    runs: Sequence[RunInfo] | None,
    only: Iterable[str] | None,
    *,
    unite: bool = True,
    empty_others: bool = False,
) -> duckdb.DuckDBPyConnection:
    """As `connect`; with `empty_others` the tables that are not wanted are there, but empty."""
    from corr.lake.tables import TABLES

    lock = reading(lake.root)
    connection = _opened(lake, runs)
    weakref.finalize(connection, lock.release)
    every = {view.name: view for view in views()}
    wanted = _closure([*every, *TABLES] if only is None else only, TABLES)
    others = [name for name in _closure([*every, *TABLES], TABLES) if name not in wanted]
    sources = _Sources(lake, runs, unite)
    for name in [*wanted, *(others if empty_others else ())]:
        try:
            if name in every:
                connection.execute(f"CREATE VIEW {name} AS {every[name].sql}")
            elif name in wanted:
                sources.create(connection, name)
            else:
                connection.execute(f"CREATE VIEW {name} AS {_empty(connection, name)}")
        except duckdb.Error as error:
            what = f"the view {name} is broken: {error}"
            raise _damaged(error) or CorrError(what) from error
    _confine(connection, lake)
    return connection


def _opened(lake: Lake, runs: Sequence[RunInfo] | None) -> duckdb.DuckDBPyConnection:
    """A connection that can read where the lake is."""
    connection = planned(duckdb.connect())
    if lake.remote is not None:
        lake.remote.list_files(None if runs is None else [run.run_id for run in runs])
        connection.register_filesystem(lake.remote.fs)
    return connection


def _confine(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Nothing but the lake's tables can be read from now on."""
    runs = f"{lake.remote.url}/runs/" if lake.remote is not None else f"{lake.runs}/"
    folders = _list([runs, f"{lake.root / FOLDER}/"])
    connection.execute(f"SET allowed_directories = {folders}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _closure(names: Iterable[str], tables: Collection[str]) -> list[str]:
    """These tables and views and all that their SQL mentions, each after what it mentions."""
    every = {view.name: view for view in views()}
    found: dict[str, None] = {}

    def add(name: str, above: frozenset[str]) -> None:
        if name in found or name in above:
            return
        if name in every:
            for word in dict.fromkeys(_SOURCE.findall(every[name].sql)):
                add(word, above | {name})
        if name in every or name in tables:
            found[name] = None

    for name in names:
        add(name, frozenset())
    return list(found)


def _damaged(error: duckdb.Error) -> CorrError | None:
    """What to say where a file of the lake is the cause; None where it is not."""
    if "schema mismatch" in str(error):
        return _Differ(first_line(str(error)))
    place = _LAKE_FILE.search(str(error))
    if not place or not isinstance(error, duckdb.IOException | duckdb.InvalidInputException):
        return None
    what = f"the lake's {place[3]} cannot be read: {first_line(str(error))}"
    folder = f"{place[1]}/{place[2]}"
    if place[1] == FOLDER:
        return _Damaged(
            f"{what}; it holds the compacted runs that {place[2]}/pack.json lists",
            "restore the file; runs outside the pack can be read (corr sql --run RUN)",
            folder,
        )
    return _Damaged(what, f"a damaged run can be deleted: corr runs rm {place[2]}", folder)


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(literal, texts))}]"


def literal(text: str) -> str:
    """Foreign text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
