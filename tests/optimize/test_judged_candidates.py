"""The candidates of `make judged` can be proposed, and its verdict is no when one goes the wrong way."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from bench.judged import __main__ as judging
from bench.judged.candidate import Candidate, Group
from bench.judged.sessions import Judged, reply, with_edits
from bench.judged.subjects import SUBJECTS
from bench.judged.table import page

#: Refused before they are built.
NO_PROGRAM = {"another file included"}


def test_there_are_enough_of_each_and_every_edit_has_its_place() -> None:
    count: Counter[bool] = Counter()
    for group in judging.GROUPS:
        text = SUBJECTS[group.program].text()
        count[group.wrong] += len(group.candidates)
        assert len({one.name for one in group.candidates}) == len(group.candidates)
        for one in group.candidates:
            assert with_edits(text, one) != text
    assert min(count.values()) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [True, False])
def test_what_is_proposed_is_a_program(wrong: bool, tmp_path: Path, clang: str) -> None:
    """A wrong one that the compiler refuses would show nothing."""
    for number, group in enumerate(g for g in judging.GROUPS if g.wrong == wrong):
        subject = SUBJECTS[group.program]
        folder = tmp_path / str(number)
        folder.mkdir()
        subject.write(folder)
        tried = []
        for at, one in enumerate(group.candidates):
            if one.name not in NO_PROGRAM:
                tried.append(folder / f"{at}{Path(subject.file).suffix}")
                tried[-1].write_text(with_edits(subject.text(), one))
        flags = (
            "-fsyntax-only",
            "-w",
            "-std=c++20" if subject.file.endswith("cpp") else "-std=gnu17",
        )
        argv = [clang, *flags, "-fopenmp", "-Iutilities", *tried]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_only_a_rule_may_refuse_what_is_ruled_out() -> None:
    one = Candidate.ruled("a macro", "macro", ("a", "b"))
    group = Group("matrix", False, (one,))
    assert Judged(group, one, "refused").right and Judged(group, one, "same").right
    assert not Judged(group, one, "wrong output").right and not Judged(group, one, "").right
    assert "0 honest: 0 refused. Right but ruled out: 1." in page([Judged(group, one, "refused")])


@pytest.mark.parametrize(
    ("wrong", "outcome", "right"),
    [
        (True, "accepted", False),
        (True, "", False),
        *((True, outcome, True) for outcome in ("refused", "wrong output", "same")),
        *((False, outcome, True) for outcome in ("accepted", "same", "slower", "inconclusive")),
        *(
            (False, outcome, False)
            for outcome in ("refused", "wrong output", "did not compile", "")
        ),
    ],
)
def test_the_verdict(
    wrong: bool,
    outcome: str,
    right: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (one, *_), name = judging.GROUPS[0].candidates, tmp_path / "judged.md"
    group = Group("matrix", wrong, (one,))
    monkeypatch.setattr(judging, "GROUPS", (group,))
    monkeypatch.setattr(judging, "PAGE", name)
    monkeypatch.setattr(judging, "judge", lambda g: [Judged(g, one, outcome, "a | b")])
    assert judging.main([]) == (0 if right else 1)
    text = name.read_text()
    assert text == page([Judged(group, one, outcome, "a | b")])
    shown = outcome or "no outcome"
    assert (f"| **{shown}** |" in text) == (not right)
    numbers = f"{int(wrong)} wrong: {int(wrong and outcome == 'accepted')} accepted. "
    numbers += f"{int(not wrong)} honest: {int(not wrong and not right and bool(outcome))} refused."
    assert numbers in text and numbers in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("tools")
def test_a_candidate_knows_what_the_original_prints(tmp_path: Path) -> None:
    group = next(
        g
        for g in judging.GROUPS
        if any("@FIRST@" in new for c in g.candidates for _, new in c.edits)
    )
    SUBJECTS[group.program].write(tmp_path)
    before = sorted(tmp_path.iterdir())
    text = reply(group, tmp_path)
    assert "@FIRST@" not in text and sorted(tmp_path.iterdir()) == before
    assert len(json.loads(text)["candidates"]) == len(group.candidates)
