"""What the gate needs to know of two runs beside their comparison, by queries/check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from collectors.base import toolchain
from collectors.base.demangle import MANGLED, demangle
from collectors.base.errors import CorrError
from corr.check.remarks import callees, vectoriser_reason
from corr.compare.diff import of_remarks
from corr.compare.difference import SIDES, Diff, SideName
from corr.lake.sql import connect
from corr.lake.store import Lake, RunInfo
from corr.system.shipped_files import shipped

if TYPE_CHECKING:
    import duckdb

#: The tables and views that queries/check read.
TABLES = ("loops", "remarks", "instructions", "samples", "missed", "problems", "source")


@dataclass(frozen=True)
class Place:
    """Where a loop stands in the source."""

    file: str
    line: int
    column: int | None = None


@dataclass(frozen=True)
class Code:
    """Arithmetic of a loop's machine code: widest packed register, packed and scalar counts."""

    bits: int = 0
    packed: int = 0
    scalar: int = 0

    @property
    def vectors(self) -> bool:
        """Mostly packed: an odd packed instruction among scalar ones makes no vector loop."""
        return self.bits > 0 and self.packed >= self.scalar


@dataclass(frozen=True)
class Facts:
    """What the gate needs to know of two runs beside their comparison; `a` is the baseline.

    `places` are of loops, and of calls outside loops as `(function) callee`. `shares`: samples by
    function, None for a run without samples. `reasons`: why the loops of the new run are not
    vectorised. `names`: plain names of mangled callees. `conditions`: what the runs were timed on
    and with. `incomplete`: what of a run's record of remarks could not be read. `notes`: what has
    to be said of how they were compared. `without_code`: runs whose machine code is not known.
    `called`: what the loops of the new run call, None where that is not known. `placeless`: imports
    whose remarks name no loop.
    """

    places: Mapping[SideName, Mapping[str, Place]] = field(default_factory=dict)
    code: Mapping[SideName, Mapping[str, Code]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[SideName, Mapping[str, float] | None] = field(default_factory=dict)
    conditions: Mapping[SideName, str] = field(default_factory=dict)
    incomplete: Mapping[SideName, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    without_code: frozenset[SideName] = frozenset()
    called: Mapping[str, frozenset[str]] | None = None
    placeless: frozenset[SideName] = frozenset()


def gather(
    lake: Lake, runs: tuple[RunInfo, RunInfo], difference: Diff, *, remarks_only: bool
) -> Facts:
    """The facts of two compared runs. Raises CorrError for a run that has nothing to compare.

    With `remarks_only` the samples of the new run and the conditions are left out.
    """
    connection = connect(lake, runs, only=TABLES)
    try:
        for run in runs:
            _require_remarks(connection, run)
        sides = dict(zip(SIDES, runs, strict=True))
        sampled: tuple[SideName, ...] = ("a",) if remarks_only else SIDES
        return Facts(
            {side: _places(connection, run) for side, run in sides.items()},
            {side: _code(connection, run, difference, side) for side, run in sides.items()},
            _reasons(connection, sides["b"]),
            _names(difference),
            {side: _shares(connection, sides[side]) for side in sampled},
            {} if remarks_only else {side: _conditions(run) for side, run in sides.items()},
            {s: words for s, run in sides.items() if (words := _incomplete(connection, run))},
            [words for run in runs if (words := _without_source(connection, run))],
            frozenset(s for s, run in sides.items() if not _count(connection, "instructions", run)),
            _called(connection, sides["b"]),
            frozenset(
                side
                for side, run in sides.items()
                if of_remarks(run) and not _count(connection, "loops", run)
            ),
        )
    finally:
        connection.close()


def _require_remarks(connection: duckdb.DuckDBPyConnection, run: RunInfo) -> None:
    """A run without remarks would pass every gate."""
    if not _count(connection, "remarks", run):
        raise CorrError(
            f"the run {run.run_id} has no remarks: there is nothing to compare",
            f"corr sql --run {run.run_id} 'FROM problems' says why; collect it again",
        )


def _places(connection: duckdb.DuckDBPyConnection, run: RunInfo) -> dict[str, Place]:
    places = _answer(connection, "places", run=run.run_id)
    return {name: Place(file, line, column) for name, file, line, column in places}


def _code(
    connection: duckdb.DuckDBPyConnection, run: RunInfo, difference: Diff, side: SideName
) -> dict[str, Code]:
    keys = [loop.side(side).loop for loop in difference.loops]
    loops = [key for key in keys if key is not None]
    code = _answer(connection, "code", run=run.run_id, loops=loops)
    return {loop: Code(bits, packed, scalar) for loop, bits, packed, scalar in code}


def _called(
    connection: duckdb.DuckDBPyConnection, run: RunInfo
) -> dict[str, frozenset[str]] | None:
    """What each loop calls, under the compiler's names; None for a run without machine code."""
    if not _count(connection, "instructions", run):
        return None
    return {loop: frozenset(names) for loop, names in _answer(connection, "called", run=run.run_id)}


def _reasons(connection: duckdb.DuckDBPyConnection, run: RunInfo) -> dict[str, str]:
    reasons = _answer(connection, "reasons", run=run.run_id)
    return {loop: vectoriser_reason(words) for loop, words in reasons}


def _shares(connection: duckdb.DuckDBPyConnection, run: RunInfo) -> dict[str, float] | None:
    """Share of the samples by function, under its mangled and its plain name."""
    shares = _answer(connection, "shares", run=run.run_id)
    if not shares:
        return None
    return {name: share for *names, share in shares for name in names if name}


def _names(difference: Diff) -> dict[str, str]:
    """Plain names of the C++ callees in the comparison; none where LLVM's tools are missing."""
    remarks = [remark for loop in difference.loops for remark in loop.remarks]
    remarks += [outside.remark for outside in difference.outside_loops]
    mangled = {name for name in callees(remarks) if name.startswith(MANGLED)}
    try:
        return demangle(mangled, toolchain.find()) if mangled else {}
    except CorrError:
        return {}


def _conditions(run: RunInfo) -> str:
    return " ".join((str(run.facts.cpu), *run.facts.run_args))


def _incomplete(connection: duckdb.DuckDBPyConnection, run: RunInfo) -> str | None:
    """What of the run's record of remarks is missing."""
    for place, what, count in _answer(connection, "incomplete", run=run.run_id):
        return f"{place}: {what}" + (f" ({count}×)" if count > 1 else "")
    return None


def _without_source(connection: duckdb.DuckDBPyConnection, run: RunInfo) -> str | None:
    """That an import came without its sources, so that places alone tell its loops apart."""
    if not of_remarks(run):
        return None
    if _count(connection, "source", run):
        return None
    return (
        f"the sources of run {run.run_id} are not known (none lay below --root when it was"
        " imported): its loops are told apart by their places alone"
    )


def _count(connection: duckdb.DuckDBPyConnection, table: str, run: RunInfo) -> int:
    query = f"SELECT count(*) FROM {table} WHERE run_id = ?"
    ((count,),) = connection.execute(query, [run.run_id]).fetchall()
    return int(count)


def _answer(
    connection: duckdb.DuckDBPyConnection, query: str, **values: object
) -> list[tuple[Any, ...]]:
    """The rows of a file of queries/check; `values` fill its parameters."""
    sql = (shipped("queries") / "check" / f"{query}.sql").read_text()
    return connection.execute(sql, values).fetchall()
