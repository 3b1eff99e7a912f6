"""The workers of a scheduler: what each says of its host, and which of them measure.

Hosts of different kind are never compared with each other: of the workers those count that are of
the kind of most.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collectors.base import toolchain
from collectors.base.errors import CorrError, ToolMissing
from collectors.base.foreign_text import one_line
from corr import __version__
from corr.program.machine import this_machine

#: Resource of which a worker has one, where its host is timed by one worker at a time.
TIMER = "timer"
#: Seconds to wait for the scheduler and a first worker.
PATIENCE = 30.0
#: And to close the connection where there was none.
CLOSING = 1.0
START = "start them: dask scheduler; dask worker ADDRESS --nthreads 1 --resources timer=1"
#: Tools that measuring needs, and those that more than timing needs.
_OTHERS = ("bwrap", "perf", "valgrind")


@dataclass(frozen=True)
class Hosts:
    """The workers of one kind of machine, and those that are left out."""

    client: Any
    machine: str
    chosen: Sequence[str]
    timers: bool
    left_out: Sequence[str] = ()

    def submit(self, function: Any, *given: Any) -> Any:
        """A task for whichever of them is free; where hosts have a timer, one at a time each."""
        return self.client.submit(
            function,
            *given,
            workers=list(self.chosen),
            resources={TIMER: 1} if self.timers else None,
            pure=False,
        )


def host() -> dict[str, Any]:
    """What a worker says of its host. Runs there."""
    try:
        found = toolchain.find()
        llvm, lacks = found.version, [name for name in ("clang", "opt") if not found.has(name)]
    except ToolMissing:
        llvm, lacks = "", ["clang"]
    lacks += [name for name in _OTHERS if toolchain.other(name) is None]
    return {
        "host": platform.node(),
        "machine": this_machine(),
        "kernel": platform.release(),
        "load": round(os.getloadavg()[0], 2),
        "llvm": llvm,
        "lacks": lacks,
        "corr": __version__,
    }


def connected(address: str) -> Any:
    """A client of the scheduler at `tcp://…`, or of one whose file is named. Raises CorrError."""
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ToolMissing("--workers needs Dask", "pip install 'corr-llvm[dask]'") from error
    made: Any = distributed.Client
    deadline = time.monotonic() + PATIENCE
    while "://" not in address and not Path(address).exists():
        if time.monotonic() > deadline:  # Dask would wait for the file for ever
            raise CorrError(f"no workers at {address}: there is no such file", START)
        time.sleep(0.1)
    client = made.__new__(made)  # so that there is one to leave while it is connecting
    try:
        file = None if "://" in address else address
        client.__init__(
            None if file else address, scheduler_file=file, timeout=PATIENCE, set_as_default=False
        )
        client.wait_for_workers(1, timeout=PATIENCE)
    except (KeyboardInterrupt, SystemExit):
        _leave(client)
        raise
    except (OSError, TimeoutError, ValueError) as error:
        raise CorrError(
            f"no workers at {address}: {one_line(str(error), 160)}",
            START,
        ) from error
    return client


def _leave(client: Any) -> None:
    """Leave a client that is still connecting: by itself it would take a minute to close."""
    with contextlib.suppress(Exception):
        client.close(timeout=CLOSING)
    client.status = "closed"


def described(client: Any) -> dict[str, dict[str, Any]]:
    """What each worker says of its host, by its address."""
    found: dict[str, dict[str, Any]] = client.run(host)
    there = client.scheduler_info(n_workers=-1)["workers"]
    for address, row in found.items():
        row["timer"] = TIMER in (there.get(address, {}).get("resources") or {})
        row["threads"] = there.get(address, {}).get("nthreads")
    return found


def commonest(found: dict[str, dict[str, Any]]) -> str:
    """The kind of machine that most workers are on."""
    (machine, _), *_ = Counter(row["machine"] for row in found.values()).most_common(1)
    return str(machine)


def hosts(client: Any) -> Hosts:
    """The workers that measure: those on the kind of machine that most are on."""
    found = described(client)
    machine = commonest(found)
    chosen = [address for address, row in found.items() if row["machine"] == machine]
    others = [str(row["host"]) for row in found.values() if row["machine"] != machine]
    timers = all(found[address]["timer"] for address in chosen)
    return Hosts(client, machine, chosen, timers, others)
