"""Conditions at run time under which a new order does what the text does, as C.

The model takes different arrays not to overlap, numbers not to wrap round and subscripts to stay in
their dimensions. What the text does not prove is asked before the new order runs.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

import islpy as isl

from corr.polyhedral.declarations import Variable
from corr.polyhedral.expressions import LONG_UNSIGNED, NotAffine, linear
from corr.polyhedral.limits import bounded
from corr.polyhedral.one_place import may_be_one
from corr.polyhedral.scop import PARAMETER, Array, Scop
from corr.polyhedral.syntax import text

#: Parameters of type long up to this keep every sum in the generated code within 64 bits.
LARGEST_PARAMETER = 1 << 40
#: Pairs of arrays that are compared at most.
MOST_PAIRS = 60


@dataclass(frozen=True)
class Piece:
    """Memory that the region touches: addresses as C, its end exclusive."""

    name: str
    start: str
    end: str
    written: bool
    variable: Variable
    #: The variable itself, not what it points to.
    itself: bool
    #: What lies in it.
    type: str
    #: Only one member of each element is meant.
    member: bool = False


def parameters(scop: Scop) -> list[str]:
    """Declarations of what the generated code uses: parameters, all of type long, and elements."""
    lines = [f"const {kind} {name} = {value};" for name, (kind, value) in scop.computed.items()]
    started = (a for a in scop.arrays.values() if a.start)
    lines += dict.fromkeys(f"auto *const {a.pointer} = {a.start};" for a in started)
    for name in scop.parameters:
        value = name
        if name in _long(scop):  # cut to what conditions() then asks for
            most = f"{LARGEST_PARAMETER}L"
            value = f"{name} > {most} ? {most} : {name}"
            if scop.parameter_types[name] not in LONG_UNSIGNED:
                value = f"{name} < -{most} ? -{most} : {value}"
        lines.append(f"const long {PARAMETER}{name} = {value};")
    return lines


def _long(scop: Scop) -> list[str]:
    large = {"long", "long long", *LONG_UNSIGNED}
    return [n for n in scop.parameters if scop.parameter_types[n] in large]


def conditions(scop: Scop) -> tuple[list[str], list[str]]:
    """Declarations, and the conditions that use them; none where the model always holds.

    Raises NotAffine.
    """
    asked = [*scop.sized, *(f"{PARAMETER}{name} == {name}" for name in _long(scop))]
    build = isl.AstBuild.from_context(isl.Set(f"{scop.header}{{ : }}"))
    if scop.assumption is not None:
        asked.append(text(build.expr_from_set(scop.assumption)))
    rows, in_order = _rows(scop)
    lines, apart = _apart(scop)
    return rows + lines, asked + in_order + apart + rows_apart(scop)


def rows_apart(scop: Scop) -> list[str]:
    """What tells that rows of their own are nothing else of the region. Raises NotAffine.

    They lie in memory that their container has to itself; what else there is may be such a
    container, one of its rows, or a pointer into one.
    """
    written = {s.target.array for s in scop.statements}
    asked = []
    every = [a for a in scop.arrays.values() if a.dimensions and not a.local]
    for array, other in itertools.permutations(every, 2):
        if not (array.rows and array.start) or not {array.name, other.name} & written:
            continue
        if other.rows:
            if array.name < other.name:
                alike = scop.variables[array.name].type == scop.variables[other.name].type
                of = "" if alike else "(const void *)"
                asked.append(f"{of}&{array.name} != {of}&{other.name}")
        elif other.start.endswith(".data()"):
            asked.append(
                f"((void *)&{other.name} < (void *){array.pointer} || (void *)&{other.name} >="
                f" (void *)({array.pointer} + {array.name}.size()))"
            )
        elif not other.start and _leads_anywhere(scop.variables[other.name]):
            raise NotAffine(f"{other.name} may point into a row of {array.name}")
    return asked


def _leads_anywhere(variable: Variable) -> bool:
    return variable.pointer and not variable.in_structure


def _apart(scop: Scop) -> tuple[list[str], list[str]]:
    pairs = [
        (one, other)
        for one, other in itertools.combinations(_pieces(scop), 2)
        if (one.written or other.written)
        and not _known_apart(one, other)
        and not (scop.typed and _of_other_types(one, other))
    ]
    if len(pairs) > MOST_PAIRS:
        raise NotAffine("too many arrays may overlap")
    lines = []
    for piece in dict.fromkeys(piece for pair in pairs for piece in pair):
        if {f"{piece.name}_from", f"{piece.name}_to"} & scop.words:
            raise NotAffine(f"{piece.name}_from is a name of the program's")
        lines.append(f"const unsigned long {piece.name}_from = {piece.start};")
        lines.append(f"const unsigned long {piece.name}_to = {piece.end};")
    return lines, [_one_or_apart(scop, a, b) for a, b in pairs]


def _one_or_apart(scop: Scop, one: Piece, other: Piece) -> str:
    apart = f"{one.name}_to <= {other.name}_from || {other.name}_to <= {one.name}_from"
    names = one.name.removeprefix(PARAMETER), other.name.removeprefix(PARAMETER)
    if one.itself or other.itself or not may_be_one(scop, *names):
        return f"({apart})"
    first, second = (scop.arrays[name].pointer for name in names)
    return f"({first} == {second} || {apart})"


def _known_apart(one: Piece, other: Piece) -> bool:
    """Two objects of their own, members of one's elements, or a parameter that promises it."""
    if one.member and other.member and one.variable == other.variable:
        return True
    if _is_object(one) and _is_object(other):
        return True
    for a, b in ((one, other), (other, one)):
        promised = a.variable.restricted and not a.itself
        if promised and (_is_object(b) or b.variable.kind == "parameter"):
            return True
    return False


