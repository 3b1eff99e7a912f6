"""Which text of a source is a function's, so that a move may replace it."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves.source import Source, function_extent
from corr.optimize.variant import Variant
from corr.program.build import Builder
from tests.support.variants import variant_of

pytestmark = pytest.mark.slow

CXX = """#include <vector>
#include "part.hpp"
#define API static inline
/* int one(int a) { } */
API int one(int a) { return a + 1; }
__attribute__((noinline)) static int two(int a);
template <class T>
T three(T a) { return a; }
namespace ns {
struct A {
  int four(int a) { const char *s = "}"; return a + s[0]; }
  int five(int);
};
int A::five(int b) { return two(b); }
}
namespace { int hidden(int a) { return a; } }
int over(int a) { return a; }
int over(double a) { return int(a); }
// é \udcff
static int two(int a) { return three(a) + one(a) + hidden(a); }
int f(int x) { return ns::A().five(x) + over(x) + over(1.0) + part(x); }
int main() { std::vector<int> v(3); return f(v[0]) == 12345; }"""
PART = "inline int part(int a) {\n  return a;\n}\n"


@pytest.mark.parametrize(
    ("function", "start", "end"),
    [
        ("one", "API int one", "a + 1; }"),
        ("two", "static int two(int a) {", "hidden(a); }"),
        ("three", "template <class T>", "T a) { return a; }"),
        ("_Z5threeIiET_S0_", "template <class T>", "T a) { return a; }"),
        ("ns::A::four", "int four", "s[0]; }"),
        ("ns::A::five", "int A::five", "two(b); }"),
        ("five", "int A::five", "two(b); }"),
        ("_ZN2ns1A4fiveEi", "int A::five", "two(b); }"),
        ("_ZN12_GLOBAL__N_16hiddenEi", "int hidden", "return a; }"),
        ("_Z4overd", "int over(double", "int(a); }"),
        ("f", "int f(int x)", "part(x); }"),
        ("main", "int main", "12345; }"),
    ],
)
def test_extent_is_clangs(function: str, start: str, end: str, tmp_path: Path) -> None:
    variant = variant_of(tmp_path, {"a.cpp": CXX, "part.hpp": PART})
    extent = function_extent(variant, tmp_path / "a.cpp", function)
    assert extent.start == CXX.index(start)
    assert extent.end == CXX.index(end, extent.start) + len(end)


def test_overloads_need_a_linkage_name(tmp_path: Path) -> None:
    variant = variant_of(tmp_path, {"a.cpp": CXX, "part.hpp": PART})
    text = "int over(double a) { return int(a) + 1; }"
    with pytest.raises(Refused, match=r"defines over 2 times \(lines 17, 18\): give the linkage"):
        Source("a.cpp", function="over", text=text).apply(variant)
    after = Source("a.cpp", function="_Z4overd", text=text).apply(variant)
    assert after.texts[tmp_path / "a.cpp"] == CXX.replace(
        "int over(double a) { return int(a); }", text
    )


def test_function_in_a_header(tools: Toolchain, tmp_path: Path) -> None:
    variant = variant_of(tmp_path, {"a.cpp": CXX, "part.hpp": PART})
    text = "inline int part(int a) { return 2 * a; }"
    after = Source("part.hpp", function="part", text=text).apply(variant)
    assert after.texts == {tmp_path / "part.hpp": text + "\n"}
    (tmp_path / "out").mkdir()
    builder = Builder(after.program_in(tmp_path / "out"), tools, tmp_path / "out")
    builder.compile(builder.units[0])
    from_ir = Variant(variant.program, ir={tmp_path / "a.cpp": "; a module"})
    with pytest.raises(Refused, match=r"part\.hpp is built from its IR"):
        Source("part.hpp", function="part", text=text).apply(from_ir)
