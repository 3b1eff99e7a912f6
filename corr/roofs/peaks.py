"""The roofs of this machine, measured by a small program of ours once and kept in the lake."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from collectors.base import process, toolchain
from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from corr.lake.store import Lake, RunInfo
from corr.program import machine
from corr.system.disk import write_whole

SOURCE = Path(__file__).with_name("peaks.c")
FOLDER = ".cache"
FLAGS = ("-O3", "-march=native", "-ffp-contract=fast")
#: Bytes that stand for the memory itself, at least and at most.
MEMORY_LEAST, MEMORY_MOST = 64 << 20, 256 << 20
#: Where the sizes of the caches are not known.
USUAL = (("L1", 32 << 10), ("L2", 512 << 10))


@dataclass(frozen=True)
class Peaks:
    """Operations a second of one core by kind and element, bytes a second from each level.

    `sizes`: how many bytes a level holds, of all but the memory.
    """

    cpu: str
    operations: dict[str, float]
    bandwidths: dict[str, float]
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def most_flops(self) -> float:
        return self.operations["fma_f64"]

    def or_higher(self, other: Peaks) -> Peaks:
        """The higher of each roof: other work on the machine can only make one lower."""
        pairs = (
            (self.operations, other.operations),
            (self.bandwidths, other.bandwidths),
        )
        operations, bandwidths = (
            {name: max(value, b.get(name, value)) for name, value in a.items()} for a, b in pairs
        )
        return Peaks(self.cpu, operations, bandwidths, self.sizes)


def of_run(lake: Lake, run: RunInfo) -> tuple[Peaks | None, str]:
    """The peaks of the machine that a run was made on, or why they are not known.

    They can be measured only where it is this machine; what was measured once is kept.
    """
    kept = _kept(lake, run)
    found = _read(kept)
    if found is not None:
        return found, ""
    cpu = run.facts.cpu
    if cpu != machine.cpu_model() or run.facts.cores != machine.cores():
        return None, f"the run was made on another machine ({cpu}), whose peaks were not measured"
    return _measured(kept)


def again(lake: Lake, run: RunInfo) -> tuple[Peaks | None, str]:
    """The peaks of this machine measured once more, with what was known of a run's; kept."""
    known, why = of_run(lake, run)
    return _measured(_kept(lake, run), known) if known is not None else (None, why)


def _kept(lake: Lake, run: RunInfo) -> Path:
    return lake.root / FOLDER / f"peaks-{_key(run.facts.cpu, run.facts.cores)}.json"


def _read(kept: Path) -> Peaks | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(kept.read_text())
        sizes = {name: int(size) for name, size in found["sizes"].items()}
        operations, bandwidths = _numbers(found["operations"]), _numbers(found["bandwidths"])
        return Peaks(str(found["cpu"]), operations, bandwidths, sizes)
    return None


def _measured(kept: Path, known: Peaks | None = None) -> tuple[Peaks | None, str]:
    try:
        peaks = measure()
    except CorrError as error:
        return known, error.message
    if known is not None:
        peaks = peaks.or_higher(known)
    with contextlib.suppress(OSError):  # a lake that may only be read
        kept.parent.mkdir(exist_ok=True)
        write_whole(kept, json.dumps(asdict(peaks), indent=1) + "\n")
    return peaks, ""


def measure() -> Peaks:
    """Measure this machine; takes a second or two. Raises CorrError where it cannot be done."""
    clang = toolchain.find().path("clang")
    caches = {f"L{c['level']}": int(c["bytes"]) for c in machine.caches()} or dict(USUAL)
    levels = [(name, size // 2) for name, size in caches.items()]
    memory = min(max(4 * levels[-1][1], MEMORY_LEAST), MEMORY_MOST)
    levels = [(name, size) for name, size in levels if size < memory // 2]
    levels.append(("memory", memory))
    with scratch("peaks") as folder:
        binary = folder / "peaks"
        built = process.run([clang, *FLAGS, SOURCE, "-o", binary], timeout=60)
        if not built.ok:
            raise CorrError(
                f"the program that measures the machine does not build: {built.last_lines(3)}"
            )
        done = process.run([binary, *(str(size) for _, size in levels)], timeout=60)
    if not done.ok:
        raise CorrError(f"the program that measures the machine failed: {done.last_lines(3)}")
    values = dict(line.split()[:2] for line in done.stdout.decode().splitlines())
    operations = {
        name: float(value) for name, value in values.items() if not name.startswith("read_")
    }
    bandwidths = {
        name: float(values[f"read_{number}"])
        for number, (name, _) in enumerate(levels, start=1)
        if f"read_{number}" in values
    }
    sizes = {name: size for name, size in caches.items() if name in bandwidths}
    return Peaks(machine.cpu_model(), operations, bandwidths, sizes)


def _numbers(found: dict[str, object]) -> dict[str, float]:
    return {str(name): float(str(value)) for name, value in found.items()}


def _key(cpu: object, cores: object) -> str:
    """A name for the machine that is safe in a file's name; it changes with the program."""
    text = json.dumps([cpu, cores, SOURCE.read_text(), FLAGS])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
