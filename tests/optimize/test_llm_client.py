"""The real client against a real server on this machine: good, bad and hostile ones."""

from __future__ import annotations

import gzip
import socket
from typing import Any

import pytest

from collectors.base.errors import UsageError
from corr.optimize.llm import client as model
from corr.optimize.llm import http as llm_http
from corr.optimize.llm.client import Client, Settings
from corr.optimize.llm.dialect import Request
from corr.optimize.llm.errors import ModelError
from tests.support.model_server import (
    Answer,
    Busy,
    ModelServer,
    broken,
    closed,
    empty_body,
    error,
    flags,
    hanging,
    huge,
    no_model,
    no_schema,
    nothing,
    proposals,
)

GOOD = proposals(flags("-march=native"), flags("-O2"), flags("-funroll-loops"))
KEY = "sk-test-4f9a7c21"
ASKED = Request("scripted", ({"role": "user", "content": "Go."},), {"type": "object"})


class Waits:
    """Stands in for sleeping: notes how long it would have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


def client_of(server: ModelServer, waits: Waits | None = None, **more: Any) -> Client:
    settings = Settings.from_environment(server.environment, **more)
    return Client(settings, sleep=waits or Waits(), share=lambda: 0.0)


def ask(server: ModelServer, waits: Waits | None = None, **more: Any) -> model.Reply:
    client = client_of(server, waits, **more)
    try:
        return client.ask(ASKED)
    finally:
        client.close()


def failure(server: ModelServer, waits: Waits | None = None, **more: Any) -> ModelError:
    with server, pytest.raises(ModelError) as raised:
        ask(server, waits, **more)
    assert raised.value.exit_code == 5 and KEY not in f"{raised.value.message} {raised.value.fix}"
    return raised.value


# --- the client


@pytest.mark.parametrize("stream", [True, False])
def test_a_reply(stream: bool) -> None:
    with ModelServer([GOOD], stream=stream) as server:
        reply = ask(server)
    assert reply.text == GOOD and reply.cut is None and not reply.estimated
    assert (reply.prompt_tokens, reply.completion_tokens) == (1000, 200)
    (sent,) = server.requests
    assert sent["max_tokens"] == 16_000 and sent["model"] == "scripted"
    assert sent["response_format"]["json_schema"]["strict"] is True


def test_only_what_is_needed_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-someone-else")
    with ModelServer([GOOD]) as server:
        ask(server)
    (headers,) = server.headers
    assert headers["authorization"] == f"Bearer {llm_http.PLACEHOLDER_KEY}"
    assert not [h for h in headers if "organization" in h or "project" in h]
    told = {h for h in headers if h.startswith("x-stainless")}
    assert not told & {"x-stainless-os", "x-stainless-arch", "x-stainless-runtime"}


def test_a_key_is_sent_and_shown_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    with ModelServer([broken(), GOOD], key=KEY) as server:
        client = client_of(server)
        assert client.ask(ASKED).text == GOOD
        client.close()
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(client.settings) and KEY not in "".join(capfd.readouterr())


def test_wrong_key() -> None:
    with ModelServer([GOOD], key="sk-right") as server, pytest.raises(ModelError) as raised:
        settings = Settings.from_environment({**server.environment, "OPENAI_API_KEY": KEY})
        Client(settings).ask(ASKED)
    assert "refuses the key in OPENAI_API_KEY" in raised.value.message
    assert raised.value.exit_code == 5 and len(server.requests) == 1
    assert "wants a key" in failure(ModelServer([error(401, "no key")])).message


def test_a_server_that_repeats_the_key() -> None:
    answer = error(401, f"Incorrect API key provided: {KEY}.")
    problem = failure(ModelServer([answer], key=KEY))
    assert "Incorrect API key provided: (the key)." in problem.message


def test_no_such_model_and_no_such_place() -> None:
    problem = failure(ModelServer([no_model()]))
    assert "has no model 'scripted'" in problem.message and "--model" in problem.fix
    with ModelServer([]) as server, pytest.raises(ModelError) as raised:
        url = server.url.removesuffix("/v1") + "/api"
        Client(Settings("scripted", url)).ask(ASKED)
    assert "has no chat/completions" in raised.value.message and "/v1" in raised.value.fix


def test_unreachable(waits: Waits) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://user:{KEY}@127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(ModelError) as raised:
            Client(Settings("scripted", url), sleep=waits).ask(ASKED)
    message = raised.value.message
    assert "cannot be reached" in message and "(tried 2 times)" in message
    assert KEY not in message and "OPENAI_BASE_URL" in raised.value.fix and len(waits.seconds) == 1


@pytest.mark.parametrize(
    "trouble, waited",
    [
        ([Busy(7)], [7.0]),
        ([Busy(0)], [0.0]),
        ([Busy(), Busy(), Busy(), Busy()], [1.0, 2.0, 4.0, 8.0]),
        ([Busy("soon")], [1.0]),
        ([Busy("nan")], [1.0]),
        ([Busy("-5")], [1.0]),
        ([Busy("Wed, 21 Oct 2015 07:28:00 GMT")], [0.0]),
        ([broken(), error(503, "loading"), error(529, "overloaded")], [1.0, 2.0, 4.0]),
        ([nothing(), empty_body()], [1.0, 2.0]),
        ([closed()], [1.0]),
        ([Answer(body=b"<html>gateway</html>", status=502)], [1.0]),
        ([Answer(body=b'{"choices": [{"message": {"content": null}}]}')], [1.0]),
        ([Answer(body=b"not JSON at all")], [1.0]),
        ([Answer(body=b"[" * 100_000)], [1.0]),
        ([Answer(body=b'{"error": {"message": "overloaded"}}')], [1.0]),
    ],
)
def test_what_passes_is_waited_for(
    trouble: list[Answer], waited: list[float], waits: Waits
) -> None:
    with ModelServer([*trouble, GOOD]) as server:
        assert ask(server, waits).text == GOOD
    assert waits.seconds == waited and len(server.requests) == len(trouble) + 1


@pytest.mark.parametrize(
    "answer, says",
    [
        (Busy(), "failed 5 times, last with 429: Rate limit reached"),
        (broken(), "failed 5 times, last with 500"),
        (nothing(), "sent an empty reply (tried 5 times)"),
        (closed(), "closed the connection"),
    ],
)
def test_giving_up(answer: Answer, says: str, waits: Waits) -> None:
    server = ModelServer([answer], repeat=True)
    assert says in failure(server, waits).message
    assert len(server.requests) == 5 and waits.seconds == [1.0, 2.0, 4.0, 8.0]


def test_what_does_not_pass_is_not_waited_for(waits: Waits) -> None:
    problem = failure(ModelServer([Busy(86_400)]), waits)
    assert "asks to wait 86,400 s" in problem.message
    broke = error(429, "You exceeded your current quota", "insufficient_quota")
    assert "no credit left" in failure(ModelServer([broke]), waits).message
    assert (
        "refuses the request (418: teapot)" in failure(ModelServer([error(418, "teapot")])).message
    )
    assert waits.seconds == []


def test_a_server_that_hangs(waits: Waits) -> None:
    server = ModelServer([hanging()], repeat=True)
    problem = failure(server, waits, total=0.3)
    assert "did not answer in time (tried 2 times)" in problem.message
    assert len(server.requests) == 2


def test_a_server_that_drips(waits: Waits) -> None:
    """Each piece comes in time; the whole does not. What came is used."""
    drip = Answer(GOOD, pieces=len(GOOD), pause=0.05)
    with ModelServer([drip]) as server:
        reply = ask(server, waits, total=2.0)
    assert GOOD.startswith(reply.text) and 0 < len(reply.text) < len(GOOD)
    assert reply.cut == "did not answer in time"


def test_a_server_whose_head_never_ends(waits: Waits) -> None:
    """Each byte of the head comes in time; the time in all is what counts."""
    server = ModelServer([Answer(endless_head=0.05)], repeat=True)
    problem = failure(server, waits, total=0.5)
    assert "did not answer in time (tried 2 times)" in problem.message


@pytest.mark.parametrize("stream", [True, False])
def test_ten_megabytes_are_not_read(stream: bool) -> None:
    with ModelServer([huge(10)], stream=stream) as server:
        reply = ask(server)
    assert 0 < len(reply.text) <= llm_http.LARGEST_TEXT
    assert reply.cut is not None and "the rest was not read" in reply.cut


def test_an_event_without_end() -> None:
    body = b'data: {"choices": [{"delta": {"content": "' + b"y" * (10 << 20)
    answer = Answer(body=body, headers={"Content-Type": "text/event-stream"})
    with ModelServer([answer]) as server:
        reply = ask(server)
    assert reply.text.startswith("yyy") and reply.cut and "not read" in reply.cut


def test_an_error_page_without_end() -> None:
    problem = failure(ModelServer([Answer(status=403, body=b"z" * (10 << 20))]))
    assert len(problem.message) < 600


def test_a_stream_that_breaks_off() -> None:
    with ModelServer([Answer(GOOD, finish=None, usage=None)]) as server:
        assert "broke off" in str(ask(server).cut)
    with ModelServer([Answer(GOOD, finish="length")]) as server:
        assert ask(server).cut == "stopped at the largest number of tokens"


def test_an_error_within_a_stream(waits: Waits) -> None:
    body = b'data: {"error": {"message": "out of memory"}}\n\n'
    bad = Answer(body=body, headers={"Content-Type": "text/event-stream"})
    with ModelServer([bad, GOOD]) as server:
        assert ask(server, waits).text == GOOD


def test_packed_answers_are_not_unpacked(waits: Waits) -> None:
    """64 kB of an error page could be 64 MB."""
    packed = gzip.compress(b'{"error": {"message": "unpacked"}}')
    bad = Answer(status=418, body=packed, headers={"Content-Encoding": "gzip"})
    server = ModelServer([bad])
    assert "unpacked" not in failure(server).message
    assert server.headers[0]["accept-encoding"] == "identity"
    packed = gzip.compress(b" " * (10 << 20))
    with ModelServer([Answer(body=packed, headers={"Content-Encoding": "gzip"}), GOOD]) as server:
        assert ask(server, waits).text == GOOD


def test_redirects_are_not_followed() -> None:
    with ModelServer([GOOD]) as other:
        there = other.url + "/chat/completions"
        away = Answer(status=307, headers={"Location": there}, body=b"")
        problem = failure(ModelServer([away], key=KEY))
        assert other.requests == []
    assert "sends on to" in problem.message


@pytest.mark.parametrize(
    "usage",
    [None, {}, {"prompt_tokens": -1, "completion_tokens": 1}, {"prompt_tokens": True}, [1],
     {"prompt_tokens": 10**30, "completion_tokens": 1}, {"prompt_tokens": "1", "completion_tokens": "2"},
     {"prompt_tokens": float("nan"), "completion_tokens": 1}],
)  # fmt: skip
def test_usage_that_is_none_is_estimated(usage: Any) -> None:
    with ModelServer([Answer(GOOD, usage=usage)]) as server:
        reply = ask(server)
    assert reply.estimated and reply.prompt_tokens == model.tokens("Go.") == 2
    assert reply.completion_tokens in (1, model.tokens(GOOD))


# --- servers differ


def test_json_schema_then_json_object_then_text() -> None:
    with ModelServer([no_schema(), no_schema(), GOOD, GOOD]) as server:
        client = client_of(server)
        assert client.ask(ASKED).text == client.ask(ASKED).text == GOOD
        client.close()
    kinds = [r.get("response_format", {}).get("type") for r in server.requests]
    assert kinds == ["json_schema", "json_object", None, None]  # learnt once


def test_other_names_and_missing_options() -> None:
    script = [
        error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        error(400, "Unsupported value: 'temperature' does not support 0.7 with this model."),
        error(422, "Extra inputs are not permitted: stream_options"),
        GOOD,
    ]
    with ModelServer(script) as server:
        ask(server)
    last = server.requests[-1]
    assert last["max_completion_tokens"] == 16_000 and "response_format" in last
    assert not {"max_tokens", "temperature", "stream_options"} & set(last)


def test_a_short_context() -> None:
    small = error(400, "'max_tokens' is too large: the maximum context length is 8192 tokens")
    with ModelServer([small, small, GOOD]) as server:
        ask(server)
    assert [r["max_tokens"] for r in server.requests] == [16_000, 8_000, 4_000]
    problem = failure(ModelServer([small], repeat=True))
    assert "the prompt is too long for model 'scripted'" in problem.message


def test_a_refusal_that_nothing_helps() -> None:
    server = ModelServer([error(400, "no \x1b[31mgood\n" + "x" * 5000)], repeat=True)
    message = failure(server).message
    assert "400: no \\x1b[31mgood" in message and len(message) < 500 and "\x1b" not in message
    assert len(server.requests) == 3  # schema, object, text


def test_requests_a_minute() -> None:
    now = [0.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    with ModelServer([GOOD], repeat=True) as server:
        settings = Settings.from_environment(server.environment, requests_per_minute=20)
        client = Client(settings, sleep=sleep, clock=lambda: now[0])
        for _ in range(3):
            client.ask(ASKED)
            now[0] += 1
        client.close()
    assert slept == [2.0, 2.0]


# --- settings


def test_settings_from_the_environment() -> None:
    local = {"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "CORR_MODEL": "a", "OPENAI_MODEL": "b"}
    found = Settings.from_environment(local)
    assert (found.model, found.key) == ("a", None)
    assert Settings.from_environment(local, "c").model == "c"
    official = Settings.from_environment({"OPENAI_API_KEY": f" {KEY}\n", "OPENAI_MODEL": "b"})
    assert (official.url, official.key) == (model.OPENAI_URL, KEY)
    assert model.configured(local) and not model.configured({"OPENAI_MODEL": "b"})
    assert not model.configured({"OPENAI_API_KEY": KEY})


@pytest.mark.parametrize(
    "environment, says",
    [
        ({"OPENAI_API_KEY": KEY}, "no model is named"),
        ({"CORR_MODEL": "m"}, "no model server is named"),
        ({"CORR_MODEL": "m", "OPENAI_API_KEY": "sk-\u00e9"}, "characters that no key has"),
        ({"CORR_MODEL": "m", "OPENAI_API_KEY": "sk-a\nb"}, "characters that no key has"),
        ({"CORR_MODEL": "m", "OPENAI_BASE_URL": "127.0.0.1:80"}, "not the address"),
        ({"CORR_MODEL": "m", "OPENAI_BASE_URL": "file:///etc/passwd"}, "not the address"),
        ({"CORR_MODEL": "m", "OPENAI_BASE_URL": "http://[::1"}, "not the address"),
        ({"CORR_MODEL": "m", "OPENAI_BASE_URL": "http://h:99999/"}, "not the address"),
    ],
)
def test_settings_that_cannot_be_taken(environment: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        Settings.from_environment(environment)
    assert raised.value.exit_code == 2
