"""What a tool wrote, read so that damage costs one record, or ends in one `CorrError`.

The output may be cut off, of another version, or written by a program that wishes harm. A record is
taken whole or not at all: `decoded` holds JSON against a type that bounds each number, and `Damage`
tells what was passed over, where, without ever growing with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Annotated, TypeVar

import msgspec

from collectors.base.errors import CorrError
from collectors.base.foreign_text import one_line
from collectors.base.table import Problem

#: What columns can hold.
MOST = 2**63 - 1
MOST_LINE = 2**31 - 1

Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
#: A line, a column, an index: what a column of 32 bits holds.
LineNumber = Annotated[int, msgspec.Meta(ge=0, le=MOST_LINE)]
#: A quantity that is measured or modelled; JSON has no NaN, and infinities are out of its range.
Real = Annotated[float, msgspec.Meta(ge=0, le=1e18)]
#: The name of a file: the operating system takes no NUL.
FileName = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]

AGAIN = "collect again; if it is told again, this version of the tool writes something else"
#: Damaged records that are told one by one; what follows is counted.
TOLD = 10
#: Bytes of a line that are read; no tool writes a longer one of use.
LONGEST_LINE = 1 << 16

_T = TypeVar("_T")


def decoded(data: bytes | msgspec.Raw, type: type[_T], where: str) -> _T:
    """JSON as `type`. Raises CorrError that says where and what is wrong with it."""
    try:
        return msgspec.json.decode(data, type=type)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:  # the second up to msgspec 0.22
        what = _not_utf8(bytes(data)) or str(error)
    except RecursionError:
        what = "nested too deeply"
    raise CorrError(f"{one_line(where)}: {one_line(what, 200)}", AGAIN)


def _not_utf8(data: bytes) -> str:
    """Where bytes are no UTF-8; empty if they are."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8: {error.reason} at byte {error.start}"
    return ""


def lines(pipe: IO[bytes]) -> Iterator[bytes]:
    """The lines of a tool's output, each up to `LONGEST_LINE` bytes, what is longer cut off."""
    while line := pipe.readline(LONGEST_LINE):
        yield line
        rest = line
        while not rest.endswith(b"\n") and (rest := pipe.readline(LONGEST_LINE)):
            pass


class Damage:
    """The damaged records of one output: the first ones with their place, the others counted."""

    def __init__(self, layer: str, output: str, fix: str = AGAIN) -> None:
        self.layer = layer
        self.output = output
        self.fix = fix
        self.count = 0
        self._told: list[Problem] = []

    def note(self, where: str | int, what: str) -> None:
        """A record was passed over; `where` is its place in the output, a number its line."""
        self.count += 1
        if len(self._told) < TOLD:
            place = f"{self.output}:{where}" if isinstance(where, int) else where
            self._told.append(
                Problem(self.layer, one_line(place, 200), one_line(what, 200), self.fix)
            )

    def each(
        self, records: Iterable[msgspec.Raw], type: type[_T], where: str
    ) -> Iterator[tuple[str, _T]]:
        """The records that are of the type, with their places; the others are noted."""
        for number, raw in enumerate(records):
            place = f"{where}[{number}]"
            try:
                record = decoded(raw, type, f"{self.output} {place}")
            except CorrError as error:
                self.note(f"{self.output} {place}", error.message.rpartition(f"{place}: ")[2])
                continue
            yield place, record

    def problems(self) -> list[Problem]:
        """What was passed over, as rows."""
        more = self.count - len(self._told)
        if not more:
            return list(self._told)
        what = "more damaged records were passed over"
        return [*self._told, Problem(self.layer, self.output, what, self.fix, more)]
