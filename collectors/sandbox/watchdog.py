"""Watch a confined program from outside: how many processes, how much memory, and its end."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import threading
from pathlib import Path
from types import TracebackType
from typing import Protocol

from collectors.base.errors import CorrError
from collectors.sandbox.places import Held

#: Seconds between two looks. A look takes a tenth of a millisecond.
INTERVAL = 0.02
#: Seconds that the kernel may need to end what was killed.
_PATIENCE = 20.0
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: prctl(2): children whose parent has ended become ours, so that their account can be read.
_SET_SUBREAPER, _GET_SUBREAPER = 36, 37


class Caps(Protocol):
    """The limits that no kernel limit of a single process keeps."""

    @property
    def processes(self) -> int: ...
    @property
    def memory(self) -> int: ...
    @property
    def reserve(self) -> int: ...


class Watchdog:
    """While it is entered, the sandbox that reports to the file `status` is watched.

    It is killed whole when it exceeds a cap, and `exceeded` then says which. Leaving waits until
    its last process is gone; raises CorrError if that does not happen. `cpu` is then what all of
    it took, in seconds of user and of system time; None where the kernel does not tell us.

    bwrap leaves without waiting for process 1 of the sandbox, whose account holds those of all
    that ended inside. It becomes our child instead, and its account with it. `held` are places
    that are held open before the program is let in.
    """

    def __init__(self, status: Path, caps: Caps, held: Held | None = None) -> None:
        self.exceeded = ""
        self.cpu: tuple[float, float] | None = None
        self._was_subreaper = 0
        self._status = status
        self._caps = caps
        self._held = held
        self._first: tuple[int, int] | None = None  # process 1 of the sandbox: its id, its pidfd
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watchdog:
        self._was_subreaper = _adopts_orphans(1)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        try:
            self._end()
        finally:
            _adopts_orphans(self._was_subreaper)

    def _end(self) -> None:
        if self._first is None:  # it was over before the first look
            self._first = _first_process(self._status)
        if self._first is None:
            return
        pid, descriptor = self._first
        try:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            waiting = select.poll()
            waiting.register(descriptor, select.POLLIN)
            if not waiting.poll(_PATIENCE * 1000):
                raise CorrError("a process of the sandbox does not end", "look at it with ps")
            with contextlib.suppress(ChildProcessError):
                _, _, usage = os.wait4(pid, 0)
                self.cpu = usage.ru_utime, usage.ru_stime
        finally:
            os.close(descriptor)

    def _watch(self) -> None:
        pause = 0.001
        while not self._over.wait(pause):
            if self._first is None:
                self._first = _first_process(self._status)
                continue
            if self._held is not None and not self._held.open:
                self._held.take(self._first[0])
                continue
            pause = INTERVAL
            with contextlib.suppress(OSError, ValueError, IndexError):
                self.exceeded = self._judge(self._first[0])
            if self.exceeded:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._first[1], signal.SIGKILL)
                return

    def _judge(self, first: int) -> str:
        tasks, resident = _usage(first)
        if tasks > self._caps.processes + 1:  # process 1 is bwrap's
            return f"more than {self._caps.processes} processes and threads"
        if resident > self._caps.memory:
            return f"more than {self._caps.memory >> 20} MiB of memory"
        if tasks and _available_memory() < self._caps.reserve:
            return f"the machine had less than {self._caps.reserve >> 20} MiB of memory left"
        return ""


def _adopts_orphans(wanted: int) -> int:
    """Whether orphans below us become our children from now on, and whether they did before."""
    kernel = ctypes.CDLL(None, use_errno=True)
    before = ctypes.c_int(0)
    kernel.prctl(_GET_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    kernel.prctl(_SET_SUBREAPER, wanted, 0, 0, 0)
    return before.value


def _first_process(status: Path) -> tuple[int, int] | None:
    """Process 1 of the sandbox, once bwrap has reported it and as long as it is there."""
    try:
        report = json.loads(status.read_text().split("\n", 1)[0])
        pid = int(report["child-pid"])
        descriptor = os.pidfd_open(pid)
    except (OSError, ValueError, KeyError):
        return None
    try:  # the number could have gone to another process meanwhile
        if Path(f"/proc/{pid}/ns/pid").stat().st_ino == report["pid-namespace"]:
            return pid, descriptor
    except (OSError, KeyError):
        pass
    os.close(descriptor)
    return None


def _usage(first: int) -> tuple[int, int]:
    """Tasks and resident bytes of the namespace of `first`, seen through the sandbox's own /proc.

    Both are 0 until it is mounted: before, that path is the host's.
    """
    inside = Path(f"/proc/{first}/root/proc")
    if inside.stat().st_dev == Path("/proc").stat().st_dev:
        return 0, 0
    tasks = resident = 0
    for name in os.listdir(inside):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError):
            text = (inside / name / "stat").read_text()
            after_name = text[text.rindex(")") + 2 :].split()  # field 3 of proc(5) onwards
            tasks += int(after_name[17])
            resident += int(after_name[21]) * _PAGE
    return tasks, resident


def _available_memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no MemAvailable in /proc/meminfo")
