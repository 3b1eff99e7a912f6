"""Debug-information nodes of textual IR: where a scope or location is in the source."""

from __future__ import annotations

import contextlib
import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path

from collectors.base.tool_output import MOST_LINE

NODE = re.compile(r"^!(\d+) = (distinct )?(.*)$")
_REFERENCE = re.compile(r"!(\d+)")
# \b: else a text of a million letters is searched from each of them
_FIELD = re.compile(r'\b(\w+): (!?\d+|"(?:[^"\\]|\\.)*")')
_LOCATION = re.compile(r"!DILocation\(line: (\d+)(?:, column: (\d+))?, scope: !(\d+)")
_HEX = re.compile(r"\\([0-9A-Fa-f]{2})")


def source_files(ir: Path, directory: Path) -> dict[str, str]:
    """File names as the unit's debug information and remarks write them, to absolute paths.

    A name may be relative to a folder that only the debug information names.
    """
    found = (NODE.match(line) for line in _lines_with(ir, b"!DIFile("))
    nodes = {node[1]: node[3] for node in found if node}
    locate = Locator(nodes, directory)
    names = {n: unquote(dict(_FIELD.findall(t)).get("filename", '""')) for n, t in nodes.items()}
    return {name: locate.file_of(node) for node, name in names.items()}


def _lines_with(ir: Path, wanted: bytes) -> Iterator[str]:
    """The lines of a file that hold some bytes: few in many million, so no other is looked at."""
    with ir.open("rb") as stream, contextlib.ExitStack() as stack:
        if not os.fstat(stream.fileno()).st_size:  # which cannot be mapped
            return
        text = stack.enter_context(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        at = text.find(wanted)
        while at >= 0:
            first = text.rfind(b"\n", 0, at) + 1
            last = text.find(b"\n", at)
            last = len(text) if last < 0 else last
            yield text[first:last].decode("utf-8", "surrogateescape")
            at = text.find(wanted, last)


class Locator:
    """Resolves debug-info nodes of one unit to files and lines."""

    def __init__(self, nodes: dict[str, str], directory: Path) -> None:
        self._nodes = nodes
        self._directory = directory
        self._files: dict[str, str] = {}
        self._scopes: dict[str, str] = {}

    def extent(self, loop: str) -> tuple[tuple[str, int, int] | None, tuple[str, int, int] | None]:
        """First and last location of a loop node; None where it has none."""
        places = []
        for reference in _REFERENCE.findall(self._nodes.get(loop, "")):
            text = self._nodes.get(reference, "")
            if reference != loop and text.startswith("!DILocation"):
                fields = dict(_FIELD.findall(text))
                file = self.file_of(fields.get("scope", "")[1:])
                places.append((file, _number(fields, "line"), _number(fields, "column")))
        if not places:
            return None, None
        return places[0], places[-1]

    def place(self, location: str) -> tuple[str, int, int] | None:
        """File, line and column of a location node; None if it names no line."""
        text = self._nodes.get(location, "")
        match = _LOCATION.match(text)
        line = _decimal(match[1]) if match else 0
        if not match or not line:
            return None
        return self._scope_file(match[3]), line, _decimal(match[2] or "")

    def _scope_file(self, scope: str) -> str:
        if scope not in self._scopes:
            self._scopes[scope] = self.file_of(scope)
        return self._scopes[scope]

    def subprogram(self, node: str | None) -> tuple[str, int]:
        if node is None:
            return "", 0
        fields = dict(_FIELD.findall(self._nodes.get(node, "")))
        return self.file_of(node), _number(fields, "line")

    def file_of(self, scope: str) -> str:
        """The absolute file of a scope node, its nearest enclosing one if it names none."""
        for _ in range(1000):
            text = self._nodes.get(scope, "")
            fields = dict(_FIELD.findall(text))
            if text.startswith("!DIFile"):
                return self._file(scope, fields)
            following = fields.get("file") or fields.get("scope")
            if not following or not following.startswith("!"):
                return ""
            scope = following[1:]
        return ""

    def _file(self, node: str, fields: dict[str, str]) -> str:
        if node not in self._files:
            name = unquote(fields.get("filename", '""'))
            folder = unquote(fields.get("directory", '""'))
            path = os.path.normpath(os.path.join(self._directory, folder, name))
            self._files[node] = "" if "\0" in path else path  # no file has such a name
        return self._files[node]


def _number(fields: dict[str, str], name: str) -> int:
    return _decimal(fields.get(name, ""))


def _decimal(text: str) -> int:
    """A line or column; 0, which stands for none, where it is no number that one can have."""
    number = int(text) if text.isdecimal() and len(text) <= 10 else 0
    return number if number <= MOST_LINE else 0


def unquote(name: str) -> str:
    r"""An IR name without its quotes; `\22`-style escapes are bytes, of UTF-8 where they can be."""
    if not name.startswith('"'):
        return name
    text = _HEX.sub(lambda m: chr(int(m[1], 16)), name[1:-1])
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
