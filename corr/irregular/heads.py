"""The heads of loops that go from one to the next: `for (i = 0; i < n; i++)`, `for (x : v)`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from corr.irregular.edits import place, source
from corr.irregular.effects import CONTAINER, Observer, Unsuitable
from corr.irregular.names import Names
from corr.irregular.syntax import block, identity_of, plain
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import type_of

_COUNTS = frozenset(
    {"int", "unsigned int", "long", "unsigned long", "long long", "unsigned long long"}
)
_WIDE = "unsigned long long"
_ARRAY = re.compile(r"[^\[\]]*\[\d+\]$")


@dataclass(frozen=True)
class Head:
    """What a loop's head says, as text.

    `index` is its variable, by identity where it has one of its own; `more` tells whether that many
    iterations are left at least, once the condition holds; `read` are nodes that it reads.
    `item` is the variable of `for (x : v)`, and `element` what it is at `{}`.
    """

    begin: str
    condition: str
    step: str
    index: str
    identity: str
    left: str
    read: tuple[Node, ...]
    body: Node
    item: Node | None = None
    element: str = ""

    def more(self, width: int) -> str:
        """Whether `width` iterations are left, if one is."""
        return self.left.format(width - 1)

    @property
    def statements(self) -> list[Node]:
        """The statements of the body."""
        return block(self.body)


def head_of(functions: Functions, observer: Observer, loop: Node) -> Head:
    """The head of a loop. Raises Unsuitable for one of another kind."""
    if loop["kind"] == "CXXForRangeStmt":
        return _range(functions, loop)
    init, variable, condition, increment, body = loop["inner"]
    if variable:
        raise Unsuitable("its condition declares something")
    test, step = plain(condition), plain(increment)
    if test.get("kind") != "BinaryOperator" or test["opcode"] not in ("<", "<="):
        raise Unsuitable("its condition is no `<`")
    if step.get("kind") != "UnaryOperator" or step["opcode"] != "++":
        raise Unsuitable("its step is not 1")
    index = plain(step["inner"][0])
    identity = identity_of(index)
    declared = observer.variables.declaration(identity) if identity else None
    if declared is None or not observer.variable(index).own:
        raise Unsuitable("its variable is no plain whole number")
    if type_of(declared["type"]) not in _COUNTS:
        raise Unsuitable("its variable is no plain whole number")
    left, bound = test["inner"]
    if not _counts_up(left, identity):
        raise Unsuitable("its condition is not about its variable")
    if plain(init).get("kind") not in ("DeclStmt", "BinaryOperator"):
        raise Unsuitable("it does not begin with a value")
    text = functions.text
    begin = text[place(loop)[0] : place(body)[0]].decode("utf-8", "surrogateescape").rstrip()
    low, high = source(text, left), source(text, bound)
    beyond = "{}" if test["opcode"] == "<" else "{} - 1"
    more = f"({_WIDE})({high}) - ({_WIDE})({low}) > {beyond}"
    return Head(
        begin,
        source(text, condition),
        source(text, increment),
        declared["name"],
        declared["id"],
        more,
        (left, bound),
        body,
    )


def _counts_up(node: Node, identity: str | None) -> bool:
    """It is the variable, or a sum that has it once."""
    node = plain(node)
    if node.get("kind") == "BinaryOperator" and node.get("opcode") == "+":
        one, other = node["inner"]
        mentions = [any(identity_of(n) == identity for n in walk(part)) for part in (one, other)]
        if all(mentions):
            return False
        return _counts_up(one if mentions[0] else other, identity)
    return node.get("kind") == "DeclRefExpr" and identity_of(node) == identity


def _range(functions: Functions, loop: Node) -> Head:
    init, over, *_, declared, body = loop["inner"]
    if init:
        raise Unsuitable("it begins with more than a range")
    container = plain(over["inner"][0]["inner"][0])
    type_ = type_of(container.get("type", {}))
    if container.get("kind") != "DeclRefExpr":
        raise Unsuitable("what it goes over is no variable")
    item = declared["inner"][0]
    reference = type_of(item.get("type", {}))
    if item.get("kind") != "VarDecl" or "*" in reference:
        raise Unsuitable("what it goes over has no numbers")
    if reference.endswith("&") and "const" not in reference.split():
        raise Unsuitable("it goes over references")
    name = source(functions.text, container)
    if CONTAINER.fullmatch(type_) and "bool" not in type_:
        size = f"{name}.size()"
    elif _ARRAY.fullmatch(type_):
        size = f"sizeof({name}) / sizeof({name}[0])"
    else:
        raise Unsuitable("what it goes over is no array")
    index = Names(functions).fresh("at", "place")
    return Head(
        f"for (unsigned long {index} = 0; {index} < {size}; {index}++)",
        f"{index} < {size}",
        f"{index}++",
        index,
        "",
        f"{size} - {index} > {{}}",
        (container,),
        body,
        item,
        f"{name}[{{}}]",
    )
