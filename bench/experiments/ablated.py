"""Whether `--ablate` says of the vectoriser what -fno-vectorize says, and 0 of a copy."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.experiments.loops import LOOPS, NAME, source
from collectors.base import process, toolchain
from collectors.base.invocation import Invocation
from corr.collect.options import Options
from corr.collect.run import collect
from corr.console.progress import Progress
from corr.experiment.ablation import NARROW, ablate, narrow
from corr.experiment.effects import Budget, Effect, effect_of, measured
from corr.experiment.modules import APART
from corr.experiment.places import place_of
from corr.lake.store import Lake, RunInfo
from corr.program.model import Run, from_files

FLAGS = ("-O3",)
#: The loops lie in their cache lines as in the experiment; else one of few instructions may take
#: twice the time for that alone.
LAID_OUT = APART
PASS, WITHOUT = "loop-vectorize", "-fno-vectorize"
#: Seconds for each experiment, and what a run of a loop should take at least.
SECONDS, RUN = 20.0, 0.15


@dataclass(frozen=True)
class Found:
    """In percent of the program's time, with 99 % intervals: leaving out the pass, the flag that
    does the same, and the program beside a copy of itself.
    """

    ablated: Effect
    flag: Effect
    nothing: Effect

    @property
    def agree(self) -> bool:
        """Both intervals overlap, each widened by what is too small to tell."""
        least = 100 * NARROW
        a, b = self.ablated, self.flag
        return a.low - least <= b.high and b.low - least <= a.high


class Bench:
    """The program, built with and without vectors, and a lake of its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tools = toolchain.find()
        self.lake = Lake.open(folder / "data", create=True)
        (folder / NAME).write_text(source())
        self.base = self._built("base", (*FLAGS, *LAID_OUT))
        self.other = self._built("flag", (*FLAGS, *LAID_OUT, WITHOUT))

    def _built(self, name: str, flags: tuple[str, ...]) -> Path:
        out = self.folder / name
        answer = process.run([self.tools.path("clang"), *flags, NAME, "-o", out], cwd=self.folder)
        if not answer.ok:
            raise SystemExit(answer.last_lines(5))
        return out

    def of(self, number: int) -> Found:
        """The three experiments on one loop."""
        words = (str(number), str(self._rounds(number)))
        name = LOOPS[number][0]
        run = self._collected(words)
        place = place_of(self.lake, run, f"{name}/1")
        found = ablate(run, place, SECONDS, lambda _: None)
        (worth,) = (one for one in found.passes if one.name == PASS)
        if worth.effect is None:
            raise SystemExit(f"{name}: {worth.why}")
        copy = Path(shutil.copy(self.base, self.folder / "copy"))
        return Found(
            _percent(worth.effect, found.seconds),
            self._beside(self.other, words),
            self._beside(copy, words),
        )

    def _rounds(self, number: int) -> int:
        """As many as take the program long enough."""
        rounds = 1000
        while True:
            start = time.perf_counter()
            Invocation(self.base, args=(str(number), str(rounds))).run()
            seconds = time.perf_counter() - start
            if seconds > RUN:
                return rounds
            rounds = int(rounds * min(10.0, max(1.5, 1.2 * RUN / seconds)))

    def _collected(self, words: tuple[str, ...]) -> RunInfo:
        program = from_files([NAME], list(FLAGS), Run(args=words), self.folder)
        return collect(
            program, self.tools, self.lake, Options(repeat=3, cachegrind=False), Progress()
        )

    def _beside(self, other: Path, words: tuple[str, ...]) -> Effect:
        a, b = (Invocation(path, args=words) for path in (self.base, other))
        found = measured(a, b, Budget(SECONDS), narrow)
        return _percent(effect_of(found), found.series.medians[0])


def _percent(effect: Effect, seconds: float) -> Effect:
    return Effect(*(100 * value / seconds for value in (effect.seconds, effect.low, effect.high)))


def main() -> int:
    """Print a line a loop; how many of the two promises are not kept."""
    print(
        f"corr why LOOP --ablate, {len(LOOPS)} loops: without {PASS}, with {WITHOUT}, beside a copy"
    )
    agreed = nothing = 0
    with tempfile.TemporaryDirectory(prefix="ablated-") as name:
        bench = Bench(Path(name))
        for number, (loop, *_) in enumerate(LOOPS):
            found = bench.of(number)
            agreed += found.agree
            nothing += found.nothing.none
            parts = (found.ablated, found.flag, found.nothing)
            print(
                f"  {loop:11}"
                + "".join(f" {e.seconds:+7.1f} % ({e.low:+.1f} to {e.high:+.1f})" for e in parts)
                + "  differ" * (not found.agree) + "  not 0" * (not found.nothing.none),
                flush=True,
            )  # fmt: skip
    print(
        f"{agreed} of {len(LOOPS)} as the flag; {nothing} of {len(LOOPS)} copies are 0 (19 must be)"
    )
    return (agreed < len(LOOPS)) + (nothing < len(LOOPS) - 1)


if __name__ == "__main__":
    sys.exit(main())
