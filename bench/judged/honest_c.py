"""Honest candidates in C: each gives the same bits; what is quicker stands behind what is slower."""

from __future__ import annotations

from bench.judged.candidate import Candidate, Group
from bench.judged.subjects import SUBJECTS
from bench.judged.wrong_kernel import FAST, FILLED, INCLUDE, LOOPS, SIZE
from bench.judged.wrong_programs import ALL, EIGHT, FOLD, PRODUCT, QUICK, SUM
from tests.support.polybench import ORDER, SWAPPED

of = Candidate.of
HEAD = "static void product(int n"
SCRATCH = """    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            row[j] = C[i][j] * beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                row[j] += alpha * A[i][k] * B[k][j];
        memcpy(C[i], row, (size_t)n * sizeof(double));
    }
"""
KERNEL = (
    of("a local sum", "scalar", (LOOPS, """\
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = C[i][j] * beta;
            for (int k = 0; k < n; k++)
                sum += alpha * A[i][k] * B[k][j];
            C[i][j] = sum;
        }
""")),
    of("hoisted rows", "hoisting", (LOOPS, """\
    for (int i = 0; i < n; i++) {
        const double *a = A[i];
        double *c = C[i];
        for (int j = 0; j < n; j++) {
            double sum = c[j] * beta;
            for (int k = 0; k < n; k++)
                sum += alpha * a[k] * B[k][j];
            c[j] = sum;
        }
    }
""")),
    of("a helper before the function", "helper", (HEAD, """\
static double dot(int n, double start, double alpha, const double *a, const double *b)
{
    for (int k = 0; k < n; k++)
        start += alpha * a[k] * b[(size_t)k * n];
    return start;
}

""" + HEAD), (LOOPS, """\
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            C[i][j] = dot(n, C[i][j] * beta, alpha, A[i], &B[0][j]);
""")),
    of("unrolled by hand", "unrolling", (LOOPS, """\
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = C[i][j] * beta;
            int k = 0;
            for (; k + 3 < n; k += 4) {
                sum += alpha * A[i][k] * B[k][j];
                sum += alpha * A[i][k + 1] * B[k + 1][j];
                sum += alpha * A[i][k + 2] * B[k + 2][j];
                sum += alpha * A[i][k + 3] * B[k + 3][j];
            }
            for (; k < n; k++)
                sum += alpha * A[i][k] * B[k][j];
            C[i][j] = sum;
        }
""")),
    of("pointers that walk", "pointers", (LOOPS, """\
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            const double *a = A[i], *const end = a + n, *b = &B[0][j];
            double sum = C[i][j] * beta;
            for (; a < end; a++, b += n)
                sum += alpha * *a * *b;
            C[i][j] = sum;
        }
""")),
    of("a transposed copy in scratch", "scratch", (LOOPS, """\
    double (*T)[n] = (double (*)[n])malloc((size_t)n * n * sizeof(double));
    if (!T)
        return;
    for (int k = 0; k < n; k++)
        for (int j = 0; j < n; j++)
            T[j][k] = B[k][j];
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = C[i][j] * beta;
            for (int k = 0; k < n; k++)
                sum += alpha * A[i][k] * T[j][k];
            C[i][j] = sum;
        }
    free(T);
""")),
    of("a row behind an array of set-up", "scratch in set-up",
       ('    A = corr_f64("A", CORR_INPUT, count);\n',
        '    A = corr_f64("A", CORR_INPUT, count + n);\n'),
       (LOOPS, "    double *row = (double *)A + (size_t)n * n;\n" + SCRATCH)),
    Candidate.ruled("a pointer at file scope", "scratch in set-up", ("static double *A, *B, *C;", "static double *A, *B, *C, *R;"),
       ("    C = corr_f64(\"C\", CORR_OUTPUT, count);\n",
        "    C = corr_f64(\"C\", CORR_OUTPUT, count);\n    R = corr_f64(\"R\", CORR_SCRATCH, (size_t)n);\n"),
       (LOOPS, "    double *row = R;\n" + SCRATCH)),
    of("a row on the stack", "local array", (LOOPS, "    double row[n];\n" + SCRATCH)),
    of("scratch from malloc", "scratch", (LOOPS,
       "    double *row = (double *)malloc((size_t)n * sizeof(double));\n    if (!row)\n        return;\n" + SCRATCH + "    free(row);\n")),
    of("interchange", "interchange", (LOOPS, FAST)),
    of("restrict", "restrict", (LOOPS, FAST.replace("        for (int k", "        double *restrict c = C[i];\n        for (int k").replace("C[i][j] += alpha", "c[j] += alpha"))),
    of("qualified parameters", "restrict", ("double A[n][n], double B[n][n],\n                    double C[n][n])",
       "double A[restrict n][n],\n                    double B[restrict n][n], double C[restrict n][n])"), (LOOPS, FAST)),
    of("a static inline helper", "helper", (HEAD, """\
static inline void add(double *restrict to, const double *restrict from, double factor, int n)
{
    for (int j = 0; j < n; j++)
        to[j] += factor * from[j];
}

""" + HEAD), (LOOPS, """\
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            C[i][j] *= beta;
        for (int k = 0; k < n; k++)
            add(C[i], B[k], alpha * A[i][k], n);
    }
""")),
    of("a pragma of clang", "pragma", (LOOPS, FAST.replace("            for (int j", "#pragma clang loop vectorize(enable) interleave_count(4)\n            for (int j"))),
    of("aligned and expected", "builtins", (LOOPS, FAST.replace("        for (int k", "        const double *a = (const double *)__builtin_assume_aligned(A[i], 8);\n        if (__builtin_expect(n < 1, 0))\n            break;\n        for (int k").replace("A[i][k]", "a[k]"))),
    of("blocks with their rest", "blocking", (LOOPS, """\
    enum { BLOCK = 64 };
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            C[i][j] *= beta;
    for (int kk = 0; kk < n; kk += BLOCK) {
        const int end = kk + BLOCK < n ? kk + BLOCK : n;
        for (int i = 0; i < n; i++)
            for (int k = kk; k < end; k++)
                for (int j = 0; j < n; j++)
                    C[i][j] += alpha * A[i][k] * B[k][j];
    }
""")),
    of("vectors of four", "vector types", (LOOPS, """\
    typedef double v4 __attribute__((vector_size(32), aligned(8), may_alias));
    for (int i = 0; i < n; i++) {
        int j = 0;
        for (; j + 3 < n; j += 4) {
            v4 sum = *(v4 *)&C[i][j] * beta;
            for (int k = 0; k < n; k++)
                sum += alpha * A[i][k] * *(v4 *)&B[k][j];
            *(v4 *)&C[i][j] = sum;
        }
        for (; j < n; j++) {
            C[i][j] *= beta;
            for (int k = 0; k < n; k++)
                C[i][j] += alpha * A[i][k] * B[k][j];
        }
    }
""")),
    of("two rows of vectors at once", "vector types", ("static void product(int n", """\
typedef double v8 __attribute__((vector_size(64), aligned(8), may_alias));

static void product(int n"""), (LOOPS, """\
    int i = 0;
    for (; i + 1 < n; i += 2) {
        int j = 0;
        for (; j + 7 < n; j += 8) {
            v8 s = *(v8 *)&C[i][j] * beta, t = *(v8 *)&C[i + 1][j] * beta;
            for (int k = 0; k < n; k++) {
                const v8 b = *(v8 *)&B[k][j];
                s += alpha * A[i][k] * b;
                t += alpha * A[i + 1][k] * b;
            }
            *(v8 *)&C[i][j] = s;
            *(v8 *)&C[i + 1][j] = t;
        }
        for (; j < n; j++)
            for (int l = i; l < i + 2; l++) {
                C[l][j] *= beta;
                for (int k = 0; k < n; k++)
                    C[l][j] += alpha * A[l][k] * B[k][j];
            }
    }
    for (; i < n; i++)
        for (int j = 0; j < n; j++) {
            C[i][j] *= beta;
            for (int k = 0; k < n; k++)
                C[i][j] += alpha * A[i][k] * B[k][j];
        }
""")),
    of("a prefetch", "builtins", (LOOPS, FAST.replace("            for (int j", "        {\n            __builtin_prefetch(B[k + 1 < n ? k + 1 : k]);\n            for (int j").replace("B[k][j];\n", "B[k][j];\n        }\n"))),
    of("the fill by memcpy", "memcpy", (FILLED, FILLED + "    double *copy = (double *)malloc(count * sizeof *copy);\n    if (copy) {\n        memcpy(copy, C, count * sizeof *copy);\n        memcpy(C, copy, count * sizeof *copy);\n    }\n    free(copy);\n")),
    of("only comments and names", "nothing", (INCLUDE, "/* as it was */\n" + INCLUDE)),
)  # fmt: skip
THREADS = (
    Candidate.ruled("rows in parallel", "OpenMP", (LOOPS, "#pragma omp parallel for schedule(static)\n" + FAST)),
    Candidate.ruled("a parallel region with two loops", "OpenMP", (LOOPS, """\
#pragma omp parallel
    {
#pragma omp for
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                C[i][j] *= beta;
#pragma omp for
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n; k++)
                for (int j = 0; j < n; j++)
                    C[i][j] += alpha * A[i][k] * B[k][j];
    }
""")),
)  # fmt: skip
WAVES = (
    of("const and a hoisted pointer", "hoisting", (FOLD, SUM.replace("        double s", "        const double *const from = x + i;\n        double s").replace("x[i + k]", "from[k]"))),
    of("unrolled by four, in order", "unrolling", (FOLD, """\
        double s = 0.0;
        int k = 0;
        for (; k + 3 < m; k += 4) {
            s += x[i + k] * w[k];
            s += x[i + k + 1] * w[k + 1];
            s += x[i + k + 2] * w[k + 2];
            s += x[i + k + 3] * w[k + 3];
        }
        for (; k < m; k++)
            s += x[i + k] * w[k];
        y[i] = s;
""")),
    of("a helper for one place", "helper", ("static void fold(", "static double one(const double *x, const double *w, int m);\n\nstatic double one(const double *x, const double *w, int m)\n{\n    double s = 0.0;\n    while (m-- > 0)\n        s += *x++ * *w++;\n    return s;\n}\n\nstatic void fold("), (FOLD, "        y[i] = one(x + i, w, m);\n")),
    of("a carried value in the recurrence", "scalar", ("        y[i] = 0.75 * y[i] + 0.25 * x[i];\n", "    {\n        const double before = x[i];\n        y[i] = 0.75 * y[i] + 0.25 * before;\n    }\n")),
    of("a copy of the window", "local array", (ALL, "    double u[WINDOW];\n    for (int k = 0; k < m; k++)\n        u[k] = w[k];\n" + ALL.replace(FOLD, SUM).replace("w[k]", "u[k]"))),
    of("a copy by memcpy", "memcpy", (ALL, "    double u[WINDOW];\n    memcpy(u, w, (size_t)m * sizeof *u);\n" + ALL.replace(FOLD, SUM).replace("w[k]", "u[k]"))),
    of("restrict in the parameters", "restrict", ("static void fold(const double *x, const double *w, double *y, int n, int m)", "static void fold(const double *restrict x, const double *restrict w, double *restrict y, int n, int m)"), (FOLD, SUM)),
    of("eight neighbours at once", "blocking", (ALL, EIGHT)),
    of("neighbours in a vector", "vector types", (ALL, """\
    typedef double v8 __attribute__((vector_size(64), aligned(8), may_alias));
    int i = 0;
    for (; i + 7 < n; i += 8) {
        v8 s = {0};
        for (int k = 0; k < m; k++)
            s += *(const v8 *)&x[i + k] * w[k];
        *(v8 *)&y[i] = s;
    }
    for (; i < n; i++) {
""" + SUM + "    }\n")),
    of("a fixed window", "specialisation", ("static void fold(", "static inline void fold_any(const double *x, const double *w, double *restrict y, int n, const int m)\n{\n" + ALL.replace(FOLD, SUM) + "}\n\nstatic void fold("), (ALL, "    if (m == WINDOW)\n        fold_any(x, w, y, n, WINDOW);\n    else\n        fold_any(x, w, y, n, m);\n")),
    Candidate.ruled("a macro for the step", "macro", ("static void fold(", "#define STEP(k) s += x[i + (k)] * w[(k)]\n\nstatic void fold("), (FOLD, SUM.replace("s += x[i + k] * w[k]", "STEP(k)"))),
    of("unrolled by a pragma", "pragma", (FOLD, SUM.replace("        for", "#pragma clang loop unroll_count(8)\n        for"))),
)  # fmt: skip
FILE_MOVES = (
    of("a sum in a local", "scalar", (PRODUCT, """\
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double sum = C[i][j];
            for (int k = 0; k < N; k++)
                sum += A[i][k] * B[k][j];
            C[i][j] = sum;
        }
""")),
    of("tables for the inputs", "table", ("static void fill(void)\n{\n", "static void fill(void)\n{\n    const double a[7] = {0 * 0.3, 1 * 0.3, 2 * 0.3, 3 * 0.3, 4 * 0.3, 5 * 0.3, 6 * 0.3};\n"), ("(i * j) % 7 * 0.3", "a[(i * j) % 7]")),
    of("written row by row", "result", ("    fwrite(C, sizeof C, 1, f);\n", "    for (int i = 0; i < N; i++)\n        fwrite(C[i], sizeof C[i], 1, f);\n")),
    of("interchange", "interchange", (PRODUCT, QUICK)),
    of("four rows at once", "blocking", (PRODUCT, """\
    for (int i = 0; i < N; i += 4)
        for (int k = 0; k < N; k++)
            for (int j = 0; j < N; j++) {
                const double b = B[k][j];
                C[i][j] += A[i][k] * b;
                C[i + 1][j] += A[i + 1][k] * b;
                C[i + 2][j] += A[i + 2][k] * b;
                C[i + 3][j] += A[i + 3][k] * b;
            }
""")),
    of("aligned arrays", "attributes", ("static double A[N][N], B[N][N], C[N][N];", "static double A[N][N] __attribute__((aligned(64))), B[N][N] __attribute__((aligned(64))),\n    C[N][N] __attribute__((aligned(64)));"), (PRODUCT, QUICK)),
)  # fmt: skip
NEST = (
    of("a sum in a local", "scalar", ("        C[i][j] += A[i][k] * B[k][j];\n", "      {\n        const DATA_TYPE a = A[i][k];\n        C[i][j] += a * B[k][j];\n      }\n")),
    of("interchange", "interchange", (ORDER, SWAPPED)),
    Candidate.ruled("interchange by the preprocessor", "preprocessor", (ORDER, f"#if N > 4\n{SWAPPED}#else\n{ORDER}#endif\n")),
    of("blocks", "blocking", ("  for (int i = 0; i < N; i++)\n" + ORDER, "  for (int ii = 0; ii < N; ii += 32)\n    for (int k = 0; k < N; k++)\n      for (int i = ii; i < (ii + 32 < N ? ii + 32 : N); i++)\n        for (int j = 0; j < N; j++)\n")),
)  # fmt: skip

GROUPS = (
    *(Group("matrix", False, part, SIZE) for part in (KERNEL[:11], KERNEL[11:])),
    Group("matrix", False, THREADS, SIZE, ("-O3", "-fopenmp")),
    Group("waves", False, WAVES, SUBJECTS["waves"].options),
    Group("file", False, FILE_MOVES),
    Group("nest", False, NEST),
)
