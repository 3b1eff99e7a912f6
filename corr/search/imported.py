"""Times that something else measured, entered as results of a study and analysed like its own.

Rows of one case and setting are repetitions: the first is compared with the baseline's first, and
so on. Where there are fewer than three a difference counts by its size alone. What is recommended
is proved by the times of the values that it chooses, or by rows of its own. They are kept apart
from what corr measures, and used for nothing but the analysis of this import.
"""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from collectors.base.errors import UsageError
from collectors.base.foreign_text import one_line
from corr.lake.store import Lake
from corr.search.advice import RECOMMENDED as ADVISED
from corr.search.advice import Advice
from corr.search.analysis import analyse
from corr.search.cases import Case
from corr.search.clocks import Timed
from corr.search.contents import hash_of
from corr.search.engine import Task
from corr.search.lab import Arm
from corr.search.modes import Done, Tell
from corr.search.outcome import Outcome, Result, Role
from corr.search.session import Session, opened
from corr.search.settings import Setting, settings
from corr.search.study import Study
from corr.search.verdict import IMPORT
from corr.timing.clocks import UNITS

MODE = IMPORT
#: A row of this setting is the recommendation, as it was measured.
RECOMMENDED = "recommended"
#: Seconds of each repetition by case and setting; None: it failed.
Times = Mapping[tuple[str, str], Sequence[float | None]]


def read(path: Path, unit: str = "s") -> Times:
    """Seconds by case and setting, of the columns `case`, `setting` and `time` of a CSV file.

    They are in the order of its rows; None for a time that is not a number above zero: it failed.
    Raises UsageError.
    """
    if unit not in UNITS:
        raise UsageError(f"--unit: one of {', '.join(UNITS)}, not {unit}")
    found: dict[tuple[str, str], list[float | None]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"case", "setting", "time"}.difference(reader.fieldnames or ())
            if missing:
                raise UsageError(f"{path}: there is no column {', '.join(sorted(missing))}")
            for row in reader:
                rows = found.setdefault((row["case"] or "", row["setting"] or ""), [])
                rows.append(_seconds(row["time"], UNITS[unit]))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: {error}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    return found


def enter(study: Study, lake: Lake, times: Times, tell: Tell) -> Done:
    """A run of the study with these times in place of measured ones. Raises UsageError."""
    with opened(study, lake, tell, _Nothing()) as session:
        base = session.engine.baseline
        wanted = settings(study)
        named = {setting.name: setting for setting in (base, *wanted)}
        cases = {case.name: case for case in session.cases}
        _check(times, cases, {*named, RECOMMENDED})
        for (case, name), seconds in times.items():
            before = times.get((case, base.name), ())
            if name == base.name:
                continue
            role = Role.recommended if name == RECOMMENDED else Role.value
            setting = base if role == Role.recommended else named[name]
            task = Task(cases[case], setting, hash_of([MODE, case, name, seconds, before]), role)
            session.tasks.append(task)
            session.journal.result(_result(task, seconds, before))
        advice = session.advise(wanted)
        if not any(name == RECOMMENDED for _, name in times):
            _prove(session, advice, times)
        run = session.commit(MODE, advice)
        return Done(study, run, analyse(lake, run), advice, session.groups, 0)


def _prove(session: Session, advice: Sequence[Advice], times: Times) -> None:
    """What is recommended for a case has the times of the value that it chooses there."""
    base = session.engine.baseline
    for one in advice:
        for case in session.groups.get(one.group, ()) if one.verdict == ADVISED else ():
            used = one.setting(case)
            seconds, before = (times.get((case.name, n), ()) for n in (used, base.name))
            if not seconds:
                continue
            request = hash_of([MODE, RECOMMENDED, case.name, used, seconds, before])
            task = Task(case, base, request, Role.recommended, used)
            session.tasks.append(task)
            session.journal.result(replace(_result(task, seconds, before), used=used))


def _result(task: Task, seconds: Sequence[float | None], before: Sequence[float | None]) -> Result:
    """The result of the repetitions of a setting and of the baseline, as many as both have."""
    pairs = list(zip(before, seconds, strict=False))
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    failed = Result(
        case_name=task.case.name,
        setting=task.name,
        role=task.role,
        outcome=Outcome.no_time,
        request=task.request,
        value=task.setting.number,
        detail="no time was imported",
        seconds_baseline=before[0] if before else None,
        pairs=len(pairs),
    )
    if not pairs or len(known) < len(pairs):
        return failed
    found = Timed("imported", tuple(a for a, _ in known), tuple(b for _, b in known))
    first, second = found.medians
    result = replace(
        failed,
        outcome=Outcome.ok,
        detail="",
        seconds=second,
        seconds_baseline=first,
        ratio=found.ratio.value,
        p_value=found.p_value,
    )
    ends = found.ratio
    return replace(result, low=ends.low, high=ends.high) if ends.known else result


def _check(times: Times, cases: Mapping[str, Case], names: set[str]) -> None:
    for case, name in times:
        if case not in cases:
            known = [*cases]
            near = difflib.get_close_matches(case, known, 1, 0.3) or known[:1]
            raise UsageError(
                f"the study has no case {one_line(case, 60)!r}",
                f"cases are called as {one_line(near[0], 60)!r}" if near else "",
            )
        if name not in names:
            raise UsageError(
                f"the study has no setting {name!r}", f"settings: {', '.join(sorted(names))}"
            )


def _seconds(text: str | None, unit: float) -> float | None:
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found * unit if math.isfinite(found) and found > 0 else None


class _Nothing:
    """A lab that measures nothing."""

    depends: Mapping[str, str] = {}

    def request(self, case: Case, setting: Setting) -> str:
        return hash_of([MODE, case.name, setting.name])

    def prepare(self, case: Case, setting: Setting) -> Arm:
        raise AssertionError(f"{case.name}, {setting.name}: an import measures nothing")
