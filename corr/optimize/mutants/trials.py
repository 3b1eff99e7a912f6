"""Breaks the hot nests of a program, and looks whether the check of its outputs finds out.

    hot nests → regions of the units' modules → a mutant of each kind → built, run and compared as
    a candidate is → a ledger

In rounds, a kind a round over all nests, most important first, until the time is spent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from collectors.base.errors import CompileError
from corr.optimize.build_and_run import FAILED_STATUS, Builds
from corr.optimize.judging.check import Verifier
from corr.optimize.judging.checked import Checked
from corr.optimize.judging.references import References
from corr.optimize.mutants.dead import Liveness
from corr.optimize.mutants.flow import Flow
from corr.optimize.mutants.kinds import KINDS
from corr.optimize.mutants.ledger import Broken, Extent, Fate, Ledger, Mutant
from corr.optimize.mutants.module import Edits, Module, Workshop
from corr.optimize.mutants.nests import Nest
from corr.optimize.mutants.region import Mutation, Region, chosen
from corr.optimize.prepare_original import Original
from corr.optimize.proposal import Outcome
from corr.optimize.variant import Variant

#: Seconds that mutants may take in all, and of the time that a session may take.
MOST_SECONDS, OF_BUDGET = 20.0, 0.05
#: A run of a mutant may take so many seconds, and so many times what the original took.
PATIENCE = (1.0, 4.0)
#: Mutants of a nest, and places where one of a kind is tried if others change nothing.
MOST_OF_NEST, MOST_PLACES = 6, 3
#: Functions that a nest calls which are broken in its place, and how far from it they may be.
MOST_CALLED, DEEPEST_CALL = 6, 2
#: Mutants that the most important nest gets whatever they take; and how many times as long it may
#: take until a wrong result is seen, without which nothing at all is accepted: crashes are none.
LEAST, UNTIL_CAUGHT = 2, 4.0

#: What a text of another form than any that was met makes of its readers.
_NOT_UNDERSTOOD = (LookupError, ValueError, StopIteration)
_DEAD = "nothing depends on the value, says MemorySanitizer"


@dataclass
class Prepared:
    """A nest in the module of its unit; `plain` is the variant of that module, unbroken.

    Its region is the first of `regions`, before those of functions that it calls.
    """

    nest: Nest
    module: Module
    regions: list[Region]
    plain: Variant
    mutants: list[Mutant] = field(default_factory=list)
    #: what declares the value uninitialised, of mutants that survived, by their number
    doubtful: dict[int, Edits] = field(default_factory=dict)

    @property
    def counted(self) -> list[Mutant]:
        return [m for m in self.mutants if m.fate.counts]

    @property
    def broken(self) -> Broken:
        code = []
        for region in self.regions:
            known = region.function.known
            code.append(Extent(known.name, known.file, *self.module.lines_of(region.function)))
        return Broken(self.nest, self.module.unit.source, tuple(code), tuple(self.mutants))


class Trials:
    """Tries mutants of one program. `verifier` is that of its candidates."""

    def __init__(self, builds: Builds, workshop: Workshop, verifier: Verifier) -> None:
        self.builds = builds
        self.workshop = workshop
        self.verifier = verifier
        self.liveness = Liveness(builds, workshop, verifier.inputs)
        self._modules: dict[Path, Module | CompileError] = {}
        self._plain: dict[Path, Variant] = {}

    def run(self, nests: Sequence[Nest], seconds: float) -> Ledger:
        """Break these nests, most important first, for so many seconds at most."""
        began = time.monotonic()

        def late(times: float = 1.0) -> bool:
            return time.monotonic() - began > times * seconds

        def caught() -> bool:
            return any(mutant.fate == Fate.caught for p in prepared for mutant in p.mutants)

        prepared: list[Prepared] = []
        reasons: dict[str, str] = {}
        for nest in nests:
            try:
                prepared.append(self._prepared(nest))
            except CompileError as error:
                reasons[nest.key] = error.message.splitlines()[-1]
            except _NOT_UNDERSTOOD as error:
                reasons[nest.key] = f"its IR is not understood: {type(error).__name__}: {error}"
        for name in KINDS:
            for item in prepared:
                least = 1 if item.module.large else LEAST
                first = item is prepared[0] and len(item.counted) < least
                wanted = first or not late(1.0 if caught() else UNTIL_CAUGHT)
                if len(item.counted) < MOST_OF_NEST and wanted:
                    self._of_kind(item, name)
        cut = late()
        for item in prepared:
            self._bury(item, late)
        spent = time.monotonic() - began
        what = "outputs" if self.verifier.compared else "own command"
        return Ledger(tuple(p.broken for p in prepared), spent, cut, reasons, what)

    # --- what is broken ------------------------------------------------------------------------

    def _prepared(self, nest: Nest) -> Prepared:
        """The region of a nest. Raises CompileError where it cannot be broken."""
        for module in self._modules_of(nest):
            function = module.function(nest.function)
            if function is None:
                continue
            loops = function.loops(nest.root) if nest.root is not None else []
            if nest.root is not None and not loops:
                raise CompileError(f"{nest.key} is no loop of the unoptimised module")
            loops.sort(key=lambda loop: _position(loop.path, nest.loops))
            region = Region(function, Flow(function), tuple(loops), nest.trips)
            plain = self._unbroken(module)
            return Prepared(nest, module, [region, *called(module, region)], plain)
        raise CompileError(f"no unit defines {nest.function}")

    def _modules_of(self, nest: Nest) -> Iterator[Module]:
        for unit in self.workshop.variant.program.units:
            label = self.workshop.variant.program.label(unit)
            if nest.unit is not None and nest.unit != label:
                continue
            if unit.source not in self._modules:
                try:
                    with self.builds.compiling():
                        self._modules[unit.source] = self.workshop.module(unit)
                except CompileError as error:
                    self._modules[unit.source] = error
            found = self._modules[unit.source]
            if isinstance(found, Module):
                yield found
            elif nest.unit is not None:
                raise found

    def _unbroken(self, module: Module) -> Variant:
        """The program with a unit that went the way of a mutant, but was not changed.

        Raises CompileError where the check refutes it: then it refutes anything.
        """
        source = module.unit.source
        if source not in self._plain:
            with self.builds.compiling():
                variant = self.workshop.variant_of(module, module.changed({}))
            binary = self.builds.build(variant)
            quick = self.verifier.command is None
            checked = self.verifier.check(variant, binary, quick=quick)
            if checked.outcome is not None:
                raise CompileError(f"the check refutes it as it is: {checked.detail}")
            self._plain[source] = variant
        return self._plain[source]

    # --- one mutant ----------------------------------------------------------------------------

    def _of_kind(self, item: Prepared, name: str) -> None:
        """Try mutants of a kind, until one counts: others change nothing, or cannot be built."""
        places = (
            mutation
            for region in item.regions
            for mutation in chosen(region, name, _places(region, name))
        )
        for mutation in islice(places, MOST_PLACES):
            found = self._tried(item, name, mutation)
            item.mutants.append(found)
            if found.fate.counts:
                return

    def _tried(self, item: Prepared, name: str, mutation: Mutation) -> Mutant:
        began = time.monotonic()
        place = item.module.place(mutation.at)

        def mutant(fate: Fate, detail: str = "", by: str = "") -> Mutant:
            took = time.monotonic() - began
            return Mutant(name, place, mutation.says, fate, by, detail, took)

        try:
            with self.builds.compiling():
                text = item.module.changed(mutation.edits)
                variant = self.workshop.variant_of(item.module, text)
            if variant.ir == item.plain.ir:
                return mutant(Fate.equivalent, "the optimised code is the same")
            binary = self.builds.build(variant)
            if self.builds.identical(binary, self.builds.build(item.plain)):
                return mutant(Fate.equivalent, "the machine code is the same")
        except CompileError as error:
            return mutant(Fate.not_built, error.message.splitlines()[-1])
        try:
            checked = self.verifier.check(variant, binary)
        finally:
            self.builds.forget(variant)
        found = mutant(fate(checked), checked.detail, _by(checked))
        if found.fate == Fate.survived and mutation.poisoned is not None:
            item.doubtful[len(item.mutants)] = mutation.poisoned
        return found

    def _bury(self, item: Prepared, late: Callable[[], bool]) -> None:
        """Find those that survived because nothing depends on what they change.

        Only where others were caught: a nest of which nothing is seen is no better for it.
        """
        for number, poisoned in item.doubtful.items():
            if not item.broken.seen or late():
                return
            if self.liveness.dead(item.module, poisoned):
                buried = replace(item.mutants[number], fate=Fate.dead, detail=_DEAD)
                item.mutants[number] = buried


def called(module: Module, region: Region) -> list[Region]:
    """Functions of the module that a nest calls, and those that they call: as a body may be.

    Nearest first, and of those what was written in the unit itself before what a header brought.
    """
    found: dict[str, Region] = {}
    seen, nearest = {region.function.known.name}, [region]
    for _ in range(DEEPEST_CALL):
        names = [name for one in nearest for name in one.calls() if name not in seen]
        seen.update(names)
        functions = [f for n in dict.fromkeys(names) if (f := module.function(n)) is not None]
        functions.sort(key=lambda f: f.known.file != str(module.unit.source))
        nearest = [Region(f, Flow(f), called=True) for f in functions[:MOST_CALLED]]
        found |= {one.function.known.name: one for one in nearest}
    return list(found.values())[:MOST_CALLED]


def fate(checked: Checked) -> Fate:
    """What a check makes of a mutant.

    One that ends by itself with another status was seen by what the program puts out: that is how
    a program says that it found itself wrong.
    """
    if checked.outcome is None:
        return Fate.survived
    if checked.outcome == Outcome.timed_out:
        return Fate.hung
    if checked.outcome == Outcome.crashed and FAILED_STATUS not in checked.detail:
        return Fate.crashed
    return Fate.caught


def _by(checked: Checked) -> str:
    """What refuted it: an input, or the user's own command."""
    last = checked.checks[-1] if checked.outcome is not None and checked.checks else None
    if last is None:
        return ""
    return last.input if last.kind == "output" else last.kind


