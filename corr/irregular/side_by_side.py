"""Several searches at once: each waits for its own memory, and none for the others'.

Group prefetching and interleaving of lookups are known from databases (Chen et al., "Improving hash
join performance through prefetching", 2007; Kocberber et al., "Asynchronous memory access
chaining", 2015). Here the outer loop takes its iterations in groups; in a group each iteration has
variables of its own, `at_of[lane]`, and takes one step of its search in turn. What follows the
search runs in order, so that the program does what it did.
"""

from __future__ import annotations

import textwrap

from corr.irregular.edits import Edits, place, source, statement_place
from corr.irregular.effects import Unsuitable, is_scalar
from corr.irregular.lane_text import ARRAY, comment, declaration, indented, lines_of, written_type
from corr.irregular.lanes import Lanes
from corr.irregular.lookups import Lookup
from corr.irregular.syntax import declared_in
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import type_of


class SideBySide:
    """Writes one lookup with `width` searches at once."""

    #: what says that a search of a lane goes on
    yes = "1"

    def __init__(self, functions: Functions, lookup: Lookup, width: int) -> None:
        self.text = functions.text
        self.lookup = lookup
        self.width = width
        self.lanes = self._lanes(functions)

    def _lanes(self, functions: Functions) -> Lanes:
        return Lanes(functions, self.lookup, self.width)

    def span(self) -> tuple[int, int]:
        """What is replaced: the whole outer loop."""
        return statement_place(self.text, self.lookup.outer)

    def code(self, says: str) -> str:
        """The new text of the outer loop. Raises Unsuitable."""
        lookup, lanes, head = self.lookup, self.lanes, self.lookup.head
        if b"#" in self.text[slice(*self.span())]:
            raise Unsuitable("it has a directive of the preprocessor")
        for node in lookup.private.values():
            lanes.add(node)
        for part in (*lookup.early, *(() if lookup.call else (lookup.loop,))):
            lanes.change(part, lanes.outside)
        first, steps, last = self._parts()
        lines = [
            f"while (({head.condition}) && {head.more(self.width)}) {{",
            *indented([*self._declarations(), *self._for_lanes(first)], 4),
            *indented(self._rounds(steps), 4),
            *indented([*self._alone(), *(self._for_lanes(last) if last else ())], 4),
            *indented(self._late(), 4),
            "}",
            f"if (!({head.condition}))",
            "    break;",
            *self._item(),
            *self._body(),
        ]
        return "\n".join([*comment(says), f"{head.begin} {{", *indented(lines, 4), "}"])

    def _rounds(self, steps: list[str]) -> list[str]:
        """The searches take turns until all are over."""
        return [
            "do {",
            f"    {self.lanes.more} = 0;",
            "#pragma clang loop unroll(full)",
            *indented(self._for_lanes(steps), 4),
            f"}} while ({self._goes_on()});",
        ]

    # --- the parts -------------------------------------------------------------------------

    def _parts(self) -> tuple[list[str], list[str], list[str]]:
        """What each search does first, in each step, and when it is over."""
        lookup, lanes, last = self.lookup, self.lanes, []
        edits, first = lanes.outside, [f"{lanes.going}[{lanes.lane}] = 0;"]
        if lookup.skips:
            first.append(f"{lanes.skipped}[{lanes.lane}] = 0;")
        else:
            first = []
        if lookup.head.item is not None:
            element = lookup.head.element.format(f"{lookup.head.index} + {lanes.lane}")
            first.append(f"{lanes.mention(lookup.head.item)} = {element};")
        first += [line for s in lookup.early for line in self._statement(s, edits)]
        first.append(f"{lanes.going}[{lanes.lane}] = {self.yes};")
        if lookup.call:
            edits = lanes.inside
            first += self._called()
            last = self._rest_of_function()
        init, test, step, body = of_loop(lookup.loop)
        if init:
            first += self._statement(init, edits)
        return first, self._steps(test, step, body, edits), last

    def _steps(self, test: Node | None, step: Node | None, body: Node, edits: Edits) -> list[str]:
        """One step of a search, in a lane."""
        lanes = self.lanes
        begin = [f"if (!{lanes.going}[{lanes.lane}])", "    continue;"]
        block = self._block(body, edits)
        if self.lookup.loop["kind"] == "DoStmt":
            assert test
            goes_on = [f"if ({edits.of(test)})", f"    {lanes.more} = 1;"]
            return [*begin, *block, *goes_on, "else", f"    {lanes.stop}"]
        if test:
            begin += [f"if (!({edits.of(test)})) {{", f"    {lanes.stop}", "    continue;", "}"]
        advance = [f"{edits.of(step)};"] if step else []
        return [*begin, f"{lanes.more} = 1;", *block, *advance]

    def _called(self) -> list[str]:
        """The function's parameters, and what it does before its loop."""
        call, lanes = self.lookup.call, self.lanes
        assert call is not None
        lines = []
        for parameter, argument in call.given:
            lanes.add(parameter, call.types)
            lanes.change(argument, lanes.outside)
            lines.append(f"{lanes.mention(parameter)} = {lanes.outside.of(argument)};")
        tops = [n for s in call.before if s["kind"] == "DeclStmt" for n in s.get("inner", ())]
        if call.loop["kind"] == "ForStmt" and call.loop["inner"][0]:
            tops += declared_in([call.loop["inner"][0]]).values()
        for node in tops:
            lanes.add(node, call.types)
        result = type_of(call.node["type"])
        if not is_scalar(result):
            raise Unsuitable(f"the function gives a {result}")
        lanes.declared.append(f"{lanes.declaration(result, lanes.result)};")
        for part in (*call.before, call.loop, *call.after):
            lanes.change(part, lanes.inside)
        if self._early_returns():
            lines.append(f"{lanes.open}[{lanes.lane}] = {self.yes};")
        return [*lines, *(x for s in call.before for x in self._statement(s, lanes.inside))]

    def _early_returns(self) -> bool:
        call = self.lookup.call
        parts = (*call.before, call.loop) if call is not None else ()
        return any(n.get("kind") == "ReturnStmt" for part in parts for n in walk(part))

    def _declarations(self) -> list[str]:
        lanes = self.lanes
        lines = [*lanes.declared, f"{lanes.flag(lanes.going)};"]
        if self._early_returns():
            lines.append(f"{lanes.flag(lanes.open)};")
        if self.lookup.skips:
            lines.append(f"{lanes.flag(lanes.skipped)};")
        if lanes.compared:
            lines.append(f"int {lanes.stale}[{lanes.compared}] = {{0}};")
            for begin, target in lanes.written_along():
                lines.append(f"const char *{begin} = (const char *)&{target};")
        return [*lines, f"int {lanes.more};"]

    def _rest_of_function(self) -> list[str]:
        call, lanes = self.lookup.call, self.lanes
        assert call is not None
        skip = (
            [f"if (!{lanes.open}[{lanes.lane}])", "    continue;"] if self._early_returns() else []
        )
        if self.lookup.skips:
            skip += [f"if ({lanes.skipped}[{lanes.lane}])", "    continue;"]
        rest = [x for s in call.after for x in self._statement(s, lanes.inside)]
        return [*skip, *rest]

    def _for_lanes(self, lines: list[str]) -> list[str]:
        lane = self.lanes.lane
        head = f"for (int {lane} = 0; {lane} < {self.width}; {lane}++) {{"
        return [head, *indented(lines, 4), "}"]

    def _stale(self) -> str:
        """A search read what one before it is to write."""
        return " | ".join(f"{self.lanes.stale}[{n}]" for n in range(self.lanes.compared))

    def _goes_on(self) -> str:
        more = self.lanes.more
        return f"{more} && !({self._stale()})" if self.lanes.compared else more

    def _alone(self) -> list[str]:
        """Then they run one after another."""
        return [f"if ({self._stale()})", "    break;"] if self.lanes.compared else []

    def _late(self) -> list[str]:
        """What follows each search, in order."""
        lookup, lane, lines = self.lookup, self.lanes.lane, []
        used = {
            n["referencedDecl"]["id"]
            for s in lookup.late
            for n in walk(s)
            if n.get("kind") == "DeclRefExpr"
        }
        if lookup.skips:
            lines += [f"if ({self.lanes.skipped}[{lane}])", "    continue;"]
        for identity, node in lookup.private.items():
            value = self.lanes.mention(node)
            if identity in lookup.kept:
                lines.append(f"{node['name']} = {value};")
            elif identity in used:
                type_ = written_type(node)
                if ARRAY.match(type_):
                    raise Unsuitable("a search has an array that is used after it")
                lines.append(f"{declaration(type_, node['name'], 0)} = {value};")
        late = Edits(self.text)
        if lookup.call:
            result = type_of(lookup.call.node["type"])
            late.replace(lookup.call.node, self.lanes.answer(result))
        for statement in lookup.late:
            lines += self._plain_lines(statement, late)
        head = f"for (int {lane} = 0; {lane} < {self.width}; {lane}++, {lookup.head.step}) {{"
        return [head, *indented(lines, 4), "}"]

    def _item(self) -> list[str]:
        """The variable of `for (x : v)`."""
        head = self.lookup.head
        if head.item is None:
            return []
        variable = declaration(written_type(head.item), head.item["name"], 0)
        return [f"{variable} = {head.element.format(head.index)};"]

    def _body(self) -> list[str]:
        """The body as it was."""
        body = self.lookup.head.body
        if body["kind"] != "CompoundStmt":
            return self._plain_lines(body, Edits(self.text))
        inner = source(self.text, body)[1:-1]
        return textwrap.dedent(inner.strip("\n")).rstrip().split("\n")

    # --- text ------------------------------------------------------------------------------

    def _plain_lines(self, node: Node, edits: Edits) -> list[str]:
        return lines_of(edits.within(*statement_place(self.text, node)), self._column(node))

    def _statement(self, node: Node, edits: Edits) -> list[str]:
        """A statement for a lane: a declaration becomes what sets its variables."""
        if node["kind"] != "DeclStmt":
            return self._plain_lines(node, edits)
        lines = []
        for declared in node["inner"]:
            given = [n for n in declared.get("inner", ()) if n.get("kind")]
            if declared.get("kind") != "VarDecl" or declared.get("init", "c") != "c":
                raise Unsuitable("it declares what is no plain variable")
            if given:
                lines.append(f"{self.lanes.mention(declared)} = {edits.of(given[0])};")
        return lines

    def _block(self, body: Node, edits: Edits) -> list[str]:
        """The body of the search; in braces, where it has declarations."""
        if body["kind"] != "CompoundStmt":
            return self._plain_lines(body, edits)
        start, end = place(body)
        inner = textwrap.dedent(edits.within(start + 1, end - 1).strip("\n")).rstrip().split("\n")
        if any(n.get("kind") == "DeclStmt" for n in body.get("inner", ())):
            return ["{", *indented(inner, 4), "}"]
        return inner

    def _column(self, node: Node) -> int:
        start, _ = place(node)
        return start - (self.text.rfind(b"\n", 0, start) + 1)


def of_loop(loop: Node) -> tuple[Node | None, Node | None, Node | None, Node]:
    """What a loop does first, its condition, its step and its body."""
    inner = loop["inner"]
    if loop["kind"] == "ForStmt":
        init, variable, test, step, body = inner
        if variable:
            raise Unsuitable("a condition declares something")
        return init or None, test or None, step or None, body
    if len(inner) != 2:
        raise Unsuitable("a condition declares something")
    test, body = inner if loop["kind"] == "WhileStmt" else reversed(inner)
    return None, test, None, body
