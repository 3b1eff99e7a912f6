"""Functions of the library in C++: which of the overloads is called, and whether it is the library's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.polyhedral.test_polyhedral_codegen import SANITIZED
from tests.support.polyhedral_programs import check_orders, read

pytestmark = pytest.mark.slow

CALLS = {
    "of double": ("double", "std::sqrt(a[j] + 1) + std::abs(a[i] - 2) + std::fabs(a[i])"),
    "of float": ("float", "std::sqrt(a[j] + 1) + std::abs(a[i] - 2) + std::floor(a[i])"),
    "of whole numbers": ("int", "(int)std::sqrt(a[j] + 20)"),
    "in C's way": ("double", "sqrt(a[j] + 1) + fabs(a[i] - 2) + ceil(a[i])"),
}
REFUSED = {
    "one's own, elsewhere": (
        "namespace own { double sqrt(double); }",
        "double",
        "own::sqrt(a[j])",
    ),
    "one's own, here": (
        "namespace own { double sqrt(double x) { static int n; return x + n++; } }",
        "double",
        "own::sqrt(a[j])",
    ),
    "of something else": (
        "struct N { double x; }; double sqrt(N n); N made(double);",
        "double",
        "sqrt(made(a[j]))",
    ),
}


def text(head: str, kind: str, call: str) -> str:
    return (
        f"#include <cmath>\n#include <cstdio>\n{head}\nvoid f({kind} *a, {kind} *b, int n) {{"
        f" for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) b[i] += {call}; }}\n"
    )


@pytest.mark.parametrize("name", CALLS)
def test_what_the_library_computes_is_computed(name: str, tmp_path: Path) -> None:
    kind, call = CALLS[name]
    whole = text("", kind, call) + (
        f"int main() {{ {kind} a[19], b[19] = {{}}; for (int i = 0; i < 19; i++) a[i] = i * 0.7;"
        ' f(a, b, 19); for (auto x : b) printf("%.17g ", (double)x); }\n'
    )
    check_orders(tmp_path, whole, 6, 3, SANITIZED)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_the_librarys_is_refused(name: str, tmp_path: Path) -> None:
    found, reasons = read(tmp_path, text(*REFUSED[name]), name="t.cpp")
    assert found == [] and reasons
