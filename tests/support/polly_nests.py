"""Loop nests of the shipped kernels, as Polly exports them."""

from __future__ import annotations

from pathlib import Path

from collectors.base.toolchain import Toolchain
from corr.optimize.moves import schedule
from corr.optimize.polly.jscop import Jscop
from corr.optimize.variant import Variant
from corr.program.model import Run, Unit, from_files


def kernel(name: str, flags: tuple[str, ...] = ("-O3",)) -> Variant:
    root = Path(schedule.__file__).parents[3] / "kernels"
    return Variant(from_files([f"{name}.c"], flags, Run(), root))


def unit_of(variant: Variant) -> Unit:
    return variant.program.units[0]


def nests(variant: Variant, tools: Toolchain, folder: Path) -> dict[str, Jscop]:
    folder.mkdir(exist_ok=True)
    return schedule.export(variant, unit_of(variant), tools, folder)


def own(scops: dict[str, Jscop], prefix: str = "kernel_") -> Jscop:
    return next(s for s in scops.values() if s.function.startswith(prefix))
