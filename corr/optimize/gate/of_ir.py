"""The gate for LLVM IR: one function's text, to be put in place of the one in a module.

As strict as the one for sources: only named functions are called, and they are only called; no
function of the compiler that does more than compute; and no claims. What LLVM is told to be true
(attributes of a call, metadata, fast mathematics) changes what it makes of code that looks the
same, so that a change may repeat what the original says of the same operations, but add nothing.
What C says of every sum and subscript (nsw, nuw, inbounds) may stand at new ones too: an unrolled
loop has them. Library functions that reach the system, streams and what calls its argument stay as
the original has them, and no volatile or atomic access of it may be missing.
"""

from __future__ import annotations

import functools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from corr.optimize.gate import ir_claims, ir_effects
from corr.optimize.gate.ir_calls import Body, Call, call_of, instructions
from corr.optimize.gate.ir_text import Function, Word, bodies, heads, names, split_function, words
from corr.optimize.gate.refusal import Refusal, refusal, shown

LONGEST = 4_000_000
#: Intrinsics that only compute, copy, or tell the optimiser something that C may tell it too.
_INTRINSICS = re.compile(
    r"@llvm\.(?:fma|fmuladd|sqrt|fabs|minnum|maxnum|minimum|maximum|minimumnum|maximumnum|copysign"
    r"|floor|ceil|trunc|rint|nearbyint|round|roundeven|lround|llround|lrint|llrint|sin|cos|tan|exp"
    r"|sincos|modf|asin|acos|atan|atan2|sinh|cosh|tanh"
    r"|exp2|exp10|log|log2|log10|pow|powi|ldexp|frexp|canonicalize|is\.fpclass|abs|smin|smax|umin"
    r"|umax|scmp|ucmp|ctpop|ctlz|cttz|bswap|bitreverse|fshl|fshr"
    r"|[su](?:add|sub|mul|shl)\.(?:with\.overflow|sat)|[su]mul\.fix|[su](?:div|mul)\.fix\.sat"
    r"|fpto[su]i\.sat|vector\.\w+|experimental\.vector\.\w+|vp\.\w+|masked\.\w+|matrix\.\w+"
    r"|stepvector|get\.active\.lane\.mask|memcpy|memmove|memset|memcpy\.inline|memset\.inline"
    r"|assume|expect|expect\.with\.probability|prefetch|lifetime\.(?:start|end)|donothing"
    r"|is\.constant|objectsize|ptrmask|loop\.decrement|vscale|dbg\.\w+|sideeffect"
    r"|x86\.(?:avx|sse|ssse|fma|bmi)\w*\.(?!ldmxcsr|stmxcsr|clflush|[mls]fence|pause|mwait|monitor"
    r"|vzero|umonitor|umwait|tpause)\w+)(?:\.[\w.]+)?"
)
#: Words of which a change may not have more than the original.
_RARE = {
    "asm": "inline assembly cannot be checked",
    "blockaddress": "addresses of code hide where it goes",
    "indirectbr": "it may go anywhere",
    "callbr": "it goes with inline assembly",
    "inttoptr": "a number as an address reaches anything",
    "unreachable": "the optimiser would delete whatever leads there",
    "addrspace": "some address spaces are registers of the system",
    "addrspacecast": "some address spaces are registers of the system",
    "musttail": "it leaves the frame of the function",
    "thread_local": "it outlives the call",
    "section": "it places code or data",
    "gc": "it names a collector",
    "personality": "it names the handler of exceptions",
    "prefix": "it puts data before the code",
    "prologue": "it puts code before the code",
    "comdat": "the linker may choose another function",
    "dso_local_equivalent": "it names a function in another way",
    "no_cfi": "it names a function in another way",
    "ptrauth": "it signs an address",
    "va_arg": "it reads arguments of unknown type",
    "inalloca": "it changes how arguments are handed over",
    "preallocated": "it changes how arguments are handed over",
    "module": "it belongs to a module",
}
#: How a function is called: another way than its own is undefined. fastcc is LLVM's own choice.
_CONVENTION = re.compile(r"(?!fastcc|coldcc)\w+cc|cc\d*|\w+_kernel|\w+_func|spir_\w+|intel_\w+")
#: Attributes of a function or a parameter in its head. Fewer are safe, more are claims.
_ATTRIBUTES = frozenset(
    """
    noundef noalias nocapture captures nonnull readonly writeonly readnone align dereferenceable
    dereferenceable_or_null signext zeroext returned local_unnamed_addr unnamed_addr dso_local
    immarg nofree inreg range initializes writable dead_on_unwind nofpclass alignstack none address
    provenance read_provenance address_is_null
    """.split()  # noqa: SIM905 (a list of words)
)
_BUNDLES = frozenset(
    {'"align"', '"nonnull"', '"dereferenceable"', '"noundef"', '"ignore"', '"cold"'}
    | {'"separate_storage"'}
)
Found = Iterator[tuple[str, int, str]]


