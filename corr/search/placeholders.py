"""`{knob}`, `{case}` and what else stands in a study's commands for what changes.

A command is a list of arguments: what is put in stays within its argument, whatever characters it
has, and no shell sees it. Where a study asks for a shell, it is quoted for it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from collectors.base.errors import UsageError
from corr.search.study import Command

#: One word, or several that become arguments of their own.
Filling = str | tuple[str, ...]
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.-]*)\}")

_IN_SOURCES = re.compile(r"\{([A-Za-z_][\w.-]*)\}")


def named(text: str) -> list[str]:
    """The placeholders in a text."""
    return [name for name in _PLACEHOLDER.findall(text) if name]


def words(command: Command) -> list[str]:
    """The arguments of a command, placeholders in them."""
    if isinstance(command, list):
        return command
    try:
        return shlex.split(command)
    except ValueError as error:
        raise UsageError(f"{command}: {error}") from error


def filled(command: Command, values: Mapping[str, Filling], *, shell: bool) -> tuple[str, ...]:
    """The command as it is started. Raises UsageError for a placeholder that there is not."""
    if shell:
        text = command if isinstance(command, str) else " ".join(command)
        return ("/bin/sh", "-c", text_with(text, _quoted(values)))
    found: list[str] = []
    for word in words(command):
        whole = _PLACEHOLDER.fullmatch(word)
        if whole and whole[1] and isinstance(value := _value(whole[1], values), tuple):
            found += value
        else:
            found.append(text_with(word, values))
    return tuple(found)


def text_with(text: str, values: Mapping[str, Filling]) -> str:
    """A text with its placeholders filled; `{{` is a brace."""

    def value(place: re.Match[str]) -> str:
        if not place[1]:
            return place[0][0]
        found = _value(place[1], values)
        return found if isinstance(found, str) else " ".join(found)

    return _PLACEHOLDER.sub(value, text)


def known_only(text: str, values: Mapping[str, Filling]) -> str:
    """A text with what is known filled in, and all other braces as they are: a source has many."""

    def value(place: re.Match[str]) -> str:
        found = values.get(place[1], place[0])
        return found if isinstance(found, str) else " ".join(found)

    return _IN_SOURCES.sub(value, text)


def _value(name: str, values: Mapping[str, Filling]) -> Filling:
    if name not in values:
        there = ", ".join(f"{{{known}}}" for known in values)
        raise UsageError(f"there is no {{{name}}} here", f"there are: {there}; a brace is {{{{")
    return values[name]


def _quoted(values: Mapping[str, Filling]) -> dict[str, Filling]:
    return {
        name: shlex.quote(value) if isinstance(value, str) else shlex.join(value)
        for name, value in values.items()
    }


def used(commands: Sequence[Command]) -> set[str]:
    """All placeholders of these commands."""
    texts = [c if isinstance(c, str) else " ".join(c) for c in commands]
    return {name for text in texts for name in named(text)}
