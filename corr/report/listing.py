"""A table of a page together with the SQL that gives it: every number can be asked for again."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """How a column of a listing is shown. `kind` is a style of corr.output.shown, or one of

    `text`, `code`, `place` (a line, and a function), `loop` (a link), `run`, `outcome`, `words`
    (a list), `verdict`.
    """

    key: str
    heading: str
    kind: str | None = None


@dataclass(frozen=True)
class Listing:
    """Rows of one statement; `run` is what `corr sql --run` has to see, None for the whole lake."""

    name: str
    caption: str
    sql: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    run: str | None = None
    note: str = ""
    #: Rows that the statement gives but the page leaves out.
    left_out: int = 0

    @property
    def command(self) -> str:
        """The command that prints these rows."""
        run = f" --run {self.run}" if self.run else ""
        return f"corr sql {shlex.quote(self.sql)}{run}"

    @property
    def filled(self) -> list[Column]:
        """The columns that have a value somewhere; all where there is no row."""
        used = [c for c in self.columns if any(r.get(c.key) is not None for r in self.rows)]
        return used or list(self.columns)

    def first(self, most: int) -> Listing:
        """Only the first rows."""
        return replace(self, rows=self.rows[:most], left_out=max(0, len(self.rows) - most))


@dataclass
class Asker:
    """Asks one run, or some, and remembers nothing."""

    lake: Lake
    runs: Sequence[RunInfo]
    #: Tables and views that will be asked for; a connection of few is quicker.
    only: Sequence[str] = ()
    _connection: duckdb.DuckDBPyConnection | None = field(default=None, repr=False)

    def __enter__(self) -> Asker:
        self._connection = connect(self.lake, self.runs, self.only)
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        assert self._connection is not None, "use it in a with statement"
        return self._connection

    def rows(self, sql: str, *values: object) -> list[Row]:
        return rows(self.connection, sql, *values)

    def listing(
        self, name: str, caption: str, sql: str, columns: Sequence[Column], note: str = ""
    ) -> Listing:
        """The rows of a statement that stands for itself: it has no parameters."""
        run = self.runs[0].run_id if len(self.runs) == 1 else None
        return Listing(name, caption, sql, tuple(columns), self.rows(sql), run, note)


def columns(described: Mapping[str, str | tuple[str, str]]) -> tuple[Column, ...]:
    """Columns from a table of key to heading, or to heading and kind."""
    return tuple(
        Column(key, *([value] if isinstance(value, str) else value))
        for key, value in described.items()
    )


def grouped(found: Sequence[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """The rows of each value of the key, in order."""
    groups: dict[Any, list[Row]] = {}
    for row in found:
        groups.setdefault(key(row), []).append(row)
    return groups


def batches(found: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """The items in pieces of at most `size`."""
    for start in range(0, len(found), size):
        yield found[start : start + size]
