"""Loops that no statement makes: of gotos, and of the computed gotos of an interpreter."""

from __future__ import annotations

from pathlib import Path

from collectors.base import graph
from collectors.source_loops import forest, goto_loops, loops
from tests.source_loops.test_loops import frontend

GOTOS = """\
long collatz(long n) {
  long steps = 0;
again:
  if (n == 1) goto done;
  steps++;
  if (n & 1) {
    n = 3 * n + 1;
    goto again;
  }
  n >>= 1;
  goto again;
done:
  return steps;
}
long machine(const unsigned char *code, long n) {
  long a = 0, b = 1, at = 0;
next:
  switch (code[at++ % 64]) {
  case 0: a += b; goto next;
  case 1: for (int i = 0; i < 5; i++) a += i * b; goto next;
  case 2: if (at < n) goto next; break;
  default: a ^= at; goto next;
  }
  return a + b;
}
long threaded(const unsigned char *code, long n) {
  static void *const labels[] = {&&add, &&shift, &&check};
  long a = 1, at = 0;
  goto *labels[code[at++ % 64]];
add:
  a += at;
  goto *labels[code[at++ % 64]];
shift:
  a ^= a >> 3;
  goto *labels[code[at++ % 64]];
check:
  if (at > n) return a;
  goto *labels[code[at++ % 64]];
}
long retried(long n, const unsigned char *code) {
  long x = 0, tries = 0;
  for (int pass = 0; pass < 3; pass++) {
    x += pass;
retry:
    for (int i = 0; i < 64; i++) {
      x += code[i] * tries;
      if (x % 1003 == 17 && tries < n) { tries++; goto retry; }
    }
    x ^= n;
  }
  return x;
}
long none(long n) {
  if (n < 0) goto fail;
  while (n > 5) { if (n == 7) goto fail; n -= 3; }
  return n;
fail:
  return -1;
}
"""


def of(clang: str, source: Path, out: Path) -> dict[str, list[tuple[str, int, int, str | None]]]:
    found: dict[str, list[tuple[str, int, int, str | None]]] = {}
    functions = forest.read(frontend(clang, source, out, "-O2"), out)
    for row in loops.table("g.c", functions, {}).to_pylist():
        told = row["path"], row["line"], row["end_line"], row["made_of"]
        found.setdefault(row["function"], []).append(told)
    return found


def test_loops_of_gotos(clang: str, tmp_path: Path) -> None:
    (tmp_path / "g.c").write_text(GOTOS)
    assert of(clang, tmp_path / "g.c", tmp_path) == {
        "collatz": [("1", 4, 11, "goto")],
        "machine": [("1", 18, 22, "goto"), ("1.1", 20, 20, None)],
        "threaded": [("1", 31, 38, "computed goto")],
        "retried": [
            *(("1", 42, 50, None), ("1.1", 45, 48, "goto"), ("1.1.1", 45, 48, None)),
        ],
        "none": [("1", 55, 55, None)],
    }


def test_places_of_a_loop_of_gotos_are_its_own(clang: str, tmp_path: Path) -> None:
    (tmp_path / "g.c").write_text(GOTOS)
    functions = forest.read(frontend(clang, tmp_path / "g.c", tmp_path, "-O2"), tmp_path)
    places = loops.places(functions, {}).to_pylist()

    def at(*lines: int) -> set[str | None]:
        return {row["key"] for row in places if row["line"] in lines and row["key"]}

    assert at(4, 5, 7, 10) == {"collatz/1"}
    assert at(19) == {"machine/1"} and at(20) == {"machine/1", "machine/1.1"}
    assert {row["key"] for row in places if row["line"] in (2, 24)} == {None}


def test_elements_of_an_array_are_no_loop_of_gotos(clang: str, tmp_path: Path) -> None:
    source = tmp_path / "a.cpp"
    source.write_text(
        "struct A { A(); ~A(); int x; };\nint f() {\n  A a[100];\n  A *b = new A[7];\n"
        "  delete[] b;\n  return a[3].x;\n}\n"
    )
    assert of(clang, source, tmp_path) == {}


def test_natural_loops_of_a_graph() -> None:
    # 1 → 2 → 3 → 2, 3 → 4 → 1; 5 is never reached
    found = graph.natural_loops(1, {1: [2], 2: [3], 3: [2, 4], 4: [1], 5: [2]})
    assert found == {1: {1, 2, 3, 4}, 2: {2, 3}}


def test_two_ways_into_a_cycle_make_no_natural_loop() -> None:
    code = goto_loops.Jumps(
        0, 9, {"a": 2, "b": 5}, [(1, ["a", "b"]), (4, ["b"]), (8, ["a"])], (), ()
    )
    assert goto_loops.find(code, []) == []
