"""Finds the regions of a function whose loops are affine."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corr.polyhedral.clang_ast import Functions, Node, body_of, walk
from corr.polyhedral.declarations import Variables
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.region import Region
from corr.polyhedral.scop import Scop

_LOOPS = {"ForStmt", "WhileStmt", "DoStmt", "CXXForRangeStmt"}
#: Flags under which whole numbers wrap round, or `long` is not of 64 bits.
_OTHER_LANGUAGE = re.compile(
    r"^(?:-fwrapv|-ftrapv|-fno-strict-overflow|-fno-delete-null.*|-m(?:x?32|16)|--?target.*)$"
)
#: Sibling statements that one region may have.
LONGEST_RUN = 64


def regions(functions: Functions, name: str) -> tuple[list[Scop], list[str]]:
    """The regions of a function that can be modelled, and why others cannot.

    A region is a run of sibling statements with a loop among them. Raises CompileError.
    """
    node = functions.get(name)
    if node is None:
        return [], [f"{name}: no definition, or several, that clang shows by this name"]
    reasons: list[str] = []
    try:
        return list(_Finder(functions, node, reasons).all()), reasons
    except (NotAffine, RecursionError) as reason:
        return [], [f"{name}: {reason}"]


class _Finder:
    """Finds the regions of one function."""

    def __init__(self, functions: Functions, function: Node, reasons: list[str]) -> None:
        self.functions = functions
        self.function = function
        self.reasons = reasons
        self.variables = Variables(function)

    def all(self) -> Iterator[Scop]:
        """Every region. Raises NotAffine where the function cannot be looked at."""
        for flag in self.functions.unit.flags:
            if _OTHER_LANGUAGE.match(flag):
                raise NotAffine(f"{flag} makes numbers other than the model's")
        name = self.function["name"]
        where = self.function.get("loc", {})
        text = self.functions.text
        at = where.get("offset")
        if at is None or "includedFrom" in where or not text[at:].startswith(name.encode()):
            raise NotAffine("it is not written in the unit's own file")
        kinds = {node.get("kind") for node in walk(self.function)}
        if kinds & {"LambdaExpr", "BlockExpr", "CXXTryStmt", "StmtExpr"}:
            raise NotAffine("it holds another function")
        self.again = bool(kinds & {"LabelStmt", "IndirectGotoStmt"})
        body = body_of(self.function)
        assert body is not None
        yield from self._within(body, self.again)

    def _within(self, body: Node, again: bool) -> Iterator[Scop]:
        """The largest modelled runs of a block, or of the loops in it.

        `again`: the block may run more than once in one call.
        """
        kind = body["kind"]
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
        why = ""
        for length in range(len(children), 0, -1):
            run = children[:length]
            if not any(_has_loop(n) for n in run) or run[0]["kind"] == "CompoundStmt":
                break
            try:
                region = Region(self.functions, self.function, self.variables, again)
                return region.scop(run), length
            except NotAffine as reason:
                why = why or str(reason)
        if why and _has_loop(children[0]):
            self.reasons.append(f"{self.function['name']}: {why}")
        return None


def _has_loop(node: Node) -> bool:
    return any(n.get("kind") == "ForStmt" for n in walk(node))
