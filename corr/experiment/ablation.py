"""What each optimisation is worth to a hot loop: it is left out on that function, and timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from collectors.base import process
from collectors.base.errors import CompileError, CorrError
from collectors.base.invocation import Invocation as Start
from collectors.base.scratch import scratch
from collectors.base.threads import run_together
from corr.experiment.effects import SPENT, Budget, Effect, effect_of, measured
from corr.experiment.invocations import Compilation, Invocation, names_on
from corr.experiment.modules import code_of
from corr.experiment.places import Place
from corr.lake.store import RunInfo
from corr.program.build import Builder, source_input
from corr.program.model import Program, Unit
from corr.timing.clocks import Comparison

#: Passes that most often decide, tried first where there is no time for all.
FIRST = (
    *("loop-vectorize", "slp-vectorizer", "loop-unroll", "loop-unroll-full", "inline", "licm"),
    *("gvn", "instcombine", "loop-rotate", "indvars", "simple-loop-unswitch", "loop-idiom"),
    *("sroa", "early-cse", "simplifycfg", "jump-threading", "reassociate", "loop-load-elim"),
    *("machine-scheduler", "machinelicm", "block-placement", "post-RA-sched"),
)
#: What other passes stand on, or code generation cannot do without: no optimisations of their own.
#: (Without loop-simplify or lcssa, later passes find loops that they take for something else.)
GROUNDWORK = frozenset(
    {"lcssa", "loop-simplify", "x86-isel", "aarch64-isel", "twoaddressinstruction", "inferattrs"}
    | {"infer-alignment", "lower-expect", "codegenprepare", "annotation2metadata", "forceattrs"}
)
#: Share of the budget that builds may take; the rest is for timing.
BUILDS = 0.4
#: An interval is narrow enough at this share of the base to each side, or at a third of the effect.
NARROW = 0.015
#: How a pass that hurts is kept from one loop, or one function.
INSTEAD: Mapping[str, str] = {
    "loop-vectorize": "#pragma clang loop vectorize(disable) at the loop",
    "loop-unroll": "#pragma clang loop unroll(disable) at the loop",
    "loop-unroll-full": "#pragma clang loop unroll(disable) at the loop",
    "slp-vectorizer": "-fno-slp-vectorize for its file",
    "inline": "__attribute__((noinline)) at what is called",
    "loop-idiom": "-fno-builtin for its file",
}


@dataclass(frozen=True)
class Worth:
    """What a pass is worth: what leaving out its `invocations` on the function costs.

    `effect`: seconds beyond the build with it; of the same code, exactly 0. `percent`: of the
    loop's own time. None where it was not measured, for the reason `why`. `other_output`: the
    program prints something else without it (sums in another order, say).
    """

    name: str
    invocations: int | None = None
    same_code: bool = False
    other_output: bool = False
    effect: Effect | None = None
    percent: tuple[float, float, float] | None = None
    instead: str | None = None
    why: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Ablation:
    """What the passes on some functions are worth; `seconds` is what the program takes with all."""

    functions: tuple[str, ...]
    seconds: float
    clock: str
    passes: tuple[Worth, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def ablate(run: RunInfo, place: Place, seconds: float, say: Callable[[str], None]) -> Ablation:
    """Leave each pass out on the functions that a loop is in, and time the program with it and
    without. Raises CorrError.
    """
    budget = Budget(seconds)
    with scratch("ablation") as folder:
        compilation = Compilation.of_run(run, place.file, folder)
        return _Laboratory(compilation, place.functions, place.share or 1.0, budget, say).run()


@dataclass(frozen=True)
class _Laboratory:
    compilation: Compilation
    functions: tuple[str, ...]
    share: float
    budget: Budget
    say: Callable[[str], None]

    def run(self) -> Ablation:
        base = self._object("base")
        listed = self.compilation.whole(base)
        others = self._others()
        program = self._program(base, others)
        candidates = sorted(
            (n for n in names_on(listed, self.functions) if _optimises(n)),
            key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST),
        )
        self.say(
            f"{len(candidates)} passes run on {', '.join(self.functions)}; each is left out, and"
            f" timed where the code changes: up to {self.budget.seconds:.0f} s (--budget-time)"
        )
        built = dict(self._built(candidates, listed, base))
        worths = [one for one in built.values() if isinstance(one, Worth)]
        timed = {name: one for name, one in built.items() if isinstance(one, Path)}
        seconds, clock, output = 0.0, "", _output(program)
        for name, path in timed.items():
            count = int(path.stem.rpartition(".")[2])
            worth, comparison = self._timed(Worth(name, count), program, path, others, output)
            if comparison is not None:
                seconds, clock = comparison.series.medians[0], comparison.clock
            worths.append(worth)
        worths.sort(key=lambda w: -abs(w.effect.seconds) if w.effect else 1.0)
        return Ablation(self.functions, seconds, clock, tuple(worths))

    def _built(
        self, candidates: list[str], listed: list[Invocation], base: Path
    ) -> Iterator[tuple[str, Path | Worth]]:
        """The object without each pass; what it is worth where that is clear without timing."""
        whole, until = code_of(base), self.budget.seconds * (1 - BUILDS)
        for number, name in enumerate(candidates):
            if self.budget.left < until:
                yield name, Worth(name, why=SPENT)
                continue
            out = self._object(f"without{number}")
            unwanted = partial(_is, name, self.functions)
            try:
                count = self.compilation.without(unwanted, listed, out)
            except CorrError as error:
                yield name, Worth(name, why=error.message.splitlines()[0])
                continue
            if code_of(out) == whole:
                yield (
                    name,
                    Worth(name, count, True, effect=Effect(0.0, 0.0, 0.0), percent=(0.0, 0.0, 0.0)),
                )
            else:
                yield name, out.rename(out.with_name(f"{out.stem}.{count}.o"))

    def _timed(
        self,
        worth: Worth,
        program: Start,
        path: Path,
        others: list[Path],
        output: bytes | None,
    ) -> tuple[Worth, Comparison | None]:
        if self.budget.over:
            return replace(worth, why=SPENT), None
        try:
            without = self._program(path, others)
            differs = output is not None and without.run().stdout != output
            comparison = measured(program, without, self.budget, narrow)
        except CorrError as error:
            return replace(worth, why=error.message.splitlines()[0]), None
        effect = effect_of(comparison)
        loop = comparison.series.medians[0] * self.share / 100
        percent = (effect.seconds / loop, effect.low / loop, effect.high / loop)
        hurts = effect.high < 0 and not differs
        instead = INSTEAD.get(worth.name) if hurts else None
        found = replace(worth, effect=effect, percent=percent, other_output=differs)
        return replace(found, instead=instead), comparison

    def _object(self, name: str) -> Path:
        return self.compilation.folder / f"{name}.o"

    def _others(self) -> list[Path]:
        """The objects of the other units, which stay as they are."""
        program, unit = self.compilation.program, self.compilation.unit
        builder = Builder(program, self.compilation.toolchain, self.compilation.folder)
        left = [one for one in program.units if one != unit]
        objects = [self._object(f"other{number}") for number in range(len(left))]
        run_together(
            [partial(_compile, builder, *pair) for pair in zip(left, objects, strict=True)]
        )
        return objects

    def _program(self, path: Path, others: list[Path]) -> Start:
        program = self.compilation.program
        order = iter(others)
        objects = [path if u == self.compilation.unit else next(order) for u in program.units]
        binary = _link(self.compilation, objects, path.with_suffix(".program"))
        how = replace(program.run, time_limit=max(program.run.time_limit, Start.timeout))
        return how.invocation(binary)


def _optimises(name: str) -> bool:
    return name not in GROUNDWORK and not name.startswith("InvalidateAnalysis")


def _output(program: Start) -> bytes | None:
    """What the program prints; None if it prints something else the next time, as a time."""
    first, second = (program.run().stdout for _ in range(2))
    return first if first == second else None


def _is(name: str, functions: tuple[str, ...], one: Invocation) -> bool:
    return one.name == name and one.on(functions)


def narrow(comparison: Comparison) -> bool:
    """The effect is known well enough: within a part of the whole, or of itself."""
    effect, base = effect_of(comparison), comparison.series.medians[0]
    half = (effect.high - effect.low) / 2
    return half <= NARROW * base or half <= abs(effect.seconds) / 10


def _compile(builder: Builder, unit: Unit, out: Path) -> None:
    _done([*builder.argv(unit), "-c", *source_input(unit), "-o", out], unit.directory)


def _link(compilation: Compilation, objects: list[Path], out: Path) -> Path:
    program: Program = compilation.program
    cxx = any(unit.cxx for unit in program.units)
    tool = compilation.toolchain.path("clang++" if cxx else "clang")
    quiet = "-Wno-unused-command-line-argument"
    _done([tool, *objects, quiet, *program.link_flags, "-o", out], program.directory)
    return out


def _done(argv: list[Any], place: Path) -> None:
    answer = process.run(argv, cwd=place)
    if not answer.ok:
        raise CompileError(f"{Path(argv[0]).name}: {answer.last_lines(6)}")
