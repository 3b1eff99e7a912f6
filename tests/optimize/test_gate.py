"""The gate: honest optimisations pass, and every disguise that is known does not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from corr.optimize import gate
from corr.optimize.gate import Refusal

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
SOURCES = sorted(p for p in KERNELS.iterdir() if p.suffix in (".c", ".cpp"))

PROGRAM = """\
#include <stdio.h>
#include <math.h>
#define N 64
static double data[N];

static double work(const double *a, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++)
        sum += a[i] * 2.0;
    return sum;
}

int main(void)
{
    printf("%g\\n", work(data, N));
    return 0;
}
"""
LOOP = """    for (int i = 0; i < n; i++)
        sum += a[i] * 2.0;
"""


def changed(new_loop: str = LOOP, top: str = "") -> str:
    """PROGRAM with another loop in `work`, and something before `work`."""
    text = PROGRAM.replace(LOOP, new_loop)
    return text.replace("static double work(", f"{top}static double work(")


def rules(found: list[Refusal]) -> set[str]:
    return {refusal.rule for refusal in found}


def judged(after: str, before: str = PROGRAM, **options: bool) -> list[Refusal]:
    return gate.source(before, after, "work.c", **options)


def compiles(clang: str, text: str, tmp_path: Path, language: str = "c") -> bool:
    source = tmp_path / f"tried.{language}"
    source.write_text(text)
    flags = ("-fopenmp", "-fopenmp-version=60", "-w", "-c", "-o", tmp_path / "tried.o")
    return subprocess.run([clang, *flags, source], capture_output=True).returncode == 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_a_program_may_stay_as_it_is(path: Path) -> None:
    text = path.read_text()
    assert gate.source(text, text, path.name) == []


HONEST = {
    "interchange and tile": """    for (int ii = 0; ii < n; ii += 8) {
        const int end = ii + 8 < n ? ii + 8 : n;
        for (int i = ii; i < end; ++i) sum += 2.0 * a[i];
    }
""",
    "four sums": """    double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0;
    int i = 0;
    for (; i + 3 < n; i += 4) { s0 += a[i]; s1 += a[i + 1]; s2 += a[i + 2]; s3 += a[i + 3]; }
    for (; i < n; i++) s0 += a[i];
    sum = 2.0 * ((s0 + s1) + (s2 + s3));
""",
    "pragmas": """#pragma clang loop vectorize(enable) interleave_count(4)
    for (int i = 0; i < n; i++)
        sum += a[i] * 2.0;
""",
    "openmp": """#pragma omp simd reduction(+:sum)
    for (int i = 0; i < n; i++)
        sum += a[i] * 2.0;
""",
    "pragma operator": """    _Pragma("clang loop unroll_count(4)")
    for (int i = 0; i < n; i++)
        sum += a[i] * 2.0;
""",
    "restrict, assume, prefetch": """    const double *__restrict__ p = __builtin_assume_aligned(a, 8);
    __builtin_assume(n > 0);
    for (int i = 0; i < n; i++) { __builtin_prefetch(&p[i + 8]); sum += p[i] * 2.0; }
""",
    "mathematics": """    for (int i = 0; i < n; i++)
        sum = fma(a[i], 2.0, sum) + 0.0 * sqrt(fabs(a[i]));
""",
    "vector types": """    typedef double v4 __attribute__((vector_size(32)));
    v4 acc = {0, 0, 0, 0};
    for (int i = 0; i < n; i++) acc[i & 3] += a[i] * 2.0;
    sum = acc[0] + acc[1] + acc[2] + acc[3];
""",
    "a table and an array on the stack": """    static const double table[2] = {2.0, 2.0};
    double buffer[16];
    for (int i = 0; i < n; i++) { buffer[i & 15] = a[i]; sum += buffer[i & 15] * table[i & 1]; }
""",
    "pointers": """    const double *p = a, *end = a + n;
    while (p != end) sum += *p++ * 2.0;
""",
    "goto": """    int i = 0;
again:
    if (i < n) { sum += a[i++] * 2.0; goto again; }
""",
    "enum": """    enum { TILE = 8, HALF = 4 };
    for (int i = 0; i < n; i++) sum += a[i] * (TILE / HALF);
