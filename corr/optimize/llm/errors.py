"""When a model's server fails: the error, and what to say of each kind of failure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from collectors.base.errors import CorrError, ExitCode
from collectors.base.foreign_text import one_line

KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
#: Characters of a server's own words that are shown.
SHOWN = 300


class ModelError(CorrError):
    """The model's server failed for good."""

    exit_code = ExitCode.model_server


def shown_url(url: str) -> str:
    """A URL without what may be secret in it: no user, password or query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


@dataclass(frozen=True)
class Failure:
    """One failed request: the HTTP status (None if there was none) and the server's own words."""

    status: int | None
    said: str = ""
    code: str = ""
    retry_after: float | None = None
    location: str = ""

    @property
    def out_of_credit(self) -> bool:
        """No waiting helps: the account behind the key has nothing left."""
        return "insufficient_quota" in f"{self.code} {self.said}"

    @property
    def passing(self) -> bool:
        """The same request may succeed later."""
        if self.status is None:
            return True
        return self.status in (408, 409, 425, 429) or self.status >= 500

    def describe(self) -> str:
        """The failure in some words."""
        said = one_line(self.said, SHOWN)
        if self.status is None:
            return said
        return f"{self.status}: {said}" if said else f"status {self.status}"


def final(failure: Failure, *, url: str, model: str, keyed: bool) -> ModelError:
    """The error for a failure that no retry helps. `keyed`: a key of the user's was sent."""
    where, what = shown_url(url), failure.describe()
    if failure.status == 401:
        return _unauthorised(where, what, keyed)
    if failure.status == 403:
        return ModelError(
            f"{where} does not let this key use model {model!r} ({what})",
            f"name another model with --model, or set {KEY_VARIABLE} to a key that may",
        )
    if failure.status == 404 and _about_model(failure, model):
        return ModelError(
            f"{where} has no model {model!r} ({what})",
            f"name one of those listed at {where}/models with --model",
        )
    if failure.status in (404, 405):
        return ModelError(
            f"{where} has no chat/completions ({what})",
            f"set {URL_VARIABLE} to the server's address; it mostly ends in /v1",
        )
    if failure.status is not None and 300 <= failure.status < 400:
        target = shown_url(failure.location) if failure.location else "another address"
        return ModelError(
            f"{where} sends on to {one_line(target, SHOWN)}; corr does not follow",
            f"set {URL_VARIABLE} to that address if you trust it",
        )
    if failure.out_of_credit:
        return ModelError(
            f"{where}: the account has no credit left ({what})",
            f"add credit, set {KEY_VARIABLE} to another key, or use --proposer rules",
        )
    if too_long(failure):
        return ModelError(
            f"the prompt is too long for model {model!r} ({what})",
            "use a smaller budget for the summary, or serve the model with a longer context",
        )
    return ModelError(f"{where} refuses the request ({what})", "see docs/models.md")


def _unauthorised(where: str, what: str, keyed: bool) -> ModelError:
    if keyed:
        return ModelError(
            f"{where} refuses the key in {KEY_VARIABLE} ({what})",
            f"set {KEY_VARIABLE} to a key of this server",
        )
    return ModelError(f"{where} wants a key ({what})", f"set {KEY_VARIABLE}")


def gave_up(failure: Failure, tries: int, *, url: str) -> ModelError:
    """The error for a failure that did not pass. `status` None: the server was not reached."""
    times = "once" if tries == 1 else f"{tries} times"
    if failure.status is None:
        return ModelError(
            f"{shown_url(url)}: {failure.describe()} (tried {times})",
            f"check that the server runs and that {URL_VARIABLE} is its address",
        )
    advice = "wait a while, or set --requests-per-minute" if failure.status == 429 else ""
    return ModelError(
        f"{shown_url(url)} failed {times}, last with {failure.describe()}",
        advice or "try again later, or use --proposer rules",
    )


def too_long(failure: Failure) -> bool:
    """The server says that prompt and reply together do not fit."""
    said = failure.said.lower()
    return failure.code == "context_length_exceeded" or bool(
        re.search(r"context (length|size|window)|exceed_context|too large|too long", said)
    )


def _about_model(failure: Failure, model: str) -> bool:
    said = f"{failure.code} {failure.said}"
    return "model" in said.lower() or model in said
