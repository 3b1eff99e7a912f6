"""`corr optimize --proposer llm` against a scripted server: replies good and bad, the prompts, a replay."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.support.command import Corr
from tests.support.gemm_proposals import EDIT, FAST, alike, kernel, rows
from tests.support.model_server import (
    ModelServer,
    flags,
    huge,
    ir,
    pragma,
    proposals,
    source,
    whole,
    wrong_key,
)

pytestmark = pytest.mark.timed

KEY = "sk-loop-83ab11"
FIRST = proposals(source("gemm.c", EDIT), flags("-O3"), reason="interchange j and k", expected=5)
SECOND = json.dumps(
    {
        "candidates": [
            {"reason": "a", "move": source("gemm.c", ("", ""))},
            {"reason": "b", "move": whole("gemm.c", "setup", "int other(void) { return 1; }")},
            {"reason": "c", "move": pragma("gemm.c", 1, "clang loop unroll(full)")},
            {"reason": "d", "move": ir("gemm.c", "run", "define void @f() {\n}")},
        ]
    }
)
ORDER = ("--run-args", "--size 300", "--iterations", "4", "--candidates", "4", "--level", "auto")


class Told:
    """A session with replies good and bad, that ends as the server takes the key no more."""

    def __init__(self, folder: Path, corr: Corr) -> None:
        self.folder = kernel(folder)
        script = [FIRST, huge(10), SECOND, FIRST[: len(FIRST) // 2], wrong_key()]
        with ModelServer(script, key=KEY) as server:
            self.done = corr(
                *("optimize", "gemm.c", *ORDER, "--proposer", "llm"),
                cwd=folder,
                **server.environment,
            )
            self.prompts = [server.prompt(n) for n in range(len(server.requests))]
        self.rows = rows(folder)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Told:
    return Told(tmp_path_factory.mktemp("told"), corr)


def test_outcomes(told: Told) -> None:
    outcomes = [(r["iteration"], r["outcome"]) for r in told.rows]
    assert outcomes[:2] == [(1, "accepted"), (1, "same")], told.rows[0]["detail"]
    assert set(outcomes[2:]) <= {(1, "did not parse"), (2, "did not parse"), (2, "refused")}
    second = [r["outcome"] for r in told.rows if r["iteration"] == 2]
    assert second[:4] == ["did not parse", "refused", "refused", "refused"]
    first = told.rows[0]
    assert first["reason"] == "interchange j and k" and first["expected"] == 5
    assert first["speedup"] > 2 and first["model"] == "scripted"
    assert (first["prompt_tokens"], first["completion_tokens"]) == (1000, 200)


def test_a_server_that_fails_ends_it_with_what_is_done(told: Told) -> None:
    assert told.done.returncode == 5 and "refuses the key" in told.done.stderr
    assert KEY not in told.done.stderr + told.done.stdout
    facts = json.loads((told.folder / "gemm.optimized" / "result.json").read_text())
    assert facts["speedup"] > 2 and facts["measured_again"]
    assert "iteration 2" in told.done.stdout and "best" in told.done.stdout


def test_the_prompt_holds_the_summary_that_is_kept(told: Told) -> None:
    kept = told.folder / "data" / "cache" / "summaries"
    for row, prompt in ((told.rows[0], told.prompts[0]), (told.rows[-1], told.prompts[2])):
        content = (kept / f"{row['summary_sha256']}.md").read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["summary_sha256"]
        assert content.decode() in prompt
    assert told.rows[0]["summary_sha256"] != told.rows[-1]["summary_sha256"]


def test_the_history_goes_into_the_next_prompt(told: Told) -> None:
    assert "1.1 accepted" not in told.prompts[0]
    assert "1.1 accepted" in told.prompts[2] and "1.2 same" in told.prompts[2]
    assert "1.3 did not parse" in told.prompts[2]
    assert FAST.splitlines()[2].strip() in told.prompts[2], "the best so far is what it is shown"


@pytest.mark.long
def test_what_was_accepted_is_a_recipe_for_the_next_program(
    told: Told, corr: Corr, tmp_path: Path
) -> None:
    (kept,) = (told.folder / "data" / "recipes").iterdir()
    assert f"kept as the recipe {kept.stem}" in told.done.stderr
    alike(tmp_path)
    shutil.copytree(told.folder / "data", tmp_path / "data")
    more = ("--run-args", "--size 300", "--proposer", "rules", "--iterations", "1")
    done = corr("optimize", "prod.c", *more, "--candidates", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    row = next(r for r in rows(tmp_path) if r["program"] == "prod")
    assert (row["proposer"], row["rule"]) == ("recipes", f"recipe {kept.stem}")
    assert row["outcome"] == "accepted" and row["speedup"] > 1.5 and row["sandboxed"]
    assert "Z[row][col] += a * X[row][at] * Y[at][col]" in row["patch"]
    listed = corr("recipes", "--format", "json", cwd=tmp_path)
    first = json.loads(listed.stdout)[0]
    assert (first["rule"], first["won_on"]) == (f"recipe {kept.stem}", ["prod"])
    assert (first["found_for"], first["sessions"], first["won"]) == ("gemm", 1, 1)


def test_a_replay_needs_no_server(told: Told, corr: Corr) -> None:
    session = told.rows[0]["session"]
    done = corr("optimize", "--replay", session[:20], cwd=told.folder)
    assert done.returncode == 0, done.stderr
    again = [r for r in rows(told.folder) if r["session"] != session]
    assert [r["reason"] for r in again] == [r["reason"] for r in told.rows]
    assert [r["move"] for r in again] == [r["move"] for r in told.rows]
    assert all(r["cached"] for r in again) and not any(r["cached"] for r in told.rows)
    assert [r["summary_sha256"] for r in again] == [r["summary_sha256"] for r in told.rows]
