"""Outer loops whose iterations each search by a loop of their own, apart from one another.

    for (i = 0; i < n; i++) {      outer
        at = root;                 early: sets what the search needs
        while (at != NONE) ...     loop:  reads memory, writes nothing but variables
        out[i] = best;             late:  uses what was found
    }

No search needs what another one found, so that several can run at once. What the late statements
write must not be what a search reads: where that is not known from types and names, places are
compared while the program runs, if the late statements write along the outer loop (`along`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from corr.irregular.effects import (
    Access,
    Effects,
    Observer,
    Unsuitable,
    declared_in,
    distinct,
)
from corr.polyhedral.clang_ast import Functions, Node, body_of, extent, walk
from corr.polyhedral.declarations import Variable, type_of
from corr.polyhedral.expressions import NotAffine

LOOPS = frozenset({"ForStmt", "WhileStmt", "DoStmt"})


@dataclass(frozen=True)
class Call:
    """A search that is a function: the call, its definition, and what its parameters stand for.

    `same`: parameters that are variables of the caller's, by identity; `given`: those that get a
    value of their own. `before` and `after` are its statements round the loop.
    """

    node: Node
    function: Node
    same: dict[str, str]
    given: tuple[tuple[Node, Node], ...]
    before: tuple[Node, ...]
    after: tuple[Node, ...]


@dataclass(frozen=True)
class Lookup:
    """One such loop. `private`: variables that each search has for itself, by identity, as they
    are declared; `kept`: those of them that are declared outside of the outer loop.
    """

    function: Node
    outer: Node
    index: Node
    bound: Node
    strict: bool
    early: tuple[Node, ...]
    loop: Node
    late: tuple[Node, ...]
    private: dict[str, Node]
    kept: frozenset[str]
    call: Call | None = None
    #: what has to be compared as it runs
    along: tuple[Access, ...] = ()
    read: tuple[Access, ...] = ()

    @property
    def condition(self) -> Node:
        found: Node = self.outer["inner"][2]
        return found


@dataclass
class _Outer:
    """An outer loop that is looked at, and what is known of it."""

    observer: Observer
    outer: Node
    index: Node
    bound: Node
    strict: bool
    statements: list[Node]
    private: dict[str, Node] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)


class Finder:
    """Finds the lookups of one function."""

    def __init__(self, functions: Functions, function: Node) -> None:
        self.functions = functions
        self.function = function
        self.observer = Observer(function, self._definition)
        self.typed = "-fno-strict-aliasing" not in functions.unit.flags

    def all(self) -> Iterator[Lookup | tuple[Node, str]]:
        """Every lookup; or an outer loop, and why it is none."""
        for outer in walk(self.function):
            if outer.get("kind") != "ForStmt":
                continue
            places = self._places(outer)
            why = ""
            for at, call in places:
                try:
                    yield self._lookup(outer, at, call)
                    break
                except Unsuitable as reason:
                    why = why or str(reason)
            else:
                if places:
                    yield outer, why

    def _definition(self, name: str) -> Node | None:
        return self.functions.get(name) if name else None

    def _places(self, outer: Node) -> list[tuple[int, Node | None]]:
        """Where a search may be: at a statement of the body, which is a loop or has a call."""
        found: list[tuple[int, Node | None]] = []
        for number, statement in enumerate(_statements(outer)):
            if statement.get("kind") in LOOPS:
                found.append((number, None))
                continue
            for call in _calls(statement):
                name = _called(call)
                defined = self._definition(name) if name else None
                if defined and any(n.get("kind") in LOOPS for n in walk(defined)):
                    found.append((number, call))
        return found

    def _lookup(self, outer: Node, at: int, call: Node | None) -> Lookup:
        state = self._header(outer)
        for node in walk(outer["inner"][4]):
            if node.get("kind") in ("ReturnStmt", "GotoStmt", "LabelStmt"):
                raise Unsuitable("it may be left from within")
        if any(_leaves(s, "BreakStmt") for s in state.statements):
            raise Unsuitable("it may be left from within")
        early, late = self._divided(state, at)
        sooner = self.observer.of(late)
        observer = self.observer
        found, loop, written_out = Effects(), state.statements[at], None
        if call is None:
            self._init_of(loop, state)
            state.private |= _of_init(loop)
            found = observer.of(loop["inner"] if loop["kind"] == "ForStmt" else [loop])
            _nothing_else(found, {*state.private, *declared_in([loop])})
            late += state.statements[at + 1 :]
        else:
            late += state.statements[at:]
            written_out, found = self._written_out(call, state, state.statements[at])
            loop = _loop_of(written_out.function)
        before = observer.of([*early, state.bound])
        after = observer.of(late)
        index = state.index["id"]
        used = {*before.used, *found.used} - {*state.private, index}
        if index in {*before.assigned, *after.assigned, *found.assigned}:
            raise Unsuitable("its variable is changed within")
        hidden = set(declared_in(late)) - set(state.private)
        if used & {*after.assigned, *hidden}:
            raise Unsuitable("a search needs what the one before it leaves")
        reads = [*before.reads, *found.reads]
        for write in sooner.writes:
            if not all(distinct(write, access, typed=self.typed) for access in reads):
                raise Unsuitable("what is written may be what a search reads")
        ends = observer.of([state.bound]).reads
        for write in after.writes:
            if not all(distinct(write, access, typed=self.typed) for access in ends):
                raise Unsuitable("its bound may be written")
        along, read = self._compared(state, [*observer.of(early).reads, *found.reads], after)
        return Lookup(
            self.function,
            outer,
            state.index,
            state.bound,
            state.strict,
            tuple(early),
            loop,
            tuple(late),
            state.private,
            frozenset(state.kept),
            written_out,
            along,
            read,
        )

    # --- the outer loop --------------------------------------------------------------------

    def _header(self, outer: Node) -> _Outer:
        init, variable, condition, increment, _ = outer["inner"]
        if variable:
            raise Unsuitable("its condition declares something")
        test = _plain(condition)
        if test.get("kind") != "BinaryOperator" or test["opcode"] not in ("<", "<="):
            raise Unsuitable("its condition is no `<`")
        left, bound = test["inner"]
        step = _plain(increment)
        if not (step.get("kind") == "UnaryOperator" and step["opcode"] == "++"):
            raise Unsuitable("its step is not 1")
        named = _plain(left)
        index = _plain(step["inner"][0])
        same = named.get("referencedDecl", {}).get("id")
        if same is None or index.get("referencedDecl", {}).get("id") != same:
            raise Unsuitable("its condition is not about its variable")
        declared = self.observer.variables.declaration(same)
        kind = self.observer.variable(index)
        if declared is None or not kind.own or type_of(declared["type"]) not in _COUNTS:
            raise Unsuitable("its variable is no plain whole number")
        if _plain(init).get("kind") not in ("DeclStmt", "BinaryOperator"):
            raise Unsuitable("it does not begin with a value")
        return _Outer(
            self.observer, outer, declared, bound, test["opcode"] == "<", _statements(outer)
        )

    def _divided(self, state: _Outer, at: int) -> tuple[list[Node], list[Node]]:
        """The statements before the search: those that it needs, and those that can wait."""
        early: list[Node] = []
        late: list[Node] = []
        used: set[str] = set()
        waiting: set[str] = set()
        for statement in state.statements[:at]:
            found = self.observer.of([statement])
            own = declared_in([statement]) if statement["kind"] == "DeclStmt" else {}
            inside = set(declared_in([statement])) - set(own)
            kept = _set_by(statement) - {*state.private, *used, *found.used}
            outside = found.assigned - {*state.private, *own, *inside, *kept, *state.kept}
            if found.writes or outside:
                late.append(statement)
                waiting |= found.used
            else:
                if found.assigned & waiting:
                    raise Unsuitable("what it sets anew is used before")
                early.append(statement)
                state.private |= own
                self._keep(kept, state)
            used |= found.used
        if waiting & self.observer.of([state.statements[at]]).assigned:
            raise Unsuitable("what the search sets anew is used before")
        return early, late

    def _init_of(self, loop: Node, state: _Outer) -> None:
        """Variables from outside that the head of the search gives their values."""
        if loop["kind"] == "ForStmt":
            self._keep(_set_by(loop["inner"][0]) - set(state.private), state)

    def _keep(self, names: set[str], state: _Outer) -> None:
        for identity in names:
            declared = self.observer.variables.declaration(identity)
            if declared is None or identity == state.index["id"]:
                raise Unsuitable("it sets a variable that others see")
            state.private[identity] = declared
            state.kept.add(identity)

    # --- a search that is a function -------------------------------------------------------

    def _written_out(self, call: Node, state: _Outer, statement: Node) -> tuple[Call, Effects]:
        if not _always(statement, call):
            raise Unsuitable("the function is not called in any case")
        function = self._definition(_called(call))
        assert function is not None
        body = body_of(function)
        assert body is not None
        loop = _loop_of(function)
        statements = body["inner"]
        at = next(n for n, s in enumerate(statements) if s is loop)
        before, after = statements[:at], statements[at + 1 :]
        inside = Observer(function, self._definition)
        found = inside.of([*before, loop, *after])
        every = {*declared_in(statements), *(p["id"] for p in _parameters(function))}
        _nothing_else(found, every)
        for node in (*before, *after):
            if node.get("kind") in LOOPS or any(n.get("kind") in LOOPS for n in walk(node)):
                raise Unsuitable(f"{function['name']} has more than one loop")
        same, given, variables = {}, [], {}
        arguments = call["inner"][1:]
        passed = self.observer.of(arguments)
        if passed.writes or passed.assigned:
            raise Unsuitable("an argument does more than give a value")
        changed = self.observer.of(state.statements).assigned
        for parameter, argument in zip(_parameters(function), arguments, strict=True):
            named = _plain(argument)
            identity = named.get("referencedDecl", {}).get("id")
            steady = named.get("kind") == "DeclRefExpr" and identity not in changed
            fixed = parameter["id"] not in found.assigned and inside.unchanged(parameter)
            alike = _unqualified(parameter) == _unqualified(named)
            local = identity in state.private or identity == state.index["id"]
            if steady and fixed and alike and not local:
                same[parameter["id"]] = named["referencedDecl"]["name"]
                variables[parameter["name"]] = self.observer.variable(named)
            else:
                given.append((parameter, argument))
        reads = [_seen_from_outside(a, variables) for a in found.reads]
        self._names(function, same)
        used = {*passed.used, *(i for i in found.used if not inside.own(i))}
        result = Call(call, function, same, tuple(given), tuple(before), tuple(after))
        return result, Effects([*passed.reads, *reads], [], used, set())

    def _names(self, function: Node, same: dict[str, str]) -> None:
        """Raise Unsuitable where a name would mean something else where the call is."""
        inside = {n["name"] for n in declared_in([function]).values() if "name" in n}
        if inside & set(same.values()):
            raise Unsuitable("a name of the function's is another's where it is called")
        inside |= {p["name"] for p in _parameters(function) if "name" in p}
        for node in walk(function):
            declared = node.get("referencedDecl", {})
            name = declared.get("name")
            if node.get("kind") != "DeclRefExpr" or name in inside:
                continue
            if name in self.observer.variables.names:
                raise Unsuitable(f"{name} is another variable where the function is called")

    # --- memory ----------------------------------------------------------------------------

    def _compared(
        self, state: _Outer, reads: list[Access], after: Effects
    ) -> tuple[tuple[Access, ...], tuple[Access, ...]]:
        """The places that have to be compared while it runs."""
        along, compared = [], []
        for write in after.writes:
            open_ = [read for read in reads if not distinct(write, read, typed=self.typed)]
            if not open_:
                continue
            if not self._along(write, state, after):
                raise Unsuitable("what is written may be what a search reads")
            if any(read.node is None or extent(read.node) is None for read in open_):
                raise Unsuitable("what is written may be what a called function reads")
            along.append(write)
            compared += [read for read in open_ if not any(read is c for c in compared)]
        first = {repr(_shape(w)): w for w in along}
        return tuple(first.values()), tuple(compared)

    def _along(self, write: Access, state: _Outer, after: Effects) -> bool:
        """It is an element of an array, at the outer loop's own variable."""
        node = write.node or {}
        if node.get("kind") not in ("ArraySubscriptExpr", "CXXOperatorCallExpr"):
            return False
        base, subscript = node["inner"][-2:]
        root = _plain(base)
        named = root.get("referencedDecl", {}).get("id")
        index = _plain(subscript).get("referencedDecl", {}).get("id")
        return named is not None and named not in after.assigned and index == state.index["id"]


