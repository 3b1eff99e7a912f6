"""Ordinary C that an optimisation brings passes the gate; the compiler proves that it is C."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.optimize import gate
from tests.optimize.gate.programs import LOOP, C, compiles, in_c, passes_as_objects

IN_THE_LOOP = {
    "restrict": """    const double *restrict p = a;
    for (int i = 0; i < n; i++) sum += p[i] * weight(i);
""",
    "searches in memory": """    const char *text = "1,25,3,,4", *end = text + strlen(text);
    while ((text = memchr(text, ',', (size_t)(end - text)))) sum += weight(*++text == ',' ? 1 : 2);
    sum += (double)strcspn("ab,", ",") + (strchr("x=1", '=') != 0) + strncmp("ab", "ac", 2);
""",
    "several sums": """    double s0 = 0.0, s1 = 0.0, *last = &s1;
    int i;
    for (i = 0; i + 1 < n; i += 2) { s0 += a[i] * weight(i); s1 += a[i + 1] * weight(i + 1); }
    for (; i < n; i++) s0 += a[i] * weight(i);
    sum = s0 + *last;
""",
    "vector type": """    typedef double v4 __attribute__((vector_size(32)));
    v4 acc = {0}, step = {1, 1, 1, 1};
    for (int i = 0; i + 3 < n; i += 4) acc += *(const v4 *)(a + i) * step;
    sum = acc[0] + acc[1] + acc[2] + acc[3];
""",
    "unaligned vector type": """    typedef double v4u __attribute__((vector_size(32), aligned(8), may_alias));
    v4u acc = (v4u){0, 0, 0, 0};
    for (int i = 0; i < n; i += 4) acc += *(const v4u *)&a[i];
    sum = acc[0];
""",
    "shuffle and convert": """    typedef float f4 __attribute__((vector_size(16)));
    typedef double d4 __attribute__((vector_size(32)));
    f4 x = {1, 2, 3, 4};
    f4 y = __builtin_shufflevector(x, x, 3, 2, 1, 0);
    d4 z = __builtin_convertvector(y, d4);
    sum = z[0] + __builtin_reduce_max(x);
""",
    "element by element": """    typedef double d2 __attribute__((ext_vector_type(2)));
    d2 u = 1.0, w = __builtin_elementwise_sqrt(__builtin_elementwise_max(u, u));
    sum = w.x;
""",
    "assume, expect, prefetch": """    __builtin_assume(n % 4 == 0);
    const double *p = __builtin_assume_aligned(a, 32);
    for (int i = 0; i < n; i++) {
        __builtin_prefetch(p + i + 16, 0, 3);
        if (__builtin_expect(n > 0, 1)) sum += p[i] * weight(i);
    }
""",
    "compound literal": """    struct grid g = (struct grid){.rows = 1, .cols = n, .cells = (double *)a};
    for (int i = 0; i < g.cols; i++) sum += g.cells[i] * weight(i);
    sum += ((struct grid){0}).rows + (double[]){1.0, 2.0}[0] - 1.0;
""",
    "designated initialisers": """    const double table[3] = {[0] = 2.0, [1] = 0.5, [2] = 0.5};
    const struct grid grids[] = {{.rows = 1}, {.rows = 2, .cells = 0}};
    for (int i = 0; i < n; i++) sum += a[i] * table[i % 3] + 0 * grids[i & 1].rows;
""",
    "generic": """    for (int i = 0; i < n; i++)
        sum += _Generic(a[i], double: fabs, float: fabsf)(a[i]) * weight(i);
""",
    "variable length array": """    double row[n], (*block)[4] = malloc(sizeof(double[4][4]));
    for (int i = 0; i < n; i++) row[i] = a[i];
    for (int i = 0; i < n; i++) sum += row[i] * weight(i) + 0 * (*block)[0];
    free(block);
""",
    "pointers and casts": """    const double *p = a, *const end = a + n;
    const char *bytes = (const char *)p;
    while (p < end) sum += *p++ * weight((int)(p - a) - 1);
    sum += 0 * (double)(*bytes);
