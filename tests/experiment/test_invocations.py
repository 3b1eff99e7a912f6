"""Single pass invocations are told apart, chosen by what they are, and left out."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from collectors.base.errors import CompileError, CorrError
from collectors.base.toolchain import Toolchain
from corr.experiment.ablation import GROUNDWORK, _is, _optimises
from corr.experiment.bisection import _Halving, calls, spills, vectors
from corr.experiment.invocations import Compilation, Invocation, intervals, names_on, parsed
from corr.experiment.modules import code_of
from corr.experiment.places import Place
from corr.program.model import Run, from_files

PRINTED = """BISECT: running pass (1) annotation2metadata on [module]
BISECT: running pass (2) inline on (work, other)
BISECT: NOT running pass (3) licm on loop %for.body in function work
noise
BISECT: running pass (4) X86 Atom pad short functions on function (main)
BISECT: running pass (5) sroa on _ZN1a1bEv
"""

PROGRAM = """
static int twice(int x) { return 2 * x; }
void work(int n, float *restrict x, const float *y) {
  for (int i = 0; i < n; i++)
    x[i] += y[i] * 3;
}
int other(int n, int *restrict x, const int *y) {
  int s = 0;
  for (int i = 0; i < n; i++)
    s += twice(x[i]) ^ y[i];
  return s;
}
double many(const double *p, int n) {
  double a[24];
  for (int i = 0; i < 24; i++) a[i] = p[i];
  for (int r = 0; r < n; r++)
    for (int i = 0; i < 24; i++) a[i] = a[i] * a[(i + 7) % 24] + r;
  double s = 0;
  for (int i = 0; i < 24; i++) s += a[i];
  return s;
}
int main(void) { return 0; }
"""


def test_what_llvm_prints_is_read() -> None:
    assert parsed(PRINTED) == [
        Invocation(1, "annotation2metadata", ()),
        Invocation(2, "inline", ("work", "other")),
        Invocation(3, "licm", ("work",), False),
        Invocation(4, "X86 Atom pad short functions", ("main",)),
        Invocation(5, "sroa", ("_ZN1a1bEv",)),
    ]
    assert list(names_on(parsed(PRINTED), ("work",))) == ["inline", "licm"]
    assert [n for n in ("lcssa", "licm", "InvalidateAnalysisPass<x>") if _optimises(n)] == ["licm"]
    assert "loop-vectorize" not in GROUNDWORK


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        ([], "1-1000000000"),
        ([1], "2-1000000000"),
        ([3], "1-2,4-1000000000"),
        ([5, 3, 2], "1,4,6-1000000000"),
    ],
)
def test_intervals_are_all_but_what_is_left_out(left_out: list[int], told: str) -> None:
    assert intervals(left_out) == told


def test_what_a_loop_has_is_counted_on_its_lines_and_in_its_functions() -> None:
    module = """define void @f(ptr %0) {
  %1 = fadd <4 x float> %a, %b, !dbg !1
  %2 = fadd <4 x float> %a, %b, !dbg !2
  %3 = fadd float %a, %b, !dbg !1
  call void @g(i32 1), !dbg !1
  call void @llvm.assume(i1 true), !dbg !1
}
define void @h() {
  call void @g(i32 1), !dbg !1
}
!1 = !DILocation(line: 7, column: 3, scope: !9)
!2 = !DILocation(line: 9, column: 3, scope: !9)
"""
    place = Place("f.c", ("f",), (6, 8))
    assert (vectors(module, place), calls(module, place)) == (1, 1)
    assembly = "f:\n\tmovq\t%rax, 8(%rsp)   # 8-byte Spill\n.LBB0_1:\n\tmovq 8(%rsp), %rax # 8-byte Reload\n"
    assert spills(assembly + "h:\n\tmovq %rax, (%rsp) # 8-byte Spill\n", place) == 2


@pytest.fixture
def compilation(tmp_path: Path, tools: Toolchain) -> Compilation:
    (tmp_path / "p.c").write_text(PROGRAM)
    program = from_files(["p.c"], ["-O2"], Run(directory=tmp_path), tmp_path)
    return Compilation(program, tools, tmp_path, program.units[0])


def test_a_pass_is_left_out_on_one_function_only(compilation: Compilation, tmp_path: Path) -> None:
    """Nothing else changes, and what is left is what clang makes of the function without it."""
    listed = compilation.whole(tmp_path / "whole.o")
    out = tmp_path / "without.o"
    count = compilation.without(partial(_is, "loop-vectorize", ("work",)), listed, out)
    whole, without = code_of(tmp_path / "whole.o"), code_of(out)
    assert count == 1
    assert {n for n in whole if whole[n] != without[n]} == {"work"}
    source = PROGRAM.replace(
        "  for (int i = 0; i < n; i++)\n    x[i]",
        "#pragma clang loop vectorize(disable)\n  for (int i = 0; i < n; i++)\n    x[i]",
    )
    (tmp_path / "p.c").write_text(source)
    compilation.whole(tmp_path / "directed.o")
    assert code_of(tmp_path / "directed.o")["work"] == without["work"]


def test_several_invocations_are_left_out_though_that_shifts_their_numbers(
    compilation: Compilation, tmp_path: Path
) -> None:
    """Without rotation other passes are run, and the numbers behind it mean others."""
    listed = compilation.whole(tmp_path / "whole.o")
    for name in ("loop-rotate", "instcombine", "simplifycfg"):
        unwanted = partial(_is, name, ("work",))
        assert compilation.without(unwanted, listed, tmp_path / "without.o") >= 1
        assert unwanted(next(one for one in listed if one.name == name and one.on(("work",))))
    nothing = compilation.without(partial(_is, "no-such-pass", ("work",)), listed, tmp_path / "n.o")
    assert nothing == 0 and code_of(tmp_path / "n.o") == code_of(tmp_path / "whole.o")


@pytest.mark.parametrize(
    ("wanted", "function", "lines", "by"),
    [
        ("vectors", "work", (4, 5), "loop-vectorize"),
        ("calls", "other", (9, 10), "inline"),
    ],
)
def test_the_pass_that_decides_is_found(
    compilation: Compilation,
    tmp_path: Path,
    wanted: str,
    function: str,
    lines: tuple[int, int],
    by: str,
) -> None:
    listed = compilation.whole(tmp_path / "whole.o")
    halving = _Halving(compilation, Place("p.c", (function,), lines), wanted)  # type: ignore[arg-type]
    found = halving.find(len(listed))
    assert found is not None
    number, before, after, builds = found
    assert (listed[number - 1].name, listed[number - 1].functions) == (by, (function,))
    assert (before == 0 and after > 0) if wanted == "vectors" else (before > 0 and after == 0)
    assert builds <= 14


def test_what_no_pass_decides_is_found_by_none(compilation: Compilation, tmp_path: Path) -> None:
    listed = compilation.whole(tmp_path / "whole.o")
    place = Place("p.c", ("work",), (4, 5))
    assert _Halving(compilation, place, "calls").find(len(listed)) is None


def test_a_choice_that_never_settles_is_an_error(compilation: Compilation, tmp_path: Path) -> None:
    seen = [0]

    def fickle(_: Invocation) -> bool:
        seen[0] += 1
        return seen[0] % 3 == 0

    with pytest.raises(CorrError, match="again and again"):
        compilation.without(fickle, compilation.whole(tmp_path / "w.o"), tmp_path / "x.o")
    (tmp_path / "p.c").write_text("nonsense")
    with pytest.raises(CompileError, match=r"p\.c"):
        compilation.whole(tmp_path / "w.o")
