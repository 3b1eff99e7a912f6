"""LLVM IR and machine-function text as lines that can be compared between two passes.

What says nothing about the code is dropped here: debug records, metadata attachments, attribute
group numbers, predecessor comments, and in machine code also probabilities, live-ins,
kill flags.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

#: `%name`, `%"any name"`, `%12`: a local value, label or type of LLVM IR.
_LOCAL = r'%(?:"[^"]*"|[-a-zA-Z$._0-9]+)'
_IR_NAME = re.compile(rf'{_LOCAL}|(?<![@$])"[^"]*"|c"[^"]*"')
_IR_NAME_UNQUOTED = re.compile(r"%[-a-zA-Z$._0-9]+")
_MIR_NAME = re.compile(r"%bb\.\d+|%\d+")
_IR_LABEL = re.compile(r'("[^"]*"|[-a-zA-Z$._0-9]+):(?:\s*;.*)?$')
_IR_OPCODE = re.compile(rf"  (?:{_LOCAL} = )?(?:(?:tail|musttail|notail) )?([a-z_]+)")
_IR_DEFINES = re.compile(rf"  ({_LOCAL}) = ")
_IR_CONTINUES = re.compile(r"    +(?:to label |cleanup|catch |filter |i\d+ \S+, label )|  \]")
_ATTACHED = re.compile(r"(?:,? ![-a-zA-Z$._][-\w$.]* !(?:\d+|\{\}))+(?= \{$|$)")
_ATTRIBUTES = re.compile(r" #\d+(?= \{$|$| \[ \"|,$)")
_PHI_EDGE = re.compile(r'\[ (?:[^\[\]]|\[[^\]]*\])*?, %("[^"]*"|[-a-zA-Z$._0-9]+) \]')
_METADATA = re.compile(r"\bmetadata !\d+")
_DEFINED = re.compile(r'^define .*?@("(?:[^"])*"|[-a-zA-Z$._0-9]+)\(')

_MIR_LABEL = re.compile(r"bb\.(\d+)(\.[^ (]+|\.%ir-block\.\d+)?( \([^)]*\))?:")
_MIR_INDEX = re.compile(r"^(?:\d+[Berd])?\t")
_MIR_LOCATION = re.compile(r",? debug-(?:location (?:!\d+|!DILocation\([^)]*\))|instr-number \d+)")
_MIR_COMMENT = re.compile(r"; (?:\S+:\d+(?::\d+)?|line no:\d+)(?: .*)?$")
_MIR_MEMORY = re.compile(r",? !(?:tbaa|alias\.scope|noalias|range|nonnull|tbaa\.struct) !\d+")
_MIR_LIVENESS = re.compile(r"\b(?:killed|dead|renamable) ")
_MIR_CHANCE = re.compile(r"\(0x[0-9a-f]+\)|;.*$")
_MIR_FLAGS = frozenset(
    {"frame-setup", "frame-destroy", "nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc"}
    | {"nuw", "nsw", "exact", "nofpexcept", "nomerge", "noconvergent", "unpredictable", "disjoint"}
    | {"nneg", "samesign", "nusw", "inbounds"}
)
_MIR_RESULT = re.compile(r"^  ([^\"()&]*?\S) = ")
_MIR_DEBUG = ("DBG_VALUE", "DBG_LABEL", "DBG_INSTR_REF", "DBG_PHI", "DBG_VALUE_LIST")


@dataclass(frozen=True, slots=True)
class Line:
    """One normalised line. `names` are its locals in order, the first `defines` of them new.

    `key` is the text without the names that every pass renumbers, `shape` without any local name.
    `opcode` is set on the (first) line of an instruction, `label` on the first line of a block.
    """

    text: str
    key: str
    shape: str
    names: tuple[str, ...]
    defines: int = 0
    opcode: str | None = None
    label: str | None = None

    def renamed(self, names: tuple[str, ...]) -> Line:
        """The same line with other local names."""
        if names == self.names:
            return self
        parts = self.shape.split("\0")
        text = parts[0] + "".join(n + p for n, p in zip(names, parts[1:], strict=True))
        label = self.label
        if label is not None and self.defines:
            label = names[0][1:]
        return Line(display(text), self.key, self.shape, names, self.defines, self.opcode, label)


def display(text: str) -> str:
    """A label's text as LLVM prints it: `12:` and `bb.3.name:`, without the `%` of its name."""
    return text[1:] if text.startswith("%") else text


def numbered(name: str) -> bool:
    """True for a name that LLVM hands out anew whenever it prints: `%12`, `%bb.7`."""
    return name[1:].isdigit() or name.startswith("%bb.")


def function_name(define: str) -> str | None:
    """The linkage name in a `define` line, without quotes and escapes."""
    found = _DEFINED.match(define)
    return unquoted(found[1]) if found else None


