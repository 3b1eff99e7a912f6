"""What a program is run with so that its outputs can be compared; some is kept from proposers."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from corr.optimize.observed import Evidence
from corr.program.model import Program

_HARNESS = re.compile(r'^\s*#\s*include\s*[<"](?:.*/)?corr_harness\.h[>"]', re.MULTILINE)
_POLYBENCH = re.compile(r'^\s*#\s*include\s*[<"](?:.*/)?polybench\.h[>"]', re.MULTILINE)
#: PolyBench's names of its sizes; the source's own headers turn one into numbers.
DATASETS = ("MINI", "SMALL", "MEDIUM", "STANDARD", "LARGE", "EXTRALARGE")
_SIZES = re.compile(r"sizes: mini (\d+), small (\d+), medium (\d+) \(default\), large (\d+)")


@dataclass(frozen=True)
class Input:
    """One way to run the program. `flags` are compiler flags, for sizes chosen at compile time."""

    label: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    held_out: bool = False


@dataclass(frozen=True)
class Inputs:
    """The inputs of a program, and what counts of what it puts out (`evidence`).

    `timed` is the input that is measured. Its runs put out their results as the checked ones do,
    and these are compared too (`timed_output`): no program can tell whether it is checked. Only
    where results take another build, as in PolyBench, there is nothing to compare.
    """

    timed: Input
    visible: tuple[Input, ...]
    evidence: Evidence
    sizes: tuple[int, ...] = ()
    given_held_out: tuple[Input, ...] = ()

    @property
    def output(self) -> str:
        """Where its results are: `dump`, `stdout` or `stderr`."""
        return self.evidence.output

    @property
    def named(self) -> tuple[Input, ...]:
        """All that are known before a proposal is made."""
        every = (self.timed, *self.visible, *self.given_held_out)
        return tuple(one for n, one in enumerate(every) if one not in every[:n])

    @property
    def varied(self) -> bool:
        """There is more than the one input that is timed."""
        return bool(self.sizes or self.given_held_out or len(self.visible) > 1)

    @property
    def timed_output(self) -> str | None:
        """What a timed run puts out for comparison."""
        return None if any(given.flags for given in self.visible) else self.output

    def held_out(self, chance: random.Random) -> list[Input]:
        """Inputs that nobody has seen: other sizes and seeds, chosen now."""
        if not self.sizes:
            return list(self.given_held_out)
        mini, small = self.sizes[:2]
        found = list(self.given_held_out)
        for low, high in ((max(2, mini // 2), 2 * mini), (small // 2, small + small // 2)):
            size, seed = chance.randint(low, high) | 1, chance.getrandbits(32)
            label = f"size {size}, seed {seed}"
            found.append(_harness_input(self.timed, label, str(size), str(seed), held_out=True))
        return found


def find(
    program: Program,
    help_text: str,
    extra: Sequence[Input] = (),
    chance: random.Random | None = None,
) -> Inputs:
    """The inputs that can be made for a program, from what its sources include.

    `help_text` is what the program prints for --help, if it is one on our harness. Such a program
    is timed on a seed that nobody was told, unless its arguments name one: answers known
    beforehand are of no use.
    """
    run = program.run
    timed = Input("as measured", run.args, dict(run.env))
    given = [replace(i, env={**run.env, **i.env}) for i in extra]
    seen = tuple(i for i in given if not i.held_out)
    held = tuple(i for i in given if i.held_out)
    texts = [u.source.read_text("utf-8", "replace") for u in program.units]
    found = _SIZES.search(help_text)
    if found and any(_HARNESS.search(text) for text in texts):
        sizes = tuple(map(int, found.groups()))
        if "--seed" not in run.args and "CORR_SEED" not in run.env:
            seed = (chance or random.SystemRandom()).getrandbits(32)
            timed = replace(timed, env={**run.env, "CORR_SEED": str(seed)})
        visible: tuple[Input, ...] = (
            _harness_input(timed, "mini", "mini", "1"),
            _harness_input(timed, "small, seed 2", "small", "2"),
            timed,
        )
        return Inputs(timed, (*visible, *seen), Evidence("dump"), sizes, held)
    if any(_POLYBENCH.search(text) for text in texts):
        return Inputs(timed, _polybench(timed), Evidence("stderr", files=True))
    return Inputs(timed, (*seen, timed), Evidence("stdout", files=True), given_held_out=held)


def _polybench(timed: Input) -> tuple[Input, ...]:
    """Two small sizes, and the measured one; the arrays are on stderr of a build that dumps."""
    dump = "-DPOLYBENCH_DUMP_ARRAYS"
    small = tuple(
        replace(timed, label=f"{name} dataset", flags=(dump, *_other_sizes(), f"-D{name}_DATASET"))
        for name in ("MINI", "SMALL")
    )
    return (*small, replace(timed, label="as measured, dumped", flags=(dump,)))


def _other_sizes() -> tuple[str, ...]:
    return tuple(f"-U{name}_DATASET" for name in DATASETS)


def takes_input(program: Program) -> bool:
    """A source includes our harness, whose sizes --help lists."""
    return any(_HARNESS.search(u.source.read_text("utf-8", "replace")) for u in program.units)


def _harness_input(
    timed: Input, label: str, size: str, seed: str, *, held_out: bool = False
) -> Input:
    """The timed input at another size and seed; its own arguments would override them."""
    args = _without(timed.args, ("--size", "--seed", "--repeat", "--dump"))
    env = {**timed.env, "CORR_SIZE": size, "CORR_SEED": seed, "CORR_REPEAT": "1"}
    return Input(label, args, env, held_out=held_out)


def _without(args: Sequence[str], options: tuple[str, ...]) -> tuple[str, ...]:
    kept: list[str] = []
    skip = False
    for word in args:
        if skip:
            skip = False
        elif word in options:
            skip = True
        else:
            kept.append(word)
    return tuple(kept)
