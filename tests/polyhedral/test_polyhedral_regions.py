"""Which functions, and which part of one, are taken: C++, flags, scopes, what is wanted after."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.polyhedral_programs import read, region

pytestmark = pytest.mark.slow

LOOP = "for (int i = 0; i < n; i++) a[i] = a[i] + 1;"
#: name: (text of a C++ program, what the reason says)
REFUSED_CXX = {
    "overloads": (
        f"void f(int n, double *a) {{ {LOOP} }} void f(int n, float *a) {{ {LOOP} }}",
        "or several",
    ),
    "namespaces": (
        f"namespace x {{ void f(int n, int *a) {{ {LOOP} }} }} void f(int n, int *a) {{ {LOOP} }}",
        "or several",
    ),
    "template": (
        f"template <class T> void f(int n, T *a) {{ {LOOP} }} template void f<int>(int, int *);"
        "template void f<long>(int, long *);",
        "no definition",
    ),
    "method beside a function": (
        f"struct s {{ void f(int n, int *a) {{ {LOOP} }} }}; void f(int n, int *a) {{ {LOOP} }}",
        "or several",
    ),
    "reference to a bound": (f"void f(int &n, int *a) {{ {LOOP} }}", "reference"),
    "reference to an array": (f"void f(int n, int (&a)[9]) {{ {LOOP} }}", "reference"),
    "lambda in the loop": (
        "void f(int n, int *a) { for (int i = 0; i < n; i++) { auto g = [&] { n = 3; }; g(); } }",
        "another function",
    ),
    "loop in a lambda": (
        f"void f(int n, int *a) {{ auto g = [&] {{ {LOOP} }}; g(); }}",
        "another function",
    ),
    "variable of the loop that a lambda has": (
        "void f(int n, int *a) { int i; auto g = [&] { return i; };"
        " for (i = 0; i < n; i++) a[i] = i; a[0] = g(); }",
        "changed by others",
    ),
    "operators": (
        "struct s { int v; s operator+(int k) const; }; "
        "void f(int n, s *a) { for (int i = 0; i < n; i++) a[i] = a[i] + 1; }",
        "copies of s are not modelled",
    ),
    "overloads of the library": (
        "#include <cmath>\n"
        "void f(int n, double *a) { for (int i = 0; i < n; i++) a[i] = std::exp(a[i]); }",
        "cannot be written out",
    ),
    "by range": (
        "void f(int (&b)[9], int *a) { for (int &x : b) x = 1; for (int i = 0; i < 9; i++) b[i] = 1; }",
        "reference",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED_CXX))
def test_refused_in_cxx(name: str, tmp_path: Path) -> None:
    text, says = REFUSED_CXX[name]
    found, reasons = read(tmp_path, text + "\n", name="t.cpp")
    assert found == []
    assert re.search(says, " ".join(reasons)), reasons


@pytest.mark.parametrize(
    "flag", ["-fwrapv", "-m32", "-fno-strict-overflow", "--target=i686-linux-gnu"]
)
def test_refused_under_flags_of_another_language(flag: str, tmp_path: Path) -> None:
    found, reasons = read(tmp_path, f"void f(int n, int *a) {{ {LOOP} }}\n", flags=("-O1", flag))
    assert found == []
    assert flag.split("=")[0] in reasons[0]


def test_only_the_function_itself_is_read(tmp_path: Path) -> None:
    """clang's filter matches parts of names."""
    text = f"void off(int n, int *a) {{ {LOOP} {LOOP} }} void f(int n, int *a) {{ {LOOP} }}\n"
    scop = region(tmp_path, text)
    assert scop.function == "f"
    assert text[slice(*scop.span)] == LOOP
    assert len(scop.statements) == 1


def test_a_function_of_another_file_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "h.h").write_text(f"static void f(int n, int *a) {{ {LOOP} }}\n")
    found, reasons = read(tmp_path, '#include "h.h"\nvoid (*keep)(int, int *) = f;\n')
    assert found == []
    assert "own file" in reasons[0]


def test_what_is_declared_in_the_region_and_used_after_ends_it(tmp_path: Path) -> None:
    scop = region(
        tmp_path, f"int f(int n, int *a) {{ int s = n + 1; {LOOP} int t = a[0]; return s + t; }}\n"
    )
    assert scop.text == LOOP


def test_a_scalar_of_an_earlier_iteration_is_wanted_after(tmp_path: Path) -> None:
    text = (
        "void f(int n, int *a) { int t = 0; again: a[0] = t;"
        " for (int i = 0; i < n; i++) { t = a[i]; a[i] = t + 1; } if (a[1] < 9) goto again; }\n"
    )
    assert region(tmp_path, text).arrays["t"].outside


def test_alternatives_are_not_one_after_another(tmp_path: Path) -> None:
    found, _ = read(
        tmp_path, f"void f(int n, int *a) {{ if (a[0]) {LOOP} else {{ {LOOP} {LOOP} }} }}\n"
    )
    assert [len(scop.statements) for scop in found] == [1, 2]


def test_a_loop_with_an_attribute_is_left(tmp_path: Path) -> None:
    text = (
        "void f(int n, int *a) {\n#pragma clang loop unroll_count(2)\n"
        f"for (int k = 0; k < n; k++) {{ {LOOP} }} }}\n"
    )
    assert region(tmp_path, text).text == LOOP


def test_an_access_outside_is_a_condition_on_the_parameters(tmp_path: Path) -> None:
    text = "void f(int n, int m, int a[n][n]) { for (int i = 0; i < n; i++) a[i][m] = 0; }\n"
    scop = region(tmp_path, text)
    assert scop.assumption is not None
    assert not scop.assumption.plain_is_universe()
    text = "void f(int n, int a[n][n]) { for (int i = 0; i < n; i++) a[i][n - 1 - i] = 0; }\n"
    assert region(tmp_path, text).assumption is None


def test_a_bound_that_is_set_before_or_by_a_loop_round_it_has_a_value(tmp_path: Path) -> None:
    text = (
        "void f(int n, int *a) { int m, k; m = n / 2; while (a[0]) for (int i = 0; i < m; i++)"
        " a[i] = a[i] - 1; for (k = 0; k < n; k++) { if (a[k]) break;"
        " for (int i = 0; i < k; i++) a[i] = 1; } }\n"
    )
    assert len(read(tmp_path, text)[0]) == 2
