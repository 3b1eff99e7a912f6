"""The tasks that `corr init vscode` adds do what they say, run as VS Code runs them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectors.base import toolchain
from corr.editor.vscode import ALL, DEBUG_BUILD, PATTERN, launches, tasks
from corr.optimize.result_folder import write as write_result
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files
from tests.support.editor_files import resolved

pytestmark = pytest.mark.slow

SOURCE = """\
#include <stdio.h>
static int look(const int *a, int n, int what)
{
    int at = 0;
    for (; at < n; at++)
        if (a[at] == what) break;
    return at;
}
int main(int argc, char **argv)
{
    int a[64];
    for (int i = 0; i < 64; i++) a[i] = i * argc;
    printf("%d\\n", look(a, 64, 7));
    return 0;
}
"""


def run_task(label: str, folder: Path, file: str) -> subprocess.CompletedProcess[str]:
    (task,) = [t for t in tasks("corr") if t["label"] == label]
    task = resolved(task, folder, file)
    command = [task["command"], *task["args"]]
    if command[0] == "corr":
        command[:1] = [sys.executable, "-m", "corr"]
    root = str(Path(__file__).resolve().parents[2])
    return subprocess.run(
        command,
        cwd=task["options"]["cwd"], capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": root} | task["options"].get("env", {}),
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "look.c").write_text(SOURCE)
    return folder


def test_problems_of_the_open_file(project: Path) -> None:
    file = "src/look.c"
    (project / "corr.toml").write_text('flags = ["-O3"]\n')
    assert run_task("corr: collect", project, file).returncode == 0
    done = run_task("corr: remarks of hot loops", project, file)
    assert done.returncode == 0, done.stderr
    # the pattern means the same to JavaScript and Python
    lines = [re.match(PATTERN, line) for line in done.stdout.splitlines()]
    assert all(lines)
    for match in lines:
        assert match and (project / match[1]).is_file()


def test_stepping_the_final_program(project: Path, clang: str) -> None:
    """Built with debug information, and the changed source is the one that gdb shows."""
    source = project / "src" / "look.c"
    program = from_files(["src/look.c"], ["-O1"], Run(), project)
    changed = SOURCE.replace("    int at = 0;\n", "    /* changed */\n    int at = 0;\n")
    variant = Variant(program, ("-O2",), {source: changed})
    session: Any = SimpleNamespace(
        best=variant,
        best_ratio=0.5,
        name="x",
        best_guarantee="tested",
        best_basis="",
        contest=SimpleNamespace(builds=SimpleNamespace(toolchain=toolchain.find())),
        sums={source: hashlib.sha256(SOURCE.encode()).hexdigest()},
    )
    write_result(session, project / "look.optimized", Path(clang))
    done = run_task(DEBUG_BUILD, project, "src/look.c")
    assert done.returncode == 0, done.stderr
    launch = resolved(launches()[0], project, "src/look.c")
    assert Path(launch["program"]).is_file()
    assert shutil.which("gdb"), "apt-get install gdb"
    commands = ["break look", "run", "info source", "list 1,8"]
    words = [word for command in commands for word in ("-ex", command)]
    seen = subprocess.run(
        ["gdb", "-q", "-nx", "-batch", *words, launch["program"]],
        cwd=project, capture_output=True, text=True, timeout=120,
        env=os.environ | {"HOME": str(project), "DEBUGINFOD_URLS": ""},
    )  # fmt: skip
    assert "Breakpoint 1, " in seen.stdout, seen.stdout + seen.stderr
    assert f"Located in {project}/look.optimized/src/look.c" in seen.stdout
    assert "/* changed */" in seen.stdout
    source.write_text(SOURCE + "\n")
    late = run_task(DEBUG_BUILD, project, "src/look.c")
    assert late.returncode == 1 and "a source is gone, or has changed since" in late.stderr


def test_a_task_that_finds_nothing_faster_goes_on(tmp_path: Path) -> None:
    """The default task, with a stand-in for corr that ends as told."""
    (fake := tmp_path / "fake").write_text(
        '#!/bin/sh\necho "$@" >> said\n[ $1 = report ] || exit $CODE\n'
    )
    fake.chmod(0o755)
    (task,) = [t for t in tasks(str(fake)) if t["label"] == ALL]
    (alone,) = [t for t in tasks(str(fake)) if t["label"] == "corr: optimise"]
    for code, ends, lines in (("0", 0, 2), ("4", 0, 2), ("1", 1, 1), ("130", 1, 1)):
        (tmp_path / "said").unlink(missing_ok=True)
        env = os.environ | {"CODE": code}
        for one, said in ((task, lines), (alone, lines + 1)):
            words = resolved([one["command"], *one["args"]], tmp_path, "x.c")
            done = subprocess.run(words, cwd=tmp_path, env=env)
            assert (done.returncode != 0) == (ends != 0)
            assert len((tmp_path / "said").read_text().splitlines()) == said


def test_what_compilers_say_is_understood() -> None:
    error = re.match(PATTERN, "src/a.c:3:14: fatal error: 'x.h' file not found")
    assert error and error.groups() == ("src/a.c", "3", "14", "error", "'x.h' file not found", None)
    warning = re.match(PATTERN, "a.c:1:2: warning: unused variable 'x' [-Wunused-variable]")
    assert warning and warning[5] == "unused variable 'x'" and warning[6] == "-Wunused-variable"


def test_without_a_result_debugging_says_what_to_do(project: Path) -> None:
    done = run_task(DEBUG_BUILD, project, "src/look.c")
    assert done.returncode == 1 and "run the task corr: optimise first" in done.stderr
