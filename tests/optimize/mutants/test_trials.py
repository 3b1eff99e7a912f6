"""Programs of many shapes, broken on purpose: their checks find out, where their output says it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.collect.options import Options
from corr.collect.run import collect
from corr.console.progress import Progress
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize.build_and_run import Builds
from corr.optimize.mutants import module
from corr.optimize.mutants.ledger import Fate, Ledger
from corr.optimize.mutants.nests import Nest, hottest
from corr.optimize.mutants.trials import broken
from corr.optimize.prepare_original import Original, prepare
from corr.optimize.request import Order
from corr.program.model import Run, from_files
from tests.support import polybench
from tests.support.command import Corr
from tests.support.mutant_programs import BLIND, FILES, HALF, MISSED, SHAPES, TIMED, WORDED
from tests.support.thirds import a_third

pytestmark = pytest.mark.slow


def prepared(
    folder: Path,
    tools: Toolchain,
    name: str,
    flags: tuple[str, ...] = ("-O3",),
    args: tuple[str, ...] = (),
    **order: object,
) -> tuple[Original, Builds, list[Nest]]:
    """The program in the folder, collected, its original checked, and its hottest nests."""
    program = from_files([name], list(flags), Run(args=args, directory=folder), folder)
    lake = Lake.open(folder / "data", create=True)
    run = collect(program, tools, lake, Options(repeat=1, cachegrind=False), Progress())
    builds = Builds(program, tools, folder / "builds")
    original = prepare(builds, Order(**order), lambda _: None)  # type: ignore[arg-type]
    return original, builds, list(hottest(lake, run))


def ledger_of(
    folder: Path,
    tools: Toolchain,
    name: str,
    flags: tuple[str, ...] = ("-O3",),
    args: tuple[str, ...] = (),
    **order: object,
) -> Ledger:
    """The program in the folder, collected and broken for as long as it takes."""
    return broken(*prepared(folder, tools, name, flags, args, **order), 300.0)


@pytest.mark.parametrize("name", a_third(SHAPES))
def test_what_the_output_says_is_seen(name: str, tmp_path: Path, tools: Toolchain) -> None:
    text, flags = SHAPES[name]
    (tmp_path / name).write_text(text)
    found = ledger_of(tmp_path, tools, name, flags)
    own = [b for b in found.broken if b.code[0].file == str(tmp_path / name)]
    tried, caught = sum(b.tried for b in own), sum(b.caught for b in own)
    assert tried >= 4 and caught >= 0.8 * tried, found.lines()
    assert all(b.seen for b in own), found.lines()


@pytest.mark.parametrize("name", a_third(FILES))
def test_what_its_files_say_is_seen(name: str, tmp_path: Path, tools: Toolchain) -> None:
    """Several, added to, written by way of memory, in a folder, named by an argument."""
    text, flags, args = FILES[name]
    (tmp_path / name).write_text(text)
    (tmp_path / "results").mkdir()
    found = ledger_of(tmp_path, tools, name, flags, args)
    own = [b for b in found.broken if b.code[0].file == str(tmp_path / name)]
    missed = {m.kind for b in own for m in b.mutants if m.fate.counts and not m.fate.refuted}
    assert sum(b.tried for b in own) >= 3 and missed <= MISSED.get(name, set()), found.lines()
    assert all(b.seen for b in own), found.lines()


@pytest.mark.parametrize("name", list(BLIND))
def test_what_no_output_says_is_not_seen(name: str, tmp_path: Path, tools: Toolchain) -> None:
    (tmp_path / name).write_text(BLIND[name])
    found = ledger_of(tmp_path, tools, name)
    assert (found.caught, found.tried >= 3) == (0, True), found.lines()
    assert not any(m.fate.refuted for b in found.broken for m in b.mutants)


def test_one_nest_may_be_seen_and_another_not(tmp_path: Path, tools: Toolchain) -> None:
    (tmp_path / "half.c").write_text(HALF)
    found = {b.nest.function: b for b in ledger_of(tmp_path, tools, "half.c").broken}
    assert found["seen"].caught >= 4 and found["seen"].seen
    # the first value is computed anew in each round
    assert [m.kind for m in found["seen"].mutants if m.fate == Fate.dead] == ["one store changed"]
    assert found["seen"].caught == found["seen"].tried
    assert found["unseen"].unseen and found["unseen"].code[0].first == 10


def test_ones_own_check_is_measured_by_the_same_mutants(tmp_path: Path, tools: Toolchain) -> None:
    """One that says yes to everything sees nothing; one that knows the answer sees all."""
    (tmp_path / "timed.c").write_text(WORDED)
    built = tmp_path / "built"
    subprocess.run([tools.path("clang"), "-O3", "timed.c", "-o", built], cwd=tmp_path, check=True)
    answer = subprocess.run([built], capture_output=True, text=True).stdout.split()[0]
    found = ledger_of(tmp_path, tools, "timed.c", check="$CORR_BINARY")
    assert found.words() == "own command: 0 of 6 mutants caught"
    knows = ledger_of(tmp_path, tools, "timed.c", check=f"$CORR_BINARY | grep -q '^{answer} '")
    assert knows.caught >= 4 and knows.what == "own command", knows.lines()
    assert {m.by for b in knows.broken for m in b.mutants if m.fate.refuted} == {"command"}


def test_a_time_that_is_printed_hides_no_result(tmp_path: Path, tools: Toolchain) -> None:
    (tmp_path / "timed.c").write_text(TIMED)
    found = ledger_of(tmp_path, tools, "timed.c")
    assert found.what == "outputs" and found.caught >= 4, found.lines()


def test_what_is_built_anew_to_be_checked_is_broken_as_it_is_checked(
    tmp_path: Path, tools: Toolchain
) -> None:
    """PolyBench prints its arrays only in a build with flags for it."""
    polybench.write(tmp_path)
    found = ledger_of(tmp_path, tools, "nest.c")
    (nest,) = [b for b in found.broken if b.nest.function == "kernel"]
    assert nest.tried == nest.caught == 6, found.lines()


def test_the_time_is_limited(tmp_path: Path, tools: Toolchain) -> None:
    """The hottest nest gets two mutants all the same."""
    (tmp_path / "half.c").write_text(HALF)
    ready = prepared(tmp_path, tools, "half.c")
    found = broken(*ready, 0.0)
    assert [b.tried for b in found.broken] == [2, 0] and found.cut
    assert "as far as the time allowed" in found.lines()[0]


def test_a_large_module_is_broken_with_less_effort(
    tmp_path: Path, tools: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mutant at least, and compiled with -O1; of a module that is too large none."""
    (tmp_path / "half.c").write_text(HALF)
    ready = prepared(tmp_path, tools, "half.c")
    monkeypatch.setattr(module, "LARGE", 0)
    found = broken(*ready, 0.0)
    assert [b.tried for b in found.broken] == [1, 0]
    monkeypatch.setattr(module, "LARGEST", 0)
    found = broken(*ready, 300.0)
    assert found.tried == 0 and "too large" in "\n".join(found.lines())


