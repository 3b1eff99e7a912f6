"""Read Caliper's profiles: `.cali` by Caliper's own reader, and the JSON that cali-query prints.

The forms of JSON (FORMAT in CalQL): `json-split` (columns, data, nodes; also what the
hatchet-region-profile option writes), `json(object)` (records, globals, attributes), `json` and
`json(records)` (a list of records), `json(split)` (the records alone).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from caliperreader import CaliperStreamReader

from collectors.base.errors import CorrError, UsageError
from collectors.base.foreign_text import visible
from collectors.regions import caliper_json, json_files
from collectors.regions.marks import (
    MAX_DEPTH,
    VISITS,
    Describe,
    Description,
    Measure,
    Place,
    Profile,
    Record,
    place_of,
    whole,
)

FORMAT = "caliper"
RANKS = ("mpi.rank", "rank")
THREADS = ("omp.thread.id", "pthread.id", "thread")
NUMBERS = frozenset({"int", "uint", "double"})
#: Ids of the nodes and the attributes that every .cali file may use without defining them.
_BUILT_IN = range(12)
_BUILT_IN_ATTRIBUTES = (8, 9, 10)
_KINDS = ("node", "ctx", "globals")
_ESCAPED_OR_NOT = re.compile(r"\\.|.", re.DOTALL)


def read(path: Path, name: str) -> Profile:
    """A Caliper file as a profile of that name; its form is told from its first bytes.

    Raises UsageError for a file that cannot be one of Caliper's, CorrError for a broken one.
    """
    json_files.check_file(path)
    try:
        with path.open("rb") as file:
            start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError as error:
        raise CorrError(f"cannot read {visible(str(path))}: {json_files.reason(error)}") from error
    profile = Profile(name, name, FORMAT)
    if start.startswith(b"__rec="):
        _read_cali(path, profile)
    elif start.startswith((b"{", b"[")):
        caliper_json.read(path, profile, record)
    else:
        raise UsageError(
            f"{visible(str(path))} is not a Caliper profile: it begins neither with __rec= "
            "(.cali) nor as JSON",
            "let Caliper write it, with CALI_CONFIG='hatchet-region-profile,output=FILE.cali'",
        )
    if not any(r.path for r in profile.records):
        profile.problem("the profile holds no region", "was anything marked, and did it run?")
    return profile


# --- records -------------------------------------------------------------------------------------


def record(path: tuple[str, ...], values: Mapping[str, Any], describe: Describe) -> Record:
    """A record from its attributes' values (text, or a list of texts for repeated ones)."""
    made = Record(path)
    nested = {}
    for name, value in values.items():
        texts = [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]
        about = describe(name)
        if about.nested:
            nested[name] = texts
        elif name in RANKS and made.rank is None and (rank := whole(texts[-1])) is not None:
            made.rank = rank
        elif name in THREADS and made.thread is None:
            made.thread = texts[-1]
        elif about.is_value and about.type in NUMBERS and len(texts) == 1:
            made.measures.append(_measure(name, texts[0], about))
            if name in VISITS:
                made.count = whole(texts[0])
        else:
            made.context += [(name, text, about.type) for text in texts]
    _mark(made, nested)
    _sampled(made)
    return made


def _measure(name: str, text: str, about: Description) -> Measure:
    return Measure(about.alias or name, text, name, about.type, about.unit, inclusive(name, about))


def inclusive(name: str, about: Description) -> bool | None:
    """Whether inner regions are part of a metric, as far as its names tell."""
    words = f"{name} {about.alias or ''}"
    if "inclusive" in words or "(inc)" in words or "(I)" in words:
        return True
    if "exclusive" in words or "(E)" in words or "sum#" in name or name in ("time", "count"):
        return False
    return None


def _mark(made: Record, nested: Mapping[str, list[str]]) -> None:
    """How the region was marked, and the innermost function around it."""
    leaf = made.path[-1] if made.path else None
    kinds = [name for name, texts in nested.items() if texts[-1] == leaf]
    made.kind = kinds[-1] if kinds else None
    functions = [texts[-1] for name, texts in nested.items() if name == "function"]
    made.function = functions[-1] if functions else None
    if leaf is not None:
        made.place = place_of(leaf)


def _sampled(made: Record) -> None:
    """The place and function of a sample, where Caliper's symbol lookup wrote them."""
    looked_up = {name.split("#")[0]: value for name, value, _ in made.context}
    made.function = looked_up.get("source.function", made.function)
    if place := place_of(looked_up.get("sourceloc")):
        made.place = place
    line = whole(looked_up.get("source.line"))
    if line is not None and 0 < line < 2**31 and "source.file" in looked_up:
        made.place = Place(looked_up["source.file"], line)


# --- .cali ---------------------------------------------------------------------------------------


def _read_cali(path: Path, profile: Profile) -> None:
    """Feed the lines to Caliper's reader, each checked first: it trusts what it reads."""
    reader = CaliperStreamReader()
    known: dict[str, Description] = {}

    def describe(name: str) -> Description:
        if name not in known:
            attribute = reader.attribute(name)
            known[name] = Description(
                attribute.attribute_type(),
                attribute.is_value(),
                attribute.is_nested(),
                attribute.get("attribute.alias"),
                attribute.get("attribute.unit"),
            )
        return known[name]

    def keep(values: dict[str, Any]) -> None:
        found = values.pop("path", [])
        if isinstance(found, str):  # an attribute of the program that is called path
            values, found = values | {"path": found}, []
        profile.records.append(record(tuple(found), values, describe))

    lines = _Lines(path, profile, reader)
    try:
        reader.read(iter(lines), keep)
    except (CorrError, MemoryError):
        raise
    except Exception as error:
        raise lines.broken(f"Caliper's reader gave up: {type(error).__name__}: {error}") from error


