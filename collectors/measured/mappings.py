"""What is mapped where in each process, and the ELF files that mappings name.

perf's events of mappings, forks and execs keep `AddressSpaces` up to date; `Images` turns an offset
in a file into the address that objdump and DWARF know.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.segments import NoteSegment

from collectors.base import elf, tool_output
from collectors.base.errors import CorrError


@dataclass(frozen=True)
class Mapping:
    """`length` bytes of a file from `offset` on, at `start` in a process."""

    start: int
    length: int
    offset: int
    path: str

    @property
    def end(self) -> int:
        return self.start + self.length


class AddressSpaces:
    """What is mapped where in each process, kept up to date event by event."""

    def __init__(self) -> None:
        self.processes: dict[int, list[Mapping]] = {}

    def map(self, pid: int, start: int, length: int, offset: int, path: str) -> None:
        """A new mapping; it replaces what lay there before."""
        new = Mapping(start, length, offset, path)
        old = self.processes.setdefault(pid, [])
        first = bisect.bisect_right(old, start, key=lambda m: m.start)
        first -= first > 0 and old[first - 1].end > start
        last = bisect.bisect_left(old, new.end, lo=first, key=lambda m: m.start)
        cut = [piece for mapping in old[first:last] for piece in _without(mapping, new)]
        old[first:last] = sorted([*cut, new], key=lambda m: m.start)

    def fork(self, parent: int, child: int) -> None:
        """A new process begins with its parent's mappings; a new thread changes nothing."""
        if parent != child:
            self.processes[child] = list(self.processes.get(parent, []))

    def exec(self, pid: int) -> None:
        """A new program begins with nothing mapped."""
        self.processes.pop(pid, None)

    def find(self, pid: int, address: int) -> tuple[str, int] | None:
        """The file mapped at an address and the offset in it, or None."""
        mappings = self.processes.get(pid, [])
        at = bisect.bisect_right(mappings, address, key=lambda m: m.start) - 1
        if at < 0 or address >= mappings[at].end:
            return None
        found = mappings[at]
        return found.path, address - found.start + found.offset


def _without(old: Mapping, new: Mapping) -> list[Mapping]:
    """What is left of a mapping when another is put over it."""
    pieces = []
    if old.start < new.start:
        length = min(old.end, new.start) - old.start
        pieces.append(Mapping(old.start, length, old.offset, old.path))
    if old.end > new.end:
        cut = max(old.start, new.end) - old.start
        pieces.append(Mapping(old.start + cut, old.length - cut, old.offset + cut, old.path))
    return pieces


@dataclass(frozen=True)
class Image:
    """An ELF file's build id and loadable segments as (offset, size in file, address)."""

    build_id: str | None
    segments: tuple[tuple[int, int, int], ...]


class Images:
    """The ELF files that mappings name; `unreadable` says which could not be used, and why."""

    def __init__(self, build_ids: dict[str, str] | None = None) -> None:
        self.recorded = build_ids or {}
        self.unreadable: dict[str, str] = {}
        self._images: dict[str, Image | None] = {}

    def address(self, path: str, offset: int) -> int | None:
        """The address that objdump and DWARF give to a file offset; None if unknown."""
        image = self._image(path)
        for start, size, address in image.segments if image else ():
            if start <= offset < start + size:
                return offset - start + address
        return None

    def build_id(self, path: str) -> str | None:
        """The build id of a mapped file: as recorded with the samples, else as in the file."""
        recorded = self.recorded.get(path)
        image = self._images.get(path)
        return recorded or (image.build_id if image else None)

    def _image(self, path: str) -> Image | None:
        if path not in self._images:
            self._images[path] = self._load(path)
        return self._images[path]

    def _load(self, path: str) -> Image | None:
        try:
            image = load_image(Path(path))
        except CorrError as error:
            self.unreadable[path] = f"its samples have no address: {error.message}"
            return None
        recorded = self.recorded.get(path)
        if recorded and image.build_id and recorded != image.build_id:
            self.unreadable[path] = "its samples have no address: it changed after the recording"
            return None
        return image


def load_image(path: Path) -> Image:
    """Read an ELF file's program headers. Raises CorrError."""
    with elf.opened(path) as file:
        segments = []
        build_id = None
        for segment in file.iter_segments():
            if segment["p_type"] == "PT_LOAD":
                start, size, address = (segment[n] for n in ("p_offset", "p_filesz", "p_vaddr"))
                if address + size <= tool_output.MOST:
                    segments.append((start, size, address))
            elif isinstance(segment, NoteSegment):
                for note in segment.iter_notes():
                    if note["n_type"] == "NT_GNU_BUILD_ID":
                        build_id = str(note["n_desc"])
    return Image(build_id, tuple(segments))
