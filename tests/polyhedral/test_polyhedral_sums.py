"""Sums of several loops, as filters have them, run beside one another; each in its own order."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from corr.optimize.rules.bases import bases
from corr.optimize.rules.leaf_settings import choices
from corr.polyhedral import generate, rewrite, schedules
from corr.polyhedral.legality import legal, still_rows
from corr.polyhedral.schedules import Band, Leaf
from corr.polyhedral.scop import Scop
from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import outputs, read, region, variants

pytestmark = pytest.mark.slow

#: A filter of a row of an image; its sums as they are written, in numbers of several types.
FORMS = {
    "floating point": (
        "void f(const double *in, double *out, int w, int y, int r, int begin, int end) {"
        " for (int x = begin; x < end; x++) { double s = 0;"
        "  for (int d = -r; d <= r; d++) for (int e = -r; e <= r; e++) s += in[(y + d) * w + x + e];"
        "  out[y * w + x] = s; } }",
        "double a[400], b[400]; fill(a, 400); fill(b, 400);"
        " f(a, b, 20, 3, 2, 2, 18); f(a, b, 20, 4, 3, 3, 4); f(a, b, 20, 9, 0, 0, 20);"
        " f(a, b, 20, 9, -1, 0, 20); f(a, a, 20, 9, 1, 1, 19); show(a, 400); show(b, 400);",
    ),
    "bytes": (
        "void f(const unsigned char *in, unsigned char *out, int w, int y, int r, int b, int e) {"
        " for (int x = b; x < e; x++) { int s = 0, c = 0;"
        "  for (int d = -r; d <= r; d++) for (int k = -r; k <= r; k++)"
        "   { s += in[(y + d) * w + x + k]; c++; }"
        "  out[y * w + x] = s / (c + 1); } }",
        "unsigned char a[900], b[900]; double d[900]; fill(d, 900);"
        " for (int i = 0; i < 900; i++) { a[i] = (int)(d[i] * 999); b[i] = i; }"
        " f(a, b, 30, 3, 2, 2, 28); f(a, b, 30, 7, 1, 5, 6); f(a, b, 30, 9, 0, 0, 30);"
        " f(a, a, 30, 9, 1, 1, 29); for (int i = 0; i < 900; i++) d[i] = a[i] + 256 * b[i];"
        " show(d, 900);",
    ),
    "a layer": (
        "void f(const double *in, const double *w, double *out, int C, int H, int W, int K, int R) {"
        " for (int k = 0; k < K; k++) for (int y = 0; y < H - R + 1; y++)"
        "  for (int x = 0; x < W - R + 1; x++) { double s = 0;"
        "   for (int c = 0; c < C; c++) for (int i = 0; i < R; i++) for (int j = 0; j < R; j++)"
        "    s += in[(c * H + y + i) * W + x + j] * w[((k * C + c) * R + i) * R + j];"
        "   out[(k * (H - R + 1) + y) * (W - R + 1) + x] = s; } }",
        "double a[600], w[100], o[600]; fill(a, 600); fill(w, 100); fill(o, 600);"
        " f(a, w, o, 2, 9, 11, 3, 3); show(o, 600); f(a, w, o, 1, 5, 20, 2, 1); show(o, 600);"
        " f(a, w, o, 2, 2, 2, 2, 3); show(o, 600);",
    ),
    "a sum that goes on": (
        "void f(double *a, int n, int m) { for (int x = 0; x < n; x++)"
        " for (int d = 0; d < m; d++) for (int e = 0; e < m; e++)"
        "  a[x] = a[x] * 0.5 + a[400 + d * m + e]; }",
        "double a[600]; fill(a, 600); f(a, 33, 5); f(a, 7, 0); f(a, 1, 9); show(a, 600);",
    ),
}


def _text(name: str) -> str:
    return f"{SHOW}\n{FORMS[name][0]}\n"


@pytest.mark.parametrize("name", FORMS)
def test_other_orders_compute_the_same(name: str, tmp_path: Path) -> None:
    text, main = _text(name), FORMS[name][1]
    functions = variants(tmp_path, text, 10, seed=len(name))
    assert len(functions) > 4
    original, *others = outputs(tmp_path, text, functions, main, *SANITIZED)
    assert original.strip()
    for number, other in enumerate(others, 1):
        assert other == original, functions[number]


def _beside(folder: Path, name: str) -> tuple[Scop, Band, tuple[int, ...], schedules.Tree]:
    scop = region(folder, _text(name))
    base = next(base for base in bases(scop) if base.name == "side by side")
    path, band = max(rewrite.leaves(base.tree), key=lambda leaf: len(leaf[1].rows))
    return base.scop, band, path, base.tree


@pytest.mark.parametrize("name", ["floating point", "bytes", "a layer"])
def test_the_first_choice_has_a_vector_of_sums(name: str, tmp_path: Path) -> None:
    scop, band, path, tree = _beside(tmp_path, name)
    best = choices(scop, tree, path, band, 64)[0].setting
    assert best.vector is not None and best.order[best.vector] in still_rows(scop, tree, band)
    whole = schedules.with_band(tree, path, best.apply(band))
    assert legal(scop, whole)
    assert "vector_size" in generate.code(scop, whole)


def test_only_what_depends_on_nothing_changes_its_place(tmp_path: Path) -> None:
    """The two loops of the sum keep their order, and neither is cut into blocks."""
    scop, band, path, tree = _beside(tmp_path, "floating point")
    assert still_rows(scop, tree, band) == [0]
    for choice in choices(scop, tree, path, band, 64):
        order = choice.setting.order
        assert order.index(1) < order.index(2)
        assert all(
            size == 1
            for at, size in enumerate(choice.setting.blocks)
            if choice.setting.order[at] != 0
        )
        assert legal(scop, schedules.with_band(tree, path, choice.setting.apply(band)))


def test_other_orders_of_the_sum_are_refused(tmp_path: Path) -> None:
    scop, band, path, tree = _beside(tmp_path, "floating point")
    turned = schedules.permuted(band, (0, 2, 1))
    assert not legal(scop, schedules.with_band(tree, path, turned))
    rng = random.Random(3)
    for _ in range(20):
        blocks = (1, rng.choice((2, 4)), rng.choice((1, 2)))
        cut = Band(band.rows, False, band.child, blocks=blocks)
        assert not legal(scop, schedules.with_band(tree, path, cut))


def test_a_sum_of_what_it_writes_is_not_beside_another(tmp_path: Path) -> None:
    scop = region(tmp_path, _text("a sum that goes on"))
    assert not any(base.name == "side by side" for base in bases(scop))


def test_products_of_loops_are_no_parameters(tmp_path: Path) -> None:
    text = (
        f"{SHOW}\nvoid f(double *a, int n) {{ for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) a[i * j] += 1; }\n"
    )
    found, reasons = read(tmp_path, text)
    assert not [scop for scop in found if len(scop.statements[0].loops) == 2]
    assert any("not affine" in str(reason) for reason in reasons)


def test_a_single_loop_that_waits_for_itself_has_one_order(tmp_path: Path) -> None:
    text = f"{SHOW}\nvoid f(double *a, int n) {{ for (int i = 1; i < n; i++) a[i] += a[i - 1]; }}\n"
    scop = region(tmp_path, text)
    written = schedules.original(scop)
    assert isinstance(written, Band)
    band = Band(written.rows, False, Leaf((scop.statements[0].name,)))
    (only,) = {choice.setting.order for choice in choices(scop, band, (), band, 64)}
    assert only == (0,)
