"""Searches that only compute, as vectors: a lane of a vector each, and a mask of those that go on.

    while (i < most && re * re + im * im <= 4.0) { ... i++; }

becomes `going &= (i_of < most) & (re_of * re_of + im_of * im_of <= 4.0)` and so on, until no lane
goes on. What a lane computes after its search is over is not taken. All values of a search are put
in lanes of one width: whole numbers as `long` beside doubles, as `int` beside floats.
"""

from __future__ import annotations

from corr.irregular.edits import Edits
from corr.irregular.effects import Unsuitable
from corr.irregular.lane_text import indented
from corr.irregular.lanes import Lanes
from corr.irregular.side_by_side import SideBySide
from corr.irregular.syntax import COMPARISONS, STEPS, bare, is_comparison, leaves
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import type_of

_NARROW = {"float": "float", "int": "int", "unsigned int": "unsigned int", "bool": "int"}
_WIDE = {
    "double": "double",
    "int": "long",
    "long": "long",
    "long long": "long",
    "bool": "long",
    "unsigned long": "unsigned long",
}
_PLAIN = frozenset({"+", "-", "*", "&", "|", "^"})
#: Functions that vectors have, rounded alike.
_ELEMENTWISE = {"sqrt": "sqrt", "fabs": "abs", "floor": "floor", "ceil": "ceil", "trunc": "trunc"}
_SAME = frozenset({"LValueToRValue", "NoOp", "IntegralCast", "FloatingCast"})


class _VectorLanes(Lanes):
    """Lanes that are elements of vectors. `types`: what each type is in a lane."""

    types: dict[str, str]

    def kind(self, type_: str) -> str:
        """The lanes' type for a type of the program's. Raises Unsuitable."""
        words = " ".join(w for w in type_.split() if w not in ("const", "_Bool"))
        found = self.types.get(words or "bool")
        if found is None:
            raise Unsuitable(f"a {type_} is not of the lanes' width")
        return found

    def vector(self, kind: str) -> str:
        """The name of the vectors of a lanes' type."""
        return {"unsigned long": "ulongs", "unsigned int": "uints"}.get(kind, f"{kind}s")

    def declaration(self, type_: str, name: str) -> str:
        return f"{self.vector(self.kind(type_))} {name}"

    def flag(self, name: str) -> str:
        return f"{self.vector(self.whole)} {name}"

    def answer(self, _type: str) -> str:
        return f"(({_type}){super().answer(_type)})"

    @property
    def whole(self) -> str:
        """The lanes' type of masks."""
        return self.types["int"]


