"""Orders of execution as trees: sequences of bands, a band being loops that nest directly."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import islpy as isl

from corr.polyhedral import dependences
from corr.polyhedral.expressions import Affine, NotAffine, added, linear, scaled
from corr.polyhedral.groups import between_groups, groups, renaming
from corr.polyhedral.limits import bounded
from corr.polyhedral.scop import PARAMETER, Scop, Statement

#: Operations of isl's that its scheduler may take.
MOST = 50_000_000

Row = dict[str, Affine]


@dataclass(frozen=True)
class Leaf:
    """Statements in textual order."""

    statements: tuple[str, ...]


@dataclass(frozen=True)
class Sequence:
    """One after another."""

    children: tuple[Tree, ...]


@dataclass(frozen=True)
class Band:
    """Loops that nest directly: a row gives each statement its coordinate in one of them.

    If `permutable`, every order of the rows is legal, and so is tiling. `tiles` and `blocks` give
    a size for each row (1: none); blocks are the registers' tiles, and `vector` names the row
    whose block is one vector operation. A `strip` has only the loops over tiles: the loops within
    are those of bands below it.
    """

    rows: tuple[Row, ...]
    permutable: bool
    child: Tree
    tiles: tuple[int, ...] = ()
    blocks: tuple[int, ...] = ()
    vector: int | None = None
    unroll: int = 1
    strip: bool = False

    @property
    def tile_sizes(self) -> tuple[int, ...]:
        return self.tiles or (1,) * len(self.rows)

    @property
    def block_sizes(self) -> tuple[int, ...]:
        return self.blocks or (1,) * len(self.rows)


Tree = Leaf | Sequence | Band


def statements(tree: Tree) -> tuple[str, ...]:
    """The names of all statements in a tree."""
    if isinstance(tree, Leaf):
        return tree.statements
    if isinstance(tree, Sequence):
        return tuple(s for child in tree.children for s in statements(child))
    return statements(tree.child)


def bands(tree: Tree, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Band]]:
    """Every band with its path, outer ones first."""
    if isinstance(tree, Sequence):
        for number, child in enumerate(tree.children):
            yield from bands(child, (*path, number))
    elif isinstance(tree, Band):
        yield path, tree
        yield from bands(tree.child, (*path, 0))


def with_band(tree: Tree, path: tuple[int, ...], band: Tree) -> Tree:
    """The tree with another band at a path."""
    if not path:
        return band
    if isinstance(tree, Sequence):
        children = list(tree.children)
        children[path[0]] = with_band(children[path[0]], path[1:], band)
        return Sequence(tuple(children))
    assert isinstance(tree, Band)
    return replace(tree, child=with_band(tree.child, path[1:], band))


# --- where trees come from -----------------------------------------------------------------


def original(scop: Scop) -> Tree:
    """The order as it is written; loops that nest directly and may be exchanged are one band."""
    tree = _nested(list(scop.statements), 0)
    try:
        with bounded("which loops may be exchanged"):
            return merged(scop, tree)
    except NotAffine:
        return tree


def _nested(group: list[Statement], depth: int) -> Tree:
    positions: dict[int, list[Statement]] = {}
    for s in group:
        positions.setdefault(s.position[depth], []).append(s)
    children = [_one(members, depth) for _, members in sorted(positions.items())]
    return children[0] if len(children) == 1 else _flat_sequence(children)


def _one(members: list[Statement], depth: int) -> Tree:
    if len(members[0].loops) == depth:
        return Leaf(tuple(s.name for s in members))
    row = {s.name: {s.loops[depth]: s.directions[depth], "": 0} for s in members}
    return Band((row,), True, _nested(members, depth + 1))


def _flat_sequence(children: list[Tree]) -> Tree:
    if all(isinstance(c, Leaf) for c in children):
        return Leaf(tuple(name for c in children for name in statements(c)))
    return Sequence(tuple(children))


def merged(scop: Scop, tree: Tree) -> Tree:
    """Bands directly inside one another are joined where their rows may be exchanged."""
    depends = dependences.of(scop).every

    def visit(node: Tree, left: isl.UnionMap) -> Tree:
        if isinstance(node, Leaf):
            return node
        if isinstance(node, Sequence):
            parts = []
            for child in node.children:
                inside = _domain_of(scop, statements(child))
                part = left.intersect_domain(inside).intersect_range(inside)
                parts.append(visit(child, part))
            return Sequence(tuple(parts))
        if node.strip:  # its rows run in the bands within
            return replace(node, child=visit(node.child, left))
        rows = list(node.rows)
        child = node.child
        while (
            isinstance(child, Band)
            and not child.strip
            and forward(scop, rows, left)
            and forward(scop, child.rows, left)
        ):
            rows += child.rows
            child = child.child
        for row in rows:
            left = left.intersect(_equal(scop, row))
        return Band(tuple(rows), len(rows) > 1 or node.permutable, visit(child, left))

    return visit(tree, depends)


def forward(scop: Scop, rows: list[Row] | tuple[Row, ...], depends: isl.UnionMap) -> bool:
    """No dependence goes back along any of the rows."""
    for row in rows:
        time = row_map(scop, row)
        back = time.lex_gt_union_map(time)
        if not depends.intersect(back).is_empty():
            return False
    return True


def still(scop: Scop, row: Row, depends: isl.UnionMap) -> bool:
    """No dependence goes along a row, forward or back."""
    return bool(depends.subtract(_equal(scop, row)).is_empty())


def _equal(scop: Scop, row: Row) -> isl.UnionMap:
    time = row_map(scop, row)
    return time.eq_at_union_map(time) if hasattr(time, "eq_at_union_map") else _same(time)


def _same(time: isl.UnionMap) -> isl.UnionMap:
    return time.apply_range(time.reverse())


def row_map(scop: Scop, row: Row) -> isl.UnionMap:
    """instance → its coordinate in one row."""
    total = isl.UnionMap("{}")
    spell = scop.spelling()
    for name, form in row.items():
        s = scop.statement(name)
        text = f"{scop.header}{{ {name}[{', '.join(s.loops)}] -> [{linear(form, spell)}] }}"
        total = total.union(isl.UnionMap(text))
    return total


def _domain_of(scop: Scop, names: tuple[str, ...]) -> isl.UnionSet:
    total = isl.UnionSet("{}")
    for name in names:
        total = total.union(isl.UnionSet.from_set(scop.domain_of(scop.statement(name))))
    return total


def automatic(scop: Scop, *, fuse: bool, inner_first: bool = False) -> Tree:
    """The order that isl's scheduler finds (as Pluto's does: Bondhugula et al., PLDI 2008).

    With `fuse` it keeps statements together where bands stay deep, without it every strongly
    connected component gets loops of its own; statements that share a value which is used in one
    iteration alone are one to it. Raises NotAffine where isl finds none.
    """
    one = groups(scop)
    try:
        return _automatic(scop, one, fuse=fuse, inner_first=inner_first)
    except NotAffine:
        if not one:
            raise
        return _automatic(scop, {}, fuse=fuse, inner_first=inner_first)


def _automatic(scop: Scop, one: dict[str, str], *, fuse: bool, inner_first: bool) -> Tree:
    context = isl.DEFAULT_CONTEXT
    context.set_schedule_serialize_sccs(0 if fuse else 1)
    context.set_schedule_maximize_band_depth(1)
    context.set_schedule_outer_coincidence(1 if inner_first else 0)
    with bounded("a schedule", MOST):
        depends = between_groups(scop, dependences.sparse(scop), one)
        flow = between_groups(scop, dependences.flow(scop), one)
        domain = scop.domain.apply(renaming(scop, one)) if one else scop.domain
        constraints = isl.ScheduleConstraints.on_domain(domain)
        constraints = constraints.set_validity(depends).set_proximity(flow)
        constraints = constraints.set_coincidence(depends)
        found = _from_isl(scop, constraints.compute_schedule().get_root())
        return _taken_apart(scop, found, one)


def _taken_apart(scop: Scop, tree: Tree, one: dict[str, str]) -> Tree:
    """The tree with all statements of a group where the one stands that is for it."""
    if isinstance(tree, Sequence):
        return Sequence(tuple(_taken_apart(scop, child, one) for child in tree.children))
    leader = {s.name: one.get(s.name, s.name) for s in scop.statements}
    if isinstance(tree, Leaf):
        return Leaf(tuple(name for name, of in leader.items() if of in tree.statements))
    rows = tuple({n: row[of] for n, of in leader.items() if of in row} for row in tree.rows)
    return replace(tree, rows=rows, child=_taken_apart(scop, tree.child, one))


def _from_isl(scop: Scop, node: isl.ScheduleNode) -> Tree:
    kind = node.get_type()
    types: Any = isl.schedule_node_type  # islpy declares what get_type gives as int
    if kind in (types.domain, types.filter, types.context, types.guard, types.mark):
        return _from_isl(scop, node.child(0))
    if kind in (types.sequence, types.set):
        children = [_from_isl(scop, node.child(i)) for i in range(node.n_children())]
        return _flat_sequence(children)
    if kind == types.band:
        partial = node.band_get_partial_schedule()
        inside = set(_names_at(node))
        rows = tuple(
            {k: v for k, v in _row(scop, partial.get_union_pw_aff(i)).items() if k in inside}
            for i in range(partial.dim(isl.dim_type.set))
        )
        return Band(rows, bool(node.band_get_permutable()), _from_isl(scop, node.child(0)))
    if kind == types.leaf:
        return Leaf(_in_text_order(scop, _names_at(node)))
    raise NotAffine(f"a schedule node of type {kind}")


def _names_at(node: isl.ScheduleNode) -> list[str]:
    found: list[str] = []
    node.get_domain().foreach_set(lambda s: found.append(s.get_tuple_name()))
    return found


def _in_text_order(scop: Scop, names: list[str]) -> tuple[str, ...]:
    return tuple(s.name for s in scop.statements if s.name in names)


def _row(scop: Scop, forms: isl.UnionPwAff) -> Row:
    row: Row = {}
    found: list[isl.PwAff] = []
    forms.foreach_pw_aff(found.append)
    for piecewise in found:
        name = piecewise.get_tuple_id(isl.dim_type.in_).get_name()
        pieces: list[isl.Aff] = []
        piecewise.foreach_piece(functools.partial(_keep, pieces))
        if len(pieces) != 1:
            raise NotAffine("isl's schedule is piecewise")
        row[name] = _form(scop.statement(name), pieces[0])
    return row


def _keep(pieces: list[isl.Aff], _: isl.Set, aff: isl.Aff) -> None:
    pieces.append(aff)


def _form(s: Statement, aff: isl.Aff) -> Affine:
    form: Affine = {"": _integer(aff.get_constant_val())}
    for k, loop in enumerate(s.loops):
        form[loop] = _integer(aff.get_coefficient_val(isl.dim_type.in_, k))
    for k in range(aff.dim(isl.dim_type.param)):
        value = _integer(aff.get_coefficient_val(isl.dim_type.param, k))
        if value:
            form[str(aff.get_dim_name(isl.dim_type.param, k)).removeprefix(PARAMETER)] = value
    return {k: v for k, v in form.items() if v or k == ""}


def _integer(value: isl.Val) -> int:
    if not value.is_int():
        raise NotAffine("isl's schedule has fractions")
    return int(value.to_python())


def skewed(band: Band, row: int, by: int, factor: int) -> Band:
    """The band with a multiple of one row added to another."""
    rows = list(band.rows)
    rows[row] = {
        name: added(form, scaled(rows[by][name], factor)) for name, form in rows[row].items()
    }
    return replace(band, rows=tuple(rows))


def permuted(band: Band, order: tuple[int, ...]) -> Band:
    """The band with its rows in another order."""
    return replace(band, rows=tuple(band.rows[i] for i in order))
