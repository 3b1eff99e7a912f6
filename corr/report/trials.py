"""What an optimisation tried and what came of it; its variants with their layers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from corr.lake.sql import literal
from corr.lake.store import Lake
from corr.report.before_after import before_after
from corr.report.listing import Asker, Column, Listing, Row, columns
from corr.report.subject import Subject
from corr.roofs.shares import told

TABLES = (
    "iterations",
    "checks",
    "mutants",
    "counters",
    "timings",
    "opcodes",
    "cachegrind",
    "runs",
    "roof_shares",
)

#: Opcodes of the heat map.
MOST_OPCODES = 24


class Kind(StrEnum):
    """How a row of `iterations` is told apart in a chart: by shape as well as by colour."""

    original = "original"
    baseline = "baseline"
    accepted = "accepted"
    best = "best, measured again"
    same = "not faster"
    slower = "slower"
    refused = "refused"
    failed = "failed"


#: Outcomes that mean that nothing was wrong, but nothing was gained, or that it never ran.
_KINDS = {
    "accepted": Kind.accepted,
    "same": Kind.same,
    "inconclusive": Kind.same,
    "slower": Kind.slower,
    "refused": Kind.refused,
    "did not parse": Kind.failed,
    "did not compile": Kind.failed,
    "wrong output": Kind.failed,
    "crashed": Kind.failed,
    "timed out": Kind.failed,
    "untrusted time": Kind.failed,
    "unchecked": Kind.refused,
}

TRIALS = columns(
    {
        "name": ("no.", "trial"),
        "role": "role",
        "outcome": ("outcome", "outcome"),
        "move": ("move", "text"),
        "kind": "kind",
        "loop": ("loop", "code"),
        "relative_time": "time / original",
        "relative_low": "99 % from",
        "relative_high": "to",
        "speedup": "speed-up over the best before it",
        "speedup_original": "over the original",
        "speedup_native": "over -O3 -march=native",
        "speedup_polly": "over that with Polly",
        "expected": "expected speed-up",
        "seconds": "seconds",
        "pairs": "pairs timed",
        "clock": "clock",
        "load": "wall over CPU, beside other work",
        "roof_share": ("share of the roof", "percent"),
        "roof_share_low": ("99 % from", "percent"),
        "roof_share_high": ("to", "percent"),
        "roof": ("what the roof is", "text"),
        "guarantee": "guarantee",
        "guarantee_detail": ("on what it rests", "text"),
        "reason": ("why it was proposed", "text"),
        "detail": ("why it ended so", "text"),
        "proposer": "proposer",
        "model": ("model", "text"),
        "cost": "cost",
    }
)
#: What a row of the table shows; below it stands the rest of each.
TRIED = tuple(
    column
    for column in TRIALS
    if column.key
    in (
        *("name", "role", "outcome", "move", "speedup_original", "seconds", "roof_share"),
        *("guarantee", "detail"),
    )
)
VARIANTS = columns(
    {
        "variant": "variant",
        "run_id": ("run", "code"),
        "event": "what",
        "value": ("value", "count"),
        "low": ("from", "count"),
        "high": ("to", "count"),
        "unit": "unit",
        "repetitions": "repetitions",
    }
)
GAINS = columns(
    {
        "name": ("no.", "trial"),
        "move": ("move", "text"),
        "kind": "kind",
        "outcome": ("outcome", "outcome"),
        "expected": "expected speed-up",
        "speedup": "measured",
        "speedup_low": "99 % from",
        "speedup_high": "to",
        "ratio": "measured / expected",
    }
)
CHECKS = columns(
    {
        "kind": "check",
        "held_out": "held-out input",
        "tolerance": "tolerance",
        "ok": ("passed", "count"),
        "failed": ("failed", "count"),
        "max_error": "largest relative error",
        "inputs": ("inputs", "count"),
    }
)
MUTANTS = columns(
    {
        "loop": ("nest", "code"),
        "kind": "broken by",
        "place": ("where", "code"),
        "says": ("what is wrong", "text"),
        "fate": "what came of it",
        "refuted_by": ("found out by", "text"),
        "detail": ("how", "text"),
    }
)
OPCODES = (Column("opcode", "opcode", "code"),)

#: The rows of the optimisation with times as a share of the original's: the interval is that of
#: the comparison with the best before it, moved to the original.
TRIALS_SQL = """\
SELECT run_id, iteration, candidate, iteration || '.' || candidate AS name, role, proposer, kind,
       move, loop, reason, expected, outcome, detail, seconds, seconds_before, clock, load, pairs,
       speedup, speedup_low, speedup_high, speedup_original, speedup_native, speedup_polly,
       1 / speedup_original AS relative_time,
       speedup / (speedup_original * speedup_high) AS relative_low,
       speedup / (speedup_original * speedup_low) AS relative_high,
       roof_share, roof_share_low, roof_share_high, roof, guarantee, guarantee_detail,
       model, cost, prompt_tokens, completion_tokens, patch
