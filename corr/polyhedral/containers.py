"""Containers of C++ whose elements lie one after another: their elements and sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from corr.polyhedral.clang_ast import Functions, Node
from corr.polyhedral.declarations import type_of
from corr.polyhedral.expressions import NotAffine

#: A type as clang names it, and what points to the elements of a variable of it.
_TYPES = (
    (
        re.compile(r"std::(?:\w+::)?vector<(?P<element>[\w ]+)(?:, std::allocator<.*>)?>"),
        "{}.data()",
    ),
    (re.compile(r"std::(?:\w+::)?array<(?P<element>[\w ]+), \d+>"), "{}.data()"),
    (re.compile(r"std::(?:\w+::)?unique_ptr<(?P<element>[\w ]+)\[\](?:, .*)?>"), "{}.get()"),
    # whose data() may be read only, before C++17
    (re.compile(r"std::(?:\w+::)?basic_string<(?P<element>char)(?:, std::.*)?>"), "&{}[0]"),
    (re.compile(r"std::(?:\w+::)?valarray<(?P<element>[\w ]+)>"), "std::begin({})"),
)
_HOLDS = r"std::(?:\w+::)?(?:vector|array)<"
_ROW = r"std::(?:\w+::)?(?:vector|array|valarray)<"
_REST = r"(?:, \d+)?(?:, std::allocator<.*>)?>"
#: Vectors or arrays in one: each row is its own.
_ROWS = re.compile(rf"{_HOLDS}{_ROW}(?P<element>[\w ]+){_REST}{_REST}")
#: Where these are defined, an index out of bounds ends the program.
_CHECKED = (b"_GLIBCXX_ASSERTIONS", b"_GLIBCXX_DEBUG", b"_LIBCPP_HARDENING_MODE")


@dataclass(frozen=True)
class Container:
    """A variable that holds elements: their type, and the C++ that points to the first of them."""

    name: str
    element: str
    start: str


def is_container(text: str) -> bool:
    """Whether a type is one of those."""
    return element_of(text) is not None


def is_rows(text: str) -> bool:
    """Whether a type is a vector of vectors of numbers, or one of arrays."""
    found = _ROWS.fullmatch(text.removeprefix("const "))
    return found is not None and found["element"] != "bool"


def element_of(text: str) -> str | None:
    """The type of a container's elements; None for any other type."""
    plain = text.removeprefix("const ")
    found = next((f for form, _ in _TYPES if (f := form.fullmatch(plain))), None)
    return found["element"] if found is not None and found["element"] != "bool" else None


def container(node: Node) -> Container | None:
    """The container that a DeclRefExpr names; None for anything else."""
    if node.get("kind") != "DeclRefExpr":
        return None
    text = type_of(node["type"]).removeprefix("const ").removesuffix(" &")
    name = node["referencedDecl"].get("name", "")
    for form, start in _TYPES:
        found = form.fullmatch(text)
        if found and found["element"] != "bool":  # whose vector is one of bits
            return Container(name, found["element"], start.format(name))
    return None


def rows(node: Node) -> Container | None:
    """The container of containers that a DeclRefExpr names; None for anything else."""
    if node.get("kind") != "DeclRefExpr":
        return None
    found = _ROWS.fullmatch(type_of(node["type"]).removeprefix("const ").removesuffix(" &"))
    if found is None or found["element"] == "bool":
        return None
    name = node["referencedDecl"].get("name", "")
    return Container(name, found["element"], f"{name}.data()")


def check_unchecked(functions: Functions) -> None:
    """Raise NotAffine where the program asks that each index be checked."""
    if functions.macros.keys() & set(_CHECKED):
        raise NotAffine("indices of containers are checked in this build")
