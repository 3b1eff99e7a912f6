"""Small programs in the shape of those that people have: what is said of them, and what may not be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from corr.findings.of_run import Finding, of_run
from corr.lake.store import Lake
from tests.support.command import Corr


@dataclass(frozen=True)
class Case:
    """A program; the kind that has to be said of its hottest place, and kinds that are wrong."""

    text: str
    wrong: tuple[str, ...]
    first: str | None = None
    flags: tuple[str, ...] = ("-O3",)
    words: str = ""


CASES = {
    "list.cpp": Case(
        """
        #include <cstdio>
        #include <list>
        int main() {
            std::list<int> numbers;
            for (int i = 2; i < 60000; i++) numbers.push_back(i);
            long count = 0;
            for (int p = 2; p < 900; p++)
                for (int n : numbers) count += n % p == 0;
            std::printf("%ld\\n", count);
        }""",
        (),
        "pointer_chase",
    ),
    "downwards.c": Case(
        """
        #include <stdio.h>
        #include <stdlib.h>
        int main(int c, char **v) {
            int n = 255;
            static unsigned char b[300], t[256];
            for (int i = 0; i < 256; i++) t[i] = i * 7;
            for (int k = 0; k < 300000 * c; k++) {
                int j;
                for (j = n - 1; j > 0; j--)
                    b[j] = b[j-1] ^ t[(b[j] + k) & 255];
                b[0] = k;
            }
            printf("%d\\n", b[n / 2]);
        }""",
        ("dependence",),
    ),
    "smoothed.c": Case(
        """
        #include <stdio.h>
        int main(int c, char **v) {
            static double a[1 << 14];
            for (int i = 0; i < 1 << 14; i++) a[i] = i * 7919 % 1000;
            double e = 0;
            for (int k = 0; k < 2000 * c; k++)
                for (int i = 0; i < 1 << 14; i++) {
                    e = 0.9 * e + 0.1 * a[i];
                    a[i] = e;
                }
            printf("%.6f\\n", e);
        }""",
        ("float_order",),
        "dependence",
    ),
    "volatile.c": Case(
        """
        #include <stdio.h>
        int main(void) {
            volatile long s = 0;
            for (long i = 0; i < 60000000; i++) s += i;
            printf("%ld\\n", s);
        }""",
        ("spills",),
    ),
    "lock.cpp": Case(
        """
        #include <cstdio>
        #include <mutex>
        #include <thread>
        std::mutex m;
        long total;
        void add() { for (int i = 0; i < 4000000; i++) { std::lock_guard<std::mutex> g(m); total += i; } }
        int main() {
            std::thread other([] {});
            add();
            other.join();
            std::printf("%ld\\n", total);
        }""",
        ("copies",),
        "library",
        ("-O2", "-pthread"),
        "take the lock less often",
    ),
    "inlined.cpp": Case(
        """
        #include <cmath>
        #include <cstdio>
        struct V { double x, y; V norm() const { double l = std::sqrt(x * x + y * y); return {x / l, y / l}; } };
        double walk(int depth, V v) {
            if (depth == 0) return v.x;
            V n = V{v.x + 1.25, v.y - 0.5}.norm();
            return walk(depth - 1, n) + walk(depth - 1, V{n.y, n.x});
        }
        int main() { std::printf("%g\\n", walk(23, V{1, 2})); }""",
        (),
        None,
        ("-O2",),
    ),
    "strided.c": Case(
        """
        #include <stdio.h>
        #include <stdlib.h>
        int main(void) {
            long n = 1 << 23;
            float *a = malloc(n * sizeof *a), s = 0;
            for (long i = 0; i < n; i++) a[i] = i % 7;
            for (int r = 0; r < 60; r++)
                for (long i = 0; i < n; i += 16) s += a[i] * r;
            printf("%g\\n", s);
        }""",
        ("indirect",),
        None,
        ("-O3", "-march=native", "-ffast-math"),
    ),
    "complex.c": Case(
        """
        #include <complex.h>
        #include <stdio.h>
        int main(void) {
            long inside = 0;
            for (int y = 0; y < 400; y++)
                for (int x = 0; x < 400; x++) {
                    double complex c = x / 200.0 - 1.5 + (y / 200.0 - 1) * I, z = 0;
                    int n = 0;
                    for (; n < 200 && creal(z) * creal(z) + cimag(z) * cimag(z) < 4; n++) z = z * z + c;
                    inside += n;
                }
            printf("%ld\\n", inside);
        }""",
        ("call",),
        None,
        ("-O2",),
    ),
    "table.c": Case(
        """
        #include <stdio.h>
        static unsigned state = 1;
        __attribute__((noinline)) static unsigned a(unsigned x) { return x * 3 + (x >> 3) + (x ^ 99) % 77; }
        __attribute__((noinline)) static unsigned b(unsigned x) { return x * 5 + (x >> 5) + (x ^ 77) % 99; }
        static unsigned (*const table[])(unsigned) = {a, b};
        int main(int argc, char **argv) {
            unsigned s = argc;
            for (int i = 0; i < 30000000; i++) s = table[s >> 31 & 1](s);
            printf("%u\\n", s + state);
        }""",
        ("not_vectorised",),
        None,
        ("-O2",),
        "through a pointer",
    ),
}


def collected(folder: Path, corr: Corr, name: str) -> tuple[Finding, ...]:
    (folder / name).write_text(CASES[name].text)
    done = corr("collect", name, "--", *CASES[name].flags, cwd=folder)
    assert done.returncode == 0, done.stderr
    lake = Lake.open(folder / "data")
    return of_run(lake, lake.find("last"))


@pytest.mark.parametrize("name", list(CASES))
def test_what_is_said_of_it(name: str, tmp_path: Path, corr: Corr) -> None:
    case = CASES[name]
    found = collected(tmp_path, corr, name)
    assert found and not [f.sentence for f in found if f.kind in case.wrong]
    hottest = [f for f in found if f.rank == 1]
    if case.first:
        assert hottest[0].kind == case.first, hottest[0].sentence
    assert any(case.words in f.sentence.lower() for f in hottest), [f.sentence for f in hottest]
    if name == "inlined.cpp":
        assert not [f for f in found if f.kind == "calls" and "norm" in (f.function or "")]
