"""A binary run in another way, its code as it is."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from collectors.base import process
from collectors.base.invocation import Invocation
from collectors.base.toolchain import Toolchain
from collectors.measured import subnormals
from corr.experiment.otherwise import TUNABLES, WAYS, otherwise

PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  volatile float x = argc > 1 ? 1e-30f : 1.0f;
  x = x * 1e-9f;
  x = x * 1e6f;
  const char *tunables = getenv("GLIBC_TUNABLES");
  printf("%g %s\\n", x, tunables ? tunables : "none");
  return argv[argc] != 0;
}
"""


pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86-64")


@pytest.fixture
def program(tmp_path: Path, clang: str) -> Invocation:
    (tmp_path / "p.c").write_text(PROGRAM)
    done = process.run([clang, "-O1", tmp_path / "p.c", "-o", tmp_path / "p"])
    assert done.ok, done.stderr
    return Invocation(tmp_path / "p", args=("small",))


def printed(program: Invocation) -> list[str]:
    return program.run().stdout.decode().split()


def test_subnormal_numbers_are_taken_for_zero(
    program: Invocation, tools: Toolchain, tmp_path: Path
) -> None:
    assert float(printed(program)[0]) > 0
    flushed = otherwise(program, "flush-subnormals", tools, tmp_path)
    assert float(printed(flushed)[0]) == 0


def test_whether_there_were_any(program: Invocation, tools: Toolchain, tmp_path: Path) -> None:
    assert subnormals.seen(program, tools, tmp_path) is True
    assert subnormals.seen(Invocation(program.binary), tools, tmp_path) is False


def test_what_is_gained_without_them_is_timed_only_where_there_were_any(
    program: Invocation, tools: Toolchain, tmp_path: Path
) -> None:
    (small,) = subnormals.measure(program, tools, tmp_path).to_pylist()
    assert small["seen"] and small["as_it_is"] >= 0 and small["flushed"] >= 0
    (normal,) = subnormals.measure(Invocation(program.binary), tools, tmp_path).to_pylist()
    assert normal == {"seen": False, "as_it_is": None, "flushed": None}


def test_memory_is_kept_beside_what_is_set_already(
    program: Invocation, tools: Toolchain, tmp_path: Path
) -> None:
    kept = otherwise(program, "keep-memory", tools, tmp_path)
    assert printed(kept)[1] == WAYS["keep-memory"].tunables
    own = Invocation(program.binary, env={TUNABLES: "glibc.malloc.check=0"})
    assert printed(otherwise(own, "keep-memory", tools, tmp_path))[1].startswith(
        "glibc.malloc.check=0:glibc.malloc."
    )
