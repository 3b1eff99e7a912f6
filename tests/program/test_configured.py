"""A revision of other sources than today's: configured as it was, named as the folder is now."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from corr.program.compile_commands import from_build
from corr.program.configured import Build, executable_in
from corr.program.model import Program, Run
from corr.program.revision import at_revision
from tests.program.test_revision import FAST, MAIN, SLOW, committed, git
from tests.support.command import Corr

LISTS = """cmake_minimum_required(VERSION 3.10)
project(sums C)
option(EXTRA "an answer of the user's" OFF)
configure_file(limit.h.in limit.h)
add_library(part STATIC src/{part}.c)
target_include_directories(part PRIVATE ${{CMAKE_BINARY_DIR}})
if(EXTRA)
  target_compile_definitions(part PRIVATE EXTRA_{part})
endif()
add_executable(app src/main.c)
target_link_libraries(app part)
"""
PART = '#include "limit.h"\n' + SLOW.replace("static ", "").replace("2000", "LIMIT")
NOW = '#include "limit.h"\n' + FAST.replace("static ", "").replace("r % 16", "r % LIMIT")


def write(folder: Path, part: str, text: str, limit: int) -> None:
    (folder / "CMakeLists.txt").write_text(LISTS.format(part=part))
    (folder / "src" / f"{part}.c").write_text(text)
    (folder / "limit.h.in").write_text(f"#define LIMIT {limit}\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two commits, the second with its kernel in another file; a build folder of the second."""
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / ".gitignore").write_text("/data/\n/build/\n")
    main = MAIN.replace('#include "kernel.h"', "float kernel(float *, int, int);")
    (folder / "src" / "main.c").write_text(main)
    write(folder, "before", PART, 15)
    committed(folder, "one file")
    git(folder, "tag", "v1")
    (folder / "src" / "before.c").unlink()
    write(folder, "after", NOW, 16)
    committed(folder, "another")
    words = ("-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", "-DEXTRA=ON")
    subprocess.run(
        ["cmake", "-S", folder, "-B", folder / "build", *words], check=True, capture_output=True
    )
    return folder


def build_of(folder: Path) -> Build:
    def read(there: Path) -> Program:
        command = executable_in(there, folder / "build", "build/app 3", folder)
        return from_build(there, command.split(), Run(directory=folder), folder)

    return Build(folder / "build", read)


@pytest.mark.slow
def test_its_own_sources_flags_and_headers(project: Path) -> None:
    build = build_of(project)
    then = at_revision(build.read(build.folder), "v1", build)
    assert [then.label(u) for u in then.units] == ["src/main.c", "src/before.c"]
    part = then.units[1]
    assert "-DEXTRA_before" in part.flags and f"-I{project / 'build'}" in part.flags
    assert then.content(part.source).read_text() == PART
    header = then.content(project / "build" / "limit.h")
    assert header.read_text() == "#define LIMIT 15\n"
    assert (project / "build" / "limit.h").read_text() == "#define LIMIT 16\n"
    assert then.run.args == ("3",) and then.name == "app"
    assert git(project, "status", "--porcelain") == ""
    assert any("configured as" in note.what for note in then.notes)


@pytest.mark.slow
def test_what_cmake_says_is_told(project: Path) -> None:
    build = build_of(project)
    (project / "CMakeLists.txt").write_text("message(FATAL_ERROR too old)\n")
    committed(project, "broken")
    git(project, "tag", "broken")
    write(project, "after", NOW, 16)
    committed(project, "mended")
    with pytest.raises(UsageError, match="cmake of that revision: "):
        at_revision(build.read(build.folder), "broken", build)


def test_compared_with_a_revision_of_other_sources(project: Path, corr: Corr) -> None:
    words = ("-p", "build", "--run", "build/app", "--rev-a", "v1", "--format", "json")
    done = corr("diff", *words, cwd=project)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["a"]["revision"] == git(project, "rev-parse", "v1")
    names = json.loads(
        corr(
            *("sql", "SELECT DISTINCT run_id, file FROM loops WHERE file <> 'src/main.c'"),
            *("--format", "json"),
            cwd=project,
        ).stdout
    )
    assert {row["file"]: row["run_id"] for row in names} == {
        "src/before.c": found["a"]["run_id"],
        "src/after.c": found["b"]["run_id"],
    }
    # and once more, from what the run itself tells
    more = corr("collect", "--more", "passes", found["a"]["run_id"], cwd=project)
    assert more.returncode == 0, more.stderr


def test_an_executable_of_the_build_or_of_elsewhere(tmp_path: Path) -> None:
    here, there = tmp_path / "build", tmp_path / "scratch"
    assert executable_in(there, here, "build/app -n 'a b'", tmp_path) == f"{there}/app -n 'a b'"
    assert executable_in(there, here, "./app", here) == f"{there}/app"
    assert executable_in(there, here, "/bin/true", tmp_path) == "/bin/true"
