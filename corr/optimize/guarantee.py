"""How far it is known that a variant computes the same."""

from __future__ import annotations

from enum import StrEnum


class Guarantee(StrEnum):
    """How far it is known that a variant computes the same. Never one word for all."""

    proved = "proved"
    tested = "tested"
    replayed = "replayed"
    refuted = "refuted"
    unknown = "unknown"
