"""Loops whose bounds, bodies or ends come out of macros are read, and only where that is safe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import outputs, read, variants

pytestmark = pytest.mark.slow
ONE = "double x[90]; fill(x, 90); f(40, x); f(1, x); f(0, x); show(x, 90);"
#: name: (what stands before the function, the function, main's body)
PROGRAMS = {
    "PolyBench's seidel-2d, which ends in a macro": (
        "#define N 20\n#define POLYBENCH_LOOP_BOUND(x, y) y\n#define _PB_N POLYBENCH_LOOP_BOUND(N,n)\n"
        "#define _PB_TSTEPS POLYBENCH_LOOP_BOUND(8,tsteps)\n#define DATA_TYPE double\n"
        "#define SCALAR_VAL(x) x\n#define POLYBENCH_2D(var, d1, d2, e1, e2) var[d1 + 0][d2 + 0]\n",
        "void f(int tsteps, int n, DATA_TYPE POLYBENCH_2D(A,N,N,n,n)) {\n  int t, i, j;\n"
        "#pragma scop\n  for (t = 0; t <= _PB_TSTEPS - 1; t++)\n    for (i = 1; i<= _PB_N - 2; i++)\n"
        "      for (j = 1; j <= _PB_N - 2; j++)\n"
        "\tA[i][j] = (A[i-1][j-1] + A[i-1][j] + A[i-1][j+1]\n"
        "\t\t   + A[i][j-1] + A[i][j] + A[i][j+1]\n"
        "\t\t   + A[i+1][j-1] + A[i+1][j] + A[i+1][j+1])/SCALAR_VAL(9.0);\n#pragma endscop\n}",
        "static double a[20][20]; fill(*a, 400); f(3, 20, a); f(1, 5, a); f(0, 20, a); show(*a, 400);",
    ),
    "a whole loop": (
        "#define ALL(a, n) for (int q = 0; q < n; q++) { a[q] += 1.5; }\n",
        "void f(int n, double *a) { ALL(a, n) ALL(a, n - 1) }",
        ONE,
    ),
    "a whole loop without braces": (
        "#define ALL(a, n) for (int q = 0; q < (n); q++) (a)[q] *= 1.5\n",
        "void f(int n, double *a) { ALL(a, n); ALL(a, n - 1) ; }",
        ONE,
    ),
    "the head of a loop": (
        "#define LOOP(i, from, n) for (int i = from; i < n; i++)\n",
        "void f(int n, double *a) { LOOP(i, 1, n) LOOP(j, 0, i + 1) a[i] = a[i] + a[j] / 64; }",
        ONE,
    ),
    "the head of a loop, and what comes before it": (
        "double k;\n#define LOOP(i, n) k = k + 0.25; for (int i = 1; i < n; i++)\n",
        "void f(int n, double *a) { LOOP(i, n) a[i] = a[i] + k; }",
        f"k = 1; {ONE} show(&k, 1);",
    ),
    "the brace at the end": (
        "#define END }\n",
        "void f(int n, double *a) { for (int i = 1; i < n; i++) { a[i] = a[i - 1] + a[i]; END }",
        ONE,
    ),
    "a call in brackets, with brackets in a string beside it": (
        "#define HALF(x, name) ((void)sizeof(name), (x) * 0.5)\n#define QUARTER(x) (x * 0.25)\n",
        "void f(int n, double *a) { for (int i = 1; i < n; i++)"
        " a[i] = a[i - 1] + QUARTER((a[i] /* ) */ + 1)) /* ; */\n; }",
        ONE,
    ),
    "the loop in a macro's brackets": (
        "#define AS_IT_IS(...) __VA_ARGS__\n",
        "void f(int n, double *a) { AS_IT_IS(for (int i = 1; i < n; i++) a[i] += a[i - 1] * 0.5;) }",
        ONE,
    ),
    "the function's name": (
        "#define NAME(x) f##x\n",
        "void NAME()(int n, double *a) { for (int i = 1; i < n; i++) a[i] += a[i - 1] * 0.5; }",
        ONE,
    ),
}


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_the_same_is_computed(name: str, tmp_path: Path) -> None:
    before, function, main = PROGRAMS[name]
    text = f"{SHOW}\n{before}{function}\n"
    functions = variants(tmp_path, text, 8, seed=len(name))
    assert len(functions) > 1, "no order was generated"
    wanted, *others = outputs(tmp_path, text, functions, main, *SANITIZED)
    for function, other in zip(functions[1:], others, strict=True):
        assert other == wanted, function


#: name: (text, what the reason says)
REFUSED = {
    "more statements behind the loop": (
        "void g(void);\n#define ONE 1.0; g()\n"
        "void f(int n, double *a) { for (int i = 0; i < n; i++) a[i] = ONE; }",
        "holds more than it",
    ),
    "a statement before the loop": (
        "void g(void);\n#define LOOP(i, n) g(); for (int i = 0; i < n; i++)\n"
        "void f(int n, double *a) { LOOP(i, n) a[i] = i; }",
        "holds more than it",
    ),
    "a brace that belongs to more": (
        "void g(void);\n#define END } g(); }\n"
        "void f(int n, double *a) { { for (int i = 0; i < n; i++) { a[i] = 1; END }",
        "holds more than it",
    ),
    "two loops of which one is none of ours": (
        "#define TWO(a) for (int i = 0; i < 9; i++) a[i] = 1; for (int i = 0; i < 9; i++) a[a[i]] = 1\n"
        "void f(int n, int *a) { TWO(a); }",
        "holds more than it",
    ),
    "a name that is a macro by then": (
        "void f(int n, int m, int *a) { int x = 3;\n#define n x\n#define x n\n"
        "for (int i = 0; i < m; i++) a[i] = n; }",
        "is a macro as well",
    ),
    "a directive in a macro": (
        '#define HINT _Pragma("clang loop unroll(disable)")\n'
        "void f(int n, int *a) { for (int i = 0; i < n; i++) HINT for (int j = 0; j < 9; j++) a[j] = i; }",
        "directive of the preprocessor",
    ),
    "the line's number in a macro of a macro": (
        "#define HERE __LINE__\n#define THERE (HERE + 1)\n"
        "void f(int n, int *a) { for (int i = 0; i < n; i++) { a[i] = THERE; } }",
        "directive of the preprocessor",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(name: str, tmp_path: Path) -> None:
    text, says = REFUSED[name]
    found, reasons = read(tmp_path, text + "\n")
    assert all("for" not in scop.text for scop in found), [scop.text for scop in found]
    assert re.search(says, " ".join(reasons)), reasons


def test_generated_names_are_no_macros_of_a_header(tmp_path: Path) -> None:
    (tmp_path / "h.h").write_text("#define c0 0.5\n#define v1(x) x\n")
    loop = "for (int i = 0; i < n; i++) a[i] = a[i] * 2;"
    (scop,), _ = read(tmp_path, f'#include "h.h"\nvoid f(int n, double *a) {{ {loop} }}\n')
    assert scop.mark == "_"


SIZED = """
#ifndef N
#define N 40
#endif
#define M (N)
#define LESS 3
void f(double a[N][N], double *b) {
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N - LESS; j++) b[i] = b[i] + a[j][i] / N;
}
"""
ALL_OF_IT = "static double a[N][N], b[N]; fill(*a, N * N); fill(b, N); f(a, b); show(b, N);"


@pytest.mark.parametrize("more", [(), ("-DN=7",), ("-DN=41",)])
def test_what_a_size_is_made_into_numbers_for_holds_for_others(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    """A build of another size, as of PolyBench's data sets, runs the region as it was written."""
    text = f"{SHOW}\n{SIZED}"
    functions = variants(tmp_path, text, 8, seed=3)
    assert len(functions) > 1 and all("(N) == 40" in one for one in functions[1:])
    wanted, *others = outputs(tmp_path, text, functions, ALL_OF_IT, *SANITIZED, *more)
    assert set(others) == {wanted}


