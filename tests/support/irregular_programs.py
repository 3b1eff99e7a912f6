"""Small programs with searches and branches: written anew, compiled and run beside the original."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from collectors.base import toolchain
from corr.irregular.branch_free import BranchFree, branches
from corr.irregular.edits import place
from corr.irregular.effects import Unsuitable
from corr.irregular.lookups import Lookup, found_in
from corr.irregular.side_by_side import SideBySide
from corr.polyhedral.clang_ast import Functions
from corr.program.model import Run, from_files

SANITIZED = ("-O0", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def functions_of(
    folder: Path, text: str, name: str, flags: tuple[str, ...] = ("-O1",)
) -> Functions:
    """The functions of a text, as the rules ask for them."""
    (folder / name).write_text(text)
    program = from_files([name], flags, Run(), folder)
    return Functions(program, program.units[0], toolchain.find())


def lookups(functions: Functions, function: str = "f") -> tuple[list[Lookup], list[str]]:
    """The lookups of a function, and why other loops are none."""
    found = found_in(functions, function)
    return (
        [one for one in found if isinstance(one, Lookup)],
        [one[1] for one in found if not isinstance(one, Lookup)],
    )


def side_by_side(
    functions: Functions, width: int, function: str = "f", how: type[SideBySide] = SideBySide
) -> str:
    """The text with all searches of a function side by side."""
    found, reasons = lookups(functions, function)
    assert found, reasons
    written = [how(functions, one, width) for one in found]
    return replaced(functions, ((one.span(), one.code("Several at once.")) for one in written))


def branch_free(functions: Functions, function: str = "f") -> str:
    """The text with a function's outermost branches free of branches."""
    node = functions.get(function)
    assert node is not None
    parts: list[tuple[tuple[int, int], str]] = []
    for branch in branches(functions, node):
        start, end = place(branch.node)
        if not any(first <= start and end <= last for (first, last), _ in parts):
            written = BranchFree(functions, branch)
            parts.append((written.span(), written.code("No branch.")))
    assert parts
    return replaced(functions, parts)


def why_not(functions: Functions, function: str = "f") -> list[str]:
    """Why the branches of a function are left as they are."""
    node = functions.get(function)
    assert node is not None
    reasons = []
    for branch in branches(functions, node):
        try:
            BranchFree(functions, branch).code("No branch.")
        except Unsuitable as why:
            reasons.append(str(why))
    return reasons


def output(folder: Path, text: str, name: str, flags: tuple[str, ...] = SANITIZED) -> str:
    """What a program prints, built with these flags; it has to end well and say nothing else."""
    path = folder / f"run_{name}"
    path.write_text(text)
    compiler = toolchain.find().path("clang++" if name.endswith("pp") else "clang")
    binary = folder / "run"
    command = [str(compiler), "-Wall", "-Wno-unused", *flags, str(path), "-o", str(binary), "-lm"]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr[:4000] + text
    assert "warning" not in built.stderr, built.stderr[:4000] + text
    done = subprocess.run([str(binary)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[:4000] + text
    return done.stdout


def replaced(functions: Functions, parts: Iterable[tuple[tuple[int, int], str]]) -> str:
    text = functions.text.decode()
    for (start, end), new in sorted(parts, reverse=True):
        text = text[:start] + new + text[end:]
    return text
