"""The loop nests that take the time: which are modelled as polyhedra, and why others are not.

    hot loops of a run → the functions they are written in → their regions, or reasons

Found once in a session, for the original. The rules search the regions; the reasons are told to
whoever reads along, kept in `problems`, and shown to a model, which may know what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from collectors.base.errors import CompileError
from collectors.base.table import Problem
from collectors.base.toolchain import Toolchain
from corr.console.short_names import short_name
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.optimize.inputs import outside_kernel
from corr.optimize.variant import Move
from corr.polyhedral.clang_ast import Functions
from corr.polyhedral.extract import UNKNOWN, Unmodelled, regions
from corr.polyhedral.scop import Scop
from corr.program.model import Program

LAYER = "loop nests"
#: Functions looked at, the least share of the time of one, and of a loop that is spoken of.
MOST_FUNCTIONS = 8
LEAST_OF_FUNCTION, LEAST_OF_LOOP = 0.02, 0.01
_NO_SAMPLES = "nothing was sampled, so it is not known which nests take the time"
_NOT_TIMED = "no loop of its kernel was sampled, so it is not known which nests take the time"
_GENERIC = re.compile(r"[<$]|'lambda")
_ARGUMENTS = re.compile(r"\((?!anonymous)")
_ANGLES = re.compile(r"([<>])")
_ANONYMOUS, _IN_A_WORD = "(anonymous namespace)", "(anonymous_namespace)"
_NO_FOR = "only `for` loops that count are modelled"


@dataclass(frozen=True)
class Nest:
    """A modelled region of a hot function: its unit's label, that file's text, the model.

    `share`: of the time, that of its sampled loops; `cold`: other loops of its function take the
    time, so that nothing is to be gained in it; `on`: what made the text of the original's,
    and `trusted` whether nothing was taken for granted there.
    """

    file: str
    text: bytes
    scop: Scop
    share: float = 0.0
    on: tuple[Move, ...] = ()
    trusted: bool = True
    cold: bool = False

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line of the region."""
        start, end = self.scop.span
        return self.text.count(b"\n", 0, start) + 1, self.text.count(b"\n", 0, end) + 1