""",
    "casts before parentheses": """    for (int i = 0; i < n; i++)
        sum += (double)(float)(a[i]) * (weight)(i) + (unsigned char)(i) * (size_t)(0);
""".replace("(weight)(i)", "weight(i)"),
    "array of arrays": """    double (*rows)[8] = (double (*)[8])a;
    for (int i = 0; i < n / 8; i++)
        for (int j = 0; j < 8; j++) sum += rows[i][j] * weight(8 * i + j);
""",
    "switch and labels": """    int i = 0;
    switch (n & 3) {
    case 3: sum += a[i] * weight(i); i++; /* fallthrough */
    case 2: sum += a[i] * weight(i); i++; __attribute__((fallthrough));
    case 1: sum += a[i] * weight(i); i++; break;
    default: break;
    }
next:
    if (i < n) { sum += a[i] * weight(i); i++; goto next; }
""",
    "local struct, union, enum": """    enum part { LOW, HIGH, PARTS };
    union bits { double value; uint64_t word; } u;
    struct pair { double low, high; unsigned used : 1, : 3; } pairs[PARTS] = {{0}};
    for (int i = 0; i < n; i++) { u.value = a[i]; pairs[i & HIGH].low += u.value * weight(i); }
    sum = pairs[LOW].low + pairs[HIGH].low;
""",
    "statement expression and typeof": """    for (int i = 0; i < n; i++) {
        __typeof__(a[0]) x = ({ double t = a[i]; t * weight(i); });
        typeof(sum) *where = &sum;
        *where += x;
    }
""",
    "ternaries and commas": """    int i, j;
    for (i = 0, j = n; i < j; i++) sum += (a[i] > 0 ? a[i] : a[i]) * (i % 3 ? 0.5 : 2.0), (void)j;
    do i--; while (i > 0 && j > (n >> 1));
""",
    "intrinsics' builtins": """    for (int i = 0; i < n; i++) {
        int bits = __builtin_popcount(i) + __builtin_ctz(i | 1), over;
        if (__builtin_add_overflow(bits, i, &over)) continue;
        sum += __builtin_fma(a[i], weight(i), 0.0 * bits);
    }
""",
    "static table": """    static const double table[] = {2.0, 0.5, 0.5};
    static const int8_t next[4] = {1, 2, 0};
    for (int i = 0, k = 0; i < n; i++, k = next[k]) sum += a[i] * table[k];
""",
    "memory of its own": """    double *scratch = aligned_alloc(64, (size_t)n * sizeof(double) + 64);
    if (scratch == NULL) return work(a + n, 0);
    memcpy(scratch, a, (size_t)n * sizeof *scratch);
    for (int i = 0; i < n; i++) sum += scratch[i] * weight(i);
    free(scratch);
""",
    "names that the library has too": """    double index = 0, y0 = 1, time = 0, remainder[2] = {0, 0};
    for (int i = 0; i < n; i++) { index += a[i] * weight(i); time += y0; }
    sum = index + 0 * time + remainder[0];
""",
    "pragmas in both spellings": """    _Pragma("clang loop vectorize(enable)")
    for (int i = 0; i < n; i++) {
#pragma clang fp contract(off)
        sum += a[i] * weight(i);
    }
#pragma unroll 4
    for (int i = 0; i < n; i++) sum += 0 * a[i];
