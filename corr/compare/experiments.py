"""Test a hypothesis: switch the suspected cause off in the build that has it, and measure again."""

from __future__ import annotations

import shlex
from typing import Any

from collectors.base import toolchain
from collectors.base.errors import CorrError
from corr.collect.again import invocation, rebuilt
from corr.collect.layers import Options
from corr.collect.run import collect
from corr.compare.diff import diff
from corr.console.progress import Progress
from corr.lake.store import Lake, RunInfo
from corr.timing.interleave import interleave
from corr.timing.verdict import Verdict

#: Hypotheses weaker than this are not worth a build.
LEAST_STRENGTH = 0.3
#: Share of the difference that must go with the suspected cause for it to count as confirmed.
EXPLAINED = 0.5


def confirm_all(
    lake: Lake, runs: tuple[RunInfo, RunInfo], result: dict[str, Any], most: int = 3
) -> None:
    """Run the experiments of a comparison's strongest hypotheses and note what they showed.

    Each experiment builds one side again with flags that switch the cause off, times it against
    the same side as it was, and looks at the loop: `confirmed` where most of the difference is
    gone, `refuted` where it is not, else a reason. At most `most` different experiments are run.
    """
    done: dict[str, Any] = {}
    for entry in result["loops"]:
        for hypothesis in entry["hypotheses"][:2]:
            if not hypothesis["confirm"] or hypothesis["strength"] < LEAST_STRENGTH:
                continue
            if entry["verdict"] not in ("faster", "slower"):
                continue
            experiment = hypothesis["confirm"]
            if experiment not in done and len(done) < most:
                done[experiment] = _experiment(lake, runs, experiment)
            if experiment in done:
                side = experiment.partition(":")[0].strip()
                hypothesis["confirmed"] = _judged(entry, side, done[experiment])


def _experiment(lake: Lake, runs: tuple[RunInfo, RunInfo], experiment: str) -> dict[str, Any] | str:
    """The comparison of one side with itself without the cause, or why there is none."""
    side, _, flags = experiment.partition(":")
    run = runs[0] if side.strip() == "a" else runs[1]
    try:
        program = rebuilt(run, tuple(shlex.split(flags)))
        major = run.facts["compiler"].split()[-1].split(".")[0]
        options = Options(repeat=1, cachegrind=False, label=f"{run.run_id} {flags.strip()}")
        without = collect(program, toolchain.find(major), lake, options, Progress())
        binaries = invocation(run), invocation(without)
        if binaries[0] is None or binaries[1] is None:
            return "not tested: the run kept no binary"
        return diff(lake, run, without, interleave(binaries[0], binaries[1]))
    except CorrError as error:
        return f"not tested: {error.message.splitlines()[0]}"


def _judged(entry: dict[str, Any], side: str, experiment: dict[str, Any] | str) -> str:
    """Whether the loop lost, without the cause, what it had gained or lost with it."""
    if isinstance(experiment, str):
        return experiment
    found = next((e for e in experiment["loops"] if e["loop"] == entry["loop"]), None)
    ratio = found["time_ratio"] if found else None
    ratio = ratio if ratio is not None else experiment["total"]["time_ratio"]
    verdict = (found or {}).get("verdict") or experiment["total"]["verdict"]
    if verdict == Verdict.same:
        return "refuted: without it the loop takes the same time"
    difference = entry["time_ratio"] - 1
    # without its cause, b goes back to what a was, and a goes on to what b is
    undone = 1 / ratio - 1 if side == "b" else ratio - 1
    if difference and undone / difference >= EXPLAINED:
        return f"confirmed: without it the loop takes ×{ratio:.2f} the time"
    return f"refuted: without it the loop takes ×{ratio:.2f} the time"
