"""What is said to the model. The summary goes in as it is, byte for byte, between two marks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from collectors.base.foreign_text import one_line
from corr.optimize.llm.reply_moves import kinds_of
from corr.system.shipped_files import shipped

if TYPE_CHECKING:
    from jinja2 import Environment

    from corr.optimize.proposal import Proposal

#: Files and units that are named; more are left out, and it is said.
MOST_NAMES = 60

_FOCUS = {
    "auto": "Take the kinds of move that fit the evidence best, not all of one kind.",
    "ir": "Each is an `ir` move: a rewritten function in LLVM IR; its present text is below.",
    "source": "Each is a `source` move: a small edit of the source.",
    "schedule": "Each is a `schedule` move: another order for a loop nest.",
    "pragma": "Each is a `pragma` move: directives at a loop.",
    "flags": "Each is a `flags` move: options of clang.",
}


def messages(
    summary: str,
    level: str,
    candidates: int,
    files: Sequence[str],
    units: Sequence[str],
    nests: str = "",
    allow_reassociation: bool = False,
    kinds: tuple[str, ...] | None = None,
) -> tuple[dict[str, str], ...]:
    """The system and the user message. `kinds` narrows what the level allows."""
    allowed = kinds or kinds_of(level)
    system = _template("prompt_system.md.j2").render(
        kinds=allowed,
        allow_reassociation=allow_reassociation,
        example=_example(allowed),
    )
    user = _template("prompt_user.md.j2").render(
        candidates=candidates,
        focus=_FOCUS[level],
        kinds=allowed,
        files=_names(files),
        units=_names(units),
        nests=nests,
        summary=summary,
        fence=_fence(summary + nests),
    )
    return {"role": "system", "content": system}, {"role": "user", "content": user}


def more(usable: Sequence[Proposal], unusable: Sequence[str], wanted: int) -> dict[str, str]:
    """The message that asks for what is missing, after the first reply."""
    given = [_said(proposal) for proposal in usable]
    text = _template("prompt_more.md.j2").render(
        given=given, unusable=[one_line(why, 300) for why in unusable], wanted=wanted
    )
    return {"role": "user", "content": text}


def _said(proposal: Proposal) -> str:
    moves = "; ".join(move.describe() for move in proposal.moves)
    return one_line(f"{moves} ({proposal.reason})" if proposal.reason else moves, 400)


def _fence(text: str) -> str:
    """A mark that the text cannot hold, as it would have to hold its own hash."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(one_line(name, 200) for name in names[:MOST_NAMES])
    left = len(names) - MOST_NAMES
    return f"{shown} and {left} more" if left > 0 else shown


_SHAPES: Mapping[str, dict[str, Any]] = {
    "flags": {"kind": "flags", "add": ["..."], "remove": []},
    "pragma": {"kind": "pragma", "file": "...", "line": 1, "directives": ["..."]},
    "schedule": {
        "kind": "schedule", "unit": "...", "scop": "...",
        "schedules": [{"statement": "...", "schedule": "..."}],
    },
    "source": {
        "kind": "source", "file": "...", "edits": [{"search": "...", "replace": "..."}],
    },
    "ir": {"kind": "ir", "unit": "...", "function": "...", "text": "..."},
}  # fmt: skip


def _example(kinds: tuple[str, ...]) -> str:
    candidate = {"reason": "...", "expected_speedup": 1.2, "loop": None, "move": _SHAPES[kinds[0]]}
    return json.dumps({"candidates": [candidate]})


def _template(name: str) -> Any:
    return _environment().get_template(name)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(shipped("templates")),
        autoescape=False,  # noqa: S701 (text for a model; what is put in is never a template)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
