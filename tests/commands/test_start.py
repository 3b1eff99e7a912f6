"""`corr` alone says what to do next; a shell completes runs and places."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from corr.commands import completion
from corr.console.output import emit_records
from tests.support.command import Corr


def test_corr_alone_says_what_is_here_and_what_to_do(
    gemm_lake: Path, tmp_path: Path, corr: Corr
) -> None:
    empty = corr(cwd=tmp_path)
    assert empty.returncode == 0 and "corr collect FILE.c" in empty.stdout
    full = corr(cwd=gemm_lake)
    assert "2 runs here; last: gemm" in full.stdout and "corr explain" in full.stdout
    assert "gemm.c:" in full.stdout


def test_runs_and_places_are_completed(gemm_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(gemm_lake)
    assert completion.runs("g") == ["gemm"] and set(completion.runs("")) >= {"last", "a", "b"}
    assert "kernel_gemm/1.1.1" in completion.places("kernel_gemm/")
    assert "gemm.c:20" in completion.places("gemm.c:")


def test_completion_is_silent_where_there_is_no_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert completion.runs("") == ["last"] or completion.runs("") == []
    assert completion.places("") == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_share_is_a_bar_on_a_terminal_and_a_number_elsewhere() -> None:
    rows = [{"share": 0.5, "n": 1}, {"share": 1.0, "n": 2}]
    columns = {"share": ("share", "share"), "n": ("n", None)}
    terminal, file = Terminal(), io.StringIO()
    emit_records(rows, columns, out=terminal)
    emit_records(rows, columns, out=file)
    assert "50.0% ███   " in terminal.getvalue() and "100.0% ██████" in terminal.getvalue()
    assert "█" not in file.getvalue()
