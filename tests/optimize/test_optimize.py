"""`corr optimize` with the rules, as a user runs it: results, records, faults."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from corr.lake.sql import ask
from corr.lake.store import Lake
from tests.support.command import Corr
from tests.support.model_server import ModelServer, hanging, proposals, source
from tests.support.places import ROOT

pytestmark = pytest.mark.timed

GEMM = ("optimize", "gemm.c", "--run-args", "--size 300", "--proposer", "rules")


def kernel(folder: Path, name: str = "gemm.c") -> Path:
    for file in (name, "corr_harness.h"):
        shutil.copy(ROOT / "kernels" / file, folder)
    return folder


def rows(folder: Path, what: str = "*", where: str = "true") -> list[dict[str, Any]]:
    lake = Lake.open(folder / "data")
    query = f"SELECT {what} FROM iterations WHERE {where} ORDER BY run_id, iteration, candidate"
    return ask(lake, query).to_pylist()


@pytest.fixture(scope="module")
def optimised(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A folder in which gemm was optimised: one iteration of four candidates."""
    folder = kernel(tmp_path_factory.mktemp("optimised"))
    done = corr(*GEMM, "--iterations", "1", "--candidates", "4", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "stdout").write_text(done.stdout)
    return folder


def digest(binary: Path, size: int) -> str:
    return subprocess.check_output(
        [binary, "--size", str(size), "--digest"], text=True, stderr=subprocess.DEVNULL
    )


def test_the_result_builds_the_same_program(optimised: Path, clang: str, tmp_path: Path) -> None:
    moved = tmp_path / "a folder" / "result"
    shutil.copytree(optimised / "gemm.optimized", moved)
    subprocess.run(["sh", moved / "build.sh"], check=True, cwd=tmp_path)
    facts = json.loads((moved / "result.json").read_text())
    # the flags that change the last bits by themselves
    values = [f for f in facts["flags"] if f.startswith(("-march", "-mfma", "-mno-fma", "-ffp"))]
    original = [clang, "-O3", *values, optimised / "gemm.c", "-lm"]
    subprocess.run([*original, "-o", tmp_path / "gemm"], check=True)
    assert digest(moved / "gemm", 77) == digest(tmp_path / "gemm", 77)
    left = {p.name for p in moved.rglob("*") if p.is_file()}
    assert left == {"gemm", "build.sh", "result.json", *facts["files"]}
    assert facts["speedup"] > 2 and facts["guarantee"] == "tested" and facts["measured_again"]


def test_the_patch_applies(optimised: Path, tmp_path: Path) -> None:
    copy = kernel(tmp_path)
    patch = optimised / "gemm.optimized" / "changes.patch"
    subprocess.run(["patch", "-p1", "-s", "-i", patch], cwd=copy, check=True)
    changed = (optimised / "gemm.optimized" / "gemm.c").read_text()
    assert (copy / "gemm.c").read_text() == changed != (ROOT / "kernels" / "gemm.c").read_text()


def test_rows(optimised: Path) -> None:
    every = rows(optimised)
    assert [r["role"] for r in every] == ["original", *["baseline"] * 2, *["proposal"] * 4, "best"]
    assert len({r["session"] for r in every}) == 1 and {r["program"] for r in every} == {"gemm"}
    proposals = [r for r in every if r["role"] == "proposal"]
    assert [r["candidate"] for r in proposals] == [1, 2, 3, 4]
    original = every[0]["run_id"]
    for row in proposals:
        assert row["parent"] == original and row["iteration"] == 1 and row["sandboxed"]
        assert row["moves"] and row["reason"] and row["expected"] and row["summary_sha256"]
        parts = row["compile_seconds"] + row["run_seconds"]
        assert 0 < parts <= row["trial_seconds"]
        if row["speedup"] and row["pairs"]:
            assert row["speedup_low"] <= row["speedup"] <= row["speedup_high"]
            assert row["seconds"] and row["seconds_before"]
            # none where the kernel takes less than the clock of a process tells
            assert row["cpu_seconds"] is None or row["cpu_seconds"] > 0
            clocks = {"CPU time"} if row["load"] else {"CPU time", "kernel time"}
            assert row["clock"] in clocks
    best = every[-1]
    assert best["outcome"] == "faster" and best["speedup_original"] > 2
    assert best["moves"] == [r for r in proposals if r["outcome"] == "accepted"][-1]["moves"]
    kept = optimised / "data" / "cache" / "summaries"
    assert (kept / f"{proposals[0]['summary_sha256']}.md").read_text().startswith("#")


