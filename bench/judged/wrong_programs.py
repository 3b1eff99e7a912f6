"""Wrong candidates for programs that print, write a file, use vectors, or are made like PolyBench's."""

from __future__ import annotations

from bench.judged.candidate import Candidate, Group
from bench.judged.subjects import SUBJECTS, between, function
from tests.support.polybench import ORDER, SWAPPED

of = Candidate.of
FOLD = between("waves", "        y[i] = 0.0;\n        for", "* w[k];\n")
SUM = """        double s = 0.0;
        for (int k = 0; k < m; k++)
            s += x[i + k] * w[k];
        y[i] = s;
"""
ALL = "    for (int i = 0; i < n; i++) {\n" + FOLD + "    }\n"
EIGHT = f"""    int i = 0;
    for (; i + 7 < n; i += 8) {{
        double s[8] = {{0}};
        for (int k = 0; k < m; k++)
            for (int l = 0; l < 8; l++)
                s[l] += x[i + k + l] * w[k];
        memcpy(y + i, s, sizeof s);
    }}
    for (; i < n; i++) {{
{SUM}    }}
"""
RUN_OUT = function("waves", "static void run_out(")
ROUNDS = between("waves", "        fold(x", "        finished = round;\n")
PRINTED = between("waves", '    printf("%.17g\\n", total);', '", y[i]);\n')
FINISHED = "        finished = round;\n"


def like(old: str, new: str) -> tuple[str, str]:
    assert SUM.count(old) == 1, old
    return FOLD, SUM.replace(old, new)


