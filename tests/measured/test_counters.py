"""`perf stat`: what it says, what it leaves out, and what may never become a zero."""

from __future__ import annotations

import os
import stat
import statistics
from pathlib import Path

import pytest

from collectors.base import toolchain
from collectors.base.invocation import Invocation
from collectors.measured import counters

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "perf"


def rows_of(text: str, events=counters.EVENTS) -> dict[str, dict]:
    readings = counters.parse(text)
    return {row["event"]: row for row in counters.summarise(events, readings, {})}


def executable(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_machine_without_a_pmu() -> None:
    rows = rows_of((FIXTURES / "stat-no-pmu.txt").read_text())
    assert list(rows) == list(counters.EVENTS)
    hardware = set(counters.EVENTS) - counters.IN_SOFTWARE
    for event in hardware:
        assert rows[event].get("value") is None
        assert rows[event]["reason"] == "not supported on this machine (no PMU)"
        assert rows[event].get("running") is None  # perf says 100 %
    assert rows["task-clock"]["value"] == 0.449256
    assert rows["task-clock"]["unit"] == "msec"
    assert rows["page-faults"]["value"] == 49
    assert rows["context-switches"] == {
        "event": "context-switches", "repetitions": 1, "value": 0.0, "unit": "count",
        "running": 100.0,
    }  # fmt: skip


def test_hardware_counters_shared_missing_and_by_core() -> None:
    rows = rows_of((FIXTURES / "stat-hardware.txt").read_text())
    assert rows["cycles"]["value"] == 9512437281
    assert rows["cycles"]["running"] == 62.41
    assert rows["branches"]["value"] == 4021983310  # from branches:u
    assert rows["LLC-load-misses"]["reason"] == "not counted"
    assert rows["stalled-cycles-backend"]["reason"] == counters.NO_PMU
    assert rows["cpu_core/dTLB-load-misses/"]["value"] == 7400000000
    assert "cpu_core/dTLB-load-misses/" in rows["dTLB-load-misses"]["reason"]
    assert rows["page-faults"]["value"] == 73
    assert rows["cache-misses"]["reason"] == "perf did not report it"
    # In user mode only, the kernel's events always count 0: that is not a value.
    assert rows["context-switches"].get("value") is None
    assert rows["context-switches"]["reason"].startswith("permission: perf_event_paranoid=")


def test_decimal_commas() -> None:
    rows = rows_of((FIXTURES / "stat-decimal-comma.txt").read_text(), ["task-clock", "page-faults"])
    assert (rows["task-clock"]["value"], rows["task-clock"]["running"]) == (1234.5, 99.5)
    assert rows["page-faults"]["value"] == 73


def test_spread_is_the_relative_standard_deviation() -> None:
    line = '{{"counter-value" : "{}", "unit" : "", "event" : "cycles:u", "pcnt-running" : {}}}'
    counted = [(90.0, 50), (100.0, 70), (110.0, 90), ("<not counted>", 0)]
    row = rows_of("\n".join(line.format(*c) for c in counted))["cycles"]
    assert row["value"] == 100
    assert row["repetitions"] == 3
    assert row["spread"] == pytest.approx(100 * statistics.stdev([90, 100, 110]) / 100)
    assert row["running"] == 70


@pytest.mark.slow
def test_real_program_counts(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("x" * 1000)
    program = executable(tmp_path / "program", "test $(wc -c) = 1000 && echo to stderr >&2")
    invocation = Invocation(program, stdin=tmp_path / "in")
    table, problems = counters.measure(invocation, 3)
    rows = {row["event"]: row for row in table.to_pylist()}
    assert set(counters.EVENTS) <= set(rows)
    for row in rows.values():
        assert (row["value"] is None) == (row["reason"] is not None)
    assert rows["page-faults"]["repetitions"] == 3  # each repetition had the whole input
    assert rows["page-faults"]["value"] > 50
    assert 0.1 < rows["task-clock"]["value"] < 1000
    assert not any("failed" in p.what for p in problems)
    missing = {e for p in problems if p.count > 1 for e in p.where.split(", ")}
    assert missing == {e for e, row in rows.items() if row["reason"] == counters.NO_PMU}


@pytest.mark.slow
def test_failing_program(tmp_path: Path) -> None:
    # perf stat loses the status of a program that ends while perf itself starts up.
    program = executable(tmp_path / "program", "sleep 0.05; exit 7")
    table, problems = counters.measure(Invocation(program), 2, events=["task-clock"])
    assert table["value"].to_pylist() == [None]
    assert [p.what for p in problems][:2] == ["the run under perf stat failed: exit status 7"] * 2
    right = Invocation(program, ok_status=(7,))
    table, problems = counters.measure(right, 2, ["task-clock"])
    assert table["repetitions"].to_pylist() == [2]
    assert problems == []


@pytest.mark.slow
def test_unknown_event_does_not_spoil_the_others(tmp_path: Path) -> None:
    events = ["task-clock", "no-such-event", "page-faults"]
    table, _ = counters.measure(Invocation(executable(tmp_path / "p", "sleep 0.01")), 1, events)
    rows = {row["event"]: row for row in table.to_pylist()}
    assert rows["no-such-event"]["value"] is None
    assert (
        "no-such-event" in rows["no-such-event"]["reason"]
        or "perf refuses" in (rows["no-such-event"]["reason"])
    )
    assert rows["task-clock"]["value"] > 0
    assert rows["page-faults"]["value"] > 0


def test_without_perf(monkeypatch) -> None:
    monkeypatch.setattr(toolchain, "other", lambda _tool: None)
    table, problems = counters.measure(Invocation(Path("/bin/true")), 5)
    assert table["event"].to_pylist() == list(counters.EVENTS)
    assert set(table["value"].to_pylist()) == {None}
    assert set(table["reason"].to_pylist()) == {"perf is not installed"}
    assert "apt-get install" in problems[0].fix


@pytest.mark.slow
def test_perf_that_does_not_fit_the_kernel(tmp_path: Path, monkeypatch) -> None:
    fake = executable(
        tmp_path / "perf", "echo 'WARNING: perf not found for kernel 9.9' >&2; exit 2"
    )
    monkeypatch.setattr(toolchain, "other", lambda _tool: fake)
    table, problems = counters.measure(Invocation(Path("/bin/true")), 1)
    assert "perf not found for kernel 9.9" in table["reason"][0].as_py()
    assert len(problems) == 1


@pytest.mark.slow
def test_paranoid_kernel_is_counted_in_user_mode(tmp_path: Path, monkeypatch) -> None:
    """A perf that refuses what lacks `:u`, as under a kernel that hides itself."""
    real = toolchain.other("perf")
    assert real, "perf is not installed"
    fake = executable(
        tmp_path / "perf",
        f'case "$*" in *:u*|*"-e task-clock -- true") exec {real} "$@";; esac\n'
        "echo 'Error: No permission to enable event. perf_event_paranoid setting' >&2; exit 255",
    )
    monkeypatch.setattr(toolchain, "other", lambda _tool: fake)
    program = Invocation(executable(tmp_path / "p", "sleep 0.01"))
    table, problems = counters.measure(program, 1, ["page-faults", "cpu-migrations"])
    rows = {row["event"]: row for row in table.to_pylist()}
    assert rows["page-faults"]["value"] > 0
    assert rows["cpu-migrations"]["value"] is None
    assert rows["cpu-migrations"]["reason"].startswith("permission")
    assert any("user mode only" in p.what for p in problems)


@pytest.mark.slow
def test_environment_is_the_caller_s(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("CORR_TIMES", "x")
    program = executable(tmp_path / "p", 'test "$LC_ALL" = C.UTF-8 && test -z "$CORR_TIMES"')
    _, problems = counters.measure(Invocation(program), 1, ["task-clock"])
    assert problems == []
    assert os.environ["CORR_TIMES"] == "x"
