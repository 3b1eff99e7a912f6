"""Threads for work that mostly waits: results in the order of the items; jobs side by side."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


def workers() -> int:
    """How many jobs that mostly wait for child processes go on at once."""
    return max(1, os.cpu_count() or 1)


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[_T], _R], items: Iterable[_T], ahead: int
) -> Generator[_R, None, None]:
    """Results of `work` in the items' order, at most `ahead` items beyond the one handed out."""
    waiting: deque[Future[_R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def run_together(jobs: Sequence[Callable[[], _R]]) -> list[_R]:
    """Run jobs that mostly wait for child processes side by side; results in the jobs' order.

    The first error, in that order, is raised.
    """
    with ThreadPoolExecutor(max_workers=workers()) as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise
