"""Source moves: edits, whole functions, what is refused, and a diff that patch takes."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize import moves
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves.pragma import OPENMP_FLAGS, Pragma
from corr.optimize.moves.source import LARGEST, Source, diff, function_extent
from corr.optimize.moves.source_text import code_only, unified
from corr.optimize.variant import Variant
from corr.program.build import Builder
from corr.program.model import Run, from_files

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def variant_of(folder: Path, files: dict[str, str], *units: str, flags: str = "-O1") -> Variant:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    return Variant(from_files(units or list(files)[:1], [flags], Run(directory=folder), folder))


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


def test_diff_is_taken_by_patch_and_git(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    lines = [f"int v{i} = {i};\n" for i in range(200)]
    files = {
        "a.c": "".join(lines),
        "dos file.c": "int a;\r\nint b;\r\nint c;",
        "sub/latin.h": "/* \udce9 \x0c */ int d;\nint e;",
        "same.h": "int same;\n",
    }
    variant = variant_of(folder, files, "a.c")
    new = ["".join(lines[:5]), "int five;\n", "".join(lines[6:50] + lines[51:]), "int last;"]
    after = variant.with_text(folder / "a.c", "".join(new))
    after = after.with_text(folder / "dos file.c", "int a;\r\nint b2;\r\n\r\nint b3;\r\nint c;")
    after = after.with_text(folder / "sub/latin.h", files["sub/latin.h"] + "\n")
    after = after.with_text(folder / "same.h", files["same.h"])
    patch = diff(after).encode("utf-8", "surrogateescape")
    assert b"same.h" not in patch and b"@@ -3,7 +3,7 @@" in patch
    (tmp_path / "a.patch").write_bytes(patch)
    expected = {n: t.encode("utf-8", "surrogateescape") for n, t in files.items()} | {
        str(path.relative_to(folder)): text.encode("utf-8", "surrogateescape")
        for path, text in after.texts.items()
    }
    for command in (
        ["git", "apply", "--whitespace=nowarn", "../a.patch"],
        ["patch", "-p1", "--binary", "-s", "-i", "../a.patch"],
    ):
        variant_of(folder, files, "a.c")
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        assert {n: (folder / n).read_bytes() for n in files} == expected


def test_diff_applies_whatever_changed(tmp_path: Path) -> None:
    chance = random.Random(1)
    for _ in range(60):
        before = [chance.choice("abc") for _ in range(chance.randrange(30))]
        after = [chance.choice([line, "x", "y"]) for line in before if chance.random() < 0.9]
        texts = ["\n".join(part) + chance.choice(["\n", ""]) for part in (before, after)]
        if texts[0] == texts[1] or not texts[0].strip() or not texts[1].strip():
            continue
        (tmp_path / "t").write_text(texts[0])
        subprocess.run(
            ["patch", "-p1", "-s"], input=unified(*texts, "t"), text=True, cwd=tmp_path, check=True
        )
        assert (tmp_path / "t").read_text() == texts[1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('a"b//c"d', "a      d"),
        ("a//b\\\nc\nd", "a    \n \nd"),
        ("a/*\n*/b/*", "a  \n  b  "),
        ("'\"'x'\\''", "   x    "),
        ("1'000'000 x", "1'000'000 x"),
        ('R"x(a")b)x"c', "           c"),
        ("#define A \\\n for\nfor", "           \n    \nfor"),
        ('"a\\\r\nb"c', "   \r\n  c"),
    ],
)
def test_code_keeps_its_place(text: str, code: str) -> None:
    assert code_only(text) == code
