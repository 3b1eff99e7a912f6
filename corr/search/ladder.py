"""Threshold ladders: `if (x < 1024) 512 else if (x < 16384) 64 else 8`, fitted to measured costs.

A cost is the logarithm of a time over the baseline's, so that sums are geometric means. The values
of a ladder go one way, up or down, as the feature grows, or any way where that is asked for; each
step has a least number of cases. The cheapest of all such ladders is found by dynamic programming
over the cases in the order of the feature, for many shuffled orders at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Costs = NDArray[np.float64]
Numbers = NDArray[np.int64]
#: The cost of what failed: no ladder may choose it.
FAILED = 1e6


@dataclass(frozen=True)
class Step:
    """What is chosen below a threshold; None: for all the rest."""

    below: float | None
    choice: str | Ladder


@dataclass(frozen=True)
class Ladder:
    """Thresholds of one feature; a choice may be a ladder of another. One step is a constant."""

    feature: str
    steps: tuple[Step, ...]

    def setting(self, features: Mapping[str, float]) -> str:
        """What it chooses for a case."""
        for step in self.steps:
            if step.below is None or features[self.feature] < step.below:
                choice = step.choice
                return choice if isinstance(choice, str) else choice.setting(features)
        raise AssertionError("the last step of a ladder has no threshold")

    @property
    def features(self) -> list[str]:
        """The features that it asks for, the outer one first."""
        inner = [f for s in self.steps if isinstance(s.choice, Ladder) for f in s.choice.features]
        own = [self.feature] if len(self.steps) > 1 else []
        return list(dict.fromkeys([*own, *inner]))

    @property
    def leaves(self) -> int:
        """How many values it chooses between, counted at each place."""
        return sum(1 if isinstance(s.choice, str) else s.choice.leaves for s in self.steps)

    def __str__(self) -> str:
        if len(self.steps) == 1:
            return str(self.steps[0].choice)
        parts = []
        for step in self.steps:
            what = step.choice if isinstance(step.choice, str) else f"({step.choice})"
            below = "else" if step.below is None else f"{self.feature} < {step.below:g}:"
            parts.append(f"{below} {what}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Groups:
    """Cases with equal values of a feature together, in its order: `ends[g]` is the largest value
    of group g, `starts[g]` the smallest, `member[case]` its group.
    """

    member: Numbers
    starts: Costs
    ends: Costs

    @property
    def count(self) -> int:
        return len(self.starts)

    @property
    def sizes(self) -> Numbers:
        """How many cases each has."""
        found: Numbers = np.bincount(self.member, minlength=self.count)
        return found

    def summed(self, costs: Costs) -> Costs:
        """Costs of cases, `[…, case, value]`, as costs of groups."""
        shape = (*costs.shape[:-2], self.count, costs.shape[-1])
        found = np.zeros(shape)
        np.add.at(np.moveaxis(found, -2, 0), self.member, np.moveaxis(costs, -2, 0))
        return found

    def threshold(self, group: int) -> float:
        """A round number between this group and the one before it."""
        return between(float(self.ends[group - 1]), float(self.starts[group]))


def groups(values: Sequence[float], most: int | None = None) -> Groups:
    """The groups of a feature's values; at most so many, of about equal sizes."""
    array = np.asarray(values, float)
    distinct, member = np.unique(array, return_inverse=True)
    if most is None or len(distinct) <= most:
        return Groups(member, distinct, distinct)
    counts = np.bincount(member)
    middle = np.cumsum(counts) - counts / 2
    coarse = np.minimum((middle * most / len(array)).astype(int), most - 1)
    _, coarse = np.unique(coarse, return_inverse=True)
    firsts = np.flatnonzero(np.diff(coarse, prepend=-1))
    lasts = np.append(firsts[1:] - 1, len(distinct) - 1)
    return Groups(coarse[member], distinct[firsts], distinct[lasts])


def between(low: float, high: float) -> float:
    """The roundest number above `low` and at most `high`: a power of two, else few digits."""
    if low >= high:
        return high
    if high >= 1 and low >= 0:
        power = 2.0 ** math.floor(math.log2(high))
        if power > low:
            return power
    span = high - low
    for digits in range(-math.floor(math.log10(span)) - 1, 18):
        rounded = math.floor(high * 10.0**digits) / 10.0**digits
        if low < rounded <= high:
            return float(rounded)
    return high


