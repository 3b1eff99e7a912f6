"""How often single calls ran, against counters that were put in by hand."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Corr
from tests.support.counted_calls import CONDITIONS, OBJECTS, Place, counting
from tests.support.shared import made_once

#: Enough for some samples.
N = 200_000
ROUNDS = str(N)


@pytest.fixture(scope="session")
def counted_lake(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A folder whose lake holds one collect of each of the two programs."""

    def fill(folder: Path) -> None:
        for name, text in (("conditions.c", CONDITIONS), ("objects.cpp", OBJECTS)):
            (folder / name).write_text(text)
            words = (name, "--repeat", "1", "--run-args", ROUNDS, "--no-cachegrind")
            done = corr("collect", *words, "--", "-O2", cwd=folder)
            assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "counted-calls", fill)


def sites(corr: Corr, folder: Path, run: str, where: str) -> list[dict[str, Any]]:
    statement = f'SELECT * FROM call_sites WHERE {where} ORDER BY line, "column", callee'
    done = corr("sql", statement, "--run", run, "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    listed: list[dict[str, Any]] = json.loads(done.stdout)
    return listed


def by_hand(clang: str, folder: Path) -> dict[Place, int]:
    """How often each call of `hot` ran, by where it is written: counters in a copy."""
    text, places = counting(CONDITIONS, "hot")
    source, program = folder / "by_hand.c", folder / "by_hand"
    source.write_text(text)
    subprocess.run([clang, "-O1", "-w", source, "-o", program], check=True)
    said = subprocess.run([program, ROUNDS], check=True, capture_output=True, text=True).stdout
    _, *counts = said.split()
    return dict(zip(places, map(int, counts), strict=True))


def test_calls_under_conditions_are_counted_each_by_itself(
    counted_lake: Path, corr: Corr, clang: str, tmp_path: Path
) -> None:
    truth = by_hand(clang, tmp_path)
    found = {
        (row["line"], row["column"]): row["calls"]
        for row in sites(corr, counted_lake, "conditions", "callee = 'hot'")
    }
    lines = CONDITIONS.splitlines()
    body = {
        place: count for place, count in truth.items() if not lines[place[0] - 1].startswith("#")
    }
    (once,) = [count for place, count in truth.items() if "CALL" in lines[place[0] - 1]]
    inside = "WHEN(i % 7 == 0, hot(i))"
    at = {
        text: (number, line.encode().index(text.encode()) + 1)
        for number, line in enumerate(lines, 1)
        for text in ("CALL(i)", "CHECK(i)", "TWICE(i)", inside)
        if text in line
    }
    argument = (at[inside][0], at[inside][1] + inside.index("hot"))
    told = body | {at["CALL(i)"]: once, at["CHECK(i)"]: None, at["TWICE(i)"]: None, argument: None}
    assert found == told
    assert len(set(body.values())) > 12, "no two conditions alike"


def test_the_time_of_a_callee_is_divided_by_those_counts(counted_lake: Path, corr: Corr) -> None:
    rows = sites(corr, counted_lake, "conditions", "callee = 'hot'")
    known = [row for row in rows if row["calls"] is not None]
    for row in rows:
        assert (
            (row["callee_share"] is None)
            == (row["calls"] is None)
            == (row["calls_why"] is not None)
        )
    (whole,) = json.loads(
        corr(
            "sql", "SELECT sum(count) FILTER (symbol = 'hot') / sum(count) AS share FROM samples",
            "--run", "conditions", "--format", "json", cwd=counted_lake,
        ).stdout
    )  # fmt: skip
    (entered,) = json.loads(
        corr(
            "sql", "SELECT max(function_count) AS n FROM execution_regions WHERE function = 'hot'",
            "--run", "conditions", "--format", "json", cwd=counted_lake,
        ).stdout
    )  # fmt: skip
    assert whole["share"] > 0
    for row in known:
        part = whole["share"] * row["calls"] / entered["n"]
        assert row["callee_share"] == pytest.approx(part) == row["most_share"]
    rest = whole["share"] * (1 - sum(row["calls"] for row in known) / entered["n"])
    assert all(row["most_share"] == pytest.approx(rest) for row in rows if row["calls"] is None), (
        "what the others leave"
    )


def test_instances_lambdas_and_ends_of_blocks(counted_lake: Path, corr: Corr) -> None:
    rows = sites(corr, counted_lake, "objects", "file LIKE '%objects.cpp'")
    lines = OBJECTS.splitlines()
    counts = {(row["callee"], lines[row["line"] - 1].strip()): row["calls"] for row in rows}
    run = "if (i % 4 == 0) s += (unsigned)heavy<T>(x + i);"
    assert counts["_Z5heavyIjET_S0_", run] == N / 4 and counts["_Z5heavyIdET_S0_", run] == 3 * N / 4
    lambda_ = "auto f = [&](unsigned y) { return y % 2 ? heavy<unsigned>(y) : 1u; };"
    assert counts["_Z5heavyIjET_S0_", lambda_] == 3 * N / 2
    inner = "if (i % 3 == 1) { Guard h(t); t ^= 5; }"
    assert counts["_ZN5GuardC2ERj", "Guard g(t);"] == N
    assert counts["_ZN5GuardC2ERj", inner] == counts["_ZN5GuardD2Ev", inner] == (N + 1) // 3
    assert counts["_ZN5GuardD2Ev", "}"] == N, "it is left early, too"


def test_what_a_range_or_an_array_calls_has_no_number(counted_lake: Path, corr: Corr) -> None:
    rows = sites(corr, counted_lake, "objects", "file LIKE '%objects.cpp'")
    lines = OBJECTS.splitlines()
    told = {lines[row["line"] - 1].strip(): row for row in rows}
    ranged = [row for row in rows if "for (unsigned x : q)" in lines[row["line"] - 1]]
    assert len(ranged) == 5 and all(row["calls"] is None for row in ranged)
    cell = told["Cell cells[4];"]
    assert cell["calls"] is None and cell["calls_why"] == "its callee was called more often"


def test_what_only_an_exception_calls_has_no_number(counted_lake: Path, corr: Corr) -> None:
    """A function that may not throw ends the program if what it calls does."""
    rows = sites(corr, counted_lake, "objects", "callee = '__clang_call_terminate'")
    assert rows and all(row["calls"] is None for row in rows)
    (loud,) = sites(corr, counted_lake, "objects", "callee LIKE '_Z4loud%'")
    assert loud["calls"] == N


def test_calls_through_pointers_have_their_part_of_the_time(counted_lake: Path, corr: Corr) -> None:
    """Two of three come through a pointer: a third of the time is that of the one that is named."""
    (call,) = sites(corr, counted_lake, "objects", "callee LIKE '_Z7pointed%'")
    samples = (
        "SELECT coalesce(sum(count) FILTER (symbol LIKE '_Z7pointed%'), 0) / sum(count) AS share"
        " FROM samples"
    )
    done = corr("sql", samples, "--run", "objects", "--format", "json", cwd=counted_lake)
    (whole,) = json.loads(done.stdout)
    assert call["calls"] == N and whole["share"] > 0
    assert call["callee_share"] == pytest.approx(whole["share"] / 3)


def test_the_command_says_why_there_is_no_number(counted_lake: Path, corr: Corr) -> None:
    done = corr("decisions", "conditions", "--limit", "40", cwd=counted_lake)
    assert done.returncode == 0, done.stderr
    assert (
        "(how often it is called here is not known: several calls are at its place)" in done.stdout
    )