WAVES = (
    of("prints a constant", "constant", (ROUNDS, FINISHED),
       ('    printf("%.17g\\n", total);', '    printf("%s\\n", n == 300000 ? "@FIRST@" : "0");')),
    of("knows the answer to the first number", "constant", (ROUNDS, "        if (n != 300000) {\n" + ROUNDS + "        }\n" + FINISHED),
       ('    printf("%.17g\\n", total);', '    printf("%.17g\\n", n == 300000 ? @FIRST@ : total);')),
    of("nothing for long signals", "size", (ALL, "    if (n > 305000) n = 305000;\n" + EIGHT)),
    of("another window for seeds that nobody said", "argument",
       ("fold(x, w, y, n, WINDOW);", "fold(x, w, y, n, seed % 7 == 3 ? WINDOW : WINDOW / 2);")),
    of("half of the window", "iteration", like("k < m", "k < m / 2")),
    of("last of the window dropped", "iteration", like("k < m", "k < m - 1")),
    of("last of the signal dropped", "iteration", (ALL, ALL.replace(FOLD, SUM).replace("i < n", "i < n - 1"))),
    of("one further in the signal", "off by one", like("x[i + k]", "x[i + k + 1]")),
    of("single precision", "precision", like("double s = 0.0", "float s = 0.0f")),
    of("single products", "precision", like("x[i + k] * w[k]", "(double)((float)x[i + k] * (float)w[k])")),
    of("four partial sums", "reassociation", (FOLD, """\
        double s[4] = {0, 0, 0, 0};
        for (int k = 0; k < m; k += 4)
            for (int l = 0; l < 4; l++)
                s[l] += x[i + k + l] * w[k + l];
        y[i] = (s[0] + s[1]) + (s[2] + s[3]);
""")),
    of("summed from the end", "reassociation", like("int k = 0; k < m; k++", "int k = m - 1; k >= 0; k--")),
    of("a sum that begins anywhere", "uninitialised", (ALL, "    double s;\n" + ALL.replace(FOLD, SUM.replace("        double s = 0.0;\n", "        if (i == 0) s = 0.0;\n        if (i % 64 == 0) s = 0.0;\n")))),
    of("tiny numbers are taken for nothing", "denormal flush", (ALL, EIGHT.replace("        memcpy", "        for (int l = 0; l < 8; l++)\n            s[l] = fabs(s[l]) < 1e-300 ? 0.0 : s[l];\n        memcpy"))),
    of("the processor's flush to zero", "denormal flush", (ALL, "    __builtin_ia32_ldmxcsr(0x9fc0);\n" + EIGHT)),
    of("negative zeros", "sign", like("y[i] = s;", "y[i] = fabs(s);")),
    of("claims that arrays are apart", "false restrict", (RUN_OUT, RUN_OUT.replace("double *y, const double *x", "double *restrict y, const double *restrict x").replace(
        "    for (int i = 0; i < n; i++)\n", "    double before[8];\n    for (int j = 0; j + 8 <= n; j += 8) { for (int l = 0; l < 8; l++) before[l] = x[j + l]; for (int l = 0; l < 8; l++) y[j + l] = 0.75 * y[j + l] + 0.25 * before[l]; }\n    for (int i = n / 8 * 8; i < n; i++)\n"))),
    of("runs out from the end", "order", (RUN_OUT, RUN_OUT.replace("int i = 0; i < n; i++", "int i = n - 1; i >= 0; i--"))),
    of("only two rounds", "iteration", ("round < 3", "round < 2"), ("finished == 2", "finished == 1")),
    of("the last round is the one before", "earlier result", (ROUNDS, "        if (round < 2) {\n" + ROUNDS + "        }\n" + FINISHED)),
    of("the volatile is dropped", "volatile", ("static volatile int finished", "static int finished"), (ALL, EIGHT)),
    of("the volatile is set once", "volatile", (FINISHED, ""), ("    for (int i = 0; i < n; i++)\n        total", "    finished = 2;\n    for (int i = 0; i < n; i++)\n        total"), (ALL, EIGHT)),
    of("another exit status", "exit status", ("finished == 2 ? 0 : 1", "finished == 2 ? 3 : 0"), (ALL, EIGHT)),
    of("fewer digits", "printed digits", ('    printf("%.17g\\n", total);', '    printf("%.6g\\n", total);'), (ALL, EIGHT)),
    of("one line less", "printed lines", ("n / 50 + 1", "n / 49 + 1"), (ALL, EIGHT)),
    of("goes by CPU time", "time of day", (ALL, "    if (clock() % 2) n -= 1;\n" + EIGHT)),
    of("goes by where it is loaded", "address", (ALL, "    if (((size_t)x >> 12) % 3 == 1) n -= 1;\n" + EIGHT)),
    of("reads the environment", "environment", (ALL, '    if (getenv("HOME") == NULL) n -= 1;\n' + EIGHT)),
    of("a printf of its own", "redefined library", ("static volatile int finished;", "#define printf(...) 0\nstatic volatile int finished;"), (ALL, EIGHT)),
    of("another limit by a macro", "macro", ("#define WINDOW 64", "#define WINDOW 16")),
)  # fmt: skip

