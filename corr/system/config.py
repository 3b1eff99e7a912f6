"""Settings that one would not retype: `corr.toml`, or `[tool.corr]` in `pyproject.toml`."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import enum
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from collectors.base.errors import UsageError
from corr.system.toml_file import Keys, TomlFile, dotted, spelled

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Waiver:
    """A finding of `corr check` that is accepted: a rule, loops by a pattern, why, and how long."""

    rule: str = ""
    loop: str = "*"
    reason: str = ""
    until: datetime.date | None = None

    def __post_init__(self) -> None:
        if not self.rule or not self.reason:
            raise ValueError("each needs a rule and a reason")


@dataclass(frozen=True)
class CheckSettings:
    """The table `[check]`: from which share on a loop is hot, what is too slow, what is waived."""

    hot_share: float = 0.01
    slowdown: float = 0.05
    waivers: list[Waiver] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not 0 <= self.hot_share <= 1:
            raise ValueError("hot-share must be from 0 to 1")
        if not self.slowdown >= 0:
            raise ValueError("slowdown must be 0 or more")


@dataclass(frozen=True)
class Settings:
    """What a configuration file may set; the command line overrides each of them."""

    sources: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    run_args: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    stdin: str | None = None
    build_dir: str | None = None
    run: str | None = None
    label: str | None = None
    data: str | None = None
    llvm: str | None = None
    repeat: int = 5
    time_limit: float = 60.0
    ok_status: list[int] = field(default_factory=lambda: [0])
    deep: bool = False
    deep_minutes: float = 12.0
    artifacts: bool = True
    cachegrind: bool | None = None
    check: CheckSettings = field(default_factory=CheckSettings)

    def __post_init__(self) -> None:
        for name in ("repeat", "time_limit", "deep_minutes"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{spelled(name)} must be more than 0")


def load(folder: Path) -> Settings:
    """The settings for a folder: its corr.toml, else `[tool.corr]` of its pyproject.toml.

    Raises UsageError, with file, line and key, for what cannot be taken.
    """
    own, project = folder / "corr.toml", folder / "pyproject.toml"
    if own.exists():
        return read(TomlFile(own), Settings)
    if project.exists():
        return read(TomlFile(project, ("tool", "corr")), Settings)
    return Settings()


def data_folder(option: Path | None, settings: Settings) -> Path:
    """Where the lake is: --data, else CORR_DATA, else the configuration, else `data`."""
    return Path(option or os.environ.get("CORR_DATA") or settings.data or "data")


def read(file: TomlFile, kind: type[Kind]) -> Kind:
    """The file as an object of a dataclass, whose fields are dataclasses where it has tables.

    Raises UsageError, with file, line and key, for a key that there is not, a value that is of
    another type, and one that the dataclass itself refuses with a ValueError.
    """
    import msgspec

    known = _known(file, kind, file.table, ())
    try:
        return msgspec.convert(known, kind)
    except msgspec.ValidationError as error:
        raise _wrong(file, kind, str(error)) from error


def _known(file: TomlFile, kind: type, table: dict[str, Any], at: Keys) -> dict[str, Any]:
    """The table with its keys as Python spells them; a key that there is not is refused."""
    hints = get_type_hints(kind)
    known: dict[str, Any] = {}
    for key, value in table.items():
        name, here = key.replace("-", "_"), (*at, key)
        if name not in hints:
            names = [spelled(n) for n in hints]
            near = difflib.get_close_matches(spelled(key), names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(names)}"
            raise file.refused(here, f"unknown key {dotted(here)!r}", hint)
        if name in known:
            raise file.refused(here, f"{dotted(here)} is given twice")
        known[name] = _inner(file, hints[name], value, here)
    return known


def _inner(file: TomlFile, hint: Any, value: Any, at: Keys) -> Any:
    """A value; that of a setting which is a table, or a list of tables, with known keys only."""
    kind: Any = next((k for k in (hint, *get_args(hint)) if dataclasses.is_dataclass(k)), None)
    if kind and isinstance(value, dict):
        return _known(file, kind, value, at)
    if kind and isinstance(value, list):
        return [_inner(file, kind, one, (*at, n)) for n, one in enumerate(value)]
    return value.date() if isinstance(value, datetime.datetime) else value


#: How msgspec says what is wrong with a value, and where that is: "Expected `int`, got `str` - at
#: `$.check.waivers[0].until`"; `[...]` is a value of a table that may have any keys.
_SAID = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<at>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_EXPECTED = re.compile(r"Expected `(?P<type>\w+)[^`]*`.*|Invalid RFC3339 encoded (?P<time>\w+)")
_IN_TOML = {
    **{"array": "a list", "object": "a table", "date": "a date", "str": "a text"},
    **{"int": "a whole number", "float": "a number", "bool": "true or false"},
}


_NONE_OF = "Invalid enum value"


def _wrong(file: TomlFile, kind: type, said: str) -> UsageError:
    """What msgspec says of a value, in the words of the file."""
    parts = _SAID.fullmatch(said)
    what, at = (parts["what"], parts["at"] or "") if parts else (said, "")
    keys: list[str | int] = []
    value: Any = file.table
    for name, number in _STEP.findall(at):
        keys.append(int(number) if number else _key(value, name))
        value = value[keys[-1]]
    if expected := _EXPECTED.fullmatch(what):
        wanted = expected["type"] or expected["time"]
        each = "each of " if at.endswith("]") else ""
        must = f"{each}{dotted(keys)} must be {_IN_TOML.get(wanted, wanted)}"
        given = str(value).lower() if isinstance(value, bool) else repr(value)
        return file.refused(keys, f"{must}, not {given}")
    if what.startswith(_NONE_OF) and (allowed := _allowed(kind, keys)):
        near = difflib.get_close_matches(str(value), allowed, n=1)
        hint = f"did you mean {near[0]!r}?" if near else ""
        must = f"{dotted(keys)} must be one of {', '.join(allowed)}"
        return file.refused(keys, f"{must}, not {value!r}", hint)
    # a check of ours, which begins with the name of the setting if it is about one
    named = what.split(" ")[0]
    if isinstance(value, dict) and _key(value, named) in value:
        keys.append(_key(value, named))
        must = what.partition(" ")[2]
        return file.refused(keys, f"{dotted(keys)} {must}, not {value[keys[-1]]!r}")
    return file.refused(keys, f"{dotted(keys)}: {what}" if keys else what)


def _allowed(kind: Any, keys: Sequence[str | int]) -> list[str]:
    """The values of the enumeration that stands at these keys; none where none does."""
    for key in keys:
        if isinstance(key, str):
            hint = get_type_hints(kind).get(key.replace("-", "_")) if kind else None
            kind = next(filter(_has_keys, (hint, *get_args(hint))), None)
    members: list[enum.Enum] = [*kind] if isinstance(kind, enum.EnumType) else []
    return [str(member.value) for member in members]


def _has_keys(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind) or isinstance(kind, enum.EnumType)


def _key(table: Any, name: str) -> str:
    """The key that stands in the table for a name in Python."""
    return next((key for key in table if spelled(key) == spelled(name)), name)
