"""The stream of `-print-changed`: one event a pass, with the printed functions' lines."""

from __future__ import annotations

import queue
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

from collectors.passes.text import Line, function_name, ir_line, mir_line

_BANNER = re.compile(
    r"\*\*\* IR (Dump After|Deleted After|Pass) (.+?)(?: on (.+?))?"
    r"( omitted because no change| filtered out| ignored| invalidated|) \*\*\*$"
)
_LOOP = re.compile(r"loop %?(.+?)(?: in function (.+))?$")
_TITLED = re.compile(r"(.+) \(([^()]*)\)$")
_MACHINE = re.compile(r"# Machine code for function (.+?): ")
_SPACED = re.compile(r"^[^<]* ")
#: Text lines that are remembered with their normalised form, so that repeats cost nothing.
_CACHE_LIMIT = 50_000
_BLOCK = 1 << 20
#: Attribute groups and metadata are numbered over the whole module, by whatever is in it.
_NUMBER = re.compile(rb"[#!]\d+")

#: What became of a unit: `invalidated` by a pass that deleted it, so that nothing is printed.
EventKind = Literal["start", "changed", "unchanged", "deleted", "invalidated"]


@dataclass
class Dump:
    """One function as printed. `partial`: only a loop's blocks.

    `seal` is a checksum of the text as printed, save the numbers that the whole module gives out.
    `skeleton`: only labels and branches, of a function before the first pass that is not wanted.
    """

    function: str
    stage: str
    lines: list[Line] = field(default_factory=list)
    partial: bool = False
    skeleton: bool = False
    seal: int = 0


@dataclass
class Event:
    """One pass on one unit."""

    kind: EventKind
    name: str
    title: str = ""
    stage: str = "ir"
    scope: str = "module"
    functions: list[str] = field(default_factory=list)
    loop: str = ""
    dumps: list[Dump] = field(default_factory=list)
    complete: bool = True


def raw_lines(stream: BinaryIO, tee: Callable[[bytes], object] | None = None) -> Iterator[bytes]:
    """The stream's lines without their ends; a thread reads ahead up to 32 MB.

    `tee` gets every block as it comes. An error of the stream or of `tee` is raised here.
    """
    blocks: queue.Queue[bytes | Exception | None] = queue.Queue(32)

    def pump() -> None:
        try:
            read = getattr(stream, "read1", stream.read)
            while block := read(_BLOCK):
                if tee is not None:
                    tee(block)
                blocks.put(block)
        except Exception as error:  # handed to the reader below
            blocks.put(error)
        blocks.put(None)

    threading.Thread(target=pump, daemon=True).start()
    rest = b""
    while (block := blocks.get()) is not None:
        if isinstance(block, Exception):
            raise block
        lines = (rest + block).split(b"\n") if rest else block.split(b"\n")
        rest = lines.pop()
        yield from lines
    if rest:
        yield rest


def dumps(
    lines: Iterator[bytes], wanted: Callable[[str], bool], strange: Callable[[str], None]
) -> Iterator[Event]:
    """The events of a stream. Functions that are not `wanted` are skipped unread.

    `strange` is called with what was cut off or could not be understood.
    """
    reader = _Reader(wanted, strange)
    event: Event | None = None
    for raw in lines:
        if raw.startswith(b"*** IR "):
            banner = _text(raw)
            if banner == "*** IR Dump At Start ***":
                following: Event | None = Event("start", "")
            else:
                found = _BANNER.match(banner)
                if not found:
                    strange("a pass line that is not understood")
                    continue
                following = _event(found)
            if event is not None:
                yield reader.finish(event)
            event = None
            if following is None:
                continue
            if following.kind in ("start", "changed"):
                event = following
                reader.begin(event)
            else:
                yield following
        elif event is not None:
            reader.line(raw)
    if event is not None:
        yield reader.finish(event, last=True)


def _text(raw: bytes) -> str:
    """A line as text; NUL, which `ir_text` keeps for itself, is made visible."""
    return raw.decode("utf-8", "replace").replace("\0", "\\00")


