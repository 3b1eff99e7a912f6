"""Candidates timed by Dask's workers: pairs in flight on every host, decided by one driver.

A pair is a run of the best and one of the candidate on one host, in the sandbox there, with nothing
else timed beside it. Executables and the files that the program is given travel with it; what it
only reads must stand there, too. What the runs put out comes back, and is judged here. A worker
that is killed costs its pair, which Dask gives to another.
"""

from __future__ import annotations

import contextlib
import io
import platform
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from collectors.base.errors import CorrError
from collectors.base.foreign_text import one_line
from collectors.base.scratch import scratch
from collectors.base.toolchain import Toolchain
from collectors.sandbox.confined import Limits as Confines
from collectors.sandbox.places import Place
from corr.optimize.build_and_run import Builds, Run
from corr.optimize.judging.speed import Accept, Contest
from corr.optimize.printed_time import PrintedTime
from corr.optimize.surroundings import Surroundings
from corr.program.machine import this_machine
from corr.program.model import Program
from corr.timing.clocks import Pairs, Reading
from corr.timing.interleave import Limits
from corr.workers.hosts import Hosts
from corr.workers.timer import alone, host_lock


@dataclass(frozen=True)
class Executable:
    """A build of the program, and what its environment has besides."""

    content: bytes = field(repr=False)
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Setting:
    """How and where the program runs. `given` has a tar for each place, None where it is empty."""

    program: Program
    toolchain: Toolchain
    bare: bool
    around: Surroundings
    given: tuple[bytes | None, ...]
    stdin: bytes | None
    time: PrintedTime
    contest: Contest


@dataclass(frozen=True)
class Answer:
    """A pair as it was on a host; `lacks` says what the host has not, where nothing was run."""

    host: str
    before: tuple[Run, Confines] | None = None
    after: tuple[Run, Confines] | None = None
    lacks: str = ""


def pair(
    setting: Setting, before: Executable, after: Executable, beside: Reading | None, turned: bool
) -> Answer:
    """Run both, one after the other. Runs on a worker."""
    host = platform.node()
    missing = [str(path) for path in setting.around.readable if not path.exists()]
    if missing:
        return Answer(host, lacks=missing[0])
    with scratch("optimize") as folder:
        builds = _builds(setting, folder)
        contest = replace(setting.contest, builds=builds)
        binaries = [_put(builds, name, e) for name, e in (("a", before), ("b", after))]
        with alone(host_lock()):
            if turned and beside is not None:
                second = contest.raw(binaries[1], beside)
                return Answer(host, contest.raw(binaries[0], None), second)
            first = contest.raw(binaries[0], None)
            known = beside or (first[0].reading if first[0].ok else None)
            return Answer(host, first, contest.raw(binaries[1], known))


def _builds(setting: Setting, folder: Path) -> Builds:
    program = setting.program
    if setting.stdin is not None:
        stdin = folder / "stdin"
        stdin.write_bytes(setting.stdin)
        program = replace(program, run=replace(program.run, stdin=stdin))
    builds = Builds(program, setting.toolchain, folder / "builds", bare=setting.bare)
    places = []
    for number, (place, packed) in enumerate(
        zip(setting.around.places, setting.given, strict=True)
    ):
        target = None
        if packed is not None:
            target = folder / "given" / str(number)
            target.mkdir(parents=True)
            _unpack(packed, target)
        places.append(Place(place.folder, target))
    builds.time = setting.time
    builds.surroundings = replace(setting.around, places=tuple(places))
    return builds


