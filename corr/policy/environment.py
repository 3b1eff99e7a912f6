"""LLVM's inliner as an environment of Gymnasium: `corr_llvm/Inlining-v0`.

    import gymnasium, corr.policy.environment
    env = gymnasium.make("corr_llvm/Inlining-v0", corpus="corpus")

An episode compiles one module of a corpus. An observation has the compiler's features by name, an
action says whether to inline the call, and the last step's reward is the share of the code that
the default's decisions would have made more of (negative where the policy's code is larger). The
same seed gives the same modules in the same order, and the same actions the same rewards. The
compiler is the stock one, in a process of its own: what becomes of it is in `info["ended"]`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from collectors.base import toolchain
from collectors.base.errors import CorrError, ToolMissing, UsageError
from collectors.base.scratch import scratch
from collectors.decisions import inliner
from collectors.decisions.channel import Header
from collectors.decisions.host import Advise, Driven, Limits
from corr.policy.corpus import Corpus, Module, Split
from corr.policy.modules import Builds, code_of

try:
    import gymnasium
    from gymnasium import spaces
except ImportError as error:
    raise ToolMissing("gymnasium is not installed", "pip install 'corr-llvm[rl]'") from error

ID = "corr_llvm/Inlining-v0"
Observation = dict[str, npt.NDArray[np.int64]]
#: A module that does not compile as the actions say is worth as much as one of twice the size.
FAILED = -1.0
_WAIT = 1200.0


class _Stopped(Exception):
    """The episode is left before its end."""


class _Episode:
    """A compilation that waits for an action at each decision. Its thread ends with it."""

    def __init__(self, builds: Builds, module: Module) -> None:
        self.module = module
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
                raise _Stopped
            return action

        return advise

    def _compile(self) -> None:
        try:
            with scratch("policy") as folder:
                output = folder / "module.o"
                self.driven = self._builds.drive(self.module, output, self._advisor)
                self.text = code_of(output).text if self.driven.ok else None
        except _Stopped:
            pass
        except CorrError as error:
            self.error = error
        finally:
            self._questions.put(None)


class InliningEnv(gymnasium.Env[Any, Any]):
    """One episode a module; one step a decision. See the module's own words.

    `split` names the modules: train, validation or held-out. `options={"module": NAME}` of `reset`
    chooses one. `info` has the module's name, what the default would do (`default`), and at the
    end the bytes of code (`text`), those of the default's, and how the compiler ended.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 (as Gymnasium has it)

    def __init__(
        self,
        corpus: str | Path,
        split: str = "train",
        llvm: str | None = None,
        seconds: float = 300.0,
        render_mode: str | None = None,
    ) -> None:
        opened = Corpus.open(Path(corpus))
        tools = toolchain.find(llvm or str(opened.llvm))
        inliner.check(tools)
        self.render_mode = render_mode
        self._modules = opened.of(Split(split))
        self._builds = Builds(opened, tools, Limits(seconds))
        self._episode: _Episode | None = None
        self._steps = 0
        self._names, self._last = self._features()
        anything = np.iinfo(np.int64)
        number = spaces.Box(anything.min, anything.max, (1,), np.int64)
        self.observation_space = spaces.Dict(dict.fromkeys(self._names, number))
        self.action_space = spaces.Discrete(2)

    def _features(self) -> tuple[tuple[str, ...], Observation]:
        """The names that this compiler sends, told by the first module that asks anything."""
        for module in self._modules:
            episode = _Episode(self._builds, module)
            try:
                asked = episode.question()
                if asked is not None and episode.header is not None:
                    names = episode.header.names
                    return tuple(n for n in names if n != inliner.DEFAULT), {}
            finally:
                episode.leave()
        raise UsageError("no module of this split has a call that the inliner asks about")

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin to compile a module: one at random, or `options["module"]`."""
        super().reset(seed=seed)
        self.close()
        wanted = (options or {}).get("module")
        known = [m for m in self._modules if wanted in (None, m.name)]
        if not known:
            raise UsageError(f"the split has no module {wanted}")
        for number in self.np_random.permutation(len(known)):
            self._episode = _Episode(self._builds, known[int(number)])
            asked = self._episode.question()
            if asked is not None:
                self._steps = 0
                return self._observed(asked)
        raise UsageError(f"the inliner asks nothing about {wanted or 'these modules'}")

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Decide the call; the reward comes with the last one."""
        if self._episode is None or self._episode.driven is not None:
            raise gymnasium.error.ResetNeeded("reset() begins an episode")
        self._episode.answer(int(action))
        self._steps += 1
        asked = self._episode.question()
        if asked is not None:
            observation, info = self._observed(asked)
            return observation, 0.0, False, False, info
        text, default = self._episode.text, self._episode.module.text
        reward = FAILED if text is None else 1.0 - text / default
        driven = self._episode.driven
        info = {
            "module": self._episode.module.name,
            "text": text,
            "default_text": default,
            "decisions": self._steps,
            "ended": driven.ending() if driven else "",
        }
        return self._last, reward, True, False, info

    def close(self) -> None:
        """Leave no compiler behind."""
        if self._episode is not None:
            self._episode.leave()
            self._episode = None

    def _observed(self, asked: bytes) -> tuple[Observation, dict[str, Any]]:
        assert self._episode is not None and self._episode.header is not None
        header = self._episode.header
        named = dict(zip(header.names, header.matrix(asked)[0], strict=True))
        self._last = {name: np.array([named[name]], np.int64) for name in self._names}
        info = {"module": self._episode.module.name, "default": int(named[inliner.DEFAULT])}
        return self._last, info


if ID not in gymnasium.registry:
    gymnasium.register(id=ID, entry_point=f"{__name__}:InliningEnv")
