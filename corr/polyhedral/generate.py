"""A region in another order, as C text to put in its place."""

from __future__ import annotations

import re
import textwrap

from corr.polyhedral.conditions import conditions, parameters
from corr.polyhedral.contraction import contracted
from corr.polyhedral.emit import Emitter
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.implied import without_implied
from corr.polyhedral.legality import legal as legal
from corr.polyhedral.limits import limited
from corr.polyhedral.loop_names import named, shown
from corr.polyhedral.nest import write
from corr.polyhedral.schedules import Tree
from corr.polyhedral.scop import Array, Scop
from corr.polyhedral.syntax import bare, scan
from corr.polyhedral.tidy import tidied, unwrapped
from corr.polyhedral.times import layout

_WORD = re.compile(r"\w+")
#: Elements that an expanded scalar may have; beyond, the region runs as it was written.
MOST_ELEMENTS = 1 << 25


@limited("the code", 200_000_000)
def code(scop: Scop, tree: Tree, says: str = "", indent: str = "") -> str:
    """The region as a block of C that runs in the tree's order.

    It begins with a comment where one is given; `indent` is what the region's lines begin with.
    What the model assumes and the text does not prove is asked at run time, and of sizes that are
    macros the compiler, in the build of another size; where it does not hold, the region runs as it
    was written. Raises NotAffine, also if the order is illegal.
    """
    if not legal(scop, tree):
        raise NotAffine("the order would turn a dependence round")
    times = layout(scop, tree)
    emitter = Emitter(scop, tree, times)
    nodes = named(scan(scop, times), scop, times)
    emitter.contracted = contracted(scop, nodes)
    write(emitter, nodes)
    emitter.lines = shown(unwrapped(without_implied(tidied(emitter.lines))), scop)
    expanded = [
        a
        for a in scop.arrays.values()
        if a.local and a.dimensions and a.name not in emitter.contracted
    ]
    scalars = [
        f"{a.element} {a.name};" for a in scop.arrays.values() if a.local and not a.dimensions
    ]
    before, asked = conditions(scop)
    known = (f"({name}) == {number}" for name, number in scop.numbers.items())
    asked = [*scop.instance, *known, *asked]
    if expanded and asked:
        before.append("const int p_apart = " + "\n    && ".join(asked) + ";")
        asked = ["p_apart"]
    for array in expanded:
        before += _allocated(array, asked)
    asked += [array.name for array in expanded]
    rest = "\n".join([*before, *asked, *emitter.lines])
    declared = [(_name(declaration), declaration) for declaration in parameters(scop)]
    for name, declaration in reversed([*scop.members, *declared]):  # one may need another
        if name in set(_WORD.findall(rest)):
            before.insert(0, declaration)
            rest += f"\n{declaration}"
    fast = [*emitter.types.used.values(), *scalars]
    body = [*_indented(fast), *emitter.lines]
    lines = ["{", *_indented(_comment(says)), *_indented(before)]
    if asked:
        lines += [
            "    if (" + bare("\n        && ".join(asked)) + ") {",
            *_indented(body),
            "    } else {",
        ]
        original = [line.removeprefix(indent) for line in scop.text.split("\n")]
        lines += [*_indented(original, 2), "    }"]
    else:
        lines += body
    lines += _indented([f"__builtin_free({array.name});" for array in expanded])
    first, *rest_of_it = "\n".join([*lines, "}"]).split("\n")
    return "\n".join([first, *(textwrap.indent(line, indent) for line in rest_of_it)])


def _comment(says: str) -> list[str]:
    """A comment of lines that are not too long."""
    return (
        textwrap.wrap(
            f"/* {says.replace('*/', '* /')} */",
            96,
            subsequent_indent="   ",
            break_on_hyphens=False,
        )
        if says
        else []
    )


def _name(declaration: str) -> str:
    return declaration.partition(" = ")[0].rpartition(" ")[2]


def _indented(lines: list[str], by: int = 1) -> list[str]:
    return [textwrap.indent(line, "    " * by) for line in lines]


def _allocated(array: Array, asked: list[str]) -> list[str]:
    """Declarations of an expanded scalar's elements: NULL if they are too many, or of no use."""
    sizes = array.sizes
    extents = [extent if _WORD.fullmatch(extent) else f"({extent})" for extent in array.extents]
    lines = [
        f"const long {size} = {extent if extent.isdigit() else f'{extent} > 1 ? {extent} : 1'};"
        for size, extent in zip(sizes, extents, strict=True)
    ]
    few = " && ".join([*asked, f"1.0 * {' * '.join(sizes)} <= {MOST_ELEMENTS}"])
    memory = f"__builtin_malloc({' * '.join(sizes)} * sizeof({array.element}))"
    kind = f"{array.element} *"
    lines.append(f"{kind}{array.name} = ({kind})(\n    {few}\n        ? {memory} : 0);")
    return lines
