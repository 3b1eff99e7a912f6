"""Legality against brute force: every instance at small sizes, every pair that conflicts."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import islpy as isl
import pytest

from corr.polyhedral import dependences, generate, rewrite, schedules
from corr.polyhedral.expressions import Affine
from corr.polyhedral.schedules import Band, Leaf, Sequence, Tree
from corr.polyhedral.scop import Scop, Statement
from corr.polyhedral.updates import kind_of
from tests.fuzz_polyhedral import Writer
from tests.support.polyhedral_programs import read, region
from tests.support.polyhedral_schedules import bases, varied, with_leaf

pytestmark = pytest.mark.slow

SIZES = {"n": 4, "m": 3}
Instance = tuple[str, tuple[int, ...]]


def value(form: Affine, names: dict[str, int]) -> int:
    return sum(factor * (names[name] if name else 1) for name, factor in form.items())


def instances(scop: Scop) -> list[Instance]:
    """All instances in the order of the text, by walking the loops as C does."""
    found = []
    for s in scop.statements:
        for point in itertools.product(range(-1, 2 * SIZES["n"] + 2), repeat=len(s.loops)):
            names = dict(zip(s.loops, point, strict=True)) | SIZES
            forms = [(value(c.form, names), c.equal) for c in s.constraints]
            if all(v == 0 if equal else v >= 0 for v, equal in forms):
                found.append((s.name, point))
    return sorted(found, key=lambda i: place(scop.statement(i[0]), i[1]))


def place(s: Statement, point: tuple[int, ...]) -> tuple[int, ...]:
    time: list[int] = []
    for depth, at in enumerate(s.position):
        time.append(at)
        if depth < len(point):
            time.append(point[depth] * s.directions[depth])
    return tuple(time)


def touched(scop: Scop, instance: Instance) -> set[tuple[str, tuple[int, ...], str]]:
    """The elements, and what is done to each: what updates an element does not read it besides."""
    s = scop.statement(instance[0])
    names = dict(zip(s.loops, instance[1], strict=True)) | SIZES
    *reads, own = s.accesses
    kind = kind_of(s)
    reads = [a for a in reads if not kind or (a.array, a.index) != (own.array, own.index)]
    every = [*((a, "read") for a in reads), (own, kind or "write")]
    return {(a.array, tuple(value(form, names) for form in a.index), how) for a, how in every}


def conflicts(scop: Scop) -> set[tuple[Instance, Instance]]:
    """(earlier, later) wherever both touch an element that one of them writes.

    But for two that both let it be the larger of what it was and something.
    """
    found = set()
    everything = [(i, touched(scop, i)) for i in instances(scop)]
    for (one, ours), (other, theirs) in itertools.combinations(everything, 2):
        for (*at, how), (*there, what) in itertools.product(ours, theirs):
            if at == there and (how != what or how == "write"):
                found.add((one, other))
    return found


def time(scop: Scop, tree: Tree, instance: Instance) -> tuple[int, ...]:
    """When a tree runs an instance: tiles, then rows, then the place among siblings."""
    if isinstance(tree, Leaf):
        return (tree.statements.index(instance[0]),)
    if isinstance(tree, Sequence):
        for at, child in enumerate(tree.children):
            if instance[0] in schedules.statements(child):
                return (at, *time(scop, child, instance))
        raise AssertionError(instance)
    s = scop.statement(instance[0])
    names = dict(zip(s.loops, instance[1], strict=True)) | SIZES
    rows = [value(row[s.name], names) for row in tree.rows]
    tiles = [v // size for v, size in zip(rows, tree.tile_sizes, strict=True) if size > 1]
    return (*tiles, *([] if tree.strip else rows), *time(scop, tree.child, instance))


def keeps(scop: Scop, tree: Tree, pairs: set[tuple[Instance, Instance]]) -> bool:
    return all(time(scop, tree, a) < time(scop, tree, b) for a, b in pairs)


def programs() -> Iterator[str]:
    for seed in range(10):
        yield Writer(random.Random(seed + 77)).function("f")


def as_pairs(relation: object) -> set[tuple[Instance, Instance]]:
    """The pairs of a relation of isl's at our sizes."""
    assert isinstance(relation, isl.UnionMap)
    fixed = " and ".join(f"p_{name} = {number}" for name, number in SIZES.items())
    relation = relation.intersect_params(isl.Set(f"[p_n, p_m] -> {{ : {fixed} }}"))
    found = set()

    def keep(point: isl.Point) -> None:
        whole = isl.Map.from_union_map(isl.UnionSet.from_point(point).unwrap())
        first, second = (
            (
                whole.get_tuple_name(kind),
                tuple(
                    whole.wrap().sample_point().get_coordinate_val(isl.dim_type.set, at).to_python()
                    for at in range(start, start + whole.dim(kind))
                ),
            )
            for kind, start in (
                (isl.dim_type.in_, 0),
                (isl.dim_type.out, whole.dim(isl.dim_type.in_)),
            )
        )
        found.add((first, second))

    relation.wrap().foreach_point(keep)
    return found


