"""Progress on stderr: a live line on a terminal, nothing elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator


class Progress:
    """Shows which steps are going on. Silent where stderr is not a terminal."""

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

    def _show(self, add: str | None = None, drop: str | None = None) -> None:
        if self._status is None:
            return
        with self._lock:
            if add is not None:
                self._going.append(add)
            if drop is not None:
                self._going.remove(drop)
            text = " · ".join(self._going).replace("[", "\\[")
        self._status.update(text)
