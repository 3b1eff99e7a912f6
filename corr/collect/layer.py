"""What a layer of evidence is: it reads tables of earlier ones and hands back its own as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa

from collectors.base.table import Problem
from corr.collect.built import BuiltProgram
from corr.collect.options import More
from corr.program.build import BuiltUnit

Tables = Mapping[str, pa.Table]


@dataclass(frozen=True)
class LayerResult:
    """What a layer, or a part of it, hands back: rows by table, and what could not be had."""

    tables: Tables = field(default_factory=dict)
    problems: Sequence[Problem] = ()

    @classmethod
    def of(cls, table: str, collected: tuple[pa.Table, Sequence[Problem]]) -> LayerResult:
        """What a collector of one table returned."""
        rows, problems = collected
        return cls({table: rows}, tuple(problems))


#: Gives a layer's rows; is handed the tables that the layer needs.
Gather = Callable[[Tables], LayerResult]


@dataclass(frozen=True)
class Part:
    """Work of a layer that can break by itself; `where` says of what it is, in a problem."""

    gather: Gather
    where: str = ""


@dataclass(frozen=True)
class Layer:
    """A layer of evidence: its name in `problems`, how it is gathered, what it reads and gives.

    `needs` and `gives` name tables; without `gives` it is the one of the layer's own name. A layer
    that breaks costs its rows and leaves a problem, the run stands; without an `essential` one
    there is no run. One that `executes` the program is left out of `collect --no-run`. While one
    that is `alone` is gathered nothing else goes on: it is timed. What is `more` can be gathered
    later; if it is `costly`, a large program has it only then.
    """

    name: str
    parts: Callable[[BuiltProgram], Sequence[Part]]
    needs: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    essential: bool = False
    executes: bool = False
    alone: bool = False
    step: str = ""
    more: More | None = None
    costly: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        return self.gives or (self.name,)


# --- how a layer's work is divided ----------------------------------------------------------------


def once(
    gather: Callable[[BuiltProgram, Tables], LayerResult],
) -> Callable[[BuiltProgram], Sequence[Part]]:
    """The layer is gathered of the whole program."""
    return lambda built: [Part(partial(gather, built))]


def each_unit(
    gather: Callable[[BuiltProgram, BuiltUnit, Tables], LayerResult],
) -> Callable[[BuiltProgram], Sequence[Part]]:
    """The layer is gathered unit by unit, side by side; a unit that breaks costs its own rows."""
    return lambda built: [Part(partial(gather, built, u), built.label(u)) for u in built.units]