FROM iterations WHERE {session}
ORDER BY role = 'best', iteration, candidate, run_id"""

GAINS_SQL = """\
SELECT iteration || '.' || candidate AS name, move, kind, outcome, expected, speedup, speedup_low,
       speedup_high, speedup / expected AS ratio
FROM iterations WHERE {session} AND role = 'proposal' AND expected IS NOT NULL
      AND speedup IS NOT NULL
ORDER BY iteration, candidate"""

#: Mean of a counter and its 99 % interval by Student's t for 3 to 10 repetitions, else none.
COUNTERS_SQL = """\
WITH quantile(repetitions, t) AS (VALUES (3, 9.925), (4, 5.841), (5, 4.604), (6, 4.032), (7, 3.707),
                                  (8, 3.499), (9, 3.355), (10, 3.250))
SELECT run_id, event, value, unit, repetitions,
       value * greatest(0, 1 - t * spread / 100 / sqrt(repetitions)) AS low,
       value * (1 + t * spread / 100 / sqrt(repetitions)) AS high
FROM counters LEFT JOIN quantile USING (repetitions)
WHERE value IS NOT NULL AND run_id IN ({runs})
UNION ALL BY NAME
SELECT run_id, 'simulated: ' || event AS event, value, 'count' AS unit, 1 AS repetitions
FROM (SELECT run_id, sum(Ir) AS "instructions", sum(D1mr + D1mw) AS "L1 misses",
             sum(DLmr + DLmw) AS "last-level misses" FROM cachegrind
      WHERE run_id IN ({runs}) GROUP BY run_id)
UNPIVOT (value FOR event IN ("instructions", "L1 misses", "last-level misses"))
UNION ALL BY NAME
SELECT run_id, 'LLVM IR instructions' AS event, sum(count)::DOUBLE AS value, 'count' AS unit
FROM opcodes WHERE stage = 'after' AND run_id IN ({runs}) GROUP BY run_id
ORDER BY event, run_id"""

OPCODES_SQL = """\
SELECT run_id, opcode, sum(count)::BIGINT AS count FROM opcodes
WHERE stage = 'after' AND run_id IN ({runs}) GROUP BY run_id, opcode ORDER BY opcode, run_id"""

CHECKS_SQL = """\
SELECT kind, held_out, tolerance, count(*) FILTER (ok) AS ok, count(*) FILTER (NOT ok) AS failed,
       max(max_error) AS max_error, count(DISTINCT input) AS inputs
FROM checks WHERE {session} GROUP BY kind, held_out, tolerance ORDER BY kind, held_out, tolerance"""

MUTANTS_SQL = """\
SELECT loop, kind, coalesce(parse_filename(file) || ':' || line, file) AS place, says, fate,
       refuted_by, detail
