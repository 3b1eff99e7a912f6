"""What an evaluation rests on: the calls that are decided otherwise, and the features that count.

A feature's weight is the share of decisions that turn round when its values are dealt out anew
among the calls (permutation importance). That needs no library, and asks any policy alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from collectors.base.errors import CorrError
from collectors.decisions.replay import SiteDecision
from corr.policy.corpus import Module
from corr.policy.examples import Examples
from corr.policy.handed_back import decided
from corr.policy.modules import Builds, pool
from corr.policy.policies import Policy

#: Decisions that the features are weighed on: a policy is asked one by one, in Python.
MOST = 300


@dataclass(frozen=True)
class Differing:
    """A call of a module and who inlines it, or does not, unlike LLVM. `ways` are their names."""

    module: str
    caller: str
    callee: str
    chain: str
    inlined: bool
    ways: tuple[str, ...]


def importances(policy: Policy, examples: Examples, seed: int = 0) -> list[tuple[str, float]]:
    """Each feature of a policy with its weight, the weightiest first."""
    random = np.random.default_rng(seed)
    places = [examples.names.index(name) for name in policy.features]
    chosen = random.permutation(len(examples.values))[:MOST]
    values = examples.values[chosen][:, places]
    decide = policy.decides()
    before = np.array([decide(row) for row in values.tolist()])
    found = []
    for number, name in enumerate(policy.features):
        dealt = values.copy()
        dealt[:, number] = random.permutation(dealt[:, number])
        after = np.array([decide(row) for row in dealt.tolist()])
        found.append((name, float((after != before).mean())))
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def differing(
    builds: Builds, modules: Sequence[Module], policies: Mapping[str, Policy],
    searched: Mapping[str, Sequence[SiteDecision]], jobs: int | None,
    done: Callable[[float], None],
) -> tuple[list[Differing], dict[str, str]]:  # fmt: skip
    """The calls that a search or a policy decides otherwise, by module; and what failed, and why.

    A policy's later decisions follow from its earlier ones: a call that only it comes to is told
    by what LLVM would have said of it there.
    """
    found: dict[tuple[str, SiteDecision], list[str]] = {}
    failed: dict[str, str] = {}
    for module in modules:
        for site in searched.get(module.name, ()):
            found.setdefault((module.name, site), []).append("searched")

    def one(pair: tuple[str, Module]) -> tuple[SiteDecision, ...] | str:
        try:
            return decided(builds, pair[1], policies[pair[0]]).other
        except CorrError as error:
            return error.message

    pairs = [(name, module) for name in policies for module in modules]
    with pool(jobs) as workers:
        for number, ((name, module), other) in enumerate(
            zip(pairs, workers.map(one, pairs), strict=True), 1
        ):
            if isinstance(other, str):
                failed[f"{name}, {module.name}"] = other
            else:
                for site in dict.fromkeys(other):
                    found.setdefault((module.name, site), []).append(name)
            done(number)
    return [
        Differing(module, s.caller, s.callee, s.chain, s.inlined, tuple(ways))
        for (module, s), ways in sorted(found.items())
    ], failed
