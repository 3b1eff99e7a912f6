"""Vectors of a program's own, with operators and constructors: any order computes the same bits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import check_orders, outputs, read, variants
from tests.support.thirds import a_third

pytestmark = pytest.mark.slow

HEAD = """#include <cmath>
#include <cstdio>
#include <vector>
static double sq(double x) { return x * x; }
struct Vec3 {
    double x, y, z;
    Vec3(double x = 0, double y = 0, double z = 0) : x(x), y(y), z(z) {}
    Vec3 operator-(const Vec3 &o) const { return Vec3(x - o.x, y - o.y, z - o.z); }
    Vec3 operator*(double s) const { return {x * s, y * s, z * s}; }
    Vec3 &operator+=(const Vec3 &o) { x += o.x; y += o.y; z += o.z; return *this; }
    Vec3 &operator*=(double s) { x *= s; y *= s; z = z * s; return *this; }
    Vec3 &operator-=(const Vec3 &o) { x -= o.x; y -= sq(x); z -= o.z; return *this; }
    double length2() const { return x * x + y * y + z * z; }
    virtual_ double height() const { return z; }
};
Vec3 operator+(const Vec3 &a, const Vec3 &b) { return Vec3(a.x + b.x, a.y + b.y, a.z + b.z); }
inline double dot(const Vec3 &a, const Vec3 &b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static Vec3 cross(Vec3 a, Vec3 b) {
    Vec3 r;
    r.x = a.y * b.z - a.z * b.y;
    r.y = a.z * b.x - a.x * b.z;
    r.z = a.x * b.y - a.y * b.x;
    return r;
}
static int calls;
static Vec3 counted(const Vec3 &a) { calls++; return a; }
static Vec3 chosen(const Vec3 &a) { if (a.x > 1) return a; return Vec3(1, 2, 3); }
struct Made { double x, y, z; Made(double a) : x(a), y(a), z(a) { calls++; } };
struct Ends { double x, y, z; ~Ends() { calls++; } };
struct Part { Vec3 pos, vel; double m; };
"""
MAIN = """
int main() {
    std::vector<Part> p(23);
    for (int i = 0; i < 23; i++) {
        p[i].pos = Vec3(i * 0.3, i % 5 * 0.7, 1.0 / (i + 1));
        p[i].m = 1 + i % 3;
    }
    f(p, 0.01);
    f(p, 0.02);
    for (auto &q : p) printf("%.17g %.17g %.17g %g ", q.pos.x, q.vel.x, q.vel.y, q.m);
}
"""
#: What a function does with all pairs of elements.
BODIES = {
    "operators": "Vec3 d = p[j].pos - p[i].pos; p[i].vel += d * (p[j].m / (dot(d, d) + 0.01));",
    "the library's root": (
        "Vec3 d = p[j].pos - p[i].pos; double r = d.length2() + 0.1;"
        " p[i].vel += d * (dt / (r * std::sqrt(r)));"
    ),
    "a structure that is returned": (
        "p[i].vel += cross(p[i].pos, p[j].pos - Vec3(dt)) * dt;"
        " if (p[i].vel.length2() > 3) p[i].m += 1;"
    ),
    "calls in calls": "p[i].vel = cross(p[i].vel + p[j].pos, p[i].pos) * dt + Vec3{dt, dt};",
    "an operator with a number": "Vec3 d = p[j].pos; d *= dt; d *= 2; p[i].vel += d;",
    "an object and itself": "Vec3 d = p[i].pos; d += d; p[j].vel = d - p[j].vel;",
}
REFUSED = {
    "what counts its calls": "p[i].vel += counted(p[j].pos);",
    "what returns early": "p[i].vel += chosen(p[j].pos);",
    "a constructor that does more": "Made m(dt); p[i].vel.x += m.x;",
    "an operator that uses what it changed": "p[i].vel -= p[j].pos;",
    "what ends in a way of its own": "Ends e = {dt, dt, dt}; p[i].vel.x += e.x;",
    "in a choice": "p[i].m += dt > 1 ? dot(p[i].pos - p[j].pos, p[j].pos) : 1;",
    "through a pointer": "Part *q = &p[j]; p[i].m += (&q->pos)->length2();",
}


def text(body: str, head: str = HEAD) -> str:
    return (
        f"{head.replace('virtual_ ', '')}void f(std::vector<Part> &p, double dt) {{"
        " for (std::size_t i = 0; i < p.size(); i++)"
        f" for (std::size_t j = 0; j < p.size(); j++) {{ {body} }} }}\n"
    )


@pytest.mark.parametrize("name", a_third(BODIES))
def test_any_order_computes_the_same_bits(name: str, tmp_path: Path) -> None:
    whole = text(BODIES[name]) + MAIN
    check_orders(tmp_path, whole, 4, 5, ("-O3", "-mavx2", "-mfma"), SANITIZED)


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_more_is_refused(name: str, tmp_path: Path) -> None:
    found, reasons = read(tmp_path, text(REFUSED[name]), name="t.cpp")
    assert found == [] and reasons


def test_methods_that_may_be_others_are_refused(tmp_path: Path) -> None:
    head = HEAD.replace("virtual_ ", "virtual ")
    found, reasons = read(tmp_path, text("p[i].m += p[j].pos.height();", head), name="t.cpp")
    assert found == [] and reasons


C = """
struct v { double x, y; };
static struct v plus(struct v a, struct v b) { struct v r = {a.x + b.x, a.y + b.y}; return r; }
static struct v by(struct v a, double s) { return (struct v){a.x * s, a.y * s}; }
static double norm(struct v a) { return a.x * a.x + a.y * a.y; }
void f(struct v *p, struct v *q, int n) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      struct v d = plus(p[i], by(q[j], -1.5));
      q[i] = plus(q[i], by(d, 1 / (norm(d) + 0.1)));
    }
}
"""


def test_functions_of_c_compute_the_same_bits(tmp_path: Path) -> None:
    main = (
        "struct v p[19], q[19]; for (int i = 0; i < 19; i++) {"
        " p[i] = (struct v){i * 0.3, 1.0 / (i + 1)}; q[i] = (struct v){i % 4, i * 0.1}; }"
        " f(p, q, 19); f(p, p, 3); show(&q->x, 38); show(&p->x, 38);"
    )
    whole = SHOW + C
    functions = variants(tmp_path, whole, 6, seed=4)
    assert len(functions) > 3
    for flags in (("-O3", "-mavx2", "-mfma"), SANITIZED):
        first, *others = outputs(tmp_path, whole, functions, main, *flags)
        assert first.strip() and all(other == first for other in others)
