"""Count hardware and kernel events over whole runs with `perf stat`."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base import process, toolchain
from collectors.base.errors import CorrError, UsageError
from collectors.base.foreign_text import first_line, visible
from collectors.base.invocation import Invocation, failure
from collectors.base.scratch import scratch
from collectors.base.table import INT, REAL, STRING, Problem, Table, column
from collectors.base.tool_output import LONGEST_LINE, Damage

LAYER = "counters"
INSTALL_PERF = "on Debian: apt-get install linux-perf"
PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")
NO_PMU = "not supported on this machine (no PMU)"

NOT_A_COUNT = "perf wrote something that is no count"
#: A counter has 64 bits at most; no time in another unit is longer.
MOST_COUNTED = 2.0**64

#: What is counted unless the caller names other events.
EVENTS = (
    "cycles",
    "instructions",
    "branches",
    "branch-misses",
    "cache-references",
    "cache-misses",
    "L1-dcache-loads",
    "L1-dcache-load-misses",
    "LLC-loads",
    "LLC-load-misses",
    "dTLB-load-misses",
    "stalled-cycles-frontend",
    "stalled-cycles-backend",
    "task-clock",
    "page-faults",
    "context-switches",
    "cpu-migrations",
    "duration_time",
)
#: Events that happen inside the kernel: restricted to user mode they always count 0.
IN_KERNEL = {"context-switches", "cpu-migrations"}
#: Events that need no PMU: "not supported" must have another cause for them.
IN_SOFTWARE = {"task-clock", "cpu-clock", "page-faults", "duration_time"} | IN_KERNEL
#: Percent of the run below which an event shared its counter too much to be exact.
MULTIPLEXED = 90.0

COUNTERS = Table(
    "counters",
    "one event counted over whole runs; NULL with a reason where the machine cannot count it",
    pa.schema(
        [
            column("event", STRING, "perf's name of the event, without modifiers"),
            column("value", REAL, "mean over the repetitions, in `unit`"),
            column("unit", STRING, "count, msec or ns"),
            column("spread", REAL, "relative standard deviation between repetitions, in percent"),
            column("repetitions", INT, "how many repetitions counted it"),
            column("running", REAL, "percent of the time that it was counted, mean"),
            column("reason", STRING, "why the value is NULL"),
        ]
    ),
)


@dataclass(frozen=True)
class Reading:
    """What one `perf stat` says of one event; `value` is None with a `reason`.

    `event` has no modifiers; `user_only` tells that they left out the kernel.
    """

    event: str
    value: float | None
    unit: str
    running: float | None
    reason: str | None
    user_only: bool = False


def measure(
    invocation: Invocation,
    repetitions: int,
    events: Sequence[str] = EVENTS,
) -> tuple[pa.Table, list[Problem]]:
    """Count `events` over `repetitions` runs of the program.

    Returns a `counters` table with at least one row for each event, and the problems. Each
    repetition is a `perf stat` of its own: `perf stat -r` would give the second repetition
    a standard input that the first has read to its end. Counts include the kernel where the
    machine allows it. Raises UsageError for fewer than one repetition.
    """
    if repetitions < 1:
        raise UsageError(f"repetitions must be at least 1, not {repetitions}")
    perf = toolchain.other("perf")
    if perf is None:
        return _all_null(events, "perf is not installed", INSTALL_PERF)
    refusal = perf_refusal(perf)
    if refusal:
        return _all_null(events, refusal, INSTALL_PERF)
    accepted, reasons = _accepted(perf, events)
    problems: list[Problem] = []
    readings: list[Reading] = []
    damage = Damage(LAYER, "perf stat")
    for _ in range(repetitions if accepted else 0):
        try:
            readings += _count(perf, invocation, accepted, damage)
        except CorrError as error:
            problems.append(Problem(LAYER, invocation.binary.name, error.message, error.fix))
            if "time limit" in error.message:
                break
    rows = summarise(events, readings, reasons)
    return COUNTERS.rows(rows), problems + damage.problems() + _doubts(rows, readings)


def perf_refusal(perf: Path) -> str | None:
    """Why this perf cannot be used on the running kernel, or None.

    A distribution's `perf` may be a script that looks for the one of the running kernel.
    """
    try:
        done = _probe(perf, "task-clock")
    except CorrError as error:
        return error.message
    if done.ok:
        return None
    return _permission(done.last_lines(40)) or f"perf does not work here: {_first_line(done)}"


def parse(text: str, damage: Damage | None = None) -> list[Reading]:
    """The readings in the output of `perf stat -j`: one line an event, metrics alone dropped.

    The lines are not taken for JSON: perf writes `nan`, and decimal commas in some locales.
    """
    damage = damage or Damage(LAYER, "perf stat")
    readings = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] != "{" or not line.rstrip().endswith("}") or len(line) > LONGEST_LINE:
            damage.note(number, "not a whole line of counts")
            continue
        fields = {m[1]: m[2] if m[2] is not None else m[3] for m in _FIELD.finditer(line)}
        if fields.get("event") and "counter-value" in fields:
            reading = _reading({name: visible(text) for name, text in fields.items()})
            if reading.value is None and reading.reason == NOT_A_COUNT:
                damage.note(number, f"{reading.event}: {NOT_A_COUNT}")
            readings.append(reading)
        elif not fields or "metric-value" not in fields:
            damage.note(number, "an event without a value")
    return readings


_FIELD = re.compile(r'"([^"]+)"\s*:\s*(?:"([^"]*)"|(-?\d+(?:[.,]\d+)?|-?nan|-?inf))')


def summarise(
    events: Iterable[str], readings: Sequence[Reading], reasons: dict[str, str]
) -> list[dict[str, Any]]:
    """Rows of `counters`: the readings of all repetitions by event, in the order of `events`.

    An event that perf never mentions gets its reason from `reasons`.
    """
    by_event: dict[str, list[Reading]] = {event: [] for event in events}
    for reading in readings:
        by_event.setdefault(reading.event, []).append(reading)
    return [_row(event, found, by_event, reasons) for event, found in by_event.items()]


def _row(
    event: str,
    found: list[Reading],
    by_event: dict[str, list[Reading]],
    reasons: dict[str, str],
) -> dict[str, Any]:
    values = [r.value for r in found if r.value is not None]
    running = [r.running for r in found if r.value is not None and r.running is not None]
    row: dict[str, Any] = {"event": event, "repetitions": len(values)}
    if not values:
        per_core = [name for name in by_event if f"/{event}/" in name]
        row["reason"] = next((r.reason for r in found), None) or reasons.get(event)
        if row["reason"] is None and per_core:
            row["reason"] = f"counted for each kind of core: see {', '.join(per_core)}"
        row["reason"] = row["reason"] or "perf did not report it"
        return row
    mean = statistics.fmean(values)
    row["value"] = mean
    row["unit"] = next(r.unit for r in found if r.value is not None)
    if len(values) > 1 and mean:
        row["spread"] = 100 * statistics.stdev(values) / mean
    if running:
        row["running"] = statistics.fmean(running)
    return row


def _reading(fields: dict[str, str]) -> Reading:
    event, modifiers = _split_modifiers(fields["event"])
    user_only = "u" in modifiers and "k" not in modifiers
    unit = fields.get("unit") or "count"
    running = _number(fields.get("pcnt-running", ""))
    text = fields["counter-value"]
    value = _number(text)
    reason = None
    if value is None:
        running = None
        reason = NO_PMU if "supported" in text else text.strip("<>") or "perf gave no value"
        if not text.startswith("<"):
            reason = NOT_A_COUNT
        if "supported" in text and event in IN_SOFTWARE:
            reason = "not supported by this kernel"
    elif user_only and event in IN_KERNEL:
        value, running, reason = None, None, _paranoid_reason()
    return Reading(event, value, unit, running, reason, user_only)


def _split_modifiers(name: str) -> tuple[str, str]:
    """`cycles:u` and `cpu_core/cycles/u` without their modifiers, and these."""
    match = re.fullmatch(r"(.*/.*/)([a-zA-Z]*)", name) or re.fullmatch(r"(.+):([a-zA-Z]+)", name)
    return (match[1], match[2]) if match else (name, "")


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if 0 <= value <= MOST_COUNTED else None


def _count(
    perf: Path, invocation: Invocation, events: Sequence[str], damage: Damage
) -> list[Reading]:
    """One repetition under perf. Raises CorrError when the program or perf failed."""
    with scratch("counters") as folder:
        out = folder / "stat.json"
        tool: list[str | Path] = [perf, "stat", "-j", "-o", out, "-e", ",".join(events), "--"]
        done = invocation.run(tool, discard=True)
        error = failure(done)
        if error is not None:
            raise CorrError(f"the run under perf stat failed: {done.ending()}{_limit(done)}")
        text = out.read_text("utf-8", "replace") if out.is_file() else ""
        readings = parse(text, damage)
    if not readings:
        raise CorrError("perf stat wrote no counts", f"run it by hand: {done.command}")
    return readings


def _limit(done: process.Completed) -> str:
    return " (time limit)" if done.timed_out else ""


def _accepted(perf: Path, events: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The events that this perf takes, `:u` where it must, and why not for the others."""
    if _probe(perf, ",".join(events)).ok:
        return list(events), {}
    accepted: list[str] = []
    reasons: dict[str, str] = {}
    for event in events:
        done = _probe(perf, event)
        refused = None if done.ok else _permission(done.last_lines(40))
        if done.ok:
            accepted.append(event)
        elif refused and _probe(perf, f"{event}:u").ok:
            accepted.append(f"{event}:u")
        else:
            reasons[event] = refused or f"perf refuses it: {_first_line(done)}"
    return accepted, reasons


