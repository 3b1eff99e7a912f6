"""A traced corpus in the lake."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.base.errors import CorrError, UsageError
from collectors.base.toolchain import Toolchain
from collectors.decisions.host import Limits
from corr.console.progress import Progress
from corr.lake.policy_tables import TRACED_MODULES
from corr.lake.store import Lake
from corr.policy.corpus import Corpus
from corr.policy.examples import Traced
from corr.policy.trace import trace_corpus
from tests.support.command import Corr


def sql(corr: Corr, folder: Path, statement: str) -> list[dict[str, object]]:
    done = corr("sql", statement, "--run", "traced", "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    listed: list[dict[str, object]] = json.loads(done.stdout)
    return listed


def test_every_module_is_traced_and_replayed(corpus_folder: Path, corr: Corr) -> None:
    corpus = Corpus.open(corpus_folder / "corpus")
    rows = sql(corr, corpus_folder, "FROM traced_modules")
    assert {row["module"] for row in rows} == {module.name for module in corpus.modules}
    assert all(row["identical"] for row in rows)
    assert all(row["chains"] == row["decisions"] for row in rows)
    assert all(row["confirmed"] == row["named"] for row in rows)
    counted = sql(
        corr, corpus_folder,
        "SELECT m.module, m.decisions, m.inlined, count(d.module) AS rows,"
        " count(*) FILTER (d.inlined) AS yes, count(*) FILTER (d.inlined != d.default_inlined) AS other"
        " FROM traced_modules m LEFT JOIN decisions d USING (module) GROUP BY ALL",
    )  # fmt: skip
    assert sum(int(str(row["rows"])) for row in counted) > 50
    for row in counted:
        assert row["decisions"] == row["rows"] and row["inlined"] == row["yes"] and not row["other"]


def test_features_are_asked_for_by_name(corpus_folder: Path, corr: Corr) -> None:
    (row,) = sql(
        corr, corpus_folder,
        "SELECT count(*) AS n, count(DISTINCT features['callee_users']) AS users,"
        " count(*) FILTER (features['inlining_default'] = inlined::INT) AS same,"
        " min(cardinality(features)) AS least FROM decisions",
    )  # fmt: skip
    assert row["n"] == row["same"] and int(str(row["users"])) > 2 and row["least"] == 39


def test_an_empty_corpus_says_what_to_do(corr: Corr, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int v;\n")
    assert corr("policy", "corpus", "a.c", "-o", "c", cwd=tmp_path).returncode == 1
    done = corr("policy", "trace", "c", cwd=tmp_path)
    assert done.returncode == 2 and "has no module" in done.stderr


def test_a_module_that_breaks_costs_its_own_rows(
    corpus_folder: Path, corr: Corr, tmp_path: Path
) -> None:
    source = Corpus.open(corpus_folder / "corpus")
    broken = Corpus(tmp_path / "c", source.llvm, 0.0, source.modules[:2])
    for number, module in enumerate(broken.modules):
        for path in (source.bitcode(module), source.bitcode(module).with_suffix(".cmd")):
            copy = broken.folder / path.relative_to(source.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes() if number else b"-cc1")
    broken.write()
    done = corr("policy", "trace", "c", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert broken.modules[0].name in done.stderr and "1 of 2 modules replayed" in done.stderr
    done = corr("policy", "trace", "c", "--format", "json", cwd=tmp_path)
    rows = {row["module"]: row for row in json.loads(done.stdout)}
    assert [bool(rows[m.name]["decisions"]) for m in broken.modules] == [False, True]


def test_a_trace_of_nothing_is_an_error_and_no_trace(
    corpus_folder: Path, tools: Toolchain, corr: Corr, tmp_path: Path
) -> None:
    """No compiler ends within a millisecond: training goes on with the trace that there was."""
    shutil.copytree(corpus_folder, tmp_path / "work")
    lake = Lake.open(tmp_path / "work" / "data")
    before = [run.run_id for run in lake.newest_first()]
    corpus = Corpus.open(tmp_path / "work" / "corpus")
    with pytest.raises(CorrError, match=r"none of the .* still running after") as raised:
        trace_corpus(corpus, tools, lake, Progress(), limits=Limits(seconds=0.001))
    assert raised.value.fix == "give it more seconds"
    assert "does not compile" not in raised.value.message
    assert [run.run_id for run in lake.newest_first()] == before
    assert corr("policy", "train", "corpus", cwd=tmp_path / "work").returncode == 0


@pytest.mark.slow
def test_the_newest_trace_is_one_with_a_module_to_learn_from(
    corpus_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(corpus_folder / "data", tmp_path / "data")
    lake = Lake.open(tmp_path / "data")
    corpus = Corpus.open(corpus_folder / "corpus")
    good = lake.find("traced")
    told = good.table("traced_modules")
    assert told is not None
    rows = told.drop_columns(["run_id"]).to_pylist()
    unfaithful = [row | {"identical": False} for row in rows]
    facts = replace(good.facts, label="empty", started=datetime.now(UTC), tables={})
    with lake.stage() as staging:
        empty = staging.commit_run(facts, {"traced_modules": TRACED_MODULES.rows(unfaithful)})
    assert next(lake.newest_first()).run_id == empty.run_id
    assert Traced.newest(corpus, lake).run.run_id == good.run_id
    with pytest.raises(UsageError, match="no trace of"):
        Traced.newest(replace(corpus, folder=tmp_path / "other"), lake)
