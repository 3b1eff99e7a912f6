"""The variables, arrays and places in arrays of a region, as they are met in its expressions."""

from __future__ import annotations

import contextlib
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from corr.polyhedral.ast_forms import element_type, is_address, pointed, unwrapped
from corr.polyhedral.clang_ast import WORD, Functions, Node
from corr.polyhedral.containers import check_unchecked, container
from corr.polyhedral.declarations import Variable, Variables, inner_extents, type_of
from corr.polyhedral.expressions import (
    Affine,
    Element,
    Expression,
    Name,
    NotAffine,
    Number,
    Operation,
    affine,
)
from corr.polyhedral.macro_sizes import by_number, extent_is
from corr.polyhedral.pure_functions import Frame
from corr.polyhedral.scop import Array
from corr.polyhedral.starts import start_of
from corr.polyhedral.wrapping import Note, address

Subscripts = tuple[Expression, ...]


class Accesses(ABC):
    """What one region reads and writes, noted while its expressions are turned into ours.

    `scalars` are variables that are only read, `extents` the inner extents of arrays, `computed`
    parameters that are no variables: type and C. `note` is told what must hold of subscripts.
    """

    def __init__(self, functions: Functions, variables: Variables, note: Note) -> None:
        self.note = note
        self.functions = functions
        self.parameters: dict[str, str] = {}
        self.arrays: dict[str, Array] = {}
        self.variables: dict[str, Variable] = {}
        self.scalars: set[str] = set()
        self.extents: dict[str, tuple[Affine, ...]] = {}
        self.computed: dict[str, tuple[str, str]] = {}
        #: The whole numbers that the model holds, and what must be true, as C, of other extents.
        self.held: set[int] = set()
        self.sized: list[str] = []
        self._rows: dict[str, tuple[Node, Subscripts]] = {}
        #: References to rows, by identity, and the calls that gave them.
        self._row_names: dict[str, Node] = {}
        self._declared = variables
        self._written: set[str] = set()
        #: Members of structures, in the order in which they are declared, and how.
        self.members: dict[str, str] = {}
        #: Some of them may be private, as only their own class names them.
        self.private = False
        #: The pointers, by identity, that hold an object whenever the region begins.
        self.reached: set[str] = set()
        #: How many assignments of the region there are to each variable.
        self.assigned: Counter[str] = Counter()
        self._iterators: dict[str, Expression] = {}
        self._frames: list[Frame] = []
        self._names: dict[str, str] = {}

    # --- variables -------------------------------------------------------------------

    @cached_property
    def _words(self) -> frozenset[bytes]:
        return frozenset(WORD.findall(self.functions.text))

    def fresh(self, name: str) -> str:
        """The name, or one like it, that is no word of the source."""
        while name.encode() in self._words:
            name += "_"
        return name

    def find_writes(self, node: Node) -> None:
        """Note every variable that the region assigns or declares, other than a loop's own."""
        kind = node.get("kind")
        if kind in ("BinaryOperator", "CompoundAssignOperator", "UnaryOperator"):
            writes = kind == "CompoundAssignOperator" or node["opcode"] in ("=", "++", "--")
            target = unwrapped(node["inner"][0])
            if writes and target.get("kind") == "DeclRefExpr":
                self._written.add(target["referencedDecl"]["id"])
                self.assigned[target["referencedDecl"]["id"]] += 1
        if kind == "VarDecl":
            self._written.add(node["id"])
        inner = node.get("inner", ())
        if kind == "ForStmt":
            inner = [*start_of(node)[0], inner[4]]
        for child in inner:
            self.find_writes(child)

    @contextlib.contextmanager
    def iterator(self, identity: str, name: Name) -> Iterator[None]:
        """Within the block this variable is the loop's, by its unique name."""
        if identity in self._written or identity in self._iterators:
            raise NotAffine("a loop's variable is changed in the loop")
        self._iterators[identity] = name
        try:
            yield
        finally:
            del self._iterators[identity]

    def put_in_place(self, identity: str, value: Expression) -> None:
        """From here on, to the end of the block, this variable is what it was given."""
        self._iterators[identity] = value

    @contextlib.contextmanager
    def block(self) -> Iterator[None]:
        """What is put in place within it is so no more after it."""
        before = dict(self._iterators)
        try:
            yield
        finally:
            self._iterators = before

    def declare(self, variable: Node) -> Element:
        """A scalar that the region declares."""
        kind = element_type(variable["type"])
        name = self._unique(variable["id"], variable["name"])
        self._note(Array(name, kind, 0, local=True))
        return Element(kind, name, ())

    def _unique(self, identity: str, name: str) -> str:
        """Different variables of one name get different names."""
        if identity not in self._names:
            taken = set(self._names.values())
            fresh = name
            while fresh in taken:
                fresh += "_"
            self._names[identity] = fresh
        return self._names[identity]

    def _outer(self, reference: Node) -> str:
        """The name of a variable from outside the region, which must keep it."""
        variable = self._declared.get(reference)
        member = reference["referencedDecl"].get("member")
        if member is not None:
            self._check_member(reference["referencedDecl"]["id"], member)
            self.members[variable.name] = member["declared"]
            self.private = self.private or member["maybePrivate"]
        name = self._unique(reference["referencedDecl"]["id"], variable.name)
        if name != variable.name:
            raise NotAffine(f"two variables are called {variable.name}")
        self.variables[name] = variable
        return name

    def _check_member(self, identity: str, member: Node) -> None:
        """A member can be looked at before the region. Raises NotAffine."""
        base = member["base"]
        pointer = base["referencedDecl"]["id"] if base is not None else ""
        if {identity, member["objectId"], pointer} & self._written:
            raise NotAffine(f"{member['text']} is changed in the region")
        if base is None:
            return
        if pointer not in self.reached:
            raise NotAffine(f"whether {member['text']} is there is not known before the loops")
        name = self._outer(base)
        if not self.variables[name].own:
            self.scalars.add(name)

    def _note(self, array: Array) -> None:
        known = self.arrays.get(array.name)
        if known and (known.element, known.dimensions) != (array.element, array.dimensions):
            raise NotAffine(f"{array.name} is used with different types or numbers of subscripts")
        if known is None:
            self.arrays[array.name] = array

    @abstractmethod
    def expression(self, node: Node) -> Expression:
        """The expression. Raises NotAffine for what the model does not know."""

    # --- elements --------------------------------------------------------------------------

    def _ArraySubscriptExpr(self, node: Node) -> Expression:
        below, subscripts = self._subscripted(node)
        if below.get("kind") == "MemberExpr":
            return self.member_element(below, subscripts)
        return self._element(node, *self._from_row(below, subscripts))

    def _subscripted(self, node: Node) -> tuple[Node, Subscripts]:
        """What a chain of subscripts begins with, and the subscripts."""
        indices: list[Node] = []
        base = node
        while True:
            inner, index = base["inner"]
            indices.insert(0, index)
            below, how = pointed(inner)
            if below.get("kind") != "ArraySubscriptExpr":
                break
            if how != "ArrayToPointerDecay" and not _is_of_rows(below, how):
                raise NotAffine("an array's elements are pointers")
            base = below
        subscripts = tuple(address(self.expression(i), self.note) for i in indices)
        if below.get("kind") in ("BinaryOperator", "UnaryOperator"):  # `(a + i * n)[j]`
            start, (*before, last) = self._place(below)
            first, *rest = subscripts
            return start, (*before, Operation("long", "+", (last, first)), *rest)
        return below, subscripts

    def row(self, variable: Node, value: Node) -> bool:
        """Note a pointer that is declared with a place in an array, `double *r = a + i * n`."""
        if self._frames or not is_address(variable):
            return False
        self._rows[variable["id"]] = self._place(value)
        return True

    def _from_row(self, base: Node, subscripts: Subscripts) -> tuple[Node, Subscripts]:
        """Subscripts of a pointer into an array as those of the array."""
        identity = base.get("referencedDecl", {}).get("id", "")
        if self._frames:
            with self.outside(identity) as given:
                known = self._place(given)
        elif identity in self._rows:
            known = self._rows[identity]
        else:
            return base, subscripts
        start, (*before, last) = known
        first, *rest = subscripts
        return start, (*before, Operation("long", "+", (last, first)), *rest)

    @contextlib.contextmanager
    def outside(self, identity: str) -> Iterator[Node]:
        """What a function that is written out was given for a parameter, to be looked at there."""
        frame = self._frames.pop()
        try:
            given = frame.get(identity)
            if not isinstance(given, dict):
                raise NotAffine("a function that is called uses more than its arguments")
            yield given
        finally:
            self._frames.append(frame)

    def _place(self, node: Node) -> tuple[Node, Subscripts]:
        """Where a pointer points: an array, and the subscripts of its element there."""
        inner, how = pointed(node)
        kind, zero = inner.get("kind"), Number("long", "0L")
        if kind == "DeclRefExpr":
            return self._from_row(inner, (zero,))
        if kind == "ArraySubscriptExpr" and (
            how == "ArrayToPointerDecay" or _is_of_rows(inner, how)
        ):
            below, subscripts = self._subscripted(inner)
            return self._from_row(below, (*subscripts, zero))
        if kind == "UnaryOperator" and inner["opcode"] == "&":
            element = unwrapped(inner["inner"][0])
            if element.get("kind") == "ArraySubscriptExpr":
                return self._from_row(*self._subscripted(element))
            call = element.get("kind") == "CXXOperatorCallExpr" and len(element["inner"]) == 3
            if call and not self._frames:
                held = unwrapped(element["inner"][1])
                if container(held) is not None:
                    return held, (address(self.expression(element["inner"][2]), self.note),)
        if kind == "BinaryOperator" and inner["opcode"] in ("+", "-"):
            left, right = inner["inner"]
            if inner["opcode"] == "+" and not is_address(left):
                left, right = right, left
            start, (*before, last) = self._place(left)
            by = address(self.expression(right), self.note)
            return start, (*before, Operation("long", inner["opcode"], (last, by)))
        raise NotAffine("a pointer is not to an element of an array")

    def _element(self, node: Node, base: Node, subscripts: Subscripts) -> Expression:
        if base.get("kind") != "DeclRefExpr":
            raise NotAffine("an array is not a plain variable")
        if base["referencedDecl"]["id"] in self._written:
            raise NotAffine(f"{base['referencedDecl']['name']} is changed in the region")
        name = self._outer(base)
        kind = element_type(node["type"])
        rows = leads_to_rows(base)
        if rows and len(subscripts) != 2:
            raise NotAffine("an array's elements are pointers")
        held = container(base)
        if held is not None:
            check_unchecked(self.functions)
        start = held.start if held is not None else ""
        self._note(Array(name, kind, len(subscripts), start=start, rows=rows))
        if not rows and len(subscripts) > 1 and name not in self.extents:
            extents = inner_extents(self.variables[name], self._declared)
            if len(extents) != len(subscripts) - 1:
                raise NotAffine(f"the extents of {name} are not known")
            extents = self._by_macros(base["referencedDecl"]["id"], self.variables[name], extents)
            self.extents[name] = extents
            for word in {word for form in extents for word in form if word}:
                self.parameters.setdefault(word, "long")
        return Element(kind, name, subscripts)

    def _by_macros(
        self, identity: str, variable: Variable, extents: tuple[Affine, ...]
    ) -> tuple[Affine, ...]:
        """Extents that are numbers here and macros in the text, by these: parameters of their own.

        Other numbers are the model's.
        """
        declaration = self._declared.declaration(identity)
        macros = by_number(self.functions, declaration, self.held) if declaration else {}
        found = []
        for dimension, form in enumerate(extents, 1):
            number = form.get("", 0) if set(form) <= {""} else 0
            if number in macros:
                macro = macros[number]
                form = affine(self.computed_size(f"{macro}_", "int", macro))
                self.sized.append(extent_is(variable, dimension, macro))
            elif number:
                self.held.add(number)
            found.append(form)
        return tuple(found)

    @abstractmethod
    def member_element(self, member: Node, inner: Subscripts) -> Element:
        """An element of a member of an array's elements, or the member. Raises NotAffine."""

    @abstractmethod
    def computed_size(self, name: str, kind: str, value: str) -> Expression:
        """A parameter that is no variable."""


def _is_of_rows(node: Node, how: str) -> bool:
    """A pointer to a row, `a[i]` of `double **a`, that is looked at."""
    return how == "LValueToRValue" and leads_to_rows(pointed(node["inner"][0])[0])


def leads_to_rows(node: Node) -> bool:
    """A variable that points to pointers to rows: `double **a`."""
    text = re.sub(r"const|restrict| ", "", type_of(node.get("type", {})))
    return node.get("kind") == "DeclRefExpr" and text.endswith("**")
