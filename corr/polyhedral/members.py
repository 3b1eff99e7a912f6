"""Members of structures and classes as variables: `g->n`, `this->rows`, `grid.cells`.

In the tree that clang gives of a function each is made a mention of a variable of its own, which
the new code declares before anything else: `const int g_n = g->n;`. To the model it is a global
variable: somebody else may have its address, so that what is written must be apart from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from corr.polyhedral.clang_ast import WORD, Node, body_of, walk
from corr.polyhedral.containers import is_container, is_rows
from corr.polyhedral.declarations import Variables, type_of
from corr.polyhedral.expressions import NotAffine

_ONE = (
    r"(?:const )?(?:(?:unsigned )?(?:char|short|int|long|long long)|signed char|float|double|bool)"
)
_SCALAR = re.compile(rf"({_ONE})")
_POINTER = re.compile(rf"({_ONE} \*)(?:const|restrict|__restrict| )*")
_POINTERS = re.compile(rf"({_ONE} \*(?:const ?)?\*)(?:const|restrict|__restrict| )*")
_ROWS = re.compile(rf"({_ONE}) \(\*(?:const|restrict)?\)((?:\[\d+\])+)")
_ARRAY = re.compile(rf"({_ONE})\[\d+\]((?:\[\d+\])*)")
_STRUCTURE = re.compile(r"[\w:<>, ()./-]+ \*(?:const)?")
#: What runs, or is looked at, only now and then.
_SOMETIMES = {
    "ConditionalOperator": 1,
    "IfStmt": 1,
    "SwitchStmt": 1,
    "WhileStmt": 1,
    "DoStmt": 0,  # which may be left before its end
    "BinaryConditionalOperator": 1,
    "GenericSelectionExpr": 0,
    "ChooseExpr": 0,
    "CXXTypeidExpr": 0,
    "CXXNoexceptExpr": 0,
    "CXXForRangeStmt": 0,
    "UnaryExprOrTypeTraitExpr": 0,
    "LambdaExpr": 0,
}


#: What may be jumped to, so that what stands before it has not always run.
_ENTRIES = ("LabelStmt", "IndirectGotoStmt", "CaseStmt", "DefaultStmt")


@dataclass(frozen=True)
class Form:
    """How a member is declared as a variable: the type that the model sees, and C for the rest."""

    type: str
    declared: str
    #: Its elements lie in the structure: there is no pointer that could change.
    array: bool = False


def with_members_named(function: Node, text: bytes) -> Node:
    """The function, its members' mentions now of variables; `text` is the unit's."""
    body = body_of(function)
    if body is not None:
        namer = _Namer({word.decode() for word in WORD.findall(text)}, set(_in_loops(body)))
        namer.replace_in(body)
    return function


def _in_loops(body: Node) -> Iterator[str]:
    """What is declared in loops, and is another object in each turn, by identity."""
    for loop in walk(body):
        if loop.get("kind") == "ForStmt":
            yield from (n["id"] for n in walk(loop["inner"][4]) if n.get("kind") == "VarDecl")


class _Namer:
    """Gives each member of one function a name that the unit does not use."""

    def __init__(self, words: set[str], inner: set[str]) -> None:
        self._words = words
        self._inner = inner
        self._names: dict[str, str] = {}

    def replace_in(self, node: Node) -> None:
        for child in node.get("inner", ()):
            if child:
                self.replace_in(child)
                self._replace(child)

    def _replace(self, node: Node) -> None:
        place = self._place(node) if node.get("kind") == "MemberExpr" else None
        form = _form(node) if place is not None else None
        if place is None or form is None:
            return
        of, path, base = place
        identity = f"member {of}:{path}"
        name = self._name(identity, path)
        known = {
            "id": identity,
            "kind": "VarDecl",
            "name": name,
            "type": {"qualType": form.type},
            "member": {
                "text": path,
                "declared": form.declared.format(name=name, value=path),
                "array": form.array,
                "maybePrivate": node.get("maybePrivate", False),
                "base": base,
                "objectId": of,
            },
        }
        kept: Node = {key: node[key] for key in ("id", "range") if key in node}
        decayed = {"qualType": form.type}
        node.clear()
        node.update(kept, kind="DeclRefExpr", type=decayed, valueCategory="lvalue")
        node["referencedDecl"] = known

    def _place(self, node: Node) -> tuple[str, str, Node | None] | None:
        """Which object a member is of, how it is written, and the pointer it is reached by."""
        if not node.get("name") or "::" in node["name"]:
            return None
        base = node["inner"][0]
        while base.get("kind") in ("ImplicitCastExpr", "ParenExpr"):
            if base.get("castKind") not in (None, "LValueToRValue", "NoOp", *_TO_BASE):
                return None
            base = base["inner"][0]
        sign = "->" if node.get("isArrow") else "."
        if base.get("kind") == "CXXThisExpr":
            return "this", f"this->{node['name']}", None
        if base.get("kind") == "MemberExpr" and sign == ".":
            outer = self._place(base)
            return outer and (outer[0], f"{outer[1]}.{node['name']}", outer[2])
        if base.get("kind") != "DeclRefExpr":
            return None
        declared = base["referencedDecl"]
        if declared["kind"] not in ("VarDecl", "ParmVarDecl") or declared["id"] in self._inner:
            return None
        written = f"{declared['name']}{sign}{node['name']}"
        return declared["id"], written, base if sign == "->" else None

    def _name(self, identity: str, path: str) -> str:
        if identity not in self._names:
            name = re.sub(r"\W+", "_", path)
            while name in self._words:
                name += "_"
            self._words.add(name)
            self._names[identity] = name
        return self._names[identity]


_TO_BASE = ("UncheckedDerivedToBase", "DerivedToBase")


def _form(node: Node) -> Form | None:
    """How a member of this type is declared; None for what the model has no use for."""
    text = type_of(node["type"])
    if "volatile" in text or "_Atomic" in text:
        return None
    if is_container(text) or is_rows(text):
        return Form(text, "auto &{name} = {value};")
    if found := _SCALAR.fullmatch(text):
        plain = found[1].removeprefix("const ")
        return Form(plain, f"const {plain} {{name}} = {{value}};")
    if found := _POINTER.fullmatch(text):
        return Form(found[1], f"{found[1]}const {{name}} = {{value}};")
    if found := _POINTERS.fullmatch(text):
        return Form(found[1], f"{found[1]}const {{name}} = {{value}};")
    if found := _ROWS.fullmatch(text):
        return Form(
            f"{found[1]} (*){found[2]}", f"{found[1]} (*const {{name}}){found[2]} = {{value}};"
        )
    if found := _ARRAY.fullmatch(text):
        if found[2]:
            declared = f"{found[1]} (*const {{name}}){found[2]} = {{value}};"
            return Form(f"{found[1]} (*){found[2]}", declared, array=True)
        return Form(f"{found[1]} *", f"{found[1]} *const {{name}} = {{value}};", array=True)
    if _STRUCTURE.fullmatch(text):
        return Form(text, "__typeof__(*{value}) *const {name} = {value};")
    return None


# --- what holds when the region begins -----------------------------------------------------------


def reached(function: Node, run: list[Node], variables: Variables) -> set[str]:
    """The pointers, by identity, that hold an object whenever the region begins.

    Some member of it is looked at in any case: as the first loop of the region begins, or before
    it, through a variable that never changes.
    """
    found = {identity for node in _first(run) for identity in _through(node)}
    if any(n.get("kind") in _ENTRIES for n in walk(function)):
        return found
    for node in _before(body_of(function) or {}, run[0]):
        for part in _always(node):
            if part.get("kind") == "DeclRefExpr" and _is_steady(part, variables):
                found |= set(_through(part))
    return found


def _is_steady(mention: Node, variables: Variables) -> bool:
    base = mention["referencedDecl"].get("member", {}).get("base")
    if base is None:
        return False
    if "member" in base["referencedDecl"]:
        return False
    try:
        return variables.get(base).steady
    except NotAffine:  # a reference to a pointer, which others may change
        return False


def _first(run: list[Node]) -> Iterator[Node]:
    """What is looked at as the region's first loop begins."""
    for node in run:
        if node.get("kind") == "ForStmt":
            for part in (node["inner"][0], node["inner"][2]):
                yield from _always(part) if part else ()
            return
        yield from _always(node)


