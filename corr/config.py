"""Settings that one would not retype: `corr.toml`, or `[tool.corr]` in `pyproject.toml`."""

from __future__ import annotations

import difflib
import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from collectors.errors import UsageError


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
    deep: bool = False
    artifacts: bool = True
    cachegrind: bool | None = None


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
    known = {f.name.replace("_", "-"): f for f in fields(Settings)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        setting = known.get(key.replace("_", "-"))
        if setting is None:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
            raise UsageError(f"{path}: unknown key {key!r}", hint)
        values[setting.name] = _typed(key, value, str(setting.type), path)
    return Settings(**values)


_ACCEPTED: dict[str, tuple[type, ...]] = {
    "str | None": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "bool | None": (bool,),
    "list[str]": (list,),
    "dict[str, str]": (dict,),
}


def _typed(key: str, value: Any, wanted: str, path: Path) -> Any:
    inner = list(value) if isinstance(value, list) else []
    if isinstance(value, dict):
        inner = [*value, *value.values()]
    wrong_number = isinstance(value, bool) and wanted in ("int", "float")
    if (
        wrong_number
        or not isinstance(value, _ACCEPTED[wanted])
        or not all(isinstance(i, str) for i in inner)
    ):
        raise UsageError(f"{path}: {key} must be {wanted.split(' |')[0]}, not {value!r}")
    return float(value) if isinstance(value, int) and wanted == "float" else value