_COUNTS = frozenset(
    {"int", "unsigned int", "long", "unsigned long", "long long", "unsigned long long"}
)


def _statements(outer: Node) -> list[Node]:
    body: Node = outer["inner"][4]
    if body.get("kind") != "CompoundStmt":
        return [body]
    return [n for n in body.get("inner", ()) if n.get("kind") not in (None, "NullStmt")]


def _nothing_else(found: Effects, private: set[str]) -> None:
    if found.writes:
        raise Unsuitable("a search writes to memory")
    if found.assigned - private:
        raise Unsuitable("a search changes what is declared outside, and may need it again")


def _of_init(loop: Node) -> dict[str, Node]:
    return declared_in([loop["inner"][0]]) if loop["kind"] == "ForStmt" else {}


def _set_by(statement: Node) -> set[str]:
    """The variables that a plain assignment sets: `a = b = 0;`."""
    node, found = _plain(statement), set()
    while node.get("kind") == "BinaryOperator" and node.get("opcode") in ("=", ","):
        left, right = node["inner"]
        if node["opcode"] == ",":
            return _set_by(left) | _set_by(right)
        target = _plain(left)
        if target.get("kind") == "DeclRefExpr":
            found.add(target["referencedDecl"]["id"])
        node = _plain(right)
    return found


