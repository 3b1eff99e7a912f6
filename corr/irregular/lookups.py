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

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from corr.irregular.calls import Call, calls_in, definition, name_of, written_out
from corr.irregular.effects import Access, Effects, Observer, Unsuitable, distinct
from corr.irregular.heads import Head, head_of
from corr.irregular.syntax import LOOPS, block, declared_in, identity_of, leaves, set_by
from corr.polyhedral.clang_ast import Functions, Node, extent, walk
from corr.polyhedral.expressions import NotAffine

_OUTER = frozenset({"ForStmt", "CXXForRangeStmt"})
_SEARCHES = LOOPS - {"CXXForRangeStmt"}


@dataclass(frozen=True)
class Lookup:
    """One such loop. `private`: variables that each search has for itself, by identity, as they
    are declared; `kept`: those of them that are declared outside of the outer loop.
    """

    function: Node
    outer: Node
    head: Head
    early: tuple[Node, ...]
    loop: Node
    late: tuple[Node, ...]
    private: dict[str, Node]
    kept: frozenset[str]
    call: Call | None = None
    #: what has to be compared as it runs
    along: tuple[Access, ...] = ()
    read: tuple[Access, ...] = ()
    #: an iteration may end before its search
    skips: bool = False


@dataclass
class _State:
    """What is known of an outer loop that is looked at."""

    head: Head
    private: dict[str, Node] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)


