"""What is read from C: every construct whose reordering could go wrong is refused, with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.polyhedral_programs import read

pytestmark = pytest.mark.slow

#: name: (text, what the reason says). Each has one loop, in `f`.
REFUSED = {
    "short iterator": (
        "void f(int n, double *a) { for (short i = 0; i < n; i++) a[i] = 0; }",
        "of type short",
    ),
    "float iterator": (
        "void f(float n, double *a) { for (float i = 0; i < n; i++) a[0] = i; }",
        "of type float",
    ),
    "narrow subscript": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) a[(unsigned char)i] = i; }",
        "may change the number",
    ),
    "double in a bound": (
        "void f(double n, double *a) { for (int i = 0; i < n; i++) a[i] = 0; }",
        "not affine|may change",
    ),
    "condition that ends at once": (
        "void f(int n, double *a) { for (int i = 0; i == n; i++) a[i] = 0; }",
        "become true",
    ),
    "condition that becomes true": (
        "void f(int n, double *a) { for (int i = 0; i < n && i >= 3; i++) a[i] = 0; }",
        "become true",
    ),
    "wrong way": (
        "void f(int n, double *a) { for (int i = 0; i < n; i--) a[i] = 0; }",
        "become true",
    ),
    "not one of two": (
        "void f(int n, double *a) { for (int i = 0; i < n || i < 3; i++) a[i] = 0; }",
        "a choice",
    ),
    "past it": (
        "void f(int n, double *a) { for (int i = 0; 2 * i != n; i++) a[i] = 0; }",
        "a choice",
    ),
    "side effect in the condition": (
        "void f(int n, double *a) { for (int i = 0; i < n--; i++) a[i] = 0; }",
        "not modelled",
    ),
    "step of two": (
        "void f(int n, double *a) { for (int i = 0; i < n; i += 2) a[i] = 0; }",
        "step is not 1",
    ),
    "iterator changed": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) { a[i] = 0; i = i + 1; } }",
        "changed in the loop",
    ),
    "iterator reused within": (
        "void f(int n, double *a) { int i; for (i = 0; i < n; i++) for (i = 0; i < n; i++) a[i] = i; }",
        "changed in the loop",
    ),
    "iterator used after": (
        "int f(int n, double *a) { int i; for (i = 0; i < n; i++) a[i] = 0; return i; }",
        "outside its loops",
    ),
    "iterator's address is known": (
        "void g(int *); void f(int n, int *a) { int i; g(&i); for (i = 0; i < n; i++) a[i] = 0; }",
        "changed by others",
    ),
    "global iterator": (
        "int i; void f(int n, int *a) { for (i = 0; i < n; i++) a[i] = 0; }",
        "changed by others",
    ),
    "bound changed": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) { a[i] = 0; n = n - 1; } }",
        "not affine",
    ),
    "call": (
        "int g(int); void f(int n, int *a) { for (int i = 0; i < n; i++) a[i] = g(i); }",
        "cannot be written out",
    ),
    "call that changes a global": (
        "int m; int g(int i) { m = i; return i; }"
        "void f(int n, int *a) { for (int i = 0; i < n; i++) a[i] = g(i); }",
        "cannot be written out",
    ),
    "call that reads a global": (
        "int m; int g(int i) { return i + m; }"
        "void f(int n, int *a) { for (int i = 0; i < n; i++) a[i] = g(i); }",
        "more than its arguments",
    ),
    "the program's own sqrt": (
        "double calls; double sqrt(double x) { calls++; return x; }"
        "void f(int n, double *a) { for (int i = 0; i < n; i++) a[i] = sqrt(a[i]); }",
        "cannot be written out",
    ),
    "another function of a library's name": (
        "int log(int); void f(int n, int *a) { for (int i = 0; i < n; i++) a[i] = log(i); }",
        "not the C library's",
    ),
    "product that would be contracted": (
        "double g(double x, double y) { return x * y; }"
        "void f(int n, double *a) { for (int i = 0; i < n; i++) "
        " a[i] = a[i] > 0 ? g(a[i], 3.1) + 0.1 : 0; }",
        "contracted",
    ),
    "call through a pointer": (
        "void f(int n, int *a, int (*g)(int)) { for (int i = 0; i < n; i++) a[i] = g(i); }",
        "cannot be written out",
    ),
    "volatile element": (
        "void f(int n, volatile int *a) { for (int i = 0; i < n; i++) a[i] = 0; }",
        "volatile",
    ),
    "volatile bound": (
        "volatile int n; void f(int *a) { for (int i = 0; i < n; i++) a[i] = 0; }",
        "volatile",
    ),
    "volatile by a typedef": (
        "typedef volatile int v; void f(int n, v *a) { for (int i = 0; i < n; i++) a[i] = 0; }",
        "volatile",
    ),
    "atomic": (
        "void f(int n, _Atomic int *a) { for (int i = 0; i < n; i++) a[i] = 0; }",
        "not modelled",
    ),
    "break": (
        "void f(int n, int *a) { for (int i = 0; i < n; i++) { if (a[i]) break; a[i] = 1; } }",
        "BreakStmt",
    ),
    "return": (
        "void f(int n, int *a) { for (int i = 0; i < n; i++) { if (i > 3) return; a[i] = 1; } }",
        "ReturnStmt",
    ),
    "goto": (
        "void f(int n, int *a) { for (int i = 0; i < n; i++) { if (i > 3) goto o; a[i] = 1; } o:; }",
        "GotoStmt",
    ),
    "while": (
        "void f(int n, int *a) { for (int i = 0; i < n; i++) while (a[i]) a[i] = a[i] - 1; }",
        "WhileStmt",
    ),
    "comma": (
        "void f(int n, int *a) { for (int i = 0; i < n; i++) a[i] = (a[0] = 1, 2); }",
        "not modelled",
    ),
    "assignment in an expression": (
        "void f(int n, int *a, int *b) { for (int i = 0; i < n; i++) a[i] = b[i] = 1; }",
        "not modelled",
    ),
    "increment in a subscript": (
        "void f(int n, int *a) { int k = 0; for (int i = 0; i < n; i++) a[k++] = 1; }",
        "not modelled|not affine",
    ),
    "array of pointers": (
        "double *a[9]; void f(int n) { for (int i = 0; i < n; i++) a[i][0] = 0; }",
        "elements are pointers",
    ),
    "member": (
        "struct s { int k; double a[9]; };"
        "void f(int n, struct s *s) { for (int i = 0; i < n; i++) s->a[i] = 0; }",
        "not known before",
    ),
    "cast of an array": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) ((long *)a)[i] = 0; }",
        "not a plain variable",
    ),
    "pointer that moves": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) { a[i] = 0; a = a + 1; } }",
        "changed in the region|not modelled",
    ),
    "extent that changed": (
        "void f(int n, double a[n][n]) { n = n - 1; for (int i = 0; i < n; i++) a[i][0] = 0; }",
        "may have changed",
    ),
    "subscript that always leaves its dimension": (
        "double a[4][4]; void f(void) { for (int i = 0; i < 4; i++) a[0][i + 4] = 0; }",
        "leaves its dimension",
    ),
    "indirect": (
        "void f(int n, int *p, int *a) { for (int i = 0; i < n; i++) a[p[i]] = 0; }",
        "not affine",
    ),
    "product of iterators": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) a[i * i] = 0; }",
        "not affine",
    ),
    "directive": (
        "void f(int n, int *a) {\n for (int i = 0; i < n; i++)\n#if 1\n a[i] = 0;\n#else\n a[i] = 1;\n"
        "#endif\n}",
        "preprocessor",
    ),
    "pragma": (
        'void f(int n, int *a) {\n for (int i = 0; i < n; i++) {\n#pragma GCC warning "x"\n'
        " a[i] = 0;\n } }",
        "preprocessor",
    ),
    "operator _Pragma": (
        'void f(int n, int *a) { for (int i = 0; i < n; i++) { _Pragma("once") a[i] = 0; } }',
        "preprocessor",
    ),
    "static in the loop": (
        "void f(int n, int *a) { for (int i = 0; i < n; i++) { static int s; s = i; a[i] = s; } }",
        "plain variable",
    ),
    "array in the loop": (
        "void f(int n, int *a) { for (int i = 0; i < n; i++) { int s[2]; s[0] = i; a[i] = s[0]; } }",
        "not modelled",
    ),
    "long double": (
        "void f(int n, long double *a) { for (int i = 0; i < n; i++) a[i] = 0; }",
        "long double",
    ),
    "infinite number": (
        "void f(int n, double *a) { for (int i = 0; i < n; i++) a[i] = 1e999; }",
        "not modelled",
    ),
    "coefficient too large": (
        "void f(long n, double *a) { for (long i = 0; i < n; i++) a[i * 99999999999] = 0; }",
        "too large",
    ),
    "statement expression": (
        "int f(int n, int *a) { return ({ for (int i = 0; i < n; i++) a[i] = 0; n; }); }",
        "another function",
    ),
    "comparison of doubles as a bound": (
        "void f(int n, double x, double y, int *a) {"
        " for (int i = 0; i < n && x < y; i++) a[i] = 0; }",
        "of type double",
    ),
    "bound without a value": (
        "void f(int n, int k, int *a) { int m; if (k) m = k;"
        " for (int i = 0; i < n; i++) for (int j = 0; j < m; j++) a[i] = j; }",
        "no value yet",
    ),
    "pointer without a value": (
        "void f(int n, int *b) { int *a; if (b) a = b; for (int i = 0; i < n; i++) a[i] = 0; }",
        "no value yet",
    ),
    "number of the line": (
        "void f(int n, int *a) { for (int i = 0; i < n; i++) { a[i] = __LINE__; } }",
        "preprocessor",
    ),
    "name of the generated code": (
        "void f(int n, int *a, int p_n) { for (int i = 0; i < n; i++) a[i] = p_n; }",
        "name of the program's",
    ),
    "name that is hidden": (
        "void f(int n, int *a, int k) { for (int i = 0; i < n; i++) {"
        " { int k = i; k = k + 1; a[i] = k; } a[i] = a[i] + k; } }",
        "two variables",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(name: str, tmp_path: Path) -> None:
    text, says = REFUSED[name]
    found, reasons = read(tmp_path, text + "\n")
    assert found == []
    assert re.search(says, " ".join(reasons)), reasons
