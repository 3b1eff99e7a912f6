"""Hybrids of two builds link, run, and have the function of the one among those of the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base import process
from collectors.base.toolchain import Toolchain
from corr.experiment.hybrids import Builds
from corr.experiment.modules import Kept, Module, code_of, tool
from corr.program.model import Run, from_files

C_MAIN = """
#include <stdio.h>
extern int first(int), second(int);
static const char *const names[] = {"even", "odd"};
static int seen;
static int helper(int x) { seen++; return x * 3 + 1; }
int main(int argc, char **argv) {
  long s = 0;
  for (int i = 0; i < 1000 * argc; i++) s += helper(i) + first(i) + second(i);
  printf("%ld %d %s\\n", s, seen, names[s & 1]);
  return argv[argc] != 0;
}
"""
C_OTHER = """
#include <stdio.h>
static int seen;
static const char *tell(int x) { return x & 1 ? "one" : "none"; }
static HELPER int helper(int x, int y, int unused) { seen += x; return seen % 7 + y; }
int first(int x) { return helper(x, 2, 0) + tell(x)[0]; }
int second(int x) {
  int s = 0;
  for (int i = 0; i < 20; i++) s += helper(i, x, 1) + (x > 5 ? i : -i);
  if (x == 999) printf("%s %d\\n", tell(s), seen);
  return s;
}
"""
CXX_MAIN = """
#include <iostream>
#include <stdexcept>
#include <vector>
struct Shape { virtual ~Shape() {} virtual double area() const { return 1; } };
struct Square : Shape {
  double side; explicit Square(double s) : side(s) {}
  double area() const override { return side * side; }
};
static std::vector<int> values{3, 1, 2};
double sum(const std::vector<Shape *> &all) {
  double s = 0; for (auto *one : all) s += one->area(); return s;
}
int checked(int x) { if (x > 2) throw std::runtime_error("more than two"); return x; }
extern int from_other(int);
int main() {
  std::vector<Shape *> all; for (int v : values) all.push_back(new Square(v));
  all.push_back(new Shape);
  int caught = 0;
  for (int v : values) try { caught += checked(v); } catch (const std::exception &e) { std::cout << e.what() << "\\n"; }
  std::cout << sum(all) << " " << caught << " " << from_other(4) << "\\n";
  for (auto *one : all) delete one;
}
"""
CXX_OTHER = """
#include <algorithm>
#include <vector>
static std::vector<int> values{5, 4, 9};
int from_other(int x) { std::sort(values.begin(), values.end()); return values[0] * x; }
"""


def builds(folder: Path, tools: Toolchain, files: dict[str, str], a: str, b: str) -> Builds:
    """Both builds of a program, as if their runs had kept them."""
    for name, text in files.items():
        (folder / name).write_text(text)
    sides = []
    for side, flags in (("a", a), ("b", b)):
        place = folder / side
        place.mkdir()
        program = from_files(list(files), flags.split(), Run(directory=folder), folder)
        modules = []
        for unit in program.units:
            path = place / f"{unit.source.stem}.ll"
            clang = "clang++" if unit.cxx else "clang"
            tool(tools, folder, clang, *unit.flags, "-S", "-emit-llvm", unit.source, "-o", path)
            modules.append(Module(program.label(unit), unit, path))
        sides.append(Kept(program, tools, place, tuple(modules)))
    return Builds.of(*sides)


def output(binary: Path) -> bytes:
    done = process.run([binary])
    assert done.ok, done.ending()
    return done.stdout


PROGRAMS = {
    "C": (
        {"main.c": C_MAIN, "other.c": C_OTHER},
        "-O2 -DHELPER=",
        "-O1 -fno-inline -DHELPER=__attribute__((noinline))",
    ),
    "C, not inlined in a": (
        {"main.c": C_MAIN, "other.c": C_OTHER},
        "-O1 -DHELPER=__attribute__((noinline))",
        "-O3 -march=x86-64-v3 -DHELPER=",
    ),
    "C++": ({"main.cpp": CXX_MAIN, "other.cpp": CXX_OTHER}, "-O2", "-O1"),
    "C++, inlined in b": ({"main.cpp": CXX_MAIN, "other.cpp": CXX_OTHER}, "-O1 -fno-inline", "-O3"),
}


@pytest.mark.parametrize("which", PROGRAMS)
def test_each_group_of_functions_works_in_the_other_build(
    tmp_path: Path, tools: Toolchain, which: str
) -> None:
    """The hybrid prints what both builds print; its functions are not those of a."""
    both = builds(tmp_path, tools, *PROGRAMS[which])
    expected = output(both.program("a"))
    assert output(both.program("b")) == expected
    number = 0
    for pair in both.pairs:
        for group in pair.together():
            number += 1
            assert output(both.hybrid(str(number), {pair: group})) == expected, group
            made = code_of(both.a.folder / f"{number}.{pair.number}.o")
            a = code_of(pair.object_a)
            changed = {name for name in made.keys() & a.keys() if made[name] != a[name]}
            assert changed & group
    assert number >= 2
    everything = {pair: frozenset().union(*pair.together()) for pair in both.pairs}
    assert output(both.hybrid("all", everything)) == expected
    assert output(both.hybrid("units", {}, both.pairs[1:])) == expected


def test_a_build_in_itself_is_the_same_code(tmp_path: Path, tools: Toolchain) -> None:
    both = builds(tmp_path, tools, PROGRAMS["C"][0], "-O2 -DHELPER=", "-O2 -g -DHELPER=")
    assert not any(pair.differs or pair.differing for pair in both.pairs)


def test_what_is_not_exchanged_lies_in_its_cache_lines_as_before(
    tmp_path: Path, tools: Toolchain
) -> None:
    """However long a function before it became: a loop that lies better is not part of a cause."""
    both = builds(tmp_path, tools, *PROGRAMS["C"])
    groups = [(pair, group) for pair in both.pairs for group in pair.together()]
    hybrids = [both.hybrid(str(n), {pair: group}) for n, (pair, group) in enumerate(groups)]
    for binary in (both.program("a"), *hybrids):
        done = process.run([tools.path("llvm-objdump"), "--syms", binary])
        lines = [line.split() for line in done.stdout.decode().splitlines() if " F .text" in line]
        own = {line[-1]: int(line[0], 16) for line in lines if line[-1] in ("main", "second")}
        assert own.keys() == {"main", "second"} and not any(at % 64 for at in own.values())
