"""The functions of a translation unit as clang's own syntax tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from collectors.base import process
from collectors.base.errors import CompileError
from collectors.base.scratch import scratch
from collectors.base.toolchain import Toolchain, repeatable
from corr.program.model import Program, Unit

Node = dict[str, Any]
#: Bytes of JSON that one function may take.
LARGEST = 256 << 20
#: Letters of a class's name by which it is found.
SHORTEST = 3
WORD = re.compile(rb"[A-Za-z_]\w*")
#: A function or method, which may be declared more than once, and is defined once.
_WITH_BODY = ("FunctionDecl", "CXXMethodDecl")
#: What a template may be given.
_PARAMETERS = ("TemplateTypeParmDecl", "NonTypeTemplateParmDecl")
_INTEGER = re.compile(rb"\(?\s*(0|[1-9]\d*)[uUlL]*\s*\)?")
_DEFINED = re.compile(rb"^#define (\w+)(\(?)(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Macro:
    """A word that the preprocessor replaces: what its definitions are made of, all together.

    `bare`: it is replaced wherever it stands, not only before a bracket. `number`: the whole number
    that every definition of it is; None if they are anything else. `pastes`: it makes new words.
    """

    words: frozenset[bytes]
    bare: bool
    number: int | None = None
    pastes: bool = False


class Functions:
    """Syntax trees by function name, asked of clang when they are first wanted."""

    def __init__(self, program: Program, unit: Unit, toolchain: Toolchain) -> None:
        self.program = program
        self.unit = unit
        self.toolchain = toolchain
        #: Names with their classes and namespaces, of functions that are to be told apart by them.
        self.qualified: dict[str, str] = {}
        #: Whether numbers that are macros are parameters: in another build they are others.
        self.sizes_by_name = False
        #: What is looked at in place of the unit's text.
        self._instead: bytes | None = None
        self._known: dict[str, Node | None] = {}
        self._methods: dict[str, list[Node]] = {}
        self._classes: dict[str, list[Node]] = {}
        self._members: dict[str, list[Node]] = {}

    @cached_property
    def text(self) -> bytes:
        """The text of the unit's source, or what is in its place."""
        return self.unit.source.read_bytes() if self._instead is None else self._instead

    @cached_property
    def macros(self) -> dict[bytes, Macro]:
        """Every macro that is defined anywhere in the unit, by its name. Raises CompileError."""
        found: dict[bytes, Macro] = {}
        for name, bracket, body in _DEFINED.findall(self._clang("-E", "-dD")):
            words = frozenset(WORD.findall(body))
            is_number = None if bracket else _INTEGER.fullmatch(body.strip())
            number = int(is_number[1]) if is_number else None
            before = found.get(name, Macro(frozenset(), False, number))
            bare = before.bare or (not bracket and words != {name})
            number = number if number == before.number else None
            pastes = before.pastes or b"##" in body
            found[name] = Macro(before.words | words, bare, number, pastes)
        return found

    def numbers(self, text: bytes) -> dict[str, int]:
        """The macros that are whole numbers and that the preprocessor finds in a text.

        Not those that headers keep for themselves.
        """
        names = sorted(name for name in self.expanded(text) if not name.startswith(b"_"))
        known = {name: self.macros[name].number for name in names if name in self.macros}
        return {name.decode(): number for name, number in known.items() if number is not None}

    def expanded(self, text: bytes) -> set[bytes]:
        """The words that the preprocessor may make of a text, those in it among them."""
        found: set[bytes] = set()
        waiting = WORD.findall(text)
        while waiting:
            word = waiting.pop()
            if word not in found:
                found.add(word)
                waiting += self.macros[word].words if word in self.macros else ()
        return found

    def get(self, name: str) -> Node | None:
        """The definition of a function or method (with a body).

        None where there is none, or more than one of this name (overloads, namespaces) that
        `qualified` does not tell apart.

        Raises CompileError when the source does not compile.
        """
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def methods(self, of_class: str, name: str) -> list[Node]:
        """The definitions of a class's methods of that name, in whatever namespaces it is."""
        part = f"{of_class}::{name}"
        if part not in self._methods:
            found = self._defined(name, part)
            self._methods[part] = [n for n in found if body_of(n) is not None]
        return self._methods[part]

    def may_be_overridden(self, of_class: str) -> bool:
        """Whether a class of this name has virtual methods, or is not seen at all.

        It is not looked for by a letter or two, which half of the library has in its names.
        """
        if len(of_class) < SHORTEST:
            return True
        known = self._records(of_class)
        return not known or any(n["definitionData"].get("isPolymorphic", False) for n in known)

    def is_plain(self, of_class: str, *, made: bool = False) -> bool:
        """Whether a class of this name has no base, and its copies are those of its members.

        `made`: and whether one that is not given a value is left as it is.
        """
        if len(of_class) < SHORTEST:
            return False
        wanted = ["isTriviallyCopyable", *(["isTrivial"] if made else [])]
        known = self._records(of_class)
        return bool(known) and all(
            not n.get("bases") and all(n["definitionData"].get(key, False) for key in wanted)
            for n in known
        )

    def _records(self, of_class: str) -> list[Node]:
        """The definitions of classes of this name."""
        if of_class not in self._classes:
            self._classes[of_class] = [
                node
                for found in self._dumped(of_class)
                for node in walk(found)
                if node.get("name") == of_class and "definitionData" in node
            ]
        return self._classes[of_class]

    def members(self, part: str) -> list[Node]:
        """What has a part like `Class::` or `::member` in its qualified name."""
        if part not in self._members:
            self._members[part] = list(self._dumped(part))
        return self._members[part]

    def fields(self, of_class: str, *, known: bool) -> list[Node]:
        """The members of structures and classes of that name; none of one that may be a union.

        `known`: it is a structure, as the word before its name says.
        """
        if not self.unit.cxx and len(of_class) >= SHORTEST:
            records = [n for n in self.members(of_class) if n.get("name") == of_class]
            whole = [n for n in records if n["kind"] == "RecordDecl" and n.get("inner")]
            if len(whole) == 1:
                return [n for n in whole[0]["inner"] if n.get("kind") == "FieldDecl"]
        found, owner, kinds = [], "", set()
        for node in self.members(f"{of_class}::"):
            if node["kind"] == "CXXRecordDecl" and node.get("isImplicit"):
                owner = node.get("name", "")  # each class has its name in itself, before all else
                kinds |= {node["tagUsed"]} if owner == of_class else set()
            elif node["kind"] == "FieldDecl" and owner in ("", of_class):
                found.append(node)
        return found if "union" not in kinds and (known or kinds) else []

    def in_text(self, name: str, text: bytes) -> Node | None:
        """The same, were this the unit's text. Raises CompileError."""
        return self.with_text(text)._read(name)

    def with_text(self, text: bytes) -> Functions:
        """The functions, were this the unit's text."""
        other = Functions(self.program, self.unit, self.toolchain)
        other.qualified, other.sizes_by_name = self.qualified, self.sizes_by_name
        other._instead = text
        return other

    def instance(self, name: str) -> Node | None:
        """The only instance of a template of functions, which is what its text does in this unit.

        Its `asked` are C++ for what the template's parameters are in it. None where there are
        others, or specialisations. Raises CompileError.
        """
        found = self._defined(name, name) if self.unit.cxx else []
        if len(found) != 1 or found[0]["kind"] != "FunctionTemplateDecl":
            return None
        inner = found[0]["inner"]
        instances = [n for n in inner if n["kind"] == "FunctionDecl" and "mangledName" in n]
        names = [n.get("name") for n in inner if n["kind"] in _PARAMETERS]
        if len(instances) != 1 or body_of(instances[0]) is None or len(names) != len(inner) - 2:
            return None
        arguments = [n for n in instances[0]["inner"] if n["kind"] == "TemplateArgument"]
        given = [n.get("value", n.get("type")) for n in arguments]
        if len(given) != len(names) or None in (*names, *given):
            return None
        asked = [_asked(name, what) for name, what in zip(names, given, strict=True)]
        return {**as_given(instances[0]), "asked": asked}

    def _read(self, name: str) -> Node | None:
        found = self._defined(name, name)
        if len(found) > 1 and name in self.qualified:
            whole = self.qualified[name]
            found = self._defined(name, whole)
            if len(found) > 1 and "::" not in whole:  # others are of classes and namespaces
                found = [node for node in found if _is_global(node, name)]
        alone = len(found) == 1 and found[0]["kind"] in _WITH_BODY
        return found[0] if alone else None

    def _defined(self, name: str, part: str) -> list[Node]:
        """What is defined by a name, and has a part like this in its qualified name."""
        found = [
            node
            for node in self._dumped(part)
            if node.get("name") == name
            if node.get("kind") not in _WITH_BODY or body_of(node) is not None
        ]
        # anything else of this name (a method, a template, an overload) could be what is meant
        return [n for n in found if "Function" in n["kind"] or "Method" in n["kind"]]

    def _dumped(self, part: str) -> Iterator[Node]:
        """Whatever has a part like this in its qualified name. Raises CompileError."""
        dump = ("-ast-dump=json", f"-ast-dump-filter={part}")
        arguments = [word for option in dump for word in ("-Xclang", option)]
        text = self._clang("-fsyntax-only", *arguments)
        return _documents(text.decode("utf-8", "replace"))

    def _clang(self, *arguments: str) -> bytes:
        """What clang prints for the unit. Raises CompileError."""
        if self._instead is None:
            return self._printed(*arguments)
        with scratch("text") as folder:
            copy, overlay = folder / "text", folder / "overlay.json"
            copy.write_bytes(self._instead)
            file = {"type": "file", "name": str(self.unit.source), "external-contents": str(copy)}
            instead = {"version": 0, "use-external-names": False, "roots": [file]}
            overlay.write_text(json.dumps(instead))
            return self._printed(f"-ivfsoverlay{overlay}", *arguments)

    def _printed(self, *arguments: str) -> bytes:
        tool = self.toolchain.path("clang++" if self.unit.cxx else "clang")
        command = [*repeatable(), str(tool), *self.unit.flags, "-w", *arguments]
        source = self.unit.source
        done = process.run([*command, str(source)], cwd=self.unit.directory, limit=LARGEST)
        if not done.ok:
            raise CompileError(f"{source.name} does not compile:\n{done.last_lines()}")
        return done.stdout


