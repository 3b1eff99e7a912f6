"""What an optimisation leaves in the lake: one run for an iteration, whatever ends it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from collectors.base.errors import CorrError
from collectors.base.toolchain import Toolchain
from corr.collect.options import Options
from corr.collect.run import Addition, collect, record
from corr.console.progress import Progress
from corr.lake.optimize_tables import CHECKS, ITERATIONS
from corr.lake.store import Lake, RunInfo
from corr.optimize.build_and_run import Builds
from corr.optimize.confined_run import ConfinedRun
from corr.optimize.rows import Row, Standing
from corr.optimize.session import Session
from corr.program.model import Program
from corr.system.interrupts import uninterrupted

#: How many runs back one is looked for that may have been committed just before an interrupt.
LATEST = 8
#: How many runs, and how many builds, collecting all layers takes about as long as.
LAYERS_RUN, LAYERS_BUILD = 7, 6
#: Part of a budget that a run may take to be repeated there.
OF_A_RUN = 0.01


class Commits:
    """Commits a session's rows. `tell` is given a line for the reader."""

    def __init__(
        self,
        builds: Builds,
        toolchain: Toolchain,
        lake: Lake,
        label: str | None,
        tell: Callable[[str], None],
        *,
        bare: bool,
    ) -> None:
        self.builds, self.toolchain, self.lake = builds, toolchain, lake
        self.label, self.tell, self.bare = label, tell, bare
        #: seconds that all layers took when they were last collected
        self._took: float | None = None

    def original(self, standing: Standing, rows: list[Row]) -> RunInfo:
        """The first run: the original with all layers, and the rows of the baselines.

        Where there is no time for the layers, the rows alone.
        """
        tables = {"iterations": ITERATIONS.rows(rows), "checks": CHECKS.empty()}
        addition = Addition(
            "optimize",
            tables,
            session=standing.session,
            iteration=0,
            role="original",
            order=standing.order.record(),
        )
        if not self._in_time():
            with uninterrupted():
                return record(standing.program, self.toolchain, self.lake, self.label, addition)
        return self._collect(standing.program, self.label, addition)

    def layers(self, session: Session) -> None:
        """A run with all layers of the best, if there is time: nothing can be proposed without."""
        if self._in_time():
            addition = self._addition(session, "optimize")
            session.saw(self._layers(session, self.label, addition))
            session.committed()

    def _in_time(self) -> bool:
        """The time that is left suffices for all layers, as far as is known."""
        took = self._took
        if took is None:
            took = LAYERS_RUN * max(self.builds.walls.values(), default=0.0)
            took += LAYERS_BUILD * self.builds.clock.compiling / max(1, self.builds.built)
        return took < self.builds.budget.left

    def iteration(self, session: Session, iteration: int, *, improved: bool) -> None:
        """One run for the iteration: with all layers if there is a new best.

        If that cannot be had, or something ends it, the rows alone are committed.
        """
        if not session.rows and not session.problems and not session.mutants:
            return
        addition = self._addition(session, "iteration", iteration=iteration)
        label = f"{self.label}.{iteration}" if self.label else None
        try:
            if improved and not self._in_time():
                self.tell("no layers of the new best: there is no time left for them")
                self._record(session, label, addition)
            elif improved:
                session.saw(self._layers(session, label, addition))
            else:
                self._record(session, label, addition)
        except CorrError as error:
            self.tell(f"no layers of the new best: {error.message.splitlines()[0]}")
            self._record_once(session, iteration, label, addition)
        except BaseException:
            self._record_once(session, iteration, label, addition)
            raise
        session.committed()

    def best(self, session: Session) -> None:
        """The last run: the final measurement."""
        addition = self._addition(session, "optimize", role="best")
        self._record(session, f"{self.label}.best" if self.label else None, addition)
        session.committed()

    @property
    def repeat(self) -> int:
        """How often a run with all layers times the program: once where the budget is small."""
        took = max(self.builds.walls.values(), default=0.0)
        return 3 if took < self.builds.budget.share(math.inf, OF_A_RUN) else 1

    def _addition(
        self, session: Session, kind: str, *, iteration: int | None = None, role: str | None = None
    ) -> Addition:
        return Addition(
            kind,
            session.tables(),
            tuple(session.problems),
            session=session.name,
            iteration=iteration,
            role=role,
        )

    def _record(self, session: Session, label: str | None, addition: Addition) -> None:
        with uninterrupted():
            record(session.original.program, self.toolchain, self.lake, label, addition)

    def _record_once(
        self, session: Session, iteration: int, label: str | None, addition: Addition
    ) -> None:
        """Commit the rows unless they had reached the lake already."""
        if not self._is_there(session.name, iteration):
            self._record(session, label, addition)
        session.committed()

    def _is_there(self, session: str, iteration: int) -> bool:
        latest = islice(self.lake.newest_first(), LATEST)
        return any((r.facts.session, r.facts.iteration) == (session, iteration) for r in latest)

    def _layers(self, session: Session, label: str | None, addition: Addition) -> RunInfo:
        variant = session.best
        with self.builds.scratch("collect") as folder:
            program = self.builds.program_of(variant, folder)
            if not self.bare and not session.wrote(variant):
                # what a model wrote only ever runs in the sandbox; layers look at it from outside
                around = self.builds.surroundings
                program = replace(program, run=ConfinedRun.of(program.run, around))
            return self._collect(program, label, addition)

    def _collect(self, program: Program, label: str | None, addition: Addition) -> RunInfo:
        program = self.builds.of_size(program)
        options = Options(repeat=self.repeat, cachegrind=False, label=label)
        began = time.monotonic()
        found = collect(program, self.toolchain, self.lake, options, Progress(), addition)
        self._took = time.monotonic() - began
        return found
