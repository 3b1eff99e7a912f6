"""A program that is laid anew is the same file in all but where it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.measured import placement
from collectors.measured.placement import laid_anew


def program(folder: Path) -> Path:
    path = folder / "program"
    path.write_bytes(b"\x7fELF" + bytes(range(256)) * 40)
    path.chmod(0o750)
    return path


def test_content_mode_and_time_stay_and_the_file_is_another(tmp_path: Path) -> None:
    path = program(tmp_path)
    before, content = path.stat(), path.read_bytes()
    laid_anew(path)
    after = path.stat()
    assert path.read_bytes() == content and after.st_ino != before.st_ino
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert [p.name for p in tmp_path.iterdir()] == ["program"]


def test_another_name_of_it_is_left_alone(tmp_path: Path) -> None:
    path = program(tmp_path)
    link, before = tmp_path / "link", path.stat()
    link.symlink_to(path)
    laid_anew(link)
    assert link.is_symlink() and path.stat().st_ino == before.st_ino


def test_what_is_large_or_gone_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program(tmp_path)
    before = path.stat()
    monkeypatch.setattr(placement, "LARGEST", 100)
    laid_anew(path)
    laid_anew(tmp_path / "gone")
    assert path.stat().st_ino == before.st_ino and [p.name for p in tmp_path.iterdir()] == [
        "program"
    ]
