"""The roof of a session: looked for once, and asked after each trial whether it is reached."""

from __future__ import annotations

from dataclasses import dataclass, field

from collectors.base.errors import CorrError
from collectors.base.table import Problem
from corr.lake.store import Lake, RunInfo
from corr.optimize import hot_nests, resume, roof
from corr.optimize.hot_nests import HotNests
from corr.optimize.judging.speed import Tell
from corr.optimize.prepare_original import Original
from corr.optimize.roof import Parts, Roof
from corr.optimize.session import Session
from corr.roofs import peaks
from corr.roofs.shares import told

#: Seconds that it takes to find the roof.
LEAST_SECONDS = 3.0


@dataclass
class NearRoof:
    """Finds the roof of a session's original, and ends the search below it.

    `run` is a run of the original with all layers; None: there is none.
    """

    lake: Lake
    session: Session
    original: Original
    tell: Tell
    run: RunInfo | None = field(init=False, default=None)
    parts: Parts = field(init=False, default_factory=Parts)

    def find(self, nests: HotNests) -> None:
        """Give the session its roof; `nests` are those of the original."""
        session = self.session
        try:
            found, self.parts = self._found(nests)
        except CorrError as error:
            found = Roof(why=error.message.splitlines()[0])
        session.under(found)
        if found.seconds is None:
            why = f"how much the machine allows is not known: {found.why}"
            session.problems.append(Problem(roof.LAYER, session.original.program.name, why))
            self.tell(f"  {why}")
            return
        before = session.roof_share(session.original_seconds)
        words = told(before)
        self.tell(f"  the original is at {words} ({found.detail}: {found.seconds:.3g} s)")

    def _found(self, nests: HotNests) -> tuple[Roof, Parts]:
        session, builds = self.session, self.original.contest.builds
        if builds.budget.left < LEAST_SECONDS:
            return Roof(why="there is no time to find it out"), Parts()
        self.run = self._layered()
        if self.run is None:
            return Roof(why="there was no time for the layers of the original"), Parts()
        program = session.original.program
        if self.original.asked is not None:
            program = builds.of_size(program)
            nests = hot_nests.find(self.lake, self.run, program, builds.toolchain)
        contest = self.original.contest
        if contest.own_clock and (builds.declared or not (builds.always or contest.repeats)):
            return Roof(why="which of its loops its own clock times is not known"), Parts()
        return roof.find(
            self.lake,
            self.run,
            program,
            nests,
            seconds=session.original_seconds,
            own_clock=contest.own_clock,
            reassociation=session.order.allow_reassociation,
        )

    def _layered(self) -> RunInfo | None:
        """A run of the original with all layers."""
        try:
            run = self.lake.find(resume.original_run(self.lake, self.session.name))
        except CorrError:
            return None
        if run.table("loops") is not None:
            return run
        return self.session.best_run if self.session.measured is self.session.original else None

    def reached(self) -> bool:
        """Nothing is left to look for, which is told. The roofs are measured again to say so."""
        session = self.session
        if not session.exhausted or self.run is None:
            return False
        found, _ = peaks.again(self.lake, self.run)
        if found is None:
            return False
        order = session.order
        fused = roof.contracted(session.original.program, reassociation=order.allow_reassociation)
        session.under(self.parts.roof(found, fused=fused))
        if not session.exhausted or session.reached is None or session.roof is None:
            return False
        share, low = session.reached.value, session.reached.low or 0.0
        session.ended = (
            f"the best is at {share:.0%} of what this machine allows (at least {low:.0%}; "
            f"{session.roof.detail}): nothing more is tried"
        )
        name = session.original.program.name
        session.problems.append(Problem(roof.LAYER, name, session.ended))
        self.tell(session.ended)
        return True
