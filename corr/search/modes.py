"""What the commands of `corr search` do with a study, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from collectors.base.errors import UsageError
from corr.console.progress import Progress
from corr.lake.store import Lake, RunInfo
from corr.search.advice import Advice
from corr.search.analysis import Analysis, analyse
from corr.search.cases import Case
from corr.search.engine import Task
from corr.search.lab import Lab
from corr.search.sampling import sampled
from corr.search.session import Session, opened
from corr.search.settings import Setting, combinations, settings
from corr.search.snapshot import KIND
from corr.search.study import MOST_SETTINGS, Measure, Study
from corr.search.verdict import counted
from corr.system.interrupts import kill_as_interrupt

Tell = Callable[[str], None]
#: Pairs at most in `quick`.
QUICK_PAIRS = 5


@dataclass(frozen=True)
class Mode:
    """Which steps a command takes. `single`: prove the best single value; `retry`: what failed is
    tried again; `why`: say why values of clang's knobs are faster, None: where it proves.
    """

    name: str
    measures: bool = True
    proves: bool = True
    quick: bool = False
    single: bool = False
    retry: bool = False
    why: bool | None = None


MODES = {
    "quick": Mode("quick", quick=True),
    "full": Mode("full"),
    "run": Mode("run", proves=False),
    "analyze": Mode("analyze", measures=False, proves=False),
    "test-optimized": Mode("test-optimized", measures=False),
}


@dataclass(frozen=True)
class Done:
    """What a command did: the run, its analysis, the advice and the cases of each class."""

    study: Study
    run: RunInfo
    analysis: Analysis
    advice: Sequence[Advice]
    groups: Mapping[str, Sequence[Case]]
    missing: int


def go(
    study: Study,
    lake: Lake,
    mode: Mode,
    tell: Tell,
    lab: Lab | None = None,
    workers: str | None = None,
) -> Done:
    """Do the steps of a mode and commit what is known then; `workers`: on Dask's.

    A result that is measured is kept at once: after an interrupt or a kill the same command goes
    on. Raises UsageError.
    """
    with kill_as_interrupt(), opened(study, lake, tell, lab, workers) as session:
        if mode.quick:
            session.engine.measure = _quickly(study.measure)
        wanted, asked = _wanted(session, mode, tell)
        missing = len(session.engine.missing(asked))
        if not mode.measures and not session.results:
            _take_earlier(session, mode, tell)
        session.engine.measure = study.measure  # what is proved is measured as in any other mode
        session.settle()
        advice = session.advise(_all_of(session, wanted))
        proof = session.advised(advice, single=mode.single)
        if mode.retry:
            session.engine.forget_failures(proof)
        if mode.proves and proof:
            _measure(session, proof, tell, f"{study.name}: proving what is recommended")
            session.settle()
        run = session.commit(mode.name, advice, _reasons(session, mode, tell))
        return Done(study, run, analyse(lake, run), advice, session.groups, missing)


def _take_earlier(session: Session, mode: Mode, tell: Tell) -> None:
    """Show what was measured before something changed. Raises UsageError where that is to prove."""
    changed = session.show_earlier()
    if not changed:
        return
    again = "`corr search full` measures again"
    if mode.proves:
        raise UsageError(f"what is known was measured before {changed} changed", again)
    tell(f"what is shown was measured before {changed} changed: {again}")


def _quickly(measure: Measure) -> Measure:
    """With few pairs."""
    fewest = min(measure.fewest, QUICK_PAIRS)
    return replace(measure, fewest=fewest, most=max(fewest, QUICK_PAIRS))


def _wanted(session: Session, mode: Mode, tell: Tell) -> tuple[list[Setting], list[Task]]:
    """The settings that the mode is about, and the tasks of them, measured if it measures."""
    study = session.study
    if len(study.knobs) > 1 and combinations(study, quick=mode.quick) > MOST_SETTINGS:
        if mode.measures:
            return sampled(session, study.sample.trials, tell)
        known = session.known_settings()
        return known, session.ask(known)
    wanted = settings(study, quick=mode.quick)
    asked = session.ask(wanted)
    if not mode.measures and (len(study.knobs) == 1 or not mode.quick):
        asked += session.ask(settings(study, quick=True))
    if mode.retry and mode.measures:
        session.engine.forget_failures(asked)
    if mode.measures:
        _measure(session, asked, tell, f"{study.name}: measuring")
    return wanted, asked


def _reasons(session: Session, mode: Mode, tell: Tell) -> list[dict[str, Any]]:
    """Why values are faster: asked anew where something was measured, else as it was found."""
    learned = bool(session.journal.results)
    if mode.why or (mode.why is None and mode.proves and learned):
        if session.study.build.sources:
            tell(f"{session.study.name}: comparing the builds of the largest gains")
        return session.why()
    earlier = (
        run for run in session.lake.newest_first()
        if run.facts.kind == KIND and run.facts.program == session.study.name
    )  # fmt: skip
    found = next(earlier, None)
    table = found.table("search_reasons") if found else None
    return table.drop_columns("run_id").to_pylist() if table is not None else []


def _all_of(session: Session, wanted: Sequence[Setting]) -> list[Setting]:
    """Every setting that was asked for, those of quick mode too."""
    return list(dict.fromkeys([*wanted, *(task.setting for task in session.tasks)]))


def _measure(session: Session, tasks: Sequence[Task], tell: Tell, what: str) -> None:
    missing = len(session.engine.missing(tasks))
    if not missing:
        return
    known = len(tasks) - missing
    results = counted(missing, "result")
    tell(f"{what}: {results} to go" + (f", {known} are known" if known else ""))
    with Progress() as progress, progress.amount(what, len(tasks)) as done:
        session.measure(tasks, done)
