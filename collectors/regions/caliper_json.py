"""The forms of JSON that cali-query prints, as records of regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from collectors.base.errors import CorrError, UsageError
from collectors.base.foreign_text import one_line, visible
from collectors.regions import json_files
from collectors.regions.marks import MAX_DEPTH, Describe, Description, Profile, Record, whole

MakeRecord = Callable[[tuple[str, ...], Mapping[str, Any], Describe], Record]

#: Columns of json-split that may hold the path, the marked regions before the sampled stack.
PATHS = ("path", "source.function#callpath.address")
#: Attributes that nest, in a form that does not say which do, outermost kind first.
NESTED = ("function", "region", "annotation", "phase", "comm.region", "loop", "mpi.function")
_SPLIT = ("data", "columns", "column_metadata", "nodes")


def read(path: Path, profile: Profile, make: MakeRecord) -> None:
    """Fill a profile from any of the JSON forms.

    Raises CorrError where the document breaks its form, UsageError for JSON of another kind.
    """
    text, bad = json_files.read_text(path)
    document = json_files.Json(text, str(path))
    if bad:
        profile.problem("bytes that are not UTF-8 are shown as U+FFFD", count=bad)
    for key in sorted(set(document.twice)):
        profile.problem(f"an object has the key {visible(key)} twice: the last one counts")
    value = document.value
    if isinstance(value, dict) and all(key in value for key in _SPLIT):
        _Split(path, profile, make).read(value)
    elif isinstance(value, dict) and isinstance(value.get("records"), list):
        _records(path, profile, make, value["records"], value)
    elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
        _records(path, profile, make, value, {})
    elif (
        isinstance(value, dict) and value and not any(key in value for key in (*_SPLIT, "threads"))
    ):
        _records(path, profile, make, [value], {})
    else:
        raise _other_kind(path, value)


def _other_kind(path: Path, value: Any) -> UsageError:
    what = f"{visible(str(path))} is JSON, but not of Caliper"
    if isinstance(value, dict) and "threads" in value:
        return UsageError(f"{what}: it looks like PAPI's", "use `corr import papi`")
    missing = [k for k in _SPLIT if isinstance(value, dict) and k not in value]
    lacks = f" (json-split without {', '.join(missing)})" if 0 < len(missing) < len(_SPLIT) else ""
    return UsageError(f"{what}{lacks}", "convert the .cali file: cali-query -q 'format json-split'")


# --- json-split ----------------------------------------------------------------------------------


class _Split:
    """`columns` name what the rows of `data` hold; columns that nest point into `nodes`."""

    def __init__(self, path: Path, profile: Profile, make: MakeRecord) -> None:
        self._where = visible(str(path))
        self._profile = profile
        self._make = make
        self._chains: list[tuple[str, ...]] = []

    def read(self, document: Mapping[str, Any]) -> None:
        columns, about, data, nodes = (
            self._list(document, name) for name in ("columns", "column_metadata", "data", "nodes")
        )
        if not all(isinstance(c, str) for c in columns) or len(set(columns)) < len(columns):
            raise self._broken("the columns are not distinct names")
        if len(about) != len(columns) or not all(isinstance(a, dict) for a in about):
            raise self._broken("column_metadata does not describe each of the columns")
        self._build(nodes)
        hierarchies = {c for c, a in zip(columns, about, strict=True) if a.get("is_value") is False}
        where = next((p for p in PATHS if p in hierarchies), None)
        if where is None:
            raise self._broken("none of the columns is the path of regions")
        known = self._describe(columns, about, data)
        for number, row in enumerate(data):
            self._row(number, row, columns, hierarchies, where, known)
        self._profile.metadata |= {
            key: _text(value) for key, value in document.items() if key not in _SPLIT
        }

    def _row(
        self,
        number: int,
        row: Any,
        columns: list[str],
        hierarchies: set[str],
        where: str,
        known: Mapping[str, Description],
    ) -> None:
        if not isinstance(row, list) or len(row) != len(columns):
            raise self._broken(f"row {number} of data does not have {len(columns)} values")
        path: tuple[str, ...] = ()
        values: dict[str, Any] = {}
        for name, cell in zip(columns, row, strict=True):
            if cell is None:
                continue
            if name not in hierarchies:
                values[name] = _text(cell)
            elif name == where:
                path = self._chain(number, cell)
            else:
                values[name] = list(self._chain(number, cell))
        self._profile.records.append(self._make(path, values, known.__getitem__))

    def _describe(
        self, columns: list[str], about: list[dict[str, Any]], data: list[Any]
    ) -> dict[str, Description]:
        return {
            name: Description(
                _kind(row[at] for row in data if isinstance(row, list) and at < len(row)),
                meta.get("is_value") is True,
                False,
                _named(meta, "attribute.alias"),
                _named(meta, "attribute.unit"),
            )
            for at, (name, meta) in enumerate(zip(columns, about, strict=True))
        }

    def _build(self, nodes: list[Any]) -> None:
        for number, node in enumerate(nodes):
            if not isinstance(node, dict) or not isinstance(node.get("label"), str):
                raise self._broken(f"node {number} has no label")
            parent = node.get("parent")
            if parent is None:
                self._chains.append((node["label"],))
                continue
            if not _index(parent, number):
                raise self._broken(f"node {number} has the parent {parent!r}, not one before it")
            chain = (*self._chains[parent], node["label"])
            if len(chain) > MAX_DEPTH:
                raise self._broken(f"nodes are nested deeper than {MAX_DEPTH}")
            self._chains.append(chain)

    def _chain(self, number: int, cell: Any) -> tuple[str, ...]:
        if not _index(cell, len(self._chains)):
            raise self._broken(f"row {number} of data names the node {cell!r}, which is not there")
        return self._chains[cell]

    def _list(self, document: Mapping[str, Any], name: str) -> list[Any]:
        value = document[name]
        if not isinstance(value, list):
            raise self._broken(f"{name} is not a list")
        return value

    def _broken(self, what: str) -> CorrError:
        return CorrError(
            f"{self._where}: {one_line(what, 200)}",
            "is the file complete? write it again: cali-query -q 'format json-split'",
        )


# --- records -------------------------------------------------------------------------------------


def _records(
    path: Path,
    profile: Profile,
    make: MakeRecord,
    records: list[Any],
    document: Mapping[str, Any],
) -> None:
    """Records name their attributes; a path is one text, its regions joined by a slash."""
    if not all(isinstance(r, dict) and r for r in records):
        raise UsageError(f"{visible(str(path))}: a record is not an object with attributes")
    about = document.get("attributes")
    about = about if isinstance(about, dict) else {}
    nested = [n for n, a in about.items() if isinstance(a, dict) and a.get("is_nested") is True]
    nested = nested or list(NESTED)
    if records and not any("path" in r or any(n in r for n in nested) for r in records):
        raise UsageError(
            f"{visible(str(path))} is JSON, but not of Caliper: no record has a path or a region",
            "convert the .cali file: cali-query -q 'format json-split'",
        )
    known = _describe_records(records, about, nested)
    for number, item in enumerate(records):
        chain, values = _path(item, nested)
        if len(chain) > MAX_DEPTH:
            raise CorrError(f"{visible(str(path))}: record {number} is deeper than {MAX_DEPTH}")
        profile.records.append(make(chain, values, known.__getitem__))
    if any("path" not in r and sum(n in r for n in nested) > 1 for r in records):
        profile.problem(
            "records give several nested attributes apart: their order in the path is a guess",
            "export with `format json-split`, which keeps the path",
        )
    if isinstance(extra := document.get("globals"), dict):
        profile.metadata |= {key: _text(value) for key, value in extra.items()}


def _path(item: dict[str, Any], nested: list[str]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """A record's path, and its other values; nested attributes are kept as lists."""
    values: dict[str, Any] = {}
    chain: list[str] = []
    for name, value in item.items():
        if name == "path":
            continue
        values[name] = _text(value).split("/") if name in nested else _text(value)
    if "path" in item:
        return tuple(_text(item["path"]).split("/")), values
    for name in nested:
        chain += values.get(name, [])
    return tuple(chain), values


