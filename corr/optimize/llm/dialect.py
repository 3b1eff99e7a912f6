"""A request as a server understands it: servers differ in what they take beside the messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corr.optimize.llm.errors import Failure, too_long
from corr.summary.budget import tokens

#: Tokens that a reply may have, the model's own thinking counted.
MAX_TOKENS = 16_000


@dataclass(frozen=True)
class Request:
    """What is asked: messages, the schema of the answer, its length, how freely it may vary."""

    model: str
    messages: tuple[Mapping[str, str], ...]
    schema: Mapping[str, Any]
    max_tokens: int = MAX_TOKENS
    temperature: float = 0.7

    @property
    def prompt_tokens(self) -> int:
        """About how many tokens the messages have."""
        return sum(tokens(m["content"]) for m in self.messages)


@dataclass
class Dialect:
    """What a server was found to understand. Learnt once and kept."""

    format: str = "json_schema"
    limit: str = "max_tokens"
    limit_changed: bool = False
    most_tokens: int | None = None
    temperature: bool = True
    count: bool = True

    def parameters(self, request: Request, max_tokens: int) -> dict[str, Any]:
        """The request in this dialect."""
        most = min(max_tokens, self.most_tokens or max_tokens)
        parameters: dict[str, Any] = {
            "model": request.model,
            "messages": [{k: _sendable(v) for k, v in m.items()} for m in request.messages],
            "stream": True,
            self.limit: most,
        }
        if self.count:
            parameters["stream_options"] = {"include_usage": True}
        if self.temperature:
            parameters["temperature"] = request.temperature
        if self.format == "json_schema":
            named = {"name": "proposals", "strict": True, "schema": dict(request.schema)}
            parameters["response_format"] = {"type": "json_schema", "json_schema": named}
        elif self.format == "json_object":
            parameters["response_format"] = {"type": "json_object"}
        return parameters

    def step_down(self, failure: Failure, max_tokens: int) -> str | None:
        """Do without what the server refuses; says what, None if nothing is left to try."""
        said = failure.said.lower()
        if too_long(failure):
            most = (self.most_tokens or max_tokens) // 2
            self.most_tokens = max(most, 1)
            return f"replies of at most {most} tokens" if most >= 512 else None
        if "max_tokens" in said or "max_completion_tokens" in said:
            if self.limit_changed:
                return None
            self.limit_changed = True
            names = ("max_tokens", "max_completion_tokens")
            self.limit = names[1] if self.limit == names[0] else names[0]
            return self.limit
        if "temperature" in said and self.temperature:
            self.temperature = False
            return "the model's own temperature"
        if "stream_options" in said and self.count:
            self.count = False
            return "an estimate of tokens"
        below = {"json_schema": "json_object", "json_object": "text"}.get(self.format)
        self.format = below or self.format
        return f"replies as {below}" if below else None


def _sendable(text: str) -> str:
    """Text that UTF-8 can carry: bytes of a source that were no UTF-8 are replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")
