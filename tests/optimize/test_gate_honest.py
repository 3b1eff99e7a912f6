"""The gate for source text: honest optimisations pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.optimize import gate
from tests.support.gate_program import HONEST, PROGRAM, changed, compiles, judged
from tests.support.places import ROOT

KERNELS = ROOT / "kernels"
SOURCES = sorted(p for p in KERNELS.iterdir() if p.suffix in (".c", ".cpp"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_a_program_may_stay_as_it_is(path: Path) -> None:
    text = path.read_text()
    assert gate.source(text, text, path.name) == []


@pytest.mark.parametrize("loop", HONEST.values(), ids=HONEST.keys())
def test_an_honest_change_passes(loop: str, clang: str, tmp_path: Path) -> None:
    assert compiles(clang, changed(loop), tmp_path)
    assert judged(changed(loop)) == []


def test_a_static_helper_and_memory_of_its_own_pass(clang: str, tmp_path: Path) -> None:
    top = (
        "struct part { double low, high; };\n"
        "static inline double twice(double x, struct part *p) { p->low = x; return x + p->low; }\n"
    )
    loop = """    double *copy = malloc(n * sizeof *copy);
    struct part part;
    for (int i = 0; i < n; i++) copy[i] = twice(a[i], &part);
    for (int i = 0; i < n; i++) sum += copy[i];
    free(copy);
"""
    before = PROGRAM.replace("#include <math.h>", "#include <math.h>\n#include <stdlib.h>")
    after = changed(loop, top).replace(
        "#include <math.h>", "#include <math.h>\n#include <stdlib.h>"
    )
    assert compiles(clang, after, tmp_path)
    assert judged(after, before) == []


def test_honest_cxx_passes(clang: str, tmp_path: Path) -> None:
    before = """\
#include <vector>
#include <algorithm>
namespace {
double work(const std::vector<double> &a) { double s = 0; for (double x : a) s += x; return s; }
}
int main() { std::vector<double> v(100, 1.0); return work(v) == 100.0 ? 0 : 1; }
"""
    after = before.replace(
        "double work(const std::vector<double> &a) { double s = 0; for (double x : a) s += x; return s; }",
        """template <typename T> T least(T p, T q) { return p < q ? p : q; }
double work(const std::vector<double> &a) {
    constexpr std::size_t tile = 16;
    const double *__restrict p = a.data();
    auto add = [&](std::size_t from, std::size_t to) { double t = 0; for (auto i = from; i < to; ++i) t += p[i]; return t; };
    std::vector<double> parts(tile);
    double s = 0;
    for (std::size_t i = 0; i < a.size(); i += tile) s += add(i, least(i + tile, a.size()));
    return std::max(s, 0.0 * parts[0]);
}""",
    )
    assert compiles(clang.replace("clang", "clang++"), after, tmp_path, "cpp")
    assert gate.source(before, after, "work.cpp") == []
