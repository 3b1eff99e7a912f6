"""Pairs of runs of two executables, timed here or on other hosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from collectors.base.errors import CorrError
from collectors.base.foreign_text import one_line
from collectors.base.scratch import scratch
from corr.program.model import Run
from corr.timing.clocks import Reading
from corr.timing.interleave import once
from corr.workers.hosts import Hosts
from corr.workers.timer import alone, host_lock


@dataclass(frozen=True)
class Asked:
    """Two executables to be run one after the other; `turned`: the second one first."""

    a: Path
    b: Path
    turned: bool = False


class Timer(Protocol):
    """What times pairs, `width` at a time."""

    width: int

    def pairs(self, run: Run, asked: Sequence[Asked]) -> list[tuple[Reading, Reading]]:
        """The readings of each pair. Raises CorrError where a run fails."""


class Here:
    """This machine, one pair after another."""

    width = 1

    def pairs(self, run: Run, asked: Sequence[Asked]) -> list[tuple[Reading, Reading]]:
        return [_pair(run, one.a, one.b, one.turned) for one in asked]


class There:
    """Workers, a pair each; they see the files that the program reads."""

    def __init__(self, hosts: Hosts) -> None:
        self.width = len(hosts.chosen)
        self._hosts = hosts

    def pairs(self, run: Run, asked: Sequence[Asked]) -> list[tuple[Reading, Reading]]:
        futures = [
            self._hosts.submit(timed, run, one.a.read_bytes(), one.b.read_bytes(), one.turned)
            for one in asked
        ]
        return [_result(future) for future in futures]


def timed(run: Run, a: bytes, b: bytes, turned: bool) -> tuple[Reading, Reading] | str:
    """A pair on this host; in words why not. Runs on a worker."""
    try:
        with scratch("pair") as folder:
            paths = []
            for name, content in (("a", a), ("b", b)):
                paths.append(folder / name)
                paths[-1].write_bytes(content)
                paths[-1].chmod(0o755)
            return _pair(run, paths[0], paths[1], turned)
    except CorrError as error:
        return error.message


def _pair(run: Run, a: Path, b: Path, turned: bool) -> tuple[Reading, Reading]:
    with alone(host_lock()):
        if turned:
            second = once(run.invocation(b))
            return once(run.invocation(a)), second
        first = once(run.invocation(a))
        return first, once(run.invocation(b))


def _result(future: Any) -> tuple[Reading, Reading]:
    error = future.exception()
    if error is not None:
        said = one_line(f"{type(error).__name__}: {error}", 200)
        raise CorrError(f"the workers cannot measure: {said}", "corr doctor --workers ADDRESS")
    found: tuple[Reading, Reading] | str = future.result()
    if isinstance(found, str):
        raise CorrError(found)
    return found
