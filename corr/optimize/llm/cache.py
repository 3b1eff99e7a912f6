"""Replies kept by what was asked, so that a finished run replays without a server.

`<lake>/cache/replies/<sha256 of the request>.json` holds the request and the reply. A file appears
whole or not at all; one that is damaged is as good as none.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from corr.console.output import message
from corr.optimize.llm.client import Reply
from corr.optimize.llm.dialect import Request
from corr.system.disk import write_whole

VERSION = 1
#: Bytes of a file in the cache that are read.
LARGEST = 32 << 20


class ReplyCache:
    """The replies below a lake's folder. `folder` None keeps none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def of(cls, lake_root: Path) -> ReplyCache:
        """The cache of a lake."""
        return cls(lake_root / "cache" / "replies")

    def get(self, request: Request, occurrence: int = 1) -> Reply | None:
        """The reply kept for a request. `occurrence`: the how-manieth time a run asks it."""
        path = self._path(request, occurrence)
        if path is None:
            return None
        try:
            if path.stat().st_size > LARGEST:
                raise ValueError("too large")
            return _reply(json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            message(f"{path}: damaged ({type(error).__name__}), asking again")
            return None

    def put(self, request: Request, reply: Reply, occurrence: int = 1) -> None:
        """Keep a reply. A cache that cannot be written costs a message, not the run."""
        path = self._path(request, occurrence)
        if path is None:
            return
        entry = asdict(reply)
        record = {
            "version": VERSION,
            "request": _content(request, occurrence),
            "reply": entry,
            "sha256": _hash(entry),
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(record, indent=1))
        except OSError as error:
            message(f"{path.parent}: a reply could not be kept ({error.strerror})")

    def _path(self, request: Request, occurrence: int) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / f"{digest(request, occurrence)}.json"


def digest(request: Request, occurrence: int = 1) -> str:
    """The name that a request's reply is kept under."""
    return _hash(_content(request, occurrence))


def _content(request: Request, occurrence: int) -> dict[str, Any]:
    return {**asdict(request), "messages": list(request.messages), "occurrence": occurrence}


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _reply(record: Any) -> Reply:
    if record["version"] != VERSION or record["sha256"] != _hash(record["reply"]):
        raise ValueError("not what was written")
    reply = Reply(**record["reply"])
    if not isinstance(reply.text, str):
        raise TypeError("no text")
    return reply
