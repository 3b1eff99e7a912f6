"""Members of structures and classes in nests, and methods: what is modelled computes the same."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from collectors.base import toolchain
from corr.polyhedral import generate, schedules
from corr.polyhedral.clang_ast import Functions
from corr.polyhedral.extract import regions
from corr.program.model import Run, from_files
from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import output, outputs, read, variants
from tests.support.polyhedral_schedules import rewritten

pytestmark = pytest.mark.slow

MATRIX = (
    "struct matrix { int rows, cols; double *cells; };"
    "struct work { struct matrix a, b, c; double scale; struct matrix *more; };"
)
#: name: (types, the function, main's body)
PROGRAMS = {
    "structures in a structure": (
        MATRIX,
        "void f(struct work *w) { for (int i = 0; i < w->a.rows; i++)"
        " for (int j = 0; j < w->b.cols; j++) { double sum = 0;"
        " for (int k = 0; k < w->a.cols; k++)"
        "  sum += w->a.cells[i * w->a.cols + k] * w->b.cells[k * w->b.cols + j];"
        " w->c.cells[i * w->c.cols + j] = w->scale * sum; } }",
        "double x[42], y[48], z[56]; fill(x, 42); fill(y, 48); fill(z, 56);"
        " struct work w = {{7, 6, x}, {6, 8, y}, {7, 8, z}, 0.5, 0}; f(&w); show(z, 56);"
        " w.c.cols = 5; f(&w); show(z, 56); w.a.rows = 0; w.c.cells = 0; f(&w);",
    ),
    "a structure itself": (
        MATRIX,
        "void f(struct matrix m) { for (int i = 1; i < m.rows; i++) for (int j = 0; j < m.cols; j++)"
        " m.cells[i * m.cols + j] += m.cells[(i - 1) * m.cols + j]; }",
        "double x[63]; fill(x, 63); struct matrix m = {9, 7, x}; f(m); show(x, 63);",
    ),
    "one for all": (
        MATRIX + " struct matrix all;",
        "void f(double by) { for (int i = 0; i < all.rows; i++) for (int j = 0; j < all.cols; j++)"
        " all.cells[i * all.cols + j] *= by; }",
        "double x[63]; fill(x, 63); all.rows = 9; all.cols = 7; all.cells = x; f(3); show(x, 63);",
    ),
    "a pointer in a structure": (
        MATRIX,
        "void f(struct work *w) { for (int i = 0; i < w->more->rows; i++)"
        " for (int j = 0; j < w->more->cols; j++) w->more->cells[i * w->more->cols + j] += i - j; }",
        "double x[63]; fill(x, 63); struct matrix m = {9, 7, x}; struct work w = {.more = &m};"
        " f(&w); show(x, 63);",
    ),
    "arrays in a structure": (
        "struct grid { int n; double now[12][10], next[12][10], edge[10]; };",
        "void f(struct grid *g) { for (int j = 1; j < g->n; j++) for (int i = 1; i < 11; i++)"
        " g->next[i][j] = g->now[i - 1][j] + g->now[i + 1][j] - g->edge[j]; }",
        "static struct grid g = {9}; fill(&g.now[0][0], 120); fill(g.edge, 10); f(&g);"
        " show(&g.next[0][0], 120);",
    ),
    "a bound that is written through a member": (
        "struct s { int n, more[5]; int *a; };",
        "void f(struct s *s) { for (int i = 0; i < s->n; i++) for (int k = 0; k < 2; k++)"
        " s->a[i] = s->a[i] + 1; }",
        'int x[9] = {0}; struct s s = {9, {0}, x}; f(&s); printf("%d %d\\n", x[0], x[8]);'
        ' s.a = &s.n; s.n = 1; f(&s); printf("%d %d %d\\n", s.n, s.more[1], s.more[2]);',
    ),
    "a factor that is written through a member": (
        "struct s { int n; double by, *a; };",
        "void f(struct s *s) { for (int i = 0; i < s->n; i++) for (int k = 0; k < 2; k++)"
        " s->a[i] = s->a[i] + s->by; }",
        "double x[20]; fill(x, 20); struct s s = {20, 2.5, x}; f(&s); show(x, 20);"
        " s.n = 1; s.a = &s.by; f(&s); show(&s.by, 1);",
    ),
    "members that overlap": (
        "struct s { int n; double *a, *b; };",
        "void f(struct s *s) { for (int i = 0; i < s->n; i++) s->a[i] = s->b[i] + 1; }",
        "double x[80]; for (int d = 0; d < 9; d++) { fill(x, 80); struct s s = {60, x + d, x};"
        " f(&s); show(x, 80); fill(x, 80); s.a = x; s.b = x + d; f(&s); show(x, 80); }",
    ),
    "a bit-field": (
        "struct s { int n : 6, by : 3; double *a; };",
        "void f(struct s *s) { for (int i = 0; i < s->n; i++) s->a[i] *= s->by; }",
        "double x[20]; fill(x, 20); struct s s = {20, 3, x}; f(&s); show(x, 20);",
    ),
    "a union's other member": (
        "union u { double d; struct { int low, n; } part; };",
        "void f(union u *u, double *a) { for (int k = 0; k < 2; k++)"
        " for (int i = 0; i < u->part.n; i++) a[i] = 0; }",
        "double x[20]; fill(x, 20); union u u; u.part.n = 9; f(&u, x); show(x, 20);"
        " u.part.n = 1; f(&u, &u.d); show(&u.d, 1);",
    ),
    "a union": (
        "union u { struct { int pad[3], n; double by; } part; double a[12]; };",
        "void f(union u *u) { for (int k = 0; k < 2; k++) for (int i = 0; i < u->part.n; i++)"
        " u->a[i] = 0; }",
        "union u u; fill(u.a, 12); u.part.n = 5; f(&u); show(u.a, 12);",
    ),
    "two variables of one name": (
        "struct s { int n; double *a; };",
        "void f(struct s *s) { for (int i = 0; i < s->n; i++) s->a[i] += 1;"
        " { struct s *t = s; struct s *s = t + 1; for (int i = 0; i < s->n; i++) s->a[i] += 2; } }",
        "double x[20]; fill(x, 20); struct s s[2] = {{9, x}, {7, x + 9}}; f(s); show(x, 20);",
    ),
    "one that was looked at before": (
        "struct s { int n; double *a; };",
        "void f(struct s *s) { int n = s->n; for (int i = 0; i < n; i++) s->a[i] += 1; }",
        "double x[20]; fill(x, 20); struct s s = {9, x}; f(&s); show(x, 20);",
    ),
}


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_same_output(name: str, tmp_path: Path) -> None:
    types, function, main = PROGRAMS[name]
    text = f"{SHOW}{types}\n{function}\n"
    functions = variants(tmp_path, text, 6, seed=11)
    assert len(functions) > 2
    first, *others = outputs(
        tmp_path, SHOW + types + "\n" + functions[0], functions, main, *SANITIZED
    )
    assert first.strip() and all(other == first for other in others)


S = "struct s { int n, few : 3; double sum, *a; volatile int v; double **rows; struct s *next; };"
#: name: (the function, what the reason says)
REFUSED = {
    "a member that is written": (
        "void f(struct s *s) { for (int i = 0; i < s->n; i++) s->sum += s->a[i]; }",
        "s->sum is changed",
    ),
    "a bound that is written": (
        "void f(struct s *s) { for (int i = 0; i < s->n; i++) { s->n = 3; s->a[i] = 1; } }",
        "changed",
    ),
    "a volatile member": (
        "void f(struct s *s) { for (int i = 0; i < s->v; i++) s->a[i] = 1; }",
        "volatile int",
    ),
    "a structure of the loop's own": (
        "void f(struct s *t) { for (int i = 0; i < 9; i++) { struct s *s = t + i;"
        " for (int k = 0; k < s->n; k++) s->a[k] = 1; } }",
        "s",
    ),
    "nobody knows whether it is there": (
        "void f(int n, struct s *s) { for (int i = 0; i < n; i++) s->a[i] = 0; }",
        "whether s->a is there is not known",
    ),
    "it was there, or was not": (
        "void f(int n, struct s *s) { if (s && s->n > 3) n = 3; for (int i = 0; i < n; i++) s->a[i] = 0; }",
        "whether s->a is there is not known",
    ),
    "it was another": (
        "void f(int n, struct s *s) { n += s->n; s = s->next; for (int i = 0; i < n; i++) s->a[i] = 0; }",
        "whether s->a is there is not known",
    ),
    "another case": (
        "void f(int n, struct s *s) { switch (n) { case 3: n += s->n; break; default:"
        " for (int i = 0; i < n; i++) s->a[i] = 0; } }",
        "whether s->a is there is not known|CaseStmt",
    ),
    "a block that was left": (
        "void f(int n, struct s *s) { do { if (n < 1) break; n += s->n; } while (0);"
        " for (int i = 0; i < n; i++) s->a[i] = 0; }",
        "whether s->a is there is not known",
    ),
    "a place to jump to": (
        "void f(int n, struct s *s) { if (n > 3) goto there; n += s->n; there:"
        " for (int i = 0; i < n; i++) s->a[i] = 0; }",
        "whether s->a is there is not known",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(name: str, tmp_path: Path) -> None:
    function, says = REFUSED[name]
    found, reasons = read(tmp_path, f"{S}\n{function}\n")
    whole = [scop for scop in found if name != "a structure of the loop's own"]
    assert whole == [] and re.search(says, " ".join(reasons)), reasons


HEAT = """#include <cstdio>
#include <vector>
struct Base { int n; };
class Heat : Base {
public:
    explicit Heat(int size) : Base{size}, now(n * n), next(n * n) {
        for (int i = 0; i < n * n; i++) now[i] = i * 7919 % 97 / 8.0;
    }
    METHOD
    void print() const { for (double x : next) std::printf("%a ", x); std::puts(""); }
private:
    double by = 0.25;
    std::vector<double> now, next;
    double sums[40];
};
OUTSIDE
int main() { for (int n = 0; n < 30; n += 5) { Heat heat(n); heat.f(0.5, heat); heat.print(); } }
"""
NEST = """void HEREf(double more, const Heat &other) {
    for (int j = 1; j < n - 1; j++)
        for (int i = 1; i < n - 1; i++)
            next[i * n + j] = by * (now[(i - 1) * n + j] + now[i * n + j - 1] + more)
                            + other.now[(i + 1) * n + j];
}"""


@pytest.mark.parametrize("outside", [False, True])
def test_methods_compute_the_same(outside: bool, tmp_path: Path) -> None:
    method = "void f(double more, const Heat &other);" if outside else NEST.replace("HERE", "")
    text = HEAT.replace("METHOD", method)
    text = text.replace("OUTSIDE", NEST.replace("HERE", "Heat::") if outside else "")
    found, reasons = read(tmp_path, text, name="t.cpp")
    assert len(found) == 1, reasons
    start, end = found[0].span
    first = output(tmp_path, text, *SANITIZED, name="run.cpp")
    changed = list(rewritten(found[0], random.Random(3), 4))
    assert len(changed) > 1 and first.strip()
    for new in changed:
        whole = text.encode()[:start].decode() + new + text.encode()[end:].decode()
        assert output(tmp_path, whole, *SANITIZED, name="run.cpp") == first


TWO = """#include <vector>
struct sum { int n; double *a; void f() { for (int i = 0; i < n; i++) a[i] += a[i]; } };
namespace other { struct sum { int n; double *a;
    void f() { for (int i = 1; i < n; i++) a[i] += a[i - 1]; } }; }
