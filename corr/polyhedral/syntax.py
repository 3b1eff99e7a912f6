"""Loops as isl's code generator gives them, as a tree of ours whose bounds are C."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import islpy as isl

from corr.polyhedral.expressions import Affine, NotAffine, added, linear, scaled
from corr.polyhedral.limits import bounded
from corr.polyhedral.scop import Scop, Statement
from corr.polyhedral.times import Layout, time_map

#: Operations of isl's that the loops of one order may take.
MOST = 100_000_000
_BINARY = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "pdiv_q": "/",
    "pdiv_r": "%",
    "zdiv_r": "%",
    "eq": "==",
    "le": "<=",
    "lt": "<",
    "ge": ">=",
    "gt": ">",
    "and_": "&&",
    "or_": "||",
    "and_then": "&&",
    "or_else": "||",
}


#: Loops over tiles, nested, up to which whole tiles get code of their own.
MOST_SEPARATED = 3


@dataclass
class Loop:
    """`for (var = start; var <relation> end; var += step)`."""

    variable: str
    start: str
    relation: str
    end: str
    step: str
    body: list[Node]


@dataclass
class Branch:
    condition: str
    then: list[Node]
    otherwise: list[Node] = field(default_factory=list)


@dataclass
class Step:
    """One statement carried out; `arguments` are its iterators, linear in the loops' variables.

    What is not linear stands as a name of its own, its text as C.
    """

    statement: Statement
    arguments: dict[str, Affine]


Node = Loop | Branch | Step


def scan(scop: Scop, layout: Layout) -> list[Node]:
    """The loops that run all statements in the order of their times. Raises NotAffine."""
    build = isl.AstBuild.from_context(isl.Set(f"{scop.header}{{ : }}"))
    build = build.set_options(_options(layout))
    build = build.set_iterators(_iterators(layout.depth, scop.mark))
    with bounded("the code of this order", MOST):
        tree = build.node_from_schedule_map(time_map(scop, layout))
        return _nodes(tree, {s.name: s for s in scop.statements})


def _iterators(count: int, mark: str) -> isl.IdList:
    found = isl.IdList.alloc(isl.DEFAULT_CONTEXT, count)
    for at in range(count):
        found = found.add(isl.Id(f"c{at}{mark}", None, isl.DEFAULT_CONTEXT))
    return found


def number_of(variable: str) -> int:
    """The dimension of time that a loop's variable runs in."""
    found = re.match(r"c(\d+)", variable)
    assert found is not None
    return int(found[1])


def inclusive(loop: Loop) -> str:
    """The last value that a loop's variable may take."""
    return loop.end if loop.relation == "<=" else f"({loop.end} - 1)"


def _options(layout: Layout) -> isl.UnionMap:
    """Loops are separated, so that whole tiles, and bodies, are left without a condition.

    With many dimensions the loops over tiles are not: that would be too much code.
    """
    space = ", ".join(f"c{at}" for at in range(layout.depth))
    chosen = []
    kinds_at = [{d[at].kind for d in layout.dimensions.values()} for at in range(layout.depth)]
    apart = sum("tile" in kinds for kinds in kinds_at) <= MOST_SEPARATED
    for at, kinds in enumerate(kinds_at):
        if "tile" in kinds:
            chosen.append(f"{'separate' if apart else 'atomic'}[{at}]")
        elif "loop" in kinds:
            chosen.append(f"separate[{at}]")
    if not chosen:
        return isl.UnionMap("{}")
    return isl.UnionMap("{ " + "; ".join(f"[{space}] -> {option}" for option in chosen) + " }")


def _nodes(node: isl.AstNode, statements: dict[str, Statement]) -> list[Node]:
    kinds: Any = isl.ast_node_type
    kind = node.get_type()
    if kind == kinds.block:
        children = node.block_get_children()
        return [
            n for i in range(children.n_ast_node()) for n in _nodes(children.get_at(i), statements)
        ]
    if kind == kinds.if_:
        then = _nodes(node.if_get_then_node(), statements)
        otherwise = _nodes(node.if_get_else_node(), statements) if node.if_has_else_node() else []
        return [Branch(text(node.if_get_cond()), then, otherwise)]
    if kind == kinds.user:
        return [_step(node.user_get_expr(), statements)]
    if kind == kinds.mark:
        return _nodes(node.mark_get_node(), statements)
    if kind == kinds.for_:
        return _loop(node, statements)
    raise NotAffine(f"isl gave a node of kind {kind}")


