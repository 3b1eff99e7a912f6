"""What an optimisation needs before its first proposal: inputs, references, a clock, baselines."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.base.errors import CompileError, CorrError
from collectors.base.foreign_text import one_line
from corr.optimize import inputs as program_inputs
from corr.optimize import rows
from corr.optimize.build_and_run import Builds
from corr.optimize.inputs import Input, Inputs
from corr.optimize.judging.check import Verifier
from corr.optimize.judging.evidence import Doubt, compared, settled
from corr.optimize.judging.references import References
from corr.optimize.judging.speed import Contest, Failed, Tell, Timed
from corr.optimize.look_around import look_around
from corr.optimize.request import BASELINES, Baseline, Order
from corr.optimize.rows import Row, Standing
from corr.optimize.time_budget import OutOfTime
from corr.optimize.variant import Variant
from corr.program.model import Program
from corr.timing.interleave import Limits

#: Pairs of a baseline and the original.
BASELINE_PAIRS = Limits(fewest=3, most=9, seconds=20.0)
#: Seconds of a run from which the original is timed once by itself: three pairs follow anyway.
LONG = 1.0
#: Of a time budget, what a baseline may take once it has the fewest pairs.
BASELINE_SHARE = 0.05
#: And how much may have gone by when another one is begun: the rest is for candidates.
BASELINES_SHARE = 0.3


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
    builds.always = program_inputs.build_flags(program)
    binary = builds.build(original)
    inputs = _inputs(builds, program, binary, order)
    inputs = look_around(builds, inputs, binary, order)
    references, doubt = settled(builds, inputs, original)
    if doubt is not None and order.check is None:
        raise CorrError(
            f"{program.name}: {doubt.why}", f"{doubt.fix}; or --check CMD, which says what is right"
        )
    inputs = references.inputs
    _tell_of(inputs, doubt, references, tell)
    verifier = Verifier(
        references,
        allow_reassociation=order.allow_reassociation,
        command=order.check,
        doubt=doubt.why if doubt is not None else "",
    )
    look = doubt is None and bool(references.of(inputs.timed).observed.files)
    contest = Contest.for_program(builds, inputs, binary, tell, look=look)
    return Original(original, binary, contest, verifier)


def _tell_of(inputs: Inputs, doubt: Doubt | None, references: References, tell: Tell) -> None:
    """What the checks rest on, where that is not as one may expect."""
    if doubt is not None:
        tell(f"{doubt.why}; only --check says what is right")
        return
    observed = references.of(inputs.timed).observed
    if observed.files:
        tell(f"what is compared: {compared(observed)}")
    if inputs.evidence.left_out:
        names = ", ".join(one_line(name, 80) for name in sorted(inputs.evidence.left_out))
        tell(f"differs from run to run, and is not compared: {names}")
    if not inputs.fills:
        tell("what it puts out depends on memory that it never wrote: candidates' may, too")
    if not inputs.varied:
        tell(
            "the program takes no input that is known: results are compared for this one run only "
            "(replayed); --input and --held-out name others"
        )


def _inputs(builds: Builds, program: Program, binary: Path, order: Order) -> Inputs:
    help_text = ""
    if program_inputs.takes_input(program):
        asked = Input("help", ("--help",))
        help_text = builds.run(binary, asked, "stdout").output.decode("utf-8", "replace")
    return program_inputs.find(program, help_text, order.extra)


def first_rows(
    original: Original, builds: Builds, standing: Standing, tell: Tell
) -> tuple[dict[str, Baseline], list[Row]]:
    """The original, timed by itself, and what the compiler can do by itself; a row each."""
    contest = original.contest
    times = [contest.once_seconds(contest.original(original.binary))]
    if times[0] < LONG and not builds.budget.late:
        times += [contest.once_seconds(contest.original(original.binary)) for _ in range(2)]
    found = [rows.original(standing, statistics.median(times), contest.clock)]
    known: dict[str, Baseline] = {}
    own = standing.program.units[0].flags
    for name, flags in BASELINES.items():
        if name == "o3" and "-O3" in own:
            continue
        try:
            with builds.budget.binding():
                if known and builds.budget.spent > builds.budget.share(math.inf, BASELINES_SHARE):
                    raise OutOfTime
                timed = _timed(original, builds, flags, tell)
        except OutOfTime:
            tell(f"  baseline {' '.join(flags)}: none (there is no time for it)")
            timed = None
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
        seconds = builds.budget.share(BASELINE_PAIRS.seconds, BASELINE_SHARE)
        limits = replace(BASELINE_PAIRS, seconds=seconds)
        timed = original.contest.compare(original.binary, binary, limits)
    except (CompileError, Failed) as error:
        tell(f"  baseline {words}: none ({str(error).splitlines()[0]})")
        return None
    if not timed.ratio.known:
        tell(f"  baseline {words}: none ({timed.doubt})")
        return None
    tell(f"  baseline {words}: ×{1 / timed.ratio.value:.2f}")
    return timed
