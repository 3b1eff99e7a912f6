"""Who called what was sampled: `perf record` with call chains, in a run of its own.

Most libraries are built without frame pointers, so the kernel copies a piece of the stack with each
sample and perf unwinds it by the tables of DWARF. That costs more than a bare sample; therefore it
is done apart from the samples that give shares of time, and no oftener than `WANTED` samples in all
need. Where perf cannot unwind, frame pointers must do: code without them hides its caller.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base import process, tool_output, toolchain
from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation, failure
from collectors.base.table import BOOL, INT, STRING, Problem, Table, column
from collectors.base.tool_output import Damage
from collectors.measured import counters, samples
from collectors.measured.kernel_work import kernel_work
from collectors.measured.mappings import Images
from collectors.measured.perf_events import KERNEL, SCRIPT, Events, event_name, symbol_name

LAYER = "stacks"
#: So many samples tell a caller's share to a few hundredths.
WANTED = 3000
#: Samples a second, at least and at most.
SLOWEST, QUICKEST = 49, 1999
#: Bytes of the stack that come with each sample.
STACK_BYTES = 16384
#: perf gives up at so many frames.
DEEPEST = 127
#: Chains that end before the program's start are spoken of from this part on.
CUT = 0.1

STACKS = Table(
    "stacks",
    "call chains that were sampled, in a run of the program apart from `samples`",
    pa.schema(
        [
            column("stack", INT, "number of the chain in the run; its frames are in stack_frames"),
            column("event", STRING, "cycles or cpu-clock"),
            column("count", INT, "number of samples"),
            column("period", INT, "sum of their periods: events, or ns for cpu-clock"),
            column("kernel", STRING, "what the kernel did, where the sample fell in it"),
            column("whole", BOOL, "the chain goes back to where the process or thread began"),
        ]
    ),
)
STACK_FRAMES = Table(
    "stack_frames",
    "frames of the call chains; functions that were inlined are in the frame that holds them",
    pa.schema(
        [
            column("stack", INT, "number of the chain"),
            column("position", INT, "0 where the sample fell, then its caller, and so on"),
            column("object", STRING, "path of the program or library; [kernel], [vdso], [unknown]"),
            column("address", INT, "address in its ELF file: of the sample, or in the call"),
            column("symbol", STRING, "linkage name as perf resolved it"),
        ]
    ),
)

Chains = dict[str, pa.Table]


def record(invocation: Invocation, folder: Path, seconds: float) -> tuple[Chains, list[Problem]]:
    """Run the program once under `perf record` with call chains; `seconds` is its CPU time.

    Returns the tables, empty when perf cannot sample here, and the problems.
    """
    perf = toolchain.other("perf")
    if perf is None or counters.perf_refusal(perf):
        return _none(), []  # the samples have said so
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "chains.data"
    how = f"dwarf,{STACK_BYTES}" if can_unwind(perf) else "fp"
    rate = round(WANTED / max(seconds, 1e-3))
    tool: list[str | Path] = [perf, "record", "-q", "-N", "--no-bpf-event"]
    tool += ["-F", str(min(max(rate, SLOWEST), QUICKEST, samples.highest_rate()))]
    tool += ["--call-graph", how, "-e", samples.event(perf), "-o", data.absolute(), "--"]
    try:
        done = invocation.run(tool, stdout=Path(os.devnull))
        if failure(done) is not None:
            what = f"the run under perf record failed: {done.ending()}"
            return _none(), [Problem(LAYER, invocation.binary.name, what, done.last_lines(3))]
        tables, problems = read(perf, data, unwound=how != "fp")
    except CorrError as error:
        return _none(), [Problem(LAYER, data.name, error.message, error.fix)]
    finally:
        data.unlink(missing_ok=True)  # it holds pieces of the program's memory
    if how == "fp":
        what = "this perf cannot unwind by DWARF: code without frame pointers hides its caller"
        problems.append(Problem(LAYER, "perf", what, "build with -fno-omit-frame-pointer"))
    return tables, problems


def can_unwind(perf: Path) -> bool:
    """Whether perf was built with a library that unwinds by DWARF; taken for granted if unknown."""
    done = process.run([perf, "version", "--build-options"], timeout=60)
    told = re.findall(rb"(libunwind|libdw-dwarf-unwind|libdw)\s*:\s*\[\s*(on|OFF)", done.stdout)
    return not told or any(state == b"on" for _, state in told)


def read(perf: Path, data: Path, unwound: bool = True) -> tuple[Chains, list[Problem]]:
    """The chains of a recording, and the problems. Raises CorrError if perf cannot read it.

    `unwound`: by DWARF, not by frame pointers.
    """
    reader = Reader(Images(samples.build_ids(perf, data)), unwound)
    command: list[str | Path] = [perf, "script", "-f", "-i", data, *SCRIPT]
    command += ["-F", "pid,tid,event,period,ip,sym,dso"]
    with process.stream(command) as lines:
        for line in tool_output.lines(lines):
            reader.take(line)
    return reader.tables(), reader.problems()


@dataclass(frozen=True)
class Frame:
    """One frame: binary, address in it, symbol."""

    object: str
    address: int | None
    symbol: str | None


@dataclass
class _Sample:
    """A sample whose frames are being read."""

    pid: int
    period: int
    event: str
    frames: list[Frame] = field(default_factory=list)


class Reader:
    """Turns the lines of `perf script` into call chains.

    A frame's address is that in its process, or, from perf 5.12 on, the offset in its file: which
    of them it is, a recording shows by the first one that lies where nothing is mapped.
    """

    def __init__(self, images: Images, unwound: bool = True) -> None:
        self.damage = Damage(LAYER, "perf script")
        self.events = Events(images, self.damage)
        self.found: dict[tuple[str, tuple[Frame, ...]], list[int]] = {}
        self.unwound = unwound
        self.offsets = False
        self.number = 0
        self._sample: _Sample | None = None

    def take(self, line: bytes) -> None:
        """One line: the head of a sample, one of its frames, its end, or another event."""
        self.number += 1
        frame = _FRAME.match(line) if self._sample else None
        if frame and self._sample:
            if len(self._sample.frames) <= DEEPEST:
                self._sample.frames.append(self._frame(self._sample, *frame.groups()))
            return
        self._finish()
        head = _HEAD.match(line)
        if head:
            pid, period, event = int(head[1]), int(head[2]), head[3].decode("ascii", "replace")
            self._sample = _Sample(pid, period, event_name(event))
        elif not self.events.take(self.number, line) and _LIKE_HEAD.match(line):
            self.damage.note(self.number, "not a sample that can be read")

    def _frame(self, sample: _Sample, at: bytes, symbol: bytes, file: bytes) -> Frame:
        address, path = int(at, 16), os.fsdecode(file)
        name = symbol_name(symbol)
        if address >> 63:
            return Frame(KERNEL, None, name)
        # return addresses that frame pointers lead to lie after the call
        called = bool(sample.frames) and sample.frames[-1].object != KERNEL
        address -= called and not self.unwound
        if not self.offsets:
            hit = self.events.spaces.find(sample.pid, address)
            if hit is not None and hit[0] == path:
                return Frame(*self.events.in_file(*hit), name)
            self.offsets = path.startswith("/") and not path.startswith("//")
        return Frame(*self.events.in_file(path, address), name)

    def _finish(self) -> None:
        """The sample before is whole."""
        sample, self._sample = self._sample, None
        if sample is None or not sample.frames:
            return
        sums = self.found.setdefault((sample.event, tuple(sample.frames)), [0, 0])
        if sums[1] + sample.period > tool_output.MOST:
            self.damage.note(self.number, "a period that no counter has")
            return
        sums[0] += 1
        sums[1] += sample.period

    def tables(self) -> Chains:
        """`stacks` and `stack_frames`, the most sampled chains first."""
        self._finish()
        listed = sorted(self.found.items(), key=lambda item: -item[1][0])
        rows: list[dict[str, Any]] = []
        frames: list[dict[str, Any]] = []
        for number, ((event, chain), (count, period)) in enumerate(listed, start=1):
            row = {"stack": number, "event": event, "count": count, "period": period}
            rows.append({**row, "kernel": _kernel(chain), "whole": _whole(chain)})
            frames += [
                {"stack": number, "position": n, "object": f.object}
                | {"address": f.address, "symbol": f.symbol}
                for n, f in enumerate(chain)
            ]
        return {"stacks": STACKS.rows(rows), "stack_frames": STACK_FRAMES.rows(frames)}

    def problems(self) -> list[Problem]:
        """What was lost or damaged, and whether many chains were cut off."""
        problems = [p for p in self.events.problems(LAYER) if p.where == "perf record"]
        total = sum(count for count, _ in self.found.values())
        cut = sum(count for (_, chain), (count, _) in self.found.items() if not _whole(chain))
        if cut > CUT * total:
            what = f"{100 * cut / total:.0f} % of the call chains end before the program's start"
            fix = "their callers are not known: code without tables for unwinding, or a deep stack"
            problems.append(Problem(LAYER, "perf script", what, fix))
        return problems + self.damage.problems()


def _none() -> Chains:
    return {"stacks": STACKS.empty(), "stack_frames": STACK_FRAMES.empty()}


def _kernel(chain: tuple[Frame, ...]) -> str | None:
    """What the kernel did in a chain that ends in it."""
    kernel = [f.symbol for f in chain if f.object == KERNEL]
    if chain[0].object != KERNEL:
        return None
    return kernel_work(kernel, next((f.symbol for f in chain if f.object != KERNEL), None))


def _whole(chain: tuple[Frame, ...]) -> bool:
    """The outermost frame is one in which processes and threads begin, or the kernel's alone."""
    last = chain[-1]
    return last.object == KERNEL or bool(last.symbol and _START.match(last.symbol))


_START = re.compile(
    r"^_start$|^_?_?clone3?(@|$)|^start_thread|^_dl_start|^__libc_start|^thread_start"
)
_HEAD = re.compile(rb"\s*(-?\d{1,10})/-?\d{1,10}\s+(\d{1,20})\s+(\S+):\s*$")
_LIKE_HEAD = re.compile(rb"\s*-?\d+/-?\d+\s+\S")
_FRAME = re.compile(rb"\s+([0-9a-f]{1,16})\s+(.*?)\s+\(((?:/|\[).*)\)\s*$")
