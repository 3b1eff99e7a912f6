"""Candidates for a program of several threads: races, and honest changes of what a thread does."""

from __future__ import annotations

from bench.judged.candidate import Candidate, Group
from bench.judged.subjects import SUBJECTS, between

of = Candidate.of
PRAGMA = "#pragma omp parallel for\n"
NEST = between("threads", PRAGMA, "        }\n")
ROW = """        for (int j = 0; j < n; j++)
            row[j] = 0.0;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                row[j] += a[i * n + k] * b[k * n + j];
"""
EACH = "    for (int i = 0; i < n; i++) {\n"
COPIED = "        memcpy(c + i * n, row, (size_t)n * sizeof *row);\n"
MADE = "double *row = malloc((size_t)n * sizeof *row);\n"

WRONG = (
    of("a sum that threads share", "data race",
       (NEST, "    double sum;\n" + NEST.replace("double sum = 0.0", "sum = 0.0"))),
    of("a row that threads share", "data race",
       (NEST, f"    {MADE}{PRAGMA}{EACH}{ROW}{COPIED}    }}\n    free(row);\n")),
    of("a count that threads share", "data race",
       (NEST, f"    int at = 0;\n{PRAGMA}{EACH}        double *row = c + at++ * n;\n{ROW}    }}\n")),
    of("rows that the next thread writes too", "data race",
       (NEST, f"{PRAGMA}{EACH}        double *row = c + i * n;\n{ROW}        if (i + 1 < n)\n            row[n] += row[n - 1];\n    }}\n")),
    of("the last row of each thread dropped", "iteration",
       (NEST, NEST.replace("i < n;", "i < n - 1;"))),
    of("rows in memory that is not cleared", "uninitialised",
       (NEST, f"{PRAGMA}{EACH}        {MADE}{ROW.split('0.0;')[1].lstrip(chr(10))}{COPIED}    }}\n")),
    of("threads over the sum", "data race", (NEST, NEST.replace(PRAGMA, "").replace(
        "            for (int k", f"{PRAGMA}            for (int k"))),
)  # fmt: skip
HONEST = (
    of("one pointer to each row", "hoisting", (NEST, NEST.replace("for (int j = 0; j < n; j++) {", "for (int j = 0; j < n; j++) {\n            const double *from = a + i * n;").replace("a[i * n + k]", "from[k]"))),
    of("a row of each iteration", "scratch", (NEST, f"{PRAGMA}{EACH}        {MADE}{ROW}{COPIED}        free(row);\n    }}\n")),
    of("interchange in each row", "interchange", (NEST, f"{PRAGMA}{EACH}        double *row = c + i * n;\n{ROW}    }}\n")),
    of("restrict in each row", "restrict", (NEST, f"{PRAGMA}{EACH}        double *restrict row = c + i * n;\n{ROW}    }}\n")),
    Candidate.ruled("another schedule", "OpenMP", (PRAGMA, "#pragma omp parallel for schedule(dynamic)\n")),
    Candidate.ruled("threads over two loops", "OpenMP", (PRAGMA, "#pragma omp parallel for collapse(2)\n")),
)  # fmt: skip
FLAGS = ("-O3", "-fopenmp")
GROUPS = tuple(
    Group("threads", wrong, candidates, SUBJECTS["threads"].options, FLAGS)
    for wrong, candidates in ((True, WRONG), (False, HONEST))
)
