"""The model: which server, and asking it until it answers or has failed for good.

Nothing but the messages given leaves this machine; the key goes to the server named and nowhere
else, neither into a message nor into a file.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from collectors.base.errors import UsageError
from corr.console.output import message
from corr.optimize.llm.dialect import MAX_TOKENS, Dialect, Request
from corr.optimize.llm.errors import (
    KEY_VARIABLE,
    URL_VARIABLE,
    Failure,
    ModelError,
    final,
    gave_up,
    shown_url,
)
from corr.optimize.time_budget import OutOfTime
from corr.summary.budget import tokens

if TYPE_CHECKING:
    from corr.optimize.llm.http import Answer, Http

__all__ = ["Client", "ModelError", "Reply", "Request", "Retry", "Settings"]

OPENAI_URL = "https://api.openai.com/v1"
MODEL_VARIABLES = ("CORR_MODEL", "OPENAI_MODEL")


@dataclass(frozen=True)
class Retry:
    """How often a request is tried, and the waiting in between (seconds): it doubles each time."""

    tries: int = 5
    #: A server that is not there, or hangs, is not worth five times the waiting.
    tries_unreached: int = 2
    first: float = 1.0
    longest: float = 60.0
    #: A server that asks for more than this is not waited for.
    longest_asked: float = 300.0

    def allowed(self, failure: Failure) -> int:
        """How often such a failure is tried in all."""
        unreached = failure.code in ("connect", "timeout") and failure.status is None
        return min(self.tries, self.tries_unreached) if unreached else self.tries

    def wait(self, tried: int, failure: Failure, share: float) -> float:
        """Seconds to wait after the `tried`th try. `share` of [0, 1) spreads clients apart."""
        if failure.retry_after is not None:
            return failure.retry_after
        grown: float = self.first * 2 ** min(tried - 1, 30)
        return min(grown, self.longest) * (1 - 0.25 * share)


#: Seconds in which no server answers.
SHORTEST = 0.1


@dataclass(frozen=True)
class Settings:
    """Which model, where, and how it is asked. Times in seconds."""

    model: str
    url: str = OPENAI_URL
    key: str | None = field(default=None, repr=False)
    connect: float = 10.0
    total: float = 600.0
    max_tokens: int = MAX_TOKENS
    requests_per_minute: float | None = None
    retry: Retry = field(default_factory=Retry)

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], model: str | None = None, **more: Any
    ) -> Settings:
        """The settings that the options and the environment name.

        Raises UsageError where they do not name a server and a model.
        """
        name = model_name(environment, model)
        if name is None:
            raise UsageError(
                "no model is named", "use --model NAME, or set CORR_MODEL; see docs/models.md"
            )
        url, key = environment.get(URL_VARIABLE, "").strip(), _key(environment)
        if not url and key is None:
            raise UsageError(
                f"no model server is named: neither {URL_VARIABLE} nor {KEY_VARIABLE} is set",
                f"a local server: {URL_VARIABLE}=http://127.0.0.1:11434/v1; see docs/models.md",
            )
        return cls(name, _url(url or OPENAI_URL), key, **more)


def configured(environment: Mapping[str, str], model: str | None = None) -> bool:
    """A model and a server are named, so that `llm` can be the default."""
    server = environment.get(URL_VARIABLE, "").strip() or _key(environment)
    return model_name(environment, model) is not None and bool(server)


def model_name(environment: Mapping[str, str], model: str | None = None) -> str | None:
    """The model's name: --model, else CORR_MODEL, else OPENAI_MODEL, else None."""
    named = [model, *(environment.get(variable) for variable in MODEL_VARIABLES)]
    return next((name.strip() for name in named if name and name.strip()), None)


def _key(environment: Mapping[str, str]) -> str | None:
    key = environment.get(KEY_VARIABLE, "").strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(f"{KEY_VARIABLE} holds characters that no key has", "set it again")
    return key or None


