"""What a model replied, as proposals. Everything in a reply is untrusted.

A reply is read as JSON wherever it stands in the text, else as search/replace blocks, else as one
whole function in a code block. What cannot be understood is a proposal that says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from collectors.base.foreign_text import one_line
from corr.optimize.llm import blocks as llm_blocks
from corr.optimize.llm import tolerant_json as llm_json
from corr.optimize.llm.reply_moves import Offer, Unreadable, move
from corr.optimize.proposal import Proposal

PROPOSER = "llm"
REASON_LENGTH = 2_000
LOOP_LENGTH = 300
#: Moves of one candidate, and candidates of one reply, that are looked at.
MOST_MOVES = 8
MOST_CANDIDATES = 64
#: A factor beyond this is a slip or a boast; it is not recorded.
LARGEST_SPEEDUP = 1_000.0
_THOUGHT = re.compile(r"\A\s*<(think(?:ing)?)>.*?(?:</\1>|\Z)", re.DOTALL)
_THOUGHT_END = re.compile(r"</think(?:ing)?>")


def read(text: str, offer: Offer, cut: str | None = None) -> list[Proposal]:
    """The proposals of a reply, in its order; at least one, if only to say why there is none.

    `cut` says why the reply ends early, if it does.
    """
    answer = without_thoughts(text)
    given = list(_candidates(answer))[:MOST_CANDIDATES]
    if given:
        return [_proposal(c, offer) for c in given]
    blocks = _from_blocks(answer, offer)
    if blocks is not None:
        return [blocks]
    return [_nothing(answer, text, cut)]


def without_thoughts(text: str) -> str:
    """The reply without what a reasoning model thought aloud before it."""
    if text.lstrip()[:1] in ("{", "["):
        return text
    text = _THOUGHT.sub("", text, count=1)
    ends = list(_THOUGHT_END.finditer(text))  # a template may have swallowed the beginning
    first_brace = text.find("{")
    before = [e for e in ends if first_brace < 0 or e.end() <= first_brace]
    return text[before[-1].end() :] if before else text


def _candidates(text: str) -> Iterator[Any]:
    """Whatever in the text looks like a candidate, in the shape asked for or a near one."""
    for value in llm_json.values(text):
        listed = value.get("candidates") if isinstance(value, dict) else value
        if isinstance(listed, dict):
            listed = [listed]
        if isinstance(listed, list) and any(_looks_like_one(c) for c in listed):
            yield from (c for c in listed if isinstance(c, dict))
            if isinstance(value, llm_json.CutObject | llm_json.CutList):
                return  # what it held would be found again
        elif _looks_like_one(value):
            yield value


def _looks_like_one(value: Any) -> bool:
    known = ["move", "moves", "kind"]
    if isinstance(value, llm_json.CutObject):
        known += ["reason", "expected_speedup"]
    return isinstance(value, dict) and any(k in value for k in known)


def _proposal(candidate: dict[str, Any], offer: Offer) -> Proposal:
    reason = _line(candidate.get("reason"), REASON_LENGTH)
    expected = speedup(candidate.get("expected_speedup"))
    loop = _line(candidate.get("loop"), LOOP_LENGTH) or None
    try:
        if isinstance(candidate, llm_json.CutObject):
            raise Unreadable("the reply ends in the middle of this candidate")
        moves = tuple(move(m, offer, reason) for m in _moves(candidate))
    except Unreadable as error:
        return Proposal((), reason, PROPOSER, expected, loop, unreadable=str(error))
    return Proposal(moves, reason, PROPOSER, expected, loop)


def _moves(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    """The moves of a candidate; a candidate may be a move itself."""
    listed = candidate.get("moves") or candidate.get("move")
    if listed is None and "kind" in candidate:
        listed = candidate
    if isinstance(listed, dict):
        listed = [listed]
    if not isinstance(listed, list) or not listed or not all(isinstance(m, dict) for m in listed):
        raise Unreadable("a candidate without a move")
    if len(listed) > MOST_MOVES:
        raise Unreadable(f"{len(listed)} moves in one candidate, at most {MOST_MOVES} are taken")
    return listed


def speedup(value: Any) -> float | None:
    """A stated factor: a number, or text such as `1.5x`. None where it is none."""
    if isinstance(value, str):
        match = re.match(r"\s*(\d{1,6}(?:\.\d{1,6})?)\s*[x×]?\s*\Z", value)
        value = float(match.group(1)) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value <= LARGEST_SPEEDUP else None


def _line(value: Any, limit: int) -> str:
    return one_line(value, limit) if isinstance(value, str) else ""


def _from_blocks(text: str, offer: Offer) -> Proposal | None:
    """The proposal that search/replace blocks or one whole function make. None if there are none.

    A reply in prose makes one change, however many blocks it has.
    """
    records: Iterable[dict[str, Any]] = llm_blocks.edits(text) or llm_blocks.functions(text, offer)
    listed = list(records)[:MOST_MOVES]
    if not listed:
        return None
    reason = one_line(text[: text.find("\n```")] if "\n```" in text else text, REASON_LENGTH)
    try:
        moves = tuple(move(record, offer, reason) for record in listed)
    except Unreadable as error:
        return Proposal((), reason, PROPOSER, unreadable=str(error))
    return Proposal(moves, reason, PROPOSER)


def _nothing(answer: str, text: str, cut: str | None) -> Proposal:
    lists = [v for v in llm_json.values(answer) if isinstance(v, dict) and "candidates" in v]
    if not answer.strip() and text.strip():
        why = "the reply is all thought and no answer"
    elif any(isinstance(v, llm_json.CutObject) for v in lists):
        why = "the reply ends before a candidate does"
    elif lists:
        why = "the reply holds no candidate"
    else:
        why = f"neither JSON nor edits in a reply of {len(text):,} characters"
    if cut:
        why = f"{why} (the reply {was(cut)})"
    return Proposal((), one_line(answer, 200), PROPOSER, unreadable=why)


def was(cut: str) -> str:
    """Why a reply ends early, as the rest of a sentence about it."""
    return f"is {cut}" if cut.startswith("longer") else cut
