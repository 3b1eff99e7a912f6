"""Small C programs read as polyhedra, reordered, compiled and run beside the original."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from collectors.base import toolchain
from corr.polyhedral.clang_ast import Functions, extent
from corr.polyhedral.extract import regions
from corr.polyhedral.scop import Scop
from corr.program.model import Run, from_files
from tests.support.polyhedral_schedules import rewritten


def read(
    folder: Path,
    text: str,
    function: str = "f",
    flags: tuple[str, ...] = ("-O1",),
    name: str = "t.c",
    *,
    sizes_by_name: bool = False,
) -> tuple[list[Scop], list[str]]:
    """The regions of a function of this text, and why others are none."""
    path = folder / name
    path.write_text(text)
    program = from_files([name], flags, Run(), folder)
    functions = Functions(program, program.units[0], toolchain.find())
    functions.sizes_by_name = sizes_by_name
    found, reasons = regions(functions, function)
    return found, list(map(str, reasons))


def region(folder: Path, text: str, function: str = "f") -> Scop:
    """The only region of a function."""
    found, reasons = read(folder, text, function)
    assert len(found) == 1, reasons
    return found[0]


def variants(
    folder: Path,
    text: str,
    wanted: int,
    seed: int,
    name: str = "t.c",
    *,
    sizes_by_name: bool = False,
) -> list[str]:
    """The definition of `f` as it is written, then with its regions in other legal orders."""
    found, _ = read(folder, text, name=name, sizes_by_name=sizes_by_name)
    program = from_files([name], ("-O1",), Run(), folder)
    node = Functions(program, program.units[0], toolchain.find()).get("f")
    assert node is not None
    whole = extent(node)
    assert whole is not None
    source = text.encode()
    rng = random.Random(seed)
    changed = [source[slice(*whole)]]
    for scop in found:
        start, end = scop.span
        for new in rewritten(scop, rng, wanted):
            changed.append(source[whole[0] : start] + new.encode() + source[end : whole[1]])
    return [part.decode() for part in changed]


def check_orders(folder: Path, text: str, wanted: int, seed: int, *flags: tuple[str, ...]) -> None:
    """A C++ program prints the same in other legal orders of its one region, built with each flags.

    There must be at least two others.
    """
    found, reasons = read(folder, text, name="t.cpp")
    assert len(found) == 1, reasons
    start, end = found[0].span
    source = text.encode()
    changed = list(rewritten(found[0], random.Random(seed), wanted))
    assert len(changed) > 1
    for compiled in flags:
        first = output(folder, text, *compiled, name="run.cpp")
        assert first.strip()
        for new in changed:
            whole = source[:start].decode() + new + source[end:].decode()
            assert output(folder, whole, *compiled, *found[0].flags, name="run.cpp") == first


def all_in_one(text: str, functions: list[str], main: str) -> str:
    """A program that runs main's body once with each definition of `f`, a line `==` after each."""
    parts = [text]
    names = ["f"]
    for number, function in enumerate(functions[1:], 1):
        names.append(f"f_{number}")
        parts.append(f"#define f f_{number}\n{function}\n#undef f\n")
    parts.append(f"static __typeof__(&f) chosen;\n__typeof__(&f) table[] = {{{', '.join(names)}}};")
    parts.append("#define f(...) chosen(__VA_ARGS__)")
    parts.append(f"static void run(void) {{ {main} }}")
    parts.append(
        "int main(void) { for (unsigned k = 0; k < sizeof table / sizeof *table; k++) {"
        ' chosen = table[k]; run(); puts("\\n=="); } }\n'
    )
    return "\n".join(parts)


def outputs(
    folder: Path, text: str, functions: list[str], main: str, *flags: str, name: str = "run.c"
) -> list[str]:
    """What main's body prints with each definition of `f`."""
    whole = all_in_one(text, functions, main)
    return output(folder, whole, *flags, name=name).split("==\n")[:-1]


def output(folder: Path, text: str, *flags: str, name: str = "run.c") -> str:
    """What a program prints. A sanitizer's complaint fails."""
    source, binary = folder / name, folder / "run"
    source.write_text(text)
    tool = toolchain.find().path("clang++" if name.endswith("pp") else "clang")
    command = [str(tool), "-w", *flags, str(source), "-o", str(binary), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([str(binary)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
