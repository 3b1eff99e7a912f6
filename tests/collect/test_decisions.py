"""Calls as four layers see them: the decision, the remark, the inline frame, the samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.call_programs import TEN_CALLS
from tests.support.command import Corr

CALLEES = ("mix", "chew", "churn", "skip")


def rows(corr: Corr, folder: Path, statement: str) -> list[dict[str, Any]]:
    done = corr("sql", statement, "--run", "last", "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    listed: list[dict[str, Any]] = json.loads(done.stdout)
    return listed


def planted() -> set[tuple[str, int]]:
    """(callee, line) of every call that the source has, read from its text."""
    found = set()
    for number, line in enumerate(TEN_CALLS.splitlines(), 1):
        if not line.startswith(("static", "__attribute__", "int main")):
            found |= {(name, number) for name in CALLEES if f"{name}(" in line}
    return found


def test_there_are_ten_calls_and_each_is_a_row(ten_calls_lake: Path, corr: Corr) -> None:
    assert len(planted()) == 10
    found = rows(corr, ten_calls_lake, "SELECT callee, line, inlined, kept FROM call_sites")
    ours = [row for row in found if row["callee"] in CALLEES]
    assert {(row["callee"], row["line"]) for row in ours} == planted() and len(ours) == 10
    assert {row["callee"] for row in ours if row["kept"]} == {"churn", "skip"}
    assert {row["callee"] for row in ours if row["inlined"]} == {"mix", "chew"}


def test_why_a_call_is_kept_and_how_often_one_is_copied(ten_calls_lake: Path, corr: Corr) -> None:
    found = rows(corr, ten_calls_lake, "SELECT callee, said, copies, bytes FROM call_sites")
    ours = [row for row in found if row["callee"] in CALLEES]
    assert {row["said"] for row in ours if row["callee"] == "skip"} == {
        "noinline function attribute"
    }
    assert all(row["copies"] >= 1 for row in ours if row["bytes"])


def test_decision_remark_and_frame_agree(ten_calls_lake: Path, corr: Corr) -> None:
    """Each inlined call has a frame at its place in its caller's code; no call that is kept has."""
    decided = rows(
        corr, ten_calls_lake,
        "SELECT d.caller, d.callee, d.line, d.inlined, d.cost, d.threshold, count(r.name) AS remarks,"
        " any_value(r.tag) AS tag FROM decisions d LEFT JOIN remarks r ON r.pass = 'inline'"
        " AND r.function = d.caller AND r.line = d.line AND r.\"column\" = d.\"column\""
        " AND list_contains(list_transform(r.args, lambda a: a.value), d.callee) GROUP BY ALL",
    )  # fmt: skip
    assert len(decided) == len({(r["callee"], r["line"]) for r in decided})
    frames = rows(
        corr, ten_calls_lake,
        "SELECT DISTINCT symbol, frames[k].function AS callee, frames[k + 1].line AS line"
        " FROM (SELECT symbol, frames, unnest(range(1, len(frames))) AS k FROM instructions"
        " WHERE len(frames) > 1)",
    )  # fmt: skip
    framed = {(row["callee"], row["line"]) for row in frames if row["callee"] in CALLEES}
    for row in decided:
        assert row["remarks"] == 1 and (row["tag"] == "Passed") == row["inlined"], row
        if row["callee"] in CALLEES:
            assert ((row["callee"], row["line"]) in framed) == row["inlined"], row
    asked = {(row["callee"], row["line"]) for row in decided}
    assert asked >= {call for call in planted() if call[0] != "skip"}, "all that nothing forbids"


def test_samples_agree_with_those_of_the_loops_and_of_perf(
    ten_calls_lake: Path, corr: Corr
) -> None:
    """Found by the loops' places, and by the symbols as perf itself names them."""
    (loop,) = rows(corr, ten_calls_lake, "SELECT samples FROM sample_shares WHERE loop = 'chew/1'")
    (call,) = rows(
        corr,
        ten_calls_lake,
        "SELECT sum(inlined_samples)::INT AS n FROM call_sites WHERE callee = 'chew'",
    )
    assert loop["samples"] > 20 and abs(call["n"] - loop["samples"]) <= 0.1 * loop["samples"]
    for name in ("churn", "skip"):
        (perf,) = rows(
            corr,
            ten_calls_lake,
            f"SELECT sum(count)::INT AS n FROM samples WHERE symbol = '{name}'",
        )
        (call,) = rows(
            corr,
            ten_calls_lake,
            f"SELECT sum(callee_samples)::INT AS n FROM call_sites WHERE callee = '{name}'",
        )
        assert perf["n"] > 8 and abs(call["n"] - perf["n"]) <= 2, name
    kept = rows(
        corr, ten_calls_lake, "SELECT calls, callee_share FROM call_sites WHERE callee = 'churn'"
    )
    assert {row["calls"] for row in kept} == {400} and len(
        {row["callee_share"] for row in kept}
    ) == 1
    (decision,) = rows(
        corr, ten_calls_lake, "SELECT min(samples) AS n FROM decision_costs WHERE callee = 'churn'"
    )
    assert decision["n"] == sum(
        row["n"] for row in rows(corr, ten_calls_lake, "SELECT count AS n FROM samples WHERE function = 'churn' AND symbol = 'churn'")
    )  # fmt: skip


def test_the_command_says_it_in_words(ten_calls_lake: Path, corr: Corr) -> None:
    done = corr("decisions", "--limit", "3", cwd=ten_calls_lake)
    assert done.returncode == 0 and done.stdout.count("not inlined, ") == 3
    assert "of the time lies in the callee, which has" in done.stdout and "churn" in done.stdout
    done = corr("decisions", "--by", "time", "--format", "json", cwd=ten_calls_lake)
    assert json.loads(done.stdout)[0]["callee"] == "churn"
    done = corr("why", "calls.c:8", cwd=ten_calls_lake)
    assert "mix: inlined into" in done.stdout
    done = corr("why", "churn", cwd=ten_calls_lake)
    assert done.stdout.count("of the time lies in the callee") == 3


def test_the_summary_tells_a_model_of_them(ten_calls_lake: Path, corr: Corr) -> None:
    done = corr("summary", "last", cwd=ten_calls_lake)
    told = done.stdout.partition("## Hot calls that were not inlined")[2]
    assert told.count("- `churn` at `calls.c:") == 3 and "`skip`" not in told.split("## ")[0]


def test_the_report_has_a_section_of_them(ten_calls_lake: Path, corr: Corr, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = corr("report", "calls", "-o", page, cwd=ten_calls_lake)
    assert done.returncode == 0, done.stderr
    text = page.read_text().replace("<wbr>", "")  # where a long name may break
    section = text.partition('<section id="calls"')[2].partition("</section>")[0]
    assert section.count("churn") >= 3 and "TooCostly" in section and "calls.c:" in section


def test_a_run_without_it_has_the_calls_but_no_decisions(gemm_lake: Path, corr: Corr) -> None:
    assert not rows(corr, gemm_lake, "FROM decisions")
    assert rows(corr, gemm_lake, "SELECT callee FROM call_sites WHERE inlined > 0")