def constant(choice: str) -> Ladder:
    """One value for all cases."""
    return Ladder("", (Step(None, choice),))


@dataclass(frozen=True)
class Allowed:
    """Which ladders there may be: with values that go any way (`free`), not only up in their order
    from group to group, and with so many cases a step at least.

    `sizes` are the cases of each group, `[group]` or `[…, group]`; None: one each.
    """

    free: bool = False
    sizes: Numbers | None = None
    fewest: int = 1

    def latest(self, count: int) -> Numbers:
        """The last group before which a step may begin, by its end: `[…, end]`; -1: none."""
        sizes = np.ones(count, int) if self.sizes is None else self.sizes
        until = np.concatenate([np.zeros_like(sizes[..., :1]), sizes.cumsum(axis=-1)], axis=-1)
        found: Numbers
        if until.ndim == 1:
            found = np.searchsorted(until, until - self.fewest, side="right") - 1
        else:
            enough = until[..., None, :] <= until[..., :, None] - self.fewest
            found = np.count_nonzero(enough, axis=-1) - 1
        return found


def least_costs(costs: Costs, steps: int, allowed: Allowed | None = None) -> Costs:
    """The least cost with at most 1, 2, … `steps` steps: `[…, group, value]` → `[…, steps]`."""
    by_steps = [state[..., -1, :].min(axis=-1) for state, _ in _states(costs, steps, allowed)]
    return np.minimum.accumulate(np.stack(by_steps, axis=-1), axis=-1)


def best_path(costs: Costs, steps: int, allowed: Allowed | None = None) -> list[int]:
    """The value of each group, `[group, value]`, with at most so many steps."""
    allowed = allowed or Allowed()
    states = list(_states(costs, steps, allowed))
    latest = allowed.latest(len(costs))
    step = int(np.argmin([state[-1].min() for state, _ in states]))
    value, end = int(np.argmin(states[step][0][-1])), len(costs)
    path: list[int] = []
    while step:
        begin = int(np.argmin(states[step][1][: latest[end] + 1, value]))
        path[:0] = [value] * (end - begin)
        before = states[step - 1][0][begin]
        value, end = int(np.argmin(before if allowed.free else before[:value])), begin
        step -= 1
    return [value] * end + path


def _states(costs: Costs, steps: int, allowed: Allowed | None) -> Iterator[tuple[Costs, Costs]]:
    """For 1, 2, … steps: the least cost up to each end with each last value, `[…, end, value]`,
    and that of the steps before the last, less what its value costs there, by its begin.
    """
    allowed = allowed or Allowed()
    nothing = np.zeros_like(costs[..., :1, :])
    until = np.concatenate([nothing, costs.cumsum(axis=-2)], axis=-2)
    latest = allowed.latest(costs.shape[-2])[..., None]
    begins = np.maximum(latest, 0)
    if begins.ndim < until.ndim:
        begins = begins.reshape((1,) * (until.ndim - begins.ndim) + begins.shape)
    state = np.where(latest >= 0, until, np.inf)
    yield state, nothing
    for _ in range(steps - 1):
        before = np.minimum.accumulate(state, axis=-1)
        if allowed.free:
            before = np.broadcast_to(before[..., -1:], state.shape)
        else:
            nowhere = np.full_like(before[..., :1], np.inf)
            before = np.concatenate([nowhere, before[..., :-1]], axis=-1)
        come = before - until
        cheapest = np.minimum.accumulate(come, axis=-2)
        state = until + np.take_along_axis(cheapest, begins, axis=-2)
        state = np.where(latest >= 0, state, np.inf)
        yield state, come


def from_path(feature: str, found: Groups, path: Sequence[int], names: Sequence[str]) -> Ladder:
    """The ladder of a path; equal neighbours are one step."""
    steps: list[Step] = []
    for group in range(1, found.count + 1):
        last = group == found.count
        if last or path[group] != path[group - 1]:
            below = None if last else found.threshold(group)
            steps.append(Step(below, names[path[group - 1]]))
    return Ladder(feature, tuple(steps))
