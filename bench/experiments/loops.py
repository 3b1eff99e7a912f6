"""Twenty loops that clang gives vectors, of which a program runs the one that it is asked for."""

from __future__ import annotations

#: Name, element types of `out`, `a` and `b`, and the body; `s` is a sum of the type of `out`.
LOOPS = (
    ("add", "float", "float", "out[i] = a[i] + b[i];"),
    ("saxpy", "double", "double", "out[i] = 2.5 * a[i] + b[i];"),
    ("sum", "int", "int", "s += a[i];"),
    ("dot", "int", "int", "s += a[i] * b[i];"),
    ("largest", "int", "int", "s = a[i] > s ? a[i] : s;"),
    ("distance", "int", "unsigned char", "s += a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];"),
    ("clamp", "int", "int", "out[i] = a[i] < -8 ? -8 : a[i] > 8 ? 8 : a[i];"),
    ("shift", "unsigned", "unsigned", "out[i] = a[i] << 3 ^ b[i] >> 5;"),
    ("widen", "float", "unsigned char", "out[i] = a[i] * (1.0f / 255);"),
    ("narrow", "unsigned char", "int", "out[i] = a[i] + b[i];"),
    ("stencil", "float", "float", "out[i] = 0.25f * a[i] + 0.5f * a[i + 1] + 0.25f * a[i + 2];"),
    ("pairs", "int", "int", "out[i] = a[2 * i] - a[2 * i + 1];"),
    ("condition", "int", "int", "if (a[i] > 3) out[i] = b[i];"),
    ("parity", "unsigned", "unsigned", "s ^= a[i] * 2654435761u;"),
    ("polynomial", "float", "float", "out[i] = (a[i] * 0.5f + 1.5f) * a[i] * a[i] + b[i];"),
    ("divide", "float", "float", "out[i] = a[i] / (b[i] + 1.0f);"),
    ("reverse", "int", "int", "out[i] = a[n - 1 - i] + b[i];"),
    ("count", "int", "unsigned char", "s += a[i] == 7;"),
    ("average", "unsigned char", "unsigned char", "out[i] = (a[i] + b[i] + 1) >> 1;"),
    ("blend", "int", "short", "out[i] = (a[i] * 77 + b[i] * 179) >> 8;"),
)  # fmt: skip
NAME = "loops.c"
N = 6000


def source() -> str:
    """The program; its argument is the number of a loop."""
    functions, calls = [], []
    for number, (name, out, element, body) in enumerate(LOOPS):
        functions.append(
            f"__attribute__((noinline)) static {out} {name}({out} *restrict out,"
            f" const {element} *restrict a, const {element} *restrict b, int n) {{\n"
            f"  {out} s = 0;\n  for (int i = 0; i < n; i++)\n    {body}\n  return s;\n}}\n"
        )
        calls.append(
            f"  case {number}:\n    for (int r = 0; r < rounds; r++)\n"
            f"      total += (long){name}((void *)out, (void *)a, (void *)b, {N} - r % 8);\n"
            "    break;\n"
        )
    return (
        "#include <stdio.h>\n#include <stdlib.h>\n"
        f"static char out[{16 * N}], a[{16 * N}], b[{16 * N}];\n"
        + "".join(functions)
        + "int main(int argc, char **argv) {\n"
        "  int which = argc > 1 ? atoi(argv[1]) : 0, rounds = argc > 2 ? atoi(argv[2]) : 1000;\n"
        "  long total = 0;\n"
        "  for (unsigned i = 0; i < sizeof a / 4; i++) {\n"
        "    ((float *)a)[i] = i % 5;\n    ((float *)b)[i] = i % 3;\n  }\n"
        "  switch (which) {\n" + "".join(calls) + "  }\n"
        '  printf("%ld %d\\n", total, out[which]);\n  return 0;\n}\n'
    )
