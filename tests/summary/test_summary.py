"""`corr summary`: its numbers are SQL's, its size is kept, and runs that lack something are described as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from collectors.base.errors import UsageError
from corr.console.output import shown
from corr.lake.sql import connect, rows
from corr.lake.store import Lake
from corr.summary.summarise import Attempt, Level, summarise, tokens
from tests.support.places import FIXTURES
from tests.support.summaries import blocks, changed, table


def test_the_numbers_are_those_of_sql(gemm: Lake) -> None:
    run = gemm.find("a")
    text = summarise(gemm, run, budget=20_000).text
    sql = connect(gemm, [run])

    listed = {row["loop"]: row for row in table(text, "loop")}
    expected = rows(sql, "FROM hotspots WHERE loop LIKE 'kernel_gemm/%'")
    assert listed.keys() == {row["loop"] for row in expected} and len(expected) == 3
    for row in expected:
        cells = listed[row["loop"]]
        assert cells["line"] == row["place"].rsplit(":", 1)[1]
        assert cells["share"] == shown(row["share"], "percent")
        assert cells["entered"] == shown(row["entries"], "count")
        assert cells["iterations"] == shown(row["iterations"], "count")
        assert cells["mean trips"] == shown(row["trip_count"], "count")
        assert cells["ns/iteration"] == shown(row["ns_per_iteration"])
        assert cells["unrolled by"] == shown(row["unroll"])
        assert cells["model cycles"] == shown(row["mca_cycles"])
    nest = sum(row["share"] or 0 for row in expected)
    assert f"### 1. `kernel_gemm/1`: {shown(nest, 'percent')} of the time" in text

    (times,) = rows(sql, "SELECT median(wall) AS w, median(kernel_seconds) AS k FROM timings")
    assert f"{shown(times['w'])} s wall, of it {shown(times['k'])} s that" in text
    for row in rows(sql, "FROM counters WHERE value IS NOT NULL"):
        assert re.search(rf"`{row['event']}` {re.escape(shown(row['value']))}[, \n]", text)
    (model,) = rows(
        sql,
        "SELECT m.*, l.symbol FROM loop_mca l2 JOIN mca m USING (machine_loop)"
        " JOIN machine_loops l USING (machine_loop) WHERE l2.loop = 'kernel_gemm/1.1.1'",
    )
    assert f"{model['instructions']} instructions in `{model['symbol']}`" in text
    assert f"{shown(model['cycles_per_iteration'])} cycles, IPC {shown(model['ipc'])}" in text
    code = rows(
        sql,
        "SELECT mnemonic, line FROM instructions WHERE machine_loop = ? ORDER BY address",
        model["machine_loop"],
    )
    assert [r["instruction"] for r in asm(text)] == [r["mnemonic"] for r in code]
    nests = re.findall(r"^### \d\. `(\w+/\d+)`", text, re.MULTILINE)
    (left,) = rows(
        sql,
        "SELECT count(*) AS n, sum(share) AS share FROM hotspots WHERE loop IS NOT NULL"
        " AND NOT list_contains(?, regexp_extract(loop, '^\\w+/\\d+'))",
        nests,
    )
    assert f"… {left['n']} more loops, {shown(left['share'] or 0, 'percent')} of the time" in text


def asm(text: str) -> list[dict[str, str]]:
    block = next(b for b in blocks(text) if b.startswith("samples  latency"))
    found = [re.match(r"^\s*(?:\d+\s+){1,2}([a-z]\w+)", line) for line in block.splitlines()[1:]]
    return [{"instruction": m[1]} for m in found if m]


def test_heat_and_remarks_are_those_of_sql(gemm: Lake) -> None:
    run = gemm.find("a")
    text = summarise(gemm, run, budget=20_000).text
    sql = connect(gemm, [run])
    (listing,) = [b for b in blocks(text) if "kernel_gemm(int n" in b]
    heat = rows(
        sql,
        "SELECT line, sum(count) / (SELECT sum(count) FROM samples) AS share FROM samples"
        " WHERE file LIKE '%gemm.c' AND line IS NOT NULL GROUP BY line",
    )
    hot = {r["line"]: shown(r["share"], "percent") for r in heat if r["share"] >= 0.0005}
    found = re.findall(r"^ *([\d.]+%) +(\d+)\|", listing, re.MULTILINE)
    assert {int(line): share for share, line in found} == hot and hot
    for row in rows(sql, "FROM source WHERE file LIKE '%gemm.c' AND line BETWEEN 14 AND 23"):
        assert f"{row['line']}|{row['text']}\n" in listing

    said = next(b for b in blocks(text) if b.startswith("- loop-vectorize"))
    missed = rows(
        sql,
        "SELECT pass, words, min(line) AS line, sum(count)::INT AS count FROM missed"
        " WHERE loop = 'kernel_gemm/1.1.1' AND weight <> 2 GROUP BY pass, words, weight"
        " ORDER BY weight, pass, words",
    )
    lines = [
        f"- {r['pass']}, line {r['line']}: {r['words']}" + (f" ({r['count']}×)" * (r["count"] > 1))
        for r in missed
    ]
    assert said.splitlines()[: len(lines)] == lines and len(lines) >= 3


def test_a_missing_counter_is_named_with_its_reason(gemm: Lake, tmp_path: Path) -> None:
    def gone(row: dict[str, Any]) -> dict[str, Any]:
        lost = row["event"] == "page-faults"
        return row | ({"value": None, "reason": "the counter broke"} if lost else {})

    run = changed(gemm, gemm.find("a"), tmp_path, counters=gone)
    text = summarise(Lake.open(tmp_path / "data"), run).text
    line = next(line for line in text.splitlines() if "the counter broke" in line)
    assert line.startswith("- not available: ") and "page-faults" in line
    assert not re.search(r"`page-faults` [\d.]", text)


@pytest.mark.parametrize("level", list(Level))
def test_the_budget_is_kept(gemm: Lake, level: Level) -> None:
    run = gemm.find("a")
    history = [Attempt(i, 0, f"move {i}", "flags", "same", "x" * 150) for i in range(40)]
    before = 0
    for budget in (300, 500, 2000, 10_000):
        found = summarise(gemm, run, budget=budget, level=level, history=history)
        assert found.tokens == tokens(found.text) <= budget
        assert "kernel_gemm/1" in found.text and len(found.text) > before
        assert ("Left out, to stay within" in found.text) == (budget < 10_000)
        before = len(found.text)
    if level == Level.ir:
        assert "define " in found.text and "getelementptr" in found.text
    assert "mulsd" in found.text and "loop not vectorized" in found.text


def test_what_matters_most_is_there_at_500_tokens(gemm: Lake) -> None:
    text = summarise(gemm, gemm.find("a"), budget=500).text
    for needed in (
        "-O3",
        "kernel_gemm/1.1.1",
        "cannot prove it is safe to reorder floating-point operations",
        "C[i][j] += alpha * A[i][k] * B[k][j];",
        "Left out, to stay within 500 tokens: ",
    ):
        assert needed in text


def test_tokens_are_not_estimated_low() -> None:
    # counted by hand as the vocabularies with single digits do: a token for each digit
    assert tokens("1234567890") == 10
    assert tokens("a cat sat") == 3
    assert tokens("%v1 = add i64 %v2, 1") >= 12
    assert tokens("vectorization") >= 3
    assert tokens("x" * 350) == 100


def test_a_run_that_was_not_run(walks: Lake) -> None:
    """Address steps are right; nothing that was not measured has a number."""
    found = summarise(walks, walks.find(), budget=20_000)
    assert "time: not measured\n" in found.text
    assert "`not run (--no-run), or imported`" in found.text and "of the time:" not in found.text
    assert "%" not in re.sub(r"(?s)```.*?```|`[^`\n]*`", "", found.text)
    steps = "\n".join(b for b in blocks(found.text) if b.startswith("line "))
    assert re.search(r"moving 1024 bytes, using 8 of them|moving 4096 bytes", steps)
    assert re.search(r"1 load of 4 bytes, moving 4 bytes \(dense\)", steps)
    assert re.search(r"1 load of 8 bytes, at an address computed or loaded anew", steps)
    assert re.search(r"moving by a distance known only at run time", steps)


def test_without_artifacts_the_ir_is_not_available(walks: Lake) -> None:
    text = summarise(walks, walks.find(), level="ir", budget=20_000).text
    assert "not available: the run kept no optimised module" in text
    given = {"main": "define i32 @main() {\n  ret i32 7, !dbg !3\n}\n"}
    text = summarise(walks, walks.find(), level="ir", ir=given, budget=20_000).text
    assert "define i32 @main() {\n  ret i32 7\n}" in text


def test_an_imported_profile(tmp_path: Path, corr: Any) -> None:
    """No compiler, no processor, no loop: said, and nothing made up."""
    profile = FIXTURES / "caliper" / "small.cali"
    assert corr("import", "caliper", profile, cwd=tmp_path).returncode == 0
    done = corr("summary", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("`compiler not known`", "processor: `not known`", "The run has no loops."):
        assert words in done.stdout


def test_unknown_names_are_usage_errors(gemm: Lake, gemm_lake: Path, corr: Any) -> None:
    run = gemm.find("a")
    with pytest.raises(UsageError, match="no place called") as wrong:
        summarise(gemm, run, loop="kernel_gemm/1.1.2")
    assert wrong.value.fix == "did you mean kernel_gemm/1.1.1?"
    with pytest.raises(UsageError, match="no level"):
        summarise(gemm, run, level="asm")
    with pytest.raises(UsageError, match="too few"):
        summarise(gemm, run, budget=10)
    done = corr("summary", "nothing", cwd=gemm_lake)
    assert done.returncode == 2 and "no run is called 'nothing'" in done.stderr
