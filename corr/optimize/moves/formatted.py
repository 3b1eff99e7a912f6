"""New lines in the style of the project that they come into, by its .clang-format."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from collectors.base import process
from collectors.base.toolchain import Toolchain
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves.source_text import code_only, original_text
from corr.optimize.variant import Variant

_STYLES = (".clang-format", "_clang-format")
_WORD = re.compile(r"\w+|[^\w\s]")
_SECONDS = 20.0


def formatted(variant: Variant, toolchain: Toolchain) -> Variant:
    """The variant with the lines that are new in each text as clang-format writes them.

    As they are where no .clang-format is in the file's folder or above it in the program's, where
    clang-format is not installed, and where it would do more than move words to other lines.
    """
    if not toolchain.has("clang-format") or variant.inlined or variant.schedules:
        return variant
    root = variant.program.root
    texts = {
        path: _text(path, text, toolchain) if _styled(path, root) else text
        for path, text in variant.texts.items()
    }
    return replace(variant, texts=texts)


def _styled(path: Path, root: Path) -> bool:
    folders = [folder for folder in path.parents if folder == root or root in folder.parents]
    return any((folder / name).is_file() for folder in folders for name in _STYLES)


def _text(path: Path, text: str, toolchain: Toolchain) -> str:
    try:
        ranges = [f"--lines={first}:{last}" for first, last in _new(original_text(path), text)]
    except Refused:
        return text
    if not ranges:
        return text
    tool = toolchain.path("clang-format")
    command: list[str | Path] = [tool, "--style=file", f"--assume-filename={path}"]
    given = text.encode("utf-8", "surrogateescape")
    done = process.run([*command, *ranges], stdin=given, cwd=path.parent, timeout=_SECONDS)
    result = done.stdout.decode("utf-8", "surrogateescape")
    alike = done.returncode == 0 and _WORD.findall(code_only(result)) == _WORD.findall(
        code_only(text)
    )
    return result if alike else text


def _new(before: str, after: str) -> Iterator[tuple[int, int]]:
    """The ranges of lines, from 1, that the first text does not have."""
    old, new = before.split("\n"), after.split("\n")
    shorter = min(len(old), len(new))
    skip = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    left = shorter - skip
    behind = next((n for n in range(left) if old[-1 - n] != new[-1 - n]), left)
    middle = old[skip : len(old) - behind], new[skip : len(new) - behind]
    for what, _, _, first, last in difflib.SequenceMatcher(None, *middle).get_opcodes():
        if what in ("replace", "insert"):
            yield skip + first + 1, skip + last