def test_what_was_seen_is_recorded_and_what_paid_is_told(optimised: Path, corr: Corr) -> None:
    tried = {row["rule"]: row for row in rows(optimised, where="role = 'proposal'")}
    nest = tried["nest split"]
    # after nothing but a baseline that gained much
    assert nest["candidate"] <= 2
    assert nest["from_original"]
    for row in tried.values():
        assert row["evidence"][0] == "stride" and "bound by dependencies" in row["evidence"]
        assert "remark CantReorderFPOps" in row["evidence"] and row["learned"] is None
    told = corr("recipes", "--where", "stride", "--format", "json", cwd=optimised)
    paid = {r["rule"]: r for r in json.loads(told.stdout)}
    assert paid["nest split"]["won_on"] == ["gemm"] and paid["nest split"]["gain"] > 2


@pytest.mark.long
def test_the_next_program_meets_first_what_won(optimised: Path, corr: Corr, tmp_path: Path) -> None:
    kernel(tmp_path, "syrk.c")
    shutil.copytree(optimised / "data", tmp_path / "data")
    more = ("--run-args", "--size 300", "--proposer", "rules", "--iterations", "1")
    done = corr("optimize", "syrk.c", *more, "--candidates", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = rows(tmp_path, where="program = 'syrk' AND role = 'proposal'")
    assert row["rule"] == "nest split" and row["outcome"] == "accepted" and row["speedup"] > 2
    assert row["learned"].startswith("tried first, as it won 1 of 1 time on loops")
    assert row["learned"] in done.stderr


def test_checks_are_recorded(optimised: Path) -> None:
    query = """
        SELECT checks.* FROM checks JOIN iterations USING (session, iteration, candidate)
        WHERE outcome = 'accepted' AND role = 'proposal'
    """
    found = ask(Lake.open(optimised / "data"), query).to_pylist()
    assert all(check["ok"] for check in found)
    outputs = [c for c in found if c["kind"] == "output"]
    assert len({c["input"] for c in outputs}) >= 5 and sum(c["held_out"] for c in outputs) >= 2
    assert {c["held_out"] for c in found if c["kind"] == "sanitizer"} == {False, True}


def test_run_json(optimised: Path) -> None:
    runs = Lake.open(optimised / "data").all_runs()
    assert [r.facts.kind for r in runs] == ["optimize", "iteration", "optimize"]
    assert [r.facts.role for r in runs] == ["original", None, "best"]
    assert [r.facts.iteration for r in runs] == [0, 1, None]
    assert len({r.facts.session for r in runs}) == 1
    assert runs[1].table("loops").num_rows > 0  # type: ignore[union-attr]


@pytest.mark.parametrize("format", ["table", "json", "jsonl", "csv", "markdown"])
def test_history(optimised: Path, corr: Corr, format: str) -> None:
    shown = corr("history", "gemm", "--format", format, cwd=optimised)
    assert shown.returncode == 0, shown.stderr
    for word in ("original", "-march=native", "iteration 1", "best"):
        assert word in shown.stdout
    if format == "json":
        stages = json.loads(shown.stdout)
        assert [s["stage"] for s in stages][-2:] == ["iteration 1", "best"]
        assert stages[-2]["tried"] == 4 and stages[-1]["speedup_original"] > 2
        assert stages[-1]["seconds"] < stages[0]["seconds"]
    if format == "table":
        assert shown.stdout == (optimised / "stdout").read_text()
        assert all(len(line) < 250 for line in shown.stdout.splitlines() if "iteration" in line)


def test_history_of_all_and_of_none(optimised: Path, corr: Corr, tmp_path: Path) -> None:
    every = json.loads(corr("history", "--all", "--format", "json", cwd=optimised).stdout)
    assert [(s["program"], s["tried"]) for s in every] == [("gemm", 4)] and every[0]["speedup"] > 2
    assert corr("history", "nothing", cwd=optimised).returncode == 2
    Lake.open(tmp_path / "data", create=True)
    assert "holds no optimisation" in corr("history", cwd=tmp_path).stderr


def test_a_source_that_changed_is_not_taken_up(optimised: Path, corr: Corr, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(optimised, copy)
    text = (optimised / "gemm.c").read_text()
    try:
        (optimised / "gemm.c").write_text(text + "\n/* changed */\n")
        for files in ([], ["gemm.c", "--run-args", "--size 300"]):
            done = corr("optimize", *files, "--resume", "last", cwd=optimised)
            assert done.returncode in (1, 2) and "gemm.c changed since" in done.stderr
    finally:
        (optimised / "gemm.c").write_text(text)
    done = corr("optimize", "gemm.c", "--resume", "last", cwd=optimised)
    assert done.returncode == 2 and "was run with --size 300" in done.stderr


def test_a_folder_of_the_users_is_not_written_to(tmp_path: Path, corr: Corr) -> None:
    kernel(tmp_path)
    done = corr(*GEMM, "-o", ".", cwd=tmp_path)
    assert done.returncode == 2 and "no result of corr optimize" in done.stderr


# --- interrupted ---------------------------------------------------------------------------------


def started(*args: str, cwd: Path, **more: str) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CORR_")}
    return subprocess.Popen(
        [sys.executable, "-m", "corr", *args],
        cwd=cwd,
        env=environment | {"PYTHONPATH": str(ROOT)} | more,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def until(process: subprocess.Popen[str], words: str) -> str:
    """What it said until it says these words."""
    said = ""
    assert process.stderr is not None
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it ended without {words!r}:\n{said}")


@pytest.mark.long
def test_an_interrupt_keeps_what_is_done(tmp_path: Path, corr: Corr) -> None:
    kernel(tmp_path)
    process = started(*GEMM, cwd=tmp_path)
    until(process, "accepted")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 130, said
    check_kept(tmp_path, said)
    again = ("optimize", "--resume", "last", "--iterations", "1", "--candidates", "1")
    done = corr(*again, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len({r["session"] for r in rows(tmp_path)}) == 1
    later = rows(tmp_path, "iteration, moves", "role = 'proposal'")
    assert {r["iteration"] for r in later} == {1, 2}
    assert len({r["moves"] for r in later}) == len(later), "nothing is tried again"
    best = rows(tmp_path, "speedup_original", "role = 'best'")
    assert len(best) == 1 and best[0]["speedup_original"] > 2
    facts = json.loads((tmp_path / "gemm.optimized" / "result.json").read_text())
    assert facts["measured_again"]


def check_kept(folder: Path, said: str) -> None:
    """What was accepted is committed, once, and written out."""
    assert "interrupted; what was done is kept" in said and "not measured again" in said
    found = rows(folder, "run_id, outcome, candidate", "role = 'proposal'")
    assert any(r["outcome"] == "accepted" for r in found)
    assert len({r["run_id"] for r in found}) == 1, "committed once"
    assert (folder / "gemm.optimized" / "build.sh").exists()
    assert not list((folder / "data" / ".staging").glob("*"))


def test_a_kill_while_the_model_is_waited_for(tmp_path: Path) -> None:
    kernel(tmp_path)
    text = (ROOT / "kernels" / "gemm.c").read_text()
    first = text.index("    for (int i = 0; i < n; i++)")
    old = text[first : text.index("}\n}", first) + 2]
    new = (
        "    for (int i = 0; i < n; i++) {\n"
        "        for (int j = 0; j < n; j++) C[i][j] *= beta;\n"
        "        for (int k = 0; k < n; k++)\n"
        "            for (int j = 0; j < n; j++) C[i][j] += alpha * A[i][k] * B[k][j];\n    }\n"
    )
    with ModelServer([proposals(source("gemm.c", (old, new))), hanging()]) as server:
        arguments = (*GEMM[:4], "--proposer", "llm", "--candidates", "2")
        process = started(*arguments, cwd=tmp_path, **server.environment)
        until(process, "accepted")
        while len(server.requests) < 2:
            time.sleep(0.05)
        process.terminate()
        _, said = process.communicate(timeout=300)
    assert process.returncode == 130, said
    check_kept(tmp_path, said)


def test_a_kill_leaves_nothing_half_done(tmp_path: Path) -> None:
    kernel(tmp_path)
    process = started(*GEMM, cwd=tmp_path)
    until(process, "  1.1")
    process.kill()
    process.communicate(timeout=300)
    lake = Lake.open(tmp_path / "data")
    assert [r.facts.kind for r in lake.all_runs()] == ["optimize"]
    assert {r["role"] for r in rows(tmp_path)} == {"original", "baseline"}
    lake.clean_staging()
    assert not list((tmp_path / "data" / ".staging").glob("*"))
