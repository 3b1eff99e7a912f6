"""The `llm` proposer: what is spent, what is replayed, what is never written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collectors.base.errors import UsageError
from corr.optimize.llm import client as model
from corr.optimize.llm.cache import ReplyCache, digest
from corr.optimize.llm.errors import ModelError
from corr.optimize.llm.proposer import LanguageModel
from corr.optimize.llm.spending import Budget, Prices, Spending
from corr.optimize.proposal import Situation
from tests.support.llm_proposer import ASKED, GOOD, KEY, proposer_of
from tests.support.model_server import (
    Answer,
    ModelServer,
    flags,
    proposals,
)


@pytest.mark.parametrize("budget", [Budget(tokens=5_000), Budget(cost=0.02)])
def test_a_budget_holds(
    situation: Situation, cache: ReplyCache, budget: Budget, capfd: pytest.CaptureFixture[str]
) -> None:
    """No reply may be longer than what is left; then nothing is asked any more."""
    spending = Spending(budget, Prices(1.0, 5.0))

    def reply(body: dict[str, Any]) -> Answer:
        prompt = sum(model.tokens(m["content"]) for m in body["messages"])
        usage = {"prompt_tokens": prompt, "completion_tokens": min(body["max_tokens"], 1000)}
        return Answer(GOOD, usage=usage)

    with ModelServer([reply], repeat=True) as server:
        proposer = proposer_of(server, cache, spending=spending)
        for _ in range(20):
            list(proposer.propose(situation))
    assert proposer.exhausted and "the model's budget is spent" in proposer.exhausted
    assert capfd.readouterr().err.count("budget is spent") == 1
    assert spending.tokens <= (budget.tokens or 10**9) and spending.cost <= (budget.cost or 1e9)
    assert 1 <= len(server.requests) < 20 and server.requests[-1]["max_tokens"] < 16_000


def test_a_cap_on_cost_needs_prices(cache: ReplyCache) -> None:
    with pytest.raises(UsageError, match="needs the prices"):
        LanguageModel("m", None, cache, spending=Spending(Budget(cost=1.0)))
    with pytest.raises(UsageError, match="no such level"):
        LanguageModel("m", None, cache, level="asm")


def test_unknown_prices_are_no_cost() -> None:
    assert Prices().cost(1, 1) is None and Prices(1.0).cost(1, 1) is None
    assert Prices(0.0, 0.0).cost(10**6, 10**6) == 0.0
    assert Spending(Budget(cost=1.0), Prices(1.0, 0.0)).room(10, 500) == 500
    assert Spending(Budget(cost=1.0), Prices(1.0, 0.0), cost=2.0).room(10, 500) == 0


def test_replay_without_a_server(situation: Situation, cache: ReplyCache) -> None:
    spending = Spending(prices=Prices(1.0, 1.0))
    with ModelServer([proposals(flags("-O2")), proposals(flags("-O1")), GOOD]) as server:
        proposer = proposer_of(server, cache, spending=spending)
        asked = [list(proposer.propose(situation)) for _ in range(2)]
    assert len(server.requests) == 3
    replayed = LanguageModel(
        "scripted", None, cache, level="flags", spending=Spending(prices=Prices(1.0, 1.0))
    )
    again = [list(replayed.propose(situation)) for _ in range(2)]
    assert [[p.moves for p in part] for part in again] == [
        [p.moves for p in part] for part in asked
    ]
    assert all(p.usage.cached for part in again for p in part)
    assert again[0][0].usage.cost == 0.0 and again[0][0].usage.prompt_tokens == 1000
    assert replayed.spending.tokens == 0 and spending.tokens > 0
    with pytest.raises(ModelError, match="not in the cache"):
        list(replayed.propose(situation))


def test_which_proposer_the_environment_names(situation: Situation) -> None:
    root = situation.lake.root
    with ModelServer([GOOD]) as server:
        online = LanguageModel.from_environment(server.environment, root, level="flags", total=20.0)
        assert len(list(online.propose(situation))) == 3
        online.close()
        for environment, offline in (
            ({"CORR_MODEL": "scripted"}, False),
            (server.environment, True),
        ):
            replay = LanguageModel.from_environment(
                environment, root, level="flags", offline=offline
            )
            assert len(list(replay.propose(situation))) == 3
            replay.close()
    assert len(server.requests) == 1
    with pytest.raises(UsageError, match="no model is named"):
        LanguageModel.from_environment({"OPENAI_BASE_URL": server.url}, root)


def test_another_question_is_not_in_the_cache(situation: Situation, cache: ReplyCache) -> None:
    with ModelServer([GOOD]) as server:
        list(proposer_of(server, cache).propose(situation))
    for other in ("model", "level"):
        more = {"model": "scripted", "level": "flags"} | {other: "source"}
        offline = LanguageModel(more["model"], None, cache, level=more["level"])
        with pytest.raises(ModelError, match="not in the cache"):
            list(offline.propose(situation))


@pytest.mark.parametrize("damage", [b"", b"{", b"[" * 100_000, b"{}", b"null", b"\xff"])
def test_a_damaged_entry_is_asked_again(
    tmp_path: Path, damage: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    cache = ReplyCache(tmp_path / "replies")
    reply = model.Reply("text", "m", 1, 2)
    cache.put(ASKED, reply)
    assert cache.get(ASKED) == reply and cache.get(ASKED, 2) is None
    (entry,) = (tmp_path / "replies").iterdir()
    assert entry.name == f"{digest(ASKED)}.json"
    entry.write_bytes(damage)
    assert cache.get(ASKED) is None and "asking again" in capfd.readouterr().err
    cache.put(ASKED, reply)
    assert cache.get(ASKED) == reply


def test_an_altered_entry_is_asked_again(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path)
    cache.put(ASKED, model.Reply("honest text", "m", 1, 2))
    (entry,) = tmp_path.iterdir()
    entry.write_text(entry.read_text().replace("honest", "other"))
    assert cache.get(ASKED) is None


def test_a_cache_that_cannot_be_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "replies").write_text("a file where the folder should be")
    ReplyCache(tmp_path / "replies").put(ASKED, model.Reply("text", "m", 1, 2))
    assert "could not be kept" in capfd.readouterr().err
    ReplyCache(None).put(ASKED, model.Reply("text", "m", 1, 2))
    assert ReplyCache(None).get(ASKED) is None


def test_the_key_is_in_no_cached_file(situation: Situation, cache: ReplyCache) -> None:
    with ModelServer([GOOD], key=KEY) as server:
        list(proposer_of(server, cache).propose(situation))
    files = [p for p in situation.lake.root.rglob("*") if p.is_file()]
    assert any("replies" in str(p) for p in files)
    assert not any(KEY.encode() in p.read_bytes() for p in files)
