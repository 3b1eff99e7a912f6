"""Tools that build and run programs: only where the server was started with --allow-run."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from collectors.base import toolchain
from collectors.base.errors import CorrError, UsageError
from corr.agent.candidate import judge, moves
from corr.agent.reading import answer
from corr.agent.results import Collected, Judged
from corr.collect.options import Options
from corr.collect.run import collect as collect_program
from corr.console.progress import Progress
from corr.findings.of_run import answers, of_run
from corr.lake.store import Lake
from corr.program.model import Run, from_files
from corr.system.shipped_files import shipped

#: One program is measured at a time: two would measure each other.
_ALONE = threading.Lock()
Tell = Callable[[str], None]


class Told(Progress):
    """Progress that goes to the one who asked, and not to stderr."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._status = None
        self._tell = tell

    def _show(self, add: str | None = None, drop: str | None = None) -> None:
        if add is not None and drop is None:
            self._tell(add)


def collect(
    lake: Lake,
    project: Path,
    files: Sequence[str],
    flags: Sequence[str],
    run_args: Sequence[str],
    label: str | None,
    tell: Tell,
) -> Collected:
    """Build and run sources of the project, and gather every layer."""
    named = [inside(project, name) for name in files]
    with _alone():
        program = from_files(
            named, tuple(flags) or ("-O3",), Run(args=tuple(run_args), directory=project), project
        )
        options = Options(cachegrind=False, label=label)
        run = collect_program(program, toolchain.find(), lake, options, Told(tell))
    found = [answer(f) for f in answers(of_run(lake, run))]
    return Collected(run.run_id, run.facts.name, run.facts.wall, found, run.facts.problems)


def candidate(
    lake: Lake,
    run: str,
    edits: Sequence[tuple[str, str, str]],
    flags: Sequence[str],
    reason: str,
    allow_reassociation: bool,
    tell: Tell,
) -> Judged:
    """One change to the program of a run, judged."""
    changes = moves(edits, flags)
    if not changes:
        raise UsageError("a candidate needs an edit or a flag", "edits=[{file, search, replace}]")
    info = lake.find(run)
    with _alone():
        return judge(lake, info, toolchain.find(), changes, reason[:400], allow_reassociation, tell)


def inside(project: Path, name: str) -> str:
    """A source of the project, or a shipped kernel by its bare name. Raises UsageError."""
    if "\0" in name or len(name) > 1000:
        raise UsageError("that is no file's name")
    path = (project / name).resolve()
    if path.is_relative_to(project.resolve()) and path.is_file():
        return name
    if Path(name).name == name and (shipped("kernels") / name).is_file():
        return name
    raise UsageError(f"{name} is no file of this project", f"name one in {project}")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    if not _ALONE.acquire(blocking=False):
        raise CorrError("another program is being measured", "wait for its answer, then ask")
    try:
        yield
    finally:
        _ALONE.release()
