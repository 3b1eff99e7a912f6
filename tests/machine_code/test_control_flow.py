"""Blocks and natural loops of small control-flow graphs drawn by hand."""

from __future__ import annotations

from collectors.machine_code.control_flow import (
    BRANCH,
    FALL,
    INDIRECT,
    JUMP,
    STOP,
    Step,
    block_leaders,
    natural_loops,
)


def shape(steps: list[Step]) -> list[tuple[int, list[int], int, bool]]:
    return [
        (found.header, sorted(found.blocks), found.depth, found.innermost)
        for found in natural_loops(steps)
    ]


def test_straight_line_has_no_loop() -> None:
    steps = [Step(0), Step(4), Step(8, STOP)]
    assert block_leaders(steps) == [0]
    assert shape(steps) == []


def test_nested_loops() -> None:
    steps = [
        Step(0), Step(4), Step(8), Step(12, BRANCH, 8), Step(16, BRANCH, 4), Step(20, STOP),
    ]  # fmt: skip
    assert block_leaders(steps) == [0, 4, 8, 16, 20]
    assert shape(steps) == [(4, [4, 8, 16], 1, False), (8, [8], 2, True)]


def test_two_latches_are_one_loop() -> None:
    steps = [Step(0), Step(4, BRANCH, 12), Step(8, JUMP, 4), Step(12, BRANCH, 4), Step(16, STOP)]
    assert shape(steps) == [(4, [4, 8, 12], 1, True)]


def test_a_backward_jump_that_is_no_loop() -> None:
    """The target does not dominate the jump: code moved out of line, or an irreducible region."""
    steps = [Step(0, JUMP, 8), Step(4, STOP), Step(8), Step(12, JUMP, 4)]
    assert shape(steps) == []


def test_jump_table_inside_a_loop() -> None:
    """The interpreter's shape: loop { switch }, the cases reached by an indirect jump only."""
    steps = [
        Step(0), Step(4), Step(8, INDIRECT), Step(12), Step(16, JUMP, 4), Step(20),
        Step(24, JUMP, 4), Step(28, STOP),
    ]  # fmt: skip
    ((header, blocks, depth, innermost),) = shape(steps)
    assert (header, depth, innermost) == (4, 1, True)
    assert {4, 12, 20} <= set(blocks) and 28 not in blocks


def test_unreachable_code_is_left_out() -> None:
    steps = [Step(0, STOP), Step(4), Step(8, JUMP, 4), Step(12, FALL)]
    assert shape(steps) == []
