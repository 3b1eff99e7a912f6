"""What a candidate leaves behind is read as bytes of a file of its own, or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.base.errors import CorrError, UsageError
from collectors.sandbox import confined
from tests.attacks.conftest import Build

SECRET = b"a secret of the host"

REPLACE = """
    int main(int c, char **v) {
        printf("%d ", unlink("out"));
        printf("%d ", rename("out", "other"));
        if (!strcmp(v[1], "link")) printf("%d\\n", symlink(v[2], "out"));
        if (!strcmp(v[1], "hard")) printf("%d\\n", link(v[2], "out"));
        if (!strcmp(v[1], "pipe")) printf("%d\\n", mkfifo("out", 0666));
        if (!strcmp(v[1], "folder")) printf("%d\\n", mkdir("out", 0777));
        if (!strcmp(v[1], "device")) printf("%d\\n", mknod("out", S_IFCHR | 0666, 1 << 8 | 5));
    }"""
KINDS = ["link", "hard", "pipe", "folder", "device"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_output_cannot_be_replaced(attack: Build, tmp_path: Path, kind: str) -> None:
    host = tmp_path / "secret"
    host.write_bytes(SECRET)
    made = attack(REPLACE)
    done = made.run(kind, host)
    assert done.stdout == b"-1 -1 -1\n"
    assert confined.read_output(made.scratch, "out", 100) == b""
    assert [p.name for p in made.scratch.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_sandbox_a_replaced_output_is_not_read(
    attack: Build, tmp_path: Path, kind: str
) -> None:
    if kind == "device" and os.geteuid() != 0:
        kind = "pipe"  # only root can make a device
    host = tmp_path / "secret"
    host.write_bytes(SECRET)
    made = attack(REPLACE)
    done = made.run(kind, host, bare=True)
    assert not done.sandboxed
    assert done.stdout.endswith(b" 0\n")  # the attack itself works
    with pytest.raises(CorrError):
        confined.read_output(made.scratch, "out", 100)
    assert host.read_bytes() == SECRET


@pytest.mark.slow
def test_a_pipe_does_not_block_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out")
    code = (
        "import sys; from pathlib import Path; from collectors.base import errors\n"
        "from collectors.sandbox import confined\n"
        "try: confined.read_output(Path(sys.argv[1]), 'out', 9)\n"
        "except errors.CorrError: sys.exit(7)"
    )
    root = Path(__file__).resolve().parents[2]
    argv = [sys.executable, "-c", code, tmp_path]
    done = subprocess.run(argv, timeout=300, env={"PYTHONPATH": str(root)})
    assert done.returncode == 7


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", ".", "", "a/b", "a\0b"])
def test_a_name_is_not_a_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "scratch").mkdir()
    with pytest.raises(UsageError):
        confined.read_output(tmp_path / "scratch", name, 100)
    with pytest.raises(UsageError):
        confined.run(["/usr/bin/true"], writable=tmp_path / "scratch", outputs=[name])


def test_a_linked_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "out").write_bytes(SECRET)
    (tmp_path / "scratch").symlink_to("real")
    with pytest.raises(CorrError):
        confined.read_output(tmp_path / "scratch", "out", 100)


def test_an_output_that_was_planted_before_is_not_written_through(
    attack: Build, tmp_path: Path
) -> None:
    host = tmp_path / "secret"
    host.write_bytes(SECRET)
    made = attack('int main(void) { write(open("out", O_WRONLY), "mine", 4); }')
    (made.scratch / "out").symlink_to(host)
    made.run()
    assert host.read_bytes() == SECRET
    assert confined.read_output(made.scratch, "out", 100) == b"mine"


def test_a_long_output_is_refused(attack: Build) -> None:
    made = attack('int main(void) { write(open("out", O_WRONLY), "0123456789", 10); }')
    made.run()
    assert confined.read_output(made.scratch, "out", 10) == b"0123456789"
    with pytest.raises(CorrError, match="more than 9 bytes"):
        confined.read_output(made.scratch, "out", 9)


def test_an_output_does_not_become_a_program_of_root(attack: Build) -> None:
    made = attack("""
        int main(void) {
            int f = open("out", O_WRONLY);
            write(f, "#!/bin/sh\\n", 10);
            printf("%d\\n", fchmod(f, 06777));
        }""")
    made.run()
    found = (made.scratch / "out").stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_uid == os.geteuid()