def _probe(perf: Path, events: str) -> process.Completed:
    with scratch("probe") as folder:
        out = folder / "stat.json"
        return process.run([perf, "stat", "-j", "-o", out, "-e", events, "--", "true"], timeout=60)


def _permission(message: str) -> str | None:
    refused = r"permission|perf_event_paranoid|not permitted|access to performance"
    return _paranoid_reason() if re.search(refused, message, re.IGNORECASE) else None


def _paranoid_reason() -> str:
    try:
        level = PARANOID.read_text().strip()
    except OSError:
        level = "unknown"
    return f"permission: perf_event_paranoid={level}"


def _first_line(done: process.Completed) -> str:
    return first_line(done.last_lines(40)) or done.ending()


def _all_null(events: Sequence[str], reason: str, fix: str) -> tuple[pa.Table, list[Problem]]:
    rows = [{"event": event, "repetitions": 0, "reason": reason} for event in events]
    return COUNTERS.rows(rows), [Problem(LAYER, "perf", reason, fix)]


_FIXES = {
    NO_PMU: "measure on hardware, or on a virtual machine that passes its PMU on",
    "not counted": "let the program run longer, or count fewer events at once",
    "permission": "as root: sysctl kernel.perf_event_paranoid=1",
}


def _doubts(rows: Sequence[dict[str, Any]], readings: Sequence[Reading]) -> list[Problem]:
    """One problem for each reason, naming its events, and one for each shared counter."""
    problems = []
    missing: dict[str, list[str]] = {}
    for row in rows:
        running = row.get("running")
        if row.get("reason"):
            missing.setdefault(row["reason"], []).append(row["event"])
        elif running is not None and running < MULTIPLEXED:
            what = "shared its counter with other events; the value is scaled up from a part"
            problems.append(Problem(LAYER, row["event"], what, "count fewer events at once"))
    for reason, events in missing.items():
        fix = next((f for start, f in _FIXES.items() if reason.startswith(start)), "")
        problems.append(Problem(LAYER, ", ".join(events), reason, fix, len(events)))
    if any(r.user_only and r.value is not None for r in readings):
        what = f"counted in user mode only ({_paranoid_reason()})"
        problems.append(Problem(LAYER, "perf", what, _FIXES["permission"]))
    return problems


def has_pmu(counted: pa.Table) -> bool:
    """The machine counted instructions."""
    values = zip(counted["event"].to_pylist(), counted["value"].to_pylist(), strict=True)
    return dict(values).get("instructions") is not None
