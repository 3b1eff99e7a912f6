"""What a compiler made before of the same command, compiler and files is not made again.

The command names the entry, and a list in it every file that the compiler read, with its hash: all
of them are looked at each time. Only commands whose flags name no other files are kept. A header
that newly hides one that was read before, by a folder earlier on the path, is not noticed; ccache's
direct mode has the same limit. `CORR_CACHE` names the folder, empty for none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from corr import __version__
from corr.system import cache

#: Flags that name nothing but what the list of read files has, or nothing at all.
_PLAIN = re.compile(
    r"-([OgwDUIW]|std=|pedantic|ansi|pthread|isystem|iquote|include$|m(?!llvm)[\w.=,+-]*$"
    r"|f(?!profile|cs-profile|plugin|pass-plugin|module|sanitize-|thinlto|debug-|crash)[\w=,.+-]*$)"
)
#: Flags whose value may be the next word.
_WITH_VALUE = frozenset({"-I", "-D", "-U", "-isystem", "-iquote", "-include"})
#: What makes a file's code another each time, or of other files.
_UNSTEADY = (b"__DATE__", b"__TIME__", b"__TIMESTAMP__", b".incbin")
#: Variables that add to what a compiler reads or writes.
_VARIABLES = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "SOURCE_DATE_EPOCH")
#: Bytes that are kept; what was not used for longest goes first.
MOST = 1 << 30
_LIST = "made.json"
_DAY = 86_400.0


@dataclass(frozen=True)
class Made:
    """A command's outputs are in their places; it took so many CPU seconds when it ran."""

    seconds: float


def compiled(
    argv: Sequence[str | Path],
    flags: Sequence[str],
    directory: Path,
    outputs: Sequence[Path],
    run: Callable[[Sequence[str | Path]], float],
) -> Made:
    """Run a compiler's command, which writes `outputs`, or put there what it made before.

    `flags` are those of the unit, which must be plain for anything to be kept. `run` is given the
    command with more flags, and returns its CPU seconds; raises what it raises.
    """
    root = cache.folder("compiled")
    if root is None or not plain(flags):
        return Made(run(argv))
    entry = root / _key(argv, directory, outputs)
    found = _taken(entry, outputs)
    if found is not None:
        return found
    with tempfile.TemporaryDirectory(prefix="corr-read-") as place:
        listing = Path(place) / "read.d"
        made = Made(run([*argv, "-MD", "-MF", listing]))
        with contextlib.suppress(OSError):
            _keep(root, entry, made, outputs, listing, directory)
    return made


def plain(flags: Sequence[str]) -> bool:
    """Whether no flag makes the compiler read files that it does not list."""
    before = ("", *flags)
    return all(
        _PLAIN.match(flag) or last in _WITH_VALUE for flag, last in zip(flags, before, strict=False)
    )


def read_files(listing: str) -> list[str]:
    """The files in a compiler's list of what it read, which is a rule of make."""
    rule = listing.replace("\\\n", " ").partition(": ")[2]
    words = re.findall(r"(?:\\.|[^\s\\])+", rule)
    return [re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in words]


def _key(argv: Sequence[str | Path], directory: Path, outputs: Sequence[Path]) -> str:
    places: Mapping[str, str] = {str(path): f"<output {n}>" for n, path in enumerate(outputs)}
    words = []
    for word in map(str, argv):
        for path, name in places.items():
            word = word.replace(path, name)
        words.append(word)
    tools = [_identity(word) for word in words if word.startswith("/") and Path(word).is_file()]
    variables = [os.environ.get(name) for name in _VARIABLES]
    said = repr((__version__, words, tools, str(directory), variables))
    return hashlib.sha256(said.encode()).hexdigest()


def _identity(path: str) -> tuple[str, int, int]:
    state = Path(path).stat()
    return os.path.realpath(path), state.st_size, state.st_mtime_ns


def _taken(entry: Path, outputs: Sequence[Path]) -> Made | None:
    """Put what was made into its places; None where it is not there, or of other files."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads((entry / _LIST).read_bytes())
        if known["count"] != len(outputs):
            return None
        for path, digest in known["read"].items():
            if _digest(Path(path)) != digest:
                return None
        for number, output in enumerate(outputs):
            shutil.copyfile(entry / str(number), output)
        os.utime(entry / _LIST)
        return Made(float(known["seconds"]))
    return None


def _keep(
    root: Path, entry: Path, made: Made, outputs: Sequence[Path], listing: Path, directory: Path
) -> None:
    read = {}
    for name in read_files(listing.read_text("utf-8", "surrogateescape")):
        path = directory / name
        text = path.read_bytes()
        if any(word in text for word in _UNSTEADY):
            return
        read[str(path)] = _digest(path)
    if not read or not all(output.is_file() for output in outputs):
        return
    entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".making-") as place:
        draft = Path(place) / "entry"
        draft.mkdir()
        for number, output in enumerate(outputs):
            shutil.copyfile(output, draft / str(number))
        known = {"read": read, "seconds": made.seconds, "count": len(outputs)}
        (draft / _LIST).write_text(json.dumps(known))
        shutil.rmtree(entry, ignore_errors=True)
        draft.rename(entry)
    _prune(root)


def _digest(path: Path) -> str:
    state = path.stat()
    return _content(str(path), state.st_size, state.st_mtime_ns, state.st_ino)


@lru_cache(maxsize=1 << 14)
def _content(path: str, *_state: int) -> str:
    """The hash of a file, as long as its state is the same."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@lru_cache(maxsize=1)
def _prune(root: Path) -> None:
    """Once a process: what was not used for longest goes, where there is too much."""
    entries = []
    for stale in root.glob(".making-*"):  # of a process that was killed
        with contextlib.suppress(OSError):
            if time.time() - stale.stat().st_mtime > _DAY:
                shutil.rmtree(stale, ignore_errors=True)
    for listing in root.glob(f"*/{_LIST}"):
        with contextlib.suppress(OSError):
            size = sum(path.stat().st_size for path in listing.parent.iterdir())
            entries.append((listing.stat().st_mtime, size, listing.parent))
    left = sum(size for _, size, _ in entries)
    for _, size, entry in sorted(entries):
        if left <= MOST:
            break
        shutil.rmtree(entry, ignore_errors=True)
        left -= size
