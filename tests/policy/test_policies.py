"""A policy's file: what it decides, and that a file of anybody's is harmless."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from collectors.base.errors import CorrError, UsageError
from collectors.decisions.channel import parse
from corr.policy import policies, train
from corr.policy.examples import Examples
from corr.policy.policies import COST, Policy, Tree
from tests.decisions.test_channel import header


def stump(limit: float = 10.0) -> Tree:
    return Tree((0, 0, 0), (limit, 0.0, 0.0), (1, -1, -1), (2, -1, -1), (0.0, 1.0, -1.0))


STUMP = Policy("trees", 22, (COST, "callee_users"), 0.0, (stump(),))


def test_trees_decide_as_scikit_learn_says() -> None:
    """All of the arithmetic is done again without it; the answers must be its own."""
    random = np.random.default_rng(3)
    values = random.integers(-50, 50, (400, 4))
    truth = (values[:, 0] * 2 + values[:, 1] < values[:, 2]) ^ (values[:, 3] > 30)
    model = GradientBoostingClassifier(
        n_estimators=30, max_depth=3, learning_rate=train._RATE, random_state=0
    ).fit(values, truth)
    examples = Examples(tuple("abcd"), values, truth, np.zeros(400, np.int64))
    policy = Policy("trees", 22, tuple("abcd"), *train._grown(model, examples))
    decide = policy.decides()
    fresh = random.integers(-60, 60, (300, 4))
    assert [decide(row) for row in fresh.tolist()] == model.predict(fresh).tolist()


def test_a_margin_is_a_limit_of_the_cost_that_features_move() -> None:
    plain = Policy("margin", 22, (COST, "callee_users"), 5.0, (), (0.0, 0.0)).decides()
    assert [plain([cost, 9]) for cost in (-20, 5, 6)] == [True, True, False]
    moved = Policy("margin", 22, (COST, "callee_users"), 5.0, (), (0.0, 10.0)).decides()
    assert moved([20, 9]) and not moved([40, 9]) and not moved([20, 0])


def test_a_file_gives_the_same_policy(tmp_path: Path) -> None:
    for policy in (STUMP, Policy("margin", 22, (COST,), 1.5, (), (0.0,), {"made": "here"})):
        policy.write(tmp_path / "p.json")
        assert policies.load(tmp_path / "p.json") == policy


def test_an_advisor_finds_features_by_name() -> None:
    told = parse(header(("callee_users", "int64_t", [1]), (COST, "int64_t", [1])))
    advise = STUMP.advisor(told)
    assert [advise(np.array([0, c], np.int64).tobytes()) for c in (3, 30)] == [1, 0]
    with pytest.raises(CorrError, match="does not send cost_estimate"):
        STUMP.advisor(parse(header(("callee_users", "int64_t", [1]))))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "pickle"},
        {"kind": "margin", "weights": [1.0]},
        {"kind": "margin", "features": ["a"], "weights": [1.0]},
        {"trees": [{"feature": [0], "limit": [1], "left": [0], "right": [0], "value": [1]}]},
        {"trees": [{"feature": [9, 0, 0], "limit": [1, 0, 0], "left": [1, -1, -1],
                    "right": [2, -1, -1], "value": [0, 1, 1]}]},
        {"trees": [{"feature": [0], "limit": [1], "left": [-1], "right": [-1], "value": []}]},
        {"format": 99},
        {"features": 5},
    ],
)  # fmt: skip
def test_what_is_no_policy_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """A tree that leads back to itself would keep the compiler waiting for ever."""
    record = json.loads(STUMP.text()) | wrong
    (tmp_path / "p.json").write_text(json.dumps(record))
    with pytest.raises(UsageError):
        policies.load(tmp_path / "p.json")


def test_files_that_are_not_there_or_no_json(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        policies.load(tmp_path / "none.json")
    (tmp_path / "p.json").write_text("[]")
    with pytest.raises(UsageError, match="is no policy"):
        policies.load(tmp_path / "p.json")
    assert replace(STUMP, about={"a": 1}) != STUMP
