"""The executable that counts how often code runs, built for as little as it takes.

Of a large program only some functions count. Their units are compiled again, all others are linked
as they were measured. Where the optimiser takes longer than the program runs, it is left out: what
is counted are places in the source, which the front end instruments.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from pathlib import Path

from collectors.base.threads import run_together
from corr.program.build import Builder, BuiltUnit, source_input

#: Without the optimiser programs run up to so many times as long: templates, mostly.
SLOWDOWN = 20.0


def counting(
    builder: Builder,
    units: Collection[BuiltUnit],
    functions: Iterable[str],
    flags: Sequence[str],
    seconds: float,
) -> Path:
    """Only these functions count, which are in these units. `seconds` is a run's CPU time.

    The builder has the measured object of every other unit. Raises CompileError.
    """
    chosen = builder.folder / "counted.list"
    chosen.write_text(listed(functions))
    flags = (*flags, f"-fprofile-list={chosen}")
    again = [unit for unit in builder.units if unit in units]

    def compile_one(unit: BuiltUnit) -> Path:
        out = builder.folder / f"{unit.stem.name}.counting.o"
        if unit.unit.ir is None and builder.seconds.get(unit.stem, 0.0) > SLOWDOWN * seconds:
            _without_optimiser(builder, unit, flags, out)
        else:
            more = ("-g", *flags, *builder.named(unit))
            builder.clang(unit.unit, *more, "-c", *source_input(unit.unit), "-o", out)
        return out

    compiled = dict(zip(again, run_together([partial(compile_one, u) for u in again]), strict=True))
    objects = [compiled.get(unit, unit.object) for unit in builder.units]
    binary = builder.link_objects(objects, builder.folder / "program.counting", flags)
    for path in (chosen, *compiled.values()):
        path.unlink()
    return binary


def _without_optimiser(builder: Builder, unit: BuiltUnit, flags: Sequence[str], out: Path) -> None:
    """The front end as for the measured object (macros tell the level), the back end at -O0."""
    whole = out.with_suffix(".bc")
    front: tuple[str, ...] = (
        "-g",
        *flags,
        *builder.named(unit),
        "-Xclang",
        "-disable-llvm-passes",
        "-emit-llvm",
    )
    builder.clang(unit.unit, *front, "-c", *source_input(unit.unit), "-o", whole)
    back: tuple[str | Path, ...] = (
        "-g",
        *flags,
        "-O0",
        "-Wno-override-module",
        "-x",
        "ir",
        "-c",
        whole,
        "-o",
        out,
    )
    builder.clang(unit.unit, *back)
    whole.unlink()


def listed(functions: Iterable[str]) -> str:
    """clang's list of the functions that count, by linkage names, with all that it makes of them.

    A parallel region or a coroutine's part is a function of its own, with an ending of clang's.
    """
    names = sorted({name.split(".")[0] for name in functions} | {"main"})
    lines = [f"function:{name}{end}=allow" for name in names if name for end in ("", ".*")]
    return "\n".join(("[clang]", *lines, "default:skip", ""))
