"""docs/causes.md: `git bisect run` with the gate finds the commit that lost an optimisation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program.test_revision import FAST, MAIN, SLOW, committed, git
from tests.support.places import ROOT

COMMITS = 8
CULPRIT = 5


@pytest.mark.slow
def test_bisecting_by_the_gate(tmp_path: Path) -> None:
    """The page's own commands: eight commits, one of which does not compile, the fifth is at fault."""
    text = (ROOT / "docs" / "causes.md").read_text()
    block = text[text.index("git switch --detach v1.2") :].split("```")[0]
    commands = [line.removeprefix("$ ") for line in block.splitlines() if line.strip()]
    assert len(commands) == 4
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "src").mkdir()
    (tmp_path / ".gitignore").write_text("data/\n.bin/\n")
    commits = []
    for number in range(COMMITS):
        (tmp_path / "src" / "main.c").write_text(MAIN + f"/* {number} */\n")
        kernel = SLOW if number >= CULPRIT else FAST
        (tmp_path / "src" / "kernel.h").write_text("nonsense" if number == 3 else kernel)
        commits.append(committed(tmp_path, f"commit {number}"))
    git(tmp_path, "tag", "v1.2", commits[0])
    bin_folder = tmp_path / ".bin"
    bin_folder.mkdir()
    (bin_folder / "corr").write_text(f'#!/bin/sh\nexec {sys.executable} -m corr "$@"\n')
    (bin_folder / "corr").chmod(0o755)
    paths = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    for command in commands:
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=os.environ | paths, capture_output=True,
            text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    found = re.search(r"(\w{40}) is the first bad commit", done.stdout)
    assert found, done.stdout
    assert found[1] == commits[CULPRIT]
