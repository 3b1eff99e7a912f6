"""A lake on shared storage, before a real S3 server: two machines, kills, strangers, refusals."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from collectors.base.errors import CorrError, ToolMissing, UsageError
from collectors.base.table import PROBLEMS, Problem, problem_rows
from corr.lake import remote
from corr.lake.run_facts import RunFacts
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from tests.support.command import Corr
from tests.support.object_storage import make_bucket, serving

PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  unsigned sum = 0, n = argc > 1 ? atoi(argv[1]) : 30000000;
  for (unsigned i = 0; i < n; i++) sum = sum * 3 + (i ^ sum >> 7);
  printf("%u\\n", sum);
  return 0;
}
"""


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a server with the bucket `shared`."""
    with serving(tmp_path_factory.mktemp("s3") / "log") as environment:
        make_bucket(environment, "shared")
        yield environment


@pytest.fixture
def here(storage: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The address of a place for a lake; this process is on a machine of its own."""
    for name, value in storage.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CORR_CACHE", str(tmp_path / "machine"))
    return f"s3://shared/{secrets.token_hex(4)}"


def opened(url: str, **how: bool) -> Lake:
    return Lake.open(Path(url), **how)


def commit(lake: Lake, **facts: object) -> RunInfo:
    with lake.stage() as staging:
        (staging.artifacts / "said").write_text("by a tool")
        problems = problem_rows([Problem("test", "here", "nothing")])
        return staging.commit_run(
            RunFacts.from_json({"program": "p", **facts}), {"problems": problems}
        )


def another_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CORR_CACHE", str(tmp_path / secrets.token_hex(4)))


pytestmark = pytest.mark.slow


