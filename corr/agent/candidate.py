"""One candidate given by hand, judged as `corr optimize` judges its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from collectors.base.toolchain import Toolchain
from corr.agent.budget import plain
from corr.agent.results import Judged
from corr.collect.again import rebuilt
from corr.lake.live import Beacon
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.optimize.loop import Optimisation
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.source import Source
from corr.optimize.proposal import Proposal, Situation, Trial
from corr.optimize.request import Order
from corr.optimize.resume import original_run
from corr.optimize.session import Session
from corr.optimize.variant import Move
from corr.program.model import Program

#: What the rows of `iterations` call who proposed it.
NAME = "agent"
#: Checks that are told of, and lines of the way there.
MOST_CHECKS, MOST_SAID = 12, 20


class Given:
    """Proposes what it was given, once."""

    name = NAME

    def __init__(self, proposal: Proposal) -> None:
        self._proposal = proposal

    def propose(self, situation: Situation) -> Iterable[Proposal]:
        return [self._proposal] if not situation.history else []

    def tell(self, trial: Trial) -> None:
        """There is nothing to learn from it here."""


def moves(edits: Sequence[tuple[str, str, str]], flags: Sequence[str]) -> tuple[Move, ...]:
    """Edits (file, what to search for, what to put there), and flags to add, as moves."""
    found: list[Move] = []
    by_file: dict[str, list[tuple[str, str]]] = {}
    for file, search, replace in edits:
        by_file.setdefault(file, []).append((search, replace))
    found += [Source(file, tuple(pairs)) for file, pairs in by_file.items()]
    if flags:
        found.append(Flags(add=tuple(flags)))
    return tuple(found)


def judge(
    lake: Lake,
    run: RunInfo,
    toolchain: Toolchain,
    changes: tuple[Move, ...],
    reason: str,
    allow_reassociation: bool,
    tell: Callable[[str], None],
) -> Judged:
    """Gate, build, check and time one candidate against the program of a run.

    Raises CorrError where the original cannot be had: its sources changed, or there is no sandbox.
    """
    program = _program(lake, run)
    proposal = Proposal(changes, reason, NAME)
    order = Order(
        iterations=1,
        candidates=1,
        proposer=NAME,
        allow_reassociation=allow_reassociation,
        label=NAME,
    )
    said: list[str] = []

    def heard(line: str) -> None:
        said.append(plain(line.strip()))
        tell(line.strip())

    with scratch("agent") as folder, Beacon(lake, program.name) as beacon:
        optimisation = Optimisation(
            program, toolchain, lake, order, Given(proposal), Path(folder), beacon.telling(heard)
        )
        session = optimisation.run()
    return _judged(lake, session, said)


def _program(lake: Lake, run: RunInfo) -> Program:
    """The program of a run; of the original, where the run is of a candidate that was tried.

    Its files are as they were: a candidate that was accepted is in none of them, unless whoever
    asks has put it there.
    """
    try:
        return rebuilt(run, ())
    except CorrError:
        if run.facts.session is None:
            raise
        return rebuilt(lake.find(original_run(lake, run.facts.session)), ())


def _judged(lake: Lake, session: Session, said: Sequence[str]) -> Judged:
    trial = session.trials[0] if session.trials else None
    ratio = trial.ratio if trial else None
    rows = ask(
        lake,
        "SELECT patch FROM iterations WHERE session = ? AND role = 'proposal' LIMIT 1",
        [session.name],
    ).to_pylist()
    checks = ask(
        lake, "SELECT * EXCLUDE (run_id, session) FROM checks WHERE session = ?", [session.name]
    )
    return Judged(
        outcome=str(trial.outcome) if trial else "not tried",
        detail=plain(trial.detail) if trial else session.came_to,
        guarantee=str(trial.guarantee) if trial else "unknown",
        speedup=1 / ratio.value if ratio else None,
        speedup_low=1 / ratio.high if ratio else None,
        speedup_high=1 / ratio.low if ratio else None,
        seconds=trial.seconds if trial else None,
        session=session.name,
        run=session.best_run.run_id,
        patch=plain(rows[0]["patch"]) if rows else None,
        checks=[plain(row) for row in checks.to_pylist()[:MOST_CHECKS]],
        said=list(said[-MOST_SAID:]),
    )
