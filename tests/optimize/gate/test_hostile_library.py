"""What times, checks and starts a program is not replaced, hidden or reached round."""

from __future__ import annotations

import pytest

from corr.optimize import gate
from tests.optimize.gate.programs import CXX, LOOP, C, in_c, in_cxx

BEFORE_THE_INCLUDES = {
    "a stopped clock": "static int clock_gettime(int a, void *b) { return 0; }\n",
    "a stopped clock, inline": "static inline long time(long *t) { return 0; }\n",
    "gettimeofday": "static int gettimeofday(void *a, void *b) { return 0; }\n",
    "printf": "static int printf(const char *f, ...) { return 0; }\n",
    "a stopped clock in parentheses": "static int (clock_gettime)(int a, void *b) { return 0; }\n",
    "write": "static long write(int f, const void *b, unsigned long n) { return n; }\n",
    "exit": "static void exit(int status) {}\n",
    "malloc": "static char pool[9]; static void *malloc(unsigned long n) { return pool; }\n",
    "free": "static void free(void *p) {}\n",
    "a name of the library that no list has": "static int getrlimit64(int a, void *b) { return 0; }\n",
    "a type": "typedef int clockid_t;\n",
    "an enumerator": "enum { CLOCK_MONOTONIC = 3 };\n",
}
AT_THE_TOP = {
    "main": "int main(void) { return 0; }\n",
    "_start": "static void _start(void) {}\n",
    "__libc_start_main": "static int __libc_start_main(void) { return 0; }\n",
    "__libc_malloc": "static void *__libc_malloc(unsigned long n) { return 0; }\n",
    "a prototype of printf": "int printf(const char *, ...) __attribute__((pure));\n",
    "a prototype of exit": "static void exit(int);\n",
    "a variable": "static const int malloc = 0;\n",
    "an enumerator": "enum { printf = 3 };\n",
    "another file's function": "static double sqrt2(double x) { return x; }\n",
    "weak": "__attribute__((weak)) static int clock_gettime(int a, void *b) { return 0; }\n",
    "alias": 'static int f(void) __attribute__((alias("main")));\n',
    "ifunc": 'static int f(void) __attribute__((ifunc("g")));\n',
    "constructor": "__attribute__((constructor)) static void f(void) {}\n",
    "constructor among harmless ones": "__attribute__((unused, cold, constructor(101))) static void f(void) {}\n",
    "a call in an attribute": "static int f __attribute__((aligned(sizeof(exit(1), 8))));\n",
    "a label of the assembler": 'static double f(void) __asm__("printf");\n',
    "a macro": "#define clock_gettime(a, b) 0\n",
    "a macro for another": "#define printf(...) 0\n",
    "undef": "#undef printf\n",
    "push_macro": '#pragma push_macro("N")\n',
    "pop_macro": '#pragma pop_macro("N")\n',
    "redefine_extname": "#pragma redefine_extname clock_gettime work\n",
    "weak pragma": "#pragma weak clock_gettime = work\n",
    "a pragma in words": '_Pragma("redefine_extname printf work")\n',
    "GCC poison": "#pragma GCC poison printf\n",
    "include_alias": '#pragma include_alias("time.h", "mine.h")\n',
}
IN_THE_LOOP = {
    "a local function that hides": ("    double (*printf)(int) = 0; sum += printf != 0;\n", "library"),
    "a variable that hides": ("    int clock_gettime = 0; sum += clock_gettime;\n", "library"),
    "a function of the original is hidden": ("    double memcpy = 0; sum += memcpy;\n", "library"),
    "extern": ("    extern char **environ; sum += environ != 0;\n", "extern"),
    "errno": ("    errno = 0;\n", "name"),
    "stdout": ("    sum += stdout != 0;\n", "call"),
    "getenv": ("    sum += getenv(\"HOME\") != 0;\n", "name"),
    "syscall": ("    syscall(250, 0);\n", "name"),
    "asm label": ("    register long r __asm__(\"rsp\"); sum += r;\n", "asm"),
    "seg_fs": ("    sum += *(double __seg_fs *)0;\n", "name"),
    "address_space": ("    sum += *(double __attribute__((address_space(257))) *)0;\n", "attribute"),
    "stopping the compiler's checks": ("    __builtin_unreachable();\n", "name"),
    "the caller": ("    void **p = __builtin_frame_address(0); sum += p[1] != 0;\n", "name"),
}  # fmt: skip
#: What C++ computes at the first call and keeps.
KEPT = [
    "static const double once = sum;",
    "static const double once{sum};",
    "static const double once(sum);",
    "static const auto once = [&] { return sum; }();",
    "static const double once = v[0] * 2;",
    "static const double &once = *new double(sum);",
    "static const model::Particle once{sum, 1, 2};",
    "static double once = 1;",
]
IN_CXX_TOP = {
    "the library's namespace": "namespace std { inline int abs(long) { return 0; } }\n",
    "a specialisation of it": "template <> void std::swap(model::Matrix &a, model::Matrix &b) noexcept {}\n",
    "chrono": "namespace std::chrono { struct steady_clock {}; }\n",
    "a function in a nameless namespace": "namespace { int printf(const char *, ...) { return 0; } }\n",
    "operator new": "void *operator new(std::size_t n) { return nullptr; }\n",
    "operator new, inline": "inline void *operator new(std::size_t n) { return nullptr; }\n",
    "operator delete": "void operator delete(void *p) noexcept {}\n",
    "code before main": "static const int early = twice(2);\n",
    "code before main in a constructor": "struct E { E() {} }; static const E early{};\n",
    "code before main without a sign": "struct E { E() {} int n = 0; }; static const E early = E{};\n",
    "a variable of a derived class": "struct E : public model::Particle {} early;\n",
    "a static member": "struct E { inline static int calls = 0; };\n",
    "a friend of the library": "struct E { friend int std::abs(int); };\n",
    "a module": "import std;\n",
    "a using declaration": "using ::system;\n",
    "C linkage": 'extern "C" int clock_gettime(int, void *) { return 0; }\n',
}


