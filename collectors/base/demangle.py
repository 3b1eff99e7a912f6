"""Readable names for linkage names."""

from __future__ import annotations

import pyarrow as pa

from collectors.base import process
from collectors.base.table import STRING, Table, column
from collectors.base.toolchain import Toolchain

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
    mangled = sorted(n for n in names if n.startswith("_Z"))
    if not mangled or not toolchain.has("llvm-cxxfilt"):
        return {}
    text = "\n".join(mangled).encode("utf-8", "replace") + b"\n"
    answer = process.run([toolchain.path("llvm-cxxfilt")], stdin=text)
    readable = answer.stdout.decode("utf-8", "replace").splitlines()
    return dict(zip(mangled, readable, strict=False)) if len(readable) == len(mangled) else {}
