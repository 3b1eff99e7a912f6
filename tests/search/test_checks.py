"""What is wrong with a study is said, with its place, before anything of it is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from corr.lake.store import Lake
from corr.search.modes import MODES, go
from corr.search.study import load
from tests.support.search_lab import FakeLab

STUDY = """\
[[knobs]]
name = "k"
option = "-k={value}"
values = [1, 2]
[cases]
file = "cases.txt"
[run]
command = ["sh", "run.sh", "{case}", "{knob}"]
"""


@pytest.mark.parametrize(
    ("text", "said", "fix"),
    [
        ('[recommend]\nfeatures = ["szie"]', "recommend.features: there is no feature 'szie'",
         "did you mean 'size'?"),
        ('[recommend]\nfeatures = ["zz"]', "there is no feature 'zz'", "features: size, k"),
        ('[recommend]\nfeatures = ["size", "k"]', "2 of 4 cases have no 'k' that is a number, as"
         " 'a -size 2 -k nan'", "where"),
        ('[recommend]\nfeatures = ["op"]', "'op' is a word, as 'a', no number", "classes"),
        ('[recommend]\nnames = { sise = "n" }', "recommend.names: there is no feature 'sise'",
         "did you mean 'size'?"),
        ('[recommend]\nlanguages = ["c+"]', "there is no language 'c+'", "did you mean 'c++'?"),
        ('[time]\nclock = "regex"\npattern = "t=(x"', "time.pattern: t=(x: Invalid regular"
         " expression: missing )", "RE2"),
        ('[check]\nignore = "(?<!a)"', "check.ignore: (?<!a): Invalid regular", "RE2"),
        ('[time]\nclock = "regexx"', "s.toml:10: time.clock must be one of auto, wall, cpu, own,"
         " regex, json, google-benchmark, not 'regexx'", "did you mean 'regex'?"),
        ("[recommend]\nloss = -1", "s.toml:10: recommend.loss must be from 0 to", ""),
        ("[recommend]\nloss = nan", "recommend.loss must be from 0 to", ""),
        ("[recommend]\nmost-steps = 0", "recommend.most-steps must be from 1 to 32, not 0", ""),
        ('[recommend]\nshape = "x"', "shape has no {ladder}", ""),
        ("[measure]\nseconds = -1", "measure.seconds must be more than 0, not -1", ""),
        ("[measure]\npatience = nan", "measure.patience must be 0 or more", ""),
        ("[measure]\ntime-out = inf", "measure.time-out must be more than 1", ""),
    ],
)  # fmt: skip
def test_before_anything_is_run(tmp_path: Path, text: str, said: str, fix: str) -> None:
    (tmp_path / "cases.txt").write_text(
        "a -size 1 -k 3\na -size 2 -k nan\nb -size 2\nb -size 4 -k 1"
    )
    (tmp_path / "s.toml").write_text(f"{STUDY}{text}\n")
    lab = FakeLab(lambda _case, _setting: 1.0)
    with pytest.raises(UsageError) as caught:
        lake = Lake.open(tmp_path / "data", create=True)
        go(load(tmp_path / "s.toml"), lake, MODES["full"], lambda _line: None, lab)
    assert said in caught.value.message and fix in caught.value.fix
    assert (lab.runs, lab.builds) == (0, 0)


@pytest.mark.parametrize("kind", ["build", "run"])
def test_a_time_limit_is_one(tmp_path: Path, kind: str) -> None:
    text = STUDY.replace("[run]\n", "[run]\ntime-limit = 0\n")
    if kind == "build":
        text = f"{STUDY}[build]\ntime-limit = nan\n"
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(UsageError, match=f"{kind}.time-limit must be more than 0"):
        load(tmp_path / "s.toml")


def test_a_knob_of_a_kind_that_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(STUDY.replace('name = "k"', 'name = "k"\nkind = "macros"'))
    with pytest.raises(UsageError, match="kind must be one of flag, mllvm, macro") as caught:
        load(tmp_path / "s.toml")
    assert caught.value.fix == "did you mean 'macro'?"
