"""The lake: `<data>/runs/<run_id>/*.parquet`. A run appears by one rename or not at all.

The rows of old runs may have been moved to a pack (`corr compact`, lake_packs); every reader
learns from `Lake.layout` where a run's rows are.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.base.errors import CorrError, UsageError
from collectors.base.scratch import LOCK, abandoned, claim
from corr.lake import marker, remote
from corr.lake.index import Entry, entries, facts_of
from corr.lake.packs import Layout, reading, run_names
from corr.lake.run_facts import RunFacts
from corr.lake.run_ids import RUN_ID, new_run_id
from corr.system.disk import disk_errors, write_whole
from corr.system.interrupts import kill_as_interrupt

if TYPE_CHECKING:
    import pyarrow as pa

    from collectors.base.table import Table

_BACK = re.compile(r"^last(?:~(\d+))?$")


@dataclass(frozen=True)
class RunInfo:
    """A committed run: its id, folder, and what `run.json` says of it."""

    run_id: str
    folder: Path
    facts: RunFacts

    @property
    def table_versions(self) -> Mapping[str, int]:
        """The version of each of its tables; empty where run.json does not say."""
        return self.facts.tables

    @property
    def artifacts(self) -> Path:
        """The folder of what the tools wrote, which may not be there; fetched where it must be."""
        there = remote.of(self.folder.parent.parent)
        if there is not None:
            there.fetch_artifacts(self.run_id)
        return self.folder / "artifacts"

    def table(self, name: str) -> pa.Table | None:
        """The rows of one of its tables, wherever they are; None if the run has no such table.

        Raises CorrError when they cannot be read.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        root = self.folder.parent.parent
        lock = reading(root)
        try:
            layout = Layout(root)
            files = layout.rows(name, [self.run_id]).files
            if not files:
                return None
            if layout.remote is not None:
                return layout.remote.table(self.run_id, name)
            return pq.read_table(files[0], filters=[("run_id", "==", self.run_id)])
        except (OSError, pa.ArrowException) as error:
            raise CorrError(f"the {name} of {self.run_id} cannot be read: {error}") from error
        finally:
            lock.release()


