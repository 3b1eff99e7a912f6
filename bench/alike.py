"""`python -m bench.alike [COUNT]`: a build compared with itself, beside other work.

Both sides are built and collected anew each time, then timed in turn, while four loops keep the
processors busy. Each comparison must say "same" or "inconclusive", of the whole and of each loop
and place, and give no cause.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.busy import busy
from collectors.base import toolchain
from corr.collect.options import Options
from corr.collect.run import collect
from corr.compare.diff import diff
from corr.compare.difference import CLEAR, Diff
from corr.compare.remeasure import remeasure
from corr.console.progress import Progress
from corr.lake.store import Lake, RunInfo
from corr.program.model import Program, Run, from_files

BUSY, COMPARED = 4, 20
PROGRAMS = (("gemm.c", ("--size", "260")), ("jacobi_2d.c", ()), ("spmv.c", ()))


def claims(difference: Diff) -> list[str]:
    """What a comparison of a build with itself says that it must not."""
    found = [] if difference.verdict not in CLEAR else [f"the whole is {difference.verdict}"]
    for node in (*difference.loops, *difference.places):
        if node.verdict in CLEAR:
            found.append(f"{node.key} is {node.verdict} {node.time}")
        found += [f"{node.key}: {hypothesis.says}" for hypothesis in node.hypotheses]
    return found


def compared(lake: Lake, program: Program) -> Diff:
    """The program built and collected twice, timed in turn, and compared."""
    a, b = (_collected(lake, program) for _ in range(2))
    return diff(lake, a, b, remeasure(a, b))


def _collected(lake: Lake, program: Program) -> RunInfo:
    options = Options(repeat=3, cachegrind=False)
    return collect(program, toolchain.find(), lake, options, Progress())


def main(arguments: list[str]) -> int:
    """Compare, print a line each, and return 1 where anything was claimed."""
    count = int(arguments[0]) if arguments else COMPARED
    verdicts: Counter[str] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, busy(BUSY):
        lake = Lake.open(Path(folder) / "data", create=True)
        for number in range(count):
            file, words = PROGRAMS[number % len(PROGRAMS)]
            program = from_files([file], ["-O2"], Run(args=words), Path(folder))
            difference = compared(lake, program)
            said = claims(difference)
            wrong += bool(said)
            verdicts[str(difference.verdict)] += 1
            ratio = difference.total.time if difference.total else None
            print(f"{file}: {difference.verdict} {ratio}", *said, sep="\n  ", flush=True)
    counted = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.items())
    print(
        f"{count} comparisons of a build with itself: {counted}; {wrong} with a claim (must be 0)"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
