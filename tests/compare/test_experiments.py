"""What experiments say of hypotheses, and which are run; the builds and times are made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from collectors.base import process
from collectors.base.invocation import Invocation
from collectors.base.toolchain import Toolchain
from corr.compare import experiments
from corr.compare.difference import ComparedRun, Diff, LoopDiff, Total
from corr.compare.judged import Hypothesis, TimeRatio
from corr.compare.side import Side
from corr.experiment.otherwise import untouched
from corr.lake.store import Lake
from corr.timing.verdict import Verdict

RUN = ComparedRun("r")
SIDE = Side(loop="f/1")


def ratio(value: float, verdict: str) -> TimeRatio:
    return TimeRatio(value, value - 0.01, value + 0.01, Verdict(verdict))


def suspect(confirm: str | None, strength: float = 0.9) -> Hypothesis:
    return Hypothesis("rule", "a sentence", strength, ("fact",), "", "", confirm)


def loop(*hypotheses: Hypothesis, key: str = "f/1", time: TimeRatio | None = None) -> LoopDiff:
    return LoopDiff(
        *(key, "f.c:1", "f", "key", SIDE, SIDE),
        time=time or ratio(0.5, "faster"),
        hypotheses=hypotheses,
    )


def without(value: float, verdict: str, key: str = "f/1", whole: TimeRatio | None = None) -> Diff:
    """A side against itself without the cause: a loop's time, and the program's (as before)."""
    total = Total(1.0, 1.0, whole or ratio(1.0, "same"), "wall time", True, (7, 7), 0.05)
    return Diff(RUN, RUN, total, loops=(loop(key=key, time=ratio(value, verdict)),))


class Laboratory:
    """Stands in for builds: the result of each experiment, and which were asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
        self.results: dict[str, Diff | experiments.RunOtherwise | str] = {}
        self.asked: list[str] = []
        self.lake = Lake.open(data, create=True)

        def run(*arguments: object) -> Diff | experiments.RunOtherwise | str:
            experiment = str(arguments[-1])
            self.asked.append(experiment)
            return self.results[experiment]

        monkeypatch.setattr(experiments, "_experiment", run)

    def confirmed(self, *loops: LoopDiff) -> list[list[str | None]]:
        difference = Diff(RUN, RUN, loops=loops)
        tested = experiments.confirm_all(self.lake, (None, None), difference)  # type: ignore[arg-type]
        return [[h.confirmed for h in changed.hypotheses] for changed in tested.loops]


@pytest.fixture
def laboratory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Laboratory:
    return Laboratory(monkeypatch, tmp_path / "data")


@pytest.mark.parametrize(
    ("side", "time", "says"),
    [
        ("b", without(2.0, "slower"), "confirmed: without it the loop takes ×2.00 the time"),
        ("b", without(1.1, "slower"), "refuted: without it the loop takes ×1.10 the time"),
        ("b", without(1.0, "same"), "refuted: without it the loop takes the same time"),
        (
            "b",
            without(2.0, "slower", whole=ratio(0.8, "faster")),
            "refuted: time moved between loops, the whole program takes ×0.80 without it",
        ),
        (
            "b",
            without(2.0, "slower", whole=ratio(1.2, "slower")),
            "confirmed: without it the loop takes ×2.00 the time",
        ),
        ("a", without(0.5, "faster"), "confirmed: without it the loop takes ×0.50 the time"),
        ("a", without(2.0, "slower"), "refuted: without it the loop takes ×2.00 the time"),
        (
            "b",
            without(2.0, "slower", key="g/1"),
            "refuted: without it the loop takes the same time",
        ),
        ("b", "not tested: the run kept no binary", "not tested: the run kept no binary"),
    ],
)
def test_the_difference_goes_with_its_cause_or_not(
    laboratory: Laboratory, side: str, time: Diff | str, says: str
) -> None:
    """b takes half the time of a: without the cause b is slower again, or a as quick as b."""
    experiment = f"{side}: -fno-vectorize"
    laboratory.results[experiment] = time
    assert laboratory.confirmed(loop(suspect(experiment))) == [[says]]


