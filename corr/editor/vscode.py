"""Tasks and debug configurations for VS Code, put into a project's own files."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collectors.base.errors import UsageError
from corr.editor import jsonc
from corr.system.disk import disk_errors

NAME = "${fileBasenameNoExtension}"
#: Where `corr optimize` leaves the best program of the open file.
RESULT = f"${{workspaceFolder}}/{NAME}.optimized"
ALL = "corr: collect, optimise, report"
DEBUG_BUILD = "corr: build the final program with debug information"
#: What `corr export gcc` prints, and compilers: FILE:LINE:COLUMN: warning: MESSAGE [RULE].
PATTERN = r"^(.+?):(\d+):(\d+): (?:fatal )?(error|warning|note): (.*?)(?: \[([^\]]+)\])?$"
#: Optimising ends with 4 where nothing was faster, which is no failure of a task.
_OPTIMISE = 'corr=$1 name=$2; shift 2; { "$corr" optimize "$@" || [ $? = 4 ]; }'
_ITERATIONS = ("--iterations", "3")
_BUILD = (
    'test -f "$1" || { echo "there is no optimised program: run the task corr: optimise first" >&2;'
    ' exit 1; }; sh "$1"'
)


@dataclass
class Done:
    """Which files were written, and what there is to say."""

    written: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def install(project: Path, command: str, *, force: bool = False) -> Done:
    """Add the tasks and configurations to the files of `.vscode`.

    An entry of ours that was changed since is kept unless `force`. Raises UsageError for a file
    that cannot be added to, with the text to paste; then nothing is written at all.
    """
    if not project.is_dir():
        raise UsageError(f"{project} is no folder", "name the folder that is opened in VS Code")
    done = Done()
    folder = project / ".vscode"
    changes = [
        _merged(folder / "tasks.json", "2.0.0", "tasks", "label", tasks(command), force, done),
        _merged(folder / "launch.json", "0.2.0", "configurations", "name", launches(), force, done),
    ]
    for path, text in changes:
        if text is None:
            done.notes.append(f"{path} has all of it already")
            continue
        with disk_errors(path):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        done.written.append(path)
    return done


def corr_command(project: Path) -> str:
    """How VS Code can call this corr: from the project's folder if it is installed below it."""
    own = Path(sys.executable).with_name("corr")
    if not own.exists():
        return "corr"
    if own.is_relative_to(project):
        return f"${{workspaceFolder}}/{own.relative_to(project)}"
    return "corr" if sys.prefix == sys.base_prefix else str(own)


def tasks(command: str) -> list[dict[str, Any]]:
    """The tasks: one for each step, and one for all, which Ctrl+Shift+B runs."""
    cwd = {"cwd": "${workspaceFolder}"}

    def process(label: str, words: list[str], **more: Any) -> dict[str, Any]:
        return {
            "label": label,
            "type": "process",
            "command": words[0],
            "args": words[1:],
            "options": cwd,
            "presentation": {"panel": "shared", "clear": False},
            "problemMatcher": [],
            **more,
        }

    def step(label: str, *args: str, **more: Any) -> dict[str, Any]:
        return process(label, [command, *args], **more)

    def script(label: str, text: str, *args: str, **more: Any) -> dict[str, Any]:
        return process(label, ["sh", "-c", text, "corr", *args], **more)

    matcher = {
        "owner": "corr",
        "source": "corr",
        "fileLocation": ["autoDetect", "${workspaceFolder}"],
        "pattern": {
            "regexp": PATTERN,
            "file": 1,
            "line": 2,
            "column": 3,
            "severity": 4,
            "message": 5,
            "code": 6,
        },
    }
    steps = [
        step("corr: collect", "collect", "${file}", problemMatcher=matcher),
        step("corr: remarks of hot loops", "export", "gcc", NAME, problemMatcher=matcher),
    ]
    # a task with a command of its own, so that VS Code does not start it twice at a time
    together = script(
        ALL,
        f'{_OPTIMISE} && "$corr" report "$name" --open',
        *(command, NAME, "${file}", *_ITERATIONS),
        dependsOn=[one["label"] for one in steps],
        dependsOrder="sequence",
        group={"kind": "build", "isDefault": True},
    )
    # clang's own variable: -g is added to each of its command lines
    debug = {**cwd, "env": {"CCC_OVERRIDE_OPTIONS": "# +-g"}}
    return [
        *steps,
        script("corr: optimise", _OPTIMISE, command, NAME, "${file}", *_ITERATIONS),
        step("corr: report", "report", NAME, "--open"),
        together,
        script(DEBUG_BUILD, _BUILD, f"{RESULT}/build.sh", options=debug, problemMatcher=matcher),
    ]


