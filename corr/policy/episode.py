"""One driven compilation that waits for an action at each decision: an episode."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from collectors.decisions.channel import Header
from collectors.decisions.host import Advise, Driven
from corr.policy.corpus import Module
from corr.policy.modules import Builds, code_of

#: What opens the channel at a place.
Flags = Callable[[Path], list[str]]
#: Seconds that a compiler may think before its next question.
_WAIT = 1200.0


class Stopped(Exception):
    """The episode is left before its end."""


class Episode:
    """A compilation that waits for an action at each decision. Its thread ends with it."""

    def __init__(self, builds: Builds, module: Module, flags: Flags) -> None:
        self.module = module
        self._flags = flags
        self.header: Header | None = None
        self.driven: Driven | None = None
        self.text: int | None = None
        self.error: BaseException | None = None
        self._builds = builds
        self._questions: queue.Queue[bytes | None] = queue.Queue()
        self._answers: queue.Queue[int | None] = queue.Queue()
        self._thread = threading.Thread(target=self._compile, daemon=True)
        self._thread.start()

    def question(self) -> bytes | None:
        """The next observation; None at the end. Raises what the compilation raised."""
        asked = self._questions.get(timeout=_WAIT)
        if asked is None:
            self._thread.join()
            if self.error is not None:
                raise self.error
        return asked

    def answer(self, action: int) -> None:
        self._answers.put(action)

    def leave(self) -> None:
        """End the compiler, wherever it is."""
        self._answers.put(None)
        self._thread.join()

    def _advisor(self, header: Header) -> Advise:
        self.header = header

        def advise(observation: bytes) -> int:
            self._questions.put(observation)
            action = self._answers.get()
            if action is None:
                raise Stopped
            return action

        return advise

    def _compile(self) -> None:
        try:
            with scratch("policy") as folder:
                output = folder / "module.o"
                self.driven = self._builds.ask(self.module, output, self._advisor, self._flags)
                self.text = code_of(output).text if self.driven.ok else None
        except Stopped:
            pass
        except CorrError as error:
            self.error = error
        finally:
            self._questions.put(None)
