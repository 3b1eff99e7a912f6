"""The Gymnasium environment, by Gymnasium's own check and by what the compiler itself builds."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

from collectors.base.errors import UsageError
from collectors.base.toolchain import Toolchain
from corr.policy import environment
from corr.policy.corpus import Corpus, Split
from corr.policy.modules import Builds, code_of
from tests.policy.test_wrapper import ALWAYS

pytestmark = pytest.mark.slow


@pytest.fixture
def env(corpus_folder: Path) -> Any:
    made = gymnasium.make(environment.ID, corpus=corpus_folder / "corpus")
    yield made
    made.close()


def play(env: Any, action: int | None, **options: Any) -> tuple[float, dict[str, Any], list[Any]]:
    """An episode with one action throughout, or with the default's: reward, last info, trace."""
    observation, info = env.reset(**options)
    seen, done, reward = [observation], False, 0.0
    while not done:
        chosen = info["default"] if action is None else action
        observation, reward, done, _, info = env.step(chosen)
        seen.append(observation)
    return reward, info, seen


@pytest.mark.filterwarnings("ignore:.*WARN.*")
def test_gymnasiums_own_check(env: Any) -> None:
    check_env(env.unwrapped, skip_render_check=True)


def test_the_defaults_own_decisions_are_worth_nothing(env: Any) -> None:
    reward, info, seen = play(env, None, seed=3)
    assert reward == 0.0 and info["text"] == info["default_text"] > 0
    assert info["decisions"] == len(seen) - 1 > 0 and info["ended"] == "exit status 0"
    assert len(seen[0]) == 38 and "inlining_default" not in seen[0]
    assert all(env.observation_space.contains(observation) for observation in seen)


def test_the_same_seed_and_actions_give_the_same_episode(env: Any) -> None:
    episodes = [play(env, 1, seed=5) for _ in range(2)]
    assert episodes[0] == episodes[1]
    modules = {play(env, 0)[1]["module"] for _ in range(6)}
    assert len(modules) > 1, "another one each time"


def test_the_reward_is_what_the_code_became(
    env: Any, corpus_folder: Path, tools: Toolchain, tmp_path: Path
) -> None:
    corpus = Corpus.open(corpus_folder / "corpus")
    module = corpus.of(Split.train)[0]
    reward, info, _ = play(env, 1, options={"module": module.name})
    assert info["module"] == module.name
    driven = Builds(corpus, tools).drive(module, tmp_path / "a.o", ALWAYS.advisor)
    assert driven.ok and code_of(tmp_path / "a.o").text == info["text"]
    assert reward == 1 - info["text"] / module.text
    assert reward != play(env, 0, options={"module": module.name})[0]


def test_an_episode_that_is_left_leaves_no_compiler(corpus_folder: Path) -> None:
    before = threading.active_count()
    env = gymnasium.make(environment.ID, corpus=corpus_folder / "corpus")
    for _ in range(3):
        env.reset(seed=1)
    env.close()
    assert threading.active_count() <= before
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.unwrapped.step(0)


def test_modules_that_there_are_not(env: Any, corpus_folder: Path) -> None:
    with pytest.raises(UsageError, match="no module nothing"):
        env.reset(options={"module": "nothing"})
    with pytest.raises(ValueError):
        gymnasium.make(environment.ID, corpus=corpus_folder / "corpus", split="all")
