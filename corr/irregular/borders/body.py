"""The text of a loop's body without what is known of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from corr.irregular.borders.facts import Call, Found, Value, of_this
from corr.irregular.borders.inside import Inside
from corr.irregular.edits import Edits, place, statement_place
from corr.irregular.effects import Unsuitable
from corr.irregular.syntax import bare, is_comparison, plain
from corr.polyhedral.clang_ast import Node

_LOGIC = ("&&", "||")
_SIMPLE = re.compile(r"[\w.]+")
_INT = frozenset({"int", "short", "char", "signed char", "unsigned char", "unsigned short"})


class Rewritten:
    """The text of a loop's body without what is known of it."""

    def __init__(
        self,
        text: bytes,
        inside: Inside,
        found: Found,
        given: Mapping[str, str] = MappingProxyType({}),
        prefix: str = "",
    ) -> None:
        self.text, self.inside, self.found = text, inside, found
        #: what stands for parameters of a function that is written out
        self.given, self.prefix = given, prefix
        self.edits = Edits(text)
        #: whether anything came to be simpler
        self.changed = False

    def of(self, body: Node) -> str:
        """A body's text, with its semicolon. Raises Unsuitable where nothing can be left out."""
        self._see(body, None)
        if not self.changed:
            raise Unsuitable("what is known comes out of macros")
        if body.get("kind") == "CompoundStmt":
            return self.edits.of(body)
        return self.edits.within(*statement_place(self.text, body))

    def expression(self, node: Node) -> str:
        """The text of an expression. Raises Unsuitable where macros make it."""
        self._see(node, None)
        return self.edits.of(node)

    def _see(self, node: Node, parent: Node | None) -> None:
        core = plain(node)
        for one in (node, core):
            if id(one) in self.found.values:
                self._put(node, self._value(*self.found.values[id(one)], parent))
                return
            if id(one) in self.found.calls:
                self._put(node, self._call(self.found.calls[id(one)]))
                return
            if id(one) in self.found.tests:
                self._put(node, "1" if self.found.tests[id(one)][1] else "0")
                return
        kind = node.get("kind", "")
        if kind == "DeclRefExpr" and node["referencedDecl"].get("id") in self.given:
            text = self.given[node["referencedDecl"]["id"]]
            self.edits.put(*place(node), _in_brackets(text, node, parent))
            return
        if self.prefix and of_this(node):
            self.edits.put(*place(node), self.prefix + node["name"])
            return
        if kind in ("IfStmt", "ConditionalOperator") and self._chosen(node, parent):
            return
        if node.get("opcode") in _LOGIC and self._logic(node):
            return
        around = parent if kind == "ImplicitCastExpr" else node
        for inner in node.get("inner", ()):
            if inner:
                self._see(inner, around)

    def _call(self, call: Call) -> str | None:
        """What a function returns, written out."""
        given = {}
        try:
            for identity, node in call.given.items():
                within = Rewritten(self.text, self.inside, self.found, self.given, self.prefix)
                given[identity] = within.expression(node)
            for identity, sum_ in call.sums.items():
                given[identity] = sum_.text(self.inside.names)
            written = Rewritten(self.text, self.inside, call.found, given, call.prefix)
            text = written.expression(call.result)
        except Unsuitable:
            return None
        converted = call.result.get("kind") == "ImplicitCastExpr" and call.result.get(
            "castKind"
        ) not in ("LValueToRValue", "NoOp")
        if converted:
            return f"({call.result['type']['qualType']})({text})"
        return _in_brackets(text, call.result, None)

    def _chosen(self, node: Node, parent: Node | None) -> bool:
        """An `if`, or a choice, of which one way is left."""
        condition, *ways = node["inner"]
        held = self._held(condition)
        if held is None or node.get("hasVar"):
            return False
        way = ways[0] if held else (ways[1] if len(ways) > 1 else None)
        if way is not None:
            self._see(way, node)
        if node["kind"] == "ConditionalOperator":
            text = self._of(way) if way is not None else "0"
            self._put(node, text and _in_brackets(text, way or node, parent))
            return True
        try:
            start, end = statement_place(self.text, node)
            new = "" if way is None else self.edits.within(*self._statement(way))
        except Unsuitable:
            return False
        if new.strip() in ("", ";"):
            if parent is not None and parent.get("kind") == "CompoundStmt":
                start, end, new = *self._with_blanks(start, end), ""
            else:
                new = ";"
        self.edits.put(start, end, new)
        self.changed = True
        return True

    def _with_blanks(self, start: int, end: int) -> tuple[int, int]:
        """A part of the text with blanks that nobody needs without it; its line, if it has one."""
        line = self.text.rfind(b"\n", 0, start) + 1
        after = len(self.text[end:]) - len(self.text[end:].lstrip(b" \t"))
        if not self.text[line:start].strip() and self.text[end + after : end + after + 1] == b"\n":
            return line, end + after + 1
        return start, end + after

    def _statement(self, node: Node) -> tuple[int, int]:
        return (
            place(node) if node.get("kind") == "CompoundStmt" else statement_place(self.text, node)
        )

    def _logic(self, node: Node) -> bool:
        """`a && b` of which one part is known to say nothing."""
        one, other = node["inner"]
        nothing = node["opcode"] == "&&"
        for this, that in ((one, other), (other, one)):
            if self._held(this) is nothing:
                self._see(that, node)
                text = self._of(that)
                if text is not None:
                    truth = is_comparison(bare(that))
                    self._put(node, f"({text})" if truth else f"(({text}) != 0)")
                    return True
        return False

    def _held(self, node: Node) -> bool | None:
        found = self.found.tests.get(id(node)) or self.found.tests.get(id(plain(node)))
        return found[1] if found is not None else None

    def _of(self, node: Node) -> str | None:
        try:
            return self.edits.of(node)
        except Unsuitable:
            return None

    def _put(self, node: Node, text: str | None) -> None:
        """Put a text in a node's place, or in that of the macro that makes it."""
        if text is None:
            return
        try:
            self.edits.put(*(_macro_place(self.text, node) or place(node)), text)
            self.changed = True
        except Unsuitable:
            pass  # it is asked in vain

    def _value(self, node: Node, value: Value, parent: Node | None) -> str | None:
        """What an expression is, as C of its type."""
        if value.node is not None:
            core = plain(value.node)
            self._see(core, node)
            text = self._of(core)
            if text is not None:
                return _in_brackets(text, core, parent)
        type_ = " ".join(w for w in node["type"]["qualType"].split() if w != "const")
        names = dict(self.inside.names)
        if type_ in _INT:
            if any(self.inside.type_of(key) not in _INT for key in value.sum.keys):
                return f"({type_})({value.sum.text(names)})"
        else:
            names = {
                key: name if self.inside.type_of(key) == type_ else f"({type_}){name}"
                for key, name in names.items()
            }
        text = value.sum.text(names)
        return text if _takes_all(parent) or _SIMPLE.fullmatch(text) else f"({text})"