def _unpack(packed: bytes, target: Path) -> None:
    """Put an archive's files into a folder. Raises CorrError where one would lie outside of it."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        if hasattr(tarfile, "tar_filter"):
            archive.extractall(target, filter="tar")
            return
        # Python 3.11.2, of Debian 12, has no filters yet
        for name in archive.getnames():
            if name.startswith("/") or ".." in name.split("/"):
                raise CorrError(f"a file of the program lies outside of its folder: {name}")
        archive.extractall(target)  # noqa: S202 (the names have been looked at)


@dataclass
class Crew:
    """The hosts that measure for an optimisation. `measured` counts the pairs of each."""

    hosts: Hosts
    measured: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        here = this_machine()
        if self.hosts.machine != here:
            raise CorrError(
                f"the workers are {self.hosts.machine}; this machine, which builds, is {here}",
                "run corr optimize on a machine of their kind",
            )

    def pairs(
        self, contest: Contest, before: Path, after: Path, limits: Limits, accept: Accept | None
    ) -> Iterator[Pairs]:
        """All pairs so far, after each, as `interleave.interleaved` has them. Raises Failed."""
        setting = _setting(contest)
        sides = [_executable(contest.builds, path) for path in (before, after)]
        start = time.monotonic()
        a: list[Reading] = []
        b: list[Reading] = []
        going: list[Any] = []
        asked = 0
        try:
            while len(a) < limits.most:
                # before one run is known, nothing says how long another may take
                while len(going) < (len(self.hosts.chosen) if a else 1) and asked < limits.most:
                    contest.builds.budget.check()
                    known = a[0] if a else None
                    going.append(self.hosts.submit(pair, setting, *sides, known, asked % 2 == 1))
                    asked += 1
                answer = self._next(going)
                reading = self._readings(contest, (before, after), answer, accept)
                a.append(reading[0])
                b.append(reading[1])
                contest.builds.clock.running += reading[0].wall + reading[1].wall
                found = Pairs.of(a, b)
                yield found
                late = time.monotonic() - start > limits.seconds
                enough = len(a) >= limits.fewest
                if enough and (late or (len(a) % 2 == 1 and contest.clear(found))):
                    return
        finally:
            for future in going:
                with contextlib.suppress(Exception):
                    future.cancel()

    def _next(self, going: list[Any]) -> Answer:
        """The first of the pairs in flight that is done, which is then not among them any more."""
        import distributed

        completed: Any = distributed.as_completed
        future = next(iter(completed(going, loop=self.hosts.client.loop)))
        going.remove(future)
        error = future.exception()
        if error is not None:
            said = one_line(f"{type(error).__name__}: {error}", 200)
            raise CorrError(f"the workers cannot measure: {said}", "corr doctor --workers ADDRESS")
        answer: Answer = future.result()
        if answer.lacks:
            raise CorrError(
                f"{answer.host} has no {answer.lacks}, which the program reads",
                "share the folder with the workers",
            )
        return answer

    def _readings(
        self, contest: Contest, binaries: tuple[Path, Path], answer: Answer, accept: Accept | None
    ) -> tuple[Reading, Reading]:
        """The readings of a pair whose runs are as they should be. Raises Failed."""
        assert answer.before is not None and answer.after is not None
        before = contest.judged_run(binaries[0], *answer.before, None)
        after = contest.judged_run(binaries[1], *answer.after, accept)
        self.measured[answer.host] += 1
        return before.reading, after.reading


def _put(builds: Builds, name: str, given: Executable) -> Path:
    """An executable that came with a pair, as the builds here have theirs."""
    binary = builds.folder / name
    binary.write_bytes(given.content)
    binary.chmod(0o755)
    builds.environments[binary] = dict(given.environment)
    return binary


def _executable(builds: Builds, path: Path) -> Executable:
    return Executable(path.read_bytes(), tuple(sorted(builds.environments.get(path, {}).items())))


def _setting(contest: Contest) -> Setting:
    """What travels with each pair."""
    builds = contest.builds
    around = builds.surroundings
    given = tuple(_packed(place.given) if place.given else None for place in around.places)
    stdin = builds.program.run.stdin
    content = stdin.read_bytes() if stdin is not None else None
    nobody: Any = None
    return Setting(
        builds.program,
        builds.toolchain,
        builds.bare,
        around,
        given,
        content,
        builds.time,
        replace(contest, builds=nobody),
    )


def _packed(folder: Path) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(folder, arcname=".")
    return out.getvalue()
