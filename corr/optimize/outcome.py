"""What an optimisation leaves: the best program as files, how to build it, and what it is worth."""

from __future__ import annotations

import shlex
from pathlib import Path

from corr.optimize.session import Session
from corr.optimize.source_text import diff
from corr.optimize.variant import Variant
from corr.program import Program


def write(session: Session, folder: Path, compiler: Path) -> list[Path]:
    """Write the best variant into a folder: changed sources, IR, schedules, the diff, a script.

    Only what differs from the original is written. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    best = session.best
    program = best.program
    written = []

    def put(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", "surrogateescape", newline="")
        written.append(path)
        return path

    for path, text in best.texts.items():
        put(_inside(path, program), text)
    for source, text in best.ir.items():
        put(str(Path(_inside(source, program)).with_suffix(".opt.ll")), text)
    for source, files in best.schedules.items():
        for name, text in files.items():
            put(f"{_inside(source, program)}.schedules/{name}", text)
    patch = diff(best)
    if patch:
        put("changes.patch", patch)
    script = put("build.sh", _script(best, folder, compiler))
    script.chmod(0o755)
    return written


def _inside(path: Path, program: Program) -> str:
    """The name of a file below the result's folder."""
    if path.is_relative_to(program.root):
        return str(path.relative_to(program.root))
    return path.name


def _script(best: Variant, folder: Path, compiler: Path) -> str:
    lines = ["#!/bin/sh", "# Builds the optimised program from the files beside this script.", ""]
    lines += ["set -e", 'here=$(cd "$(dirname "$0")" && pwd)', ""]
    objects = []
    for number, command in enumerate(commands(best, compiler)):
        lines.append(command)
        objects.append(f"unit{number}.o")
    link = shlex.join([*best.program.link_flags, *best.flags])
    names = " ".join(f'"$here"/{o}' for o in objects)
    linker = shlex.quote(str(linker_of(best.program, compiler)))
    target = shlex.quote(best.program.name)
    lines.append(f"cd {shlex.quote(str(best.program.directory))}")
    lines.append(f'{linker} {names} {link} -o "$here"/{target}')
    return "\n".join(lines) + "\n"


def commands(best: Variant, compiler: Path) -> list[str]:
    """The command that compiles each unit; `$here` is the result's folder."""
    from corr.optimize.schedule import import_flags

    program = best.program
    found = []
    for number, unit in enumerate(program.units):
        words = [str(linker_of(program, compiler) if unit.cxx else compiler)]
        words += [*unit.flags, *best.flags]
        quoted = " ".join(shlex.quote(word) for word in words)
        source = shlex.quote(str(unit.source))
        if unit.source in best.schedules:
            place = f"{_inside(unit.source, program)}.schedules"
            flags = " ".join(shlex.quote(f) for f in import_flags(Path("/HERE") / place))
            quoted += " " + flags.replace("/HERE", '"$here"')
        if unit.source in best.ir:
            name = Path(_inside(unit.source, program)).with_suffix(".opt.ll")
            source = f'-Xclang -disable-llvm-passes -x ir "$here"/{shlex.quote(str(name))}'
        elif unit.source in best.texts:
            quoted += f" -iquote {shlex.quote(str(unit.source.parent))}"
            source = f'"$here"/{shlex.quote(_inside(unit.source, program))}'
        start = f"cd {shlex.quote(str(unit.directory))} && "
        found.append(f'{start}{quoted} -c {source} -o "$here"/unit{number}.o')
    return found


def linker_of(program: Program, compiler: Path) -> Path:
    """clang, or clang++ where a unit is C++."""
    if any(unit.cxx for unit in program.units):
        return compiler.with_name(compiler.name.replace("clang", "clang++", 1))
    return compiler
