"""What an optimisation needs before its first proposal: inputs, references, a clock, baselines."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.base.errors import CompileError, CorrError
from collectors.base.invocation import failure
from corr.optimize import inputs as program_inputs
from corr.optimize import rows
from corr.optimize.build_and_run import Builds
from corr.optimize.inputs import Input, Inputs
from corr.optimize.judging.check import Verifier, deterministic
from corr.optimize.judging.speed import Contest, Failed, Tell, Timed
from corr.optimize.request import BASELINES, Baseline, Order
from corr.optimize.rows import Row, Standing
from corr.optimize.variant import Variant
from corr.program.model import Program
from corr.timing.interleave import Limits

#: Pairs of a baseline and the original.
BASELINE_PAIRS = Limits(fewest=5, most=9, seconds=20.0)


@dataclass(frozen=True)
class Original:
    """The original, measured: what proposals are tried on. `binary` is its executable."""

    variant: Variant
    binary: Path
    contest: Contest
    verifier: Verifier


def prepare(builds: Builds, order: Order, tell: Tell) -> Original:
    """Build and run the original, and find out how it is checked and timed.

    Raises CompileError, and CorrError where it does not run, or nothing can say what is right.
    """
    program = builds.program
    original = Variant(program, allow_reassociation=order.allow_reassociation)
    builds.check_room()
    binary = builds.build(original)
    inputs = _inputs(builds, program, binary, order)
    builds.readable += inputs.all_files(program)
    _check_runs(builds, binary, inputs.timed)
    doubt = deterministic(builds, inputs, original)
    if doubt and order.check is None:
        raise CorrError(
            f"{program.name}: {doubt}",
            "its outputs cannot be a reference; make the program deterministic, or --check CMD",
        )
    if doubt:
        tell(f"{doubt}; only --check says what is right")
    elif not inputs.varied:
        tell(
            "the program takes no input that is known: results are compared for this one run only "
            "(replayed); --input and --held-out name others"
        )
    verifier = Verifier(
        builds,
        inputs,
        original,
        allow_reassociation=order.allow_reassociation,
        command=order.check,
        compared=not doubt,
    )
    contest = Contest.for_program(builds, inputs, binary, tell)
    return Original(original, binary, contest, verifier)


def _inputs(builds: Builds, program: Program, binary: Path, order: Order) -> Inputs:
    help_text = ""
    if program_inputs.takes_input(program):
        asked = Input("help", ("--help",))
        help_text = builds.run(binary, asked, "stdout").output.decode("utf-8", "replace")
    return program_inputs.find(program, help_text, order.extra)


def _check_runs(builds: Builds, binary: Path, timed: Input) -> None:
    """Raise CorrError unless the original runs well as it is measured."""
    run = builds.run(binary, timed, "stdout")
    error = failure(run.done)
    if error is not None:
        raise error
    if run.trouble:
        raise CorrError(f"{builds.program.name}: {run.trouble}")


def first_rows(
    original: Original, builds: Builds, standing: Standing, tell: Tell
) -> tuple[dict[str, Baseline], list[Row]]:
    """The original, timed by itself, and what the compiler can do by itself; a row each."""
    contest = original.contest
    times = [contest.once_seconds(contest.original(original.binary)) for _ in range(3)]
    found = [rows.original(standing, statistics.median(times), contest.clock)]
    known: dict[str, Baseline] = {}
    own = standing.program.units[0].flags
    for name, flags in BASELINES.items():
        if name == "o3" and "-O3" in own:
            continue
        timed = _timed(original, builds, flags, tell)
        if timed is None:
            known[name] = Baseline(name, flags)
            continue
        known[name] = Baseline(name, flags, timed.ratio.value, timed.seconds)
        found.append(rows.baseline(standing, len(found), flags, timed))
    return known, found


def _timed(original: Original, builds: Builds, flags: tuple[str, ...], tell: Tell) -> Timed | None:
    """The original with these flags against it as it is; None where that cannot be had."""
    words = " ".join(flags)
    try:
        binary = builds.build(replace(original.variant, flags=flags))
        timed = original.contest.compare(original.binary, binary, BASELINE_PAIRS)
    except (CompileError, Failed) as error:
        tell(f"  baseline {words}: none ({str(error).splitlines()[0]})")
        return None
    if not timed.ratio.known:
        tell(f"  baseline {words}: none ({timed.doubt})")
        return None
    tell(f"  baseline {words}: ×{1 / timed.ratio.value:.2f}")
    return timed