_PRIMARY = frozenset(
    {"ArraySubscriptExpr", "MemberExpr", "CallExpr", "IntegerLiteral", "ParenExpr"}
    | {"FloatingLiteral", "CharacterLiteral", "CXXMemberCallExpr", "CXXOperatorCallExpr"}
)


def _in_brackets(text: str, node: Node, parent: Node | None) -> str:
    """An expression's text, in brackets where what is round it could tear it apart."""
    safe = plain(node).get("kind") in _PRIMARY or _takes_all(parent)
    return text if safe or _SIMPLE.fullmatch(text) else f"({text})"


def _takes_all(parent: Node | None) -> bool:
    """Whatever stands there is all of it: the first value of a variable, a subscript."""
    if parent is None:
        return False
    if parent.get("kind") == "CXXOperatorCallExpr":
        return bool(bare(parent["inner"][0]).get("referencedDecl", {}).get("name") == "operator[]")
    alone = parent.get("kind") in ("VarDecl", "ArraySubscriptExpr")
    return alone or parent.get("opcode") == "="


def _macro_place(text: bytes, node: Node) -> tuple[int, int] | None:
    """Where a macro is used that is this node and nothing else: `CLAMP(x + d, 0, w - 1)`."""
    span = node.get("range", {})
    begin, end = (span.get(key, {}) for key in ("begin", "end"))
    at, to = begin.get("expansionLoc"), end.get("expansionLoc")
    if at is None or to is None or at.get("offset") != to.get("offset") or "includedFrom" in at:
        return None
    written, last = begin.get("spellingLoc", {}), end.get("spellingLoc", {})
    if "includedFrom" in written or "file" in written or "offset" not in last:
        return None
    start = at["offset"]
    name = text[start : start + at["tokLen"]]
    line = text.rfind(b"\n#", 0, written.get("offset", 0)) + 1
    stop = written["offset"]
    head = re.match(rb"#\s*define\s+" + re.escape(name) + rb"\([^()]*\)\s*", text[line:stop])
    rest = text[last["offset"] + last["tokLen"] :].partition(b"\n")[0]
    if head is None or line + head.end() != stop or rest.strip():
        return None
    depth, place_ = 0, start + len(name)
    for position in range(place_, len(text)):
        depth += {40: 1, 41: -1}.get(text[position], 0)
        if depth == 0 and text[position] == 41:
            return start, position + 1
    return None
