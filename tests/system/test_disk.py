"""Disks that are full or read-only, and files that others look at while they are written."""

from __future__ import annotations

import errno
import os
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from collectors.base.errors import CorrError
from corr.lake.store import uncommitted
from corr.system.disk import check_room, disk_errors, write_whole


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_so(number: int, tmp_path: Path) -> None:
    with pytest.raises(CorrError) as caught, disk_errors(tmp_path, "set TMPDIR"):
        raise OSError(number, os.strerror(number))
    assert caught.value.message == f"cannot write {tmp_path}: {os.strerror(number)}"
    assert caught.value.fix == "free some space or set TMPDIR"


def test_where_space_is_not_what_is_missing(tmp_path: Path) -> None:
    """The file that could not be written is named, and only what helps."""
    with pytest.raises(CorrError) as caught, uncommitted(tmp_path):
        (tmp_path / "gone" / "file").write_text("")
    assert caught.value.message == (
        f"cannot write {tmp_path}/gone/file: No such file or directory; the run was not committed"
    )
    assert caught.value.fix == "name another folder with --data"


def test_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = namedtuple("disk", "f_bavail f_frsize")
    monkeypatch.setattr(os, "statvfs", lambda _folder: disk(256, 4096))
    check_room(tmp_path, need=1 << 20)
    with pytest.raises(CorrError, match="less than 1 MB are free in") as caught:
        check_room(tmp_path, need=(1 << 20) + 1)
    assert caught.value.fix == "free some space or name another folder"


def test_a_file_is_never_seen_half(tmp_path: Path) -> None:
    """Several write the same file at once; whoever reads sees what one of them wrote."""
    path = tmp_path / "file.json"
    texts = {letter * 300_000 for letter in "abc"}
    write_whole(path, "a" * 300_000)
    seen: set[str] = set()

    def write(text: str) -> None:
        for _ in range(20):
            write_whole(path, text)

    writers = [threading.Thread(target=write, args=(text,)) for text in texts]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seen.add(path.read_text())
    assert seen <= texts
    assert [p.name for p in tmp_path.iterdir()] == ["file.json"]


def test_what_cannot_be_written_leaves_the_old_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def full(_path: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="full"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["file"]
