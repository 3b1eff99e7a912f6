"""How a nest walks through memory: what one step of each loop moves each access by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import islpy as isl

from corr.optimize.polly.model import IN, OUT, Model

#: Elements of a cache line, about: a step this far touches a new line every time.
LINE = 8


@dataclass(frozen=True)
class Walk:
    """An access of a statement: `steps[p]` is what a step of the time at position p moves it by.

    In elements; None is far: another row, or unknown. Scalars are not walked.
    """

    kind: str
    array: str
    steps: Mapping[int, int | None]

    def cost(self, position: int) -> float:
        """Cache lines touched a step of the loop at this position."""
        step = self.steps.get(position)
        return 1.0 if step is None else min(abs(step) / LINE, 1.0)


def walks(model: Model, name: str, schedule: str) -> list[Walk]:
    """How each access of a statement to an array moves with each time of a schedule.

    Raises Refused for a schedule that is none of the statement's.
    """
    order = model.schedule(name, schedule).intersect_domain(model.domains[name])
    found = []
    for access in model.scop.statement(name).accesses:
        relation = isl.Map.read_from_str(model.isl, access.relation)
        if relation.dim(OUT):
            steps = _steps(relation.apply_domain(order), order.dim(OUT))
            found.append(Walk(access.kind, relation.get_tuple_name(OUT), steps))
    return found


def _steps(relation: isl.Map, times: int) -> dict[int, int | None]:
    """The step of every time, for a relation of times to elements."""
    pieces: list[isl.MultiAff] = []
    try:
        whole = isl.PwMultiAff.from_map(relation.coalesce())
        whole.foreach_piece(lambda _set, piece: pieces.append(piece))
    except isl.Error:
        return dict.fromkeys(range(times))
    if len(pieces) != 1:
        return dict.fromkeys(range(times))
    rank = pieces[0].dim(OUT)
    indices = [pieces[0].get_aff(n) for n in range(rank)]
    return {position: _step(indices, position) for position in range(times)}


def _step(indices: list[isl.Aff], position: int) -> int | None:
    if any(a.involves_dims(IN, position, 1) for a in indices[:-1]):
        return None
    moved = indices[-1].get_coefficient_val(IN, position)
    if not moved.is_int() or indices[-1].dim(isl.dim_type.div):
        return None if indices[-1].involves_dims(IN, position, 1) else 0
    return int(moved.to_python())
