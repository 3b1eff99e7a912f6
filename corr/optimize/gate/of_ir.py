"""The gate for LLVM IR: one function's text, to be put in place of the one in a module."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from corr.optimize.gate.ir_text import Function, Word, names, split_function, words
from corr.optimize.gate.refusal import Refusal, shown

LONGEST = 4_000_000
#: Intrinsics that only compute, copy, or tell the optimiser something.
_INTRINSICS = re.compile(
    r"llvm\.(?:fma|fmuladd|sqrt|fabs|minnum|maxnum|minimum|maximum|minimumnum|maximumnum|copysign"
    r"|floor|ceil|trunc|rint|nearbyint|round|roundeven|lround|llround|lrint|llrint|sin|cos|tan|exp"
    r"|exp2|exp10|log|log2|log10|pow|powi|ldexp|frexp|canonicalize|is\.fpclass|abs|smin|smax|umin"
    r"|umax|scmp|ucmp|ctpop|ctlz|cttz|bswap|bitreverse|fshl|fshr"
    r"|[su](?:add|sub|mul|shl)\.(?:with\.overflow|sat)|[su]mul\.fix|[su](?:div|mul)\.fix\.sat"
    r"|fpto[su]i\.sat|vector\.\w+|experimental\.vector\.\w+|vp\.\w+|masked\.\w+|matrix\.\w+"
    r"|stepvector|get\.active\.lane\.mask|memcpy|memmove|memset|memcpy\.inline|memset\.inline"
    r"|assume|expect|expect\.with\.probability|prefetch|lifetime\.(?:start|end)"
    r"|invariant\.(?:start|end)|experimental\.noalias\.scope\.decl|donothing|is\.constant"
    r"|objectsize|ptrmask|threadlocal\.address|loop\.decrement|vscale|x86\.(?:avx|sse|fma|bmi)\w*"
    r"|dbg\.\w+|sideeffect|stacksave|stackrestore)(?:\.[\w.]+)?"
)
_FAST = frozenset({"fast", "reassoc", "nnan", "ninf", "nsz", "arcp", "contract", "afn"})
#: Words that the original function must have for the change to have them.
_RARE = {
    "asm": "inline assembly cannot be checked",
    "blockaddress": "addresses of code hide where it goes",
    "indirectbr": "it may go anywhere",
    "callbr": "it goes with inline assembly",
    "inttoptr": "a number as an address reaches anything",
    "unreachable": "the optimiser would delete whatever leads there",
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
}
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
    {"align", "nonnull", "dereferenceable", "noundef", "ignore", "cold", "separate_storage"}
)


def ir(
    before_module: str, function: str, name: str, *, allow_reassociation: bool = False
) -> list[Refusal]:
    """Why `function` may not replace the definition of `name` in the module; empty if it may.

    `name` is the symbol without `@`. Never raises, whatever the text.
    """
    if len(function) > LONGEST:
        return [Refusal("length", 0, f"@{name}: {len(function)} characters are too many")]
    if "\0" in function:
        return [Refusal("spelling", 0, f"@{name}: there is a NUL in the text")]
    module = _module_words(before_module)
    original = split_function(module, name)
    if original is None:
        return [Refusal("function", 0, f"@{name}: the module does not define it")]
    new = split_function(words(function), name, alone=True)
    if new is None:
        what = f"@{name}: the text must be one define of it and nothing else"
        return [Refusal("function", 0, what)]
    return [
        *_head(original, new, name),
        *_symbols(module, new, name),
        *_words(original, new, name, allow_reassociation),
        *_references(module, new, name),
    ]


@functools.lru_cache(maxsize=2)
def _module_words(module: str) -> list[Word]:
    """Kept, for many candidates are measured against one module."""
    return words(module)


def _head(original: Function, new: Function, name: str) -> Iterator[Refusal]:
    mine, my_claims = _without_claims(original.head)
    theirs, their_claims = _without_claims(new.head)
    if mine != theirs:
        yield Refusal(
            "head",
            new.line,
            f"@{name}: the head differs from the original's in more than names:"
            f" {shown(' '.join(theirs), 200)!r} for {shown(' '.join(mine), 200)!r}",
        )
    more = Counter(their_claims) - Counter(my_claims)
    if more:
        yield Refusal(
            "head",
            new.line,
            f"@{name}: the head claims {shown(' '.join(sorted(more)))!r} beyond the original",
        )


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


def _symbols(module: list[Word], new: Function, name: str) -> Iterator[Refusal]:
    known = names(module, "global")
    told = set()
    for word in new.body:
        if word.kind != "global" or word.text in known or word.text in told:
            continue
        if _INTRINSICS.fullmatch(word.text.removeprefix("@")):
            continue
        told.add(word.text)
        what = f"@{name}:{word.line}: {shown(word.text)} is not a symbol of the module"
        yield Refusal("symbol", word.line, what)


def _words(
    original: Function, new: Function, name: str, allow_reassociation: bool
) -> Iterator[Refusal]:
    had = {w.text for w in original.words if w.kind == "word"}
    told: set[str] = set()
    for word in new.body:
        if word.kind != "word" or word.text in had or word.text in told:
            continue
        why = _RARE.get(word.text, "")
        if word.text in _FAST and not allow_reassociation:
            why = "floating-point results may differ"
        if why:
            told.add(word.text)
            what = f"@{name}:{word.line}: {word.text!r} is not in the original: {why}"
            yield Refusal("word", word.line, what)
    if not any(_calls_value(original.body)):
        for word in _calls_value(new.body):
            what = f"@{name}:{word.line}: a call through {shown(word.text)}, of no known function"
            yield Refusal("call", word.line, what)


def _calls_value(body: Sequence[Word]) -> Iterator[Word]:
    """Local values that are called. A type's name before a bracket looks the same."""
    for word, following in pairwise(body):
        if word.kind == "local" and following.text == "(":
            yield word


def _references(module: list[Word], new: Function, name: str) -> Iterator[Refusal]:
    """Attribute groups, metadata, types and strings must be the module's own."""
    known = {
        "group": names(module, "group"),
        "metadata": names(module, "metadata"),
        "string": names(module, "string") | {f'"{b}"' for b in _BUNDLES},
        "comdat": names(module, "comdat"),
    }
    told = set()
    for word in new.words:
        if word.kind not in known or word.text in known[word.kind] or word.text in told:
            continue
        told.add(word.text)
        what = f"@{name}:{word.line}: {shown(word.text)} is not in the module"
        yield Refusal("reference", word.line, what)
