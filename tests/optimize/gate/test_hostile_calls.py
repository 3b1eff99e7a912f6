"""Calls through computed values are refused, however the value is had and wherever it is kept.

Each of these compiles: what stops it is the gate, not the compiler.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.optimize import gate
from tests.optimize.gate.programs import CXX, LOOP, C, compiles, in_c, in_cxx

#: In the loop of the C program: what is done, the rules that must be named, and words of why.
IN_C = {
    "a cast of a sum": (
        "    sum += ((long (*)(long, long))((char *)malloc + 64))(250, 0);\n",
        {"call", "address"},
        "only functions that are named may be called",
    ),
    "a cast of a number": ("    ((void (*)(void))0x401000)();\n", {"call"}, "function pointer"),
    "a variable": (
        "    long (*f)(long) = (void *)((char *)a + 8); sum += f(1);\n",
        {"call"},
        "function pointer",
    ),
    "a variable that hides one": (
        "    double (*n2)(int) = (void *)a; double (*weight)(int) = n2; sum += weight(1);\n",
        {"call"},
        "function pointer",
    ),
    "behind a star": ("    void **v = (void **)a; sum += ((double (*)(int))*v)(1);\n", {"call"}, "call"),
    "a member": (
        "    struct { double (*f)(int); } s = {(void *)a}; sum += s.f(1);\n",
        {"call"},
        "a member is called",
    ),
    "a member behind a pointer": (
        "    struct s { double (*f)(int); } *s = (void *)a; sum += s->f(1);\n",
        {"call"},
        "a member is called",
    ),
    "an element": (
        "    double (*f[2])(int) = {(void *)a}; sum += f[0](1);\n",
        {"call"},
        "an element of an array is called",
    ),
    "an element of an array of structs": (
        "    struct { double (*f)(int); } s[1] = {{(void *)a}}; sum += s[0].f(1);\n",
        {"call"},
        "a member is called",
    ),
    "a union": (
        "    union { long n; double (*f)(int); } u; u.n = (long)a; sum += u.f(1);\n",
        {"call"},
        "a member is called",
    ),
    "a ternary": ("    sum += (n > 1 ? weight : weight)(1);\n", {"call", "address"}, "expression"),
    "a comma": ("    sum += (n, weight)(1);\n", {"call", "address"}, "expression"),
    "an address": ("    sum += (&weight)(1);\n", {"call", "address"}, "function pointer"),
    "stars": ("    sum += (***weight)(1);\n", {"call", "address"}, "function pointer"),
    "arithmetic on a function": ("    char *p = (char *)weight + 3; sum += p[0];\n", {"address"}, "may only be called"),
    "a function of the library as a number": ("    sum += (long)printf & 1;\n", {"address"}, "may only be called"),
    "memcpy of a function": ("    memcpy((void *)a, (void *)weight, 1);\n", {"address"}, "may only be called"),
    "typeof a function": (
        "    __typeof__(weight) *f = (void *)a; sum += f(1);\n",
        {"address", "call"},
        "a variable is called",
    ),
    "typeof a call's function": (
        "    typeof(&*malloc) f = (void *)a; f(1);\n",
        {"address", "call"},
        "a variable is called",
    ),
    "a typedef of a function": (
        "    typedef double fn(int); fn *f = (void *)a; sum += f(1);\n",
        {"pointer"},
        "type of functions",
    ),
    "a typedef of a pointer": (
        "    typedef double (*fn)(int); sum += ((fn)(void *)a)(1);\n",
        {"pointer", "call"},
        "type of functions",
    ),
    "a typedef in another order": (
        "    double typedef (*fn)(int); sum += ((fn)(void *)a)(1);\n",
        {"call"},
        "function pointer",
    ),
    "_Generic": (
        "    void *p = (void *)a; sum += _Generic(0, int: (double (*)(int))p)(1);\n",
        {"call"},
        "_Generic",
    ),
    "a statement expression": (
        "    sum += ({ weight; })(1);\n",
        {"call", "address"},
        "expression",
    ),
    "a compound literal": (
        "    sum += ((struct { double (*f)(int); }){(void *)a}).f(1);\n",
        {"call"},
        "a member is called",
    ),
    "the result of a call": ("    sum += ((double (*(*)(void))(int))(void *)a)()(1);\n", {"call"}, "call"),
    "a computed goto": ("    void *p = (void *)a; goto *p; p = &&out; out: ;\n", {"call"}, "name a label"),
    "a label's address": ("    void *p = &&out; sum += p != 0; out: ;\n", {"address"}, "name the label"),
    "a local prototype": ("    double weight(int); sum += weight(1);\n", {"declaration"}, "inside another"),
    "jumping out": ("    int longjmp(void *, int); longjmp((void *)a, 1);\n", {"declaration"}, ""),
}  # fmt: skip
TOP_OF_C = {
    "a parameter that is a function": (
        "static double go(double f(int), int n) { return f(n); }\n",
        {"pointer"},
        "a parameter is a function",
    ),
    "a parameter that points to one": (
        "static double go(double (*f)(int), int n) { return f(n); }\n",
        {"call"},
        "function pointer",
    ),
    "an old parameter": (
        "static double go(f, n) double (*f)(int); int n; { return f(n); }\n",
        {"declaration", "call"},
        "",
    ),
    "a constant table": (
        "static double (*const table[])(int) = {weight};\n",
        {"call", "address"},
        "function pointer",
    ),
    "a returned function": (
        "static double (*get(void))(int) { return weight; }\n",
        {"call", "address"},
        "function pointer",
    ),
    "a struct with one": ("struct f { double (*f)(int); };\n", {"call"}, "function pointer"),
}
IN_CXX = {
    "reinterpret_cast": (
        "    sum += reinterpret_cast<double (*)(int)>(&sum)(1);\n",
        {"call"},
        "function pointer",
    ),
    "auto": ("    auto f = std::printf; f(\"x\");\n", {"address", "call"}, "a variable is called"),
    "auto reference": ("    auto &f = *std::printf; f(\"x\");\n", {"address", "call"}, "a variable is called"),
    "a reference": ("    int (&f)(const char *, ...) = std::printf; f(\"x\");\n", {"call"}, "function pointer"),
    "decltype": (
        "    decltype(&std::printf) f = reinterpret_cast<decltype(f)>(&sum); f(\"x\");\n",
        {"address", "call"},
        "a variable is called",
    ),
    "a pointer to a member": (
        "    double (model::Particle::*f)() const = &model::Particle::energy; sum += (p[0].*f)();\n",
        {"call", "address"},
        "member",
    ),
    "a pointer to a member behind a pointer": (
        "    auto f = &model::Particle::energy; sum += (p.data()->*f)();\n",
        {"call", "address"},
        "member",
    ),
    "using": (
        "    using fn = double(int); fn *f = reinterpret_cast<fn *>(&sum); sum += f(1);\n",
        {"pointer", "call"},
        "type of functions",
    ),
    "a function's type in a template": (
        "    std::decay_t<double(int)> f = reinterpret_cast<std::decay_t<double(int)>>(&sum); sum += f(1);\n",
        {"pointer", "call"},
        "type of functions",
    ),
    "a cast to it": (
        "    sum += std::decay_t<double(int)>(&sum)(1);\n",
        {"pointer", "call"},
        "type of functions",
    ),
    "a type that ends in a bracket": (
        "    std::conditional_t<1 | 1, double(int), int> *f = 0; sum += f(1);\n",
        {"pointer"},
        "type of functions",
    ),
    "braces": (
        "    using fn = double (*)(int); sum += fn{(fn)&sum}(1);\n",
        {"pointer", "call"},
        "what braces give is called",
    ),
    "std::function": (
        "    std::function<double(int)> f; sum += f(1);\n",
        {"name", "pointer"},
        "not on the list of harmless",
    ),
    "std::invoke": ("    std::invoke(twice<double>, 1.0);\n", {"name"}, "not on the list of harmless"),
    "a virtual table": (
        "    struct V { virtual double f() { return 1; } } x, *y = &x; *(void **)y = v.size() ? (void *)y : 0; sum += y->f();\n",
        {"pointer"},
        "table of functions",
    ),
    "a lambda's address": (
        "    auto f = +[](int) { return 1.0; }; sum += f(1);\n",
        {"call"},
        "a variable is called",
    ),
    "a template's parameter": (
        "    auto go = [](auto f) { return f(1); }; sum += go((double (*)(int))&sum);\n",
        {"call"},
        "function pointer",
    ),
    "an array of functions": (
        "    double (*f[])(double) = {std::sin}; sum += f[0](1);\n",
        {"call"},
        "an element of an array is called",
    ),
    "a static function that hides one": (
        "    auto clock_gettime = [](auto...) { return 0; }; sum += clock_gettime(1, 2);\n",
        {"library"},
        "timed and checked",
    ),
}  # fmt: skip
#: No standard C++, no headers, or an older language: not built here.
NOT_BUILT = {"std::function", "std::invoke", "jumping out",
             "an old parameter"}  # fmt: skip


def check(before: str, after: str, name: str, wanted: set[str], words: str) -> None:
    found = gate.source(before, after, name)
    assert {refusal.rule for refusal in found} & wanted, found
    assert words in " ".join(refusal.what for refusal in found)
    assert all(refusal.what.startswith(f"{name}:{refusal.line}: ") for refusal in found)
    assert all("; allowed: " in refusal.what for refusal in found)


@pytest.mark.parametrize("name", IN_C)
def test_in_c(name: str, clang: str, tmp_path: Path) -> None:
    text, wanted, words = IN_C[name]
    after = in_c(text + LOOP)
    assert name in NOT_BUILT or compiles(clang, after, tmp_path)
    check(C, after, "work.c", wanted, words)


@pytest.mark.parametrize("name", TOP_OF_C)
def test_at_the_top_of_c(name: str, clang: str, tmp_path: Path) -> None:
    text, wanted, words = TOP_OF_C[name]
    after = in_c(top=text)
    assert name in NOT_BUILT or compiles(clang, after, tmp_path)
    check(C, after, "work.c", wanted, words)


@pytest.mark.parametrize("name", IN_CXX)
def test_in_cxx(name: str, clangxx: str, tmp_path: Path) -> None:
    text, wanted, words = IN_CXX[name]
    after = in_cxx(text)
    assert name in NOT_BUILT or compiles(clangxx, after, tmp_path, "-fpermissive", language="cpp")
    check(CXX, after, "work.cpp", wanted, words)


ORIGINAL = """\
#include <stdlib.h>
typedef double (*function)(double);
struct task { void (*run)(int n); int n; };
static double half(double x) { return x / 2; }
static void show(int n) { (void)n; }
static int order(const void *a, const void *b) { return *(const char *)a - *(const char *)b; }
static double integral(double (*f)(double), int n)
{
    double s = 0;
    for (int i = 0; i < n; i++)
        s += f(i);
    return s;
}
int main(void)
{
    struct task task = {show, 3}, *one = &task;
    const function table[2] = {half, half};
    char text[] = "ba";
    one->run(one->n);
    qsort(text, 2, 1, order);
    return (int)(integral(half, 3) + table[one->n & 1](2));
}
"""
#: The original calls through values: that must not be turned to others.
TURNED = {
    "the variable is set": ("        s += f(i);\n", "        { f = (void *)&s; s += f(i); }\n"),
    "its address is taken": ("        s += f(i);\n", "        { *(long *)&f = 1; s += f(i); }\n"),
    "the member is set": ("    one->run(one->n);", "    one->run = (void *)text; one->run(one->n);"),
    "the object is another": ("    one->run(one->n);", "    one = (void *)text; one->run(one->n);"),
    "its type is used again": ("    one->run(one->n);", "    ((function)(void *)text)(1); one->run(one->n);"),
    "another of its type": ("    one->run(one->n);", "    function g = (void *)text; g(1); one->run(one->n);"),
    "another function is handed over": ("integral(half, 3)", "integral((void *)(text + 1), 3)"),
    "another element is called": ("table[one->n & 1](2)", "table[one->n + 7](2)"),
    "another order": ("qsort(text, 2, 1, order)", "qsort(text, 2, 1, (void *)(text + 1))"),
    "another object": ("    one->run(one->n);", "    struct task t2, *two = &t2; two->run(one->n);"),
}  # fmt: skip


@pytest.mark.parametrize("name", TURNED)
def test_what_the_original_calls_through_is_not_turned(
    name: str, clang: str, tmp_path: Path
) -> None:
    old, new = TURNED[name]
    assert ORIGINAL.count(old) == 1
    after = ORIGINAL.replace(old, new)
    assert compiles(clang, after, tmp_path)
    found = gate.source(ORIGINAL, after, "work.c")
    assert {refusal.rule for refusal in found} & {"call", "pointer", "address"}, found
