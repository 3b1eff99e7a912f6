"""A session read back from the lake: to go on with it, or to replay what a model said in it."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from collectors.errors import UsageError
from corr.lake import Lake
from corr.optimize.inputs import Inputs
from corr.optimize.moves import from_record
from corr.optimize.proposal import Guarantee, Outcome, Proposal, Trial
from corr.optimize.session import BASELINES, Baseline, Order, Session
from corr.optimize.variant import Variant
from corr.program import Program
from corr.sql import ask
from corr.statistics import Ratio


def session_name(lake: Lake, reference: str) -> str:
    """A session by its id or the beginning of it, its program, or `last`. Raises UsageError."""
    query = "SELECT DISTINCT session, program FROM iterations ORDER BY session"
    known = ask(lake, query).to_pylist()
    if not known:
        raise UsageError(f"the lake {lake.root} holds no optimisation", "run `corr optimize`")
    if reference == "last":
        return str(known[-1]["session"])
    named = [r["session"] for r in known if r["program"] == reference][-1:]
    found = named or [r["session"] for r in known if r["session"].startswith(reference)]
    if len(found) != 1:
        what = f"{len(found)} optimisations begin with" if found else "no optimisation is called"
        raise UsageError(f"{what} {reference!r}", "`corr history --all` lists them")
    return str(found[0])


def original_run(lake: Lake, reference: str) -> str:
    """The run_id of the original that a session began with."""
    name = session_name(lake, reference)
    query = "SELECT run_id FROM iterations WHERE session = ? AND role = 'original'"
    return str(ask(lake, query, [name]).to_pylist()[0]["run_id"])


def session_of(lake: Lake, reference: str, program: Program, order: Order) -> Session:
    """The session as it was left: its best variant, its baselines, all its trials.

    Raises UsageError where there is none, or where it was of another program.
    """
    name = session_name(lake, reference)
    query = "SELECT * FROM iterations WHERE session = ? ORDER BY run_id, iteration, candidate"
    rows = ask(lake, query, [name]).to_pylist()
    if rows[0]["program"] != program.name:
        raise UsageError(
            f"the session {name} is of {rows[0]['program']}, not of {program.name}",
            "name the program that it began with",
        )
    original = Variant(program)
    session = Session(order, original, Inputs(None, (), ""), name, best=original)  # type: ignore[arg-type]
    session.best_run = lake.find(original_run(lake, name))
    for row in rows:
        if row["role"] == "baseline":
            baseline = _baseline(row)
            session.baselines[baseline.name] = baseline
        elif row["role"] == "proposal":
            session.trials.append(_trial(row))
            if row["outcome"] == Outcome.accepted:
                session.best = _variant(original, row["moves"])
                session.best_ratio = 1 / row["speedup_original"]
                session.best_guarantee = Guarantee(row["guarantee"])
                session.best_basis = row["guarantee_detail"] or ""
                session.best_run = _run_with_layers(lake, row["run_id"], session)
    return session


def _run_with_layers(lake: Lake, run_id: str, session: Session) -> Any:
    run = lake.find(run_id)
    return run if (run.folder / "loops.parquet").exists() else session.best_run


def _baseline(row: dict[str, Any]) -> Baseline:
    flags = row["move"].split()
    name = next((n for n, f in BASELINES.items() if list(f) == flags), row["move"])
    return Baseline(name, tuple(flags), 1 / row["speedup"], row["seconds"])


def _trial(row: dict[str, Any]) -> Trial:
    moves = tuple(from_record(record) for record in json.loads(row["moves"] or "[]"))
    proposal = Proposal(
        moves, row["reason"] or "", row["proposer"], row["expected"], row["loop"], trusted=False
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
    )


def _variant(original: Variant, record: str) -> Variant:
    variant = original
    for move in json.loads(record):
        variant = from_record(move).apply(variant)
    return variant


# --- what a proposer was shown -------------------------------------------------------------


def keep_summary(lake: Lake, text: str) -> None:
    """Keep the text in the lake, under its hash."""
    folder = lake.root / "cache" / "summaries"
    folder.mkdir(parents=True, exist_ok=True)
    content = text.encode()
    path = folder / f"{hashlib.sha256(content).hexdigest()}.md"
    if not path.exists():
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(path)


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
