"""Progress on stderr: a live line on a terminal, elsewhere only what takes minutes."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

from collectors.base.foreign_text import one_line
from corr.console.output import message

#: Seconds from which a step is announced even where there is no terminal.
ANNOUNCED = 60.0


class Progress:
    """Shows which steps are going on. Nearly silent where stderr is not a terminal."""

    def __init__(self) -> None:
        self._going: list[str] = []
        self._lock = threading.Lock()
        self._status = None
        if sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status("")

    def __enter__(self) -> Progress:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Name a step while it goes on; steps may overlap."""
        self._show(add=name)
        try:
            yield
        finally:
            self._show(drop=name)

    @contextlib.contextmanager
    def amount(
        self, name: str, total: float, seconds: float | None = None
    ) -> Iterator[Callable[[float], None]]:
        """A step of known size: tell the callable how much of `total` is done, and it shows the
        share of it and the time left.

        `seconds` is how long the step is thought to take. A step of more than a minute is
        announced with it, as a line of its own where there is no terminal.
        """
        if seconds is not None:
            name = f"{name}, about {duration(seconds)}"
            if seconds > ANNOUNCED and self._status is None:
                message(f"{name} …")
        start, shown = time.monotonic(), name
        self._show(add=shown)

        def done(part: float) -> None:
            nonlocal shown
            text = _left(name, part / total if total else 1.0, time.monotonic() - start)
            if text != shown:
                self._show(add=text, drop=shown)
                shown = text

        try:
            yield done
        finally:
            self._show(drop=shown)

    def _show(self, add: str | None = None, drop: str | None = None) -> None:
        if self._status is None:
            return
        with self._lock:
            if add is not None:
                self._going.append(add)
            if drop is not None:
                self._going.remove(drop)
            text = one_line(" · ".join(self._going)).replace("[", "\\[")
        self._status.update(text)


def _left(name: str, share: float, elapsed: float) -> str:
    """The name of a step with its share done and, once that can be told, the time it needs."""
    if share <= 0 or elapsed < 1:
        return name
    share = min(share, 1.0)
    return f"{name}: {share:.0%}, {duration(elapsed * (1 - share) / share)} left"


def duration(seconds: float) -> str:
    """A time in the unit that it is spoken of: `40 s`, `12 min`, `18 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.0f} h"
