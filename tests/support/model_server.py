"""A server on 127.0.0.1 that speaks /v1/chat/completions and says what a test scripted.

    with ModelServer([proposals(flags("-march=native")), "Some prose.", Busy(2)]) as server:
        corr("optimize", "gemm.c", "--proposer", "llm", cwd=folder, **server.environment)
        assert len(server.requests) == 2

Each request takes the next entry of the script; after the last one the server answers 410, which
is final, or with `repeat=True` says the last one again. An entry is

- a str: the reply's text; a dict or list: the reply's text is that as JSON;
- an Answer, or one of the functions below that make one (Busy, broken, hanging, …);
- a function of the request (the decoded body) that gives any of these: a model that reacts.

`requests` holds the decoded bodies in order, `headers` their headers, `times` when they came.
`key`: the only key that is taken (others get 401). `stream=False`: a server that does not stream.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "scripted"


@dataclass
class Answer:
    """One answer. `body` replaces all that would be made of `text`; `drop` closes after so many
    bytes of it; `hang` says nothing until the server is closed; `pause` waits (s) between pieces;
    `endless_head` sends the head of an answer a byte at a time, so many seconds apart."""

    text: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    usage: Any = field(default_factory=lambda: {"prompt_tokens": 1000, "completion_tokens": 200})
    finish: str | None = "stop"
    drop: int | None = None
    hang: bool = False
    pause: float = 0.0
    pieces: int = 5
    endless_head: float = 0.0


Entry = Any
Script = Sequence[Entry]


def error(status: int, said: str, code: str | None = None, **headers: str) -> Answer:
    """An error as OpenAI's servers word it."""
    body = {"error": {"message": said, "type": "error", "param": None, "code": code}}
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    return Answer(status=status, headers=named, body=json.dumps(body).encode())


def Busy(seconds: float | str | None = None) -> Answer:
    """429, with Retry-After if given."""
    headers = {} if seconds is None else {"retry_after": str(seconds)}
    return error(429, "Rate limit reached", "rate_limit_exceeded", **headers)


def broken() -> Answer:
    return error(500, "The server had an error")


def hanging() -> Answer:
    return Answer(hang=True)


def nothing() -> Answer:
    """An answer whose text is empty."""
    return Answer("")


def empty_body() -> Answer:
    return Answer(body=b"")


def closed() -> Answer:
    """The connection is closed before a byte of the answer."""
    return Answer(drop=0)


def huge(megabytes: int = 10, letter: str = "x") -> Answer:
    """A reply of so many megabytes, in pieces of 64 kB."""
    return Answer(letter * (megabytes << 20), pieces=16 * megabytes)


def wrong_key() -> Answer:
    return error(401, "Incorrect API key provided", "invalid_api_key")


def no_model() -> Answer:
    return error(404, f"The model `{MODEL}` does not exist", "model_not_found")


def no_schema() -> Answer:
    return error(400, "response_format of type json_schema is not supported")


def proposals(*moves: dict[str, Any], reason: str = "scripted", expected: float = 1.5) -> str:
    """A good reply with one candidate a move."""
    entries = [
        {"reason": reason, "expected_speedup": expected, "loop": None, "move": m} for m in moves
    ]
    return json.dumps({"candidates": entries})


def flags(*add: str, remove: Sequence[str] = ()) -> dict[str, Any]:
    return {"kind": "flags", "add": list(add), "remove": list(remove)}


def pragma(file: str, line: int, *directives: str) -> dict[str, Any]:
    return {"kind": "pragma", "file": file, "line": line, "directives": list(directives)}


def source(file: str, *edits: tuple[str, str]) -> dict[str, Any]:
    pairs = [{"search": old, "replace": new} for old, new in edits]
    return {"kind": "source", "file": file, "edits": pairs}


def whole(file: str, function: str, text: str) -> dict[str, Any]:
    """A source move that gives a whole function."""
    return {
        "kind": "source", "file": file, "edits": None, "function": function, "text": text,
    }  # fmt: skip


