"""Regions in other orders compute what the text computes, whatever they are called with.

Every program is run as it is written and in several orders, under clang's sanitizers.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.polyhedral import generate, schedules
from tests.support.polyhedral_programs import output, outputs, region, variants

pytestmark = pytest.mark.slow

SANITIZED = ("-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
SHOW = """
#include <stdio.h>
#include <string.h>
static void show(const double *a, int n) { for (int i = 0; i < n; i++) printf("%a ", a[i]); puts(""); }
static void fill(double *a, int n) { for (int i = 0; i < n; i++) a[i] = (i * 7919 % 97) / 8.0 - 5; }
"""

#: name: (the function, main's body)
PROGRAMS = {
    "arrays that overlap": (
        "void f(int n, double *a, const double *b) { for (int i = 0; i < n; i++) a[i] = b[i] + 1; }",
        "double x[80]; for (int d = 0; d < 9; d++) {"
        " fill(x, 80); f(60, x + d, x); show(x, 80); fill(x, 80); f(60, x, x + d); show(x, 80); }",
    ),
    "rows that overlap": (
        "void f(int n, double a[n][n], double b[n][n]) {"
        " for (int i = 1; i < n; i++) for (int j = 0; j < n; j++) a[i][j] = b[i - 1][j] + a[i][j]; }",
        "double x[200]; for (int d = 0; d < 30; d += 5) { fill(x, 200);"
        " f(9, (double (*)[9])(x + d), (double (*)[9])(x + 20)); show(x, 200); }",
    ),
    "a bound that is written through a pointer": (
        "int n; void f(int *a) { for (int i = 0; i < n; i++) a[i] = 1; }",
        'int x[9] = {0}; n = 5; f(x); printf("%d %d\\n", x[3], x[5]);'
        ' n = 1; f(&n); printf("%d\\n", n);',
    ),
    "a scalar that is written through a pointer": (
        "double s; void f(int n, double *a) { for (int k = 0; k < 3; k++)"
        " for (int i = 0; i < n; i++) a[i] = a[i] + s; }",
        "double x[20]; fill(x, 20); s = 2; f(20, x); show(x, 20); f(1, &s); show(&s, 1);",
    ),
    "a sum that is written through a pointer": (
        "double s; void f(int n, double *a) { for (int i = 0; i < n; i++) { s = s + 1; a[i] = s; } }",
        "double x[20]; s = 0; f(20, x); show(x, 20); show(&s, 1); f(1, &s); show(&s, 1);",
    ),
    "a pointer that is written through itself": (
        "long *p; void f(int n, long v) { for (int i = 0; i < n; i++) p[i] = v; }",
        'long x[2] = {0}, y[2] = {1}; p = x; f(2, 5); printf("%ld %ld\\n", x[0], x[1]);',
    ),
    "two dimensions as one and as two": (
        "void f(int n, int k, double a[n][n]) { for (int i = 0; i < n; i++) for (int j = 0; j < 2; j++)"
        " { a[i][0] += j; (&a[0][0])[i + k] -= 1; (a[1] + 1)[j] += a[i][1]; } }",
        "double x[60]; for (int k = 0; k < 9; k++) { fill(x, 60); f(5, k, (double (*)[5])x);"
        " show(x, 60); }",
    ),
    "subscripts that leave their dimension": (
        "void f(int n, int m, double a[4][4]) { for (int i = 0; i < n; i++) for (int j = 0; j < m; j++)"
        " a[i][j] = a[i][j] + i - 2 * j; }",
        "double x[64]; fill(x, 64); f(4, 4, (double (*)[4])x); show(x, 64);",
    ),
    "extremes of int": (
        "void f(int n, int m, double *a) { for (int i = m; i < n; i++) a[i] = 1; }",
        "double x[2] = {0}; f(-2147483647 - 1, 0, x); f(-2147483647 - 1, -2147483647 - 1, x);"
        " f(2147483647, 2147483647, x); show(x, 2);",
    ),
    "extremes of long": (
        "void f(long n, long m, double *a, double *b) { for (long i = m; i < n; i++) {"
        " double t = b[i - m]; a[i] = t + 1; } }",
        "double x[9] = {0}, y[9] = {0}; long l = -9223372036854775807L - 1;"
        " f(l, 0, x, y); f(l, l, x, y); f(l, 7, x, y); f(3, -1, x + 1, y); f(0, ~l, x, y);"
        " f(1L << 50, 1L << 50, x, y); show(x, 9);",
    ),
    "numbers of other types": (
        "void f(int n, long *a, int *b, unsigned *c) { for (int i = 0; i < n; i++) {"
        " a[i] = (1L << 40) + i * 3; b[i] = -7 / 2 + (-7) % 3 + i; c[i] = -1u + i - 2u; } }",
        "long a[40]; int b[40]; unsigned c[40]; f(40, a, b, c);"
        ' for (int i = 0; i < 40; i++) printf("%ld %d %u\\n", a[i], b[i], c[i]);',
    ),
    "long iterators": (
        "void f(long n, long *a) { for (long i = 0; i < n; i++) a[i] = i * 3000000000L; }",
        'long a[40]; f(40, a); for (int i = 0; i < 40; i++) printf("%ld\\n", a[i]);',
    ),
    "iterators from outside": (
        "void f(int n, double *a) { int i, j; for (i = 0; i < n; i++) a[i] = i;"
        " for (i = n - 1; i >= 0; i--) for (j = 0; j < i; j++) a[i] = a[i] + a[j]; }",
        "double x[30]; f(30, x); show(x, 30); f(0, x);",
    ),
    "a scalar that is wanted after": (
        "double f(int n, const double *a) { double s = 0, t = 0; for (int i = 0; i < n; i++) {"
        " t = a[i] * 2; s = s + t; } return s + t; }",
        "double x[30], y; fill(x, 30); y = f(30, x); show(&y, 1);",
    ),
    "a scalar that is wanted before": (
        "double f(int n, double *a) { double t = 1, s = 0; for (int k = 0; k < 3; ++k) { s = s + t;"
        " if (s > 1e9) return s; for (int i = 0; i < n; i++) { t = a[i] * 2; a[i] = t; } }"
        " return s; }",
        "double x[30], y; fill(x, 30); y = f(30, x); show(&y, 1);",
    ),
    "static and global scalars": (
        "double g; void f(int n, double *a) { static double s = 1; a[0] = a[0] + s;"
        " for (int i = 0; i < n; i++) { g = a[i] * 2; s = g + i; a[i] = s; }"
        " if (n == 0) s = 1; }",
        "double x[30]; fill(x, 30); g = 7; f(0, x); f(30, x); f(30, x); show(x, 30); show(&g, 1);",
    ),
    "scalars over a nest": (
        "void f(int n, int m, double *a, double *b) { for (int i = 0; i < n; i++) { double s = 0;"
        " for (int j = 0; j < m; j++) s = s + a[j]; b[i] = s + i; } }",
        "double x[30], y[30]; fill(x, 30); fill(y, 30); f(30, 30, x, y); show(y, 30);"
        " f(-5, -7, x, y); f(3, -7, x, y); f(0, 0, x, y); show(y, 30);",
    ),
    "guards": (
        "void f(int n, double *a, const double *b) { for (int i = 0; i < n; i++)"
        " if (b[i] > 0) a[i] = b[i]; }",
        "double x[40], y[40]; fill(y, 40); memset(x, 0, sizeof x); f(40, x, y); show(x, 40);"
        " for (int i = 0; i < 40; i++) y[i] = -1; f(40, (double *)8, y);",
    ),
    "guards of what is read": (
        "void f(int n, int m, double *a, const double *b) { for (int i = 0; i < n; i++)"
        " if (m > 0 && b[i] > a[i]) a[i] = b[i] + a[i + m]; }",
        "double x[80], y[40]; fill(x, 80); fill(y, 40); f(40, 40, x, y); show(x, 80);"
        " f(40, 0, (double *)8, (double *)8); f(40, 1, x + 39, y);",
    )[:1]
    + (
        "double x[80], y[40]; fill(x, 80); fill(y, 40); f(40, 40, x, y); show(x, 80);"
        " f(40, 0, (double *)8, (double *)8);",
    ),
    "guards of the target": (
        "void f(int n, int d[n][n]) { for (int k = 0; k < n; k++) for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) if (d[i][k] + d[k][j] < d[i][j]) d[i][j] = d[i][k] + d[k][j]; }",
        "int d[13 * 13]; for (int i = 0; i < 169; i++) d[i] = i * 7919 % 97; f(13, (int (*)[13])d);"
        ' for (int i = 0; i < 169; i++) printf("%d ", d[i]);',
    ),
    "choices": (
        "void f(int n, double *a, const double *b) { for (int i = 0; i < n; i++)"
        " a[i] = i > 0 ? b[i - 1] : b[i] < 2.5 ? b[i] : -b[i]; }",
        "double x[40], y[40]; fill(y, 40); f(40, x, y); show(x, 40);",
    ),
    "choices that would fail": (
        "void f(int n, int *a, const int *b, const double *c) { for (int i = 0; i < n; i++) {"
        " a[i] = b[i] != 0 ? 1000 / b[i] : 0; }"
        " for (int i = 0; i < n; i++) a[i] = c[i] < 1e9 ? (int)c[i] : 0; }",
        "int a[40], b[40]; double c[40]; for (int i = 0; i < 40; i++) { b[i] = i % 3;"
        ' c[i] = i % 3 ? 1e300 : i; } f(40, a, b, c); for (int i = 0; i < 40; i++) printf("%d ", a[i]);',
    ),
    "choices by not-a-number": (
        "void f(int n, double *a, const double *b) { for (int i = 0; i < n; i++)"
        " a[i] = b[i] < 0 ? 1 : b[i] >= 0 ? 2 : b[i]; }",
        "double x[40], y[40]; fill(y, 40); y[3] = y[20] = 0.0 / 0.0; y[4] = -0.0; f(40, x, y); show(x, 40);",
    ),
    "products and sums": (
        "void f(int n, double s, double t, double *a, double *b, double c[n][n]) {"
        " for (int i = 0; i < n; i++) { a[i] = s * t + b[i]; b[i] = b[i] - s * t; }"
        " for (int i = 0; i < n; i++) for (int j = 0; j < n; j++)"
        " c[i][j] = -(s * a[i]) + c[i][j] * b[j]; }",
        "double x[30], y[30], z[900]; fill(x, 30); fill(y, 30); fill(z, 900);"
        " f(30, 0.1, 0.3, x, y, (double (*)[30])z); show(x, 30); show(y, 30); show(z, 900);",
    ),
    "narrow numbers": (
        "void f(int n, char *a, const short *b, float *c) { for (int i = 0; i < n; i++) {"
        " a[i] = b[i] + 100; c[i] = c[i] * 0.1f + b[i]; } }",
        "char a[40]; short b[40]; float c[40]; for (int i = 0; i < 40; i++) { b[i] = i * 900;"
        ' c[i] = i; } f(40, a, b, c); for (int i = 0; i < 40; i++) printf("%d %a\\n", a[i], c[i]);',
    ),
    "triangles": (
        "void f(int n, double a[n][n], double *x) { for (int i = 0; i < n; i++)"
        " for (int j = i + 1; j < n; j++) { a[i][j] = a[i][j] * x[i]; x[j] = x[j] + a[i][j]; } }",
        "double z[23 * 23], x[23]; for (int n = 0; n < 23; n++) { fill(z, 529); fill(x, 23);"
        " f(n ? n : 1, (double (*)[n ? n : 1])z, x); show(z, 529); show(x, 23); }",
    ),
    "names of the generated code": (
        "void f(int n, double *c0, double *v1, double r1, double low1) {"
        " for (int c1 = 0; c1 < n; c1++) for (int c3 = 0; c3 < n; c3++)"
        " c0[c1] = c0[c1] + v1[c3] * r1 + low1; }",
        "double x[40], y[40]; fill(x, 40); fill(y, 40); f(40, x, y, 3, 4); show(x, 40);",
    ),
    "names of the model": (
        "void f(int n, double *a, int x0, int x1, int S0) {"
        " for (int i = 0; i < n; i++) a[i + x0] = a[i + x1] + S0; }",
        "double x[40]; fill(x, 40); f(20, x, 3, 4, 5); show(x, 40);",
    ),
    "variables of one name": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) { double t = a[i]; { double t = 2;"
        " a[i] = t; } a[i] = a[i] + t; } for (int i = 0; i < n; i++) { double t = i; a[i] = a[i] * t; } }",
        "double x[40]; fill(x, 40); f(40, x); show(x, 40);",
    ),
    "small functions written out": (
        "enum { LEAST = 4 }; static int most(int a, int b) { return a > b ? a : b; }"
        "static int at(const int *a, int i) { return a[i] > LEAST; }"
        "void f(int n, int *a, const int *b) { for (int i = 0; i < n; i++)"
        " a[i] = most(a[i], b[n - 1 - i]) + at(b, i); }",
        "int a[40], b[40]; for (int i = 0; i < 40; i++) { a[i] = i; b[i] = i * 37 % 50; }"
        ' f(40, a, b); for (int i = 0; i < 40; i++) printf("%d ", a[i]);',
    ),
    "PolyBench's macros": (
        "#define N 20\n#define _PB_N n\n#define DATA_TYPE double\n#define SCALAR_VAL(x) x\n"
        "#define POLYBENCH_2D(var, d1, d2) var[d1 + 0][d2 + 0]\n"
        "void f(int n, DATA_TYPE POLYBENCH_2D(A, N, N), DATA_TYPE POLYBENCH_2D(B, N, N)) {\n"
        "int i, j;\n#pragma scop\nfor (i = 0; i < _PB_N; i++)\n for (j = 0; j < _PB_N; j++)\n"
        "  A[i][j] = SCALAR_VAL(0.5) * B[j][i] + A[i][j];\n#pragma endscop\n}",
        "static double a[20][20], b[20][20]; fill(*a, 400); fill(*b, 400); f(20, a, b); show(*a, 400);"
        " f(7, a, b); f(0, a, b); show(*a, 400);",
    ),
    "an if and its else": (
        "void f(int n, double *a) { if (n > 3) for (int i = 0; i < n; i++) a[i] = i; else"
        " for (int i = 0; i < n; i++) a[i] = -i; }",
        "double x[9]; fill(x, 9); f(2, x); show(x, 9); f(8, x); show(x, 9);",
    ),
    "comments, an odd character and the end of a line": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) // first \u2028 a[0] = 1;\n"
        "  a[i] = a[n - 1 - i] /* last */ + 1 ; }",
        "double x[9]; fill(x, 9); f(9, x); show(x, 9);",
    ),
}


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_same_output(name: str, tmp_path: Path) -> None:
    function, main = PROGRAMS[name]
    text = f"{SHOW}\n{function}\n"
    functions = variants(tmp_path, text, 8, seed=len(name))
    assert len(functions) > 1, "no order was generated"
    wanted, *others = outputs(tmp_path, text, functions, main, *SANITIZED)
    for function, other in zip(functions[1:], others, strict=True):
        assert other == wanted, function


@pytest.mark.parametrize("name", ["products and sums", "narrow numbers", "choices"])
def test_same_output_with_contraction(name: str, tmp_path: Path) -> None:
    """Products are contracted with sums where the original's are, and nowhere else."""
    function, main = PROGRAMS[name]
    text = f"{SHOW}\n{function}\n"
    functions = variants(tmp_path, text, 16, seed=7)
    wanted, *others = outputs(tmp_path, text, functions, main, "-O3", "-mavx2", "-mfma")
    for function, other in zip(functions[1:], others, strict=True):
        assert other == wanted, function


