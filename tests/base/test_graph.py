"""Loops of graphs: the general ones are the natural ones wherever there is nothing else."""

from __future__ import annotations

import random

import pytest

from collectors.base import graph


def structured(chance: random.Random, size: int) -> dict[int, list[int]]:
    """The graph of a program of branches and loops, each with one entry; some leave several."""
    successors: dict[int, list[int]] = {0: []}

    def block() -> int:
        successors[len(successors)] = []
        return len(successors) - 1

    def sequence(start: int, around: list[int], depth: int) -> int:
        at = start
        for _ in range(chance.randint(1, 3)):
            if len(successors) > size:
                break
            kind, after = chance.choice(("loop", "branch", "plain", "leave")), block()
            if kind == "loop" and depth:
                head = block()
                successors[at].append(head)
                end = sequence(head, [*around, after], depth - 1)
                successors[end] += [head, after]
                if chance.random() < 0.3:
                    successors[end].append(head)
            elif kind == "branch" and depth:
                for _ in range(2):
                    arm = block()
                    successors[at].append(arm)
                    successors[sequence(arm, around, depth - 1)].append(after)
            else:
                successors[at].append(after)
                if kind == "leave" and around:
                    successors[at].append(chance.choice(around))
            at = after
        return at

    sequence(0, [], 4)
    return successors


@pytest.mark.parametrize("seed", range(60))
def test_with_one_entry_each_they_are_the_natural_loops(seed: int) -> None:
    successors = structured(random.Random(seed), 60)
    assert graph.loops(0, successors) == graph.natural_loops(0, successors)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_in_a_cycle_is_in_a_loop(seed: int) -> None:
    chance = random.Random(seed)
    nodes = range(20)
    successors = {n: chance.sample(nodes, chance.randint(0, 2)) for n in nodes}
    bodies = graph.loops(0, successors)
    for block in graph.reached(0, successors):
        again = any(block in graph.reached(t, successors) for t in successors[block])
        assert again == any(block in body for body in bodies.values())
    for natural, body in graph.natural_loops(0, successors).items():
        assert any(body <= found for found in bodies.values()), natural


def test_the_entry_may_be_a_header() -> None:
    assert graph.loops(0, {0: [1], 1: [0, 2], 2: []}) == {0: {0, 1}}


def test_the_heaviest_way_round() -> None:
    successors = {0: [1, 2], 1: [3], 2: [3, 4], 3: [0, 1], 4: []}
    assert graph.heaviest_cycle(0, successors, {1: 2.0, 2: 3.0}) == [0, 2, 3]
    assert graph.heaviest_cycle(0, successors, {1: 2.0, 2: -3.0}) == [0, 1, 3]
    assert graph.heaviest_cycle(4, {4: []}, {}) == []
