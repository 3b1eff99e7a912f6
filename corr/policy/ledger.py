"""What every trial of a search gave, on disk: a search that is stopped goes on where it was.

A trial is a module's bitcode, the compiler, and what was asked of it; its result is the size of
the code, or nothing where the compiler failed. A line of JSON each, written at once.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from collectors.decisions import replay
from collectors.decisions.host import Advisor
from corr.policy.corpus import Module
from corr.policy.modules import Builds
from corr.system.disk import disk_errors

if TYPE_CHECKING:
    from corr.policy.on_workers import Compilers

FILE = "trials.jsonl"


@dataclass(frozen=True)
class Trial:
    """What is asked of the compiler: flags, a table of decisions to replay, or a policy.

    `policy` is its text, which names it; `advisor` what it says.
    """

    flags: tuple[str, ...] = ()
    table: str = ""
    policy: str = ""
    advisor: Advisor | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        told = json.dumps([self.flags, self.table, self.policy])
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:24]


class Budget:
    """A time after which nothing new is begun, and a number of compilations."""

    def __init__(self, seconds: float | None = None, trials: int | None = None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self._left = trials
        self._lock = threading.Lock()

    def take(self) -> bool:
        """One more compilation is allowed."""
        with self._lock:
            if self._end is not None and time.monotonic() > self._end:
                return False
            if self._left is not None:
                if self._left <= 0:
                    return False
                self._left -= 1
            return True


class Ledger:
    """The trials of a corpus. Threads share it."""

    def __init__(
        self,
        folder: Path,
        builds: Builds,
        budget: Budget | None = None,
        others: Compilers | None = None,
    ) -> None:
        self.builds = builds
        #: other hosts that compile in place of this one
        self.others = others
        self.budget = budget or Budget()
        self.compiled = 0
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], int | None] = {}
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            for line in self._path.read_text().splitlines():
                self._remember(line)

    def _remember(self, line: str) -> None:
        """A line of an earlier search; one that a kill cut short counts for nothing."""
        try:
            said = json.loads(line)
            if said["llvm"] == self.builds.toolchain.version:
                text = said["text"]
                self._known[str(said["module"]), str(said["trial"])] = (
                    None if text is None else int(text)
                )
        except (ValueError, KeyError, TypeError):
            return

    def known(self, module: Module, trial: Trial) -> bool:
        return (module.sha256, trial.key) in self._known

    def text(self, module: Module, trial: Trial, *, last: bool = False) -> int | None:
        """Bytes of code; None where the compiler fails, or the budget is used up.

        The `last` word on what a search found has to be had, whatever the budget.
        """
        key = (module.sha256, trial.key)
        if key in self._known:
            return self._known[key]
        if not last and not self.budget.take():
            return None
        compile = self.others.text if self.others is not None else compiled
        text = compile(self.builds, module, trial)
        record = {
            "module": module.sha256,
            "trial": trial.key,
            "llvm": self.builds.toolchain.version,
            "text": text,
            "name": module.name,
            "flags": trial.flags,
        }
        with self._lock, disk_errors(self._path.parent):
            self.compiled += 1
            self._known[key] = text
            with self._path.open("a") as file:
                file.write(json.dumps(record) + "\n")
        return text


def compiled(builds: Builds, module: Module, trial: Trial) -> int | None:
    """Bytes of code of a trial; None where the compiler fails."""
    with scratch("policy") as folder:
        more: list[str | Path] = list(trial.flags)
        if trial.table:
            table = folder / "table"
            table.write_text(trial.table, "utf-8", "surrogateescape")
            more += replay.flags(table)
        output = folder / "module.o"
        if trial.advisor is None:
            code = builds.build(module, output, more)
            return code.text if code else None
        from corr.policy.modules import code_of

        driven = builds.drive(module, output, trial.advisor, more=more)
        try:
            return code_of(output).text if driven.ok else None
        except CorrError:
            return None


def each(
    modules: Sequence[Module], work: Callable[[Module], object], jobs: int | None,
    done: Callable[[float], None],
) -> None:  # fmt: skip
    """Do something with every module, several side by side."""
    from corr.policy.modules import pool

    with pool(jobs) as workers:
        for number, _ in enumerate(workers.map(work, modules), 1):
            done(number)