""",
}


@pytest.mark.parametrize("loop", HONEST.values(), ids=HONEST.keys())
def test_an_honest_change_passes(loop: str, clang: str, tmp_path: Path) -> None:
    assert compiles(clang, changed(loop), tmp_path)
    assert judged(changed(loop)) == []


def test_a_static_helper_and_memory_of_its_own_pass(clang: str, tmp_path: Path) -> None:
    top = (
        "struct part { double low, high; };\n"
        "static inline double twice(double x, struct part *p) { p->low = x; return x + p->low; }\n"
    )
    loop = """    double *copy = malloc(n * sizeof *copy);
    struct part part;
    for (int i = 0; i < n; i++) copy[i] = twice(a[i], &part);
    for (int i = 0; i < n; i++) sum += copy[i];
    free(copy);
"""
    before = PROGRAM.replace("#include <math.h>", "#include <math.h>\n#include <stdlib.h>")
    after = changed(loop, top).replace(
        "#include <math.h>", "#include <math.h>\n#include <stdlib.h>"
    )
    assert compiles(clang, after, tmp_path)
    assert judged(after, before) == []


def test_honest_cxx_passes(clang: str, tmp_path: Path) -> None:
    before = """\
#include <vector>
#include <algorithm>
namespace {
double work(const std::vector<double> &a) { double s = 0; for (double x : a) s += x; return s; }
}
int main() { std::vector<double> v(100, 1.0); return work(v) == 100.0 ? 0 : 1; }
"""
    after = before.replace(
        "double work(const std::vector<double> &a) { double s = 0; for (double x : a) s += x; return s; }",
        """template <typename T> T least(T p, T q) { return p < q ? p : q; }
double work(const std::vector<double> &a) {
    constexpr std::size_t tile = 16;
    const double *__restrict p = a.data();
    auto add = [&](std::size_t from, std::size_t to) { double t = 0; for (auto i = from; i < to; ++i) t += p[i]; return t; };
    std::vector<double> parts(tile);
    double s = 0;
    for (std::size_t i = 0; i < a.size(); i += tile) s += add(i, least(i + tile, a.size()));
    return std::max(s, 0.0 * parts[0]);
}""",
    )
    assert compiles(clang.replace("clang", "clang++"), after, tmp_path, "cpp")
    assert gate.source(before, after, "work.cpp") == []


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


MODULE = """\
@table = private constant [2 x double] [double 1.0, double 2.0]
@.str = private constant [3 x i8] c"%g\\00"
define internal double @work(ptr noundef readonly %a, i32 noundef %n) #0 !dbg !5 {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %s = phi double [ 0.0, %entry ], [ %t, %loop ]
  %p = getelementptr inbounds double, ptr %a, i32 %i
  %v = load double, ptr %p, align 8
  %t = fadd double %s, %v
  %next = add nsw i32 %i, 1
  %c = icmp slt i32 %next, %n
  br i1 %c, label %loop, label %out, !llvm.loop !6