class Staging:
    """A run being written. `folder` is removed unless `commit` is reached."""

    def __init__(self, lake: Lake, run_id: str, folder: Path) -> None:
        self.run_id = run_id
        self.folder = folder
        self._lake = lake
        self.committed = False

    @property
    def artifacts(self) -> Path:
        """Where the tools' own output is kept with the run."""
        path = self.folder / "artifacts"
        path.mkdir(exist_ok=True)
        return path

    def write(self, table: Table, rows: pa.Table) -> None:
        """Write a table's rows, with `run_id` put in front. Raises CorrError on a full disk."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        ids = pa.DictionaryArray.from_arrays(
            pa.nulls(len(rows), pa.int32()).fill_null(0), pa.array([self.run_id])
        )
        stamped = rows.cast(table.schema).add_column(0, "run_id", ids)
        with uncommitted(self.folder):
            pq.write_table(stamped, self.folder / f"{table.name}.parquet", compression="zstd")

    def commit_run(self, facts: RunFacts, tables: Mapping[str, pa.Table]) -> RunInfo:
        """Write the tables, with the run's own row in `runs`, and commit.

        How many problems there are is counted here.
        """
        from corr.lake.tables import RUNS, TABLES

        facts = replace(facts, problems=len(tables.get("problems", ())))
        for name, rows in tables.items():
            self.write(TABLES[name], rows)
        known = facts.to_json() | {"started": facts.started}
        self.write(RUNS, RUNS.rows([{name: known[name] for name in RUNS.schema.names}]))
        return self.commit(facts)

    def amend(self, run: RunInfo, tables: Mapping[str, pa.Table]) -> RunInfo:
        """Put these tables, and what the tools wrote, in place of what the run had of them.

        File by file: a kill in between leaves whole files, and the same done again mends it. The
        tables must have the run's problems. Raises CorrError for a run that was compacted.
        """
        from corr.lake.tables import TABLES

        if run.run_id in self._lake.layout().pack_of:
            raise CorrError(f"the rows of {run.run_id} were compacted", "collect it again")
        with uncommitted(self.folder):
            for name, rows in tables.items():
                self.write(TABLES[name], rows)
            _sync(self.folder)
            versions = {**run.table_versions, **{name: TABLES[name].version for name in tables}}
            facts = replace(run.facts, tables=versions, problems=len(tables["problems"]))
            record = {"run_id": run.run_id, "format": marker.PLAIN, **facts.to_json()}
            if self._lake.remote is not None:
                self._put_there(self._lake.remote, run, record)
                return replace(run, facts=facts)
            kept = (path for path in self.artifacts.rglob("*") if path.is_file())
            for path in [*kept, *self.folder.glob("*.parquet")]:
                target = run.folder / path.relative_to(self.folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)
            write_whole(run.folder / "run.json", json.dumps(record, indent=1) + "\n")
            _sync_folder(run.folder)
        return replace(run, facts=facts)

    def commit(self, facts: RunFacts) -> RunInfo:
        """Make the run part of the lake: write run.json, reach the disk, rename once."""
        from corr.lake.tables import TABLES

        facts = replace(facts, tables={t.name: t.version for t in TABLES.values()})
        record = {"run_id": self.run_id, "format": marker.PLAIN, **facts.to_json()}
        target = self._lake.runs / self.run_id
        self.appear("run.json", record, target)
        return RunInfo(self.run_id, target, facts)

    def appear(self, name: str, record: Mapping[str, Any], target: Path) -> None:
        """Write the record, let all files reach the disk, then make the folder `target`."""
        with uncommitted(self.folder):
            (self.folder / name).write_text(json.dumps(record, indent=1) + "\n")
            _sync(self.folder)
            if (there := self._lake.remote) is not None:
                tables = there.upload(target.name, self.folder)
                with there.committing(target.name, record, tables):
                    self._take_place(target)
            else:
                self._take_place(target)
            _sync_folder(target.parent)
        self.committed = True

    def _take_place(self, target: Path) -> None:
        (self.folder / LOCK).unlink()
        self.folder.rename(target)

    def _put_there(self, there: remote.Remote, run: RunInfo, record: Mapping[str, Any]) -> None:
        """As `amend` on shared storage: the files, then the marker once more."""
        kept = [path for path in self.artifacts.rglob("*") if path.is_file()]
        tables = there.upload(run.run_id, self.folder)
        with there.committing(run.run_id, record, tables):
            for path in kept if (run.folder / "artifacts").exists() else ():
                target = run.folder / path.relative_to(self.folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)
            write_whole(run.folder / "run.json", json.dumps(record, indent=1) + "\n")


class Lake:
    """A folder of runs. Open it with `Lake.open`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.runs = root / "runs"
        self._staging = root / ".staging"
        #: where it is, if that is no folder of this machine's: `root` then only has a part of it
        self.remote = remote.of(root)

    @property
    def name(self) -> str:
        """Where it is, in words."""
        return self.remote.url if self.remote is not None else str(self.root)

    @classmethod
    def open(cls, root: Path, *, create: bool = False) -> Lake:
        """The lake at `root`; `create` makes it where nothing is.

        Raises UsageError when the folder is not a lake, CorrError when a newer corr wrote it.
        """
        if (url := remote.url_of(root)) is not None:
            return cls._on_shared_storage(url, create)
        root = root.absolute()
        place = root / marker.NAME
        if not place.exists():
            if root.exists() and (not root.is_dir() or not marker.only_ours(root)):
                raise UsageError(
                    f"{root} is not a corr lake and not empty; nothing was written into it",
                    "name another folder with --data DIR or CORR_DATA",
                )
            if not create:
                raise UsageError(f"there is no lake at {root}", "run `corr collect` first")
            with uncommitted(root):
                (root / "runs").mkdir(parents=True, exist_ok=True)
                marker.write(place, marker.PLAIN)
        try:
            text = place.read_bytes()
        except OSError as error:
            raise CorrError(f"{place} cannot be read", "is this a corr lake?") from error
        marker.check(str(root), text)
        return cls(root)

    @classmethod
    def _on_shared_storage(cls, url: str, create: bool) -> Lake:
        there = remote.place(url)
        if not there.is_lake(marker.NAME):
            if not create:
                raise UsageError(f"there is no lake at {url}", "run `corr collect` first")
            there.put(marker.NAME, marker.text_of(marker.PLAIN))
        marker.check(url, there.read(marker.NAME))
        there.refresh(now=True)
        return cls(there.root)

    def mark_compacted(self) -> None:
        """Keep a corr away that knows nothing of packs and would find the runs empty."""
        if json.loads((self.root / marker.NAME).read_text())["format"] < marker.COMPACTED:
            marker.write(self.root / marker.NAME, marker.COMPACTED)

    @contextlib.contextmanager
    def stage(self, of: RunInfo | None = None) -> Iterator[Staging]:
        """A new run to fill, or more of a run; what is not committed when the block ends is
        removed.
        """
        self.clean_staging()
        fresh = new_run_id()
        run_id = of.run_id if of else fresh
        folder = self._staging / fresh
        with uncommitted(self.root):
            folder.mkdir(parents=True)
            lock = claim(folder)
        with lock:
            staging = Staging(self, run_id, folder)
            try:
                with kill_as_interrupt():
                    yield staging
            finally:
                if not staging.committed:
                    shutil.rmtree(folder, ignore_errors=True)

    def clean_staging(self) -> int:
        """Remove what killed collectors left behind; those still running hold their lock."""
        removed = 0
        for folder in self._staging.glob("*"):
            if abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed

    def layout(self) -> Layout:
        """Where every run's rows are at this moment; hold `reading` while they are read."""
        return Layout(self.root)

    def all_runs(self) -> list[RunInfo]:
        """All runs with all their facts, oldest first; reads every run.json."""
        found = (self._info(name) for name in run_names(self.root))
        return [info for info in found if info]

    def listing(self) -> dict[str, Entry | None]:
        """What `corr runs` lists of each run, oldest first; None for an unreadable run.json."""
        return entries(self.root, run_names(self.root))

    def find(self, reference: str = "last") -> RunInfo:
        """A run by id, unique beginning of an id, label, program, `last` or `last~N`.

        A label or program names its newest run. `last`, and a program, pass by those that are
        aside. Raises UsageError when nothing matches.
        """
        if RUN_ID.match(reference) and (info := self._info(reference)):
            return info
        if back := _BACK.match(reference):
            return self._back(int(back[1] or 0), reference)
        runs = {name: entry.facts for name, entry in self.listing().items() if entry}
        if not runs:
            raise self._no_run()
        begun = [name for name in runs if name.startswith(reference)]
        for field in ("label", "program"):
            named = [name for name, facts in runs.items() if facts.get(field) == reference]
            named.sort(key=lambda name: not runs[name].get("aside"))
            if named:
                begun = named[-1:]
                break
        if len(begun) == 1 and (info := self._info(begun[0])):
            return info
        what = f"{len(begun)} runs begin with" if begun else "no run is called"
        raise UsageError(f"{what} {reference!r}", "`corr runs` lists them")

    def newest_first(self) -> Iterator[RunInfo]:
        """Every run that can be read, the newest first; each run.json is read when it is due."""
        return filter(None, map(self._info, reversed(run_names(self.root))))

    def _back(self, steps: int, reference: str) -> RunInfo:
        """The run so many steps before the newest."""
        meant = (info for info in self.newest_first() if not info.facts.aside)
        found = list(islice(meant, steps + 1))
        if not found:
            raise self._no_run()
        if len(found) <= steps:
            raise UsageError(f"{reference}: the lake holds only {len(found)} runs")
        return found[-1]

    def _no_run(self) -> UsageError:
        kinds = {entry.facts["kind"].split()[0] for entry in self.listing().values() if entry}
        others = sorted(kinds & {"search", "policy"})
        if not others:
            return UsageError(f"the lake {self.name} holds no run", "run `corr collect` first")
        what = (
            f"the lake {self.name} holds no run of a program, only of corr {' and '.join(others)}"
        )
        return UsageError(what, "`corr runs` lists them; `corr collect` makes one of a program")

    def remove(self, run: RunInfo) -> None:
        """Delete a run: out of sight by one rename, then from the disk.

        Rows of it in a pack do not count from then on; `corr compact` takes them away.
        """
        if self.remote is not None:
            self.remote.remove(run.run_id)
            return
        self.discard(run.folder)

    def discard(self, folder: Path) -> None:
        """Delete a folder of the lake; a kill in between leaves nothing that a reader sees."""
        place = "-".join(folder.relative_to(self.root).parts[1:])
        grave = self._staging / f"removed-{place}"
        grave.parent.mkdir(exist_ok=True)
        with uncommitted(self.root):
            folder.rename(grave)
        shutil.rmtree(grave, ignore_errors=True)

    def _info(self, run_id: str) -> RunInfo | None:
        folder = self.runs / run_id
        record = facts_of(folder / "run.json")
        return None if record is None else RunInfo(run_id, folder, RunFacts.from_json(record))


def uncommitted(root: Path) -> contextlib.AbstractContextManager[None]:
    """`disk_errors` of a lake: what could not be written was not committed."""
    return disk_errors(root, "name another folder with --data", "the run was not committed")


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
