"""The loops of a new order are called as those that they come from, where nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corr.polyhedral import generate, schedules
from corr.polyhedral.expand import expanded
from corr.polyhedral.schedules import Band
from corr.polyhedral.scop import Scop
from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import outputs, region, variants

pytestmark = pytest.mark.slow
STENCIL = """
void f(int steps, int n, double *a, double *b) {
  for (int t = 0; t < steps; t++) {
    for (int i = 1; i < n - 1; i++) b[i] = a[i - 1] + a[i + 1];
    for (int i = 1; i < n - 1; i++) a[i] = b[i] * 0.5;
  }
}
"""
#: name: (the function, main's body)
PROGRAMS = {
    "a name that is a size as well": (
        "void f(int n, double *a) { int i = n / 2;"
        " for (int k = 0; k < n; k++) for (int i = 0; i < k; i++) a[k] = a[k] + a[i];"
        " for (int k = 0; k < i; k++) a[k] = a[k] * 2; }",
        "double a[30]; fill(a, 30); f(30, a); show(a, 30);",
    ),
    "an array of a loop's name": (
        "double j[40]; void f(int n, double *a) {"
        " for (int i = 0; i < n; i++) for (int j = i; j < n; j++) a[i] = a[i] + a[j] * 0.5;"
        " for (int k = 0; k < n; k++) a[k] = a[k] + j[k]; }",
        "double a[30]; fill(a, 30); fill(j, 40); f(30, a); show(a, 30);",
    ),
    "names that the new code has for itself": (
        "void f(int n, double a[40][40]) { for (int c1 = 0; c1 < n; c1++)"
        " for (int v2 = 0; v2 < n; v2++) for (int end3 = 0; end3 < v2; end3++)"
        " a[c1][v2] = a[c1][v2] + a[c1][end3]; }",
        "static double a[40][40]; fill(*a, 1600); f(40, a); f(3, a); show(*a, 1600);",
    ),
    "a function of a loop's name": (
        "#include <math.h>\nvoid f(int n, double *a) { for (int i = 0; i < n; i++)"
        " a[i] = sqrt(a[i]); for (int sqrt = 1; sqrt < n; sqrt++) a[sqrt] = a[sqrt - 1] * 0.9; }",
        "double a[30]; fill(a, 30); for (int k = 0; k < 30; k++) a[k] = a[k] * a[k]; f(30, a);"
        " show(a, 30);",
    ),
    "one name three times": (
        "void f(int n, double a[40][40]) { for (int i = 0; i < n; i++) {"
        " for (int j = 0; j < n; j++) a[i][j] = a[i][j] + 1;"
        " for (int j = 1; j < n; j++) a[i][j] = a[i][j] + a[i][j - 1] * 0.5; } }",
        "static double a[40][40]; fill(*a, 1600); f(40, a); f(1, a); show(*a, 1600);",
    ),
}


def heads(text: str) -> list[str]:
    return re.findall(r"for \(long (\w+) =", text)


def tiled(scop: Scop) -> str:
    whole = expanded(scop)
    tree = schedules.automatic(whole, fuse=True)
    path, band = next(schedules.bands(tree))
    sizes = (32,) * len(band.rows)
    other = Band(band.rows, band.permutable, band.child, sizes)
    return generate.code(whole, schedules.with_band(tree, path, other))


def test_loops_keep_their_names_and_those_over_tiles_have_them_twice(tmp_path: Path) -> None:
    text = "void f(int n, double a[64][64], double b[64][64], double c[64][64]) {\n{}\n}\n"
    loops = "".join(f"for (int {x} = 0; {x} < n; {x}++) " for x in ("row", "j", "k"))
    found = region(tmp_path, text.replace("{}", f"{loops} c[row][j] += a[row][k] * b[k][j];"))
    whole = expanded(found)
    assert heads(generate.code(whole, schedules.original(whole))) == ["row", "j", "k"]
    assert {"row_tile", "jj", "kk"} <= set(heads(tiled(found)))


def test_a_loop_along_two_has_both_names(tmp_path: Path) -> None:
    names = heads(tiled(region(tmp_path, STENCIL)))
    assert {"tt", "t_i_tile", "t", "t_i"} <= set(names), names


def test_a_word_of_the_program_is_no_new_name(tmp_path: Path) -> None:
    names = heads(tiled(region(tmp_path, f"#define tt 5\nint t_i;\n{STENCIL}")))
    assert "tt" not in names and "t_i" not in names and {"tt2", "t_i2", "t"} <= set(names), names


def test_a_name_that_is_a_macro_too_is_none(tmp_path: Path) -> None:
    text = STENCIL.replace("t = 0", "T = 0").replace("t < ", "T < ").replace("t++", "T++")
    names = heads(tiled(region(tmp_path, f"#define T when\n{text}")))
    assert "when" in names and "T" not in names
    names = heads(tiled(region(tmp_path, f"{STENCIL}\n#define t(x) x\n")))
    assert "t" not in names


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_the_same_is_computed_whatever_things_are_called(name: str, tmp_path: Path) -> None:
    function, main = PROGRAMS[name]
    text = f"{SHOW}\n{function}\n"
    functions = variants(tmp_path, text, 10, seed=4)
    assert len(functions) > 1
    flags = (*SANITIZED, "-lm", "-Wno-shadow")
    wanted, *others = outputs(tmp_path, text, functions, main, *flags)
    for one, other in zip(functions[1:], others, strict=True):
        assert other == wanted, one
