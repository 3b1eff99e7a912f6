"""metrics_log.json and ir_instr_log.json: an entry a stage, the kernels by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from corr.export.stages import Course, Stage


def metrics(courses: Sequence[Course]) -> str:
    """Time, counters and IR lines of every stage; null where unknown, `missing` says why."""
    return _dumped({c.subject.name: [_metrics(stage) for stage in c.stages] for c in courses})


def instructions(courses: Sequence[Course]) -> str:
    """How many LLVM instructions of each opcode the optimised IR of every stage has."""
    found: dict[str, Any] = {}
    for course in courses:
        names = sorted({opcode for stage in course.stages for opcode in stage.opcodes})
        found[course.subject.name] = [
            {
                "iteration": stage.iteration,
                "run_id": stage.run_id,
                "opcodes": {n: stage.opcodes.get(n, 0) for n in names} if stage.opcodes else None,
            }
            for stage in course.stages
        ]
    return _dumped(found)


def _metrics(stage: Stage) -> dict[str, Any]:
    counters = {event.replace("-", "_"): value for event, value in stage.counters.items()}
    return {
        "iteration": stage.iteration,
        "outcome": stage.outcome,
        "run_id": stage.run_id,
        "time": stage.seconds,
        "speedup": stage.speedup_original,
        "guarantee": stage.guarantee,
        "move": stage.move,
        **counters,
        "ir_lines": stage.ir_lines,
        "missing": {event.replace("-", "_"): why for event, why in stage.reasons.items()},
    }


def _dumped(value: Any) -> str:
    return json.dumps(value, indent=1, default=str) + "\n"
