"""The kinds of move, one mechanism: a move makes a new variant of a variant, or refuses.

Undo is keeping the old variant; combining is applying one move after another. What a move is, is
said beside the variant; here is one file a kind.
"""

from __future__ import annotations

from typing import Any

from corr.optimize.gate.refusal import Refused
from corr.optimize.variant import Move


def kinds() -> dict[str, type[Move]]:
    """Every kind of move by its name."""
    from corr.optimize.moves.flags import Flags
    from corr.optimize.moves.inlining import Inlining
    from corr.optimize.moves.ir_function import IrFunction
    from corr.optimize.moves.pragma import Pragma
    from corr.optimize.moves.schedule import Schedule
    from corr.optimize.moves.source import Source
    from corr.optimize.moves.whole_program import Allocator, Layout, LinkTime, Profile

    of_texts = (Pragma, Schedule, Source, IrFunction)
    of_programs = (Flags, Profile, LinkTime, Layout, Allocator, Inlining)
    return {move.kind: move for move in (*of_programs, *of_texts)}


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