def refused(before: str, after: str, name: str) -> set[str]:
    found = gate.source(before, after, name)
    assert all("; allowed: " in refusal.what for refusal in found)
    return {refusal.rule for refusal in found}


@pytest.mark.parametrize("text", BEFORE_THE_INCLUDES.values(), ids=BEFORE_THE_INCLUDES.keys())
def test_before_the_includes(text: str) -> None:
    assert refused(C, in_c(includes=text), "work.c") & {"library", "declaration"}


@pytest.mark.parametrize("text", AT_THE_TOP.values(), ids=AT_THE_TOP.keys())
def test_at_the_top(text: str) -> None:
    if "sqrt2" in text:  # the original calls it, and another file defines it
        before = C.replace("sum += a[i]", "sum += sqrt2(a[i])")
        after = in_c(top=text).replace("sum += a[i]", "sum += sqrt2(a[i])")
        assert refused(before, after, "work.c") == {"library"}
        return
    assert refused(C, in_c(top=text), "work.c")


@pytest.mark.parametrize(("text", "rule"), IN_THE_LOOP.values(), ids=IN_THE_LOOP.keys())
def test_in_a_loop(text: str, rule: str) -> None:
    assert rule in refused(C, in_c(text + LOOP), "work.c")


@pytest.mark.parametrize("text", IN_CXX_TOP.values(), ids=IN_CXX_TOP.keys())
def test_at_the_top_of_cxx(text: str) -> None:
    assert refused(CXX, in_cxx(top=text), "work.cpp")


@pytest.mark.parametrize("text", KEPT)
def test_nothing_is_computed_once_for_all(text: str) -> None:
    assert "declaration" in refused(CXX, in_cxx(f"    {text} sum += once;\n"), "work.cpp")


STD = ["system", "thread", "ofstream", "getenv", "exit", "function", "chrono", "async", "cout",
       "remove", "rename", "filesystem", "atexit", "mem_fn", "bind", "ref", "jthread", "fopen"]  # fmt: skip


@pytest.mark.parametrize("name", STD)
def test_names_of_the_cxx_library_that_do_more_than_compute(name: str) -> None:
    before = CXX.replace("#include <chrono>\n", "").replace("std::chrono", "model")
    after = before.replace("    double sum = 0.0;", f"    double sum = 0.0; (void)std::{name};")
    assert "name" in refused(before, after, "work.cpp") or "address" in refused(
        before, after, "work.cpp"
    )