def _url(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or " " in url:
        raise UsageError(
            f"{URL_VARIABLE} is not the address of a server",
            "it looks like http://127.0.0.1:11434/v1",
        )
    return url


@dataclass(frozen=True)
class Reply:
    """What a model said. `cut`: why it ends early. `estimated`: the server did not count."""

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cut: str | None = None
    estimated: bool = False


class Client:
    """Asks one server. `sleep`, `clock` (seconds, monotonic) and `share` can be replaced."""

    def __init__(
        self,
        settings: Settings,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        share: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self._sleep, self._clock, self._share = sleep, clock, share
        self._http: Http | None = None
        self._last: float | None = None
        # OpenAI's newer models refuse the old name, and most other servers know no other.
        official = settings.url.rstrip("/") == OPENAI_URL
        self._dialect = Dialect(limit="max_completion_tokens" if official else "max_tokens")

    def close(self) -> None:
        """Close the connection."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def ask(
        self,
        request: Request,
        max_tokens: int | None = None,
        left: Callable[[], float] = lambda: math.inf,
    ) -> Reply:
        """The reply to a request, of at most `max_tokens`.

        `left` says how many seconds there still are for it. Raises ModelError, and OutOfTime where
        they are over.
        """
        most = max_tokens or request.max_tokens
        tried = 0
        while True:
            tried += 1
            self._keep_rate(left)
            failure, answer = self._once(request, most, left())
            if answer is not None and answer.text.strip():
                return self._reply(request, answer)
            if left() <= SHORTEST:
                raise OutOfTime
            failure = failure or Failure(None, "sent an empty reply", "empty")
            if failure.status in (400, 422):
                tried = self._step_down(failure, most, tried)
                continue
            self._wait_or_raise(failure, tried, left)

    def _once(
        self, request: Request, most: int, left: float
    ) -> tuple[Failure | None, Answer | None]:
        from corr.optimize.llm.http import Failed

        try:
            total = min(self.settings.total, left)
            return None, self._connection().ask(self._dialect.parameters(request, most), total)
        except Failed as error:
            return error.failure, None

    def _connection(self) -> Http:
        if self._http is None:
            from corr.optimize.llm.http import Http

            s = self.settings
            try:
                self._http = Http(s.url, s.key, s.connect, s.total)
            except (ImportError, ValueError) as error:
                # No more is said: a proxy's address may hold a password.
                raise UsageError(
                    "the proxy that the environment names cannot be used",
                    "check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY",
                ) from error
        return self._http

    def _step_down(self, failure: Failure, most: int, tried: int) -> int:
        """Learn from a refusal; the number of tries, this one not counted. Raises ModelError."""
        instead = self._dialect.step_down(failure, most)
        if instead is None:
            raise self._final(failure)
        message(f"{shown_url(self.settings.url)}: {failure.describe()}; going on with {instead}")
        return tried - 1

    def _wait_or_raise(self, failure: Failure, tried: int, left: Callable[[], float]) -> None:
        retry, url = self.settings.retry, self.settings.url
        if not failure.passing or failure.out_of_credit:
            raise self._final(failure)
        pause = retry.wait(tried, failure, self._share())
        if tried >= retry.allowed(failure):
            raise gave_up(failure, tried, url=url)
        if pause > retry.longest_asked:
            raise ModelError(
                f"{shown_url(url)} asks to wait {pause:,.0f} s ({failure.describe()})",
                "try again then, or use --proposer rules",
            )
        message(f"{shown_url(url)}: {failure.describe()}; trying again in {pause:.0f} s")
        self._pause(pause, left)

    def _pause(self, seconds: float, left: Callable[[], float]) -> None:
        """Wait. Raises OutOfTime at once where there is no time left then."""
        if seconds >= left():
            raise OutOfTime
        self._sleep(seconds)

    def _final(self, failure: Failure) -> ModelError:
        s = self.settings
        return final(failure, url=s.url, model=s.model, keyed=s.key is not None)

    def _keep_rate(self, left: Callable[[], float]) -> None:
        """Wait until the next request may go."""
        rate = self.settings.requests_per_minute
        if rate and self._last is not None:
            pause = self._last + 60 / rate - self._clock()
            if pause > 0:
                self._pause(pause, left)
        self._last = self._clock()

    def _reply(self, request: Request, answer: Answer) -> Reply:
        prompt = _count(answer.usage.get("prompt_tokens"))
        completion = _count(answer.usage.get("completion_tokens"))
        counted = prompt is not None and completion is not None
        return Reply(
            answer.text,
            request.model,
            prompt if prompt is not None else request.prompt_tokens,
            completion if completion is not None else tokens(answer.text),
            answer.cut,
            not counted,
        )


def _count(value: Any) -> int | None:
    """A server's count of tokens, if it is one."""
    sound = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**8
    return value if sound else None
