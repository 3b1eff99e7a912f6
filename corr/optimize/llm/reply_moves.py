"""Moves as a reply spells them: the schema that is asked for, and the checks that make them moves.

The schema keeps to what OpenAI's strict mode and the grammars of local servers have in common:
every field required, none besides, `null` where it does not apply, no unions of objects.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from collectors.base.foreign_text import is_visible, one_line
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves import from_record
from corr.optimize.variant import Move

KINDS = ("flags", "pragma", "schedule", "source", "ir")
LEVELS = ("auto", *KINDS)
#: Bounds on what one move may hold: entries of a list, characters of a word and of a text.
MOST_ENTRIES = 64
WORD_LENGTH = 500
TEXT_LENGTH = 400_000
LAST_LINE = 10_000_000
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
#: Makes the schedule move for a unit, a loop nest of it, and new schedules by statement.
Reschedule = Callable[[str, str, Mapping[str, str], str], Move]


class Unreadable(Exception):
    """A part of a reply that is no move; the message says why."""


@dataclass(frozen=True)
class Offer:
    """What a reply may speak of: kinds of move, files and units by the names the model was given.

    The values of `files` and `units` are what the moves are made with.
    """

    kinds: tuple[str, ...] = KINDS
    files: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    reschedule: Reschedule | None = None


def kinds_of(level: str) -> tuple[str, ...]:
    """The kinds of move that `--level` allows."""
    return KINDS if level == "auto" else (level,)


def schema(kinds: tuple[str, ...]) -> dict[str, Any]:
    """The JSON schema of a reply with these kinds of move."""
    text: dict[str, Any] = {"type": ["string", "null"]}
    strings: dict[str, Any] = {"type": ["array", "null"], "items": {"type": "string"}}
    fields: dict[str, Any] = {"kind": {"type": "string", "enum": list(kinds)}}
    if "pragma" in kinds or "source" in kinds:
        fields["file"] = text
    if "ir" in kinds or "schedule" in kinds:
        fields["unit"] = text
    if "ir" in kinds or "source" in kinds:
        fields |= {"function": text, "text": text}
    if "source" in kinds:
        fields["edits"] = _array({"search": {"type": "string"}, "replace": {"type": "string"}})
    if "pragma" in kinds:
        fields |= {"line": {"type": ["integer", "null"]}, "directives": strings}
    if "flags" in kinds:
        fields |= {"add": strings, "remove": strings}
    if "schedule" in kinds:
        fields["scop"] = text
        schedules = {"statement": {"type": "string"}, "schedule": {"type": "string"}}
        fields["schedules"] = _array(schedules)
    candidate = {
        "reason": {"type": "string"},
        "expected_speedup": {"type": "number"},
        "loop": text,
        "move": _object(fields),
    }
    return _object({"candidates": {"type": "array", "items": _object(candidate)}})


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def _array(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": ["array", "null"], "items": _object(fields)}


def move(record: Mapping[str, Any], offer: Offer, reason: str = "") -> Move:
    """The move that a record of a reply spells. Raises Unreadable."""
    kind = record.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Unreadable(f"no such kind of move: {one_line(str(kind), 40)!r}")
    if kind not in offer.kinds:
        raise Unreadable(f"a {kind} move, but only {', '.join(offer.kinds)} was asked for")
    try:
        return _MAKERS[kind](record, offer, reason)
    except Refused as error:
        raise Unreadable(error.message) from error


def _flags(record: Mapping[str, Any], _offer: Offer, _reason: str) -> Move:
    add, remove = _words(record, "add"), _words(record, "remove")
    if not add and not remove:
        raise Unreadable("a flags move that neither adds nor removes any")
    return from_record({"kind": "flags", "add": add, "remove": remove})


def _pragma(record: Mapping[str, Any], offer: Offer, _reason: str) -> Move:
    directives = tuple(
        text if text.startswith("#") else f"#pragma {text}" for text in _words(record, "directives")
    )
    if not directives:
        raise Unreadable("a pragma move without directives")
    line = record.get("line")
    if isinstance(line, float) and line.is_integer():
        line = int(line)
    if isinstance(line, bool) or not isinstance(line, int) or not 1 <= line <= LAST_LINE:
        raise Unreadable("a pragma move without the line of a loop")
    file = _named(record, "file", offer.files)
    return from_record({"kind": "pragma", "file": file, "line": line, "directives": directives})


def _source(record: Mapping[str, Any], offer: Offer, _reason: str) -> Move:
    file = _named(record, "file", offer.files)
    edits = tuple(
        (_text(e, "search"), _text(e, "replace", empty=True)) for e in _entries(record, "edits")
    )
    edits = tuple((old, new) for old, new in edits if old != new)
    fields: dict[str, Any] = {"kind": "source", "file": file, "edits": edits}
    if edits:
        return from_record(fields)
    if not record.get("function") or not record.get("text"):
        raise Unreadable("an empty edit: it changes nothing")
    return from_record(
        fields | {"function": _word(record, "function"), "text": _text(record, "text")}
    )


def _ir(record: Mapping[str, Any], offer: Offer, _reason: str) -> Move:
    unit = _named(record, "unit", offer.units)
    function, text = _word(record, "function").lstrip("@"), _text(record, "text")
    return from_record({"kind": "ir", "unit": unit, "function": function, "text": text})


def _schedule(record: Mapping[str, Any], offer: Offer, reason: str) -> Move:
    if offer.reschedule is None:
        raise Unreadable("a schedule move, but Polly models no loop nest of this program")
    schedules: dict[str, str] = {}
    for entry in _entries(record, "schedules"):
        schedules[_word(entry, "statement")] = _text(entry, "schedule")
    if not schedules:
        raise Unreadable("a schedule move without a schedule")
    unit = _named(record, "unit", offer.units)
    return offer.reschedule(unit, _word(record, "scop"), schedules, reason)


_MAKERS: dict[str, Callable[[Mapping[str, Any], Offer, str], Move]] = {
    "flags": _flags,
    "pragma": _pragma,
    "schedule": _schedule,
    "source": _source,
    "ir": _ir,
}


def _named(record: Mapping[str, Any], key: str, known: Mapping[str, str]) -> str:
    """What a name in the record stands for: one of those given, the only one where none is named.

    A bare file name will do where it is clear. Nothing else is ever taken for a path.
    """
    name = record.get(key)
    if name is None or name == "":
        if len(known) == 1:
            return next(iter(known.values()))
        raise Unreadable(f"which {key}? There are {', '.join(known) or 'none'}")
    if isinstance(name, str):
        if name in known:
            return known[name]
        spelt = [v for k, v in known.items() if posixpath.normpath(name) == posixpath.normpath(k)]
        bare = [v for k, v in known.items() if posixpath.basename(k) == name]
        for matches in (spelt, bare):
            if len(matches) == 1:
                return matches[0]
    raise Unreadable(f"{one_line(str(name), 80)!r} is no {key} of this program")


def _entries(record: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects in a list; none where it is null."""
    listed = record.get(key)
    if listed is None:
        return []
    if isinstance(listed, dict):
        listed = [listed]
    if not isinstance(listed, list) or not all(isinstance(e, dict) for e in listed):
        raise Unreadable(f"{key} is not a list of objects")
    if len(listed) > MOST_ENTRIES:
        raise Unreadable(f"{key} has {len(listed)} entries, at most {MOST_ENTRIES} are taken")
    return listed


def _words(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The single-line strings in a list; none where it is null."""
    listed = record.get(key)
    if listed is None:
        return ()
    if isinstance(listed, str):
        listed = [listed]
    if not isinstance(listed, list) or len(listed) > MOST_ENTRIES:
        raise Unreadable(f"{key} is not a list of at most {MOST_ENTRIES} strings")
    return tuple(_word({key: entry}, key) for entry in listed)


def _word(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > WORD_LENGTH:
        raise Unreadable(f"{key} is not a string of 1 to {WORD_LENGTH} characters")
    if not is_visible(value.strip()):
        raise Unreadable(f"{key} holds control characters")
    return value.strip()


def _text(record: Mapping[str, Any], key: str, empty: bool = False) -> str:
    value = record.get(key)
    if not isinstance(value, str) or len(value) > TEXT_LENGTH or not (value.strip() or empty):
        raise Unreadable(f"{key} is not a text of 1 to {TEXT_LENGTH:,} characters")
    if _CONTROL.search(value):
        raise Unreadable(f"{key} holds control characters")
    return value
