"""corr.toml and [tool.corr]: what is taken, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from corr.system.config import Settings, data_folder, load


def write(folder: Path, text: str, name: str = "corr.toml") -> Path:
    (folder / name).write_text(text)
    return folder


def test_nothing_is_the_default(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()
    write(tmp_path, "[project]\nname = 'x'\n", "pyproject.toml")
    assert load(tmp_path) == Settings()


def test_values(tmp_path: Path) -> None:
    write(
        tmp_path,
        "flags = ['-O2']\nrun-args = ['1']\nrepeat = 3\ntime-limit = 5\nok-status = [0, 3]\n[env]\nA = 'b'\n",
    )
    settings = load(tmp_path)
    assert (settings.flags, settings.run_args, settings.repeat) == (["-O2"], ["1"], 3)
    assert settings.time_limit == 5.0 and settings.env == {"A": "b"}
    assert settings.ok_status == [0, 3]


def test_pyproject_is_second(tmp_path: Path) -> None:
    write(tmp_path, "[tool.corr]\nllvm = '19'\n", "pyproject.toml")
    assert load(tmp_path).llvm == "19"
    write(tmp_path, "llvm = '22'\n")
    assert load(tmp_path).llvm == "22"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("flag = ['-O2']", "did you mean 'flags'"),
        ("zzz = 1", "known keys: sources"),
        ("repeat = '3'", "repeat must be int"),
        ("repeat = true", "repeat must be int"),
        ("flags = [1]", "flags must be list"),
        ("ok-status = ['0']", "ok-status must be list"),
        ("ok-status = [true]", "ok-status must be list"),
        ("env = {A = 1}", "env must be dict"),
        ("flags = [", "corr.toml"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    assert says in f"{caught.value.message} {caught.value.fix}"


def test_where_the_lake_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CORR_DATA", raising=False)
    assert data_folder(None, Settings()) == Path("data")
    assert data_folder(None, Settings(data="x")) == Path("x")
    monkeypatch.setenv("CORR_DATA", "y")
    assert data_folder(None, Settings(data="x")) == Path("y")
    assert data_folder(Path("z"), Settings(data="x")) == Path("z")
