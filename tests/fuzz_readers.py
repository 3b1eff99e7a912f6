"""Fuzzes the readers of what tools wrote: `python -m tests.fuzz_readers --seconds 60`, or `make fuzz`.

Recorded output is damaged at random: JSON by its nodes, texts by lines and bytes, binaries by bytes.
Whatever comes of it, a reader ends in time, with tables that Arrow finds valid or with a CorrError, and
tells each loss in a few problems. What breaks a rule is kept, with the numbers that repeat it.
"""

from __future__ import annotations

import argparse
import functools
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base import process, toolchain
from collectors.base.errors import CorrError
from collectors.base.foreign_text import is_visible
from collectors.base.table import Problem, problem_rows
from collectors.base.tool_output import Damage
from collectors.machine_code import control_flow, instructions, lines, mca
from collectors.machine_code.aarch64 import AARCH64
from collectors.machine_code.describe import DESCRIBED, describe
from collectors.machine_code.x86 import X86_64
from collectors.measured import cachegrind, counters, execution, mappings, samples, timings, trips
from collectors.passes import opcodes
from collectors.regions import caliper, papi, while_running
from collectors.regions import marks as region_marks
from collectors.source_loops import debug_info, forest
from collectors.source_loops import loops as source_loops
from corr.optimize import gate
from corr.program.build import uses_threads
from tests.support import damage as how
from tests.support import pass_traces

FIXTURES = Path(__file__).parent / "fixtures"
CODE = FIXTURES / "machine_code"
#: Seconds of CPU time that a reader may take; what is damaged is some ten kilobytes.
MOST_SECONDS = 10.0
MOST_PROBLEMS = 200
#: Bytes of memory of the process that fuzzes.
MOST_MEMORY = 4 << 30

Result = tuple[list[pa.Table], list[Problem]]
Mutation = Callable[[bytes, random.Random], bytes]


class Broken(Exception):
    """A rule that an input broke."""


@dataclass(frozen=True)
class Reader:
    """A reader, what to damage for it, and how; `tells`: a cut anywhere in the text is noticed."""

    read: Callable[[Path], Result]
    samples: Callable[[], list[bytes]]
    mutations: tuple[Mutation, ...]
    tells: bool = False


# --- the readers ---------------------------------------------------------------------------------


@functools.cache
def code() -> dict[str, list[tuple[int, str, str]]]:
    damage = Damage("", "")
    listing = (CODE / "objdump.txt").read_bytes().splitlines(keepends=True)
    return {c.symbol: c.rows for c in instructions.parse(listing, damage, "#")}


def read_mca(path: Path) -> Result:
    hot = {"twice": 0x1140, "main": 0x11A0}
    loops = {at: [r for r in code()[name] if at <= r[0]][:6] for name, at in hot.items()}
    rows, details, problems = mca.parse(
        path.read_bytes(), loops, dict(zip(hot.values(), hot)), X86_64
    )
    return [rows, details], problems


def read_objdump(path: Path) -> Result:
    damage = Damage("instructions", "llvm-objdump")
    with path.open("rb") as listing:
        for function in instructions.parse(listing, damage, "#"):
            steps = [instructions.step_of(a, X86_64.meaning(m, o)) for a, m, o in function.rows]
            for loop in control_flow.loops(steps)[:3]:
                control_flow.hot_path(steps, loop.header, {loop.header: 9})
            texts = [(m, o) for _, m, o in function.rows]
            for of in (X86_64, AARCH64):
                columns = describe(
                    texts, [of.meaning(*row) for row in texts], [1] * len(texts), {1}, of
                )
                pa.table(columns, schema=pa.schema(DESCRIBED)).validate()
            pa.array([row[0] for row in function.rows], pa.int64())
    return [], damage.problems()


def read_symbolizer(path: Path) -> Result:
    damage = Damage("instructions", "llvm-symbolizer")
    text = (CODE / "symbolizer.jsonl").read_bytes()
    wanted = [int(how.parsed(line)[0][1], 16) for line in text.splitlines()]
    found = instructions.symbolized(path.read_bytes().splitlines(keepends=True), wanted, damage)
    frames = pa.array([f for f in found.values() if f], pa.list_(instructions.FRAME))
    return [pa.table({"frames": frames})], damage.problems()


