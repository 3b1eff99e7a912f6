"""A slice of `make fuzz` for each reader of what tools wrote, the same every time."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.errors import CorrError
from tests import fuzz_readers

NEEDS_A_COMPILER = {"elf", "gate"}
NAMES = [
    pytest.param(name, marks=pytest.mark.slow if name in NEEDS_A_COMPILER else ())
    for name in fuzz_readers.READERS
]


@pytest.mark.parametrize("name", NAMES)
def test_damage_ends_in_a_message_or_in_sound_tables(tmp_path: Path, name: str) -> None:
    fuzz_readers.slice_of(name, range(60), tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_whole_is_read_without_a_word(tmp_path: Path, name: str) -> None:
    """Else the rule that a loss is told would hold for readers that always complain."""
    if name in ("samples", "counters", "papi", "caliper", "passes"):
        pytest.skip("the recordings are of machines and files that give problems of their own")
    for tables, problems in fuzz_readers.whole(name, tmp_path):
        assert problems == []
        assert not tables or len(tables[0])


def test_the_rules_can_be_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = fuzz_readers.READERS["mca"]

    def breaks(read: object, message: str) -> None:
        broken = fuzz_readers.Reader(read, good.samples, good.mutations, tells=True)  # type: ignore[arg-type]
        monkeypatch.setitem(fuzz_readers.READERS, "mca", broken)
        with pytest.raises(Exception, match=message):
            fuzz_readers.slice_of("mca", range(8), tmp_path)

    def fails(_path: Path) -> fuzz_readers.Result:
        raise KeyError("TargetInfo")

    def hides(_path: Path) -> fuzz_readers.Result:
        raise CorrError("\x1b[2J")

    breaks(fails, "TargetInfo")
    breaks(hides, "hides something")
    breaks(lambda _path: ([], []), "nothing is said of it")
    monkeypatch.setattr(fuzz_readers, "MOST_SECONDS", -1.0)
    breaks(good.read, "bytes")
