"""Functions that return products: they are rounded where the original rounds them, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.polyhedral import generate, schedules
from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import outputs, read, region, variants

pytestmark = pytest.mark.slow

HELPERS = """
struct vec { double x, y; };
static double sq(double x) { return x * x; }
static double kept(double x, double y) { double t = x * y; return t + x; }
static double plus(double t, double x) { return t + x; }
static double pick(double x, double y) { return x > y ? x * y : y; }
static double negative(double x, double y) { return -(x * y); }
static double far(const struct vec *a, const struct vec *b) { double d = a->x - b->x; return d * d; }
static double dot(struct vec a, struct vec b) { return a.x * b.x + a.y * b.y; }
"""
MAIN = (
    "double a[23], b[23], c[23]; struct vec v[23]; fill(a, 23); fill(b, 23); fill(c, 23);"
    " for (int i = 0; i < 23; i++) { a[i] = 1 / (a[i] + 0.3); b[i] = 1 / (i + 1.7);"
    "  v[i].x = 1 / (i + 0.1); v[i].y = i / 7.0; } f(a, b, c, v, 23); show(a, 23); show(c, 23);"
    " show(&v->x, 46);"
)
#: What the inner one of two loops does.
BODIES = {
    "squares": "c[i] += sq(a[i] - b[j]) + sq(b[j]);",
    "a function in a function": "c[i] += sq(sq(a[i]) - b[j]);",
    "a variable of the function's": "c[i] += kept(a[i], b[j]);",
    "an argument": "c[i] += plus(a[i] * b[j], b[i]);",
    "a choice": "c[i] += pick(a[i], b[j]);",
    "a sign": "c[i] += negative(a[i], b[j]);",
    "structures": "v[i].y += far(&v[i], &v[j]) + dot(v[j], v[i]);",
    "a declaration": "double d = sq(a[i]) - b[j], e = sq(b[j]); c[i] += d + e;",
    "a condition": "if (sq(a[i]) - b[j] > 0.1) c[i] += a[i];",
    "one value twice": "c[i] += sq(b[j]); c[j] -= sq(b[j]) - a[i];",
}
REFUSED = {
    "in a choice": "c[i] += a[i] > 0 ? sq(b[j]) + a[i] : 1;",
    "in a condition": "if (a[i] > 0.5) c[i] += sq(b[j]);",
    "where a condition may not come to": "if (a[i] > 0.5 && sq(b[j]) + b[i] > 1) c[i] += 1;",
}


def text(body: str) -> str:
    return (
        f"{SHOW}{HELPERS}\nvoid f(double *a, double *b, double *c, struct vec *v, int n) {{"
        f" for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) {{ {body} }} }}\n"
    )


@pytest.mark.parametrize("name", BODIES)
def test_any_order_rounds_the_same(name: str, tmp_path: Path) -> None:
    """Where clang may contract, and where it may not."""
    whole = text(BODIES[name])
    functions = variants(tmp_path, whole, 8, seed=11)
    assert len(functions) > 3
    for flags in (("-O3", "-mavx2", "-mfma"), SANITIZED):
        wanted, *others = outputs(tmp_path, whole, functions, MAIN, *flags)
        for function, other in zip(functions[1:], others, strict=True):
            assert other == wanted, function


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_be_computed_at_all_is_refused(name: str, tmp_path: Path) -> None:
    found, reasons = read(tmp_path, text(REFUSED[name]))
    assert found == [] and "product in a choice" in reasons[0]


def test_a_product_is_computed_once(tmp_path: Path) -> None:
    scop = region(tmp_path, text("c[i] += sq(b[j]) + sq(b[j]);"))
    assert len(scop.statements) == 2
    assert generate.code(scop, schedules.original(scop)).count("product1 = ") == 1
