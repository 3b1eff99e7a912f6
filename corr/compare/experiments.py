"""Test a hypothesis: switch the suspected cause off in the build that has it, and measure again.

By flags, for which it is built again; or by another way to run it (`@NAME`), its code as it is.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from collectors.base import toolchain
from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from collectors.measured import subnormals
from corr.collect.again import invocation, rebuilt
from corr.collect.options import Options
from corr.collect.run import Addition, collect
from corr.compare.diff import diff
from corr.compare.difference import CLEAR, Diff, LoopDiff, Total
from corr.compare.judged import Hypothesis, TimeRatio
from corr.compare.places import PlaceDiff
from corr.compare.remeasure import NoBinary, binaries
from corr.compare.times import times_in_turn
from corr.console.progress import Progress
from corr.experiment.otherwise import WAYS, otherwise, untouched
from corr.lake.store import Lake, RunInfo
from corr.timing.interleave import interleave
from corr.timing.verdict import Verdict

#: Hypotheses weaker than this are not worth a build, and of each loop only the strongest are.
LEAST_STRENGTH, MOST_OF_A_LOOP = 0.3, 2
#: Share of the difference that must go with the suspected cause for it to count as confirmed.
EXPLAINED = 0.5
#: How the run of an experiment is marked: nobody means it by `last`.
EXPERIMENT = Addition("experiment", aside=True)


def confirm_all(lake: Lake, runs: tuple[RunInfo, RunInfo], difference: Diff, most: int = 3) -> Diff:
    """The comparison with what experiments on its strongest hypotheses showed.

    Each experiment builds one side again with flags that switch the cause off, times it against
    the same side as it was, and looks at the loop: `confirmed` where most of the difference is
    gone, `refuted` where it is not, else a reason. At most `most` different experiments are run.
    """
    results: dict[str, Diff | RunOtherwise | str] = {}

    def tested(node: LoopDiff | PlaceDiff, hypothesis: Hypothesis) -> Hypothesis:
        experiment = hypothesis.confirm
        if not experiment or hypothesis.strength < LEAST_STRENGTH:
            return hypothesis
        if experiment not in results and len(results) < most:
            results[experiment] = _experiment(lake, runs, experiment)
        if experiment not in results:
            return hypothesis
        side = experiment.partition(":")[0].strip()
        return replace(hypothesis, confirmed=_verdict(node, side, results[experiment]))

    def causes(node: LoopDiff | PlaceDiff) -> tuple[Hypothesis, ...]:
        # a place that only one side has in its samples has no ratio, but a cost
        if node.verdict not in CLEAR and not (isinstance(node, PlaceDiff) and node.time is None):
            return node.hypotheses
        strongest = (tested(node, h) for h in node.hypotheses[:MOST_OF_A_LOOP])
        return (*strongest, *node.hypotheses[MOST_OF_A_LOOP:])

    return replace(
        difference,
        loops=tuple(replace(loop, hypotheses=causes(loop)) for loop in difference.loops),
        places=tuple(replace(place, hypotheses=causes(place)) for place in difference.places),
    )


def _verdict(node: LoopDiff | PlaceDiff, side: str, result: Diff | str | RunOtherwise) -> str:
    if isinstance(result, RunOtherwise):
        return result.judged(node.cost or 0.0, side)
    if isinstance(result, str):
        return result
    if isinstance(node, PlaceDiff):
        return "not tested: flags are for loops"
    return _judged(node, side, result)


@dataclass(frozen=True)
class RunOtherwise:
    """What a build took as it is and run otherwise; `seen`: something that decides by itself.

    `left`: what the suspected cause may lie in and this way of running does not touch.
    """

    words: str
    total: Total
    seen: str | None = None
    left: str | None = None

    def judged(self, cost: float, side: str) -> str:
        """Whether so many seconds that b is slower go with it."""
        time = self.total.time
        gained = (self.total.seconds_b - self.total.seconds_a) * (-1 if side == "b" else 1)
        takes = f"{self.words} the program takes ×{time.value:.2f} the time"
        left = f"; {self.left}" if self.left else ""
        if time.verdict == Verdict.inconclusive:
            return f"not decided: {takes}{left}"
        whether = "confirmed" if cost and gained / cost >= EXPLAINED else "refuted"
        if whether == "refuted" and left:
            return f"not decided: {takes}{left}"
        return f"{whether}: {takes}" + (f"; {self.seen}" if self.seen else "")


def _run_otherwise(run: RunInfo, name: str) -> RunOtherwise:
    """The build that a run kept, timed in turn with itself run otherwise."""
    program = invocation(run)
    if program is None:
        raise NoBinary
    tools = toolchain.find(str(run.facts.llvm_major) if run.facts.llvm_major else None)
    with scratch("otherwise") as folder:
        other = otherwise(program, name, tools, folder)
        times = times_in_turn(interleave(program, other))
        seen = None
        if name == "flush-subnormals" and subnormals.seen(program, tools, folder):
            seen = "a number below the normal range was seen"
        return RunOtherwise(WAYS[name].words, times.total(), seen, untouched(program, name, tools))


def _experiment(
    lake: Lake, runs: tuple[RunInfo, RunInfo], experiment: str
) -> Diff | RunOtherwise | str:
    """The comparison of one side with itself without the cause, or why there is none."""
    side, _, flags = experiment.partition(":")
    run = runs[0] if side.strip() == "a" else runs[1]
    try:
        if flags.strip().startswith("@"):
            return _run_otherwise(run, flags.strip().removeprefix("@"))
        program = rebuilt(run, tuple(shlex.split(flags)))
        major = run.facts.llvm_major
        options = Options(repeat=1, cachegrind=False, label=f"{run.run_id} {flags.strip()}")
        tools = toolchain.find(str(major) if major else None)
        without = collect(program, tools, lake, options, Progress(), EXPERIMENT)
        return diff(lake, run, without, interleave(*binaries(run, without)))
    except NoBinary:
        return "not tested: the run kept no binary"
    except CorrError as error:
        return f"not tested: {error.message.splitlines()[0]}"


def _opposite(loop: TimeRatio, whole: TimeRatio) -> bool:
    """The program got slower where the loop got faster, or the other way round.

    A loop that is unrolled into the one around it leaves that its samples.
    """
    against = Verdict.slower if loop.value < 1 else Verdict.faster
    return whole.verdict == against


def _judged(loop: LoopDiff, side: str, result: Diff) -> str:
    """Whether the loop lost, without the cause, what it had gained or lost with it."""
    without = next((other for other in result.loops if other.key == loop.key), None)
    time = without.time if without else None
    if time is None:
        assert result.total is not None, "an experiment is always timed"
        time = result.total.time
    if time.verdict == Verdict.same:
        return "refuted: without it the loop takes the same time"
    assert loop.time is not None, "only loops with a verdict are tested"
    difference = loop.time.value - 1
    # without its cause, b goes back to what a was, and a goes on to what b is
    undone = 1 / time.value - 1 if side == "b" else time.value - 1
    if difference and undone / difference >= EXPLAINED:
        if result.total is not None and _opposite(time, result.total.time):
            whole = f"the whole program takes ×{result.total.time.value:.2f} without it"
            return f"refuted: time moved between loops, {whole}"
        return f"confirmed: without it the loop takes ×{time.value:.2f} the time"
    return f"refuted: without it the loop takes ×{time.value:.2f} the time"
