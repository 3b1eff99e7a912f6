"""What a program is run with so that its outputs can be compared; some is kept from proposers."""

from __future__ import annotations

import hashlib
import random
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, zip_longest
from pathlib import Path

from corr.optimize import drawn
from corr.optimize.observed import Evidence
from corr.program.model import Program

_HARNESS = re.compile(r'^\s*#\s*include\s*[<"](?:.*/)?corr_harness\.h[>"]', re.MULTILINE)
_POLYBENCH = re.compile(r'^\s*#\s*include\s*[<"](?:.*/)?polybench\.h[>"]', re.MULTILINE)
#: PolyBench's names of its sizes; the source's own headers turn one into numbers.
DATASETS = ("MINI", "SMALL", "MEDIUM", "STANDARD", "LARGE", "EXTRALARGE")
#: Names of a kernel's own sizes; sizes that are drawn are of every class modulo RESIDUES.
SIZES = ("mini", "small", "medium", "large")
RESIDUES = 8
#: What is too small for one vector is left to code of its own.
SMALLEST = (2, 3)
#: The largest power of two that inputs of both signs are scaled by, or down by.
LARGEST_POWER = 16
#: What makes PolyBench print its arrays, and its time; others that would print another time.
DUMP, TIMER = "-DPOLYBENCH_DUMP_ARRAYS", "-DPOLYBENCH_TIME"
#: PolyBench's functions that are not timed.
SET_UP = frozenset({"init_array", "print_array"})
_TIMERS = ("-DPOLYBENCH_TIME", "-DPOLYBENCH_GFLOPS", "-DPOLYBENCH_PAPI", "-DPOLYBENCH_CYCLE")
#: Of the files that arguments name so many are tried in parts.
MOST_FILES = 2
#: Where coreutils keep what their `stdbuf` loads.
_STDBUF = ("/usr/libexec/coreutils/libstdbuf.so", "/usr/lib/coreutils/libstdbuf.so")
#: What a program may compare an argument with, and so many of these.
_WORD = re.compile(r'"((?:--?)?[A-Za-z][\w-]{0,19})"')
MOST_WORDS = 200
_SIZES = re.compile(r"sizes: mini (\d+), small (\d+), medium (\d+) \(default\), large (\d+)")


@dataclass(frozen=True)
class Input:
    """One way to run the program. `flags` are compiler flags, for sizes chosen at compile time.

    `stdin`: the file that it reads as its input, if that is not the one that it is measured with;
    `shown` are other files that it may read.

    `drawn`: corr chose it, so that the original may be unable to take it. `size` is what it is run
    on, where the program is one on our harness.
    """

    label: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    held_out: bool = False
    drawn: bool = False
    size: int = 0
    stdin: Path | None = None
    shown: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """The inputs of a program, and what counts of what it puts out (`evidence`).

    `timed` is the input that is measured. Its runs put out their results as the checked ones do,
    and these are compared too: no program can tell whether it is checked. `fills`: what the
    original puts out does not depend on memory that nothing wrote. `repeats`: it runs its kernel
    as often as CORR_REPEAT says. `reads`: what it reads as its input; `files` that its arguments
    name, by their places. `words` are texts in its sources that arguments
    may be, `defaults` arguments with which it does what it does without any.
    """

    timed: Input
    visible: tuple[Input, ...]
    evidence: Evidence
    sizes: tuple[int, ...] = ()
    given_held_out: tuple[Input, ...] = ()
    fills: bool = True
    repeats: bool = False
    reads: Path | None = None
    files: tuple[tuple[int, Path], ...] = ()
    words: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """Those that it is timed with, or what stands for them where there are none."""
        return self.defaults or self.timed.args

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
        named = self.sizes or self.given_held_out or len(self.visible) > 1
        drawn_ones = drawn.has_numbers(self.arguments) or set(self.words) & set(self.arguments)
        return bool(named or drawn_ones or self.reads or self.files)

    @property
    def timed_size(self) -> int:
        """The size that is timed; 0 where it is not known."""
        if not self.sizes:
            return 0
        word = dict(pairwise(self.timed.args)).get("--size", self.timed.env.get("CORR_SIZE", ""))
        named = dict(zip(SIZES, self.sizes, strict=True))
        return named.get(word or "medium", int(word) if word.isdigit() else 0)

    def held_out(
        self, chance: random.Random, *, above: bool = True, seconds: float = 0.0
    ) -> list[Input]:
        """Inputs that nobody has seen: other sizes and seeds, signs and scales, chosen now.

        Of a program that is not on our harness, arguments with other numbers; one run of it takes
        so many `seconds`.

        Sizes of every residue class modulo 8: vectors and unrolled loops leave a rest that is one
        of these. The smallest ones, too. `above`: also some that are larger than what is timed.
        """
        if not self.sizes:
            return [*self.given_held_out, *self._other_arguments(chance, seconds)]
        mini, small = self.sizes[:2]
        low, high = max(2, mini // 2), max(2 * mini, mini + 2 * RESIDUES)
        near = [size for size in range(low, high + 1) if size not in self.sizes]
        sizes = [
            chance.choice([size for size in near if size % RESIDUES == residue])
            for residue in chance.sample(range(RESIDUES), RESIDUES)
        ]
        sizes.append(chance.randint(small // 2, small + small // 2))
        timed = self.timed_size
        if above and timed:
            sizes.append(timed + chance.randint(1, max(RESIDUES, timed // 16)))
        sizes += SMALLEST
        if low > SMALLEST[-1] + 1:
            sizes.append(chance.randrange(SMALLEST[-1] + 1, low))
        return [
            *self.given_held_out,
            *(self._drawn(size, n, chance) for n, size in enumerate(sizes)),
        ]

    def _other_arguments(self, chance: random.Random, seconds: float) -> list[Input]:
        """The timed input with other numbers and words in its arguments, of each kind in turn."""
        args = self.arguments
        kinds = [drawn.words(args, self.words, chance)]
        if drawn.has_numbers(args):
            kinds += [drawn.below(args, seconds, chance), drawn.above(args, seconds, chance)]
            kinds += [drawn.unusual(args, chance)]
        some = [one for round_ in zip_longest(*kinds) for one in round_ if one is not None]
        return [self.of_arguments(one) for one in dict.fromkeys(some)]

    def of_arguments(self, args: tuple[str, ...]) -> Input:
        """The timed input with other arguments, which the original may be unable to take."""
        label = f"arguments {shlex.join(args)}"
        return replace(self.timed, label=label, args=args, held_out=True, drawn=True)

    def other_readings(self, chance: random.Random, folder: Path) -> list[Input]:
        """The timed input with parts of the files that it reads, which are written to a folder."""
        read = [(-1, self.reads)] if self.reads is not None else []
        found = []
        for place, path in (*read, *self.files[:MOST_FILES]):
            with path.open("rb") as file:
                start = file.read(drawn.MOST_READ)
            for content in drawn.readings(start, chance) if start else ():
                label = f"part {hashlib.sha256(content).hexdigest()[:8]} of {path.name}"
                part = folder / label.replace(" ", "-")
                part.write_bytes(content)
                one = replace(self.timed, label=label, held_out=True, drawn=True)
                if place < 0:
                    found.append(replace(one, stdin=part))
                else:
                    args = (*one.args[:place], str(part), *one.args[place + 1 :])
                    found.append(replace(one, args=args, shown=(part,)))
        return found

    def of_size(self, size: int, chance: random.Random) -> Input:
        """An input of this size that nobody has seen."""
        return self._drawn(size, 0, chance)

    def _drawn(self, size: int, number: int, chance: random.Random) -> Input:
        """A harness's input of a seed, and mostly of a scale, that nobody knows.

        Two of three are of both signs; they are in turn larger and smaller than the timed one.
        """
        seed, power = chance.getrandbits(32), chance.randint(1, LARGEST_POWER)
        power = power if number % 2 == 0 else -power
        more = {} if number % 3 == 2 else {"CORR_SCALE": repr(2.0**power)}
        label = f"size {size}, seed {seed}" + (f", scale 2^{power}" if more else "")
        if number in (1, 5):  # what is kept in memory from one repetition is wrong in the next
            more["CORR_REPEAT"] = "5"
            label += ", repeated"
        found = _harness_input(self.timed, label, str(size), str(seed), more)
        return replace(found, held_out=True, drawn=True, size=size)


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
        return Inputs(timed, (*visible, *seen), Evidence("dump"), sizes, held, repeats=True)
    if any(_POLYBENCH.search(text) for text in texts):
        timed = replace(timed, env=_buffered(timed.env))
        return Inputs(timed, _polybench(timed), Evidence("stderr", files=True))
    evidence = Evidence("stdout", files=True)
    paths = ((place, run.directory / word) for place, word in enumerate(run.args))
    files = tuple((place, path) for place, path in paths if path.is_file())
    visible = (*seen, timed)
    named = tuple(dict.fromkeys(w for text in texts for w in _WORD.findall(text)))[:MOST_WORDS]
    return Inputs(
        timed,
        visible,
        evidence,
        given_held_out=held,
        reads=run.stdin,
        files=files,
        words=named if set(named) & set(run.args) else (),
    )


def build_flags(program: Program) -> tuple[str, ...]:
    """What every build that is judged is made with, besides the program's own flags.

    PolyBench prints its arrays, and the time of its kernel, only where it was compiled to. It is
    timed so as well: another build than the one that was checked might do anything.
    """
    if not any(_POLYBENCH.search(u.source.read_text("utf-8", "replace")) for u in program.units):
        return ()
    given = [flag for unit in program.units for flag in unit.flags]
    timer = () if any(flag.startswith(_TIMERS) for flag in given) else (TIMER,)
    return (DUMP, *timer)


def outside_kernel(program: Program) -> frozenset[str]:
    """Functions that run before the program's own timer is started, or after it is stopped."""
    return SET_UP if build_flags(program) else frozenset()


def _polybench(timed: Input) -> tuple[Input, ...]:
    """Two small sizes, which are chosen when it is compiled, and the measured one."""
    small = tuple(
        replace(timed, label=f"{name} dataset", flags=resized(name)) for name in ("MINI", "SMALL")
    )
    return (*small, timed)


def _buffered(env: Mapping[str, str]) -> dict[str, str]:
    """With a stderr that is written in blocks: a call for each number takes longer than kernels."""
    library = next((path for path in map(Path, _STDBUF) if path.is_file()), None)
    more = {"LD_PRELOAD": str(library), "_STDBUF_E": "65536"} if library is not None else {}
    return {**more, **env}


def resized(name: str) -> tuple[str, ...]:
    """The flags that make a program of PolyBench's one of another data set."""
    return (*(f"-U{other}_DATASET" for other in DATASETS), f"-D{name}_DATASET")


def takes_input(program: Program) -> bool:
    """A source includes our harness, whose sizes --help lists."""
    return any(_HARNESS.search(u.source.read_text("utf-8", "replace")) for u in program.units)


def _harness_input(
    timed: Input,
    label: str,
    size: str,
    seed: str,
    env: Mapping[str, str] | None = None,
) -> Input:
    """The timed input at another size and seed; its own arguments would override them."""
    args = _without(timed.args, ("--size", "--seed", "--repeat", "--scale", "--dump"))
    named = {"CORR_SIZE": size, "CORR_SEED": seed, "CORR_REPEAT": "1", **(env or {})}
    return Input(label, args, {**timed.env, **named})


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
