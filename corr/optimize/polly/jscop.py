"""A JSCoP, Polly's JSON of one loop nest: its statements, where each runs, what each touches.

Polly calls a stretch of a function that it can model a SCoP. Iteration domains, schedules and
accesses are isl sets and maps in text; nothing here interprets them (`model.py` does).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from collectors.base.foreign_text import is_visible
from corr.optimize.gate.refusal import Refused

SUFFIX = ".jscop"
#: Characters of a JSCoP, and of one isl text in it, that are looked at.
TEXT_LIMIT = 1 << 20
ISL_LIMIT = 20_000
#: isl's parser recurses: a few thousand brackets inside each other would end the process.
DEPTH_LIMIT = 40
_ISL_TEXT = re.compile(r"[\w\s\[\]{}(),:;<>=!+\-*/%.'|&$@]*", re.ASCII)
_LOCATION = re.compile(r"(.*):(\d+)-(\d+)", re.DOTALL)


@dataclass(frozen=True)
class JscopAccess:
    """One read or write of a statement; `relation` maps its iterations to array elements."""

    kind: str
    relation: str


@dataclass(frozen=True)
class JscopStatement:
    """One statement of the nest: its iterations, their order, and what each touches."""

    name: str
    domain: str
    schedule: str
    accesses: tuple[JscopAccess, ...]


@dataclass(frozen=True)
class Jscop:
    """A loop nest as Polly sees it. `file` is the name under which Polly writes and looks for it.

    `context` is what Polly knows of the parameters. `source` and its first and last line are
    None where the unit was compiled without -g.
    """

    file: str
    region: str
    context: str
    statements: tuple[JscopStatement, ...]
    source: str | None = None
    first: int | None = None
    last: int | None = None

    @property
    def function(self) -> str:
        """The function's name in the object file."""
        return self.file.removesuffix(f"___{self.region}{SUFFIX}")

    def statement(self, name: str) -> JscopStatement:
        """The statement of that name. Raises Refused."""
        for statement in self.statements:
            if statement.name == name:
                return statement
        known = ", ".join(s.name for s in self.statements)
        raise Refused(f"{self.label} has no statement {name[:80]!r}; it has {known}")

    @property
    def label(self) -> str:
        """What to call the nest in a message."""
        return f"{self.function} (line {self.first})" if self.first else self.function

    def same_nest(self, other: Jscop) -> bool:
        """All but the schedules, and the names of blocks, is equal."""
        return self._but_schedules() == other._but_schedules()

    def _but_schedules(self) -> tuple[object, ...]:
        rows = [(s.name, s.domain, s.accesses) for s in self.statements]
        return self.function, self.context, tuple(rows)

    def with_schedules(self, schedules: Mapping[str, str]) -> Jscop:
        """The nest with other schedules for these statements, not looked at any further."""
        for name in schedules:
            self.statement(name)
        return replace(
            self,
            statements=tuple(
                replace(s, schedule=schedules.get(s.name, s.schedule)) for s in self.statements
            ),
        )

    def text(self) -> str:
        """The JSCoP as Polly is to import it, spelled in one way only.

        Without the arrays: Polly takes those it knows then. (Given them back as it wrote them,
        LLVM 22 reads the size of a variable-length array as a number and aborts.)
        """
        statements = [
            {
                "accesses": [{"kind": a.kind, "relation": a.relation} for a in s.accesses],
                "domain": s.domain,
                "name": s.name,
                "schedule": s.schedule,
            }
            for s in self.statements
        ]
        record = {
            "arrays": [],
            "context": self.context,
            "name": self.region,
            "statements": statements,
        }
        return json.dumps(record, indent=1)


def read(file: str, text: str) -> Jscop:
    """The nest in a JSCoP of that file name. Raises Refused for a text that is none."""
    if len(text) > TEXT_LIMIT:
        raise Refused(f"a JSCoP of {len(text)} characters is over the limit of {TEXT_LIMIT}")
    try:
        record = json.loads(text)
        statements = tuple(_statement(entry) for entry in _list(record["statements"]))
        region, context = _string(record["name"]), _isl(record["context"])
        location = _string(record.get("location", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(f"{file[:80]}: not a JSCoP ({_reason(error)})") from error
    if not file_name_is_safe(file) or not file.endswith(f"___{region}{SUFFIX}"):
        raise Refused(f"{file[:80]!r} is not the file name of a JSCoP for {region[:80]!r}")
    names = [s.name for s in statements]
    if not names or len(set(names)) < len(names):
        raise Refused(f"{file[:80]}: a JSCoP needs statements, each with a name of its own")
    scop = Jscop(file, region, context, statements)
    place = _LOCATION.fullmatch(location)
    if place is None:
        return scop
    return replace(scop, source=place[1], first=int(place[2]), last=int(place[3]))


def file_name_is_safe(name: str) -> bool:
    """The name is that of a JSCoP file, and of nothing outside its folder."""
    plain = is_visible(name) and "/" not in name and "\\" not in name and name[:1] != "."
    return plain and name.endswith(SUFFIX) and len(name.encode("utf-8", "replace")) <= 255


def isl_text(text: str) -> str:
    """The text, if it is safe to hand to isl's parser. Raises Refused."""
    try:
        return _isl(text)
    except (TypeError, ValueError) as error:
        raise Refused(f"not an isl text: {error}") from error


def _statement(entry: Any) -> JscopStatement:
    accesses = (
        JscopAccess(_kind(access["kind"]), _isl(access["relation"]))
        for access in _list(entry["accesses"])
    )
    name = _string(entry["name"])
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise ValueError(f"{name[:80]!r} is no statement's name")
    return JscopStatement(name, _isl(entry["domain"]), _isl(entry["schedule"]), tuple(accesses))


def _kind(value: Any) -> str:
    if value not in ("read", "write"):
        raise ValueError(f"{str(value)[:80]!r} is no kind of access")
    return str(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"a list is wanted where {str(value)[:80]!r} stands")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is wanted where {str(value)[:80]!r} stands")
    return value


def _isl(value: Any) -> str:
    text = _string(value)
    if len(text) > ISL_LIMIT:
        raise ValueError(f"{len(text)} characters of isl are over the limit of {ISL_LIMIT}")
    if not _ISL_TEXT.fullmatch(text):
        raise ValueError(f"{text[:80]!r} has characters that isl's maps do not have")
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth > DEPTH_LIMIT:
            raise ValueError(f"more than {DEPTH_LIMIT} brackets inside each other")
    return text


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"no {error}"
    if isinstance(error, RecursionError):
        return "too deep"
    return str(error)