def _loop(node: isl.AstNode, statements: dict[str, Statement]) -> list[Node]:
    name = node.for_get_iterator().get_id().get_name()
    body = _nodes(node.for_get_body(), statements)
    start = text(node.for_get_init())
    if node.for_is_degenerate():
        return [substituted(n, name, form(node.for_get_init())) for n in body]
    condition = node.for_get_cond()
    relation = _BINARY.get(_kind(condition), "")
    if relation not in ("<", "<="):
        raise NotAffine("isl gave a loop with another condition")
    end = text(condition.get_op_arg(1))
    return [Loop(name, start, relation, end, text(node.for_get_inc()), body)]


def substituted(node: Node, name: str, value: Affine) -> Node:
    """The node with a variable replaced by a linear form."""

    def change(source: str) -> str:
        return replaced_word(source, name, f"({linear(value)})")

    if isinstance(node, Step):
        arguments = {k: put(v, name, value) for k, v in node.arguments.items()}
        return Step(node.statement, arguments)
    if isinstance(node, Branch):
        return Branch(
            change(node.condition),
            [substituted(n, name, value) for n in node.then],
            [substituted(n, name, value) for n in node.otherwise],
        )
    body = [substituted(n, name, value) for n in node.body]
    return Loop(node.variable, change(node.start), node.relation, change(node.end), node.step, body)


def put(target: Affine, name: str, value: Affine) -> Affine:
    """A linear form with a variable replaced, also inside the names that are whole texts."""
    total: Affine = {"": 0}
    for key, factor in target.items():
        if key == name:
            total = added(total, scaled(value, factor))
        else:
            total = added(total, {replaced_word(key, name, f"({linear(value)})"): factor})
    return total


def replaced_word(source: str, name: str, value: str) -> str:
    return re.sub(rf"\b{name}\b", value, source)


def _step(call: isl.AstExpr, statements: dict[str, Statement]) -> Step:
    statement = statements[call.get_op_arg(0).get_id().get_name()]
    values = [form(call.get_op_arg(i)) for i in range(1, call.get_op_n_arg())]
    return Step(statement, dict(zip(statement.loops, values, strict=True)))


def form(expression: isl.AstExpr) -> Affine:
    """An expression of isl's as a linear form."""
    kinds: Any = isl.ast_expr_type  # islpy declares what get_type gives as int
    if expression.get_type() == kinds.id:
        return {"": 0, text(expression): 1}
    if expression.get_type() == kinds.int:
        return {"": int(expression.get_val().to_python())}
    operator = _kind(expression)
    parts = [expression.get_op_arg(i) for i in range(expression.get_op_n_arg())]
    if operator == "minus":
        return scaled(form(parts[0]), -1)
    if operator in ("add", "sub"):
        return added(form(parts[0]), scaled(form(parts[1]), 1 if operator == "add" else -1))
    if operator == "mul":
        left, right = map(form, parts)
        if set(left) <= {""}:
            return scaled(right, left.get("", 0))
        if set(right) <= {""}:
            return scaled(left, right.get("", 0))
    return {"": 0, text(expression): 1}


def _kind(expression: isl.AstExpr) -> str:
    return str(expression.get_op_type()).rpartition(".")[2]


def text(expression: isl.AstExpr) -> str:
    """An expression of isl's as C without a macro."""
    kinds: Any = isl.ast_expr_type  # islpy declares what get_type gives as int
    kind = expression.get_type()
    if kind == kinds.id:
        return str(expression.get_id().get_name())
    if kind == kinds.int:
        value = int(expression.get_val().to_python())
        return str(value) if value >= 0 else f"({value})"
    operator = _kind(expression)
    operands = [text(expression.get_op_arg(i)) for i in range(expression.get_op_n_arg())]
    if operator in ("min", "max"):
        return extreme(operator, operands)
    if operator == "fdiv_q":
        top, bottom = operands  # the divisor is a positive constant
        if int(bottom).bit_count() == 1:
            return f"((long)({top}) >> {int(bottom).bit_length() - 1})"
        return f"({top} >= 0 ? {top} / {bottom} : -((-({top}) + {bottom} - 1) / {bottom}))"
    if operator == "minus":
        return f"(-{operands[0]})"
    if operator in ("cond", "select"):
        return f"({operands[0]} ? {operands[1]} : {operands[2]})"
    if operator in _BINARY and len(operands) == 2:
        return f"({operands[0]} {_BINARY[operator]} {operands[1]})"
    raise NotAffine(f"isl gave the operator {operator}")


def bare(source: str) -> str:
    """C without the brackets that hold all of it, of which clang would warn in a condition."""
    depth = 0
    for at, letter in enumerate(source):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return source[1:-1] if 0 < at == len(source) - 1 else source
    return source


def extreme(name: str, operands: list[str]) -> str:
    """The least (`min`) or greatest (`max`) of some numbers."""
    result = operands[0]
    for other in operands[1:]:
        result = f"__builtin_elementwise_{name}((long)({result}), (long)({other}))"
    return result
