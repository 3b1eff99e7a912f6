"""Blocks and loops of small control-flow graphs drawn by hand."""

from __future__ import annotations

from collectors.machine_code.control_flow import (
    BRANCH,
    FALL,
    INDIRECT,
    JUMP,
    STOP,
    Step,
    block_leaders,
    hot_path,
    loops,
)


def shape(steps: list[Step]) -> list[tuple[int, list[int], int, bool]]:
    return [
        (found.header, sorted(found.blocks), found.depth, found.innermost) for found in loops(steps)
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


def test_padding_is_no_case_of_a_jump_table() -> None:
    """It lies behind a jump, before a loop whose head stands in its middle."""
    steps = [
        Step(0), Step(4, INDIRECT),
        Step(8, JUMP, 20), Step(12, idle=True), Step(16), Step(20), Step(24, BRANCH, 16),
        Step(28, BRANCH, 16), Step(32, STOP),
    ]  # fmt: skip
    assert shape(steps) == [(20, [16, 20, 28], 1, True)]


def test_a_case_may_begin_with_padding() -> None:
    steps = [
        Step(0), Step(4, INDIRECT), Step(8, STOP),
        Step(12, idle=True), Step(16), Step(20, BRANCH, 16), Step(24, STOP),
    ]  # fmt: skip
    assert shape(steps) == [(16, [16], 1, True)]


def test_a_cycle_with_two_entries() -> None:
    """Its header is one of its entries; what is nested in it is found as well."""
    steps = [
        Step(0, BRANCH, 12),
        Step(4), Step(8, BRANCH, 8), Step(12), Step(16, BRANCH, 4), Step(20, STOP),
    ]  # fmt: skip
    assert shape(steps) == [(8, [8], 2, True), (12, [4, 8, 12], 1, False)]


#: A loop with a test that is hardly ever true, a loop inside, and two ways of which one is usual.
BRANCHY = [
    Step(0), Step(4), Step(8, BRANCH, 20), Step(12), Step(16, JUMP, 40),
    Step(20), Step(24, BRANCH, 24), Step(28, BRANCH, 36), Step(32), Step(36), Step(40),
    Step(44, BRANCH, 4), Step(48, STOP),
]  # fmt: skip


def test_the_hot_path_of_a_loop() -> None:
    inside = {24: 900}  # of the loop inside: not its own
    assert hot_path(BRANCHY, 4, {4: 50, 20: 40, 28: 30, 36: 20, 40: 50, 32: 1, **inside}) == [
        4, 20, 28, 36, 40,
    ]  # fmt: skip
    assert hot_path(BRANCHY, 4, {4: 50, 12: 40, 16: 10, 40: 50, 36: 1, **inside}) == [4, 12, 40]
    assert hot_path(BRANCHY, 8, {}) == []


def test_without_samples_there_is_a_path_as_well() -> None:
    path = hot_path(BRANCHY, 4, {})
    assert path[0] == 4 and path[-1] == 40