def _through(node: Node) -> Iterator[str]:
    """The pointers that a mention of a member goes through."""
    member = node.get("referencedDecl", {}).get("member")
    while member is not None and member["base"] is not None:
        yield member["base"]["referencedDecl"]["id"]
        member = member["base"]["referencedDecl"].get("member")


def _before(block: Node, run: Node) -> Iterator[Node]:
    """Statements that have run whenever this one is begun, from the outermost block on."""
    for child in block.get("inner", ()):
        if not child:
            continue
        if any(node is run for node in walk(child)):
            if child is not run:
                yield from _head(child)
                yield from _before(child, run)
            return
        if block.get("kind") == "CompoundStmt":
            yield child


def _head(node: Node) -> Iterator[Node]:
    """What a loop or condition round the region looks at before it."""
    inner = node.get("inner", ())
    if node.get("kind") == "ForStmt":
        yield from (part for part in (inner[0], inner[2]) if part)
    elif node.get("kind") in ("IfStmt", "WhileStmt") and inner and inner[0]:
        yield inner[0]


def _always(node: Node) -> Iterator[Node]:
    """A node and those below it that are evaluated whenever it is."""
    yield node
    inner = [n for n in node.get("inner", ()) if n]
    kind = node.get("kind", "")
    if kind == "ForStmt":
        inner = [n for n in (node["inner"][0], node["inner"][2]) if n]
    elif kind in _SOMETIMES:
        inner = inner[: _SOMETIMES[kind]]
    elif kind == "BinaryOperator" and node["opcode"] in ("&&", "||"):
        inner = inner[:1]
    for child in inner:
        yield from _always(child)
