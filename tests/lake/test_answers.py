"""Kept answers are those of the views, and none outlives what it was made of."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from corr.findings.of_run import of_run
from corr.lake import answers, sql
from corr.lake.answers import FOLDER, first_rows
from corr.lake.compact import compact
from corr.lake.sql import view_records
from corr.lake.store import Lake
from tests.support.command import Corr
from tests.support.places import ROOT


@pytest.fixture(scope="module")
def made(corr: Corr, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answers")
    gemm = ROOT / "kernels" / "gemm.c"
    corr("collect", gemm, "--run-args", "--size 200", "--no-cachegrind", cwd=folder)
    return folder


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Lake:
    return Lake.open(shutil.copytree(made / "data", tmp_path / "data"))


def never(*_: object, **__: object) -> list:
    raise AssertionError("the view was asked")


def test_they_are_the_views_and_are_asked_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lake.find("last")
    for view in ("hotspots", "telling_lines"):
        expected = view_records(lake, run, view, 5)
        assert first_rows(lake, run, view, 5) == expected
    monkeypatch.setattr(sql, "view_records", never)
    assert len(first_rows(lake, run, "hotspots", 2)) == 2
    with pytest.raises(AssertionError, match="was asked"):
        first_rows(lake, run, "hotspots", answers.KEPT + 1)


def test_what_changed_is_asked_anew(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lake.find("last")
    first_rows(lake, run, "hotspots", 5)
    kept = run.folder / FOLDER / "hotspots.json"
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"answer": []}))
    assert first_rows(lake, run, "hotspots", 5) == []  # it is believed
    os.utime(run.folder / "trips.parquet")
    assert first_rows(lake, run, "hotspots", 5) != []
    monkeypatch.setattr(answers, "__version__", "another")
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"answer": []}))
    assert first_rows(lake, run, "hotspots", 5) != []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"stamp": 1}'])
def test_what_is_damaged_is_asked_anew(lake: Lake, text: str) -> None:
    run = lake.find("last")
    expected = first_rows(lake, run, "hotspots", 5)
    (run.folder / FOLDER / "hotspots.json").write_text(text)
    assert first_rows(lake, run, "hotspots", 5) == expected


def test_a_compacted_run_keeps_none(lake: Lake) -> None:
    run = lake.find("last")
    expected = first_rows(lake, run, "hotspots", 5)
    compact(lake)
    assert first_rows(lake, run, "hotspots", 5) == expected
    assert answers.stamp(run) is None


def test_any_text_names_an_answer_and_few_are_kept(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = lake.find("last")
    monkeypatch.setattr(answers, "MOST", 3)
    odd = ["why ../../x", "why a/b\0", "why " + "x" * 5000, "why é"]
    for text in odd:
        assert answers.kept(run, text, lambda text=text: {"asked": text}) == {"asked": text}
    assert answers.kept(run, odd[-1], never) == {"asked": odd[-1]}
    assert len(list((run.folder / FOLDER).iterdir())) == 3


def test_a_place_is_asked_once(made: Path, corr: Corr, tmp_path: Path) -> None:
    shutil.copytree(made / "data", tmp_path / "data")
    run = Lake.open(tmp_path / "data").find("last")
    loop = first_rows(Lake.open(tmp_path / "data"), run, "hotspots", 1)[0]["loop"]
    first = corr("why", loop, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    (kept,) = [
        p
        for p in (run.folder / FOLDER).iterdir()
        if f"what all layers say of {loop}" in p.read_text()
    ]
    assert corr("why", loop, cwd=tmp_path).stdout == first.stdout
    answer = json.loads(kept.read_text())
    answer["answer"]["facts"]["callers"] = []
    answer["answer"]["facts"]["asked"] = "it is believed"
    kept.write_text(json.dumps(answer))
    assert corr("why", loop, cwd=tmp_path).stdout.startswith("it is believed")
    os.utime(run.folder / "trips.parquet")
    assert corr("why", loop, cwd=tmp_path).stdout == first.stdout


def test_findings_are_kept_too(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lake.find("last")
    first = of_run(lake, run, 0.0)
    assert first and first[0].evidence
    monkeypatch.setattr(sql, "view_records", never)
    assert of_run(lake, run, 0.0) == first
    with pytest.raises(AssertionError, match="was asked"):
        os.utime(run.folder / "trips.parquet")
        of_run(lake, run)