def _describe_records(
    records: list[dict[str, Any]], about: Mapping[str, Any], nested: list[str]
) -> dict[str, Description]:
    columns: dict[str, list[Any]] = {}
    for item in records:
        for name, value in item.items():
            columns.setdefault(name, []).append(value)
    # with quote-all there is no bare number in the file: then texts that are numbers count
    quoted = not any(_kind(values) in ("int", "double") for values in columns.values())
    found = {}
    for name, values in columns.items():
        meta = about.get(name) if isinstance(about.get(name), dict) else {}
        kind = _kind(values, quoted)
        found[name] = Description(
            kind,
            kind in ("int", "double"),
            name in nested,
            _named(meta or {}, "attribute.alias"),
            _named(meta or {}, "attribute.unit"),
        )
    return found


# --- values --------------------------------------------------------------------------------------


def _kind(values: Any, quoted: bool = False) -> str:
    """int, double or string, by the values that are there."""
    kinds = set()
    for value in values:
        if value is None:
            continue
        if isinstance(value, str) and quoted and _is_number(value):
            kinds.add("int" if whole(value) is not None and value.isdigit() else "double")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            return "string"
        else:
            kinds.add("int" if isinstance(value, int) else "double")
    return "double" if "double" in kinds else "int" if kinds else "string"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text(value: Any) -> str:
    return (
        value if isinstance(value, str) else repr(value) if isinstance(value, float) else str(value)
    )


def _named(meta: Mapping[str, Any], key: str) -> str | None:
    value = meta.get(key)
    return value if isinstance(value, str) else None


def _index(value: Any, size: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size
