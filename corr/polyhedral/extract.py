"""Finds the regions of a function whose loops are affine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from corr.polyhedral.accessors import with_accessors_written_out
from corr.polyhedral.clang_ast import WORD, Functions, Node, begin_of, body_of, end_of, walk
from corr.polyhedral.declarations import Variables
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.members import with_members_named
from corr.polyhedral.region import Region
from corr.polyhedral.scop import Scop

_LOOPS = {"ForStmt", "WhileStmt", "DoStmt", "CXXForRangeStmt"}
#: Flags under which whole numbers wrap round, or `long` is not of 64 bits.
_OTHER_LANGUAGE = re.compile(
    r"^(?:-fwrapv|-ftrapv|-fno-strict-overflow|-fno-delete-null.*|-m(?:x?32|16)|--?target.*)$"
)
#: Sibling statements that one region may have.
LONGEST_RUN = 64
_ANOTHER = "it holds another function"

#: Clang found no function of the name, or several.
UNKNOWN = "no definition, or several, that clang shows by this name"


@dataclass(frozen=True)
class Unmodelled:
    """A loop that is in no region, and why; loops in it may be. `lines`: its first and last.

    Without lines it stands for the whole function.
    """

    function: str
    reason: str
    lines: tuple[int, int] | None = None

    def __str__(self) -> str:
        return f"{self.function}: {self.reason}"


def regions(functions: Functions, name: str) -> tuple[list[Scop], list[Unmodelled]]:
    """The regions of a function that can be modelled, and why others cannot.

    A region is a run of sibling statements with a loop among them. Raises CompileError.
    """
    node = functions.get(name) or functions.instance(name)
    if node is None:
        return [], [Unmodelled(name, UNKNOWN)]
    reasons: list[Unmodelled] = []
    try:
        with_accessors_written_out(functions, node)
        with_members_named(node, functions.text)
        return list(_Finder(functions, node, reasons).all()), reasons
    except NotAffine as reason:
        return [], [Unmodelled(name, str(reason))]
    except RecursionError:
        return [], [Unmodelled(name, "it is nested too deep")]


class _Finder:
    """Finds the regions of one function."""

    def __init__(self, functions: Functions, function: Node, reasons: list[Unmodelled]) -> None:
        self.functions = functions
        self.function = function
        self.name: str = function["name"]
        self.reasons = reasons
        self.variables = Variables(function)

    def all(self) -> Iterator[Scop]:
        """Every region. Raises NotAffine where the function cannot be looked at."""
        for flag in self.functions.unit.flags:
            if _OTHER_LANGUAGE.match(flag):
                raise NotAffine(f"{flag} makes numbers other than the model's")
        self._check_file()
        kinds = {node.get("kind") for node in walk(self.function)}
        if kinds & {"BlockExpr", "CXXTryStmt", "StmtExpr"}:
            raise NotAffine(_ANOTHER)
        self.again = bool(kinds & {"LabelStmt", "IndirectGotoStmt"})
        body = body_of(self.function)
        assert body is not None
        yield from self._within(body, self.again)

    def _check_file(self) -> None:
        """Raise NotAffine unless the function is written in the unit's own text, and in no header.

        Where its name comes out of a macro, that is the macro's name at least.
        """
        where = self.function.get("loc", {})
        place = where.get("expansionLoc", where)
        name = WORD.match(self.functions.text, place.get("offset", len(self.functions.text)))
        wanted = WORD.match(self.name.encode())  # of `operator*` the first word
        known = name is not None and (place is not where or name[0] == (wanted and wanted[0]))
        if "includedFrom" in place or not known:
            raise NotAffine("it is not written in the unit's own file")

    def _within(self, body: Node, again: bool) -> Iterator[Scop]:
        """The largest modelled runs of a block, or of the loops in it.

        `again`: the block may run more than once in one call.
        """
        kind = body["kind"]
        if kind == "LambdaExpr":
            self.reasons.append(Unmodelled(self.name, _ANOTHER, self._lines(body)))
            return
        again = again or kind in _LOOPS
        children = [n for n in body.get("inner", ()) if n.get("kind")]
        longest = LONGEST_RUN
        if kind != "CompoundStmt":  # its children are alternatives, not one after another
            longest = 1
            children = [n for n in children if _has_loop(n)]
        if kind == "AttributedStmt":  # the attribute wants the loop that it is at
            yield from (s for n in children for s in self._within(n, again))
            return
        start = 0
        while start < len(children):
            found = self._run(children[start : start + longest], again)
            if found is not None:
                scop, length = found
                yield scop
                start += length
                continue
            if _has_loop(children[start]):
                yield from self._within(children[start], again)
            start += 1

    def _run(self, children: list[Node], again: bool) -> tuple[Scop, int] | None:
        """The longest region that begins with the first of some siblings, and its length."""
        why: NotAffine | None = None
        for length in range(len(children), 0, -1):
            run = children[:length]
            if not any(_has_loop(n) for n in run) or run[0]["kind"] == "CompoundStmt":
                break
            try:
                if any(node.get("kind") == "LambdaExpr" for n in run for node in walk(n)):
                    raise NotAffine(_ANOTHER)
                region = Region(self.functions, self.function, self.variables, again)
                return region.scop(run), length
            except NotAffine as reason:
                why = reason  # in the end that of the first sibling by itself
        if why is not None and _has_loop(children[0]):
            self.reasons.append(Unmodelled(self.name, str(why), self._lines(children[0])))
        return None

    def _lines(self, node: Node) -> tuple[int, int] | None:
        """The lines of a statement, those of the macros' names where it comes out of them."""
        text = self.functions.text
        first, last = begin_of(node), end_of(node)
        if first is None or last is None:
            return None
        return text.count(b"\n", 0, first) + 1, text.count(b"\n", 0, last) + 1


def _has_loop(node: Node) -> bool:
    return any(n.get("kind") == "ForStmt" for n in walk(node))
