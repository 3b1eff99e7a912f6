"""Where the program spends its time: `perf record`, by address in each binary.

With the `cycles` event of a PMU a sample falls a few instructions late. With `cpu-clock`, the
fallback where there is no PMU, a sample falls where the timer interrupt was taken: the skid is
larger, and code that runs with interrupts off is charged to what follows it. Shares of loops are
sound with both, shares of single instructions are not.
"""

from __future__ import annotations

import bisect
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from elftools.elf.segments import NoteSegment

from collectors.base import elf, process, tool_output, toolchain
from collectors.base.errors import CorrError
from collectors.base.foreign_text import visible
from collectors.base.invocation import Invocation, failure
from collectors.base.table import INT, STRING, Problem, Table, column
from collectors.base.tool_output import Damage
from collectors.measured import counters

LAYER = "samples"
#: Samples a second that are asked for; a prime, so as not to march in step with a loop.
FREQUENCY = 9973
#: Below this many samples shares are noise.
ENOUGH = 100
MAX_RATE = Path("/proc/sys/kernel/perf_event_max_sample_rate")
KERNEL, UNKNOWN = "[kernel]", "[unknown]"

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
    tool += ["-F", str(_frequency())]
    tool += ["-e", _event(perf), "-o", data.absolute(), "--"]
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
    images = Images(_build_ids(perf, data))
    reader = Reader(images)
    command: list[str | Path] = [perf, "script", "-f", "-i", data, "--no-demangle", "--no-inline"]
    command += ["--show-mmap-events", "--show-task-events", "--show-lost-events"]
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
        self.spaces = AddressSpaces()
        self.found: dict[tuple[str, int | None, str | None, str], list[int]] = {}
        self.lost = 0
        self.number = 0
        self.damage = Damage(LAYER, "perf script")

    def take(self, line: bytes) -> None:
        """One line: a sample, a mapping, a fork, an exec or lost samples."""
        self.number += 1
        sample = _SAMPLE.match(line)
        if sample:
            pid, period, event, address, symbol = sample.groups()
            self._sample(int(pid), int(period), event, int(address, 16), symbol or b"")
            return
        task = _TASK.match(line)
        if task is None:
            # a name that a program gave itself may have line ends; no sample looks like that
            if _LIKE_SAMPLE.match(line):
                self.damage.note(self.number, "not a sample that can be read")
            return
        pid, what = int(task[1]), task[2]
        mapping, fork, lost = _MMAP.match(what), _FORK.match(what), _LOST.match(what)
        if mapping:
            start, length, offset = (int(mapping[i], 16) for i in (2, 3, 4))
            if max(start + length, offset) >> 64 or not length:
                self.damage.note(self.number, "a mapping outside the address space")
                return
            self.spaces.map(int(mapping[1]), start, length, offset, os.fsdecode(mapping[5]))
        elif fork:
            self.spaces.fork(parent=int(fork[2]), child=int(fork[1]))
        elif lost:
            self.lost += int(lost[1])
        elif what.startswith(b"PERF_RECORD_COMM exec"):
            self.spaces.exec(pid)
        elif what.startswith((b"PERF_RECORD_MMAP", b"PERF_RECORD_FORK", b"PERF_RECORD_LOST ")):
            self.damage.note(self.number, "not an event that can be read")

    def _sample(self, pid: int, period: int, event: bytes, address: int, symbol: bytes) -> None:
        binary, place = self._place(pid, address)
        name = symbol.strip().decode("utf-8", "replace")
        resolved = None if name in ("", "[unknown]") else visible(name)
        key = (binary, place, resolved, _event_name(event.decode("ascii", "replace")))
        sums = self.found.setdefault(key, [0, 0])
        sums[0] += 1
        if sums[1] + period > tool_output.MOST:
            self.damage.note(self.number, "a period that no counter has")
            return
        sums[1] += period

    def _place(self, pid: int, address: int) -> tuple[str, int | None]:
        if address >> 63:
            return KERNEL, None
        hit = self.spaces.find(pid, address)
        if hit is None:
            return UNKNOWN, None
        path, offset = hit
        if path.startswith("["):  # the kernel's own pages: [vdso], [vectors]; or [heap], [stack]
            return (path if path in ("[vdso]", "[vsyscall]") else UNKNOWN), None
        if not path.startswith("/") or path.startswith(("//", "/dev/zero", "/anon_hugepage")):
            return UNKNOWN, None
        return path, self.images.address(path, offset)

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
        problems = [
            Problem(LAYER, visible(path), why, "do not rebuild or delete it while it is measured")
            for path, why in self.images.unreadable.items()
        ]
        total = sum(count for count, _ in self.found.values())
        if total < ENOUGH:
            what = f"only {total} samples, shares of time are not to be trusted"
            problems.append(Problem(LAYER, "perf record", what, "let the program run longer"))
        if self.lost:
            what = "samples lost: perf could not keep up"
            fix = "stop other work on this machine"
            problems.append(Problem(LAYER, "perf record", what, fix, self.lost))
        return problems + self.damage.problems()


