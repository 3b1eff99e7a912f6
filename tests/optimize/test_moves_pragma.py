"""Pragma moves: where the lines go, what is refused, and what clang makes of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from collectors.remarks import reader
from corr.optimize import moves
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves.pragma import OPENMP_FLAGS, Pragma
from corr.optimize.moves.source import Source
from corr.optimize.variant import Variant
from corr.program.build import Builder
from corr.program.model import Run, from_files

ROOT = Path(__file__).resolve().parents[2]
INTERCHANGE = "#pragma omp interchange permutation(1,3,2)"


def variant_of(folder: Path, text: str, name: str = "a.c") -> Variant:
    (folder / name).write_bytes(text.encode())
    return Variant(from_files([name], ["-O2"], Run(directory=folder), folder))


def text_after(variant: Variant, *tried: Pragma) -> str:
    for move in tried:
        variant = move.apply(variant)
    (text,) = variant.texts.values()
    return text


def built(variant: Variant, tools: Toolchain, folder: Path) -> Path:
    folder.mkdir()
    builder = Builder(variant.program_in(folder), tools, folder)
    for unit in builder.units:
        builder.compile(unit)
    return builder.link()


def digest(binary: Path) -> str:
    command = [binary, "--size", "40", "--digest"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def gemm(folder: Path) -> Variant:
    for name in ("gemm.c", "corr_harness.h"):
        (folder / name).write_bytes((ROOT / "kernels" / name).read_bytes())
    return Variant(from_files(["gemm.c"], ["-O2"], Run(directory=folder), folder))


#: Gives the product's three loops a perfect nest, at line 21.
SPLIT = Source(
    "gemm.c",
    (
        (
            "            C[i][j] *= beta;\n",
            "            C[i][j] *= beta;\n        }\n    for (int i = 0; i < n; i++)\n"
            "        for (int j = 0; j < n; j++)\n",
        ),
        ("alpha * A[i][k] * B[k][j];\n        }\n", "alpha * A[i][k] * B[k][j];\n"),
    ),
)


def reductions(folder: Path) -> int:
    """How many loops of gemm.c clang could not vectorise for the order of a sum."""
    (record,) = folder.glob("gemm.opt.*")
    rows = [row for batch in reader.read(record, "gemm.c") for row in batch.to_pylist()]
    return sum(r["name"] == "CantReorderFPOps" and r["file"] == "gemm.c" for r in rows)


def test_interchange_compiles_and_computes_the_same(tools: Toolchain, tmp_path: Path) -> None:
    original = gemm(tmp_path)
    before = SPLIT.apply(original)
    move = Pragma("gemm.c", 21, (INTERCHANGE,))
    after = move.apply(before)
    (path,) = after.texts
    lines = after.texts[path].split("\n")
    assert lines[20] == "    #pragma omp interchange permutation(1, 3, 2)"
    assert lines[:20] + lines[21:] == before.texts[path].split("\n")
    assert after.flags == OPENMP_FLAGS
    assert before.flags == () and before.moves == (SPLIT,)
    outputs = {digest(built(v, tools, tmp_path / f"{len(v.moves)}")) for v in (original, after)}
    assert len(outputs) == 1
    assert reductions(tmp_path / "0") and not reductions(tmp_path / "2")
    assert moves.from_record(move.record()).apply(before) == after


def test_record_survives_json(tmp_path: Path) -> None:
    variant = variant_of(tmp_path, "void f(int *a) {\n  for (int i = 0; i < 9; i++) a[i]++;\n}\n")
    after = Pragma("a.c", 2, ("#pragma unroll 4", "#pragma omp reverse")).apply(variant)
    again = Variant(variant.program)
    for record in json.loads(after.record()):
        again = moves.from_record(record).apply(again)
    assert again == after


def test_moves_combine_and_stay_in_their_order(tools: Toolchain, tmp_path: Path) -> None:
    original = gemm(tmp_path)
    before = SPLIT.apply(original)
    hint = Pragma("gemm.c", 23, ("#pragma clang loop unroll_count(4)",)).apply(before)
    changed = Pragma("gemm.c", 21, ("#pragma omp interchange",)).apply(hint)
    # the loop is a line further down now; what is nearer to it is applied first
    both = Pragma("gemm.c", 22, ("#pragma omp tile sizes(8,8)",)).apply(changed)
    (text,) = both.texts.values()
    assert text.split("\n")[20:26] == [
        "    #pragma omp interchange",
        "    #pragma omp tile sizes(8, 8)",
        "    for (int i = 0; i < n; i++)",
        "        for (int j = 0; j < n; j++)",
        "            #pragma clang loop unroll_count(4)",
        "            for (int k = 0; k < n; k++)",
    ]
    assert both.flags == OPENMP_FLAGS
    assert len(both.moves) == 4 and hint.moves == both.moves[:2]
    outputs = {digest(built(v, tools, tmp_path / f"{len(v.moves)}")) for v in (original, both)}
    assert len(outputs) == 1


LOOPS = """void f(int n, int *a) {{
{}
}}
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "  if (n) for (int i = 0; i < n; i++) a[i]++;",
            "  if (n)\n{}  for (int i = 0; i < n; i++) a[i]++;",
        ),
        ("\tfor (int i = 0; i < n; i++) a[i]++;", "{}\tfor (int i = 0; i < n; i++) a[i]++;"),
        (
            "  /* for */ if (n) { for (int i = 0; i < n; i++) { a[i]++; } }",
            "  /* for */ if (n) {\n{}  for (int i = 0; i < n; i++) { a[i]++; } }",
        ),
        ("  do { a[--n]++; } while (n > 0);", "{}  do { a[--n]++; } while (n > 0);"),
        ("  while (n > 0) { a[--n]++; }", "{}  while (n > 0) { a[--n]++; }"),
        (
            '  n = sizeof "for"; while (n > 0) a[--n]++;',
            '  n = sizeof "for";\n{}  while (n > 0) a[--n]++;',
        ),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_directive_gets_a_line_of_its_own(
    code: str, expected: str, end: str, clang: str, tmp_path: Path
) -> None:
    original = LOOPS.format(code).replace("\n", end)
    variant = variant_of(tmp_path, original)
    text = text_after(variant, Pragma("a.c", 2, ("#pragma clang loop unroll_count(2)",)))
    indent = code[: len(code) - len(code.lstrip())]
    line = f"{indent}#pragma clang loop unroll_count(2)\n"
    assert text == LOOPS.format(expected.replace("{}", line)).replace("\n", end)
    (tmp_path / "b.c").write_bytes(text.encode())
    subprocess.run([clang, "-Werror", "-fsyntax-only", "b.c"], cwd=tmp_path, check=True)


