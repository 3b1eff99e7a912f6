"""Templates of functions: modelled as their only instance is, and asked whether it is that one."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.optimize import gate
from corr.polyhedral import generate, schedules
from tests.polyhedral.test_polyhedral_codegen import SANITIZED
from tests.support.polyhedral_programs import check_orders, output, read

pytestmark = pytest.mark.slow

HEAD = """#include <cstdio>
#include <vector>
"""
_PRODUCT = "for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) for (int k = 0; k < n; k++)"
_SHOW = ' for (double x : c) std::printf("%a ", x); std::puts("");'
_ROWS = (
    " std::vector<std::vector<double>> a(n, std::vector<double>(n, 1.5)), b = a, c = a;"
    " for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) a[i][j] = i * 7 % 5 - j, b[j][i] = i + j;"
)
#: name: (the function, main's body)
PROGRAMS = {
    "of a type": (
        "template <typename T> void f(int n, const T *a, const T *b, T *c) {"
        f" {_PRODUCT} c[i * n + j] += a[i * n + k] * b[k * n + j]; }}",
        "for (int n = 0; n < 10; n += 3) { std::vector<double> a(n * n, 1.5), b = a, c = b;"
        " for (int i = 0; i < n * n; i++) a[i] = i * 7 % 5, b[i] = i - 3;"
        f" f(n, a.data(), b.data(), c.data());{_SHOW} f(n, c.data(), b.data(), c.data());{_SHOW} }}",
    ),
    "of a type and a number": (
        "template <int N, class T> void f(T (*a)[N]) { for (int i = 1; i < N; i++)"
        " for (int j = 0; j < N; j++) a[i][j] += a[i - 1][j] * 2 + N; }",
        "long a[7][7]; for (int i = 0; i < 49; i++) a[i / 7][i % 7] = i * 5 % 11;"
        ' f(a); std::printf("%ld %ld\\n", a[6][0], a[6][6]);',
    ),
    "one that a nest calls, of several": (
        "template <typename T> static T part(T x, T by) { return x < by ? x : by + 1; }"
        "template <int N> static int shifted(int x) { return x + N; }"
        "void f(int n, double (*a)[9], int *b) { for (int i = 1; i < n; i++)"
        " for (int j = 0; j < n; j++) { a[i][j] = part(a[i - 1][j] * 0.5, 3.0) + shifted<3>(j);"
        " b[j] = part(b[j], i) + shifted<3>(i); } }",
        "for (int n = 0; n < 10; n += 3) { double a[9][9] = {{9, 1, 7, 3}}; int b[9] = {5, 3};"
        ' f(n, a, b); for (int i = 0; i < 81; i++) std::printf("%a %d ", a[i / 9][i % 9], b[i % 9]); }',
    ),
    "of what a vector holds": (
        "template <typename T> using rows = std::vector<std::vector<T>>;"
        "template <typename T> static void f(int n, const rows<T> &a, const rows<T> &b, rows<T> &c) {"
        f" {_PRODUCT} c[i][j] += a[i][k] * b[k][j]; }}",
        f"for (int n = 0; n < 10; n += 3) {{{_ROWS} f(n, a, b, c);"
        ' for (auto &r : c) for (double x : r) std::printf("%a ", x); std::puts(""); }',
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_output(name: str, tmp_path: Path) -> None:
    function, main = PROGRAMS[name]
    text = f"{HEAD}{function}\nint main() {{ {main} }}\n"
    check_orders(tmp_path, text, 4, 7, SANITIZED)


def test_another_instance_runs_as_it_was_written(tmp_path: Path) -> None:
    """It may come later, or in a file that has this one in it."""
    function, main = PROGRAMS["of a type"]
    text = f"{HEAD}{function}\nint main() {{ {main} MORE }}\n"
    more = (
        "float x[4] = {1, 2, 3, 4}, y[4] = {2, 3, 4, 5}, z[4] = {0.5};"
        ' f(2, x, y, z); std::printf("%a %a %a %a\\n", z[0], z[1], z[2], z[3]);'
    )
    (scop,), _ = read(tmp_path, text.replace("MORE", ""), name="t.cpp")
    assert scop.instance == ("__is_same(T, double)",)
    new = generate.code(scop, schedules.original(scop))
    start, end = scop.span
    once = text.replace("MORE", "")
    assert gate.source(once, once[:start] + new + once[end:], "t.cpp") == []
    both = text.replace("MORE", more)
    changed = both[:start] + new + both[end:]
    assert output(tmp_path, changed, *SANITIZED, name="r.cpp") == output(
        tmp_path, both, *SANITIZED, name="r.cpp"
    )


@pytest.mark.parametrize("body", [";", "{ return x - 1; }"])
def test_a_call_that_may_be_of_another_function_is_not_written_out(
    body: str, tmp_path: Path
) -> None:
    text = (
        f"template <class T> T part(T x) {{ return x * 2; }} int part(int x) {body}"
        " int other = part<int>(3); void f(int n, int *a) { for (int i = 0; i < n; i++) a[i] = part(a[i]); }\n"
    )
    found, reasons = read(tmp_path, text, name="t.cpp")
    assert not found and "cannot be written out" in reasons[0]


@pytest.mark.parametrize(
    "text",
    [
        "template <class T> void f(int n, T *a) { LOOP }"
        " template void f(int, int *); template void f(int, long *);",
        "template <class T> void f(int n, T *a) { LOOP } template <> void f(int n, char *a) { }"
        " template void f(int, int *);",
        "template <class T> void f(int n, T *a) { LOOP }",
        "template <class T, class... M> void f(int n, T *a, M...) { LOOP }"
        " void g(int *a) { f(3, a, 1, 2); }",
        "template <class> void f(int n, int *a) { LOOP } void g(int *a) { f<int>(3, a); }",
        "template <class T> void f(int n, T *a) { LOOP } void f(int n, int *a) { LOOP }"
        " void g(long *a) { f(3, a); }",
    ],
)
def test_refused(text: str, tmp_path: Path) -> None:
    text = text.replace("LOOP", "for (int i = 0; i < n; i++) a[i] = 1;")
    found, reasons = read(tmp_path, text + "\n", name="t.cpp")
    assert not found and "or several" in reasons[0]
