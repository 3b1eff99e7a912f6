"""Readable names for linkage names."""

from __future__ import annotations

import re

import pyarrow as pa

from collectors.base import process
from collectors.base.table import STRING, Table, column
from collectors.base.toolchain import Toolchain

_OFFLOADED = "__omp_offloading_"
#: How mangled names begin: those of C++, of Rust, of Fortran by flang, and of code for a device.
MANGLED = ("_Z", "_R", "_Q", _OFFLOADED)
#: A name of flang: a letter for what each part is (module, submodule, host, procedure), and the
#: part in lower case (flang.llvm.org/docs/BijectiveInternalNameUniquing.html).
_FORTRAN = re.compile(r"_Q((?:[MSFPQ][a-z0-9_]+)+)(\..*)?")
_PART = re.compile(r"[A-Z]([a-z0-9_]+)")
_PROGRAM = "_QQmain"
#: A target region: numbers of the device and file that its source lies in, which are others in each
#: checkout; the function, the line, and what was outlined of it.
_REGION = re.compile(_OFFLOADED + r"[0-9a-f]+_[0-9a-f]+_(.+)_(l\d+)((?:_omp_outlined)*)(\..*)?")
FUNCTIONS = Table(
    "functions",
    "functions of the machine code and of remarks, inlined ones too, by linkage name",
    pa.schema(
        [
            column("linkage", STRING, "linkage name, as symbols and other tables have it"),
            column("name", STRING, "the name as one reads it (demangled)"),
        ]
    ),
)


def table(names: set[str], toolchain: Toolchain) -> pa.Table:
    """The `functions` rows of these linkage names."""
    readable = demangle(names, toolchain)
    return FUNCTIONS.rows({"linkage": n, "name": readable.get(n, n)} for n in sorted(names))


def demangle(names: set[str], toolchain: Toolchain) -> dict[str, str]:
    """Linkage name to the name one reads; names that are not mangled are left out."""
    regions = {n: found for n in names if (found := _REGION.fullmatch(n))}
    plain = names - regions.keys() | {found[1] for found in regions.values()}
    readable = _by_tool({n for n in plain if n.startswith(("_Z", "_R"))}, toolchain)
    readable |= {n: name for n in plain if (name := _fortran(n)) is not None}
    of_regions = {n: _region(found, readable) for n, found in regions.items()}
    return {n: name for n, name in readable.items() if n in names} | of_regions


def _by_tool(names: set[str], toolchain: Toolchain) -> dict[str, str]:
    mangled = sorted(names)
    if not mangled or not toolchain.has("llvm-cxxfilt"):
        return {}
    text = "\n".join(mangled).encode("utf-8", "replace") + b"\n"
    answer = process.run([toolchain.path("llvm-cxxfilt")], stdin=text)
    readable = answer.stdout.decode("utf-8", "replace").splitlines()
    return dict(zip(mangled, readable, strict=False)) if len(readable) == len(mangled) else {}


def _fortran(name: str) -> str | None:
    """`module::procedure`, as debuggers have it."""
    if name == _PROGRAM:
        return "main program"
    found = _FORTRAN.fullmatch(name)
    return "::".join(_PART.findall(found[1])) + (found[2] or "") if found else None


def _region(found: re.Match[str], readable: dict[str, str]) -> str:
    function, line, outlined, rest = found.groups()
    name = readable.get(function, function).partition("(")[0]
    return f"{name}.target_{line}{outlined.replace('_omp', '.omp')}{rest or ''}"