""",
    "tokens that look odd": """    /* it's "quoted */ // and so is this: "
    for (int i = 0; i < n; i++) sum += a[i] * weight(i) + 0 * ('"' + '\\'' + 0x1p-3 + 1e+3 + .5f);
""",
    "K and R braces": """    int i = n;
    while (i-->0) { { { sum += a[i]*weight(i); } } };;
""",
}
AT_FILE_SCOPE = {
    "static helpers": """static inline double third(const double *p) { return p[2]; }
static double sum_of(int count, const double values[static 2]);
static double sum_of(int count, const double values[static 2])
{
    double s = third(values);
    for (int i = 0; i < count; i++) s += values[i];
    return s;
}
""",
    "constants and types": """typedef struct cell { double v; struct cell *next; } cell_t;
typedef double block[4][4];
typedef double v8 __attribute__((vector_size(64)));
enum { TILE = 16, TILES = (N + TILE - 1) / TILE };
static const double weights[3] = {2.0, 0.5, 0.5};
static const char *const names[] = {"low", "high"};
_Static_assert(TILE > 0, "tiles");
static void clear(block b, cell_t *c, v8 *v) { b[0][0] = c->v = (*v)[0] = weights[0] + names[0][0]; }
""",
    "attributes": """__attribute__((always_inline)) static inline double low(double x) { return x; }
static double high(double x) __attribute__((noinline, const));
static double high(double x) { return x; }
__attribute__((target("avx2"))) static double wide(const double *p __attribute__((nonnull))) { return *p; }
static const double aligned_table[4] __attribute__((aligned(32))) = {1, 2, 3, 4};
""",
    "recursion and arrays of arrays": """static void halve(double m[][N], int from, int to)
{
    if (to - from < 2) return;
    int middle = from + (to - from) / 2;
    halve(m, from, middle), halve(m, middle, to);
}
""",
}


@pytest.mark.parametrize("loop", IN_THE_LOOP.values(), ids=IN_THE_LOOP.keys())
def test_an_honest_loop_passes(loop: str, clang: str, tmp_path: Path) -> None:
    assert compiles(clang, in_c(loop), tmp_path, "-march=x86-64-v3")
    assert gate.source(C, in_c(loop), "work.c") == []
    assert passes_as_objects(clang, C, in_c(loop), tmp_path, "-march=x86-64-v3")


@pytest.mark.parametrize("top", AT_FILE_SCOPE.values(), ids=AT_FILE_SCOPE.keys())
def test_an_honest_helper_passes(top: str, clang: str, tmp_path: Path) -> None:
    assert compiles(clang, in_c(top=top), tmp_path, "-march=x86-64-v3")
    assert gate.source(C, in_c(top=top), "work.c") == []
    assert passes_as_objects(clang, C, in_c(top=top), tmp_path, "-march=x86-64-v3")


CALLS_BACK = """\
#include <stdlib.h>
#include <stdio.h>
typedef double (*function)(double);
struct task { void (*run)(int n); int n; };
static double half(double x) { return x / 2; }
static void show(int n) { printf("%d\\n", n); }
static int order(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static double integral(double (*f)(double), int n)
{
    double s = 0;
    for (int i = 0; i < n; i++)
        s += f(i) + (*f)(i);
    return s;
}
int main(void)
{
    const function table[2] = {half, half};
    struct task task = {show, 3}, *one = &task;
    int v[3] = {3, 1, 2};
    qsort(v, 3, sizeof *v, order);
    one->run(one->n);
    printf("%g %g\\n", integral(half, v[0]), table[v[0] & 1](2));
    return 0;
}
"""


def test_calls_through_values_of_the_original_stay(clang: str, tmp_path: Path) -> None:
    after = CALLS_BACK.replace(
        "    for (int i = 0; i < n; i++)\n        s += f(i) + (*f)(i);\n",
        "    double odd = 0;\n    for (int i = 0; i < n; i++) {\n"
        "        odd += f(i);\n        s += (*f)(i);\n    }\n    s += odd;\n",
    )
    assert after != CALLS_BACK
    assert compiles(clang, after, tmp_path)
    assert gate.source(CALLS_BACK, after, "work.c") == []


def test_code_that_is_chosen_by_the_preprocessor(clang: str, tmp_path: Path) -> None:
    before = C.replace(
        LOOP,
        "#ifdef FAST\n    if (n > 0) {\n#else\n    while (n > 0) {\n#endif\n"
        "        sum += a[--n];\n    }\n#if 0\n    it's off: (\n#endif\n",
    )
    after = before.replace("sum += a[--n];", "const double last = a[--n]; sum += last;")
    assert after != before
    assert compiles(clang, after, tmp_path)
    assert gate.source(before, after, "work.c") == []