@pytest.mark.parametrize("text", list(programs()), ids=range(10))
def test_dependences_are_the_conflicts(text: str, tmp_path: Path) -> None:
    found, reasons = read(tmp_path, text)
    assert found, reasons
    for scop in found:
        assert as_pairs(dependences.of(scop).every) == conflicts(scop)


@pytest.mark.parametrize("text", list(programs()), ids=range(10))
def test_no_legal_order_turns_a_conflict_round(text: str, tmp_path: Path) -> None:
    found, _ = read(tmp_path, text)
    rng = random.Random(1)
    for scop in found:
        for part, base in bases(scop):
            pairs = conflicts(part)
            for tree in [base, *(varied(part, base, rng) for _ in range(6))]:
                if generate.legal(part, tree):
                    assert keeps(part, tree, pairs), tree


PRODUCT = """void f(int n, double a[n][n], double b[n][n], double c[n][n]) {
    for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) for (int k = 0; k < n; k++)
        c[i][j] += a[i][k] * b[k][j]; }"""
SWEEP = """void f(int n, double a[n][n]) {
    for (int i = 1; i < n - 1; i++) for (int j = 1; j < n - 1; j++)
        a[i][j] = a[i - 1][j + 1] + a[i][j - 1]; }"""
SHIFT = "void f(int n, double *a, double *b) { for (int i = 1; i < n; i++) { b[i] = a[i - 1]; a[i] = i; } }"


def band_of(scop: Scop) -> tuple[tuple[int, ...], Band, Tree]:
    tree = schedules.original(scop)
    path, band = next(schedules.bands(tree))
    return path, band, tree


def with_settings(scop: Scop, **settings: object) -> Tree:
    path, band, tree = band_of(scop)
    return with_leaf(tree, path, band, **settings)


def test_a_sum_may_be_exchanged_but_not_be_a_vector_along_the_sum(tmp_path: Path) -> None:
    scop = region(tmp_path, PRODUCT)
    path, band, tree = band_of(scop)
    assert len(band.rows) == 3
    for order in itertools.permutations(range(3)):
        assert generate.legal(
            scop, schedules.with_band(tree, path, schedules.permuted(band, order))
        )
    assert generate.legal(scop, with_settings(scop, blocks=(2, 4, 1), vector=1))
    assert not generate.legal(scop, with_settings(scop, blocks=(1, 1, 4), vector=2))


def test_a_dependence_against_an_inner_row_forbids_blocks_and_exchange(tmp_path: Path) -> None:
    scop = region(tmp_path, SWEEP)
    tree = schedules.original(scop)
    bands = [band for _, band in schedules.bands(tree)]
    joined = Band(tuple(row for band in bands for row in band.rows), True, bands[-1].child)
    assert generate.legal(scop, joined)
    assert not generate.legal(scop, schedules.permuted(joined, (1, 0)))
    assert not generate.legal(scop, replace(joined, blocks=(2, 1)))
    assert not generate.legal(scop, replace(joined, tiles=(2, 2)))
    assert generate.legal(scop, replace(joined, blocks=(1, 4)))  # unrolled, in the same order
    assert not generate.legal(scop, replace(joined, blocks=(1, 4), vector=1))


def test_lanes_may_depend_on_a_statement_before_but_not_after(tmp_path: Path) -> None:
    scop = region(tmp_path, SHIFT)
    path, band, tree = band_of(scop)
    assert not rewrite.parallel(scop, tree, band, 0)  # b[i] wants the a[i - 1] of a lane before
    turned = with_leaf(tree, path, band, child=Leaf(tuple(reversed(band.child.statements))))  # type: ignore[union-attr]
    assert generate.legal(scop, turned)
    path, band = next(schedules.bands(turned))
    assert rewrite.parallel(scop, turned, band, 0)


@pytest.mark.parametrize(
    "settings",
    [
        {"blocks": (2,)},
        {"blocks": (1, 1, 0)},
        {"tiles": (0, 1, 1)},
        {"blocks": (1, 6, 1), "vector": 1},
        {"blocks": (1, 8, 1), "vector": 1, "unroll": 3},
        {"blocks": (1, 8, 1), "vector": 3},
        {"blocks": (1 << 20, 1, 1)},
    ],
    ids=str,
)
def test_settings_that_do_not_fit_are_illegal(settings: dict[str, object], tmp_path: Path) -> None:
    assert not generate.legal(
        region(tmp_path, PRODUCT), with_settings(region(tmp_path, PRODUCT), **settings)
    )


def test_a_tree_without_all_statements_is_illegal(tmp_path: Path) -> None:
    scop = region(tmp_path, SHIFT)
    assert not generate.legal(scop, Leaf(("S0",)))