#: name: the loops' lines, which run to the macros N and STEPS by themselves
BY_NAME = {
    "a time loop": "for (int t = 1; t <= STEPS; t++)\n  for (int i = 1; i < N - 1; i++)"
    " { b[i] = (a[0][i - 1] + a[0][i + 1]) / N; a[0][i] = b[i]; }",
    "the sizes of all arrays": "for (int i = 0; i < N; i++)\n  for (int j = 0; j < N; j++)"
    " b[i] += a[j][i] * 0.5;",
    "casts, and less than a size": "for (long i = 0; i < (long)N; i++)\n"
    "  for (unsigned j = 1; j < N - 1u; j++) b[i] += a[i][j + 1] * STEPS;",
}


@pytest.mark.parametrize("name", list(BY_NAME))
@pytest.mark.parametrize("size", [40, 7, 41, 2])
def test_loops_that_run_to_macros_hold_in_builds_of_other_sizes(
    name: str, size: int, tmp_path: Path
) -> None:
    given = "#ifndef N\n#define N 40\n#define STEPS 3\n#endif\n"
    text = f"{SHOW}\n{given}void f(double a[N][N], double *b) {{\n{BY_NAME[name]}\n}}\n"
    functions = variants(tmp_path, text, 8, seed=7, sizes_by_name=True)
    assert len(functions) > 1 and not any("== 40" in one for one in functions)
    other = (f"-DN={size}", f"-DSTEPS={size // 3}")
    wanted, *others = outputs(tmp_path, text, functions, ALL_OF_IT, *SANITIZED, *other)
    assert set(others) == {wanted}


