"""The reader of remarks as rows, and what PyYAML says that they must be."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from collectors.remarks.reader import RemarkReader, read
from tests.support.places import FIXTURES

RECORDED = FIXTURES / "remarks"


def oracle(document: str) -> dict[str, Any]:
    node = yaml.compose(document, Loader=yaml.CBaseLoader)
    assert node is not None
    loader = yaml.CBaseLoader("")
    tag, node.tag = node.tag, "tag:yaml.org,2002:map"
    top = loader.construct_document(node)
    return {
        "tag": tag[1:],
        "pass": top["Pass"],
        "name": top["Name"],
        "function": top["Function"],
        **place(top),
        "hotness": int(top["Hotness"]) if "Hotness" in top else None,
        "args": [
            {"key": key, "value": value, **place(arg)}
            for arg in top.get("Args", [])
            for key, value in arg.items()
            if key != "DebugLoc"
        ],
    }


def place(node: dict[str, Any]) -> dict[str, Any]:
    loc = node.get("DebugLoc")
    if loc is None:
        return {"file": None, "line": None, "column": None}
    return {"file": loc["File"], "line": int(loc["Line"]), "column": int(loc["Column"])}


def split(text: str) -> list[tuple[int, str]]:
    """Line and text of every document."""
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else [], 1):
        if line.startswith("--- "):
            found.append((number, []))
        if line != "...":
            found[-1][1].append(line)
    return [(number, "\n".join(lines) + "\n") for number, lines in found]


def expected(text: str) -> list[dict[str, Any]]:
    """The rows of a file, without their unit, in order of the first document of each."""
    documents = split(text)
    first: dict[str, int] = {}
    for number, document in documents:
        first.setdefault(document, number)
    count = Counter(document for _, document in documents)
    return [
        {**oracle(document), "count": count[document], "document": number}
        for document, number in first.items()
    ]


def rows(reader: RemarkReader) -> list[dict[str, Any]]:
    found = [row for batch in reader for row in batch.to_pylist()]
    for row in found:
        assert row.pop("unit") == reader.unit
    return sorted(found, key=lambda row: int(row["document"]))


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


REMARK = """--- !Missed
Pass:            inline
Name:            NoDefinition
DebugLoc:        { File: gemm.c, Line: 10, Column: 5 }
Function:        main
Hotness:         30
Args:
  - Callee:          printf
  - String:          ' isn''t '
  - Caller:          main
    DebugLoc:        { File: gemm.c, Line: 8, Column: 0 }
...
"""


def one(path: Path, text: str | bytes, **options: Any) -> tuple[list[dict[str, Any]], RemarkReader]:
    reader = read(write(path, text), "unit", **options)
    return rows(reader), reader
