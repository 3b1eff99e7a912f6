"""A compiler, and programs that it builds, which are only numbers: for studies without a process."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from corr.lake.store import Lake
from corr.search.cases import Case
from corr.search.contents import hash_of
from corr.search.lab import Sample
from corr.search.modes import MODES, Done, go
from corr.search.outcome import Failed, Outcome
from corr.search.settings import Setting
from corr.search.study import Cases, Clock, Knob, Measure, Prove, Recommend, Run, Study, Time
from corr.timing.clocks import Reading

#: Seconds of a case under a setting, or why it fails.
Model = Callable[[Case, Setting], float | Failed]


def own(_identity: str, taken: float) -> Reading:
    """A program that tells its own time and computes all the while."""
    return Reading(taken, taken, None, taken, 1)


@dataclass
class FakeArm:
    lab: FakeLab
    identity: str
    seconds: float
    output: str

    def once(self, timeout: float | None) -> Sample:
        self.lab.runs += 1
        if self.lab.dies_after is not None and self.lab.runs > self.lab.dies_after:
            raise Killed
        taken = self.seconds * self.lab.random.lognormvariate(0, self.lab.noise)
        if timeout is not None and taken > timeout:
            raise Failed(Outcome.timed_out, f"still running after {timeout:.3g} s")
        return Sample(self.lab.reading(self.identity, taken), self.output)

    def check(self) -> None:
        pass


class Killed(BaseException):
    """The driver is gone: nothing more of it is run."""


@dataclass
class FakeLab:
    """`model` says what takes how long; settings with equal `code` are equal programs. What the
    clocks see of a program and its seconds, `reading` says.
    """

    model: Model
    noise: float = 0.01
    seed: int = 0
    code: Callable[[Case, Setting], str] = lambda case, setting: f"{case.name} {setting.name}"
    output: Callable[[Case, Setting], str] = lambda case, _setting: case.name
    reading: Callable[[str, float], Reading] = own
    depends: dict[str, str] = field(default_factory=dict)
    runs: int = 0
    builds: int = 0
    dies_after: int | None = None
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def request(self, case: Case, setting: Setting) -> str:
        return hash_of([case.name, setting.name, setting.code, self.depends])

    def prepare(self, case: Case, setting: Setting) -> FakeArm:
        self.builds += 1
        found = self.model(case, setting)
        if isinstance(found, Failed):
            raise found
        return FakeArm(self, self.code(case, setting), found, self.output(case, setting))


def study(
    values: list[int | float | str], features: dict[str, list[int | float | str]], **more: object
) -> Study:
    """A study of one knob over generated cases, measured with as few pairs as there may be."""
    made = Study(
        name="fake",
        knobs=[Knob(name="limit", option="-limit={value}", values=values)],
        cases=Cases(generate=features),
        run=Run(command=["fake", "{knob}"]),
        time=Time(clock=Clock.own),
        measure=Measure(fewest=3, most=5),
        prove=Prove(held_out=0.3),
        recommend=Recommend(),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def done(made: Study, lab: FakeLab, folder: Path, mode: str = "full") -> Done:
    """The study done with the lab, in the lake of a folder."""
    lake = Lake.open(folder / "data", create=True)
    return go(made, lake, MODES[mode], lambda _line: None, lab)
