"""Files of cases made from others: some of the cases, or those of each kind of operation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from collectors.base.errors import UsageError
from collectors.base.foreign_text import one_line
from corr.search.cases import OPERATION, of_lines, of_table
from corr.search.split import class_of
from corr.system.disk import disk_errors, write_whole

#: What operations begin with, by kind: as the toolkit tells them apart.
OPERATIONS = {
    "conv": ("conv",),
    "matmul": ("matmul", "mm", "gemm", "bmm", "linear"),
}


def subset(
    file: Path, count: int, output: Path, *, first: bool = False, force: bool = False
) -> int:
    """Write some of the cases, and how many that are. A file that is there is replaced by `force`,
    that of the cases never. Raises UsageError, CorrError.
    """
    _free([output], file, force=force)
    head, lines = _parted(file)
    if first or count >= len(lines):
        kept = lines[:count]
    else:
        kept = [lines[n * len(lines) // count] for n in range(count)]
    with disk_errors(output):
        write_whole(output, "\n".join([*head, *kept]) + "\n")
    return len(kept)


def split_by(
    file: Path, by: str, kinds: Sequence[str], *, force: bool = False
) -> list[tuple[Path, int]]:
    """Write the cases of each value of a feature to a file `NAME_VALUE.SUFFIX` beside the first.

    Raises UsageError where a case has no such feature, and, but for `force`, where a file is in the
    way.
    """
    head, lines = _parted(file)
    beginnings = _beginnings(kinds) or (OPERATIONS if by == OPERATION else {})
    cases = of_table(file) if head else of_lines(file, "")
    by_line = dict(zip(lines, cases, strict=False)) if head else {c.line: c for c in cases}
    groups: dict[str, list[str]] = {}
    for line in dict.fromkeys(lines):
        value = class_of(by_line[line], by)
        kind = next((k for k, starts in beginnings.items() if value.startswith(starts)), value)
        groups.setdefault(kind, []).append(line)
    written: dict[Path, list[str]] = {}
    for kind, kept in groups.items():
        plain = re.sub(r"[^\w.-]", "_", kind)
        path = file.with_name(f"{file.stem}_{plain}{file.suffix}")
        written.setdefault(path, []).extend(kept)
    _free([*written], file, force=force)
    for path, kept in written.items():
        with disk_errors(path):
            write_whole(path, "\n".join([*head, *kept]) + "\n")
    return [(path, len(kept)) for path, kept in written.items()]


def _free(outputs: Sequence[Path], file: Path, *, force: bool) -> None:
    """Raise UsageError where a file to be written is there, or is the file of cases itself."""
    for output in outputs:
        if not output.exists():
            continue
        if file.exists() and output.samefile(file):
            raise UsageError(f"{output} is the file that the cases are read from", "name another")
        if not force:
            raise UsageError(f"{output} is there already", "--force replaces it")


def _parted(file: Path) -> tuple[list[str], list[str]]:
    """The head of a table, if it is one, and the lines with a case each."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: {error}") from error
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if file.suffix in (".csv", ".tsv"):
        return lines[:1], lines[1:]
    return [], lines


def _beginnings(kinds: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for kind in kinds:
        name, _, start = kind.partition("=")
        if not name or not start:
            raise UsageError(f"--kind {one_line(kind, 60)}: NAME=BEGINNING is meant")
        found[name] = (*found.get(name, ()), start)
    return found
