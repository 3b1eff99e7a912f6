"""Several searches at once: each waits for its own memory, and none for the others'.

Group prefetching and interleaving of lookups are known from databases (Chen et al., "Improving hash
join performance through prefetching", 2007; Kocberber et al., "Asynchronous memory access
chaining", 2015). Here the outer loop takes its iterations in groups; in a group each iteration has
variables of its own, `at_of[lane]`, and takes one step of its search in turn. What follows the
search runs in order, so that the program does what it did.
"""

from __future__ import annotations

import re
import textwrap

from corr.irregular.edits import Edits, place, statement_place
from corr.irregular.effects import Unsuitable, is_scalar
from corr.irregular.lookups import LOOPS, Lookup
from corr.irregular.names import Names
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import type_of

_ARRAY = re.compile(r"^([^\[\]]+?) ?((?:\[\d+\])+)$")
_COUNT = "unsigned long long"


class SideBySide:
    """Writes one lookup with `width` searches at once."""

    def __init__(self, functions: Functions, lookup: Lookup, width: int) -> None:
        self.text = functions.text
        self.lookup = lookup
        self.width = width
        names = Names(functions)
        self.lane = names.fresh("lane")
        self.going = names.fresh("going")
        self.more = names.fresh("more")
        self.stale = names.fresh("stale")
        self.begins = names.fresh("begins")
        self.open = names.fresh("unanswered")
        self.result = names.fresh("answer")
        self.names = names
        #: variables of the searches: by identity, what they are called as arrays
        self.arrays: dict[str, str] = {}
        self.declared: list[str] = []
        self.edits = Edits(self.text)
        self.inside = Edits(self.text)  # in the text of a function that is called
        #: so many places are compared; each has a flag, as one expression may have several
        self.compared = 0

    def span(self) -> tuple[int, int]:
        """What is replaced: the whole outer loop."""
        return place(self.lookup.outer)

    def code(self, says: str) -> str:
        """The new text of the outer loop. Raises Unsuitable."""
        lookup = self.lookup
        for node in lookup.private.values():
            self._lanes_of(node)
        index = lookup.index["name"]
        for part in (*lookup.early, lookup.loop if not lookup.call else {}):
            self._change(part, self.edits)
        head, (_, body) = place(lookup.outer), place(lookup.outer["inner"][4])
        begin = self.text[head[0] : place(lookup.outer["inner"][4])[0]].decode().rstrip()
        condition = self._source(lookup.condition)
        bound = self._source(lookup.bound)
        least = self.width - 1 if lookup.strict else self.width - 2
        room = f"({_COUNT})({bound}) - ({_COUNT}){index} > {least}"
        first, steps, last = self._parts()
        lines = [
            f"{begin} {{",
            *_comment(says),
            f"    while (({condition}) && {room}) {{",
            *(f"        {line}" for line in self.declared),
            f"        unsigned char {self.going}[{self.width}];",
            *self._flags(),
            f"        int {self.more};",
            *self._for_lanes(first),
            "        do {",
            f"            {self.more} = 0;",
            "#pragma clang loop unroll(full)",
            *_deeper(self._for_lanes(steps)),
            f"        }} while ({self._goes_on()});",
            *self._after(),
            *(self._for_lanes(last) if last else ()),
            *self._late(),
            "    }",
            f"    if (!({condition}))",
            "        break;",
            *_indented(self._body(body), 4),
            "}",
        ]
        return "\n".join(lines)

    # --- the parts -------------------------------------------------------------------------

    def _parts(self) -> tuple[list[str], list[str], list[str]]:
        """What each search does first, in each step, and when it is over."""
        lookup, edits, last = self.lookup, self.edits, []
        first = [line for s in lookup.early for line in self._statement(s, self.edits)]
        first.append(f"{self.going}[{self.lane}] = 1;")
        if lookup.call:
            edits = self.inside
            first += self._called()
            last = self._rest_of_function()
        loop = lookup.loop
        init, test, step, body = _of_loop(loop)
        if init:
            first += self._statement(init, edits)
        stop = f"{self.going}[{self.lane}] = 0;"
        steps = [f"if (!{self.going}[{self.lane}])", "    continue;"]
        ends = [f"if (!({edits.of(test)})) {{", f"    {stop}", "    continue;", "}"] if test else []
        block = self._block(body, edits)
        if loop["kind"] == "DoStmt":
            assert test
            close = [f"if ({edits.of(test)})", f"    {self.more} = 1;", "else", f"    {stop}"]
            return first, [*steps, *block, *close], last
        going_on = [f"{self.more} = 1;"]
        advance = [f"{edits.of(step)};"] if step else []
        return first, [*steps, *ends, *going_on, *block, *advance], last

    def _called(self) -> list[str]:
        """The function's parameters and what it does before its loop."""
        call = self.lookup.call
        assert call is not None
        lines = []
        for parameter, argument in call.given:
            self._lanes_of(parameter, made=True)
            self._change(argument, self.edits)
            lines.append(f"{self._mention(parameter)} = {self.edits.of(argument)};")
        for statement in call.before:
            for node in statement.get("inner", ()) if statement["kind"] == "DeclStmt" else ():
                self._lanes_of(node, made=True)
        if call.function and self.lookup.loop["kind"] == "ForStmt":
            for node in walk(self.lookup.loop["inner"][0] or {}):
                if node.get("kind") == "VarDecl":
                    self._lanes_of(node, made=True)
        result = type_of(call.node["type"])
        if not is_scalar(result):
            raise Unsuitable(f"the function gives a {result}")
        self.declared.append(f"{_declaration(result, self.result, self.width)};")
        for part in (*call.before, self.lookup.loop, *call.after):
            self._change(part, self.inside)
        if any(
            n.get("kind") == "ReturnStmt" for p in (*call.before, self.lookup.loop) for n in walk(p)
        ):
            lines.append(f"{self.open}[{self.lane}] = 1;")
        return [*lines, *(x for s in call.before for x in self._statement(s, self.inside))]

    def _early_returns(self) -> bool:
        call = self.lookup.call
        return call is not None and any(
            n.get("kind") == "ReturnStmt" for p in (*call.before, self.lookup.loop) for n in walk(p)
        )

    def _flags(self) -> list[str]:
        lines = []
        if self._early_returns():
            lines.append(f"        unsigned char {self.open}[{self.width}];")
        if self.compared:
            lines.append(f"        int {self.stale}[{self.compared}] = {{0}};")
            for begin, target in self._written_along():
                lines.append(f"        const char *{begin} = (const char *)&{target};")
        return lines

    def _rest_of_function(self) -> list[str]:
        call = self.lookup.call
        assert call is not None
        lines = (
            [f"if (!{self.open}[{self.lane}])", "    continue;"] if self._early_returns() else []
        )
        return [*lines, *(x for s in call.after for x in self._statement(s, self.inside))]

    def _for_lanes(self, lines: list[str]) -> list[str]:
        lane = self.lane
        return [
            f"        for (int {lane} = 0; {lane} < {self.width}; {lane}++) {{",
            *_indented(lines, 12),
            "        }",
        ]

    def _goes_on(self) -> str:
        return f"{self.more} && !({self._any_stale()})" if self.compared else self.more

    def _any_stale(self) -> str:
        return " | ".join(f"{self.stale}[{n}]" for n in range(self.compared))

    def _after(self) -> list[str]:
        """Where a search read what one before it was to write, they run one after another."""
        if not self.compared:
            return []
        return [f"        if ({self._any_stale()})", "            break;"]

    def _late(self) -> list[str]:
        """What follows each search, in order."""
        lookup, lane = self.lookup, self.lane
        step = self._source(lookup.outer["inner"][3])
        used = {
            n["referencedDecl"]["id"]
            for s in lookup.late
            for n in walk(s)
            if n.get("kind") == "DeclRefExpr"
        }
        lines = []
        for identity, node in lookup.private.items():
            name, array = node["name"], f"{self.arrays[identity]}[{lane}]"
            if identity in lookup.kept:
                lines.append(f"{name} = {array};")
            elif identity in used:
                if _ARRAY.match(_written(node)):
                    raise Unsuitable("a search has an array that is used after it")
                lines.append(f"{_declaration(_written(node), name, 0)} = {array};")
        late = Edits(self.text)
        if lookup.call:
            late.replace(lookup.call.node, f"{self.result}[{lane}]")
        for statement in lookup.late:
            lines += _lines(
                late.within(*statement_place(self.text, statement)), self._column(statement)
            )
        return [
            f"        for (int {lane} = 0; {lane} < {self.width}; {lane}++, {step}) {{",
            *_indented(lines, 12),
            "        }",
        ]

    def _body(self, end: int) -> list[str]:
        """The body as it was."""
        body = self.lookup.outer["inner"][4]
        start, _ = place(body)
        if body["kind"] != "CompoundStmt":
            return _lines(self._plain(*statement_place(self.text, body)), self._column(body))
        inner = self._plain(start + 1, end - 1)
        return textwrap.dedent(inner.strip("\n")).rstrip().split("\n")

    # --- text ------------------------------------------------------------------------------

    def _statement(self, node: Node, edits: Edits) -> list[str]:
        """A statement for a lane: a declaration becomes what sets its variables."""
        if node["kind"] == "DeclStmt":
            lines = []
            for declared in node["inner"]:
                given = [n for n in declared.get("inner", ()) if n.get("kind")]
                if declared.get("kind") != "VarDecl" or declared.get("init", "c") != "c":
                    raise Unsuitable("it declares what is no plain variable")
                if given:
                    lines.append(f"{self._mention(declared)} = {edits.of(given[0])};")
            return lines
        start, end = statement_place(self.text, node)
        return _lines(edits.within(start, end), self._column(node))

    def _block(self, body: Node, edits: Edits) -> list[str]:
        """The body of the search. Where it has declarations, in braces."""
        if body["kind"] != "CompoundStmt":
            return self._statement(body, edits)
        start, end = place(body)
        inner = textwrap.dedent(edits.within(start + 1, end - 1).strip("\n")).rstrip().split("\n")
        if any(n.get("kind") == "DeclStmt" for n in body.get("inner", ())):
            return ["{", *_indented(inner, 4), "}"]
        return inner

    def _change(self, part: Node, edits: Edits) -> None:
        """Variables become those of the lane; what leaves the search, what ends it for a lane."""
        for node in walk(part):
            if node.get("kind") == "DeclRefExpr":
                self._change_name(node, edits)
        inside = {id(node) for node in walk(part)}
        compared = [r.node for r in self.lookup.read if r.node and id(r.node) in inside]
        for read in sorted(compared, key=lambda node: place(node)[1] - place(node)[0]):
            self._compare(read, edits)
        if part is self.lookup.loop:
            _, _, step, body = _of_loop(part)
            self._change_ways_out(body, edits, step)
        if self.lookup.call and edits is self.inside:
            self._change_returns(part, edits)

    def _change_name(self, node: Node, edits: Edits) -> None:
        identity = node["referencedDecl"]["id"]
        name = node["referencedDecl"].get("name", "")
        call = self.lookup.call if edits is self.inside else None
        if call is not None and identity in call.same:
            new = call.same[identity]
        elif identity == self.lookup.index["id"] and call is None:
            new = f"({name} + {self.lane})"
        elif identity in self.arrays:
            new = f"{self.arrays[identity]}[{self.lane}]"
        else:
            return
        start, end = place(node)
        if self.text[start:end] != name.encode():
            raise Unsuitable("a name comes out of a macro")
        edits.replace(node, new)

    def _change_ways_out(self, node: Node, edits: Edits, step: Node | None) -> None:
        """`break` and `continue` of the search itself."""
        stop = f"{self.going}[{self.lane}] = 0;"
        kind = node.get("kind")
        if kind in LOOPS:
            return
        if kind == "BreakStmt":
            self._put(node, edits, f"{{ {stop} continue; }}")
        elif kind == "ContinueStmt":
            loop = self.lookup.loop
            if loop["kind"] == "DoStmt":
                raise Unsuitable("a `continue` in a do loop")
            if step:
                self._put(node, edits, f"{{ {edits.of(step)}; continue; }}")
        elif kind == "SwitchStmt":
            if any(n.get("kind") == "ContinueStmt" for n in walk(node)) and step:
                raise Unsuitable("a `continue` in a switch")
        else:
            for inner in node.get("inner", ()):
                if inner:
                    self._change_ways_out(inner, edits, step)

    def _change_returns(self, part: Node, edits: Edits) -> None:
        call = self.lookup.call
        assert call is not None
        rest = any(part is s for s in call.after)
        for node in walk(part):
            if node.get("kind") in LOOPS and node is not self.lookup.loop:
                if any(n.get("kind") == "ReturnStmt" for n in walk(node)):
                    raise Unsuitable("the function returns from within two loops")
            if node.get("kind") != "ReturnStmt":
                continue
            inner = [n for n in node.get("inner", ()) if n]
            if not inner:
                raise Unsuitable("the function gives nothing")
            start, end = statement_place(self.text, node)
            value = place(inner[0])
            closing = f"{self.going}[{self.lane}] = {self.open}[{self.lane}] = 0; "
            edits.put(start, value[0], f"{{ {self.result}[{self.lane}] = ")
            edits.put(value[1], end, f"; {'' if rest else closing}continue; }}")

    def _put(self, node: Node, edits: Edits, new: str) -> None:
        start, end = statement_place(self.text, node)
        edits.put(start, end, new)

    def _compare(self, node: Node, edits: Edits) -> None:
        """Note where a place is read that a search before this one is to write."""
        if any(
            n.get("kind") in ("CompoundAssignOperator",) or n.get("opcode") in ("++", "--", "=")
            for n in walk(node)
        ):
            raise Unsuitable("an address does more than say where")
        start, end = place(node)
        inner = edits.within(start, end)
        seen = " | ".join(
            f"(unsigned long)((const char *)&{inner} - {begin}) < {self.lane} * sizeof({target})"
            for begin, target in self._written_along()
        )
        edits.put(start, end, f"(*({self.stale}[{self.compared}] |= {seen}, &{inner}))")
        self.compared += 1

    def _written_along(self) -> list[tuple[str, str]]:
        """Where what is written by this group begins, and the element that the first one writes."""
        sources = [self._source(write.node) for write in self.lookup.along if write.node]
        return [(f"{self.begins}{n or ''}", source) for n, source in enumerate(sources)]

    def _lanes_of(self, node: Node, *, made: bool = True) -> None:
        """Declare a variable for each lane."""
        if node.get("kind") not in ("VarDecl", "ParmVarDecl") or node["id"] in self.arrays:
            return
        name = self.names.fresh(f"{node['name']}_of", f"{node['name']}_in")
        self.arrays[node["id"]] = name
        self.declared.append(f"{_declaration(_written(node), name, self.width)};")

    def _mention(self, node: Node) -> str:
        return f"{self.arrays[node['id']]}[{self.lane}]"

    def _source(self, node: Node) -> str:
        return self._plain(*place(node))

    def _plain(self, start: int, end: int) -> str:
        return self.text[start:end].decode("utf-8", "surrogateescape")

    def _column(self, node: Node) -> int:
        start, _ = place(node)
        return start - (self.text.rfind(b"\n", 0, start) + 1)


