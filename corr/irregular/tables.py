"""Eight steps of a shift register, one for each bit, as one look into a table of 256 numbers.

    for (int k = 0; k < 8; k++)                      static const unsigned int crc_of[256] = {…};
        crc = crc & 1 ? crc >> 1 ^ POLY : crc >> 1;  crc = crc >> 8 ^ crc_of[crc & 255];

Checksums (CRC) and scramblers are computed so. What the steps do to each bit is followed (bits.py):
each bit that comes out is a sum of bits that went in. Where all but eight neighbours are only moved
by eight places, these eight say what has to be added. So the table is right for every value.
(Sarwate, Computation of cyclic redundancy checks via table look-up, CACM 31, 1988.)
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from corr.irregular.bits import TYPES, Bit, Follower, Value
from corr.irregular.edits import place, statement_place
from corr.irregular.effects import Unsuitable
from corr.irregular.lane_text import comment
from corr.irregular.names import Names
from corr.irregular.syntax import LOOPS, declared_in, directed, parameters
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import type_of

#: Bits that go into the table at once.
BITS = 8
_KINDS = {8: "unsigned char", 16: "unsigned short", 32: "unsigned int", 64: "unsigned long long"}
_DIGITS = 80


@dataclass(frozen=True)
class Table:
    """What a register becomes: it is moved by eight bits, and a number is added.

    Of what is moved (`left`, or right) the bits in `kept` stay. The number is that of the bits from
    `window` on, to which those of `others`, from a place on, are added before.
    """

    width: int
    left: bool
    kept: int
    window: int
    numbers: tuple[int, ...]
    others: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Steps:
    """A loop that is such steps. `within`: the loop round it, or the function.

    `register` is the variable; `after` sets what else the loop leaves behind.
    """

    function: Node
    loop: Node
    within: Node
    register: str
    table: Table
    after: tuple[str, ...]

    def span(self, functions: Functions) -> tuple[int, int]:
        """What is replaced: the whole loop."""
        return place(self.loop)[0], statement_place(functions.text, self.loop)[1]

    def code(self, functions: Functions, says: str) -> str:
        """The new text. Raises Unsuitable."""
        if b"#" in functions.text[slice(*self.span(functions))]:
            raise Unsuitable("it has a directive of the preprocessor")
        table, name = self.table, self.register
        of = Names(functions).fresh(f"{name}_of")
        digits = table.width // 4
        numbers = [f"0x{number:0{digits}x}," for number in table.numbers]
        a_line = _DIGITS // (digits + 4)
        lines = (" ".join(numbers[at : at + a_line]) for at in range(0, len(numbers), a_line))
        parts = [_from(name, table.window), *(_from(*other) for other in table.others)]
        index = " ^ ".join(parts)
        if table.width > BITS or table.others:
            index = f"({index}) & {(1 << BITS) - 1}" if len(parts) > 1 else f"{index} & 255"
        moved = f"{name} {'<<' if table.left else '>>'} {BITS}"
        everything = (1 << table.width) - 1
        if table.kept != (everything & ~255 if table.left else everything >> BITS):
            moved = f"({moved}) & 0x{table.kept:x}"
        value = f"({moved}) ^ {of}[{index}]" if table.kept else f"{of}[{index}]"
        body = [
            *comment(says),
            f"static const {_KINDS[table.width]} {of}[{len(numbers)}] = {{",
            *(f"    {line}" for line in lines),
            "};",
            f"{name} = {value};",
            *self.after,
        ]
        return "\n".join(["{", *(f"    {line}" for line in body), "}"])


def _from(name: str, window: int) -> str:
    return f"({name} >> {window})" if window else name


def tables_in(functions: Functions, function: Node) -> Iterator[Steps | tuple[Node, str]]:
    """The loops of a function that a table can stand for; why other innermost ones cannot."""
    if function.get("constexpr"):
        return
    held = directed(function)
    for loop, within in _innermost(function, function):
        if id(loop) in held:
            continue
        try:
            yield _steps(functions, function, loop, within)
        except Unsuitable as why:
            yield loop, str(why)


def _innermost(node: Node, within: Node) -> Iterator[tuple[Node, Node]]:
    """The `for` loops without a loop in them, each with the loop round it."""
    for inner in node.get("inner", ()):
        if not inner or inner.get("kind") in ("LambdaExpr", "BlockExpr"):
            continue
        is_loop = inner.get("kind") in LOOPS
        if inner["kind"] == "ForStmt" and not any(
            below is not inner and below.get("kind") in LOOPS for below in walk(inner)
        ):
            yield inner, within
        yield from _innermost(inner, inner if is_loop else within)


def _steps(functions: Functions, function: Node, loop: Node, within: Node) -> Steps:
    own = {n["id"] for n in parameters(function)}
    own |= {key for key, n in declared_in([function]).items() if not n.get("storageClass")}
    follower = Follower(_constants(functions, function, loop))
    follower.run(loop)
    outside = {key: n for key, n in follower.assigned.items() if key not in follower.declared}
    used = {**outside, **{key: n for key, (_, n) in follower.inputs.items()}}
    if not used.keys() <= own:
        raise Unsuitable("it uses what is no variable of the function's own")
    elsewhere = {key for key, _ in _mentioned(function) - _mentioned(loop)}
    register, table, after = "", None, []
    for key, declared in outside.items():
        final, name = follower.values.get(key), declared["name"]
        if key not in follower.inputs:
            if key not in elsewhere:
                continue  # nobody looks at it
            if final is None or final.number is None:
                raise Unsuitable(f"{name} is left with what the steps made of it")
            after.append(f"{name} = {final.number};")
            continue
        if final is None:
            raise Unsuitable(f"what becomes of {name} is not known")
        if moved := _only_moved(follower, key, final):
            after.append(f"{name} {moved};")
        elif table is not None:
            raise Unsuitable("it has several registers")
        else:
            register, table = name, _table(follower, key, final)
    if table is None:
        raise Unsuitable("no register goes through it")
    return Steps(function, loop, within, register, table, tuple(after))


def _mentioned(node: Node) -> set[tuple[str, str]]:
    """Mentions of variables, each by the variable and its own identity."""
    return {
        (n["referencedDecl"]["id"], n["id"])
        for n in walk(node)
        if n.get("kind") == "DeclRefExpr" and "referencedDecl" in n
    }


def _constants(functions: Functions, function: Node, loop: Node) -> dict[str, Value]:
    """Variables that the loop names and that are declared as numbers, for good."""
    inside = declared_in([function])
    found: dict[str, Value] = {}
    for node in walk(loop):
        declared = node.get("referencedDecl", {})
        if declared.get("kind") != "VarDecl" or declared["id"] in found:
            continue
        text = type_of(declared["type"])
        if not text.startswith("const ") or text.removeprefix("const ") not in TYPES:
            continue
        variable = inside.get(declared["id"])
        if variable is None:
            named = [n for n in functions.members(declared["name"]) if n["kind"] == "VarDecl"]
            named = [n for n in named if n.get("name") == declared["name"]]
            variable = named[0] if len(named) == 1 else None
        if variable is not None and variable.get("init") == "c":
            value = Follower().value(variable["inner"][0])
            if value.number is not None:
                found[declared["id"]] = value
    return found


def _only_moved(follower: Follower, key: str, final: Value) -> str:
    """What a variable is moved by in the end, that is not changed otherwise; "" if it is."""
    at, _ = follower.inputs[key]
    begun = [1 << at + k for k in range(len(final.bits))]
    if not any(final.bits):
        return "= 0"
    for count in range(1, len(begun)):
        if list(final.bits) == [*begun[count:], *([0] * count)]:
            return f">>= {count}"
        if list(final.bits) == [*([0] * count), *begun[:-count]]:
            return f"<<= {count}"
    return ""


def _table(follower: Follower, key: str, final: Value) -> Table:
    """The table that makes of a register what the steps do. Raises Unsuitable."""
    width = len(final.bits)
    if width not in _KINDS or final.signed:
        raise Unsuitable("its register is of another type")
    columns = {name: _columns(follower, name, final.bits) for name in follower.inputs}
    constant = sum((bit & 1) << k for k, bit in enumerate(final.bits))
    own = columns.pop(key)
    for left, window in itertools.product((False, True), range(width - BITS + 1)):
        found = _in_window(own, left, window, width)
        if found is None:
            continue
        kept, added = found
        others = []
        for name, column in columns.items():
            at = _aligned(column, added)
            if at is None:
                break
            if any(column):
                others.append((follower.inputs[name][1]["name"], at))
        else:
            numbers = [constant] * (1 << BITS)
            for index, bit in itertools.product(range(len(numbers)), range(BITS)):
                numbers[index] ^= added[bit] if index >> bit & 1 else 0
            return Table(width, left, kept, window, tuple(numbers), tuple(others))
    raise Unsuitable("more than eight bits of its register decide")


def _columns(follower: Follower, name: str, bits: tuple[Bit, ...]) -> list[int]:
    """For each bit of an input the number that it adds to what comes out."""
    at, declared = follower.inputs[name]
    count = TYPES[type_of(declared["type"]).removeprefix("const ")][0]
    return [
        sum((bit >> at + k & 1) << place for place, bit in enumerate(bits)) for k in range(count)
    ]


def _in_window(own: list[int], left: bool, window: int, width: int) -> tuple[int, list[int]] | None:
    """The bits that stay of a moved register, and what those of the window add besides.

    None if other bits are more than moved.
    """
    kept = 0
    inside = range(window, window + BITS)
    for bit, column in enumerate(own):
        to = bit + BITS if left else bit - BITS
        there = 1 << to if 0 <= to < width else 0
        if bit in inside:
            kept |= there
        elif column not in (0, there):
            return None
        else:
            kept |= column
    moved = [(1 << bit << BITS if left else 1 << bit >> BITS) & kept for bit in inside]
    return kept, [own[bit] ^ moved[k] for k, bit in enumerate(inside)]


def _aligned(column: list[int], added: list[int]) -> int | None:
    """From which bit on an input adds what the register's bits add; None if it does not."""
    for at in range(len(column) - BITS + 1):
        if column[at : at + BITS] == added and not any((*column[:at], *column[at + BITS :])):
            return at
    return None if any(column) else 0
