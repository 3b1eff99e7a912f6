"""A project that is built by another compiler is measured as clang builds it, and that is said."""

from __future__ import annotations

import json
from pathlib import Path

from corr.program.compile_commands import _other_compilers, read_database


def test_other_compilers_are_told(tmp_path: Path) -> None:
    commands = {
        "a.c": "gcc -O2 -c a.c -o a.o",
        "b.cpp": "/usr/bin/x86_64-linux-gnu-g++-12 -O2 -c b.cpp",
        "c.c": "ccache clang-22 -O2 -c c.c",
        "d.c": "cc -c d.c",
        "e.c": "",
    }
    entries = [{"directory": str(tmp_path), "file": f, "command": c} for f, c in commands.items()]
    (tmp_path / "compile_commands.json").write_text(json.dumps(entries))
    told = [problem.where for problem in _other_compilers(read_database(tmp_path))]
    assert told == ["gcc", "x86_64-linux-gnu-g++-12"]


def test_a_relative_folder_is_that_of_the_database(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    entry = {"directory": "s", "file": "gen.c", "command": "clang -O2 -c gen.c -o gen.o"}
    (tmp_path / "compile_commands.json").write_text(json.dumps([entry]))
    (found,) = read_database(tmp_path)
    assert (found.unit.source, found.output) == (tmp_path / "s/gen.c", tmp_path / "s/gen.o")
    assert found.unit.directory == tmp_path / "s"