def _of_loop(loop: Node) -> tuple[Node | None, Node | None, Node | None, Node]:
    """What a loop does first, its condition, its step and its body."""
    inner = loop["inner"]
    if loop["kind"] == "ForStmt":
        init, variable, test, step, body = inner
        if variable:
            raise Unsuitable("a condition declares something")
        return init or None, test or None, step or None, body
    if len(inner) != 2:
        raise Unsuitable("a condition declares something")
    return (
        (None, inner[0], None, inner[1])
        if loop["kind"] == "WhileStmt"
        else (None, inner[1], None, inner[0])
    )


def _written(node: Node) -> str:
    """The type of a variable that can be set later."""
    text, full = node["type"]["qualType"], type_of(node["type"])
    if full.endswith("&") and node["kind"] == "ParmVarDecl":  # nothing changes what it stands for
        text, full = text.rstrip(" &"), full.rstrip(" &")
    array = _ARRAY.match(full)
    if not is_scalar(array[1] if array else full) or "(" in text:
        raise Unsuitable(f"{node.get('name')} is a {text}")
    if "*" in text:
        return re.sub(r"(?:\s*\b(?:const|restrict|__restrict))+$", "", text)
    return re.sub(r"\bconst\b ?", "", text).strip()


def _declaration(type_: str, name: str, width: int) -> str:
    array = _ARRAY.match(type_)
    base, extents = (array[1], array[2]) if array else (type_, "")
    lanes = f"[{width}]" if width else ""
    blank = "" if base.endswith("*") else " "
    return f"{base}{blank}{name}{lanes}{extents}"


def _comment(says: str) -> list[str]:
    lines = textwrap.wrap(says, 88)
    return [f"    /* {lines[0]}", *(f"     * {line}" for line in lines[1:]), "     */"]


def _lines(text: str, column: int) -> list[str]:
    """Lines of a part that began at that column."""
    first, *rest = text.split("\n")
    pad = " " * column
    return [first, *(line.removeprefix(pad) for line in rest)]


def _indented(lines: list[str], by: int) -> list[str]:
    return [" " * by + line if line.strip() else "" for line in lines]


def _deeper(lines: list[str]) -> list[str]:
    return _indented(lines, 4)
