"""What a run puts out as far as it counts: what it prints and writes, and how it ends."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from collectors.sandbox.places import Entry
from corr.optimize.printed_time import PrintedTime
from corr.optimize.unsteady import Unsteady

STDERR, STATUS, ARRAYS = "stderr", "exit status", "arrays"


@dataclass(frozen=True)
class Evidence:
    """What counts of what a run puts out.

    `output` says where its results are: `dump` (a file of arrays, named by CORR_DUMP), `stdout` or
    `stderr`. `files`: those that it writes are looked at as well; `errors`: stderr besides.
    `declared` are the files that were said to hold its result. `left_out` are parts that differ
    from run to run, `unsteady` numbers that do in parts which are compared, `numbered` names of
    files that do in their digits, with a # for each number. `time` is how the program prints its
    time, which is not compared.
    """

    output: str
    files: bool = False
    errors: bool = False
    declared: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()
    unsteady: Mapping[str, Unsteady] = field(default_factory=dict)
    numbered: frozenset[str] = frozenset()
    time: PrintedTime | None = None

    @property
    def dump(self) -> bool:
        return self.output == "dump"

    @property
    def printed(self) -> str:
        """The name of what is in `output`."""
        return ARRAYS if self.dump else self.output

    def named(self, files: Mapping[str, Entry]) -> dict[str, Entry]:
        """The files that count, by name; those that are called by a date or a process, by what
        stays the same of it, in their order."""
        found: dict[str, Entry] = {}
        for name in sorted(files.keys() - self.left_out):
            steady = without_numbers(name)
            key = steady if steady in self.numbered else name
            while key in found:
                key += "'"
            found[key] = files[name]
        return {name: found[name] for name in sorted(found.keys() - self.left_out)}


def without_numbers(name: str) -> str:
    """A file's name with a # for each number in it."""
    return re.sub(r"\d+", "#", name)


@dataclass(frozen=True)
class Observed:
    """What counts of a run. `printed` holds texts (or a dump) by name; `files` by path.

    A dump holds until the next run.
    """

    status: int | None
    printed: Mapping[str, bytes | bytearray]
    files: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """There is nothing in it that a candidate could get wrong, but for the exit status."""
        return not any(text.strip() for text in self.printed.values()) and not any(
            entry.content for entry in self.files.values()
        )

    @property
    def parts(self) -> Iterator[tuple[str, object]]:
        """All of it, piece by piece, named as for a reader."""
        if self.status is not None:
            yield STATUS, self.status
        yield from self.printed.items()
        yield from self.files.items()

    def kept(self) -> Observed:
        """The same, to hold for longer than the next run."""
        return Observed(self.status, {k: bytes(v) for k, v in self.printed.items()}, self.files)

    def digest(self) -> bytes:
        """What tells it from others."""
        sum_ = hashlib.sha256(repr(self.status).encode())
        for name, text in self.printed.items():
            sum_.update(f"{name} {len(text)}\n".encode())
            sum_.update(text)
        for name, entry in self.files.items():
            sum_.update(f"{name!r} {entry.kind} {len(entry.content)}\n".encode())
            sum_.update(entry.content)
        return sum_.digest()

    def differing(self, other: Observed) -> list[str]:
        """Names of the parts in which two differ."""
        one, two = dict(self.parts), dict(other.parts)
        names = dict.fromkeys((*one, *two))
        return [name for name in names if one.get(name) != two.get(name)]
