"""The view of what paid where, and the command that shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corr.lake.sql import ask
from corr.lake.store import Lake
from tests.support.command import Corr
from tests.support.tried_rows import commit, tried


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two sessions that tried a nest, and one that tried flags and understood nothing."""
    lake = Lake.open(tmp_path / "data", create=True)
    nest: dict[str, Any] = {"kind": "flags+source", "move": "-O3; f.c: split"}
    commit(
        lake,
        "1",
        tried("nest split", "slower", 0.5, **nest),
        tried("nest split", "accepted", 4.0, candidate=2, **nest),
        tried("nest split", "wrong output", candidate=3, **nest),
    )
    commit(lake, "2", tried("nest split", "same", 1.0, program="q", **nest))
    commit(
        lake,
        "3",
        tried("-O2", "accepted", 1.2, evidence=["memory"]),
        tried(None, "did not parse", kind=None, candidate=2),
        tried("source", "unchecked", 3.0, candidate=3),
        tried("-Os", "same", 1.0, role="baseline"),
    )
    return lake


def test_what_paid(lake: Lake) -> None:
    flags, *nest = ask(lake, "FROM what_paid").to_pylist()
    assert (flags["rule"], flags["evidence"], flags["won_on"]) == ("-O2", "memory", ["p"])
    assert [row["evidence"] for row in nest] == ["bound by dependencies", "stride"]
    for row in nest:
        assert (row["rule"], row["kind"]) == ("nest split", "flags+source")
        assert (row["sessions"], row["won"], row["tried"], row["accepted"]) == (2, 1, 4, 1)
        assert (row["refuted"], row["slower"], row["same"]) == (1, 1, 1)
        assert row["factor"] == pytest.approx(2 ** (1 / 3)) and row["gain"] == pytest.approx(4)
        assert row["programs"] == ["p", "q"] and row["won_on"] == ["p"]


def test_what_was_tried_before_evidence_was_noted_is_counted(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "data", create=True)
    commit(lake, "1", tried(None, "accepted", 2.0, evidence=None, kind="pragma"))
    (row,) = ask(lake, "FROM what_paid").to_pylist()
    assert (row["rule"], row["evidence"], row["won"]) == ("pragma", None, 1)


def test_what_was_overtaken(tmp_path: Path) -> None:
    """What was tried on the original after a better one was found is no failure."""
    lake = Lake.open(tmp_path / "data", create=True)
    late = {"from_original": True, "speedup_original": 2.0}
    commit(
        lake,
        "1",
        tried("a", "slower", 0.5, **late),
        tried("b", "slower", 0.5, **(late | {"speedup_original": 0.9})),
        tried("c", "slower", 0.5, **(late | {"from_original": False})),
    )
    found = ask(lake, "SELECT DISTINCT rule, overtaken FROM tried_where").to_pylist()
    assert {row["rule"]: row["overtaken"] for row in found} == {"a": True, "b": False, "c": False}


@pytest.mark.slow
@pytest.mark.usefixtures("lake")
def test_the_command(tmp_path: Path, corr: Corr) -> None:
    done = corr("recipes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    heading, first, *_ = done.stdout.splitlines()
    assert heading.split()[:3] == ["move", "where", "sessions"]
    assert first.split()[:4] == ["-O2", "memory", "1", "1"]
    only = corr("recipes", "--where", "stride", "--format", "json", cwd=tmp_path)
    (row,) = json.loads(only.stdout)
    assert (row["rule"], row["won"], row["won_on"]) == ("nest split", 1, ["p"])
    none = corr("recipes", "--move", "unroll", cwd=tmp_path)
    assert none.returncode == 0 and "is like that" in none.stderr
    Lake.open(tmp_path / "empty", create=True)
    empty = corr("recipes", "--data", "empty", cwd=tmp_path)
    assert empty.returncode == 0 and "holds no optimisation" in empty.stderr
