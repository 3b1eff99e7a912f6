"""A TOML file whose mistakes are told with the line that they stand in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collectors.base.errors import UsageError

#: Where a value is: keys of tables, and numbers in lists of tables.
Keys = Sequence[str | int]
_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]")
_KEY = re.compile(r"""\s*([\w.\-"' ]+?)\s*=""")


class TomlFile:
    """The table of a file, at these keys; empty where there is none. Raises UsageError."""

    def __init__(self, path: Path, at: tuple[str, ...] = ()) -> None:
        self.path = path
        self._at = at
        try:
            self._text = path.read_text(encoding="utf-8")
            table: Any = tomllib.loads(self._text)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: {error}") from error
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        for key in at:
            table = table.get(key, {}) if isinstance(table, dict) else table
        if not isinstance(table, dict):
            raise self.refused((), f"{'.'.join(at)} must be a table")
        self.table: dict[str, Any] = table

    def refused(self, keys: Keys, what: str, fix: str = "") -> UsageError:
        """The error for what stands at these keys of the table."""
        line = self._line([*self._at, *keys])
        return UsageError(f"{self.path}{f':{line}' if line else ''}: {what}", fix)

    def _line(self, keys: Keys) -> int:
        """The line of the deepest of the keys that has one of its own; 0 if none has.

        Read from the text again, as tomllib keeps no places. A list of tables inside another is
        taken for one list.
        """
        names = [spelled(key) for key in keys if isinstance(key, str)]
        wanted = next((key for key in keys if isinstance(key, int)), None)
        found = depth = 0
        header: tuple[str, ...] = ()
        tables: dict[tuple[str, ...], int] = {}
        for number, line in enumerate(self._text.splitlines(), start=1):
            if table := _HEADER.match(line):
                path = header = _parts(table[2])
                tables[header] = tables.get(header, -1) + (table[1] == "[[")
            elif key := _KEY.match(line):
                path = (*header, *_parts(key[1]))
            else:
                continue
            another = wanted is not None and tables.get(header, -1) not in (-1, wanted)
            if depth < len(path) and list(path) == names[: len(path)] and not another:
                found, depth = number, len(path)
        return found


def spelled(name: str) -> str:
    """A key as one writes it: `run-args`."""
    return name.replace("_", "-")


def dotted(keys: Keys) -> str:
    """`check.waivers`, as a message names what stands at these keys."""
    return ".".join(key for key in keys if isinstance(key, str))


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(spelled(part.strip().strip("\"'")) for part in dotted.split("."))