def test_a_run_is_there_for_others_after_its_marker_and_not_before(
    here: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = opened(here, create=True)
    with pytest.raises(CorrError, match="cannot be reached"), lake.stage() as staging:
        staging.write(PROBLEMS, problem_rows([Problem("test", "here", "nothing")]))
        assert lake.remote is not None
        with mock.patch.object(lake.remote.fs, "pipe_file", side_effect=OSError("cut off")):
            staging.commit(RunFacts("p"))
    assert lake.remote.fs.find(f"{here}/runs"), "its tables are there"
    run = commit(lake, label="whole")
    another_machine(monkeypatch, tmp_path)
    other = opened(here)
    assert [r.run_id for r in other.all_runs()] == [run.run_id] and other.root != lake.root
    assert ask(other, "SELECT what FROM problems").to_pylist() == [{"what": "nothing"}]
    assert ask(other, "SELECT count(*) AS n FROM runs").to_pylist() == [{"n": 1}]
    found = other.find("whole")
    table = found.table("problems")
    assert table is not None and table.to_pylist()[0]["run_id"] == run.run_id
    assert found.table("loops") is None
    assert (found.artifacts / "said").read_text() == "by a tool"


def test_what_others_commit_delete_and_amend_is_seen(
    here: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = opened(here, create=True)
    first, second = commit(lake, label="first"), commit(lake, label="second")
    another_machine(monkeypatch, tmp_path)
    other = opened(here)
    assert len(other.all_runs()) == 2 and other.find("first").artifacts.exists()
    with lake.stage(first) as staging:
        (staging.artifacts / "said").write_text("again")
        more = problem_rows([Problem("test", f"place {n}", "more") for n in range(2)])
        staging.amend(first, {"problems": more})
    lake.remove(second)
    other = opened(here)
    assert [run.facts.label for run in other.all_runs()] == ["first"]
    assert other.find("first").facts.problems == 2
    assert len(ask(other, "FROM problems")) == 2
    assert (other.find("first").artifacts / "said").read_text() == "again"
    assert opened(here).remote is not None
    left = other.remote.fs.find(here) if other.remote else []
    assert not [path for path in left if second.run_id in path]


def test_places_that_are_no_lakes(here: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="there is no lake at s3://"):
        opened(here)
    lake = opened(here, create=True)
    assert lake.remote is not None
    lake.remote.fs.pipe_file(f"{here}-other/thesis.txt", b"mine")
    with pytest.raises(UsageError, match="not a corr lake and not empty"):
        opened(f"{here}-other", create=True)
    lake.remote.fs.pipe_file(f"{here}-newer/corr-lake.json", b'{"format": 99}')
    with pytest.raises(CorrError, match="newer corr"):
        opened(f"{here}-newer")
    for url, why in (("gs://a/b", "no lake can be at gs://"), ("s3://a/../b", "no place")):
        with pytest.raises(UsageError, match=why):
            opened(url, create=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(CorrError, match="cannot be reached"):
        opened(here)


def test_a_damaged_marker_is_a_run_that_cannot_be_read(here: str) -> None:
    lake = opened(here, create=True)
    run = commit(lake)
    assert lake.remote is not None
    there = lake.remote
    for number, content in enumerate((b"{", b"[]", b'{"run": {}, "tables": ["../../x"]}')):
        name = f"20260101T00000{number}.000000-abcd"
        there.fs.pipe_file(f"{here}/commits/{name}.json", content)
    there.fs.pipe_file(f"{here}/commits/..%2f..%2fx.json", b"{}")
    found = opened(here)
    assert [one.run_id for one in found.all_runs()] == [run.run_id]
    assert list(found.listing().values()).count(None) == 3
    assert len(ask(found, "FROM problems")) == 1


def test_without_s3fs_it_says_what_to_install(here: str) -> None:
    remote._at.cache_clear()
    missing = {"s3fs": None, "botocore": None, "botocore.exceptions": None}
    with mock.patch.dict(sys.modules, missing), pytest.raises(ToolMissing) as told:
        opened(here, create=True)
    assert "corr-llvm[s3]" in told.value.fix


def test_nothing_beside_the_tables_can_be_read(here: str) -> None:
    lake = opened(here, create=True)
    commit(lake)
    assert lake.remote is not None
    lake.remote.fs.pipe_file(f"{here}/secret.csv", b"a\n1\n")
    for path in (f"{here}/secret.csv", "/etc/passwd", f"{here}/runs/../secret.csv"):
        with pytest.raises(UsageError, match=r"Permission|disabled"):
            ask(lake, f"FROM read_csv('{path}'), problems")


def test_few_requests(here: str) -> None:
    """A listing tells of every file: nothing is asked of each by itself."""
    lake = opened(here, create=True)
    for _ in range(12):
        commit(lake)
    assert lake.remote is not None
    asked: list[str] = []
    real = type(lake.remote.fs)._call_s3

    async def counted(self: Any, method: str, *given: Any, **more: Any) -> Any:
        asked.append(method)
        return await real(self, method, *given, **more)

    with mock.patch.object(type(lake.remote.fs), "_call_s3", counted):
        assert len(ask(lake, "FROM problems")) == 12
    assert asked.count("head_object") == 0 and asked.count("get_object") <= 4 * 12, asked


def test_the_commands_work_from_two_machines(
    storage: dict[str, str], corr: Corr, tmp_path: Path
) -> None:
    (tmp_path / "sum.c").write_text(PROGRAM)
    url = f"s3://shared/{secrets.token_hex(4)}"
    one = {**storage, "CORR_DATA": url, "CORR_CACHE": str(tmp_path / "one")}
    two = {**storage, "CORR_CACHE": str(tmp_path / "two")}
    how = ("--repeat", "1", "--no-cachegrind")
    done = corr("collect", "sum.c", *how, "--", "-O2", cwd=tmp_path, **one)
    assert done.returncode == 0, done.stderr
    assert f"in {url}, collected" in done.stderr and not (tmp_path / "data").exists()
    told = [
        corr(command, *words, "--data", url, cwd=tmp_path, **two)
        for command, *words in (
            ("hotspots", "last", "--format", "json"),
            ("sql", "SELECT count(*) AS n FROM samples", "--run", "last", "--format", "json"),
            ("report", "sum", "-o", "page.html"),
            ("explain", "sum"),
            ("summary", "last", "--loop", "main/1"),
            ("runs",),
        )
    ]
    assert [done.returncode for done in told] == [0] * 6, [done.stderr for done in told]
    assert json.loads(told[0].stdout)[0]["loop"] == "main/1"
    assert json.loads(told[1].stdout)[0]["n"] > 0
    assert "main/1" in (tmp_path / "page.html").read_text()
    more = corr("collect", "--more", "opcodes", "last", "--data", url, cwd=tmp_path, **two)
    assert more.returncode == 0, more.stderr
    counted = corr("sql", "FROM opcodes LIMIT 1", "--format", "json", cwd=tmp_path, **one)
    assert len(json.loads(counted.stdout)) == 1
    refused = corr("compact", "--keep", "0", "--data", url, cwd=tmp_path, **two)
    assert refused.returncode == 1 and "cannot be compacted: on shared storage" in refused.stderr
    assert corr("runs", "rm", "last", "--data", url, cwd=tmp_path, **two).returncode == 0
    gone = corr("hotspots", "last", cwd=tmp_path, **one)
    assert gone.returncode == 2 and f"the lake {url} holds no run" in gone.stderr