def _is_global(function: Node, name: str) -> bool:
    """Whether a function is in no class or namespace, by the name that it is linked by."""
    mangled: str = function.get("mangledName", "")
    return mangled == name or mangled.startswith((f"_Z{len(name)}{name}", f"_ZL{len(name)}{name}"))


def _asked(name: str, given: int | dict[str, str]) -> str:
    """A question of C++ whether a template's parameter is what it is in an instance."""
    if isinstance(given, dict):
        return f"__is_same({name}, {given.get('desugaredQualType', given['qualType'])})"
    return f"({name}) == {given}"


def as_given(node: Node) -> Node:
    """An instance with its template's arguments for the parameters."""
    while node.get("kind") == "SubstNonTypeTemplateParmExpr":
        node = node["inner"][-1]
    if "inner" in node:
        node["inner"] = [as_given(n) if n else n for n in node["inner"]]
    return node


def body_of(function: Node) -> Node | None:
    """The block of a function's definition; None for a mere declaration."""
    inner = function.get("inner", ())
    return next((n for n in inner if n.get("kind") == "CompoundStmt"), None)


def _documents(text: str) -> Iterator[Node]:
    """The JSON documents that clang writes one after another, each after a line of its own."""
    decoder, at, text = json.JSONDecoder(), 0, "\n" + text
    while (at := text.find("\n{", at)) >= 0:
        try:
            node, at = decoder.raw_decode(text, at + 1)
        except (json.JSONDecodeError, RecursionError):  # nested deeper than anybody writes
            at += 1
            continue
        yield node


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, parents first."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [n for n in reversed(node.get("inner", ())) if n]


def begin_of(node: Node) -> int | None:
    """The byte where a node's text begins; that of the macro's name if it comes out of one.

    None if it is in another file.
    """
    return _offset(node, "begin")


def end_of(node: Node) -> int | None:
    """The byte where the last token of a node's text begins, as `begin_of`."""
    return _offset(node, "end")


def _offset(node: Node, bound: str) -> int | None:
    place = node.get("range", {}).get(bound, {})
    place = place.get("expansionLoc", place)
    return None if "includedFrom" in place else place.get("offset")


def extent(node: Node) -> tuple[int, int] | None:
    """Byte offsets of a node's text, end exclusive; None if it comes from a macro or elsewhere."""
    span = node.get("range", {})
    begin, end = span.get("begin", {}), span.get("end", {})
    if "offset" not in begin or "offset" not in end or "includedFrom" in begin:
        return None
    return begin["offset"], end["offset"] + end["tokLen"]


def shape(node: Any) -> Any:
    """A node without what tells where it stands, or which of several alike it is."""
    if isinstance(node, list):
        return [shape(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        key: shape(value)
        for key, value in node.items()
        if key not in ("id", "loc", "range") and not key.endswith("Id")
    }
