"""Cases of one kind that take long: `make test` tries a third of them, `make long` the others."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

EVERY = 3


def a_third(names: Iterable[str]) -> list[str | object]:
    """The cases as parameters; all but every third are left to `make long`."""
    return [
        name if at % EVERY == 0 else pytest.param(name, marks=pytest.mark.long)
        for at, name in enumerate(names)
    ]
