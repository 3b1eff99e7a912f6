"""Reads the SQLite amalgamation's optimisation remarks, against llvm-remarkutil and PyYAML.

The reader writes a Parquet file with every argument of every remark; the peer only counts. Both
run in turn, each in a process of its own; wall times are of whole processes, start-up included,
and the smallest of the repetitions counts. PyYAML only loads, in memory, a sample from the start
of the file, extrapolated by its bytes; its start-up is not counted.

Two files of 1 GB show that memory does not grow with the file: the YAML record four times, each
time with other function names, so that its documents differ; and the bitstream's remarks 42 times.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import sqlite

ROOT = Path(__file__).resolve().parent.parent
CACHE = sqlite.CACHE / "remarks"
MOST_MEMORY = 400  # MB
FORMATS = ("yaml", "bitstream")


def recording(format: str) -> Path:
    """SQLite's remarks at -O3 -g, recorded once."""
    path = CACHE / f"sqlite3.opt.{format}"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        from collectors.base import toolchain

        clang = str(toolchain.find().path("clang"))
        source = str(sqlite.fetch() / "sqlite3.c")
        target = ["-c", source, "-o", "/dev/null", "-Wno-source-mgr"]
        record = [f"-fsave-optimization-record={format}", f"-foptimization-record-file={path}"]
        subprocess.run(["setarch", "-R", clang, "-O3", "-g", *target, *record], check=True)
    return path


def large(format: str) -> Path:
    """A file of 1 GB made of SQLite's record."""
    path = CACHE / f"large.opt.{format}"
    if not path.exists():
        own("make", format, path)  # a child's peak memory is never below its parent's
    return path


def make(format: str, target: str) -> None:
    """Writes the file of `large`."""
    path = Path(target)
    data = recording(format).read_bytes()
    with path.with_suffix(".new").open("wb") as file:
        if format == "yaml":
            for copy in range(4):
                file.write(data.replace(b"\nFunction:        ", b"\nFunction:        c%d_" % copy))
        else:
            first, table = data.find(b"\x25\x10\0\0"), data.rfind(b"\x21\x0c\0\0")
            file.write(data[:first])
            for _ in range(42):
                file.write(data[first:table])
            file.write(data[table:])
    path.with_suffix(".new").rename(path)


# --- what runs in a process of its own -----------------------------------------------------------


def convert(source: str, target: str) -> None:
    """Reads a recording and writes it as Parquet."""
    import pyarrow.parquet as pq

    from collectors.remarks.reader import REMARKS, read

    start = time.perf_counter()
    reader = read(source, "unit")
    with pq.ParquetWriter(target, REMARKS.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
    print(time.perf_counter() - start, reader.statistics, reader.problems)


def twice(source: str, lake: str) -> None:
    """Imports a recording into a new lake, and again; prints the seconds of both."""
    from corr.imports.remarks import import_remarks
    from corr.lake.store import Lake

    opened = Lake.open(Path(lake), create=True)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        done = import_remarks([Path(source)], opened)
        seconds.append(time.perf_counter() - start)
    assert done.again
    print(*seconds)


def pyyaml(source: str, sample: str) -> None:
    """Loads a sample with CSafeLoader, as one does without a tool for it; prints bytes and time."""
    import yaml

    class Loader(yaml.CSafeLoader):  # type: ignore[misc]
        pass

    def construct(loader: Any, _tag: str, node: Any) -> Any:
        return loader.construct_mapping(node, deep=True)

    Loader.add_multi_constructor("!", construct)
    size = int(sample)
    with open(source, "rb") as file:
        text = file.read(size)
    text = text[: text.rfind(b"\n--- ") + 1] if len(text) == size else text
    start = time.perf_counter()
    documents = sum(1 for _ in yaml.load_all(text, Loader=Loader))
    print(len(text), documents, time.perf_counter() - start)


CHILDREN = {"convert": convert, "twice": twice, "make": make, "pyyaml": pyyaml}


def run(command: list[str]) -> tuple[float, float, str]:
    """Wall time in s, peak memory in MB, and output of a process."""
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        child = os.posix_spawn(
            command[0],
            command,
            {**os.environ, "PYTHONPATH": str(ROOT)},
            file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1)],
        )
        _, status, usage = os.wait4(child, 0)
        wall = time.perf_counter() - start
        out.seek(0)
        text = out.read().decode()
    if status:
        sys.exit(f"{shlex.join(command)} failed")
    return wall, usage.ru_maxrss / 1024, text