class AsVectors(SideBySide):
    """Writes a lookup whose searches read no memory as vectors of `width` lanes."""

    yes = "-1"
    lanes: _VectorLanes

    def _lanes(self, functions: Functions) -> Lanes:
        found = _VectorLanes(functions, self.lookup, self.width)
        found.types = _types_for(self.lookup.loop)
        for name in ("doubles", "longs", "ulongs", "floats", "ints", "uints"):
            if name in found.names.taken:
                raise Unsuitable(f"{name} is a name of the program's")
        self.waits = found.names.fresh("waiting")
        self.local: dict[str, str] = {}
        return found

    def _declarations(self) -> list[str]:
        kinds = sorted({*self.lanes.types.values()})
        attribute = f"__attribute__((ext_vector_type({self.width})))"
        named = [f"typedef {kind} {self.lanes.vector(kind)} {attribute};" for kind in kinds]
        used = "\n".join([*super()._declarations(), *self._steps_written])
        needed = [line for line in named if f"{line.split()[-2]}" in used]
        return [*needed, *super()._declarations()[:-1]]  # there is no `more`

    def _steps(self, test: Node | None, step: Node | None, body: Node, edits: Edits) -> list[str]:
        self.edits = edits
        going = self.lanes.going
        asked = [] if test is None else [f"{going} &= {self._mask(test)};"]
        until = [f"if (!__builtin_reduce_or({going}))", "    break;"]
        waits = leaves(body, "ContinueStmt")
        lines = [] if not waits else [f"{self.lanes.vector(self.lanes.whole)} {self.waits} = 0;"]
        on = self.lanes.names.fresh("on")
        lines.append(f"{self.lanes.vector(self.lanes.whole)} {on} = {going};")
        lines += self._statement_under(body, on)
        if step is not None:
            lines += self._statement_under(step, going)
        if self.lookup.loop["kind"] == "DoStmt":
            if waits:
                raise Unsuitable("a `continue` in a do loop")
            written = [*lines, *asked, *until]
        else:
            written = [*asked, *until, *lines]
        self._steps_written = written
        return written

    def _rounds(self, steps: list[str]) -> list[str]:
        return ["for (;;) {", *indented(steps, 4), "}"]

    # --- statements ------------------------------------------------------------------------

    def _statement_under(self, node: Node, on: str) -> list[str]:
        """A statement for the lanes of a mask."""
        kind, inner = node.get("kind"), node.get("inner", ())
        going = self.lanes.going
        if kind in (None, "NullStmt"):
            return []
        if kind == "CompoundStmt":
            lines = [line for part in inner for line in self._statement_under(part, on)]
            declares = any(part.get("kind") == "DeclStmt" for part in inner)
            return ["{", *indented(lines, 4), "}"] if declares else lines
        if kind == "DeclStmt":
            return [self._local(part) for part in inner]
        if kind == "IfStmt":
            return self._if(node, on)
        if kind == "BreakStmt":
            return [f"{going} &= ~{on};"]
        if kind == "ContinueStmt":
            return [f"{self.waits} |= {on};"]
        if kind == "ReturnStmt":
            answer = self.lanes.result
            value = self._value(inner[0])
            ends = [f"{name} &= ~{on};" for name in (going, self.lanes.open)]
            return [f"{answer} = {on} ? {value} : {answer};", *ends]
        node = bare(node)
        kind, inner = node["kind"], node["inner"]
        if kind == "UnaryOperator" and node["opcode"] in STEPS:
            sign = STEPS[node["opcode"]]
            name = self._variable(inner[0])
            return [f"{name} = {on} ? {name} {sign} 1 : {name};"]
        if kind == "BinaryOperator" and node["opcode"] == ",":
            return [line for part in inner for line in self._statement_under(part, on)]
        if kind not in ("BinaryOperator", "CompoundAssignOperator"):
            raise Unsuitable(f"a {kind} is not for vectors")
        if not node["opcode"].endswith("=") or node["opcode"] in COMPARISONS:
            raise Unsuitable("a statement has no effect")
        name, value = self._variable(inner[0]), self._value(inner[1])
        operator = node["opcode"][:-1]
        if operator:
            same = type_of(inner[0]["type"]), type_of(node["computeResultType"])
            if same[0] != same[1]:
                raise Unsuitable("a sum is of another type than what it is put in")
            value = self._computed(operator, name, value, inner[1], same[1])
        return [f"{name} = {on} ? {value} : {name};"]

    def _if(self, node: Node, on: str) -> list[str]:
        condition, *parts = node["inner"]
        vector = self.lanes.vector(self.lanes.whole)
        then = self.lanes.names.fresh("then")
        lines = [f"const {vector} {then} = {on} & {self._mask(condition)};"]
        other = ""
        if len(parts) > 1:
            other = self.lanes.names.fresh("other")
            lines.append(f"const {vector} {other} = {on} & ~{then};")
        for part, mask in zip(parts, (then, other), strict=False):
            lines += self._own(part, mask)
        if any(n.get("kind") in ("BreakStmt", "ContinueStmt", "ReturnStmt") for n in walk(node)):
            waits = f" & ~{self.waits}" if leaves(node, "ContinueStmt") else ""
            lines.append(f"{on} &= {self.lanes.going}{waits};")
        return lines

    def _own(self, part: Node, mask: str) -> list[str]:
        """A branch: what leaves it may shorten its mask, which is its own."""
        lines = self._statement_under(part, mask)
        if any(f"{mask} &=" in line for line in lines):
            vector = self.lanes.vector(self.lanes.whole)
            own = self.lanes.names.fresh("on")
            return [f"{vector} {own} = {mask};", *self._statement_under(part, own)]
        return lines

    def _local(self, node: Node) -> str:
        given = [n for n in node.get("inner", ()) if n.get("kind")]
        if node.get("kind") != "VarDecl" or node.get("init", "c") != "c" or not given:
            raise Unsuitable("it declares what is no plain number")
        name = self.lanes.names.fresh(f"{node['name']}_in")
        self.local[node["id"]] = name
        return f"{self.lanes.declaration(type_of(node['type']), name)} = {self._value(given[0])};"

    def _variable(self, node: Node) -> str:
        node = bare(node)
        identity = node.get("referencedDecl", {}).get("id", "")
        found = self.local.get(identity) or self.lanes.arrays.get(identity)
        if found is None:
            raise Unsuitable("it sets what is no variable of a search")
        return found

    # --- values ----------------------------------------------------------------------------

    def _uniform(self, node: Node) -> bool:
        """It is the same for all lanes: nothing of a search, nor the outer loop's variable."""
        own = {*self.lanes.arrays, *self.local, self.lookup.head.identity}
        same = self.lookup.call.same if self.lookup.call is not None else {}
        ids = {n["referencedDecl"]["id"] for n in walk(node) if n.get("kind") == "DeclRefExpr"}
        return not (ids - set(same)) & own

    def _value(self, node: Node) -> str:
        """The value of an expression, as a vector."""
        type_ = type_of(node["type"])
        kind = self.lanes.kind(type_)
        if self._uniform(node):
            return f"({self.lanes.vector(kind)})({self.edits.of(node)})"
        node = bare(node)
        name, inner = node["kind"], node.get("inner", ())
        if name == "DeclRefExpr":
            return self._variable(node)
        if name == "ImplicitCastExpr" or name in ("CStyleCastExpr", "CXXStaticCastExpr"):
            return self._cast(node, kind)
        if name == "UnaryOperator" and node["opcode"] in ("-", "+", "~"):
            return f"({node['opcode']}{self._value(inner[0])})"
        if name == "ConditionalOperator":
            test, one, other = inner
            return f"({self._mask(test)} ? {self._value(one)} : {self._value(other)})"
        if name == "CallExpr":
            return self._call(node)
        if is_comparison(node):
            return f"(-{self._mask(node)})"
        if name == "BinaryOperator":
            left, right = inner
            given = self._value(left), self._value(right)
            return self._computed(node["opcode"], *given, right, type_)
        raise Unsuitable(f"a {name} is not for vectors")

    def _computed(self, operator: str, left: str, right: str, divisor: Node, type_: str) -> str:
        floating = type_ in ("double", "float")
        if operator in _PLAIN or (operator == "/" and floating):
            return f"({left} {operator} {right})"
        number = bare(divisor)
        while number.get("kind") == "ImplicitCastExpr":
            number = bare(number["inner"][0])
        known = int(number["value"]) if number.get("kind") == "IntegerLiteral" else 0
        shifts = operator == ">>" or (operator == "<<" and type_ != "int")  # that one cuts
        if (operator in ("/", "%") and known > 0) or (shifts and 0 < known < 31):
            return f"({left} {operator} {right})"
        raise Unsuitable(f"{operator} may trap in a lane that is over")

    def _cast(self, node: Node, kind: str) -> str:
        inner = node["inner"][0]
        how = node.get("castKind")
        if how in ("IntegralToBoolean", "FloatingToBoolean"):
            return f"(-{self._mask(inner)})"
        value = self._value(inner)
        whole = type_of(node["type"]), type_of(inner["type"])
        cut = how == "IntegralCast" and whole[0] == "int" and whole[1] not in ("bool", "_Bool")
        if cut and self.lanes.whole == "long" and self.lanes.kind(whole[1]) == "long":
            return f"(({value} << 32) >> 32)"
        if cut and self.lanes.whole == "long":
            raise Unsuitable("a number is cut")
        from_kind = self.lanes.kind(type_of(inner["type"]))
        if from_kind == kind and how in _SAME:
            return value
        if how in ("IntegralToFloating", "FloatingToIntegral", "IntegralCast"):
            return f"__builtin_convertvector({value}, {self.lanes.vector(kind)})"
        raise Unsuitable(f"a {how} is not for vectors")

    def _call(self, node: Node) -> str:
        callee, *arguments = node["inner"]
        while callee.get("kind") == "ImplicitCastExpr":
            callee = callee["inner"][0]
        name = callee.get("referencedDecl", {}).get("name", "")
        found = _ELEMENTWISE.get(name.removesuffix("f") if name != "f" else name)
        if found is None or len(arguments) != 1:
            raise Unsuitable(f"{name} is not for vectors")
        return f"__builtin_elementwise_{found}({self._value(arguments[0])})"

    def _mask(self, node: Node) -> str:
        """A condition, as a mask of lanes."""
        node = bare(node)
        while node.get("kind") == "ImplicitCastExpr" and is_comparison(bare(node["inner"][0])):
            node = bare(node["inner"][0])
        operator, inner = node.get("opcode"), node.get("inner", ())
        whole = self.lanes.vector(self.lanes.whole)
        if self._uniform(node):
            return f"({whole})(({self.edits.of(node)}) ? -1 : 0)"
        if operator in ("&&", "||"):
            return f"({self._mask(inner[0])} {operator[0]} {self._mask(inner[1])})"
        if operator == "!":
            return f"~{self._mask(inner[0])}"
        if node.get("kind") == "BinaryOperator" and operator in COMPARISONS:
            return f"({self._value(inner[0])} {operator} {self._value(inner[1])})"
        if node.get("castKind") in ("IntegralToBoolean", "FloatingToBoolean"):
            node = node["inner"][0]
        return f"({self._value(node)} != 0)"


def _types_for(loop: Node) -> dict[str, str]:
    """What each type is in a lane. Raises Unsuitable for a search that reads memory."""
    types = set()
    for node in walk(loop):
        if node.get("kind") in ("ArraySubscriptExpr", "MemberExpr", "CXXOperatorCallExpr"):
            raise Unsuitable("it reads memory")
        if node.get("kind") == "UnaryOperator" and node.get("opcode") == "*":
            raise Unsuitable("it reads memory")
        if node.get("kind") in ("DeclRefExpr", "BinaryOperator", "ImplicitCastExpr"):
            types.add(type_of(node.get("type", {})).removeprefix("const "))
    wide = types & {"double", "long", "long long", "unsigned long"}
    return _WIDE if wide else _NARROW
