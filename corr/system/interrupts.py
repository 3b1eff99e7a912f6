"""Ctrl-C and kill: at once and with the work kept, but never in the middle of a commit."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import NoReturn

KILLS = (signal.SIGTERM, signal.SIGHUP)
SIGNALS = (signal.SIGINT, *KILLS)


@contextlib.contextmanager
def kill_as_interrupt() -> Iterator[None]:
    """A kill ends the block as Ctrl-C does: with KeyboardInterrupt, so that work is kept."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    with _handling(KILLS, interrupt):
        yield


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C and kill wait for the end of the block, which must be short."""
    waiting: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        waiting.append(number)

    with _handling(SIGNALS, note):
        yield
    if waiting:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _handling(
    signals: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], object]
) -> Iterator[None]:
    """Give these signals to the handler, those apart that are ignored (nohup ignores one).

    Only the main thread may; in another nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in signals if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