def read_coverage(path: Path) -> Result:
    tables, problems = execution.read(path)
    regions = tables["execution_regions"]
    loops = [
        {"key": "f/1", "function": r["function"], "unit": r["unit"], "file": r["file"]}
        | {"line": r["line"], "column": r["column"] + d, "end_line": r["end_line"]}
        | {"end_column": r["end_column"] - 1}
        for d, r in enumerate(regions.slice(0, 40).to_pylist())
    ]
    names = ("key", "function", "unit", "file", "line", "column", "end_line", "end_column")
    kinds = [pa.string()] * 4 + [pa.int64()] * 4
    shaped = pa.Table.from_pylist(loops, pa.schema(list(zip(names, kinds))))
    return [*tables.values(), trips.trips(shaped, regions)], problems


def read_samples(path: Path) -> Result:
    reader = samples.Reader(mappings.Images({"/src/a": "ab"}))
    for line in path.read_bytes().splitlines(keepends=True):
        reader.take(line)
    return [reader.table()], reader.problems()


def read_counters(path: Path) -> Result:
    damage = Damage("counters", "perf stat")
    readings = counters.parse(path.read_bytes().decode("utf-8", "replace"), damage)
    rows = counters.summarise(counters.EVENTS, readings * 2, {})
    return [counters.COUNTERS.rows(rows)], damage.problems() + counters._doubts(rows, readings)


def read_cachegrind(path: Path) -> Result:
    return [cachegrind.table(cachegrind.parse(path))], []


def read_elf(path: Path) -> Result:
    table, problems = lines.read(path)
    uses_threads(path)
    while_running.annotated(path)
    execution._instrumented(path)
    images = mappings.Images()
    address = images.address(str(path), 0x1130)
    pa.array([address], pa.int64())
    named = images.build_id(str(path))
    return [table, pa.table({"build_id": pa.array([named], pa.string())})], problems


def read_passes(path: Path) -> Result:
    with path.open("rb") as stream:
        trace = pass_traces.parsed(stream.read())
    _, cut = opcodes.count(path)
    return [trace.passes, trace.changes], [*trace.problems, *([cut] if cut else [])]


def read_gate(path: Path) -> Result:
    """Both ways; what it says of a damaged file is a refusal, which is a message."""
    honest = path.with_suffix(".honest")
    honest.write_bytes(binaries()[1])
    said = [*gate.objects(honest, path), *gate.objects(path, honest)]
    return [], [Problem("gate", path.name, refusal.what) for refusal in said]


def read_forest(path: Path) -> Result:
    debug_info.source_files(path, Path("/src"))
    functions = forest.read(path, Path("/src"))
    forest.tag_blocks(path, functions, path.with_suffix(".tagged"))
    return [source_loops.table("norm.c", functions, {}), source_loops.places(functions, {})], []


def read_times(path: Path) -> Result:
    values, bad = timings.read_times(path)
    done = process.Completed(("x",), 0, b"", b"", 1.0, 1.0, 0.0, 1 << 20)
    rows = timings.TIMINGS.rows([timings._row(0, done, values)])
    return [rows], [Problem("timings", "x", "bad lines", count=bad)] if bad else []


def read_caliper(path: Path) -> Result:
    rows, metadata, problems = region_marks.tables([caliper.read(path, "x")])
    return [rows, metadata], problems


def read_papi(path: Path) -> Result:
    rows, metadata, problems = region_marks.tables(papi.read(path, "x"))
    return [rows, metadata], problems


# --- what is damaged -----------------------------------------------------------------------------


def of(*patterns: str) -> Callable[[], list[bytes]]:
    return lambda: [p.read_bytes() for pattern in patterns for p in sorted(FIXTURES.glob(pattern))]


@functools.cache
def binaries() -> list[bytes]:
    """A tiny program as an executable and as an object file, built now."""
    tools = toolchain.find()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        for flags in (
            ("-nostdlib", "-static", "-Wl,--entry=main"),
            ("-pthread",),
            ("-c", "-gdwarf-4"),
        ):
            command = [tools.path("clang"), "-O1", "-g", *flags, CODE / "norm.c", "-o", out]
            done = process.run(command)
            if not done.ok:
                raise CorrError(done.last_lines())
            found.append(out.read_bytes())
    return found


def times() -> list[bytes]:
    return [b"".join(b"kernel_seconds %.3f\n" % (n / 7) for n in range(20))]


