"""Small C programs read as polyhedra, reordered, compiled and run beside the original."""

from __future__ import annotations

import subprocess
from pathlib import Path

from collectors import toolchain
from corr.polyhedral.clang_ast import Functions
from corr.polyhedral.extract import regions
from corr.polyhedral.scop import Scop
from corr.program import Run, from_files


def read(
    folder: Path,
    text: str,
    function: str = "f",
    flags: tuple[str, ...] = ("-O1",),
    name: str = "t.c",
) -> tuple[list[Scop], list[str]]:
    """The regions of a function of this text, and why others are none."""
    path = folder / name
    path.write_text(text)
    program = from_files([name], flags, Run(), folder)
    return regions(Functions(program, program.units[0], toolchain.find()), function)


def region(folder: Path, text: str, function: str = "f") -> Scop:
    """The only region of a function."""
    found, reasons = read(folder, text, function)
    assert len(found) == 1, reasons
    return found[0]


def output(folder: Path, text: str, *flags: str, name: str = "run.c") -> str:
    """What a program prints. A sanitizer's complaint fails."""
    source, binary = folder / name, folder / "run"
    source.write_text(text)
    tool = toolchain.find().path("clang++" if name.endswith("pp") else "clang")
    command = [str(tool), "-w", *flags, str(source), "-o", str(binary), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([str(binary)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
