"""The files of VS Code that `corr init vscode` writes: their schema, somebody's own, and how to run a task as VS Code does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from corr.editor import jsonc

TEXT = {"type": "string", "minLength": 1}
#: What code.visualstudio.com/docs/reference/tasks-appendix says of the properties used.
TASKS = {
    "type": "object",
    "required": ["version", "tasks"],
    "properties": {
        "version": {"const": "2.0.0"},
        "tasks": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["label"],
                "additionalProperties": False,
                "properties": {
                    "label": TEXT,
                    "type": {"enum": ["shell", "process"]},
                    "command": TEXT,
                    "args": {"type": "array", "items": {"type": "string"}},
                    "options": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "cwd": TEXT,
                            "env": {"type": "object", "additionalProperties": TEXT},
                        },
                    },
                    "dependsOn": {"type": "array", "items": TEXT},
                    "dependsOrder": {"enum": ["parallel", "sequence"]},
                    "group": {
                        "anyOf": [
                            {"enum": ["build", "test", "none"]},
                            {
                                "type": "object",
                                "required": ["kind"],
                                "additionalProperties": False,
                                "properties": {
                                    "kind": {"enum": ["build", "test", "none"]},
                                    "isDefault": {"type": "boolean"},
                                },
                            },
                        ]
                    },
                    "presentation": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "panel": {"enum": ["shared", "dedicated", "new"]},
                            "clear": {"type": "boolean"},
                        },
                    },
                    "problemMatcher": {
                        "anyOf": [
                            {"type": "array", "items": {"enum": ["$gcc"]}},
                            {
                                "type": "object",
                                "required": ["owner", "pattern", "fileLocation"],
                                "additionalProperties": False,
                                "properties": {
                                    "owner": TEXT,
                                    "source": TEXT,
                                    "fileLocation": {
                                        "type": "array",
                                        "prefixItems": [{"enum": ["relative", "autoDetect"]}, TEXT],
                                        "maxItems": 2,
                                    },
                                    "pattern": {
                                        "type": "object",
                                        "required": ["regexp", "file", "line", "message"],
                                        "additionalProperties": {"type": "integer"},
                                        "properties": {"regexp": {"type": "string"}},
                                    },
                                },
                            },
                        ]
                    },
                },
            },
        },
    },
}
#: code.visualstudio.com/docs/cpp/launch-json-reference, and CodeLLDB's manual for type lldb.
LAUNCH = {
    "type": "object",
    "required": ["version", "configurations"],
    "properties": {
        "version": {"const": "0.2.0"},
        "configurations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "type", "request", "program"],
                "additionalProperties": False,
                "properties": {
                    "name": TEXT,
                    "type": {"enum": ["cppdbg", "lldb"]},
                    "request": {"const": "launch"},
                    "program": TEXT,
                    "args": {"type": "array", "items": {"type": "string"}},
                    "cwd": TEXT,
                    "preLaunchTask": TEXT,
                    "MIMode": {"enum": ["gdb", "lldb"]},
                    "setupCommands": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["text"],
                            "additionalProperties": False,
                            "properties": {"text": TEXT, "ignoreFailures": {"type": "boolean"}},
                        },
                    },
                    "preRunCommands": {"type": "array", "items": TEXT},
                },
            },
        },
    },
}

THEIRS = """\
// our tasks; do not touch
{
    /* the version */ "version": "2.0.0",
    "tasks": [
        {
            "label": "make", // with four jobs
            "type": "shell",
            "command": "make -j4 \\"all\\" // no comment",
            "problemMatcher": ["$gcc"],
        },
        // { "label": "off", "command": "x" },
    ],
    "inputs": [ { "id": "tasks", "type": "promptString" } ], // the end
}
"""


def files(folder: Path) -> tuple[Path, Path]:
    return folder / ".vscode" / "tasks.json", folder / ".vscode" / "launch.json"


def put(folder: Path, text: str, launch: str | None = None) -> None:
    (folder / ".vscode").mkdir(exist_ok=True)
    files(folder)[0].write_bytes(text.encode())
    if launch is not None:
        files(folder)[1].write_bytes(launch.encode())


def labels(folder: Path) -> list[str]:
    return [t.get("label") for t in jsonc.parse(files(folder)[0].read_text())["tasks"]]


def resolved(value: Any, folder: Path, file: str) -> Any:
    """VS Code's variables replaced, as it does."""
    if isinstance(value, list):
        return [resolved(one, folder, file) for one in value]
    if isinstance(value, dict):
        return {key: resolved(one, folder, file) for key, one in value.items()}
    if not isinstance(value, str):
        return value
    path = folder / file
    for name, text in {
        "workspaceFolder": str(folder),
        "file": str(path),
        "relativeFile": file,
        "fileBasenameNoExtension": path.stem,
    }.items():
        value = value.replace(f"${{{name}}}", text)
    assert "${" not in value, value
    return value
