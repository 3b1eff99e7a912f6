"""Strings: appended to where they are, and their length asked for once."""

from __future__ import annotations

from corr.optimize.experience.c_tokens import closing, statement_end
from corr.optimize.idioms.spelling import Change, Spelling

#: What ends a statement, so that another begins.
_BEFORE = frozenset((";", "{", "}"))
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
#: What may stand in an operand of a sum without being an operator itself.
_PLAIN = frozenset((".", "->", "::", ","))


def appended(spelling: Spelling) -> str | None:
    """`s = s + a + b` copies all of s each time; `s += a; s += b` what is new."""
    strings = _strings(spelling)
    changes: list[Change] = []
    for at, token in enumerate(spelling.tokens):
        if token.text not in strings or spelling.word(at - 1) not in _BEFORE:
            continue
        if [spelling.word(at + n) for n in (1, 2, 3)] != ["=", token.text, "+"]:
            continue
        operands = _operands(spelling, at + 4, token.text)
        if operands:
            first, last = at, operands[-1][1]
            parts = [f"{token.text} += {spelling.between(*operand)}" for operand in operands]
            start, end = spelling.tokens[first].start, spelling.tokens[last].end
            changes.append((start, end, "; ".join(parts)))
    return spelling.with_changes(changes) if changes else None


def _strings(spelling: Spelling) -> frozenset[str]:
    """Names that are declared as strings here, and as nothing else."""
    found = {
        spelling.word(at + 1)
        for at, token in enumerate(spelling.tokens)
        if token.text == "string"
        and spelling.standard(at) is not None
        and spelling.word(at + 2) in (";", "=", "(", "{", ",", ")")
    }
    # the same name for another type is another thing
    others = {
        spelling.word(at + 1)
        for at, token in enumerate(spelling.tokens)
        if token.kind in ("type", "name") and token.text != "string"
    }
    return frozenset(found - others - {""})


def _operands(spelling: Spelling, at: int, name: str) -> list[tuple[int, int]]:
    """First and last token of each part of a sum, up to its `;`; none if it is another thing."""
    found: list[tuple[int, int]] = []
    begin, depth = at, 0
    for index in range(at, min(at + 60, len(spelling.tokens))):
        token = spelling.tokens[index]
        word = token.text
        if word == name or token.kind == "directive":
            return []
        depth += (word in _OPEN) - (word in _CLOSE)
        if depth or word in _CLOSE:
            continue
        if word in ("+", ";"):
            if index == begin:
                return []
            found.append((begin, index - 1))
            begin = index + 1
            if word == ";":
                return found
        elif token.kind == "punct" and word not in _PLAIN and word not in _OPEN:
            return []
    return []


def measured_once(spelling: Spelling) -> str | None:
    """`i < strlen(s)` looks through all of s for each i."""
    changes: list[Change] = []
    names = spelling.names | spelling.elsewhere
    inside = 0
    for at, token in enumerate(spelling.tokens):
        if at < inside or token.kind != "word" or token.text not in ("for", "while"):
            continue
        try:
            head, end = closing(spelling.tokens, at + 1), statement_end(spelling.tokens, at)
        except (ValueError, IndexError):
            continue
        call = _length_in(spelling, at + 2, head)
        if call is None:
            continue
        length = next(f"length_{n}" for n in range(1, 1000) if f"length_{n}" not in names)
        names |= {length}
        text = spelling.between(call, call + 3)
        if any(spelling.between(n, n + 3) != text for n in _lengths(spelling, at + 2, head)):
            continue
        start = spelling.tokens[at].start
        before = f"{{ const unsigned long {length} = {text};\n{_indent(spelling.text, start)}"
        changes.append((start, start, before))
        changes += [
            (spelling.tokens[n].start, spelling.tokens[n + 3].end, length)
            for n in _lengths(spelling, at + 2, head)
        ]
        last = spelling.tokens[end - 1].end
        changes.append((last, last, " }"))
        inside = end
    return spelling.with_changes(changes) if changes else None


def _indent(text: str, start: int) -> str:
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return line[: len(line) - len(line.lstrip())]


def _lengths(spelling: Spelling, begin: int, end: int) -> list[int]:
    """Where strlen is called with a name alone."""
    return [
        n
        for n in range(begin, end)
        if spelling.word(n) == "strlen"
        and spelling.word(n + 1) == "("
        and spelling.tokens[n + 2].kind == "name"
        and spelling.word(n + 3) == ")"
        and spelling.word(n - 1) not in ("::", ".", "->")
    ]


def _may_be_nothing(spelling: Spelling, at: int) -> bool:
    """What is assigned is 0, another element, or made of bits."""
    for index in range(at, min(at + 40, len(spelling.tokens))):
        word = spelling.word(index)
        if word == ";":
            return False
        if word in ("0", r"'\0'", "NULL", "nullptr", "^", "&", "|", "~", "?", "="):
            return True
    return True


def _length_in(spelling: Spelling, begin: int, end: int) -> int | None:
    """The length that the condition of a loop asks for; None if the loop makes the text another.

    A text that is stored to is left alone: where its end is may change.
    """
    found = _lengths(spelling, begin, end)
    if not found:
        return None
    text = spelling.word(found[0] + 2)
    try:
        last = statement_end(spelling.tokens, begin - 2)
    except (ValueError, IndexError):
        return None
    for at in range(begin, last):
        if spelling.word(at) != text or at - 2 in found:
            continue
        if _is_stored(spelling, at):
            return None
    return found[0]


def _is_stored(spelling: Spelling, at: int) -> bool:
    """A name is assigned, counted up or down, given away, or what it points to is.

    An element that becomes something is no end: only what says 0, or may become it bit by bit, is.
    """
    after, before = at + 1, spelling.word(at - 1)
    while spelling.word(after) == "[":
        try:
            after = closing(spelling.tokens, after) + 1
        except ValueError:
            return True
    word = spelling.word(after)
    assigned = word.endswith("=") and word not in ("==", "<=", ">=", "!=")
    if word == "=" and after > at + 1 and not _may_be_nothing(spelling, after + 1):
        assigned = False
    counted = {word, before} & {"++", "--"}
    whole = after == at + 1  # not an element of it
    passed = whole and before in ("(", ",", "=", "&")
    return bool(assigned or counted or passed or before in ("*", "&"))