def ir(unit: str, function: str, text: str) -> dict[str, Any]:
    return {"kind": "ir", "unit": unit, "function": function, "text": text}


class ModelServer:
    """The server, running while in the `with` block."""

    def __init__(
        self,
        script: Script,
        *,
        repeat: bool = False,
        key: str | None = None,
        stream: bool = True,
        model: str = MODEL,
    ) -> None:
        self.script = list(script)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self._repeat, self._key, self.stream, self.model = repeat, key, stream, model
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """What to add to the environment for corr to use this server."""
        named = {"OPENAI_BASE_URL": self.url, "CORR_MODEL": self.model, "NO_PROXY": "127.0.0.1"}
        return named | ({"OPENAI_API_KEY": self._key} if self._key else {})

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def prompt(self, number: int = -1) -> str:
        """All that was said in a request, the messages one after another."""
        return "\n".join(m["content"] for m in self.requests[number]["messages"])

    def next_answer(self, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        """The scripted answer to a request."""
        with self._lock:
            self.requests.append(body)
            self.headers.append(headers)
            self.times.append(time.monotonic())
            if self._key and headers.get("authorization") != f"Bearer {self._key}":
                return wrong_key()
            if not self.script:
                return error(410, "the script is over")
            entry = self.script[0] if self._repeat and len(self.script) == 1 else self.script.pop(0)
        if callable(entry):
            entry = entry(body)
        if isinstance(entry, str):
            return Answer(entry)
        return entry if isinstance(entry, Answer) else Answer(json.dumps(entry))

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the server is closed, at most so long; whether it is."""
        return self._closing.wait(seconds)

    def _handler(self) -> Callable[..., BaseHTTPRequestHandler]:
        return lambda *arguments: _Handler(self, *arguments)


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, model: ModelServer, *arguments: Any) -> None:
        self._model = model
        super().__init__(*arguments)

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path != "/v1/chat/completions":
            answer = error(404, "Not Found")
        else:
            answer = self._model.next_answer(body, headers)
        # The client may close as soon as it has read enough.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._say(answer, bool(body.get("stream")) and self._model.stream)

    def _say(self, answer: Answer, stream: bool) -> None:
        if answer.hang:
            self._model.wait()
            return
        if answer.drop == 0:
            return
        if answer.endless_head:
            self.send_response(answer.status)
            self.flush_headers()
            self.wfile.write(b"X-Padding: ")
            while not self._model.wait(answer.endless_head):
                self.wfile.write(b"x")
            return
        given = answer.body is not None
        kind = "text/event-stream" if stream and not given else "application/json"
        self.send_response(answer.status)
        for name, value in {"Content-Type": kind, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        pieces = [answer.body or b""] if given else self._pieces(answer, stream)
        left = answer.drop
        for piece in pieces:
            piece = piece if left is None else piece[:left]
            self.wfile.write(piece)
            self.wfile.flush()
            if left is not None:
                left -= len(piece)
                if left <= 0:
                    return
            if answer.pause and self._model.wait(answer.pause):
                return

    def _pieces(self, answer: Answer, stream: bool) -> list[bytes]:
        base = {"id": "c1", "object": "chat.completion", "created": 1, "model": self._model.model}
        if not stream:
            message = {"role": "assistant", "content": answer.text}
            choice = {"index": 0, "message": message, "finish_reason": answer.finish}
            whole = base | {"choices": [choice], "usage": answer.usage}
            return [json.dumps(whole).encode()]
        size = max(1, len(answer.text) // answer.pieces)
        texts = [answer.text[n : n + size] for n in range(0, len(answer.text), size)]
        events = [
            base | {"choices": [{"index": 0, "delta": {"content": t}, "finish_reason": None}]}
            for t in texts
        ]
        if answer.finish:
            end = {"index": 0, "delta": {}, "finish_reason": answer.finish}
            events.append(base | {"choices": [end]})
        if answer.usage is not None:
            events.append(base | {"choices": [], "usage": answer.usage})
        lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
        return [*lines, b"data: [DONE]\n\n"] if answer.finish else lines
