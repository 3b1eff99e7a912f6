"""A session read back from the lake: to go on with it, or to replay what a model said in it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from collectors.base.errors import CompileError, UsageError
from collectors.base.scratch import scratch
from collectors.base.toolchain import Toolchain
from corr.collect.run import sha256
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves import from_record
from corr.optimize.moves.ir_function import replayed
from corr.optimize.proposal import Guarantee, Outcome, Proposal, Trial
from corr.optimize.request import BASELINES, WHOLE, Asked, Baseline, Order
from corr.optimize.session import Left
from corr.optimize.variant import Variant
from corr.program.model import Program
from corr.system.disk import write_whole
from corr.timing.verdict import Ratio, Verdict

_ANEW = "start a new one, without --resume"


def session_name(lake: Lake, reference: str) -> str:
    """A session by its id or the beginning of it, its program, or `last`. Raises UsageError."""
    query = "SELECT DISTINCT session, program FROM iterations ORDER BY session"
    known = ask(lake, query).to_pylist()
    if not known:
        raise UsageError(f"the lake {lake.name} holds no optimisation", "run `corr optimize`")
    if reference == "last":
        return str(known[-1]["session"])
    named = [r["session"] for r in known if r["program"] == reference][-1:]
    found = named or [r["session"] for r in known if r["session"].startswith(reference)]
    if len(found) != 1:
        what = f"{len(found)} optimisations begin with" if found else "no optimisation is called"
        raise UsageError(f"{what} {reference!r}", "`corr history --all` lists them")
    return str(found[0])


def asked_of(lake: Lake, reference: str) -> Asked:
    """What a session was asked for. Raises UsageError."""
    order = lake.find(original_run(lake, reference)).facts.order
    return Asked.from_record(dict(order)) if order is not None else Asked()


def original_run(lake: Lake, reference: str) -> str:
    """The run_id of the original that a session began with."""
    name = session_name(lake, reference)
    query = "SELECT run_id FROM iterations WHERE session = ? AND role = 'original'"
    found = ask(lake, query, [name]).to_pylist()
    if not found:
        raise UsageError(f"the original of the session {name} is not in the lake any more")
    return str(found[0]["run_id"])


def session_of(
    lake: Lake, reference: str, program: Program, order: Order, toolchain: Toolchain
) -> Left:
    """The session as it was left: its best variant, its baselines, all its trials.

    Raises UsageError where there is none, where it was of another program, or this one changed.
    """
    name = session_name(lake, reference)
    query = "SELECT * FROM iterations WHERE session = ? ORDER BY run_id, iteration, candidate"
    rows = ask(lake, query, [name]).to_pylist()
    if rows[0]["program"] != program.name:
        raise UsageError(
            f"the session {name} is of {rows[0]['program']}, not of {program.name}",
            "name the program that it began with",
        )
    started = lake.find(original_run(lake, name))
    _check_same(program, started, name)
    original = Variant(program, allow_reassociation=order.allow_reassociation)
    baselines = [_baseline(row) for row in rows if row["role"] == "baseline"]
    exact = _exact(lake, name)
    left = Left(
        name,
        original,
        started,
        baselines={found.name: found for found in baselines},
        trials=tuple(_trial(row, exact) for row in rows if row["role"] == "proposal"),
        seconds=next((r["seconds"] or 0.0 for r in rows if r["role"] == "original"), 0.0),
    )
    row, run = _best_row(lake, rows, started)
    if row is None:
        return left
    return replace(
        left,
        best=_variant(original, row["moves"], toolchain, name),
        run=run,
        ratio=1 / row["speedup_original"],
        guarantee=Guarantee(row["guarantee"]),
        basis=row["guarantee_detail"] or "",
    )


def _best_row(
    lake: Lake, rows: list[dict[str, Any]], started: RunInfo
) -> tuple[dict[str, Any] | None, RunInfo]:
    """The last accepted proposal that was kept, if any, and the newest run that has layers."""
    best: dict[str, Any] | None = None
    run = started
    for row in rows:
        if row["role"] == "proposal" and row["outcome"] == Outcome.accepted:
            best = row
            found = lake.find(row["run_id"])
            run = found if found.table("loops") is not None else run
        elif row["role"] == "best" and row["moves"] == "[]":
            best, run = None, started
    return best, run


def _exact(lake: Lake, session: str) -> dict[tuple[int, int], bool]:
    """Whether the outputs of each proposal that was checked were those of the plain original."""
    query = """
        SELECT iteration, candidate, bool_and(coalesce(max_error, 1) = 0) AS exact FROM checks
        WHERE session = ? AND kind = 'output' GROUP BY ALL
    """
    found = ask(lake, query, [session]).to_pylist()
    return {(row["iteration"], row["candidate"]): row["exact"] for row in found}


def _check_same(program: Program, run: RunInfo, name: str) -> None:
    """Raise UsageError unless the program is the one that the session began with."""
    known = {source.file: source for source in run.facts.sources}
    for unit in program.units:
        source = known.pop(program.label(unit), None)
        what = program.label(unit)
        if source is None:
            raise UsageError(f"the session {name} was without {what}", _ANEW)
        if sha256(unit.source) != source.sha256:
            raise UsageError(f"{what} changed since the session {name} began", _ANEW)
        if unit.flags != source.flags:
            flags = " ".join(source.flags)
            raise UsageError(f"in the session {name}, {what} was compiled with {flags}", _ANEW)
    if known:
        raise UsageError(f"the session {name} was with {', '.join(known)} as well", _ANEW)
    if program.run.args != run.facts.run_args:
        args = " ".join(run.facts.run_args) or "no arguments"
        raise UsageError(f"in the session {name}, the program was run with {args}", _ANEW)


def _baseline(row: dict[str, Any]) -> Baseline:
    known = next((b for b in (*BASELINES, *WHOLE) if b.words == row["move"]), None)
    found = known or Baseline(row["move"], tuple(row["move"].split()))
    ratio, verdict = 1 / row["speedup"], Verdict(row["outcome"])
    return replace(found, ratio=ratio, seconds=row["seconds"], verdict=verdict)


def _trial(row: dict[str, Any], exact: dict[tuple[int, int], bool]) -> Trial:
    moves = tuple(from_record(record) for record in json.loads(row["moves"] or "[]"))
    proposal = Proposal(
        moves,
        row["reason"] or "",
        row["proposer"],
        row["expected"],
        row["loop"],
        trusted=row["proposer"] == "rules",
    )
    ratio = None
    if row["speedup"]:
        ratio = Ratio(1 / row["speedup"], 1 / row["speedup_high"], 1 / row["speedup_low"])
    return Trial(
        row["iteration"],
        row["candidate"],
        proposal,
        Outcome(row["outcome"]),
        row["detail"] or "",
        ratio,
        row["seconds"],
        None,
        Guarantee(row["guarantee"]),
        exact.get((row["iteration"], row["candidate"])),
    )


def _variant(original: Variant, record: str, toolchain: Toolchain, name: str) -> Variant:
    try:
        moves = [from_record(move) for move in json.loads(record)]
        with scratch("resume") as folder:
            return replayed(original, moves, toolchain, folder)
    except (Refused, CompileError) as error:
        what = error.message.splitlines()[0]
        raise UsageError(
            f"the best of the session {name} cannot be made again: {what}", _ANEW
        ) from error


# --- what a proposer was shown -------------------------------------------------------------


def keep_summary(lake: Lake, text: str) -> None:
    """Keep the text in the lake, under its hash."""
    folder = lake.root / "cache" / "summaries"
    folder.mkdir(parents=True, exist_ok=True)
    content = text.encode()
    path = folder / f"{hashlib.sha256(content).hexdigest()}.md"
    if not path.exists():
        write_whole(path, content)


def iterations_of(lake: Lake, reference: str) -> int:
    """How many iterations with a proposal a session has. Raises UsageError."""
    query = "SELECT max(iteration) AS n FROM iterations WHERE session = ? AND role = 'proposal'"
    found = ask(lake, query, [session_name(lake, reference)]).to_pylist()
    return int(found[0]["n"] or 0)


def summary_shown(lake: Lake, reference: str, iteration: int) -> str:
    """The text that an iteration of a session began with. Raises UsageError."""
    name = session_name(lake, reference)
    query = """
        SELECT DISTINCT summary_sha256 FROM iterations
        WHERE session = ? AND iteration = ? AND role = 'proposal'
    """
    found = ask(lake, query, [name, iteration]).to_pylist()
    if not found:
        raise UsageError(f"the session {name} has no iteration {iteration}", "--iterations fewer")
    path = lake.root / "cache" / "summaries" / f"{found[0]['summary_sha256']}.md"
    if not path.is_file():
        raise UsageError(f"the summary of iteration {iteration} of {name} is not kept any more")
    return path.read_text("utf-8")
