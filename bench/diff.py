"""`corr diff` of two SQLite builds against LLVM's opt-diff.py on the same remark records."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import sqlite

LEVELS = {"O2": "-O2", "O3": "-O3"}


def main() -> None:
    """Print both times and their ratio; the two builds are collected once and kept."""
    folder = sqlite.fetch()
    lake = sqlite.CACHE / "diff-lake"
    for label, level in LEVELS.items():
        collected(folder, lake, label, level)
    start = time.perf_counter()
    command = [sys.executable, "-m", "corr", "diff", *LEVELS, "--data", str(lake)]
    done = subprocess.run(
        [*command, "--format", "json"], cwd=folder, check=True, capture_output=True
    )
    ours = time.perf_counter() - start
    print(f"corr diff -O2 -O3 of SQLite: {ours:.1f} s, {len(done.stdout) >> 10} kB of JSON")
    with tempfile.TemporaryDirectory() as place:
        theirs = opt_diff(lake, Path(place))
    print(f"corr diff is {theirs / ours:.0f}× as fast (target ≥ 20×)")


def collected(folder: Path, lake: Path, label: str, level: str) -> None:
    """Collect the static layers of SQLite at one level, unless the lake has them."""
    runs = subprocess.run(
        [sys.executable, "-m", "corr", "runs", "--data", str(lake), "--format", "csv"],
        cwd=folder,
        capture_output=True,
        text=True,
    ).stdout
    if f",{label}," not in runs:
        command = [sys.executable, "-m", "corr", "collect", "driver.c", "sqlite3.c", "--no-run"]
        subprocess.run(
            [*command, f"--label={label}", "--data", str(lake), "--", level],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip


def opt_diff(lake: Path, work: Path) -> float:
    """Seconds that opt-diff.py takes for the same two records, uncompressed beforehand."""
    import pyarrow as pa

    from collectors.base import toolchain
    from corr.lake.store import Lake

    records = []
    for level in LEVELS:
        run = Lake.open(lake).find(level)
        (kept,) = (run.folder / "artifacts").glob("sqlite3.opt.[by]*.zst")
        record = work / f"{level}{kept.with_suffix('').suffix}"
        with pa.input_stream(str(kept)) as source, record.open("wb") as target:
            while block := source.read(1 << 22):
                target.write(block)
        if record.suffix == ".bitstream":  # which opt-diff.py cannot read
            written, record = record, record.with_suffix(".yaml")
            remarkutil = toolchain.find().path("llvm-objdump").parent / "llvm-remarkutil"
            convert = [str(remarkutil), "bitstream2yaml"]
            subprocess.run([*convert, str(written), "-o", str(record)], check=True)
        records.append(record)
    home = toolchain.find().path("llvm-objdump").parent.parent
    script = home / "share" / "opt-viewer" / "opt-diff.py"
    command = [sys.executable, str(script), *map(str, records), "-o", str(work / "diff.opt.yaml")]
    print("peer: " + " ".join(Path(c).name for c in command))
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        print("  the peer failed: " + done.stderr.strip().splitlines()[-1])
    print(f"  {seconds:.1f} s")
    return seconds