def test_a_macro_that_is_made_of_others_stays_a_number(tmp_path: Path) -> None:
    loops = "for (int i = 0; i < N; i++) for (int j = 0; j < M; j++) a[i][j] = a[j][i] + 1;"
    text = f"#define N 40\n#define M (N - 1)\nvoid f(double a[N][N]) {{ {loops} }}\n"
    (scop,), _ = read(tmp_path, text, sizes_by_name=True)
    assert scop.numbers == {"N": 40}


#: Loops up to variables: the macros are extents only. name: (declarations, the function's head)
EXTENTS = {
    "PolyBench's": ("", "double a[N][N], double b[N]"),
    "with more for each row": (
        "#define PADDING 0\n",
        "double a[N + PADDING][N + PADDING], double *b",
    ),
    "of another macro": ("#define WIDTH N\n", "double a[2][WIDTH], double *b"),
}
EXTENT_BODY = """
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) b[i] = b[i] + a[j][i] * 0.5;
"""
OF_N = "static double a[N][N], b[N]; fill(*a, N * N); fill(b, N); f(N, a, b); f(N - 3, a, b); show(b, N);"


@pytest.mark.parametrize("name", list(EXTENTS))
@pytest.mark.parametrize("size", [40, 7, 41])
def test_sizes_that_are_only_extents_may_be_others(name: str, size: int, tmp_path: Path) -> None:
    before, head = EXTENTS[name]
    sized = f"#ifndef N\n#define N 40\n#endif\n{before}void f(int n, {head}) {{{EXTENT_BODY}}}\n"
    text = f"{SHOW}\n{sized}"
    functions = variants(tmp_path, text, 6, seed=5)
    assert len(functions) > 1
    for one in functions[1:]:
        assert "== 40" not in one and "sizeof a[0] == (N) * sizeof a[0][0]" in one, one
    wanted, *others = outputs(tmp_path, text, functions, OF_N, *SANITIZED, f"-DN={size}")
    assert set(others) == {wanted}


#: name: (text, what is asked of N)
HELD = {
    "a literal of the same number": (
        "#define N 40\nvoid f(int n, double a[N][N]) {"
        " for (int i = 0; i < n; i++) for (int j = 0; j < N; j++) a[i][j] = a[i][j] * 2; }",
        True,
    ),
    "a number made by pasting": (
        "#define N 40\n#define _TWICE(x) x ## 0\n#define TWICE(x) _TWICE(x)\n"
        "void f(int n, double a[N][N]) { for (int i = 0; i < n; i++) a[i][1] = TWICE(N); }",
        True,
    ),
    "a macro that is in no number": (
        "#define N 40\n#define UP_TO(a, b) b\nvoid f(int n, double a[N][N]) {"
        " for (int i = 0; i < UP_TO(N, n); i++) for (int j = 0; j < i; j++) a[i][j] = a[j][i]; }",
        False,
    ),
}


@pytest.mark.parametrize("name", list(HELD))
def test_a_number_of_the_model_is_asked_for(name: str, tmp_path: Path) -> None:
    text, asked = HELD[name]
    (scop,), _ = read(tmp_path, text + "\n")
    assert ("N" in scop.numbers) == asked


def test_an_extent_of_two_macros_of_one_number_stays_a_number(tmp_path: Path) -> None:
    loops = "for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) a[i][j] = a[j][i] + 1;"
    (scop,), _ = read(
        tmp_path, f"#define N 40\n#define M 40\nvoid f(int n, double a[N][M]) {{ {loops} }}\n"
    )
    assert scop.extents["a"] == ({"": 40},) and not scop.sized


def test_several_conditions_on_sizes_are_one(tmp_path: Path) -> None:
    """What matters only where loops do not run is asked for all the same, if that reads better."""
    loops = "\n".join(
        f"for (int i = 0; i < {n}; i++) for (int j = 0; j < {m}; j++) {a}[i][j] = {a}[i][j] * 2;"
        for a, n, m in (("a", "n", "m"), ("b", "m", "n"))
    )
    (scop,), _ = read(
        tmp_path, f"void f(int n, int m, double a[9][7], double b[9][8]) {{ {loops} }}\n"
    )
    assert scop.assumption is not None and scop.assumption.n_basic_set() == 1
    assert str(scop.assumption) == "[p_m, p_n] -> {  : p_m <= 7 and p_n <= 8 }"
