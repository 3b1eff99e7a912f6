"""The only place that starts a process: own session, limits, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from collectors.base.errors import CorrError, ToolMissing
from collectors.base.foreign_text import visible

#: Bytes of a child's stdout or stderr that are kept; what comes after is read and dropped.
OUTPUT_LIMIT = 64 * 1024 * 1024
#: Seconds a tool of ours may take before it counts as hung.
TOOL_TIMEOUT = 3600.0
_ERROR = re.compile(r"(^|\s)error: ")


@dataclass(frozen=True)
class Completed:
    """How a child ended. Times in seconds, `max_rss` in bytes, output cut at the limit.

    `ok_status` are the exit statuses that are no failure of it.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes
    wall: float
    user: float
    system: float
    max_rss: int
    timed_out: bool = False
    truncated: bool = False
    ok_status: tuple[int, ...] = (0,)

    @property
    def ok(self) -> bool:
        return self.returncode in self.ok_status and not self.timed_out

    @property
    def cpu(self) -> float | None:
        """Seconds of CPU time, of the program and of the kernel for it; None if not known."""
        return self.user + self.system

    @property
    def command(self) -> str:
        """The command as one would type it."""
        return shlex.join(self.argv)

    def ending(self) -> str:
        """The way it ended, in words: `exit status 3`, `killed by SIGSEGV`, `time limit`."""
        if self.timed_out:
            return f"still running after {self.wall:.1f} s"
        if self.returncode < 0:
            return f"killed by {_signal_name(-self.returncode)}"
        return f"exit status {self.returncode}"

    def last_lines(self, count: int = 12) -> str:
        """The end of stderr (or of stdout, if stderr is empty) as printable text.

        A compiler's first error decides, however much it says after that: then the lines begin
        there.
        """
        lines = (self.stderr or self.stdout).decode("utf-8", "replace").strip().splitlines()
        last = max(0, len(lines) - count)
        begin = next((n for n, line in enumerate(lines[:last]) if _ERROR.search(line)), last)
        return "\n".join(visible(line, keep="\t") for line in lines[begin : begin + count])


