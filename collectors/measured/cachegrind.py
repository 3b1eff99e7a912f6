"""Simulated instruction and cache counts of each source line, from valgrind's cachegrind.

The counts are of a model, not of this machine, but they repeat exactly and need no PMU.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import pyarrow as pa

from collectors.base import toolchain
from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation, failure
from collectors.base.process import Completed
from collectors.base.table import INT, LINE, STRING, Problem, Table, column
from collectors.base.tool_output import MOST, MOST_LINE

LAYER = "cachegrind"
INSTALL = "on Debian: apt-get install valgrind"

_MEANINGS = {
    "Ir": "instructions executed",
    "I1mr": "of them, missed in the first-level instruction cache",
    "ILmr": "of them, missed in the last-level cache",
    "Dr": "data reads",
    "D1mr": "of them, missed in the first-level data cache",
    "DLmr": "of them, missed in the last-level cache",
    "Dw": "data writes",
    "D1mw": "of them, missed in the first-level data cache",
    "DLmw": "of them, missed in the last-level cache",
    "Bc": "conditional branches executed",
    "Bcm": "of them, mispredicted by the model",
    "Bi": "indirect branches executed",
    "Bim": "of them, mispredicted by the model",
}

CACHEGRIND = Table(
    "cachegrind",
    "simulated instruction and cache counts of one source line in one function",
    pa.schema(
        [
            column("file", STRING, "source file; NULL where there is no debug information"),
            column("line", LINE, "source line; NULL where unknown"),
            column("function", STRING, "linkage name; NULL where unknown"),
            *(column(name, INT, meaning) for name, meaning in _MEANINGS.items()),
        ]
    ),
)

_NUMBER = re.compile(r"[0-9]{1,20}|\.", re.ASCII)

#: A source line in a function: file, line, function, each None where valgrind does not know.
Place = tuple[str | None, int | None, str | None]


@dataclass
class Counts:
    """A cachegrind file: the event names, counts by place in that order, and its own totals."""

    events: list[str] = field(default_factory=list)
    places: dict[Place, list[int]] = field(default_factory=dict)
    summary: list[int] = field(default_factory=list)

    def totals(self) -> list[int]:
        """The sums over all places, which must equal `summary`."""
        sums = [0] * len(self.events)
        for values in self.places.values():
            for i, value in enumerate(values):
                sums[i] += value
        return sums


def measure(invocation: Invocation, folder: Path) -> tuple[pa.Table, list[Problem]]:
    """Run the program once under cachegrind, its files kept in `folder`.

    The caller builds with `-gdwarf-4`, which valgrind 3.19 can read, and without AVX-512, which
    it cannot run; it also allows for a run 20 to 100 times slower in the time limit.
    Returns a `cachegrind` table, empty when there is no result, and the problems.
    """
    valgrind = toolchain.other("valgrind")
    if valgrind is None:
        return CACHEGRIND.empty(), [Problem(LAYER, "valgrind", "it is not installed", INSTALL)]
    folder.mkdir(parents=True, exist_ok=True)
    out, log = folder / "cachegrind.out", folder / "cachegrind.log"
    for stale in (out, log):
        stale.unlink(missing_ok=True)
    tool: list[str | Path] = [
        valgrind,
        "--tool=cachegrind",
        "--cache-sim=yes",
        "--branch-sim=no",
        "--demangle=no",
        f"--cachegrind-out-file={_literal(out)}",
        f"--log-file={_literal(log)}",
    ]
    done = invocation.run(tool, stdout=Path(os.devnull))
    said = log.read_text("utf-8", "replace") if log.is_file() else ""
    problems = _ending_problems(invocation, done, said) + _log_problems(said)
    if not out.is_file() or done.timed_out:
        return CACHEGRIND.empty(), problems
    try:
        counts = parse(out)
    except CorrError as error:
        return CACHEGRIND.empty(), [*problems, Problem(LAYER, out.name, error.message)]
    return table(counts), problems


def parse(path: Path) -> Counts:
    """Read a cachegrind file. Raises CorrError if it is not one, or its sums are not its totals."""
    counts = Counts()
    file: str | None = None
    function: str | None = None
    with _opened(path) as lines:
        for number, text in enumerate(lines, 1):
            key, _, rest = text.rstrip("\n").partition("=")
            if key in ("fl", "fi", "fe"):
                file = _known(rest)
            elif key == "fn":
                function = _known(rest)
            elif text.startswith("events:"):
                if counts.events:
                    raise CorrError(f"{path.name}:{number}: the events are named twice")
                counts.events = text.split()[1:]
            elif text.startswith("summary:"):
                if not text.endswith("\n"):  # zeros at its end may be missing, or be cut off
                    raise CorrError(f"{path.name}:{number}: cut off in its summary")
                counts.summary = _numbers(text.split()[1:], path, number)
            elif text[:1].isdigit():
                line, *values = _numbers(text.split(), path, number)
                if len(values) > len(counts.events) or line > MOST_LINE:
                    raise CorrError(f"{path.name}:{number}: not a line of counts")
                _add(counts, (file, line or None, function), values)
    _check(counts, path)
    return counts


def _opened(path: Path) -> TextIO:
    try:
        return path.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CorrError(f"{path.name} cannot be read: {error.strerror}") from error


def table(counts: Counts) -> pa.Table:
    """The counts as a `cachegrind` table; an event that was not simulated is NULL."""
    columns: dict[str, list[object]] = {name: [] for name in CACHEGRIND.schema.names}
    index = {event: i for i, event in enumerate(counts.events)}
    for (file, line, function), values in counts.places.items():
        columns["file"].append(file)
        columns["line"].append(line)
        columns["function"].append(function)
        for event in _MEANINGS:
            columns[event].append(values[index[event]] if event in index else None)
    return pa.Table.from_pydict(columns, schema=CACHEGRIND.schema)


def _add(counts: Counts, place: Place, values: list[int]) -> None:
    """Add a line's counts; the format leaves out zeros at the end of a line."""
    sums = counts.places.setdefault(place, [0] * len(counts.events))
    for i, value in enumerate(values):
        sums[i] += value


