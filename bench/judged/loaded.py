"""`make loaded`: candidates judged while other programs want the processors, written to docs/judged.md.

What is as fast as the original must not be accepted, nor be called slower by far; what is 1.10 times
as fast must be found. Every trial begins anew: the original is prepared and its clock is chosen.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.busy import busy
from bench.judged.subjects import HARNESS, PROGRAMS
from bench.judged.table import PAGE, with_section
from collectors.base.toolchain import find
from corr.optimize.build_and_run import Builds
from corr.optimize.judging.order import Judge
from corr.optimize.judging.ruling import Ruling
from corr.optimize.moves.source import Source
from corr.optimize.prepare_original import prepare
from corr.optimize.proposal import Outcome, Proposal
from corr.optimize.request import Order
from corr.program.model import Run, from_files

BUSY, EQUAL, FASTER, FOUND = 4, 20, 10, 8
TITLE = "## Beside other work"


@dataclass(frozen=True)
class Tried:
    """A program, and two edits of it: the same work in another order, and a tenth of it left out."""

    file: str
    order: tuple[str, str]
    less: tuple[str, str]


PROGRAMS_TRIED = (
    Tried(
        "work.c",
        (
            "    rounds(n, 200, Y, X);\n    rounds(n, 22, Spare, X);\n",
            "    rounds(n, 22, Spare, X);\n    rounds(n, 200, Y, X);\n",
        ),
        ("rounds(n, 22, Spare, X)", "rounds(n, 1, Spare, X)"),
    ),
    Tried(
        "printed.c",
        (
            "    rounds(400, y);\n    rounds(44, spare);\n",
            "    rounds(44, spare);\n    rounds(400, y);\n",
        ),
        ("rounds(44, spare)", "rounds(1, spare)"),
    ),
)


def trial(tried: Tried, edit: tuple[str, str]) -> Ruling:
    """An edit, judged against the original."""
    with tempfile.TemporaryDirectory(prefix="loaded-") as name:
        folder, tools = Path(name), find()
        for source in (PROGRAMS / tried.file, HARNESS):
            (folder / source.name).write_text(source.read_text())
        program = from_files([tried.file], ["-O3"], Run(directory=folder), folder)
        builds = Builds(program, tools, folder / "builds")
        original = prepare(builds, Order(), lambda _: None)
        judge = Judge(builds, tools, original.verifier, original.variant)
        proposal = Proposal((Source(tried.file, (edit,)),), "", "bench")
        return judge.judge(original.variant, original.contest, proposal)


def main(names: list[str]) -> int:
    """Print what comes of each, and write the page's section; 1 if one goes the wrong way.

    A name: how many busy programs there are, in place of four.
    """
    loops = int(names[0]) if names else BUSY
    began = time.perf_counter()
    with busy(loops):
        equal = [_told(n, "order", EQUAL) for n in range(EQUAL)]
        faster = [_told(n, "less", FASTER) for n in range(FASTER)]
    words = section(loops, equal, faster, time.perf_counter() - began)
    print(words)
    if not names:
        PAGE.write_text(with_section(PAGE.read_text(), TITLE, words))
    return 0 if right(equal, faster) else 1


def _told(number: int, what: str, of: int) -> Ruling:
    tried = PROGRAMS_TRIED[number % len(PROGRAMS_TRIED)]
    found = trial(tried, getattr(tried, what))
    ratio = f" ×{1 / found.ratio.value:.3f}" if found.ratio is not None else ""
    told = f"{number + 1:2}/{of} {tried.file:10} {found.outcome}{ratio} {found.detail}"
    print(f"{told} ({found.spent.seconds:.0f} s)", flush=True)
    return found


def _far(found: Ruling) -> bool:
    """It was called slower by far."""
    return found.timed is not None and bool(found.timed.stopped)


def right(equal: list[Ruling], faster: list[Ruling]) -> bool:
    """No equal one was accepted or called slower by far, and enough of the faster ones were found."""
    wrong = any(one.outcome == Outcome.accepted or _far(one) for one in equal)
    return not wrong and sum(one.accepted for one in faster) >= FOUND


def section(loops: int, equal: list[Ruling], faster: list[Ruling], seconds: float) -> str:
    """The figures in words."""
    loads = [r.timed.load for r in (*equal, *faster) if r.timed is not None and r.timed.load]
    load = f"; a run took {min(loads):.1f} to {max(loads):.1f} times its CPU time" if loads else ""
    return f"""
Written by `make loaded`: {len(equal)} candidates that do the same work in another order, and {len(faster)} that leave out a tenth of it,
judged beside {loops} busy loops on this machine's processors{load}.
Each was judged from the beginning, in {seconds / (len(equal) + len(faster)):.0f} s on average.

| candidates | outcomes |
| --- | --- |
| as fast as the original | {_counted(equal)} |
| ×1.10 | {_counted(faster)} |

**{sum(one.accepted for one in equal)} of {len(equal)} equal ones accepted, {sum(map(_far, equal))} called slower by far; {sum(one.accepted for one in faster)} of {len(faster)} gains of ×1.10 found.**
"""


def _counted(found: list[Ruling]) -> str:
    counts = Counter(str(one.outcome) for one in found)
    return ", ".join(f"{number} {outcome}" for outcome, number in counts.most_common())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