def test_openmp_goes_above_hints(clang: str, tmp_path: Path) -> None:
    variant = variant_of(tmp_path, LOOPS.format("  for (int i = 0; i < n; i++) a[i]++;"))
    text = text_after(
        variant,
        Pragma("a.c", 2, ("#pragma unroll(2)", "#pragma omp tile sizes(4)")),
        Pragma("a.c", 4, ("#pragma omp reverse",)),
    )
    assert text.split("\n")[1:5] == [
        "  #pragma omp tile sizes(4)",
        "  #pragma omp reverse",
        "  #pragma unroll(2)",
        "  for (int i = 0; i < n; i++) a[i]++;",
    ]
    (tmp_path / "b.c").write_text(text)
    subprocess.run([clang, *OPENMP_FLAGS, "-fsyntax-only", "b.c"], cwd=tmp_path, check=True)


def test_fuse_takes_the_next_loop_in(clang: str, tmp_path: Path) -> None:
    code = (
        "  for (int i = 0; i < n; i++)\n    if (a[i]) { a[i]++; } else a[i] = 1;\n"
        "  for (int i = 0; i < n; i++) { a[i] *= 2; }\n  a[0] = 1;"
    )
    text = text_after(
        variant_of(tmp_path, LOOPS.format(code)), Pragma("a.c", 2, ("#pragma omp fuse",))
    )
    lines = text.split("\n")
    assert lines[1:3] == ["  #pragma omp fuse", "  {"] and lines[6:8] == ["  }", "  a[0] = 1;"]
    (tmp_path / "b.c").write_text(text)
    subprocess.run([clang, *OPENMP_FLAGS, "-fsyntax-only", "b.c"], cwd=tmp_path, check=True)


