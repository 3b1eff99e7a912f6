"""The optimised modules that a run kept, and what code they give: no source is needed any more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base import elf, process
from collectors.base.errors import CompileError, CorrError
from collectors.base.toolchain import Toolchain
from corr.collect.again import as_collected
from corr.experiment.symbols import Symbols, symbols_of
from corr.lake.store import RunInfo
from corr.program.build import Builder
from corr.program.model import Program, Unit

#: Each function in a section of its own, so that its code can be compared with another build's, and
#: at the begin of a cache line (2 to the 6): where one is exchanged, the code of the others lies in
#: its lines as it did. Else a loop that came to lie better would count as a part of the difference.
APART = ("-ffunction-sections", "-mllvm", "-align-all-functions=6")


class NoModules(CorrError):
    """A run kept no optimised modules, or its code is not made from them."""


@dataclass(frozen=True)
class Module:
    """A unit's IR after the middle end, without debug information; `path` is a file in `folder`."""

    label: str
    unit: Unit
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8", "surrogateescape")

    @cached_property
    def symbols(self) -> Symbols:
        return symbols_of(self.text)


@dataclass(frozen=True)
class Kept:
    """A build as its run kept it: `program` is as it was collected, `modules` one a unit."""

    program: Program
    toolchain: Toolchain
    folder: Path
    modules: tuple[Module, ...]

    def compiled(self, unit: Unit, module: Path, out: Path) -> Path:
        """The object of a module, by the back end that the unit's flags ask for."""
        builder = Builder(replace(self.program, overlay={}), self.toolchain, self.folder)
        argv = builder.argv(replace(unit, ir=module))
        place = unit.directory if unit.directory.is_dir() else self.folder
        _done([*argv, *APART, "-g0", "-c", "-x", "ir", module, "-o", out], place)
        return out

    def linked(self, objects: list[Path], out: Path) -> Path:
        """The program of these objects. Raises CompileError where they do not go together."""
        cxx = any(unit.cxx for unit in self.program.units)
        tool = self.toolchain.path("clang++" if cxx else "clang")
        place = self.program.directory
        _done(
            [tool, *objects, "-Wno-unused-command-line-argument", *self.program.link_flags]
            + ["-o", out],
            place if place.is_dir() else self.folder,
        )
        return out


def kept(run: RunInfo, toolchain: Toolchain, folder: Path) -> Kept:
    """The modules of a run, as files in a folder that exists. Raises NoModules, CompileError."""
    program = as_collected(run)
    flags = {flag for unit in program.units for flag in unit.flags}
    if any(flag.startswith("-flto") for flag in flags):
        what = f"{run.run_id} was optimised at link time: its units have no code of their own"
        raise NoModules(what, "compare builds without -flto")
    found = []
    builder = Builder(replace(program, overlay={}), toolchain, folder)
    for built in builder.units:
        path = folder / f"{built.stem.name}.ll"
        raw = folder / f"{built.stem.name}.kept.ll"
        if not _read(run.artifacts / built.optimised.name, raw):
            _optimised(builder, run.artifacts / built.frontend.name, built.unit, raw, run)
        strip = ("--strip-debug", "-passes=no-op-module", "-S")
        _done([toolchain.path("opt"), *strip, raw, "-o", path], folder)
        found.append(Module(program.label(built.unit), built.unit, path))
    return Kept(program, toolchain, folder, tuple(found))


def _read(source: Path, target: Path) -> bool:
    """Write an artifact of a run to a file, unless the run kept none."""
    packed = source.with_name(source.name + ".zst")
    try:
        if packed.is_file():
            with pa.input_stream(str(packed)) as stream:
                target.write_bytes(stream.read())
        else:
            target.write_bytes(source.read_bytes())
    except OSError:
        return False
    return True


def _optimised(builder: Builder, source: Path, unit: Unit, out: Path, run: RunInfo) -> None:
    """Optimise what the front end gave, as a run of a large program kept nothing later.

    Raises NoModules where that is not there either, CompileError.
    """
    front = out.with_suffix(".front.ll")
    if not _read(source, front):
        raise NoModules(
            f"{run.run_id} kept neither {out.stem}'s optimised module nor that of the front end",
            "collect it again, without --no-artifacts",
        )
    place = unit.directory if unit.directory.is_dir() else builder.folder
    quiet = ("-Wno-unused-command-line-argument", "-Wno-override-module")
    argv = [*builder.argv(unit), *quiet, "-S", "-emit-llvm", "-x", "ir", front, "-o", out]
    _done(argv, place)


def _done(argv: list[Any], place: Path) -> None:
    answer = process.run(argv, cwd=place)
    if not answer.ok:
        raise CompileError(f"{Path(argv[0]).name}: {answer.last_lines(6)}")


def tool(toolchain: Toolchain, folder: Path, name: str, *arguments: str | Path) -> None:
    """Run a tool of LLVM on modules. Raises CompileError, ToolMissing."""
    _done([toolchain.path(name), *arguments], folder)


# --- the code of functions -----------------------------------------------------------------------


def code_of(path: Path) -> Mapping[str, str]:
    """A hash of each function's code in an object, with what its relocations name."""
    with elf.opened(path) as file:
        return dict(_functions(file))


def _functions(file: Any) -> Iterator[tuple[str, str]]:
    table: Any = file.get_section_by_name(".symtab")
    relocations = {
        section["sh_info"]: section
        for section in file.iter_sections()
        if section["sh_type"] in ("SHT_RELA", "SHT_REL")
    }
    for symbol in table.iter_symbols():
        index = symbol["st_shndx"]
        if symbol["st_info"]["type"] != "STT_FUNC" or not isinstance(index, int):
            continue
        digest = hashlib.sha256(file.get_section(index).data())
        if index in relocations:
            for entry in relocations[index].iter_relocations():
                digest.update(_named(file, table, entry))
        yield symbol.name, digest.hexdigest()


def _named(file: Any, table: Any, entry: Any) -> bytes:
    """What a relocation names: a symbol, or the constant itself, wherever it lies in its pool."""
    symbol = table.get_symbol(entry["r_info_sym"])
    addend = entry["r_addend"] if entry.is_RELA() else 0
    place = f"{entry['r_offset']} {entry['r_info_type']} "
    index = symbol["st_shndx"]
    if symbol["st_info"]["type"] == "STT_SECTION" and isinstance(index, int):
        section = file.get_section(index)
        if size := section["sh_entsize"]:
            data = section.data()
            # relative to the instruction's end, which is four bytes behind on x86
            values = [data[max(at, 0) : at + size] for at in (addend, addend + 4)]
            return place.encode() + b"".join(values)
        return f"{place}{section.name} {addend}".encode()
    return f"{place}{symbol.name} {addend}".encode()
