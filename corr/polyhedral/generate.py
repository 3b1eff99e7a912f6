"""A region in another order, as C text to put in its place."""

from __future__ import annotations

from corr.polyhedral import dependences
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.nest import Emitter
from corr.polyhedral.schedules import Tree
from corr.polyhedral.scop import Scop
from corr.polyhedral.syntax import scan
from corr.polyhedral.times import layout, time_map


def legal(scop: Scop, tree: Tree) -> bool:
    """The tree's order runs every pair of dependent instances in the old direction."""
    return dependences.of(scop).kept_by(time_map(scop, layout(scop, tree)))


def code(scop: Scop, tree: Tree) -> str:
    """The region as a block of C that runs in the tree's order. Raises NotAffine."""
    times = layout(scop, tree)
    emitter = Emitter(scop, tree, times)
    emitter.nodes(scan(scop, times))
    before, after = [], []
    for array in scop.arrays.values():
        if not array.local:
            continue
        if not array.dimensions:
            before.append(f"    {array.element} {array.name};")
            continue
        size = " * ".join(f"(size_t)({extent})" for extent in array.extents)
        inner = "".join(f"[{extent}]" for extent in array.extents[1:])
        pointer = f"(*{array.name}){inner}" if inner else f"*{array.name}"
        kind = f"{array.element} (*){inner}" if inner else f"{array.element} *"
        before.append(
            f"    {array.element} {pointer} = ({kind})malloc({size} * sizeof({array.element}));"
        )
        after.append(f"    free({array.name});")
    types = [f"    {text}" for text in emitter.types.used.values()]
    return "\n".join(["{", *types, *before, *emitter.lines, *after, "}"])


def replaced(scop: Scop, tree: Tree, text: bytes) -> bytes:
    """The file's text with the region in the tree's order. Raises NotAffine if it is illegal."""
    if not legal(scop, tree):
        raise NotAffine("the order would turn a dependence round")
    start, end = scop.span
    return text[:start] + code(scop, tree).encode() + text[end:]
