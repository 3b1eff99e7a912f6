"""`corr import remarks`: a finished build's records of remarks as a run, without a program to run.

Each recording is read into the cache (`recordings.py`) unless it is there, then all of them are
written as one run. Memory holds a few blocks of one recording, never a whole one.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.base.errors import CorrError, ToolMissing, UsageError
from collectors.base.foreign_text import visible
from collectors.base.table import Problem
from corr.console.progress import Progress
from corr.console.short_names import with_short_names
from corr.imports.recordings import Cache, Recording, Stamp
from corr.lake.run_facts import RunFacts, SourceFacts
from corr.lake.store import Lake, RunInfo, uncommitted

if TYPE_CHECKING:
    import pyarrow as pa

#: What compilers and linkers call their records: `a.opt.yaml`, `a.opt.ld.yaml`, `a.opt.ld.3.yaml`,
#: `a-opt.ld.yaml` of clang's own link, and of ThinLTO's tasks `a-opt.ld.yaml.thin.1.yaml`.
NAMED = re.compile(
    r"[.-]opt\.(ld\.)?(\w+\.)?(ya?ml|bitstream)(\.thin\.\d+\.(ya?ml|bitstream))?(\.(gz|xz|zst))?$"
)
_COMPRESSED = re.compile(r"\.(gz|xz|zst)$")
#: What an import writes; raise it when it writes more, so that what was imported before is not it.
_WRITES = 2
_CHANGED = "the file changed while it was read"


@dataclass(frozen=True)
class Imported:
    """The run, its recordings, and whether it had been there before: nothing had changed.

    `notes` are of the run as a whole.
    """

    run: RunInfo
    recordings: list[Recording]
    again: bool = False
    notes: Sequence[Problem] = ()


def import_remarks(
    paths: Sequence[Path],
    lake: Lake,
    label: str | None = None,
    root: Path | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Commit the remarks in files and folders (searched for records by their names) as one run.

    `root` is the folder that file names within the records are relative to (default: the working
    folder). If the same recordings were imported before and none has changed, that run is the
    answer. Raises UsageError when there is nothing to import, CorrError when a file given by name
    cannot be read.
    """
    root = (root or Path.cwd()).absolute()
    cache = Cache(lake.root)
    listed = find(paths)
    again = doubles(listed)
    stamps = {path: _stamp(path) for path in listed if path not in again}
    if before := _before(cache, lake, stamps, label, root):
        return Imported(before, [], again=True)
    from corr.imports import sources

    started, clock = datetime.now(UTC), time.monotonic()
    with uncommitted(cache.folder):
        cache.folder.mkdir(parents=True, exist_ok=True)
    with lake.stage() as staging, progress or Progress() as shown, uncommitted(lake.root):
        recordings, problems = _read_all(stamps, cache, staging.folder, shown)
        _require_remarks(recordings)
        with shown.step("writing"):
            tables = _write(recordings, staging.folder, staging.run_id, root)
            for left in staging.folder.glob("*.rows"):
                left.unlink()
        problems += [p for r in recordings for p in r.problems]
        problems += [
            Problem("remarks", str(path), f"left out: it is {kept.name} in another form")
            for path, kept in again.items()
        ]
        said = sources.told(staging.folder / "remarks.parquet")
        tables["source"], unread = sources.texts(said, root)
        silent = sources.without_loops(said, tables["source"])
        tables["problems"] = _problem_rows([*problems, *unread, *silent])
        seconds = round(time.monotonic() - clock, 3)
        facts = replace(_facts(recordings, label, root), started=started, seconds=seconds)
        run = staging.commit_run(facts, tables)
        stable = {r.path for r in recordings if r.rows_file.parent == cache.folder}
        if stable == set(stamps):
            cache.made(_fingerprint(cache, stamps, label, root), run.run_id)
        cache.save()
    return Imported(run, recordings, notes=silent)


