"""Several knobs with more combinations than one would measure: Optuna asks, the engine tells.

One process asks, whatever is measured where. A setting is tried on few cases first and on more
while it is among the better ones (successive halving); one that Optuna proposes again is told from
what is known. Since results are kept by content, a search that was interrupted asks the same again
and is where it was at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from collectors.base.errors import ToolMissing
from corr.search.cases import Case
from corr.search.engine import Task
from corr.search.outcome import Outcome
from corr.search.session import Session
from corr.search.settings import Setting, arms, baseline
from corr.search.study import Study, Value

if TYPE_CHECKING:
    import optuna

#: Parts of the cases on which a setting has to show itself, one after the other.
RUNGS = (0.25, 0.5, 1.0)
#: Of the settings of a rung so many go on to the next: one in so many.
REDUCTION = 2
Steps = Callable[[int], None]
Tell = Callable[[str], None]


def sampled(session: Session, trials: int, tell: Tell) -> tuple[list[Setting], list[Task]]:
    """The settings that were tried, the best ones on every tuning case, and the tasks of them all.

    Raises ToolMissing where Optuna is not installed.
    """
    optuna = _optuna()
    made = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=session.study.sample.seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(
            min_resource=1, reduction_factor=REDUCTION, min_early_stopping_rate=0
        ),
    )
    rungs = _rungs(session.each_once(session.tuning))
    first = baseline(session.study)
    told: dict[Setting, float | None] = {first: 0.0}
    asked: list[Task] = []
    for number in range(trials):
        trial = made.ask()
        setting = _setting(session.study, trial)
        if setting not in told:
            cost, tasks = _tried(session, trial, setting, rungs)
            told[setting] = cost
            asked += tasks
            tell(f"{number + 1} of {trials}: {setting.name}: {_said(cost)}")
        cost = told[setting]
        if cost is None:
            made.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            made.tell(trial, cost)
    return [setting for setting in told if setting != first], asked


def _tried(
    session: Session, trial: optuna.trial.Trial, setting: Setting, rungs: Sequence[Sequence[Case]]
) -> tuple[float | None, list[Task]]:
    """The mean logarithm of the ratio over the cases that it was tried on; None: it fails there."""
    asked: list[Task] = []
    costs: list[float] = []
    for step, cases in enumerate(rungs, start=1):
        tasks = session.ask([setting], cases)
        asked += tasks
        session.measure(tasks)
        for task in tasks:
            result = session.journal.known.by_request[task.request]
            if result.outcome == Outcome.baseline:
                continue
            if result.outcome != Outcome.ok or not result.ratio:
                return None, asked
            costs.append(math.log(result.ratio))
        if not costs:
            return None, asked
        trial.report(math.fsum(costs) / len(costs), step)
        if step < len(rungs) and trial.should_prune():
            break
    return math.fsum(costs) / len(costs), asked


def _setting(study: Study, trial: optuna.trial.Trial) -> Setting:
    """The setting that a trial proposes: numbers by their place in order, others by name."""
    values: list[Value | None] = []
    for knob in study.knobs:
        there = arms(knob)
        if all(value is None or isinstance(value, int | float) for value in there):
            there = sorted(there, key=lambda v: -math.inf if v is None else float(v))
            values.append(there[trial.suggest_int(knob.name, 0, len(there) - 1)])
        else:
            texts = {str(value): value for value in there}
            values.append(texts[trial.suggest_categorical(knob.name, list(texts))])
    return Setting(tuple(values), tuple(knob.name for knob in study.knobs))


def _rungs(cases: Sequence[Case]) -> list[list[Case]]:
    """The cases in parts, each spread over all of them: what is new on each rung."""
    count = len(cases)
    order = sorted(range(count), key=lambda n: (n * 0.6180339887498949) % 1.0)
    ends = sorted({max(1, round(share * count)) for share in RUNGS})
    starts = [0, *ends[:-1]]
    return [[cases[n] for n in order[a:b]] for a, b in zip(starts, ends, strict=True)]


def _said(cost: float | None) -> str:
    return "fails" if cost is None else f"×{math.exp(-cost):.3g}"


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise ToolMissing(
            "more combinations of knobs than can be measured one by one need Optuna",
            "pip install 'corr-llvm[search]', or give the knobs fewer values",
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
