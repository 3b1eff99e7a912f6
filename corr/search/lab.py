"""What the engine measures with: arms, which are a case under a setting, ready to run.

`Lab` is all that the engine knows of compilers and programs; `CommandLab` is the one that starts
them. What an arm is is told by content: two settings that give the same machine code are one arm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from collectors.base import process, processor
from collectors.base.errors import CorrError
from collectors.base.foreign_text import one_line
from collectors.base.invocation import TIMES_VARIABLE
from collectors.base.process import Completed
from collectors.measured.timings import read_times
from corr.search import placeholders, settings
from corr.search.building import Builds, Built
from corr.search.cases import Case
from corr.search.contents import files_in, hash_of
from corr.search.outcome import Failed, Outcome
from corr.search.placeholders import Filling, filled
from corr.search.readings import NoTime, seconds_of
from corr.search.settings import Setting
from corr.search.study import Clock, Study
from corr.search.tolerance import Printed
from corr.timing import patterns
from corr.timing.clocks import Reading

#: Bytes that a run may print and still be compared; more is read and dropped.
MOST_OUTPUT = 8 << 20
#: Clocks that are read from what a run printed.
PRINTED = (Clock.regex, Clock.json, Clock.benchmark)


@dataclass(frozen=True)
class Sample:
    """One run that ended well. `output` is the hash of what it put out; None: not compared.

    `printed` is that itself, where its numbers may be off.
    """

    reading: Reading
    output: str | None = None
    printed: Printed | None = None

    def differs(self, other: Sample) -> str:
        """How another run's output differs from this one's; empty where it does not."""
        if self.output is None or other.output == self.output:
            return ""
        if self.printed is not None and other.printed is not None:
            return self.printed.differs(other.printed)
        return "its output is not the baseline's"


class Arm(Protocol):
    """A case under a setting. `identity` is the hash of all that its run depends on."""

    @property
    def identity(self) -> str: ...

    def once(self, timeout: float | None) -> Sample:
        """Run it once, in a process of its own. Raises Failed."""
        ...

    def check(self) -> None:
        """Ask the study's own check, if it has one, whether the result is right. Raises Failed."""
        ...


class Lab(Protocol):
    """Where arms come from."""

    def request(self, case: Case, setting: Setting) -> str:
        """The hash of all that is asked for, as far as it is known without a build."""
        ...

    def prepare(self, case: Case, setting: Setting) -> Arm:
        """Build the arm. Raises Failed."""
        ...

    @property
    def depends(self) -> Mapping[str, str]:
        """Hashes of the files that what was asked for so far depends on, by their names."""
        ...


def right(base: Arm, arm: Arm, first: Sample, limit: float) -> None:
    """See once that an arm ends in time with the baseline's result, `first`. Raises Failed."""
    sample = arm.once(limit)
    if why := first.differs(sample):
        if first.differs(base.once(None)):
            raise Failed(
                Outcome.wrong,
                "the baseline prints something else each time: say which lines to [check] ignore,"
                " or output = false",
            )
        raise Failed(Outcome.wrong, why)
    arm.check()


class CommandLab:
    """Arms that are built and run by a study's commands, in a folder for temporary files.

    `machine` says which kind of machine this is; what `builds` keeps is in its own folders.
    """

    def __init__(self, study: Study, builds: Builds, machine: str, folder: Path) -> None:
        self.study = study
        self.builds = builds
        self.folder = folder
        self._same = hash_of([study.time, study.check, study.shell, machine], default=str)
        self._inputs = _declared(study)
        self._files = dict(self._inputs)

    @property
    def depends(self) -> dict[str, str]:
        """Hashes of the files that what was asked for so far depends on, by their names."""
        return {**self._files, **self.builds.files}

    def request(self, case: Case, setting: Setting) -> str:
        run = self._command(case, setting, "", "")
        files = files_in(run, self.study.folder)
        self._files |= files
        known = {
            "same": self._same,
            "inputs": self._inputs,
            "build": self.builds.request(case, setting),
            "run": [w for w in run if w],
            "files": files,
            "stdin": self._stdin(case),
            "env": self._variables(case, setting),
        }
        return hash_of(known)

    def prepare(self, case: Case, setting: Setting) -> CommandArm:
        built = self.builds.build(case, setting)
        output = str(built.output) if built.output else ""
        argv = self._command(case, setting, output, built.artifact)
        token = built.code or ""
        shown = [word.replace(output, token) if output else word for word in argv]
        shown = [word.replace(built.artifact, token) if built.artifact else word for word in shown]
        identity = hash_of(
            {
                "same": self._same,
                "inputs": self._inputs,
                "code": token,
                "run": shown,
                "files": files_in(shown, self.study.folder),
                "stdin": self._stdin(case),
                "env": self._variables(case, setting),
            }
        )
        return CommandArm(self, case, setting, built, argv, identity)

    def values(self, case: Case, setting: Setting, built: Built | None) -> dict[str, Filling]:
        """What the placeholders of the run and the check stand for."""
        found = case.fillings | settings.fillings(self.study, setting)
        found |= {"folder": str(self.study.folder), "stdout": str(self.folder / "stdout")}
        if built is None or built.output:
            found["output"] = str(built.output) if built else ""
        if built is None or built.artifact:
            found["artifact"] = built.artifact if built else ""
        return found

    def _command(self, case: Case, setting: Setting, output: str, artifact: str) -> tuple[str, ...]:
        run = self.study.run
        values = self.values(case, setting, None) | {"output": output, "artifact": artifact}
        command = run.command or ["{output}"]
        args = [*filled(command, values, shell=self.study.shell)]
        args += filled(run.args, values, shell=False) if run.args else ()
        return tuple(args)

    def _variables(self, case: Case, setting: Setting) -> dict[str, str]:
        values = case.fillings
        given = {n: placeholders.text_with(v, values) for n, v in self.study.run.env.items()}
        return given | settings.environment(self.study, setting)

    def _stdin(self, case: Case) -> str | None:
        given = self.study.run.stdin
        if given is None:
            return None
        path = placeholders.text_with(given, case.fillings)
        found = files_in(["", path], self.study.folder)
        self._files |= found
        return hash_of(found)

    def started(
        self, case: Case, setting: Setting, argv: tuple[str, ...], timeout: float, times: Path
    ) -> Completed:
        """Run a command of the study, as a case is run."""
        run = self.study.run
        environment = process.tool_environment() | self._variables(case, setting)
        stdin = run.stdin and self.study.path(placeholders.text_with(run.stdin, case.fillings))
        return process.run(
            argv,
            cwd=self.study.path(run.directory) if run.directory else self.study.folder,
            env=environment | {TIMES_VARIABLE: str(times)},
            stdin=stdin or None,
            timeout=timeout,
            limit=MOST_OUTPUT,
        )


