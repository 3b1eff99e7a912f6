"""Objects that are passed by value, or gone through by value, and only looked at."""

from __future__ import annotations

from corr.optimize.experience.c_tokens import functions
from corr.optimize.idioms.spelling import Change, Spelling, template_end

#: Classes of the library that are dear to copy. A view is not.
_CLASSES = frozenset(
    (
        *("string", "wstring", "vector", "deque", "list", "map", "set", "unordered_map"),
        *("unordered_set", "multimap", "multiset", "shared_ptr", "function", "queue", "stack"),
        *("priority_queue", "optional", "variant", "tuple", "pair", "array", "any"),
    )
)
#: Words of a function's head with which no other file sees it by a name of its own, or may.
_HIDDEN = frozenset(("static", "inline", "constexpr", "consteval", "template", "friend"))
_ALONE = frozenset(("string", "wstring", "any"))


def by_reference(spelling: Spelling) -> list[tuple[int, list[Change]]]:
    """What may be taken by reference: the line of each such place, and what to write there."""
    virtual, own = _virtual(spelling), _own_classes(spelling)
    level = _file_level(spelling)
    found = []
    for at, token in enumerate(spelling.tokens):
        if token.text == "auto" and spelling.word(at - 1) == "(" and spelling.word(at - 2) == "for":
            span = _loop_variable(spelling, at)
        elif _is_type(spelling, at, own):
            span = _parameter(spelling, at, virtual, own)
        else:
            continue
        head = _made_static(spelling, span[0], level) if span is not None else None
        if span is not None and head is not None:
            first, last = (spelling.tokens[n] for n in span)
            line = spelling.text.count("\n", 0, first.start) + 1
            put: list[Change] = [(last.end, last.end, "&"), *head]
            if spelling.word(span[0] - 1) != "const" and first.text != "const":
                put.append((first.start, first.start, "const "))
            found.append((line, put))
    return found


def _is_type(spelling: Spelling, at: int, own: frozenset[str]) -> bool:
    token = spelling.tokens[at]
    if token.text in own:
        return spelling.word(at - 1) not in ("struct", "class", "::", "~")
    return token.text in _CLASSES and token.kind in ("name", "type")


def _own_classes(spelling: Spelling) -> frozenset[str]:
    """Classes that the file defines."""
    return frozenset(
        spelling.word(at + 1)
        for at, token in enumerate(spelling.tokens)
        if token.text in ("struct", "class") and spelling.word(at + 2) in ("{", ":", "final")
    )


def _virtual(spelling: Spelling) -> frozenset[str]:
    """Functions that must stay as they are declared: virtual ones, and those of other files."""
    words = spelling.tokens
    some = {
        next((t.text for t in words[at : at + 12] if t.kind == "call"), "")
        for at, token in enumerate(words)
        if token.text == "virtual"
    }
    if "override" in spelling.names or "final" in spelling.names:
        some |= {t.text for t in words if t.kind == "call"}
    return frozenset(some) | spelling.elsewhere


def _loop_variable(spelling: Spelling, at: int) -> tuple[int, int] | None:
    """`auto x : things`, or `auto [a, b] : things`."""
    if spelling.word(at + 1) == "[":
        end = next((n for n in range(at + 2, at + 12) if spelling.word(n) == "]"), None)
        return (at, at) if end is not None and spelling.word(end + 1) == ":" else None
    return (at, at) if spelling.word(at + 2) == ":" else None


def _parameter(
    spelling: Spelling, at: int, fixed: frozenset[str], own: frozenset[str]
) -> tuple[int, int] | None:
    """A parameter of a class, the library's or the file's, by value: where its type is written."""
    first = at if spelling.word(at) in own else spelling.standard(at)
    if first is None:
        return None
    last = at
    if spelling.word(at) not in _ALONE | own:
        end = template_end(spelling, at + 1) if spelling.word(at + 1) == "<" else None
        if end is None:
            return None
        last = end - 1
    if last + 2 >= len(spelling.tokens) or spelling.tokens[last + 1].kind != "name":
        return None
    if spelling.word(first - 1) == "const":
        first -= 1
    before, after = spelling.word(first - 1), spelling.word(last + 2)
    if before == "(" and after == ":" and spelling.word(first - 2) == "for":
        return first, last
    if before not in ("(", ",") or after not in (")", ","):
        return None
    function = _function_of(spelling, first - 1)
    return None if function is None or function in fixed else (first, last)


def _file_level(spelling: Spelling) -> list[bool]:
    """Of each token whether it is in no braces but those of namespaces."""
    found: list[bool] = []
    inside: list[bool] = []
    named = False  # the statement so far is the head of a namespace
    for token in spelling.tokens:
        if token.text == "}" and inside:
            inside.pop()
        found.append(all(inside))
        if token.text == "{":
            inside.append(named)
        if token.text in (";", "{", "}"):
            named = False
        named = named or token.text == "namespace"
    return found


def _made_static(spelling: Spelling, at: int, level: list[bool]) -> list[Change] | None:
    """What makes the function of a parameter static, if other files see it: it has a new name.

    None where it must be seen: a method that is defined outside of its class, or what is `extern`.
    """
    if not level[at]:
        return []
    first = name = at
    depth = 0
    while first > 0 and spelling.word(first - 1) not in (";", "{", "}"):
        word = spelling.word(first - 1)
        if spelling.tokens[first - 1].kind == "directive":
            break
        depth += (word in (")", "]")) - (word in ("(", "["))
        first -= 1
        if word == "(" and depth == -1:
            name = first - 1
    head = {spelling.word(index) for index in range(first, name)}
    if name == at or "=" in head:  # a lambda's, or a variable's
        return []
    if spelling.word(name - 1) == "::" or "extern" in head:
        return None
    start = spelling.tokens[first].start
    return [] if head & _HIDDEN else [(start, start, "static ")]


def _function_of(spelling: Spelling, at: int) -> str | None:
    """The function whose list of parameters a token is in; empty for a lambda, None for others."""
    depth = 0
    for index in range(at, max(at - 200, -1), -1):
        word = spelling.word(index)
        if word in (";", "{", "}"):
            return None
        depth += (word in ")]") - (word in "([") if len(word) == 1 else 0
        if depth < 0:
            if word != "(":
                return None
            called = spelling.tokens[index - 1]
            if called.text == "]":
                return ""
            return called.text if called.kind == "call" else None
    return None


def functions_at(spelling: Spelling, lines: list[int]) -> list[tuple[int, int]]:
    """First and last line of what has one of these lines in it: functions, else the line alone."""
    found = []
    for head, _, end in functions(spelling.tokens):
        first, last = spelling.tokens[head].start, spelling.tokens[end - 1].end
        span = (spelling.text.count("\n", 0, first) + 1, spelling.text.count("\n", 0, last) + 1)
        if any(span[0] <= line <= span[1] for line in lines):
            found.append(span)
    return found + [(line, line) for line in lines]