JSON = (how.damage_json, how.damage_json, how.damage_bytes)
JSON_LINES = (how.damage_json_lines, how.damage_json_lines, how.damage_lines, how.damage_bytes)
TEXT = (how.damage_lines, how.damage_lines, how.damage_bytes)
READERS = {
    "mca": Reader(read_mca, of("machine_code/mca.json"), JSON, tells=True),
    "objdump": Reader(read_objdump, of("machine_code/objdump.txt"), TEXT),
    "symbolizer": Reader(read_symbolizer, of("machine_code/symbolizer.jsonl"), JSON_LINES),
    "coverage": Reader(read_coverage, of("coverage/*.json"), JSON, tells=True),
    "samples": Reader(read_samples, of("perf/script-*.txt"), TEXT),
    "counters": Reader(read_counters, of("perf/stat-*.txt"), TEXT),
    "cachegrind": Reader(read_cachegrind, of("cachegrind/*.out"), TEXT, tells=True),
    "elf": Reader(read_elf, binaries, (how.damage_binary, how.damage_binary, how.damage_bytes)),
    "passes": Reader(read_passes, lambda: [pass_traces.dump(22)[:60_000]], TEXT),
    "gate": Reader(read_gate, lambda: binaries()[1:2], (how.damage_binary, how.damage_bytes)),
    "forest": Reader(read_forest, of("machine_code/norm.ll"), TEXT),
    "times": Reader(read_times, times, TEXT),
    "caliper": Reader(read_caliper, of("caliper/*.json"), JSON),
    "cali": Reader(read_caliper, of("caliper/small.cali"), TEXT),
    "papi": Reader(read_papi, of("papi/*/*.json", "papi/*/*/*.json"), JSON),
}


# --- the rules -----------------------------------------------------------------------------------


def one(name: str, number: int, folder: Path) -> None:
    """Damages what `name` reads as `number` says and reads it. Raises Broken, or what it raises."""
    reader = READERS[name]
    chance = random.Random(f"{name} {number}")
    data = chance.choice(reader.samples())
    try:
        damaged = chance.choice(reader.mutations)(data, chance)
    except ValueError:  # the recording itself is no JSON: it shows how an old version went wrong
        damaged = how.damage_bytes(data, chance)
    path = folder / "input"
    path.write_bytes(damaged)
    check(reader, path)
    if reader.tells and number % 4 == 0:
        end = chance.randrange(len(data.rstrip()) - 1)
        path.write_bytes(data[:end])
        if not check(reader, path):
            raise Broken(f"the text is cut after {end} bytes, and nothing is said of it")


def check(reader: Reader, path: Path) -> bool:
    """Reads a file by the rules; True if anything was told."""
    start = time.process_time()
    try:
        tables, problems = reader.read(path)
    except CorrError as error:
        said = [error.message]
        tables, problems = [], []
    else:
        said = [p.what for p in problems]
    if time.process_time() - start > MOST_SECONDS:
        raise Broken(f"{time.process_time() - start:.0f} s for {path.stat().st_size} bytes")
    for table in tables:
        table.validate(full=True)
    problem_rows(problems).validate(full=True)
    if len(problems) > MOST_PROBLEMS:
        raise Broken(f"{len(problems)} problems")
    for text in (*said, *(p.where for p in problems)):
        if not text or not all(is_visible(line) for line in text.split("\n")):
            raise Broken(f"a message that says nothing, or hides something: {text[:300]!r}")
    return bool(said)


def whole(name: str, folder: Path) -> list[Any]:
    """What a reader says of undamaged recordings."""
    found: list[Any] = []
    for number, data in enumerate(READERS[name].samples()):
        path = folder / f"whole{number}"
        path.write_bytes(data)
        found.append(READERS[name].read(path))
    return found


def slice_of(name: str, numbers: Iterable[int], folder: Path) -> None:
    for number in numbers:
        try:
            one(name, number, folder)
        except Exception as error:
            error.add_note(
                f"repeat it: python -m tests.fuzz_readers --only {name} --first {number}"
            )
            raise


def main() -> int:
    """Fuzzes until the time is over; 1 if a rule was broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--first", type=int, default=None, help="number of the first input")
    parser.add_argument("--only", choices=sorted(READERS), action="append", help="of these readers")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-broken"), help="file to keep")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    names = options.only or list(READERS)
    first = options.first if options.first is not None else random.SystemRandom().randrange(1 << 40)
    end = time.monotonic() + options.seconds
    number = first
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            for name in names:
                try:
                    one(name, number, Path(folder))
                except Exception as error:
                    options.keep.write_bytes((Path(folder) / "input").read_bytes())
                    print(
                        f"broken by --only {name} --first {number}: {type(error).__name__}: {error}"
                    )
                    print(f"the input is in {options.keep}")
                    return 1
            number += 1
    print(
        f"{number - first} damaged outputs of each of {len(names)} readers, no rule broken (from --first {first})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