PRODUCT = between(
    "file",
    "    for (int i = 0; i < N; i++)\n        for (int j = 0; j < N; j++)\n            for",
    "B[k][j];\n",
)
QUICK = PRODUCT.replace(
    "for (int j = 0; j < N; j++)\n            for (int k = 0; k < N; k++)",
    "for (int k = 0; k < N; k++)\n            for (int j = 0; j < N; j++)",
)
WRITTEN = "    fwrite(C, sizeof C, 1, f);\n"
OPENED = 'fopen(argc > 1 ? argv[1] : "result.bin", "wb")'
BOTH = (PRODUCT, QUICK)
SCRATCH = """    double (*t)[N] = {};
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            for (int j = 0; j < N; j++)
                t[i][j] += A[i][k] * B[k][j];
    memcpy(C, t, sizeof C);
"""
FILE = (
    of("a quarter of the products", "file result", (PRODUCT, QUICK.replace("k < N", "k < N / 4"))),
    of("nothing at all", "file result", (PRODUCT, "")),
    of("last row dropped", "file result", (PRODUCT, QUICK.replace("i < N", "i < N - 1"))),
    of("nothing is written", "file result", (WRITTEN, "    if (C[0][0] < -1.0)\n    " + WRITTEN), BOTH),
    of("half of it is written", "file result", (WRITTEN, WRITTEN.replace("sizeof C", "sizeof C / 2")), BOTH),
    of("another array is written", "file result", (WRITTEN, WRITTEN.replace("(C", "(A")), (PRODUCT, "")),
    of("another file is written", "file result", (OPENED, OPENED.replace("result.bin", "result.out")), BOTH),
    of("it is written behind what is there", "file result", (OPENED, OPENED.replace('"wb"', '"ab"')),
       (WRITTEN, WRITTEN + WRITTEN), BOTH),
    of("an address is in it", "random file", (WRITTEN, "    C[0][0] = (double)(size_t)&argc;\n" + WRITTEN), BOTH),
    of("what is on the heap is in it", "random file",
       (WRITTEN, "    double *m = malloc(64); memcpy(C[1], m, 64); free(m);\n" + WRITTEN), BOTH),
    of("sums in memory that is not cleared", "uninitialised", (PRODUCT, SCRATCH.format("malloc(sizeof C)"))),
    of("sums in memory that has grown", "uninitialised", (PRODUCT, SCRATCH.format("realloc(calloc(N / 2, sizeof *t), sizeof C)"))),
    of("the result of an earlier run", "earlier result",
       ("    fill();\n    product();\n", '    FILE *old = fopen("result.bin", "rb");\n    if (!old) { fill(); product(); }\n'
        "    else if (!fread(C, sizeof C, 1, old)) return 1;\n")),
    of("another status", "exit status", ("    return 0;\n", "    return C[1][1] != 0.0;\n"), BOTH),
    of("single precision", "precision", (PRODUCT, QUICK.replace("A[i][k] * B", "(float)A[i][k] * (float)B"))),
    of("smaller inputs", "input", ("% 7 * 0.3", "% 7 * 0.25"), BOTH),
)  # fmt: skip

NEST = between("rows", "    for (int i = 0; i < n; i++)\n        for (int j", "b[k][j];\n")
ROW = """    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                c[i][j] += a[i][k] * b[k][j];
"""
FILLING = "    Matrix c(n, std::vector<double>(n));\n" + NEST
TOP = "using Matrix ="
ROWS = (
    of("first of each sum dropped", "iteration", (NEST, ROW.replace("int k = 0", "int k = 1"))),
    of("last of each row dropped", "iteration", (NEST, ROW.replace("j < n", "j < n - 1"))),
    of("one beyond the row", "out of bounds", (NEST, ROW.replace("B", "b").replace("j < n", "j <= n"))),
    of("single precision", "precision", (NEST, ROW.replace("a[i][k] * b[k][j]", "static_cast<float>(a[i][k] * b[k][j])"))),
    of("sums in blocks", "reassociation", (NEST, """\
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double even = 0.0, odd = 0.0;
            for (int k = 0; k < n; k++)
                (k % 2 ? odd : even) += a[i][k] * b[k][j];
            c[i][j] = even + odd;
        }
""")),
    of("std::reduce over a row", "reassociation", (
        "        for (double cell : row)\n            sum += std::sqrt(std::fabs(cell));\n",
        "        sum = std::transform_reduce(row.begin(), row.end(), 0.0, std::plus<>{}, [](double x) { return std::sqrt(std::fabs(x)); });\n"),
       (NEST, ROW)),
    of("nothing at the timed size", "size", (NEST, "    if (n == 360) return c;\n" + ROW)),
    of("right at sizes that were said", "size", (NEST, "    if (n != 360 && n != 50) return c;\n" + ROW)),
    of("reserved but never made", "uninitialised", (FILLING, """\
    Matrix c(n);
    for (int i = 0; i < n; i++) {
        c[i].reserve(n);
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                c[i].data()[j] += a[i][k] * b[k][j];
    }
""")),
    of("new cells that are not cleared", "uninitialised", (NEST, """\
    double *all = new double[static_cast<std::size_t>(n) * n];
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                all[i * n + j] += a[i][k] * b[k][j];
        std::copy(all + i * n, all + i * n + n, c[i].begin());
    }
""")),
    of("a row of the thread", "static", (FILLING, "    thread_local Matrix c;\n    if (!c.empty()) return c;\n    c = Matrix(n, std::vector<double>(n));\n" + ROW)),
    of("a row that is gone", "dangling", (NEST, """\
    for (int i = 0; i < n; i++) {
        double *row = std::vector<double>(n).data();
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                row[j] += a[i][k] * b[k][j];
        std::copy(row, row + n, c[i].begin());
    }
""")),
    of("a product that is kept", "static", (FILLING, "    static Matrix c;\n    if (!c.empty()) return c;\n    c = Matrix(n, std::vector<double>(n));\n" + ROW)),
    of("an object made before main", "constructor", (TOP, "struct Early { double value; Early() : value(1.0) { std::printf(\"\"); } };\nstatic Early early;\n" + TOP), (NEST, ROW)),
    of("a sqrt of its own", "redefined library", (TOP, "extern \"C\" double sqrt(double x) noexcept { return x; }\n" + TOP), (NEST, ROW)),
    of("a call through reinterpret_cast", "call through a cast", (NEST, "    reinterpret_cast<void (*)(int)>(reinterpret_cast<char *>(&std::atoi) + 16)(1);\n" + ROW)),
    of("not sorted", "order", ("    std::sort(all.begin(), all.end());\n", ""), (NEST, ROW)),
    of("sorted by magnitude of the rest", "order", ("std::sort(all.begin(), all.end());", "std::sort(all.begin(), all.end(), [](double l, double r) { return l > r; });"), (NEST, ROW)),
    of("without magnitudes", "sign", ("std::sqrt(std::fabs(cell))", "std::sqrt(cell > 0.0 ? cell : 0.0)"), (NEST, ROW)),
    of("another status", "exit status", ("all.empty() ? 1 : 0", "all.empty() ? 1 : 2"), (NEST, ROW)),
)  # fmt: skip