@dataclass(frozen=True)
class _Module:
    """A module's words, its functions, and what is said of each where it is declared or called."""

    words: list[Word]
    functions: Set[str]
    said: Mapping[str, Set[str]]
    #: functions that call what they are given, or find
    through: Set[str]


def ir(
    before_module: str, function: str, name: str, *, allow_reassociation: bool = False
) -> list[Refusal]:
    """Why `function` may not replace the definition of `name` in the module; empty if it may.

    `name` is the symbol without `@`. Never raises, whatever the text.
    """
    where = f"@{name}"
    if len(function) > LONGEST:
        return [refusal("length", where, 0, f"{len(function)} characters are over {LONGEST}")]
    if "\0" in function:
        return [refusal("spelling", where, 0, "there is a NUL in the text")]
    module = _module(before_module)
    original = split_function(module.words, name)
    if original is None:
        return [refusal("function", where, 0, "the module does not define it")]
    new = split_function(words(function), name, alone=True)
    if new is None:
        what = "the text must be one define of it and nothing else"
        return [refusal("function", where, 0, what)]
    mine, theirs = Body(original), Body(new)
    return [
        refusal(rule, where, line, what)
        for rules in (
            _head(original, new),
            _symbols(module, original, new),
            _words(original, new),
            _calls(module, mine, theirs),
            _values(module, mine, theirs),
            _set_anew(mine, theirs),
            ir_effects.of_library(module.through, mine, theirs),
            ir_effects.of_accesses(mine, theirs),
            _references(module, original, new),
            ir_claims.of_calls(module.said, mine, theirs),
            ir_claims.of_metadata(mine, theirs),
            () if allow_reassociation else ir_claims.of_mathematics(mine, theirs),
        )
        for rule, line, what in rules
    ]


@functools.lru_cache(maxsize=2)
def _module(text: str) -> _Module:
    """Kept, for many candidates are measured against one module."""
    part = words(text)
    functions: set[str] = set()
    said: dict[str, set[str]] = defaultdict(set)
    for name, head in heads(part):
        functions.add(name)
        said[name] |= {w.text for w in head if w.kind in ("word", "group", "string")}
    for one in instructions(part):
        call = call_of(one)
        if call is not None:
            said[call.callee].update(call.groups)
    through = {symbol for symbol, found in bodies(part) if _calls_values(found)}
    return _Module(part, functions, said, through)


def _calls_values(function: Function) -> bool:
    return any(call.kind != "global" for call in Body(function).calls)


def _head(original: Function, new: Function) -> Found:
    mine, my_claims = _without_claims(original.head)
    theirs, their_claims = _without_claims(new.head)
    if mine != theirs:
        what = "the head differs from the original's in more than names:"
        given, wanted = shown(" ".join(theirs), 200), shown(" ".join(mine), 200)
        yield "head", new.line, f"{what} {given!r} for {wanted!r}"
    more = Counter(their_claims) - Counter(my_claims)
    if more:
        claimed = shown(" ".join(sorted(more)))
        yield "head", new.line, f"the head claims {claimed!r} beyond the original"


def _without_claims(head: Sequence[Word]) -> tuple[list[str], list[str]]:
    """The head without names of parameters and attributes; and the attributes."""
    plain: list[str] = []
    claims: list[str] = []
    index = 0
    while index < len(head):
        word = head[index]
        index += 1
        if word.kind == "local" and word.previous not in ("{", "define"):
            following = head[index].text if index < len(head) else ""
            if following in (",", ")"):
                continue
        if word.kind in ("group", "metadata") or word.text in _ATTRIBUTES:
            claim = [word.text]
            if index < len(head) and head[index].text == "(" and word.text in _ATTRIBUTES:
                end = _closing(head, index)
                claim += [w.text for w in head[index:end]]
                index = end
            elif word.text in ("align", "alignstack") and index < len(head):
                claim.append(head[index].text)
                index += 1
            elif word.text == "!dbg" and index < len(head):
                index += 1
                continue
            claims.append(" ".join(claim))
            continue
        plain.append(word.text)
    return plain, claims


