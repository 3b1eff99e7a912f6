"""Optimised IR for a reader: one function, without what does not change what it computes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from collectors.passes.text import function_name

#: Characters of a function's IR, debug records left out, from which it counts as not there.
LARGEST = 4 << 20
_QUOTED_OR = r'"(?:[^"\\]|\\.)*"|'
_COMMENT = re.compile(_QUOTED_OR + r"\s*;.*$")
_METADATA = re.compile(
    _QUOTED_OR + r",?\s+![\w.\-]+ (?:distinct )?!(?:\d+\b|\{[^{}]*\}|DI\w+\([^()]*\))"
)
_ATTRIBUTE = re.compile(
    _QUOTED_OR + r"\s(?:#\d+|noundef|dso_local|local_unnamed_addr|unnamed_addr)(?=[\s,)]|$)"
)
#: Lines that only carry debug information or name metadata which is not shown.
_DROPPED = re.compile(
    r"^\s*(?:$|#dbg_\w+\("
    r"|(?:tail |notail )?call void @llvm\.(?:dbg\.|experimental\.noalias\.scope))"
)


def strip_ir(text: str, function: str) -> str | None:
    """The definition of `function` in a module's text, stripped; None if it defines none.

    Gone are comments, debug records, attached metadata (!dbg, !tbaa, !llvm.loop …), attribute
    groups, and keywords of linkage and `noundef`. All that remains is as LLVM wrote it, alignments
    and parameter attributes too, so with its declarations it is IR that LLVM reads.
    """
    lines = _definition(iter(text.splitlines()), function)
    return _stripped(lines) if lines is not None else None


def from_artifacts(folder: Path, function: str) -> str | None:
    """The stripped IR of a function from the optimised modules that a run kept; None without."""
    for path in sorted([*folder.glob("*.opt.ll"), *folder.glob("*.opt.ll.zst")]):
        with pa.input_stream(str(path)) as raw, io.TextIOWrapper(raw, "utf-8", "replace") as text:
            lines = _definition((line.rstrip("\n") for line in text), function)
        if lines is not None:
            return _stripped(lines)
    return None


def _definition(lines: Iterator[str], function: str) -> list[str] | None:
    """The lines of a function's definition."""
    for line in lines:
        if line.startswith("define ") and function_name(line) == function:
            found, size = [line], len(line)
            for inner in lines:
                if not _DROPPED.match(inner):
                    found.append(inner)
                    size += len(inner)
                if inner == "}" or size > LARGEST:
                    break
            return found if found[-1] == "}" else None
    return None


def _stripped(lines: Sequence[str]) -> str:
    kept = []
    for line in lines:
        for pattern in (_COMMENT, _METADATA, _ATTRIBUTE):
            line = pattern.sub(_quoted_only, line)
        kept.append(line.rstrip())
    return "\n".join(line for line in kept if line)


def _quoted_only(match: re.Match[str]) -> str:
    """Names and strings in quotes stay as they are."""
    return match[0] if match[0].startswith('"') else ""
