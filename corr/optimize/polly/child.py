"""Questions about an order that nobody vouches for, asked of isl in a process of its own.

isl bounds its steps but not its time or stack, so a map made to that end could hold or end corr.
The child reads a question as JSON from stdin and writes the answer as JSON to stdout.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from collectors.base import process
from corr.optimize.gate.refusal import Refused
from corr.optimize.polly.jscop import Jscop, read

SECONDS = 20
MEMORY = 2 << 30


@dataclass(frozen=True)
class Answer:
    """`text` is the JSCoP with the schedules; `broken` the dependence it breaks, if asked."""

    text: str
    broken: str | None = None


def rescheduled(scop: Jscop, maps: Mapping[str, str], judge: bool) -> Answer:
    """The nest with these schedules; with `judge`, whether they keep its dependences.

    Raises Refused for maps that are no order, or that isl cannot deal with in good time.
    """
    question = {"file": scop.file, "scop": scop.text(), "maps": dict(maps), "judge": judge}
    root = Path(__file__).resolve().parents[3]
    answer = process.run(
        [sys.executable, "-P", "-m", __name__],
        env=process.tool_environment() | {"PYTHONPATH": str(root)},
        stdin=json.dumps(question).encode(),
        timeout=SECONDS,
    )
    if not answer.ok:
        raise Refused(f"{scop.label}: isl could not judge the schedules ({answer.ending()})")
    told = json.loads(answer.stdout)
    if "refused" in told:
        raise Refused(told["refused"])
    return Answer(told["text"], told["broken"])


def _answer(question: dict[str, object]) -> dict[str, object]:
    from corr.optimize.polly.model import JscopModel
    from corr.optimize.polly.model import rescheduled as spelled

    file, text, maps = str(question["file"]), str(question["scop"]), question["maps"]
    assert isinstance(maps, dict)
    try:
        broken = JscopModel(read(file, text)).broken(maps) if question["judge"] else None
        return {"text": spelled(file, text, maps), "broken": broken}
    except Refused as error:
        return {"refused": error.message}


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump(_answer(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    _main()
