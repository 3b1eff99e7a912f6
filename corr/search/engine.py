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
from corr.search.clocks import Timed, clock_of, disagreement, seconds, timed
from corr.search.contents import hash_of
from corr.search.journal import Journal, claimed
from corr.search.lab import Arm, Lab, Sample, right
from corr.search.outcome import Failed, Outcome, Result, Role
from corr.search.settings import Setting
from corr.search.study import Clock, Measure
from corr.timing.clocks import Pairs, Reading
from corr.timing.interleave import Limits, interleaved
from corr.timing.verdict import Verdict
from corr.workers.timer import alone, host_lock

#: A value that is slower than this beyond doubt is not timed on.
HOPELESS = math.sqrt(2)
#: False discoveries among the differences of a setting that are allowed: as queries/views/
#: search_changes.sql has it. A case that is sure by its share of them is sure whatever others are.
DISCOVERY = 0.05
GIVEN_UP, LATE = "given up: slower by far", "undecided when its seconds were over"
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
    """Measures with a lab, into a journal. `host` is this machine's name; `tests`: cases that a
    setting is judged by together.
    """

    lab: Lab
    journal: Journal
    baseline: Setting
    measure: Measure
    clock: Clock
    host: str = ""
    together: bool = True
    tests: int = 1
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
        """Those without a result, or with one of fewer pairs than it needs by now."""
        known = self.journal.known.by_request
        return [t for t in tasks if t.request not in known or self._short(known[t.request])]

    def _short(self, found: Result) -> bool:
        """It rests on too few pairs: `fewest` was raised, or it may go on as it is undecided."""
        if found.outcome != Outcome.ok or not found.pairs or found.detail == GIVEN_UP:
            return False
        if found.pairs < self.measure.fewest:
            return True
        undecided = found.verdict == Verdict.inconclusive and found.detail != LATE
        return undecided and found.pairs < self.measure.most

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
            self.tell(f"{case.name}: the baseline fails: {detail}")
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
                    self._failed(task, failed, key, self._seconds(first.reading))
        return True

    def _again(self, task: Task, key: str) -> bool:
        """Take the result of a setting that gave the same code for this case."""
        known = self.journal.known.by_key.get(key)
        if known is None or self._short(known):
            return False
        if not self.missing([task]):
            return True
        same = None if known.setting == task.name else known.same_code_as or known.setting
        self.journal.result(replace(self._of(task, known), same_code_as=same))
        return True

    def _equal(self, task: Task, key: str, first: Sample) -> None:
        """The setting changes nothing for this case."""
        taken = self._seconds(first.reading)
        known = self._row(task, Outcome.ok, key)
        known = replace(known, ratio=1.0, low=1.0, high=1.0, p_value=1.0, verdict=Verdict.same)
        known = replace(known, seconds=taken, seconds_baseline=taken)
        same = self.baseline.name if task.setting != self.baseline else None
        self.journal.result(replace(known, same_code_as=same))

    def _compare(self, task: Task, base: Arm, arm: Arm, key: str, first: Sample) -> None:
        limit = self.measure.limit(first.reading.wall)
        readings = self._kept_pairs(key)
        if not readings:
            right(base, arm, first, limit)
        stopped, began = "", time.monotonic()
        pairs = Pairs.of(*zip(*readings, strict=True)) if readings else Pairs((), ())
        more = self._limits(len(pairs)) if not self._enough(pairs) else None
        if more is not None:
            for new in interleaved(
                lambda: self._once(base, None),
                lambda: self._once(arm, limit),
                lambda _p: False,
                more,
            ):
                pairs = Pairs.of((*pairs.a, new.a[-1]), (*pairs.b, new.b[-1]))
                self._keep(key, len(pairs) - 1, new.a[-1], new.b[-1])
                if self._hopeless(pairs):
                    stopped = GIVEN_UP
                    break
                if self._enough(pairs) or len(pairs) >= self.measure.most:
                    break
            stopped = stopped or self._late(pairs, began)
        self.journal.result(replace(self._decided(task, pairs, key), detail=stopped))

    def _enough(self, pairs: Pairs) -> bool:
        """The pairs decide: asked of an odd number of them, so that a median is a run."""
        count = len(pairs)
        return count >= self.measure.fewest and count % 2 == 1 and self._clear(pairs)

    def _late(self, pairs: Pairs, began: float) -> str:
        """Why no more pairs were measured, where that is for want of time."""
        late = time.monotonic() - began > self.measure.seconds
        return LATE if late and len(pairs) < self.measure.most and not self._clear(pairs) else ""

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

    def _timed(self, pairs: Pairs) -> Timed:
        return timed(clock_of(self.clock, pairs.every), pairs)

    def _seconds(self, reading: Reading) -> float:
        return seconds(clock_of(self.clock, [reading]), reading)

    @property
    def _sure(self) -> float:
        """The probability at which a difference counts among those of all cases."""
        return DISCOVERY / max(1, self.tests)

    def _clear(self, pairs: Pairs) -> bool:
        return self._timed(pairs).verdict(self._sure) != Verdict.inconclusive

    def _hopeless(self, pairs: Pairs) -> bool:
        found = self._timed(pairs)
        return found.ratio.low > HOPELESS and found.verdict(self._sure) == Verdict.slower

    def _decided(self, task: Task, pairs: Pairs, key: str) -> Result:
        return self.judged(self._row(task, Outcome.ok, key), self._timed(pairs), pairs)

    def judged(self, row: Result, found: Timed, pairs: Pairs) -> Result:
        """A result with what its pairs say by a clock."""
        before, after = found.medians
        return replace(
            row,
            seconds=after,
            seconds_baseline=before,
            ratio=found.ratio.value,
            low=found.ratio.low,
            high=found.ratio.high,
            p_value=found.p_value,
            verdict=str(found.verdict(self._sure)),
            pairs=len(pairs),
            clock=found.clock,
            disagreement=disagreement(self.clock, found, pairs),
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
        """Pairs of a series that was interrupted, or goes on."""
        return self.journal.readings(key)[: self.measure.most]

    def _keep(self, key: str, number: int, a: Reading, b: Reading, host: str = "") -> None:
        row: dict[str, Any] = {"study": self.journal.study, "key": key, "pair": number}
        for side, reading in (("a", a), ("b", b)):
            row[f"seconds_{side}"] = reading.kernel
            row[f"wall_{side}"], row[f"cpu_{side}"] = reading.wall, reading.cpu
        self.journal.pair(row | {"host": host or self.host})


def _by_case(tasks: Sequence[Task]) -> list[list[Task]]:
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.case.name, []).append(task)
    return list(groups.values())
