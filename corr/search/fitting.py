"""Which ladder over which feature, and whether the feature explains anything at all.

The test is by permutation: the cases keep their costs, their features are dealt anew. Where that
gives ladders as good as the real one in more than 1 % of the deals, the feature says nothing. As
good is told for each number of steps by itself, and a ladder has no more steps than explain more
than those of shuffled cases do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corr.search.ladder import (
    FAILED,
    Costs,
    Groups,
    Ladder,
    Step,
    best_path,
    from_path,
    groups,
    least_costs,
)

#: Deals of a permutation test, and the share of them that may be as good.
DEALS, SIGNIFICANT = 199, 0.01
#: Differences of costs, and of scores, below this are those of rounding.
_ROUNDING = 1e-9
#: Groups of a feature's values at which the test looks, and those of a ladder within a ladder.
COARSE, OUTER, INNER = 40, 8, 16
#: Steps of an inner ladder, and of the outer one.
INNER_STEPS, OUTER_STEPS, MOST_LEAVES = 3, 4, 8
#: Cases below which no second feature is looked at.
ENOUGH_FOR_TWO = 24


@dataclass(frozen=True)
class Table:
    """Costs of cases by setting, `[case, setting]`, with the settings' names and numbers.

    A number is None for one that leaves the knob alone; where another is no number, `free` says
    that the settings have no order.
    """

    costs: Costs
    names: tuple[str, ...]
    numbers: tuple[float | None, ...]
    free: bool = False

    def orders(self) -> list[list[int]]:
        """The orders of settings in which a ladder may go: by number, up or down.

        The one without a number is at either end.
        """
        if self.free:
            return [list(range(len(self.names)))]
        known = [n for n, number in enumerate(self.numbers) if number is not None]
        known.sort(key=lambda n: self.numbers[n] or 0.0)
        none = [n for n, number in enumerate(self.numbers) if number is None]
        ways = [[*none, *known], [*known, *none]] if none else [known]
        return [order for way in ways for order in (way, way[::-1])]


@dataclass(frozen=True)
class Fit:
    """A ladder, its cost over all cases, and the share of deals that explain as much."""

    ladder: Ladder
    cost: float
    p_value: float


def fit(
    table: Table, features: Mapping[str, Sequence[float]], loss: float, most_steps: int
) -> Fit | None:
    """The ladder over the feature that explains most; over two, where the second adds to it.

    None where there is no feature with two values. Whether it is any good, `p_value` says.
    """
    told = {name: v for name, v in features.items() if len(set(v)) > 1}
    if not told or len(table.costs) < 2:
        return None
    allowed = len(table.costs) * math.log1p(loss)
    p_value, steps = _explains(table, told, most_steps)
    found = [one_feature(table, n, v, allowed, steps) for n, v in told.items()]
    best = min(found, key=lambda f: (f.cost > min(o.cost for o in found) + allowed, f.ladder.leaves,
                                     f.cost))  # fmt: skip
    best = Fit(best.ladder, best.cost, p_value)
    if p_value > SIGNIFICANT or len(told) < 2 or len(table.costs) < ENOUGH_FOR_TWO:
        return best
    return _two_features(table, told, best, allowed) or best


def one_feature(
    table: Table, name: str, values: Sequence[float], allowed: float, most_steps: int
) -> Fit:
    """The ladder over one feature: the fewest steps that lose no more than `allowed`."""
    grouped = groups(values)
    costs = grouped.summed(table.costs)
    choices = []
    for order in table.orders():
        by_steps = least_costs(costs[:, order], most_steps, free=table.free)
        choices.append((by_steps, order))
    goal = min(float(by_steps[-1]) for by_steps, _ in choices) + allowed
    steps = next(
        n for n in range(most_steps) if min(float(c[0][n]) for c in choices) <= goal
    )  # fmt: skip
    by_steps, order = min(choices, key=lambda choice: float(choice[0][steps]))
    path = best_path(costs[:, order], steps + 1, free=table.free)
    names = [table.names[n] for n in order]
    return Fit(from_path(name, grouped, path, names), float(by_steps[steps]), 1.0)


def _explains(
    table: Table, features: Mapping[str, Sequence[float]], most_steps: int
) -> tuple[float, int]:
    """The share of deals in which some ladder explains as much, and how many steps do explain.

    Ladders of each number of steps have their own spread over the deals: a gain counts by how far
    it is above their mean, and the best number of steps of each deal competes with that of the
    truth. So it makes no difference how much longer ladders could explain of any deal.
    """
    gains = _gains(table, features, most_steps)
    spread = gains.std(axis=0)
    known = spread > _ROUNDING * max(1.0, float(gains.max()))
    scores = np.where(known, (gains - gains.mean(axis=0)) / np.where(known, spread, 1.0), -np.inf)
    best = scores.max(axis=1)
    by_steps = _share(scores[1:] >= scores[0] - _ROUNDING)
    significant = np.flatnonzero(by_steps <= SIGNIFICANT)
    steps = int(significant[-1]) + 1 if len(significant) else most_steps
    return float(_share(best[1:] >= best[0] - _ROUNDING)), steps


def _share(as_good: NDArray[np.bool_]) -> Costs:
    """The share of all deals that are as good, the true one among them."""
    found: Costs = (1 + np.count_nonzero(as_good, axis=0)) / (1 + DEALS)
    return found


def _gains(table: Table, features: Mapping[str, Sequence[float]], most_steps: int) -> Costs:
    """What ladders of 1, 2, … steps gain over the best single setting: `[deal, steps]`.

    The first deal is the truth.
    """
    random = np.random.default_rng(0)
    count = len(table.costs)
    deals = np.array([np.arange(count), *(random.permutation(count) for _ in range(DEALS))])
    dealt = table.costs[deals]
    single = float(table.costs.sum(axis=0).min())
    gains = np.zeros((len(deals), most_steps))
    for values in features.values():
        costs = groups(values, COARSE).summed(dealt)
        for order in table.orders():
            least = least_costs(costs[..., order], most_steps, free=table.free)
            gains = np.maximum(gains, single - least)
    if single >= FAILED / 2:  # every single setting fails somewhere: count what can be chosen
        gains = np.where(gains < FAILED / 2, 0.0, gains)
    return gains


# --- two features --------------------------------------------------------------------------------


def _two_features(
    table: Table, features: Mapping[str, Sequence[float]], best: Fit, allowed: float
) -> Fit | None:
    """The best ladder of ladders, if the other feature explains what the first does not."""
    found: list[tuple[Fit, str, str]] = []
    for outer, inner in itertools.permutations(features, 2):
        if best.ladder.feature in (outer, inner):
            nested = _nested(table, features, outer, inner, allowed)
            if nested is not None and nested.cost < best.cost - allowed:
                found.append((nested, outer, inner))
    if not found:
        return None
    nested, outer, inner = min(found, key=lambda f: (f[0].ladder.leaves, f[0].cost))
    other = inner if best.ladder.feature == outer else outer
    p_value = _adds(table, features, best.ladder.feature, other, (outer, inner))
    return Fit(nested.ladder, nested.cost, max(best.p_value, p_value)) if (
        p_value <= SIGNIFICANT
    ) else None  # fmt: skip


def _nested(
    table: Table,
    features: Mapping[str, Sequence[float]],
    outer: str,
    inner: str,
    allowed: float,
) -> Fit | None:
    """The fewest leaves, outer steps times inner ones, that lose no more than `allowed`."""
    out = groups(features[outer], OUTER)
    within = groups(features[inner], INNER)
    least = _inner_costs(table, out, within)
    # by groups covered and leaves: cost, and (start, inner steps) of the last segment
    found: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {(0, 0): (0.0, (0, 0))}
    for end in range(1, out.count + 1):
        for start in range(end):
            for leaves, steps in itertools.product(range(MOST_LEAVES), range(1, INNER_STEPS + 1)):
                if (start, leaves) not in found or leaves + steps > MOST_LEAVES:
                    continue
                cost = found[start, leaves][0] + float(least[start, end][steps - 1])
                if cost < found.get((end, leaves + steps), (math.inf,))[0]:
                    found[end, leaves + steps] = (cost, (start, steps))
    whole = {leaves: cost for (end, leaves), (cost, _) in found.items() if end == out.count}
    goal = min(whole.values()) + allowed
    if goal >= FAILED / 2:
        return None
    leaves = min(n for n, cost in whole.items() if cost <= goal)
    ladder = _unrolled(table, out, within, (outer, inner), found, leaves)
    return Fit(ladder, whole[leaves], 1.0)


def _inner_costs(table: Table, out: Groups, within: Groups) -> dict[tuple[int, int], Costs]:
    """The least costs of ladders over the inner feature, for each stretch of outer groups."""
    segments = [(a, b) for a in range(out.count) for b in range(a + 1, out.count + 1)]
    costs = _stretches(table, out, within, segments)
    ways = [
        least_costs(costs[..., order], INNER_STEPS, free=table.free) for order in table.orders()
    ]
    return dict(zip(segments, np.minimum.reduce(ways), strict=True))


def _stretches(
    table: Table, out: Groups, within: Groups, segments: Sequence[tuple[int, int]]
) -> Costs:
    """Summed costs of stretches of outer groups: `[stretch, inner group, setting]`."""
    cells = np.zeros((out.count + 1, within.count, table.costs.shape[-1]))
    np.add.at(cells, (out.member + 1, within.member), table.costs)
    sums = cells.cumsum(axis=0)
    starts, ends = zip(*segments, strict=True)
    found: Costs = sums[list(ends)] - sums[list(starts)]
    return found


def _unrolled(
    table: Table,
    out: Groups,
    within: Groups,
    names: tuple[str, str],
    found: Mapping[tuple[int, int], tuple[float, tuple[int, int]]],
    leaves: int,
) -> Ladder:
    """The ladder of ladders that the costs were found for."""
    steps: list[Step] = []
    end = out.count
    while end:
        start, inner = found[end, leaves][1]
        (grouped,) = _stretches(table, out, within, [(start, end)])
        order = min(
            table.orders(),
            key=lambda o: float(
                least_costs(grouped[:, o], INNER_STEPS, free=table.free)[inner - 1]
            ),
        )
        path = best_path(grouped[:, order], inner, free=table.free)
        ladder = from_path(names[1], within, path, [table.names[n] for n in order])
        choice = ladder.steps[0].choice if len(ladder.steps) == 1 else ladder
        below = None if end == out.count else out.threshold(end)
        if steps and steps[0].choice == choice:
            steps[0] = Step(steps[0].below, choice)
        else:
            steps.insert(0, Step(below, choice))
        end, leaves = start, leaves - inner
    return Ladder(names[0], tuple(steps))


def _adds(
    table: Table,
    features: Mapping[str, Sequence[float]],
    first: str,
    other: str,
    nesting: tuple[str, str],
) -> float:
    """The share of deals of the other feature, among cases alike in the first, that add as much."""
    random = np.random.default_rng(1)
    strata = groups(features[first], OUTER).member
    values = np.asarray(features[other], float)
    costs = []
    for deal in range(1 + DEALS // 2):
        dealt = values.copy()
        for stratum in np.unique(strata) if deal else ():
            cases = np.flatnonzero(strata == stratum)
            dealt[cases] = values[random.permutation(cases)]
        told = {**features, other: list(dealt)}
        costs.append(_coarse(table, told, *nesting))
    as_good = sum(cost <= costs[0] + 1e-9 for cost in costs[1:])
    return (1 + as_good) / len(costs)


def _coarse(table: Table, features: Mapping[str, Sequence[float]], outer: str, inner: str) -> float:
    """The least cost of any ladder of ladders with two outer steps, which is quick to find."""
    out, within = groups(features[outer], OUTER), groups(features[inner], INNER)
    whole = out.count
    parts = [
        (0, whole),
        *((0, cut) for cut in range(1, whole)),
        *((cut, whole) for cut in range(1, whole)),
    ]
    costs = _stretches(table, out, within, parts)
    ways = [
        least_costs(costs[..., order], INNER_STEPS, free=table.free)[:, -1]
        for order in table.orders()
    ]
    least = np.minimum.reduce(ways)
    below, above = least[1:whole], least[whole:]
    return float(min([least[0], *(below + above)]))
