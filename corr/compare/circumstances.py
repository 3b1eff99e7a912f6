"""What the programs of two runs were asked for: arguments, input, environment, machine."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from corr.lake.run_facts import RunFacts

#: Longer values are cut where they are told.
MOST = 60


@dataclass(frozen=True)
class Circumstance:
    """One thing that differs between the runs themselves, before anything of their code counts."""

    what: str
    a: str
    b: str

    @property
    def says(self) -> str:
        return f"{self.what} {_cut(self.a)} in a, {_cut(self.b)} in b"

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"says": self.says}


def differences(a: RunFacts, b: RunFacts) -> tuple[Circumstance, ...]:
    """What differs. What a run of an earlier version did not record is no difference."""
    return tuple(_differences(a, b))


def _differences(a: RunFacts, b: RunFacts) -> Iterator[Circumstance]:
    if a.run_args != b.run_args:
        yield Circumstance("arguments", shlex.join(a.run_args), shlex.join(b.run_args))
    if a.run_stdin != b.run_stdin:
        yield Circumstance("standard input", a.run_stdin or "", b.run_stdin or "")
    yield from _contents(a.run_inputs or {}, b.run_inputs or {})
    yield from _variables(a.run_env, b.run_env)
    if a.surroundings is not None and b.surroundings is not None:
        yield from _variables(a.surroundings, b.surroundings)
    for name, one, other in (
        ("processor", a.cpu, b.cpu),
        ("number of processors", a.cores, b.cores),
        ("kernel", a.kernel, b.kernel),
    ):
        if one is not None and other is not None and one != other:
            yield Circumstance(name, str(one), str(other))


def _contents(a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[Circumstance]:
    """Files of one name, read by both, that are not the same byte for byte."""
    for name in sorted(a.keys() & b.keys()):
        if a[name] != b[name]:
            yield Circumstance(f"content of {name}", a[name][:8], b[name][:8])


def _variables(a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[Circumstance]:
    for name in sorted(a.keys() | b.keys()):
        if a.get(name) != b.get(name):
            yield Circumstance(name, a.get(name, "unset"), b.get(name, "unset"))


def store(connection: duckdb.DuckDBPyConnection, found: Iterable[Circumstance]) -> None:
    """Put them where the rules of queries/hypotheses ask: the table `run_edits`."""
    connection.execute("CREATE TEMP TABLE run_edits (what VARCHAR, says VARCHAR)")
    for circumstance in found:
        connection.execute(
            "INSERT INTO run_edits VALUES (?, ?)", [circumstance.what, circumstance.says]
        )


def _cut(value: str) -> str:
    if not value:
        return "none"
    return value if len(value) <= MOST else value[: MOST - 1] + "…"