#: What is switched off, or dropped by a macro, declares nothing.
NOWHERE = {
    "a function that is switched off": (
        "#if 0\nstatic int getppid(void) { return 0; }\n#endif\n",
        "    sum += getppid();\n",
    ),
    "a type that is switched off": ("#if 0\ntypedef int getppid;\n#endif\n", "    sum += getppid();\n"),
    "a parameter of a macro that drops it": ("", "    UNUSED(int getppid) { sum += (long)getppid; }\n"),
    "a function in a macro that drops it": (
        "static int UNUSED(int getppid) f(void) { return (int)(long)getppid; }\n",
        "",
    ),
    "a head in a macro that drops it": (
        "static int f(void) UNUSED(int getppid) { return (int)(long)getppid; }\n",
        "",
    ),
    "a block of its own": ("", "    { int getppid = 0; (void)getppid; } sum += (long)getppid;\n"),
    "a statement of its own": ("", "    for (int getppid = 0; getppid;) ; sum += (long)getppid;\n"),
    "another function's": ("static int f(int getppid) { return getppid; }\n", "    sum += (long)getppid;\n"),
    "a product": ("", "    int x = 2; x * getppid; sum += (long)getppid;\n"),
    "a comparison": ("", "    int x = 2; x & getppid; sum += (long)getppid;\n"),
    "a member": ("struct s { int getppid; };\n", "    sum += (long)getppid;\n"),
    "a label": ("", "    getppid: sum += (long)getppid;\n"),
    "a type and a call": ("struct getppid { int x; };\n", "    sum += getppid();\n"),
    "a prototype's parameter": ("static int weight(int getppid);\n", "    sum += (long)getppid;\n"),
    "a tag and a call": ("struct getppid { int x; };\n", "    sum += getppid();\n"),
    "a label in a choice": ("", "    sum += n ? (long) getppid : 0;\n"),
    "a type in a macro that drops it": ("", "    UNUSED(getppid q); sum += (getppid)(1);\n"),
    "braces in a macro that drops them": ("", "    UNUSED({ int getppid;) sum += (long)getppid; UNUSED(})\n"),
    "a function in parentheses": ("static int (getppid)(void);\n", "    sum += getppid();\n"),
    "an initialiser that reaches for it": ("", "    long x = (long)getppid; sum += x;\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOWHERE)
def test_what_is_declared_nowhere_here(name: str) -> None:
    top, loop = NOWHERE[name]
    before = C
    if top.startswith("#if"):
        before = in_c(top="#if 0\n#endif\n")
    after = in_c(loop + LOOP, top)
    found = gate.source(before, after, "work.c")
    named = any("getppid" in refusal.what for refusal in found)
    assert named or {refusal.rule for refusal in found} == {"brackets"}, found


SPELLINGS = {
    "a comment that is a division": "    sum += 1 //* */ 2;\n",
    "torn quote": "    sum += 1; ' /* \n",
    "torn string": '    sum += 1; " /* \n',
    "universal name": "    sum += \\u0067etppid();\n",
    "digit separator": "    sum += 1'0;\n",
    "raw string": '    sum += R"(x)"[0];\n',
    "raw string without end": '    sum += R"(x\n',
    "hash": "    # # include\n",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_spellings_that_hide(text: str) -> None:
    assert refused(C, in_c(text + LOOP), "work.c") & {"spelling", "directive"}


def test_a_mark_of_byte_order_hides_no_directive() -> None:
    before = "\ufeff" + C
    after = before.replace("#include <math.h>", '#include "/etc/passwd"')
    assert refused(before, after, "work.c") == {"directive"}
    assert refused(before, before, "work.c") == set()


def test_quotes_in_what_is_switched_off_end_with_their_line() -> None:
    before = in_c(top="#if 0\n    don't\n#endif\n")
    after = in_c('    __asm__("nop");\n' + LOOP, "#if 0\n    don't /*\n#endif\n")
    assert "asm" in refused(before, after + "/* */\n", "work.c")


@pytest.mark.parametrize("word", ["volatile", "_Atomic"])
def test_an_access_that_must_be_made_is_made(word: str) -> None:
    before = in_c(f"    {word} int seen = 0;\n    seen += 1;\n" + LOOP)
    assert refused(before, before.replace(f"{word} int", "int"), "work.c") == {"access"}
    moved = in_c(LOOP + f"    {word} int seen = 0;\n    seen += 1;\n")
    assert refused(before, moved, "work.c") == set()
