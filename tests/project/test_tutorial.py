"""docs/tutorial.md is done as it says: each command, in one folder, in its order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.support.command import Corr
from tests.support.places import ROOT

TEXT = (ROOT / "docs" / "tutorial.md").read_text()
OUTER = "    for (int x = 1; x < N - 1; x++)\n        for (int y = 1; y < N - 1; y++)\n"
INNER = "    for (int y = 1; y < N - 1; y++)\n        for (int x = 1; x < N - 1; x++)\n"


def steps() -> list[tuple[list[str], list[str]]]:
    """Each command of the page with the lines that are shown of its answer."""
    found: list[tuple[list[str], list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((shlex.split(line[2:])[1:], []))
            elif line.strip():
                found[-1][1].append(line.strip())
    return found


def beginning(line: str) -> str:
    """A line as far as it is the same on every machine: up to a number that was measured."""
    return spaced(re.split(r"\d+(?:\.\d+)? ?%|×|\d{4}\b|\bshare\b", line)[0])


def spaced(text: str) -> str:
    """With single spaces: how wide a column is depends on the numbers in it."""
    return re.sub(r"[ \t]+", " ", text).strip()


@pytest.mark.slow
def test_the_tutorial_is_done_as_it_says(tmp_path: Path, corr: Corr) -> None:
    (program,) = re.findall(r"```c\n(.*?)```", TEXT, re.DOTALL)
    assert OUTER in program
    (tmp_path / "heat.c").write_text(program)
    (tmp_path / "rows.c").write_text(program.replace(OUTER, INNER))
    listed = steps()
    assert len(listed) >= 8
    for words, shown in listed:
        done = corr(*words, cwd=tmp_path)
        assert done.returncode == 0, (words, done.stderr)
        for line in shown:
            assert beginning(line) in spaced(done.stdout), (words, line, done.stdout)
    assert (tmp_path / "rows.html").exists()
