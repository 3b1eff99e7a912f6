"""A program whose loop a proposal may change, and changes of it that the gate must let pass."""

from __future__ import annotations

import subprocess
from pathlib import Path

from corr.optimize import gate
from corr.optimize.gate import Refusal

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
