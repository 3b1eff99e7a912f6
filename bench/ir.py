"""What every pass did to hot functions, against the bare compiler dumping the same to a file.

The IR is part of the SQLite amalgamation, about 1 MB with its debug metadata. Both sides run the
same compiler with the same flags and filter over the same file, in turn; ours also parses the dump,
pairs each function's text before and after each pass, and builds the tables. It takes the debug
metadata out first, which is most of a dump: the second peer gets the file without it.
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
import time
from pathlib import Path

from bench import sqlite

PART = "^(pcache1|sqlite3Pcache|sqlite3PcacheTruncate|sqlite3VdbeSerial|sqlite3VdbeRecordCompare)"
HOT = {"pcache1Truncate", "pcache1FetchStage2", "sqlite3VdbeRecordCompareWithSkip", "pcache1Unpin"}


def main(repeat: int = 7) -> None:
    """Prints the ratio."""
    from collectors.base import toolchain
    from collectors.passes import changes

    tools = toolchain.find()
    clang = tools.path("clang")
    extract = tools.path("llvm-objdump").parent / "llvm-extract"
    argv = [*toolchain.repeatable(), clang, "-O3", "-g"]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        whole, part = work / "whole.ll", work / "part.ll"
        front = ["-Xclang", "-disable-llvm-passes", "-fno-discard-value-names", "-S", "-emit-llvm"]
        source = sqlite.fetch() / "sqlite3.c"
        subprocess.run([*argv, *front, source, "-o", whole], check=True)
        subprocess.run([extract, f"--rfunc={PART}", "-S", whole, "-o", part], check=True)
        stripped = work / "stripped.ll"
        changes.without_debug(part, stripped)
        inputs = {"as it is": part, "without debug metadata": stripped}
        ours: list[float] = []
        theirs: dict[str, list[float]] = {name: [] for name in inputs}
        for _ in range(repeat):
            start = time.perf_counter()
            trace = changes.collect(argv, part, {}, HOT, "sqlite3.c")
            ours.append(time.perf_counter() - start)
            for name, path in inputs.items():
                command = changes._command(argv, path, HOT, work / "options", True)
                start = time.perf_counter()
                with (work / "dump").open("wb") as dump:
                    subprocess.run(command, stderr=dump, check=True)
                theirs[name].append(time.perf_counter() - start)
        options = shlex.split((work / "options").read_text())
        words = [*(Path(str(c)).name for c in command[:-1]), *options]
        print(
            f"passes over {len(HOT)} hot functions of {part.stat().st_size / 1e6:.1f} MB of IR: "
            f"{min(ours):.2f} s, {len(trace.changes)} changes, {trace.problems}"
        )
        print(f"  peer: {' '.join(words)} 2> dump")
        for name, seconds in theirs.items():
            ratio = min(ours) / min(seconds)
            print(
                f"  wall time / bare compiler, the file {name} ({min(seconds):.2f} s): {ratio:.2f}"
            )
        verdict = "ok" if min(ours) <= 1.3 * min(theirs["as it is"]) else "MISSED"
        print(f"  (target, the file as it is: at most 1.3)  {verdict}")


if __name__ == "__main__":
    main()
