"""`corr collect`: gather every layer of a program, join it by loop, commit one run.

Compilers and readers run side by side; whatever is timed or sampled runs alone, between them.
"""

from __future__ import annotations

import hashlib
import shutil
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base.table import PROBLEMS, Problem, problem_rows
from collectors.base.toolchain import Toolchain
from corr import __version__
from corr.collect import join
from corr.collect.artifacts import compress
from corr.collect.built import build
from corr.collect.gather import gather
from corr.collect.layers import LAYERS
from corr.collect.options import Options
from corr.console.progress import Progress
from corr.lake.store import Lake, RunInfo, uncommitted
from corr.lake.tables import RUNS, TABLES
from corr.program import machine
from corr.program.model import Program
from corr.system.disk import check_room


@dataclass(frozen=True)
class Addition:
    """What a command adds to the runs that it commits: its kind, rows, facts and problems."""

    kind: str = "collect"
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[Problem] = ()


def collect(
    program: Program,
    toolchain: Toolchain,
    lake: Lake,
    options: Options,
    progress: Progress,
    addition: Addition | None = None,
) -> RunInfo:
    """Collect every layer of a program into one committed run.

    Raises CompileError when it does not build, CorrError when it does not run or the disk is
    full. Any other layer that cannot be had, for whatever reason, is a row of `problems`.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    check_room(lake.root, otherwise="name another folder with --data")
    with lake.stage() as staging, progress, uncommitted(lake.root):
        built = build(program, toolchain, staging.artifacts, options, progress)
        gathered = gather(LAYERS, built)
        built.remove_intermediate_files()
        with progress.step("joining by loop"):
            facts, doubts = join.attribute(gathered.tables)
        added = addition or Addition()
        facts["problems"] = problem_rows([*gathered.problems, *doubts, *added.problems])
        facts |= added.tables
        run = circumstances(program, toolchain, facts["timings"], options.label) | {
            **added.facts,
            "kind": added.kind,
            "started": started.isoformat(),
            "seconds": round(time.monotonic() - clock, 3),
            "problems": len(facts["problems"]),
        }
        row = {name: run[name] for name in RUNS.schema.names if name in run}
        facts["runs"] = RUNS.rows([row | {"started": started}])
        with progress.step("writing"):
            for name, rows in facts.items():
                staging.write(TABLES[name], rows)
            if options.artifacts:
                compress(staging.artifacts)
            else:
                shutil.rmtree(staging.artifacts)
        return staging.commit(run)


def record(
    program: Program, toolchain: Toolchain, lake: Lake, label: str | None, addition: Addition
) -> RunInfo:
    """Commit a run that has no layers, only what is added: nothing of it was worth collecting."""
    started = datetime.now(UTC)
    problems = problem_rows(addition.problems)
    with lake.stage() as staging, uncommitted(lake.root):
        run = circumstances(program, toolchain, TABLES["timings"].empty(), label) | {
            **addition.facts,
            "kind": addition.kind,
            "started": started.isoformat(),
            "seconds": 0.0,
            "problems": len(problems),
        }
        row = {name: run[name] for name in RUNS.schema.names if name in run}
        staging.write(RUNS, RUNS.rows([row | {"started": started}]))
        for name, rows in addition.tables.items():
            staging.write(TABLES[name], rows)
        if len(problems):
            staging.write(PROBLEMS, problems)
        return staging.commit(run)


def circumstances(
    program: Program, toolchain: Toolchain, timed: pa.Table, label: str | None
) -> dict[str, Any]:
    """What was run, where and how, for run.json; `timed` are the run's `timings` rows."""
    kernel = [k for k in timed["kernel_seconds"].to_pylist() if k is not None]
    cpu = [r["user"] + r["system"] for r in timed.select(["user", "system"]).to_pylist()]
    loads = [load for load in timed["load"].to_pylist() if load is not None]
    return {
        "kind": "collect",
        "program": program.name,
        "label": label,
        "root": str(program.root),
        "sources": [
            {
                "file": program.label(u),
                "sha256": sha256(program.content(u.source)),
                "directory": str(u.directory),
                "flags": list(u.flags),
            }
            for u in program.units
        ],
        "flags": list(program.units[0].flags),
        "link_flags": list(program.link_flags),
        "link_directory": str(program.directory),
        "run_args": list(program.run.args),
        "run_stdin": str(program.run.stdin) if program.run.stdin else None,
        "run_env": program.run.env,
        "run_directory": str(program.run.directory),
        "run_time_limit": program.run.time_limit,
        "run_ok_status": list(program.run.ok_status),
        "compiler": f"clang {toolchain.version}",
        "cpu": machine.cpu_model(),
        "cores": machine.cores(),
        "caches": machine.caches(),
        "vector_bits": machine.vector_bits(),
        "kernel": machine.kernel(),
        "revision": machine.git_revision(program.units[0].source.parent),
        "wall": statistics.median(timed["wall"].to_pylist()) if len(timed) else None,
        "kernel_seconds": statistics.median(kernel) if kernel else None,
        "cpu_seconds": statistics.median(cpu) if cpu else None,
        "load": statistics.median(loads) if 2 * len(loads) > len(timed) else None,
        "corr": __version__,
    }


def sha256(path: Path) -> str:
    """The hash of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