FROM mutants WHERE {session}
ORDER BY share DESC NULLS LAST, loop, run_id, fate <> 'survived', kind, line"""


@dataclass(frozen=True)
class Trials:
    """An optimisation as the page shows it; `variants` are names of the runs with layers."""

    trials: Listing
    gains: Listing
    counters: Listing
    opcodes: Listing
    before_after: Listing
    checks: Listing
    mutants: Listing
    variants: dict[str, str]
    best: Row | None
    #: how much of what the machine allows original and best reach, in words, and what binds them
    roof: str = ""

    @property
    def proposals(self) -> list[Row]:
        return [row for row in self.trials.rows if row["role"] == "proposal"]

    @property
    def kept(self) -> Row | None:
        """The last proposal that was accepted; without a `best` it was not measured again."""
        accepted = [row for row in self.proposals if row["outcome"] == "accepted"]
        return accepted[-1] if accepted else None


def gather(lake: Lake, subject: Subject) -> Trials | None:
    """What the optimisation of a subject tried; None for a run outside any."""
    if subject.session is None:
        return None
    condition = subject.of_session()
    layered = ", ".join(literal(run.run_id) for run in subject.variants)
    with Asker(lake, subject.runs, TABLES) as ask:
        listed = ask.listing(
            "trials",
            "What was tried, and what came of it",
            TRIALS_SQL.format(session=condition),
            TRIALS,
        )
        for row in listed.rows:
            row["class"] = kind(row)
        variants = _variants(subject)
        counters = ask.listing(
            "variant_counters",
            "Counters of the original and of each new best",
            COUNTERS_SQL.format(runs=layered),
            VARIANTS,
            "Means; the interval is Student's t at 99 % over the repetitions.",
        )
        opcodes = ask.listing(
            "opcodes",
            "LLVM instructions after optimisation, by opcode and variant",
            OPCODES_SQL.format(runs=layered),
            OPCODES,
        )
        gains = ask.listing(
            "gains", "Expected against measured gain", GAINS_SQL.format(session=condition), GAINS
        )
        checks = ask.listing(
            "checks", "How outputs were compared", CHECKS_SQL.format(session=condition), CHECKS
        )
        mutants = ask.listing(
            "mutants",
            "The program broken on purpose, to see what its check sees",
            MUTANTS_SQL.format(session=condition),
            MUTANTS,
            "Where none of a nest was caught, no change of that nest is accepted.",
        )
        shares = ask.rows("SELECT before, after, roof FROM roof_shares")
    for row in counters.rows:
        row["variant"] = variants.get(row["run_id"])
    best = next((row for row in listed.rows if row["role"] == "best"), None)
    return Trials(
        _session_wide(listed),
        _session_wide(gains),
        _session_wide(counters),
        _session_wide(opcodes),
        before_after(subject, counters.rows, best),
        _session_wide(checks),
        _session_wide(mutants),
        variants,
        best,
        _roof(shares),
    )


def _roof(shares: Sequence[Row]) -> str:
    """How much of what the machine allows was reached."""
    words = [(told(row["before"], row["after"]), row["roof"]) for row in shares]
    return "".join(f"{share} ({roof})" for share, roof in words[:1] if share)


def _session_wide(listing: Listing) -> Listing:
    """Its statement names the runs itself, and is asked of the whole lake."""
    return Listing(
        listing.name,
        listing.caption,
        listing.sql,
        listing.columns,
        listing.rows,
        None,
        listing.note,
    )


def kind(row: Row) -> Kind:
    """How a row is told apart."""
    role = row["role"]
    if role in ("original", "baseline"):
        return Kind(role)
    if role == "best":
        return Kind.best
    return _KINDS.get(str(row["outcome"]), Kind.failed)


def _variants(subject: Subject) -> dict[str, str]:
    """A name for each run with layers: the original, and the iteration that found a new best."""
    names = {}
    for number, run in enumerate(subject.variants):
        iteration = run.facts.iteration
        names[run.run_id] = "original" if number == 0 else f"iteration {iteration}"
    return names


def heat_map(trials: Trials) -> list[Row]:
    """A row for each opcode and variant, the opcodes that changed most first."""
    counts: dict[str, dict[str, int]] = {}
    for row in trials.opcodes.rows:
        counts.setdefault(row["opcode"], {})[trials.variants[row["run_id"]]] = row["count"]
    names = list(trials.variants.values())
    total = {opcode: sum(by.values()) for opcode, by in counts.items()}
    ordered = sorted(counts, key=lambda o: (-total[o], o))[:MOST_OPCODES]
    return [
        {"opcode": opcode, "variant": name, "count": counts[opcode].get(name, 0)}
        for opcode in ordered
        for name in names
    ]
