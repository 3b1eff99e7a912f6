"""C and C++ text as moves see it: which files may change, where code is, and the whole diff."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from corr.optimize.gate.refusal import Refused
from corr.optimize.variant import Variant
from corr.program.model import C_SUFFIXES, CXX_SUFFIXES

#: A move changes sources and headers, nothing else that happens to lie in the program's folder.
SUFFIXES = frozenset(
    C_SUFFIXES | CXX_SUFFIXES | {".h", ".hh", ".hpp", ".hxx", ".h++", ".H", ".inc", ".inl", ".def"}
)
#: clang's line ends; str.splitlines knows more, and would count differently.
LINE_END = re.compile(r"\r\n|\r|\n")

#: Statements inside each other up to which their end is looked for.
DEEPEST = 50

_SPLICE = r"\\(?:\r\n|[\s\S])"
_NOT_CODE = re.compile(
    rf"//(?:[^\\\r\n]|{_SPLICE})*"
    r"|/\*[\s\S]*?(?:\*/|\Z)"
    r'|(?:u8|[uUL])?R"(?P<tag>[^()\\\s]{0,16})\([\s\S]*?(?:\)(?P=tag)"|\Z)'
    r"|(?P<code>[A-Za-z_$]\w*|\d(?:\w|'(?=\w)|\.)*)"
    # a quote without an end takes its line, as it does for clang: none is looked for twice
    rf'|"(?:[^"\\\r\n]|{_SPLICE})*"?'
    rf"|'(?:[^'\\\r\n]|{_SPLICE})*'?"
)
_DIRECTIVE = re.compile(r"^[ \t\f\v]*(?:#|%:)(?:[^\\\r\n]|\\(?:\r\n|[\s\S]))*", re.MULTILINE)
_VISIBLE = re.compile(r"[^\r\n]")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_BRACKET = re.compile(r"[()\[\]{}]")
_WORD = re.compile(r"\s*(\w+|\S|\Z)")


def source_file(variant: Variant, name: str) -> Path:
    """The absolute path of a source or header by its name in the tables.

    Raises Refused for a file that is not of the program: no source by its ending, or outside the
    root and the folders of the translation units (a symbolic link that leads out of them too).
    """
    program = variant.program
    if not isinstance(name, str) or "\0" in name:
        raise Refused("a file's name is text")
    path = Path(os.path.normpath(program.root / name))
    if path in variant.texts or any(path == unit.source for unit in program.units):
        return path
    if path.suffix not in SUFFIXES:
        raise Refused(f"{name} is not a C or C++ file of {program.name}")
    folders = [program.root, *(unit.source.parent for unit in program.units)]
    try:
        real = path.resolve()
        inside = any(path.is_relative_to(folder) for folder in folders)
        if not inside or not any(real.is_relative_to(folder.resolve()) for folder in folders):
            raise Refused(f"{name} lies outside {program.name}")
        if not path.is_file():
            raise Refused(f"there is no file {name} in {program.name}")
    except (OSError, RuntimeError) as error:  # too long a name, a loop of symbolic links
        raise Refused(f"there is no file {name[:200]} in {program.name}") from error
    return path


def changeable_source(variant: Variant, name: str) -> Path:
    """As `source_file`; also refused where a change of the source would have no effect.

    A unit with a module of its own is built from that and not from its source any more.
    """
    path = source_file(variant, name)
    own = path in {unit.source for unit in variant.program.units}
    if path in variant.ir or (variant.ir and not own):
        raise Refused(f"{name} is built from its IR in this variant: change the IR instead")
    return path


def exact_text(variant: Variant, path: Path) -> str:
    """The text of a file in this variant with its own line ends. Raises Refused."""
    if path in variant.texts:
        return variant.texts[path]
    return original_text(path)


def original_text(path: Path) -> str:
    """The text of a file as it lies on the disk, byte for byte. Raises Refused."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
            return stream.read()
    except OSError as error:
        raise Refused(f"{path.name}: {error.strerror}") from error


def line_starts(text: str) -> list[int]:
    """The offset of each line's first character; line 1 is at index 0."""
    return [0, *(end.end() for end in LINE_END.finditer(text))]


def line_of(text: str, offset: int) -> int:
    """The line, from 1, that an offset lies in."""
    return sum(1 for _ in LINE_END.finditer(text, 0, offset)) + 1


def line_end(text: str) -> str:
    """What ends the first line of a text."""
    found = LINE_END.search(text)
    return found[0] if found else "\n"


