"""Subscripts of several dimensions in one, unsigned numbers and containers, in other orders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import outputs, read, variants

pytestmark = pytest.mark.slow

#: name: (the function, main's body). Each is called where rows overlap and where nothing runs, too.
IN_C = {
    "product": (
        "void f(int n, int m, double *a, double *b, double *c) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) { double s = 0; for (int k = 0; k < m; k++)"
        " s += a[i * m + k] * b[k * n + j]; c[i * n + j] += s; } }",
        "double x[600]; for (int n = 0; n < 12; n += 3) for (int m = 0; m < 9; m++) { fill(x, 600);"
        " f(n, m, x, x + 200, x + 400); show(x, 600); f(n, m, x, x + 20, x + 30); show(x, 600); }",
    ),
    "triangles": (
        "void f(int n, double *a) { for (int k = 0; k < n; k++) for (int i = k + 1; i < n; i++) {"
        " a[i * n + k] /= a[k * n + k]; for (int j = k + 1; j < n; j++)"
        " a[i * n + j] -= a[i * n + k] * a[k * n + j]; } }",
        "double x[100]; for (int n = 0; n < 10; n++) { fill(x, 100); f(n, x); show(x, 100); }",
    ),
    "a border round it": (
        "void f(int n, int m, double *a, double *b) { for (int t = 0; t < 3; t++) {"
        " for (int i = 1; i <= n; i++) for (int j = 1; j <= m; j++) b[i * (m + 2) + j] ="
        " a[i * (m + 2) + j - 1] + a[(i - 1) * (m + 2) + j] - a[(i + 1) * (m + 2) + j];"
        " for (int i = 1; i <= n; i++) for (int j = 1; j <= m; j++)"
        " a[i * (m + 2) + j] = b[i * (m + 2) + j] * 0.5; } }",
        "double x[400]; for (int n = 0; n < 9; n += 4) { fill(x, 400); f(n, n + 1, x, x + 200);"
        " show(x, 400); f(n, 3, x, x + 7); show(x, 400); }",
    ),
    "three dimensions": (
        "void f(int n, int m, int l, double *a, double *b) { for (int i = 1; i < n - 1; i++)"
        " for (int j = 1; j < m - 1; j++) for (int k = 1; k < l - 1; k++) b[(i * m + j) * l + k] ="
        " a[i * m * l + j * l + k - 1] + a[(i - 1) * m * l + j * l + k] + a[i * m * l + (j + 1) * l + k]; }",
        "double x[800]; for (int n = 0; n < 6; n++) { fill(x, 800); f(n, 5, n + 3, x, x + 400);"
        " show(x, 800); f(n, 4, 5, x, x + 1); show(x, 800); }",
    ),
    "columns that leave their row": (
        "void f(int n, int m, double *a) { for (int i = 0; i < n; i++) for (int j = 0; j < m; j++)"
        " a[i * n + j] = a[i * n + j] * 2 + i - j; }",
        "double x[200]; for (int m = 0; m < 12; m++) { fill(x, 200); f(7, m, x); show(x, 200); }",
    ),
    "rows read backwards": (
        "void f(int n, double *a, double *b) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) b[i * n + n - 1 - j] = a[j * n + i]; }",
        "double x[200]; for (int n = 0; n < 9; n++) { fill(x, 200); f(n, x, x + 100); show(x, 200); }",
    ),
    "a named place": (
        "void f(int n, double *a, double *b) { for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) {"
        " const int at = i * n + j; long other = j * n + i; b[at] = a[other] + at; } }",
        "double x[200]; for (int n = 0; n < 9; n++) { fill(x, 200); f(n, x, x + 100); show(x, 200); }",
    ),
    "a place that is assigned": (
        "int f(int n, double *a, double *b) { int i, j, k = 7; for (i = 0; i < n; i++) {"
        " for (j = 0; j < n; j++) { if (k == 9) b[0] = 3; k = i * n + j; b[k] = a[k] + k; }"
        " b[i] += k; } return k; }",
        'double x[200]; for (int n = 0; n < 9; n++) { fill(x, 200); printf("%d ", f(n, x, x + 100));'
        " show(x, 200); }",
    ),
    "one that is assigned sometimes": (
        "void f(int n, double *a) { int k = 3, l = 2; for (int i = 0; i < n; i++) {"
        " if (i > 2) k = i + 1; else a[i] += 1; a[i] += k;"
        " for (int j = 0; j < i; j++) l = i + j; a[i] -= l; } }",
        "double x[200]; for (int n = 0; n < 9; n++) { fill(x, 200); f(n, x); show(x, 200); }",
    ),
    "one that nobody wants": (
        "void f(int n, double *a, double *b) { int i, j, k, l; for (i = 0; i < n; i++)"
        " for (j = 0; j < n; j++) { k = i * n + j; l = k + 1; b[k] = a[j * n + i] + l; } }",
        "double x[200]; for (int n = 0; n < 9; n++) { fill(x, 200); f(n, x, x + 100); show(x, 200); }",
    ),
    "pointers to rows": (
        "void f(int n, int m, const double *a, double *b, double c[9][9]) { for (int i = 0; i < n; i++) {"
        " const double *row = a + i * m; double *const to = &b[i * m]; double *r = c[i];"
        " for (int j = 0; j < m; j++) { const double *at = row + j; to[j] += row[j] * r[j]; r[j] = *at;"
        " *(b + i * m + j) += *(1 + row); } } }",
        "double x[300]; for (int n = 0; n < 9; n++) for (int m = 0; m < 9; m += 2) { fill(x, 300);"
        " f(n, m, x, x + 100, (double (*)[9])(x + 200)); show(x, 300);"
        " f(n, m, x, x + 3, (double (*)[9])(x + 90)); show(x, 300); }",
    ),
    "unsigned loops": (
        "typedef unsigned long size; void f(size n, size m, double *a, double *b) {"
        " for (size i = 1; i < n - 1; i++) for (size j = 0; j + 1 < m; ++j)"
        " b[i * m + j] = a[(i - 1) * m + j] + a[i * m + j + 1]; }",
        "double x[300]; for (int n = 2; n < 9; n++) for (int m = 0; m < 9; m += 2) { fill(x, 300);"
        " f(n, m, x, x + 150); show(x, 300); f(n, m, x, x + 3); show(x, 300); }",
    ),
    "half as many bits": (
        "void f(unsigned n, unsigned m, double *a, double *b) { for (unsigned i = m; i <= n; i++)"
        " for (unsigned j = 0; j < i; j++) b[i] += a[n - j] * j; }",
        "double x[300]; for (unsigned n = 0; n < 9; n++) for (unsigned m = 0; m < 9; m += 2) {"
        " fill(x, 300); f(n, m, x, x + 150); show(x, 300); }"
        " f(4294967293u, 4294967294u, x, x);",
    ),
    "numbers that are cut": (
        "void f(long n, double *a) { for (int i = 0; i < (int)n; i++) a[i] = a[i] + 1; }",
        "double x[9]; fill(x, 9); f(9, x); f((1L << 32) + 3, x); f(-(1L << 32) + 2, x); show(x, 9);",
    ),
    "a bound that is a product": (
        "void f(int n, int m, double *a, double *b) { for (int k = 0; k < 3; k++)"
        " for (int i = 0; i < n * m; i++) a[i] = a[i] * 0.5 + b[i] * (i % 5); }",
        "double x[300]; for (int n = -2; n < 9; n++) { fill(x, 300); f(n, n + 1, x, x + 150);"
        " show(x, 300); f(n, 3, x, x + 1); show(x, 300); }",
    ),
    "signs that differ": (
        "void f(unsigned long n, double *a) { for (int i = -2; i < 3; i++)"
        " for (int j = i; j < n; j++) a[j] = a[j] + i; }",
        "double x[9]; fill(x, 9); f(9, x); show(x, 9);",
    ),
}
HEAD = "#include <array>\n#include <cstddef>\n#include <memory>\n#include <vector>\n"
IN_CXX = {
    "vectors": (
        "void f(std::vector<double> &c, const std::vector<double> &a, std::size_t n) {"
        " for (std::size_t i = 0; i < n; i++) for (std::size_t j = 0; j < n; ++j)"
        " c[i * n + j] += a[j * n + i]; }",
        "for (int n = 0; n < 9; n++) { std::vector<double> a(100), c(100); fill(&a[0], 100);"
        " fill(&c[0], 100); f(c, a, n); f(a, a, n); show(&c[0], 100); show(&a[0], 100); }",
    ),
    "sizes": (
        "typedef std::vector<double> row; void f(row &c, const row &a) {"
        " for (std::size_t i = 1; i < c.size() - 1; i++) c[i] = a[i - 1] + a[i + 1] + c.size(); }",
        "for (int n = 1; n < 30; n++) { std::vector<double> a(n + 1), c(n); fill(a.data(), n);"
        " f(c, a); f(a, a); show(c.data(), n); show(a.data(), n); }",
    ),
    "sums that become arrays": (
        "void f(int n, const std::vector<float> &a, std::vector<float> &c) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) { float s = 0; for (int k = 0; k < n; k++)"
        " s += a[i * n + k] * a[k * n + j]; c[i * n + j] = s; } }",
        "for (int n = 0; n < 9; n++) { std::vector<float> a(81, 0.5f), c(81); a[7] = 2; f(n, a, c);"
        ' for (float x : c) printf("%a ", x); }',
    ),
    "arrays and pointers that own": (
        "double f(const double *x) { std::array<double, 60> a{}; std::unique_ptr<double[]> b(new double[60]);"
        " for (int i = 0; i < 60; i++) a[i] = x[i]; for (int i = 0; i < 60; i++) b[i] = a[59 - i] * 2;"
        " double s = 0; for (int i = 0; i < 60; i++) s += b[i] * a[i]; return s; }",
        "double x[60]; fill(x, 60); x[0] = f(x); show(x, 60);",
    ),
}


@pytest.mark.parametrize("name", list(IN_C))
def test_other_orders_compute_the_same(name: str, tmp_path: Path) -> None:
    function, main = IN_C[name]
    text = f"{SHOW}\n{function}\n"
    found = variants(tmp_path, text, wanted=3, seed=len(name))
    assert len(found) >= 3
    printed = outputs(tmp_path, text, found, main, *SANITIZED)
    assert len(printed) == len(found)
    assert set(printed) == {printed[0]}


@pytest.mark.parametrize("name", list(IN_CXX))
def test_other_orders_in_cxx(name: str, tmp_path: Path) -> None:
    function, main = IN_CXX[name]
    text = f"{HEAD}{SHOW}\n{function}\n"
    found = variants(tmp_path, text, wanted=3, seed=3, name="t.cpp")
    assert len(found) >= 3
    printed = outputs(tmp_path, text, found, main, *SANITIZED, name="run.cpp")
    assert len(printed) == len(found)
    assert set(printed) == {printed[0]}


@pytest.mark.parametrize(
    ("text", "widths"),
    [
        (IN_C["product"][0], {"a": "m", "b": "n", "c": "n"}),
        (IN_C["triangles"][0], {"a": "n"}),
        (IN_C["a border round it"][0], {"a": "m+2", "b": "m+2"}),
        (IN_C["three dimensions"][0], {"a": "m,l", "b": "m,l"}),
        (
            "void f(int n, double *a) { for (int i = 0; i < n; i++) for (int j = 0; j < n; j++)"
            " a[2 * i * n + j] = a[(2 * i + 1) * n + j]; }",
            {"a": "n"},
        ),
    ],
)
def test_what_they_were_folded_with(text: str, widths: dict[str, str], tmp_path: Path) -> None:
    found, reasons = read(tmp_path, text + "\n")
    assert len(found) == 1, reasons

    def spelt(form: dict[str, int]) -> str:
        return "+".join(n or str(v) for n, v in sorted(form.items(), reverse=True) if v)

    assert {n: ",".join(map(spelt, e)) for n, e in found[0].extents.items()} == widths


#: name: (the function, what the reason says: in the text's own names)
REFUSED = {
    "a product of loops' variables": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) a[i * j] = 1; }",
        r"\(i \* j\) is not affine",
    ),
    "a width that changes": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) { a[i * n] = 1; n = n - 1; } }",
        "affine|changed|written",
    ),
    "what is read from memory": (
        "void f(int n, double *a, int *p) { for (int i = 0; i < n; i++) a[p[i] * n + i] = 1; }",
        "not affine",
    ),
    "a pointer that moves on": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) { double *p = a + i * n;"
        " for (int j = 0; j < n; j++) *p++ = 1; } }",
        "model|pointer",
    ),
    "a pointer to something else": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) { float *p = (float *)(a + i * n);"
        " for (int j = 0; j < n; j++) p[j] = 1; } }",
        "a pointer is not|plain variable",
    ),
    "a width that is changed on the way": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) { double *p = a + i; a = a + 1;"
        " p[0] = 1; } }",
        "changed|model",
    ),
    "32 bits that may wrap round": (
        "void f(unsigned n, double *a) { for (unsigned i = 0; i < n; i++)"
        " for (unsigned j = 0; j < n; j++) a[i * n + j] = 1; }",
        "not affine|unsigned int",
    ),
    "an unsigned loop that runs down": (
        "void f(unsigned n, double *a) { for (unsigned i = n; i > 0; i--) a[i] = 1; }",
        "runs down",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_cannot_be_taken_apart(name: str, tmp_path: Path) -> None:
    text, says = REFUSED[name]
    found, reasons = read(tmp_path, text + "\n")
    assert all(scop.depth == 1 for scop in found)  # the inner loop by itself may be
    assert re.search(says, " ".join(reasons)), reasons


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#define _GLIBCXX_ASSERTIONS\n" + HEAD + IN_CXX["vectors"][0], "are checked"),
        (HEAD + "void f(std::vector<bool> &c) { for (int i = 0; i < 9; i++) c[i] = 1; }", "model"),
        (
            HEAD + "void f(std::vector<int> &c) { for (int i = 0; i < 9; i++) c.at(i) = 1; }",
            "model",
        ),
    ],
)
def test_containers_that_are_left_alone(text: str, says: str, tmp_path: Path) -> None:
    found, reasons = read(tmp_path, text + "\n", name="t.cpp")
    assert found == []
    assert says in " ".join(reasons)