def broken(original: Original, builds: Builds, nests: Sequence[Nest], limit: float) -> Ledger:
    """Break the nests of an original, for so many seconds at most."""
    variant, verifier = _as_checked(original)
    with builds.scratch("mutants") as folder:
        workshop = Workshop(variant, builds.toolchain, folder)
        return Trials(builds, workshop, verifier).run(nests, limit)


def _as_checked(original: Original) -> tuple[Variant, Verifier]:
    """The program as it is built to be checked, and the check, with little patience.

    Where that takes flags, as in PolyBench, the build with these is broken: of its sizes the one
    that is measured, since mutants end where loops run long.
    """
    verifier = original.verifier
    flags = (*verifier.builds.always, *verifier.builds.size)
    inputs = verifier.inputs
    if not flags:
        return original.variant, verifier.of(verifier.references, PATIENCE)
    program = original.variant.program
    units = tuple(replace(unit, flags=(*unit.flags, *flags)) for unit in program.units)
    variant = replace(original.variant, program=replace(program, units=units))
    inputs = replace(inputs, visible=(inputs.timed,), sizes=(), given_held_out=())
    return variant, verifier.of(References(verifier.builds, inputs, variant), PATIENCE)


def _places(region: Region, name: str) -> list[Mutation]:
    """Where a kind can be made; nowhere in a text that it does not understand."""
    try:
        return list(KINDS[name](region))
    except _NOT_UNDERSTOOD:
        return []


def _position(path: str, order: Sequence[str]) -> int:
    return order.index(path) if path in order else len(order)
