"""Pages of rows within a number of tokens: an agent reads little at a time, and asks on."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Sequence
from typing import Any

from collectors.base.foreign_text import visible
from corr.summary.budget import tokens

#: Characters of one text; a diff or a function of IR can be far longer.
LONGEST_TEXT = 1500
#: Items of a list within a value.
LONGEST_LIST = 40


def plain(value: Any) -> Any:
    """A value as JSON has it, with long texts and lists cut, and control characters shown."""
    if isinstance(value, str):
        text = visible(value, keep="\n\t")
        return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… (cut)"
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, dict):
        return {visible(str(key)): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        listed = [plain(one) for one in list(value)[:LONGEST_LIST]]
        left = len(value) - LONGEST_LIST
        return [*listed, f"… {left} more"] if left > 0 else listed
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return plain(str(value))


def fitting(rows: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """The first rows that take at most so many tokens together; one at least."""
    kept: list[dict[str, Any]] = []
    used = 0
    for row in map(plain, rows):
        used += tokens(json.dumps(row, ensure_ascii=False))
        if kept and used > most:
            break
        kept.append(row)
    return kept
