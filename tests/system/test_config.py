"""corr.toml and [tool.corr]: what is taken, and what is said of the rest."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.base.errors import UsageError
from corr.system.config import CheckSettings, Settings, Waiver, data_folder, load, read
from corr.system.toml_file import TomlFile


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
        ("repeat = '3'", "repeat must be a whole number"),
        ("repeat = true", "repeat must be a whole number"),
        ("flags = 'x'", "flags must be a list, not 'x'"),
        ("flags = [1]", "each of flags must be a text, not 1"),
        ("ok-status = ['0']", "each of ok-status must be a whole number, not '0'"),
        ("ok-status = [true]", "each of ok-status must be a whole number, not true"),
        ("env = {A = 1}", "each of env must be a text, not {'A': 1}"),
        ("flags = [", "corr.toml"),
        ("repeat = 0", "repeat must be more than 0, not 0"),
        ("time-limit = nan", "time-limit must be more than 0, not nan"),
        ("run-args = []\nrun_args = []", "run_args is given twice"),
        ("check = 3", "check must be a table, not 3"),
        ("[check]\nhot_share = 2", "check.hot_share must be from 0 to 1, not 2"),
        ("[check]\nslowdown = -1", "check.slowdown must be 0 or more, not -1"),
        ("[check]\nslow-down = 1", "unknown key 'check.slow-down' did you mean 'slowdown'"),
        ("[check]\nwaivers = [3]", "each of check.waivers must be a table, not 3"),
        ("[[check.waivers]]\nrule = 'a'", "check.waivers: each needs a rule and a reason"),
        ("[[check.waivers]]\nuntil = 'soon'", "check.waivers.until must be a date, not 'soon'"),
        ("[[check.waivers]]\nuntl = 2026-01-01", "did you mean 'until'"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    assert says in f"{caught.value.message} {caught.value.fix}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("flags = [\n  '-O2',\n]\n\nrepeat = '3'", 5),
        ("repeat = 3\n\n[check]\n# of the hot loops\nslowdown = 'much'", 5),
        ("check.slowdown = 'much'", 1),
        ("[check]\nwaivers = [\n  {rule = 1},\n]", 2),
        ("[env]\nA = 'b'\n[check]\n[[check.waivers]]\nrule = 'a'\nreason = 'b'\n\n"
         "[[check.waivers]]\nrule = 'a'\nreason = 3", 10),
        ("[[check.waivers]]\nrule = 'a'\nreason = 'b'\n[[check.waivers]]\nrule = 'a'", 4),
    ],
)  # fmt: skip
def test_the_line_is_named(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(UsageError) as caught:
        load(write(tmp_path, text))
    assert caught.value.message.startswith(f"{tmp_path}/corr.toml:{line}: ")


def test_the_line_in_a_project_s_file(tmp_path: Path) -> None:
    """Another table's key of that name is not meant."""
    text = "[project]\nrepeat = 1\n[tool.corr]\nflags = ['-O2']\nrepeat = '3'\n"
    with pytest.raises(UsageError) as caught:
        load(write(tmp_path, text, "pyproject.toml"))
    assert (
        caught.value.message
        == f"{tmp_path}/pyproject.toml:5: repeat must be a whole number, not '3'"
    )
    with pytest.raises(UsageError, match=r"toml:1: tool\.corr must be a table"):
        load(write(tmp_path, "tool.corr = 3", "pyproject.toml"))


def test_waivers(tmp_path: Path) -> None:
    text = "[check]\nhot-share = 1\nwaivers = [{rule = 'a', reason = 'b', until = 2026-02-03}]"
    check = load(write(tmp_path, text)).check
    assert check == CheckSettings(1.0, 0.05, [Waiver("a", "*", "b", datetime.date(2026, 2, 3))])


@given(st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
), st.sampled_from([f.name for f in dataclasses.fields(Settings)]))  # fmt: skip
def test_whatever_stands_there_is_taken_or_refused(value: object, name: str) -> None:
    """Never a traceback, and never a value of another type than is declared."""
    with tempfile.TemporaryDirectory() as folder:
        file = TomlFile(write(Path(folder), "") / "corr.toml")
        file.table = {name: value}
        with contextlib.suppress(UsageError):
            taken = getattr(read(file, Settings), name)
            assert type(taken) in (type(value), float, CheckSettings)


def test_where_the_lake_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CORR_DATA", raising=False)
    assert data_folder(None, Settings()) == Path("data")
    assert data_folder(None, Settings(data="x")) == Path("x")
    monkeypatch.setenv("CORR_DATA", "y")
    assert data_folder(None, Settings(data="x")) == Path("y")
    assert data_folder(Path("z"), Settings(data="x")) == Path("z")