@pytest.mark.parametrize(
    ("file", "line", "directives", "message"),
    [
        ("a.c", 2, ("#pragma unroll(2)",), r"a.c:2: no loop starts there, one does at 3"),
        ("a.c", 5, ("#pragma unroll(2)",), r"a.c:5: no loop starts there"),
        ("a.c", 0, ("#pragma unroll(2)",), r"a.c has no line 0, it has 13"),
        ("a.c", 99, ("#pragma unroll(2)",), r"a.c has no line 99"),
        ("a.c", 8, ("#pragma unroll(2)",), r"a.c:8: no loop starts there"),
        ("a.c", 10, ("#pragma unroll(2)",), r"a.c:10: no loop starts there"),
        ("a.c", 6, ("#pragma omp tile sizes(4)",), "OpenMP wants a for loop"),
        ("a.c", 3, (), "without a directive"),
        ("a.c", 3, 7, "without a directive"),
        (
            "a.c",
            3,
            ("#pragma omp parallel for",),
            "not a directive that is taken: '#pragma omp parallel for'",
        ),
        ("a.c", 3, ("#pragma omp tile sizes(f())",), "not a directive that is taken"),
        ("a.c", 3, ("#pragma unroll(2)\n#include <stdio.h>",), "not a directive that is taken"),
        ("a.c", 3, ("#pragma unroll(2) \\",), "not a directive that is taken"),
        ("a.c", 3, ("#include <stdio.h>",), "not a directive that is taken"),
        ("a.c", 3, ("#pragma clang fp reassociate(on)",), "not a directive that is taken"),
        ("a.c", 3, (7,), "not a directive that is taken: '7'"),
        ("a.c", 3, ("#pragma unroll 2", "#pragma unroll(2)"), "is there twice"),
        ("a.c", 3, ("#pragma omp fuse",), "no other for loop follows"),
        ("b.c", 3, ("#pragma unroll(2)",), "there is no file b.c in a"),
        ("notes.txt", 1, ("#pragma unroll(2)",), "notes.txt is not a C or C\\+\\+ file"),
        ("../a.h", 1, ("#pragma unroll(2)",), "lies outside a"),
        ("/usr/include/stdio.h", 1, ("#pragma unroll(2)",), "lies outside a"),
        ("loop.h", 1, ("#pragma unroll(2)",), r"there is no file loop\.h"),
        ("x" * 5000 + ".h", 1, ("#pragma unroll(2)",), "there is no file xxx"),
        ("a\0.c", 1, ("#pragma unroll(2)",), "a file's name is text"),
        (7, 1, ("#pragma unroll(2)",), "a file's name is text"),
        ("link.h", 1, ("#pragma unroll(2)",), "lies outside a"),
    ],
)
def test_refused(
    file: str, line: int, directives: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    text = (
        "void f(int n, int *a) {\n  // for (;;)\n  for (int i = 0; i < n; i++)\n    a[i]++;\n"
        '  char *s = "for (;;) while (1) ";\n  do\n    a[--n] = *s;\n  while (n > 0);\n'
        "#define EACH \\\n  for (;;)\n  EACH {\n  }\n}"
    )
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "notes.txt").write_text("for (;;)\n")
    (tmp_path / "a.h").write_text("for (;;)\n")
    (folder / "link.h").symlink_to("/usr/include/stdio.h")
    (folder / "loop.h").symlink_to("loop.h")
    variant = variant_of(folder, text)
    with pytest.raises(Refused, match=message):
        Pragma(file, line, directives).apply(variant)


def test_dormant_openmp_is_not_woken(tmp_path: Path) -> None:
    code = "#pragma omp parallel for\n  for (int i = 0; i < n; i++) a[i]++;"
    variant = variant_of(tmp_path, LOOPS.format(code))
    with pytest.raises(Refused, match=r"a\.c has OpenMP of its own that is off"):
        Pragma("a.c", 3, ("#pragma omp tile sizes(4)",)).apply(variant)
    assert Pragma("a.c", 3, ("#pragma unroll(2)",)).apply(variant).flags == ()


def test_a_unit_built_from_ir_takes_no_pragma(tmp_path: Path) -> None:
    variant = variant_of(tmp_path, LOOPS.format("  for (int i = 0; i < n; i++) a[i]++;"))
    from_ir = Variant(variant.program, ir={tmp_path / "a.c": "; a module"})
    with pytest.raises(Refused, match=r"a\.c is built from its IR"):
        Pragma("a.c", 2, ("#pragma unroll(2)",)).apply(from_ir)


def test_deeply_nested_statements_are_refused(tmp_path: Path) -> None:
    code = "  for (int i = 0; i < n; i++)\n" + "  if (n)\n" * 5000 + "    a[i]++;\n  for (;;) ;"
    with pytest.raises(Refused, match="no other for loop follows"):
        Pragma("a.c", 2, ("#pragma omp fuse",)).apply(variant_of(tmp_path, LOOPS.format(code)))
