"""A slice of `make fuzz`, the same every time, and inputs that are hostile in size."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from collectors.remarks.reader import read
from tests import fuzz


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[bytes, Counter[str]]]:
    return fuzz.corpus(tmp_path_factory.mktemp("corpus"))


@pytest.mark.parametrize("part", range(8))
def test_damaged_records_break_no_rule(
    tmp_path: Path, files: list[tuple[bytes, Counter[str]]], part: int
) -> None:
    for number in range(15 * part, 15 * part + 15):
        fuzz.one(number, files, tmp_path / "input")


def test_the_rules_can_be_broken(
    tmp_path: Path, files: list[tuple[bytes, Counter[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgets(path: Path, unit: str, **_options: object) -> object:
        reader = read(path, unit)
        list(reader)
        reader.statistics.read += 1
        return reader

    monkeypatch.setattr(fuzz, "read", forgets)
    monkeypatch.setattr(fuzz, "bag", lambda _reader: Counter())
    with pytest.raises(fuzz.Broken):
        fuzz.one(1, files, tmp_path / "input")


def test_one_line_of_200_megabytes(tmp_path: Path) -> None:
    good = b"--- !Passed\nPass:            p\nName:            n\nFunction:        f\n...\n"
    path = tmp_path / "l.opt.yaml"
    with path.open("wb") as file:
        file.write(good + b"--- !Passed\nPass:            ")
        for _ in range(200):
            file.write(b"x" * (1 << 20))
        file.write(b"\n...\n" + good)
    reader = read(path, "unit")
    assert sum(batch["count"][0].as_py() for batch in reader) == 2
    assert [(p.where, p.count) for p in reader.problems] == [(f"{path}:6", 1)]
    assert reader.statistics.bad == 1