def _of_other_types(one: Piece, other: Piece) -> bool:
    """A variable itself, and what no store of the other's type may change (C11 6.5, 7).

    An array in a structure may be one in a union, which is stored as one type and read as another.
    """
    if one.variable.in_structure or other.variable.in_structure:
        return False
    kinds = _kind(one.type), _kind(other.type)
    return (one.itself or other.itself) and None not in kinds and kinds[0] != kinds[1]


def _kind(type_: str) -> str | None:
    """Signed and unsigned, const or not, are one kind; None for characters, which may be any.

    And for a whole object, in which all may be.
    """
    if not type_:
        return None
    if "*" in type_ or type_.startswith(("std::", "const std::")):
        return "address"
    plain = " ".join(word for word in type_.split() if word not in ("const", "unsigned"))
    return None if "char" in plain else plain


def _is_object(piece: Piece) -> bool:
    return piece.itself or piece.variable.array


def _pieces(scop: Scop) -> list[Piece]:
    """All memory of the region that something else might lie in."""
    written = {s.target.array for s in scop.statements}
    found = []
    for name, array in scop.arrays.items():
        if array.local:
            continue
        variable = scop.variables[name]
        if array.rows and not array.start:
            found.append(_of_rows(array, variable, name in written))
        elif array.dimensions and not array.rows:
            found.append(_of_array(scop, array, variable, name in written))
        if not variable.holds and not variable.own:
            found.append(_itself(variable, name in written and not array.dimensions))
    for name in sorted(scop.scalars - scop.arrays.keys()):
        if not scop.variables[name].own and scop.variables[name].kind != "constant":
            found.append(_itself(scop.variables[name], written=False))
    return _by_objects(found)


def _by_objects(pieces: list[Piece]) -> list[Piece]:
    """Members of one object as the whole of it, unless it has an array of the region in it."""
    split = {_object(p.variable) for p in pieces if p.variable.in_structure}
    found: dict[str, Piece] = {}
    for piece in pieces:
        place = _object(piece.variable) if piece.itself and piece.variable.text else ""
        if not place or place in split:
            found[piece.name] = piece
            continue
        name = f"{PARAMETER}{re.sub(r'[^A-Za-z0-9_]', '', place)}_object"
        start = f"(unsigned long){place}"
        whole = Piece(name, start, f"{start} + sizeof *{place}", False, piece.variable, True, "")
        found[name] = whole
    return list(found.values())


def _object(variable: Variable) -> str:
    """Where the object of a member begins, as C: `s`, `this`, `(&grid)`."""
    name, sign, _ = re.split(r"(->|\.)", variable.text, maxsplit=1)
    return name if sign == "->" else f"(&{name})"