def tool_environment() -> dict[str, str]:
    """The environment for our tools: the caller's, in the C locale and without colour."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("LC_")}
    return kept | {"LC_ALL": "C", "NO_COLOR": "1", "DEBUGINFOD_URLS": ""}


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | Path | None = None,
    stdout: Path | None = None,
    stderr: Path | None = None,
    discard: bool = False,
    timeout: float = TOOL_TIMEOUT,
    limit: int = OUTPUT_LIMIT,
) -> Completed:
    """Run a child to its end in a session of its own; on a time-out its whole group is killed.

    `stdout`/`stderr` name files to write to; otherwise up to `limit` bytes of each are kept, or
    none with `discard`. Wall time runs from just before the spawn to the child's end.
    Raises ToolMissing if the program is not there, CorrError if it cannot be started.
    """
    command = tuple(os.fspath(a) for a in argv)
    with contextlib.ExitStack() as stack:
        source: int | IO[bytes] = subprocess.DEVNULL
        if isinstance(stdin, Path):
            source = stack.enter_context(stdin.open("rb"))
        elif stdin is not None:
            source = subprocess.PIPE
        sinks: list[int | IO[bytes]] = []
        for path in (stdout, stderr):
            if path is not None:
                sinks.append(stack.enter_context(path.open("wb")))
            else:
                sinks.append(subprocess.DEVNULL if discard else subprocess.PIPE)
        start = time.monotonic()
        child = _spawn(command, cwd, env, source, sinks[0], sinks[1])
        readers = [_Reader(pipe, limit) for pipe in (child.stdout, child.stderr) if pipe]
        if isinstance(stdin, bytes):
            threading.Thread(target=_feed, args=(child.stdin, stdin), daemon=True).start()
        timer = threading.Timer(timeout, _kill_all, (child.pid,))
        timer.daemon = True
        timer.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.monotonic() - start
        finally:
            timer.cancel()
            _kill_group(child.pid)
            child.returncode = -signal.SIGKILL  # reaped here (or dying): Popen must not wait
        for reader in readers:
            reader.join(timeout=10)
    texts = {id(r.pipe): r for r in readers}
    out, err = (texts.get(id(p)) for p in (child.stdout, child.stderr))
    returncode = os.waitstatus_to_exitcode(status)
    child.returncode = returncode
    return Completed(
        argv=command,
        returncode=returncode,
        stdout=bytes(out.data) if out else b"",
        stderr=bytes(err.data) if err else b"",
        wall=wall,
        user=usage.ru_utime,
        system=usage.ru_stime,
        max_rss=usage.ru_maxrss * 1024,
        timed_out=returncode == -signal.SIGKILL and wall >= timeout,
        truncated=any(r.dropped for r in readers),
    )


@contextlib.contextmanager
def stream(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    read: str = "stdout",
    timeout: float = TOOL_TIMEOUT,
) -> Iterator[BinaryIO]:
    """A child's stdout or stderr as a binary pipe, the other one dropped.

    Leaving the block ends the child and all it started. Raises CorrError if it failed.
    """
    command = tuple(os.fspath(a) for a in argv)
    out, err = (
        (subprocess.PIPE, subprocess.DEVNULL)
        if read == "stdout"
        else (subprocess.DEVNULL, subprocess.PIPE)
    )
    child = _spawn(command, cwd, None, subprocess.DEVNULL, out, err)
    pipe = child.stdout if read == "stdout" else child.stderr
    assert pipe is not None
    timer = threading.Timer(timeout, _kill_all, (child.pid,))
    timer.daemon = True
    timer.start()
    finished = False
    try:
        yield pipe  # type: ignore[misc]
        finished = True
    finally:
        pipe.close()
        timer.cancel()
        if not finished:
            _kill_group(child.pid)
        returncode = child.wait()
        _kill_group(child.pid)
    if returncode != 0:
        raise CorrError(f"{command[0]} failed (status {returncode}): {shlex.join(command)}")


class Running:
    """A child at work. `fd` becomes readable once it has ended."""

    def __init__(self, child: subprocess.Popen[bytes], command: tuple[str, ...]) -> None:
        self.pid = child.pid
        self.fd = os.pidfd_open(child.pid)
        self._child = child
        self._command = command
        self._start = time.monotonic()
        self.timed_out = False

    def expire(self) -> None:
        """End it, for having taken too long."""
        if self._child.returncode is None:
            self.timed_out = True
            _kill_group(self.pid)

    def result(self) -> Completed:
        """Wait for its end. What it printed is where it was sent: none of it is in the result."""
        _, status, usage = os.wait4(self.pid, 0)
        self._child.returncode = os.waitstatus_to_exitcode(status)
        return Completed(
            argv=self._command,
            returncode=self._child.returncode,
            stdout=b"",
            stderr=b"",
            wall=time.monotonic() - self._start,
            user=usage.ru_utime,
            system=usage.ru_stime,
            max_rss=usage.ru_maxrss * 1024,
            timed_out=self.timed_out,
        )

    def end(self) -> None:
        """Leave nothing of it, whatever it was doing."""
        _kill_group(self.pid)
        if self._child.returncode is None:
            self.result()
        os.close(self.fd)


@contextlib.contextmanager
def running(
    argv: Sequence[str | Path],
    *,
    stderr: Path,
    cwd: Path | None = None,
    timeout: float = TOOL_TIMEOUT,
    memory: int | None = None,
) -> Iterator[Running]:
    """A child that the caller talks to while it works, by other ways than its output.

    Its stderr goes to a file, so that it never waits for a reader. It is ended after `timeout`
    seconds, and gets no more than `memory` bytes of address space. Leaving the block ends it.
    """
    command = tuple(os.fspath(a) for a in argv)
    with stderr.open("wb") as sink:
        child = _spawn(command, cwd, None, subprocess.DEVNULL, subprocess.DEVNULL, sink)
    if memory is not None:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(child.pid, resource.RLIMIT_AS, (memory, memory))
    at_work = Running(child, command)
    timer = threading.Timer(timeout, at_work.expire)
    timer.daemon = True
    timer.start()
    try:
        yield at_work
    finally:
        timer.cancel()
        at_work.end()


def _spawn(
    command: tuple[str, ...],
    cwd: Path | None,
    env: Mapping[str, str] | None,
    stdin: int | IO[bytes],
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env) if env is not None else tool_environment(),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise CorrError(f"no such folder: {cwd}") from error
        raise ToolMissing(f"{command[0]} is not there", "run `corr doctor`") from error
    except OSError as error:
        raise CorrError(f"cannot start {command[0]}: {error.strerror}") from error


class _Reader(threading.Thread):
    """Drains a pipe so that the child never blocks, and keeps its first `limit` bytes."""

    def __init__(self, pipe: IO[bytes], limit: int) -> None:
        super().__init__(daemon=True)
        self.pipe = pipe
        self.limit = limit
        self.data = bytearray()
        self.dropped = 0
        self.start()

    def run(self) -> None:
        with self.pipe:
            while block := self.pipe.read1(1 << 16):  # type: ignore[attr-defined]
                room = self.limit - len(self.data)
                self.data += block[:room]
                self.dropped += max(0, len(block) - room)


def _feed(pipe: IO[bytes] | None, data: bytes) -> None:
    if pipe is None:
        return
    with contextlib.suppress(BrokenPipeError), pipe:
        pipe.write(data)


def _kill_all(pid: int) -> None:
    """Kill a child's group, and those of its descendants that have sessions of their own."""
    found = descendants(pid)
    _kill_group(pid)
    for one in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(one, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """The processes that one has started, and those that they have, as long as each is there."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            # its name, in brackets, may have blanks and brackets itself
            parent = stat.read_text(errors="replace").rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found[1:]


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
