"""A run once more: its program, with other flags; the binary that it kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation
from corr.collect.run import sha256
from corr.lake.run_facts import RunFacts
from corr.lake.store import RunInfo
from corr.program.model import Program, Run, Unit
from corr.program.revision import at_revision


def rebuilt(run: RunInfo, more: tuple[str, ...]) -> Program:
    """The program of a run with further flags. Raises CorrError if its sources changed since."""
    program = as_collected(run, more)
    if run.facts.at_revision and run.facts.revision:
        program = at_revision(program, run.facts.revision)
    for unit, source in zip(program.units, run.facts.sources, strict=True):
        content = program.content(unit.source)
        if not content.is_file() or sha256(content) != source.sha256:
            raise CorrError(f"{unit.source} changed since {run.run_id}", "collect it again")
    return program


def as_collected(run: RunInfo, more: tuple[str, ...] = ()) -> Program:
    """The program of a run as it was built, with further flags; its sources may be gone by now.

    Raises CorrError for an imported run.
    """
    facts = run.facts
    root = facts.root_folder
    units = []
    for source in facts.sources:
        if source.directory is None:
            raise CorrError(f"{run.run_id} was imported: nothing tells how to build it")
        units.append(Unit(root / source.file, Path(source.directory), (*source.flags, *more)))
    directory = Path(facts.link_directory or root)
    how = how_run(facts)
    link = (*facts.link_flags, *more)  # some change what is linked: -mdaz-ftz does
    return Program(facts.name, tuple(units), link, how, root, directory)


def how_run(facts: RunFacts) -> Run:
    """How the program of a run was run. Runs of earlier versions do not tell all of it."""
    return Run(
        args=facts.run_args,
        stdin=Path(facts.run_stdin) if facts.run_stdin else None,
        env=dict(facts.run_env),
        directory=Path(facts.run_directory or Path.cwd()),
        time_limit=facts.run_time_limit or Run.time_limit,
        ok_status=facts.run_ok_status,
    )


def invocation(run: RunInfo, ok_status: tuple[int, ...] | None = None) -> Invocation | None:
    """How to run the binary that a run kept, within a longer time; None if it kept none.

    `ok_status` overrides what the run says of it.
    """
    binary = run.artifacts / run.facts.name
    if not binary.is_file():
        return None
    how = how_run(run.facts)
    patient = replace(how, time_limit=max(how.time_limit, Invocation.timeout))
    return replace(patient, ok_status=ok_status or how.ok_status).invocation(binary)
