"""Which proposer: the rules, a model, or both in turn."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.base.errors import UsageError
from corr.console.output import message
from corr.optimize.llm.errors import ModelError
from corr.optimize.proposal import Proposal, Proposer, Refining, Situation, Trial
from corr.optimize.rules.proposer import Rules
from corr.optimize.variant import Move

if TYPE_CHECKING:
    from corr.optimize.llm.spending import Spending

#: Proposals of the rules for each of a model's, where both propose.
RULES_FOR_EACH = 3


class Both:
    """The model's proposals of an iteration, and the rules' between them.

    Where the model's server fails for good, the rules go on alone; `failed` says why.
    """

    name = "both"

    def __init__(self, model: Proposer, rules: Proposer) -> None:
        self.parts = {"llm": model, "rules": rules}
        self.failed: ModelError | None = None

    def propose(self, situation: Situation) -> Iterator[Proposal]:
        share = max(1, situation.candidates // (1 + RULES_FOR_EACH))
        rules = iter(self.parts["rules"].propose(situation))
        for proposal in self._models(replace(situation, candidates=share)):
            yield proposal
            yield from itertools.islice(rules, RULES_FOR_EACH)
        yield from rules if self.failed else itertools.islice(rules, RULES_FOR_EACH)

    def _models(self, situation: Situation) -> Iterator[Proposal]:
        if self.failed is not None:
            return
        try:
            yield from self.parts["llm"].propose(situation)
        except ModelError as error:
            self.failed = error
            message(f"{error.message}; the rules go on alone")

    def near(self, moves: Sequence[Move]) -> Iterator[tuple[Move, ...]]:
        """The same moves with other sizes, of what the rules made."""
        rules = self.parts["rules"]
        return rules.near(moves) if isinstance(rules, Refining) else iter(())

    def tell(self, trial: Trial) -> None:
        self.parts["llm" if trial.proposal.proposer == "llm" else "rules"].tell(trial)


def proposer(
    name: str | None,
    lake_root: Path,
    *,
    model: str | None,
    level: str,
    spending: Spending | None = None,
    offline: bool = False,
    **more: float,
) -> tuple[str, Proposer]:
    """The proposer by name, and the name: `both` where a model is configured, else `rules`.

    Raises UsageError for a name that is none, or a model that is not configured.
    """
    from corr.optimize.llm.client import configured

    chosen = name or ("both" if configured(os.environ, model) else "rules")
    if chosen == "rules":
        return chosen, Rules()
    if chosen not in ("llm", "both"):
        raise UsageError(f"no such proposer: {chosen}", "rules, llm or both")
    from corr.optimize.llm.proposer import LanguageModel

    settings: dict[str, Any] = {"level": level, "spending": spending, "offline": offline, **more}
    language: Proposer = LanguageModel.from_environment(os.environ, lake_root, model, **settings)
    return chosen, language if chosen == "llm" else Both(language, Rules())
