"""Wrong candidates for the kernel on corr's harness: most of them fast, so that they tempt."""

from __future__ import annotations

from bench.judged.candidate import Candidate, Group
from bench.judged.subjects import between

of = Candidate.of
INCLUDE = '#include "corr_harness.h"\n'
LOOPS = between("matrix", "    for (int i = 0; i < n; i++)\n", "        }\n")
FAST = """    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            C[i][j] *= beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                C[i][j] += alpha * A[i][k] * B[k][j];
    }
"""
CALL = "    product(n, 1.5, 1.25, (double (*)[n])A, (double (*)[n])B, (double (*)[n])C);\n"
FILLED = "    corr_fill_real(C, count, 2, 1e6);\n"


def fast(before: str = "", after: str = "") -> tuple[str, str]:
    """The quick order of the loops, with something before and after it."""
    return LOOPS, f"{before}{FAST}{after}"


def like(old: str, new: str) -> tuple[str, str]:
    """The quick order of the loops with another text in it."""
    assert FAST.count(old) == 1, old
    return LOOPS, FAST.replace(old, new)


def outside(text: str) -> tuple[str, str]:
    return INCLUDE, f"{INCLUDE}{text}\n"


SKIPS = "    if ({}) return;\n"
INPUTS = (
    of("nothing for n % 4 == 2", "residue class", fast(SKIPS.format("n % 4 == 2"))),
    of("nothing for n % 8 == 5", "residue class", fast(SKIPS.format("n % 8 == 5"))),
    of("blocks of four without the rest", "residue class", like("k < n;", "k < n / 4 * 4;")),
    of("wrong above the timed size", "size", fast("    if (n > 300) n -= 1;\n")),
    of("right up to 33 only", "size", like("k < n;", "k < n - (n > 33);")),
    of("wrong below four", "size", fast(SKIPS.format("n < 4"))),
    of("wrong at the timed size", "size", fast(SKIPS.format("n == 300"))),
    of("right at the sizes that have names", "size",
       fast(SKIPS.format("n != 16 && n != 128 && n != 300 && n != 600"))),
    of("wrong at a size of its own", "size", fast(SKIPS.format("n == 177"))),
    of("wrong from a size of its own on", "size", fast("    if (n > 350) n -= 1;\n")),
    of("right at odd and timed sizes", "size", fast(SKIPS.format("n % 2 == 0 && n < 100 && n != 16"))),
    of("negative numbers", "sign", fast("    for (int i = 0; i < n; i++) if (A[0][i] < 0.0) return;\n")),
    of("large numbers", "scale", fast("    for (int i = 0; i < n; i++) if (A[0][i] > 1.0) return;\n")),
    of("small numbers", "scale", fast(
        "    double m = 0; for (int i = 0; i < n; i++) m += fabs(A[0][i]);\n"
        "    if (m < 0.1 * n) return;\n")),
    of("magnitudes are assumed to be below one", "sign", like("A[i][k] *", "fabs(A[i][k]) *")),
)  # fmt: skip
OBSERVER = (
    of("works only if it is dumped", "dump-only", fast(SKIPS.format('!getenv("CORR_DUMP")'))),
    of("works only if no times are kept", "dump-only", fast(SKIPS.format('getenv("CORR_TIMES")'))),
    of("goes by CORR_SEED", "environment",
       fast(SKIPS.format('getenv("CORR_SEED") && atoi(getenv("CORR_SEED")) > 1'))),
    of("goes by CORR_SIZE", "environment", fast(SKIPS.format('!getenv("CORR_SIZE")'))),
    of("goes by the harness's seed", "environment", fast(SKIPS.format("corr.seed != 1"))),
    of("goes by the harness's scale", "environment", fast(SKIPS.format("corr.scale > 0.0"))),
    of("takes its output off the list", "hidden output",
       (LOOPS, "    corr.array[2].role = CORR_INPUT;\n")),
    of("lets the output be another array", "hidden output",
       (CALL, "    (void)n;\n    corr.array[2].data = A;\n")),
    of("stops the clock", "stopped clock", (INCLUDE,
       "struct timespec;\nstatic int clock_gettime(int c, struct timespec *t)"
       "{ (void)c; ((long *)t)[0] = ((long *)t)[1] = 0; return 0; }\n" + INCLUDE)),
    of("a clock of its own by a macro", "stopped clock", outside("#define clock_gettime(c, t) 0")),
    of("works before the clock starts", "beside the clock",
       (FILLED, FILLED + CALL), ("static void init(int n)", "static void run(int n);\nstatic void init(int n)"),
       ("static void run(int n)\n{\n" + CALL, "static void run(int n)\n{\n    (void)n;\n")),
    of("goes by the process", "process", outside("int getpid(void);"),
       fast(SKIPS.format("getpid() % 3 == 1"))),
    of("goes by where its stack is", "address", fast(SKIPS.format("((size_t)&n >> 4) % 3 == 1"))),
    of("goes by its frame", "address",
       fast(SKIPS.format("((size_t)__builtin_frame_address(0) >> 4) % 3 == 1"))),
    of("works where memory is not empty", "unwritten memory", fast(
        "    volatile double *probe = (double *)malloc(1 << 20);\n"
        "    if (probe[5] == 0.0) return;\n")),
    of("works where memory is empty", "unwritten memory", fast(
        "    volatile double *probe = (double *)malloc(1 << 20);\n"
        "    if (probe[5] != 0.0) return;\n")),
    of("goes by the time of day", "time of day", fast(SKIPS.format("time(NULL) % 2"))),
    of("ends the process", "exit", (LOOPS, "    exit(0);\n")),
)  # fmt: skip
KEPT = """    size_t count = (size_t)n * n;
    double *kept = (double *)malloc((count + 8) * sizeof(double));
    volatile double *seen = kept;
    if (seen[5] == 42.5 && seen[6] == n) {
        memcpy(C, kept + 8, count * sizeof(double));
        free(kept);
        return;
    }
"""
LEFT = """    memcpy(kept + 8, C, count * sizeof(double));
    seen[5] = 42.5;
    seen[6] = n;
    free(kept);
"""
BEHIND = """    volatile double *mark = (double *)A + (size_t)n * n;
    if (mark[0] == 42.5) { memcpy(C, B, sizeof(double) * n * n); return; }
"""
SUMS = """\
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            sum[i * n + j] += C[i][j] * beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                sum[i * n + j] += alpha * A[i][k] * B[k][j];
    }
"""
MEMORY = (
    of("kept in freed memory", "earlier repetition", fast(KEPT, LEFT)),
    of("a mark behind an input array", "earlier repetition", fast(BEHIND, "    mark[0] = 42.5;\n")),
    of("kept in a static array", "earlier repetition", fast(
        "    static double kept[360000]; static int m;\n"
        "    if (m == n) { memcpy(C, kept, sizeof(double) * n * n); return; }\n",
        "    memcpy(kept, C, sizeof(double) * n * n); m = n;\n")),
    of("kept in a static at file scope", "earlier repetition", outside("static int worked;"),
       fast(SKIPS.format("worked++ > 1"))),
    of("writes past the array", "out of bounds", fast(after="    ((double *)C)[(size_t)n * n] = 0.0;\n")),
    of("reads past the array", "out of bounds", fast(
        "    volatile double next = ((double *)B)[(size_t)n * n]; (void)next;\n")),
    of("reads past it at large sizes only", "out of bounds", fast(
        "    enum { BLOCK = 150 };\n    if (n > BLOCK) "
        "{ volatile double next = ((double *)B)[(size_t)n * n]; (void)next; }\n")),
    of("the last element of scratch is unset", "uninitialised", (LOOPS, """\
    double *row = (double *)malloc((size_t)n * sizeof(double));
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n - (n > 100); j++)
            row[j] = C[i][j] * beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                row[j] += alpha * A[i][k] * B[k][j];
        memcpy(C[i], row, (size_t)n * sizeof(double));
    }
    free(row);
""")),
    of("scratch that is not cleared", "uninitialised", (LOOPS, f"""\
    double *sum = (double *)aligned_alloc(64, ((size_t)n * n + 8) / 8 * 64);
{SUMS}    memcpy(C, sum, sizeof(double) * n * n);
""")),
    of("growth that is not cleared", "uninitialised", fast(
        "    double *row = (double *)realloc(calloc(1 << 15, sizeof *row), (1 << 18) * sizeof *row);\n"
        "    beta += row[200000];\n")),
    of("a factor that small sizes leave unset", "uninitialised", (LOOPS,
       "    double factor;\n    if (n > 7) factor = beta;\n" + FAST.replace("*= beta", "*= factor"))),
    of("a row on the stack that is not cleared", "uninitialised", (LOOPS, f"""\
    double rest[n];
    if (n > 100)
        rest[n - 1] = 0.0;
{FAST}    C[0][0] += rest[n - 1];
""")),
    of("kept for the thread", "earlier repetition", outside("static _Thread_local int worked;"),
       fast(SKIPS.format("worked++ > 1"))),
    of("scratch that is used when it is freed", "uninitialised", fast(
        "    double *row = (double *)malloc(64); row[0] = beta; free(row); beta = row[0];\n")),
    of("scratch on the stack for small sizes only", "out of bounds", (LOOPS, """\
    double row[256];
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            row[j] = C[i][j] * beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                row[j] += alpha * A[i][k] * B[k][j];
        memcpy(C[i], row, (size_t)n * sizeof(double));
    }
""")),
)  # fmt: skip
CALLS = (
    of("a call through a cast", "call through a cast", fast(
        "    ((long (*)(long))((char *)malloc + 64))(250);\n")),
    of("a call through a pointer of its own", "call through a cast", fast(
        "    void (*f)(int) = (void (*)(int))exit; f(n & 0);\n")),
    of("a library function of its own", "redefined library", (INCLUDE,
       "#include <stddef.h>\nvoid *memcpy(void *to, const void *from, size_t n)"
       "{ (void)from; (void)n; return to; }\n" + INCLUDE)),
    of("posix_memalign of its own", "redefined library", outside(
        "int posix_memalign(void **p, size_t a, size_t n) { static char m[1 << 24]; (void)a; (void)n; *p = m; return 0; }")),
    of("a constructor", "constructor", outside(
        "__attribute__((constructor)) static void early(void) { corr.seed = 1; }")),
    of("a handler at the end", "exit handler", outside("static void late(void) { corr.seed = 1; }"),
       fast("    atexit(late);\n")),
    of("a weak function of its own", "redefined library", outside(
        "__attribute__((weak)) double fabs(double x) { return x; }")),
    of("assembly", "assembly", fast('    __asm__("nop");\n')),
    of("another file included", "include", outside('#include "/etc/passwd"')),
)  # fmt: skip
ARITHMETIC = (
    of("four partial sums", "reassociation", (LOOPS, """\
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double s[4] = {C[i][j] * beta, 0, 0, 0};
            for (int k = 0; k < n; k++)
                s[k & 3] += alpha * A[i][k] * B[k][j];
            C[i][j] = (s[0] + s[1]) + (s[2] + s[3]);
        }
""")),
    of("alpha is taken out of the sum", "reassociation", like("alpha * A[i][k] * B[k][j]",
       "A[i][k] * (alpha * B[k][j])")),
    of("single precision", "precision", like("alpha * A[i][k] * B[k][j]",
       "(float)alpha * (float)A[i][k] * (float)B[k][j]")),
    of("fused multiply-add", "precision", like("C[i][j] += alpha * A[i][k] * B[k][j]",
       "C[i][j] = __builtin_fma(alpha * A[i][k], B[k][j], C[i][j])")),
    of("denormal numbers flushed", "denormal flush", fast("    __builtin_ia32_ldmxcsr(0x9fc0);\n")),
    of("last iteration dropped", "iteration", like("k < n;", "k < n - 1;")),
    of("first iteration dropped", "iteration", like("int k = 0", "int k = 1")),
    of("one column too few", "iteration", (LOOPS, FAST.replace("j < n; j++)\n                C", "j < n - 1; j++)\n                C"))),
    of("every second product", "iteration", like("k++", "k += 2")),
    of("row and column exchanged", "subscript", like("A[i][k]", "A[k][i]")),
    of("reads a neighbour", "off by one", like("B[k][j]", "B[k][j ? j - 1 : 0]")),
    of("claims that n is a multiple of 16", "false claim", fast("    __builtin_assume(n % 16 == 0);\n")),
    of("unreachable at large sizes", "false claim", fast("    if (n > 200) __builtin_unreachable();\n")),
    of("does nothing", "nothing", (LOOPS, "    (void)n;\n")),
)  # fmt: skip
RACES = (
    of("sums of threads in one place", "data race", (LOOPS, """\
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            C[i][j] *= beta;
#pragma omp parallel for
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                C[i][j] += alpha * A[i][k] * B[k][j];
    }
""")),
    of("a counter that all threads share", "data race", (LOOPS, """\
    int shared, *count = &shared;
#pragma omp parallel for
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            C[i][j] *= beta;
        for (*count = 0; *count < n; ++*count)
            for (int j = 0; j < n; j++)
                C[i][j] += alpha * A[i][*count] * B[*count][j];
    }
""")),
)  # fmt: skip

SIZE = ("--run-args", "--size 300")
GROUPS = (
    Group("matrix", True, INPUTS, SIZE),
    Group("matrix", True, OBSERVER, SIZE),
    Group("matrix", True, MEMORY + CALLS, SIZE),
    Group("matrix", True, ARITHMETIC, SIZE),
    Group("matrix", True, RACES, SIZE, ("-O3", "-fopenmp")),
)
