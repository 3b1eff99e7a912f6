"""The `schedule` move: another order for a loop nest, which Polly proves legal or refuses.

Polly writes each nest that it can model as a JSCoP (`export`), a move carries it back with other
schedules, and every compilation of the unit imports it (`import_flags`). Polly's own dependence
check decides (`proves`); aliasing of pointers it covers by a check at run time that falls back
to the original code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from collectors.base.errors import CompileError
from collectors.base.foreign_text import cut, first_line, one_line
from collectors.base.process import Completed
from collectors.base.toolchain import Toolchain
from corr.optimize.gate.refusal import Refused
from corr.optimize.guarantee import Guarantee
from corr.optimize.polly import child
from corr.optimize.polly.clang import answer, export_flags, function_of, read_folder, subfolder
from corr.optimize.polly.jscop import Jscop, read
from corr.optimize.variant import Move, Variant
from corr.program.build import Builder, places
from corr.program.model import Unit

_READING = re.compile(r"^Reading JScop '.*' in function '.*' from '(.*)'\.$", re.MULTILINE)
_BREAKS = "changes the dependences"


@dataclass(frozen=True)
class Schedule(Move):
    """Other schedules for the statements of one nest.

    `unit` is a translation unit by its name in tables, `scop` the nest's file name, `jscop` its
    text with the new schedules, `beside` file names and unchanged texts of the other nests of the
    same function. `summary` says what the order is, for people.
    """

    unit: str
    scop: str
    jscop: str
    summary: str
    beside: tuple[tuple[str, str], ...] = ()
    kind: ClassVar[str] = "schedule"

    @classmethod
    def of(
        cls,
        unit: str,
        scops: Mapping[str, Jscop],
        name: str,
        maps: Mapping[str, str],
        summary: str,
    ) -> Self:
        """The move that gives the exported nest `name` these schedules, statement to isl map.

        Raises Refused for maps that are no order, or one that breaks a dependence.
        """
        if name not in scops:
            raise Refused(f"{unit} has no nest {name[:80]!r}; it has {', '.join(scops) or 'none'}")
        scop = scops[name]
        answer = child.rescheduled(scop, maps, judge=True)
        if answer.broken:
            raise Refused(f"{scop.label}: {answer.broken}")
        others = tuple(
            (other.file, other.text())
            for other in scops.values()
            if other.function == scop.function and other is not scop
        )
        return cls(unit, name, answer.text, summary, others)

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        beside = fields.get("beside", ())
        try:
            pairs = tuple((str(name), str(text)) for name, text in beside)
        except (TypeError, ValueError) as error:
            raise Refused("`beside` of a schedule move holds pairs of name and text") from error
        return super().from_fields({**fields, "beside": pairs})

    def changed(self, variant: Variant) -> Variant:
        unit = variant.unit_named(self.unit)
        if unit.source in variant.ir:
            raise Refused(f"{self.unit} is built from optimised IR, where Polly does not run")
        text = child.rescheduled(read(self.scop, self.jscop), {}, judge=False).text
        present = variant.schedules.get(unit.source, {})
        beside = {name: read(name, text).text() for name, text in self.beside}
        files = {**beside, **present, self.scop: text}
        return replace(variant, schedules={**variant.schedules, unit.source: files})

    def describe(self) -> str:
        return f"schedule {function_of(self.scop)}: {one_line(self.summary, 120)}"


def export(variant: Variant, unit: Unit, toolchain: Toolchain, folder: Path) -> dict[str, Jscop]:
    """The nests of a unit that Polly can model, in their original order, by file name.

    `unit` is one of the program's; the variant's flags and texts are used, its schedules are not.
    `folder` must exist and is written to. Raises CompileError where the unit does not compile,
    ToolMissing where this clang has no Polly.
    """
    out = subfolder(folder, "exported")
    builder, plain = _builder(replace(variant, schedules={}), unit, toolchain, folder)
    _compile(builder, plain, export_flags(out))
    return read_folder(out)


def proves(variant: Variant, toolchain: Toolchain, folder: Path) -> tuple[Guarantee, str]:
    """Whether Polly proved every schedule in a variant legal, and what it said.

    Ask this of the variant that is to be built, after all of its moves: a later change of source
    or flags may have made another nest of the one a schedule was written for. `folder` must exist
    and is written to. The guarantee is for the schedules alone. Raises Refused where a schedule
    breaks a dependence, is for a nest that is not (or no longer) there, changes more than the
    order, or has no effect; CompileError and ToolMissing as `export`.
    """
    done: list[str] = []
    for unit in variant.program.units:
        if variant.schedules.get(unit.source):
            here = subfolder(folder, f"unit{len(done)}")
            done.append(_prove_unit(variant, unit, toolchain, here))
    if not done:
        return Guarantee.unknown, "no schedule to prove"
    return Guarantee.proved, "; ".join(done)


def _prove_unit(variant: Variant, unit: Unit, toolchain: Toolchain, folder: Path) -> str:
    label = variant.program.label(unit)
    files = variant.schedules[unit.source]
    exported = export(variant, unit, toolchain, subfolder(folder, "export"))
    orders = {}
    for name, text in files.items():
        scop = read(name, text)
        if name not in exported:
            known = ", ".join(exported) or "none that Polly can model"
            raise Refused(f"{label} has no nest {name} (any more); it has {known}")
        if not exported[name].same_nest(scop):
            raise Refused(f"{scop.label}: the JSCoP changes more than schedules, or the code did")
        orders[name] = {s.name: s.schedule for s in scop.statements}
    missing = _left_out(exported, files)
    if missing:
        raise Refused(f"{label}: {missing} has no JSCoP, but another nest of its function has")
    builder, built = _builder(variant, unit, toolchain, subfolder(folder, "import"))
    after = folder / "after.ll"
    try:
        answer = _compile(builder, built, ("-mllvm", f"-polly-dump-after-file={after}"))
    except CompileError as error:
        raise Refused(_refusal(error, exported, orders)) from error
    return _accepted(answer, files, exported, after)


def _accepted(
    answer: Completed, files: Mapping[str, str], exported: Mapping[str, Jscop], after: Path
) -> str:
    """What Polly accepted, in words. Raises Refused if it passed a file by, or made no code."""
    seen = {Path(name).name for name in _READING.findall(answer.stderr.decode("utf-8", "replace"))}
    unseen = sorted(set(files) - seen)
    if unseen:
        raise Refused(f"Polly did not look at {', '.join(unseen)}: is the unit built with -O1 up?")
    without = sorted(f for f in {exported[n].function for n in files} if not _generated(after, f))
    if without:
        raise Refused(f"Polly accepted the schedule of {', '.join(without)} but made no code of it")
    return "Polly's dependence check accepts " + ", ".join(sorted(exported[n].label for n in files))


def _generated(module: Path, function: str) -> bool:
    """The function holds code that Polly generated."""
    inside = False
    with module.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("define "):
                inside = f"@{function}(" in line or f'@"{function}"(' in line
            elif inside and line.startswith("polly."):
                return True
    return False


def _refusal(
    error: CompileError, exported: Mapping[str, Jscop], orders: Mapping[str, Mapping[str, str]]
) -> str:
    """Why Polly stopped, without the crash report that it wraps its answer in."""
    read_files = [Path(name).name for name in _READING.findall(error.message)]
    name = read_files[-1] if read_files else ""
    if name not in exported:
        return f"clang did not import the schedules: {_reason(error.message)}"
    label = exported[name].label
    if _BREAKS not in error.message:
        return f"{label}: Polly did not take the JSCoP: {_reason(error.message)}"
    reason = child.rescheduled(exported[name], orders[name], judge=True).broken
    return f"{label}: Polly finds that the schedule breaks a dependence" + (
        f": {reason}" if reason else ""
    )


def _reason(message: str) -> str:
    """The first line of a compiler's message that says something of the import."""
    told = [line for line in message.splitlines()[1:] if not line.startswith("Reading JScop")]
    return cut(first_line("\n".join(told)) or "no reason given", 200)


def _left_out(exported: Mapping[str, Jscop], files: Mapping[str, str]) -> str:
    functions = {exported[name].function for name in files}
    left = sorted(n for n, s in exported.items() if s.function in functions and n not in files)
    return ", ".join(left)


def _builder(
    variant: Variant, unit: Unit, toolchain: Toolchain, folder: Path
) -> tuple[Builder, Unit]:
    """A builder of the variant's program in `folder`, and what the unit is in that program."""
    number = variant.program.units.index(unit)
    place = subfolder(folder, "program")
    program = variant.program_in(place)
    return Builder(program, toolchain, place), program.units[number]


def _compile(builder: Builder, unit: Unit, flags: Sequence[str]) -> Completed:
    """Optimise the unit with further flags, keeping what clang says. Raises CompileError."""
    source: tuple[str | Path, ...] = ("-S", "-emit-llvm", unit.source, "-o", "/dev/null")
    return answer(
        [*builder.argv(unit), *flags, places(unit), *source],
        unit.directory,
        builder.program.label(unit),
    )
