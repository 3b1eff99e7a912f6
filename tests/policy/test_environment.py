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
from corr.policy import environment  # noqa: F401 (it registers them)
from corr.policy.corpus import Corpus, Split
from corr.policy.modules import Builds, code_of
from tests.policy.test_wrapper import ALWAYS
from tests.support.command import Corr

pytestmark = pytest.mark.slow
INLINING, EVICTION = "corr_llvm/Inlining-v0", "corr_llvm/Eviction-v0"


@pytest.fixture
def env(corpus_folder: Path) -> Any:
    made = gymnasium.make(INLINING, corpus=corpus_folder / "corpus")
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
    env = gymnasium.make(INLINING, corpus=corpus_folder / "corpus")
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
        gymnasium.make(INLINING, corpus=corpus_folder / "corpus", split="all")


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A corpus of one module that needs more registers than there are."""
    folder = tmp_path_factory.mktemp("crowded")
    sums = "".join(f" s{n} += v[i * {n + 3}] * s{(n + 5) % 24} + w[i ^ {n}];" for n in range(24))
    names = ", ".join(f"s{n} = {n}" for n in range(24))
    total = " ^ ".join(f"s{n}" for n in range(24))
    text = f"long f(long *v, long *w, long n)\n{{\n  long {names};\n"
    text += f"  for (long i = 0; i < n; i++) {{{sums} }}\n  return {total};\n}}\n"
    (folder / "a.c").write_text(text)
    done = corr("policy", "corpus", "a.c", "-o", "c", "--held-out", "0", "--", "-O2", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "c"


@pytest.fixture
def evictions(crowded: Path) -> Any:
    (module,) = Corpus.open(crowded).modules
    made = gymnasium.make(EVICTION, corpus=crowded, split=module.split.value)
    yield made
    made.close()


@pytest.mark.filterwarnings("ignore:.*WARN.*")
def test_eviction_passes_gymnasiums_check_too(evictions: Any) -> None:
    check_env(evictions.unwrapped, skip_render_check=True)


def test_which_range_is_evicted_changes_the_code(evictions: Any) -> None:
    """The first and the last legal choice throughout; the same again gives the same."""

    def all_of(place: int) -> tuple[float, int]:
        _, info = evictions.reset(seed=1)
        done, steps, reward = False, 0, 0.0
        while not done:
            legal = info["mask"].nonzero()[0]
            _, reward, done, _, info = evictions.step(int(legal[place]))
            steps += 1
        assert info["ended"] == "exit status 0" and info["text"] > 0
        return float(reward), steps

    first, last = all_of(0), all_of(-1)
    assert first != last and first[1] > 3 and all_of(0) == first


def test_an_illegal_choice_ends_the_episode(evictions: Any) -> None:
    _, info = evictions.reset(seed=1)
    illegal = int((info["mask"] == 0).nonzero()[0][0])
    _, reward, done, _, info = evictions.step(illegal)
    assert (reward, done, info["ended"]) == (-1.0, True, "illegal action")
