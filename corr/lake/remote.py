"""A lake on shared storage: `s3://BUCKET/FOLDER`, through fsspec and s3fs.

    commits/RUN.json        what makes a run part of the lake: written last, removed first
    runs/RUN/TABLE.parquet  read where they are, by DuckDB and pyarrow
    artifacts/RUN/…         what the tools wrote; fetched when something asks for it

Beside it each machine has a folder of its own, a cache that may be deleted at any time: run.json of
every run, and what was fetched. Object storage renames nothing and locks nothing: a run whose
marker is missing is no run, and one that is deleted while somebody reads it fails there.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from collectors.base.errors import CorrError, ToolMissing, UsageError
from corr.lake.run_ids import RUN_ID
from corr.system.disk import write_whole

#: In the machine's own folder: which lake it is of, and the runs that it knows.
NAME, KNOWN = ".remote.json", ".commits.json"
INSTALL = "pip install 'corr-llvm[s3]'"
#: Seconds for which what is known of the lake is not asked for again.
FRESH = 5.0
_URL = re.compile(r"^([a-z][a-z0-9+.-]+):/+(.+)$", re.DOTALL)
_TABLE = re.compile(r"^\w+$")
_UPLOADS = 16


def url_of(path: Path) -> str | None:
    """The address that a `--data` means, None for a folder. Raises UsageError for other schemes."""
    match = _URL.match(str(path))  # a Path has made one slash of two
    if match is None:
        return None
    scheme, rest = match[1], match[2].strip("/")
    if scheme != "s3":
        raise UsageError(f"no lake can be at {scheme}://", "a folder, or s3://BUCKET/FOLDER")
    if ".." in rest.split("/") or not rest:
        raise UsageError(f"s3://{rest} names no place for a lake", "s3://BUCKET/FOLDER")
    return f"s3://{rest}"


@dataclass(frozen=True)
class Commit:
    """A run of the lake, by its marker: the marker's tag, and the tables that the run has."""

    tag: str
    tables: tuple[str, ...]


