"""Functions, methods and constructors of structures written out: `a + b * s`, `Vec(x, y)`.

What such a call gives is a structure of the region's own, each member of which is computed before
the statement that uses it; so it is rounded where the function rounds it.
"""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterator, Sequence

from corr.polyhedral.ast_forms import element_type, is_address, unwrapped
from corr.polyhedral.clang_ast import Functions, Node, as_given, body_of
from corr.polyhedral.containers import container
from corr.polyhedral.declarations import Variables, type_of
from corr.polyhedral.expressions import Element, Expression, NotAffine, Operation
from corr.polyhedral.pure_functions import DEEPEST, Frame, value_of
from corr.polyhedral.structure_values import TEMPORARY, Copied, StructureValues, bare
from corr.polyhedral.structures import Way, is_structure
from corr.polyhedral.wrapping import Note

_CALLS = ("CallExpr", "CXXOperatorCallExpr", "CXXMemberCallExpr")
_MADE = ("CXXConstructExpr", "CXXTemporaryObjectExpr", "InitListExpr", "CompoundLiteralExpr")
_THIS = "this"


class StructureCalls(StructureValues):
    """Structures that calls give, and calls that are given structures."""

    def __init__(self, functions: Functions, variables: Variables, note: Note) -> None:
        super().__init__(functions, variables, note)
        #: What is computed before the statement that is being converted, in its order.
        self.products: list[tuple[Element, Expression]] = []
        self._made = 0

    @abstractmethod
    def _argument_of(self, node: Node) -> Node | Expression:
        """An argument that is a number, as it is looked at where it is used."""

    @abstractmethod
    def _rounded(self, value: Expression) -> Expression:
        """A value that is kept for itself."""

    @abstractmethod
    def _check_always(self) -> None:
        """Raise NotAffine where what is converted may not be computed at all."""

    # --- what is called ------------------------------------------------------------------------

    def called(self, node: Node) -> tuple[Node, list[Node], Node | None]:
        """The definition that a call is of, its arguments, and the object of a method."""
        callee, *arguments = node["inner"]
        this: Node | None = None
        if node["kind"] == "CXXMemberCallExpr":
            this = callee["inner"][0]
            if callee.get("isArrow"):
                raise NotAffine(f"the method {callee.get('name')} is called through a pointer")
            return self._method(callee["name"], this, arguments, None), arguments, this
        declared = unwrapped(callee).get("referencedDecl", {})
        if declared.get("kind") == "CXXMethodDecl":
            this, *arguments = arguments
            found = self._method(declared["name"], this, arguments, type_of(declared["type"]))
            return found, arguments, this
        return self._function(declared), arguments, None

    def _method(self, name: str, this: Node, arguments: Sequence[Node], wanted: str | None) -> Node:
        of = bare(this["type"]).partition("<")[0].rpartition("::")[2]
        if not is_structure(this["type"]) or self.functions.may_be_overridden(of):
            raise NotAffine(f"the call of {name} may be of another class's")
        found = [
            method
            for method in self.functions.methods(of, name)
            if len(_parameters(method)) == len(arguments)
            and (wanted is None or type_of(method["type"]) == wanted)
        ]
        if len(found) != 1:
            raise NotAffine(f"the call of {name} cannot be written out")
        return found[0]

    def _function(self, declared: Node) -> Node:
        name: str = declared.get("name", "")
        found = self.functions.get(name) if name else None
        if found is None and self.functions.unit.cxx and name:
            alike = [
                node
                for node in self.functions.members(name)
                if node["kind"] == "FunctionDecl"
                and node.get("name") == name
                and type_of(node["type"]) == type_of(declared["type"])
            ]
            defined = [node for node in alike if body_of(node) is not None]
            made = self._instances(name, type_of(declared["type"]))
            alike = [*(defined or alike), *made]  # one may be meant that is defined elsewhere
            found = alike[0] if len(alike) == 1 and body_of(alike[0]) is not None else None
        if found is None or found["kind"] != "FunctionDecl":  # a method is another's
            raise NotAffine(f"the call of {name} cannot be written out")
        if type_of(found["type"]) != type_of(declared["type"]):
            raise NotAffine(f"the call of {name} may be of another function of that name")
        return found

    def _instances(self, name: str, wanted: str) -> Iterator[Node]:
        """The instances of templates of this name that are functions of that type."""
        for template in self.functions.members(name):
            if template["kind"] == "FunctionTemplateDecl" and template.get("name") == name:
                made = (n for n in template["inner"] if "mangledName" in n)
                yield from (as_given(n) for n in made if type_of(n["type"]) == wanted)

    @contextlib.contextmanager
    def bound(
        self, definition: Node, arguments: Sequence[Node], this: Node | None = None
    ) -> Iterator[Frame]:
        """Within the block the definition's parameters are these arguments."""
        name, parameters = definition.get("name", ""), _parameters(definition)
        if len(self._frames) >= DEEPEST:
            raise NotAffine(f"{name} is called in functions that are written out")
        if len(parameters) != len(arguments):
            raise NotAffine(f"the call of {name} cannot be written out")
        frame: Frame = {}
        objects = {_THIS: self._structure(unwrapped(value_of(this)))} if this is not None else {}
        for parameter, argument in zip(parameters, arguments, strict=True):
            if argument.get("kind") == "CXXDefaultArgExpr":
                argument = next(iter(argument.get("inner", ())), argument)
            if is_structure({"qualType": type_of(parameter["type"]).removesuffix("&").strip()}):
                objects[parameter["id"]] = self._structure(unwrapped(value_of(argument)))
            else:
                given = argument if is_address(argument) else self._argument_of(argument)
                frame[parameter["id"]] = given
        before = self._objects
        self._objects = before | objects
        self._frames.append(frame)
        try:
            yield frame
        finally:
            self._frames.pop()
            self._objects = before

    # --- structures that are made --------------------------------------------------------------

    def _structure(self, node: Node) -> Way:
        while node.get("kind") in TEMPORARY:
            node = node["inner"][0]
        kind = node.get("kind")
        of_this = kind == "UnaryOperator" and node["opcode"] == "*"
        pointer = unwrapped(node["inner"][0]) if of_this else node
        if pointer.get("kind") == "CXXThisExpr" and self._frames and _THIS in self._objects:
            return self._objects[_THIS]
        known = self._objects.get(node.get("referencedDecl", {}).get("id", ""))
        if known is not None and kind == "DeclRefExpr":
            return known
        of_container = kind == "CXXOperatorCallExpr" and container(unwrapped(node["inner"][1]))
        made = kind in _MADE or (kind in _CALLS and not of_container)
        if made and is_structure(node["type"]) and node.get("valueCategory") != "lvalue":
            return self._made_of(node)
        return super()._structure(node)

    def _made_of(self, node: Node) -> Way:
        """A structure of the region's own that holds what an expression gives."""
        self._check_always()
        self._check_plain(node["type"])
        self._made += 1
        identity, name = f"made {self._made}", f"made{self._made}"
        self._own[identity] = name
        declared = {"id": identity, "name": name, "kind": "VarDecl"}
        target = Way({"kind": "DeclRefExpr", "referencedDecl": declared, "type": node["type"]})
        if node["kind"] not in _CALLS:
            self.products += self._given(target, node["type"], node)
            return target
        definition, arguments, this = self.called(node)
        with self.bound(definition, arguments, this) as frame:
            self._returned_structure(definition, frame, target, node["type"])
        return target

    def _returned_structure(
        self, definition: Node, frame: Frame, target: Way, type_: dict[str, str]
    ) -> None:
        """Compute what a function returns into `target`."""
        body = body_of(definition) or {}
        statements = [n for n in body.get("inner", ()) if n.get("kind") != "NullStmt"]
        if not statements or statements[-1].get("kind") != "ReturnStmt":
            raise NotAffine(f"the call of {definition['name']} cannot be written out")
        *before, last = statements
        own: set[str] = set()
        for statement in before:
            if statement.get("kind") == "DeclStmt":
                for variable in statement["inner"]:
                    self._declared_in(variable, frame, target, own)
            elif (pairs := self.copied(statement)) is not None:
                self._compute(pairs, target)
            elif statement.get("kind") == "BinaryOperator" and statement["opcode"] == "=":
                to, value = statement["inner"]
                self._compute([(self._target(to), self.expression(value))], target)
            else:
                raise NotAffine(f"the call of {definition['name']} cannot be written out")
        value = value_of(last["inner"][0]) if last.get("inner") else {}
        while value.get("kind") == "CXXConstructExpr" and len(value.get("inner", ())) == 1:
            value = unwrapped(value["inner"][0])
        if unwrapped(value).get("referencedDecl", {}).get("id") not in own:
            self._compute(self._given(target, type_, value), target)

    def _declared_in(self, variable: Node, frame: Frame, target: Way, own: set[str]) -> None:
        """A variable of a function that is written out; a structure is what it will return."""
        if variable.get("kind") != "VarDecl" or variable.get("storageClass"):
            raise NotAffine("a function that is called keeps something")
        values = [n for n in variable.get("inner", ()) if n.get("kind")]
        if not is_structure(variable["type"]):
            element_type(variable["type"])
            frame[variable["id"]] = self._rounded(self.expression(values[0])) if values else None
            return
        if own:
            raise NotAffine("a function that is called has several structures")
        own.add(variable["id"])
        self._objects = self._objects | {variable["id"]: target}
        if values and not (
            values[0].get("kind") == "CXXConstructExpr" and not values[0].get("inner")
        ):
            self._compute(self._given(target, variable["type"], values[0]), target)

    def _compute(self, pairs: Copied, target: Way) -> None:
        """Have these computed next: members of the structure that is made, and of no other."""
        name = self._own[target.start["referencedDecl"]["id"]]
        for element, value in pairs:
            if element.indices or not element.array.startswith(f"{name}_"):
                raise NotAffine("a function that is called writes something")
            self.products.append((element, value))

    def _target(self, node: Node) -> Element:
        found = self.expression(node)
        if not isinstance(found, Element):
            raise NotAffine("the target of an assignment is not modelled")
        return found

    # --- constructors, and operators that change their object ----------------------------------

    def _constructed(self, target: Way, type_: dict[str, str], value: Node) -> Copied | None:
        while value.get("kind") in TEMPORARY:
            value = value["inner"][0]
        arguments = [n for n in value.get("inner", ()) if n]
        if value.get("kind") not in ("CXXConstructExpr", "CXXTemporaryObjectExpr"):
            return None
        if len(arguments) == 1 and bare(arguments[0]["type"]) == bare(type_):
            return None
        of = bare(type_).partition("<")[0].rpartition("::")[2]
        wanted = type_of(value.get("ctorType", {}))
        found = [
            node
            for node in self.functions.members(f"{of}::")
            if node["kind"] == "CXXConstructorDecl" and type_of(node["type"]) == wanted
        ]
        body = body_of(found[0]) if len(found) == 1 else None
        if body is None or body.get("inner"):
            raise NotAffine(f"a constructor of {of} does more than set members")
        with self.bound(found[0], arguments):
            initialised = {
                node["anyInit"]["name"]: node["inner"][0]
                for node in found[0]["inner"]
                if node.get("kind") == "CXXCtorInitializer" and "anyInit" in node
            }
            pairs: Copied = []
            for field in self._fields(type_):
                if field["name"] not in initialised:
                    raise NotAffine(f"a constructor of {of} leaves {field['name']} alone")
                pairs += self._member_given(
                    target.to(field["name"]), field["type"], initialised[field["name"]]
                )
        return pairs

    def changed(self, node: Node) -> Copied | None:
        """What `a += b` of structures does to the members of `a`; None for anything else."""
        while node.get("kind") in TEMPORARY:
            node = node["inner"][0]
        if node.get("kind") != "CXXOperatorCallExpr" or len(node["inner"]) != 3:
            return None
        name = unwrapped(node["inner"][0]).get("referencedDecl", {}).get("name", "")
        if name not in ("operator+=", "operator-=", "operator*=", "operator/="):
            return None
        definition, arguments, this = self.called(node)
        if this is None:
            raise NotAffine(f"{name} is no method")
        pairs: Copied = []
        with self.bound(definition, arguments, this):
            before = len(self.products)
            for statement in (body_of(definition) or {}).get("inner", ()):
                if statement.get("kind") == "ReturnStmt":
                    break
                pairs.append(self._change(statement))
            written = {element.array for element, _ in pairs}
            if any(
                isinstance(n, Element) and n.array in written
                for _, value in self.products[before:]
                for n in value.walk()
            ):
                raise NotAffine(f"{name} uses what it has just changed")
        return pairs

    def _change(self, statement: Node) -> tuple[Element, Expression]:
        kind = statement.get("kind")
        if kind not in ("BinaryOperator", "CompoundAssignOperator"):
            raise NotAffine(f"a {kind} is not modelled in an operator")
        to, value = statement["inner"]
        element, given = self._target(to), self.expression(value)
        if kind == "BinaryOperator" and statement["opcode"] == "=":
            return element, given
        if kind == "BinaryOperator" or element_type(statement["computeResultType"]) != element.type:
            raise NotAffine("an operator computes in another type than it stores")
        operator = statement["opcode"].removesuffix("=")
        return element, Operation(element.type, operator, (element, given))


def _parameters(definition: Node) -> list[Node]:
    return [n for n in definition["inner"] if n.get("kind") == "ParmVarDecl"]
