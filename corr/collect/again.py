"""A run once more: its program, with other flags; the binary that it kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation
from corr.collect.run import sha256
from corr.lake.store import RunInfo
from corr.program.model import Program, Run, Unit


def rebuilt(run: RunInfo, more: tuple[str, ...]) -> Program:
    """The program of a run with further flags. Raises CorrError if its sources changed since."""
    facts = run.facts
    root = Path(facts["root"])
    units = []
    for source in facts["sources"]:
        path = root / source["file"]
        if not path.is_file() or sha256(path) != source["sha256"]:
            raise CorrError(f"{path} changed since {run.run_id}", "collect it again")
        units.append(Unit(path, Path(source["directory"]), (*source["flags"], *more)))
    directory = Path(facts["link_directory"])
    link_flags = tuple(facts["link_flags"])
    program = Program(facts["program"], tuple(units), link_flags, how_run(facts), root)
    return replace(program, directory=directory)


def how_run(facts: Mapping[str, Any]) -> Run:
    """How the program of a run was run. Runs of earlier versions do not tell all of it."""
    stdin, directory = facts.get("run_stdin"), facts.get("run_directory")
    return Run(
        args=tuple(facts.get("run_args") or ()),
        stdin=Path(stdin) if stdin else None,
        env=dict(facts.get("run_env") or {}),
        directory=Path(directory) if directory else Path.cwd(),
        time_limit=facts.get("run_time_limit") or Run.time_limit,
        ok_status=tuple(facts.get("run_ok_status") or Run.ok_status),
    )


def invocation(run: RunInfo, ok_status: tuple[int, ...] | None = None) -> Invocation | None:
    """How to run the binary that a run kept, within a longer time; None if it kept none.

    `ok_status` overrides what the run says of it.
    """
    binary = run.folder / "artifacts" / str(run.facts.get("program"))
    if not binary.is_file():
        return None
    how = how_run(run.facts)
    patient = replace(how, time_limit=max(how.time_limit, Invocation.timeout))
    return replace(patient, ok_status=ok_status or how.ok_status).invocation(binary)
