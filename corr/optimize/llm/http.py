"""One request over HTTP with the openai client, its answer bounded in bytes and in time.

The answer is read here rather than by the client's own reader: that one holds any body whole, and
waits anew with each byte.
"""

from __future__ import annotations

import email.utils
import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import openai
from openai import Omit

from corr.optimize.llm import tolerant_json as llm_json
from corr.optimize.llm.errors import Failure

#: Bytes of an answer's body that are read; a token of a stream takes some hundred.
LARGEST_BODY = 32 << 20
#: Bytes of one event of a stream, or of an answer that is not streamed.
LARGEST_EVENT = 4 << 20
#: Characters of a reply that are kept.
LARGEST_TEXT = 1 << 20
LARGEST_ERROR = 64 << 10
PLACEHOLDER_KEY = "no-key"
OPENAI_HOST = "api.openai.com"


class Failed(Exception):
    """A request that brought no answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.describe())
        self.failure = failure


@dataclass
class Answer:
    """What came: the text, the server's own count of tokens if it gave one, why it ends early."""

    text: str = ""
    model: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    cut: str | None = None
    done: bool = False

    def add(self, piece: str) -> None:
        """Append text up to the bound."""
        room = LARGEST_TEXT - len(self.text)
        if len(piece) > room:
            self.cut = f"longer than {LARGEST_TEXT:,} characters, the rest was not read"
        self.text += piece[:room]


class _Bounded(httpx2.SyncByteStream):
    """A body that ends at a number of bytes and fails at a point in time."""

    def __init__(self, inner: Any, largest: int, deadline: float) -> None:
        self._inner, self._largest, self._deadline = inner, largest, deadline

    def __iter__(self) -> Iterator[bytes]:
        left = self._largest
        for chunk in self._inner:
            if time.monotonic() > self._deadline:
                raise httpx2.ReadTimeout("the answer took too long")
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return

    def close(self) -> None:
        self._inner.close()


class _Session(httpx2.Client):
    """An HTTP client that follows nowhere, unpacks nothing and reads no more than it may.

    Proxies of the environment are honoured, which a transport of our own would not do.
    """

    total: float = 600.0

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        deadline = time.monotonic() + self.total
        options["stream"] = True
        response = _before(deadline, lambda: super(_Session, self).send(request, **options))
        response.headers.pop("content-encoding", None)
        waits = request.extensions.get("timeout")
        if isinstance(waits, dict):  # read anew when the body is: what is left of the time
            waits["read"] = max(0.01, deadline - time.monotonic())
        largest = LARGEST_BODY if response.is_success else LARGEST_ERROR
        response.stream = _Bounded(response.stream, largest, deadline)
        return response


def _before(deadline: float, send: Callable[[], httpx2.Response]) -> httpx2.Response:
    """The head of an answer. Raises ReadTimeout at the deadline.

    The client waits anew for each byte of a head, so that a server which sends one now and then
    would never let go. Such a connection is left to a thread, which ends with the process.
    """
    came: list[httpx2.Response | BaseException] = []

    def wait() -> None:
        try:
            came.append(send())
        except BaseException as error:
            came.append(error)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    if not came:
        raise httpx2.ReadTimeout("the head of the answer took too long")
    if isinstance(came[0], BaseException):
        raise came[0]
    return came[0]


class Http:
    """A connection to one server. Every request is tried once; retrying is the caller's."""

    def __init__(self, url: str, key: str | None, connect: float, total: float) -> None:
        session = _Session(
            timeout=httpx2.Timeout(total, connect=connect, pool=connect),
            follow_redirects=False,
            headers={"Accept-Encoding": "identity"},
        )
        session.total = total
        self._session = session
        self._key = key
        self._client = openai.OpenAI(
            base_url=url,
            api_key=key or PLACEHOLDER_KEY,
            max_retries=0,
            http_client=session,
            default_headers=_headers(url),
        )

    def close(self) -> None:
        self._client.close()

    def ask(self, parameters: dict[str, Any], total: float) -> Answer:
        """The answer to one chat completion, within so many seconds. Raises Failed."""
        self._session.total = total
        try:
            with self._client.chat.completions.with_streaming_response.create(
                **parameters
            ) as response:
                return _read(response.http_response)
        except openai.APIStatusError as error:
            raise Failed(self._without_key(_status(error))) from None
        except openai.OpenAIError as error:
            raise Failed(_unreached(error.__cause__ or error)) from None
        except (httpx2.RequestError, httpx2.StreamError) as error:
            raise Failed(_unreached(error)) from None

    def _without_key(self, failure: Failure) -> Failure:
        """The failure without the key in it, which some servers repeat."""
        if not self._key:
            return failure
        return replace(failure, said=failure.said.replace(self._key, "(the key)"))


