"""`corr diff -p build`: both variants of a project's build, made on the spot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import Corr

PROGRAM = """
static float x[4096], y[4096];
int main(void) {
  for (int r = 0; r < 20000; r++)
    for (int i = 0; i < 4096; i++)
      y[i] += x[i] * r;
  return y[5] != 0;
}
"""


def test_flags_of_both_sides_are_added_to_those_of_the_build(tmp_path: Path, corr: Corr) -> None:
    build = tmp_path / "build"
    target = build / "CMakeFiles" / "app.dir"
    target.mkdir(parents=True)
    (tmp_path / "p.c").write_text(PROGRAM)
    (build / "app").write_text("built by make once")
    (target / "link.txt").write_text("cc -O2 CMakeFiles/app.dir/p.c.o -o app\n")
    output = "CMakeFiles/app.dir/p.c.o"
    command = {
        "directory": str(build),
        "file": str(tmp_path / "p.c"),
        "arguments": ["cc", "-O2", "-DHERE", "-c", "-o", output, str(tmp_path / "p.c")],
    }
    (build / "compile_commands.json").write_text(json.dumps([command]))
    how = ("-p", "build", "--run", "build/app", "--a=-fno-vectorize", "--format", "json")
    done = corr("diff", *how, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["a"]["flags"] == ["-O2", "-DHERE", "-fno-vectorize"]
    assert found["b"]["flags"] == ["-O2", "-DHERE"]
    assert found["total"]["interleaved"]
    (inner,) = [loop for loop in found["loops"] if loop["loop"] == "main/1.1"]
    assert (inner["a"]["vector_width"], inner["b"]["vector_width"]) == (None, 4)


@pytest.mark.parametrize("words", [(), ("p.c", "-p", "build"), ("-p", "build")])
def test_what_is_compared_must_be_said_once(
    tmp_path: Path, corr: Corr, words: tuple[str, ...]
) -> None:
    done = corr("diff", *words, cwd=tmp_path)
    assert done.returncode == 2 and "-p" in done.stderr


def test_the_files_of_one_program(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "kernel.c").write_text(
        "void kernel(float *y, const float *x, int r) {\n"
        "  for (int i = 0; i < 4096; i++)\n    y[i] += x[i] * r;\n}\n"
    )
    (tmp_path / "p.c").write_text(
        "void kernel(float *, const float *, int);\nstatic float x[4096], y[4096];\n"
        "int main(void) { for (int r = 0; r < 20000; r++) kernel(y, x, r); return y[5] != 0; }\n"
    )
    files = ("kernel.c", "p.c")
    done = corr(
        "diff", *files, "--a=-O2 -fno-vectorize", "--b=-O2", "--format", "json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "p.c has the only main()" in done.stderr
    loops = {loop["loop"]: loop for loop in json.loads(done.stdout)["loops"]}
    sides = [loops["kernel/1"][side]["vector_width"] for side in ("a", "b")]
    assert sides == [None, 4]
