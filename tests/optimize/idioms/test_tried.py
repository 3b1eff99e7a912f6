"""Idioms where samples say that the library takes the time: what the compiler takes, and sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize.idioms import containers
from corr.optimize.idioms.checked import errors
from corr.optimize.idioms.spelling import Spelling
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files
from tests.support.command import Corr

pytestmark = pytest.mark.slow

COUNTED = """#include <iostream>
#include <map>
#include <string>
using counts = std::map<std::string, int>;
int main(int, char **argv) {
    counts of;
    of["a"] = 1;
    auto found = of.find(argv[0]);
    if (found != of.end()) std::cout << found->second;
"""


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ("std::cout << of.size() << of.count(argv[0]); }", True),
        ("for (auto& [word, n] : of) std::cout << word; }", False),
        ("std::cout << of.begin()->first; }", False),
        ("std::cout << of.rbegin()->first; }", False),
        ("std::map<std::pair<int, int>, int> pairs; pairs[{1, 2}] = 3; }", False),
        ("counts other; std::cout << (of < other); }", False),
    ],
)
def test_trees_whose_order_matters_stay_trees(
    tmp_path: Path, tools: Toolchain, more: str, taken: bool
) -> None:
    (tmp_path / "t.cpp").write_text(COUNTED + more)
    program = from_files(["t.cpp"], ("-std=c++17",), Run(), tmp_path)
    strict = containers.unwalked(Spelling(COUNTED + more))
    assert strict is not None
    wrong = errors(Variant(program), tmp_path / "t.cpp", strict, tools)
    assert (wrong == []) == taken


def test_lines_that_the_compiler_objects_to(tmp_path: Path, tools: Toolchain) -> None:
    text = "int f(const int& a) {\n  a = 3;\n  return a;\n}\nint main() { return f(2); }\n"
    (tmp_path / "t.cpp").write_text(text)
    program = from_files(["t.cpp"], (), Run(), tmp_path)
    assert errors(Variant(program), tmp_path / "t.cpp", text, tools) == [1, 2], "and its note"
    assert errors(Variant(program), tmp_path / "t.cpp", text.replace("a = 3;", ""), tools) == []


SHIFTED = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static unsigned shift(char *text, int by) {
  unsigned n = 0;
  for (int i = 0; i < (int)strlen(text); i++) {
    text[i] = 'a' + (text[i] - 'A' + by) % 26;
    n = 31 * n + text[i];
  }
  return n;
}
int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 60000;
  char *text = malloc(n + 1);
  for (int i = 0; i < n; i++) text[i] = i % 9 == 8 ? ' ' : 'a' + (i * 7) % 26;
  text[n] = 0;
  for (int by = 1; by < 5; by++) printf("%d %u\\n", by, shift(text, by));
}
"""
LOOKED_AT = """#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>
long longest(std::vector<std::string> lines, std::string but) {
  long most = 0;
  for (auto line : lines)
    if (line != but) most += line.size();
  return most;
}
static std::string cut(std::string line) {
  line.resize(line.size() / 2);
  return line;
}
int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 2000;
  std::vector<std::string> lines;
  for (int i = 0; i < 300; i++) lines.push_back(std::string(20 + i * 7 % 61, 'a' + i % 26));
  long sum = 0;
  for (int i = 0; i < n; i++) sum += longest(lines, lines[i % 300]);
  printf("%ld %zu\\n", sum, cut(lines[7]).size());
}
"""


@pytest.mark.parametrize(
    ("name", "text", "rule", "new"),
    [
        ("shifted.c", SHIFTED, "length asked for once", "(int)length_1"),
        (
            "looked_at.cpp",
            LOOKED_AT,
            "taken by reference",
            "static long longest(const std::vector<std::string>& lines, const std::string& but)",
        ),
    ],
)
def test_what_the_library_takes_is_gained(
    tmp_path: Path, corr: Corr, name: str, text: str, rule: str, new: str
) -> None:
    """So much that no other work on the machine hides it; what is changed stays as it was asked."""
    (tmp_path / name).write_text(text)
    words = ("--proposer", "rules", "--iterations", "1", "--candidates", "1", "-o", "best")
    done = corr("optimize", name, *words, "--", "-O2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    query = "SELECT rule, outcome FROM iterations WHERE role = 'proposal'"
    assert ask(Lake.open(tmp_path / "data"), query).to_pylist() == [
        {"rule": rule, "outcome": "accepted"}
    ]
    patch = (tmp_path / "best" / "changes.patch").read_text()
    assert new in patch
    assert "cut(const" not in patch, "what is changed has to be a copy"