def _closing(part: Sequence[Word], opening: int) -> int:
    depth = 0
    for index in range(opening, len(part)):
        depth += {"(": 1, ")": -1}.get(part[index].text, 0)
        if depth == 0:
            return index + 1
    return len(part)


def _symbols(module: _Module, original: Function, new: Function) -> Found:
    known = names(module.words, "global")
    had = names(original.words, "global")
    told = set()
    for word in new.body:
        symbol = word.text
        if word.kind != "global" or symbol in told or symbol in had:
            continue
        if symbol.startswith("@llvm."):
            why = "is no function of the compiler that only computes"
            harmless = _INTRINSICS.fullmatch(symbol) is not None
        else:
            why = "is not a symbol of the module"
            harmless = symbol in known
        if not harmless:
            told.add(symbol)
            yield "symbol", word.line, f"{shown(symbol)} {why}"


def _words(original: Function, new: Function) -> Found:
    had = Counter(w.text for w in original.body if w.kind == "word")
    told: set[str] = set()
    for word in new.body:
        if word.kind != "word" or word.text in told:
            continue
        why = _RARE.get(word.text, "")
        if not why and _CONVENTION.fullmatch(word.text):
            why = "it is another way to call than the function's own"
        if not why:
            continue
        had[word.text] -= 1
        if had[word.text] < 0:
            told.add(word.text)
            yield "word", word.line, f"{shown(word.text)!r} is added: {why}"


def _calls(module: _Module, mine: Body, theirs: Body) -> Found:
    """Calls of no named function."""
    had = Counter(_way(mine, call) for call in mine.calls)
    called = {call.callee for call in mine.calls}
    for call in theirs.calls:
        if call.kind == "global":
            declared = call.callee in module.functions or call.callee.startswith("@llvm.")
            if not declared and call.callee not in called:
                yield "call", call.line, f"{shown(call.callee)} is called, and is no function"
            continue
        way = _way(theirs, call)
        had[way] -= 1
        if had[way] < 0:
            what = f"a call through {shown(call.callee) or 'an expression'}, of no named function"
            yield "call", call.line, what


def _way(body: Body, call: Call) -> object:
    """How what is called is had."""
    return (call.kind, body.made(call.callee) if call.kind == "local" else call.callee)


def _values(module: _Module, mine: Body, theirs: Body) -> Found:
    """Functions that stand where none is called."""
    had = Counter(word.text for word in _taken(module, mine))
    for word in _taken(module, theirs):
        had[word.text] -= 1
        if had[word.text] < 0:
            what = f"the address of the function {shown(word.text)} is taken"
            yield "address", word.line, what


def _taken(module: _Module, body: Body) -> Iterator[Word]:
    part = body.function.body
    for index, word in enumerate(part):
        if word.kind == "global" and word.text in module.functions:
            following = part[index + 1].text if index + 1 < len(part) else ""
            if following != "(":
                yield word


def _set_anew(mine: Body, theirs: Body) -> Found:
    """Stores to where the original loads what it calls."""
    called = set(_places(mine))
    had = Counter(place for place, _ in _stores(mine)) if called else Counter()
    for place, line in _stores(theirs) if called else ():
        had[place] -= 1
        if place in called and had[place] < 0:
            yield "call", line, "what the original calls is stored anew"


def _places(body: Body) -> Iterator[int]:
    for call in body.calls:
        made = body.defined.get(call.callee)
        if call.kind == "local" and made is not None and made.opcode == "load":
            yield from (body.made(w.text) for w in made.words if w.kind == "local")


def _stores(body: Body) -> Iterator[tuple[int, int]]:
    for one in body.instructions:
        values = [w.text for w in one.words if w.kind == "local"]
        if one.opcode == "store" and values:
            yield body.made(values[-1]), one.line


def _references(module: _Module, original: Function, new: Function) -> Found:
    """Attribute groups and metadata of the module, strings and the rest of the original."""
    known = {
        "group": names(module.words, "group"),
        "metadata": names(module.words, "metadata"),
        "string": names(original.words, "string") | _BUNDLES,
        "comdat": names(original.words, "comdat"),
    }
    told = set()
    for word in new.words:
        if word.kind not in known or word.text in known[word.kind] or word.text in told:
            continue
        told.add(word.text)
        yield "reference", word.line, f"{shown(word.text)} is not in the original"
