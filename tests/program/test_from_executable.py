"""Programs that no generator left a link command for: Make with Bear, launchers before clang."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from corr.program.compile_commands import from_build, read_database
from corr.program.model import Run
from tests.support.command import Corr

pytestmark = pytest.mark.slow

CLANG = shutil.which("clang-22") or "clang"
MAIN = "#include <math.h>\n#include <stdio.h>\ndouble twice(double);\n" + (
    "int main(void) { double t = 0; for (int i = 0; i < 9000000; i++) t += twice(i);\n"
    '  printf("%g %g\\n", t, cos(t)); }\n'
)
TWICE = "double twice(double x) { return x + x; }\n"


def built(folder: Path, *before: str, link: tuple[str, ...] = ("-lm",)) -> Path:
    """A program of two files of three, built as by Make; the database has all of them."""
    (folder / "sub").mkdir()
    sources = {"main.c": MAIN, "sub/twice.c": TWICE, "other.c": "int main(void) { return 3; }\n"}
    entries = []
    for name, text in sources.items():
        (folder / name).write_text(text)
        words = [CLANG, "-O1", "-c", name, "-o", f"{name}.o"]
        subprocess.run(words, cwd=folder, check=True)
        entry = {"directory": str(folder), "file": name, "arguments": [*before, *words]}
        entries.append(entry)
    (folder / "compile_commands.json").write_text(json.dumps(entries))
    objects = ["main.c.o", "sub/twice.c.o"]
    subprocess.run([CLANG, *objects, *link, "-o", "app"], cwd=folder, check=True)
    return folder


def test_units_and_libraries_come_from_the_program(tmp_path: Path) -> None:
    folder = built(tmp_path)
    program = from_build(folder, ["./app", "1"], Run(directory=folder), folder)
    assert [u.source.name for u in program.units] == ["main.c", "twice.c"]
    assert program.link_flags == ("-l:libm.so.6",)
    assert program.run.args == ("1",)
    assert "no link command" in program.notes[0].what


def test_a_stripped_program_is_all_units(tmp_path: Path) -> None:
    folder = built(tmp_path, link=("-lm", "-s"))
    program = from_build(folder, ["./app"], Run(directory=folder), folder)
    assert len(program.units) == 3
    assert "stripped" in program.notes[0].what


def test_a_script_is_no_program(tmp_path: Path) -> None:
    folder = built(tmp_path)
    (folder / "app").write_text("#!/bin/sh\n")
    with pytest.raises(UsageError, match="no ELF file"):
        from_build(folder, ["./app"], Run(directory=folder), folder)


@pytest.mark.parametrize(
    "before", [("ccache",), ("env", "CCACHE_DISABLE=1", "ccache"), ("/opt/bin/distcc",)]
)
def test_launchers_are_no_flags(tmp_path: Path, before: tuple[str, ...]) -> None:
    folder = built(tmp_path, *before)
    assert [e.unit.flags for e in read_database(folder)] == [("-O1",)] * 3


def test_it_is_collected(tmp_path: Path, corr: Corr) -> None:
    folder = built(tmp_path, "ccache")
    done = corr("collect", "-p", folder, "--run", "./app", "--no-cachegrind", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "main.c:4" in done.stdout
