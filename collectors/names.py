"""Readable names for linkage names."""

from __future__ import annotations

from collectors import process
from collectors.toolchain import Toolchain


def demangle(names: set[str], toolchain: Toolchain) -> dict[str, str]:
    """Linkage name to the name one reads; names that are not mangled are left out."""
    mangled = sorted(n for n in names if n.startswith("_Z"))
    if not mangled or not toolchain.has("llvm-cxxfilt"):
        return {}
    text = "\n".join(mangled).encode("utf-8", "replace") + b"\n"
    answer = process.run([toolchain.path("llvm-cxxfilt")], stdin=text)
    readable = answer.stdout.decode("utf-8", "replace").splitlines()
    return dict(zip(mangled, readable, strict=False)) if len(readable) == len(mangled) else {}
