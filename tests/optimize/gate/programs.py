"""The programs that honest and hostile changes are made to."""

from __future__ import annotations

import subprocess
from pathlib import Path

from corr.optimize import gate

C = """\
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define N 64
#define UNUSED(x)
static double data[N];

struct grid { int rows, cols; double *cells; };

static double weight(int i)
{
    return i % 3 ? 0.5 : 2.0;
}

static double work(const double *a, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++)
        sum += a[i] * weight(i);
    return sum;
}

int main(int argc, char **argv)
{
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    double *copy = malloc(N * sizeof *copy);
    if (!copy)
        exit(1);
    memcpy(copy, data, N * sizeof *copy);
    printf("%g %d\\n", work(copy, N), argc);
    free(copy);
    return argv == NULL;
}
"""
LOOP = """\
    for (int i = 0; i < n; i++)
        sum += a[i] * weight(i);
"""

CXX = """\
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace model {
struct Particle {
    double x, y, mass;
    double energy() const { return 0.5 * mass * (x * x + y * y); }
};

class Matrix {
public:
    Matrix(int rows, int cols) : rows_(rows), cols_(cols), cells_(rows * cols) {}
    double &operator()(int i, int j) { return cells_[i * cols_ + j]; }
    double operator()(int i, int j) const { return cells_[i * cols_ + j]; }
    int rows() const { return rows_; }

private:
    int rows_, cols_;
    std::vector<double> cells_;
};
} // namespace model

template <typename T> static T twice(T x) { return x + x; }

static double work(const std::vector<double> &v, const std::vector<model::Particle> &p,
                   const model::Matrix &m)
{
    double sum = 0.0;
    int a = 2, b = 3;
    for (std::size_t i = 0; i < v.size(); ++i)
        sum += twice(v[i]) * a + m(0, 0) * b;
    for (const auto &one : p)
        sum += one.energy();
    return sum;
}

int main()
{
    auto start = std::chrono::steady_clock::now();
    std::vector<double> v(100, 1.0);
    std::vector<model::Particle> p(10);
    model::Matrix m(3, 3);
    std::printf("%g\\n", work(v, p, m));
    return std::chrono::steady_clock::now() < start;
}
"""
CXX_LOOP = """\
    for (std::size_t i = 0; i < v.size(); ++i)
        sum += twice(v[i]) * a + m(0, 0) * b;
"""


def in_c(loop: str = LOOP, top: str = "", includes: str = "") -> str:
    """C with another loop in `work`, with something before `work` and before the includes."""
    text = C.replace(LOOP, loop).replace("static double work(", f"{top}static double work(")
    return includes + text


def in_cxx(loop: str = CXX_LOOP, top: str = "", includes: str = "") -> str:
    text = CXX.replace(CXX_LOOP, loop).replace("static double work(", f"{top}static double work(")
    return includes + text


def passes_as_objects(clang: str, before: str, after: str, folder: Path, *flags: str) -> bool:
    """What the compiler makes of both passes the gate too."""
    made = []
    for name, text in (("before", before), ("after", after)):
        source = folder / f"{name}.{'cpp' if '++' in clang else 'c'}"
        source.write_text(text)
        made.append(folder / f"{name}.o")
        standard = "-std=c++20" if "++" in clang else "-std=gnu17"
        argv = [clang, standard, "-w", "-O2", *flags, "-c", source, "-o", made[-1]]
        subprocess.run(argv, check=True)
    names = {token.text for token in gate.tokens(before) if token.kind == "name"}
    found = gate.objects(made[0], made[1], names)
    print(*found, sep="\n")
    return not found


def compiles(clang: str, text: str, folder: Path, *flags: str, language: str = "c") -> bool:
    """Whether the real compiler takes it; what it says is shown where it does not."""
    source = folder / f"tried.{language}"
    source.write_text(text)
    standard = "-std=gnu17" if language == "c" else "-std=c++20"
    argv = [clang, standard, "-w", "-fsyntax-only", *flags, source]
    done = subprocess.run(argv, capture_output=True, text=True)
    print(done.stderr[:2000])
    return done.returncode == 0