class _Lines:
    """The lines of a .cali file, checked; afterwards the profile has its metadata and problems."""

    def __init__(self, path: Path, profile: Profile, reader: CaliperStreamReader) -> None:
        self._path = path
        self._profile = profile
        self._reader = reader
        self._number = 0
        self._depth = dict.fromkeys(_BUILT_IN, 0)
        self._attributes = set(_BUILT_IN_ATTRIBUTES)
        self._bad_bytes = 0

    def __iter__(self) -> Iterator[str]:
        globals_seen = False
        try:
            with self._path.open("rb") as file:
                for self._number, raw in enumerate(file, 1):
                    line = self._text(raw)
                    if not line.strip():
                        continue
                    fields = self._fields(line)
                    kind = self._check(fields)
                    # The reader loses a last field that ends empty or with a space: none does.
                    yield line + ",_"
                    if kind == "globals":
                        globals_seen = True
                        self._profile.metadata |= _texts(self._reader.globals)
        except OSError as error:
            where = visible(str(self._path))
            raise CorrError(f"cannot read {where}: {json_files.reason(error)}") from error
        if self._bad_bytes:
            self._profile.problem(
                "bytes that are not UTF-8 are shown as U+FFFD", count=self._bad_bytes
            )
        if not globals_seen:
            self._profile.problem(
                "no closing `globals` record: the file may be cut off, and records missing",
                "compare its size with the original",
            )

    def broken(self, what: str) -> CorrError:
        """The error for the line that was read last."""
        return CorrError(
            f"{visible(str(self._path))}:{self._number}: {visible(what)}",
            "copy the file again, or let the program write it again",
        )

    def _text(self, raw: bytes) -> str:
        if not raw.endswith(b"\n"):
            raise self.broken("the file is cut off within this line (no line end)")
        line, bad = json_files.decoded(raw.rstrip(b"\r\n"), f"{self._path}:{self._number}")
        self._bad_bytes += bad
        return line

    def _fields(self, line: str) -> dict[str, list[str]]:
        fields: dict[str, list[str]] = {}
        for part in _split(line, ","):
            name, *values = _split(part, "=")
            if name in fields:
                raise self.broken(f"{name} is there twice")
            fields[name] = values
        if line.endswith("\\") and (len(line) - len(line.rstrip("\\"))) % 2:
            raise self.broken("the line ends within an escape")
        return fields

    def _check(self, fields: dict[str, list[str]]) -> str:
        kind = (fields.get("__rec") or [""])[0]
        if kind not in _KINDS:
            raise self.broken("not a record of a .cali file (__rec=node, ctx or globals)")
        if kind == "node":
            self._check_node(fields)
            return kind
        attributes, data = fields.get("attr", []), fields.get("data", [])
        if len(attributes) != len(data):
            raise self.broken(f"{len(attributes)} attributes, but {len(data)} values")
        for reference in fields.get("ref", []):
            if self._id(reference) not in self._depth:
                raise self.broken(f"refers to node {reference}, which is not there")
        for attribute in attributes:
            if self._id(attribute) not in self._attributes:
                raise self.broken(f"refers to attribute {attribute}, which is not there")
        return kind

    def _check_node(self, fields: dict[str, list[str]]) -> None:
        if any(len(fields.get(name, ())) != 1 for name in ("id", "attr")):
            raise self.broken("a node needs an id and an attr")
        number, attribute = self._id(fields["id"][0]), self._id(fields["attr"][0])
        if number in _BUILT_IN:
            raise self.broken(f"node {number} is Caliper's own")
        if attribute not in self._attributes:
            raise self.broken(f"refers to attribute {attribute}, which is not there")
        depth = 1
        if "parent" in fields:
            parent = self._id((fields["parent"] or [""])[0])
            if parent == number or parent not in self._depth:
                raise self.broken(f"refers to parent {parent}, which is not there before it")
            depth = self._depth[parent] + 1
        if depth > MAX_DEPTH:
            raise self.broken(f"nodes are nested deeper than {MAX_DEPTH}")
        self._depth[number] = depth
        if attribute == _BUILT_IN_ATTRIBUTES[0]:
            self._attributes.add(number)

    def _id(self, text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 20:
            raise self.broken(f"not a number: {text[:40]!r}")
        return int(text)


def _split(text: str, mark: str) -> list[str]:
    """Split at each mark that no backslash precedes; escapes stay as they are."""
    if "\\" not in text:
        return text.split(mark)
    parts = [""]
    for match in _ESCAPED_OR_NOT.finditer(text):
        if match[0] == mark:
            parts.append("")
        else:
            parts[-1] += match[0]
    return parts


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Metadata as texts; a value that is there several times is joined as cali-query does it."""
    return {
        key: "/".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in values.items()
        if key != "path"
    }
