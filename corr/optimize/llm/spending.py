"""What a model's replies cost, and how long the next may be for the budget to hold."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from corr.optimize.llm.client import Reply


@dataclass(frozen=True)
class Prices:
    """Prices per million tokens, in any one currency. None: unknown, so is every cost."""

    tokens_in: float | None = None
    tokens_out: float | None = None

    def cost(self, prompt: int, completion: int) -> float | None:
        """What so many tokens cost."""
        if self.tokens_in is None or self.tokens_out is None:
            return None
        return (prompt * self.tokens_in + completion * self.tokens_out) / 1e6


@dataclass(frozen=True)
class Budget:
    """What may be spent in all: tokens, and cost in the currency of the prices. None: no cap."""

    tokens: int | None = None
    cost: float | None = None


@dataclass
class Spending:
    """What was spent, and how long the next reply may be for the budget to hold."""

    budget: Budget = field(default_factory=Budget)
    prices: Prices = field(default_factory=Prices)
    tokens: int = 0
    cost: float = 0.0

    def add(self, reply: Reply) -> None:
        """Count a reply that came from the server."""
        self.tokens += reply.prompt_tokens + reply.completion_tokens
        self.cost += self.prices.cost(reply.prompt_tokens, reply.completion_tokens) or 0.0

    def room(self, prompt_tokens: int, wanted: int) -> int:
        """Tokens that a reply to such a prompt may have, at most `wanted`; 0 or less for none."""
        room: float = wanted
        if self.budget.tokens is not None:
            room = min(room, self.budget.tokens - self.tokens - prompt_tokens)
        price = self.prices.tokens_out
        if self.budget.cost is not None and price is not None:
            left = self.budget.cost - self.cost - (self.prices.cost(prompt_tokens, 0) or 0.0)
            room = min(room, math.floor(left * 1e6 / price) if price else room * (left >= 0))
        return int(room)

    def describe(self) -> str:
        """The caps and what was spent, for a message."""
        caps = []
        if self.budget.tokens is not None:
            caps.append(f"{self.tokens:,} of {self.budget.tokens:,} tokens")
        if self.budget.cost is not None:
            caps.append(f"{self.cost:.4f} of {self.budget.cost:g} in cost")
        return " and ".join(caps) or f"{self.tokens:,} tokens"
