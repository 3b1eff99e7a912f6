"""A call that the inliner decided on, in words."""

from __future__ import annotations

from typing import Any

import pytest

from corr.console.call_words import sentence

ROW: dict[str, Any] = dict.fromkeys(
    ("inlined", "kept", "inlined_share", "bytes", "copies", "callee_share", "callee_bytes", "cost")
    + ("most_share", "calls_why")
    + ("threshold", "reason", "said")
)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"kept": 1, "reason": "NeverInline", "said": "recursive"}, "never inlines it: recursive"),
        ({"kept": 1, "reason": "NeverInline"}, "an attribute or the target forbids it"),
        ({"inlined": 1, "bytes": 674, "copies": 13}, "into 1 function, 13 copies, 674 B in all"),
        ({"inlined": 1, "bytes": 50, "copies": 1}, "inlined into 1 function, 50 B of code"),
    ],
)
def test_what_is_said_of_a_call(row: dict[str, Any], words: str) -> None:
    assert sentence(ROW | row).endswith(words)
