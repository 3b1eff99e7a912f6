"""One remark document at a time, through libyaml: everything the columnar reader does not cover.

Only parser *events* are used. No Python object is ever constructed from a tag, and unlike
`yaml.load` nothing recurses, so a hostile document can be refused but cannot crash the process.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import yaml

from collectors.remarks.format import Remark, Unreadable, hotness, place_number

TAGS = (
    "!Passed",
    "!Missed",
    "!Analysis",
    "!AnalysisFPCommute",
    "!AnalysisAliasing",
    "!Failure",
)
MAX_BYTES = 1 << 20  # LLVM's longest documents are some tens of kilobytes
MAX_DEPTH = 16  # of nodes; a remark needs 5
MAX_BRACKETS = 32  # unclosed flow brackets: libyaml's time is quadratic in them

_OPENING = np.zeros(256, np.int32)
_OPENING[[ord("["), ord("{")]] = 1
_OPENING[[ord("]"), ord("}")]] = -1

# LLVM writes the lines of a string with two or more newlines under `|`, always indented by six,
# and without an indentation indicator even if the first of them starts with a space.
_SPACED_BLOCK = re.compile(r"^(  - [^\s:]+: +\|)(?=\n(?: *\n)* {7})", re.MULTILINE)
# After a block scalar, LLVM 19 writes the argument's DebugLoc without its indentation.
# A document's own DebugLoc stands before `Args:`.
_OUTDENTED_LOC = re.compile(r"^( {6}.*\n)(?=DebugLoc: )", re.MULTILINE)
# LLVM takes comma and tab for safe in a plain scalar, but within `{ }` a comma ends it.
_PLAIN_FILE = re.compile(
    r"^( *DebugLoc: +\{ File: +)([\w.^/](?:[\w.^/, \t-]*?[\w.^/,-])?)(?=, (?:\n *)?Line: )",
    re.MULTILINE | re.ASCII,
)


class _Mapping(list[tuple[str, Any]]):
    """The pairs of a YAML mapping in order, keys as written."""


def read_document(document: bytes) -> Remark:
    """Reads one document, from its `---` line up to but without its end marker.

    Every scalar but Line, Column and Hotness is the text as written: `null`, `yes` and `4` are
    strings. Raises Unreadable.
    """
    _refuse_bombs(document)
    try:
        text, replaced = document.decode(), False
    except UnicodeDecodeError:
        text, replaced = document.decode(errors="replace"), True
    tag, top = _tree(_as_yaml(text))
    if tag not in TAGS:
        raise Unreadable(f"unknown tag {tag[:40]}" if tag else "no tag")
    remark = _remark(tag[1:], top)
    remark.replaced = replaced
    return remark


def _as_yaml(text: str) -> str:
    """The document with what LLVM writes against the rules of YAML put right."""
    head, args, rest = text.partition("\nArgs:\n")
    rest = _OUTDENTED_LOC.sub(r"\1    ", _SPACED_BLOCK.sub(r"\g<1>2", rest))
    return _PLAIN_FILE.sub(_quoted_file, head + args + rest)


def _quoted_file(match: re.Match[str]) -> str:
    before, name = match.groups()
    return f"{before}'{name}'" if "," in name or "\t" in name else match[0]


def _refuse_bombs(document: bytes) -> None:
    if len(document) > MAX_BYTES:
        raise Unreadable(f"longer than {MAX_BYTES >> 20} MB and not in the form LLVM writes")
    depth = np.cumsum(_OPENING[np.frombuffer(document, np.uint8)])
    # Brackets within strings count as well: unbalanced ones in such number are no remark either.
    if len(depth) and np.max(depth - np.minimum.accumulate(depth)) > MAX_BRACKETS:
        raise Unreadable("nested too deeply")


def _tree(text: str) -> tuple[str, Any]:
    """The tag of the top node and the document as nested _Mapping, list and str."""
    tag = ""
    root: list[Any] = []
    open_nodes: list[list[Any]] = [root]
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise Unreadable("alias")
            if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                done = open_nodes.pop()
                mapping = isinstance(event, yaml.MappingEndEvent)
                open_nodes[-1].append(_pairs(done) if mapping else done)
            elif isinstance(event, yaml.NodeEvent):
                if event.anchor is not None:
                    raise Unreadable("anchor")
                written = getattr(event, "tag", None)
                if written:
                    if len(open_nodes) > 1 or root:
                        raise Unreadable("tag inside the document")
                    tag = written
                if isinstance(event, yaml.ScalarEvent):
                    open_nodes[-1].append(event.value)
                else:
                    open_nodes.append([])
                if len(open_nodes) > MAX_DEPTH:
                    raise Unreadable("nested too deeply")
    except yaml.YAMLError as error:
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "error"
        raise Unreadable(f"not YAML: {reason}") from None
    if len(root) != 1:
        raise Unreadable("not one document")
    return tag, root[0]


def _pairs(flat: list[Any]) -> _Mapping:
    keys = flat[0::2]
    if not all(isinstance(key, str) for key in keys):
        raise Unreadable("key that is not a scalar")
    if len(set(keys)) != len(keys):
        raise Unreadable("key given twice")
    return _Mapping(zip(keys, flat[1::2], strict=True))


def _remark(tag: str, top: Any) -> Remark:
    if not isinstance(top, _Mapping):
        raise Unreadable("not a mapping")
    keys = dict(top)
    notes: list[str] = []
    row: dict[str, Any] = {"tag": tag}
    for name in ("Pass", "Name", "Function"):
        if name not in keys:
            raise Unreadable(f"no {name}")
        row[name.lower()] = _text(name, keys.pop(name))
    row.update(_place(keys.pop("DebugLoc", None), notes))
    row["hotness"] = hotness(keys.pop("Hotness", None), notes)
    row["args"] = [_argument(item, notes) for item in _items(keys.pop("Args", None))]
    notes.extend(f"unknown key {name[:40]}" for name in keys)
    return Remark(row, notes)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable(f"{name} that is not a scalar")
    return value


def _items(args: Any) -> list[Any]:
    if args is None or args == "":
        return []
    if isinstance(args, _Mapping) or not isinstance(args, list):
        raise Unreadable("Args that is not a list")
    return args


def _argument(item: Any, notes: list[str]) -> dict[str, Any]:
    if not isinstance(item, _Mapping):
        raise Unreadable("argument that is not a mapping")
    keys = dict(item)
    place = _place(keys.pop("DebugLoc", None), notes)
    if not keys:
        raise Unreadable("argument without a key")
    (key, value), *more = keys.items()
    notes.extend(f"unknown key {name[:40]} in an argument" for name, _ in more)
    return {"key": key, "value": _text("argument", value), **place}


def _place(place: Any, notes: list[str]) -> dict[str, Any]:
    """File, line and column of a DebugLoc; NULL where it says nothing."""
    if place is None:
        return {"file": None, "line": None, "column": None}
    if not isinstance(place, _Mapping):
        raise Unreadable("DebugLoc that is not a mapping")
    keys = dict(place)
    file = keys.pop("File", None)
    found = {
        "file": None if file is None else _text("File", file),
        "line": place_number("Line", keys.pop("Line", None), notes),
        "column": place_number("Column", keys.pop("Column", None), notes),
    }
    if None in found.values():
        notes.append("incomplete DebugLoc")
    notes.extend(f"unknown key {name[:40]} in a DebugLoc" for name in keys)
    return found
