"""Read files of somebody else's tools: whatever is in them, the answer is data or one message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collectors.base.errors import CorrError, UsageError
from collectors.base.foreign_text import visible

#: Bytes of a JSON file that is taken; it is held in memory several times over while it is read.
JSON_LIMIT = 1024 * 1024 * 1024
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
#: C++ streams print a missing number as nan and inf, which JSON does not know.
_NUMBERS = re.compile(r'"(?:[^"\\]|\\.)*"|-?\b(?:nan|inf)\b', re.DOTALL)
_FOR_JSON = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def check_file(path: Path) -> None:
    """Raise UsageError unless there is a file of that name that is not empty and not packed."""
    name = visible(str(path))
    try:
        if path.is_dir():
            raise UsageError(f"{name} is a folder", "name the files in it")
        if not path.exists():
            raise UsageError(f"no such file: {name}")
        if not path.is_file():
            raise UsageError(f"{name} is not a regular file", "copy it into a file first")
        with path.open("rb") as file:
            start = file.read(8)
    except (OSError, ValueError) as error:
        raise CorrError(f"cannot read {name}: {reason(error)}", "check its permissions") from error
    if not start:
        raise CorrError(f"{name} is empty", "did the program that should write it finish?")
    for magic, packed in _COMPRESSED.items():
        if start.startswith(magic):
            raise UsageError(f"{name} is compressed ({packed})", "unpack it first")


def reason(error: Exception) -> str:
    """Why the operating system refused, without the path it repeats."""
    return getattr(error, "strerror", None) or str(error)


def read_text(path: Path) -> tuple[str, int]:
    """A file's text, and how many of its bytes are not UTF-8 (they become U+FFFD).

    Raises UsageError or CorrError if it is not a text file, cannot be read, or is too big.
    """
    check_file(path)
    try:
        if path.stat().st_size > JSON_LIMIT:
            raise CorrError(f"{visible(str(path))} is larger than {JSON_LIMIT >> 20} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise CorrError(f"cannot read {visible(str(path))}: {reason(error)}") from error
    return decoded(data.removeprefix(b"\xef\xbb\xbf"), str(path))


def decoded(data: bytes, where: str) -> tuple[str, int]:
    """Bytes as text, and how many are not UTF-8. Raises CorrError if they are binary."""
    if b"\0" in data:
        raise CorrError(f"{visible(where)} is not a text file (it holds zero bytes)")
    try:
        return data.decode(), 0
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        return text, text.count("�")


class Json:
    """A JSON document: its `value`, and keys that stood twice in one object in `twice`.

    Bare `nan` and `inf` are numbers. Raises CorrError, with the line, if it is not JSON.
    """

    def __init__(self, text: str, where: str) -> None:
        self.twice: list[str] = []
        self._where = visible(where)
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object)
        self.value = self._read(text)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            self.twice += [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]
        return found

    def _read(self, text: str) -> Any:
        try:
            return self._documents(text)
        except json.JSONDecodeError as error:
            first = error
        except RecursionError:
            self._too_deep()
        except ValueError as error:
            raise CorrError(f"{self._where}: {error}") from error
        self.twice.clear()
        repaired = _NUMBERS.sub(lambda m: _FOR_JSON.get(m[0], m[0]), text)
        try:
            if repaired != text:
                return self._documents(repaired)
        except RecursionError:
            self._too_deep()
        except ValueError:
            pass
        raise CorrError(
            f"{self._where}:{first.lineno}: not valid JSON: {first.msg} (column {first.colno})",
            'is the file complete? PAPI and old versions of Caliper do not escape a " in a name',
        ) from first

    def _too_deep(self) -> None:
        raise CorrError(f"{self._where}: the JSON is nested too deeply", "no profile is that deep")

    def _documents(self, text: str) -> Any:
        """One document, or a list of several, as `json(split)` writes them: a comma between."""
        found = list(self._each(text))
        return found[0] if len(found) == 1 else found

    def _each(self, text: str) -> Iterator[Any]:
        at = _skip(text, 0)
        while True:
            value, at = self._decoder.raw_decode(text, at)
            yield value
            at = _skip(text, at)
            if at < len(text) and text[at] == ",":
                at = _skip(text, at + 1)
            if at >= len(text):
                return
            if not isinstance(value, dict):
                raise json.JSONDecodeError("text after the end", text, at)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at
