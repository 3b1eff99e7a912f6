"""Directives for hot loops name the lines of the program that was measured, whatever is best now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.judging import together
from corr.optimize.moves.pragma import Pragma
from corr.optimize.proposal import Proposal, Situation
from corr.optimize.rules import loops
from corr.optimize.rules.proposer import Search
from corr.optimize.variant import Variant

PLACE = {"loop": "matmul/1", "share": 0.9, "vector": None, "unroll": None}


def _measured_at(line: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object, **__: object) -> pa.Table:
        return pa.Table.from_pylist([{**PLACE, "place": f"matmul.c:{line}"}])

    monkeypatch.setattr(loops, "ask", ask)


def _for_line(text: str) -> int:
    return next(n for n, line in enumerate(text.split("\n"), 1) if "for (" in line)


def test_they_are_moved_to_where_the_loop_is_in_the_best(
    situation: Situation, tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A best of the same iteration has no run yet: lines are those of the one before it."""
    before = situation.best
    source = before.program.units[0].source
    text = before.text(source)
    best = before.with_text(source, f"/* three\n   more\n   lines */\n{text}")
    line = _for_line(text)
    _measured_at(line, monkeypatch)
    first, *_ = loops.proposals(replace(situation, best=best, measured=before))
    assert first.shown is before
    (move,) = first.moves
    assert isinstance(move, Pragma) and move.line == line
    own = move.changed(before)
    found = together.merged(before, own, best, first.moves, tools, tmp_path).text(source)
    lines = found.split("\n")
    at = next(n for n, one in enumerate(lines) if "#pragma clang loop" in one)
    assert "for (" in lines[at + 1] and found.startswith("/* three")


def test_a_measured_best_names_its_own_lines(
    situation: Situation, monkeypatch: pytest.MonkeyPatch
) -> None:
    _measured_at(
        _for_line(situation.best.text(situation.best.program.units[0].source)), monkeypatch
    )
    assert all(p.shown is situation.best for p in loops.proposals(situation))


def test_the_next_iteration_asks_its_own_run(
    situation: Situation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was tried of a loop is not tried again there, whatever its line is by then."""

    def proposals(now: Situation) -> Iterator[Proposal]:
        for number in (2, 4, 8):
            move = Pragma(
                "matmul.c", now.iteration, (f"#pragma clang loop unroll_count({number})",)
            )
            yield Proposal((move,), "", "rules", loop="matmul/1", shown=now.best)

    monkeypatch.setattr(loops, "proposals", proposals)
    search = Search(situation)
    stream = search._directives(last=False)
    first: Any = next(stream).moves[0]
    search.now = replace(situation, iteration=7, best=Variant(situation.best.program))
    rest: Any = [proposal.moves[0] for proposal in stream]
    assert first.line == 1 and [move.line for move in rest] == [7, 7]
    assert len({first.directives, *(move.directives for move in rest)}) == 3