@dataclass
class Remote:
    """A lake on shared storage with this machine's own folder of it (`root`)."""

    url: str
    root: Path
    _looked: float = field(default=0.0, repr=False)
    _fs: Any = field(default=None, repr=False)
    _known: dict[str, Commit] | None = field(default=None, repr=False)

    @property
    def fs(self) -> Any:
        """The file system that DuckDB and pyarrow read by. Raises ToolMissing without s3fs."""
        if self._fs is None:
            try:
                import s3fs
            except ImportError as error:
                what = f"{self.url} needs s3fs, which is not installed"
                raise ToolMissing(what, INSTALL) from error
            # listings are forgotten whenever the lake is looked at; files of a run stay as they are
            self._fs = s3fs.S3FileSystem(skip_instance_cache=True)
        return self._fs

    # --- looking ---------------------------------------------------------------------------

    def is_lake(self, marker: str) -> bool:
        """The lake's own marker is there. Raises UsageError where something else is."""
        with self.reached():
            if self.fs.exists(f"{self.url}/{marker}"):
                return True
            try:
                others = self.fs.ls(self.url, refresh=True)
            except FileNotFoundError:
                return False
            if others:
                raise UsageError(
                    f"{self.url} is not a corr lake and not empty; nothing was written into it",
                    "name another place with --data or CORR_DATA",
                )
            return False

    def read(self, name: str) -> bytes:
        """A file of the lake."""
        with self.reached():
            content: bytes = self.fs.cat_file(f"{self.url}/{name}")
            return content

    def put(self, name: str, content: str) -> None:
        """Write a file of the lake; it appears at once or not at all."""
        with self.reached():
            self.fs.pipe_file(f"{self.url}/{name}", content.encode())

    @contextlib.contextmanager
    def reached(self) -> Iterator[None]:
        """What goes wrong with the storage becomes a CorrError. Raises ToolMissing without s3fs."""
        assert self.fs is not None  # botocore comes with it
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (OSError, BotoCoreError, ClientError) as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise CorrError(
                f"{self.url} cannot be reached: {said}",
                "AWS_ENDPOINT_URL, AWS_PROFILE and the like say where it is and who asks",
            ) from error

    def refresh(self, *, now: bool = False) -> None:
        """Look which runs there are, unless that was done just before."""
        if not now and time.monotonic() - self._looked < FRESH:
            return
        with self._alone():
            known = self._load()
            there = self._markers()
            changed = [
                run for run, tag in there.items() if run not in known or known[run].tag != tag
            ]
            with self.reached():
                paths = {self._marker(run): run for run in changed}
                found = self.fs.cat(list(paths)) if paths else {}
            for path, content in found.items():
                run = paths[f"s3://{path.removeprefix('s3://')}"]
                known[run] = self._take(run, there[run], content)
            for run in known.keys() - there.keys():
                del known[run]
                shutil.rmtree(self.root / "runs" / run, ignore_errors=True)
            self._save(known)
        self._looked = time.monotonic()

    def _markers(self) -> dict[str, str]:
        """Every committed run, with the tag of its marker."""
        with self.reached():
            self.fs.invalidate_cache()
            try:
                listed = self.fs.ls(f"{self.url}/commits", detail=True, refresh=True)
            except FileNotFoundError:
                return {}
        found = {}
        for entry in listed:
            run = entry["name"].rpartition("/")[2].removesuffix(".json")
            if RUN_ID.match(run):
                found[run] = _tag(entry)
        return found

    def _take(self, run: str, tag: str, content: bytes) -> Commit:
        """Keep what a marker says. A damaged one is a run whose run.json cannot be read."""
        folder = self.root / "runs" / run
        shutil.rmtree(folder / "artifacts", ignore_errors=True)  # of what it was before
        folder.mkdir(parents=True, exist_ok=True)
        try:
            record = json.loads(content)
            names = [str(name) for name in record["tables"]]
            if not all(map(_TABLE.match, names)):
                raise ValueError("no table is called so")
            write_whole(folder / "run.json", json.dumps(record["run"], indent=1) + "\n")
        except (ValueError, KeyError, TypeError):
            (folder / "run.json").unlink(missing_ok=True)
            return Commit(tag, ())
        return Commit(tag, tuple(names))

    def _load(self) -> dict[str, Commit]:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            content = json.loads((self.root / KNOWN).read_bytes())
            return {run: Commit(tag, tuple(tables)) for run, (tag, tables) in content.items()}
        return {}

    def _save(self, known: Mapping[str, Commit]) -> None:
        self._known = dict(known)
        rows = {run: [commit.tag, list(commit.tables)] for run, commit in known.items()}
        write_whole(self.root / KNOWN, json.dumps(rows))

    # --- a run -----------------------------------------------------------------------------

    def _marker(self, run: str) -> str:
        return f"{self.url}/commits/{run}.json"

    def tables(self, run: str) -> tuple[str, ...]:
        """The tables that a run has rows of."""
        if self._known is None:
            self._known = self._load()
        commit = self._known.get(run)
        return commit.tables if commit else ()

    def file(self, run: str, table: str) -> str:
        """The address of a run's table."""
        return f"{self.url}/runs/{run}/{table}.parquet"

    def table(self, run: str, table: str) -> Any:
        """The rows of a run's table."""
        import pyarrow.parquet as pq

        with self.reached():
            return pq.read_table(self.file(run, table).removeprefix("s3://"), filesystem=self.fs)

    def list_files(self, runs: Sequence[str] | None) -> None:
        """List the files of these runs at once, so that nothing is asked of each by itself."""
        with contextlib.suppress(FileNotFoundError), self.reached():
            if runs is None or len(runs) > _UPLOADS:
                self.fs.find(f"{self.url}/runs")
            else:
                for run in runs:
                    self.fs.ls(f"{self.url}/runs/{run}")

    def fetch_artifacts(self, run: str) -> None:
        """Bring what the tools wrote for a run to this machine, once."""
        target = self.root / "runs" / run / "artifacts"
        if target.exists() or not RUN_ID.match(run):
            return
        source = f"{self.url}/artifacts/{run}"
        with tempfile.TemporaryDirectory(dir=self.root) as place, self.reached():
            fetched = Path(place) / "artifacts"
            fetched.mkdir()
            if self.fs.exists(source):
                self.fs.get(f"{source}/", f"{fetched}/", recursive=True)
            for path in fetched.glob("*"):
                if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
                    path.chmod(0o755)
            with contextlib.suppress(OSError):  # another process was quicker
                fetched.rename(target)

    def upload(self, run: str, folder: Path) -> list[str]:
        """Bring a run's files there; nobody sees them yet. Returns its tables.

        They have no place on this machine afterwards.
        """
        tables = sorted(folder.glob("*.parquet"))
        kept = folder / "artifacts"
        others = sorted(p for p in kept.rglob("*") if p.is_file()) if kept.exists() else []
        sources = [str(path) for path in (*tables, *others)]
        targets = [f"{self.url}/runs/{run}/{path.name}" for path in tables]
        targets += [f"{self.url}/artifacts/{run}/{path.relative_to(kept)}" for path in others]
        with self.reached():
            if sources:
                self.fs.put(sources, targets, batch_size=_UPLOADS)
        for path in tables:
            path.unlink()
        return [path.stem for path in tables]

    @contextlib.contextmanager
    def committing(
        self, run: str, record: Mapping[str, Any], tables: Sequence[str]
    ) -> Iterator[None]:
        """Write the marker: from now on the run is part of the lake.

        The block puts what this machine keeps of it into place, unseen by its other processes.
        """
        with self._alone():
            known = self._load()
            before = known[run].tables if run in known else ()
            names = sorted({*before, *tables})
            marker = json.dumps({"run": dict(record), "tables": names}, indent=1) + "\n"
            with self.reached():
                self.fs.pipe_file(self._marker(run), marker.encode())
                tag = _tag(self.fs.info(self._marker(run), refresh=True))
            yield
            self._save({**known, run: Commit(tag, tuple(names))})

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process of this machine changes what it knows of the lake."""
        with (self.root / ".sync.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def remove(self, run: str) -> None:
        """Delete a run: its marker first, then its files."""
        with self.reached():
            self.fs.rm_file(self._marker(run))
            for place in ("runs", "artifacts"):
                with contextlib.suppress(FileNotFoundError):
                    self.fs.rm(f"{self.url}/{place}/{run}", recursive=True)
        self.refresh(now=True)


def _tag(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('ETag')} {entry.get('size')}"


@cache
def _at(root: Path, url: str) -> Remote:
    return Remote(url, root)


def of(root: Path) -> Remote | None:
    """The lake on shared storage that this folder of the machine's belongs to; None if to none."""
    try:
        text = (root / NAME).read_text()
    except OSError:
        return None
    return _at(root, str(json.loads(text)["url"]))


def place(url: str) -> Remote:
    """The lake at an address, with this machine's own folder of it, which is made."""
    from corr.system.cache import folder

    where = hashlib.sha256(f"{os.environ.get('AWS_ENDPOINT_URL', '')} {url}".encode()).hexdigest()
    kept = folder("lakes")
    root = (kept or _passing()) / where[:16]
    (root / "runs").mkdir(parents=True, exist_ok=True)
    if not (root / NAME).exists():
        write_whole(root / NAME, json.dumps({"url": url}) + "\n")
    return _at(root, url)


@cache
def _passing() -> Path:
    """A folder for this process, where nothing may be kept."""
    made = tempfile.mkdtemp(prefix="corr-lake-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)
