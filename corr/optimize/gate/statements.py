"""Where statements, parameters and list items begin and end, and what each brace opens.

A *segment* is what stands between two separators of one bracket: a statement or declaration in a
block, a parameter or argument in parentheses, an element in an initialiser. `if (x)`, `else` and
`case 1:` are segments of their own, so that what they lead to begins one too.
"""

from __future__ import annotations

from corr.optimize.gate.brackets import Brackets, Part
from corr.optimize.gate.known_names import KEYWORDS, TYPE_WORDS
from corr.optimize.gate.steps import Steps

TAGS = frozenset({"struct", "union", "class", "enum"})
CONTROL = frozenset({"if", "for", "while", "switch", "catch"})
#: Kinds of braces (and the file's -1) whose segments are statements or declarations.
STATEMENTS = frozenset({"file", "namespace", "type", "block", "lambda", "expression"})
_ACCESS = frozenset({"public", "private", "protected"})
_TAIL = frozenset({"const", "noexcept", "override", "final", "mutable", "volatile", "try", "&"})
#: Words whose parentheses hold no parameters.
_NO_PARAMETERS = frozenset(
    "alignas _Alignas decltype typeof __typeof__ noexcept requires explicit _BitInt".split()  # noqa: SIM905
)
#: Words between `class` and its brace.
_LONGEST_HEAD = 200
_NO_OPERAND = KEYWORDS - {"this", "true", "false", "nullptr"}


class Segment:
    """What is known of the segment that is being read, in one bracket."""

    __slots__ = ("arrow", "colon", "first", "parameters", "start", "tag", "value")

    def __init__(self, start: int) -> None:
        self.start = start
        self.tag = -1  # the last struct, union, class or enum
        self.parameters = -1  # the parenthesis of the last `name (...)`, `(...)` or `[...](...)`
        self.arrow = self.colon = self.value = False


