"""Changes as models write them outside JSON: search/replace blocks, or a function in a fence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corr.optimize.llm.reply_moves import Offer

MOST_BLOCKS = 64
_MARK = re.compile(r"^\s*(<{5,9} ?SEARCH|={5,9}|>{5,9} ?REPLACE)\s*$")
_DEFINE = re.compile(r'^define\b[^@\n]*@"?([\w.$-]+)"?\(', re.MULTILINE)
_HEAD = re.compile(r"^(?!#|//)[A-Za-z_][\w \t*&:<>,]*?\b([A-Za-z_]\w*)[ \t]*\(", re.MULTILINE)
_NOT_FUNCTIONS = frozenset({"if", "for", "while", "switch", "return", "sizeof", "do", "else"})


def edits(text: str) -> list[dict[str, Any]]:
    """Records of source moves, one a file, from blocks in the aider style:

        path/to/file.c
        <<<<<<< SEARCH
        old lines
        =======
        new lines
        >>>>>>> REPLACE

    A block whose end is missing is left out. A block without a file goes on with the last one's.
    """
    found: dict[str | None, list[dict[str, str]]] = {}
    state, name, search, replace = "", None, [], []  # type: ignore[var-annotated]
    before: list[str] = []
    for line in text.split("\n"):
        match = _MARK.match(line)
        mark = match.group(1)[0] if match else ""
        if mark == "<":
            state, search, replace = "search", [], []
            name = _file(before) or name
        elif mark == "=" and state == "search":
            state = "replace"
        elif mark == ">" and state == "replace":
            edit = {"search": "".join(search), "replace": "".join(replace)}
            found.setdefault(name, []).append(edit)
            state, before = "", []
        elif state:
            (search if state == "search" else replace).append(line + "\n")
        else:
            before = [*before[-2:], line]
    return [
        {"kind": "source", "file": file, "edits": blocks[:MOST_BLOCKS]}
        for file, blocks in found.items()
    ]


def _file(before: list[str]) -> str | None:
    """The file named on the lines just above a block, fences and decoration taken away."""
    for line in reversed(before):
        name = line.strip().removeprefix("```").strip("`*# :")
        if name and " " not in name and "." in name:
            return name
    return None


def functions(text: str, offer: Offer) -> list[dict[str, Any]]:
    """Records of moves that give one function whole, from code blocks.

    Taken only where it is clear what is meant: one block, of IR or of C.
    """
    fences = _fences(text)
    modules = [(m.group(1), f) for f in fences for m in [_DEFINE.search(f)] if m]
    if len(modules) == 1 and "ir" in offer.kinds:
        return [{"kind": "ir", "unit": None, "function": modules[0][0], "text": modules[0][1]}]
    if len(fences) == 1 and not modules and "source" in offer.kinds:
        head = next((m for m in _HEAD.finditer(fences[0])), None)
        if head and head.group(1) not in _NOT_FUNCTIONS and "{" in fences[0]:
            record: dict[str, Any] = {"kind": "source", "file": None, "edits": []}
            return [record | {"function": head.group(1), "text": fences[0]}]
    return []


def _fences(text: str) -> list[str]:
    """What stands in code blocks; one whose end is missing is left out."""
    found: list[str] = []
    inside: list[str] | None = None
    for line in text.split("\n"):
        if line.startswith("```"):
            if inside is not None:
                found.append("".join(inside))
            inside = [] if inside is None else None
        elif inside is not None:
            inside.append(line + "\n")
    return found
