"""Pairs measured on other hosts, by Dask distributed: what a worker does.

The unit of work is a pair, baseline and value one after the other on one host, so that a worker
that is killed costs one pair. Dask may run a task twice: its answer is the same kind of thing, and
is kept under the key of what ran. Within a host a lock keeps pairs of several workers apart.
"""

from __future__ import annotations

import atexit
import contextlib
import platform
from dataclasses import dataclass
from pathlib import Path

from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from corr.program.machine import this_machine
from corr.search.building import Builds
from corr.search.cases import Case
from corr.search.contents import hash_of
from corr.search.lab import CommandLab, Sample, right
from corr.search.outcome import Failed, Outcome
from corr.search.settings import Setting, baseline
from corr.search.study import Study
from corr.timing.clocks import Reading
from corr.workers.timer import alone, host_lock

#: Labs of this process, by their study: what was built stays built.
_labs: dict[str, CommandLab] = {}
_held = contextlib.ExitStack()


@dataclass(frozen=True)
class Answer:
    """What came of a pair on a host. `equal`: both sides are one program, and only one was run."""

    host: str
    key: str | None = None
    a: Reading | None = None
    b: Reading | None = None
    equal: bool = False
    failed: Outcome | None = None
    detail: str = ""


def pair(study: Study, case: Case, setting: Setting, number: int) -> Answer:
    """Measure a pair here. The first of a series sees whether the results are right."""
    lab = _lab(study)
    key: str | None = None
    try:
        try:
            base = lab.prepare(case, baseline(study))
            first = base.once(None) if number == 0 else None
        except Failed as failed:
            detail = f"{failed.outcome}: {failed.detail}"
            return Answer(platform.node(), failed=Outcome.baseline, detail=detail)
        arm = lab.prepare(case, setting)
        key = hash_of([base.identity, arm.identity])
        if base.identity == arm.identity:
            known = (first or base.once(None)).reading
            return Answer(platform.node(), key, known, known, equal=True)
        with alone(host_lock()):
            sides = [base.once(None)]
            limit = study.measure.limit(sides[0].reading.wall)
            if first is not None:
                right(base, arm, first, limit)
            sides.append(arm.once(limit))
            if number % 2:  # the other way round, so that no side is always the second
                sides[0] = base.once(None)
        return _answer(key, sides)
    except Failed as failed:
        return Answer(platform.node(), key, failed=failed.outcome, detail=failed.detail)
    except CorrError as error:
        detail = f"{error.message} ({error.fix})" if error.fix else error.message
        return Answer(platform.node(), key, failed=Outcome.crashed, detail=detail)


def _answer(key: str, sides: list[Sample]) -> Answer:
    return Answer(platform.node(), key, sides[0].reading, sides[1].reading)


def _lab(study: Study) -> CommandLab:
    known = hash_of([study.text, str(study.folder), repr(study)])
    if known not in _labs:
        if not _labs:
            atexit.register(_held.close)
        folder = Path(_held.enter_context(scratch("search")))
        _labs[known] = CommandLab(study, Builds(study, folder), this_machine(), folder)
    return _labs[known]
