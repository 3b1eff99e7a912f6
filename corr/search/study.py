"""A study as its TOML file says it: knobs, cases, how one is built, run, timed and checked."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from corr.system import config
from corr.system.toml_file import TomlFile
from corr.timing.clocks import UNITS

#: What a knob may be set to.
Value = int | float | str
#: A command: words, or one text that is split as a shell would, or is given to a shell.
Command = list[str] | str
#: Values of `quick`, and the most settings of several knobs that are all measured.
QUICK_VALUES, MOST_SETTINGS = 4, 64
#: Values that a range may have, and steps that a recommendation may have.
MOST_VALUES, MOST_STEPS = 10_000, 32


class KnobKind(StrEnum):
    """Where the value goes."""

    flag = "flag"  # of the compiler, by `option` with {value} in it
    mllvm = "mllvm"  # an option of LLVM behind clang's -mllvm
    macro = "macro"  # -D
    environment = "environment"  # a variable of the build and the run
    template = "template"  # text put into [build] template, or a command, by {knob.NAME}
    source = "source"  # a constant in a source file of the compiler, which is built again


class Clock(StrEnum):
    """Which time of a run counts."""

    auto = "auto"  # its own (CORR_TIMES) where all programs tell one, else wall
    wall = "wall"
    cpu = "cpu"
    own = "own"
    regex = "regex"
    json = "json"
    benchmark = "google-benchmark"


@dataclass(frozen=True)
class Range:
    """Numbers from first to last."""

    first: int | float = 0
    last: int | float = 0
    step: int | float = 1

    def __post_init__(self) -> None:
        if not self.step > 0:
            raise ValueError("step must be more than 0")
        if not all(map(math.isfinite, (self.first, self.last, self.step))):
            raise ValueError("first, last and step must be numbers that end")

    def values(self) -> list[Value]:
        count = int((self.last - self.first) / self.step + 1e-9) + 1
        if not 1 <= count <= MOST_VALUES:
            raise ValueError(f"range has {max(count, 0)} values, not 1 to {MOST_VALUES}")
        return [self.first + n * self.step for n in range(count)]


@dataclass(frozen=True)
class Powers:
    """Powers of a base from first to last: 1, 2, 4, …"""

    first: int = 1
    last: int = 1024
    base: int = 2

    def __post_init__(self) -> None:
        if self.first < 1:
            raise ValueError("first must be 1 or more")
        if self.base < 2:
            raise ValueError("base must be 2 or more")

    def values(self) -> list[Value]:
        found: list[Value] = []
        value = self.first
        while value <= self.last:
            found.append(value)
            value *= self.base
        return found


@dataclass(frozen=True)
class Knob:
    """A constant that is varied. `off`: leaving it alone is an arm as well, and the baseline
    unless `baseline` names a value.
    """

    name: str = ""
    kind: KnobKind = KnobKind.flag
    option: str = ""
    values: list[Value] = field(default_factory=list)
    range: Range | None = None
    powers: Powers | None = None
    quick: list[Value] = field(default_factory=list)
    off: bool = True
    baseline: Value | None = None
    # a constant in a source
    file: str = ""
    find: str = ""
    rebuild: Command = field(default_factory=list)
    artifact: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("each needs a name")
        if not self.off and self.baseline is None:
            raise ValueError("off = false needs a baseline to compare with")
        if self.kind == KnobKind.source:
            missing = [n for n in ("file", "find", "rebuild", "artifact") if not getattr(self, n)]
            if missing:
                raise ValueError(f"a constant in a source needs {', '.join(missing)}")
            if "{value}" not in self.find:
                raise ValueError("find must have {value} where the constant stands")
        if self.kind == KnobKind.flag and "{value}" not in self.option:
            raise ValueError("option must have {value} where the value goes")
        if not self.every():
            raise ValueError("each needs values, a range or powers")

    def every(self) -> list[Value]:
        """Its values, each once, in the order given."""
        found = [*self.values]
        found += self.range.values() if self.range else []
        found += self.powers.values() if self.powers else []
        return list(dict.fromkeys(found))

    def quickly(self) -> list[Value]:
        """A few of them: those named, else some from end to end."""
        every = self.every()
        if self.quick or len(every) <= QUICK_VALUES:
            return self.quick or every
        last = len(every) - 1
        return [every[round(n * last / (QUICK_VALUES - 1))] for n in range(QUICK_VALUES)]


@dataclass(frozen=True)
class Cases:
    """Where the cases come from, and their features."""

    file: str = ""
    table: str = ""
    generate: dict[str, list[Value]] = field(default_factory=dict)
    pattern: str = ""
    features: dict[str, str] = field(default_factory=dict)
    where: str = ""

    def __post_init__(self) -> None:
        if sum(map(bool, (self.file, self.table, self.generate))) != 1:
            raise ValueError("needs one of file, table and generate")


@dataclass(frozen=True)
class Build:
    """How a case is built, if it is. `sources` are C or C++ that clang builds with the knobs."""

    sources: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=lambda: ["-O3"])
    llvm: str | None = None
    command: Command = field(default_factory=list)
    template: str = ""
    input_suffix: str = ""
    artifact: str = ""
    version: Command = field(default_factory=list)
    time_limit: float = 600.0

    def __post_init__(self) -> None:
        _limited(self.time_limit)


@dataclass(frozen=True)
class Run:
    """How a case is run: `command`, or what was built with `args`."""

    command: Command = field(default_factory=list)
    args: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    stdin: str | None = None
    directory: str = ""
    time_limit: float = 60.0
    ok_status: list[int] = field(default_factory=lambda: [0])

    def __post_init__(self) -> None:
        _limited(self.time_limit)


def _limited(seconds: float) -> None:
    if not 0 < seconds < math.inf:
        raise ValueError("time_limit must be more than 0")


@dataclass(frozen=True)
class Time:
    """How the time of a run is read."""

    clock: Clock = Clock.auto
    pattern: str = ""
    path: str = ""
    unit: str = "s"
    take: str = "median"

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"unit must be one of {', '.join(UNITS)}")
        if self.take not in ("first", "last", "min", "median", "sum"):
            raise ValueError("take must be first, last, min, median or sum")
        if self.clock == Clock.regex and not self.pattern:
            raise ValueError("the clock regex needs a pattern")
        if self.clock == Clock.json and not self.path:
            raise ValueError("the clock json needs a path")


@dataclass(frozen=True)
class Check:
    """How the result is checked: its output is the baseline's, or a command agrees.

    With `tolerance` (relative) or `absolute` the numbers of the output may be off by as much, each
    by itself; all else is the same.
    """

    output: bool = True
    ignore: str = ""
    command: Command = field(default_factory=list)
    tolerance: float = 0.0
    absolute: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < 1:
            raise ValueError("tolerance must be from 0 to less than 1")
        if not 0 <= self.absolute < math.inf:
            raise ValueError("absolute must be a number from 0 on")

    @property
    def near(self) -> bool:
        """Numbers that are near enough count as the same."""
        return self.tolerance > 0 or self.absolute > 0


@dataclass(frozen=True)
class Measure:
    """How long is measured. `time_out`: so many times what the baseline takes."""

    fewest: int = 3
    most: int = 15
    seconds: float = 20.0
    time_out: float = 3.0
    patience: float = 1.0

    def __post_init__(self) -> None:
        if not 3 <= self.fewest <= self.most:
            raise ValueError("fewest must be from 3 to most")
        if not 1 < self.time_out < math.inf:
            raise ValueError("time_out must be more than 1")
        if not 0 < self.seconds < math.inf:
            raise ValueError("seconds must be more than 0")
        if not 0 <= self.patience < math.inf:
            raise ValueError("patience must be 0 or more")

    def limit(self, baseline: float) -> float:
        """Seconds after which a value has lost: some times what the baseline takes, and more."""
        return self.patience + self.time_out * baseline


@dataclass(frozen=True)
class Sample:
    """How settings are chosen where there are too many combinations of knobs to measure each."""

    trials: int = 60
    seed: int = 0

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise ValueError("trials must be 1 or more")


@dataclass(frozen=True)
class Recommend:
    """What is recommended: code that chooses by `features`, for each class of `classes`."""

    features: list[str] = field(default_factory=list)
    classes: str = ""
    languages: list[str] = field(default_factory=lambda: ["c++"])
    variable: str = ""
    type: str = ""
    names: dict[str, str] = field(default_factory=dict)
    shape: str = ""
    loss: float = 0.01
    most_steps: int = 6

    def __post_init__(self) -> None:
        if not 0 <= self.loss < 1:
            raise ValueError("loss must be from 0 to less than 1")
        if not 1 <= self.most_steps <= MOST_STEPS:
            raise ValueError(f"most_steps must be from 1 to {MOST_STEPS}")


@dataclass(frozen=True)
class Prove:
    """Which cases are kept from the fit: a share, in strata of a feature; `whole`: all cases
    with one value of it together.
    """

    held_out: float = 0.3
    by: str = ""
    whole: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.held_out <= 0.9:
            raise ValueError("held-out must be from 0 to 0.9")


@dataclass(frozen=True)
class Study:
    """A study. `folder` is where relative names in it start, `text` the file's content."""

    name: str = ""
    shell: bool = False
    inputs: list[str] = field(default_factory=list)
    knobs: list[Knob] = field(default_factory=list)
    cases: Cases = field(default_factory=lambda: Cases(generate={"case": ["only"]}))
    build: Build = field(default_factory=Build)
    run: Run = field(default_factory=Run)
    time: Time = field(default_factory=Time)
    check: Check = field(default_factory=Check)
    measure: Measure = field(default_factory=Measure)
    sample: Sample = field(default_factory=Sample)
    recommend: Recommend = field(default_factory=Recommend)
    prove: Prove = field(default_factory=Prove)
    folder: Path = field(default_factory=Path.cwd)
    file: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        names = [knob.name for knob in self.knobs]
        if not names:
            raise ValueError("there must be one [[knobs]] at least")
        if len(set(names)) < len(names):
            raise ValueError("two knobs have one name")
        if not self.built and not self.run.command:
            raise ValueError("there must be a [run] command, or a [build]")
        if self.shell and any(isinstance(c, list) and len(c) > 1 for c in self.commands):
            raise ValueError("with shell = true a command is one text")

    @property
    def built(self) -> bool:
        return bool(self.build.sources or self.build.command)

    @property
    def commands(self) -> list[Command]:
        """The commands that a case is put into."""
        found = [self.build.command, self.run.command, self.check.command]
        return [command for command in found if command]

    def path(self, name: str) -> Path:
        """A file that the study names."""
        return self.folder / name


#: Fields of Study that no file sets.
_OURS = ("folder", "file", "text")


def load(path: Path) -> Study:
    """The study of a file. Raises UsageError with the line of what cannot be taken."""
    file = TomlFile(path)
    for name in _OURS:
        if name in file.table:
            raise file.refused((name,), f"unknown key {name!r}")
    return located(config.read(file, Study), path.absolute(), path.read_text(encoding="utf-8"))


def located(study: Study, path: Path, text: str) -> Study:
    """The study with where it came from; its name is the file's where it has none."""
    changes: dict[str, Any] = {"folder": path.parent, "file": str(path), "text": text}
    return dataclasses.replace(study, name=study.name or path.stem, **changes)
