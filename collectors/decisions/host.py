"""Answers a compiler's questions through its interactive channel, one decision at a time.

The compiler opens the pipes only when it has something to ask: with nothing to inline, or at -O0,
it never does. So both pipes are held open in both directions while the process itself is watched;
once the first line is there, the end that is read is opened anew, for reading only, and its end of
file is the compiler's. Reads then simply block: two context switches a decision are all it costs.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from collectors.base import process
from collectors.base.process import Completed, Running
from collectors.decisions import channel
from collectors.decisions.channel import ChannelError, Header

#: Says what to answer to an observation's bytes.
Advise = Callable[[bytes], int]
#: Is told the header, and gives what answers the observations.
Advisor = Callable[[Header], Advise]
_LONGEST_LINE = 1 << 22


@dataclass(frozen=True)
class Limits:
    """What a driven compiler may take: seconds, bytes of memory, decisions."""

    seconds: float = 600.0
    memory: int = 6 << 30
    decisions: int = 2_000_000


@dataclass
class Driven:
    """A compilation whose questions were answered. `header` is None where it asked nothing.

    `observations` are the bytes of all questions, `answers` what was said to each; `contexts` are
    (index of the first decision, name). `host_cpu` is what answering took, in seconds.
    """

    completed: Completed
    header: Header | None = None
    observations: bytearray = field(default_factory=bytearray)
    answers: array[int] = field(default_factory=lambda: array("q"))
    contexts: list[tuple[int, str]] = field(default_factory=list)
    host_cpu: float = 0.0
    stopped: str = ""

    @property
    def ok(self) -> bool:
        return self.completed.ok and not self.stopped

    @property
    def cpu(self) -> float:
        """Seconds of CPU time of both sides."""
        return (self.completed.cpu or 0.0) + self.host_cpu

    def ending(self) -> str:
        """How it ended, in words."""
        return self.stopped or self.completed.ending()


def drive(
    argv: Sequence[str | Path],
    base: Path,
    advisor: Advisor,
    *,
    stderr: Path,
    cwd: Path | None = None,
    limits: Limits | None = None,
) -> Driven:
    """Run a compiler whose channel is at `base`, and answer it to its end.

    A compiler that fails, hangs or asks nothing is no exception: `Driven` says so. Raises what
    `advisor` raises, ChannelError for what is no LLVM's channel; the compiler is gone then, too.
    """
    limits = limits or Limits()
    with (
        _pipes(base) as (answers, questions),
        process.running(
            argv, stderr=stderr, cwd=cwd, timeout=limits.seconds, memory=limits.memory
        ) as child,
    ):
        if not _speaks(child, questions):
            return Driven(child.result())
        with _reopened(base, questions) as stream:
            start = time.thread_time()
            driven = _converse(stream, answers, advisor, limits)
            driven.host_cpu = time.thread_time() - start
        if driven.stopped:
            child.expire()
        driven.completed = child.result()
        return driven


@contextlib.contextmanager
def _pipes(base: Path) -> Iterator[tuple[int, int]]:
    """The two pipes, open: what answers are written to, what questions are read from."""
    paths = [base.with_name(base.name + end) for end in (".in", ".out")]
    with contextlib.ExitStack() as stack:
        opened = []
        for path in paths:
            path.unlink(missing_ok=True)
            os.mkfifo(path, 0o600)
            stack.callback(path.unlink, missing_ok=True)
            opened.append(os.open(path, os.O_RDWR | os.O_CLOEXEC))
            stack.callback(_close, opened[-1])
        yield opened[0], opened[1]


def _close(fd: int) -> None:
    with contextlib.suppress(OSError):
        os.close(fd)


def _speaks(child: Running, questions: int) -> bool:
    """Wait until the compiler asks, or has ended without."""
    poll = select.poll()
    poll.register(questions, select.POLLIN)
    poll.register(child.fd, select.POLLIN)
    ready = {fd for fd, _ in poll.poll()}
    if questions not in ready:
        return bool(select.select([questions], [], [], 0)[0])
    return True


@contextlib.contextmanager
def _reopened(base: Path, questions: int) -> Iterator[BinaryIO]:
    """The pipe for reading only, so that its end of file is seen."""
    fd = os.open(base.with_name(base.name + ".out"), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(fd, True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, questions)  # closed without giving its number to anybody else
    os.close(nothing)
    with os.fdopen(fd, "rb", buffering=1 << 16) as stream:
        yield stream


def _converse(stream: BinaryIO, answers: int, advisor: Advisor, limits: Limits) -> Driven:
    header = channel.parse(stream.readline(_LONGEST_LINE))
    advise = advisor(header)
    driven = Driven(Completed((), 0, b"", b"", 0.0, 0.0, 0.0, 0), header)
    size = header.size
    encoded = {n: header.answer(n) for n in range(2)}
    while line := stream.readline(_LONGEST_LINE):
        if line.startswith(channel.OBSERVATION):
            observation = stream.read(size + 1)
            if len(observation) <= size:
                break  # it died in the middle of a question
            if len(driven.answers) >= limits.decisions:
                driven.stopped = f"stopped after {limits.decisions} decisions"
                break
            said = advise(observation[:size])
            driven.observations += observation[:size]
            driven.answers.append(said)
            os.write(answers, encoded.get(said) or header.answer(said))
        elif line.startswith(channel.CONTEXT):
            driven.contexts.append((len(driven.answers), channel.context(line)))
        elif line.strip():
            raise ChannelError("the compiler sent a line that is neither context nor observation")
    return driven
