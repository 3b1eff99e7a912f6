"""The diffs of passes, taken at their word."""

from __future__ import annotations

import json


def applied(diff: str, old: list[str]) -> list[str]:
    """The old normalised lines with a stored diff applied. ValueError if it does not fit."""
    new: list[str] = []
    at = 0
    for hunk in json.loads(diff):
        if hunk.get("truncated"):
            raise ValueError("this diff was cut")
        start = hunk["old_start"] - 1
        new += old[at:start]
        at = start
        for line in hunk["lines"]:
            if line["op"] == "+":
                new.append(line["text"])
                continue
            if at >= len(old) or old[at] != line["text"]:
                raise ValueError(f"line {at + 1} is not {line['text']!r}")
            at += 1
            if line["op"] == " ":
                new.append(line["text"])
    return new + old[at:]
