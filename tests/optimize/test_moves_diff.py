"""The diff of a source move: patch and git take it, and code keeps its place."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from corr.optimize.moves.source import diff
from corr.optimize.moves.source_text import code_only, unified
from tests.support.variants import variant_of

pytestmark = pytest.mark.slow


def test_diff_is_taken_by_patch_and_git(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    lines = [f"int v{i} = {i};\n" for i in range(200)]
    files = {
        "a.c": "".join(lines),
        "dos file.c": "int a;\r\nint b;\r\nint c;",
        "sub/latin.h": "/* \udce9 \x0c */ int d;\nint e;",
        "same.h": "int same;\n",
    }
    variant = variant_of(folder, files, "a.c")
    new = ["".join(lines[:5]), "int five;\n", "".join(lines[6:50] + lines[51:]), "int last;"]
    after = variant.with_text(folder / "a.c", "".join(new))
    after = after.with_text(folder / "dos file.c", "int a;\r\nint b2;\r\n\r\nint b3;\r\nint c;")
    after = after.with_text(folder / "sub/latin.h", files["sub/latin.h"] + "\n")
    after = after.with_text(folder / "same.h", files["same.h"])
    patch = diff(after).encode("utf-8", "surrogateescape")
    assert b"same.h" not in patch and b"@@ -3,7 +3,7 @@" in patch
    (tmp_path / "a.patch").write_bytes(patch)
    expected = {n: t.encode("utf-8", "surrogateescape") for n, t in files.items()} | {
        str(path.relative_to(folder)): text.encode("utf-8", "surrogateescape")
        for path, text in after.texts.items()
    }
    for command in (
        ["git", "apply", "--whitespace=nowarn", "../a.patch"],
        ["patch", "-p1", "--binary", "-s", "-i", "../a.patch"],
    ):
        variant_of(folder, files, "a.c")
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        assert {n: (folder / n).read_bytes() for n in files} == expected


def test_diff_applies_whatever_changed(tmp_path: Path) -> None:
    chance = random.Random(1)
    for _ in range(60):
        before = [chance.choice("abc") for _ in range(chance.randrange(30))]
        after = [chance.choice([line, "x", "y"]) for line in before if chance.random() < 0.9]
        texts = ["\n".join(part) + chance.choice(["\n", ""]) for part in (before, after)]
        if texts[0] == texts[1] or not texts[0].strip() or not texts[1].strip():
            continue
        (tmp_path / "t").write_text(texts[0])
        subprocess.run(
            ["patch", "-p1", "-s"], input=unified(*texts, "t"), text=True, cwd=tmp_path, check=True
        )
        assert (tmp_path / "t").read_text() == texts[1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('a"b//c"d', "a      d"),
        ("a//b\\\nc\nd", "a    \n \nd"),
        ("a/*\n*/b/*", "a  \n  b  "),
        ("'\"'x'\\''", "   x    "),
        ("1'000'000 x", "1'000'000 x"),
        ('R"x(a")b)x"c', "           c"),
        ("#define A \\\n for\nfor", "           \n    \nfor"),
        ('"a\\\r\nb"c', "   \r\n  c"),
    ],
)
def test_code_keeps_its_place(text: str, code: str) -> None:
    assert code_only(text) == code
