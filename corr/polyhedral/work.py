"""What a nest has to do, however it is written: operations and bytes, at the sizes of one run.

Operations are those of the source's expressions. One that names arrays which the nest only reads
has to be done once for each value of the loops' variables in it, however often the loops round it
run; any other once in each instance of its statement. Comparisons count with the choice that they
are for, a guard being one; unary minus, conversions and calls (but of square roots) count as
nothing. Bytes are those of the elements that the nest reads or writes for certain, each once; its
own variables may stay in registers.

Where isl's scheduler finds no order of the outermost loop's turns but one after another (so that it
cannot be tiled with the loops inside), each turn has to touch its bytes again. That is no proof: it
looks at orders of the text's instances, and not at all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import islpy as isl

from corr.polyhedral.counting import count, fixed
from corr.polyhedral.expressions import (
    Affine,
    Call,
    Element,
    Expression,
    Name,
    NotAffine,
    Operation,
)
from corr.polyhedral.limits import bounded
from corr.polyhedral.schedules import Band, automatic
from corr.polyhedral.scop import Scop, Statement

#: What an operation is for the units of a processor.
ADD, MULTIPLY, DIVIDE = "add", "mul", "div"
_KINDS = {"+": ADD, "-": ADD, "?": ADD, "*": MULTIPLY, "/": DIVIDE}
_ROOTS = frozenset({"sqrt", "sqrtf"})
#: Bytes of an element, by its C type.
BYTES = {
    **{"double": 8, "float": 4, "char": 1, "signed char": 1, "unsigned char": 1, "bool": 1},
    **{"short": 2, "unsigned short": 2, "int": 4, "unsigned int": 4},
    **{"long": 8, "unsigned long": 8, "long long": 8, "unsigned long long": 8},
}
#: How far instances may exceed the iterations that were counted: they are estimated.
AGREE = 1.05


@dataclass(frozen=True)
class Trips:
    """How often a loop of a nest was entered, and its body ran, in one run."""

    entries: int
    iterations: int


@dataclass(frozen=True)
class Work:
    """Operations by kind and C type, and bytes that it touches, each time that it is entered.

    `turns` of its outermost loop come one after another, each of which touches `turn_bytes`.
    """

    entries: int = 1
    operations: Mapping[tuple[str, str], float] = field(default_factory=dict)
    bytes: float | None = None
    turns: int = 1
    turn_bytes: float | None = None


def work(scop: Scop, trips: Sequence[Trips]) -> Work | None:
    """The work of a nest whose loops, in the order of the text, ran so often.

    None where these are not its loops, leave a size open, or it is too hard for isl.
    """
    try:
        with bounded("counting"):
            return _work(scop, trips)
    except NotAffine:
        return None


def _work(scop: Scop, trips: Sequence[Trips]) -> Work | None:
    names = loops(scop)
    if not names or len(names) != len(trips) or not trips[0].entries:
        return None
    counted = dict(zip(names, trips, strict=True))
    entries = max(trips[0].entries, 1)
    known = sizes(scop, counted)
    if not _agree(scop, counted, known):
        return None
    operations: dict[tuple[str, str], float] = {}
    for statement in scop.statements:
        instances = count(scop.domain_of(statement), known)
        if instances is None:
            return None
        ran = counted[statement.loops[-1]].iterations if statement.loops else entries
        if instances * entries > AGREE * ran:
            return None
        for kind, node in _operations(statement):
            times = _times(scop, statement, node, known)
            if times is None:
                return None
            operations[kind, node.type] = operations.get((kind, node.type), 0.0) + times
    found = Work(entries, operations, touched(scop, known))
    turns = counted[names[0]].iterations // entries
    if turns < 2 or not one_after_another(scop, names[0]):
        return found
    return replace(found, turns=turns, turn_bytes=touched(scop, known, names[0]))


def one_after_another(scop: Scop, outermost: str) -> bool:
    """The turns of the loop round everything have no other order that isl finds."""
    if any(s.loops[:1] != (outermost,) for s in scop.statements):
        return False
    try:
        tree = automatic(scop, fuse=False)
    except NotAffine:
        return False
    if not isinstance(tree, Band) or len(tree.rows) != 1:
        return False
    terms = [{n: f for n, f in form.items() if n and f} for form in tree.rows[0].values()]
    return terms in ([{outermost: 1}] * len(terms), [{outermost: -1}] * len(terms))


def loops(scop: Scop) -> list[str]:
    """The loops of a nest in the order of the text."""
    found = {name: 0 for s in scop.statements for name in s.loops}
    return sorted(found, key=lambda name: int("".join(c for c in name if c.isdigit()) or 0))


def sizes(scop: Scop, trips: Mapping[str, Trips]) -> dict[str, int]:
    """The parameters that the trip counts of loops tell: where one bound holds one unknown."""
    known: dict[str, int] = {}
    equations = [
        (form, trips[name].iterations // trips[name].entries)
        for name, form in _lengths(scop)
        if name in trips
        and trips[name].entries
        and trips[name].iterations % trips[name].entries == 0
    ]
    for _ in scop.parameters:
        for form, length in equations:
            unknown = [name for name in form if name and name not in known]
            if len(unknown) == 1:
                rest = sum(factor * known[n] for n, factor in form.items() if n in known)
                value, left = divmod(length - form.get("", 0) - rest, form[unknown[0]])
                if not left:
                    known[unknown[0]] = value
    return known


def _agree(scop: Scop, trips: Mapping[str, Trips], known: Mapping[str, int]) -> bool:
    """The loops whose lengths these sizes tell ran as often as that: no two sizes in one run."""
    for name, form in _lengths(scop):
        if all(term in known for term in form if term):
            length = sum(factor * known.get(term, 1) for term, factor in form.items())
            expected, ran = length * trips[name].entries, trips[name].iterations
            if not ran / AGREE <= expected <= AGREE * ran:
                return False
    return True


def _lengths(scop: Scop) -> Iterator[tuple[str, Affine]]:
    """Loops that begin and end at parameters, and their lengths."""
    for statement in scop.statements:
        for depth, name in enumerate(statement.loops):
            within = statement.loops[depth + 1 :]
            forms = [c.form for c in statement.constraints if c.form.get(name)]
            about = [f for f in forms if not any(f.get(inner) for inner in within)]
            free = [f for f in about if not any(f.get(o) for o in statement.loops[:depth])]
            first = [f for f in free if f[name] == 1]
            last = [f for f in free if f[name] == -1]
            if len(about) == 2 and len(first) == len(last) == 1:
                length: Affine = {"": 1}
                for form in (first[0], last[0]):
                    for term, factor in form.items():
                        length[term] = length.get(term, 0) + factor
                yield name, {t: f for t, f in length.items() if t == "" or f}


def _operations(statement: Statement) -> Iterator[tuple[str, Expression]]:
    """The operations of an instance, equal ones once; those of subscripts are left out."""
    seen: dict[Expression, None] = {}
    if statement.guard is not None:  # the choice that it is for
        yield ADD, statement.target
    for root in (statement.value, statement.guard):
        if root is not None:
            seen.update(dict.fromkeys(_computed(root)))
    for node in seen:
        if isinstance(node, Operation) and len(node.operands) > 1 and node.operator in _KINDS:
            yield _KINDS[node.operator], node
        elif isinstance(node, Call) and node.function in _ROOTS:
            yield DIVIDE, node


def _computed(node: Expression) -> Iterator[Expression]:
    yield node
    if not isinstance(node, Element):
        sure = node.operands[:1] if isinstance(node, Operation) and node.operator == "?" else None
        for child in node.children() if sure is None else sure:
            yield from _computed(child)


def _times(
    scop: Scop, statement: Statement, node: Expression, known: Mapping[str, int]
) -> float | None:
    """How often an operation has to be done."""
    written = {s.target.array for s in scop.statements}
    domain = scop.domain_of(statement)
    if not any(isinstance(n, Element) and n.array in written for n in node.walk()):
        named = {n.name for n in node.walk() if isinstance(n, Name)}
        for at in reversed(range(len(statement.loops))):
            if statement.loops[at] not in named:
                domain = domain.project_out(isl.dim_type.set, at, 1)
    return count(domain, known)


def touched(scop: Scop, known: Mapping[str, int], outermost: str = "") -> float | None:
    """Bytes of the elements that a nest touches for certain; None where that is not known.

    `outermost`: those of one turn of that loop, in the middle.
    """
    elements: dict[str, isl.Set] = {}
    for statement in scop.statements:
        for access in statement.accesses:
            array = scop.arrays.get(access.array)
            sure = not access.maybe if access.write else access in statement.certain
            if array is None or array.local or not access.index or not sure:
                continue
            reaches = scop.touched(statement, access)
            middle = _middle(reaches, known) if outermost else reaches
            if middle is None:
                return None
            reached = middle.range()
            before = elements.get(access.array)
            elements[access.array] = reached if before is None else before.union(reached)
    total = 0.0
    for name, reached in elements.items():
        held, size = count(reached, known), BYTES.get(scop.arrays[name].element)
        if held is None or size is None:
            return None
        total += held * size
    return total


def _middle(reaches: isl.Map, known: Mapping[str, int]) -> isl.Map | None:
    """What is reached in the middle turn of the outermost loop; None where that is not known."""
    turns = fixed(reaches.domain(), known)
    if turns.is_empty():
        return reaches
    low, high = turns.dim_min_val(0), turns.dim_max_val(0)
    if not (low.is_int() and high.is_int()):
        return None
    middle = isl.Val((low.to_python() + high.to_python()) // 2)
    return reaches.fix_val(isl.dim_type.in_, 0, middle)
