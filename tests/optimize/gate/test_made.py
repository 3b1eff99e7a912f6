"""Names before parentheses that are no functions may be used; functions of such names may not."""

from __future__ import annotations

import pytest

from corr.optimize import gate

HEAD = '#include <algorithm>\n#include <string>\n#include <vector>\n#include "field.hpp"\n'
#: The original, in which `return 1;` becomes the return of something else.
HONEST = {
    "a member": ("Field::Field(int n) : cells(n) {}\nint Field::f() { return 1; }\n", "cells[0]"),
    "a member behind others": (
        "Field::Field(int n) noexcept(true) : a{1}, cells(n, 2) {}\nint Field::f() { return 1; }\n",
        "cells[0]",
    ),
    "a member of a template": (
        "template <class T> Field<T>::Field(int n) : cells(n) {}\n"
        "template <class T> int Field<T>::f() { return 1; }\n",
        "cells[0]",
    ),
    "a member of a class with a function as its body": (
        "Field::Field(int n) try : cells(n) {} catch (...) {}\nint Field::f() { return 1; }\n",
        "cells[0]",
    ),
    "a local variable of a member's name": (
        "Field::Field(int n) : cells(n) {}\nint Field::f() { return 1; }\n",
        "[](int cells) { return cells; }(1)",
    ),
    "a base": (
        "Field::Field(int n) : Base(n) {}\nint Field::f() { return 1; }\n",
        "[](Base &b) { return b.x; }(*this)",
    ),
    "a base in a namespace": (
        "struct Field : ns::Base { Field(int n) : ns::Base(n) {} int f() { return 1; } };\n",
        "[](ns::Base &b) { return b.x; }(*this)",
    ),
    "a class of a header": (
        "int f() { Grid g(3); use(Grid(4)); return 1; }\n",
        "[](Grid &x) { return x.x; }(g)",
    ),
    "a class that only the change refers to": (
        "int f() { use(Grid(4)); return 1; }\n",
        "[](const Grid &x) { return x.x; }(use(Grid(4)))",
    ),
    "a class with new": (
        "int f() { auto *g = new Grid(3); return 1; }\n",
        "[](Grid *x) { return x->x; }(g)",
    ),
    "an exception": (
        "int f() { try { throw Error(1); } catch (Error &e) { return 1; } }\n",
        "[](Error &x) { return x.x; }(e)",
    ),
    "the class whose constructor it is": (
        "Field::Field(int n) {}\nint Field::f() { return 1; }\n",
        "[](Field &x) { return x.x; }(*this)",
    ),
    "what a class becomes": (
        "Field::operator Grid() const { return g; }\nint Field::f() { return 1; }\n",
        "[](Grid &x) { return x.x; }(g)",
    ),
    "another name for a type": (
        "int f() { real y = real(3); return 1; }\n",
        "[](real *x) { return *x; }(&y)",
    ),
    "a reference begun like a call": (
        "int f(Grid &q) { Grid &g(q); return 1; }\n",
        "g.x",
    ),
    "a member that has the name of an algorithm": (
        "int Field::f() { std::count(cells.begin(), cells.end(), 1); return 1; }\n",
        "count[0]",
    ),
    "a variable that has the name of an algorithm": (
        "int f(int *v) { std::sort(v, v + 9); return 1; }\n",
        "[](int sort) { return sort; }(1)",
    ),
}
HOSTILE = {
    "a function of another file": (
        "Field::Field(int n) : cells(n) {}\nint f() { cells(3); return 1; }\n",
        "(long)cells",
    ),
    "a function of this file": (
        "static int cells(int n) { return n; }\n"
        "Field::Field(int n) : cells(n) {}\nint f() { return 1; }\n",
        "(long)cells",
    ),
    "a function of the library": (
        "Field::Field(int n) : printf(n) {}\nint f() { return 1; }\n",
        "(long)printf",
    ),
    "a function that has the name of a type elsewhere": (
        "int f() { ns::node n; node(1); return 1; }\n",
        "(long)node",
    ),
    "a class that is made a function's address": (
        "int f() { use(helper(4)); return 1; }\n",
        "(long)&helper",
    ),
    "a product of functions": ("int f() { use(a, helper(4)); return 1; }\n", "long(helper) * 2"),
    "an algorithm": ("int f(int *v) { std::sort(v, v + 9); return 1; }\n", "(long)std::sort<int *>"),
    "an algorithm without its prefix": (
        "using namespace std;\nint f(int *v) { std::sort(v, v + 9); return 1; }\n",
        "(long)sort<int *>",
    ),
    "an algorithm that is given another name": (
        "using std::sort;\nint f(int *v) { std::sort(v, v + 9); return 1; }\n",
        "(long)sort<int *>",
    ),
    "a function that reads numbers": ("int f() { return 1; }\n", "(long)std::stoi"),
    "a string that is a function": (
        "static int string(int n) { return n; }\nint f() { return 1; }\n",
        "(long)string",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_what_is_no_function_may_be_used(name: str) -> None:
    text, use = HONEST[name]
    assert gate.source(HEAD + text, HEAD + text.replace("return 1", f"return {use}"), "f.cpp") == []


@pytest.mark.parametrize("name", HOSTILE)
def test_the_address_of_a_function_may_not_be_had(name: str) -> None:
    text, use = HOSTILE[name]
    after = HEAD + text.replace("return 1", f"return {use}")
    assert "address" in {one.rule for one in gate.source(HEAD + text, after, "f.cpp")}


PROOFS = (
    "struct A { int helper; A(int n) : helper(n) {} };\n",
    "struct A { int f(helper x) { return 1; } };\n",
    "static int g() { try { return 1; } catch (helper &e) { return 2; } }\n",
)


@pytest.mark.parametrize("proof", PROOFS)
def test_a_change_does_not_make_a_function_something_else(proof: str) -> None:
    before = HEAD + "int f() { helper(4); return 1; }\n"
    after = HEAD + proof + "int f() { helper(4); return (long)helper; }\n"
    assert "address" in {one.rule for one in gate.source(before, after, "f.cpp")}
