"""`corr diff --no-run`: builds that nothing here executes, such as those for another machine."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.command import Corr

TEXT = """
static float a[4096], b[4096];
__attribute__((noinline)) void axpy(float *restrict o, const float *restrict i, int n) {
  for (int k = 0; k < n; k++) o[k] += 2 * i[k];
}
int main(void) { axpy(a, b, 4096); return a[3] > 0; }
"""
THERE = "--target=aarch64-linux-gnu"
SIDES = (f"--a={THERE} -O3", f"--b={THERE} -O3 -fno-vectorize")


def test_builds_for_another_machine(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "k.c").write_text(TEXT)
    done = corr("diff", "k.c", "--no-run", *SIDES, "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    (loop,) = (x for x in found["loops"] if x["loop"] == "axpy/1")
    assert found["total"]["verdict"] is None and loop["a"]["vector_width"] == 4
    assert loop["hypotheses"][0]["name"] == "vectorisation_off"


def test_what_has_to_run_is_refused(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "k.c").write_text(TEXT)
    for option in ("--swap", "--confirm", "--remeasure"):
        done = corr("diff", "k.c", "--no-run", option, *SIDES, cwd=tmp_path)
        assert done.returncode == 2 and "--no-run" in done.stderr
