"""`corr explain`: the sentences, what carries them, and that every number is SQL's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.summary.summarise import summarise
from tests.support.command import Corr
from tests.support.places import ROOT


def test_terminal_json_and_summary_say_what_sql_says(planted_folder: Path, corr: Corr) -> None:
    lake = Lake.open(planted_folder / "data")
    run = lake.find("branch")
    (row,) = ask(lake, "FROM findings WHERE rank = 1 AND id = 1", runs=[run]).to_pylist()
    said = corr("explain", "branch", cwd=planted_folder).stdout
    assert row["sentence"] in said
    (first, *_) = json.loads(corr("explain", "branch", "--json", cwd=planted_folder).stdout)
    for name in ("share", "seconds", "part", "ceiling", "strength", "sentence", "says", "test"):
        assert first[name] == row[name], name
    assert f"`{row['sentence']}`" in summarise(lake, run).text


def test_all_has_evidence_and_a_test(planted_folder: Path, corr: Corr) -> None:
    said = corr("explain", "float_order", "--all", cwd=planted_folder).stdout
    assert "test: corr diff float_order.c" in said and "-ffast-math" in said
    assert "refuted if" in said and "FROM remarks WHERE name = 'CantReorderFPOps'" in said


def test_a_place_is_named_as_for_why(planted_folder: Path, corr: Corr) -> None:
    for place in ("kernel", "kernel/1", "division.c:7"):
        done = corr("explain", "division", "--place", place, cwd=planted_folder)
        assert "division" in done.stdout, (place, done.stderr)
    wrong = corr("explain", "division", "--place", "kernl", cwd=planted_folder)
    assert wrong.returncode == 2 and "did you mean" in wrong.stderr


def test_a_run_that_was_not_run_has_nothing_to_say(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "f.c").write_text("int f(int n) { int s = 0; while (n--) s ^= n; return s; }\n")
    done = corr("collect", "f.c", "--no-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "nothing to say" in corr("explain", cwd=tmp_path).stdout


@pytest.mark.slow
def test_collect_says_the_answer_before_what_is_missing(tmp_path: Path) -> None:
    """Both streams, as a terminal shows them; a program that ends by _exit has no counts."""
    (tmp_path / "f.c").write_text("#include <unistd.h>\nint main(void) { _exit(0); }\n")
    said = subprocess.run(
        [sys.executable, "-m", "corr", "collect", "f.c"], cwd=tmp_path, check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ).stdout  # fmt: skip
    heading, answer, hint = (said.index(w) for w in ("collected in", "to say", "→ let it end"))
    assert heading < answer < hint