def test_subscripts_that_leave_their_dimension_are_seen(tmp_path: Path) -> None:
    """Not defined in C, but done: `a[0][5]` is `a[1][1]`."""
    function = (
        "void f(int n, int m, double a[n][n]) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < m; j++) a[i][j] = a[i][j] * 0.5 + a[i][0]; }"
    )
    main = "double x[99]; fill(x, 99); f(4, 9, (double (*)[4])x); show(x, 99);"
    text = f"{SHOW}\n{function}\n"
    functions = variants(tmp_path, text, 12, seed=3)
    wanted, *others = outputs(tmp_path, text, functions, main, "-O0")
    assert len(functions) > 3
    for function, other in zip(functions[1:], others, strict=True):
        assert other == wanted, function


def test_the_new_order_runs_where_arrays_are_apart_and_only_there(tmp_path: Path) -> None:
    function = (
        "void f(int n, double *restrict a, double *b, double *c) { for (int i = 0; i < n; i++)"
        " { b[i] = c[i + 1] + a[i]; } }"
    )
    text = f"{SHOW}\n{function}\n"
    scop = region(tmp_path, text)
    code = generate.code(scop, schedules.original(scop))
    assert "p_a_from" not in code  # it promises to be apart
    changed = text.replace(scop.text, code.replace(scop.text.strip(), 'puts("as it was");'))
    main = (
        "double x[60], y[60]; fill(x, 60); f(20, y, x, x + 19); f(20, y, x, x + 18);"
        " f(20, y, x + 21, x); f(20, y, x + 20, x); f(0, y, x, x); f(-3, y, x, x);"
    )
    program = f"{changed}int main(void) {{ {main} return 0; }}\n"
    assert output(tmp_path, program, *SANITIZED).count("as it was") == 2
    assert code.count(scop.text) == 1