@pytest.mark.long
def test_a_session_accepts_nothing_that_no_check_sees(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "constant.c").write_text(BLIND["constant.c"])
    words = (
        "optimize",
        "constant.c",
        "--proposer",
        "rules",
        "--iterations",
        "1",
        "--candidates",
        "1",
    )
    done = corr(*words, "--", "-O0", cwd=tmp_path)
    assert done.returncode == 4 and "outputs: 0 of 6 mutants caught" in done.stderr
    lake = Lake.open(tmp_path / "data")
    proposal = "SELECT * FROM iterations WHERE role = 'proposal' ORDER BY run_id DESC LIMIT 1"
    row = ask(lake, proposal).to_pylist()[0]
    assert (row["outcome"], row["unchecked"]) == ("unchecked", False)
    assert "what was faster changes loops whose wrong results no check notices" in done.stderr
    history = corr("history", cwd=tmp_path)
    assert "work/1: 0 of 6 mutants caught; not caught: ends early, " in history.stderr
    assert "--check CMD" in row["detail"]
    rows = ask(lake, "SELECT fate, counts, caught, loop FROM mutants").to_pylist()
    assert rows and all(r["loop"] == "work/1" for r in rows)
    assert not any(r["caught"] for r in rows if r["counts"])
    assert {r["fate"] for r in rows} >= {str(Fate.survived)}
    done = corr(*words, "--allow-unchecked", "-o", "out", "--", "-O0", cwd=tmp_path)
    row = ask(lake, proposal).to_pylist()[0]
    assert done.returncode == 0, done.stderr
    assert (row["outcome"], row["unchecked"]) == ("accepted", True)
    assert "allowed though unchecked: outputs: 0 of 6 mutants caught" in row["guarantee_detail"]


def test_ir_that_nobody_understands_ends_no_session(
    tmp_path: Path, tools: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, and shows nothing."""

    def odd(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr("corr.optimize.mutants.trials.called", odd)
    (tmp_path / "half.c").write_text(HALF)
    found = ledger_of(tmp_path, tools, "half.c")
    assert found.tried == 0 and len(found.reasons) == 2
    assert "seen/1 was not broken: its IR is not understood: ValueError: odd" in "\n".join(
        found.lines()
    )