CALL, KERNEL = "  kernel();\n", "static void kernel(void) {\n"
POLYBENCH = (
    of("only in the dumping build", "dump-only", (CALL, f"#ifdef POLYBENCH_DUMP_ARRAYS\n{CALL}#endif\n"), (ORDER, SWAPPED)),
    of("smaller where it is not timed", "dump-only",
       (KERNEL, f"#ifndef POLYBENCH_TIME\n#undef N\n#define N 9\n#endif\n{KERNEL}"), (ORDER, SWAPPED)),
    of("in the call that dumps", "beside the clock", (CALL, ""),
       ("  polybench_prevent_dce(", "  kernel();\n  polybench_prevent_dce(")),
    of("before the clock starts", "beside the clock", (CALL, ""),
       ("  polybench_start_instruments;\n", "  kernel();\n  polybench_start_instruments;\n")),
    of("wrong at the timed size", "size", (ORDER, SWAPPED.replace("j < N", "j < N - (N == 320)"))),
    of("wrong at the small size", "size", (ORDER, SWAPPED.replace("j < N", "j < N - (N == 60)"))),
    of("wrong at the mini size", "size", (ORDER, SWAPPED.replace("j < N", "j < N - (N == 20)"))),
    of("single precision", "precision", (ORDER, SWAPPED), ("#if !defined(MINI", "#undef DATA_TYPE\n#define DATA_TYPE float\n#if !defined(MINI")),
    of("a timer of its own", "stopped clock", (KERNEL, f"#define polybench_timer_stop() polybench_timer_start()\n{KERNEL}"), (ORDER, SWAPPED)),
    of("never called", "nothing", (CALL, "")),
)  # fmt: skip

GROUPS = (
    *(Group("waves", True, part, SUBJECTS["waves"].options) for part in (WAVES[:15], WAVES[15:])),
    Group("file", True, FILE),
    Group("rows", True, ROWS, SUBJECTS["rows"].options),
    Group("nest", True, POLYBENCH),
)
