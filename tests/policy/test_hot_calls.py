"""Hot calls of a program decided otherwise, and the program timed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.store import Lake
from corr.policy import hot_calls
from corr.policy.hot_calls import Faster, HotPath, Search
from corr.program.model import Program, Run, Unit
from tests.support.call_programs import TEN_CALLS
from tests.support.command import Corr


def test_the_hot_calls_come_first_and_are_turned_round(ten_calls_lake: Path) -> None:
    opened = Lake.open(ten_calls_lake / "data")
    calls = hot_calls.hot_calls(opened, opened.find("last"))
    assert [call.callee for call in calls[:3]] == ["churn"] * 3
    assert all(call.decisions[0].inlined for call in calls[:3]), "LLVM keeps them"
    shares = [call.share for call in calls]
    assert shares == sorted(shares, reverse=True) and shares[-1] >= hot_calls.LEAST_SHARE
    assert {call.unit for call in calls} == {"calls.c"}
    assert "skip" not in {call.callee for call in calls}, "an attribute decides"


def test_a_variant_is_the_program_with_that_call_turned_round(
    ten_calls_lake: Path, tools: Toolchain, tmp_path: Path
) -> None:
    opened = Lake.open(ten_calls_lake / "data")
    churns = hot_calls.hot_calls(opened, opened.find("last"))[:3]
    unit = Unit(ten_calls_lake / "calls.c", ten_calls_lake, ("-O2",))
    program = Program(
        "calls", (unit,), ("-lm",), Run(("3",), directory=ten_calls_lake), ten_calls_lake
    )
    search = Search(program, tools, tmp_path / "builds", None)
    original = search._output(search._original)
    for name, calls in (("one", churns[:1]), ("two", churns[:2])):
        built = search._build(name, calls)
        symbols = subprocess.run(["nm", built], capture_output=True, text=True).stdout
        assert (" t churn" in symbols) == (name == "one"), "LLVM inlines the last call by itself"
        assert search._output(built) == original
    outcome = Faster()
    path = HotPath(search, churns, original, outcome)
    path.kept, path.best = tuple(churns[:2]), built
    assert not path._ready(path.bandit.arms[2])
    assert outcome.tried[-1].why == "the machine code is the same" and not outcome.tried[-1].kept
    path = HotPath(search, churns, b"something else", outcome)
    assert not path._ready(path.bandit.arms[0]) and not path._ready(path.bandit.arms[0])
    assert outcome.tried[-1].why == "the program prints something else"
    assert len(outcome.tried) == 2, "each once"


def test_a_call_that_hardly_runs_has_little_of_the_time(tmp_path: Path, corr: Corr) -> None:
    """Three calls of one function on lines that run equally often, one of them one time in 100."""
    often = "if (r % 10) sum ^= churn(v, 4096, r); else sum += churn(v, 4096, r);"
    head, _, rest = TEN_CALLS.partition("        sum += chew(v, 4096);")
    rarely = "if (r % 100 == 0) sum += churn(v, 4096, sum);"
    text = f"{head}        {often}\n        {rarely}\n    }}" + rest.partition("\n    }")[2]
    (tmp_path / "calls.c").write_text(text)
    words = ("calls.c", "--decisions", "--repeat", "1", "--run-args", "1000", "--no-cachegrind")
    done = corr("collect", *words, "--", "-O2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lake = Lake.open(tmp_path / "data")
    shares = [
        call.share
        for call in hot_calls.hot_calls(lake, lake.find("last"), 0.0)
        if call.callee == "churn"
    ]
    assert shares == pytest.approx([90 * shares[2], 10 * shares[2], shares[2]]) and shares[2] > 0


def test_a_run_without_decisions_says_what_to_do(gemm_lake: Path, corr: Corr) -> None:
    done = corr("policy", "improve", "a", "--objective", "time", cwd=gemm_lake)
    assert done.returncode == 2 and "--decisions" in done.stderr


@pytest.mark.timed
def test_what_is_written_down_was_faster_at_the_end(
    ten_calls_lake: Path, corr: Corr, tools: Toolchain, tmp_path: Path
) -> None:
    """Whatever this machine allows one to say, nothing is kept that the last word refutes."""
    words = ("policy", "improve", "last", "--objective", "time", "--flips", "1", "--format", "json")
    more = ("--held-out-args", "300", "-o", tmp_path / "use", "--data", ten_calls_lake / "data")
    done = corr(*words, *more, cwd=ten_calls_lake)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) == 1 and all(row["kept"] == (row["to"] < 1) for row in rows)
    ends = [float(n) for n in re.findall(r"held-out arguments: .* to ([\d.]+)\)", done.stderr)]
    written = tmp_path / "use" / "inlining.json"
    assert written.exists() == bool(ends and ends[0] < 1)
    if written.exists():
        flags = json.loads(written.read_text())["calls"]["calls.c"]
        argv = [
            tools.path("clang"),
            "-O2",
            *flags,
            "-c",
            ten_calls_lake / "calls.c",
            "-o",
            tmp_path / "a.o",
        ]
        assert subprocess.run(argv).returncode == 0
