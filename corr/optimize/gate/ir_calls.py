"""Instructions and calls of LLVM IR text: what is called, with what attributes, by what value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from corr.optimize.gate.ir_text import Function, Word

_CALLS = frozenset({"call", "invoke", "callbr"})
#: Those that a constant expression may have too.
_CONSTANT = frozenset(
    """
    getelementptr trunc bitcast ptrtoint ptrtoaddr inttoptr addrspacecast add sub mul shl xor
    extractelement insertelement shufflevector
    """.split()  # noqa: SIM905 (a list of words)
)
_OPCODES = (
    _CALLS
    | _CONSTANT
    | frozenset(
        """
        ret br switch indirectbr resume unreachable cleanupret catchret catchswitch fneg fadd fsub
        fmul udiv sdiv fdiv urem srem frem lshr ashr and or extractvalue insertvalue alloca load
        store fence cmpxchg atomicrmw zext sext fptrunc fpext fptoui fptosi uitofp sitofp icmp
        fcmp phi select freeze va_arg landingpad catchpad cleanuppad
        """.split()  # noqa: SIM905 (a list of words)
    )
)
#: Values without a name; one of them before a parenthesis is called.
_NAMELESS = frozenset({"null", "undef", "poison", "zeroinitializer", "none"})
#: How far back a value that is called is told apart by what it is made from.
_DEEPEST = 6


@dataclass(frozen=True)
class Call:
    """`callee` is a symbol, a local value, `)` of a constant expression, or a word such as null.

    `kind` is what it is among the words of the text, global for a function by its name. `words`,
    `groups` and `strings` are all that stand between `call` and the next instruction.
    """

    callee: str
    kind: str
    line: int
    words: tuple[str, ...]
    groups: tuple[str, ...]
    strings: tuple[str, ...]


@dataclass(frozen=True)
class Instruction:
    """`result` is the local that it defines, empty without one; `words` the rest of it."""

    opcode: str
    result: str
    words: Sequence[Word]

    @property
    def line(self) -> int:
        return self.words[0].line


class Body:
    """A function's instructions, and how its values are made."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.instructions = list(instructions(function.body))

    @cached_property
    def calls(self) -> list[Call]:
        return [call for one in self.instructions if (call := call_of(one)) is not None]

    @cached_property
    def defined(self) -> dict[str, Instruction]:
        return {one.result: one for one in self.instructions if one.result}

    @cached_property
    def arguments(self) -> dict[str, int]:
        """The names of the parameters, and their places."""
        named = (word.text for word in self.function.head if word.kind == "local")
        return {name: place for place, name in enumerate(named)}

    def made(self, value: str) -> int:
        """The same for two values that are made in the same way, whatever they are called."""
        return self._made(value, _DEEPEST)

    @cached_property
    def _known(self) -> dict[tuple[str, int], int]:
        return {}

    def _made(self, value: str, deep: int) -> int:
        key = (value, deep)
        if key not in self._known:
            one = self.defined.get(value)
            how: object
            if one is None:
                how = ("argument", self.arguments.get(value, -1))
            elif deep == 0:
                how = one.opcode
            else:
                how = tuple(
                    self._made(word.text, deep - 1) if word.kind == "local" else word.text
                    for word in one.words
                    if word.kind not in ("metadata", "label")
                )
            self._known[key] = hash(how)
        return self._known[key]


def instructions(part: Sequence[Word]) -> Iterator[Instruction]:
    """The instructions among the words; each ends where the next begins."""
    start, opcode, result = -1, "", ""
    for index, word in enumerate(part):
        if word.kind != "word" or word.text not in _OPCODES:
            continue
        named = index >= 2 and part[index - 1].text == "=" and part[index - 2].kind == "local"
        if word.text in _CONSTANT and not named:
            continue  # a constant expression: by itself none of them does anything
        if start >= 0:
            yield Instruction(opcode, result, part[start : index - 2 if named else index])
        start, opcode, result = index, word.text, part[index - 2].text if named else ""
    if start >= 0:
        yield Instruction(opcode, result, part[start:])


def call_of(one: Instruction) -> Call | None:
    """What an instruction calls; None if it is no call."""
    if one.opcode not in _CALLS:
        return None
    depth, callee = 0, -1
    words: list[str] = []
    groups: list[str] = []
    strings: list[str] = []
    for index, word in enumerate(one.words):
        text = word.text
        if word.kind == "mark" and text == "(":
            if depth == 0 and index and callee < 0 and _is_callee(one.words, index - 1):
                callee = index - 1
            depth += 1
        elif word.kind == "mark" and text == ")":
            depth -= 1
        elif word.kind == "word":
            words.append(text)
        elif word.kind == "group":
            groups.append(text)
        elif word.kind == "string" and one.words[index - 1].text not in ("[", ","):
            strings.append(text)  # an attribute, and not the name of an operand bundle
    found = one.words[callee] if callee >= 0 else Word("mark", "", one.line)
    said = (tuple(words), tuple(groups), tuple(strings))
    return Call(found.text, found.kind, found.line, *said)


def _is_callee(part: Sequence[Word], index: int) -> bool:
    """The word before a parenthesis is what is called, and not the type of what it gives."""
    word = part[index]
    if word.kind in ("global", "string") or (word.kind == "word" and word.text in _NAMELESS):
        return True
    if word.kind == "local":  # or the name of a type, if the callee comes behind the parentheses
        return not _has_callee_behind(part, index + 1)
    return word.kind == "mark" and word.text == ")"


def _has_callee_behind(part: Sequence[Word], opening: int) -> bool:
    depth = 0
    for index in range(opening, len(part)):
        if part[index].kind != "mark":
            continue
        depth += {"(": 1, ")": -1}.get(part[index].text, 0)
        if depth == 0:
            following = part[index + 1 : index + 3]
            named = len(following) == 2 and following[0].kind in ("global", "local")
            return named and following[1].text == "("
    return False