out:
  ret double %t
}
define i32 @main() #0 {
  %r = call double @work(ptr @table, i32 2)
  %x = call i32 (ptr, ...) @printf(ptr @.str, double %r)
  ret i32 0
}
declare i32 @printf(ptr, ...)
attributes #0 = { nounwind "target-cpu"="x86-64" }
!llvm.module.flags = !{!0}
!0 = !{i32 2, !"Debug Info Version", i32 3}
!5 = distinct !DISubprogram(name: "work", scope: !7, spFlags: DISPFlagDefinition, unit: !8)
!6 = distinct !{!6}
!7 = !DIFile(filename: "work.c", directory: "/")
!8 = distinct !DICompileUnit(language: DW_LANG_C11, file: !7, emissionKind: FullDebug)
"""
WORK = MODULE[MODULE.index("define internal") : MODULE.index("define i32 @main")]


def ir(text: str, **options: bool) -> list[Refusal]:
    return gate.ir(MODULE, text, "work", **options)


def test_honest_ir_passes() -> None:
    assert ir(WORK) == []
    renamed = WORK.replace("%a,", "%0,").replace("ptr %a", "ptr %0").replace(" readonly", "")
    assert ir("; a comment\n" + renamed) == []
    longer = WORK.replace(
        "  %t = fadd double %s, %v\n",
        "  %m = call double @llvm.fma.f64(double %v, double 1.0, double %s)\n"
        '  call void @llvm.assume(i1 true) [ "align"(ptr %a, i64 8) ]\n'
        "  %vec = call <4 x double> @llvm.vector.splice.v4f64(<4 x double> zeroinitializer, <4 x double> zeroinitializer, i32 1)\n"
        "  %t = fadd double %s, %v\n",
    )
    assert ir(longer) == []


def body(line: str) -> str:
    return WORK.replace("  %t = fadd", f"  {line}\n  %t = fadd")


IR_ATTACKS = {
    "asm": (body('call void asm sideeffect "nop", ""()'), "word"),
    "module asm after": (WORK + 'module asm "nop"\n', "function"),
    "module asm on the last line": (WORK.rstrip() + ' module asm "nop"\n', "function"),
    "module asm before": ('module asm "nop"\n' + WORK, "function"),
    "second function": (WORK + "define void @evil() { ret void }\n", "function"),
    "another function": (WORK.replace("@work", "@main"), "function"),
    "declare": ("declare i32 @system(ptr)\n" + WORK, "function"),
    "global": ("@cache = internal global double 0.0\n" + WORK, "function"),
    "attribute group": (WORK + "attributes #1 = { nounwind }\n", "function"),
    "system": (body("%q = call i32 @system(ptr null)"), "symbol"),
    "system, quoted": (body('%q = call i32 @"system"(ptr null)'), "symbol"),
    "system, escaped": (body('%q = call i32 @"\\73ystem"(ptr null)'), "symbol"),
    "system, as a value": (body("store ptr @system, ptr null"), "symbol"),
    "system, behind a comment": (body("%q = call i32 ; x\n @system(ptr null)"), "symbol"),
    "register": (body("%q = call i64 @llvm.read_register.i64(metadata !0)"), "symbol"),
    "write register": (body("call void @llvm.write_register.i64(metadata !0, i64 0)"), "symbol"),
    "trap": (body("call void @llvm.trap()"), "symbol"),
    "frame": (body("%q = call ptr @llvm.frameaddress.p0(i32 0)"), "symbol"),
    "clock": (body("%q = call i64 @llvm.readcyclecounter()"), "symbol"),
    "exceptions": (body("%q = call i32 @llvm.eh.typeid.for.p0(ptr null)"), "symbol"),
    "rounding": (body("call void @llvm.set.rounding(i32 0)"), "symbol"),
    "inttoptr": (body("%q = inttoptr i64 4096 to ptr"), "word"),
    "inttoptr in a constant": (body("store i8 0, ptr inttoptr (i64 4096 to ptr)"), "word"),
    "blockaddress": (body("store ptr blockaddress(@work, %loop), ptr null"), "word"),
    "indirectbr": (body("indirectbr ptr %p, [label %loop]"), "word"),
    "call of a value": (body("call void %p()"), "call"),
    "unreachable": (WORK.replace("ret double %t", "unreachable"), "word"),
    "reassoc": (WORK.replace("fadd double %s", "fadd reassoc double %s"), "word"),
    "fast": (WORK.replace("fadd double %s", "fadd fast double %s"), "word"),
    "linkage": (WORK.replace("define internal", "define weak"), "head"),
    "section": (WORK.replace("#0 !dbg", 'section ".init_array" #0 !dbg'), "head"),
    "gc": (WORK.replace("#0 !dbg", 'gc "statepoint-example" #0 !dbg'), "head"),
    "personality": (WORK.replace("!dbg !5 {", "!dbg !5 personality ptr @printf {"), "head"),
    "prefix": (WORK.replace("!dbg !5 {", "!dbg !5 prefix i32 1 {"), "head"),
    "type": (WORK.replace("define internal double", "define internal float"), "head"),
    "arguments": (WORK.replace("i32 noundef %n)", "i32 noundef %n, i32 %m)"), "head"),
    "noalias": (WORK.replace("ptr noundef", "ptr noalias noundef"), "head"),
    "group": (WORK.replace("#0 !dbg", "#7 !dbg"), "reference"),
    "metadata": (WORK.replace("!llvm.loop !6", "!llvm.loop !66"), "reference"),
    "string attribute": (WORK.replace("#0 !dbg", '#0 "probe-stack"="printf" !dbg'), "reference"),
    "torn": (WORK.replace("ret double %t\n}", "ret double %t\n"), "function"),
    "NUL": (WORK + "\0", "spelling"),
    "empty": ("", "function"),
}


@pytest.mark.parametrize(("text", "rule"), IR_ATTACKS.values(), ids=IR_ATTACKS.keys())
def test_an_attack_in_ir_is_refused(text: str, rule: str) -> None:
    assert rule in rules(ir(text))


def test_fast_mathematics_in_ir_needs_permission() -> None:
    text = WORK.replace("fadd double %s", "fadd reassoc double %s")
    assert ir(text, allow_reassociation=True) == []


def test_ir_of_the_compiler_may_stay_as_it_is(clang: str, tmp_path: Path) -> None:
    for name in ("gemm.c", "particles.cpp"):
        out = tmp_path / "module.ll"
        argv = [clang, "-O3", "-g", "-S", "-emit-llvm", KERNELS / name, "-o", out]
        subprocess.run(argv, check=True)
        module = out.read_text()
        heads = [line for line in module.splitlines() if line.startswith("define")]
        assert heads
        for head in heads[:12]:
            symbol = head.split("@", 1)[1].split("(", 1)[0].strip('"')
            start = module.index(head)
            text = module[start : module.index("\n}\n", start) + 3]
            assert gate.ir(module, text, symbol) == []


ALLOWED = [
    *("-O2", "-O3", "-Os", "-march=native", "-mtune=znver4", "-mcpu=neoverse-n1", "-mavx512f"),
    *("-mno-avx512f", "-mfma", "-mprefer-vector-width=512", "-funroll-loops", "-fno-vectorize"),
    *("-fno-slp-vectorize", "-fno-math-errno", "-ffp-contract=off", "-fopenmp", "-fno-plt"),
    *("-fopenmp-version=60", "-mllvm -polly", "-mllvm -polly-tiling=0", "-mllvm=-polly"),
    *(
        "-mllvm -polly-vectorizer=stripmine",
        "-mllvm -unroll-count=4",
        "-mllvm --inline-threshold=500",
    ),
    *("-mllvm -enable-loopinterchange", "-mllvm -force-vector-width=8", "-mllvm -slp-threshold=-2"),
    *(
        "-mllvm -polly-invariant-load-hoisting",
        "-mllvm -prefer-predicate-over-epilogue=predicate-dont-vectorize",
    ),
]
REFUSED = [
    *(
        "-include /etc/passwd",
        "-include/etc/passwd",
        "-I/etc",
        "-I",
        "-isystem",
        "-L/tmp",
        "-lm",
        "@file",
    ),
    *(
        "-o x",
        "-o/etc/x",
        "-save-temps",
        "-save-temps=obj",
        "-MF",
        "-fplugin=/x.so",
        "-fpass-plugin=/x.so",
    ),
    *(
        "-Xclang -load",
        "-Xlinker x",
        "-Wl,-rpath,/tmp",
        "-Wa,x",
        "-Wp,-include",
        "-specs=/x",
        "-B/tmp",
    ),
    *(
        "-fuse-ld=/x",
        "--ld-path=/x",
        "-DX=1",
        "-Uunix",
        "-std=c99",
        "-x",
        "/etc/passwd",
        "x.c",
        "-",
        "",
    ),
    *(
        "-ffast-math",
        "-Ofast",
        "-fassociative-math",
        "-ffp-contract=fast",
        "-mrecip",
        "-ffp-model=fast",
    ),
    *(
        "-fstrict-aliasing",
        "-fopenmp-simd",
        "-fprofile-use=/x",
        "-fsanitize=address",
        "-fveclib=libmvec",
    ),
    *("-mllvm", "-mllvm -load=/x.so", "-mllvm -polly-export", "-mllvm -polly-import-jscop-dir=/x"),
    *("-mllvm -polly-parallel", "-mllvm -polly-dot", "-mllvm -polly-print-scops", "-mllvm -stats"),
    *("-mllvm -debug-only=x", "-mllvm -enable-unsafe-fp-math", "-mllvm -enable-no-nans-fp-math"),
    *("-mllvm -inliner-interactive-channel-base=/x", "-mllvm -enable-ml-inliner=development"),
    *(
        "-mllvm -polly-ignore-aliasing",
        "-mllvm -unroll-count=/etc",
        "-mllvm -fp-contract=fast",
        "-mllvm x",
    ),
    *(
        "-mllvm -polly-import",
        "-mllvm -inline-remark-file=x",
        "-march=native/../x",
        "-O3\n",
        "-fno-strict-aliasing=x",
    ),
    *(
        "-###",
        "-v",
        "-c",
        "-S",
        "-E",
        "--config=x",
        "-resource-dir=/x",
        "-ccc-install-dir",
        "-mcmodel=large",
    ),
    *(
        "-mllvm -polly-process-unprofitable -mllvm -load-pass-plugin=/x.so",
        "-Wno-error",
        "-fdebug-prefix-map=a=b",
    ),
]


@pytest.mark.parametrize("option", ALLOWED)
def test_an_optimisation_option_passes(option: str) -> None:
    assert gate.flags(option.split(" "), False) == []


@pytest.mark.parametrize("option", REFUSED)
def test_any_other_option_is_refused(option: str) -> None:
    (refusal,) = gate.flags(
        option.split(" ") if " -mllvm" in option or option.startswith("-mllvm") else [option], False
    )
    assert refusal.rule == "flag"
    assert ": " in refusal.what


@pytest.mark.parametrize("option", ["-ffast-math", "-Ofast", "-ffp-contract=fast", "-mrecip=all"])
def test_inexact_options_need_permission(option: str) -> None:
    assert gate.flags([option], False)
    assert gate.flags([option], True) == []


@pytest.mark.parametrize("option", [o for o in ALLOWED if "-mcpu=" not in o])
def test_clang_knows_the_options_that_pass(option: str, clang: str, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    argv = [clang, *option.split(" "), "-c", "a.c", "-o", "a.o"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def built(clang: str, text: str, out: Path, *flags: str) -> Path:
    source = out.with_suffix(".c")
    source.write_text(text)
    subprocess.run([clang, "-O2", "-w", *flags, "-c", source, "-o", out], check=True)
    return out


OBJECT_ATTACKS = {
    "imported": 'int system(const char *); static void f(void) { system("true"); }',
    "exported": "int clock_gettime(int a, void *b) { return 0; }",
    "cache": "static int f(void) { static int calls; return calls++; }",
    "thread local": "static _Thread_local int calls; static int f(void) { return calls++; }",
    "common": "__attribute__((common)) int calls; static int f(void) { return calls++; }",
    "constructor": '__attribute__((constructor)) static void f(void) { puts("early"); }',
    "init array": '__attribute__((section(".init_array"), used)) static void (*const f)(void) = (void (*)(void))main;',
    "ifunc": 'static int g(void) { return 1; } static void *r(void) { return g; } int f(void) __attribute__((ifunc("r")));',
}


@pytest.mark.parametrize("top", OBJECT_ATTACKS.values(), ids=OBJECT_ATTACKS.keys())
def test_what_got_past_the_text_is_seen_in_the_object(top: str, clang: str, tmp_path: Path) -> None:
    text = PROGRAM + "int f();\n" if "int f(" in top else PROGRAM
    before = built(clang, PROGRAM, tmp_path / "before.o")
    used = text.replace("return sum;", "return sum + (long)&f;" if " f(" in top else "return sum;")
    head = used.replace("static double work", "int main(void);\n" + top + "\nstatic double work")
    after = built(clang, head, tmp_path / "after.o")
    assert gate.objects(before, after)


def test_honest_objects_pass(clang: str, tmp_path: Path) -> None:
    before = built(clang, PROGRAM, tmp_path / "before.o")
    for number, loop in enumerate(HONEST.values()):
        after = built(clang, changed(loop), tmp_path / f"{number}.o", "-O3", "-fopenmp")
        assert gate.objects(before, after, {"data"}) == []


def test_a_file_that_is_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.o").write_text("BC")
    assert rules(gate.objects(tmp_path / "a.o", tmp_path / "a.o")) == {"object"}
