"""The instructions of a pass through a machine loop: all of an innermost one, else its hot path."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pyarrow as pa

from collectors.machine_code import control_flow
from collectors.machine_code.instructions import step_of
from collectors.machine_code.isa import InstructionSet


def by_machine_loop(instructions: pa.Table) -> dict[int, list[tuple[int, str, str]]]:
    """(address, mnemonic, operands) rows of every machine loop, inner loops left out."""
    names = ["machine_loop", "address", "mnemonic", "operands"]
    rows = sorted(
        row
        for row in zip(*(instructions[n].to_pylist() for n in names), strict=True)
        if row[0] is not None
    )
    return {
        loop: [row[1:] for row in group]
        for loop, group in itertools.groupby(rows, key=lambda row: row[0])
    }


def on_hot_path(
    code: pa.Table, header: int, samples: Mapping[int, int], known: InstructionSet
) -> list[tuple[int, str, str]]:
    """The rows of a pass through a loop by `control_flow.hot_path`.

    `code` are the instructions of its function.
    """
    names = ["address", "mnemonic", "operands", "block"]
    rows = sorted(zip(*(code[n].to_pylist() for n in names), strict=True))
    steps = [step_of(address, known.meaning(m, o)) for address, m, o, _ in rows]
    blocks: dict[int, list[tuple[int, str, str]]] = {}
    for address, mnemonic, operands, block in rows:
        blocks.setdefault(block, []).append((address, mnemonic, operands))
    path = control_flow.hot_path(steps, header, samples)
    return [row for block in path for row in blocks[block]]
