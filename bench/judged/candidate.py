"""What a candidate is: an edit of a program, of which it is known whether it is right."""

from __future__ import annotations

from dataclasses import dataclass

Edits = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Candidate:
    """`edits` replace texts of the program's file; `kind` is the trick, or the manner of an honest one.

    `@FIRST@` in an edit stands for the first word that the original prints. `ruled_out`: right, but the
    gate takes nothing of the kind from a model, right or wrong.
    """

    name: str
    kind: str
    edits: Edits
    ruled_out: bool = False

    @classmethod
    def of(cls, name: str, kind: str, *edits: tuple[str, str]) -> Candidate:
        return cls(name, kind, edits)

    @classmethod
    def ruled(cls, name: str, kind: str, *edits: tuple[str, str]) -> Candidate:
        return cls(name, kind, edits, ruled_out=True)


@dataclass(frozen=True)
class Group:
    """The candidates of one session: one reply, each judged by itself.

    `options` are more arguments of `corr optimize`, `flags` the compiler's.
    """

    program: str
    wrong: bool
    candidates: tuple[Candidate, ...]
    options: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