def _leaves(node: Node, kind: str) -> bool:
    """There is a `break` (or `continue`) in it that belongs to what is round it."""
    if node.get("kind") == kind:
        return True
    if node.get("kind") in LOOPS or node.get("kind") == "CXXForRangeStmt":
        return False
    if node.get("kind") == "SwitchStmt" and kind == "BreakStmt":
        return False
    return any(_leaves(n, kind) for n in node.get("inner", ()) if n)


def _calls(statement: Node) -> list[Node]:
    return [n for n in walk(statement) if n.get("kind") == "CallExpr"]


def _called(call: Node) -> str:
    callee = _plain(call["inner"][0])
    while callee.get("kind") == "ImplicitCastExpr":
        callee = _plain(callee["inner"][0])
    name: str = callee.get("referencedDecl", {}).get("name", "")
    return name


def _always(node: Node, wanted: Node) -> bool:
    """It is evaluated wherever the statement runs, once."""
    if node is wanted:
        return True
    kind, inner = node.get("kind"), [n for n in node.get("inner", ()) if n]
    if kind in LOOPS or kind in ("SwitchStmt", "CompoundStmt"):
        return False
    first_only = kind in ("IfStmt", "ConditionalOperator") or node.get("opcode") in ("&&", "||")
    return any(_always(n, wanted) for n in (inner[:1] if first_only else inner))


