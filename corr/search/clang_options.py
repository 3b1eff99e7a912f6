"""LLVM's own tunable options: two listings of clang joined, one with types, one with defaults.

A default that hangs on the target or the level is set by code, not by the option: it is listed as
none, and a sweep may not begin from it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from collectors.base import process
from collectors.base.errors import CorrError, UsageError
from collectors.base.toolchain import Toolchain
from corr.search.study import Value

#: Powers of two and zero: what a number is swept over where nobody says otherwise.
NUMBERS: tuple[Value, ...] = (0, 8, 32, 64, 128, 256, 512, 1024)
_VALUE = re.compile(r"^\s+-{1,2}(\S+)\s+= (.*?)\s+\(default: (.*)\)$")
_HELP = re.compile(r"^\s+-{1,2}([\w.-]+)(?:=<(.+?)>)?\s+- ?(.*)$")
_CHOICE = re.compile(r"^\s+=(\S+)\s+-\s*(.*)$")
NO_DEFAULT = "*no default*"
_KINDS = {"uint": "unsigned", "int": "integer", "number": "number", "string": "string"}


@dataclass(frozen=True)
class Option:
    """An option of LLVM. `default` None: set by target or level, or not known."""

    name: str
    kind: str
    default: str | None
    says: str
    choices: tuple[str, ...] = field(default=())

    def values(self) -> list[Value]:
        """What to try, where nobody says. Raises UsageError for a text."""
        if self.choices:
            return list(self.choices)
        if self.kind == "boolean":
            return ["false", "true"]
        if self.kind in ("unsigned", "integer"):
            return list(NUMBERS)
        raise UsageError(
            f"{self.name} takes a {self.kind}: there are no values to begin with",
            f"say them: --knob {self.name}=VALUE,VALUE",
        )


def options(tools: Toolchain) -> list[Option]:
    """Every option that clang takes behind -mllvm, by name. Raises CorrError."""
    listed = [_said(tools, wanted) for wanted in ("--print-all-options", "--help-hidden")]
    return joined(*listed)


def joined(defaults: str, helps: str) -> list[Option]:
    """The options of the two listings."""
    known = {}
    for line in defaults.splitlines():
        if match := _VALUE.match(line):
            known[match[1]] = None if match[3] == NO_DEFAULT else match[3]
    found: dict[str, Option] = {}
    choices: list[str] = []
    for line in helps.splitlines():
        if (choice := _CHOICE.match(line)) and found:
            choices.append(choice[1])
            last = next(reversed(found))
            found[last] = _with_choices(found[last], choices)
        elif match := _HELP.match(line):
            name, kind, says = match.groups()
            choices = []
            if name in known:
                kind = _KINDS.get(kind, "string") if kind else "boolean"
                found[name] = Option(name, kind, known[name], says)
            else:
                found["?"] = Option("?", "", None, "")  # takes the choices that follow
    found.pop("?", None)
    return sorted(found.values(), key=lambda option: option.name)


def one(found: Sequence[Option], name: str) -> Option:
    """The option of a name. Raises UsageError, with names that are near."""
    plain = name.lstrip("-")
    for option in found:
        if option.name == plain:
            return option
    names = [option.name for option in found]
    near = difflib.get_close_matches(plain, names, n=3)
    raise UsageError(
        f"LLVM has no option {plain!r}",
        f"did you mean {', '.join(near)}?" if near else "`corr search knobs clang` lists them",
    )


def _with_choices(option: Option, choices: Sequence[str]) -> Option:
    return Option(option.name, "choice", option.default, option.says, tuple(choices))


def _said(tools: Toolchain, wanted: str) -> str:
    nothing = ("-x", "c", "/dev/null", "-c", "-o", "/dev/null")
    done = process.run([tools.path("clang"), *nothing, "-mllvm", wanted], timeout=60)
    text = done.stdout.decode("utf-8", "replace")
    if not text:
        raise CorrError(f"clang does not list its options: {done.last_lines(3)}")
    return text
