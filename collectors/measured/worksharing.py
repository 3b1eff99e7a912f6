"""Iterations of the loops of OpenMP directives, which clang's own counters do not see.

`#pragma omp for` makes of its loop a request to libomp: share these iterations out among the
threads of the team. `worksharing.c`, preloaded before libomp, adds up what is asked for.
"""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base import process
from collectors.base.scratch import scratch
from collectors.base.table import INT, LINE, STRING, Table, column
from collectors.base.toolchain import Toolchain
from collectors.measured.trips import Shared, same_file

SOURCE = Path(__file__).with_name("worksharing.c")
FLAGS = ("-O2", "-shared", "-fPIC", "-ldl", "-lpthread")
VARIABLE = "CORR_WORKSHARING"
#: entries, iterations, and clang's place of the directive: `;file;function;line;column;;`.
_LINE = re.compile(r"(\d{1,19}) (\d{1,19}) ;(.*);([^;]*);(\d{1,9});(\d{1,9});;")
#: Bytes of the counts of one run: a line a directive.
MOST = 1 << 24

WORKSHARING = Table(
    "worksharing",
    "how often the loop of an OpenMP directive was begun, and its iterations in all threads",
    pa.schema(
        [
            column("file", STRING, "source file of the directive"),
            column("line", LINE, "line where the directive begins"),
            column("entries", INT, "how often a team of threads came to the loop"),
            column("iterations", INT, "how many iterations its threads had in all"),
        ]
    ),
)


@contextlib.contextmanager
def counting(toolchain: Toolchain, preloaded: str = "") -> Iterator[tuple[dict[str, str], Path]]:
    """What to add to a run's environment, and the file that has its counts afterwards.

    `preloaded` is what the environment preloads already. Nothing is added where clang cannot make
    the library, or no loader would find it at its place.
    """
    with scratch("worksharing") as folder:
        library, counts = folder / "worksharing.so", folder / "counts"
        built = process.run([toolchain.path("clang"), SOURCE, *FLAGS, "-o", library], timeout=60)
        if not built.ok or re.search(r"[\s:$]", str(library)):
            yield {}, counts
            return
        first = f"{library} {preloaded}".strip()
        yield {"LD_PRELOAD": first, VARIABLE: str(counts)}, counts


def read(counts: Path) -> pa.Table:
    """The table `worksharing` of such a file; lines that are none are passed over."""
    found: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    try:
        with counts.open("rb") as file:
            text = file.read(MOST).decode("utf-8", "replace")
    except OSError:
        text = ""
    for line in text.splitlines():
        if told := _LINE.fullmatch(line):
            sums = found[told[3], int(told[5])]
            sums[0] += int(told[1])
            sums[1] += int(told[2])
    return WORKSHARING.rows(
        {"file": file, "line": line, "entries": entries, "iterations": iterations}
        for (file, line), (entries, iterations) in sorted(found.items())
    )


def of_loops(loops: pa.Table, worksharing: pa.Table) -> dict[str, Shared]:
    """The counts of each loop of a directive, by the loop's key; those without any are left out."""
    by_line: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in worksharing.to_pylist():
        by_line[row["line"]].append(row)
    found = {}
    for loop in loops.select(["key", "file", "directive"]).to_pylist():
        rows = [r for r in by_line.get(loop["directive"], ()) if same_file(r["file"], loop["file"])]
        if rows:
            entries, iterations = (sum(r[n] for r in rows) for n in ("entries", "iterations"))
            found[loop["key"]] = Shared(entries, iterations)
    return found
