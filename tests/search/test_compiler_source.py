"""A constant in a compiler's source: edited, built again, and always put back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from corr.lake.store import Lake
from corr.search.compiler_source import CompilerBuilds, beside, edited
from corr.search.modes import MODES, go
from corr.search.outcome import Failed
from corr.search.settings import Setting, baseline
from corr.search.study import Cases, Clock, Knob, KnobKind, Measure, Prove, Run, Study, Time

#: A compiler that is a script with a constant; "building" it copies it.
SOURCE = """\
size=$1
largest=9
if true; then
  limit=32
fi
case $limit in
  8) speed=2 ;;
  64) speed=4 ;;
  *) speed=1 ;;
esac
[ "$size" -ge 1024 ] && [ "$limit" = 64 ] && speed=1
[ "$size" -lt 1024 ] && [ "$limit" = 8 ] && speed=1
echo "took $((size * 1200 / speed)) us"
"""


def study(folder: Path) -> Study:
    (folder / "compiler.sh").write_text(SOURCE)
    knob = Knob(
        name="limit",
        kind=KnobKind.source,
        values=[8, 64, 7],
        file="compiler.sh",
        find="limit={value}\n",
        rebuild=["sh", "-c", "! grep -q limit=7 compiler.sh && cp compiler.sh built"],
        artifact="built",
    )
    sizes: list[int | float | str] = [2**n + k for n in range(5, 16) for k in range(2)]
    return Study(
        name="source",
        knobs=[knob],
        cases=Cases(generate={"size": sizes}),
        run=Run(command=["sh", "{artifact}", "{size}"]),
        time=Time(Clock.regex, r"took (\d+) us", unit="us"),
        measure=Measure(fewest=3, most=3),
        prove=Prove(held_out=0.3),
        folder=folder,
    )


@pytest.mark.slow
def test_a_constant_is_searched_and_the_code_is_applied(tmp_path: Path) -> None:
    """The whole way: three builds, a ladder, a build with the code of the ladder, the proof.

    The script knows no C++: in the shape of its code the ladder is a text that it ignores.
    """
    made = study(tmp_path)
    shape = ": '{ladder}'\nlimit=64; [ $size -ge 1024 ] && limit=8\n"
    made = replace(made, recommend=replace(made.recommend, shape=shape, type="-"))
    lake = Lake.open(tmp_path / "data", create=True)
    done = go(made, lake, MODES["full"], lambda _line: None)
    (advice,) = done.advice
    assert str(advice.ladder) == "size < 1024: 64, else 8"
    outcomes = {(r["setting"], r["outcome"]) for r in done.analysis.changes}
    assert ("7", "does not build") in outcomes and ("recommended", "ok") in outcomes
    proof = done.analysis.proof("held-out")
    assert proof is not None and proof["improved"] == proof["cases"] >= 6 and done.analysis.ready
    used = {r["used"] for r in done.analysis.changes if r["role"] == "recommended"}
    assert used == {"8", "64"}
    assert (tmp_path / "compiler.sh").read_text() == SOURCE
    assert not beside(tmp_path / "compiler.sh").exists()


def test_the_source_of_a_killed_driver_is_put_back(tmp_path: Path) -> None:
    made = study(tmp_path)
    source = tmp_path / "compiler.sh"
    source.rename(beside(source))
    source.write_text("half edited")
    builds = CompilerBuilds(made, tmp_path / "store")
    assert source.read_text() == SOURCE and builds.original == SOURCE


@pytest.mark.slow
def test_a_build_is_made_once_and_kept(tmp_path: Path) -> None:
    made = study(tmp_path)
    setting = Setting((64,), ("limit",))
    built = CompilerBuilds(made, tmp_path / "store").build(setting)
    assert built.read_text() == SOURCE.replace("limit=32\n", "limit=64\n")
    (tmp_path / "built").unlink()
    never = replace(made.knobs[0], rebuild=["false"])
    assert CompilerBuilds(replace(made, knobs=[never]), tmp_path / "other").store.exists() is False
    assert CompilerBuilds(made, tmp_path / "store").build(setting) == built
    with pytest.raises(Failed, match="exit status 1"):
        CompilerBuilds(replace(made, knobs=[never]), tmp_path / "other").build(setting)
    assert (tmp_path / "compiler.sh").read_text() == SOURCE


def test_what_stands_where_the_constant_was() -> None:
    knob = replace(study_knob(), find="int64_t limit = {value};")
    text = "void f() {\n    int64_t limit = 4 * 8;\n}\n"
    assert edited(text, knob, Setting((64,), ("k",))) == text.replace("4 * 8", "64")
    code = "int64_t limit;\nif (x) {\n  limit = 1;\n}\n"
    assert edited(text, knob, replace(Setting((None,), ("k",)), code=code)) == (
        "void f() {\n    int64_t limit;\n    if (x) {\n      limit = 1;\n    }\n}\n"
    )
    assert edited(text, knob, Setting((None,), ("k",))) == text
    for wrong in (text + text, "void f();"):
        with pytest.raises(UsageError, match="times, not once"):
            edited(wrong, knob, Setting((64,), ("k",)))


def study_knob() -> Knob:
    return Knob(
        name="k", kind=KnobKind.source, values=[1], file="f", find="{value}", rebuild=["true"],
        artifact="a",
    )  # fmt: skip


def test_the_baseline_is_the_source_as_it_is(tmp_path: Path) -> None:
    made = study(tmp_path)
    builds = CompilerBuilds(made, tmp_path / "store")
    assert builds.text(baseline(made)) == SOURCE
    assert builds.request(baseline(made)) == builds.request(Setting((32,), ("limit",)))


@pytest.mark.slow
@pytest.mark.parametrize("command", ["true", "test -e other"])
def test_a_rebuild_that_leaves_the_artifact_is_refused(tmp_path: Path, command: str) -> None:
    """What was built before would be measured as each value: nothing is, and it is said why."""
    made = study(tmp_path)
    (tmp_path / "built").write_text(SOURCE)
    (tmp_path / "other").touch()
    stale = replace(made.knobs[0], rebuild=["sh", "-c", command])
    lake = Lake.open(tmp_path / "data", create=True)
    with pytest.raises(UsageError, match="leaves built as it was") as caught:
        go(replace(made, knobs=[stale]), lake, MODES["run"], lambda _line: None)
    assert "from compiler.sh" in caught.value.fix
    assert (tmp_path / "compiler.sh").read_text() == SOURCE
    # and where it was built before for another value
    builds = CompilerBuilds(made, tmp_path / "store")
    builds.build(Setting((64,), ("limit",)))
    builds.knob = stale
    with pytest.raises(UsageError, match="leaves built as it was"):
        builds.build(baseline(made))


@pytest.mark.slow
def test_constants_that_change_nothing_are_told(tmp_path: Path) -> None:
    made = study(tmp_path)
    (tmp_path / "fixed").write_text(SOURCE)
    knob = replace(made.knobs[0], rebuild=["cp", "fixed", "built"])
    told: list[str] = []
    lake = Lake.open(tmp_path / "data", create=True)
    go(replace(made, knobs=[knob]), lake, MODES["run"], told.append)
    assert any("all 4 constants gave one built" in line for line in told)
    others: list[str] = []
    go(made, Lake.open(tmp_path / "other", create=True), MODES["run"], others.append)
    assert others and not any("constants gave one" in line for line in others)
