"""Sessions on a program whose only result is a file: judged by it, and again when it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.lake.sql import ask
from corr.lake.store import Lake
from tests.support.command import Corr
from tests.support.model_server import ModelServer, proposals, source

pytestmark = pytest.mark.timed

PRODUCT = """#include <stdio.h>
#define N 400
static double A[N][N], B[N][N], C[N][N];
int main(int argc, char **argv) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) { A[i][j] = (i * j) % 7 * 0.3; B[i][j] = (i + j) % 5 * 0.7; }
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      for (int k = 0; k < N; k++)
        C[i][j] += A[i][k] * B[k][j];
  FILE *f = fopen(argc > 1 ? argv[1] : "result.bin", "wb");
  if (f) { fwrite(C, sizeof C, 1, f); fclose(f); }
  return 0;
}
"""
ORDER = "    for (int j = 0; j < N; j++)\n      for (int k = 0; k < N; k++)\n"
SWAPPED = "    for (int k = 0; k < N; k++)\n      for (int j = 0; j < N; j++)\n"
LESS = ORDER.replace("k < N", "k < N / 4")


@pytest.mark.parametrize("argument", [None, pytest.param("{}/out.bin", marks=pytest.mark.long)])
def test_a_file_decides_also_in_a_second_session(
    tmp_path: Path, corr: Corr, argument: str | None
) -> None:
    (tmp_path / "product.c").write_text(PRODUCT)
    edits = [source("product.c", (ORDER, text)) for text in (LESS, SWAPPED)]
    given = ("--run-args", argument.format(tmp_path)) if argument else ()
    for _ in range(2):
        with ModelServer([proposals(*edits), "No more."]) as server:
            done = corr(
                *("optimize", "product.c", "--proposer", "llm", "--iterations", "1"),
                *("--candidates", "2", *given),
                cwd=tmp_path,
                **server.environment,
            )
        assert done.returncode == 0, done.stderr
        name = "out.bin" if argument else "result.bin"
        assert f"what is compared: exit status, {name}" in done.stderr
        assert (tmp_path / name).stat().st_size == 8 * 400 * 400
    rows = ask(
        Lake.open(tmp_path / "data"),
        "SELECT outcome, detail FROM iterations WHERE role = 'proposal' ORDER BY run_id, candidate",
    ).to_pylist()
    assert [row["outcome"] for row in rows] == ["wrong output", "accepted"] * 2
    assert f"{name} differs from byte" in rows[0]["detail"]


def test_nothing_to_compare_is_no_session(tmp_path: Path, corr: Corr) -> None:
    text = PRODUCT.replace("if (f)", "if (argc > 9)").replace("fopen(", "(FILE *)(size_t)(")
    text = text.replace('(argc > 1 ? argv[1] : "result.bin", "wb")', "(argc > 9)")
    (tmp_path / "product.c").write_text(text)
    done = corr("optimize", "product.c", "--proposer", "rules", cwd=tmp_path)
    assert done.returncode == 1 and "nothing that it puts out can be compared" in done.stderr
    assert "--result FILE" in done.stderr and "--check CMD" in done.stderr
    assert "Traceback" not in done.stderr and not list(tmp_path.glob("data/runs/*"))
    help_ = corr("optimize", "--help", cwd=tmp_path).stdout
    assert "--result" in help_ and "--stderr" in help_


def test_a_file_that_is_called_by_the_time(tmp_path: Path, corr: Corr) -> None:
    called = '"log_%d.out", tick()'
    text = PRODUCT.replace(
        'fopen(argc > 1 ? argv[1] : "result.bin", "wb")', 'fopen(name, "wb")'
    ).replace("  FILE *f", f"  char name[80]; sprintf(name, {called});\n  FILE *f")
    clock = "static int tick(void) { struct timespec t; clock_gettime(0, &t); return t.tv_nsec; }\n"
    head = "#include <time.h>\n#include <unistd.h>\n"
    (tmp_path / "product.c").write_text(head + text.replace("int main", clock + "int main", 1))
    edits = [source("product.c", (ORDER, other)) for other in (LESS, SWAPPED)]
    with ModelServer([proposals(*edits), "No more."]) as server:
        done = corr(
            *("optimize", "product.c", "--proposer", "llm", "--iterations", "1"),
            *("--candidates", "2"),
            cwd=tmp_path,
            **server.environment,
        )
    assert done.returncode == 0, done.stderr
    assert "what is compared: exit status, log_#.out" in done.stderr
    assert "digits in the name of log_#.out" in done.stderr
    rows = ask(
        Lake.open(tmp_path / "data"),
        "SELECT outcome, detail FROM iterations WHERE role = 'proposal' ORDER BY run_id, candidate",
    ).to_pylist()
    assert [row["outcome"] for row in rows] == ["wrong output", "accepted"]
