"""The loop nests that Polly models, as the model is shown them and as its schedules come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collectors.base.errors import CorrError
from collectors.base.foreign_text import one_line
from corr.console.output import message
from corr.optimize.llm.reply_moves import Unreadable

if TYPE_CHECKING:
    from corr.optimize.polly.jscop import Jscop
    from corr.optimize.proposal import Situation
    from corr.optimize.variant import Move

#: Characters that all nests together, and one isl text, may take in the prompt.
LONGEST = 24_000
LONGEST_TEXT = 1_000


@dataclass(frozen=True)
class Nests:
    """Nests by unit label and by file name, those of functions that the summary speaks of."""

    units: Mapping[str, Mapping[str, Jscop]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.units.values())

    def text(self) -> str:
        """The nests for the prompt, as many as there is room for."""
        parts: list[str] = []
        room = LONGEST
        for unit, scops in self.units.items():
            for scop in scops.values():
                part = _described(unit, scop)
                room -= len(part)
                if room >= 0:
                    parts.append(part)
        left = sum(map(len, self.units.values())) - len(parts)
        return "\n".join(parts + ([f"({left} more nests left out)"] if left else []))

    def reschedule(self, unit: str, scop: str, maps: Mapping[str, str], reason: str) -> Move:
        """The move that gives a nest these schedules. Whether they are legal is found out later.

        Raises Unreadable for a nest or a statement that there is not, Refused for what is no map.
        """
        from corr.optimize.moves.schedule import Schedule
        from corr.optimize.polly.model import rescheduled

        scops = self.units.get(unit, {})
        if scop not in scops:
            known = ", ".join(scops) or "none"
            raise Unreadable(f"{unit} has no nest {one_line(scop, 80)!r}; it has {known}")
        nest = scops[scop]
        unknown = set(maps) - {s.name for s in nest.statements}
        if unknown:
            raise Unreadable(f"{nest.label} has no statement {one_line(min(unknown), 80)!r}")
        beside = tuple(
            (other.file, other.text())
            for other in scops.values()
            if other.function == nest.function and other is not nest
        )
        summary = one_line(reason, 120) or "; ".join(f"{n}: {m}" for n, m in maps.items())
        return Schedule(unit, scop, rescheduled(scop, nest.text(), maps), summary, beside)


def find(situation: Situation) -> Nests:
    """The nests of the best variant; none, and a message, where Polly or a build fails."""
    from corr.optimize.moves.schedule import export

    folder = situation.scratch / f"nests{situation.iteration}"
    units: dict[str, Mapping[str, Jscop]] = {}
    program = situation.best.program
    for number, unit in enumerate(program.units):
        if unit.source in situation.best.ir:
            continue
        place = folder / str(number)
        place.mkdir(parents=True, exist_ok=True)
        try:
            scops = export(situation.best, unit, situation.toolchain, place)
        except CorrError as error:
            message(f"no schedules for {program.label(unit)}: {one_line(error.message, 200)}")
            continue
        named = {n: s for n, s in scops.items() if s.function in situation.summary}
        if named:
            units[program.label(unit)] = named
    return Nests(units)


def _described(unit: str, scop: Jscop) -> str:
    place = "" if scop.first is None else f", lines {scop.first} to {scop.last}"
    lines = [f"unit {unit}, nest {scop.file}{place}", f"  parameters {_isl(scop.context)}"]
    for statement in scop.statements:
        lines.append(f"  {statement.name}: domain {_isl(statement.domain)}")
        lines.append(f"    schedule {_isl(statement.schedule)}")
        lines += [f"    {a.kind} {_isl(a.relation)}" for a in statement.accesses]
    return "\n".join(lines)


def _isl(text: str) -> str:
    return one_line(text, LONGEST_TEXT)
