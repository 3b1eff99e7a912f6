"""Times that something else measured, entered as results of a study and analysed like its own.

They come without repetitions, so that a difference counts by its size alone; they are kept apart
from what corr measures, and used for nothing but the analysis of this import.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

from collectors.base.errors import UsageError
from corr.lake.store import Lake
from corr.search.analysis import analyse
from corr.search.cases import Case
from corr.search.contents import hash_of
from corr.search.engine import Task
from corr.search.lab import Arm
from corr.search.modes import Done, Tell
from corr.search.outcome import Outcome, Result, Role
from corr.search.session import opened
from corr.search.settings import Setting, settings
from corr.search.study import Study
from corr.timing.clocks import UNITS

MODE = "import"
#: A row of this setting is the recommendation, as it was measured.
RECOMMENDED = "recommended"
Times = Mapping[tuple[str, str], float | None]


def read(path: Path, unit: str = "s") -> Times:
    """Seconds by case and setting, of the columns `case`, `setting` and `time` of a CSV file.

    None for a time that is not a number above zero: it failed. Raises UsageError.
    """
    if unit not in UNITS:
        raise UsageError(f"--unit: one of {', '.join(UNITS)}, not {unit}")
    found: dict[tuple[str, str], float | None] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"case", "setting", "time"}.difference(reader.fieldnames or ())
            if missing:
                raise UsageError(f"{path}: there is no column {', '.join(sorted(missing))}")
            for row in reader:
                found[row["case"] or "", row["setting"] or ""] = _seconds(row["time"], UNITS[unit])
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
            before = times.get((case, base.name))
            if name == base.name:
                continue
            role = Role.recommended if name == RECOMMENDED else Role.value
            setting = base if role == Role.recommended else named[name]
            task = Task(cases[case], setting, hash_of([MODE, case, name, seconds, before]), role)
            session.tasks.append(task)
            session.journal.result(_result(task, seconds, before))
        advice = session.advise(wanted)
        run = session.commit(MODE, advice)
        return Done(study, run, analyse(lake, run), advice, session.groups, 0)


def _result(task: Task, seconds: float | None, before: float | None) -> Result:
    ok = seconds is not None and before is not None
    return Result(
        case_name=task.case.name,
        setting=task.name,
        role=task.role,
        outcome=Outcome.ok if ok else Outcome.no_time,
        request=task.request,
        value=task.setting.number,
        detail="" if ok else "no time was imported",
        seconds=seconds,
        seconds_baseline=before,
        ratio=seconds / before if seconds is not None and before is not None else None,
        pairs=1,
    )


def _check(times: Times, cases: Mapping[str, Case], names: set[str]) -> None:
    for case, name in times:
        if case not in cases:
            raise UsageError(f"the study has no case {case!r}")
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

    def request(self, case: Case, setting: Setting) -> str:
        return hash_of([MODE, case.name, setting.name])

    def prepare(self, case: Case, setting: Setting) -> Arm:
        raise AssertionError(f"{case.name}, {setting.name}: an import measures nothing")
