"""Small programs whose calls are known, for what is told of single calls."""

from __future__ import annotations

from pathlib import Path
from random import Random

#: Ten call sites of four functions. `mix` is small and inlined wherever it is called, `chew` is
#: inlined where it is called from a loop, `churn` is too large for that; `skip` never is inlined.
TEN_CALLS = """\
#include <stdio.h>
#include <stdlib.h>
static unsigned mix(unsigned a, unsigned b) { return (a ^ b) * 2654435761u + (a >> 7); }
static unsigned chew(unsigned *v, unsigned n)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum += mix(v[i], sum);
    return sum;
}
__attribute__((noinline)) static unsigned skip(unsigned *v, unsigned n)
{
    unsigned sum = 1;
    for (unsigned i = 0; i < n; i++)
        sum = mix(sum, v[n - 1 - i]);
    return sum;
}
static unsigned churn(unsigned *v, unsigned n, unsigned k)
{
    unsigned a = k, b = 1, c = 2, d = 3;
    for (unsigned i = 0; i < n; i++) {
        a += v[i] * 3; b ^= a >> 3; c += b * 5; d ^= c >> 5;
        if (a & 1) b += v[(i + 7) % n]; else c ^= v[(i + 11) % n];
        if (b & 2) d += v[(i + 13) % n]; else a ^= v[(i + 17) % n];
        if (c & 4) a += d << 3; else b -= d >> 3;
        if (d & 8) c += a % 7; else d -= b % 11;
        v[i] = a ^ b ^ c ^ d;
        if ((v[i] & 255) == 7) { v[i] += printf("%c", 0) * 0; }
        if ((v[i] & 1023) == 9) { a = a / 3 + b / 5; c = c / 7 + d / 9; }
        if ((v[i] & 4095) == 21) { b = v[(i * 31) % n]; d = v[(i * 37) % n]; }
    }
    return a + b + c + d;
}
int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 400;
    static unsigned v[4096];
    unsigned sum = 0;
    for (unsigned i = 0; i < 4096; i++)
        v[i] = mix(i, 17);
    for (unsigned r = 0; r < rounds; r++) {
        sum += chew(v, 4096);
        sum ^= churn(v, 4096, r);
        sum += skip(v, 4096);
        sum += chew(v + 2048, 1024);
        sum ^= churn(v, 2048, sum);
        sum = mix(sum, churn(v, 1024, r + 1));
    }
    printf("%u\\n", sum);
    return 0;
}
"""


def ten_calls(folder: Path) -> Path:
    path = folder / "calls.c"
    path.write_text(TEN_CALLS)
    return path


def small_modules(folder: Path, seed: str, count: int = 8) -> list[str]:
    """Sources with calls of many shapes, no two alike; the same for the same seed."""
    random = Random(seed)
    names = []
    for number in range(count):
        names.append(f"m{number}.c")
        (folder / names[-1]).write_text(_module(random, number))
    return names


def _module(random: Random, number: int) -> str:
    """Helpers of different sizes, and functions that call them."""
    tag = f"{number}_{random.randrange(10**6)}"
    parts = ["extern int out(int);"]
    helpers = random.randint(4, 8)
    for helper in range(helpers):
        lines = []
        for _ in range(random.choice((1, 1, 2, 3, 6, 12))):
            lines.append(
                random.choice(
                    (
                        "x = x * {a} + y;",
                        "if (x > {a}) y ^= x >> {b};",
                        "y += out(x + {a});",
                        "for (int i = 0; i < {b}; i++) x += y ^ (i * {a});",
                        "x ^= y << {b};",
                    )
                ).format(a=random.randint(2, 99), b=random.randint(1, 7))
            )
        inner = f"x += h{random.randrange(helper)}_{tag}(y, x);" if helper and helper % 2 else ""
        body = " ".join(lines)
        parts.append(
            f"static int h{helper}_{tag}(int x, int y)\n{{ {body} {inner} return x + y; }}"
        )
    for function in range(random.randint(2, 4)):
        calls = "\n".join(
            f"    s += h{random.randrange(helpers)}_{tag}(a + {random.randint(0, 9)}, s);"
            for _ in range(random.randint(2, 6))
        )
        parts.append(
            f"int f{function}_{tag}(int a)\n{{\n    int s = a;\n{calls}\n    return s;\n}}"
        )
    return "\n".join(parts) + "\n"


#: `step` is called in two hot loops, and too costly to inline for what it hardly ever does.
STEPS = {
    "steps.h": """\
unsigned forward(const unsigned *keys, unsigned n);
unsigned backward(const unsigned *keys, unsigned n);
""",
    "steps.c": """\
#include <stdio.h>
#include "steps.h"
static unsigned errors;
static unsigned step(unsigned state, unsigned key)
{
    if (state == 0xdeadbeefu) {
        errors++;
        printf("%u %u\\n", state, key);
        printf("%u %u %u\\n", state + 1, key, errors);
        printf("%u %u %u\\n", state + 2, key, errors + 1);
        printf("%u %u %u\\n", state + 3, key, errors + 2);
        printf("%u %u %u\\n", state + 4, key, errors + 3);
        printf("%u %u %u\\n", state + 5, key, errors + 4);
        printf("%u %u %u\\n", state + 6, key, errors + 5);
    }
    return (state ^ key) + (key << 3);
}
unsigned forward(const unsigned *keys, unsigned n)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum += step(keys[i], i);
    return sum;
}
unsigned backward(const unsigned *keys, unsigned n)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum ^= step(keys[n - 1 - i], n + i);
    return sum;
}
""",
    "main.c": """\
#include <stdio.h>
#include <stdlib.h>
#include "steps.h"
static unsigned keys[4096];
int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 20000, sum = 1;
    for (unsigned i = 0; i < 4096; i++)
        keys[i] = i * 2654435761u;
    for (unsigned r = 0; r < rounds; r++) {
        keys[r % 4096] ^= sum;
        sum += forward(keys, 4096) ^ backward(keys, 4096);
    }
    printf("%u\\n", sum);
    return 0;
}
""",
}


def steps(folder: Path) -> list[str]:
    """Write the program of the two hot loops; its sources."""
    for name, text in STEPS.items():
        (folder / name).write_text(text)
    return ["main.c", "steps.c"]
