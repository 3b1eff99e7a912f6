"""What disassembler, symbolizer and machine model wrote, damaged: a record costs itself, and is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from collectors.base.errors import CorrError
from collectors.base.tool_output import Damage
from collectors.machine_code import instructions, mca
from collectors.machine_code.x86 import X86_64

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "machine_code"
LOOPS = {header: [(header + n, "addsd", "") for n in range(6)] for header in (0x1140, 0x11A0)}


def report() -> dict[str, Any]:
    return json.loads((FIXTURES / "mca.json").read_bytes())


def read(changed: dict[str, Any]) -> tuple[list[int], list[str]]:
    rows, details, problems = mca.parse(json.dumps(changed).encode(), LOOPS, {}, X86_64)
    assert len(details) == 6 * len(rows) and all(p.layer == "mca" for p in problems)
    return rows["machine_loop"].to_pylist(), [f"{p.where}: {p.what}" for p in problems]


def test_the_recorded_report() -> None:
    assert read(report()) == ([0x1140, 0x11A0], [])


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (("Name",), "0x1", "none of the loops"),
        (("Name",), "0x11a0", "there twice"),
        (("Name",), None, "got `null`"),
        (("Instructions",), [], "as much of each"),
        (("InstructionInfoView", "InstructionList"), [], "as much of each"),
        (("InstructionInfoView", "InstructionList", 0, "Latency"), 2**63, "`$.InstructionInfoView"),
        (("InstructionInfoView", "InstructionList", 0, "mayLoad"), 1, "Expected `bool`"),
        (("ResourcePressureView", "ResourcePressureInfo", 0, "ResourceIndex"), 10**6, "resource"),
        (("ResourcePressureView", "ResourcePressureInfo", 0, "ResourceIndex"), -1, ">= 0"),
        (("SummaryView", "Iterations"), 0, ">= 1"),
        (("SummaryView", "DispatchWidth"), 0, ">= 1"),
        (("SummaryView", "IPC"), "nan", "got `str`"),
        (("SummaryView",), [], "got `array`"),
    ],
)
def test_a_damaged_region_costs_itself(path: tuple[Any, ...], value: Any, why: str) -> None:
    changed = report()
    node = changed["CodeRegions"][0]
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    found, (told, *more) = read(changed)
    if value == "0x11a0":  # it cannot be told which of the two is right: the first one is taken
        assert found == [0x11A0] and "CodeRegions[1]" in told and why in told
        return
    assert found == [0x11A0] and not more
    assert told.startswith("mca.json CodeRegions[0]: ") and why in told


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"CodeRegions": [NaN]}', b"\xff"])
def test_what_is_no_report(data: bytes) -> None:
    with pytest.raises(CorrError, match=r"mca\.json"):
        mca.parse(data, LOOPS, {}, X86_64)


def test_a_loop_that_the_model_is_silent_on() -> None:
    changed = report()
    del changed["CodeRegions"][1]
    assert read(changed) == ([0x1140], ["mca.json: llvm-mca says nothing of some loops"])


@pytest.mark.parametrize(
    "line",
    [
        b"  ffffffffffffffff:      \tretq\n",
        b"  " + b"f" * 5000 + b":      \tretq\n",
        b"    1000:      \tretq\n",  # before the one above it
        b"    11\n",
        b"not of objdump\n",
    ],
)
def test_a_damaged_line_of_the_listing(line: bytes) -> None:
    text = [b"Disassembly of section .text:\n", b"\n", b"0000000000001130 <f>:\n"]
    text += [b"    1130:      \tnop\n", line, b"\t\t...\n", b"    1140:      \tretq\n"]
    damage = Damage("instructions", "llvm-objdump")
    (code,) = instructions.parse(text, damage)
    assert [row[0] for row in code.rows] == [0x1130, 0x1140]
    assert [p.where for p in damage.problems()] == ["llvm-objdump:5"]


ANSWER = '{"Address":"%s","Symbol":[{"Column":1,"FileName":"/a.c","FunctionName":"f","Line":%s}]}\n'


@pytest.mark.parametrize(
    "line", ["\n", "x\n", ANSWER % ("0x2", -1), ANSWER % ("0x2", 2**31), ANSWER % ("0x9", 1), ANSWER % ("0x1", 1)]
)  # fmt: skip
def test_an_answer_that_is_lost_moves_no_other(line: str) -> None:
    damage = Damage("instructions", "llvm-symbolizer")
    text = ANSWER % ("0x1", 11) + line + ANSWER % ("0x3", 33)
    found = instructions.symbolized(text.encode().splitlines(), [1, 2, 3], damage)
    assert {at: frames and frames[0]["line"] for at, frames in found.items()} == {1: 11, 3: 33}
    assert [p.where for p in damage.problems()] == ([] if line == "\n" else ["llvm-symbolizer:2"])
