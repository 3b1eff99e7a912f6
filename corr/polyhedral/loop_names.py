"""What the loops of a new order are called: as the loops that they come from, if one can tell.

A loop's variable gets its name behind its number, `c3__j`, so that the number still says which
dimension of time it runs in; `shown` leaves the name alone in the end. A loop over tiles of `j` is
`jj`, one that runs along `t + i` is `t_i`. A name is used once within a loop, and only if nothing
else of the region is called so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from corr.polyhedral.expressions import Call, Element, Name
from corr.polyhedral.scop import PARAMETER, Scop
from corr.polyhedral.syntax import Branch, Loop, Node, Step, number_of, substituted
from corr.polyhedral.times import Layout

_ITERATOR = re.compile(r"x\d+'")
_PLAIN = re.compile(r"[A-Za-z]\w*\Z")
#: Words that the new code uses for itself.
_OWN = re.compile(r"(?:[cvr]\d+|low\d+|high\d+|end\d+|each\d+)_*\Z|corr_|p_")
_KEYWORDS = frozenset({"auto", "char", "double", "float", "int", "long", "short", "void"})


def named(nodes: Sequence[Node], scop: Scop, layout: Layout) -> list[Node]:
    """The loops with names for their variables."""
    return [_named(node, scop, layout, _reserved(scop)) for node in nodes]


def shown(lines: Iterable[str], scop: Scop) -> list[str]:
    """Lines with the names alone."""
    word = re.compile(rf"\bc\d+{scop.mark}__([A-Za-z]\w*)\b")
    return [word.sub(r"\1", line) for line in lines]


def _named(node: Node, scop: Scop, layout: Layout, taken: frozenset[str]) -> Node:
    if isinstance(node, Step):
        return node
    if isinstance(node, Branch):
        then = [_named(n, scop, layout, taken) for n in node.then]
        return Branch(
            node.condition, then, [_named(n, scop, layout, taken) for n in node.otherwise]
        )
    name = _name(node, scop, layout, taken)
    body, variable = node.body, node.variable
    if name:
        variable = f"{node.variable}__{name}"
        body = [substituted(n, node.variable, {"": 0, variable: 1}) for n in body]
    within = [_named(n, scop, layout, taken | {name}) for n in body]
    return Loop(variable, node.start, node.relation, node.end, node.step, within)


def _name(loop: Loop, scop: Scop, layout: Layout, taken: frozenset[str]) -> str:
    """What most statements in a loop would call it; nothing where there is no such name."""
    at = number_of(loop.variable)
    words: Counter[tuple[str, bool]] = Counter()
    for statement in dict.fromkeys(_statements(loop)):
        kind = layout.dimensions[statement][at].kind
        along = dict.fromkeys(_ITERATOR.findall(layout.times[statement][at]))
        names = [scop.written.get(iterator, "") for iterator in along]
        if kind in ("loop", "tile") and names and all(map(_PLAIN.match, names)):
            words["_".join(dict.fromkeys(names)), kind == "tile"] += 1
    if not words:
        return ""
    (word, tile), _ = words.most_common(1)[0]
    own = not tile and word in scop.written.values()
    if tile:
        word = word * 2 if len(word) == 1 else f"{word}_tile"
    for name in (word, *(f"{word}{number}" for number in (2, 3, 4))):
        if name not in taken and ((own and name == word) or name not in scop.words):
            return name
    return ""


def _statements(node: Node) -> Iterator[str]:
    if isinstance(node, Step):
        yield node.statement.name
        return
    inner = [*node.then, *node.otherwise] if isinstance(node, Branch) else node.body
    for child in inner:
        yield from _statements(child)


def _reserved(scop: Scop) -> frozenset[str]:
    """Names that mean something else in the new code."""
    found = {*scop.scalars, *scop.parameters, *scop.computed, *_KEYWORDS}
    found |= {name for name, _ in scop.members}
    for array in scop.arrays.values():
        found |= {array.name, array.pointer, *array.sizes}
    for s in scop.statements:
        roots = [s.target, s.value, *([s.guard] if s.guard is not None else [])]
        for node in (node for root in roots for node in root.walk()):
            if isinstance(node, Call):
                found.add(node.function)
            elif isinstance(node, Name):
                found.add(node.name)
            elif isinstance(node, Element):
                found.add(node.array)
    texts = " ".join(v.text for v in scop.variables.values())
    found |= set(re.findall(r"[A-Za-z_]\w*", texts))
    found |= {name for name in scop.written.values() if _OWN.match(name)}
    return frozenset(found | {PARAMETER + name for name in scop.parameters})
