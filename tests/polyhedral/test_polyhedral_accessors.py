"""Small methods of the program's own in nests: what they return stands in their place."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from corr.polyhedral.accessors import NO_ACCESS_CONTROL
from tests.polyhedral.test_polyhedral_codegen import SANITIZED
from tests.support.polyhedral_programs import output, read
from tests.support.polyhedral_schedules import rewritten

pytestmark = pytest.mark.slow

HEAD = "#include <cstdio>\n#include <vector>\n"
#: Of rows and columns of its own, with METHODS.
MATRIX = """class Matrix {
public:
    Matrix(int rows, int cols) : rows_(rows), cols_(cols), data_(rows * cols) {
        for (int i = 0; i < rows * cols; i++) data_[i] = i * 7919 % 97 / 8.0; }
    METHODS
    int rows() const { return rows_; }
    int cols() const { return cols_; }
    void print() const { for (double x : data_) std::printf("%a ", x); std::puts(""); }
private:
    int rows_, cols_;
    std::vector<double> data_;
};
"""
CALLS = """double &operator()(int i, int j) { return data_[i * cols_ + j]; }
    double operator()(int i, int j) const { return data_[i * cols_ + j]; }
    double *operator[](int i) { return &data_[i * cols_]; }
    const double &at(std::size_t i, std::size_t j) const { return data_[i * cols_ + j]; }
    """
MAIN = """int main() { for (int n = 0; n < 24; n += 5) {
    Matrix a(n, n + 2), b(n + 2, n + 1), c(n, n + 1); f(a, b, c, &b); c.print(); a.print(); } }
"""
#: name: (the methods, the function that uses them)
PROGRAMS = {
    "called for the object": (
        CALLS,
        "void f(Matrix &a, const Matrix &b, Matrix &c, Matrix *) {"
        " for (int i = 0; i < a.rows(); i++) for (int j = 0; j < b.cols(); j++)"
        "  for (int k = 0; k < a.cols(); k++) c(i, j) += a(i, k) * b(k, j); }",
    ),
    "called for what a pointer points to": (
        CALLS,
        "void f(Matrix &a, const Matrix &b, Matrix &c, Matrix *p) {"
        " for (int i = 1; i < p->rows() - 2; i++) for (int j = 0; j < p->cols() - 1; j++)"
        "  c(i, j) = c(i - 1, j) + p->at(i, j) - b.at(i + 1, j + 1); }",
    ),
    "called in a method": (
        CALLS + "void spread(const Matrix &b) { for (int i = 1; i < rows(); i++)"
        " for (int j = 0; j < cols_; j++) operator()(i, j) += b(i, j) * (*this).at(i - 1, j); }",
        "void f(Matrix &a, const Matrix &b, Matrix &c, Matrix *) {"
        " for (int i = 1; i < c.rows(); i++) for (int j = 0; j < c.cols(); j++) c(i, j) += c(i - 1, j);"
        " a.at(0, 0); }",
    ),
    "rows": (
        CALLS + "double *row(int i) { return data_.data() + i * cols_; }"
        " const double *operator[](int i) const { return &data_[i * cols_]; }",
        "void f(Matrix &a, const Matrix &b, Matrix &c, Matrix *) {"
        " for (int i = 1; i < c.rows(); i++) for (int j = 0; j < c.cols(); j++)"
        "  c[i][j] += c[i - 1][j] * b[i][j]; }",
    ),
    "a method that calls another": (
        CALLS + "const double &down(int j, int i) const { return at(i, j); }",
        "void f(Matrix &a, const Matrix &b, Matrix &c, Matrix *) {"
        " for (int j = 0; j < c.cols(); j++) for (int i = 0; i < c.rows(); i++)"
        "  c(i, j) += b.down(j, i) + a.down(0, i); }",
    ),
}


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_same_output(name: str, tmp_path: Path) -> None:
    methods, function = PROGRAMS[name]
    text = (
        f"{HEAD}{MATRIX.replace('METHODS', methods)}{function.replace('a.at(0, 0);', '')}\n{MAIN}"
    )
    found, reasons = read(tmp_path, text, name="t.cpp")
    assert len(found) == 1, reasons
    assert found[0].flags == (NO_ACCESS_CONTROL,)
    start, end = found[0].span
    source = text.encode()
    first = output(tmp_path, text, *SANITIZED, name="run.cpp")
    changed = list(rewritten(found[0], random.Random(5), 4))
    assert len(changed) > 1 and first.strip()
    for new in changed:
        whole = source[:start].decode() + new + source[end:].decode()
        flags = (*SANITIZED, NO_ACCESS_CONTROL)
        assert output(tmp_path, whole, *flags, name="run.cpp") == first


NEST = """void f(Matrix &a, const Matrix &b, Matrix &c, Matrix *) {
    for (int i = 0; i < a.rows(); i++) for (int j = 0; j < a.cols(); j++) c(i, j) = b(i, j); }
