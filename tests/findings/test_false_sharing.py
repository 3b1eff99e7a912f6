"""Threads that write side by side: told by their time, whichever other finding holds, too."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from collectors.base.toolchain import Toolchain
from corr.collect.options import Options
from corr.collect.run import collect
from corr.console.progress import Progress
from corr.findings.of_run import answers, of_run
from corr.lake.store import Lake
from tests.findings.planted import FALSE_SHARING
from tests.support.planted_runs import program

#: Times the work of the loop, as when the line moves between two cores with each store.
SHARED = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tools: Toolchain) -> Path:
    made = tmp_path_factory.mktemp("sharing")
    options = Options(repeat=3, cachegrind=False, label="sharing")
    lake = Lake.open(made / "data", create=True)
    collect(program(FALSE_SHARING), tools, lake, options, Progress())
    return made


@pytest.mark.slow
def test_it_is_the_first_sentence_where_an_iteration_takes_as_long(folder: Path) -> None:
    """The run as it is where the two threads have processors of their own."""
    lake = Lake.open(folder / "data")
    run = lake.find("sharing")
    was = answers(of_run(lake, run))[0]
    taken = {f.kind for f in of_run(lake, run) if f.id == was.id}
    _times(run.folder / "timings.parquet", SHARED)
    (first, *_) = answers(of_run(Lake.open(folder / "data"), run))
    assert first.kind == FALSE_SHARING.kind, (first.sentence, taken)
    assert all(words in first.sentence for words in FALSE_SHARING.words)
    assert first.confidence == "sure"


def _times(path: Path, factor: float) -> None:
    table = pq.read_table(path)
    for name in ("wall", "user", "system"):
        index = table.schema.get_field_index(name)
        longer = pc.multiply(table[name], pa.scalar(factor))
        table = table.set_column(index, table.schema.field(index), longer)
    pq.write_table(table, path)
