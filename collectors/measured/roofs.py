"""How quick the machine is: its clock and its memory, measured by a small program of ours."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyarrow as pa

from collectors.base import process
from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from collectors.base.table import REAL, STRING, Problem, Table, column
from collectors.base.toolchain import Toolchain

LAYER = "machine"
SOURCE = Path(__file__).with_name("roofs.c")
FLAGS = ("-O3", "-fno-unroll-loops")
UNITS = {"clock": "Hz", "memory": "B/s"}

MACHINE = Table(
    "machine",
    "what the machine can do: a row for its clock, vectors, each cache, and its memory",
    pa.schema(
        [
            column("name", STRING, "clock, memory, vector, L1, L2, L3"),
            column("value", REAL, "measured on one core for clock and memory, else as the kernel"),
            column("unit", STRING, "Hz, B/s (read by one core), bits, bytes"),
        ]
    ),
)


def measure(toolchain: Toolchain, beyond_caches: int) -> tuple[dict[str, float], list[Problem]]:
    """Cycles a second and bytes a second from memory, by name; what could not be measured.

    `beyond_caches`: bytes that no cache holds. Measured once in a process.
    """
    try:
        return dict(_measured(toolchain.path("clang"), beyond_caches)), []
    except CorrError as error:
        what = f"clock and memory of the machine were not measured: {error.message}"
        return {}, [Problem(LAYER, "roofs.c", what, "findings have no ceiling by the model")]


def forget() -> None:
    """Measure anew when asked next."""
    _measured.cache_clear()


@cache
def _measured(clang: Path, beyond_caches: int) -> tuple[tuple[str, float], ...]:
    with scratch("roofs") as folder:
        binary = folder / "roofs"
        built = process.run([clang, *FLAGS, SOURCE, "-o", binary], timeout=60)
        if not built.ok:
            raise CorrError(f"it does not build: {built.last_lines(3)}")
        done = process.run([binary, str(beyond_caches)], timeout=60)
    if not done.ok:
        raise CorrError(f"it failed: {done.last_lines(3)}")
    words = (line.split() for line in done.stdout.decode().splitlines())
    return tuple((name, float(value)) for name, value in words if name in UNITS)
