"""Where the program spends its time: `perf record`, by address in each binary.

With the `cycles` event of a PMU a sample falls a few instructions late. With `cpu-clock`, the
fallback where there is no PMU, a sample falls where the timer interrupt was taken: the skid is
larger, and code that runs with interrupts off is charged to what follows it. Shares of loops are
sound with both, shares of single instructions are not.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base import process, tool_output, toolchain
from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation, failure
from collectors.base.table import INT, STRING, Problem, Table, column
from collectors.base.tool_output import Damage
from collectors.measured import counters
from collectors.measured.mappings import Images
from collectors.measured.perf_events import KERNEL, SCRIPT, Events, event_name, symbol_name

LAYER = "samples"
#: Samples a second that are asked for; a prime, so as not to march in step with a loop.
FREQUENCY = 9973
#: Below this many samples shares are noise.
ENOUGH = 100
MAX_RATE = Path("/proc/sys/kernel/perf_event_max_sample_rate")

SAMPLES = Table(
    "samples",
    "samples of one event at one address of one binary",
    pa.schema(
        [
            column("object", STRING, "path of the program or library; [kernel], [vdso], [unknown]"),
            column("build_id", STRING, "its build id in hex, if it has one"),
            column("address", INT, "address as in its ELF file; NULL outside a readable file"),
            column("symbol", STRING, "linkage name as perf resolved it"),
            column("event", STRING, "cycles or cpu-clock"),
            column("count", INT, "number of samples"),
            column("period", INT, "sum of their periods: events, or ns for cpu-clock"),
        ]
    ),
)


def record(invocation: Invocation, folder: Path) -> tuple[pa.Table, list[Problem]]:
    """Run the program once under `perf record`; `perf.data` stays in `folder`.

    Returns a `samples` table, empty when perf cannot sample here, and the problems.
    """
    perf = toolchain.other("perf")
    if perf is None:
        fix = counters.INSTALL_PERF
        return SAMPLES.empty(), [Problem(LAYER, "perf", "perf is not installed", fix)]
    refusal = counters.perf_refusal(perf)
    if refusal:
        return SAMPLES.empty(), [Problem(LAYER, "perf", refusal, counters.INSTALL_PERF)]
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "perf.data"
    data.unlink(missing_ok=True)
    # looking for BPF programs takes perf a second, and there are none of ours
    tool: list[str | Path] = [perf, "record", "-q", "-N", "--no-bpf-event"]
    tool += ["-F", str(highest_rate())]
    tool += ["-e", event(perf), "-o", data.absolute(), "--"]
    done = invocation.run(tool, stdout=Path(os.devnull))
    problems = []
    if failure(done) is not None:
        what = f"the run under perf record failed: {done.ending()}"
        problems.append(Problem(LAYER, invocation.binary.name, what, done.last_lines(3)))
    if done.timed_out or not data.is_file():
        return SAMPLES.empty(), problems
    try:
        table, more = read(perf, data)
    except CorrError as error:
        return SAMPLES.empty(), [*problems, Problem(LAYER, data.name, error.message, error.fix)]
    return table, problems + more


def read(perf: Path, data: Path) -> tuple[pa.Table, list[Problem]]:
    """The samples of a `perf.data`, and the problems. Raises CorrError if perf cannot read it."""
    images = Images(build_ids(perf, data))
    reader = Reader(images)
    command: list[str | Path] = [perf, "script", "-f", "-i", data, *SCRIPT]
    command += ["-F", "pid,tid,event,period,ip,sym"]
    with process.stream(command) as lines:
        for line in tool_output.lines(lines):
            reader.take(line)
    return reader.table(), reader.problems()


class Reader:
    """Turns the lines of `perf script` into samples by address.

    The fields asked for leave out the command name: it is free text of the program's, with
    spaces, colons and line ends as it likes. Lines that are no event are dropped.
    """

    def __init__(self, images: Images) -> None:
        self.images = images
        self.found: dict[tuple[str, int | None, str | None, str], list[int]] = {}
        self.number = 0
        self.resumed = 0
        self.damage = Damage(LAYER, "perf script")
        self.events = Events(images, self.damage)

    def take(self, line: bytes) -> None:
        """One line: a sample, a mapping, a fork, an exec or lost samples."""
        self.number += 1
        sample = _SAMPLE.match(line)
        if sample:
            pid, period, event, address, symbol = sample.groups()
            self._sample(int(pid), int(period), event, int(address, 16), symbol or b"")
        elif not self.events.take(self.number, line) and _LIKE_SAMPLE.match(line):
            # a name that a program gave itself may have line ends; no sample looks like that
            self.damage.note(self.number, "not a sample that can be read")

    def _sample(self, pid: int, period: int, event: bytes, address: int, symbol: bytes) -> None:
        binary, place = self.events.place(pid, address)
        named = event_name(event.decode("ascii", "replace"))
        if binary == KERNEL and named == "cpu-clock" and _RESUMED.match(symbol):
            self.resumed += 1
            return
        sums = self.found.setdefault((binary, place, symbol_name(symbol), named), [0, 0])
        sums[0] += 1
        if sums[1] + period > tool_output.MOST:
            self.damage.note(self.number, "a period that no counter has")
            return
        sums[1] += period

    def table(self) -> pa.Table:
        """The `samples` table, the most sampled places first."""
        rows: list[dict[str, Any]] = [
            {
                "object": binary,
                "build_id": self.images.build_id(binary),
                "address": address,
                "symbol": symbol,
                "event": event,
                "count": count,
                "period": period,
            }
            for (binary, address, symbol, event), (count, period) in self.found.items()
        ]
        rows.sort(key=lambda row: (-row["count"], row["object"], row["address"] or 0))
        return SAMPLES.rows(rows)

    def problems(self) -> list[Problem]:
        """What was lost, what could not be placed, and whether there is enough."""
        problems = self.events.problems(LAYER)
        total = sum(count for count, _ in self.found.values())
        if total < ENOUGH:
            what = f"only {total} samples, shares of time are not to be trusted"
            problems.append(Problem(LAYER, "perf record", what, "let the program run longer"))
        if self.resumed > 0.05 * total:
            what = f"{self.resumed} samples left out that fell where it got a processor back"
            fix = "other work kept it waiting: leave the machine alone while it is measured"
            problems.append(Problem(LAYER, "perf record", what, fix))
        return problems + self.damage.problems()


# Numbers are as long as the kernel writes them, and no longer: 32 bits for ids, 64 for the rest.
_SAMPLE = re.compile(
    rb"\s*(-?\d{1,10})/-?\d{1,10}\s+(\d{1,20})\s+(\S+):\s+([0-9a-f]{1,16})(?:\s+(.*))?$"
)
#: Where the kernel goes on with a task that had to wait: a clock that ran out meanwhile rings.
_RESUMED = re.compile(rb"finish_task_switch\b|irqentry_exit_to_user_mode\b")
_LIKE_SAMPLE = re.compile(rb"\s*-?\d+/-?\d+\s+\S")


def event(perf: Path) -> str:
    """`cycles` where the machine counts them, else `cpu-clock`."""
    done = process.run([perf, "stat", "-x", ";", "-e", "cycles", "--", "true"], timeout=60)
    said = done.stderr.decode("utf-8", "replace")
    return "cycles" if done.ok and re.search(r"^\d[\d.,]*;", said, re.MULTILINE) else "cpu-clock"


def highest_rate() -> int:
    """Samples a second that the kernel allows."""
    try:
        return max(1, min(FREQUENCY, int(MAX_RATE.read_text())))
    except (OSError, ValueError):
        return 4000


def build_ids(perf: Path, data: Path) -> dict[str, str]:
    """The build ids that the recording itself knows, by path."""
    done = process.run([perf, "buildid-list", "-f", "-i", data], timeout=300)
    if not done.ok:
        return {}
    pairs = (os.fsdecode(line).partition(" ") for line in done.stdout.splitlines())
    return {path.strip(): build_id for build_id, _, path in pairs if path.strip()}