# Numbers are as long as the kernel writes them, and no longer: 32 bits for ids, 64 for the rest.
_SAMPLE = re.compile(
    rb"\s*(-?\d{1,10})/-?\d{1,10}\s+(\d{1,20})\s+(\S+):\s+([0-9a-f]{1,16})(?:\s+(.*))?$"
)
_LIKE_SAMPLE = re.compile(rb"\s*-?\d+/-?\d+\s+\S")
_TASK = re.compile(rb"\s*(-?\d{1,10})/-?\d{1,10}\s+(PERF_RECORD_.*)$", re.DOTALL)
_MMAP = re.compile(
    rb"PERF_RECORD_MMAP2? (-?\d{1,10})/-?\d+: \[(?:0x)?([0-9a-f]{1,16})"
    rb"\((?:0x)?([0-9a-f]{1,16})\) @ (?:0x)?([0-9a-f]{1,16})[^\]]*\]: \S+ (.*)"
)
_FORK = re.compile(rb"PERF_RECORD_FORK\((\d{1,10}):\d+\):\((\d{1,10}):\d+\)")
_LOST = re.compile(rb"PERF_RECORD_LOST lost (\d{1,18})\b")


def _event_name(name: str) -> str:
    return "cycles" if "cycles" in name else name.partition(":")[0]


def _event(perf: Path) -> str:
    """`cycles` where the machine counts them, else `cpu-clock`."""
    done = process.run([perf, "stat", "-x", ";", "-e", "cycles", "--", "true"], timeout=60)
    said = done.stderr.decode("utf-8", "replace")
    return "cycles" if done.ok and re.search(r"^\d[\d.,]*;", said, re.MULTILINE) else "cpu-clock"


def _frequency() -> int:
    try:
        return max(1, min(FREQUENCY, int(MAX_RATE.read_text())))
    except (OSError, ValueError):
        return 4000


def _build_ids(perf: Path, data: Path) -> dict[str, str]:
    """The build ids that the recording itself knows, by path."""
    done = process.run([perf, "buildid-list", "-f", "-i", data], timeout=300)
    if not done.ok:
        return {}
    pairs = (os.fsdecode(line).partition(" ") for line in done.stdout.splitlines())
    return {path.strip(): build_id for build_id, _, path in pairs if path.strip()}


@dataclass(frozen=True)
class Mapping:
    """`length` bytes of a file from `offset` on, at `start` in a process."""

    start: int
    length: int
    offset: int
    path: str

    @property
    def end(self) -> int:
        return self.start + self.length


