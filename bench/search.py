"""How long `corr search` takes beside what it measures: 1,000 cases × 12 values of a fake runner.

    python -m bench.search

Planning is what is done for each case and value before anything is run: its request is hashed and
looked up. The analysis is what `corr search analyze` does: results read, recommendations fitted and
tested, the run committed, every view asked. Then its folder is written, with page and charts.
"""

from __future__ import annotations

import math
import random
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from corr.lake.store import Lake
from corr.program.machine import this_machine
from corr.search.building import Builds
from corr.search.cases import Case, cases
from corr.search.engine import Engine, Task
from corr.search.journal import Journal
from corr.search.lab import CommandLab
from corr.search.modes import MODES, go
from corr.search.outcome import Outcome, Result
from corr.search.results import write
from corr.search.settings import Setting, baseline, settings
from corr.search.study import Cases, Clock, Knob, Powers, Prove, Run, Study, Time
from tests.support.search_lab import FakeLab

CASES, VALUES = 1000, 12
MOST_PLANNING, MOST_ANALYSIS = 0.001, 2.0


def main() -> None:
    """Print what planning and analysis take, and what they may."""
    pa.array([0])  # loads pandas where it is not hidden, as the command hides it
    with tempfile.TemporaryDirectory(prefix="corr-bench-") as folder:
        made = study(Path(folder))
        lake = Lake.open(Path(folder) / "data", create=True)
        planned = planning(made, lake, Path(folder))
        print(f"search: planning, a case and value   {1000 * planned:8.3f} ms, at most 1 ms")
        took, written = analysis(made, lake, Path(folder))
        print(f"search: analysing 1,000 × 12         {took:8.2f} s, at most 2 s")
        print(f"search: writing its page and files   {written:8.2f} s")
        if planned > MOST_PLANNING or took > MOST_ANALYSIS:
            print("search: SLOWER THAN IT MAY BE")


def study(folder: Path) -> Study:
    """A thousand cases with two features, and a runner that is a script."""
    (folder / "fake.py").write_text("print('took 1 ms')\n")
    sizes: list[int | float | str] = [16 * n for n in range(1, 41)]
    return Study(
        name="bench",
        knobs=[Knob(name="limit", option="--limit={value}", powers=Powers(last=2048))],
        cases=Cases(
            generate={"m": sizes, "n": sizes[:25]}, features={"size": "m * n", "ratio": "m / n"}
        ),
        run=Run(command=["python3", "fake.py", "{knob}", "--m", "{m}", "--n", "{n}"]),
        time=Time(Clock.regex, r"took ([0-9.]+) ms", unit="ms"),
        prove=Prove(held_out=0),
        folder=folder,
    )


def planning(made: Study, lake: Lake, folder: Path) -> float:
    """CPU seconds of planning for each case and value."""
    found = cases(made)
    assert len(found) == CASES and len(settings(made)) == VALUES
    with Journal(lake, made.name) as journal:
        lab = CommandLab(made, Builds(made, folder), this_machine(), folder)
        engine = Engine(lab, journal, baseline(made), made.measure, made.time.clock)
        started = time.process_time()
        tasks = engine.plan(found, settings(made))
        assert len(engine.missing(tasks)) == len(tasks) == CASES * VALUES
        return (time.process_time() - started) / len(tasks)


def seconds(case: Case, setting: Setting) -> float:
    """A time that hangs on the size of the case, with noise."""
    noise = random.Random(f"{case.name} {setting.name}").lognormvariate(0, 0.03)
    size = case.features["size"]
    best = 512 if size < 4096 else 64 if size < 65536 else 8
    away = abs(math.log2((setting.number or 1) / best))
    return noise * size * (1 if setting.number is None else 0.3 * (1 + 0.2 * away)) / 1000


def analysis(made: Study, lake: Lake, folder: Path) -> tuple[float, float]:
    """Seconds of the analysis, and of writing what it finds, on the clock of the wall."""
    lab = FakeLab(lambda case, setting: seconds(case, setting))
    with Journal(lake, made.name) as journal:
        engine = Engine(lab, journal, baseline(made), made.measure, made.time.clock)
        for task in engine.plan(cases(made), settings(made)):
            journal.result(result(task, engine.baseline))
        # nothing is committed: as if the driver had been killed
    started = time.perf_counter()
    done = go(made, lake, MODES["analyze"], lambda _line: None, lab)
    analysed = time.perf_counter()
    write(done, folder / "results")
    assert done.missing == 0 and done.advice[0].ladder is not None
    return analysed - started, time.perf_counter() - analysed


def result(task: Task, base: Setting) -> Result:
    """What is known of a task once it was measured."""
    before, after = seconds(task.case, base), seconds(task.case, task.setting)
    ratio = after / before
    return Result(
        task.case.name, task.name, task.role, Outcome.ok, task.request, task.setting.number,
        seconds=after, seconds_baseline=before, ratio=ratio, low=0.97 * ratio, high=1.03 * ratio,
        p_value=0.001, pairs=3,
    )  # fmt: skip


if __name__ == "__main__":
    main()