def _check(counts: Counts, path: Path) -> None:
    if not counts.events or not counts.summary:
        raise CorrError(f"{path.name} is not a whole cachegrind file")
    padded = counts.summary + [0] * (len(counts.events) - len(counts.summary))
    if counts.totals() != padded:
        raise CorrError(f"{path.name}: its lines add up to {counts.totals()}, not to {padded}")
    if max(padded) > MOST:
        raise CorrError(f"{path.name}: its counts are larger than any that valgrind keeps")


def _numbers(words: list[str], path: Path, number: int) -> list[int]:
    if not all(_NUMBER.fullmatch(word) for word in words):
        raise CorrError(f"{path.name}:{number}: not a line of counts")
    return [0 if word == "." else int(word) for word in words]


def _known(name: str) -> str | None:
    return None if name in ("???", "") else name


def _literal(path: Path) -> str:
    """A path for valgrind's file options, where % starts a pattern."""
    return os.path.abspath(path).replace("%", "%%")


def _ending_problems(invocation: Invocation, done: Completed, said: str) -> list[Problem]:
    error = failure(done)
    if error is None:
        return []
    name = invocation.binary.name
    if "unhandled instruction" in said or "Unrecognised instruction" in said:
        what = "it uses instructions that valgrind does not know (AVX-512?), so it was stopped"
        fix = "build this binary without -march=native, or with -mno-avx512f"
        return [Problem(LAYER, name, what, fix)]
    what = f"the run under cachegrind failed: {done.ending()}"
    fix = "give it a smaller input or a longer time limit" if done.timed_out else ""
    return [Problem(LAYER, name, what, fix)]


def _log_problems(said: str) -> list[Problem]:
    problems = []
    if re.search(r"possibly corrupted debuginfo|unhandled dwarf2|overrun whilst parsing", said):
        what = "valgrind cannot read the debug information, so lines or functions may be unknown"
        problems.append(Problem(LAYER, "debug information", what, "build with -gdwarf-4"))
    simulated = re.search(r"simulated LL cache: (.*)", said)
    if simulated:
        what = f"the last-level cache is not simulated as it is: {simulated[1].strip()}"
        problems.append(Problem(LAYER, "LL cache", what, "read DLmr and DLmw with caution"))
    return problems
