"""A lake that grew: `corr runs`, `corr hotspots` and a count by pass, before and after compaction.

    python -m bench.biglake --runs 10000 --rows 100000000 --lake DIR

Runs are copies of a few that were really collected (five kernels, and SQLite without running it),
each with an id, a label, a program name and figures of its own; artifacts are not copied. The
lake is made once and kept, as collected (`DIR/loose`) and compacted (`DIR/packed`).
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import sqlite

KERNELS = ("gemm.c", "2mm.c", "cholesky.c", "nussinov.c", "particles.cpp")
SEEDS = sqlite.CACHE / "lake-seed"
CORR = [sys.executable, "-m", "corr"]
#: Size of the lake that `make bench` makes; these variables or the options name another.
RUNS, ROWS = "CORR_BENCH_RUNS", "CORR_BENCH_ROWS"
DEFAULT_RUNS, DEFAULT_ROWS = 1_000, 10_000_000
#: Versions of a seed's figures that the copies take in turn.
VARIANTS = 4
PROGRAMS = 20
#: Integer columns that are measurements.
MEASURED = ("count", "samples", "iterations", "entries")
BY_PASS = "SELECT pass, sum(count) AS remarks FROM remarks GROUP BY pass ORDER BY remarks DESC"
REPEAT = 5


@dataclass(frozen=True)
class Seed:
    """A collected run to copy: its facts, and its tables in several versions."""

    facts: dict[str, Any]
    variants: list[dict[str, pa.Table]]

    @property
    def rows(self) -> int:
        return sum(len(t) for t in self.variants[0].values())


def main(arguments: Sequence[str] = ()) -> None:
    """Make the lake unless it is there, and print every figure of this module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=int(os.environ.get(RUNS, DEFAULT_RUNS)))
    parser.add_argument("--rows", type=int, default=int(os.environ.get(ROWS, DEFAULT_ROWS)))
    parser.add_argument("--lake", type=Path, help="where the lake is made and kept")
    parser.add_argument("--generate-only", action="store_true")
    options = parser.parse_args(arguments)
    place = options.lake or sqlite.CACHE / f"lake-{options.runs}-{options.rows}"
    loose, packed = place / "loose", place / "packed"
    made(loose, options.runs, options.rows)
    if options.generate_only:
        return
    compacted(loose, packed)
    compare(loose, packed)


def made(folder: Path, runs: int, rows: int) -> None:
    """Fill a lake with so many runs and at least so many rows, unless that has been done."""
    from corr.lake.store import Lake

    done = folder / ".made"
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    Lake.open(collected(), create=False)
    Lake.open(folder, create=True)
    start = time.perf_counter()
    workers = os.cpu_count() or 1
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        jobs = [(folder, runs, rows, worker, workers) for worker in range(workers)]
        total = sum(pool.starmap(write_runs, jobs))
    done.touch()
    size = sum(p.stat().st_size for p in folder.rglob("*.parquet"))
    print(
        f"made {runs:,} runs, {total:,} rows, {size / 1e9:.2f} GB "
        f"in {time.perf_counter() - start:.0f} s"
    )


def collected() -> Path:
    """A lake with one real run of each program that is copied; collected once and kept."""
    from corr.lake.store import Lake

    if not SEEDS.exists() or len(Lake.open(SEEDS).all_runs()) < len(KERNELS) + 1:
        shutil.rmtree(SEEDS, ignore_errors=True)
        quiet = {"check": True, "capture_output": True}
        for kernel in KERNELS:
            command = [*CORR, "collect", kernel, "--data", str(SEEDS)]
            subprocess.run(command, **quiet)  # type: ignore[call-overload]
        command = [*CORR, "collect", "driver.c", "sqlite3.c", "--no-run", "--data", str(SEEDS)]
        subprocess.run(command, cwd=sqlite.fetch(), **quiet)  # type: ignore[call-overload]
    return SEEDS