def launches() -> list[dict[str, Any]]:
    """Step the final program, with gdb (C/C++ extension) or lldb (CodeLLDB)."""
    common = {
        "request": "launch",
        "program": f"{RESULT}/{NAME}",
        "args": [],
        "cwd": "${workspaceFolder}",
        "preLaunchTask": DEBUG_BUILD,
    }
    return [
        {
            "name": "corr: step the final program (gdb)",
            "type": "cppdbg",
            **common,
            "MIMode": "gdb",
            "setupCommands": [{"text": "-enable-pretty-printing", "ignoreFailures": True}],
        },
        {
            "name": "corr: step the final program (lldb)",
            "type": "lldb",
            **common,
        },
    ]


def _merged(
    path: Path,
    version: str,
    key: str,
    name: str,
    entries: Sequence[dict[str, Any]],
    force: bool,
    done: Done,
) -> tuple[Path, str | None]:
    """The file's new text; None where nothing is to be changed. Raises UsageError."""
    if not path.exists():
        made = json.dumps({"version": version, key: list(entries)}, indent="\t", ensure_ascii=False)
        return path, made + "\n"
    try:
        text = path.read_bytes().decode("utf-8")
        before = jsonc.parse(text)
        new, changed = _with(text, key, name, entries, force, done, path)
        _check(before, jsonc.parse(new), key, name, changed)
    except (UnicodeDecodeError, jsonc.Malformed) as error:
        what = "it is no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        paste = json.dumps(list(entries), indent=1, ensure_ascii=False)
        raise UsageError(
            f"{path} cannot be added to ({what}); nothing was written",
            f"add these to its {key!r} yourself:\n{paste}",
        ) from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    return path, new if new != text else None


def _with(
    text: str,
    key: str,
    name: str,
    entries: Sequence[dict[str, Any]],
    force: bool,
    done: Done,
    path: Path,
) -> tuple[str, set[str]]:
    """The text with our entries, and the names of those that were put in place of others."""
    replaced: set[str] = set()
    missing = []
    place = jsonc.array(text, key)
    existing = [e.value for e in place.elements] if place else []
    for entry in _without_second_default(entries, existing, name, done):
        place = jsonc.array(text, key)
        named = [e for e in place.elements if _name(e.value, name) == entry[name]] if place else []
        if not named:
            missing.append(entry)
        elif named[0].value != entry and force:
            text = jsonc.replaced(text, named[0], entry)
            replaced.add(entry[name])
        elif named[0].value != entry:
            done.notes.append(f"{path}: {entry[name]!r} was changed and is kept; --force resets it")
    return jsonc.appended(text, key, missing), replaced


def _without_second_default(
    entries: Sequence[dict[str, Any]], existing: Sequence[Any], name: str, done: Done
) -> list[dict[str, Any]]:
    """Ours is the default build task only where there is none: Ctrl+Shift+B would ask each time."""
    ours = {entry[name] for entry in entries}
    others = [e for e in existing if _is_default(e) and _name(e, name) not in ours]
    if not others:
        return list(entries)
    made = []
    for entry in entries:
        if _is_default(entry):
            entry = {**entry, "group": "build"}
            taken = _name(others[0], name)
            done.notes.append(
                f"Ctrl+Shift+B keeps running {taken!r}, the default build task; run {entry[name]!r}"
                " by Terminal > Run Task, or make it the default"
            )
        made.append(entry)
    return made


def _name(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _is_default(value: Any) -> bool:
    group = value.get("group") if isinstance(value, dict) else None
    return isinstance(group, dict) and group.get("kind") == "build" and bool(group.get("isDefault"))


def _check(before: Any, after: Any, key: str, name: str, replaced: set[str]) -> None:
    """Raise Malformed unless all that was there is still there, in its order."""
    rest = {k: v for k, v in after.items() if k != key}
    kept = after[key][: len(before.get(key, []))]
    same = all(
        old == new or _name(old, name) in replaced
        for old, new in zip(before.get(key, []), kept, strict=True)
    )
    if rest != {k: v for k, v in before.items() if k != key} or not same:
        raise jsonc.Malformed("its form is not understood")
