"""Settings that one would not retype: `corr.toml`, or `[tool.corr]` in `pyproject.toml`."""

from __future__ import annotations

import datetime
import difflib
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from collectors.base.errors import UsageError


@dataclass(frozen=True)
class Waiver:
    """A finding of `corr check` that is accepted: a rule, loops by a pattern, why, and how long."""

    rule: str = ""
    loop: str = "*"
    reason: str = ""
    until: datetime.date | None = None


@dataclass(frozen=True)
class CheckSettings:
    """The table `[check]`: from which share on a loop is hot, what is too slow, what is waived."""

    hot_share: float = 0.01
    slowdown: float = 0.05
    waivers: list[Waiver] = field(default_factory=list)


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


def load(folder: Path) -> Settings:
    """The settings for a folder: its corr.toml, else `[tool.corr]` of its pyproject.toml.

    Raises UsageError, with file and key, for what cannot be taken.
    """
    own, project = folder / "corr.toml", folder / "pyproject.toml"
    if own.exists():
        return _settings(_read(own), own)
    if project.exists():
        table = _read(project).get("tool", {}).get("corr")
        if table is not None:
            return _settings(table, project)
    return Settings()


def data_folder(option: Path | None, settings: Settings) -> Path:
    """Where the lake is: --data, else CORR_DATA, else the configuration, else `data`."""
    return Path(option or os.environ.get("CORR_DATA") or settings.data or "data")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _settings(table: Any, path: Path) -> Settings:
    if not isinstance(table, dict):
        raise UsageError(f"{path}: tool.corr must be a table")
    return Settings(**_values(Settings, table, path))


def _values(
    kind: type[Settings | CheckSettings | Waiver], table: dict[str, Any], path: Path, at: str = ""
) -> dict[str, Any]:
    """The arguments of a class of settings; `at` is what its keys are said to be in."""
    known = {f.name.replace("_", "-"): f for f in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        setting = known.get(key.replace("_", "-"))
        if setting is None:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
            raise UsageError(f"{path}: unknown key {at + key!r}", hint)
        values[setting.name] = _typed(at + key, value, str(setting.type), path)
    return values


def _check(key: str, table: dict[str, Any], path: Path) -> CheckSettings:
    settings = CheckSettings(**_values(CheckSettings, table, path, f"{key}."))
    if not 0 <= settings.hot_share <= 1 or settings.slowdown < 0:
        raise UsageError(f"{path}: {key}: hot-share is from 0 to 1, slowdown from 0 on")
    return settings


def _waivers(key: str, tables: list[Any], path: Path) -> list[Waiver]:
    waivers = []
    for table in tables:
        if not isinstance(table, dict):
            raise UsageError(f"{path}: {key} must be a list of tables, not of {table!r}")
        waiver = Waiver(**_values(Waiver, table, path, f"{key}."))
        if not waiver.rule or not waiver.reason:
            raise UsageError(f"{path}: {key}: each needs a rule and a reason")
        waivers.append(waiver)
    return waivers


_ACCEPTED: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "bool | None": (bool,),
    "list[str]": (list,),
    "list[int]": (list,),
    "dict[str, str]": (dict,),
    "datetime.date | None": (datetime.date,),
}
#: Settings that are tables of their own: what TOML gives, and what reads it.
_NESTED: dict[str, tuple[type, Callable[[str, Any, Path], Any]]] = {
    "CheckSettings": (dict, _check),
    "list[Waiver]": (list, _waivers),
}


def _said(wanted: str) -> str:
    return wanted.split(" |")[0].removeprefix("datetime.")


def _typed(key: str, value: Any, wanted: str, path: Path) -> Any:
    if wanted in _NESTED:
        accepted, read = _NESTED[wanted]
        if not isinstance(value, accepted):
            raise UsageError(f"{path}: {key} must be {accepted.__name__}, not {value!r}")
        return read(key, value, path)
    if wanted.startswith("datetime") and isinstance(value, datetime.datetime):
        value = value.date()
    inner = list(value) if isinstance(value, list) else []
    if isinstance(value, dict):
        inner = [*value, *value.values()]
    wrong_number = isinstance(value, bool) and wanted in ("int", "float")
    if (
        wrong_number
        or not isinstance(value, _ACCEPTED[wanted])
        or not all(type(i) is (int if wanted == "list[int]" else str) for i in inner)
    ):
        raise UsageError(f"{path}: {key} must be {_said(wanted)}, not {value!r}")
    if wanted in ("int", "float") and isinstance(value, int | float) and value <= 0:
        raise UsageError(f"{path}: {key} must be more than 0, not {value!r}")
    return float(value) if isinstance(value, int) and wanted == "float" else value