def _loop_of(function: Node) -> Node:
    body = body_of(function)
    loops = [n for n in (body or {}).get("inner", ()) if n.get("kind") in LOOPS]
    if len(loops) != 1:
        raise Unsuitable(f"{function['name']} has no loop of its own, or several")
    return loops[0]


def _parameters(function: Node) -> list[Node]:
    return [n for n in function.get("inner", ()) if n.get("kind") == "ParmVarDecl"]


def _seen_from_outside(access: Access, variables: dict[str, Variable]) -> Access:
    """A place that a function reads, by the variables of its caller."""
    if access.direct:
        return access
    variable = variables.get(access.variable.name, Variable("", "*", "global"))
    return replace(access, variable=variable, alone=False)


def _unqualified(node: Node) -> str:
    text = type_of(node["type"])
    return " ".join(w for w in re.findall(r"\w+|\S", text) if w not in ("const", "restrict", "&"))


def _shape(access: Access) -> tuple[str, str]:
    return access.variable.name, access.type


def _plain(node: Node) -> Node:
    """The node without brackets and conversions."""
    while node.get("kind") in ("ParenExpr", "ExprWithCleanups", "ConstantExpr") or (
        node.get("kind") == "ImplicitCastExpr"
    ):
        node = node["inner"][0]
    return node


def found_in(functions: Functions, name: str) -> list[Lookup | tuple[Node, str]]:
    """The lookups of a function, and why other loops that look like one are none.

    Raises CompileError.
    """
    function = functions.get(name)
    if function is None:
        return []
    try:
        return list(Finder(functions, function).all())
    except (NotAffine, RecursionError):
        return []


__all__ = ["Call", "Finder", "Lookup", "found_in"]
