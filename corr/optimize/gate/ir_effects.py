"""What IR does to the world: functions that reach it, streams, accesses that must be made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set

from corr.optimize.gate.ir_calls import Body, Call, Instruction, call_of
from corr.optimize.gate.ir_text import Word
from corr.optimize.gate.library import CALLBACKS, GUARDED, STANDARD_STREAMS, STREAMS
from corr.optimize.gate.refusal import shown

Found = Iterator[tuple[str, int, str]]
#: Instructions that are made as they stand, whatever comes of them.
_ORDERED = frozenset({"fence", "cmpxchg", "atomicrmw"})


def of_library(through: Set[str], mine: Body, theirs: Body) -> Found:
    """Calls that reach beyond the process, and those that call what they are given.

    `through` are functions of the module that call what they are given, or find.
    """
    had = Counter(key for _, _, key in _guarded(through, mine))
    for call, why, key in _guarded(through, theirs):
        had[key] -= 1
        if had[key] < 0:
            yield "call", call.line, f"{shown(call.callee)} {why}"


def _guarded(through: Set[str], body: Body) -> Iterator[tuple[Call, str, object]]:
    """Calls that must be the original's, each with why, and what tells it from others."""
    for one in body.instructions:
        call = call_of(one)
        if call is None or call.kind != "global":
            continue
        name = call.callee.removeprefix("@")
        known = (name in names for names in (GUARDED, STREAMS, CALLBACKS))
        if not any(known) and call.callee not in through:
            continue
        given = _arguments(one, call)
        if name in GUARDED:
            why = "is called with other arguments, or more often, than the original does"
            yield call, why, (name, tuple(_same(body, part) for part in given))
        yield from _streams(body, call, name, given)
        places = range(len(given)) if call.callee in through else CALLBACKS.get(name, ())
        for place in sorted(places):
            for part in given[place : place + 1]:
                if part[0].text == "ptr" and part[-1].kind not in ("global", "word"):
                    why = "calls what it is given, which is no named function"
                    yield call, why, (name, place, _same(body, part))


def _streams(
    body: Body, call: Call, name: str, given: Sequence[Sequence[Word]]
) -> Iterator[tuple[Call, str, object]]:
    """A stream that is not the original's: memory could be made to look like one."""
    number = STREAMS.get(name)
    stream = given[number : number + 1] if number is not None else []
    if number is not None and not _is_standard(body, stream):
        why = "is given a stream that the original does not use here"
        yield call, why, (name, tuple(_same(body, part) for part in stream))


def _arguments(one: Instruction, call: Call) -> list[Sequence[Word]]:
    """The words of each argument of a call."""
    part = one.words
    called = (i + 1 for i, word in enumerate(part[:-1]) if word.text == call.callee)
    opening = next((i for i in called if part[i].text == "("), len(part))
    found: list[Sequence[Word]] = []
    depth, start = 0, opening + 1
    for index in range(opening, len(part)):
        text = part[index].text if part[index].kind == "mark" else ""
        depth += {"(": 1, "[": 1, "{": 1, "<": 1, ")": -1, "]": -1, "}": -1, ">": -1}.get(text, 0)
        if (text == "," and depth == 1) or depth == 0:
            found.append(part[start:index])
            start = index + 1
        if depth == 0:
            break
    return [argument for argument in found if argument]


def _same(body: Body, argument: Sequence[Word]) -> object:
    """What tells an argument from others, whatever its values are called."""
    return tuple(body.made(w.text) if w.kind == "local" else w.text for w in argument)


def _is_standard(body: Body, given: Sequence[Sequence[Word]]) -> bool:
    """The argument is what was loaded from stdout, stderr or stdin."""
    made = body.defined.get(given[0][-1].text) if given else None
    if made is None or made.opcode != "load":
        return False
    return any(w.text.removeprefix("@") in STANDARD_STREAMS for w in made.words)


def of_accesses(mine: Body, theirs: Body) -> Found:
    """Volatile and atomic accesses of the original, which nobody may leave out."""
    gone = Counter(_accesses(mine)) - Counter(_accesses(theirs))
    for kind in sorted(gone):
        yield "access", theirs.function.line, f"{kind} of the original is gone"


def _accesses(body: Body) -> Iterator[str]:
    for one in body.instructions:
        told = {word.text for word in one.words[:2] if word.kind == "word"}
        if one.opcode in _ORDERED:
            yield f"a {one.opcode}"
        elif one.opcode in ("load", "store") and told & {"volatile", "atomic"}:
            yield f"a {' '.join(sorted(told & {'volatile', 'atomic'}))} {one.opcode}"
        elif one.opcode == "call" and _is_volatile_copy(one):
            yield "a volatile copy"


def _is_volatile_copy(one: Instruction) -> bool:
    call = call_of(one)
    copies = ("@llvm.memcpy.", "@llvm.memmove.", "@llvm.memset.")
    if call is None or not call.callee.startswith(copies):
        return False
    given = _arguments(one, call)
    return bool(given) and given[-1][-1].text == "true"
