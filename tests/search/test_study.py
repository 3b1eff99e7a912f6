"""Studies as files: what is taken, and what is said of what is not."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from corr.search import settings
from corr.search import study as studies
from corr.search.begin import KNOB, TEMPLATE
from corr.search.checks import check
from corr.search.study import Knob, KnobKind, Powers, Range, Study, load

SMALL = """\
[[knobs]]
name = "k"
option = "-k={value}"
values = [1, 2]

[cases]
generate = { size = [1, 2] }

[run]
command = ["prog", "{knob}", "{size}"]
"""


def loaded(folder: Path, text: str) -> Study:
    path = folder / "s.toml"
    path.write_text(text)
    return load(path)


def test_a_small_study(tmp_path: Path) -> None:
    study = loaded(tmp_path, SMALL)
    assert study.name == "s" and study.folder == tmp_path and study.text == SMALL
    assert settings.baseline(study).name == "off"
    assert [s.name for s in settings.settings(study)] == ["1", "2"]
    check(study)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("values = [1, 2]", "valeus = [1, 2]", r"s\.toml:4: unknown key 'knobs\.valeus'"),
        ("values = [1, 2]", "values = 3", r"s\.toml:4: knobs\.values must be a list, not 3"),
        ("values = [1, 2]", "", r"s\.toml.*each needs values, a range or powers"),
        ('option = "-k={value}"', 'option = "-k"', r"option must have \{value\}"),
        ("[cases]", "[cases]\nfile = 'x'", "needs one of file, table and generate"),
        ('[run]\ncommand = ["prog", "{knob}", "{size}"]', "", "must be a \\[run\\] command"),
        ("[run]", "[mesure]\n[run]", r"s\.toml:9: unknown key 'mesure'"),
        ('name = "k"', 'name = "k"\nkind = "source"', "needs file, find, rebuild, artifact"),
        ('name = "k"', 'name = "k"\noff = false', "needs a baseline"),
        ("[cases]", "folder = 'x'\n[cases]", "unknown key"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    assert before in SMALL
    with pytest.raises(UsageError, match=said):
        loaded(tmp_path, SMALL.replace(before, after))


def test_a_folder_in_the_file_is_no_key_of_a_study(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"s\.toml:1: unknown key 'folder'"):
        loaded(tmp_path, f"folder = '/'\n{SMALL}")


def test_the_file_that_init_writes_is_a_study(tmp_path: Path) -> None:
    knobs = KNOB.format(name="unroll-threshold", values="50, 150")
    study = loaded(tmp_path, TEMPLATE.format(file="s.toml", name="s", knobs=knobs))
    check(study)
    assert [knob.kind for knob in study.knobs] == [KnobKind.mllvm]
    assert settings.flags(study, settings.parsed(study, "150")) == (
        "-mllvm", "-unroll-threshold=150",
    )  # fmt: skip


def test_every_key_that_init_comments_on_is_one() -> None:
    """A comment of `# key = value` can be taken in."""
    knobs = KNOB.format(name="k", values="1")
    for line in TEMPLATE.format(file="s.toml", name="s", knobs=knobs).splitlines():
        if line.startswith("# ") and " = " in line and "`" not in line:
            key = line[2:].split(" = ")[0]
            names = {n.replace("_", "-") for kind in _kinds() for n in kind.__dataclass_fields__}
            assert key in names, line


def test_what_init_offers_of_a_knob_is_not_what_it_is_anyway() -> None:
    """A line of comment that is taken in changes something."""
    defaults = {f.name: f.default for f in dataclasses.fields(Knob)}
    for line in KNOB.format(name="k", values="1").splitlines():
        if line.startswith("# ") and " = " in line and '"source":' not in line:
            ((key, value),) = tomllib.loads(line[2:]).items()
            assert defaults[key] != value, line


def _kinds() -> list[type]:
    return [k for k in vars(studies).values() if hasattr(k, "__dataclass_fields__")]


def test_values_of_a_knob() -> None:
    powers = Knob(name="a", option="{value}", powers=Powers(last=2048))
    assert powers.every() == [2**n for n in range(12)] and powers.quickly() == [1, 16, 128, 2048]
    ranged = Knob(name="a", option="{value}", range=Range(0, 1, 0.25), values=[7, 0.5])
    assert ranged.every() == [7, 0.5, 0, 0.25, 0.75, 1.0]
    with pytest.raises(ValueError, match="not 1 to 10000"):
        Range(0, 1e9).values()


def test_several_knobs_are_combined(tmp_path: Path) -> None:
    more = '[[knobs]]\nname = "m"\nkind = "macro"\nvalues = ["x y"]\nbaseline = "z"\noff = false\n'
    study = loaded(tmp_path, more + SMALL)
    assert settings.baseline(study).name == "m=z, k=off"
    names = [s.name for s in settings.settings(study)]
    assert names[:2] == ["m=z, k=1", "m=z, k=2"] and len(names) == 5
    assert settings.flags(study, settings.parsed(study, "m=x y, k=2")) == ("-Dm=x y", "-k=2")


def test_too_many_combinations_are_refused(tmp_path: Path) -> None:
    more = "".join(f'[[knobs]]\nname = "{n}"\nkind = "macro"\npowers = {{}}\n' for n in "xyz")
    with pytest.raises(UsageError, match="5184 combinations"):
        settings.settings(loaded(tmp_path, more + SMALL))


def test_a_knob_that_nothing_uses_is_refused(tmp_path: Path) -> None:
    study = loaded(tmp_path, SMALL.replace('"{knob}", ', ""))
    with pytest.raises(UsageError, match="nothing uses the knob 'k'"):
        check(study)
