"""The gate for source text: every disguise of a forbidden thing that is known is refused."""

from __future__ import annotations

import pytest

from corr.optimize import gate
from tests.support.gate_program import HONEST, LOOP, PROGRAM, changed, judged, rules

ATTACKS = {
    "asm": '    __asm__ volatile("nop");\n' + LOOP,
    "asm goto": '    asm goto("jmp %l0" : : : : out); out:\n' + LOOP,
    "asm in a comment's place": '    __as/**/m__; __asm /* x */ ("nop");\n' + LOOP,
    "asm over two lines": '    as\\\nm("nop");\n' + LOOP,
    "asm over two lines with blanks": '    as\\  \nm("nop");\n' + LOOP,
    "asm by trigraph": '    as??/\nm("nop");\n' + LOOP,
    "asm by universal name": '    \\u0061sm("nop");\n' + LOOP,
    "asm by macro": "#define A as\n#define B(x, y) x##y\n    B(A, m)();\n" + LOOP,
    "register by asm": '    register long r asm("rsp");\n' + LOOP,
    "include": '#include "/etc/passwd"\n' + LOOP,
    "include by digraph": '%:include "/etc/passwd"\n' + LOOP,
    "include after a comment": '/* a */ # /* b */ include "/etc/passwd"\n' + LOOP,
    "include over two lines": '#inc\\\nlude "/etc/passwd"\n' + LOOP,
    "include after a carriage return": '    ;\r#include "/etc/passwd"\n' + LOOP,
    "include by trigraph": '??=include "/etc/passwd"\n' + LOOP,
    "include next": "#include_next <stdio.h>\n" + LOOP,
    "import": "#import <stdio.h>\n" + LOOP,
    "embed": 'const unsigned char b[] = {\n#embed "/etc/passwd"\n};\n' + LOOP,
    "has include": '#if __has_include("/etc/passwd")\n#endif\n' + LOOP,
    "has embed": '#if __has_embed("/etc/passwd")\n#endif\n' + LOOP,
    "incbin": '    __asm__(".incbin \\"/etc/passwd\\"");\n' + LOOP,
    "define": "#define sum other\n" + LOOP,
    "undef": "#undef N\n" + LOOP,
    "line": '#line 1 "other.c"\n' + LOOP,
    "if": "#if 0\n#endif\n" + LOOP,
    "error": "#error no\n" + LOOP,
    "null directive": "#\n" + LOOP,
    "pragma": "#pragma clang attribute push(__attribute__((constructor)), apply_to=function)\n"
    + LOOP,
    "pragma by operator": '    _Pragma("weak printf = work")\n' + LOOP,
    "pragma by wide operator": '    _Pragma(L"weak printf = work")\n' + LOOP,
    "pragma in pieces": '    _Pragma("omp" " parallel")\n' + LOOP,
    "threads": "#pragma omp parallel for reduction(+:sum)\n" + LOOP,
    "redefine": "#pragma redefine_extname printf system\n" + LOOP,
    "push macro": '#pragma push_macro("N")\n' + LOOP,
    "comment lib": '#pragma comment(lib, "evil")\n' + LOOP,
    "static cache": "    static double cache;\n    if (cache) return cache;\n" + LOOP,
    "static cache behind a pointer to const": "    static const double *cache;\n" + LOOP,
    "storage in an odd place": "    double static cache[4];\n    cache[0] = sum;\n" + LOOP,
    "thread local": "    static _Thread_local double cache;\n" + LOOP,
    "thread local, GNU": "    static __thread double cache;\n" + LOOP,
    "extern": "    extern char **environ;\n    sum += environ != 0;\n" + LOOP,
    "local prototype": '    int system(const char *);\n    system("true");\n' + LOOP,
    "system": '    system("true");\n' + LOOP,
    "function pointer": '    int (*run)(const char *) = system;\n    run("true");\n' + LOOP,
    "shadow elsewhere": '    { int system = 0; (void)system; }\n    system("true");\n' + LOOP,
    "shadow as a value": "    { int system = 0; (void)system; }\n    void *p = (void *)system;\n"
    + LOOP,
    "product that looks like a pointer": "    int x = 2; x = x * getpid;\n" + LOOP,
    "builtin trap": "    __builtin_trap();\n" + LOOP,
    "builtin unreachable": "    if (n < 0) __builtin_unreachable();\n" + LOOP,
    "builtin printf": '    __builtin_printf("%d", n);\n' + LOOP,
    "builtin frame": "    void *p = __builtin_frame_address(0);\n" + LOOP,
    "time": "    const char *t = __TIME__;\n" + LOOP,
    "file": "    const char *t = __FILE__;\n" + LOOP,
    "counter": "    int t = __COUNTER__;\n" + LOOP,
    "errno": "    errno = 0;\n" + LOOP,
    "control register": "    _mm_setcsr(0x8040);\n" + LOOP,
    "NUL": "    \0\n" + LOOP,
    "backspace": "    \x08\n" + LOOP,
    "letters beyond ASCII": "    int ѕum = 0;\n" + LOOP,
    "stray quote": "    '\n" + LOOP,
    "too long": "    ;" * 100_000 + LOOP,
}