def find(paths: Sequence[Path]) -> list[Path]:
    """The recordings that `paths` name: files, and in folders what is named like one.

    Links to folders are not followed. Raises UsageError when there is none.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(_in_folder(path))
        elif path.is_file():
            found[path] = None
        else:
            what = "not a file" if path.exists() else "no such file"
            raise UsageError(f"{what}: {visible(str(path))}")
    if not found:
        where = ", ".join(visible(str(p)) for p in paths)
        raise UsageError(
            f"no record of remarks in {where}",
            "build with -fsave-optimization-record, which writes *.opt.yaml",
        )
    return list(found)


def doubles(paths: Sequence[Path]) -> dict[Path, Path]:
    """Compressed records that are there plain, too, or in another compression: which is kept."""
    kept: dict[Path, Path] = {}
    # what is not compressed comes first
    for path in sorted(paths, key=lambda path: bool(_COMPRESSED.search(path.name))):
        kept.setdefault(path.with_name(_COMPRESSED.sub("", path.name)), path)
    every = {path: kept[path.with_name(_COMPRESSED.sub("", path.name))] for path in paths}
    return {path: other for path, other in every.items() if path != other}


def _in_folder(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(place) / name
            if NAMED.search(name) and path.is_file():
                yield path


def _stamp(path: Path) -> Stamp:
    try:
        return Stamp.of(path)
    except OSError as error:
        raise CorrError(f"{visible(str(path))} cannot be read: {error.strerror}") from error


def _before(
    cache: Cache, lake: Lake, stamps: dict[Path, Stamp], label: str | None, root: Path
) -> RunInfo | None:
    """The run that an import of just these, unchanged since, ended in."""
    if not all(cache.known(path, stamp) for path, stamp in stamps.items()):
        return None
    run_id = cache.run_of(_fingerprint(cache, stamps, label, root))
    try:
        return lake.find(run_id) if run_id else None
    except CorrError:
        return None


def _fingerprint(cache: Cache, stamps: dict[Path, Stamp], label: str | None, root: Path) -> str:
    text = hashlib.sha256(os.fsencode(f"{_WRITES}\0{label}\0{root}\0"))
    for path, stamp in stamps.items():
        text.update(os.fsencode(f"{path}\0{cache.known(path, stamp)}\0"))
    return text.hexdigest()[:40]


# --- reading -------------------------------------------------------------------------------------


def _read_all(
    stamps: dict[Path, Stamp], cache: Cache, staging: Path, progress: Progress
) -> tuple[list[Recording], list[Problem]]:
    recordings: list[Recording] = []
    problems: list[Problem] = []
    total = sum(stamp.size for stamp in stamps.values())
    with progress.amount("reading remarks", total) as done:
        before = 0
        for path, stamp in stamps.items():

            def advance(share: float, before: int = before, size: int = stamp.size) -> None:
                done(before + share * size)

            try:
                recordings.append(_one(path, stamp, cache, staging, advance))
            except OSError as error:
                what = f"cannot be read: {error.strerror or error}"
                problems.append(Problem("remarks", str(path), what))
            before += stamp.size
            done(before)
    if not recordings:
        raise CorrError(f"{problems[0].where} {problems[0].what}")
    return recordings, problems


def _require_remarks(recordings: Sequence[Recording]) -> None:
    """A run without a remark would pass every gate."""
    if any(recording.rows for recording in recordings):
        return
    found = [(p.where, p.what) for r in recordings for p in r.problems]
    first = recordings[0].path
    where, what = found[0] if found else (str(first), "it is empty")
    count = f" of {len(recordings)} records" if len(recordings) > 1 else f" of {first.name}"
    raise CorrError(
        f"no remark{visible(count)} could be read: {visible(where)}: {visible(what)}",
        "record with -fsave-optimization-record, and import once the build has finished",
    )


def _one(path: Path, stamp: Stamp, cache: Cache, staging: Path, advance: Any) -> Recording:
    """The recording at `path`, from the cache or read into it. Raises OSError."""
    content = cache.content(path, stamp)
    if found := cache.find(content, path):
        cache.remember(path, stamp, content)
        return found
    temporary = staging / f"{len(list(staging.glob('*.rows')))}.rows"
    recording = _read(path, temporary, advance)
    changed = any(p.what == _CHANGED for p in recording.problems)
    if not changed and Stamp.of(path) == stamp:
        cache.keep(content, recording)
        cache.remember(path, stamp, content)
    elif not changed:
        recording.problems.append(
            Problem("remarks", str(path), _CHANGED, "import it once the build has finished")
        )
    return recording


def _read(path: Path, target: Path, advance: Any) -> Recording:
    import pyarrow as pa

    from collectors.remarks.reader import REMARKS, read

    reader = read(path, "", progress=advance)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        pa.OSFile(str(target), "w") as file,
        pa.ipc.new_stream(file, REMARKS.schema, options=options) as stream,
    ):
        for batch in reader:
            stream.write_batch(batch)
    pa.default_memory_pool().release_unused()
    done = reader.statistics
    return Recording(
        path,
        target,
        done.read,
        done.rows,
        done.bad,
        done.replaced,
        done.bytes,
        cached=False,
        problems=reader.problems,
    )


# --- writing -------------------------------------------------------------------------------------


def _write(
    recordings: Sequence[Recording], folder: Path, run_id: str, root: Path
) -> dict[str, pa.Table]:
    """Writes the remarks; returns the other tables, whose size is that of the code."""
    import pyarrow as pa

    from collectors.base import demangle
    from corr.imports import remark_loops
    from corr.program.spelling import spell_files

    places = pa.concat_tables([remark_loops.places(r, root) for r in recordings])
    names_ = list(places.column_names)
    places = places.group_by(names_).aggregate([]).select(names_)
    functions = set(places["function"].unique().to_pylist())
    tables: dict[str, pa.Table] = {}
    readable: dict[str, str] = {}
    toolchain = _toolchain()
    if toolchain is not None:
        readable = demangle.demangle(functions, toolchain)
    tables["functions"] = with_short_names(
        demangle.FUNCTIONS.rows(
            {"linkage": n, "name": readable.get(n, n)} for n in sorted(functions)
        )
    )
    loops = remark_loops.loops(places, readable)
    keys = {
        (row["function"], row["file"], row["line"], row["column"]): row["key"]
        for row in loops.select(["function", "file", "line", "column", "key"]).to_pylist()
    }
    tables["loops"] = spell_files(loops, root, root)
    remark_loops.write_remarks(
        [(r, _unit(r.path, root)) for r in recordings],
        keys,
        folder / "remarks.parquet",
        run_id,
        root,
    )
    return tables


def _toolchain() -> Any:
    from collectors.base import toolchain

    try:
        return toolchain.find()
    except ToolMissing:
        return None


def _unit(path: Path, root: Path) -> str:
    from corr.program.model import relative

    return visible(relative(str(path.absolute()), root))


def _problem_rows(problems: list[Problem]) -> pa.Table:
    from collectors.base.table import problem_rows

    said = "loops are the places that passes over loops name; what is in them is unknown"
    fix = "collect the program to have its loops from the compiler's IR"
    shown = [replace(p, where=visible(p.where), what=visible(p.what)) for p in problems]
    return problem_rows([*shown, Problem("loops", "", said, fix)])


def _facts(recordings: Sequence[Recording], label: str | None, root: Path) -> RunFacts:
    from corr import __version__

    return RunFacts(
        kind="import",
        program=root.name,
        label=label,
        root=str(root),
        sources=tuple(SourceFacts(_unit(r.path, root)) for r in recordings),
        corr=__version__,
    )
