"""`corr collect`: gather every layer of a program, join it by loop, commit one run.

Compilers and readers run side by side; whatever is timed or sampled runs alone, between them.
"""

from __future__ import annotations

import hashlib
import shutil
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base.table import Problem, problem_rows
from collectors.base.toolchain import Toolchain
from corr import __version__
from corr.collect import join
from corr.collect.artifacts import compress
from corr.collect.built import build
from corr.collect.gather import gather
from corr.collect.layers import LAYERS
from corr.collect.options import Options
from corr.console.progress import Progress
from corr.lake.run_facts import RunFacts, SourceFacts
from corr.lake.store import Lake, RunInfo, uncommitted
from corr.lake.tables import TABLES
from corr.program import machine, surroundings
from corr.program.model import Program
from corr.system.disk import check_room
from corr.system.memory import give_back


@dataclass(frozen=True)
class Addition:
    """What a command adds to the runs that it commits: its kind, rows and problems, and which part
    of an optimisation they are.
    """

    kind: str = "collect"
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    session: str | None = None
    iteration: int | None = None
    role: str | None = None
    order: Mapping[str, Any] | None = None
    aside: bool = False

    def added_to(self, facts: RunFacts) -> RunFacts:
        return replace(
            facts,
            kind=self.kind,
            session=self.session,
            iteration=self.iteration,
            role=self.role,
            order=self.order,
            aside=self.aside or facts.aside,
        )


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
        del built  # the loops' places of a large program are a hundred megabytes
        give_back()
        with progress.step("joining by loop"):
            every = {name: table.empty() for name, table in TABLES.items()}
            tables, doubts = join.attribute(every | dict(gathered.tables))
        added = addition or Addition()
        tables["problems"] = problem_rows([*gathered.problems, *doubts, *added.problems])
        tables |= added.tables
        with progress.step("writing"):
            if options.artifacts:
                compress(staging.artifacts)
            else:
                shutil.rmtree(staging.artifacts)
            known = circumstances(program, toolchain, tables["timings"], options.label)
            seconds = round(time.monotonic() - clock, 3)
            facts = added.added_to(replace(known, started=started, seconds=seconds))
            return staging.commit_run(facts, tables)


def record(
    program: Program, toolchain: Toolchain, lake: Lake, label: str | None, addition: Addition
) -> RunInfo:
    """Commit a run that has no layers, only what is added: nothing of it was worth collecting."""
    started = datetime.now(UTC)
    tables = dict(addition.tables)
    if addition.problems:
        tables["problems"] = problem_rows(addition.problems)
    with lake.stage() as staging, uncommitted(lake.root):
        known = circumstances(program, toolchain, TABLES["timings"].empty(), label)
        facts = addition.added_to(replace(known, started=started, seconds=0.0, aside=True))
        return staging.commit_run(facts, tables)


def circumstances(
    program: Program, toolchain: Toolchain, timed: pa.Table, label: str | None
) -> RunFacts:
    """What was run, where and how; `timed` are the run's `timings` rows."""
    run = program.run
    kernel = [k for k in timed["kernel_seconds"].to_pylist() if k is not None]
    cpu = [r["user"] + r["system"] for r in timed.select(["user", "system"]).to_pylist()]
    loads = [load for load in timed["load"].to_pylist() if load is not None]
    return RunFacts(
        program=program.name,
        label=label,
        root=str(program.root),
        sources=tuple(
            SourceFacts(
                program.label(u), sha256(program.content(u.source)), str(u.directory), u.flags
            )
            for u in program.units
        ),
        flags=program.units[0].flags,
        link_flags=program.link_flags,
        link_directory=str(program.directory),
        run_args=run.args,
        run_stdin=str(run.stdin) if run.stdin else None,
        run_env=run.env,
        run_inputs=surroundings.inputs(run),
        surroundings=surroundings.telling_variables(),
        run_directory=str(run.directory),
        run_time_limit=run.time_limit,
        run_ok_status=run.ok_status,
        compiler=f"clang {toolchain.version}",
        cpu=machine.cpu_model(),
        cores=machine.cores(),
        caches=tuple(machine.caches()),
        vector_bits=machine.vector_bits(),
        kernel=machine.kernel(),
        revision=program.revision or machine.git_revision(program.units[0].source.parent),
        at_revision=program.revision is not None,
        wall=statistics.median(timed["wall"].to_pylist()) if len(timed) else None,
        kernel_seconds=statistics.median(kernel) if kernel else None,
        cpu_seconds=statistics.median(cpu) if cpu else None,
        load=statistics.median(loads) if 2 * len(loads) > len(timed) else None,
        corr=__version__,
    )


def sha256(path: Path) -> str:
    """The hash of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