class Finder:
    """Finds the lookups of one function."""

    def __init__(
        self, functions: Functions, function: Node, hot: Collection[str] | None = None
    ) -> None:
        #: functions that may be searches; None: any
        self.hot = hot
        self.functions = functions
        self.function = function
        self.observer = Observer(function, functions)
        self.typed = "-fno-strict-aliasing" not in functions.unit.flags

    def all(self) -> Iterator[Lookup | tuple[Node, str]]:
        """Every lookup; or an outer loop, and why it is none."""
        shared = _of_directives(self.function)
        for outer in walk(self.function):
            if outer.get("kind") not in _OUTER or id(outer) in shared:
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
                if any(self._is_search(outer, at, call) for at, call in places):
                    yield outer, why

    def _is_search(self, outer: Node, at: int, call: Node | None) -> bool:
        """It is more than a loop in a loop: nobody knows beforehand how often it turns."""
        return call is not None or block(outer["inner"][-1])[at].get("kind") != "ForStmt"

    def _places(self, outer: Node) -> list[tuple[int, Node | None]]:
        """Where a search may be: at a statement of the body, which is a loop or has a call."""
        found: list[tuple[int, Node | None]] = []
        for number, statement in enumerate(block(outer["inner"][-1])):
            if statement.get("kind") in _SEARCHES:
                found.append((number, None))
                continue
            for call in calls_in(statement):
                if self.hot is not None and name_of(call) not in self.hot:
                    continue
                defined = definition(self.functions, call)
                if defined and any(n.get("kind") in _SEARCHES for n in walk(defined)):
                    found.append((number, call))
        return found

    def _lookup(self, outer: Node, at: int, call: Node | None) -> Lookup:
        observer = self.observer
        head = head_of(self.functions, observer, outer)
        state = _State(head)
        if head.item is not None:
            state.private[head.item["id"]] = head.item
        statements = head.statements
        for node in walk(head.body):
            if node.get("kind") in ("ReturnStmt", "GotoStmt", "LabelStmt"):
                raise Unsuitable("it may be left from within")
        if any(leaves(s, "BreakStmt") for s in statements):
            raise Unsuitable("it may be left from within")
        early, late = self._divided(state, at)
        sooner = observer.of(late)
        skips = any(leaves(s, "ContinueStmt") for s in statements[:at])
        if skips and (late or state.kept):
            raise Unsuitable("an iteration may end before its search, with something done")
        loop, search, found = statements[at], None, Effects()
        if call is None:
            found = self._search(loop, state)
            late += statements[at + 1 :]
        else:
            late += statements[at:]
            own = {*state.private, head.identity}
            search, found = written_out(self.functions, observer, call, loop, statements, own)
            loop = search.loop
        own = {*state.private, *declared_in(statements)}
        before, after, ends = (observer.of(part).without(own) for part in (early, late, head.read))
        if ends.assigned or ends.writes:
            raise Unsuitable("its condition changes something")
        if head.identity in {*before.assigned, *after.assigned, *found.assigned}:
            raise Unsuitable("its variable is changed within")
        used = {*before.used, *found.used, *ends.used} - {*state.private, head.identity}
        if used & {*after.assigned, *(set(declared_in(late)) - set(state.private))}:
            raise Unsuitable("a search needs what the one before it leaves")
        reads = [*before.reads, *found.reads]
        self._apart(sooner, reads, "what is written may be what a search reads")
        self._apart(after, ends.reads, "its end may be written")
        along, read = self._compared(head, reads, after)
        return Lookup(
            self.function,
            outer,
            head,
            tuple(early),
            loop,
            tuple(late),
            state.private,
            frozenset(state.kept),
            search,
            along,
            read,
            skips,
        )

    def _divided(self, state: _State, at: int) -> tuple[list[Node], list[Node]]:
        """The statements before the search: those that it needs, and those that can wait."""
        early: list[Node] = []
        late: list[Node] = []
        used: set[str] = set()
        waiting: set[str] = set()
        for statement in state.head.statements[:at]:
            found = self.observer.of([statement])
            found = found.without({*state.private, *declared_in([statement])})
            own = declared_in([statement]) if statement["kind"] == "DeclStmt" else {}
            inside = set(declared_in([statement])) - set(own)
            kept = set_by(statement) - {*state.private, *used, *found.used}
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
        if waiting & self.observer.of([state.head.statements[at]]).assigned:
            raise Unsuitable("what the search sets anew is used before")
        return early, late

    def _search(self, loop: Node, state: _State) -> Effects:
        """What a search does that is a loop of the body."""
        if loop["kind"] == "ForStmt":
            self._keep(set_by(loop["inner"][0]) - set(state.private), state)
            state.private |= declared_in([loop["inner"][0]])
        found = self.observer.of(loop["inner"] if loop["kind"] == "ForStmt" else [loop])
        found = found.without({*state.private, *declared_in([loop])})
        if found.writes:
            raise Unsuitable("a search writes to memory")
        if found.assigned - {*state.private, *declared_in([loop])}:
            raise Unsuitable("a search changes what is declared outside, and may need it again")
        return found

    def _keep(self, names: set[str], state: _State) -> None:
        for identity in names:
            declared = self.observer.variables.declaration(identity)
            if declared is None or identity == state.head.identity:
                raise Unsuitable("it sets a variable that others see")
            state.private[identity] = declared
            state.kept.add(identity)

    # --- memory ----------------------------------------------------------------------------

    def _apart(self, written: Effects, reads: list[Access], why: str) -> None:
        """Raise Unsuitable unless what is written is elsewhere than what is read."""
        for write in written.writes:
            if not all(distinct(write, read, typed=self.typed) for read in reads):
                raise Unsuitable(why)

    def _compared(
        self, head: Head, reads: list[Access], after: Effects
    ) -> tuple[tuple[Access, ...], tuple[Access, ...]]:
        """The places that have to be compared while it runs."""
        along: list[Access] = []
        compared: list[Access] = []
        for write in after.writes:
            same = [read for read in reads if not distinct(write, read, typed=self.typed)]
            if not same:
                continue
            if not _along(write, head, after):
                raise Unsuitable("what is written may be what a search reads")
            if any(read.node is None or extent(read.node) is None for read in same):
                raise Unsuitable("what is written may be what a called function reads")
            along.append(write)
            compared += [read for read in same if not any(read is c for c in compared)]
        first = {(write.variable.name, write.type): write for write in along}
        return tuple(first.values()), tuple(compared)


def _of_directives(function: Node) -> set[int]:
    """The loops that OpenMP's directives are at: nothing may leave them."""
    directives = (n for n in walk(function) if n.get("kind", "").startswith("OMP"))
    loops = (next((n for n in walk(d) if n.get("kind") in _OUTER), None) for d in directives)
    return {id(loop) for loop in loops if loop is not None}


def _along(write: Access, head: Head, after: Effects) -> bool:
    """It is an element of an array, at the outer loop's own variable."""
    node = write.node or {}
    if node.get("kind") not in ("ArraySubscriptExpr", "CXXOperatorCallExpr"):
        return False
    base, subscript = node["inner"][-2:]
    named = identity_of(base)
    return (
        named is not None
        and named not in after.assigned
        and identity_of(subscript) == head.identity
    )


def found_in(
    functions: Functions, name: str, hot: Collection[str] | None = None
) -> list[Lookup | tuple[Node, str]]:
    """The lookups of a function, and why other loops that look like one are none.

    `hot`: functions that may be the searches of others; any, if not given. Raises CompileError.
    """
    function = functions.get(name)
    if function is None:
        return []
    try:
        return list(Finder(functions, function, hot).all())
    except (NotAffine, RecursionError):
        return []
