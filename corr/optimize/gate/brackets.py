"""Which bracket closes which, also `<` and `>` of templates, and what stands in which.

Found in one pass, so that whatever comes later can step over a group at once. Where the
preprocessor chooses between branches, each branch begins with the brackets that were open before
the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from corr.optimize.gate.lexer import Token
from corr.optimize.gate.steps import Steps

CLOSING = {"(": ")", "[": "]", "{": "}"}
_OPENING = {closing: opening for opening, closing in CLOSING.items()}
#: What may follow the `>` that ends the arguments of a template, besides a name.
_AFTER_ANGLE = frozenset("( ) [ ] { } , ; :: > * & ... = . : + -".split())  # noqa: SIM905
_NOT_IN_ANGLE = frozenset("; { } = ? |".split())  # noqa: SIM905
_NO_TEMPLATE = frozenset({"return", "case", "if", "while", "sizeof", "else", "and", "or", "not"})


@dataclass(frozen=True)
class Part:
    """Tokens, and before which of them which conditional directive stands: if, else or endif."""

    tokens: Sequence[Token]
    conditionals: Sequence[tuple[int, str]] = ()


class _Open(NamedTuple):
    """Brackets that are open: a chain, so that a branch can begin again at no cost."""

    at: int
    outer: _Open | None


class _Branches:
    """The branches that the preprocessor chooses between: which a token is in, where each ends."""

    def __init__(self) -> None:
        self.of: list[int] = []
        self.ends: dict[int, int] = {}
        self.now = 0
        self._last = 0
        self._outer: list[_Choice] = []

    def turn(self, what: str, at: int, open_now: _Open | None) -> _Open | None:
        """What is open behind a conditional directive that stands before the token `at`."""
        if what == "if":
            self._outer.append(_Choice(self.now, open_now))
            self._begin()
            return open_now
        if not self._outer:
            return open_now
        self.ends[self.now] = at
        choice = self._outer[-1]
        if not choice.decided:  # what the first branch leaves open goes on behind the last
            choice.left_open, choice.decided = open_now, True
        if what == "else":
            self._begin()
            return choice.open_before
        self.now = self._outer.pop().branch
        return choice.left_open

    def _begin(self) -> None:
        self._last += 1
        self.now = self._last


@dataclass
class _Choice:
    branch: int
    open_before: _Open | None
    left_open: _Open | None = None
    decided: bool = False


class Brackets:
    """`partner` is the index of the other bracket; of one without, the end or -1.

    `around` is the innermost bracket that holds a token (-1: none), for brackets themselves the
    one outside. `angle` is the partner of a template's `<` or `>`, else -1; `in_angle` the
    innermost such `<` that holds a token in the same bracket, else -1. `branch_end` is where the
    conditional branch of a token ends.
    """

    def __init__(self, part: Part, cxx: bool, steps: Steps) -> None:
        self.text = [token.text for token in part.tokens]
        self.is_name = [token.kind == "name" for token in part.tokens]
        self.is_punct = [token.kind == "punct" for token in part.tokens]
        self.size = len(self.text)
        steps.take(3 * self.size)
        self.partner = [-1] * self.size
        self.around = [-1] * self.size
        self._match(part.conditionals)
        self.angle = [-1] * self.size
        self.in_angle = [-1] * self.size
        if cxx:
            self._match_angles()

    def _match(self, conditionals: Sequence[tuple[int, str]]) -> None:
        open_now: _Open | None = None
        branches = _Branches()
        turns = iter([*conditionals, (self.size + 1, "")])
        turn, what = next(turns)
        for index in range(self.size):
            while turn <= index:
                open_now = branches.turn(what, turn, open_now)
                turn, what = next(turns)
            branches.of.append(branches.now)
            text = self.text[index]
            if not self.is_punct[index] or text not in _OPENING:
                self.around[index] = open_now.at if open_now else -1
                if self.is_punct[index] and text in CLOSING:
                    self.partner[index] = self.size
                    open_now = _Open(index, open_now)
                continue
            if open_now and self.text[open_now.at] == _OPENING[text]:
                opening, open_now = open_now
                self.partner[index] = opening
                if self.partner[opening] == self.size:
                    self.partner[opening] = index
            self.around[index] = open_now.at if open_now else -1
        self.branch_end = [branches.ends.get(branch, self.size) for branch in branches.of]

    def unmatched(self) -> int:
        """How many brackets have no partner."""
        return sum(self._is_alone(index) for index in range(self.size))

    def first_unmatched(self) -> int:
        return next((i for i in range(self.size) if self._is_alone(i)), -1)

    def _is_alone(self, index: int) -> bool:
        bracket = self.is_punct[index] and (
            self.text[index] in CLOSING or self.text[index] in _OPENING
        )
        return bracket and self.partner[index] in (-1, self.size)

    def _match_angles(self) -> None:
        pending: list[tuple[int, int]] = []  # `<`, and the bracket that holds it
        for index, text in enumerate(self.text):
            if not self.is_punct[index]:
                continue
            holder = self.around[index]
            if text in _NOT_IN_ANGLE or (text == "&" and self._and(index)):
                while pending and pending[-1][1] == holder:
                    pending.pop()
            elif text in _OPENING:
                inside = self.partner[index]
                while pending and pending[-1][1] == inside:
                    pending.pop()
            elif text == "<" and self._may_open(index):
                pending.append((index, holder))
            elif text == ">" and pending and pending[-1][1] == holder and self._may_close(index):
                opening = pending.pop()[0]
                self.angle[opening], self.angle[index] = index, opening
        within: list[int] = []
        for index in range(self.size):
            while within and index >= self.angle[within[-1]]:
                within.pop()
            if within and self.around[index] == self.around[within[-1]]:
                self.in_angle[index] = within[-1]
            if self.angle[index] > index:
                within.append(index)

    def _and(self, index: int) -> bool:
        """`&&` between values, rather than behind a type."""
        if index + 2 >= self.size or self.text[index + 1] != "&":
            return False
        after = self.text[index + 2]
        return self.is_name[index + 2] or after in ("(", "!", "*") or after[0].isdigit()

    def _may_open(self, index: int) -> bool:
        if index == 0 or not (self.is_name[index - 1] or self.text[index - 1] == "]"):
            return False
        before = self.text[index - 1]
        after = self.text[index + 1] if index + 1 < self.size else ""
        return before not in _NO_TEMPLATE and before != "operator" and after not in ("<", "=")

    def _may_close(self, index: int) -> bool:
        if index + 1 >= self.size:
            return True
        return self.is_name[index + 1] or self.text[index + 1] in _AFTER_ANGLE