@dataclass(frozen=True)
class CommandArm:
    """A case under a setting, built."""

    lab: CommandLab
    case: Case
    setting: Setting
    built: Built
    argv: tuple[str, ...]
    identity: str

    def once(self, timeout: float | None) -> Sample:
        study, times = self.lab.study, self.lab.folder / "times"
        times.unlink(missing_ok=True)
        limit = study.run.time_limit if timeout is None else min(timeout, study.run.time_limit)
        before = processor.idle_seconds()
        done = _started(lambda: self.lab.started(self.case, self.setting, self.argv, limit, times))
        idle = processor.idle_between(before)
        if done.timed_out:
            raise Failed(Outcome.timed_out, f"still running after {limit:.3g} s")
        if done.returncode not in study.run.ok_status:
            said = one_line(done.last_lines(3), 200)
            raise Failed(Outcome.crashed, f"{done.ending()}{': ' if said else ''}{said}")
        if done.truncated:
            raise Failed(
                Outcome.output, f"it prints more than {MOST_OUTPUT >> 20} MiB: let it print less"
            )
        text = done.stdout.decode("utf-8", "replace")
        seconds = self._own_seconds(text, times)
        reading = Reading(done.wall, done.cpu, idle, seconds, 0 if seconds is None else 1)
        return Sample(reading, *_compared(study, text))

    def _own_seconds(self, output: str, times: Path) -> float | None:
        clock = self.lab.study.time.clock
        if clock in PRINTED:
            try:
                return seconds_of(self.lab.study.time, output)
            except NoTime as error:
                raise Failed(Outcome.no_time, error.message) from error
        if clock not in (Clock.auto, Clock.own):
            return None
        found = [value for value in read_times(times)[0] if value > 0]
        if not found and clock == Clock.own:
            raise Failed(
                Outcome.no_time,
                "it appended no line `kernel_seconds 0.123` to the file that CORR_TIMES names",
            )
        return sum(found) if found else None

    def check(self) -> None:
        study = self.lab.study
        if not study.check.command:
            return
        values = self.lab.values(self.case, self.setting, self.built)
        argv = filled(study.check.command, values, shell=study.shell)
        times = self.lab.folder / "times"
        done = _started(
            lambda: self.lab.started(self.case, self.setting, argv, study.run.time_limit, times)
        )
        if done.timed_out or done.returncode != 0:
            said = one_line(done.last_lines(3), 160)
            raise Failed(Outcome.wrong, f"the check ended with {done.ending()}: {said}")


def _started(start: Callable[[], Completed]) -> Completed:
    """The end of a process. Raises Failed where it could not be started."""
    try:
        return start()
    except (CorrError, ValueError) as error:
        raise Failed(Outcome.crashed, one_line(str(error), 200)) from error


def _compared(study: Study, output: str) -> tuple[str | None, Printed | None]:
    """The hash of what a run printed, without the lines that differ by nature.

    And that itself, where its numbers may be off.
    """
    check = study.check
    if not check.output or study.time.clock in (Clock.json, Clock.benchmark):
        return None, None
    lines = output.splitlines()
    for pattern in filter(None, (study.check.ignore, study.time.pattern)):
        told = patterns.matching(pattern, lines)
        lines = [line for line, out in zip(lines, told, strict=True) if not out]
    text = "\n".join(lines)
    printed = Printed(text, check.tolerance, check.absolute) if check.near else None
    return sha256(text.encode()).hexdigest(), printed


def _declared(study: Study) -> Mapping[str, str]:
    """Hashes of the files that the study says its cases depend on."""
    found: dict[str, str] = {}
    for pattern in study.inputs:
        paths = sorted(study.folder.glob(pattern))
        found |= files_in(["", *(str(path) for path in paths)], study.folder)
    return found
