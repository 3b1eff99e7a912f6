"""A program does what it likes in its places; what it leaves there is looked at and harms nobody."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from collectors.sandbox import confined
from collectors.sandbox.places import DEEPEST, MOST_ENTRIES, Left, Place
from tests.attacks.conftest import SHORT

LOOK = 1 << 20


def shell(script: str, *places: Place, look: int = LOOK, bare: bool = False) -> Left:
    """What a shell script leaves in its places; the first is where it starts."""
    done = confined.run(
        ["/bin/sh", "-c", script],
        places=places,
        look=look,
        cwd=places[0].folder,
        limits=replace(SHORT, processes=32, file=1 << 40),
        bare=bare,
    )
    assert done.left is not None, done.last_lines()
    return done.left


def given(folder: Path, **texts: str) -> Path:
    """A folder with such files of the year 1970."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
        os.utime(folder / name, (0, 0))
    folder.chmod(0o755)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("bare", [False, True])
def test_what_is_written_is_found_and_the_host_keeps_its_own(tmp_path: Path, bare: bool) -> None:
    here = tmp_path / "here"
    (here / "below").mkdir(parents=True)
    (here / "old").write_text("of the host")
    script = "echo a >new; mkdir d; echo b >d/b; mv new moved; echo c >old; rm old; echo d >old"
    left = shell(script, Place(here), bare=bare)
    assert not left.trouble
    assert {str(p.relative_to(here)): e.content for p, e in left.entries.items()} == {
        "moved": b"a\n",
        "old": b"d\n",
        "d/b": b"b\n",
    }
    assert (here / "old").read_text() == "of the host" and len(list(here.iterdir())) == 2


@pytest.mark.slow
def test_what_is_given_is_a_copy_and_its_use_shows(tmp_path: Path) -> None:
    names = ("read", "written", "unused", "both")
    copies = given(tmp_path / "given", **{f"x/{name}": name for name in names})
    here = tmp_path / "not there"
    left = shell("cat x/read; echo >x/written; echo >>x/both; cat x/both", Place(here, copies))
    used = {p.name: (e.read, e.written) for p, e in left.entries.items()}
    assert used["unused"] == (False, False) and used["read"] == (True, False)
    assert used["written"][1] and used["both"] == (True, True)
    assert left.entries[here / "x" / "both"].content == b"both\n"
    assert (copies / "x" / "both").read_text() == "both" and not here.exists()


@pytest.mark.slow
def test_several_places_and_none_looked_at(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    left = shell(f"echo 1 >a; echo 2 >{other}/a", Place(one), Place(other))
    assert [e.content for e in left.entries.values()] == [b"1\n", b"2\n"]
    done = confined.run(["/bin/sh", "-c", "echo 1 >a"], places=[Place(one)], cwd=one, limits=SHORT)
    assert done.ok and done.left is None


@pytest.mark.slow
def test_a_program_that_ends_at_once_is_looked_at(tmp_path: Path) -> None:
    here = Place(tmp_path)
    runs = [
        confined.run(["/usr/bin/true"], places=[here], look=LOOK, cwd=tmp_path, limits=SHORT)
        for _ in range(20)
    ]
    assert all(done.left == Left() for done in runs)


@pytest.mark.slow
def test_links_pipes_and_devices_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a secret of the host")
    script = f"ln -s {tmp_path}/secret l; ln -s /etc d; mkfifo p; echo x >f; ln f g"
    left = shell(script, Place(tmp_path / "here"))
    found = {p.name: (e.kind, e.content) for p, e in left.entries.items()}
    assert found == {
        "l": ("link", bytes(tmp_path / "secret")),
        "d": ("link", b"/etc"),
        "p": ("pipe", b""),
        "f": ("file", b"x\n"),
        "g": ("file", b"x\n"),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("truncate -s 100G big", "MiB into files"),
        ("head -c 900000 /dev/zero >a; cp a b", "MiB into files"),
        (f"i=0; while [ $i -le {MOST_ENTRIES} ]; do : >$i; i=$((i+1)); done", "files"),
        (f"i=0; while [ $i -le {DEEPEST} ]; do mkdir d; cd d; i=$((i+1)); done", "deep"),
    ],
)
def test_too_much_is_said_and_not_read(tmp_path: Path, script: str, said: str) -> None:
    assert said in shell(script, Place(tmp_path / "here")).trouble


@pytest.mark.slow
def test_names_of_any_bytes(tmp_path: Path) -> None:
    left = shell("printf x >\"$(printf 'a\\nb\\033[31m\\377')\"", Place(tmp_path))
    (path,) = left.entries
    assert os.fsencode(path.name) == b"a\nb\x1b[31m\xff"


@pytest.mark.slow
def test_what_a_survivor_writes_later_is_not_there(tmp_path: Path) -> None:
    left = shell("(sleep 0.3; echo later >late) & echo now >now", Place(tmp_path))
    assert [p.name for p in left.entries] == ["now"]


@pytest.mark.parametrize("folder", ["/", "/etc", "/usr/share", "/proc/self", "/bin", "/dev"])
def test_the_system_is_no_place(folder: str) -> None:
    with pytest.raises(UsageError, match="may not write there"):
        confined.run(["/usr/bin/true"], places=[Place(Path(folder))], limits=SHORT)
