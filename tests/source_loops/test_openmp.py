"""Loops behind a pragma of OpenMP stand at their keyword, and belong to the function around."""

from __future__ import annotations

import pytest

from collectors.source_loops.forest import Function, Loop
from collectors.source_loops.openmp import move_to_keywords, names

PLAIN = """int main() {
    #pragma omp parallel for schedule(static)
    for (int i = 0; i < n; i++)
        a[i] = f("}", ';') + b[i];
}
"""
BRACES = """
  #pragma omp parallel for \\
      reduction(+ : t)  /* a { */
  // for later
  for (int i = 0; i < n; i++) {
      if (x) { y(); }
      for (;;) { break; }
  }
  z();
"""
BLOCK = """
#pragma omp parallel
{
    #pragma omp for
    for (auto &x : xs) x = 0;
}
"""
IN_CONDITION = """
#ifdef _OPENMP
#pragma omp parallel for shared(a)
#endif
    for (int i = 0; i < n; i++)
#if WIDE
        x(i); // (
#endif
"""
CHOICE = """#pragma omp parallel for
for (int i = 0; i < n; i++)
  if (a[i]) { x(); }
  else y(i);
"""


@pytest.mark.parametrize(
    ("text", "line", "start", "end"),
    [
        (PLAIN, 2, (3, 5), (4, 33)),
        (BRACES, 2, (5, 3), (8, 3)),
        (BLOCK, 4, (5, 5), (5, 28)),
        (IN_CONDITION, 3, (5, 5), (7, 12)),
        (CHOICE, 1, (2, 1), (4, 11)),
        ("#pragma omp parallel for\nfor (int i = 0; i < n; i++) ;\n", 1, (2, 1), (2, 29)),
        ("#pragma omp parallel for\nfor (int i = 0; i < n; i++) f(i);\n", 1, (2, 1), (2, 32)),
        ("#pragma omp parallel for\nFOR(i) x();\n", 1, (1, 1), (1, 9)),
        ("#pragma omp parallel for\nfor (;;\n", 1, (1, 1), (1, 9)),
        ("#pragma omp parallel for\n", 1, (1, 1), (1, 9)),
        ("for (;;) x();\n", 1, (1, 1), (1, 9)),
    ],
)
def test_place(text: str, line: int, start: tuple[int, int], end: tuple[int, int]) -> None:
    loop = Loop(1, "x.c", line, 1, line, 9, 0, 1, path="1")
    function = Function("main.omp_outlined", True, [loop])
    move_to_keywords([function], lambda _: text.splitlines())
    assert (loop.line, loop.column) == start
    assert (loop.end_line, loop.end_column) == end


def test_a_file_that_is_not_there() -> None:
    loop = Loop(1, "x.c", 2, 1, 2, 9, 0, 1, path="1")
    move_to_keywords([Function("f", False, [loop])], lambda _: None)
    assert loop.line == 2


def test_names() -> None:
    def region(name: str) -> Function:
        return Function(name, True, [Loop(1, "x.c", 2, 1, 2, 9, 0, 1, path="1")])

    found = names(
        [
            region("main.omp_outlined_debug__.2"),
            region("main.omp_outlined_debug__"),
            Function("main.omp_outlined.1", True),
            region("_Z3fooi.omp_outlined"),
            region("main"),
        ],
        {"_Z3fooi": "foo(int)"},
    )
    assert found == {
        "main.omp_outlined_debug__": "main.omp1",
        "main.omp_outlined_debug__.2": "main.omp2",
        "_Z3fooi.omp_outlined": "foo(int).omp1",
    }