def without_comments(text: str) -> str:
    """The text with comments and literals made blank; every other character keeps its offset."""
    return _NOT_CODE.sub(lambda m: m[0] if m["code"] else _VISIBLE.sub(" ", m[0]), text)


def code_only(text: str) -> str:
    """As `without_comments`, with preprocessor directives made blank as well."""
    return _DIRECTIVE.sub(lambda m: _VISIBLE.sub(" ", m[0]), without_comments(text))


def directives(text: str) -> list[str]:
    """The preprocessor directives of a text, comments and literals made blank."""
    return [found[0].strip() for found in _DIRECTIVE.finditer(without_comments(text))]


def closing(code: str, start: int) -> int:
    """The offset of the bracket that closes the one at `start`, or -1. `code` is `code_only`."""
    open_brackets: list[str] = []
    for found in _BRACKET.finditer(code, start):
        if found[0] in _BRACKETS:
            open_brackets.append(_BRACKETS[found[0]])
        elif open_brackets.pop() != found[0]:
            return -1
        if not open_brackets:
            return found.start()
    return -1


def statement_end(code: str, start: int, depth: int = 0) -> int:
    """The offset behind the statement at `start`, or -1. `code` is `code_only`.

    Statements that are nested without braces are followed to a depth of DEEPEST.
    """
    at = start
    while depth < DEEPEST and (found := _WORD.match(code, at)):
        word, at = found[1], found.end()
        if word == "{":
            return closing(code, at - 1) + 1 or -1
        if word in ("for", "while", "switch"):
            at = _behind_parentheses(code, at)
        elif word == "if":
            at = _behind_parentheses(code, at)
            end = statement_end(code, at, depth + 1) if at >= 0 else -1
            following = _WORD.match(code, end) if end >= 0 else None
            if following is None or following[1] != "else":
                return end
            at = following.end()
        elif word == "do":
            end = statement_end(code, at, depth + 1)
            return code.find(";", end) + 1 or -1 if end >= 0 else -1
        else:
            return _semicolon(code, found.start(1))
        if at < 0:
            return -1
    return -1


def _behind_parentheses(code: str, at: int) -> int:
    found = _WORD.match(code, at)
    if found is None or found[1] != "(":
        return -1
    return closing(code, found.end() - 1) + 1 or -1


def _semicolon(code: str, at: int) -> int:
    """The offset behind the `;` that ends an expression or declaration at `at`, or -1."""
    while found := re.compile(r"[;([{)\]}]").search(code, at):
        if found[0] == ";":
            return found.end()
        if found[0] not in _BRACKETS:
            return -1
        at = closing(code, found.start()) + 1
        if at == 0:
            return -1
    return -1


def diff(variant: Variant) -> str:
    """A unified diff of every changed text against the original, for `patch -p1` in the root.

    Files outside the root are named by their absolute path without its first slash. Bytes that
    are not UTF-8 are surrogates: write it with errors="surrogateescape".
    """
    root = variant.program.root
    parts = []
    for path, text in sorted(variant.texts.items()):
        original = original_text(path)
        if text != original:
            inside = path.is_relative_to(root)
            name = str(path.relative_to(root)) if inside else str(path).lstrip("/")
            parts.append(unified(original, text, name))
    return "".join(parts)


def unified(before: str, after: str, name: str) -> str:
    """The unified diff of two texts of a file, with a/ and b/ before its name."""
    a, b = _lines(before), _lines(after)
    # difflib looks at every line: what is equal at both ends is left out for a large file's sake
    first = 0
    while first < min(len(a), len(b)) and a[first] == b[first]:
        first += 1
    last = 0
    while last < min(len(a), len(b)) - first and a[-1 - last] == b[-1 - last]:
        last += 1
    skip, behind = max(0, first - 3), max(0, last - 3)
    hunks = difflib.unified_diff(
        a[skip : len(a) - behind],
        b[skip : len(b) - behind],
        _label("a/" + name),
        _label("b/" + name),
    )
    out = []
    for line in hunks:
        if line.startswith("@@ "):
            line = re.sub(r"([-+])(\d+)", lambda m: f"{m[1]}{int(m[2]) + skip}", line)
        out.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(out)


def _lines(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends a line for diff and patch."""
    parts = text.split("\n")
    return [p + "\n" for p in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _label(name: str) -> str:
    """A file name in a diff's header; git's quoting, and a tab to end a name with a space."""
    if any(c in '"\\' or ord(c) < 32 for c in name):
        return (
            '"' + "".join(f"\\{ord(c):03o}" if c in '"\\' or ord(c) < 32 else c for c in name) + '"'
        )
    return name + "\t" if " " in name else name
