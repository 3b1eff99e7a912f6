"""`corr check`: what fails the gate and what does not, on real builds."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from corr.system.config import Waiver, load
from tests.support.check_runs import PROGRAM, found, invoke, reports


@pytest.mark.parametrize("label", ["comment", "base"])
def test_no_change_passes(lake: Path, label: str) -> None:
    assert found(lake, "base", label, code=0) == []


def test_lost_vectorisation(lake: Path, corr) -> None:
    ((rule, loop, message),) = found(lake, "base", "alias", code=1)
    assert (rule, loop) == ("lost-vectorization", "look_up/1")
    assert message == "not vectorised any more (was 4x1): cannot identify array bounds"
    done = corr("check", "base", "alias", cwd=lake)
    assert done.returncode == 1 and "corr check failed: 1 finding" in done.stderr
    head, first, why = done.stdout.splitlines()[:3]
    assert first.split() == ["fails", "lost-vectorization", "p.c:16", "look_up/1"], head
    assert why.strip() == message


def test_a_gain_passes_and_is_said(lake: Path) -> None:
    report = reports(lake, "alias", "base")
    (gain,) = [f for f in report.findings if f.state == "absent"]
    assert (gain.rule_id, gain.loop, gain.fails) == ("not-vectorized", "look_up/1", False)
    assert report.failing == []


def test_lost_inlining(lake: Path) -> None:
    rows = found(lake, "base", "noinline", code=1)
    lost = {loop: message for rule, loop, message in rows if rule == "lost-inlining"}
    assert set(lost) == {"sum/1", "outside"}
    assert lost["sum/1"].startswith("helper is not inlined any more: it should never be inlined")
    (place,) = [f for f in reports(lake, "base", "noinline").failing if f.loop == "outside"]
    line = PROGRAM.splitlines().index("float outside(float x) { return helper(x) + 1; }") + 1
    assert (place.file, place.line) == ("p.c", line)


def test_new_spills(lake: Path) -> None:
    rows = found(lake, "base", "spill", code=1)
    ((message),) = [m for rule, loop, m in rows if (rule, loop) == ("new-spills", "mix/2")]
    count = re.search(r"0 → (\d+) spills and reloads", message)
    assert count and int(count[1]) > 10
    assert found(lake, "spill", "base", code=0) == []


def test_narrower_vectors(lake: Path) -> None:
    (finding,) = reports(lake, "base", "narrow").failing
    assert (finding.rule_id, finding.loop) == ("narrower-vectors", "scale/1")
    assert "→ vectorised 2x1" in finding.message


def test_a_loop_that_is_gone_is_a_note_at_its_old_place(lake: Path) -> None:
    report = reports(lake, "base", "gone")
    (finding,) = [f for f in report.findings if f.loop == "scale/1"]
    assert (finding.rule_id, finding.level) == ("lost-vectorization", "note")
    line = PROGRAM.splitlines().index("  for (int i = 0; i < n; i++) a[i] *= 3;") + 1
    assert (finding.file, finding.line) == ("p.c", line) and "gone" in finding.message
    assert report.failing == []


def test_waivers(lake: Path) -> None:
    waiver = Waiver("lost-vectorization", "look_*", "aliases are needed", None)
    report = reports(lake, "base", "alias", waivers=[waiver])
    (kept,) = [f for f in report.findings if f.rule_id == "lost-vectorization"]
    assert (kept.waived, kept.state, report.failing, report.notes) == (True, "unchanged", [], [])
    day = datetime.date(2026, 1, 1)
    last = replace(waiver, until=day)
    assert reports(lake, "base", "alias", waivers=[last], today=day).failing == []
    over = reports(lake, "base", "alias", waivers=[last], today=day + datetime.timedelta(days=1))
    assert len(over.failing) == 1 and "expired on 2026-01-01" in over.failing[0].message
    assert "expired on 2026-01-01 (aliases are needed)" in over.notes[0]
    elsewhere = replace(waiver, loop="other/*")
    unused = reports(lake, "base", "alias", waivers=[elsewhere])
    assert len(unused.failing) == 1 and "matches nothing" in unused.notes[0]
    with pytest.raises(UsageError) as caught:
        reports(lake, "base", "alias", waivers=[replace(waiver, rule="lost-vectorisation")])
    assert "did you mean 'lost-vectorization'" in caught.value.fix


def test_settings_of_the_gate(lake: Path) -> None:
    settings = (
        "[check]\nhot-share = 0.02\nslowdown = 0.1\n[[check.waivers]]\n"
        "rule = 'lost-vectorization'\nloop = 'look_up/1'\nreason = 'known'\nuntil = 2999-12-31\n"
    )
    (lake / "corr.toml").write_text(settings)
    try:
        read = load(lake).check
        done = invoke("base", "alias", cwd=lake)
    finally:
        (lake / "corr.toml").unlink()
    assert (read.hot_share, read.slowdown) == (0.02, 0.1)
    assert read.waivers[0].until == datetime.date(2999, 12, 31)
    assert done.returncode == 0 and "1 waived" in done.stderr and "[waived: known]" in done.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[check]\nhotshare = 1", "unknown key 'check.hotshare'; did you mean 'hot-share'"),
        ("[check]\nhot-share = 2", "check.hot-share must be from 0 to 1"),
        ("check = 3", "check must be a table"),
        ("[check]\nwaivers = [1]", "each of check.waivers must be a table"),
        ("[[check.waivers]]\nrule = 'slower'", "a rule and a reason"),
        ("[[check.waivers]]\nrules = 'slower'", "did you mean 'rule'"),
        ("[[check.waivers]]\nuntil = 'soon'", "check.waivers.until must be a date"),
    ],
)
def test_settings_that_are_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "corr.toml").write_text(text + "\n")
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    assert says in f"{caught.value.message}; {caught.value.fix}"


def test_usage(lake: Path, tmp_path: Path) -> None:
    for args in (("nothing", "base"), ("base", "--format", "xml"), ("base", "--hot-share", "2")):
        done = invoke(*args, cwd=lake)
        assert done.returncode == 2 and "Traceback" not in done.stderr, args
    assert invoke("base", cwd=tmp_path).returncode == 2
