"""Files of other tools as a run of the lake: kind `import`, wholly there or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from collectors.base.errors import UsageError
from collectors.base.foreign_text import visible
from collectors.base.table import problem_rows
from collectors.regions import caliper, marks, papi
from collectors.regions.marks import Profile
from corr import __version__
from corr.lake.run_facts import RunFacts, SourceFacts
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import TABLES

#: Entries of a profile's metadata that name the program, as Caliper and Adiak write them.
_PROGRAM = ("executablepath", "executable", "exe_file")


def import_caliper(
    files: Sequence[Path], lake: Lake, label: str | None = None, loops_of: RunInfo | None = None
) -> tuple[RunInfo, list[Profile]]:
    """Commit Caliper's profiles (.cali, or JSON of cali-query) as one run; returns what was read.

    `loops_of` is a collected run of the same program: its loops are copied into the new run, so
    that regions join them. Raises UsageError or CorrError, and commits nothing, when any of the
    files is not whole.
    """

    def read() -> list[Profile]:
        return [caliper.read(path, _name(path)) for path in files]

    return _import(files, read, lake, label, loops_of)


def import_papi(
    folders: Sequence[Path], lake: Lake, label: str | None = None, loops_of: RunInfo | None = None
) -> tuple[RunInfo, list[Profile]]:
    """Commit the output of PAPI's high-level interface as one run, a profile for each folder.

    As `import_caliper` otherwise.
    """

    def read() -> list[Profile]:
        return [part for path in folders for part in papi.read(path, _name(path))]

    for folder in folders:
        if not folder.exists():
            raise UsageError(f"no such folder: {visible(str(folder))}")
    return _import(folders, read, lake, label, loops_of)


def _name(path: Path) -> str:
    """What a profile is called: its path as given, a name that is not UTF-8 with escapes."""
    return marks.clean(os.path.normpath(path)) or ""


def _import(
    paths: Sequence[Path],
    read: Callable[[], list[Profile]],
    lake: Lake,
    label: str | None,
    loops_of: RunInfo | None,
) -> tuple[RunInfo, list[Profile]]:
    if not paths:
        raise UsageError("no file to import was given")
    names = [_name(p) for p in paths]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{visible(name)} is given twice")
    started, clock = datetime.now(UTC), time.monotonic()
    profiles = read()
    tables: dict[str, pa.Table] = {}
    if loops_of is not None:
        tables["loops"] = _loops(loops_of)
        marks.locate(profiles, _sources(loops_of))
    tables["regions"], tables["region_metadata"], problems = marks.tables(profiles)
    tables["problems"] = problem_rows(problems)
    seconds = round(time.monotonic() - clock, 3)
    facts = replace(_facts(profiles, label, loops_of), started=started, seconds=seconds)
    with lake.stage() as staging:
        return staging.commit_run(facts, tables), profiles


def _facts(profiles: Sequence[Profile], label: str | None, loops_of: RunInfo | None) -> RunFacts:
    """The circumstances that the files tell; this machine is not where they were measured."""
    metadata: dict[str, str] = {}
    for profile in profiles:
        metadata = profile.metadata | metadata
    named = next((metadata[key] for key in _PROGRAM if metadata.get(key)), None)
    program = Path(named).name if named else Path(profiles[0].name).stem
    return RunFacts(
        kind="import",
        program=loops_of.facts.program if loops_of else marks.clean(program),
        label=label,
        root=loops_of.facts.root if loops_of else _name(Path.cwd()),
        sources=tuple(SourceFacts(p.source, _sha256(p.source)) for p in profiles),
        cpu=metadata.get("cpu_info"),
        loops_of=loops_of.run_id if loops_of else None,
        corr=__version__,
    )


def _sha256(source: str) -> str | None:
    try:
        with open(source, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _loops(run: RunInfo) -> pa.Table:
    rows = run.table("loops")
    if rows is None or not len(rows):
        raise UsageError(
            f"run {run.run_id} has no loops to join with", "name a run of `corr collect`"
        )
    return rows.select(TABLES["loops"].schema.names)


def _sources(run: RunInfo) -> dict[str, str]:
    """Texts of the run's sources as they were then; a file that has changed since is left out."""
    wanted: dict[str, Path] = {}
    for source in run.facts.sources:
        path = run.facts.root_folder / source.file
        if _sha256(str(path)) == source.sha256:
            wanted[source.file] = path
    return marks.read_sources(wanted)
