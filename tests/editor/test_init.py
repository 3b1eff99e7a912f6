"""`corr init vscode`: what is there stays, what is added is what VS Code takes, and it works."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.base.errors import UsageError
from corr.editor import jsonc
from corr.editor.vscode import ALL, DEBUG_BUILD, PATTERN, corr_command, install, launches, tasks
from corr.optimize.result_folder import write as write_result
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files

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


def test_a_new_project(corr, tmp_path: Path) -> None:
    done = corr("init", "vscode", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(path) for path in files(tmp_path)]
    first = [path.read_bytes() for path in files(tmp_path)]
    made, launch = (json.loads(text) for text in first)
    jsonschema.Draft202012Validator(TASKS).validate(made)
    jsonschema.Draft202012Validator(LAUNCH).validate(launch)
    again = corr("init", "vscode", cwd=tmp_path)
    assert again.returncode == 0 and again.stdout == "" and "already" in again.stderr
    assert [path.read_bytes() for path in files(tmp_path)] == first


def test_names_that_refer_to_each_other_exist() -> None:
    made = tasks("corr")
    known = [task["label"] for task in made]
    assert len(set(known)) == len(known)
    (default,) = [task for task in made if "group" in task]
    assert default["label"] == ALL and default["group"] == {"kind": "build", "isDefault": True}
    steps = [next(t for t in made if t["label"] == one)["args"][0] for one in default["dependsOn"]]
    assert steps == ["collect", "export"] and default["command"] == "sh"
    assert {launch["preLaunchTask"] for launch in launches()} <= set(known)
    assert {launch["MIMode"] for launch in launches() if "MIMode" in launch} == {"gdb"}


def test_what_is_there_stays(tmp_path: Path) -> None:
    for text in (THEIRS, THEIRS.replace("\n", "\r\n"), "\ufeff" + THEIRS):
        put(tmp_path, text)
        install(tmp_path, "corr")
        new = files(tmp_path)[0].read_bytes().decode()
        jsonschema.Draft202012Validator(TASKS).validate(jsonc.parse(new))
        assert labels(tmp_path) == ["make", *(t["label"] for t in tasks("corr"))]
        rest = iter(new)
        assert all(char in rest for char in text), "a byte of theirs is gone"
        for line in text.splitlines():
            assert line in new.splitlines(), line
        assert ("\r\n" in text) == ("\r\n" in new)
        assert new.count("\n") == new.count("\r\n") or "\r\n" not in new
        before = new
        install(tmp_path, "corr")
        assert files(tmp_path)[0].read_bytes().decode() == before


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{ "version": "2.0.0" }',
        '{"version": "2.0.0", // none\n}',
        '{"tasks": []}',
        '{"tasks": [ /* none */ ]}',
        '{"tasks": [\n  // none\n]}',
        '{"tasks": [{"label": "a"}]}',
        '{"tasks": [{"label": "a"},]}',
        '{"tasks": [{"label": "a"} // last\n]}',
        '{"tasks": [{"label": "a"} /* , */ , // last\n]}',
        '{"tasks": [{"label": "a", "args": ["tasks", "]"]}], "x": {"tasks": [1]}}',
        '{"x": {"tasks": [1]}, "y": "tasks", "tasks": [{"label": "a"}]}',
    ],
)
def test_every_form_of_list(tmp_path: Path, text: str) -> None:
    put(tmp_path, text)
    before = jsonc.parse(text)
    install(tmp_path, "corr")
    after = jsonc.parse(files(tmp_path)[0].read_text())
    assert after["tasks"] == [*before.get("tasks", []), *tasks("corr")]
    assert {k: v for k, v in after.items() if k != "tasks"} == {
        k: v for k, v in before.items() if k != "tasks"
    }
    for comment in re.findall(r"/\*.*?\*/|// \w+", text):
        assert comment in files(tmp_path)[0].read_text()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
COMMENTS = st.sampled_from(["", " ", "\n", "/* ] } , */", '// [ { "\n', "\t"])


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=3), st.lists(VALUES, max_size=3),
       st.lists(COMMENTS, min_size=6, max_size=6), st.booleans())  # fmt: skip
def test_any_file_keeps_its_values(
    rest: dict[str, Any], listed: list[Any], between: list[str], comma: bool
) -> None:
    a, b, c, d, e, f = between
    members = [f"{json.dumps(k)}{a}:{b}{json.dumps(v)}" for k, v in rest.items() if k != "tasks"]
    inside = f",{c}".join(json.dumps(v) for v in listed) + ("," if comma and listed else "")
    members.append(f'"tasks"{d}:{e}[{f}{inside}{a}]')
    text = f"{b}{{{c}{','.join(members)}{d}}}{e}"
    before = jsonc.parse(text)
    new = jsonc.appended(text, "tasks", [{"label": "x"}])
    assert jsonc.parse(new) == {**before, "tasks": [*listed, {"label": "x"}]}


def test_a_default_build_task_stays_the_default(corr, tmp_path: Path) -> None:
    put(tmp_path, '{"tasks": [{"label": "mine", "group": {"kind": "build", "isDefault": true}}]}')
    done = corr("init", "vscode", cwd=tmp_path)
    assert done.returncode == 0 and "keeps running 'mine'" in done.stderr
    found = jsonc.parse(files(tmp_path)[0].read_text())["tasks"]
    groups = {task["label"]: task.get("group") for task in found}
    assert groups["mine"] == {"kind": "build", "isDefault": True} and groups[ALL] == "build"
    before = files(tmp_path)[0].read_bytes()
    assert corr("init", "vscode", "--force", cwd=tmp_path).stdout == ""
    assert files(tmp_path)[0].read_bytes() == before


def test_a_changed_entry_is_kept_unless_forced(corr, tmp_path: Path) -> None:
    put(tmp_path, THEIRS)
    corr("init", "vscode", "--command", "corr", cwd=tmp_path)
    path = files(tmp_path)[0]
    changed = path.read_text().replace('"--iterations",', '"--iterations", /* more */')
    changed = changed.replace('"3"', '"30"')
    path.write_text(changed)
    done = corr("init", "vscode", "--command", "corr", cwd=tmp_path)
    assert done.returncode == 0 and "is kept; --force resets it" in done.stderr
    assert path.read_text() == changed
    assert corr("init", "vscode", "--command", "corr", "--force", cwd=tmp_path).returncode == 0
    assert '"30"' not in path.read_text() and '"3"' in path.read_text()
    assert "// with four jobs" in path.read_text() and "do not touch" in path.read_text()
    assert jsonc.parse(path.read_text())["tasks"][1:] == tasks("corr")


@pytest.mark.parametrize(
    "text",
    [
        "{", "[]", "", '{"tasks": {}}', '{"tasks": [}', '{"tasks": [], "tasks": []}',
        '{"tasks": [,]}', '{"tasks": []} x', "{'tasks': []}", '{"tasks": [/* ]}',
        '{"tasks": ' + "[" * 200_000, '{"tasks": [' + "9" * 5000 + "]}",
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path, text: str) -> None:
    launch = '{"version": "0.2.0"}'
    put(tmp_path, text, launch)
    with pytest.raises(UsageError, match="nothing was written") as error:
        install(tmp_path, "corr")
    assert error.value.fix and '"corr: collect"' in error.value.fix
    assert [path.read_text() for path in files(tmp_path)] == [text, launch]


def test_neither_file_is_written_if_the_other_cannot_be(tmp_path: Path) -> None:
    put(tmp_path, THEIRS, "\udcff".encode("utf-8", "surrogateescape").decode("latin-1") + "{")
    files(tmp_path)[1].write_bytes(b"\xff{}")
    with pytest.raises(UsageError, match="UTF-8"):
        install(tmp_path, "corr")
    assert files(tmp_path)[0].read_text() == THEIRS
    assert files(tmp_path)[1].read_bytes() == b"\xff{}"


def test_no_folder(corr, tmp_path: Path) -> None:
    done = corr("init", "vscode", "nowhere", cwd=tmp_path)
    assert done.returncode == 2 and "is no folder" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_corr_is_called_from_the_project_where_it_is_there(tmp_path: Path) -> None:
    own = Path(sys.executable).with_name("corr")
    assert corr_command(own.parent.parent.parent).startswith("${workspaceFolder}/")
    outside = corr_command(tmp_path)
    assert outside == str(own) or outside == "corr"


# --- the tasks do what they say ------------------------------------------------------------------

SOURCE = """\
#include <stdio.h>
static int look(const int *a, int n, int what)
{
    int at = 0;
    for (; at < n; at++)
        if (a[at] == what) break;
    return at;
}
int main(int argc, char **argv)
{
    int a[64];
    for (int i = 0; i < 64; i++) a[i] = i * argc;
    printf("%d\\n", look(a, 64, 7));
    return 0;
}
"""


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


def run_task(label: str, folder: Path, file: str) -> subprocess.CompletedProcess[str]:
    (task,) = [t for t in tasks("corr") if t["label"] == label]
    task = resolved(task, folder, file)
    command = [task["command"], *task["args"]]
    if command[0] == "corr":
        command[:1] = [sys.executable, "-m", "corr"]
    root = str(Path(__file__).resolve().parents[2])
    return subprocess.run(
        command,
        cwd=task["options"]["cwd"], capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": root} | task["options"].get("env", {}),
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "look.c").write_text(SOURCE)
    return folder


def test_problems_of_the_open_file(project: Path) -> None:
    file = "src/look.c"
    (project / "corr.toml").write_text('flags = ["-O3"]\n')
    assert run_task("corr: collect", project, file).returncode == 0
    done = run_task("corr: remarks of hot loops", project, file)
    assert done.returncode == 0, done.stderr
    # the pattern means the same to JavaScript and Python
    lines = [re.match(PATTERN, line) for line in done.stdout.splitlines()]
    assert all(lines)
    for match in lines:
        assert match and (project / match[1]).is_file()


def test_stepping_the_final_program(project: Path, clang: str) -> None:
    """Built with debug information, and the changed source is the one that gdb shows."""
    source = project / "src" / "look.c"
    program = from_files(["src/look.c"], ["-O1"], Run(), project)
    changed = SOURCE.replace("    int at = 0;\n", "    /* changed */\n    int at = 0;\n")
    variant = Variant(program, ("-O2",), {source: changed})
    session: Any = SimpleNamespace(
        best=variant,
        best_ratio=0.5,
        name="x",
        best_guarantee="tested",
        best_basis="",
        sums={source: hashlib.sha256(SOURCE.encode()).hexdigest()},
    )
    write_result(session, project / "look.optimized", Path(clang))
    done = run_task(DEBUG_BUILD, project, "src/look.c")
    assert done.returncode == 0, done.stderr
    launch = resolved(launches()[0], project, "src/look.c")
    assert Path(launch["program"]).is_file()
    assert shutil.which("gdb"), "apt-get install gdb"
    commands = ["break look", "run", "info source", "list 1,8"]
    words = [word for command in commands for word in ("-ex", command)]
    seen = subprocess.run(
        ["gdb", "-q", "-nx", "-batch", *words, launch["program"]],
        cwd=project, capture_output=True, text=True, timeout=120,
        env=os.environ | {"HOME": str(project), "DEBUGINFOD_URLS": ""},
    )  # fmt: skip
    assert "Breakpoint 1, " in seen.stdout, seen.stdout + seen.stderr
    assert f"Located in {project}/look.optimized/src/look.c" in seen.stdout
    assert "/* changed */" in seen.stdout
    source.write_text(SOURCE + "\n")
    late = run_task(DEBUG_BUILD, project, "src/look.c")
    assert late.returncode == 1 and "a source has changed since" in late.stderr


def test_a_task_that_finds_nothing_faster_goes_on(tmp_path: Path) -> None:
    """The default task, with a stand-in for corr that ends as told."""
    (fake := tmp_path / "fake").write_text(
        '#!/bin/sh\necho "$@" >> said\n[ $1 = report ] || exit $CODE\n'
    )
    fake.chmod(0o755)
    (task,) = [t for t in tasks(str(fake)) if t["label"] == ALL]
    (alone,) = [t for t in tasks(str(fake)) if t["label"] == "corr: optimise"]
    for code, ends, lines in (("0", 0, 2), ("4", 0, 2), ("1", 1, 1), ("130", 1, 1)):
        (tmp_path / "said").unlink(missing_ok=True)
        env = os.environ | {"CODE": code}
        for one, said in ((task, lines), (alone, lines + 1)):
            words = resolved([one["command"], *one["args"]], tmp_path, "x.c")
            done = subprocess.run(words, cwd=tmp_path, env=env)
            assert (done.returncode != 0) == (ends != 0)
            assert len((tmp_path / "said").read_text().splitlines()) == said


def test_what_compilers_say_is_understood() -> None:
    error = re.match(PATTERN, "src/a.c:3:14: fatal error: 'x.h' file not found")
    assert error and error.groups() == ("src/a.c", "3", "14", "error", "'x.h' file not found", None)
    warning = re.match(PATTERN, "a.c:1:2: warning: unused variable 'x' [-Wunused-variable]")
    assert warning and warning[5] == "unused variable 'x'" and warning[6] == "-Wunused-variable"


def test_without_a_result_debugging_says_what_to_do(project: Path) -> None:
    done = run_task(DEBUG_BUILD, project, "src/look.c")
    assert done.returncode == 1 and "run the task corr: optimise first" in done.stderr
