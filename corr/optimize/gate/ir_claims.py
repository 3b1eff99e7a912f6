"""What IR claims to be true: attributes at calls, metadata, and that sums may be done otherwise.

LLVM believes it. A change may claim of an operation what the original claims of the same kind of
operation, so that code that is unrolled or moved keeps what it had; all else it must leave out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set

from corr.optimize.gate.ir_calls import Body, Instruction
from corr.optimize.gate.refusal import shown

Found = Iterator[tuple[str, int, str]]
_FAST = frozenset({"fast", "reassoc", "nnan", "ninf", "nsz", "arcp", "contract", "afn"})
_OPERATIONS = frozenset(
    {"fneg", "fadd", "fsub", "fmul", "fdiv", "frem", "fcmp", "fptrunc", "fpext"}
)
#: Operations that have such flags only where they are about floating-point numbers.
_PERHAPS = frozenset({"phi", "select", "call", "invoke"})
#: Attributes at a call or at one of its arguments.
_CLAIMS = frozenset(
    """
    nonnull noalias dereferenceable dereferenceable_or_null readonly writeonly readnone memory
    nofpclass range returned captures nocapture initializes noreturn willreturn nosync nofree
    norecurse nounwind speculatable argmemonly inaccessiblememonly inaccessiblemem_or_argmemonly
    builtin nobuiltin allocsize allockind sret byval byref elementtype nest inreg zeroext signext
    immarg writable dead_on_unwind dead_on_return returns_twice cold hot convergent noinline
    alwaysinline nomerge mustprogress swiftself swifterror swiftasync allocptr allocalign
    """.split()  # noqa: SIM905 (a list of words)
)
#: Metadata that says where code comes from, or how often it runs; nothing follows from it.
_HARMLESS = frozenset({"!dbg", "!prof", "!annotation", "!heapallocsite", "!srcloc", "!DIAssignID"})
#: What an operation on another width may keep: where the original reads doubles, it reads doubles.
_WIDENED = frozenset({"!tbaa"})
#: Words of a node that is written out at its place.
_LONGEST_NODE = 40


def of_calls(said: Mapping[str, Set[str]], mine: Body, theirs: Body) -> Found:
    """Attributes and attribute groups of a call that neither the original nor a head has.

    `said` is what the module says of each function where it is declared or called.
    """
    had: dict[str, set[str]] = {}
    unnamed: set[str] = set()
    for call in mine.calls:
        had.setdefault(call.callee, set()).update(call.words, call.groups, call.strings)
        if call.kind != "global":
            unnamed.update(call.words, call.groups, call.strings)
    told = set()
    for call in theirs.calls:
        known: tuple[Set[str], ...] = (unnamed,)
        if call.kind == "global":
            known = (had.get(call.callee, set()), said.get(call.callee, set()))
        claimed = [word for word in call.words if word in _CLAIMS]
        for claim in (*claimed, *call.groups, *call.strings):
            if any(claim in words for words in known) or (call.callee, claim) in told:
                continue
            told.add((call.callee, claim))
            what = f"{shown(claim)} is claimed of a call of {shown(call.callee)}"
            yield "claim", call.line, what


def of_metadata(mine: Body, theirs: Body) -> Found:
    """Metadata at an operation of a kind at which the original has none like it."""
    had = {key for one in mine.instructions for key in _attached(one)}
    loose = {(opcode, kind, node) for opcode, _, kind, node in had}
    nodes = {(kind, node) for _, _, kind, node in had}
    told = set()
    for one in theirs.instructions:
        for key in _attached(one):
            opcode, _, kind, node = key
            if kind == "!llvm.loop":
                known = (kind, node) in nodes
            elif kind in _WIDENED:
                known = (opcode, kind, node) in loose
            else:
                known = key in had
            if not known and key not in told:
                told.add(key)
                what = f"{shown(f'{kind} {node}')} is added to {opcode}: LLVM would believe it"
                yield "claim", one.line, what


def _attached(one: Instruction) -> Iterator[tuple[str, str, str, str]]:
    """Opcode, type, kind and node of each metadata that says something of the instruction."""
    part = one.words
    type_ = part[1].text if len(part) > 1 else ""
    if type_ in ("<", "{", "["):
        type_ = " ".join(word.text for word in part[1:5])
    for index, word in enumerate(part):
        if word.kind != "metadata" or word.text in _HARMLESS:
            continue
        following = part[index + 1] if index + 1 < len(part) else None
        if following is not None and following.kind == "metadata":
            node = following.text
            if node == "!":  # written out at the place
                node = " ".join(w.text for w in part[index + 1 : index + _LONGEST_NODE])
            yield one.opcode, type_, word.text, node


def of_mathematics(mine: Body, theirs: Body) -> Found:
    """Operations that may be done otherwise, where the original's must not."""
    had = Counter(_mathematics(one) for one in mine.instructions)
    flags = [set(flags) for (operation, flags) in had if operation in _OPERATIONS]
    common = set.intersection(*flags) if flags else set()
    told = set()
    for one in theirs.instructions:
        key = _mathematics(one)
        operation, given = key
        had[key] -= 1
        more = set(given) - common
        if operation and more and had[key] < 0 and key not in told:
            told.add(key)
            words = " ".join(sorted(more))
            what = f"{words!r} is added to {operation}: floating-point results may differ"
            yield "word", one.line, f"{what}; it is a reassociation, which must be allowed"


def _mathematics(one: Instruction) -> tuple[str, tuple[str, ...]]:
    """An operation on floating-point numbers and its flags; an empty one for any other."""
    given = tuple(sorted({w.text for w in one.words[:12] if w.kind == "word"} & _FAST))
    if one.opcode in _OPERATIONS or (one.opcode in _PERHAPS and given):
        return one.opcode, given
    return "", ()
