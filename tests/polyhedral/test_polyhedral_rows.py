"""Vectors of vectors, and rows by pointers, in nests: rows lie anywhere, and may be anything else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.polyhedral.test_polyhedral_codegen import SANITIZED
from tests.support.polyhedral_programs import check_orders, read
from tests.support.thirds import a_third

pytestmark = pytest.mark.slow

HEAD = """#include <cstdio>
#include <vector>
typedef std::vector<std::vector<double>> rows;
static rows made(int n, int m) { rows a(n, std::vector<double>(m));
    for (int i = 0; i < n; i++) for (int j = 0; j < m; j++) a[i][j] = (i * m + j) * 7919 % 97 / 8.0;
    return a; }
static void show(const rows &a) { for (const auto &row : a) { for (double x : row)
    std::printf("%a ", x); std::puts(""); } }
struct held { int n; rows now, next; double by[3]; };
"""
#: name: (the function, main's body)
PROGRAMS = {
    "a product": (
        "void f(int n, const rows &a, const rows &b, rows &c) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) for (int k = 0; k < n; k++) c[i][j] += a[i][k] * b[k][j]; }",
        "for (int n = 0; n < 20; n += 6) { rows a = made(n, n + 1), b = made(n, n), c = made(n, n);"
        " f(n, a, b, c); show(c); f(n, c, b, c); show(c); f(n, a, c, c); show(c); }",
    ),
    "one row of it": (
        "void f(int n, rows &a, const std::vector<double> &row) { for (int i = 1; i < n; i++)"
        " for (int j = 0; j < n; j++) a[i][j] = a[i - 1][j] + row[j] * row[0]; }",
        "for (int n = 5; n < 20; n += 6) { rows a = made(n, n); std::vector<double> row = a[2];"
        " f(n, a, row); show(a); f(n, a, a[2]); show(a); f(n, a, a[n - 1]); show(a); }",
    ),
    "rows by references": (
        "void f(int n, const rows &a, rows &c) { for (int i = 1; i < n; i++) { auto &to = c[i];"
        " const std::vector<double> &from = a[i - 1];"
        " for (int j = 1; j < n; j++) to[j] = from[j - 1] + to[j] * c[i - 1][0]; } }",
        "for (int n = 0; n < 20; n += 6) { rows a = made(n, n + 1), c = made(n, n);"
        " f(n, a, c); show(c); f(n, c, c); show(c); }",
    ),
    "arrays in vectors and arrays": (
        "#include <array>\nvoid f(int n, std::vector<std::array<double, 3>> &at,"
        " std::array<std::array<double, 3>, 3> &by) { for (int i = 1; i < n; i++)"
        " for (int j = 0; j < 3; j++) for (int k = 0; k < 3; k++)"
        "  at[i][j] += by[j][k] * at[i - 1][k]; }",
        "std::array<std::array<double, 3>, 3> by = {{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}};"
        " for (int n = 0; n < 9; n += 4) { std::vector<std::array<double, 3>> at(n, {1, 2, 0.5});"
        ' f(n, at, by); for (auto &r : at) std::printf("%a %a %a\\n", r[0], r[1], r[2]); }',
    ),
    "an array that may be one of them": (
        "#include <array>\nvoid f(int n, std::vector<std::array<double, 4>> &a,"
        " const std::array<double, 4> &by) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < 4; j++) a[i][j] = a[i][j] * by[0] + by[j]; }",
        "for (int n = 1; n < 9; n += 3) { std::vector<std::array<double, 4>> a(n, {1, 2, 0.5, 3});"
        " std::array<double, 4> by = {2, 1, 3, 4}; f(n, a, by); f(n, a, a[n / 2]);"
        ' for (auto &r : a) std::printf("%a %a %a\\n", r[0], r[1], r[3]); }',
    ),
    "rows of several lengths": (
        "void f(int n, rows &a) { for (int i = 1; i < n; i++) for (int j = 0; j < i; j++)"
        " a[i][j] += a[i - 1][j] - a[n - 1][i]; }",
        "for (int n = 3; n < 20; n += 6) { rows a; for (int i = 0; i < n; i++)"
        " a.push_back(made(1, i == n - 1 ? n : i + 1)[0]); f(n, a); show(a); }",
    ),
    "a product of rows by pointers": (
        "void f(int n, double **a, double **b, double **c) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) { c[i][j] = 0;"
        " for (int k = 0; k < n; k++) c[i][j] += a[i][k] * b[k][j]; } }",
        "for (int n = 0; n < 20; n += 6) { rows x = made(n, n), y = made(n, n), z = made(n, n);"
        " std::vector<double *> a, b, c; for (int i = 0; i < n; i++) { a.push_back(&x[i][0]);"
        " b.push_back(&y[i][0]); c.push_back(&z[i][0]); }"
        " f(n, a.data(), b.data(), c.data()); show(z); f(n, c.data(), b.data(), c.data()); show(z);"
        " if (n) c[n - 1] = c[0]; f(n, a.data(), b.data(), c.data()); show(z);"
        " f(n, a.data(), c.data(), b.data()); show(y); f(0, 0, 0, 0); }",
    ),
    "a row by a pointer of its own": (
        "void f(int n, double **a, double **b) { for (int i = 1; i < n; i++) { double *r = b[i];"
        " const double *before = a[i - 1] + 1; for (int j = 0; j < n - 1; j++)"
        " r[j] = before[j] + r[j] * *(a[i] + j); } }",
        "for (int n = 2; n < 20; n += 6) { rows x = made(n, n), y = made(n, n);"
        " std::vector<double *> a, b; for (int i = 0; i < n; i++) { a.push_back(&x[i][0]);"
        " b.push_back(&y[i][0]); } f(n, a.data(), b.data()); show(y);"
        " f(n, b.data(), b.data()); show(y); }",
    ),
    "rows in one block": (
        "void f(int n, double *const *a, double *b) { for (int i = 1; i < n; i++)"
        " for (int j = 0; j < n; j++) { a[i][j] += a[i - 1][j] * b[j]; b[j] += a[i][0]; } }",
        "for (int n = 2; n < 20; n += 6) { rows x = made(1, n * n + n); std::vector<double *> a;"
        " for (int i = 0; i < n; i++) a.push_back(&x[0][i * n]);"
        " f(n, a.data(), &x[0][n * n]); show(x); f(n, a.data(), &x[0][n]); show(x);"
        " for (int i = 0; i < n; i++) a[i] = &x[0][i * (n - 1)]; f(n, a.data(), &x[0][n * n]); show(x);"
        " for (int i = 0; i < n; i++) a[i] = &x[0][(n - 1 - i) * n]; f(n, a.data(), &x[0][n * n]);"
        " show(x); }",
    ),
    "rows by a pointer in a structure": (
        "struct grid { int n; double **now, **next, by; };"
        "void f(grid *g) { for (int j = 1; j < g->n - 1; j++) for (int i = 1; i < g->n - 1; i++)"
        " g->next[i][j] = g->now[i - 1][j] + g->by * g->now[i + 1][j]; }",
        "for (int n = 0; n < 20; n += 6) { rows x = made(n, n), y = made(n, n);"
        " std::vector<double *> a, b; for (int i = 0; i < n; i++) { a.push_back(&x[i][0]);"
        " b.push_back(&y[i][0]); } grid g = {n, a.data(), b.data(), 0.5}; f(&g); show(y); }",
    ),
    "members": (
        "void f(held &h) { for (int i = 1; i < h.n; i++) for (int j = 1; j < h.n; j++)"
        " h.next[i][j] = h.now[i - 1][j] + h.by[1] * h.now[i][j - 1] + h.next[i - 1][j]; }",
        "for (int n = 0; n < 20; n += 6) { held h{n, made(n, n), made(n, n), {1, 2, 3}};"
        " f(h); show(h.next); }",
    ),
}


@pytest.mark.parametrize("name", a_third(PROGRAMS))
def test_same_output(name: str, tmp_path: Path) -> None:
    function, main = PROGRAMS[name]
    text = f"{HEAD}{function}\nint main() {{ {main} }}\n"
    check_orders(tmp_path, text, 5, 7, SANITIZED)


#: name: (the function, what the reason says)
REFUSED = {
    "a pointer, maybe to a row": (
        "void f(int n, rows &a, double *p) { for (int i = 0; i < n; i++) for (int j = 0; j < n; j++)"
        " a[i][j] = p[j]; }",
        "p may point into a row of a",
    ),
    "rows that are exchanged": (
        "void f(int n, double **a) { for (int i = 1; i < n; i++) { double *t = a[i]; a[i] = a[i - 1];"
        " a[i - 1] = t; } }",
        "not modelled|pointers|address|element",
    ),
    "an array of pointers": (
        "double *a[9]; void f(int n) { for (int i = 0; i < n; i++) for (int j = 0; j < n; j++)"
        " a[i][j] = 1; }",
        "an array's elements are pointers",
    ),
    "of several kinds": (
        "void f(int n, std::vector<std::vector<bool>> &a) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) a[i][j] = 1; }",
        "not modelled",
    ),
    "three deep": (
        "void f(int n, std::vector<rows> &a) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) a[0][i][j] = 1; }",
        "not modelled",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(name: str, tmp_path: Path) -> None:
    function, says = REFUSED[name]
    found, reasons = read(tmp_path, f"{HEAD}{function}\n", name="t.cpp")
    assert found == []
    assert re.search(says, " ".join(reasons)), reasons