class AddressSpaces:
    """What is mapped where in each process, kept up to date event by event."""

    def __init__(self) -> None:
        self.processes: dict[int, list[Mapping]] = {}

    def map(self, pid: int, start: int, length: int, offset: int, path: str) -> None:
        """A new mapping; it replaces what lay there before."""
        new = Mapping(start, length, offset, path)
        old = self.processes.setdefault(pid, [])
        first = bisect.bisect_right(old, start, key=lambda m: m.start)
        first -= first > 0 and old[first - 1].end > start
        last = bisect.bisect_left(old, new.end, lo=first, key=lambda m: m.start)
        cut = [piece for mapping in old[first:last] for piece in _without(mapping, new)]
        old[first:last] = sorted([*cut, new], key=lambda m: m.start)

    def fork(self, parent: int, child: int) -> None:
        """A new process begins with its parent's mappings; a new thread changes nothing."""
        if parent != child:
            self.processes[child] = list(self.processes.get(parent, []))

    def exec(self, pid: int) -> None:
        """A new program begins with nothing mapped."""
        self.processes.pop(pid, None)

    def find(self, pid: int, address: int) -> tuple[str, int] | None:
        """The file mapped at an address and the offset in it, or None."""
        mappings = self.processes.get(pid, [])
        at = bisect.bisect_right(mappings, address, key=lambda m: m.start) - 1
        if at < 0 or address >= mappings[at].end:
            return None
        found = mappings[at]
        return found.path, address - found.start + found.offset


def _without(old: Mapping, new: Mapping) -> list[Mapping]:
    """What is left of a mapping when another is put over it."""
    pieces = []
    if old.start < new.start:
        length = min(old.end, new.start) - old.start
        pieces.append(Mapping(old.start, length, old.offset, old.path))
    if old.end > new.end:
        cut = max(old.start, new.end) - old.start
        pieces.append(Mapping(old.start + cut, old.length - cut, old.offset + cut, old.path))
    return pieces


@dataclass(frozen=True)
class Image:
    """An ELF file's build id and loadable segments as (offset, size in file, address)."""

    build_id: str | None
    segments: tuple[tuple[int, int, int], ...]


class Images:
    """The ELF files that mappings name; `unreadable` says which could not be used, and why."""

    def __init__(self, build_ids: dict[str, str] | None = None) -> None:
        self.recorded = build_ids or {}
        self.unreadable: dict[str, str] = {}
        self._images: dict[str, Image | None] = {}

    def address(self, path: str, offset: int) -> int | None:
        """The address that objdump and DWARF give to a file offset; None if unknown."""
        image = self._image(path)
        for start, size, address in image.segments if image else ():
            if start <= offset < start + size:
                return offset - start + address
        return None

    def build_id(self, path: str) -> str | None:
        """The build id of a mapped file: as recorded with the samples, else as in the file."""
        recorded = self.recorded.get(path)
        image = self._images.get(path)
        return recorded or (image.build_id if image else None)

    def _image(self, path: str) -> Image | None:
        if path not in self._images:
            self._images[path] = self._load(path)
        return self._images[path]

    def _load(self, path: str) -> Image | None:
        try:
            image = load_image(Path(path))
        except CorrError as error:
            self.unreadable[path] = f"its samples have no address: {error.message}"
            return None
        recorded = self.recorded.get(path)
        if recorded and image.build_id and recorded != image.build_id:
            self.unreadable[path] = "its samples have no address: it changed after the recording"
            return None
        return image


def load_image(path: Path) -> Image:
    """Read an ELF file's program headers. Raises CorrError."""
    with elf.opened(path) as file:
        segments = []
        build_id = None
        for segment in file.iter_segments():
            if segment["p_type"] == "PT_LOAD":
                start, size, address = (segment[n] for n in ("p_offset", "p_filesz", "p_vaddr"))
                if address + size <= tool_output.MOST:
                    segments.append((start, size, address))
            elif isinstance(segment, NoteSegment):
                for note in segment.iter_notes():
                    if note["n_type"] == "NT_GNU_BUILD_ID":
                        build_id = str(note["n_desc"])
    return Image(build_id, tuple(segments))
