"""Hot loops that are not modelled are told, kept and shown to a model, never dropped."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from collectors.base.table import Problem
from collectors.base.toolchain import Toolchain
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize.hot_nests import LAYER, HotLoop, HotNests, of_loops
from corr.optimize.rules.nests import Region
from corr.program.model import Run, from_files
from tests.support.command import Corr
from tests.support.places import ROOT

PROGRAM = """
#include "other.h"
static void smooth(int n, double *a, const int *p) {
    for (int t = 0; t < 9; t++) {
        for (int i = 1; i < n; i++)
            a[i] += a[i - 1];
        while (*p)
            p++;
    }
}
static void scatter(int n, double *a, const int *p) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            a[p[j]] = i;
}
static void walk(const int *p) {
    while (*p)
        p++;
}
static void whole(int n, double *a) {
    for (int i = 0; i < n; i++)
        a[i] = i;
}
"""
#: A loop that is not affine before one that is no `for` loop.
BOTH = (
    "for (int i = 0; i < *p; i++)\n        ((int *)p)[p[i]] = 1;\n    while (*p)\n        p++;\n}"
)
HEADER = "static void other(int n, double *a) { for (int i = 0; i < n; i++) a[i] = i; }\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t.c").write_text(PROGRAM)
    (tmp_path / "other.h").write_text(HEADER)
    return tmp_path


def nests(folder: Path, tools: Toolchain, loops: Sequence[HotLoop]) -> HotNests:
    program = from_files(["t.c"], ["-O1"], Run(directory=folder), folder)
    return of_loops(loops, program, tools)


def test_what_other_loops_of_its_function_take_the_time_of_is_cold(
    folder: Path, tools: Toolchain
) -> None:
    """Nothing is proposed for it; not where it is not known which loop takes the time."""
    loops = [HotLoop("smooth", "t.c", 7, 0.9), HotLoop("whole", "elsewhere.c", 21, 0.1)]
    found = {nest.lines[0]: nest.cold for nest in nests(folder, tools, loops).modelled}
    assert found == {5: True, 21: False}
    loops.append(HotLoop("smooth", "t.c", 5, 0.1))
    found = {nest.lines[0]: nest.cold for nest in nests(folder, tools, loops).modelled}
    assert found == {5: False, 21: False}


def test_another_unit_is_no_reason(folder: Path, tools: Toolchain) -> None:
    (folder / "m.c").write_text("int main(void) { return 0; }\n")
    program = from_files(["m.c", "t.c"], ["-O1"], Run(directory=folder), folder)
    (problem,) = of_loops([HotLoop("walk", "t.c", 17, 0.9)], program, tools).problems
    assert problem.what == "walk: not modelled: only `for` loops that count are modelled"
    source = folder / "t.c"
    source.write_text(source.read_text().replace("while (*p)\n        p++;\n}", BOTH))
    (problem,) = of_loops([HotLoop("walk", "t.c", 20, 0.9)], program, tools).problems
    assert problem.what == "walk: not modelled: only `for` loops that count are modelled"


@pytest.mark.parametrize(
    ("function", "file", "line", "says"),
    [
        ("smooth", "t.c", 5, "t.c:4 smooth: a loop round modelled ones is not: a WhileStmt"),
        ("smooth", "t.c", 7, "t.c:4 smooth: not modelled: a WhileStmt is not modelled"),
        ("scatter", "t.c", 12, "t.c:12 scatter: not modelled: p[j] is not affine"),
        ("walk", "t.c", 17, "t.c:17 walk: not modelled: only `for` loops that count are modelled"),
        ("other", "other.h", 1, "other.h:1 other: not modelled: it is not written in the unit's"),
        ("memmove", "t.c", 1, "t.c:1 memmove: not modelled: no definition"),
    ],
)
def test_why(
    folder: Path, tools: Toolchain, function: str, file: str, line: int, says: str
) -> None:
    (problem,) = nests(folder, tools, [HotLoop(function, file, line, 0.5)]).problems
    assert problem.layer == LAYER
    assert f"{problem.where} {problem.what}".startswith(says)


def test_what_is_modelled_has_no_problem(folder: Path, tools: Toolchain) -> None:
    loops = [HotLoop("whole", "t.c", 21, 0.5), HotLoop("scatter", "t.c", 12, 0.001)]
    found = nests(folder, tools, loops)
    assert [n.scop.function for n in found.modelled] == ["whole"]
    assert found.problems == ()  # the other is no loop to speak of


def test_a_source_that_clang_cannot_read(folder: Path, tools: Toolchain) -> None:
    (folder / "t.c").write_text("void f(void) { syntax error }\n")
    (problem,) = nests(folder, tools, [HotLoop("f", "t.c", 1, 0.9)]).problems
    assert "clang cannot read t.c" in problem.what


def test_nothing_sampled(folder: Path, tools: Toolchain) -> None:
    (problem,) = nests(folder, tools, []).problems
    assert "nothing was sampled" in problem.what


def test_a_base_that_is_not_tried_is_told(tools: Toolchain) -> None:
    told: list[Problem] = []
    kernels = ROOT / "kernels"
    program = from_files(["lu.c"], ["-O1"], Run(), kernels)
    (nest,) = of_loops([HotLoop("kernel_lu", "lu.c", 20, 1.0)], program, tools).modelled
    assert next(Region(nest, 32, told.append).search())
    what = "kernel_lu: not tried: sweeps of skewed: it would turn a dependence round"
    assert told == [Problem(LAYER, "lu.c:17", what)] * 3  # one for each size


def test_the_reader_the_lake_and_the_model_are_told(corr: Corr, tmp_path: Path) -> None:
    for name in ("tree_walk.c", "corr_harness.h"):
        shutil.copy(ROOT / "kernels" / name, tmp_path)
    options = ("--proposer", "rules", "--iterations", "1", "--candidates", "1")
    done = corr("optimize", "tree_walk.c", "--run-args", "--size 100000", *options, cwd=tmp_path)
    assert done.returncode in (0, 4), done.stderr
    says = "kernel_tree_walk: not modelled: a WhileStmt is not modelled"
    assert says in done.stderr
    rows = ask(
        Lake.open(tmp_path / "data"),
        "SELECT layer, what FROM problems WHERE what LIKE '%tree_walk%'",
    ).to_pylist()
    assert {"layer": LAYER, "what": says} in rows
    history = corr("history", cwd=tmp_path)
    assert says in history.stderr and says not in history.stdout
    (summary,) = (tmp_path / "data" / "cache" / "summaries").glob("*.md")
    assert says in summary.read_text()  # a model is sent these bytes


@pytest.mark.parametrize(
    ("function", "qualified", "written"),
    [
        ("f(int)", "f", "f"),
        ("ns::f(int, a::b)", "ns::f", "f"),
        ("void ns::f<int>(int, a::b<c::d>)", "ns::f", "f"),
        ("std::vector<a::b> f<std::pair<int, c::d>, 3>(int)", "f", "f"),
        ("grid<double>::get(int) const", "grid::get", "get"),
        ("void (anonymous namespace)::f<int>()", "(anonymous namespace)::f", "f"),
        ("a::operator<(a const&)", "a::operator<", "operator<"),
        ("main", "main", "main"),
    ],
)
def test_a_functions_name_as_its_definition_has_it(
    function: str, qualified: str, written: str
) -> None:
    loop = HotLoop(function, "t.cpp", 1, 0.5)
    assert (loop.qualified, loop.written) == (qualified, written)
