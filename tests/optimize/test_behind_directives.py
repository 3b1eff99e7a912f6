"""A loop behind a directive that the build ignores stays a loop in a build that obeys it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from collectors.base import toolchain
from corr.optimize.hot_nests import Nest
from corr.optimize.moves.both_texts import beside, guarding, with_both_texts
from corr.optimize.rules.nests import Region
from corr.optimize.variant import Variant
from corr.polyhedral.clang_ast import Functions
from corr.polyhedral.extract import regions
from corr.program.model import Run, from_files

TEXT = """#include <stdio.h>
static double a[300][300], x[300], y[300];
static void f(int n) {
  int i, j;
#pragma omp parallel for \\
    private(j)
  /* rows */
  for (i = 0; i < n; i++) {
    y[i] = 0;
    for (j = 0; j < n; j++) y[i] += a[j][i] * x[j];
  }%s
}
int main(void) {
  for (int i = 0; i < 300; i++) { x[i] = i; for (int j = 0; j < 300; j++) a[i][j] = i - j; }
  f(300);
  double s = 0;
  for (int i = 0; i < 300; i++) s += i * y[i];
  printf("%%.17g\\n", s);
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("after", ["", " // done", " y[0] += 1;"])
def test_both_builds_compute_the_same(after: str, tmp_path: Path) -> None:
    tools = toolchain.find()
    source = tmp_path / "t.c"
    source.write_text(TEXT % after)
    program = from_files(["t.c"], ("-O2",), Run(), tmp_path)
    (scop,), _ = regions(Functions(program, program.units[0], tools), "f")
    found = Region(Nest("t.c", source.read_bytes(), scop), 16)
    plan = next(found.search())
    best = found.edit(plan).apply(Variant(program))
    changed = with_both_texts(best).text(source)
    assert "_OPENMP" not in best.text(source), "what is judged has the new text alone"
    assert changed.count("#ifdef _OPENMP") == 1
    said = set()
    for text in (source.read_text(), changed):
        for flags in ([], ["-fopenmp"]):
            (tmp_path / "c.c").write_text(text)
            command = [
                str(tools.path("clang")),
                "-O2",
                "-mavx2",
                "-w",
                *flags,
                str(tmp_path / "c.c"),
            ]
            subprocess.run([*command, "-o", str(tmp_path / "c")], check=True)
            said.add(subprocess.check_output([str(tmp_path / "c")]))
    assert len(said) == 1


@pytest.mark.parametrize(
    ("before", "macro"),
    [
        ("#pragma omp for\n  ", "_OPENMP"),
        ("  #  pragma omp parallel \\\n  for\n\n// so\n", "_OPENMP"),
        ("#pragma acc loop\n", "_OPENACC"),
        ("#pragma omp for\nx();\n", None),
        ("#pragma GCC ivdep\n", None),
        ("#pragma omp for\n  x: ", None),
        ("int omp;\n", None),
        ("", None),
    ],
)
def test_what_stands_before_the_loop(before: str, macro: str | None) -> None:
    assert guarding(before) == macro


def test_the_rest_of_the_line_stays_outside() -> None:
    assert beside("a", "b", "M", "  ", "\n").endswith("#endif")
    assert beside("a", "b", "M", "  ", " c;\n").endswith("#endif\n  ")