"""


def test_what_overrides_may_be_overridden(tmp_path: Path) -> None:
    """Nothing in the method itself says that it is virtual."""
    text = """struct base { virtual double &at(int i) = 0; };
struct row : base { int n; double *a; double &at(int i) { return a[i]; } };
void f(row &r) { for (int i = 0; i < r.n; i++) r.at(i) += 1; }
"""
    found, reasons = read(tmp_path, text, name="t.cpp")
    assert found == [] and "call of at" in reasons[0]


def test_a_method_is_no_function_of_that_name(tmp_path: Path) -> None:
    text = """double twice(double x);
struct other { double twice(double x) { return x; } };
void f(int n, double *a) { for (int i = 0; i < n; i++) a[i] = twice(a[i]); }
"""
    found, reasons = read(tmp_path, text, name="t.cpp")
    assert found == [] and "the call of twice cannot be written out" in reasons[0]


#: name: (the methods, what the reason says)
REFUSED = {
    "it is another for a const object": (
        "double &operator()(int i, int j) { return data_[i * cols_ + j]; }"
        "double operator()(int i, int j) const { return data_[j * rows_ + i]; }",
        "call of operator",
    ),
    "it does more": (
        "int calls; double &operator()(int i, int j) { calls++; return data_[i * cols_ + j]; }"
        "double operator()(int i, int j) const { return data_[i * cols_ + j]; }",
        "call of operator",
    ),
    "it computes": (
        "double &operator()(int i, int j) { return data_[i * cols_ + j]; }"
        "double operator()(int i, int j) const { return 2 * data_[i * cols_ + j]; }",
        "call of operator",
    ),
    "it hands its object on": (
        "friend double &of(Matrix &m, int i, int j); const Matrix *me() const { return this; }"
        "double &operator()(int i, int j) { return data_[i * cols_ + j]; }"
        "const double &operator()(int i, int j) const { return this->me()->data_[i * cols_ + j]; }",
        "call of operator",
    ),
    "a class of its kind may do something else": (
        "virtual double &operator()(int i, int j) { return data_[i * cols_ + j]; }"
        "double operator()(int i, int j) const { return data_[i * cols_ + j]; }",
        "call of (operator|rows|cols)",
    ),
    "nobody sees what it does": (
        "double &operator()(int i, int j); double operator()(int i, int j) const;",
        "call of operator",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(name: str, tmp_path: Path) -> None:
    methods, says = REFUSED[name]
    text = f"{HEAD}{MATRIX.replace('METHODS', methods)}{NEST}"
    found, reasons = read(tmp_path, text, name="t.cpp")
    assert found == [] and re.search(says, " ".join(reasons)), reasons


GENERIC = """#include <cstdio>
template <class T> struct grid { int n; T *a; T &operator()(int i, int j) { return a[i * n + j]; } };
void f(grid<double> &x, grid<float> &y) {
    for (int i = 0; i < x.n; i++) for (int j = 0; j < x.n; j++) x(i, j) += y(j, i); }
"""


def test_of_a_template_each_instance_is_its_own(tmp_path: Path) -> None:
    found, reasons = read(tmp_path, GENERIC, name="t.cpp")
    assert len(found) == 1, reasons
    assert {a.name: a.element for a in found[0].arrays.values()} == {
        "x_a": "double",
        "y_a": "float",
    }


HELD = """#include <cstdio>
#include <vector>
template <typename Real, int Extra> class table {
public:
    table(int rows, int cols) : cols_(cols + Extra), held(rows * cols_) {
        for (unsigned i = 0; i < held.size(); i++) held[i] = i % 13 / Real(4); }
    Real &at(int i, int j) { return held[i * cols_ + j]; }
    const Real &at(int i, int j) const { return held[i * cols_ + j]; }
    int cols() const { return cols_; }
private:
    int cols_;
    std::vector<Real> held;
};
void f(int n, table<double, 2> &x, const table<double, 1> &y) {
    for (int j = 0; j < n; j++) for (int i = 1; i < n; i++)
        x.at(i, j) += x.at(i - 1, j) * y.at(i, j); }
int main() { for (int n = 0; n < 20; n += 3) { table<double, 2> x(n, n); table<double, 1> y(n, n);
    f(n, x, y); for (int i = 0; i < n; i++) for (int j = 0; j < n; j++)
        std::printf("%a ", x.at(i, j)); } }
"""


def test_of_a_template_that_holds_a_container(tmp_path: Path) -> None:
    (scop,), _ = read(tmp_path, HELD, name="t.cpp")
    start, end = scop.span
    first = output(tmp_path, HELD, *SANITIZED, name="run.cpp")
    for new in rewritten(scop, random.Random(5), 4):
        whole = HELD[:start] + new + HELD[end:]
        assert output(tmp_path, whole, *SANITIZED, NO_ACCESS_CONTROL, name="run.cpp") == first