class Statements(Brackets):
    """`start` is the first token of the segment that holds a token, for each token.

    `kind` tells what an opening brace opens: block, lambda, type, enum, namespace, init or
    expression (GNU's `({`). `either` are the second parentheses of `f(int a) g(int b) {`, of which
    one is a macro's. `head` is for the brace of a function's or lambda's body the
    parenthesis of its parameters (-1 without one); `lambdas` the `[` that open lambdas.
    `ends` is where the statement that begins at a token ends, with all that belongs to it.
    """

    def __init__(self, part: Part, cxx: bool, steps: Steps) -> None:
        super().__init__(part, cxx, steps)
        steps.take(2 * self.size)
        self.cxx = cxx
        self.kind: dict[int, str] = {-1: "file"}
        self.head: dict[int, int] = {}
        self.lambdas: set[int] = set()
        self.either: set[int] = set()
        self.start = [-1] * self.size
        self._next: dict[int, int] = {}  # where a segment begins: where the next one does
        self._segments: dict[int, Segment] = {}
        for index in range(self.size):
            self._read(index)
        self.ends = self._statement_ends()

    def at(self, index: int) -> str:
        """The text of a token; empty outside."""
        return self.text[index] if 0 <= index < self.size else ""

    def named(self, index: int) -> bool:
        """The token is a word that is no keyword."""
        return 0 <= index < self.size and self.is_name[index] and self.text[index] not in KEYWORDS

    def operand_ends(self, index: int) -> bool:
        """A value may end with the token: what follows is an operator, a call or an index."""
        if not 0 <= index < self.size:
            return False
        if self.is_punct[index]:
            return self.text[index] in (")", "]", "}")
        return self.text[index] not in _NO_OPERAND

    def holds_statements(self, bracket: int) -> bool:
        return self.kind.get(bracket, "") in STATEMENTS

    def _read(self, index: int) -> None:
        holder = self.around[index]
        segment = self._segments.get(holder)
        if segment is None:
            segment = self._segments[holder] = Segment(index)
        text = self.text[index]
        if self.is_punct[index] and text in (")", "]", "}") and self.partner[index] >= 0:
            self._finish(self.partner[index], index)
        self.start[index] = segment.start
        if self.is_punct[index]:
            self._punctuation(index, text, segment)
        elif text in TAGS and self.in_angle[index] < 0:
            segment.tag = index
        if self._separates(index, holder, segment):
            self._next[segment.start] = index + 1
            del self._segments[holder]

    def _finish(self, opening: int, closing: int) -> None:
        """The last segment of a bracket ends with it."""
        last = self._segments.pop(opening, None)
        if last is not None:
            self._next[last.start] = closing

    def _punctuation(self, index: int, text: str, segment: Segment) -> None:
        if text == "{":
            self.kind[index] = self._opens(index, segment)
            if self.kind[index] in ("block", "lambda"):
                self.head[index] = segment.parameters
        elif text == "[" and self.cxx and self._is_lambda(index):
            self.lambdas.add(index)
            segment.parameters = -1
            segment.arrow = False
        elif text == "(" and not segment.colon and not segment.arrow:
            if self.at(index - 1) not in _NO_PARAMETERS:
                segment.parameters = index
                if self.named(index - 1) and self.at(index - 2) == ")":
                    self.either.add(index)
        elif text == "->" and self.at(index - 1) in (")", "mutable", "noexcept", "const"):
            segment.arrow = segment.arrow or self._tail_of(segment) != ""
        elif text == ":" and self.at(index - 1) in (")", "noexcept", "try"):
            segment.colon = True
        elif text == "=" and self.at(index - 1) != "operator":
            segment.value, segment.tag = True, -1

    def _is_lambda(self, index: int) -> bool:
        before = self.at(index - 1)
        if before in ("delete", "operator", "auto") or self.operand_ends(index - 1):
            return False
        if before == "&" and self.at(index - 2) in ("auto", "&"):
            return False  # auto &[a, b]
        closing = self.partner[index]
        after = self.at(closing + 1)
        return after in ("(", "{", "mutable", "noexcept", "<", "->", "constexpr")

    def _tail_of(self, segment: Segment) -> str:
        """What the parentheses of the segment are the parameters of."""
        opening = segment.parameters
        if opening < 0:
            return ""
        closing = opening - 1
        if self.at(closing) == ">" and self.angle[closing] >= 0:
            closing = self.angle[closing] - 1  # []<class T>(...)
        if self.at(closing) == "]" and self.partner[closing] in self.lambdas:
            return "lambda"
        return "function" if self.is_name[closing] or self.at(closing) in (")", ">") else ""

    def _opens(self, index: int, segment: Segment) -> str:
        holder = self.around[index]
        statements = self.holds_statements(holder)
        if index == segment.start:
            if holder >= 0 and self.text[holder] == "(" and index == holder + 1:
                return "expression"
            return "block" if statements else "init"
        first, before = self.text[segment.start], self.text[index - 1]
        words = (first, self.at(segment.start + 1))
        if statements and "namespace" in words and not segment.value:
            return "namespace"
        if first == "extern" and index == segment.start + 2 and not self.is_name[index - 1]:
            return "namespace"
        if segment.tag >= 0 and segment.parameters < segment.tag and self._defines(index, segment):
            kind = (
                "enum" if "enum" in self.text[max(0, segment.tag - 1) : segment.tag + 1] else "type"
            )
            segment.tag = -1
            return kind
        if before in ("]", "mutable", "noexcept", "constexpr") or segment.arrow:
            opening = self._lambda_before(index, segment)
            if opening:
                return opening
        if before == ")":
            return self._behind_parenthesis(index, holder, segment)
        if statements and self.kind[holder] in ("file", "namespace", "type"):
            tail = before in _TAIL or before == "}" or segment.arrow
            return "block" if tail and segment.parameters >= 0 and not segment.value else "init"
        return "init"

    def _defines(self, index: int, segment: Segment) -> bool:
        """`struct a {`, `class a : public b {`, `enum {`; but not `struct a b {1, 2}`."""
        if index - segment.tag > _LONGEST_HEAD:
            return False
        part = self.text[segment.tag + 1 : index]
        return len(part) <= 1 or ":" in part[:8] or part[-1] in ("final", ">")

    def _lambda_before(self, index: int, segment: Segment) -> str:
        before = index - 1
        if self.text[before] == "]":
            return "lambda" if self.partner[before] in self.lambdas else ""
        if self.at(before - 1) == "]" and self.partner[before - 1] in self.lambdas:
            return "lambda"
        return "lambda" if self._tail_of(segment) == "lambda" else ""

    def _behind_parenthesis(self, index: int, holder: int, segment: Segment) -> str:
        opening = self.partner[index - 1]
        before = self.at(opening - 1)
        if self._tail_of(segment) == "lambda" and (
            opening == segment.parameters or self.at(opening - 1) == "noexcept"
        ):
            return "lambda"
        if before in CONTROL or (before == "constexpr" and self.at(opening - 2) == "if"):
            return "block"
        if not self.holds_statements(holder) or segment.value:
            return "init"
        called = (self.is_name[opening - 1] if opening > 0 else False) or before in (")", "]", ">")
        operator = "operator" in self.text[max(segment.start, opening - 3) : opening]
        typed = before in TYPE_WORDS or before in ("decltype", "typeof", "__typeof__", "return")
        return "block" if operator or (called and not typed) else "init"

    def _separates(self, index: int, holder: int, segment: Segment) -> bool:
        """The token ends its segment."""
        text = self.text[index]
        if not self.is_punct[index]:
            return text in ("else", "do", "try") and self.holds_statements(holder)
        if text == ";":
            return True
        if not self.holds_statements(holder):
            in_control = holder > 0 and self.text[holder - 1] in CONTROL
            return text == "," and self.in_angle[index] < 0 and not in_control
        if text == "}":
            return self.kind.get(self.partner[index], "") in ("block", "namespace")
        if text == ")":
            opening = self.partner[index]
            before = self.at(opening - 1)
            return before in CONTROL or (before == "constexpr" and self.at(opening - 2) == "if")
        if text == ":":
            first = self.text[segment.start]
            label = index == segment.start + 1 and self.is_name[segment.start]
            return (
                first == "case"
                or (label and (first in _ACCESS or self.named(index - 1)))
                or (first == "default" and label)
            )
        return False

    def _statement_ends(self) -> list[int]:
        """From the last segment to the first: each needs those that follow it."""
        ends = list(range(1, self.size + 1))
        for start in range(self.size - 1, -1, -1):
            if self.start[start] != start:
                continue
            behind = self._next.get(start, self.size)
            first = self.text[start]
            last = self.at(behind - 1)
            leads_on = first in ("if", "for", "while", "switch", "else", "do") or last == ":"
            if leads_on and behind < self.size and last in (")", ":", "else", "do"):
                behind = ends[behind]
                if first == "if" and self.at(behind) == "else":
                    behind = ends[behind]
            ends[start] = behind
        return ends