def _of_rows(array: Array, variable: Variable, written: bool) -> Piece:
    """From the first row to the last, which `_rows` has found out."""
    name = f"{PARAMETER}{array.name}"
    ends = f"{name}_first", f"{name}_last"
    return Piece(name, *ends, written, variable, False, array.element)


def _rows(scop: Scop) -> tuple[list[str], list[str]]:
    """Where the rows lie that pointers lead to: one after the other, so that none is another.

    Raises NotAffine where what is written might change a pointer.
    """
    lines, asked = [], []
    for array in scop.arrays.values():
        if not array.rows or array.start:
            continue
        name = f"{PARAMETER}{array.name}"
        words = {f"{name}_{word}" for word in ("first", "last", "apart", "row", "at", "end")}
        if words & scop.words or not scop.typed:
            raise NotAffine(f"a pointer to a row of {array.name} may change")
        some, low, high = _subscripts(scop, array.name, 0)
        _, left, right = _subscripts(scop, array.name, 1)
        size = f"sizeof({array.element})"
        lines += [
            f"unsigned long {name}_first = 0, {name}_last = 0;",
            f"int {name}_apart = 1;",
            f"if ({some})",
            f"    for (long {name}_row = {low}; {name}_row < {high}; {name}_row++) {{",
            f"        const unsigned long {name}_at = (unsigned long){array.name}[{name}_row]"
            f" + (unsigned long)({left}) * {size};",
            f"        const unsigned long {name}_end = (unsigned long){array.name}[{name}_row]"
            f" + (unsigned long)({right}) * {size};",
            f"        if ({name}_row == {low})",
            f"            {name}_first = {name}_at;",
            f"        else if ({name}_at < {name}_last)",
            f"            {name}_apart = 0;",
            f"        {name}_last = {name}_end;",
            "    }",
        ]
        asked.append(f"{name}_apart")
    return lines, asked


def _itself(variable: Variable, written: bool) -> Piece:
    name = variable.name
    text = f"({variable.text})" if variable.text else name
    start = f"(unsigned long)&{text}"
    return Piece(
        f"{PARAMETER}{name}_itself",
        start,
        f"{start} + sizeof {text}",
        written,
        variable,
        True,
        variable.type,
    )


def _of_array(scop: Scop, array: Array, variable: Variable, written: bool) -> Piece:
    _, low, high = _subscripts(scop, array.name, 0)
    name = array.name
    start = f"(unsigned long){array.pointer}"
    size = f"sizeof *{array.pointer}"
    if array.folded:
        extents = scop.extents[name][: array.dimensions - array.within - 1]
        widths = (f"({linear(width, scop.spelling())})" for width in extents)
        size = f"{' * '.join(widths)} * {size}"
        low, high = (at if at == "0" else f"(unsigned long)({at})" for at in (low, high))
    return Piece(
        f"{PARAMETER}{name}",
        start if low == "0" else f"{start} + {low} * {size}",
        f"{start} + {high} * {size}",
        written,
        variable,
        False,
        array.element,
        array.member is not None,
    )


def _subscripts(scop: Scop, name: str, dimension: int) -> tuple[str, str, str]:
    """Whether an array is touched; its least subscript in a dimension, the first beyond; as C.

    These mean nothing where no element is touched at all; then no order matters either.
    """
    spell = scop.spelling()
    total: isl.Set | None = None
    for s in scop.statements:
        for a in s.accesses:
            if a.array == name:
                index = linear(a.index[dimension], spell)
                relation = isl.Map(
                    f"{scop.header}{{ {s.name}[{', '.join(s.loops)}] -> [{index}] }}"
                )
                touched = relation.intersect_domain(scop.domain_of(s)).range()
                total = touched if total is None else total.union(touched)
    assert total is not None
    total = total.coalesce()
    beyond = total.apply(isl.Map("{ [x] -> [x + 1] }"))
    build = isl.AstBuild.from_context(isl.Set(f"{scop.header}{{ : }}"))
    some = total.params()
    with bounded(f"where {name} ends"):
        low, high = total.dim_min(0).gist(some), beyond.dim_max(0).gist(some)
        is_touched = text(build.expr_from_set(some.coalesce()))
        return is_touched, text(build.expr_from_pw_aff(low)), text(build.expr_from_pw_aff(high))
