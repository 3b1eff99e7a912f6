"""The five kinds of move, one mechanism: a move makes a new variant of a variant, or refuses.

Undo is keeping the old variant; combining is applying one move after another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Self

from corr.optimize.variant import Refused, Variant


class Move(ABC):
    """A change that can be proposed. Subclasses are frozen dataclasses of JSON-able fields."""

    kind: ClassVar[str]
    #: Floating-point results stay equal bit for bit if the move is legal at all.
    keeps_order: ClassVar[bool] = True

    @abstractmethod
    def changed(self, variant: Variant) -> Variant:
        """The variant with this change made. Raises Refused where it does not apply."""

    @abstractmethod
    def describe(self) -> str:
        """One line for a table."""

    def apply(self, variant: Variant) -> Variant:
        """The changed variant, this move noted in it. Raises Refused."""
        return replace(self.changed(variant), moves=(*variant.moves, self))

    def record(self) -> dict[str, Any]:
        """The move as JSON."""
        return {"kind": self.kind, **asdict(self)}  # type: ignore[call-overload]

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """The move with these fields of a record."""
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()})


@dataclass(frozen=True)
class Flags(Move):
    """Compiler options: `add` come last on every unit's command line, `remove` are taken away."""

    add: tuple[str, ...]
    remove: tuple[str, ...] = ()
    kind: ClassVar[str] = "flags"

    def changed(self, variant: Variant) -> Variant:
        from corr.optimize.gate.of_flags import flags

        refusals = flags(self.add, allow_reassociation=variant.allow_reassociation)
        if refusals:
            raise Refused(refusals[0].what)
        kept = tuple(f for f in variant.flags if f not in self.remove)
        return replace(variant, flags=(*kept, *self.add))

    def describe(self) -> str:
        return " ".join(self.add + tuple(f"without {f}" for f in self.remove))


def kinds() -> dict[str, type[Move]]:
    """Every kind of move by its name."""
    from corr.optimize.moves.ir_function import IrFunction
    from corr.optimize.moves.pragma import Pragma
    from corr.optimize.moves.schedule import Schedule
    from corr.optimize.moves.source import Source

    return {move.kind: move for move in (Flags, Pragma, Schedule, Source, IrFunction)}


def from_record(record: dict[str, Any]) -> Move:
    """The move that `Move.record` gave. Raises Refused for a record that is none."""
    known = kinds()
    fields = dict(record)
    kind = fields.pop("kind", None)
    if kind not in known:
        raise Refused(f"no such kind of move: {kind!r}")
    try:
        return known[kind].from_fields(fields)
    except TypeError as error:
        raise Refused(f"a {kind} move cannot be made of {sorted(fields)}") from error
