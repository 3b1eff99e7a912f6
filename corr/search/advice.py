"""What is recommended for each class of cases: a ladder, a constant, or nothing.

Fitted to the tuning cases only; what it is worth, the held-out ones say (`proof.py`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from collectors.base.foreign_text import one_line
from corr.search.cases import Case
from corr.search.fitting import SIGNIFICANT, Table, fit
from corr.search.ladder import FAILED, Ladder, between, constant
from corr.search.outcome import Outcome, Result, Role
from corr.search.settings import Setting
from corr.search.study import Recommend
from corr.timing.verdict import MARGIN

RECOMMENDED, NOTHING = "recommended", "no recommendation"
#: Share of the cases that a setting must have been measured for.
ENOUGH = 0.75
#: Characters of the name of a case that lacks a feature.
LONGEST_NAME = 60
#: Cases that an early return must cover at least.
FEWEST_EARLY = 3


@dataclass(frozen=True)
class Early:
    """Where the baseline is as good as anything: nothing need be decided there."""

    feature: str
    least: float
    cases: int


@dataclass(frozen=True)
class Advice:
    """What is recommended for a class. Speed-ups are geometric means over the tuning cases.

    `single` is the setting that is best for all of them alike, None where each fails somewhere;
    `sure_speedup` is that of the best of each case as far as it is no luck.
    """

    group: str
    verdict: str
    why: str
    cases: int
    baseline: str
    ladder: Ladder | None = None
    speedup: float = 1.0
    single: str | None = None
    single_speedup: float = 1.0
    best_speedup: float = 1.0
    sure_speedup: float = 1.0
    p_value: float | None = None
    early: tuple[Early, ...] = ()

    def setting(self, case: Case) -> str:
        """The setting that is advised for a case: the baseline where nothing is."""
        if self.ladder is None:
            return self.baseline
        return self.ladder.setting(case.features)


def advise(
    group: str,
    cases: Sequence[Case],
    results: Sequence[Result],
    settings: Sequence[Setting],
    baseline: Setting,
    wanted: Recommend,
) -> Advice:
    """The advice for cases of one class, from the results that there are of them."""
    table, measured = table_of(cases, results, settings, baseline)
    names = wanted.features or _common(measured)
    features = {n: [case.features[n] for case in measured] for n in names}
    count = len(measured)
    if count == 0:
        return Advice(group, NOTHING, _unmeasured(cases, results), 0, baseline.name)
    totals = table.costs.sum(axis=0)
    single = _single(totals, count, wanted.loss)
    single_speedup = math.exp(-float(totals[single]) / count) if single is not None else 1.0
    best = math.exp(-float(table.costs.min(axis=1).sum()) / count)
    early = _early(table, features, wanted.loss)
    known = Advice(
        group,
        NOTHING,
        "",
        count,
        baseline.name,
        single=None if single is None else table.names[single],
        single_speedup=single_speedup,
        best_speedup=best,
        sure_speedup=_sure(measured, results),
        early=early,
    )
    advice = _judged(known, table, features, wanted)
    lacking = "" if wanted.features or advice.verdict == RECOMMENDED else _lacking(measured)
    return replace(advice, why=advice.why + lacking)


def _sure(cases: Sequence[Case], results: Sequence[Result]) -> float:
    """What the best value of each case gives, where it is faster beyond its interval; else as is.

    Of several values one is faster by chance in every case: the best of them says nothing yet.
    """
    best = {case.name: 0.0 for case in cases}
    for r in results:
        sure = r.role == Role.value and r.outcome == Outcome.ok and not r.disagreement
        if sure and r.case_name in best and r.ratio and (r.high is None or r.high < 1):
            best[r.case_name] = min(best[r.case_name], math.log(r.ratio))
    return math.exp(-math.fsum(best.values()) / len(best))


def _unmeasured(cases: Sequence[Case], results: Sequence[Result]) -> str:
    """Why there is no time of any value."""
    names = {case.name for case in cases}
    outcomes = {r.outcome for r in results if r.role == Role.value and r.case_name in names}
    if not outcomes:
        return "no case was measured"
    if outcomes == {Outcome.baseline}:
        return "the baseline fails for every case that was measured"
    return "every value fails for every case that was measured"


def _judged(
    known: Advice, table: Table, features: Mapping[str, Sequence[float]], wanted: Recommend
) -> Advice:
    if known.single is not None and _everywhere(table, known.single, wanted.loss):
        if known.single != known.baseline:
            why = f"{known.single} is best, or as good, in every case"
            return _with(known, why, RECOMMENDED, constant(known.single), known.single_speedup)
        return _with(known, f"nothing is better than {known.baseline}, as it is, in any case")
    found = fit(_reluctant(table, wanted.loss), features, wanted.loss, wanted.most_steps)
    if found is None:
        why = "the cases have no feature that differs" if not features else "too few cases"
        return _with(known, why)
    speedup = _speedup(table, found.ladder, features)
    names = ", ".join(features)
    if found.p_value > SIGNIFICANT:
        why = (
            f"no ladder of thresholds ({names}) explains which value is best: with shuffled cases"
            f" there are some as good in {found.p_value:.0%} of the deals"
        )
        return _with(known, why, p_value=found.p_value)
    if speedup == 0:
        return _with(known, "every ladder has a value that fails somewhere", p_value=found.p_value)
    if found.ladder.leaves == 1 or speedup < known.single_speedup * (1 + wanted.loss):
        why = f"one value for all loses no more than {wanted.loss:.0%} to any ladder"
        return _with(known, why, p_value=found.p_value)
    over = " and ".join(found.ladder.features)
    turns = ", by values that go up and down" if found.turns else ""
    why = (
        f"{over} explain{'' if len(found.ladder.features) > 1 else 's'} which value is best{turns}:"
        f" shuffled cases do as well in at most "
        f"{found.p_value:.1%} of the deals"
    )
    return _with(known, why, RECOMMENDED, found.ladder, speedup, found.p_value)


def _everywhere(table: Table, name: str, loss: float) -> bool:
    """A value is the best of each case, or as good: not behind by more than counts as the same.

    And over all cases it loses no more than `loss` to the best of each.
    """
    behind = table.costs[:, list(table.names).index(name)] - table.costs.min(axis=1)
    return bool((behind <= math.log1p(MARGIN)).all() and behind.mean() <= math.log1p(loss))


def _reluctant(table: Table, loss: float) -> Table:
    """The table in which a value has to gain half of what may be lost, to be worth anything.

    So that where nothing matters the knob is left alone.
    """
    costs = table.costs.copy()
    costs[:, 1:] += math.log1p(loss) / 2
    return replace(table, costs=costs)


def _speedup(table: Table, ladder: Ladder, features: Mapping[str, Sequence[float]]) -> float:
    """What a ladder gives for the cases of a table; 0 where what it chooses fails."""
    column = {name: n for n, name in enumerate(table.names)}
    total = 0.0
    for case, costs in enumerate(table.costs):
        told = {name: values[case] for name, values in features.items()}
        total += float(costs[column[ladder.setting(told)]])
    return math.exp(-total / len(table.costs)) if total < FAILED / 2 else 0.0


def _with(
    known: Advice,
    why: str,
    verdict: str = NOTHING,
    ladder: Ladder | None = None,
    speedup: float = 1.0,
    p_value: float | None = None,
) -> Advice:
    return replace(known, verdict=verdict, why=why, ladder=ladder, speedup=speedup, p_value=p_value)


def table_of(
    cases: Sequence[Case],
    results: Sequence[Result],
    settings: Sequence[Setting],
    baseline: Setting,
) -> tuple[Table, list[Case]]:
    """The costs of the cases that were measured, the baseline's own, 0, among them.

    A setting that was not measured for a case is as good as one that failed there; one that was
    measured for fewer than three in four, given up early by a search over several knobs, is left
    out.
    """
    costs = {
        (r.case_name, r.setting): math.log(r.ratio)
        for r in results
        if r.role == Role.value and r.outcome == Outcome.ok and r.ratio
    }
    # what CPU and wall time say opposite things of is chosen as little as what fails
    costs |= {(r.case_name, r.setting): FAILED for r in results if r.disagreement}
    known = {case for case, _ in costs}
    measured = [case for case in cases if case.name in known]
    tried = Counter(r.setting for r in results if r.role == Role.value and r.case_name in known)
    enough = ENOUGH * len(measured)
    used = [baseline, *(s for s in settings if s != baseline and tried[s.name] >= enough > 0)]
    table = np.full((len(measured), len(used)), FAILED)
    table[:, 0] = 0.0
    for row, case in enumerate(measured):
        for column, setting in enumerate(used[1:], start=1):
            table[row, column] = costs.get((case.name, setting.name), FAILED)
    numbers = tuple(setting.number for setting in used)
    free = any(s.number is None and s.values != (None,) for s in used)
    return Table(table, tuple(s.name for s in used), numbers, free), measured


def _common(cases: Sequence[Case]) -> list[str]:
    """The features that every case has."""
    names = list(cases[0].features) if cases else []
    return [n for n in names if all(n in case.features for case in cases)]


def _lacking(cases: Sequence[Case]) -> str:
    """What some cases have and others lack, so that it could not decide."""
    told = []
    for name in dict.fromkeys(n for case in cases for n in case.features):
        without = [case.name for case in cases if name not in case.features]
        if without:
            first = one_line(without[0], LONGEST_NAME)
            told.append(
                f"{name} is no number in {len(without)} of {len(cases)} cases, as {first!r}"
            )
    return f"; {'; '.join(told)}" if told else ""


def _single(totals: Sequence[float], count: int, loss: float) -> int | None:
    """The best setting for all cases; the baseline, or the first, of those as good."""
    least = float(min(totals))
    if least >= FAILED / 2:
        return None
    good = [n for n, total in enumerate(totals) if total <= least + count * math.log1p(loss)]
    if 0 in good:
        return 0
    return min(good, key=lambda n: (float(totals[n]) > least + 1e-12, n))


def _early(table: Table, features: Mapping[str, Sequence[float]], loss: float) -> tuple[Early, ...]:
    """For each feature, from where on leaving all as it is loses no more than `loss`."""
    behind = -table.costs.min(axis=1)  # what the baseline loses to the best of the case
    found = []
    for name, values in features.items():
        order = np.argsort(values, kind="stable")[::-1]
        ordered = np.asarray(values)[order]
        lost = np.cumsum(behind[order])
        ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
        good = [e for e in ends if lost[e] <= (e + 1) * math.log1p(loss)]
        if good and FEWEST_EARLY <= good[-1] + 1 < len(values):
            last = int(good[-1])
            least = between(float(ordered[last + 1]), float(ordered[last]))
            found.append(Early(name, least, last + 1))
    return tuple(found)
