"""Which ladder over which feature, and whether the feature explains anything at all.

Of all ladders that are allowed the one with the fewest steps is taken that loses no more than a
given share to the best, and of those with as many steps the cheapest.

The test is by permutation: the cases keep their costs, their features are dealt anew. Where that
gives ladders as good as the real one in more than 1 % of the deals, the feature says nothing. As
good is told for each number of steps by itself, and a ladder has no more steps than explain more
than those of shuffled cases do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from corr.search.ladder import (
    FAILED,
    Allowed,
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
_ROUNDING = 1e-7
#: Cases that a step has at least.
FEWEST = 3
#: Groups of a feature's values at which the test looks, and those of a ladder within a ladder.
COARSE, OUTER, INNER = 40, 8, 16
#: And those of a ladder within a ladder that is recommended, for as many settings as that at most.
FINE, FINE_SETTINGS = 64, 16
#: Steps of an inner ladder, and of the outer one.
INNER_STEPS, MOST_LEAVES = 3, 8
#: Steps of a ladder whose values go up and down.
FREE_STEPS = 4
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

    def allowed(self, sizes: NDArray[np.int64]) -> Allowed:
        """The ladders over groups of so many cases."""
        return Allowed(self.free, sizes, min(FEWEST, len(self.costs)))

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
    """A ladder, its cost over all cases, and the share of deals that explain as much; whether its
    values go up and down.
    """

    ladder: Ladder
    cost: float
    p_value: float
    turns: bool = False


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
    best = _best(table, told, allowed, most_steps)
    if best.p_value <= SIGNIFICANT and len(told) > 1 and len(table.costs) >= ENOUGH_FOR_TWO:
        best = _two_features(table, told, best, allowed) or best
    return best if table.free else _any_way(table, told, best, allowed, most_steps)


def _best(
    table: Table, features: Mapping[str, Sequence[float]], allowed: float, most_steps: int
) -> Fit:
    """The ladder over the feature that explains most."""
    p_value, steps = _explains(table, features, most_steps)
    found = [one_feature(table, n, v, allowed, steps) for n, v in features.items()]
    best = min(found, key=lambda f: (f.cost > min(o.cost for o in found) + allowed, f.ladder.leaves,
                                     f.cost))  # fmt: skip
    return Fit(best.ladder, best.cost, p_value)


def _any_way(
    table: Table,
    features: Mapping[str, Sequence[float]],
    best: Fit,
    allowed: float,
    most_steps: int,
) -> Fit:
    """The ladder whose values go up and down, where one that goes one way is wrong somewhere.

    It has to explain what the other does not, better than where cases are dealt anew within the
    other's steps; and be as good as no deal is: it is the second try.
    """
    free, most = replace(table, free=True), min(most_steps, FREE_STEPS)
    turned = _best(free, features, allowed, most)
    proven = best.p_value <= SIGNIFICANT
    if turned.ladder.leaves < 3 or (proven and turned.cost >= best.cost - allowed):
        return best
    p_value = turned.p_value
    if proven:
        told = [dict(zip(features, v, strict=True)) for v in zip(*features.values(), strict=True)]
        same = np.array([table.names.index(best.ladder.setting(one)) for one in told])
        gains = _gains(free, features, most, same)[:, turned.ladder.leaves - 1]
        p_value = max(p_value, float(_share(gains[1:] >= gains[0] - _ROUNDING)))
    if 2 * p_value > SIGNIFICANT:
        return best
    return Fit(turned.ladder, turned.cost, 2 * p_value, turns=True)


def one_feature(
    table: Table, name: str, values: Sequence[float], allowed: float, most_steps: int
) -> Fit:
    """The ladder over one feature: the fewest steps that lose no more than `allowed`."""
    grouped = groups(values)
    costs = grouped.summed(table.costs)
    may = table.allowed(grouped.sizes)
    choices = []
    for order in table.orders():
        by_steps = least_costs(costs[:, order], most_steps, may)
        choices.append((by_steps, order))
    goal = min(float(by_steps[-1]) for by_steps, _ in choices) + allowed
    steps = next(
        n for n in range(most_steps) if min(float(c[0][n]) for c in choices) <= goal
    )  # fmt: skip
    by_steps, order = min(choices, key=lambda choice: float(choice[0][steps]))
    path = best_path(costs[:, order], steps + 1, may)
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


def _gains(
    table: Table,
    features: Mapping[str, Sequence[float]],
    most_steps: int,
    strata: NDArray[np.int64] | None = None,
) -> Costs:
    """What ladders of 1, 2, … steps gain over the best single setting: `[deal, steps]`.

    The first deal is the truth; cases are dealt among those of their stratum.
    """
    random = np.random.default_rng(0)
    count = len(table.costs)
    deals = np.tile(np.arange(count), (1 + DEALS, 1))
    for members in [np.arange(count)] if strata is None else _members(strata):
        for deal in deals[1:]:
            deal[members] = random.permutation(members)
    dealt = table.costs[deals]
    single = float(table.costs.sum(axis=0).min())
    gains = np.zeros((len(deals), most_steps))
    for values in features.values():
        grouped = groups(values, COARSE)
        costs = grouped.summed(dealt)
        may = table.allowed(grouped.sizes)
        for order in table.orders():
            least = least_costs(costs[..., order], most_steps, may)
            gains = np.maximum(gains, single - least)
    if single >= FAILED / 2:  # every single setting fails somewhere: count what can be chosen
        gains = np.where(gains < FAILED / 2, 0.0, gains)
    return gains


def _members(strata: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The cases of each stratum."""
    return [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]


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
    fine = len(table.names) <= FINE_SETTINGS
    out = groups(features[outer], FINE if fine else FINE // 2)
    within = groups(features[inner], FINE if fine else FINE // 2)
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
    return _unrolled(table, features, out, (outer, inner), found, leaves)


def _inner_costs(table: Table, out: Groups, within: Groups) -> dict[tuple[int, int], Costs]:
    """The least costs of ladders over the inner feature, for each stretch of outer groups."""
    segments = [(a, b) for a in range(out.count) for b in range(a + 1, out.count + 1)]
    return dict(zip(segments, _least(table, out, within, segments), strict=True))


def _least(table: Table, out: Groups, within: Groups, segments: Sequence[tuple[int, int]]) -> Costs:
    """The least costs of ladders over the inner feature, by stretch of outer groups and steps."""
    costs, sizes = _stretches(table, out, within, segments)
    may = Allowed(table.free, sizes, min(FEWEST, len(table.costs)))
    ways = [least_costs(costs[..., order], INNER_STEPS, may) for order in table.orders()]
    found: Costs = np.minimum.reduce(ways)
    return found


def _stretches(
    table: Table, out: Groups, within: Groups, segments: Sequence[tuple[int, int]]
) -> tuple[Costs, NDArray[np.int64]]:
    """Summed costs of stretches of outer groups, `[stretch, inner group, setting]`, and of how many
    cases each is, `[stretch, inner group]`.
    """
    cells = np.zeros((out.count + 1, within.count, table.costs.shape[-1]))
    cases = np.zeros((out.count + 1, within.count), int)
    np.add.at(cells, (out.member + 1, within.member), table.costs)
    np.add.at(cases, (out.member + 1, within.member), 1)
    sums, counts = cells.cumsum(axis=0), cases.cumsum(axis=0)
    starts, ends = (list(each) for each in zip(*segments, strict=True))
    return sums[ends] - sums[starts], counts[ends] - counts[starts]


def _unrolled(
    table: Table,
    features: Mapping[str, Sequence[float]],
    out: Groups,
    names: tuple[str, str],
    found: Mapping[tuple[int, int], tuple[float, tuple[int, int]]],
    leaves: int,
) -> Fit:
    """The ladder of ladders that the costs were found for, each inner one over its own cases."""
    steps: list[Step] = []
    cost = 0.0
    end = out.count
    values = np.asarray(features[names[1]], float)
    while end:
        start, inner = found[end, leaves][1]
        cases = np.flatnonzero((out.member >= start) & (out.member < end))
        part = replace(table, costs=table.costs[cases])
        grouped = groups(list(values[cases]))
        costs, may = grouped.summed(part.costs), part.allowed(grouped.sizes)
        least, order = min(
            ((float(least_costs(costs[:, o], inner, may)[-1]), o) for o in table.orders()),
            key=lambda way: way[0],
        )
        path = best_path(costs[:, order], inner, may)
        ladder = from_path(names[1], grouped, path, [table.names[n] for n in order])
        choice = ladder.steps[0].choice if len(ladder.steps) == 1 else ladder
        below = None if end == out.count else out.threshold(end)
        if steps and steps[0].choice == choice:
            steps[0] = Step(steps[0].below, choice)
        else:
            steps.insert(0, Step(below, choice))
        cost += least
        end, leaves = start, leaves - inner
    return Fit(Ladder(names[0], tuple(steps)), cost, 1.0)


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
        for cases in _members(strata) if deal else ():
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
    least = _least(table, out, within, parts)[:, -1]
    below, above = least[1:whole], least[whole:]
    return float(min([least[0], *(below + above)]))
