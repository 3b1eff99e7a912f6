"""Libraries whose objects are bitcode: what they define is known, as of any others."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base import process
from collectors.base.toolchain import Toolchain
from corr.program import shared_libraries

TEXT = "int here(void) { return 1; }\nstatic int own(void) { return 2; }\nint other(void);\nint (*p)(void) = other;\nint two(void) { return own(); }\n"


@pytest.mark.parametrize("flags", [(), ("-flto",), ("-flto=thin",)])
def test_what_objects_define(flags: tuple[str, ...], tmp_path: Path, tools: Toolchain) -> None:
    source, out = tmp_path / "x.c", tmp_path / "x.o"
    source.write_text(TEXT)
    assert process.run([tools.path("clang"), "-O1", *flags, "-c", source, "-o", out]).ok
    assert shared_libraries.is_bitcode(out) == bool(flags)
    assert shared_libraries.defined([out]) == {"here", "p", "two"}


@pytest.mark.slow
def test_what_cannot_be_read(tmp_path: Path) -> None:
    damaged, absent = tmp_path / "x.o", tmp_path / "y.o"
    damaged.write_bytes(b"BC\xc0\xdenothing of the kind")
    assert shared_libraries.is_bitcode(damaged) and not shared_libraries.is_bitcode(absent)
    assert shared_libraries.defined([damaged]) is None is shared_libraries.defined([absent])
