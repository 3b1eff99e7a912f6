"""Measure what is missing of a study: case by case, each setting in turn with the baseline."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from collectors.base.threads import run_together
from corr.search.cases import Case
from corr.search.contents import hash_of
from corr.search.journal import Journal, claimed
from corr.search.lab import Arm, Lab, Sample, right
from corr.search.outcome import Failed, Outcome, Result, Role
from corr.search.settings import Setting
from corr.search.study import Clock, Measure
from corr.timing.clocks import CPU, KERNEL, WALL, Comparison, Pairs, Reading, Series, compared
from corr.timing.interleave import Limits, interleaved
from corr.timing.significance import p_value
from corr.timing.verdict import Verdict
from corr.workers.timer import alone, host_lock

#: A value that is slower than this beyond doubt is not timed on.
HOPELESS = math.sqrt(2)
#: Seconds between two looks for what another driver measures.
LOOK = 0.2
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """A setting that is asked for a case. `used`: what is advised, where that is asked for."""

    case: Case
    setting: Setting
    request: str
    role: Role = Role.value
    used: str | None = None

    @property
    def name(self) -> str:
        return "recommended" if self.role == Role.recommended else self.setting.name


@dataclass
class Engine:
    """Measures with a lab, into a journal. `host` is this machine's name."""

    lab: Lab
    journal: Journal
    baseline: Setting
    measure: Measure
    clock: Clock
    host: str = ""
    together: bool = True
    tell: Tell = lambda _line: None
    lock: Path = field(default_factory=host_lock)

    def plan(self, cases: Sequence[Case], settings: Sequence[Setting]) -> list[Task]:
        """Every setting for every case, in the order in which they are measured."""
        found = []
        for case in cases:
            base = self.lab.request(case, self.baseline)
            found += [self._task(case, setting, base) for setting in settings]
        return found

    def advised(self, case: Case, setting: Setting, used: str) -> Task:
        """What was recommended, for one case, where it chooses the setting `used`."""
        base = self.lab.request(case, self.baseline)
        return replace(self._task(case, setting, base, Role.recommended), used=used)

    def _task(self, case: Case, setting: Setting, base: str, role: Role = Role.value) -> Task:
        request = hash_of([base, self.lab.request(case, setting), str(role)])
        return Task(case, setting, request, role)

    def missing(self, tasks: Sequence[Task]) -> list[Task]:
        """Those without a result."""
        return [task for task in tasks if task.request not in self.journal.known.by_request]

    def forget_failures(self, tasks: Sequence[Task]) -> None:
        """Let what failed be tried again."""
        known = self.journal.known
        for task in tasks:
            found = known.by_request.get(task.request)
            if found is not None and found.outcome != Outcome.ok:
                known.forget(found)

    def run(self, tasks: Sequence[Task], done: Callable[[int], None] = lambda _n: None) -> None:
        """Measure those tasks that have no result; what another driver measures is waited for."""
        waiting = self.missing(tasks)
        while waiting:
            postponed: list[Task] = []
            for group in _by_case(waiting):
                self.journal.refresh()
                postponed += self._case(self.missing(group))
                done(len(tasks) - len(self.missing(tasks)))
            self.journal.refresh()
            waiting = self.missing(postponed)
            if waiting and len(waiting) == len(postponed):
                time.sleep(LOOK)

    def _case(self, tasks: Sequence[Task]) -> list[Task]:
        """Measure the settings of one case; those that another driver has in hand are left."""
        if not tasks:
            return []
        case = tasks[0].case
        try:
            base = self.lab.prepare(case, self.baseline)
            first = base.once(None)
            base.check()
        except Failed as failed:
            detail = f"{failed.outcome}: {failed.detail}"
            for task in tasks:
                self._failed(task, Failed(Outcome.baseline, detail), None)
            self.tell(f"{case.name}: the baseline {detail}")
            return []
        left = []
        for task, arm in zip(tasks, self._arms(tasks), strict=True):
            if isinstance(arm, Failed):
                self._failed(task, arm, None)
                continue
            key = hash_of([base.identity, arm.identity])
            if not self._measured(task, base, arm, key, first):
                left.append(task)
        return left

    def _arms(self, tasks: Sequence[Task]) -> list[Arm | Failed]:
        def prepared(task: Task) -> Arm | Failed:
            try:
                return self.lab.prepare(task.case, task.setting)
            except Failed as failed:
                return failed

        if not self.together:
            return [prepared(task) for task in tasks]
        return run_together([lambda task=task: prepared(task) for task in tasks])  # type: ignore[misc]

    def _measured(self, task: Task, base: Arm, arm: Arm, key: str, first: Sample) -> bool:
        """Keep a result, measured or known from equal code; False where another has it in hand."""
        if base.identity == arm.identity:
            self._equal(task, key, first)
            return True
        if self._again(task, key):
            return True
        with claimed(self.journal.folder, key) as ours:
            if not ours:
                return False
            self.journal.refresh()
            if not self._again(task, key):
                try:
                    self._compare(task, base, arm, key, first)
                except Failed as failed:
                    self._failed(task, failed, key, _seconds(self.clock, first.reading))
        return True

    def _again(self, task: Task, key: str) -> bool:
        """Take the result of a setting that gave the same code for this case."""
        known = self.journal.known.by_key.get(key)
        if known is None or task.request in self.journal.known.by_request:
            return known is not None
        same = None if known.setting == task.name else known.same_code_as or known.setting
        self.journal.result(replace(self._of(task, known), same_code_as=same))
        return True

    def _equal(self, task: Task, key: str, first: Sample) -> None:
        """The setting changes nothing for this case."""
        seconds = _seconds(self.clock, first.reading)
        known = self._row(task, Outcome.ok, key)
        known = replace(known, ratio=1.0, low=1.0, high=1.0, p_value=1.0, verdict=Verdict.same)
        known = replace(known, seconds=seconds, seconds_baseline=seconds)
        same = self.baseline.name if task.setting != self.baseline else None
        self.journal.result(replace(known, same_code_as=same))

    def _compare(self, task: Task, base: Arm, arm: Arm, key: str, first: Sample) -> None:
        limit = self.measure.limit(first.reading.wall)
        readings = self._kept_pairs(key)
        if not readings:
            right(base, arm, first, limit)
        stopped = ""
        pairs = Pairs.of(*zip(*readings, strict=True)) if readings else Pairs((), ())
        more = self._limits(len(pairs))
        if more is not None:
            for new in interleaved(
                lambda: self._once(base, None), lambda: self._once(arm, limit), self._clear, more
            ):
                pairs = Pairs.of((*pairs.a, new.a[-1]), (*pairs.b, new.b[-1]))
                self._keep(key, len(pairs) - 1, new.a[-1], new.b[-1])
                if len(pairs) >= 3 and self._hopeless(pairs):
                    stopped = "given up: slower by far"
                    break
        self.journal.result(replace(self._decided(task, pairs, key), detail=stopped))

    def _once(self, arm: Arm, limit: float | None) -> Reading:
        with alone(self.lock):
            return arm.once(limit).reading

    def _limits(self, have: int) -> Limits | None:
        """How many pairs are still needed; None where there are enough."""
        most = self.measure.most - have
        if most <= 0:
            return None
        fewest = max(3, self.measure.fewest - have)
        return Limits(fewest, max(most, fewest), self.measure.seconds)

    def _clear(self, pairs: Pairs) -> bool:
        return compare(self.clock, pairs).verdict != Verdict.inconclusive

    def _hopeless(self, pairs: Pairs) -> bool:
        found = compare(self.clock, pairs).ratio
        return found.known and found.low > HOPELESS

    def _decided(self, task: Task, pairs: Pairs, key: str) -> Result:
        found = compare(self.clock, pairs)
        before, after = found.series.medians
        ratio = found.ratio
        return replace(
            self._row(task, Outcome.ok, key),
            seconds=after,
            seconds_baseline=before,
            ratio=ratio.value,
            low=ratio.low,
            high=ratio.high,
            p_value=p_value(found.a, found.b),
            verdict=str(found.verdict),
            pairs=len(pairs),
            clock=found.clock,
        )

    def _failed(
        self, task: Task, failed: Failed, key: str | None, seconds: float | None = None
    ) -> None:
        row = replace(self._row(task, failed.outcome, key), detail=failed.detail)
        self.journal.result(replace(row, seconds_baseline=seconds))

    def _row(self, task: Task, outcome: Outcome, key: str | None) -> Result:
        return Result(
            case_name=task.case.name,
            setting=task.name,
            role=task.role,
            outcome=outcome,
            request=task.request,
            value=task.setting.number,
            used=task.used,
            key=key,
            host=self.host,
        )

    def _of(self, task: Task, known: Result) -> Result:
        """A known result as one of this task."""
        row = self._row(task, known.outcome, known.key)
        own = {n: getattr(row, n) for n in ("setting", "role", "request", "value", "used")}
        return replace(known, case_name=task.case.name, **own)

    # --- pairs ---------------------------------------------------------------------------------

    def _kept_pairs(self, key: str) -> list[tuple[Reading, Reading]]:
        """Pairs of a series that was interrupted."""
        found = []
        known = self.journal.known.pairs.get(key, {})
        for row in (known[number] for number in sorted(known)):
            sides = [
                Reading(row[f"wall_{s}"], row[f"cpu_{s}"], None, row[f"seconds_{s}"],
                        0 if row[f"seconds_{s}"] is None else 1)
                for s in "ab"
            ]  # fmt: skip
            found.append((sides[0], sides[1]))
        return found[: self.measure.most]

    def _keep(self, key: str, number: int, a: Reading, b: Reading, host: str = "") -> None:
        row: dict[str, Any] = {"study": self.journal.study, "key": key, "pair": number}
        for side, reading in (("a", a), ("b", b)):
            row[f"seconds_{side}"] = reading.kernel
            row[f"wall_{side}"], row[f"cpu_{side}"] = reading.wall, reading.cpu
        self.journal.pair(row | {"host": host or self.host})


def compare(clock: Clock, pairs: Pairs) -> Comparison:
    """Both sides by the clock that the study names; `auto` by the one that decides."""
    if clock == Clock.auto:
        return compared(pairs)
    name = {Clock.wall: WALL, Clock.cpu: CPU}.get(clock, KERNEL)
    a, b = (tuple(_seconds(clock, r) for r in side) for side in (pairs.a, pairs.b))
    return Comparison(Series(name, a, b, pairs.paired))


def _seconds(clock: Clock, reading: Reading) -> float:
    if clock == Clock.wall:
        return reading.wall
    if clock == Clock.cpu:
        return reading.cpu or reading.wall
    return reading.kernel if reading.kernel is not None else reading.wall


def _by_case(tasks: Sequence[Task]) -> list[list[Task]]:
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.case.name, []).append(task)
    return list(groups.values())
