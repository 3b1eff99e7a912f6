"""Why a change is not made: the answer of a gate, and what an impossible move raises."""

from __future__ import annotations

from dataclasses import dataclass

from collectors.base.errors import CorrError
from collectors.base.foreign_text import one_line


class Refused(CorrError):
    """A move that cannot be applied, or must not be; the message says which rule and where."""


@dataclass(frozen=True)
class Refusal:
    """One broken rule: its short name, the line (from 1; 0 without one), and what, where, why."""

    rule: str
    line: int
    what: str

    def __str__(self) -> str:
        return self.what


#: What may be done instead, by rule.
_ALLOWED = {
    "length": "a smaller change, in parts if need be",
    "spelling": "plain ASCII, each word and line written out",
    "directive": "pragmas for loops; standard headers at the top; macros stay as they are",
    "brackets": "code that is whole between two directives",
    "asm": "C, C++, vector types and intrinsics",
    "pragma": "#pragma clang loop, unroll, GCC ivdep, omp simd, tile, interchange, unroll",
    "attribute": "attributes for vectors, alignment, inlining and targets without calls in them",
    "macro": "what the macro stands for, where that may be written",
    "extern": "functions and constants of this file, static",
    "declaration": "static functions, types and constants, after the includes",
    "library": "any name that the library does not have",
    "name": "names of this file, local variables, mathematics, memory, vector intrinsics,"
    " numbers and texts in memory, what reads or prints where another function of C did",
    "outside": "arguments, and the questions that the original asks, word for word",
    "call": "calls of named functions, in C++ of lambdas and members too",
    "pointer": "types of values; templates and lambdas in C++",
    "address": "a call of the function; a variable, type or label by another name",
    "function": "one define of the function, as it is declared",
    "head": "the head as it is, attributes left out perhaps",
    "word": "arithmetic, memory of the function, calls of named functions, branches and loops",
    "reference": "metadata, attributes and symbols of the original function, or none",
    "claim": "the operation without it",
    "access": "the function with every volatile and atomic access of the original",
    "object": "an ELF file that the compiler wrote",
    "symbol": "mathematics, memory and what the original calls; static functions",
    "vanished": "mathematics, memory and texts in memory; what reads or prints, where another of"
    " its kind is left for the stream; failures that cannot be",
    "variable": "constants, and variables that end with the call",
    "constructor": "code that main calls",
    "section": "the compiler's own sections",
    "loading": "the original's libraries, mathematics and OpenMP",
}


def refusal(rule: str, name: str, line: int, what: str) -> Refusal:
    """A refusal with its place, and with what would be allowed."""
    where = f"{name}:{line}" if line else name
    allowed = _ALLOWED.get(rule)
    return Refusal(rule, line, f"{where}: {what}" + (f"; allowed: {allowed}" if allowed else ""))


def shown(text: str, most: int = 80) -> str:
    """Foreign text for a message: on one line, visible, cut."""
    return one_line(text[: 8 * most], most)