def seeds() -> list[Seed]:
    """The collected runs, the one with the most rows last."""
    from corr.lake.store import Lake

    found = []
    for run in Lake.open(SEEDS).all_runs():
        tables = {
            path.stem: pq.read_table(path).drop_columns("run_id")
            for path in sorted(run.folder.glob("*.parquet"))
        }
        random = np.random.default_rng(len(found))
        variants = [
            {name: perturbed(table, random) for name, table in tables.items()}
            for _ in range(VARIANTS)
        ]
        found.append(Seed(run.facts.to_json(), variants))
    return sorted(found, key=lambda seed: seed.rows)


def perturbed(table: pa.Table, random: np.random.Generator) -> pa.Table:
    """The table with its measurements changed by a few per cent; NULL stays NULL."""
    for at, field in enumerate(table.schema):
        integer = pa.types.is_integer(field.type) and field.name in MEASURED
        if not (integer or pa.types.is_floating(field.type)):
            continue
        factor = random.normal(1, 0.03, len(table)).clip(0.8)
        values = table[field.name].to_numpy(zero_copy_only=False).astype(float) * factor
        empty = np.isnan(values)
        if integer:
            values = np.ceil(np.where(empty, 0, values)).astype(np.int64)
        column = pa.array(values, mask=empty).cast(field.type)
        table = table.set_column(at, field, column)
    return table


def write_runs(folder: Path, runs: int, rows: int, worker: int, workers: int) -> int:
    """Write every `workers`-th run; returns the number of rows written."""
    known = seeds()
    small, large = known[:-1], known[-1]
    mean = sum(s.rows for s in small) / len(small)
    large_runs = math.ceil(max(0.0, rows - runs * mean) / (large.rows - mean))
    every = runs // large_runs if large_runs else runs + 1
    newest = datetime(2026, 1, 1, tzinfo=UTC)
    total = 0
    for number in range(worker, runs, workers):
        is_large = number % every == every // 2 and number // every < large_runs
        seed = large if is_large else small[number % len(small)]
        started = newest - timedelta(minutes=7 * (runs - number))
        total += write_run(folder / "runs", seed, number, started)
    return total


def write_run(folder: Path, seed: Seed, number: int, started: datetime) -> int:
    """Write one copy of a seed as a committed run; returns its rows."""
    run_id = f"{started:%Y%m%dT%H%M%S.%f}-{number % 65536:04x}"
    facts = seed.facts | {
        "run_id": run_id,
        "program": f"{seed.facts['program']}-{number // 5 % PROGRAMS}",
        "label": f"nightly-{number}",
        "started": started.isoformat(),
    }
    place = folder / run_id
    place.mkdir()
    total = 0
    for name, rows in seed.variants[number % VARIANTS].items():
        if name == "runs":
            wall = rows["wall"][0].as_py()
            facts["wall"] = wall
            rows = own_row(rows, facts, started)
        ids = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(rows), np.int32)), [run_id])
        stamped = rows.add_column(0, "run_id", ids)
        pq.write_table(stamped, place / f"{name}.parquet", compression="zstd")
        total += len(rows)
    (place / "run.json").write_text(json.dumps(facts, indent=1) + "\n")
    return total


def own_row(rows: pa.Table, facts: dict[str, Any], started: datetime) -> pa.Table:
    """The row of `runs` with the copy's own name, label and time."""
    for name, value in (
        ("program", facts["program"]),
        ("label", facts["label"]),
        ("started", started),
    ):
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), pa.array([value], rows.schema[at].type))
    return rows


def compacted(loose: Path, packed: Path) -> None:
    """A copy of the lake, made of links to its files, with all its runs compacted."""
    if (packed / ".made").exists():
        return
    shutil.rmtree(packed, ignore_errors=True)
    shutil.copytree(loose, packed, copy_function=os.link)
    start = time.perf_counter()
    command = [*CORR, "compact", "--keep", "0", "--data", str(packed)]
    subprocess.run(command, check=True)
    (packed / ".made").touch()
    print(f"{shlex.join(['corr', *command[3:]])}: {time.perf_counter() - start:.0f} s")


