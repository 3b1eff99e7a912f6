"""A run once more: its program, with other flags; the binary that it kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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
    how = Run(
        args=tuple(facts["run_args"]),
        stdin=Path(facts["run_stdin"]) if facts["run_stdin"] else None,
        env=dict(facts["run_env"]),
        directory=Path(facts["run_directory"]),
    )
    directory = Path(facts["link_directory"])
    program = Program(facts["program"], tuple(units), tuple(facts["link_flags"]), how, root)
    return replace(program, directory=directory)


def invocation(run: RunInfo, time_limit: float = 600.0) -> Invocation | None:
    """How to run the binary that a run kept; None if it kept none."""
    from pathlib import Path

    binary = run.folder / "artifacts" / str(run.facts.get("program"))
    if not binary.is_file():
        return None
    stdin = run.facts.get("run_stdin")
    return Invocation(
        binary,
        tuple(run.facts.get("run_args") or ()),
        Path(stdin) if stdin else None,
        dict(run.facts.get("run_env") or {}),
        Path(run.facts["run_directory"]) if run.facts.get("run_directory") else None,
        time_limit,
    )
