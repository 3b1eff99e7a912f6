"""A policy for size by evolution, that is meant to transfer to modules it has not seen.

What evolves is a margin round the tuned constant: a limit of the cost, plus a weight a feature,
which begin as the constant and nothing. So the worst there is to learn is the constant itself. The
mean of the distribution is taken, never the best individual of the training modules: that one is
the luckiest. The validation modules choose between it, the constant and the default.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from collectors.base.errors import ToolMissing
from corr.policy import thresholds
from corr.policy.corpus import Module
from corr.policy.ledger import Ledger, Trial
from corr.policy.modules import pool
from corr.policy.policies import COST, Policy
from corr.policy.train import INSTALL

#: Few weights, as there are few modules to learn them from.
WEIGHTED = (
    "callee_users",
    "callee_basic_block_count",
    "caller_basic_block_count",
    "last_call_to_static_bonus",
    "call_argument_setup",
    "constant_args",
    "callsite_height",
    "unsimplified_common_instructions",
)
_SIGMA = 8.0
#: A generation compiles so many modules for each of its policies; of more there is a fixed choice.
SAMPLE = 24
#: Code of a module that does not compile counts as so many times its default's.
_FAILED = 2.0
#: LLVM's own threshold at -Oz, from which a search begins where no other constant is better.
_OZ = 5


@dataclass(frozen=True)
class Evolved:
    """The mean that evolution ended with, and code relative to the default's on each split."""

    policy: Policy
    chosen: str
    train: float
    validation: dict[str, float]
    generations: int


def policy_trial(policy: Policy) -> Trial:
    return Trial(policy=replace(policy, about=None).text(), advisor=policy.advisor)


def evolve(
    ledger: Ledger, train: Sequence[Module], validation: Sequence[Module], constant: int | None,
    generations: int, jobs: int | None, done: Callable[[float], None], seed: int = 1,
) -> Evolved:  # fmt: skip
    """Raises ToolMissing without cma. Ends early where the budget does."""
    strategy = _strategy(constant, seed)
    made = 0
    train = sorted(train, key=lambda module: module.sha256)[:SAMPLE]
    with pool(jobs) as workers:
        for generation in range(generations):
            asked = strategy.ask()
            trials = [policy_trial(_policy(vector, ledger)) for vector in asked]
            jobs_ = [(module, trial) for trial in trials for module in train]
            texts = list(workers.map(lambda job: ledger.text(*job), jobs_))
            if not all(ledger.known(*job) for job in jobs_):
                break
            size = len(train)
            costs = [_relative(train, texts[n * size : (n + 1) * size]) for n in range(len(asked))]
            strategy.tell(asked, costs)
            made = generation + 1
            done(made)
        mean = _policy(strategy.mean, ledger)
        trial = policy_trial(mean)

        def measured(modules: Sequence[Module], trial: Trial) -> float:
            texts = workers.map(lambda module: ledger.text(module, trial, last=True), modules)
            return _relative(modules, list(texts))

        told = {"default": 1.0}
        if constant is not None:
            told["constant"] = measured(validation, thresholds.trial(constant))
        told["policy"] = measured(validation, trial)
        chosen = min(told, key=lambda name: told[name])
        about = {"generations": made, "validation": told, "chosen": chosen, "constant": constant}
        return Evolved(
            replace(mean, about=about), chosen, measured(train, trial), told, made
        )  # fmt: skip


def _strategy(constant: int | None, seed: int) -> Any:
    try:
        import cma
    except ImportError as error:
        raise ToolMissing("evolution needs cma, which is not installed", INSTALL) from error
    start = [float(_OZ if constant is None else constant), *(0.0 for _ in WEIGHTED)]
    options = {"seed": seed, "verbose": -9, "popsize": 8, "verb_log": 0}
    return cma.CMAEvolutionStrategy(start, _SIGMA, options)


def _policy(vector: Sequence[float], ledger: Ledger) -> Policy:
    limit, *weights = (round(float(value), 4) for value in vector)
    major = ledger.builds.toolchain.major
    return Policy("margin", major, (COST, *WEIGHTED), limit, (), (0.0, *weights))


def _relative(modules: Sequence[Module], texts: Sequence[int | None]) -> float:
    """All code over all code of the default."""
    default = sum(module.text for module in modules)
    pairs = zip(modules, texts, strict=True)
    found = sum(_FAILED * m.text if text is None else text for m, text in pairs)
    return found / default if default else 1.0
