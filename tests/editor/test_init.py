"""`corr init vscode`: what is there stays, and what is added is what VS Code takes."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.base.errors import UsageError
from corr.editor import jsonc
from corr.editor.vscode import ALL, corr_command, install, launches, tasks
from tests.support.editor_files import LAUNCH, TASKS, THEIRS, files, labels, put


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