@pytest.mark.parametrize("loop", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_in_a_function_is_refused(loop: str) -> None:
    found = judged(changed(loop))
    assert found
    assert all(refusal.what.startswith("work.c") for refusal in found)


AT_FILE_SCOPE = {
    "constructor": "__attribute__((constructor)) static void f(void) {}\n",
    "constructor, underscored": "__attribute__((__constructor__(101))) static void f(void) {}\n",
    "constructor, short keyword": "__attribute((constructor)) static void f(void) {}\n",
    "constructor in a list": "__attribute__((unused, constructor)) static void f(void) {}\n",
    "constructor behind another": "__attribute__((aligned(8))) __attribute__((constructor)) static void f(void) {}\n",
    "constructor, C23": "[[gnu::constructor]] static void f(void) {}\n",
    "constructor, C23 underscored": "[[__gnu__::__constructor__]] static void f(void) {}\n",
    "constructor, using": "[[using gnu: unused, constructor]] static void f(void) {}\n",
    "constructor, digraphs": "<:<:gnu::constructor:>:> static void f(void) {}\n",
    "constructor over lines": "__attr\\\nibute__((constructor)) static void f(void) {}\n",
    "destructor": "__attribute__((destructor)) static void f(void) {}\n",
    "cleanup": "static void f(int *p) { int x __attribute__((cleanup(f))); }\n",
    "ifunc": '__attribute__((ifunc("g"))) static void f(void);\n',
    "alias": '__attribute__((alias("main"))) static void f(void);\n',
    "weak": "__attribute__((weak)) void f(void) {}\n",
    "section": '__attribute__((section(".init_array"))) static void *p = 0;\n',
    "section, declspec": '__declspec(allocate(".init_array")) static const int p = 0;\n',
    "used": "__attribute__((used)) static void f(void) {}\n",
    "naked": "__attribute__((naked)) static void f(void) {}\n",
    "interrupt": "__attribute__((interrupt)) static void f(void *p) {}\n",
    "target clones": '__attribute__((target_clones("avx2", "default"))) static int f(void) { return 1; }\n',
    "global": "static double cache;\n",
    "global without static": "double cache[4];\n",
    "global of a new type": "static struct { double x; } cache;\n",
    "global pointer to const": "static const double *cache = 0;\n",
    "tentative array of const pointers": "static const double *cache[4];\n",
    "top-level asm": '__asm__(".section .init_array");\n',
    "declaration": "int system(const char *);\n",
    "extern": "extern int system(const char *);\n",
    "extern block": 'extern "C" { int system(const char *); }\n',
    "visible function": "double clock_gettime(int a, void *b) { return 0; }\n",
    "raw string": 'static const char t[] = R"(x)";\n',
    "replaced operator new": "void *operator new(unsigned long n) { return 0; }\n",
    "module": "import <cstdio>;\n",
}


@pytest.mark.parametrize("top", AT_FILE_SCOPE.values(), ids=AT_FILE_SCOPE.keys())
def test_an_attack_at_file_scope_is_refused(top: str) -> None:
    assert judged(changed(top=top))


def test_what_the_original_has_may_stay_but_not_grow() -> None:
    asm = '    __asm__ volatile("" : : "r"(a) : "memory");\n'
    before = changed(asm + LOOP)
    faster = changed(asm + HONEST["four sums"])
    assert judged(faster, before) == []
    assert rules(judged(changed(asm + asm + LOOP), before)) == {"asm"}
    assert rules(judged(changed(asm.replace('""', '"nop"', 1) + LOOP), before)) == {"asm"}


def test_code_that_was_switched_off_may_not_be_switched_on() -> None:
    before = changed('#if 0\n    __asm__("nop");\n#endif\n' + LOOP)
    assert rules(judged(changed('    __asm__("nop");\n' + LOOP), before)) >= {"directive"}
    moved = changed('#if 0\n#endif\n    __asm__("nop");\n' + LOOP)
    assert rules(judged(moved, before)) == {"asm"}


@pytest.mark.parametrize(
    "torn",
    ["[[unused(", "__attribute__((unused(", "__attribute__((unused", "[[", "{", "(", "= {", "}"],
)
def test_an_open_bracket_where_code_is_switched_off_hides_nothing(torn: str) -> None:
    before = changed(top="#if 0\n    off\n#endif\n")
    top = f"#if 0\n    off {torn}\n#endif\n"
    assert judged(changed(top=top), before)
    assert judged(changed('    __asm__("nop");\n' + LOOP, top), before)
    assert judged(changed(top=top + "double cache;\n"), before)


@pytest.mark.parametrize(
    "text", ["[[", 'R"(', "extern ", "static int a ", "asm ", "/*", "{", "int a,", "zz*"]
)
def test_the_gate_takes_no_time_for_endless_repetitions(text: str) -> None:
    """It ends: a test of seconds would only measure the machine."""
    assert isinstance(judged(PROGRAM + text * 10_000), list)
    assert judged(PROGRAM + text * 60_000) != []


def test_a_macro_of_the_program_that_hides_asm_may_not_be_used_anew() -> None:
    macros = "#define RUN(x) __asm__(x)\n#define AGAIN(y) RUN(y)\n"
    before = changed(top=macros)
    assert rules(judged(changed('    AGAIN("nop");\n' + LOOP, macros), before)) == {"macro"}


def test_reordering_pragmas_need_permission() -> None:
    after = changed("    {\n#pragma clang fp reassociate(on)\n" + LOOP + "    }\n")
    assert rules(judged(after)) == {"pragma"}
    assert judged(after, allow_reassociation=True) == []


def test_a_refusal_says_where() -> None:
    (refusal,) = judged(changed('\n    __asm__("nop");\n' + LOOP))
    assert refusal.rule == "asm"
    assert refusal.line == 10
    assert refusal.what.startswith("work.c:10: '__asm__ ( \"nop\" )' is added")


def test_lines_are_those_of_the_original_text() -> None:
    found = gate.tokens("a /* one\ntwo */ b\\\nc\n  # define X \\\n 1\nd")
    assert [(t.kind, t.text, t.line) for t in found] == [
        ("name", "a", 1),
        ("name", "bc", 2),
        ("directive", "# define X 1", 4),
        ("name", "d", 6),
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "}", "((((", '"', "/*", "extern", "= { ;", "[[", "#", "a ::"]
)
def test_torn_text_raises_nothing(text: str) -> None:
    assert isinstance(judged(text), list)
    assert isinstance(judged(PROGRAM + text), list)
    assert isinstance(judged(PROGRAM, text), list)


def test_what_is_called_through_is_followed_from_name_to_name() -> None:
    """`call` is called, so an `x` whose member has that name is, so `x` may not be set anew."""
    text = """
struct Doubled { int call(int v) const { return 2 * v; } int k = 1; };
int main(int argc, char **) {
  int (*call)(int) = [](int v) { return v; };
  Doubled x, y;
  x = y;
  return call(argc) + x.call(argc);
}
"""
    assert gate.source(text, text, "a.cpp") == []
    assert gate.source(text, text.replace("x = y;", "x = y; x = y;"), "a.cpp")


def test_a_long_comment_is_a_comment() -> None:
    """Python 3.11.2 gave up in the middle of one where its parts were repeated possessively."""
    text = (
        "/*\n"
        + "Copyright (c) 2010 * 2013, in U.S. 'terms', \"as is\" ***\n" * 200
        + "*/\nint x;\n"
    )
    assert [token.text for token in gate.tokens(text)] == ["int", "x", ";"]
