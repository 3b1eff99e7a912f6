"""Strings and numerical arrays of C++ in nests: their elements lie one after another, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.polyhedral.test_polyhedral_codegen import SANITIZED
from tests.support.polyhedral_programs import check_orders, read

pytestmark = pytest.mark.slow

HEAD = """#include <cstdio>
#include <string>
#include <valarray>
#include <vector>
typedef std::vector<std::valarray<double>> matrix;
static matrix made(int n) { matrix a(n, std::valarray<double>(n));
    for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) a[i][j] = (i * 31 + j * 17) % 19 / 8.0;
    return a; }
static void show(const matrix &a) { for (auto &row : a) for (double x : row) std::printf("%a ", x);
    std::puts(""); }
"""
#: name: (the function, main's body)
PROGRAMS = {
    "two strings that are compared": (
        "void f(const std::string &a, std::string b, std::vector<std::vector<int>> &t) {"
        " for (unsigned i = 1; i <= a.length(); i++) for (unsigned j = 1; j <= b.size(); j++)"
        " { if (a[i - 1] == b[j - 1]) t[i][j] = t[i - 1][j - 1] + 1; else"
        " t[i][j] = t[i - 1][j] > t[i][j - 1] ? t[i - 1][j] : t[i][j - 1]; } }",
        "for (int n = 0; n < 40; n += n < 2 ? 1 : 18) { std::string a(n, 0), b(n / 2 + 1, 0);"
        ' for (int i = 0; i < n; i++) a[i] = "ACGT"[i * 7 % 11 % 4], b[i / 2] = "ACGT"[i % 3];'
        " std::vector<std::vector<int>> t(n + 1, std::vector<int>(b.size() + 1)); f(a, b, t);"
        ' for (auto &r : t) for (int x : r) std::printf("%d ", x); std::puts(""); }',
    ),
    "a string that is written": (
        "void f(int n, std::string &s, const std::string &from, std::vector<int> &v) {"
        " for (int r = 1; r < n; r++) for (int i = 1; i < n; i++)"
        " { s[i] = from[i - 1] ^ 1; v[i] += s[i] * r; } }",
        "for (int n = 0; n < 60; n += n < 2 ? 1 : 10) {"
        " std::string s(n, 'a'), t(n, 'b'); std::vector<int> v(n);"
        " for (int i = 0; i < n; i++) s[i] += i % 20; f(n, s, t, v); f(n, s, s, v); f(n, t, s, v);"
        ' std::printf("%s %s", s.c_str(), t.c_str()); for (int x : v) std::printf("%d ", x); }',
    ),
    "a numerical array": (
        "void f(int n, std::valarray<double> &a, const std::valarray<double> &b) {"
        " for (int r = 0; r < 3; r++) for (int i = 1; i < n; i++) a[i] = a[i] * b[i - 1] + b[i]; }",
        "for (int n = 0; n < 60; n += n < 2 ? 1 : 10) { std::valarray<double> a(n), b(n);"
        " for (int i = 0; i < n; i++) { a[i] = i; b[i] = 1.0 / (i + 1); }"
        ' f(n, a, b); f(n, a, a); for (double x : a) std::printf("%a ", x); std::puts(""); }',
    ),
    "numerical arrays in a vector": (
        "void f(int n, const matrix &a, const matrix &b, matrix &c) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) for (int k = 0; k < n; k++) c[i][j] += a[i][k] * b[k][j]; }",
        "for (int n = 0; n < 20; n += n < 2 ? 1 : 8) { matrix a = made(n), b = made(n), c = a;"
        " f(n, a, b, c); show(c); f(n, c, b, c); show(c); }",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_output(name: str, tmp_path: Path) -> None:
    function, main = PROGRAMS[name]
    text = f"{HEAD}{function}\nint main() {{ {main} }}\n"
    check_orders(tmp_path, text, 4, 7, SANITIZED, ("-O1", "-std=c++14"))


def test_a_string_that_grows_is_no_array(tmp_path: Path) -> None:
    text = f"{HEAD}void f(int n, std::string &s) {{ for (int i = 0; i < n; i++) s += s[i]; }}\n"
    found, reasons = read(tmp_path, text, name="t.cpp")
    assert not found and reasons
