"""`corr diff --swap --bisect` and `corr why --ablate` on two builds that differ in one function."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Corr
from tests.support.shared import made_once

MAIN = """
#include <stdio.h>
extern float planted(const float *, int), other(const float *, int);
static float values[4096];
int main(void) {
  float s = 0;
  for (int i = 0; i < 4096; i++) values[i] = i % 7;
  for (int r = 0; r < 9000; r++) { values[r & 4095] += 1; s += planted(values, 4096) + other(values, 1024); }
  printf("%f\\n", s);
  return 0;
}
"""
PLANTED = """
float planted(const float *x, int n) {
  int s = 0;
#ifdef SLOW
#pragma clang loop vectorize(disable)
#endif
  for (int i = 0; i < n; i++)
    s += (int)x[i] ^ i;
  return s;
}
"""
OTHER = """
float other(const float *x, int n) { float s = 0; for (int i = 0; i < n; i++) s += x[i]; return s; }
"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A folder whose lake holds the build with the planted loop scalar (a), and as it is (b)."""

    def fill(folder: Path) -> None:
        for name, text in (("main.c", MAIN), ("planted.c", PLANTED), ("other.c", OTHER)):
            (folder / name).write_text(text)
        for label, flags in (("a", ("-O2", "-DSLOW")), ("b", ("-O2",))):
            how = ("--label", label, "--repeat", "3", "--no-cachegrind", "--", *flags)
            done = corr("collect", "main.c", "planted.c", "other.c", *how, cwd=folder)
            assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "planted-function", fill)


def asked(corr: Corr, lake: Path, *words: str) -> tuple[dict[str, Any], str]:
    done = corr(*words, "--format", "json", cwd=lake)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.mark.timed
def test_the_function_that_differs_gets_the_difference(lake: Path, corr: Corr) -> None:
    """Nothing else is a part of it: the other functions are the same code."""
    found, said = asked(corr, lake, "diff", "a", "b", "--swap", "--bisect", "--budget-time", "40")
    swap = found["swap"]
    assert "1 hybrids" in said
    (part,) = swap["parts"]
    assert (part["kind"], part["file"], part["functions"]) == ("function", "planted.c", ["planted"])
    assert part["effect"]["seconds"] < 0 and swap["whole"]["seconds"] < 0
    low, high = (part["effect"][end] / swap["whole"]["seconds"] for end in ("high", "low"))
    assert low <= 1.2 and high >= 0.8
    bisected = [b for loop in found["loops"] for b in loop["bisected"]]
    assert [(b["side"], b["what"], b["pass_name"]) for b in bisected] == [
        ("b", "vectors", "loop-vectorize")
    ]


@pytest.mark.timed
def test_modules_that_were_not_kept_are_made_again(lake: Path, corr: Corr, tmp_path: Path) -> None:
    """A large build keeps what the front end gave, and nothing that was optimised."""
    folder = tmp_path / "large"
    shutil.copytree(lake, folder)
    kept = list(folder.glob("data/runs/*/artifacts/*.opt.ll*"))
    assert kept
    for path in kept:
        path.unlink()
    found, _ = asked(corr, folder, "diff", "a", "b", "--swap", "--budget-time", "40")
    (part,) = found["swap"]["parts"]
    assert part["functions"] == ["planted"] and part["effect"]["seconds"] < 0


@pytest.mark.timed
def test_a_build_beside_itself_has_no_parts(lake: Path, corr: Corr) -> None:
    found, _ = asked(corr, lake, "diff", "b", "b", "--swap", "--budget-time", "20")
    assert found["swap"]["parts"] == [] and found["swap"]["why"]


@pytest.mark.timed
def test_leaving_out_the_vectoriser_gives_back_what_it_gained(lake: Path, corr: Corr) -> None:
    words = ("why", "planted", "--run", "b", "--ablate", "--budget-time", "30")
    found, said = asked(corr, lake, *words)
    passes = {p["name"]: p for p in found["passes"]}
    vectoriser = passes["loop-vectorize"]
    assert vectoriser["invocations"] == 1 and vectoriser["effect"]["low"] > 0
    assert vectoriser["percent"][0] > 20 and vectoriser["instead"] is None
    idle = passes["slp-vectorizer"]
    assert idle["same_code"] and idle["effect"] == {"seconds": 0.0, "low": 0.0, "high": 0.0}
    assert "passes run on planted" in said


def test_a_place_without_a_loop_has_nothing_to_leave_out(lake: Path, corr: Corr) -> None:
    done = corr("why", "main.c:3", "--run", "b", "--ablate", cwd=lake)
    assert done.returncode == 2 and "Traceback" not in done.stderr
