"""The roofs of this machine, measured by a small program of ours once and kept in the lake."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
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
    """Floating-point operations a second of one core, and bytes a second from each level."""

    cpu: str
    flops: dict[str, float]
    bandwidths: dict[str, float]

    @property
    def most_flops(self) -> float:
        return self.flops["fma_f64"]


def of_run(lake: Lake, run: RunInfo) -> tuple[Peaks | None, str]:
    """The peaks of the machine that a run was made on, or why they are not known.

    They can be measured only where it is this machine; what was measured once is kept.
    """
    cpu, cores = run.facts.cpu, run.facts.cores
    kept = lake.root / FOLDER / f"peaks-{_key(cpu, cores)}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(kept.read_text())
        return Peaks(str(found["cpu"]), _numbers(found["flops"]), _numbers(found["bandwidths"])), ""
    if cpu != machine.cpu_model() or cores != machine.cores():
        return None, f"the run was made on another machine ({cpu}), whose peaks were not measured"
    try:
        peaks = measure()
    except CorrError as error:
        return None, error.message
    with contextlib.suppress(OSError):  # a lake that may only be read
        kept.parent.mkdir(exist_ok=True)
        write_whole(kept, json.dumps(asdict(peaks), indent=1) + "\n")
    return peaks, ""


def measure() -> Peaks:
    """Measure this machine; takes about a second. Raises CorrError where it cannot be done."""
    clang = toolchain.find().path("clang")
    levels = [(f"L{c['level']}", c["bytes"] // 2) for c in machine.caches()] or list(USUAL)
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
    flops = {name: float(values[name]) for name in ("fma_f64", "fma_f32", "scalar_f64")}
    bandwidths = {
        name: float(values[f"read_{number}"])
        for number, (name, _) in enumerate(levels, start=1)
        if f"read_{number}" in values
    }
    return Peaks(machine.cpu_model(), flops, bandwidths)


def _numbers(found: dict[str, object]) -> dict[str, float]:
    return {str(name): float(str(value)) for name, value in found.items()}


def _key(cpu: object, cores: object) -> str:
    """A name for the machine that is safe in a file's name; it changes with the program."""
    text = json.dumps([cpu, cores, SOURCE.read_text(), FLAGS])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
