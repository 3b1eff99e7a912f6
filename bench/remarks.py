"""Times the reader of optimisation remarks against llvm-remarkutil and PyYAML on one recording.

    clang -O3 -g -c -fsave-optimization-record=yaml \\
        -foptimization-record-file=sqlite3.opt.yaml sqlite3.c -o sqlite3.o
    python bench/remarks.py sqlite3.opt.yaml

The reader writes a Parquet file with every argument of every remark; the peer only counts. Both
run in turn, each in a process of its own; wall times are of whole processes, start-up included,
and the smallest of the repetitions counts. PyYAML only loads, in memory, a sample from the start
of the file, extrapolated by its bytes; its start-up is not counted.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MOST_MEMORY = 400  # MB


def convert(source: str, target: str, threads: int | None) -> None:
    """Reads a recording and writes it as Parquet."""
    import pyarrow.parquet as pq

    from collectors.remarks import REMARKS, read

    reader = read(source, "unit", threads=threads)
    with pq.ParquetWriter(target, REMARKS.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
    print(reader.statistics, reader.problems)


def pyyaml(source: str, sample: int) -> None:
    """Loads a sample with CSafeLoader, as one does without a tool for it; prints bytes and time."""
    import yaml

    class Loader(yaml.CSafeLoader):  # type: ignore[misc]
        pass

    def construct(loader: Any, tag: str, node: Any) -> Any:
        return loader.construct_mapping(node, deep=True)

    Loader.add_multi_constructor("!", construct)
    with open(source, "rb") as file:
        text = file.read(sample)
    text = text[: text.rfind(b"\n--- ") + 1] if len(text) == sample else text
    start = time.perf_counter()
    documents = sum(1 for _ in yaml.load_all(text, Loader=Loader))
    print(len(text), documents, time.perf_counter() - start)


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


def main() -> None:
    """Runs the comparison and prints it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recording")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--sample", type=int, default=8, help="MB that PyYAML reads")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--child", choices=["convert", "pyyaml"], help=argparse.SUPPRESS)
    parser.add_argument("--target", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child == "convert":
        return convert(options.recording, options.target, options.threads)
    if options.child == "pyyaml":
        return pyyaml(options.recording, options.sample << 20)

    tool = shutil.which("llvm-remarkutil-22") or shutil.which("llvm-remarkutil")
    if not tool:
        sys.exit("llvm-remarkutil is not installed")
    size = os.path.getsize(options.recording)
    me = [sys.executable, __file__, options.recording]
    peer = [tool, "count", "--parser=yaml", options.recording]
    with tempfile.TemporaryDirectory() as directory:
        target = os.path.join(directory, "remarks.parquet")
        ours = [*me, "--child", "convert", "--target", target]
        if options.threads:
            ours += ["--threads", str(options.threads)]
        walls: list[tuple[float, float]] = []
        memory = 0.0
        for _ in range(options.repeat):
            wall, peak, figures = run(ours)
            walls.append((wall, run(peer)[0]))
            memory = max(memory, peak)
        written = os.path.getsize(target)
    mine, theirs = (min(column) for column in zip(*walls, strict=True))
    load = [*me, "--child", "pyyaml", "--sample", str(options.sample)]
    samples = [run(load)[2].split() for _ in range(3)]
    sample, documents, seconds = min(samples, key=lambda found: float(found[2]))
    whole = float(seconds) * size / int(sample)

    print(f"{options.recording}: {size / 1e6:.1f} MB, {figures.strip()}")
    print(f"reader to Parquet ({written / 1e6:.1f} MB):  {mine:.2f} s, peak {memory:.0f} MB")
    print(f"{shlex.join(peer)}:  {theirs:.2f} s")
    print(
        f"PyYAML CSafeLoader, load_all: {float(seconds):.2f} s for the first {documents} "
        f"documents ({int(sample) / 1e6:.1f} MB), so {whole:.0f} s for the file"
    )
    for name, value, most in [
        ("wall time / llvm-remarkutil", mine / theirs, 1.0),
        ("wall time / PyYAML", mine / whole, 1 / 50),
        (f"peak memory / {MOST_MEMORY} MB", memory / MOST_MEMORY, 1.0),
    ]:
        verdict = "ok" if value <= most else "MISSED"
        print(f"{name:32} {value:.4f}  (target at most {most:g})  {verdict}")


if __name__ == "__main__":
    main()
