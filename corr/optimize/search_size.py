"""A program that runs long is searched on a smaller data set; what is best there, on the asked one.

    a run of the asked size is long → the largest data set below it that is not → all up to the last
    measurement is of that size → the fastest there, on the asked size: right, and the fastest?

Only for PolyBench's programs, whose sizes are macros (`-DMEDIUM_DATASET`), and only where the text
of a new order holds in a build of another size: what the deepest nest runs to has a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from collectors.base.errors import CompileError
from corr.optimize.build_and_run import Builds, Run
from corr.optimize.inputs import DATASETS, resized
from corr.optimize.inputs import find as inputs_of
from corr.optimize.judging.references import Reference
from corr.optimize.judging.speed import Tell
from corr.optimize.observed import Evidence
from corr.optimize.request import Order
from corr.optimize.time_budget import TimeBudget
from corr.optimize.variant import Variant
from corr.polyhedral.clang_ast import Functions
from corr.polyhedral.extract import regions

#: Seconds of a run from which it is long: of so many in a budget, and never fewer than these.
RUNS_IN_BUDGET, LEAST_LONG, LONG = 250, 0.25, 5.0
#: Seconds of kernel time that say something, and a run of the smaller size may take.
SHORTEST = 0.001
#: Moves at these levels hold the size they were made at.
OF_ONE_SIZE = frozenset({"ir", "schedule"})
_DEFINED = re.compile(rb"\b([A-Za-z_]\w*)\s*\([^;{}]*\)\s*\{")


@dataclass(frozen=True)
class AskedSize:
    """A run of the original on the size that was asked for: its seconds, and what it put out."""

    seconds: float
    evidence: Evidence
    reference: Reference


def long_run(budget: TimeBudget) -> float:
    """From how many seconds on a run is long."""
    if budget.seconds is None:
        return LONG
    return max(LEAST_LONG, budget.seconds / RUNS_IN_BUDGET)


def find(builds: Builds, original: Variant, order: Order, tell: Tell) -> AskedSize | None:
    """Make `builds` those of a smaller data set where the asked one takes long.

    Returns a run of the asked size; None where that is what is searched on. Raises CompileError.
    """
    if not builds.always or order.level in OF_ONE_SIZE:
        return None
    inputs = inputs_of(builds.program, "")
    given, output = inputs.timed, inputs.output
    asked = builds.run(builds.build(original), given, output)
    most = long_run(builds.budget)
    if not asked.ok or _seconds(asked) < most or not _holds_no_size(builds):
        return None
    for name in _smaller(builds):
        builds.size = resized(name)
        run = builds.run(builds.build(original), given, output)
        if run.ok and _seconds(run) < most and (run.kernel or 0.0) >= SHORTEST:
            tell(
                f"a run takes {asked.done.wall:.2g} s: searched on the {name} data set "
                f"({run.done.wall:.2g} s); what is best there is tried on the asked one"
            )
            builds.walls.clear()  # what is run from here on takes other times
            seen = asked.observed(inputs.evidence).kept()
            reference = Reference(seen, asked.done.returncode, asked.done.wall)
            return AskedSize(_seconds(asked), inputs.evidence, reference)
    builds.size = ()
    return None


def _seconds(run: Run) -> float:
    return min(run.done.wall, run.done.cpu or run.done.wall)


def _smaller(builds: Builds) -> list[str]:
    """The data sets below the one that the program is compiled with, the largest first."""
    flags = [flag for unit in builds.program.units for flag in unit.flags]
    named = [name for name in DATASETS if f"-D{name}_DATASET" in flags]
    order = [name for name in DATASETS if name != "STANDARD"]
    below = order.index(named[-1]) if named and named[-1] in order else order.index("LARGE")
    return order[1:below][::-1]


def _holds_no_size(builds: Builds) -> bool:
    """The deepest nests of the program can be modelled without the numbers that its sizes are."""
    found = []
    for unit in builds.program.units:
        if unit.source.name == "polybench.c":
            continue
        functions = Functions(builds.program, unit, builds.toolchain)
        functions.sizes_by_name = True
        for name in dict.fromkeys(_DEFINED.findall(functions.text)):
            try:
                found += regions(functions, name.decode())[0]
            except CompileError:
                return False
    deepest = max((scop.depth for scop in found), default=0)
    return deepest > 0 and not any(s.numbers for s in found if s.depth == deepest)
