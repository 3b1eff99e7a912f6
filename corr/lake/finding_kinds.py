"""The kinds of finding: each is a file of queries/findings, a query over the hot places.

A file opens with `-- finds:`, `-- refuted-by:` and `-- source:`. Its query reads `h`, a row a hot
place (the view `hot_places`, with what can be reached), and returns `run_id`, `id` (the place's),
`strength` (0 to 1), `part` (how many times faster the place could be at most; NULL: not known),
`says` and `helps` (texts), `flags` (that would test it, or NULL), `evidence` (a list of `rows`, a
statement that gives them, and what it `says`), and perhaps `of_time` (the share of the run that
`part` is of, where that is more than the place's own). The view `findings` puts them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from corr.system.shipped_files import shipped

VIEW = "findings"
_MARK = "/* every kind */"
_HEADER = re.compile(r"^-- (finds|refuted-by|source): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Kind:
    """A kind of finding: what it is, what would refute it, where that is written, and its query."""

    name: str
    finds: str
    refuted_by: str
    source: str
    sql: str


@cache
def kinds() -> tuple[Kind, ...]:
    """The kinds that ship with corr, in the order of their names."""
    return tuple(_kinds())


def _kinds() -> Iterator[Kind]:
    for path in sorted((shipped("queries") / "findings").glob("*.sql")):
        text = path.read_text()
        header = dict(_HEADER.findall(text))
        yield Kind(path.stem, header["finds"], header["refuted-by"], header["source"], text)


def completed(view: str) -> str:
    """The text of the view `findings` with the query of each kind in it."""
    return view.replace(_MARK, "\nUNION ALL BY NAME\n".join(map(_labelled, kinds())))


def _labelled(kind: Kind) -> str:
    values = (("kind", kind.name), ("refuted_by", kind.refuted_by), ("source", kind.source))
    columns = ", ".join(
        f"'{text.replace(chr(39), chr(39) * 2)}' AS {name}" for name, text in values
    )
    return f"SELECT {columns}, * FROM (\n{kind.sql.strip()}\n)"
