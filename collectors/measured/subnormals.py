"""Whether a program works on numbers below the normal range, and what it gains without them.

The processor keeps a bit for it until a thread ends, and has a mode that takes such numbers for
zero: a library of a few lines, loaded before the program, reads the one and sets the other.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from collectors.base import process
from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation, failure
from collectors.base.table import BOOL, REAL, Table, column
from collectors.base.toolchain import Toolchain

#: Bits of MXCSR: operands below the normal range are zero, results are; one of either was seen.
_LIBRARY = """
#include <stdio.h>
#include <stdlib.h>
__attribute__((constructor)) static void begin(void) {
  if (getenv("CORR_FLUSH"))
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
}
__attribute__((destructor)) static void end(void) {
  const char *name = getenv("CORR_SEEN");
  unsigned state = __builtin_ia32_stmxcsr();
  FILE *out = name ? fopen(name, "a") : NULL;
  if (out) {
    fprintf(out, "%d\\n", (state & 0x12) != 0);
    fclose(out);
  }
}
"""
FLUSH = {"CORR_FLUSH": "1"}
#: The program is run so often in each way: other work can only make a run slower.
IN_TURN = 2

SUBNORMALS = Table(
    "subnormals",
    "whether the program met numbers below the normal range, and its time with them taken for zero",
    pa.schema(
        [
            column("seen", BOOL, "an operand or a result of its main thread was one"),
            column("as_it_is", REAL, "seconds of CPU time of the quicker run, where any was seen"),
            column("flushed", REAL, "the same with such numbers taken for zero"),
        ]
    ),
)


def measure(program: Invocation, tools: Toolchain, folder: Path) -> pa.Table:
    """The table `subnormals`, without a row where it cannot be told.

    Raises CorrError where the library cannot be built.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return SUBNORMALS.empty()
    found = seen(program, tools, folder)
    if found is None:
        return SUBNORMALS.empty()
    ways: list[dict[str, str]] = [{}, FLUSH]
    times: list[float | None] = [None, None]
    if found:
        loaded = preloaded(program, tools, folder)
        taken = [[_seconds(program, loaded | way) for way in ways] for _ in range(IN_TURN)]
        for way, of_way in enumerate(zip(*taken, strict=True)):
            known = [one for one in of_way if one is not None]
            times[way] = min(known) if known else None
    return SUBNORMALS.rows([{"seen": found, "as_it_is": times[0], "flushed": times[1]}])


def seen(program: Invocation, tools: Toolchain, folder: Path) -> bool | None:
    """Whether its main thread met a number below the normal range; None: it does not tell.

    Raises CorrError where the library cannot be built.
    """
    told = folder / "seen"
    told.unlink(missing_ok=True)
    variables = {**preloaded(program, tools, folder), "CORR_SEEN": str(told)}
    done = _with(program, variables).run(discard=True)
    if failure(done) is not None or not told.is_file():
        return None
    return "1" in told.read_text()


def preloaded(program: Invocation, tools: Toolchain, folder: Path) -> dict[str, str]:
    """The variable that loads the library before the program. Raises CorrError if there is none."""
    library = folder / "first.so"
    if not library.is_file():
        source = folder / "first.c"
        source.write_text(_LIBRARY)
        done = process.run(
            [tools.path("clang"), "-O1", "-shared", "-fPIC", source, "-o", library], timeout=60
        )
        if not done.ok:
            raise CorrError("the library that sets the mode of numbers cannot be built here")
    given = program.environment().get("LD_PRELOAD")
    return {"LD_PRELOAD": f"{library}:{given}" if given else str(library)}


def _with(program: Invocation, variables: Mapping[str, str]) -> Invocation:
    return replace(program, env={**program.env, **variables})


def _seconds(program: Invocation, variables: Mapping[str, str]) -> float | None:
    done = _with(program, variables).run(discard=True)
    return done.user + done.system if failure(done) is None else None
