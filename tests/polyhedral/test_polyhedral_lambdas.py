"""Loops beside lambdas: modelled, with what a lambda may change asked, and kept for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.polyhedral.test_polyhedral_codegen import SANITIZED
from tests.support.polyhedral_programs import check_orders, read

pytestmark = pytest.mark.slow

HEAD = """#include <algorithm>
#include <cstdio>
#include <vector>
static void show(const double *a, int n) { for (int i = 0; i < n; i++) std::printf("%a ", a[i]);
    std::puts(""); }
"""
#: name: (the function, main's body)
PROGRAMS = {
    "one that sorts": (
        "void f(int n, double (*a)[9], std::vector<double> &b) { int asked = 0;"
        " std::sort(b.begin(), b.end(), [&](double x, double y) { asked++; return x > y; });"
        " for (int i = 1; i < n; i++) for (int j = 0; j < n; j++) a[i][j] = a[i - 1][j] + b[j];"
        " b[0] = asked; }",
        "for (int n = 1; n < 10; n += 4) { std::vector<double> b; double a[9][9] = {{1, 2, 3}};"
        " for (int i = 0; i < 9; i++) b.push_back(i * 7 % 9);"
        " f(n, a, b); show(b.data(), 9); show(a[0], 81); }",
    ),
    "one that looks later at what the loop leaves": (
        "double f(int n, double (*a)[9]) { double last = 0; auto at = [&] { return last; };"
        " for (int i = 1; i < n; i++) for (int j = 0; j < n; j++) {"
        " last = a[i - 1][j] * 2; a[i][j] += last; } return at(); }",
        "for (int n = 0; n < 10; n += 3) { double a[9][9] = {{1, 2, 3}, {4, 5}};"
        ' std::printf("%a\\n", f(n, a)); show(a[0], 81); }',
    ),
    "one that sets a bound": (
        "void f(int n, long *a) { long end = 0; auto grown = [&end](int by) { end += by; };"
        " for (int r = 0; r < 3; r++) { grown(n);"
        " for (int i = 1; i < end; i++) for (int j = 0; j < n; j++) a[j] += i * j; } }",
        'for (int n = 0; n < 5; n++) { long a[5] = {1, 2}; f(n, a); std::printf("%ld %ld\\n",'
        " a[n / 2], a[n ? n - 1 : 0]); }",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_output(name: str, tmp_path: Path) -> None:
    function, main = PROGRAMS[name]
    text = f"{HEAD}{function}\nint main() {{ {main} }}\n"
    check_orders(tmp_path, text, 4, 7, SANITIZED)


def test_what_it_changes_is_no_variable_of_its_own(tmp_path: Path) -> None:
    """Its value goes through memory: who has the lambda may change it at any time."""
    text = (
        "double f(int n, double *a) { double s = 0; auto at = [&] { return s; };"
        " for (int i = 0; i < n; i++) { s = a[i]; a[i] = s * s; } return at(); }"
    )
    (scop,), _ = read(tmp_path, text + "\n", name="t.cpp")
    assert any(a.name == "s" and not a.local for a in scop.arrays.values())