def test_only_strong_hypotheses_of_loops_with_a_verdict_are_tested(laboratory: Laboratory) -> None:
    laboratory.results["b: -x"] = without(2.0, "slower")
    weak, third = suspect("b: -weak", 0.2), suspect("b: -third")
    open_ = loop(suspect("b: -open"), time=ratio(0.9, "inconclusive"))
    tested = laboratory.confirmed(loop(suspect("b: -x"), weak, third), open_, loop(suspect(None)))
    assert tested[0][0] and tested[0][1:] == [None, None]
    assert tested[1:] == [[None], [None]] and laboratory.asked == ["b: -x"]


def test_an_experiment_serves_every_loop_and_three_are_enough(laboratory: Laboratory) -> None:
    names = [f"b: -f{i}" for i in range(4)]
    laboratory.results = {name: without(2.0, "slower") for name in names}
    loops = [loop(suspect(name)) for name in (*names, names[0])]
    tested = laboratory.confirmed(*loops)
    assert laboratory.asked == names[:3]
    assert [bool(confirmed) for (confirmed,) in tested] == [True, True, True, False, True]


def run_otherwise(b: float, verdict: str, seen: str | None = None) -> experiments.RunOtherwise:
    """A side that took a second, and so long with numbers flushed."""
    total = Total(1.0, b, ratio(b, verdict), "CPU time", True, (7, 7), 0.05)
    return experiments.RunOtherwise("with numbers flushed", total, seen)


@pytest.mark.parametrize(
    ("side", "cost", "result", "says"),
    [
        ("b", 0.6, run_otherwise(0.4, "faster"), "confirmed: with numbers flushed the program"),
        ("a", -0.6, run_otherwise(0.4, "faster"), "confirmed: with numbers flushed the program"),
        ("b", 0.6, run_otherwise(0.9, "faster"), "refuted: with numbers flushed the program takes"),
        ("b", 0.6, run_otherwise(1.0, "same"), "refuted: with numbers flushed the program takes"),
        ("b", 0.6, run_otherwise(0.7, "inconclusive"), "not decided: with numbers flushed the"),
    ],
)
def test_a_run_in_another_way_decides(
    laboratory: Laboratory, side: str, cost: float, result: experiments.RunOtherwise, says: str
) -> None:
    experiment = f"{side}: @flush-subnormals"
    laboratory.results[experiment] = result
    slow = replace(loop(suspect(experiment), time=ratio(2.0, "slower")), cost=cost)
    ((confirmed,),) = laboratory.confirmed(slow)
    assert confirmed is not None and confirmed.startswith(says)


def test_data_that_the_experiment_cannot_move_refute_nothing() -> None:
    for verdict in ("same", "inconclusive"):
        result = replace(run_otherwise(1.0, verdict), left="what is static stays")
        assert result.judged(0.6, "b").startswith("not decided: ")
        assert result.judged(0.6, "b").endswith("; what is static stays")
    gone = replace(run_otherwise(0.4, "faster"), left="what is static stays")
    assert gone.judged(0.6, "b").startswith("confirmed: ")


@pytest.mark.parametrize(("size", "told"), [(1 << 16, True), (16, False)])
def test_static_data_stay_where_they_are(
    size: int, told: bool, tmp_path: Path, tools: Toolchain
) -> None:
    source, binary = tmp_path / "p.c", tmp_path / "p"
    source.write_text(f"int x[{size}];\nint main(int c, char **v) {{ return x[c]; }}\n")
    assert process.run([tools.path("clang"), source, "-o", binary]).ok
    left = untouched(Invocation(binary), "moved-data", tools)
    assert bool(left) == told
    assert untouched(Invocation(binary), "keep-memory", tools) is None


def test_what_was_seen_is_told() -> None:
    seen = run_otherwise(0.4, "faster", "an operand below the normal range was seen")
    assert seen.judged(0.6, "b").endswith("; an operand below the normal range was seen")
