"""The IR move: one function of a unit's optimised module is replaced, the rest stays byte for byte.

`with_optimised_ir` gives a variant the module; building that as it is gives the same machine code
as the source does. That takes LLVM's use-list orders, which its text lacks unless asked for: the
back end goes by them (measured with LLVM 22: without, 5 of 7 kernels came out different at -O3;
with them, 37 of 37 were equal, and so with -march=native and with Polly).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from collectors.base import process
from collectors.base.errors import CompileError
from collectors.base.toolchain import Toolchain
from collectors.passes.text import function_name
from collectors.sandbox.confined import compiler_limits
from corr.optimize.gate.refusal import Refused
from corr.optimize.variant import Move, Variant
from corr.program.build import Builder, places
from corr.program.model import Unit

#: Characters of a new function.
LARGEST = 1 << 20

_DEFINE = re.compile(r"^define [^\n]*", re.MULTILINE)
_BRACE = re.compile(r'"[^"]*"|;[^\n]*|[{}]')
_QUOTED_OR_COMMENT = re.compile(r'"[^"]*"|;[^\n]*')
_HEADER_WORD = re.compile(r'"[^"]*"|[-\w$.%@]+|\S')
_OUTSIDE = re.compile(r"(?:\s|;[^\n]*+)*")
_NUMBERED = re.compile(r"(?<![\w$.\"@%#!-])[!#]\d+\b")
_USE_LIST = re.compile(r"^ *uselistorder[^\n]*\n?", re.MULTILINE)
_LOCAL_NAME = r'%(?:"[^"]*"|[-\w$.]+)'
#: The order of a local value's uses: it stays true whatever happens to other functions. (That of
#: a global does not, nor does LLVM 22 read back what it writes for inline assembly.)
_LOCAL_USE_LIST = re.compile(
    rf"  uselistorder (?:[\w ]+|<[^>]*>|\{{[^{{}}]*\}}|\[[^\]]*\]|{_LOCAL_NAME}) {_LOCAL_NAME}, \{{"
)
_DEFINED_NUMBER = re.compile(r"^(?:attributes )?([!#]\d+) = ", re.MULTILINE)
_CALL = re.compile(r"\b(?:call|invoke|callbr)\b")
_DEBUG = re.compile(r",? !dbg !\d+")


@dataclass(frozen=True)
class IrFunction(Move):
    """A new text of one function, by its linkage name, in the optimised module of a unit.

    The function keeps its `define` line as the module has it. The text may leave attributes out
    of that line, and metadata everywhere; it is refused if it changes the line otherwise.
    `unit` is the unit's source, relative to the program's root or absolute.
    """

    unit: str
    function: str
    text: str
    kind: ClassVar[str] = "ir"

    def changed(self, variant: Variant) -> Variant:
        unit = variant.unit_named(self.unit)
        module = variant.ir.get(unit.source)
        if module is None:
            raise Refused(f"{self.unit} has no module in this variant: with_optimised_ir makes it")
        new = spliced(module, self.function, self.text)
        if new == module:
            raise Refused(f"the move does not change {self.function}")
        text = function_text(new, self.function)
        _pass_gate(module, text, self.function, variant.allow_reassociation)
        return replace(variant, ir={**variant.ir, unit.source: new})

    def describe(self) -> str:
        return f"{self.unit}: IR of {self.function} rewritten"


def with_optimised_ir(variant: Variant, unit: Unit, toolchain: Toolchain, folder: Path) -> Variant:
    """The variant with the unit's module after the middle end, in place of its source.

    Made with the variant's flags, texts and schedules, with the places of its code (so that what
    is left alone keeps its lines) and names. `folder` must exist and is used for scratch files.
    Raises CompileError.
    """
    if unit.source in variant.ir:
        return variant
    builder = Builder(variant.program_in(folder), toolchain, folder)
    built = next(b for b in builder.units if b.unit.source == unit.source)
    out = built.stem.with_suffix(".module.ll")
    options = (places(built.unit), "-fno-discard-value-names", "-Xclang", "-emit-llvm-uselists")
    command = [*builder.argv(built.unit), *options, "-S", "-emit-llvm", unit.source, "-o", out]
    answer = process.run([*compiler_limits(), *command], cwd=unit.directory)
    if not answer.ok:
        name = variant.program.label(unit)
        raise CompileError(f"{name} does not compile:\n{answer.last_lines(40)}")
    text = out.read_text("utf-8", "surrogateescape")
    return replace(variant, ir={**variant.ir, unit.source: _own_use_lists(text)})


def replayed(
    variant: Variant, moves: Sequence[Move], toolchain: Toolchain, folder: Path
) -> Variant:
    """The moves of a record applied one after another, a module made where an IR move needs it.

    Raises Refused, and CompileError.
    """
    for number, move in enumerate(moves):
        if isinstance(move, IrFunction):
            place = folder / f"replayed{number}"
            place.mkdir(exist_ok=True)
            unit = variant.unit_named(move.unit)
            variant = with_optimised_ir(variant, unit, toolchain, place)
        variant = move.apply(variant)
    return variant


def _own_use_lists(module: str) -> str:
    return _USE_LIST.sub(lambda m: m[0] if _LOCAL_USE_LIST.match(m[0]) else "", module)


def function_text(module: str, function: str) -> str:
    """The definition of a function in a module, from `define` to its brace. Raises Refused."""
    start, end = _span(module, function)
    return module[start:end]


def stripped(module: str, function: str) -> str:
    """A function without what says nothing about what it computes, as a model is shown it.

    Raises Refused where the module does not define it.
    """
    from collectors.passes.stripped import strip_ir

    text = strip_ir(_USE_LIST.sub("", function_text(module, function)), function)
    if text is None:
        raise Refused(f"{function} is too long to be shown")
    return text


def spliced(module: str, function: str, text: str) -> str:
    """The module with this text in place of the function; nothing else changes.

    Raises Refused for a text that is not that one function, or refers to numbered metadata or
    attributes that the module does not have.
    """
    header, body = _one_function(text, function)
    start, end = _span(module, function)
    old_header = module[start : module.index("\n", start)]
    if not _leaves_out(_words(header), _words(old_header)):
        raise Refused(
            f"the define line of {function} must stay as it is, but for attributes left out;"
            f" it is: {old_header[:600]}"
        )
    _check_numbers(module, body, function)
    if _debug_would_break(body):
        old_header = _DEBUG.sub("", old_header)
    return f"{module[:start]}{old_header}\n{body}{module[end:]}"


def _one_function(text: str, function: str) -> tuple[str, str]:
    """The `define` line, and all behind it to the closing brace on a line of its own."""
    if not isinstance(text, str) or len(text) > LARGEST:
        raise Refused(f"the new text of {function} has more than {LARGEST >> 20} MB")
    text = text.replace("\r\n", "\n")
    if "\r" in text or "\0" in text:  # LLVM ends a comment at the one, the text at the other
        raise Refused(f"the new text of {function} holds a control character")
    if any("\n" in found[0] for found in re.finditer(r'"[^"]*"', _without_comments(text))):
        raise Refused(f"the new text of {function} has a quote that does not end on its line")
    text = text[_OUTSIDE.match(text).end() :]  # type: ignore[union-attr]
    header, _, behind = text.partition("\n")
    header = _without_comments(header).rstrip()
    if not header.startswith("define "):
        raise Refused(f"the new text defines no function: it begins with `{header[:60]}`")
    name = function_name(header)
    if name != function:
        raise Refused(f"the new text defines {name or 'something without a name'}, not {function}")
    if not header.endswith("{"):
        raise Refused(f"the define line of {function} must be one line and end with a brace")
    end = _closing(behind, 1)
    if end < 0:
        raise Refused(f"the new text of {function} breaks off: its last brace is missing")
    rest = behind[end:]
    if _OUTSIDE.fullmatch(rest) is None:
        what = "another function" if re.search(r"^\s*define\b", rest, re.MULTILINE) else "more"
        first = _without_comments(rest).split()[:6]
        raise Refused(f"the new text holds {what} behind {function}: `{' '.join(first)[:60]}`")
    body = behind[: end - 1].rstrip()
    return header, f"{body}\n}}"


def _without_comments(text: str) -> str:
    return _QUOTED_OR_COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else "", text)


def _closing(text: str, depth: int) -> int:
    """The offset behind the brace that closes the last of `depth` open ones, or -1."""
    for found in _BRACE.finditer(text):
        if found[0] in "{}":
            depth += 1 if found[0] == "{" else -1
            if depth == 0:
                return found.end()
    return -1


def _span(module: str, function: str) -> tuple[int, int]:
    """The offsets of a function's definition in a module. Raises Refused."""
    for found in _DEFINE.finditer(module):
        if function_name(found[0]) == function:
            end = _closing(module[found.end() : found.end() + 4 * LARGEST], 1)
            if end < 0:
                raise Refused(f"{function} is too long to be rewritten")
            return found.start(), found.end() + end
    raise Refused(f"the module defines no function {function}")