def own(name: str, *arguments: object) -> tuple[float, float, str]:
    """One of CHILDREN in a process of its own."""
    return run([sys.executable, "-m", "bench.remarks", "--child", name, *map(str, arguments)])


# --- comparisons ---------------------------------------------------------------------------------


def row(what: str, value: float, most: float) -> None:
    """A line of the result."""
    verdict = "ok" if value <= most else "MISSED"
    print(f"  {what:<52} {value:8.4f}  (target at most {most:g})  {verdict}")


def count(format: str, most: float, repeat: int, work: Path) -> float:
    """Reader against `llvm-remarkutil count`, both as processes.

    Returns the reader's seconds without the start of Python and its imports.
    """
    tool = shutil.which("llvm-remarkutil-22") or shutil.which("llvm-remarkutil")
    if not tool:
        sys.exit("llvm-remarkutil is not installed")
    path = recording(format)
    peer = [tool, "count", f"--parser={format}", str(path)]
    walls: list[tuple[float, float, float]] = []
    for _ in range(repeat):
        mine = own("convert", path, work / "remarks.parquet")
        seconds, _, figures = mine[2].partition(" ")
        walls.append((mine[0], run(peer)[0], float(seconds)))
    ours, theirs, inside = (min(column) for column in zip(*walls, strict=True))
    print(f"{format}: {path.stat().st_size / 1e6:.0f} MB, {figures.strip()}")
    print(f"  reader to Parquet {ours:.2f} s, of it {ours - inside:.2f} s to start Python")
    print(f"  peer: {shlex.join(peer)}: {theirs:.2f} s")
    row(f"wall time / llvm-remarkutil count --parser={format}", ours / theirs, most)
    return inside


def against_pyyaml(ours: float, megabytes: int) -> None:
    """Reader against CSafeLoader, both without the start of Python and imports."""
    path = recording("yaml")
    samples = [own("pyyaml", path, megabytes << 20)[2].split() for _ in range(3)]
    sample, documents, seconds = min(samples, key=lambda found: float(found[2]))
    whole = float(seconds) * path.stat().st_size / int(sample)
    print(f"  peer: yaml.load_all(text, Loader=CSafeLoader): {float(seconds):.2f} s for the first")
    print(f"    {documents} documents ({int(sample) / 1e6:.1f} MB), so {whole:.0f} s for the file")
    row("wall time / PyYAML CSafeLoader", ours / whole, 1 / 50)


def memory(format: str, work: Path) -> None:
    """Peak memory on 1 GB, of the reader and of the import."""
    path = large(format)
    wall, peak, said = own("convert", path, work / "remarks.parquet")
    figures = said.partition(" ")[2]
    print(f"{format}: {path.stat().st_size / 1e9:.2f} GB in {wall:.1f} s, {figures.strip()}")
    row(f"peak memory of the reader / {MOST_MEMORY} MB", peak / MOST_MEMORY, 1)
    wall, peak, seconds = own("twice", path, work / f"lake-{format}")
    first, second = map(float, seconds.split())
    print(f"  corr import remarks: {first:.2f} s, again with nothing changed {second:.4f} s")
    row(f"peak memory of the import / {MOST_MEMORY} MB", peak / MOST_MEMORY, 1)
    row("importing again, nothing changed / the first time", second / first, 0.02)


def main(arguments: list[str] | None = None) -> None:
    """Runs the comparisons and prints them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--sample", type=int, default=8, help="MB that PyYAML reads")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        return CHILDREN[options.child[0]](*options.child[1:])
    with tempfile.TemporaryDirectory(dir=sqlite.CACHE.parent) as folder:
        work = Path(folder)
        ours = count("yaml", 1.0, options.repeat, work)
        against_pyyaml(ours, options.sample)
        count("bitstream", 5.0, options.repeat, work)
        for format in FORMATS:
            memory(format, work)


if __name__ == "__main__":
    main(sys.argv[1:])
