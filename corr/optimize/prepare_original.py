"""What an optimisation needs before its first proposal: inputs, references, a clock, baselines."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.base.errors import CompileError, CorrError, UsageError
from corr.optimize import default_arguments, repeated_kernel, rows, search_size
from corr.optimize import inputs as program_inputs
from corr.optimize.build_and_run import Builds
from corr.optimize.inputs import Input, Inputs
from corr.optimize.judging.check import Verifier
from corr.optimize.judging.evidence import Doubt, compared, left_aside, settled
from corr.optimize.judging.references import References
from corr.optimize.judging.speed import Contest, Failed, Tell, Timed
from corr.optimize.look_around import look_around
from corr.optimize.printed_time import Declared, GoogleBenchmark, PolyBench, PrintedTime
from corr.optimize.request import BASELINES, WHOLE, Baseline, Order
from corr.optimize.rows import Row, Standing
from corr.optimize.search_size import AskedSize
from corr.optimize.time_budget import OutOfTime
from corr.optimize.training import Training, chosen
from corr.optimize.variant import Variant
from corr.program.model import Program
from corr.timing.interleave import Limits

#: Pairs of a baseline and the original.
BASELINE_PAIRS = Limits(fewest=3, most=9, seconds=20.0)
#: Seconds of a run from which the original is timed once by itself: three pairs follow anyway.
LONG = 1.0
#: Runs by which its time by itself is known else.
ALONE = 3
#: Of a time budget, what a baseline may take once it has the fewest pairs.
BASELINE_SHARE = 0.05
#: And how much may have gone by when another one is done, but for the first: the rest is for
#: candidates.
BASELINES_SHARE = 1 / 3


@dataclass(frozen=True)
class Original:
    """The original, measured: what proposals are tried on. `binary` is its executable."""

    variant: Variant
    binary: Path
    contest: Contest
    verifier: Verifier
    #: more than a loop nest: no kernel of our harness or PolyBench's
    whole: bool = False
    #: a run of the asked size, where this is of a smaller one
    asked: AskedSize | None = None


def prepare(builds: Builds, order: Order, tell: Tell) -> Original:
    """Build and run the original, and find out how it is checked and timed.

    Raises CompileError, and CorrError where it does not run, or nothing can say what is right.
    """
    program = builds.program
    original = Variant(program, allow_reassociation=order.allow_reassociation)
    builds.check_room()
    builds.always = program_inputs.build_flags(program)
    builds.time = _printed_time(builds, order)
    if builds.always:
        repeated_kernel.linked(builds, original)
    asked = search_size.find(builds, original, order, tell)
    binary = builds.build(original)
    inputs = _inputs(builds, program, binary, order)
    inputs = replace(inputs, evidence=replace(inputs.evidence, time=builds.time))
    inputs = look_around(builds, inputs, binary, order)
    if builds.declared:
        inputs = replace(inputs, repeats=False)  # what it prints need not be of all of them
    elif builds.always:
        inputs = replace(inputs, repeats=repeated_kernel.works(builds, binary, inputs))
    references, doubt = settled(builds, inputs, original)
    if doubt is not None and order.check is None:
        raise CorrError(
            f"{program.name}: {doubt.why}", f"{doubt.fix}; or --check CMD, which says what is right"
        )
    inputs = default_arguments.confirmed(builds, references.inputs, references)
    references.inputs = inputs
    _tell_of(inputs, doubt, references, tell)
    verifier = Verifier(
        references,
        allow_reassociation=order.allow_reassociation,
        command=order.check,
        doubt=doubt.why if doubt is not None else "",
    )
    look = doubt is None and bool(references.of(inputs.timed).observed.files)
    contest = Contest.for_program(builds, inputs, binary, tell, look=look)
    if builds.declared and not contest.own_clock:
        raise UsageError(
            "--time-regex finds no time in what the program prints",
            "a group of it is the number: 'took ([0-9.]+) (?P<unit>ms)'; or --time-unit",
        )
    whole = not inputs.sizes and not builds.always
    builds.training = Training(chosen(inputs.visible, inputs.timed))
    return Original(original, binary, contest, verifier, whole, asked)


def _printed_time(builds: Builds, order: Order) -> PrintedTime:
    """How the program prints its time: as the user says, else as what it is known to be does."""
    if order.time_regex is not None:
        return Declared(order.time_regex, order.time_unit)
    return PolyBench() if builds.always else GoogleBenchmark()


def _tell_of(inputs: Inputs, doubt: Doubt | None, references: References, tell: Tell) -> None:
    """What the checks rest on, where that is not as one may expect."""
    if doubt is not None:
        tell(f"{doubt.why}; only --check says what is right")
        return
    observed = references.of(inputs.timed).observed
    if observed.files:
        tell(f"what is compared: {compared(observed)}")
    aside = left_aside(inputs.evidence)
    if aside:
        tell(f"differs from run to run, and is not compared: {', '.join(aside)}")
    if not inputs.fills:
        tell("what it puts out depends on memory that it never wrote: candidates' may, too")
    if inputs.defaults:
        tell(default_arguments.shown(inputs.defaults))
    if not inputs.varied:
        tell(
            "the program takes no input that is known: results are compared for this one run only "
            "(replayed); --input and --held-out name others ('ARGS < FILE' where it reads)"
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
    times = [contest.once_seconds(run) for run in contest.first]
    if not times:
        times = [contest.once_seconds(contest.original(original.binary))]
    while times[0] < LONG and len(times) < ALONE and not builds.budget.late:
        times.append(contest.once_seconds(contest.original(original.binary)))
    found = [rows.original(standing, statistics.median(times), contest.clock)]
    known: dict[str, Baseline] = {}
    for wanted in _baselines(original, builds):
        try:
            with builds.budget.binding():
                least = 2 * BASELINE_PAIRS.fewest * builds.walls[original.binary]
                most = builds.budget.share(math.inf, BASELINES_SHARE)
                if known and builds.budget.spent + least > most:
                    raise OutOfTime
                timed = _timed(original, builds, wanted, tell)
        except OutOfTime:
            tell(f"  baseline {wanted.words}: none (there is no time for it)")
            timed = None
        if timed is None:
            known[wanted.name] = wanted
            continue
        found.append(rows.baseline(standing, len(found), wanted, timed))
        known[wanted.name] = replace(
            wanted,
            ratio=timed.ratio.value,
            seconds=timed.seconds,
            verdict=timed.verdict,
            timed=timed,
        )
    return known, found


def _baselines(original: Original, builds: Builds) -> list[Baseline]:
    """Which baselines the program has: those of whole programs if it is one, as the tools allow."""
    program, tools = builds.program, builds.toolchain
    own = [flag for unit in program.units for flag in unit.flags]
    wanted = [b for b in BASELINES if b.name != "o3" or "-O3" not in program.units[0].flags]
    if not original.whole:
        return wanted
    return [
        *wanted,
        *(
            b
            for b in WHOLE
            if (not b.trained or tools.has("llvm-profdata"))
            and (not b.link_time or (tools.has("ld.lld") and len(program.units) > 1))
            and not any(flag.startswith(("-flto", "-fprofile-")) for flag in own)
        ),
    ]


def _timed(original: Original, builds: Builds, wanted: Baseline, tell: Tell) -> Timed | None:
    """A baseline against the original as it is; None where that cannot be had."""
    try:
        binary = builds.build(wanted.of(original.variant))
        seconds = builds.budget.share(BASELINE_PAIRS.seconds, BASELINE_SHARE)
        limits = replace(BASELINE_PAIRS, seconds=seconds)
        timed = original.contest.compare(original.binary, binary, limits)
    except (CompileError, Failed) as error:
        tell(f"  baseline {wanted.words}: none ({str(error).splitlines()[0]})")
        return None
    if not timed.ratio.known:
        tell(f"  baseline {wanted.words}: none ({timed.doubt})")
        return None
    tell(f"  baseline {wanted.words}: ×{1 / timed.ratio.value:.2f}")
    return timed
