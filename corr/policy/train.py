"""The warm start: a policy that decides as LLVM does, learned from its decisions.

Behavioural cloning by boosted trees of scikit-learn, which are kept as arrays of a policy's file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from collectors.base.errors import ToolMissing
from collectors.decisions import inliner
from corr.policy.corpus import Split
from corr.policy.examples import Examples, Traced
from corr.policy.policies import Policy, Tree

#: What LLVM's own rule compares: with these two, cloning it is nearly a matter of one comparison.
RULE = (inliner.COST, inliner.THRESHOLD)
#: Trees are asked one by one, in Python, while a compiler waits.
_TREES, _DEPTH, _RATE = 80, 5, 0.2
INSTALL = "pip install 'corr-llvm[policy]'"


@dataclass(frozen=True)
class Cloned:
    """A policy, and how often it decides as LLVM does, by split; `always` never inlines or always
    does, whichever is right more often."""

    policy: Policy
    agreement: dict[str, float]
    decisions: dict[str, int]
    always: dict[str, float]
    importances: tuple[tuple[str, float], ...]


def clone(traced: Traced, without: Sequence[str] = (), seed: int = 0) -> Cloned:
    """Learn from the training split, look at all. Raises ToolMissing without scikit-learn."""
    ensemble = _ensemble()
    train = traced.examples(Split.train).without(without)
    classes = set(train.inlined.tolist())
    model = None
    if len(classes) == 2:
        model = ensemble(
            n_estimators=_TREES, max_depth=_DEPTH, learning_rate=_RATE, subsample=0.7,
            random_state=seed,
        )  # fmt: skip
        model.fit(train.values, train.inlined)
    policy = Policy(
        "trees",
        traced.run.facts.llvm_major or inliner.OLDEST_LLVM,
        train.names,
        *_grown(model, train),
        about={"cloned": traced.corpus.sound, "decisions": len(train.inlined)},
    )
    agreement, decisions, always = {}, {}, {}
    decide = policy.decides()
    for split in Split:
        if not traced.modules(split):
            continue
        seen = traced.examples(split).without(without)
        said = np.array([decide(row) for row in seen.values.tolist()])
        agreement[split.value] = float((said == seen.inlined).mean())
        decisions[split.value] = len(seen.inlined)
        share = float(seen.inlined.mean())
        always[split.value] = max(share, 1 - share)
    return Cloned(policy, agreement, decisions, always, _importances(model, train.names))


def _ensemble() -> Any:
    try:
        from sklearn.ensemble import GradientBoostingClassifier
    except ImportError as error:
        raise ToolMissing("learning needs scikit-learn, which is not installed", INSTALL) from error
    return GradientBoostingClassifier


def _grown(model: Any, train: Examples) -> tuple[float, tuple[Tree, ...]]:
    """The start and the trees of a model; of one that has seen one answer only, that answer."""
    if model is None:
        return (1.0 if train.inlined[0] else -1.0), ()
    share = float(train.inlined.mean())
    trees = []
    for (grown,) in model.estimators_:
        tree = grown.tree_
        leaf = tree.children_left == -1
        trees.append(
            Tree(
                tuple(np.where(leaf, 0, tree.feature).tolist()),
                tuple(np.where(leaf, 0.0, tree.threshold).tolist()),
                tuple(tree.children_left.tolist()),
                tuple(np.where(leaf, -1, tree.children_right).tolist()),
                tuple((_RATE * tree.value[:, 0, 0] * leaf).tolist()),
            )
        )
    return float(np.log(share / (1 - share))), tuple(trees)


def _importances(model: Any, names: Sequence[str]) -> tuple[tuple[str, float], ...]:
    if model is None:
        return ()
    pairs = zip(names, model.feature_importances_.tolist(), strict=True)
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))
