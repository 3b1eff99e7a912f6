"""Source moves: edits, whole functions, and what is refused."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize import moves
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves.pragma import OPENMP_FLAGS, Pragma
from corr.optimize.moves.source import LARGEST, Source, diff
from corr.optimize.variant import Variant
from corr.program.build import Builder
from tests.support.variants import variant_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def gemm(folder: Path) -> Variant:
    names = ("gemm.c", "corr_harness.h")
    return variant_of(folder, {n: (ROOT / "kernels" / n).read_text() for n in names})


def digest(variant: Variant, tools: Toolchain, folder: Path) -> str:
    folder.mkdir()
    builder = Builder(variant.program_in(folder), tools, folder)
    for unit in builder.units:
        builder.compile(unit)
    command = [builder.link(), "--size", "40", "--digest"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


REWRITTEN = """
/* the same sums in the same order, row by row */
static void kernel_gemm(int n, double alpha, double beta, double A[n][n], double B[n][n],
                        double C[n][n])
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            C[i][j] *= beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                C[i][j] += alpha * A[i][k] * B[k][j];
    }
}

"""


def test_function_is_replaced_and_the_rest_stays(tools: Toolchain, tmp_path: Path) -> None:
    before = gemm(tmp_path)
    move = Source("gemm.c", function="kernel_gemm", text=REWRITTEN)
    after = move.apply(before)
    (path,) = after.texts
    original = path.read_text()
    start = original.index("static void kernel_gemm")
    end = original.index("}\n\nstatic void setup") + 1
    assert after.texts[path] == original[:start] + REWRITTEN.strip() + original[end:]
    assert digest(before, tools, tmp_path / "0") == digest(after, tools, tmp_path / "1")
    assert moves.from_record(json.loads(after.record())[0]).apply(before) == after
    # a second move finds the function where it is now, behind the comment that came with it
    again = Source("gemm.c", function="kernel_gemm", text=original[start:end]).apply(after)
    comment = REWRITTEN.strip().split("\n")[0] + "\n"
    assert again.texts[path] == original[:start] + comment + original[start:]
    assert diff(again.with_text(path, original)) == ""


EDITS = (
    ("        for (int j = 0; j < n; j++) {\n", "        for (int j = n - 1; j >= 0; j--) {\n"),
)


def test_edit_undo_and_combination(tools: Toolchain, tmp_path: Path) -> None:
    before = gemm(tmp_path)
    edited = Source("gemm.c", EDITS).apply(before)
    hinted = Pragma("gemm.c", 20, ("#pragma unroll(3)",)).apply(edited)
    assert digest(before, tools, tmp_path / "0") == digest(hinted, tools, tmp_path / "2")
    assert hinted.describe() == "gemm.c: 1 edit; gemm.c:20: unroll(3)"
    records = json.loads(hinted.record())
    again = Variant(before.program)
    for record in records:
        again = moves.from_record(record).apply(again)
    assert again == hinted and again.moves == (Source("gemm.c", EDITS), hinted.moves[1])
    assert before.texts == {} and len(edited.moves) == 1


@pytest.mark.parametrize(
    ("search", "replacement", "expected"),
    [
        ("a = 1;", "a = 9;", "int f(void) {\n  int a = 9;\n  int b =  2;\n\n  return a + b;\n}\n"),
        ("int a=1;", "int a = 9;", None),
        (
            "int b = 2;\n\nreturn  a + b;\n",
            "int b = 3;\nif (b)\n  return a + b;\nreturn 0;\n",
            "int f(void) {\n  int a = 1;\n  int b = 3;\n  if (b)\n    return a + b;\n  return 0;\n}\n",
        ),
        (
            "    int b = 2;\n",
            "    int b = 3;\n",
            "int f(void) {\n  int a = 1;\n  int b = 3;\n\n  return a + b;\n}\n",
        ),
        ("\tint b = 2;", "", "int f(void) {\n  int a = 1;\n\n  return a + b;\n}\n"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_found_by_their_words(
    search: str, replacement: str, expected: str | None, end: str, tmp_path: Path
) -> None:
    text = "int f(void) {\n  int a = 1;\n  int b =  2;\n\n  return a + b;\n}\n"
    variant = variant_of(tmp_path, {"a.c": text.replace("\n", end)})
    move = Source("a.c", ((search, replacement),))
    if expected is None:
        with pytest.raises(Refused, match="its search text is not there"):
            move.apply(variant)
    else:
        assert list(move.apply(variant).texts.values()) == [expected.replace("\n", end)]


A_FUNCTION = "int f(int x) {\n  int a = 1;\n  x++;\n  int b = 2;\n  x++;\n  return a + b + x;\n}\n"


@pytest.mark.parametrize(
    ("move", "message"),
    [
        (
            Source("a.c", (("x++;", "x--;"),)),
            r"the edit of a\.c: .* at lines 3, 5; give more lines",
        ),
        (
            Source("a.c", (("  x ++;", "x--;"),)),
            r"is not there; most like `x \+\+;` is line 3, `x\+\+;`",
        ),
        (Source("a.c", (("   x++;", "x--;"),)), "at lines 3, 5; give more"),
        (
            Source(
                "a.c",
                (("a = 1", "a = 2"), ("  int b = 2;\n  x--;\n  return", "")),
            ),
            r"edit 2 of a\.c: its search text is not there; it comes closest at line 5, which is"
            r" `x\+\+;` where the search has `x--;`",
        ),
        (Source("a.c", (("zebra", "x"),)), "nor anything like `zebra`"),
        (Source("a.c", (("x++;\n  int", "x++;\n  int"),)), "changes nothing"),
        (
            Source("a.c", (("int a", "int A"), ("int A", "int a"))),
            r"the move changes nothing in a\.c",
        ),
        (Source("a.c", ((" \n", "x"),)), "nothing to search for"),
        (Source("a.c", (("a",),)), "an edit is a pair"),  # type: ignore[arg-type]
        (Source("a.c", (("a", 7),)), "an edit is a pair"),  # type: ignore[arg-type]
        (Source("a.c"), "either edits, or a function and its text"),
        (Source("a.c", (("a", "b"),), function="f", text="x"), "either edits, or"),
        (Source("a.c", function="f"), "a function its text"),
        (Source("a.c", text="x"), "needs the function's name"),
        (Source("a.c", (("int a", "x" * LARGEST),)), "more than 1 MB"),
        (Source("/etc/passwd", (("root", "x"),)), "/etc/passwd is not a C or C"),
        (Source("other.h", (("a", "b"),)), r"there is no file other\.h"),
        (Source("a.c", function="f", text=A_FUNCTION.strip()), "changes nothing"),
        (
            Source("a.c", function="g", text="int g(void) { return 1; }"),
            r"a\.c holds no definition of g",
        ),
        (Source("a.c", function="f", text="int g(void) { return 1; }"), "does not define f"),
        (
            Source("a.c", function="f", text="int g(int (*h)(int f(int))) { return 1; }"),
            "does not define f",
        ),
        (Source("a.c", function="f", text="int f(int x);"), "does not define f"),
        (
            Source("a.c", function="f", text="Here is the function you wanted."),
            "defines no function",
        ),
        (Source("a.c", function="f", text=""), "defines no function"),
        (Source("a.c", function="f", text="int f(int x) { return x;"), "breaks off"),
        (Source("a.c", function="f", text="int f(int x) { return x; ) }"), "breaks off"),
        (
            Source("a.c", function="f", text="int f(int x) { return x; }\nint z;"),
            r"holds more than f: `int z;` comes behind it",
        ),
        (
            Source("a.c", function="f", text="int z;\nint f(int x) { return x; }"),
            "a.c:.*'int z' is added: it keeps its value between calls",
        ),
        (
            Source("a.c", function="f", text="int f(int x) {\n#define G }\n  return x; G }"),
            "has #define G }: only code is taken",
        ),
        (
            Source("a.c", function="f", text='#include "secret.h"\nint f(int x) { return x; }'),
            "has #include *: only code is taken",
        ),
        (
            Source("a.c", function="made", text="int made(void) { return 1; }"),
            "holds no definition of made",
        ),
        (
            Source("a.c", function="declared", text="int declared(void) { return 1; }"),
            "no definition of declared",
        ),
        (Source("a.c", function="a b", text="int b(void) { return 1; }"), "no definition of a b"),
        (
            Source("a.c", function="", text="int b(void) { return 1; }"),
            "is not the name of a function",
        ),
        (Source("a.c", function="-o", text="int o(void) { return 1; }"), "no definition of -o"),
    ],
)
def test_refused(move: Source, message: str, tmp_path: Path) -> None:
    rest = "#define MAKE(n) int n(void) { return 0; }\nMAKE(made)\nint declared(void);\n"
    variant = variant_of(tmp_path, {"a.c": A_FUNCTION + rest})
    with pytest.raises(Refused, match=message):
        move.apply(variant)


HELPERS = """\
struct pair { int low, high; };
enum { TWO = 2 };
static const int table[2] = {1, 2};
static int half(int x);
static int half(int x) { return x / TWO; }
/* int f(int x) { is no definition } */
static inline int both(struct pair p)
{
    return half(p.low) + table[p.high & 1];
}
"""


def test_helpers_may_stand_before_a_rewritten_function(tmp_path: Path) -> None:
    variant = variant_of(tmp_path, {"a.c": A_FUNCTION})
    text = HELPERS + "int f(int x) { struct pair p = {x, 1}; return both(p); }"
    after = Source("a.c", function="f", text=text).apply(variant)
    assert text in next(iter(after.texts.values()))
    with pytest.raises(Refused, match="the new function half must be static"):
        Source("a.c", function="f", text=text.replace("static int half", "int half")).apply(variant)


def test_openmp_in_a_text_brings_its_flags(tmp_path: Path) -> None:
    text = "int f(int x) {\n#pragma omp unroll partial(2)\n  for (int i = 0; i < 9; i++) x++;\n  return x;\n}"
    variant = variant_of(tmp_path, {"a.c": A_FUNCTION})
    after = Source("a.c", function="f", text=text).apply(variant)
    assert after.flags == OPENMP_FLAGS
    assert Source("a.c", (("partial(2)", "partial(4)"),)).apply(after).flags == OPENMP_FLAGS


def test_a_source_that_clang_cannot_parse(tmp_path: Path) -> None:
    variant = variant_of(tmp_path, {"a.c": "int f(void) { return 1 }\n"})
    with pytest.raises(Refused, match=r"a\.c cannot be parsed"):
        Source("a.c", function="f", text="int f(void) { return 2; }").apply(variant)
