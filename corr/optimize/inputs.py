"""What a program is run with so that its outputs can be compared, some of it kept from proposers."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corr.program import Program

_HARNESS = re.compile(r'^\s*#\s*include\s*[<"](?:.*/)?corr_harness\.h[>"]', re.MULTILINE)
_POLYBENCH = re.compile(r'^\s*#\s*include\s*[<"](?:.*/)?polybench\.h[>"]', re.MULTILINE)
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
    """The inputs of a program. `output` says where its results are.

    `output`: `dump` (a file of arrays, named by CORR_DUMP), `stdout` or `stderr`.
    `timed` is the input that is measured; `varied` says that held-out ones can be chosen.
    """

    timed: Input
    visible: tuple[Input, ...]
    output: str
    sizes: tuple[int, ...] = ()
    given_held_out: tuple[Input, ...] = ()

    @property
    def varied(self) -> bool:
        return bool(self.sizes or self.given_held_out)

    def held_out(self, chance: random.Random) -> list[Input]:
        """Inputs that nobody has seen: other sizes and seeds, chosen now."""
        if not self.sizes:
            return list(self.given_held_out)
        mini, small = self.sizes[:2]
        found = []
        for low, high in ((max(2, mini // 2), 2 * mini), (small // 2, small + small // 2)):
            size, seed = chance.randint(low, high) | 1, chance.getrandbits(32)
            label = f"size {size}, seed {seed}"
            found.append(_harness_input(self.timed, label, str(size), str(seed), held_out=True))
        return found


def find(program: Program, help_text: str, extra: Sequence[Input] = ()) -> Inputs:
    """The inputs that can be made for a program, from what its sources include.

    `help_text` is what the program prints for --help, if it is one on our harness.
    """
    run = program.run
    timed = Input("as measured", run.args, dict(run.env))
    texts = [u.source.read_text("utf-8", "replace") for u in program.units]
    if any(_HARNESS.search(text) for text in texts):
        found = _SIZES.search(help_text)
        if found:
            sizes = tuple(map(int, found.groups()))
            visible: tuple[Input, ...] = (
                _harness_input(timed, "mini", "mini", "1"),
                _harness_input(timed, "small, seed 2", "small", "2"),
                timed,
            )
            return Inputs(timed, visible, "dump", sizes)
    if any(_POLYBENCH.search(text) for text in texts):
        dump = ("-DPOLYBENCH_DUMP_ARRAYS",)
        visible = tuple(
            Input(f"{name} dataset", run.args, dict(run.env), (*dump, f"-D{name}_DATASET"))
            for name in ("MINI", "SMALL")
        )
        return Inputs(timed, visible, "stderr")
    given = tuple(i for i in extra if not i.held_out)
    held = tuple(i for i in extra if i.held_out)
    return Inputs(timed, (*given, timed), "stdout", given_held_out=held)


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


def files_of(program: Program) -> tuple[Path, ...]:
    """Files named by the program's arguments, which it must be able to read."""
    found = []
    for word in program.run.args:
        path = program.run.directory / word
        if path.is_file():
            found.append(path)
    return tuple(found)
