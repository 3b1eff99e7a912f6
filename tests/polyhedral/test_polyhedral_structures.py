"""Arrays of structures in nests: what is modelled computes the same, what cannot be is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.polyhedral import generate, schedules
from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import check_orders, outputs, read, region, variants
from tests.support.thirds import a_third

pytestmark = pytest.mark.slow

BODY = """
struct vec { double x, y, z; };
struct body { struct vec pos, v; double mass; int id; };
static void place(struct body *b, int n) {
  for (int i = 0; i < n; i++)
    b[i] = (struct body){{i * 0.37, i % 7 * 0.5, 3 - i % 5}, {0.1 * i, i % 3, 1}, 1 + i % 4, i};
}
static void print(struct body *b, int n) {
  for (int i = 0; i < n; i++)
    printf("%.17g %.17g %.17g %.17g %.17g %d ",
           b[i].pos.x, b[i].pos.y, b[i].v.x, b[i].v.y, b[i].v.z, b[i].id);
}
"""
MOVED = "struct body b[29]; place(b, 29); f(b, 29, 0.01); print(b, 29); f(b, 3, 1); f(b, 0, 1);"
COMPLEX = "struct c { double re, im; }; struct n { struct c a; double z; };"
#: name: (types, the function, main's body)
PROGRAMS = {
    "gravity": (
        BODY + "#include <math.h>\n",
        "void f(struct body *b, int n, double dt) { for (int i = 0; i < n; i++) {"
        " double ax = 0, ay = 0; for (int j = 0; j < n; j++) {"
        "  double dx = b[j].pos.x - b[i].pos.x, dy = b[j].pos.y - b[i].pos.y;"
        "  double r2 = dx * dx + dy * dy + 0.01, by = b[j].mass / (r2 * sqrt(r2));"
        "  ax += dx * by; ay += dy * by; }"
        " b[i].v.x += dt * ax; b[i].v.y += dt * ay; }"
        " for (int i = 0; i < n; i++) { b[i].pos.x += dt * b[i].v.x; b[i].pos.y += b[i].v.y; } }",
        MOVED + " print(b, 29);",
    ),
    "pointers to elements": (
        BODY,
        "void f(struct body *b, int n, double dt) { for (int i = 0; i < n; i++) {"
        " struct body *one = &b[i]; for (int j = 0; j < n; j++) {"
        "  const struct body *other = b + j; double dx = one->pos.x - other->pos.x;"
        "  one->v.x -= dt * dx * other->mass; one->v.y -= (*other).pos.y; } } }",
        MOVED + " print(b, 29);",
    ),
    "arrays in elements": (
        "struct p { float v[3]; int tag; };",
        "void f(struct p *p, const struct p *q, int n) { for (int i = 0; i < n; i++)"
        " for (int k = 0; k < 3; k++) for (int j = 0; j < n; j++) p[i].v[k] += q[j].v[k] * 0.5f; }",
        "struct p p[17], q[17]; for (int i = 0; i < 17; i++) for (int k = 0; k < 3; k++) {"
        " p[i].v[k] = i - k; q[i].v[k] = i * k; } f(p, q, 17); f(p, p + 3, 9); f(p, p, 4);"
        ' for (int i = 0; i < 17; i++) printf("%g %g %g ", p[i].v[0], p[i].v[1], p[i].v[2]);',
    ),
    "complex numbers": (
        "struct c { double re, im; };",
        "void f(struct c *a, struct c *b, struct c *out, int n) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) { double re = 0, im = 0; for (int k = 0; k < n; k++) {"
        "  re += a[i * n + k].re * b[k * n + j].re - a[i * n + k].im * b[k * n + j].im;"
        "  im += a[i * n + k].re * b[k * n + j].im + a[i * n + k].im * b[k * n + j].re; }"
        " out[i * n + j].re = re; out[i * n + j].im = im; } }",
        "struct c a[169], b[169], o[169]; for (int i = 0; i < 169; i++) {"
        " a[i] = (struct c){i % 7, i % 3}; b[i] = (struct c){i % 5, 1 - i % 2}; }"
        " f(a, b, o, 13); show(&o->re, 338); f(a, b, a, 13); show(&a->re, 338);",
    ),
    "a grid": (
        "struct c { float u, v; }; struct c grid[40][50], next[40][50];",
        "void f(int n, int m) { for (int i = 1; i < n - 1; i++) for (int j = 1; j < m - 1; j++) {"
        " next[i][j].u = grid[i - 1][j].u + grid[i + 1][j].u + grid[i][j - 1].v;"
        " next[i][j].v = grid[i][j].u * 0.25f; } }",
        "for (int i = 0; i < 40; i++) for (int j = 0; j < 50; j++) {"
        " grid[i][j].u = (i * j) % 17; grid[i][j].v = i + j % 5; } f(40, 50); f(3, 2);"
        ' for (int i = 0; i < 40; i++) printf("%g %g ", next[i][i].u, next[i][i + 2].v);',
    ),
    "overlapping arrays": (
        "struct s { double a, b; };",
        "void f(struct s *s, struct s *t, int n) { for (int i = 0; i < n; i++)"
        " for (int k = 0; k < 2; k++) s[i].a += t[i].b + k; }",
        "struct s x[40]; for (int d = -9; d < 9; d++) { for (int i = 0; i < 40; i++)"
        " x[i] = (struct s){i, 2 * i}; f(x + 10 + d, x + 10, 20); show(&x->a, 80);"
        " f((struct s *)((double *)x + 11 + d), x + 5, 14); show(&x->a, 80); }",
    ),
    "functions of elements": (
        BODY + "static double far(const struct body *a, const struct body *b) {"
        " double dx = a->pos.x - b->pos.x; return dx < 0 ? -dx : dx; }"
        " static double most(struct vec v) { return v.x > v.y ? v.x : v.y; }",
        "void f(struct body *b, int n, double dt) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) {"
        "  b[i].v.x += far(&b[i], &b[j]); b[i].v.y += most(b[j].pos); } }",
        MOVED + " print(b, 29);",
    ),
    "structures of the loops' own": (
        COMPLEX,
        "void f(struct c *a, struct c *b, struct c *out, int n) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) { struct c s = {0, 0}; for (int k = 0; k < n; k++) {"
        "  struct c x = a[i * n + k]; s.re += x.re * b[k * n + j].re - x.im * b[k * n + j].im;"
        "  s.im += x.re * b[k * n + j].im + x.im * b[k * n + j].re; } out[i * n + j] = s; } }",
        "struct c a[169], b[169], o[169]; for (int i = 0; i < 169; i++) {"
        " a[i] = (struct c){i % 7, i % 3}; b[i] = (struct c){i % 5, 1 - i % 2}; }"
        " f(a, b, o, 13); show(&o->re, 338); f(a, b, a, 13); show(&a->re, 338);",
    ),
    "whole structures": (
        COMPLEX,
        "void f(struct c *c, struct n *q, int n) { for (int i = 0; i < n; i++)"
        " for (int k = 0; k < 3; k++) { struct c s = {0, 0}, t, u = c[i]; struct n w = {.z = 3};"
        "  s.re += 1 + u.im; t = s; c[i] = t; q[i].a = u; w.a = t; q[i + 2] = w;"
        "  c[i] = (struct c){s.im + c[i + 1].re, 2 + c[i].im}; q[i + 2].z += q[i].a.re;"
        "  { struct c s = c[i]; s.re *= 2; c[i] = s; } c[i].im += s.re; } }",
        "struct c c[20]; struct n q[20]; for (int i = 0; i < 20; i++) { c[i] = (struct c){i, 2 * i};"
        " q[i] = (struct n){{i, 3}, i}; } f(c, q, 17); show(&c->re, 40); show(&q->a.re, 60);",
    ),
    "a name in another name": (
        "struct node { double x, y; }; struct supernode { double a, y; };"
        " typedef struct { double x, z; } renode;",
        "void f(struct node *p, struct supernode *q, renode *r, int n) {"
        " for (int i = 0; i < n; i++) for (int k = 0; k < 3; k++) {"
        "  struct node b = p[i]; q[i].a += b.y; p[i].x += q[k].y; r[i].z += b.x + r[i].x; } }",
        "struct node p[9]; struct supernode q[9]; renode r[9]; for (int i = 0; i < 9; i++) {"
        " p[i] = (struct node){i, 2 * i}; q[i] = (struct supernode){1 - i, i};"
        " r[i] = (renode){i * 0.5, 3}; }"
        " f(p, q, r, 9); show(&p->x, 18); show(&q->a, 18); show(&r->x, 18);",
    ),
}
REFUSED = {
    "members that were just given": (
        "struct c { double re, im; };",
        "void f(struct c *c, int n) { for (int i = 0; i < n; i++) for (int k = 0; k < 3; k++)"
        " c[i] = (struct c){c[i].im, c[i].re}; }",
    ),
    "copies of arrays": (
        "struct c { double v[3]; };",
        "void f(struct c *c, int n) { for (int i = 0; i < n; i++) for (int k = 0; k < 3; k++)"
        " c[i] = c[i + 1]; }",
    ),
    "a member in a pad": (
        "struct c { double re; union { int i; float f; }; };",
        "void f(struct c *c, int n) { for (int i = 0; i < n; i++) for (int k = 0; k < 3; k++)"
        " { struct c x = c[i]; c[i + 1] = x; } }",
    ),
    "a union": (
        "union u { double d; struct { int a, b; } i; };",
        "void f(union u *u, int n) { for (int i = 0; i < n; i++) for (int k = 0; k < 3; k++)"
        " { u[i].i.a = k; u[i].d += 1; } }",
    ),
    "a union in a structure": (
        "struct s { union { double d; int i; } u; int n; };",
        "void f(struct s *s, int n) { for (int i = 0; i < n; i++) for (int k = 0; k < 3; k++)"
        " { s[i].u.i = k; s[i].u.d += 1; } }",
    ),
    "a union without a name": (
        "struct s { union { double d; int i; }; int n; };",
        "void f(struct s *s, int n) { for (int i = 0; i < n; i++) for (int k = 0; k < 3; k++)"
        " { s[i].i = k; s[i].d += 1; } }",
    ),
    "a bit-field": (
        "struct s { int a : 3, b : 5; };",
        "void f(struct s *s, int n) { for (int i = 0; i < n; i++) for (int k = 0; k < 9; k++)"
        " s[i].a = s[i].a + k; }",
    ),
    "pointers in elements": (
        "struct s { double *a; int n; };",
        "void f(struct s *s, int n) { for (int i = 0; i < n; i++) for (int k = 0; k < 9; k++)"
        " s[i].a[k] += k; }",
    ),
    "pointers to structures": (
        "struct s { double a; };",
        "void f(struct s **s, int n) { for (int i = 0; i < n; i++) for (int k = 0; k < 9; k++)"
        " s[i]->a += k; }",
    ),
    "a volatile member": (
        "struct s { volatile double a; };",
        "void f(struct s *s, int n) { for (int i = 0; i < n; i++) for (int k = 0; k < 9; k++)"
        " s[i].a += k; }",
    ),
}


@pytest.mark.parametrize("name", a_third(PROGRAMS))
def test_any_order_computes_the_same(name: str, tmp_path: Path) -> None:
    types, function, main = PROGRAMS[name]
    text = f"{SHOW}{types}\n{function}\n"
    functions = variants(tmp_path, text, 6, seed=5)
    assert len(functions) > 3
    first, *others = outputs(tmp_path, text, functions, main, *SANITIZED)
    assert first.strip() and all(other == first for other in others)


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_place_of_its_own_is_refused(name: str, tmp_path: Path) -> None:
    types, function = REFUSED[name]
    found, reasons = read(tmp_path, f"{types}\n{function}\n")
    assert found == [] and reasons


CXX = """#include <cstdio>
#include <vector>
template <class T> struct Vec { T x, y; };
struct Heavy { double mass; };
struct Body : Heavy { Vec<double> pos, v; };
class Cell {
    double now, next;
    friend class Grid;
public:
    Cell(double n = 0) : now(n), next(0) {}
    double get() const { return now; }
    void show() { printf("%g %g ", now, next); }
};
struct Vec3 { double x, y, z; };
struct Ray { Vec3 o, d; };
struct SuperVec3 { double x, a; };
"""
#: name: (the function, main's body)
CXX_PROGRAMS = {
    "vectors and references": (
        "void f(std::vector<Body> &bodies, double dt) {"
        " for (size_t i = 0; i < bodies.size(); i++) { auto &b = bodies[i]; double ax = 0;"
        "  for (size_t j = 0; j < bodies.size(); j++) { const Body &o = bodies[j];"
        "   const auto &p = o.pos; ax += (p.x - b.pos.x) / (1 + (p.y - b.pos.y)) * o.mass; }"
        "  b.v.x += dt * ax; }"
        " for (size_t i = 0; i < bodies.size(); i++) bodies[i].pos.x += dt * bodies[i].v.x; }",
        "std::vector<Body> v(23); for (int i = 0; i < 23; i++) { v[i].mass = i;"
        " v[i].pos = {i * 0.5, i % 3 * 0.2}; v[i].v = {0, 0}; } f(v, 0.1); f(v, 0.2);"
        ' for (auto &b : v) printf("%.17g %.17g ", b.pos.x, b.v.x);',
    ),
    "private members": (
        "class Grid { public: std::vector<Cell> cells; int n; void f(double by) {"
        " for (int i = 1; i < n - 1; i++) for (int j = 1; j < n - 1; j++)"
        "  cells[i * n + j].next = by * (cells[(i - 1) * n + j].now + cells[i * n + j - 1].get());"
        " } };",
        "Grid g; g.n = 12; for (int i = 0; i < 144; i++) g.cells.push_back(Cell(i % 7));"
        " g.f(0.5); for (auto &c : g.cells) c.show();",
    ),
    "whole structures": (
        "void f(std::vector<Vec3> &v, Ray *r, double t) { for (size_t i = 1; i < v.size(); i++)"
        " for (int k = 0; k < 2; k++) { Vec3 d = v[i]; const Vec3 e{t, d.x, 1};"
        "  v[i - 1] = Vec3{d.x + e.y, d.y, t * i}; r[i].o = d; r[i].d = r[i - 1].o; Vec3 g; g = e;"
        "  v[i].z += g.y; } }",
        "std::vector<Vec3> v(20); Ray r[20] = {}; for (int i = 0; i < 20; i++) v[i] = {i * 1., 2, 3};"
        " f(v, r, 0.5); for (int i = 0; i < 20; i++)"
        ' printf("%g %g %g %g %g ", v[i].x, v[i].y, v[i].z, r[i].o.x, r[i].d.y);',
    ),
    "a pointer in a class": (
        "struct Sim { Body *bodies; int n; void f(double dt) { for (int i = 0; i < n; i++)"
        " for (int j = 0; j < n; j++) { Body *b = &bodies[i];"
        "  b->v.y += dt * (bodies[j].pos.y - b->pos.y); } } };",
        "Body b[19]; for (int i = 0; i < 19; i++) { b[i].pos = {0, i * 0.25}; b[i].v = {0, 0}; }"
        ' Sim s{b, 19}; s.f(0.1); for (auto &x : b) printf("%.17g ", x.v.y);',
    ),
}


@pytest.mark.parametrize("name", a_third(CXX_PROGRAMS))
def test_any_order_of_cxx_computes_the_same(name: str, tmp_path: Path) -> None:
    function, main = CXX_PROGRAMS[name]
    text = f"{CXX}{function}\nint main() {{ {main} }}\n"
    check_orders(tmp_path, text, 4, 3, SANITIZED)


@pytest.mark.parametrize(
    "types",
    [
        "struct R { double &r; double x; };",
        "namespace other { union R { double r; double x; }; } struct R { double r; double x; };",
        "union R { double r; double x; };",
        "template <class T> union U { T r; T x; }; typedef U<double> R;",
        "template <class T> struct U { T r; T x; }; typedef U<double &> R;",
    ],
)
def test_what_shares_its_place_in_cxx_is_refused(types: str, tmp_path: Path) -> None:
    text = (
        f"{types}\nvoid f(R *p, int n) {{ for (int i = 0; i < n; i++)"
        " for (int k = 0; k < 3; k++) { p[i].x += k; p[i].r += p[i].x; } }\n"
    )
    found, reasons = read(tmp_path, text, name="t.cpp")
    assert found == [] and "place of its own" in reasons[0]


@pytest.mark.parametrize(
    "types",
    [
        "struct One { double x, y; One &operator=(const One &o) { x = -o.x; return *this; } };",
        "struct Low { double x, y; }; struct One : Low { double z; };",
        "struct One { double x, y; One() : x(1), y(2) {} One(const One &o) : x(o.y), y(o.x) {} };",
    ],
)
def test_what_is_copied_in_a_way_of_its_own_is_refused(types: str, tmp_path: Path) -> None:
    loop = "for (int i = 1; i < n; i++) for (int k = 0; k < 2; k++)"
    for body in (
        "p[i] = p[i - 1];",
        "{ One x = p[i]; p[i].x += x.y; }",
        "{ One x; p[i].x = x.y; }",
    ):
        text = f"{types}\nvoid f(One *p, int n) {{ {loop} {body} }}\n"
        found, reasons = read(tmp_path, text, name="t.cpp")
        trivial = "One x;" in body and "operator=" in types
        assert trivial or (found == [] and reasons), body


def test_a_member_is_there_where_another_is(tmp_path: Path) -> None:
    """Lanes may read it although the text does it on a condition only."""
    types = "struct s { double at, by; };\n"
    body = "s[i].at < s[j].at ? s[j].by : 0.0"
    loop = "for (int i = 0; i < n; i++) for (int j = 0; j < n; j++)"
    for extra, said in (("", True), ("struct s *t = s + n;", False)):
        value = body.replace("s[j].by", "t[j].by") if extra else body
        function = (
            f"void f(struct s *s, double *out, int n) {{ {extra} {loop} out[i] += {value}; }}"
        )
        text = f"{SHOW}{types}{function}\n"
        functions = variants(tmp_path, text, 24, seed=2)
        assert any("vector_size" in one for one in functions) is said


def test_members_of_one_array_are_apart(tmp_path: Path) -> None:
    """They are asked for once where another array may overlap, and not among themselves."""
    types = "struct s { double a, b, c; };\n"
    alone = region(tmp_path, types + PAIRS.format("s[i].c"))
    assert "_from" not in generate.code(alone, schedules.original(alone))
    beside = region(tmp_path, types + PAIRS.format("t[i]"))
    code = generate.code(beside, schedules.original(beside))
    assert "p_s_a_from" in code and "p_s_c_from" not in code


PAIRS = (
    "void f(struct s *s, double *t, int n) {{ for (int i = 0; i < n; i++)"
    " for (int k = 0; k < 2; k++) s[i].a += s[i].b * {}; }}\n"
)
