"""The reader of optimisation remarks against PyYAML and llvm-remarkutil, on recordings."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collectors.remarks.reader import REMARKS, read
from tests.support.remark_oracle import RECORDED, expected, rows

RECORDINGS = sorted(RECORDED.glob("*.opt.yaml"))
SPACED = "  led by spaces\ntwo\nthree\n"  # not YAML as LLVM writes it
REMARKUTIL = shutil.which("llvm-remarkutil-22") or shutil.which("llvm-remarkutil")


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
@pytest.mark.parametrize("block", [3 << 20, 5000])
def test_equals_pyyaml_on_recordings(path: Path, block: int) -> None:
    text = path.read_text()
    # Three things LLVM writes are no YAML; here they are put right for the oracle.
    text = text.replace("|\n        led by", "|2\n        led by")
    text = text.replace("File: comma,name.c", "File: 'comma,name.c'")
    text = text.replace("      three\nDebugLoc:", "      three\n    DebugLoc:")
    reader = read(path, "unit", block=block)
    assert rows(reader) == expected(text)
    statistics = reader.statistics
    assert reader.problems == []
    assert statistics.read == text.count("--- !") == statistics.fast + statistics.fallback
    assert statistics.bytes == path.stat().st_size
    assert statistics.rows == statistics.distinct


def test_recordings_cover_what_they_are_for() -> None:
    total = Counter[str]()
    for path in RECORDINGS:
        reader = read(path, "unit")
        found = rows(reader)
        total["duplicates"] += reader.statistics.read - reader.statistics.distinct
        total["fast"] += reader.statistics.fast
        total["fallback"] += reader.statistics.fallback
        total["wrapped"] += path.read_text().count(", \n")
        total["hot"] += sum(row["hotness"] is not None for row in found)
        total["spaced"] += sum(arg["value"] == SPACED for row in found for arg in row["args"])
        total["comma"] += sum(row["file"] == "comma,name.c" for row in found)
    assert all(total[key] for key in total)
    assert total["fallback"] < total["fast"] / 20


@pytest.mark.parametrize("name", ["kernels", "templates"])
@pytest.mark.parametrize("version", [19, 22])
@pytest.mark.slow
def test_count_equals_remarkutil(name: str, version: int) -> None:
    assert REMARKUTIL, "llvm-remarkutil is not installed"
    path = RECORDED / f"{name}-{version}.opt.yaml"
    command = [REMARKUTIL, "count", "--parser=yaml", "--group-by=total", str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert sum(row["count"] for row in rows(read(path, "unit"))) == int(output.split(",")[-1])


def test_batches_have_the_declared_schema_and_survive_parquet(tmp_path: Path) -> None:
    path = RECORDED / "symbols-22.opt.yaml"
    batches = list(read(path, "unit"))
    assert len(batches) == 2  # of the columnar reader, of the fall-back
    assert all(batch.schema.equals(REMARKS.schema) for batch in batches)
    for batch in batches:
        batch.validate(full=True)
    with pq.ParquetWriter(tmp_path / "r.parquet", REMARKS.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    table = pq.read_table(tmp_path / "r.parquet")
    assert table.to_pylist() == pa.Table.from_batches(batches).to_pylist()


def test_reading_is_independent_of_threads_and_repeatable() -> None:
    path = RECORDED / "templates-22.opt.yaml"
    reader = read(path, "unit", threads=1, block=4096)
    once = [batch.to_pylist() for batch in reader]
    assert once == [batch.to_pylist() for batch in reader]
    assert once == [batch.to_pylist() for batch in read(path, "unit", threads=4, block=4096)]
