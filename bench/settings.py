"""Which setting of a band of loops is fastest, measured: what the rules' weights rest on.

    python -m bench.settings measure [KERNEL:BASE:SIZE…]    build and time settings of each band
    python -m bench.settings weights                        what each weight of the rules does

`measure` builds some settings of the heaviest band of a kernel under one base, as `corr optimize`
would, and keeps the least CPU time of the kernel in bench/.cache/settings.json. The settings are
spread over all that there are, so that they do not favour the ranking by which they are chosen.
`weights` ranks what was measured, and prints for each case the place of the first setting within
10 % of the fastest and how much slower than that the first one is: with the weights as they are,
then with each left out or turned round. tests/fixtures/settings/zen4.json is such a file.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collectors.base import toolchain
from collectors.base.errors import CompileError
from corr.optimize.build_and_run import Builds
from corr.optimize.hot_nests import HotLoop, of_loops
from corr.optimize.rules.bases import Base, bases
from corr.optimize.rules.leaf_settings import Candidate, Choice, Setting, candidates, ranked
from corr.optimize.rules.nests import Plan, Region
from corr.optimize.rules.weights import WEIGHTS, Weights
from corr.optimize.variant import Variant
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.schedules import Leaf
from corr.program import machine
from corr.program.model import Program, Run, from_files

KERNELS = Path(__file__).resolve().parent.parent / "kernels"
CACHE = Path(__file__).resolve().parent / ".cache" / "settings.json"
RECORDED = KERNELS.parent / "tests" / "fixtures" / "settings" / "zen4.json"
FLAGS = ("-O3", "-march=native", "-ffp-contract=off")
MOST_SETTINGS, ALWAYS = 36, 12
NEARLY = 1.1
#: Bytes of the vectors that the recorded times are of.
WIDTH = 64
#: kernel, base, size: loops that reuse, that stream, that wait for each other.
CASES = (
    *("gemm:split:400", "jacobi_2d:split:500", "lu:skewed:500", "adi:split:300"),
    *("heat_3d:split:64", "seidel_2d:skewed:400", "mvt:split:1600", "mvt:fused:1600"),
    *("trmm:fused:400", "syrk:split:400", "floyd_warshall:split:300", "ludcmp:skewed:400"),
    *("atax:fused:1600", "jacobi_2d:skewed:500", "atax:strips 0:2000"),
)


def main(arguments: list[str]) -> None:
    """See the head of this file."""
    if arguments[:1] == ["measure"]:
        for case in arguments[1:] or CASES:
            measure(case)
    else:
        weights()


def region(name: str, folder: Path = KERNELS) -> tuple[Program, Region]:
    """A kernel's only region, as the rules search it."""
    program = from_files([f"{name}.c"], FLAGS, Run(), folder)
    loop = HotLoop(f"kernel_{name}", f"{name}.c", 1, 1.0)
    (nest,) = of_loops([loop], program, toolchain.find()).modelled
    return program, Region(nest, (machine.vector_bits() or 128) // 8)


def base_of(found: Region, name: str) -> Base:
    """The base of this name."""
    return next(b for b in bases(found.nest.scop) if b.name == name)


def candidates_of(found: Region, base: Base) -> tuple[list[Candidate], bool]:
    """What may be done with the heaviest band, and whether several statements share it."""
    path, band = found.heaviest(base)[0]
    assert isinstance(band.child, Leaf)
    several = len(band.child.statements) > 1
    return candidates(base.scop, base.tree, path, band, found.width), several


def setting_of(row: list[Any]) -> Setting:
    """A setting out of JSON."""
    order, blocks, vector, unroll, tiles, skew = row[:6]
    skews = tuple(tuple(part) for part in skew)
    return Setting(tuple(order), tuple(blocks), vector, unroll, tuple(tiles), skews)


# --- measuring -----------------------------------------------------------------------------------


def measure(case: str) -> None:
    """Time settings of one case and keep the times."""
    name, wanted, size = case.split(":")
    rows: list[list[Any]] = []
    with tempfile.TemporaryDirectory(prefix="corr-bench-") as folder:
        program, found = region(name, _by_cpu_time(name, Path(folder)))
        base = base_of(found, wanted)
        builds = Builds(program, toolchain.find(), Path(folder) / "builds", bare=True)
        for choice in _spread(ranked(*candidates_of(found, base))):
            try:
                plan = _plan(found, base, choice.setting)
                binary = builds.build(found.edit(plan).apply(Variant(program)), plan.flags)
            except (NotAffine, CompileError):
                continue
            rows.append([*vars(choice.setting).values(), _seconds(binary, size)])
    known = json.loads(CACHE.read_text()) if CACHE.exists() else {}
    CACHE.parent.mkdir(exist_ok=True)
    CACHE.write_text(json.dumps(known | {case: rows}))
    times = [row[-1] for row in rows]
    print(f"{case}: {len(rows)} settings, {min(times):.4g} to {max(times):.4g} s", flush=True)


def _by_cpu_time(name: str, folder: Path) -> Path:
    """A copy of a kernel that times itself by the CPU's clock: other work does not count."""
    shutil.copy(KERNELS / f"{name}.c", folder)
    header = (KERNELS / "corr_harness.h").read_text()
    changed = header.replace("CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID")
    (folder / "corr_harness.h").write_text(changed)
    return folder


def _plan(found: Region, base: Base, setting: Setting) -> Plan:
    """The base with this setting in its heaviest band, and the first of each other one."""
    plan = found.plan(base, 0)
    assert plan is not None
    return plan.with_setting(found.heaviest(base)[0][0], setting, "")


def _spread(choices: list[Choice]) -> Iterator[Choice]:
    """The first few, then evenly from the rest."""
    yield from choices[:ALWAYS]
    rest = choices[ALWAYS:]
    count = min(len(rest), MOST_SETTINGS - ALWAYS)
    yield from (rest[at * len(rest) // count] for at in range(count))


def _seconds(binary: Path, size: str) -> float:
    """The least kernel time of many repetitions, of fewer where each is long."""
    with tempfile.NamedTemporaryFile(mode="r") as file:
        environment = os.environ | {"CORR_TIMES": file.name}
        start = time.perf_counter()
        for repeat in (2, 4, 4, 8, 8):
            command = [binary, "--size", size, "--repeat", str(repeat)]
            subprocess.run(command, env=environment, check=True)
            if time.perf_counter() - start > 2:
                break
        return min(float(line.split()[1]) for line in file)


# --- what the weights do -------------------------------------------------------------------------


class Measured:
    """One kernel under one base, and how long some of its settings took."""

    def __init__(self, case: str, rows: list[list[Any]]) -> None:
        name, wanted, _ = case.split(":")
        _, found = region(name)
        found.width = WIDTH
        self.times = {setting_of(row): row[-1] for row in rows}
        self.found = candidates_of(found, base_of(found, wanted))

    def ranked(self, weights: Weights) -> list[float]:
        """The times over that of the fastest, in the order of trying."""
        settings = [choice.setting for choice in ranked(*self.found, weights)]
        times = [self.times[s] for s in settings if s in self.times]
        return [time / min(times) for time in times]

    def place(self, weights: Weights) -> int:
        """The number of the first setting that is nearly as fast as the fastest, from 1."""
        return 1 + next(n for n, time in enumerate(self.ranked(weights)) if time <= NEARLY)


def weights() -> None:
    """Print what comes first with each weight as it is, left out and turned round."""
    source = CACHE if CACHE.exists() else RECORDED
    cases = {case: Measured(case, rows) for case, rows in json.loads(source.read_text()).items()}
    print(f"{'':22}" + "".join(f"{case.rpartition(':')[0]:>22}" for case in cases))
    _line("as they are", WEIGHTS, list(cases.values()))
    for field in dataclasses.fields(Weights):
        value = getattr(WEIGHTS, field.name)
        for what, other in (("without", 0.0), ("against", -value)):
            changed = dataclasses.replace(WEIGHTS, **{field.name: other})
            _line(f"{what} {field.name}", changed, list(cases.values()))


def _line(name: str, weights: Weights, cases: list[Measured]) -> None:
    shown = [f"{case.place(weights)}, ×{case.ranked(weights)[0]:.2f}" for case in cases]
    print(f"{name:22}" + "".join(f"{text:>22}" for text in shown), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