@dataclass(frozen=True)
class HotNests:
    """What is modelled, hottest function first, and what is not: a problem each, hottest first."""

    modelled: tuple[Nest, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class HotLoop:
    """A loop that was sampled: the function it is written in, its place, its share of the time.

    `trips`: how often it turns each time, where that was counted.
    """

    function: str
    file: str
    line: int
    share: float
    trips: float | None = None

    @property
    def written(self) -> str:
        """The function's name as its definition has it: no namespaces, no types of arguments."""
        return self.qualified.rpartition("::")[2]

    @property
    def qualified(self) -> str:
        """The function's name with its classes and namespaces.

        An instance of a template is named with what it returns, and with the template's arguments.
        """
        if "operator" in self.function:  # which may be `<`, or a type
            return _ARGUMENTS.split(self.function, maxsplit=1)[0]
        name, depth = "", 0
        for part in _ANGLES.split(self.function.replace(_ANONYMOUS, _IN_A_WORD)):
            depth += (part == "<") - (part == ">")
            name += part if depth == 0 and part != ">" else ""
        name = _ARGUMENTS.split(name, maxsplit=1)[0]
        return name.rpartition(" ")[2].replace(_IN_A_WORD, _ANONYMOUS)


def find(
    lake: Lake, run: RunInfo, program: Program, toolchain: Toolchain, *, sizes_by_name: bool = False
) -> HotNests:
    """The hot nests of a run of this program, of what it times of itself.

    `sizes_by_name`: as they are in a build where macros that are numbers are other ones.
    """
    outside = outside_kernel(program)
    loops = [loop for loop in hot_loops(lake, run) if loop.written not in outside]
    if outside and not loops:
        return HotNests((), (Problem(LAYER, program.name, _NOT_TIMED),))
    if not loops and (where := _outside_loops(lake, run)):
        what = f"the time is in no loop of its own: {where}"
        return HotNests((), (Problem(LAYER, program.name, what),))
    return of_loops(loops, program, toolchain, sizes_by_name=sizes_by_name)


def of_loops(
    loops: Sequence[HotLoop],
    program: Program,
    toolchain: Toolchain,
    *,
    sizes_by_name: bool = False,
) -> HotNests:
    """The nests of these loops, the hottest functions first."""
    if not loops:
        return HotNests((), (Problem(LAYER, program.name, _NO_SAMPLES),))
    modelled: list[Nest] = []
    reasons: dict[str, list[tuple[str, Unmodelled]]] = {}
    functions: dict[str, str] = {}
    for loop in loops:
        functions.setdefault(loop.written, loop.qualified)  # of several of a name the hottest
    every = [Functions(program, unit, toolchain) for unit in program.units]
    for unit, trees in zip(program.units, every, strict=True):
        label = program.label(unit)
        trees.qualified, trees.sizes_by_name = dict(functions), sizes_by_name
        named = [name for name in functions if _is_asked(trees, name, every)]
        for nests, unmodelled in _of_unit(trees, label, named):
            modelled += [_sampled(nest, loops) for nest in nests]
            for reason in unmodelled:
                reasons.setdefault(reason.function, []).append((label, reason))
    spoken_of = [loop for loop in loops if loop.share >= LEAST_OF_LOOP]
    problems = (_problem(loop, modelled, reasons.get(loop.written, ())) for loop in spoken_of)
    return HotNests(tuple(modelled), tuple(dict.fromkeys(p for p in problems if p is not None)))


def _sampled(nest: Nest, loops: Iterable[HotLoop]) -> Nest:
    """The nest with its share of the time, as far as its file's loops were sampled."""
    first, last = nest.lines
    here = [loop for loop in loops if loop.file == nest.file]
    share = sum(loop.share for loop in here if first <= loop.line <= last)
    known = any(loop.written == nest.scop.function for loop in here)
    return replace(nest, share=share, cold=known and share < LEAST_OF_LOOP)


def _outside_loops(lake: Lake, run: RunInfo) -> str:
    """The hottest functions, and who calls those of a library; empty if nothing was sampled."""
    query = """
        SELECT function, share, callers[1] AS caller FROM hotspots
        WHERE function IS NOT NULL AND loop IS NULL AND share >= ? ORDER BY share DESC LIMIT 3
    """
    rows = ask(lake, query, (LEAST_OF_FUNCTION,), [run]).to_pylist()
    told = (
        f"{row['function']} {row['share']:.0%}"
        + (f" ({row['caller'].rpartition(', ')[0]})" if row["caller"] else "")
        for row in rows
    )
    return ", ".join(told)


def hot_loops(lake: Lake, run: RunInfo) -> list[HotLoop]:
    """The sampled loops of the hottest functions, those of the hottest function first."""
    query = """
        SELECT function, place, share, trip_count,
               sum(share) OVER (PARTITION BY function) AS of_function
        FROM hotspots WHERE function IS NOT NULL AND loop IS NOT NULL AND share > 0
        QUALIFY of_function >= ? ORDER BY of_function DESC, function, share DESC, place
    """
    rows = ask(lake, query, (LEAST_OF_FUNCTION,), [run]).to_pylist()
    hottest = list(dict.fromkeys(row["function"] for row in rows))[:MOST_FUNCTIONS]
    found = []
    for row in rows:
        file, _, line = (row["place"] or "").rpartition(":")
        if row["function"] in hottest:
            where = (row["function"], file, int(line or 0))
            found.append(HotLoop(*where, row["share"], row["trip_count"]))
    return found


def _is_asked(trees: Functions, name: str, every: Iterable[Functions]) -> bool:
    """Whether clang is to read a unit for a function: it names it, or none of them does."""
    word = re.compile(rb"\b" + re.escape(name.encode()) + rb"\b")
    return bool(word.search(trees.text)) or not any(word.search(other.text) for other in every)


def _of_unit(
    functions: Functions, label: str, names: Iterable[str]
) -> Iterable[tuple[list[Nest], list[Unmodelled]]]:
    """The regions of these functions in a unit, and why other loops of theirs are in none."""
    for name in names:
        try:
            found, reasons = regions(functions, name)
        except CompileError as error:
            why = f"clang cannot read {label}: {error.message.splitlines()[-1]}"
            found, reasons = [], [Unmodelled(name, why)]
        else:
            if not found and not reasons:  # it is known, and another unit's ignorance is no reason
                reasons = [Unmodelled(name, _NO_FOR)]
        yield [Nest(label, functions.text, scop) for scop in found], reasons


def _problem(
    loop: HotLoop, modelled: Sequence[Nest], reasons: Sequence[tuple[str, Unmodelled]]
) -> Problem | None:
    """Why a hot loop, or a loop round it, is not modelled; None where all of its nest is.

    The innermost loop that has a reason: those round it have no better one.
    """
    name = short_name(loop.function)
    covered = any(
        nest.file == loop.file and nest.lines[0] <= loop.line <= nest.lines[1] for nest in modelled
    )
    around = [
        (reason.lines, reason.reason)
        for label, reason in reasons
        if reason.lines and label == loop.file and reason.lines[0] <= loop.line <= reason.lines[1]
    ]
    if around:
        lines, why = min(around, key=lambda found: found[0][1] - found[0][0])
        what = "a loop round modelled ones is not" if covered else "not modelled"
        return Problem(LAYER, f"{loop.file}:{lines[0]}", f"{name}: {what}: {why}")
    if covered:
        return None
    whole = [reason.reason for _, reason in reasons if reason.lines is None]
    named = {nest.scop.function for nest in modelled}
    known = loop.written in named or any(reason.lines for _, reason in reasons)
    why = _NO_FOR if known or not whole else _likeliest(whole)
    if why.startswith(UNKNOWN) and _GENERIC.search(loop.function.partition("(")[0]):
        why = "lambdas of C++ are not modelled, nor templates with more than one instance"
    return Problem(LAYER, f"{loop.file}:{loop.line}", f"{name}: not modelled: {why}")


def _likeliest(reasons: Sequence[str]) -> str:
    """Of the reasons of all units, one that knows the function, else that there is none."""
    return min(reasons, key=lambda reason: reason.startswith(UNKNOWN))
