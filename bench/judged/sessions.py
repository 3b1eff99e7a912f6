"""A session for a group of candidates: a model's server proposes them, corr judges, the lake is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.judged.candidate import Candidate, Group
from bench.judged.subjects import SUBJECTS
from collectors.base.toolchain import find
from tests.support.model_server import ModelServer, source

ROOT = Path(__file__).parent.parent.parent
LIMIT = 1800.0
#: What an honest candidate must not end with, and none may be without an outcome.
REFUSALS = frozenset(
    {"refused", "did not parse", "did not compile", "wrong output", "crashed", "timed out",
     "untrusted time", "unchecked"}
)  # fmt: skip
QUERY = (
    "SELECT reason, outcome, speedup, guarantee, detail FROM iterations "
    "WHERE role = 'proposal' ORDER BY run_id, candidate"
)


@dataclass(frozen=True)
class Judged:
    """What became of a candidate; `outcome` is empty if its session did not come to it."""

    group: Group
    candidate: Candidate
    outcome: str
    detail: str = ""

    @property
    def right(self) -> bool:
        """Each was looked at; no wrong one was accepted, none of the honest was refused but by a known rule."""
        if not self.outcome:
            return False
        if self.group.wrong:
            return self.outcome != "accepted"
        return self.outcome not in REFUSALS or (
            self.candidate.ruled_out and self.outcome == "refused"
        )


def judge(group: Group) -> list[Judged]:
    """All candidates of a group, in one session."""
    subject = SUBJECTS[group.program]
    with tempfile.TemporaryDirectory(prefix="judged-") as name:
        folder = Path(name)
        subject.write(folder)
        with ModelServer([reply(group, folder), "No more."]) as server:
            arguments = [subject.file, "--proposer", "llm", "--iterations", "1", *group.options]
            arguments += ["--candidates", str(len(group.candidates))]
            done = _corr(
                "optimize", *arguments, cwd=folder, flags=group.flags, **server.environment
            )
        if done.returncode not in (0, 4):
            print(done.stderr, file=sys.stderr)
        rows = _corr("sql", QUERY, "--format", "json", cwd=folder).stdout
    found = {row["reason"]: row for row in json.loads(rows or "[]")}
    return [_judged(group, one, found.get(one.name, {})) for one in group.candidates]


def _judged(group: Group, one: Candidate, row: dict) -> Judged:
    return Judged(group, one, row.get("outcome") or "", row.get("detail") or "")


def with_edits(text: str, one: Candidate, first: str = "0") -> str:
    """The program with a candidate's edits, each of which must have one place."""
    for old, new in one.edits:
        if text.count(old) != 1:
            raise ValueError(f"{one.name}: {text.count(old)} places of: {old}")
        text = text.replace(old, new.replace("@FIRST@", first))
    return text


def reply(group: Group, folder: Path) -> str:
    """What the model's server says: all candidates of a group, whose program lies in the folder."""
    file = SUBJECTS[group.program].file
    first = _first(group, folder)
    entries = []
    for one in group.candidates:
        edits = [(old, new.replace("@FIRST@", first)) for old, new in one.edits]
        move = source(file, *edits)
        entries.append({"reason": one.name, "expected_speedup": 2.0, "loop": None, "move": move})
    return json.dumps({"candidates": entries})


def _first(group: Group, folder: Path) -> str:
    """The first word that the original prints, if a candidate is to know it."""
    if not any("@FIRST@" in new for one in group.candidates for _, new in one.edits):
        return ""
    file, binary = SUBJECTS[group.program].file, folder / "original"
    subprocess.run([find().path("clang"), "-O3", file, "-lm", "-o", binary], cwd=folder, check=True)
    printed = subprocess.check_output([binary], text=True)
    binary.unlink()
    return printed.split()[0]


def _corr(
    *arguments: str, cwd: Path, flags: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CORR_")}
    command = [sys.executable, "-m", "corr", *arguments, *(["--", *flags] if flags else [])]
    return subprocess.run(
        command, cwd=cwd, env=kept | {"PYTHONPATH": str(ROOT)} | environment, text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT,
    )  # fmt: skip
