"""Where a function's definition lies in a source file: clang's answer, not a parser of ours."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from collectors.base import process, toolchain
from collectors.base.demangle import demangle
from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from collectors.base.toolchain import Toolchain
from collectors.sandbox.confined import compiler_limits
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves.source_text import exact_text, line_of
from corr.optimize.variant import Variant
from corr.program.build import Builder
from corr.program.model import Unit

#: Seconds for clang to parse one unit.
TIME_LIMIT = 120.0
_LONGEST_NAME = 2000
_FUNCTIONS = (
    "FunctionDecl",
    "FunctionTemplateDecl",
    "CXXMethodDecl",
    "CXXConstructorDecl",
    "CXXDestructorDecl",
    "CXXConversionDecl",
)
_LAST_NAME = re.compile(r"(~?\w+)(?:<.*>)?(?:\(.*)?$", re.DOTALL)


@dataclass(frozen=True)
class Extent:
    """A function's definition: `text[start:end]`, from its first specifier to its last brace."""

    start: int
    end: int


def function_extent(
    variant: Variant, path: Path, function: str, tools: Toolchain | None = None
) -> Extent:
    """The extent of a function's definition in a file of the variant.

    `function` is its name, its name with `namespace::` or `class::`, or its linkage name. Raises
    Refused where that file has no such definition, several of them, or only one from a macro.
    """
    tools = tools or toolchain.find()
    linkage = function if function.startswith("_Z") else None
    plain, qualified = names(function, tools)
    text = exact_text(variant, path)
    data = text.encode("utf-8", "surrogateescape")
    extents: set[tuple[int, int]] = set()
    for unit in _units(variant, path):
        for declared in _declarations(variant, unit, qualified, tools):
            if declared.get("name") != plain or declared.get("kind") not in _FUNCTIONS:
                continue
            if linkage and declared.get("mangledName", linkage) != linkage:
                continue
            extent = _extent(declared, path, unit)
            if extent and data[: extent[1]].endswith(b"}"):
                extents.add(extent)
        if extents:
            break
    if not extents:
        raise Refused(
            f"{path.name} holds no definition of {function} (one that a macro makes does not count)"
        )
    places = [Extent(_characters(data, a), _characters(data, b)) for a, b in sorted(extents)]
    if len(places) > 1:
        lines = ", ".join(str(line_of(text, place.start)) for place in places)
        raise Refused(
            f"{path.name} defines {function} {len(places)} times (lines {lines}):"
            " give the linkage name, or search and replace"
        )
    return places[0]


def names(function: str, tools: Toolchain) -> tuple[str, str]:
    """A function's bare name, and that with its namespaces and classes where they are given.

    Raises Refused for what is no name, or the name of an operator.
    """
    if not isinstance(function, str) or not 0 < len(function) <= _LONGEST_NAME:
        raise Refused(f"{str(function)[:100]!r} is not the name of a function")
    name = demangle({function}, tools).get(function, function)
    found = _LAST_NAME.search(name)
    if not found:
        raise Refused(f"{function[:100]!r} is not the name of a function that can be replaced")
    qualified = name[: found.end(1)]
    return found[1], qualified if re.fullmatch(r"[\w:~]+", qualified) else found[1]


def _characters(data: bytes, offset: int) -> int:
    return len(data[:offset].decode("utf-8", "surrogateescape"))


def _units(variant: Variant, path: Path) -> list[Unit]:
    """The units that may see the file: its own, or for a header all."""
    units = variant.program.units
    own = [unit for unit in units if unit.source == path]
    return own or list(units)


def _declarations(
    variant: Variant, unit: Unit, name: str, tools: Toolchain
) -> Iterator[dict[str, Any]]:
    """Clang's declarations whose qualified name holds `name`, without what is inside them."""
    with scratch("extent") as folder:
        builder = Builder(variant.program_in(folder), tools, folder)
        ast = ("-fsyntax-only", "-Xclang", "-ast-dump=json", "-Xclang", f"-ast-dump-filter={name}")
        argv = [*compiler_limits(), *builder.argv(unit), *variant.flags, "-w", *ast, unit.source]
        overlay = f"-ivfsoverlay{folder / 'overlay.json'}"
        try:
            with process.stream(argv, cwd=unit.directory, timeout=TIME_LIMIT) as pipe:
                yield from _heads(pipe)
        except CorrError as error:
            what = error.message.replace(overlay, "")[:300]
            raise Refused(f"{variant.program.label(unit)} cannot be parsed: {what}") from error


def _heads(pipe: BinaryIO) -> Iterator[dict[str, Any]]:
    """The top level of each JSON document of clang's dump, up to its `inner` list.

    Clang indents by two blanks a level, so that the statements, nearly all of it, need no parser.
    """
    head: list[bytes] = []
    inside = False
    for line in pipe:
        if line.startswith(b"{"):
            head, inside = [line], True
        elif line.startswith((b'  "inner": [', b"}")) and inside:
            text = b"".join(head).rstrip().removesuffix(b",") + b"}"
            inside = False
            try:
                document = json.loads(text)
            except ValueError:
                continue
            if isinstance(document, dict):
                yield document
        elif inside:
            head.append(line)


def _extent(declared: dict[str, Any], path: Path, unit: Unit) -> tuple[int, int] | None:
    """The bytes of a declaration, or None if it is not all written in this file.

    Clang names a location's file only where it differs from that of the location before.
    """
    file = ""
    places: list[tuple[str, dict[str, Any], bool]] = []
    bounds = declared.get("range", {})
    for location in (declared.get("loc", {}), bounds.get("begin", {}), bounds.get("end", {})):
        parts = [location[k] for k in ("spellingLoc", "expansionLoc") if k in location]
        for part in parts or [location]:
            file = part.get("file", file)
        places.append((file, (parts or [location])[-1], bool(parts)))
    (_, begin, _), (_, end, ends_in_macro) = places[1:]
    here = all(os.path.normpath(unit.directory / name) == str(path) for name, _, _ in places)
    if not here or ends_in_macro or "offset" not in begin or "offset" not in end:
        return None
    return begin["offset"], end["offset"] + end.get("tokLen", 0)