def compare(loose: Path, packed: Path) -> None:
    """Each command on both lakes, and `corr hotspots` against the same query in DuckDB."""
    from corr.lake.packs import run_names
    from corr.lake.store import Lake

    names = run_names(loose)
    old = names[len(names) // 3]
    commands = [["runs"], ["hotspots", "last"], ["hotspots", old], ["sql", BY_PASS]]
    for lake, state in ((loose, "as collected"), (packed, "compacted")):
        files, size = contents(lake)
        print(f"{len(names):,} runs {state}: {files:,} Parquet files, {size / 1e9:.2f} GB")
        for command in commands:
            line = [*CORR, *command, "--data", str(lake)]
            print(f"  {best([line])[0]:7.3f} s  {shlex.join(['corr', *command])}")
    lake = Lake.open(packed)
    for run in ("last", old):
        versus_duckdb(lake, run, packed.parent)


def contents(lake: Path) -> tuple[int, int]:
    """Number and bytes of the Parquet files of a lake."""
    sizes = [p.stat().st_size for p in lake.rglob("*.parquet")]
    return len(sizes), sum(sizes)


def versus_duckdb(lake: Any, reference: str, place: Path) -> None:
    """`corr hotspots` against DuckDB: the statement that corr sends, and views over the lake."""
    import duckdb

    from corr.lake.sql import view_statement

    run = lake.find(reference)
    statement = view_statement(lake, run, "hotspots", 20, duckdb.connect())
    ours = [*CORR, "hotspots", run.run_id, "--data", str(lake.root)]
    same, typed = place / "hotspots.sql", place / "hotspots-views.sql"
    same.write_text(statement + ";\n")
    typed.write_text(typed_views(lake.root, run.run_id))
    sent = "what corr sends, which names the run's pack and inlines the views"
    peers = [
        (duckdb(typed), "the shipped views over the lake's files, WHERE run_id ="),
        (in_python(same), sent),
    ]
    if duckdb(same) != in_python(same):
        peers.append((duckdb(same), f"{sent}; DuckDB's shell starts without Python"))
    mine, *theirs = best([ours, *(peer for peer, _ in peers)])
    print(f"corr hotspots {reference}: {mine:.3f} s (target < 1 s)")
    for (peer, what), seconds in zip(peers, theirs, strict=True):
        print(f"  peer: {shlex.join(peer)}  ({what})")
        print(f"  {seconds:.3f} s: corr takes {mine / seconds:.2f}× as long (target ≤ 1.2×)")


def typed_views(root: Path, run_id: str) -> str:
    """What one would type: the tables as views of the lake's files, corr's views, the query."""
    from corr.lake.sql import _closure, views
    from corr.lake.tables import TABLES

    every = {v.name: v.sql.strip() for v in views()}
    lines = []
    for name in _closure(["hotspots"], TABLES):
        if name not in every and not any(root.glob(f"compacted/*/{name}.parquet")):
            continue
        files = f"FROM read_parquet('{root}/compacted/*/{name}.parquet', union_by_name = true)"
        lines.append(f"CREATE VIEW {name} AS {every.get(name, files)};")
    return "\n".join([*lines, f"FROM hotspots WHERE run_id = '{run_id}' LIMIT 20;\n"])


def duckdb(script: Path) -> list[str]:
    """DuckDB's own shell on a script; where there is none, the Python module."""
    if shell := shutil.which("duckdb"):
        return [shell, "-f", str(script)]
    return in_python(script)


def in_python(script: Path) -> list[str]:
    """DuckDB's Python module on a script."""
    code = f"import duckdb; print(duckdb.execute(open({str(script)!r}).read()).fetchall())"
    return [sys.executable, "-c", code]


def best(commands: Sequence[Sequence[str]]) -> list[float]:
    """The smallest wall time of each command, all run in turn; the first round does not count."""
    times: list[list[float]] = [[] for _ in commands]
    for turn in range(REPEAT + 1):
        for command, found in zip(commands, times, strict=True):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if turn:
                found.append(time.perf_counter() - start)
    return [min(found) for found in times]


if __name__ == "__main__":
    main(sys.argv[1:])
