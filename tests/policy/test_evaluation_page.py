"""`corr policy evaluate --report`: a page of modules, decisions that differ, and features."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from corr.lake.store import Lake
from corr.policy import explained
from corr.policy.corpus import Corpus, Split
from corr.policy.examples import Traced
from corr.policy.policies import COST, Policy
from corr.report import policies as page
from corr.report.ink import LIGHT
from tests.support.command import Corr

HOSTILE = "<script>alert(1)</script>"
#: Inlines far more than -O2 does, but not what has many users.
EAGER = Policy("margin", 22, (COST, "callee_users"), 900.0, (), (0.0, -500.0))
RECORD = {
    "corpus": HOSTILE,
    "ways": [
        {"name": n, "what": n, "modules": 2, "change": c, "low": c - 0.1, "high": c + 0.1,
         "mean": c, "smaller": 1, "larger": 0, "failed": 0}
        for n, c in (("default", 0.0), ("searched", -0.2))
    ],
    "modules": {HOSTILE: {"default": 100, "searched": 80}, "b": {"default": 0, "searched": None}},
    "differing": [
        {"module": HOSTILE, "caller": HOSTILE, "callee": "f", "chain": "g:1:2", "inlined": True,
         "ways": ["searched"]}
    ],
    "failed": {HOSTILE: HOSTILE},
    "importances": {HOSTILE: [["cost_estimate", 0.5], ["callee_users", 0.0]]},
}  # fmt: skip


def test_charts_are_valid_and_tell_what_the_record_says() -> None:
    drawn = [chart for chart in page.charts(RECORD, LIGHT) if chart is not None]
    assert [chart.name for chart in drawn] == ["modules", "features-0"]
    assert drawn[0].finding == "searched makes 1 of 1 module smaller, by 20.0% at most"
    assert (
        drawn[1].finding.startswith("cost_estimate turns the most of")
        and "50.0%" in drawn[1].finding
    )
    for chart in drawn:
        chart.drawing.to_dict(validate=True)
    points = drawn[0].drawing.to_dict()["data"]["values"]
    assert [(p["way"], round(p["change"], 3)) for p in points] == [("searched", -0.2)]
    assert [row["feature"] for row in drawn[1].drawing.to_dict()["data"]["values"]] == [COST]


@pytest.mark.slow
def test_nothing_foreign_is_markup() -> None:
    text = page.html(RECORD)
    assert HOSTILE not in text and "&lt;script&gt;alert(1)" in text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    assert "Decisions that differ from LLVM" in text and "-20.0%" in text


def test_a_feature_that_a_policy_goes_by_weighs_and_another_does_not(corpus_folder: Path) -> None:
    corpus = Corpus.open(corpus_folder / "corpus")
    traced = Traced.of(corpus, Lake.open(corpus_folder / "data").find("traced"))
    examples = traced.examples(Split.train)
    limit = float(sorted(examples.values[:, examples.names.index(COST)])[len(examples.values) // 2])
    policy = Policy("margin", 22, (COST, "callee_users"), limit, (), (0.0, 0.0))
    weights = dict(explained.importances(policy, examples))
    assert weights[COST] > 0.2 and weights["callee_users"] == 0.0


def test_the_page_of_a_corpus(improved_folder: Path, tmp_path: Path, corr: Corr) -> None:
    folder = tmp_path / "improved"
    shutil.copytree(improved_folder, folder)
    EAGER.write(folder / "eager.json")
    result = folder / "corpus/policy/result.json"
    left = json.loads(result.read_text())
    site = {"caller": "f", "callee": "planted", "chain": "f:1:2", "inlined": False}
    left["modules"][0]["decisions"] = [site]
    result.write_text(json.dumps(left))
    words = ("policy", "evaluate", "corpus", "--policy", "eager.json", "--report", "page.html")
    done = corr(*words, cwd=folder)
    assert done.returncode == 0, done.stderr
    record = json.loads((folder / "corpus/policy/evaluation.json").read_text())
    ways = {way for row in record["differing"] for way in row["ways"]}
    assert ways == {"searched", "eager"}
    told = sum("searched" in row["ways"] for row in record["differing"])
    assert told == sum(len(module["decisions"]) for module in left["modules"])
    assert [r["ways"] for r in record["differing"] if r["callee"] == "planted"] == [["searched"]]
    traced = Lake.open(folder / "data").find("traced").table("decisions")
    assert traced is not None
    rows = traced.select(["module", "callee", "chain", "inlined"]).to_pylist()
    default = {(row["module"], row["callee"], row["chain"]): row["inlined"] for row in rows}
    other = [
        default[key] != row["inlined"]
        for row in record["differing"]
        if "eager" in row["ways"]
        and (key := (row["module"], row["callee"], row["chain"])) in default
    ]  # what LLVM says of a call may follow from what was decided before
    assert len(other) > 5 and sum(other) >= 0.9 * len(other)
    assert record["importances"]["eager"][0][1] > 0 and not record["failed"]
    text = (folder / "page.html").read_text()
    for said in ("Code of each module by way", "What eager goes by", "Each module"):
        assert said in text
