"""Threshold ladders: `if (x < 1024) 512 else if (x < 16384) 64 else 8`, fitted to measured costs.

A cost is the logarithm of a time over the baseline's, so that sums are geometric means. The values
of a ladder go one way, up or down, as the feature grows: of all such ladders the one with the
fewest steps is taken that loses no more than a given share to the best. It is found by dynamic
programming over the cases in the order of the feature, for many shuffled orders at a time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
    """Thresholds of one feature; a choice may be a ladder of another."""

    feature: str
    steps: tuple[Step, ...]

    def setting(self, features: Mapping[str, float]) -> str:
        """What it chooses for a case."""
        value = features[self.feature]
        for step in self.steps:
            if step.below is None or value < step.below:
                choice = step.choice
                return choice if isinstance(choice, str) else choice.setting(features)
        raise AssertionError("the last step of a ladder has no threshold")

    @property
    def features(self) -> list[str]:
        """The features that it asks for, the outer one first."""
        inner = [f for s in self.steps if isinstance(s.choice, Ladder) for f in s.choice.features]
        return list(dict.fromkeys([self.feature, *inner]))

    @property
    def leaves(self) -> int:
        """How many values it chooses between, counted at each place."""
        return sum(1 if isinstance(s.choice, str) else s.choice.leaves for s in self.steps)

    def __str__(self) -> str:
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


def least_costs(costs: Costs, steps: int, *, free: bool = False) -> Costs:
    """The least cost with at most 1, 2, … `steps` steps: `[…, group, value]` → `[…, steps]`.

    The values may only go up in their order from group to group; `free`: any way.
    """
    state = _start(costs, steps)
    for group in range(1, costs.shape[-2]):
        state = np.minimum(state, _switched(state, free=free)[0]) + costs[..., None, group, :]
    return np.minimum.accumulate(state.min(axis=-1), axis=-1)


def best_path(costs: Costs, steps: int, *, free: bool = False) -> list[int]:
    """The value of each group, `[group, value]`, with at most so many steps."""
    state = _start(costs, steps)
    came: list[tuple[NDArray[np.bool_], Numbers]] = []
    for group in range(1, len(costs)):
        switched, source = _switched(state, free=free)
        turn = switched < state
        came.append((turn, source))
        state = np.minimum(state, switched) + costs[None, group, :]
    step, value = np.unravel_index(np.argmin(state), state.shape)
    path = [int(value)]
    for turn, source in reversed(came):
        if turn[step, value]:
            value = source[step, value]
            step -= 1
        path.append(int(value))
    return path[::-1]


def _start(costs: Costs, steps: int) -> Costs:
    state = np.full((*costs.shape[:-2], steps, costs.shape[-1]), np.inf)
    state[..., 0, :] = costs[..., 0, :]
    return state


def _switched(state: Costs, *, free: bool) -> tuple[Costs, Numbers]:
    """What it costs to come from another value with a step less, and from which one."""
    width = state.shape[-1]
    if free:
        source = np.broadcast_to(np.argmin(state, axis=-1, keepdims=True), state.shape)
    else:
        least = np.minimum.accumulate(state, axis=-1)
        source = np.maximum.accumulate(np.where(state == least, np.arange(width), 0), axis=-1)
        source = np.concatenate([np.zeros_like(source[..., :1]), source[..., :-1]], axis=-1)
    cost = np.take_along_axis(state, source, axis=-1)
    if not free:
        cost[..., 0] = np.inf
    before = np.full_like(state, np.inf)
    before[..., 1:, :] = cost[..., :-1, :]
    origin = np.zeros_like(source)
    origin[..., 1:, :] = source[..., :-1, :]
    return before, origin


def from_path(feature: str, found: Groups, path: Sequence[int], names: Sequence[str]) -> Ladder:
    """The ladder of a path; equal neighbours are one step."""
    steps: list[Step] = []
    for group in range(1, found.count + 1):
        last = group == found.count
        if last or path[group] != path[group - 1]:
            below = None if last else found.threshold(group)
            steps.append(Step(below, names[path[group - 1]]))
    return Ladder(feature, tuple(steps))
