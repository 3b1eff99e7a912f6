"""A study measured by Dask's workers: pairs in flight on every host, decided by one driver."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from collectors.base.foreign_text import one_line
from corr.search import workers
from corr.search.engine import GIVEN_UP, Engine, Task
from corr.search.lab import Sample
from corr.search.outcome import Failed, Outcome
from corr.search.study import Study
from corr.search.workers import Answer
from corr.timing.clocks import Pairs, Reading
from corr.workers.hosts import Hosts

#: Series in flight for each worker.
AHEAD = 2


@dataclass
class Series:
    """A task whose pairs are being measured."""

    task: Task
    key: str | None = None
    readings: list[tuple[Reading, Reading]] = field(default_factory=list)
    asked: int = 0
    started: float = field(default_factory=time.monotonic)


@dataclass
class RemoteEngine(Engine):
    """An engine whose pairs are measured by workers."""

    study: Study = field(kw_only=True)
    hosts: Hosts = field(kw_only=True)

    def run(self, tasks: Sequence[Task], done: Callable[[int], None] = lambda _n: None) -> None:
        """Measure those tasks that have no result, several at a time."""
        import distributed

        waiting = deque(self.missing(tasks))
        going: dict[Any, Series] = {}
        first_of: dict[str, Series] = {}
        followers: dict[str, list[Series]] = {}
        each: Any = distributed.as_completed
        completed = each(loop=self.hosts.client.loop)
        most = AHEAD * len(self.hosts.chosen)

        def ask(series: Series) -> None:
            future = self._submitted(series)
            going[future.key] = series
            completed.add(future)

        while waiting and len(going) < most:
            ask(Series(waiting.popleft()))
        for future in completed:
            series = going.pop(future.key)
            answer = _answer(future)
            if answer.key is not None and first_of.setdefault(answer.key, series) is not series:
                # equal code is being measured already, or was
                if not self._again(series.task, answer.key):
                    followers.setdefault(answer.key, []).append(series)
            elif self._goes_on(series, answer):
                ask(series)
            else:
                for other in followers.pop(answer.key or "", ()):
                    self._again(other.task, answer.key or "")
            self.journal.refresh()
            done(len(tasks) - len(self.missing(tasks)))
            while waiting and len(going) < most:
                task = waiting.popleft()
                if self.missing([task]):
                    ask(Series(task))

    def _submitted(self, series: Series) -> Any:
        number = series.asked
        series.asked += 1
        task = series.task
        return self.hosts.submit(workers.pair, self.study, task.case, task.setting, number)

    def _goes_on(self, series: Series, answer: Answer) -> bool:
        """Keep what a pair gave; whether another one is needed."""
        task = series.task
        if answer.failed is not None:
            self._failed(task, Failed(answer.failed, answer.detail), answer.key)
            return False
        key, a, b = answer.key, answer.a, answer.b
        assert key is not None and a is not None and b is not None
        if answer.equal:
            self._equal(task, key, Sample(a))
            return False
        if series.key is None:
            series.key = key
            if self._again(task, key):
                return False
            series.readings = self._kept_pairs(key)
        self._keep(key, len(series.readings), a, b, answer.host)
        series.readings.append((a, b))
        pairs = Pairs.of(*zip(*series.readings, strict=True))
        stopped = GIVEN_UP if self._hopeless(pairs) else ""
        late = time.monotonic() - series.started > self.measure.seconds
        if not (stopped or late or self._enough(pairs) or len(pairs) >= self.measure.most):
            return True
        if len(pairs) < self.measure.fewest and not stopped:
            return True
        stopped = stopped or self._late(pairs, series.started)
        self.journal.result(replace(self._decided(task, pairs, key), detail=stopped))
        return False


def _answer(future: Any) -> Answer:
    """What a pair gave; what is said where its workers died of it time after time."""
    error = future.exception()
    if error is None:
        answer: Answer = future.result()
        return answer
    detail = one_line(f"{type(error).__name__}: {error}", 200)
    return Answer("", failed=Outcome.crashed, detail=f"its workers died: {detail}")