def unquoted(name: str) -> str:
    """An IR name as the linker sees it: `"a\\22b"` is `a"b`."""
    if not name.startswith('"'):
        return name
    return re.sub(r"\\([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), name[1:-1])


def ir_line(raw: str) -> Line | None:
    """A line of a function in LLVM IR, or None when it says nothing about the code."""
    head = raw[:3]
    if head.startswith("  ") and head[2:] not in ("", " ", "]", "#", ";"):
        return _ir_instruction(raw)
    if not raw or raw.isspace():
        return None
    if raw[0] == " ":
        text = _ATTACHED.sub("", raw)
        return _ir_made(text) if _IR_CONTINUES.match(text) else None
    if raw.startswith("define "):
        text = _ATTACHED.sub("", raw)
        return _ir_made(_ATTRIBUTES.sub("", text))
    if raw.startswith("; Function Attrs:"):
        return _plain(raw)
    label = _IR_LABEL.match(raw)
    if not label:
        return None
    name = label[1]
    if name.isdigit():
        return Line(f"{name}:", "%_:", "\0:", ("%" + name,), 1, None, name)
    return Line(f"{name}:", f"{name}:", f"{name}:", (), 0, None, name.strip('"'))


def _ir_instruction(raw: str) -> Line | None:
    text = _ATTACHED.sub("", raw) if "!" in raw else raw
    if "@llvm.dbg." in text and "call void @llvm.dbg." in text:
        return None
    if " #" in text:
        text = _ATTRIBUTES.sub("", text)
    if "metadata !" in text:
        text = _METADATA.sub("metadata !_", text)
    found = _IR_OPCODE.match(text)
    if not found:
        return None
    if found[1] == "phi":
        text = _sorted_phi(text)
    return _ir_made(text, found[1], 1 if _IR_DEFINES.match(text) else 0)


def _sorted_phi(text: str) -> str:
    """A phi with its incoming edges by name: their order means nothing and passes shuffle it."""
    edges = list(_PHI_EDGE.finditer(text))
    if not edges or any(edge[1].isdigit() for edge in edges):
        return text
    ordered = ", ".join(sorted((edge[0] for edge in edges), key=_edge_label))
    return text[: edges[0].start()] + ordered + text[edges[-1].end() :]


def _edge_label(edge: str) -> str:
    return edge.rpartition(", %")[2]


def _ir_made(text: str, opcode: str | None = None, defines: int = 0) -> Line:
    names: list[str] = []

    def blank(match: re.Match[str]) -> str:
        name = match[0]
        if name[0] != "%":
            return name
        names.append(name)
        return "\0"

    pattern = _IR_NAME if '"' in text else _IR_NAME_UNQUOTED
    shape = pattern.sub(blank, text)
    key = _filled(shape, names, lambda n: n[1:].isdigit())
    return Line(text, key, shape, tuple(names), defines, opcode)


def _filled(shape: str, names: list[str], hidden: Callable[[str], bool]) -> str:
    """The shape with its names put back, save the hidden ones."""
    if not names:
        return shape
    parts = shape.split("\0")
    return parts[0] + "".join(
        ("%_" if hidden(n) else n) + p for n, p in zip(names, parts[1:], strict=True)
    )


def _plain(text: str) -> Line:
    return Line(text, text, text, ())


def mir_line(raw: str) -> Line | None:
    """A line of a machine function, or None when it says nothing about the code."""
    if "\t" in raw[:12]:
        raw = _MIR_INDEX.sub("", raw)
    label = _MIR_LABEL.match(raw)
    if label:
        number, rest = "%bb." + label[1], (label[2] or "") + (label[3] or "") + ":"
        name = f"bb.{label[1]}{label[2] or ''}"
        return Line(f"{number[1:]}{rest}", f"%_{rest}", f"\0{rest}", (number,), 1, None, name)
    if not raw.startswith("  "):
        return None
    if raw.startswith("  successors:"):
        return _mir_made(_MIR_CHANCE.sub("", raw).rstrip())
    if raw.startswith("  liveins:"):
        return None
    text = raw
    if ";" in text:
        text = _MIR_COMMENT.sub("", text).rstrip()
    if " debug-" in text:
        text = _MIR_LOCATION.sub("", text)
    if " !" in text:
        text = _MIR_MEMORY.sub("", text)
    text = _MIR_LIVENESS.sub("", text)
    opcode, defines = mir_opcode(text)
    if opcode is None or opcode in _MIR_DEBUG:
        return None
    return _mir_made(text, opcode, defines)


def mir_opcode(text: str) -> tuple[str | None, int]:
    """The opcode of a machine instruction and how many virtual registers it defines."""
    result = _MIR_RESULT.match(text)
    rest = text[result.end() :] if result else text[2:]
    defines = len(_MIR_NAME.findall(result[1])) if result else 0
    for word in rest.split(" "):
        word = word.rstrip(",")
        if word and word not in _MIR_FLAGS:
            return (word if word[0].isupper() else None), defines
    return None, 0


def _mir_made(text: str, opcode: str | None = None, defines: int = 0) -> Line:
    names = _MIR_NAME.findall(text)
    if not names:
        return Line(text, text, text, (), defines, opcode)
    shape = _MIR_NAME.sub("\0", text)
    key = _filled(shape, names, lambda n: n.startswith("%bb."))
    return Line(text, key, shape, tuple(names), defines, opcode)


def counts(lines: list[Line]) -> dict[str, int]:
    """How many instructions of each opcode the lines hold."""
    found: dict[str, int] = {}
    for line in lines:
        if line.opcode is not None:
            found[line.opcode] = found.get(line.opcode, 0) + 1
    return found
