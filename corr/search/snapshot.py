"""A run of the lake with all that is known of a study: what its views, and reports, read."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from corr import __version__
from corr.lake.run_facts import RunFacts
from corr.lake.search_tables import SEARCH_CASES, SEARCH_PAIRS, SEARCH_RESULTS, SEARCHES
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import TABLES
from corr.program.machine import cores, cpu_model, kernel, this_machine
from corr.search.cases import Case
from corr.search.engine import Task
from corr.search.journal import Journal
from corr.search.outcome import Outcome, Result, Role
from corr.search.settings import Setting
from corr.search.split import class_of
from corr.search.study import Study

KIND = "search"


@dataclass(frozen=True)
class Snapshot:
    """What a run is made of. `tasks` are what the study asks for; `mode` the command."""

    study: Study
    mode: str
    cases: Sequence[Case]
    parts: Mapping[str, str]
    baseline: Setting
    tasks: Sequence[Task]
    same: Mapping[str, str] = field(default_factory=dict)
    compiler: str = ""
    depends: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, pa.Table] = field(default_factory=dict)

    def commit(self, lake: Lake, journal: Journal) -> RunInfo:
        """Commit the run: all of the journal, and what is known of the tasks, is in it."""
        tables = {
            "searches": SEARCHES.rows([self._search()]),
            "search_cases": SEARCH_CASES.rows(map(self._case, self.cases)),
            "search_results": SEARCH_RESULTS.rows(self._results(journal)),
            "search_pairs": SEARCH_PAIRS.rows(journal.pairs),
            "problems": TABLES["problems"].empty(),
            **self.more,
        }
        facts = RunFacts(
            program=self.study.name,
            kind=KIND,
            started=datetime.now(UTC),
            seconds=0.0,
            root=str(self.study.folder),
            compiler=self.compiler or None,
            cpu=cpu_model(),
            cores=cores(),
            kernel=kernel(),
            corr=__version__,
            aside=True,
        )
        with lake.stage() as staging:
            run = staging.commit_run(facts, tables)
        journal.committed()
        return run

    def _search(self) -> dict[str, Any]:
        return {
            "study": self.study.name,
            "mode": self.mode,
            "file": self.study.file,
            "text": self.study.text,
            "knobs": [knob.name for knob in self.study.knobs],
            "baseline": self.baseline.name,
            "settings": list(dict.fromkeys(task.name for task in self.tasks)),
            "cases": len(self.cases),
            "held_out": sum(part != "tuning" for part in self.parts.values()),
            "machine": this_machine(),
            "compiler": self.compiler or None,
            "depends": list(self.depends.items()),
        }

    def _case(self, case: Case) -> dict[str, Any]:
        same = self.same.get(case.name, case.name)
        return {
            "study": self.study.name,
            "case_name": case.name,
            "part": self.parts[case.name],
            "class": class_of(case, self.study.recommend.classes),
            "features": list(case.features.items()),
            "labels": list(case.labels.items()),
            "same_case_as": None if same == case.name else same,
        }

    def _results(self, journal: Journal) -> Iterable[dict[str, Any]]:
        found = of_tasks(self.tasks, journal)
        own = baselines(found, self.baseline)
        seconds = {result.case_name: result.seconds for result in own}
        for result in [*(_of_baseline(r, self.baseline, seconds) for r in found), *own]:
            yield {"study": self.study.name, "current": True, **result.to_row()}
        current = {task.request for task in self.tasks}
        for result in journal.results:
            if result.request not in current:
                yield {"study": self.study.name, "current": False, **result.to_row()}


def of_tasks(tasks: Sequence[Task], journal: Journal) -> list[Result]:
    """What is known of these tasks; cases that are the same command share what was measured."""
    known = journal.known.by_request
    return [
        replace(known[task.request], case_name=task.case.name)
        for task in tasks
        if task.request in known
    ]


def _of_baseline(result: Result, baseline: Setting, seconds: Mapping[str, float | None]) -> Result:
    """A result of the baseline's own code has the baseline's time: it was not timed for itself."""
    if result.same_code_as != baseline.name or result.case_name not in seconds:
        return result
    known = seconds[result.case_name]
    return replace(result, seconds=known, seconds_baseline=known)


def baselines(results: Sequence[Result], baseline: Setting) -> list[Result]:
    """The baseline's own row of each case: the median of what it took beside all values.

    Where nothing was timed beside it, what a single run of it took.
    """
    seconds: dict[str, list[float]] = {}
    timed = {result.case_name for result in results if result.pairs}
    for result in results:
        counts = bool(result.pairs) or result.case_name not in timed
        if result.seconds_baseline is not None and result.role == Role.value and counts:
            seconds.setdefault(result.case_name, []).append(result.seconds_baseline)
    empty = Result("", baseline.name, Role.baseline, Outcome.ok, "", value=baseline.number)
    known = replace(empty, ratio=1.0, low=1.0, high=1.0, verdict="same")
    return [
        replace(
            known,
            case_name=case,
            request=f"baseline {case}",
            seconds=statistics.median(values),
            seconds_baseline=statistics.median(values),
        )
        for case, values in seconds.items()
    ]
