"""A program at an earlier commit: what git has in place of what changed, and nothing checked out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from corr.program.model import Program, Run, from_files
from corr.program.revision import at_revision
from tests.support.command import Corr

pytestmark = pytest.mark.slow

MAIN = """#include <stdio.h>
#include "kernel.h"
static float data[20000];
int main(void) {
    for (int i = 0; i < 20000; i++)
        data[i] = i % 17;
    float sum = 0;
    for (int r = 0; r < 2000; r++)
        sum += kernel(data, 20000, r);
    printf("%.0f\\n", sum);
}
"""
SLOW = """static float kernel(float *a, int n, int r) {
    float sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] > r % 16;
    return sum;
}
"""
FAST = SLOW.replace("float sum", "int sum")


def git(folder: Path, *words: str) -> str:
    me = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *me, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def committed(folder: Path, message: str) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three commits: a slow header, a fast one, and one that moves the header's text elsewhere."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.c").write_text(MAIN)
    (tmp_path / "src" / "kernel.h").write_text(SLOW)
    (tmp_path / ".gitignore").write_text("data/\nbuild/\n")
    committed(tmp_path, "slow")
    git(tmp_path, "tag", "v1")
    (tmp_path / "src" / "kernel.h").write_text(FAST)
    committed(tmp_path, "fast")
    (tmp_path / "src" / "kernel.h").unlink()
    (tmp_path / "src" / "kernel2.h").write_text(FAST)
    text = MAIN.replace("kernel.h", "kernel2.h")
    (tmp_path / "src" / "main.c").write_text(text)
    committed(tmp_path, "moved")
    return tmp_path


def program(folder: Path, name: str = "src/main.c") -> Program:
    return from_files([name], (), Run(directory=folder), folder)


def test_what_changed_since_is_as_the_commit_has_it(project: Path) -> None:
    then = at_revision(program(project), "v1")
    header, source = project / "src" / "kernel.h", project / "src" / "main.c"
    assert then.content(source).read_text() == MAIN and then.content(header).read_text() == SLOW
    assert then.revision == git(project, "rev-parse", "v1")
    assert then.units == program(project).units
    assert git(project, "status", "--porcelain") == ""


def test_what_is_not_committed_is_not_in_a_revision(project: Path) -> None:
    (project / "src" / "main.c").write_text("int main(void) { return 1; }\n")
    now = at_revision(program(project), "HEAD")
    assert set(now.overlay) == {project / "src" / "main.c"}
    assert "kernel2.h" in now.content(project / "src" / "main.c").read_text()


@pytest.mark.parametrize("name", ["nothing", "--help", "v1:src/main.c", ""])
def test_no_such_revision(project: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no revision that git knows"):
        at_revision(program(project), name)


def test_a_source_that_was_not_there_yet(project: Path) -> None:
    (project / "src" / "other.c").write_text("int main(void) { return 0; }\n")
    committed(project, "another program")
    with pytest.raises(UsageError, match=r"src/other\.c: not in v1"):
        at_revision(program(project, "src/other.c"), "v1")


def test_no_repository(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    with pytest.raises(UsageError, match="not a git repository"):
        at_revision(program(tmp_path, "a.c"), "HEAD")


VECTORISED = (
    "SELECT run_id, loop FROM remarks WHERE pass = 'loop-vectorize' AND tag = 'Passed'"
    " AND loop = 'kernel/1'"
)


def asked(corr: Corr, folder: Path, statement: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(
        corr("sql", statement, "--format", "json", cwd=folder).stdout
    )
    return rows


def test_two_revisions_compared(project: Path, corr: Corr) -> None:
    """The commit that lost the vectors: its old text is built, shown, and can be built again."""
    done = corr(
        "diff", "src/main.c", "--rev-a", "v1", "--rev-b", "HEAD", "--format", "json", cwd=project
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [found[side]["revision"] for side in ("a", "b")] == [
        git(project, "rev-parse", name) for name in ("v1", "HEAD")
    ]
    runs = json.loads(corr("runs", "--format", "json", cwd=project).stdout)
    assert len(runs) == 2
    slow, fast = (found[side]["run_id"] for side in ("a", "b"))
    slow_text = (
        f"SELECT count(*) AS n FROM source WHERE text LIKE '%float sum%' AND run_id = '{slow}'"
    )
    assert asked(corr, project, slow_text + " AND file = 'src/kernel.h'") == [{"n": 1}]
    assert asked(corr, project, VECTORISED) == [{"run_id": fast, "loop": "kernel/1"}]
    more = corr("collect", "--more", "passes", slow, cwd=project)
    assert more.returncode == 0, more.stderr
