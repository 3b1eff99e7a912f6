"""Planted causes are named by the hypotheses of `corr diff`; each rule by itself on small tables."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import pytest

from collectors import toolchain
from collectors.errors import CorrError
from corr import hypotheses
from corr.collect import Options, collect
from corr.diff import diff, invocation
from corr.lake import Lake, RunInfo
from corr.measure import interleave
from corr.program import Run, from_files
from corr.progress import Progress
from tests.causes import CAUSES, Cause

TOP = {cause.name: cause for cause in CAUSES}


def collect_side(data: Path, cause: Cause, side: str) -> str:
    """Collect one side of a pair into the lake; returns its run id."""
    how = Run(directory=cause.folder)
    program = from_files(cause.files(side), cause.flags(side), how, cause.folder)
    options = Options(repeat=3, cachegrind=False)
    lake = Lake.open(data, create=True)
    return collect(program, toolchain.find(), lake, options, Progress()).run_id


def compare(lake: Lake, cause: Cause, a: RunInfo, b: RunInfo) -> dict:
    """The planted loop in the comparison of both sides, timed in turn."""
    sides = invocation(a), invocation(b)
    assert sides[0] and sides[1]
    measured = interleave(*sides, fewest=3, most=5, budget=1.0)
    loops = diff(lake, a, b, measured)["loops"]
    return next(entry for entry in loops if entry["loop"] == cause.loop)


class Planted:
    """The comparisons of all pairs, made once, at the first question."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.entries: dict[str, dict | CorrError] = {}

    def __call__(self, name: str) -> dict:
        if not self.entries:
            self._compare_all()
        entry = self.entries[name]
        if isinstance(entry, CorrError):
            raise entry
        return entry

    def _compare_all(self) -> None:
        runs: dict[str, list[Future[str]]] = {}
        once: dict[tuple, Future[str]] = {}
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=spawn) as pool:
            for cause in CAUSES:
                for side in "ab":
                    build = (cause.folder, *cause.files(side), *cause.flags(side))
                    fresh = cause.rule is None or build not in once
                    job = pool.submit(collect_side, self.data, cause, side) if fresh else once[build]
                    once[build] = job
                    runs.setdefault(cause.name, []).append(job)
        lake = Lake.open(self.data)
        for name, jobs in runs.items():
            try:
                a, b = (lake.find(job.result()) for job in jobs)
                self.entries[name] = compare(lake, TOP[name], a, b)
            except CorrError as error:
                self.entries[name] = error


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("causes") / "data")


def top(entry: dict) -> str | None:
    """The rule that the loop's strongest hypothesis is from."""
    return entry["hypotheses"][0]["name"] if entry["hypotheses"] else None


def named(cause: Cause, entry: dict) -> bool:
    """The strongest hypothesis is the planted cause; of two equal builds, none but the machine."""
    return top(entry) == cause.rule or (cause.rule is None and top(entry) == "machine")


@pytest.mark.parametrize("cause", CAUSES, ids=lambda c: c.name)
def test_planted_cause_is_the_strongest_hypothesis(cause: Cause, planted: Planted) -> None:
    entry = planted(cause.name)
    found = [(h["name"], h["strength"], h["evidence"]) for h in entry["hypotheses"]]
    assert named(cause, entry), (entry["time_ratio"], entry["verdict"], found)
    if cause.verdict:
        assert entry["verdict"] == cause.verdict, entry["time_ratio"]
    for hypothesis in entry["hypotheses"]:
        assert 0 <= hypothesis["strength"] <= 1
        assert "None" not in hypothesis["says"], hypothesis["says"]
        assert hypothesis["evidence"] and all(hypothesis["evidence"]), hypothesis["name"]


def test_how_many_planted_causes_are_named(planted: Planted) -> None:
    right = [cause.name for cause in CAUSES if named(cause, planted(cause.name))]
    wrong = sorted(set(TOP) - set(right))
    print(f"{len(right)} of {len(CAUSES)} planted causes named; not: {wrong}")
    assert len(right) == len(CAUSES) >= 24, wrong


# --- every rule by itself ------------------------------------------------------------------


def test_rules_are_complete() -> None:
    for rule in hypotheses.rules():
        assert rule.says and rule.refuted_by and rule.source, rule.name
        assert rule.confirm is None or rule.confirm.split(": -")[0] in ("a", "b"), rule.name
