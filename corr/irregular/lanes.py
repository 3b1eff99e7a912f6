"""What the text of a search becomes where several run at once: `at` becomes `at_of[lane]`."""

from __future__ import annotations

import re

from corr.irregular.edits import Edits, place, source, statement_place
from corr.irregular.effects import Unsuitable
from corr.irregular.lane_text import declaration, written_type
from corr.irregular.lookups import Lookup
from corr.irregular.names import Names
from corr.irregular.syntax import LOOPS, bare, changes, leaves
from corr.polyhedral.clang_ast import Functions, Node, walk


class Lanes:
    """The variables of a lookup's searches, and its text with these in it.

    `outside` is the text where the outer loop is, `inside` that of a function that is called.
    """

    def __init__(self, functions: Functions, lookup: Lookup, width: int) -> None:
        self.text = functions.text
        self.lookup = lookup
        self.width = width
        self.names = Names(functions)
        fresh = self.names.fresh
        self.lane, self.going, self.more = fresh("lane"), fresh("going"), fresh("more")
        self.stale, self.begins = fresh("stale"), fresh("begins")
        self.open, self.result = fresh("unanswered"), fresh("answer")
        self.skipped = fresh("skipped")
        #: by identity, what the variables of the searches are called as arrays
        self.arrays: dict[str, str] = {}
        self.declared: list[str] = []
        self.outside, self.inside = Edits(self.text), Edits(self.text)
        #: so many places are compared; each has a flag, as one expression may have several
        self.compared = 0

    def add(self, node: Node, types: dict[str, str] | None = None) -> None:
        """Give each lane such a variable. `types`: what names of types are called here."""
        if node.get("kind") in ("VarDecl", "ParmVarDecl") and node["id"] not in self.arrays:
            name = self.names.fresh(f"{node['name']}_of", f"{node['name']}_in")
            self.arrays[node["id"]] = name
            type_ = written_type(node)
            for word, whole in (types or {}).items():
                type_ = re.sub(rf"(?<!::)\b{re.escape(word)}\b", whole, type_)
            self.declared.append(f"{self.declaration(type_, name)};")

    def declaration(self, type_: str, name: str) -> str:
        """A variable of a type for each lane, without its semicolon."""
        return declaration(type_, name, self.width)

    def flag(self, name: str) -> str:
        """The same of something that holds or not."""
        return f"unsigned char {name}[{self.width}]"

    def mention(self, node: Node) -> str:
        """The variable of the lane."""
        return f"{self.arrays[node['id']]}[{self.lane}]"

    def answer(self, _type: str) -> str:
        """What the function of a search gave in the lane, of that type."""
        return f"{self.result}[{self.lane}]"

    @property
    def stop(self) -> str:
        """What ends the search of the lane."""
        return f"{self.going}[{self.lane}] = 0;"

    def change(self, part: Node, edits: Edits) -> None:
        """Variables become those of the lane; what leaves the search, what ends it for a lane."""
        every = list(walk(part))
        for node in every:
            if node.get("kind") == "DeclRefExpr":
                self._change_name(node, edits)
            elif node.get("kind") == "MemberExpr" and edits is self.inside:
                self._change_member(node, edits)
        inside = {id(node) for node in every}
        compared = [r.node for r in self.lookup.read if r.node and id(r.node) in inside]
        for read in sorted(compared, key=lambda node: place(node)[1] - place(node)[0]):
            self._compare(read, edits)
        if any(part is statement for statement in self.lookup.early):
            for node in every:
                if node.get("kind") == "ContinueStmt" and leaves(part, "ContinueStmt"):
                    new = f"{{ {self.skipped}[{self.lane}] = 1; continue; }}"
                    edits.put(*statement_place(self.text, node), new)
        if part is self.lookup.loop:
            step = part["inner"][3] if part["kind"] == "ForStmt" else None
            body = part["inner"][0] if part["kind"] == "DoStmt" else part["inner"][-1]
            self._change_ways_out(body, edits, step)
        if self.lookup.call and edits is self.inside:
            self._change_returns(part, edits)

    def written_along(self) -> list[tuple[str, str]]:
        """Where what is written by a group begins, and the element that its first search writes."""
        sources = [source(self.text, w.node) for w in self.lookup.along if w.node]
        return [(f"{self.begins}{n or ''}", element) for n, element in enumerate(sources)]

    def _change_name(self, node: Node, edits: Edits) -> None:
        identity, name = node["referencedDecl"]["id"], node["referencedDecl"].get("name", "")
        call = self.lookup.call if edits is self.inside else None
        if call is not None and identity in call.same:
            new = call.same[identity]
        elif identity == self.lookup.head.identity and call is None:
            new = f"({name} + {self.lane})"
        elif identity in self.arrays:
            new = f"{self.arrays[identity]}[{self.lane}]"
        else:
            return
        if source(self.text, node) != name:
            raise Unsuitable("a name comes out of a macro")
        edits.replace(node, new)

    def _change_member(self, node: Node, edits: Edits) -> None:
        """A member of a method's own object, which has a name where the method is called."""
        call = self.lookup.call
        assert call is not None
        if call.of and bare(node["inner"][0]).get("kind") == "CXXThisExpr":
            edits.replace(node, f"{call.of}{node['name']}")

    def _change_ways_out(self, node: Node, edits: Edits, step: Node | None) -> None:
        """`break` and `continue` of the search itself."""
        kind = node.get("kind")
        if kind in LOOPS:
            return
        if kind == "BreakStmt":
            edits.put(*statement_place(self.text, node), f"{{ {self.stop} continue; }}")
        elif kind == "ContinueStmt":
            if self.lookup.loop["kind"] == "DoStmt":
                raise Unsuitable("a `continue` in a do loop")
            if step:
                new = f"{{ {edits.of(step)}; continue; }}"
                edits.put(*statement_place(self.text, node), new)
        elif kind == "SwitchStmt":
            if step and any(n.get("kind") == "ContinueStmt" for n in walk(node)):
                raise Unsuitable("a `continue` in a switch")
        else:
            for inner in node.get("inner", ()):
                if inner:
                    self._change_ways_out(inner, edits, step)

    def _change_returns(self, part: Node, edits: Edits) -> None:
        call = self.lookup.call
        assert call is not None
        last = any(part is s for s in call.after)
        closing = "" if last else f"{self.going}[{self.lane}] = {self.open}[{self.lane}] = 0; "
        for node in walk(part):
            nested = node.get("kind") in LOOPS and node is not self.lookup.loop
            if nested and any(n.get("kind") == "ReturnStmt" for n in walk(node)):
                raise Unsuitable("the function returns from within two loops")
            if node.get("kind") != "ReturnStmt":
                continue
            values = [n for n in node.get("inner", ()) if n]
            if not values:
                raise Unsuitable("the function gives nothing")
            start, end = statement_place(self.text, node)
            value = place(values[0])
            edits.put(start, value[0], f"{{ {self.result}[{self.lane}] = ")
            edits.put(value[1], end, f"; {closing}continue; }}")

    def _compare(self, node: Node, edits: Edits) -> None:
        """Note where a place is read that a search before this one is to write."""
        if any(changes(n) for n in walk(node)):
            raise Unsuitable("an address does more than say where")
        start, end = place(node)
        inner = edits.within(start, end)
        seen = " | ".join(
            f"(unsigned long)((const char *)&{inner} - {begin}) < {self.lane} * sizeof({target})"
            for begin, target in self.written_along()
        )
        edits.put(start, end, f"(*({self.stale}[{self.compared}] |= {seen}, &{inner}))")
        self.compared += 1
