"""How quick the machine is: its clock and its memory, measured by a small program of ours."""

from __future__ import annotations

import time
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
#: A clock that is too slow is measured again so often, after so many seconds.
TRIES, PAUSE = 5, 0.15
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


def measure(
    toolchain: Toolchain, beyond_caches: int, least_clock: float = 0.0
) -> tuple[dict[str, float], list[Problem]]:
    """Cycles a second and bytes a second from memory, by name; what could not be measured.

    `beyond_caches`: bytes that no cache holds. A clock below `least_clock`, in Hz, was seen beside
    other work on its core, and is measured again. Measured once in a process.
    """
    try:
        return dict(_measured(toolchain.path("clang"), beyond_caches, least_clock)), []
    except CorrError as error:
        what = f"clock and memory of the machine were not measured: {error.message}"
        return {}, [Problem(LAYER, "roofs.c", what, "findings have no ceiling by the model")]


def forget() -> None:
    """Measure anew when asked next."""
    _measured.cache_clear()


@cache
def _measured(clang: Path, beyond_caches: int, least_clock: float) -> tuple[tuple[str, float], ...]:
    with scratch("roofs") as folder:
        binary = folder / "roofs"
        built = process.run([clang, *FLAGS, SOURCE, "-o", binary], timeout=60)
        if not built.ok:
            raise CorrError(f"it does not build: {built.last_lines(3)}")
        found = _printed(binary, str(beyond_caches))
        for _ in range(TRIES):
            if found.get("clock", 0) >= least_clock:
                break
            time.sleep(PAUSE)
            found["clock"] = max(found.get("clock", 0), _printed(binary)["clock"])
    return tuple(found.items())


def _printed(binary: Path, *arguments: str) -> dict[str, float]:
    done = process.run([binary, *arguments], timeout=60)
    if not done.ok:
        raise CorrError(f"it failed: {done.last_lines(3)}")
    words = (line.split() for line in done.stdout.decode().splitlines())
    return {name: float(value) for name, value in words if name in UNITS}
