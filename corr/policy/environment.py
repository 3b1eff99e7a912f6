"""Decisions of LLVM as environments of Gymnasium, with the compiler that is installed.

    import gymnasium, corr.policy.environment
    env = gymnasium.make("corr_llvm/Inlining-v0", corpus="corpus")

`corr_llvm/Inlining-v0`   whether to inline a call; features by name, two actions
`corr_llvm/Eviction-v0`   which live range to evict; arrays of 33 by name, `info["mask"]` is legal

An episode compiles one module of a corpus. The last step's reward is the share of the default's
code that is saved (negative where the code is larger). The same seed gives the same modules in the
same order, and the same actions the same rewards. The compiler has a process of its own: what
became of it is in `info["ended"]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from collectors.base import toolchain
from collectors.base.errors import ToolMissing, UsageError
from collectors.decisions import eviction, inliner
from collectors.decisions.channel import Header, Tensor
from collectors.decisions.host import Limits
from corr.policy.corpus import Corpus, Split
from corr.policy.episode import Episode
from corr.policy.modules import Builds

try:
    import gymnasium
    from gymnasium import spaces
except ImportError as error:
    raise ToolMissing("gymnasium is not installed", "pip install 'corr-llvm[rl]'") from error

Observation = dict[str, npt.NDArray[Any]]
#: A module that does not compile as the actions say is worth as much as one of twice the size.
FAILED = -1.0


class DecisionEnv(gymnasium.Env[Any, Any]):
    """What both have in common: one episode a module, one step a decision.

    `split` names the modules: train, validation or held-out. `options={"module": NAME}` of `reset`
    chooses one. `info` has the module's name, and at the end the bytes of code (`text`), those of
    the default's, and how the compiler ended.
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
        self._episode: Episode | None = None
        self._steps = 0
        self._last: Observation = {}
        header = self._header()
        self._shown = [t for t in header.features if t.name != inliner.DEFAULT]
        self.observation_space = spaces.Dict({t.name: _space(t) for t in self._shown})
        self.action_space = self._actions(header)

    @staticmethod
    def _flags(base: Path) -> list[str]:
        """What opens the channel."""
        raise NotImplementedError

    def _actions(self, _header: Header) -> spaces.Discrete:
        raise NotImplementedError

    def _told(self, _tensors: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
        """What `info` says of a decision."""
        raise NotImplementedError

    def _legal(self, _action: int) -> bool:
        return True

    def _header(self) -> Header:
        """What this compiler sends, told by the first module that asks anything."""
        for module in self._modules:
            episode = Episode(self._builds, module, self._flags)
            try:
                if episode.question() is not None and episode.header is not None:
                    return episode.header
            finally:
                episode.leave()
        raise UsageError("no module of this split has a decision that the compiler asks about")

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
            self._episode = Episode(self._builds, known[int(number)], self._flags)
            asked = self._episode.question()
            if asked is not None:
                self._steps = 0
                return self._observed(asked)
        raise UsageError(f"the compiler asks nothing about {wanted or 'these modules'}")

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Decide; the reward comes with the last decision. An illegal action ends the episode."""
        if self._episode is None or self._episode.driven is not None:
            raise gymnasium.error.ResetNeeded("reset() begins an episode")
        if not self._legal(int(action)):
            name = self._episode.module.name
            self.close()
            return self._end(), FAILED, True, False, {"module": name, "ended": "illegal action"}
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
        return self._end(), reward, True, False, info

    def _end(self) -> Observation:
        """The last observation, which stands for the end: the compiler has none."""
        return {name: values.copy() for name, values in self._last.items()}

    def close(self) -> None:
        """Leave no compiler behind."""
        if self._episode is not None:
            self._episode.leave()
            self._episode = None

    def _observed(self, asked: bytes) -> tuple[Observation, dict[str, Any]]:
        assert self._episode is not None and self._episode.header is not None
        tensors = self._episode.header.tensors(asked)
        self._last = {t.name: tensors[t.name].copy() for t in self._shown}
        return self._last, {"module": self._episode.module.name, **self._told(tensors)}


class InliningEnv(DecisionEnv):
    """`corr_llvm/Inlining-v0`: 1 inlines the call, 0 keeps it. `info["default"]` is LLVM's own."""

    @staticmethod
    def _flags(base: Path) -> list[str]:
        return inliner.flags(base, inliner.SEARCHING)

    def _actions(self, _header: Header) -> spaces.Discrete:
        return spaces.Discrete(2)

    def _told(self, tensors: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
        return {"default": int(tensors[inliner.DEFAULT][0])}


class EvictionEnv(DecisionEnv):
    """`corr_llvm/Eviction-v0`: the place to evict, the last for none; `info["mask"]` is legal."""

    @staticmethod
    def _flags(base: Path) -> list[str]:
        return eviction.flags(base)

    def _actions(self, _header: Header) -> spaces.Discrete:
        (mask,) = (t for t in _header.features if t.name == eviction.MASK)
        return spaces.Discrete(mask.elements)

    def _told(self, tensors: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
        return {"mask": tensors[eviction.MASK].ravel().astype(np.int8)}

    def _legal(self, action: int) -> bool:
        return bool(self._last[eviction.MASK].ravel()[action])


def _space(tensor: Tensor) -> spaces.Box:
    kind: Any = tensor.dtype.newbyteorder("=").type
    if np.issubdtype(kind, np.integer):
        ends = np.iinfo(kind)
        return spaces.Box(ends.min, ends.max, tensor.shape, kind)
    return spaces.Box(-np.inf, np.inf, tensor.shape, kind)


for _name in ("Inlining", "Eviction"):
    if f"corr_llvm/{_name}-v0" not in gymnasium.registry:
        gymnasium.register(id=f"corr_llvm/{_name}-v0", entry_point=f"{__name__}:{_name}Env")
