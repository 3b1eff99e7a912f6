"""What a tool said last, for a message."""

from __future__ import annotations

import pytest

from collectors.base.process import Completed


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a\nb\nc\nd", "c\nd"),
        (
            "w.c:1: warning: w\na.c:3:5: error: e\n3 | x\n  | ^\n1 error generated.",
            "a.c:3:5: error: e\n3 | x",
        ),
        ("fatal error: x.h\nmore\nstill more", "fatal error: x.h\nmore"),
        ("1\n2\nld.lld: error: undefined symbol: f", "2\nld.lld: error: undefined symbol: f"),
        ("no errors here\n2\n3", "2\n3"),
    ],
)
def test_a_compilers_error_comes_first(said: str, shown: str) -> None:
    done = Completed(("cc",), 1, b"", said.encode(), 0, 0, 0, 0, timed_out=False)
    assert done.last_lines(2) == shown