def _headers(url: str) -> Any:
    """Leave out what says more of this machine, or of another account, than the server needs."""
    kept_back = ["Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version"]
    headers: dict[str, Any] = {f"X-Stainless-{name}": Omit() for name in kept_back}
    if httpx2.URL(url).host != OPENAI_HOST:
        headers |= {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}
    return headers


def _status(error: openai.APIStatusError) -> Failure:
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error", body)
    said = inner.get("message") if isinstance(inner, dict) else inner
    if not isinstance(said, str) or not said:
        said = error.body if isinstance(error.body, str) else error.response.reason_phrase
    param = inner.get("param") if isinstance(inner, dict) else None
    code = inner.get("code") if isinstance(inner, dict) else None
    headers = error.response.headers
    return Failure(
        error.status_code,
        said if not isinstance(param, str) or param in said else f"{said} ({param})",
        code if isinstance(code, str) else "",
        retry_after(headers.get("retry-after-ms"), headers.get("retry-after")),
        headers.get("location", ""),
    )


def _unreached(error: BaseException) -> Failure:
    if isinstance(error, httpx2.ConnectTimeout | httpx2.ConnectError):
        reason = str(error) or "no answer"
        return Failure(None, f"cannot be reached ({reason})", "connect")
    if isinstance(error, httpx2.TimeoutException):
        return Failure(None, "did not answer in time", "timeout")
    return Failure(None, f"closed the connection ({error or type(error).__name__})", "closed")


def retry_after(milliseconds: str | None, value: str | None) -> float | None:
    """Seconds that a server asks to wait: a number or a date. None for nonsense."""
    for text, scale in ((milliseconds, 1e-3), (value, 1.0)):
        try:
            seconds = float(text or "") * scale
        except ValueError:
            continue
        return seconds if math.isfinite(seconds) and seconds >= 0 else None
    try:
        when = email.utils.parsedate_to_datetime(value or "").timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, when - time.time())


def _read(response: Any) -> Answer:
    """The answer in a body: a stream of events, or one object where the server streams not.

    A body that breaks off after some text is an answer that was cut.
    """
    answer = Answer()
    try:
        if "text/event-stream" in response.headers.get("content-type", ""):
            _read_events(response, answer)
        else:
            _read_whole(response, answer)
    except (httpx2.RequestError, httpx2.StreamError) as error:
        if not answer.text:
            raise
        answer.cut = _unreached(error).said
    return answer


def _read_whole(response: Any, answer: Answer) -> None:
    body = b""
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > LARGEST_EVENT:
            answer.cut = f"longer than {LARGEST_EVENT:,} bytes, the rest was not read"
            break
    _take(_object(body[:LARGEST_EVENT]), answer)


def _read_events(response: Any, answer: Answer) -> None:
    for line in _lines(response.iter_raw(), answer):
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            answer.done = True
            return
        _take(_object(data), answer)
        if answer.cut:
            return
    if not answer.done:
        answer.cut = "broke off: the server did not say that it was done"


def _lines(chunks: Iterator[bytes], answer: Answer) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > LARGEST_EVENT:
            answer.cut = f"has an event longer than {LARGEST_EVENT:,} bytes, the rest was not read"
            break
    yield rest


def _object(data: bytes) -> dict[str, Any]:
    """The object in an event; {} where there is none. One that was cut keeps what came."""
    text = data.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = next(iter(llm_json.values(text)), None)
    return value if isinstance(value, dict) else {}


def _take(event: dict[str, Any], answer: Answer) -> None:
    """Add what an event says. Raises Failed for an error that the server reports in a stream."""
    error = event.get("error")
    if error and not event.get("choices"):
        said = error.get("message") if isinstance(error, dict) else error
        raise Failed(Failure(500, str(said)))
    if isinstance(event.get("usage"), dict):
        answer.usage = event["usage"]
    if isinstance(event.get("model"), str):
        answer.model = event["model"][:200]
    choices = event.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else {}
    if not isinstance(first, dict):
        return
    part = first.get("delta") or first.get("message") or {}
    content = (part.get("content") or part.get("refusal")) if isinstance(part, dict) else None
    answer.add(_text(content))
    answer.done = answer.done or bool(first.get("finish_reason"))
    if first.get("finish_reason") == "length" and not answer.cut:
        answer.cut = "stopped at the largest number of tokens"


def _text(content: Any) -> str:
    """The text of a message: a string, or parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [p.get("text") for p in content if isinstance(p, dict)]
        return "".join(p for p in parts if isinstance(p, str))
    return ""
