"""The loop forest is what a reader of the source would list, whatever the flags."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from collectors.source_loops import forest, loops

KERNELS = Path(__file__).resolve().parents[2] / "kernels"

SHAPES = r"""
#define TWICE(x) do { for (int q = 0; q < 3; q++) x += q; for (int q = 0; q < 3; q++) x += q; } while (0)
#define NEST(x) for (int q = 0; q < 3; q++) for (int r = 0; r < 3; r++) x += q * r
int shapes(int n, int *a) {
  int s = 0;
  for (int i = 0; i < n; i++) { if (a[i] < 0) continue; if (a[i] > 99) break; s += a[i]; }
  while (n > 0 && s < 100) n--;
  do { s++; } while (s < 10);
  for (;;) { if (s++ > 20) break; }
  for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) s += a[j];
  TWICE(s);
  NEST(s);
  switch (s) { case 1: while (n-- > 0) s++; }
  return s;
}
"""
#: path, line, column of each loop above, as one reads it; macros stand where they are used
EXPECTED = [
    ("1", 6, 3), ("2", 7, 3), ("3", 8, 3), ("4", 9, 3), ("5", 10, 3), ("5.1", 10, 31),
    ("6", 11, 3), ("7", 11, 3), ("8", 12, 3), ("8.1", 12, 3), ("9", 13, 24),
]  # fmt: skip


def frontend(clang: str, source: Path, out: Path, *flags: str) -> Path:
    ir = out / (source.stem + ".ll")
    subprocess.run(
        [clang, *flags, "-g", "-Xclang", "-disable-llvm-passes", "-fno-discard-value-names"]
        + ["-S", "-emit-llvm", str(source), "-o", str(ir)],
        check=True,
    )
    return ir


@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3"])
def test_every_shape_of_loop(clang: str, tmp_path: Path, level: str) -> None:
    source = tmp_path / "shapes.c"
    source.write_text(SHAPES)
    (function,) = forest.read(frontend(clang, source, tmp_path, level), tmp_path)
    found = [(loop.path, loop.line, loop.column) for loop in function.all_loops()]
    assert found == EXPECTED


def listed_by_reading(source: Path) -> list[tuple[int, int]]:
    """Line and nesting of each for/while/do keyword, by indentation: our kernels are formatted."""
    found = []
    open_loops: list[int] = []
    for number, line in enumerate(source.read_text().splitlines(), 1):
        text = re.sub(r"//.*|/\*.*?\*/", "", line)
        if line.lstrip().startswith(("*", "/*")) or not text.strip():
            continue
        indent = len(line) - len(line.lstrip())
        if not line.lstrip().startswith("}"):
            while open_loops and indent <= open_loops[-1]:
                open_loops.pop()
        else:
            while open_loops and indent < open_loops[-1]:
                open_loops.pop()
        if re.match(r"\s*(for|while|do)\b", text) and not re.match(r"\s*while\b.*;\s*$", text):
            open_loops.append(indent)
            found.append((number, len(open_loops)))
    return found


@pytest.mark.parametrize("kernel", sorted(p.name for p in KERNELS.glob("*.c")))
@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3"])
def test_shipped_kernels(clang: str, tmp_path: Path, kernel: str, level: str) -> None:
    source = KERNELS / kernel
    functions = forest.read(frontend(clang, source, tmp_path, level), tmp_path)
    found = sorted(
        (loop.line, loop.depth)
        for function in functions
        for loop in function.all_loops()
        if loop.file == str(source)
    )
    assert found == listed_by_reading(source)


def test_tagging_names_changes_no_code(clang: str, tmp_path: Path) -> None:
    source = tmp_path / "shapes.c"
    source.write_text(SHAPES)
    ir = frontend(clang, source, tmp_path, "-O3")
    tagged = tmp_path / "tagged.ll"
    functions = forest.read(ir, tmp_path)
    forest.tag_blocks(ir, functions, tagged)
    assert "corr1.for.body" in tagged.read_text()
    objects = []
    for number, text in enumerate((ir, tagged)):
        out = tmp_path / f"{number}.o"
        command = [clang, "-O3", "-c", "-x", "ir", str(text), "-o", str(out)]
        subprocess.run(command, check=True, capture_output=True)
        objects.append(out.read_bytes())
    assert objects[0] == objects[1]


def test_computed_goto_keeps_its_labels(clang: str, tmp_path: Path) -> None:
    """A block whose address is taken in a global is named from outside: it is not renamed."""
    source = tmp_path / "goto.c"
    source.write_text(
        "int run(const int *code) {\n"
        "  static void *jump[] = {&&add, &&stop};\n  int s = 0;\n"
        "  for (;;) { goto *jump[*code++];\n    add: s++; continue;\n    stop: return s; }\n}\n"
    )
    ir = frontend(clang, source, tmp_path, "-O2")
    tagged = tmp_path / "tagged.ll"
    forest.tag_blocks(ir, forest.read(ir, tmp_path), tagged)
    command = [clang, "-O2", "-c", "-x", "ir", str(tagged), "-o", str(tmp_path / "t.o")]
    subprocess.run(command, check=True, capture_output=True)


def test_keys_survive_a_comment_line(clang: str, tmp_path: Path) -> None:
    keys = []
    for name, text in (("a.c", SHAPES), ("b.c", "// moved\n\n" + SHAPES)):
        source = tmp_path / name
        source.write_text(text)
        functions = forest.read(frontend(clang, source, tmp_path, "-O2"), tmp_path)
        keys.append(loops.table("x.c", functions, {})["key"].to_pylist())
    assert keys[0] == keys[1] == [f"shapes/{path}" for path, _, _ in EXPECTED]


def test_internal_functions_of_one_name_are_told_apart_by_their_files(
    clang: str, tmp_path: Path
) -> None:
    (tmp_path / "h.h").write_text(
        "static int same(int n) { int s = 1; while (n > s) s += n ^ s; return s; }\n"
    )
    units = {}
    for name in ("a.c", "b.c"):
        source = tmp_path / name
        source.write_text(
            '#include "h.h"\n'
            "static int f(int n) { int s = 0; for (int i = 0; i < n; i++) s += i; return s; }\n"
            f"int use_{name[0]}(int n) {{ return f(n) + same(n); }}\n"
        )
        units[name] = forest.read(frontend(clang, source, tmp_path, "-O2"), tmp_path)
    every = [function for functions in units.values() for function in functions]
    twins = loops.twins(every, lambda file: Path(file).name)
    assert loops.twin_rows(twins).to_pylist() == [
        {"function": "f", "file": file, "name": f"f@{file}"} for file in ("a.c", "b.c")
    ]
    keys = [set(loops.table(n, fs, {}, twins)["key"].to_pylist()) for n, fs in units.items()]
    # what a header defines is one, whoever includes it
    assert keys == [{"f@a.c/1", "same/1"}, {"f@b.c/1", "same/1"}]
