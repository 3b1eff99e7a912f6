"""How the text of searches side by side is put down: declarations, comments, indents."""

from __future__ import annotations

import re
import textwrap

from corr.irregular.effects import Unsuitable, is_scalar
from corr.polyhedral.clang_ast import Node
from corr.polyhedral.declarations import type_of

ARRAY = re.compile(r"^([^\[\]]+?) ?((?:\[\d+\])+)$")


def written_type(node: Node) -> str:
    """The type of a variable that can be set later. Raises Unsuitable for others."""
    text, full = node["type"]["qualType"], type_of(node["type"])
    if full.endswith("&"):  # nothing changes what it stands for
        text, full = text.rstrip(" &"), full.rstrip(" &")
    array = ARRAY.match(full)
    if not is_scalar(array[1] if array else full) or "(" in text:
        raise Unsuitable(f"{node.get('name')} is a {text}")
    if "*" in full:
        return re.sub(r"(?:\s*\b(?:const|restrict|__restrict))+$", "", full)
    return re.sub(r"\bconst\b ?", "", text).strip()


def declaration(type_: str, name: str, width: int) -> str:
    """A variable of a type, without its semicolon; of `width` lanes, if that is not 0."""
    array = ARRAY.match(type_)
    base, extents = (array[1], array[2]) if array else (type_, "")
    lanes = f"[{width}]" if width else ""
    blank = "" if base.endswith("*") else " "
    return f"{base}{blank}{name}{lanes}{extents}"


def comment(says: str, width: int = 84) -> list[str]:
    """A comment in lines."""
    first, *rest = textwrap.wrap(says, width)
    if not rest:
        return [f"/* {first} */"]
    return [f"/* {first}", *(f" * {line}" for line in rest), " */"]


def lines_of(text: str, column: int) -> list[str]:
    """The lines of a part that began at that column."""
    first, *rest = text.split("\n")
    pad = " " * column
    return [first, *(line.removeprefix(pad) for line in rest)]


def indented(lines: list[str], by: int) -> list[str]:
    """The lines further to the right; directives and empty lines stay where they are."""
    return [" " * by + line if line.strip() and line[0] != "#" else line.rstrip() for line in lines]