def _event(found: re.Match[str]) -> Event | None:
    """What a banner announces; None for pass managers and functions that are filtered out."""
    what, name, unit, outcome = found[1], found[2], found[3] or "", found[4].strip()
    if outcome in ("ignored", "filtered out"):
        return None
    if outcome == "invalidated":
        if "PassManager" in name or "Adaptor" in name:
            return None
        return Event("invalidated", name, scope="loop" if "Loop" in name else "cgscc")
    kind: EventKind = (
        "unchanged" if outcome else "deleted" if what == "Deleted After" else "changed"
    )
    event = Event(kind, name)
    loop = _LOOP.match(unit)
    if unit == "[module]":
        event.scope = "module"
    elif loop and loop[2]:
        event.scope, event.loop, event.functions = "loop", loop[1].strip('"'), [loop[2]]
    elif unit.startswith("(") and unit.endswith(")"):
        event.scope, event.functions = "cgscc", unit[1:-1].split(", ")
    else:
        event.scope, event.functions = "function", [unit]
    titled = _TITLED.match(name)
    if event.scope == "function" and (titled or _SPACED.match(name)):
        event.stage = event.scope = "machine"
        event.name, event.title = (titled[2] or titled[1], titled[1]) if titled else (name, name)
    return event


class _Reader:
    """Collects the functions of one dump."""

    def __init__(self, wanted: Callable[[str], bool], strange: Callable[[str], None]) -> None:
        self.wanted = wanted
        self.strange = strange
        self.caches: dict[str, dict[bytes, tuple[Line | None, int]]] = {"ir": {}, "machine": {}}
        self.event = Event("start", "")
        self.dump: Dump | None = None
        self.skipping = False
        self.attributes: bytes | None = None

    def begin(self, event: Event) -> None:
        self.event, self.dump, self.attributes, self.skipping = event, None, None, False
        if event.scope == "loop" and self.wanted(event.functions[0]):
            self.dump = Dump(event.functions[0], "ir", partial=True)

    def line(self, raw: bytes) -> None:
        dump = self.dump
        if raw.startswith(b"define "):
            self._define(raw)
        elif raw.startswith(b"# Machine code for function "):
            self._machine(_text(raw))
        elif self.skipping:
            self.skipping = raw != b"}" and not raw.startswith(b"# End machine code")
        elif (dump is None or dump.partial) and raw.startswith(b"; Function Attrs:"):
            self.attributes = raw
        elif dump is None:
            return
        elif raw == b"}" or raw.startswith(b"# End machine code"):
            self._close()
        elif not dump.skeleton:
            line, seal = self._line(raw, dump.stage)
            dump.seal = hash((dump.seal, seal))
            if line is not None:
                dump.lines.append(line)
        elif raw[:1] != b" " or b"label %" in raw:
            self._append(ir_line(_text(raw)))

    def _line(self, raw: bytes, stage: str) -> tuple[Line | None, int]:
        cache = self.caches[stage]
        try:
            return cache[raw]
        except KeyError:
            if len(cache) >= _CACHE_LIMIT:
                cache.clear()
            text = _text(raw)
            line = ir_line(text) if stage == "ir" else mir_line(text)
            cache[raw] = line, zlib.crc32(_NUMBER.sub(b"", raw))
            return cache[raw]

    def _define(self, raw: bytes) -> None:
        self._cut_off()
        text = _text(raw)
        name = function_name(text)
        if name is None:
            self.strange("a function without a readable name")
            self.skipping = True
        elif not self.wanted(name):
            self.skipping = self.event.kind != "start"
            if not self.skipping:
                self.dump = Dump(name, "ir", skeleton=True)
        else:
            self.dump = Dump(name, "ir")
            if self.attributes is not None:
                line, self.dump.seal = self._line(self.attributes, "ir")
                self._append(line)
            self._append(ir_line(text))
            self.dump.seal ^= zlib.crc32(_NUMBER.sub(b"", raw))
        self.attributes = None

    def _machine(self, text: str) -> None:
        self._cut_off()
        found = _MACHINE.match(text + " ")
        self.event.stage = self.event.scope = "machine"
        if found and self.wanted(found[1]):
            self.dump = Dump(found[1], "machine")
            self._append(Line(f"# {found[1]}", f"# {found[1]}", f"# {found[1]}", ()))
        else:
            self.skipping = True

    def _append(self, line: Line | None) -> None:
        if self.dump is not None and line is not None:
            self.dump.lines.append(line)

    def _close(self) -> None:
        if self.dump is not None:
            self.event.dumps.append(self.dump)
        self.dump = None

    def _cut_off(self) -> None:
        """A text that goes on where another one was not at its end yet."""
        if self.dump is not None and not (self.dump.partial and not self.dump.lines):
            self.strange(f"the text of {self.dump.function} was cut off")
            self.event.complete = False
        self.dump = None

    def finish(self, event: Event, last: bool = False) -> Event:
        """The event with all its functions; at the stream's end a loop's text may be cut."""
        dump, self.dump = self.dump, None
        if dump is not None and dump.partial and not last:
            if dump.lines:
                event.dumps.append(dump)
        elif dump is not None:
            self.strange(f"the text of {dump.function} was cut off")
            event.complete = False
        if self.skipping:
            event.complete = False
        return event
