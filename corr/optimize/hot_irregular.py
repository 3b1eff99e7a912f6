"""What takes the time in loops that no polyhedron models: searches, branches that data decide,
and checks that find something near the ends of a loop only.

    hot loops of a run → the functions they are in, and those that call these → lookups, branches

Found once in a session, for the original, as the nests are.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collectors.base.errors import CompileError
from collectors.base.table import Problem
from collectors.base.toolchain import Toolchain
from corr.irregular.ahead import Ahead, Scan, scans_in
from corr.irregular.borders.loops import Bordered, Borders, bordered_in
from corr.irregular.branch_free import Branch, BranchFree, branches
from corr.irregular.edits import place
from corr.irregular.effects import Unsuitable
from corr.irregular.lookups import Lookup, found_in
from corr.irregular.side_by_side import SideBySide
from corr.irregular.syntax import may_define
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.optimize.hot_nests import HotLoop, hot_loops
from corr.optimize.hot_parts import HotPart, known, lines_of, share_of
from corr.optimize.hot_steps import HotSteps, steps_of
from corr.optimize.inputs import outside_kernel
from corr.optimize.moves.source import Source
from corr.polyhedral.clang_ast import Functions, Node
from corr.program.model import Program

LAYER = "irregular loops"
#: The least share of the time of one, and functions that are looked through.
LEAST_SHARE, MOST_FUNCTIONS = 0.05, 24
#: Seconds after which no further function is looked at: clang reads a unit anew for each.
MOST_SECONDS = 10.0
#: A branch that goes one way less often than this is guessed well.
LEAST_ODDS = 0.03
_NOTHING_INSIDE = "Rewritten by corr: away from the ends of the loop its checks find nothing."
#: What is looked ahead for happens less often than this, in loops that turn more often than that.
MOST_EVENTS, LEAST_TRIPS = 0.125, 24


@dataclass(frozen=True)
class HotLookup(HotPart):
    """An outer loop whose searches can be put side by side."""

    lookup: Lookup

    @property
    def function(self) -> str:
        """The function that the outer loop is in."""
        name: str = self.lookup.function["name"]
        return name

    def covers(self, where: str) -> bool:
        """A place (file:line) lies in the outer loop, or in the function that it searches by."""
        file, _, line = where.rpartition(":")
        call = self.lookup.call
        parts = [self.lookup.outer, *([call.function] if call is not None else [])]
        spans = (lines_of(self.functions.text, part) for part in parts)
        wanted = int(line) if line.isdigit() else 0
        return file == self.file and any(first <= wanted <= last for first, last in spans)

    def edit(self, how: type[SideBySide], width: int, says: str) -> tuple[str, str]:
        """The old text and the new one, `width` at once. Raises Unsuitable."""
        with known():
            written = how(self.functions, self.lookup, width)
            return self.replaced(written.span(), written.code(says))


@dataclass(frozen=True)
class HotBranch(HotPart):
    """An `if` that data decide.

    `odds`: of the times it is asked, how often it goes the rarer way; `wrong`: that, counted.
    """

    branch: Branch
    odds: float
    wrong: int

    @property
    def function(self) -> str:
        """The function that it is in."""
        name: str = self.branch.function["name"]
        return name

    def edit(self, says: str) -> tuple[str, str]:
        """The old text and the new one. Raises Unsuitable."""
        with known():
            written = BranchFree(self.functions, self.branch)
            return self.replaced(written.span(), written.code(says))


@dataclass(frozen=True)
class HotScan(HotPart):
    """A loop that may look ahead for the next iteration that does something.

    `odds`: how often one does, where that was counted. `trips`: iterations each time.
    """

    scan: Scan
    odds: float | None
    trips: float | None

    @property
    def function(self) -> str:
        """The function that it is in."""
        name: str = self.scan.function["name"]
        return name

    def edit(self, width: int, says: str) -> tuple[str, str]:
        """The old text and the new one, that many iterations ahead. Raises Unsuitable."""
        with known():
            written = Ahead(self.functions, self.scan, width)
            return self.replaced(written.span(), written.code(says))


@dataclass(frozen=True)
class HotBorders(HotPart):
    """A loop whose checks matter near its ends only."""

    bordered: Bordered

    @property
    def function(self) -> str:
        """The function that it is in."""
        name: str = self.bordered.function["name"]
        return name

    @property
    def trusted(self) -> bool:
        """Nothing is taken for granted of what lies where in memory."""
        return not self.bordered.inside.memory

    def apart(self) -> Source:
        """The move that sets its borders apart. Raises Unsuitable."""
        with known():
            written = Borders(self.functions, self.bordered)
            edit = self.replaced(written.span(), written.code(_NOTHING_INSIDE))
        summary = f"{self.function} line {self.line} without checks away from its ends"
        return Source(self.file, (edit,), summary=summary)


@dataclass(frozen=True)
class Irregular:
    """What was found, the hottest first, and why other places are none."""

    lookups: tuple[HotLookup, ...] = ()
    scans: tuple[HotScan, ...] = ()
    branches: tuple[HotBranch, ...] = ()
    borders: tuple[HotBorders, ...] = ()
    steps: tuple[HotSteps, ...] = ()
    problems: tuple[Problem, ...] = ()


def find(lake: Lake, run: RunInfo, program: Program, toolchain: Toolchain) -> Irregular:
    """The hot lookups and branches of a run of this program."""
    outside = outside_kernel(program)
    loops = [loop for loop in hot_loops(lake, run) if loop.written not in outside]
    if not loops:
        return Irregular()
    lookups: list[HotLookup] = []
    scans: list[HotScan] = []
    found: list[HotBranch] = []
    borders: list[HotBorders] = []
    steps: list[HotSteps] = []
    problems: list[Problem] = []
    began = time.monotonic()
    every, mixed = _functions(lake, run), _mixed(lake, run)
    for unit in program.units:
        label = program.label(unit)
        functions = Functions(program, unit, toolchain)
        functions.qualified = {loop.written: loop.qualified for loop in reversed(loops)}
        for name in _to_look_at(functions.text, every.get(label, ()), loops, outside):
            if time.monotonic() - began > MOST_SECONDS:
                what = f"{name}: not looked at: others took {MOST_SECONDS} s"
                problems.append(Problem(LAYER, label, what))
                break
            try:
                ways = mixed.get(label, {})
                lookups += _lookups(functions, label, name, loops, problems)
                scans += _scans(functions, label, name, loops, ways)
                found += _branches(functions, label, name, loops, ways)
                borders += _borders(functions, label, name, loops)
                steps += steps_of(functions, label, name, loops, LEAST_SHARE)
            except CompileError:
                break  # the nests' problems say so
            except (
                Exception
            ) as error:  # of clang's tree as nobody has seen it: others are looked at
                what = f"{name}: not looked at: {type(error).__name__}: {error}"
                problems.append(Problem(LAYER, label, what[:300]))
    return Irregular(
        tuple(sorted(lookups, key=lambda one: -one.share)),
        tuple(sorted(scans, key=lambda one: (-one.share, -one.line))),
        tuple(sorted(found, key=lambda one: -one.wrong)),
        tuple(sorted(borders, key=lambda one: -one.share)),
        tuple(sorted(steps, key=lambda one: -one.share)),
        tuple(problems),
    )


def _lookups(
    functions: Functions,
    label: str,
    name: str,
    loops: Sequence[HotLoop],
    problems: list[Problem],
) -> list[HotLookup]:
    """Those of a function; why others are none goes to the problems."""
    found: list[HotLookup] = []
    for one in found_in(functions, name, {loop.written for loop in loops}):
        if isinstance(one, Lookup):
            parts = [one.outer, *([one.call.function] if one.call is not None else [])]
            share = share_of(functions, label, parts, loops)
            if share >= LEAST_SHARE:
                found.append(HotLookup(label, functions, share, one.outer, one))
        elif share_of(functions, label, [one[0]], loops) >= LEAST_SHARE:
            line = functions.text.count(b"\n", 0, place(one[0])[0]) + 1
            what = f"{name}: its iterations are not put side by side: {one[1]}"
            problems.append(Problem(LAYER, f"{label}:{line}", what))
    return found


def _scans(
    functions: Functions,
    label: str,
    name: str,
    loops: Sequence[HotLoop],
    mixed: dict[int, list[tuple[int, int, int]]],
) -> list[HotScan]:
    """The loops of a function that mostly do nothing, as far as is known."""
    function = functions.get(name)
    found = []
    for scan in scans_in(functions, function) if function is not None else ():
        if not isinstance(scan, Scan):
            continue
        share = share_of(functions, label, [scan.loop], loops)
        line = lines_of(functions.text, scan.loop)[0]
        trips = next((o.trips for o in loops if o.file == label and o.line == line), None)
        pairs = _ways(functions.text, scan.first.node, mixed)
        odds = min((_odds(scan.first.negated, *pair) for pair in pairs), default=None)
        often = odds is not None and odds > MOST_EVENTS
        short = trips is not None and trips < LEAST_TRIPS
        if share >= LEAST_SHARE and not often and not short:
            found.append(HotScan(label, functions, share, scan.loop, scan, odds, trips))
    return found


def _odds(negated: bool, held: int, not_held: int) -> float:
    """How often something is to be done, if a condition tells."""
    return (not_held if negated else held) / (held + not_held)


def _branches(
    functions: Functions,
    label: str,
    name: str,
    loops: Sequence[HotLoop],
    mixed: dict[int, list[tuple[int, int, int]]],
) -> list[HotBranch]:
    """The branches of a function that go both ways."""
    function = functions.get(name)
    found = []
    for branch in branches(functions, function) if function is not None else ():
        share = share_of(functions, label, [branch.within], loops)
        ways = _ways(functions.text, branch.condition, mixed)
        if not ways or share < LEAST_SHARE:
            continue
        wrong, total = max((min(pair), sum(pair)) for pair in ways)
        if wrong >= LEAST_ODDS * total:
            found.append(
                HotBranch(label, functions, share, branch.node, branch, wrong / total, wrong)
            )
    return found


def _borders(
    functions: Functions, label: str, name: str, loops: Sequence[HotLoop]
) -> list[HotBorders]:
    """The loops of a function whose checks matter near their ends only."""
    function = functions.get(name)
    found = []
    for one in bordered_in(functions, function) if function is not None else ():
        if isinstance(one, Bordered):
            share = share_of(functions, label, [one.loop], loops)
            if share >= LEAST_SHARE:
                found.append(HotBorders(label, functions, share, one.loop, one))
    return found


def _ways(
    text: bytes, condition: Node, mixed: dict[int, list[tuple[int, int, int]]]
) -> list[tuple[int, int]]:
    """How often each part of a condition held, and how often not."""
    try:
        first, last = (_position(text, at) for at in place(condition))
    except Unsuitable:
        return []
    return [
        (held, not_held)
        for line in range(first[0], last[0] + 1)
        for column, held, not_held in mixed.get(line, ())
        if first <= (line, column) <= last
    ]


def _position(text: bytes, at: int) -> tuple[int, int]:
    """Line and column of a byte, both from 1."""
    return text.count(b"\n", 0, at) + 1, at - text.rfind(b"\n", 0, at)


def _mixed(lake: Lake, run: RunInfo) -> dict[str, dict[int, list[tuple[int, int, int]]]]:
    """By file and line: the columns of conditions, how often each held, and how often not."""
    query = """
        SELECT file, line, "column", sum(count)::BIGINT AS taken, sum(false_count)::BIGINT AS other
        FROM execution_regions WHERE kind = 'branch' AND file IS NOT NULL
        GROUP BY ALL HAVING taken > 0 AND other > 0 ORDER BY ALL
    """
    found: dict[str, dict[int, list[tuple[int, int, int]]]] = {}
    for row in ask(lake, query, (), [run]).to_pylist():
        place_ = found.setdefault(row["file"], {}).setdefault(row["line"], [])
        place_.append((row["column"], row["taken"], row["other"]))
    return found


def _functions(lake: Lake, run: RunInfo) -> dict[str, list[tuple[str, int, int]]]:
    """The functions of each file that have loops: name, first and last line of these."""
    query = """
        SELECT file, function_name, min(line) AS first, max(end_line) AS last FROM loops
        WHERE file IS NOT NULL AND function_name IS NOT NULL GROUP BY ALL ORDER BY ALL
    """
    found: dict[str, list[tuple[str, int, int]]] = {}
    for row in ask(lake, query, (), [run]).to_pylist():
        name = row["function_name"].partition("(")[0].rpartition("::")[2]
        found.setdefault(row["file"], []).append((name, row["first"], row["last"]))
    return found


def _to_look_at(
    text: bytes,
    functions: Iterable[tuple[str, int, int]],
    loops: Sequence[HotLoop],
    outside: Iterable[str],
) -> list[str]:
    """The hot functions, and those with a loop that calls one of them."""
    hot = sorted({loop.written for loop in loops if loop.share >= LEAST_SHARE / 2})
    if not hot:
        return []
    lines = text.split(b"\n")
    call = re.compile(rb"\b(?:" + b"|".join(re.escape(n.encode()) for n in hot) + rb")\s*\(")
    found = dict.fromkeys(name for name in hot if may_define(text, name))
    for name, first, last in functions:
        if name not in outside and call.search(b"\n".join(lines[first - 1 : last])):
            found[name] = None
    return list(found)[:MOST_FUNCTIONS]
