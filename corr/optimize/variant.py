"""A variant of the program, as a value, and a move: what makes another variant of it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

from collectors.base.foreign_text import one_line
from corr.optimize.gate.refusal import Refused
from corr.optimize.inlined import Inlined
from corr.optimize.polly.clang import adopt, import_flags
from corr.program.model import Program, Unit


@dataclass(frozen=True)
class Variant:
    """The original program and everything that moves changed. Variants are never edited.

    `flags` come after each unit's own. `texts` holds the whole new text of a source or header, by
    its absolute path. `ir` holds a unit's whole optimised module, by the unit's source: such a
    unit is built from it as it is. `schedules` are JSCoP texts by unit source and file name, in
    Polly's spelling, to be imported when that unit is compiled. `inlined` says which calls of a
    unit, by its source, are decided otherwise than LLVM would. `trained`: it is compiled with a
    profile of its own runs; `laid_out`: BOLT orders its code by such runs. `link` comes after the
    program's own flags of the link, `environment` after that of its runs.
    """

    program: Program
    flags: tuple[str, ...] = ()
    texts: Mapping[Path, str] = field(default_factory=dict)
    ir: Mapping[Path, str] = field(default_factory=dict)
    schedules: Mapping[Path, Mapping[str, str]] = field(default_factory=dict)
    inlined: Mapping[Path, Inlined] = field(default_factory=dict)
    trained: bool = False
    laid_out: bool = False
    link: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    moves: tuple[Move, ...] = ()
    #: Moves may bring in what lets floating-point operations be reordered.
    allow_reassociation: bool = False

    def text(self, path: Path) -> str:
        """The text of a source in this variant. Raises Refused where there is no such file."""
        if path in self.texts:
            return self.texts[path]
        try:
            return path.read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            raise Refused(f"{path.name}: {error.strerror}") from error

    def with_text(self, path: Path, text: str) -> Variant:
        return replace(self, texts={**self.texts, path: text})

    def unit_named(self, name: str) -> Unit:
        """A translation unit, by its name in the tables or its path. Raises Refused."""
        for unit in self.program.units:
            if name in (self.program.label(unit), str(unit.source)):
                return unit
        raise Refused(f"{one_line(name, 80)} is no translation unit of {self.program.name}")

    def program_in(self, folder: Path, profile: tuple[str, ...] = ()) -> Program:
        """The program to build, its changed files written into `folder` (which must exist).

        `profile` are the flags that name one, for a variant that is trained. Sources keep their
        names for the compiler and in every table: an overlay puts the new text in their place.
        """
        overlay: dict[Path, Path] = {}
        for number, (path, text) in enumerate(sorted(self.texts.items())):
            copy = folder / f"source{number}{path.suffix}"
            copy.write_bytes(text.encode("utf-8", "surrogateescape"))
            overlay[path] = copy
        units = tuple(
            self._unit(unit, number, folder, profile)
            for number, unit in enumerate(self.program.units)
        )
        link = (*self.program.link_flags, *self.flags, *profile, *self.link)
        run = replace(self.program.run, env={**self.program.run.env, **dict(self.environment)})
        return replace(self.program, units=units, link_flags=link, overlay=overlay, run=run)

    def _unit(self, unit: Unit, number: int, folder: Path, profile: tuple[str, ...]) -> Unit:
        flags = (*unit.flags, *self.flags, *profile)
        if unit.source in self.schedules:
            place = folder / f"schedules{number}"
            place.mkdir(exist_ok=True)
            for name, text in self.schedules[unit.source].items():
                (place / name).write_text(text)
            flags = (*flags, *import_flags(place))
            unit = replace(unit, adopt=partial(adopt, folder=place))
        if unit.source in self.inlined:
            table = folder / f"calls{number}.replay"
            table.write_text(self.inlined[unit.source].table, "utf-8", "surrogateescape")
            flags = (*flags, *self.inlined[unit.source].flags(unit, table))
        if unit.source not in self.ir:
            return replace(unit, flags=flags)
        module = folder / f"module{number}.opt.ll"
        module.write_bytes(self.ir[unit.source].encode("utf-8", "surrogateescape"))
        return replace(unit, flags=flags, ir=module)

    def describe(self) -> str:
        """The moves in one line; `original` when there are none."""
        return "; ".join(move.describe() for move in self.moves) or "original"

    def record(self) -> str:
        """The moves as JSON, from which `moves.from_record` makes them again."""
        return json.dumps([move.record() for move in self.moves], sort_keys=True)


class Move(ABC):
    """A change that can be proposed. Subclasses are frozen dataclasses of JSON-able fields."""

    kind: ClassVar[str]

    @abstractmethod
    def changed(self, variant: Variant) -> Variant:
        """The variant with this change made. Raises Refused where it does not apply."""

    @abstractmethod
    def describe(self) -> str:
        """One line for a table."""

    def apply(self, variant: Variant) -> Variant:
        """The changed variant, this move noted in it. Raises Refused."""
        return replace(self.changed(variant), moves=(*variant.moves, self))

    def called(self) -> str:
        """What it is called on every program alike."""
        return self.kind

    def record(self) -> dict[str, Any]:
        """The move as JSON."""
        return {"kind": self.kind, **asdict(self)}  # type: ignore[call-overload]

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """The move with these fields of a record."""
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()})