def _words(header: str) -> list[str]:
    return _HEADER_WORD.findall(header)


def _leaves_out(new: list[str], old: list[str]) -> bool:
    """The new words are the old ones in order, perhaps with some missing."""
    rest = iter(old)
    return all(word in rest for word in new)


def _check_numbers(module: str, body: str, function: str) -> None:
    """Raise Refused for `!12` or `#3` in a body that the module does not define."""
    used = set(_NUMBERED.findall(_QUOTED_OR_COMMENT.sub("", body)))
    missing = used - set(_DEFINED_NUMBER.findall(module)) if used else used
    if missing:
        some = ", ".join(sorted(missing)[:5])
        raise Refused(f"the new text of {function} refers to {some}, which the module has not")


def _debug_would_break(body: str) -> bool:
    """A call lacks the location that LLVM wants in a function with debug information.

    LLVM would then ignore the debug information of the whole module.
    """
    lines = _without_comments(body).split("\n")
    calls = (line for line in lines if _CALL.search(line) and "@llvm." not in line)
    return any("!dbg" not in line for line in calls)


def _pass_gate(module: str, text: str, function: str, reassociation: bool) -> None:
    """Raise Refused for what a changed function must not bring in."""
    from corr.optimize import gate

    refusals = gate.ir(module, text, function, allow_reassociation=reassociation)
    if refusals:
        raise Refused(refusals[0].what)