void g(sum &x, other::sum &y) { x.f(); y.f(); }
"""


@pytest.mark.parametrize(
    ("part", "found"), [("other::sum::f", 1), ("sum::f", 0), ("nobody::f", 0), ("", 0)]
)
def test_methods_of_one_name_are_told_apart_by_their_classes(
    part: str, found: int, tmp_path: Path
) -> None:
    (tmp_path / "t.cpp").write_text(TWO)
    program = from_files(["t.cpp"], ("-O1",), Run(), tmp_path)
    functions = Functions(program, program.units[0], toolchain.find())
    functions.qualified = {"f": part} if part else {}
    scops, _ = regions(functions, "f")
    assert len(scops) == found and all("i = 1" in scop.text for scop in scops)


GLOBAL = """#include <vector>
namespace other { double assign(double x) { return 2 * x; } }
using other::assign;
static void assign(std::vector<double> &v, double by) {
    for (std::size_t i = 0; i < v.size(); i++) v[i] = CALL; }
void g(std::vector<double> &v) { v.assign(9, 1.0); assign(v, 2); }
"""


@pytest.mark.parametrize(("call", "says"), [("v[i] * by", ""), ("assign(by)", "another function")])
def test_a_function_of_no_class_is_told_from_methods(call: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "t.cpp").write_text(GLOBAL.replace("CALL", call))
    program = from_files(["t.cpp"], ("-O1",), Run(), tmp_path)
    functions = Functions(program, program.units[0], toolchain.find())
    functions.qualified = {"assign": "assign"}
    scops, reasons = regions(functions, "assign")
    assert len(scops) == (not says) and says in " ".join(map(str, reasons))


GENERIC = """template <class T> struct s { int n; T *a;
    void f() { for (int i = 0; i < n; i++) a[i] += 1; } };
void g(s<double> &x, s<int> &y) { x.f(); y.f(); }
"""


def test_methods_of_templates_are_refused(tmp_path: Path) -> None:
    found, reasons = read(tmp_path, GENERIC, name="t.cpp")
    assert found == [] and "type T is not modelled" in reasons[0]


def test_an_object_is_asked_for_as_a_whole(tmp_path: Path) -> None:
    types, function, _ = PROGRAMS["structures in a structure"]
    (scop,), _ = read(tmp_path, f"{types}\n{function}\n")
    code = generate.code(scop, schedules.original(scop))
    assert code.count("p_w_object_from = (unsigned long)w;") == 1 and "itself" not in code
    assert "const int w_a_rows = w->a.rows;" in code and "w_more" not in code


def test_what_types_tell_apart_is_not_asked(tmp_path: Path) -> None:
    text = "int n; double by; void f(double *a) { for (int i = 0; i < n; i++) a[i] *= by; }\n"
    for flags, asked in ((("-O1",), False), (("-O1", "-fno-strict-aliasing"), True)):
        (scop,), _ = read(tmp_path, text, flags=flags)
        code = generate.code(scop, schedules.original(scop))
        assert "p_by_itself_from" in code and ("p_n_itself_from" in code) is asked
