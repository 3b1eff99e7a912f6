"""What an optimisation needs before its first proposal: inputs, references, a clock, baselines."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.base.errors import CompileError, CorrError
from collectors.base.invocation import failure
from corr.optimize import inputs as program_inputs
from corr.optimize.build_and_run import Builds
from corr.optimize.inputs import Input, Inputs
from corr.optimize.judging.check import Verifier, deterministic
from corr.optimize.judging.speed import Contest, Failed
from corr.optimize.session import BASELINES, Baseline, Order, Session
from corr.optimize.variant import Variant
from corr.program.model import Program
from corr.timing.interleave import Limits

#: Pairs of a baseline and the original.
BASELINE_PAIRS = Limits(fewest=5, most=9, seconds=20.0)
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Ground:
    """What proposals are tried on. `binary` is the original's executable."""

    original: Variant
    binary: Path
    inputs: Inputs
    contest: Contest
    verifier: Verifier


def prepare(builds: Builds, order: Order, tell: Tell) -> Ground:
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
    return Ground(original, binary, inputs, contest, verifier)


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


def baselines(session: Session, ground: Ground, builds: Builds, tell: Tell) -> None:
    """Time the original, and what the compiler can do by itself; a row of the session each."""
    own = builds.program.units[0].flags
    contest, binary = ground.contest, ground.binary
    times = [contest.seconds(contest.original(binary)) for _ in range(3)]
    row = session.row(
        0, 0, "original", None, None, seconds=statistics.median(times), clock=session.clock
    )
    row |= {"move": " ".join(own), "outcome": "original", "speedup_original": 1.0}
    session.rows.append(row)
    for name, flags in BASELINES.items():
        if name == "o3" and "-O3" in own:
            continue
        found = Baseline(name, flags)
        session.baselines[name] = found
        variant = replace(session.original, flags=flags)
        try:
            timed = contest.compare(binary, builds.build(variant), BASELINE_PAIRS)
        except (CompileError, Failed) as error:
            found.why = str(error).splitlines()[0]
            tell(f"  baseline {' '.join(flags)}: none ({found.why})")
            continue
        found.ratio = timed.ratio.value
        found.seconds = statistics.median(timed.b)
        row = session.row(0, len(session.rows), "baseline", variant, timed)
        session.rows.append(
            row
            | {
                "proposer": "baseline",
                "kind": "flags",
                "move": " ".join(flags),
                "moves": None,
                "outcome": str(timed.verdict),
                "speedup_native": None,
                "speedup_polly": None,
            }
        )
        tell(f"  baseline {' '.join(flags)}: ×{1 / timed.ratio.value:.2f}")
