"""What an optimisation needs before its first proposal: inputs, references, a clock, baselines."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.base.errors import CompileError, CorrError
from collectors.base.invocation import failure
from corr.optimize import inputs as program_inputs
from corr.optimize.build_and_run import Run, Workshop
from corr.optimize.inputs import Input, Inputs
from corr.optimize.judging.check import Verifier, deterministic
from corr.optimize.judging.speed import SHORTEST, Contest, Failed
from corr.optimize.session import BASELINES, Baseline, Order, Session
from corr.optimize.variant import Variant
from corr.program.model import Program

#: Seconds of kernel time that a process should have; a kernel that takes less is repeated.
ENOUGH = 0.050
#: How often a program that does nothing is started, to know what starting takes.
STARTS = 7
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Ground:
    """What proposals are tried on. `binary` is the original's executable."""

    original: Variant
    binary: Path
    inputs: Inputs
    contest: Contest
    verifier: Verifier

    @property
    def clock(self) -> str:
        return "kernel time" if self.contest.own_clock else "wall time"


def prepare(workshop: Workshop, order: Order, tell: Tell) -> Ground:
    """Build and run the original, and find out how it is checked and timed.

    Raises CompileError, and CorrError where it does not run, or nothing can say what is right.
    """
    program = workshop.program
    original = Variant(program, allow_reassociation=order.allow_reassociation)
    workshop.check_room()
    binary = workshop.build(original)
    inputs = _inputs(workshop, program, binary, order)
    workshop.readable += inputs.all_files(program)
    _check_runs(workshop, binary, inputs.timed)
    doubt = deterministic(workshop, inputs, original)
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
        workshop,
        inputs,
        original,
        allow_reassociation=order.allow_reassociation,
        command=order.check,
        compared=not doubt,
    )
    contest = _contest(workshop, inputs, binary, tell)
    return Ground(original, binary, inputs, contest, verifier)


def _inputs(workshop: Workshop, program: Program, binary: Path, order: Order) -> Inputs:
    help_text = ""
    if program_inputs.takes_input(program):
        asked = Input("help", ("--help",))
        help_text = workshop.run(binary, asked, "stdout").output.decode("utf-8", "replace")
    return program_inputs.find(program, help_text, order.extra)


def _check_runs(workshop: Workshop, binary: Path, timed: Input) -> None:
    """Raise CorrError unless the original runs well as it is measured."""
    run = workshop.run(binary, timed, "stdout")
    error = failure(run.done)
    if error is not None:
        raise error
    if run.trouble:
        raise CorrError(f"{workshop.program.name}: {run.trouble}")


def _contest(workshop: Workshop, inputs: Inputs, binary: Path, tell: Tell) -> Contest:
    """How the program is timed; one whose kernel is too short repeats it."""
    contest = Contest(workshop, inputs.timed, own_clock=True, output=inputs.timed_output)
    contest.held_out = inputs.given_held_out
    run = once(contest, binary)
    contest.own_clock = run.kernel is not None
    seconds = contest.seconds(run)
    if inputs.sizes and contest.own_clock and seconds < ENOUGH / 2:
        contest.repeat = min(round(ENOUGH / max(seconds, 1e-6)), 10_000)
        if seconds < SHORTEST:
            tell(
                f"the kernel takes {seconds * 1000:.2g} ms, too short to time: "
                f"it is repeated {contest.repeat}× in each process"
            )
        return contest
    if not contest.own_clock:
        seconds = _work(workshop, contest, binary)
    if seconds < contest.shortest:
        tell(
            f"a run takes {seconds * 1000:.2g} ms, too short to time well: "
            "give the program more to do with --run-args"
        )
    return contest


def _work(workshop: Workshop, contest: Contest, binary: Path) -> float:
    """Seconds that the program takes itself; what it takes to start one confined is noted.

    Its CPU time, which a busy machine disturbs least; or the wall time of one that mostly waits.
    """
    nothing = Input("nothing")
    true = Path("/usr/bin/true")
    starts = [workshop.run(true, nothing, None, ok_status=(0,)).done for _ in range(STARTS)]
    runs = [once(contest, binary).done for _ in range(3)]
    own, start = (min(d.user + d.system for d in done) for done in (runs, starts))
    wall, least = (min(d.wall for d in done) for done in (runs, starts))
    seconds = max(0.0, own - start, wall - 3 * least)
    if seconds >= contest.shortest:  # else what is left would be noise
        contest.start = least
    return seconds


def once(contest: Contest, binary: Path) -> Run:
    """One run of the original. Raises CorrError where it fails."""
    try:
        return contest.once(binary)
    except Failed as failed:
        raise CorrError(f"{contest.workshop.program.name}: {failed}") from failed


def baselines(session: Session, ground: Ground, workshop: Workshop, tell: Tell) -> None:
    """Time the original, and what the compiler can do by itself; a row of the session each."""
    own = workshop.program.units[0].flags
    contest, binary = ground.contest, ground.binary
    times = [contest.seconds(once(contest, binary)) for _ in range(3)]
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
            timed = contest.compare(binary, workshop.build(variant), most=9)
        except (CompileError, Failed) as error:
            found.why = str(error).splitlines()[0]
            tell(f"  baseline {' '.join(flags)}: none ({found.why})")
            continue
        found.ratio = timed.ratio.value
        found.seconds = statistics.median(timed.after)
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
