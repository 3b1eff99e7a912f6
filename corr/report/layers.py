"""What the page shows of a line or loop when it is selected, as compact plain data.

Remarks, passes, machine code and diffs are columns of numbers and texts that the page's script
reads by need. Texts are foreign: the script writes them as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corr.console.remark_words import readable, spoken
from corr.console.short_names import short_name
from corr.report.facts import Facts
from corr.report.listing import Asker, Row, batches, grouped
from corr.summary.code import bound_words

#: Remarks, changes by passes and machine loops that go into a page at most.
MOST_REMARKS, MOST_CHANGES, MOST_MACHINE_LOOPS = 40_000, 6_000, 250
#: Characters of diffs that go into a page, and how many diffs a piece holds.
MOST_DIFF, DIFFS_A_PIECE = 12_000_000, 24
#: Changes of a diff longer than this are cut there.
LONGEST_DIFF = 120_000

REMARKS_SQL = """\
FROM (SELECT loop, function, file, line, pass, tag, name, words, sum(count)::BIGINT AS count
      FROM remark_words WHERE list_contains(?, function) OR list_contains(?, loop) GROUP BY ALL)
ORDER BY loop IS NULL, file, line, tag <> 'Passed', pass, words, function"""

CHANGES_SQL = """\
SELECT unit, sequence, stage, pass, function, loops, instructions_before AS before,
       instructions_after AS after, lines_added AS added, lines_removed AS removed,
       length(diff) AS size
FROM ir_changes WHERE list_contains(?, function) OR list_has_any(loops, ?)
ORDER BY unit, sequence, function"""

MACHINE_SQL = """\
SELECT machine_loop, symbol, loop, samples, instructions, vector_bits, cpu,
       cycles_per_iteration AS cycles, block_rthroughput, ipc, uops, bound, bound_pressure, calls
FROM machine_loop_model WHERE innermost AND list_contains(?, loop)
ORDER BY samples DESC NULLS LAST, instructions DESC, machine_loop"""

CODE_SQL = """\
SELECT i.machine_loop, i.address, i.mnemonic, i.operands, i.file, i.line, s.samples, m.latency,
       m.rthroughput, i.flops, i.load_bytes, i.store_bytes
FROM instructions i LEFT JOIN mca_instructions m USING (run_id, address)
LEFT JOIN address_samples s USING (run_id, address)
WHERE list_contains(?, i.machine_loop) ORDER BY i.machine_loop, i.address"""

CACHEGRIND_SQL = """\
SELECT loop, file, line,
       sum(COLUMNS(* EXCLUDE (run_id, function, loop, file, line)))::BIGINT AS '\\0'
FROM cachegrind_sums WHERE list_contains(?, function) OR list_contains(?, loop)
GROUP BY loop, file, line ORDER BY loop, file, line"""

#: Names of the columns of each kind of row in the page's data.
REMARK = ("loop", "function", "file", "line", "pass", "tag", "name", "words", "count")
CHANGE = (
    *("unit", "sequence", "stage", "pass", "function", "loops", "before", "after"),
    *("added", "removed", "diff"),
)
CODE = (*("address", "mnemonic", "operands", "file", "line", "samples", "latency", "rthroughput"),)
CACHE = (
    *("loop", "file", "line", "instructions", "reads", "l1_read_misses"),
    *("last_level_read_misses", "writes", "l1_write_misses"),
)


@dataclass(frozen=True)
class Layers:
    """`data` for the page; `diffs` in pieces that are read one at a time."""

    data: dict[str, Any]
    diffs: list[list[str]]
    changes: Sequence[Row]
    machine: Sequence[Row]
    code: dict[int, list[Row]]
    remarks: int
    diffs_left_out: int


class Words:
    """Texts by number, each once."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __getitem__(self, text: str | None) -> int | None:
        return None if text is None else self.numbers.setdefault(text, len(self.numbers))

    @property
    def texts(self) -> list[str]:
        return list(self.numbers)


def gather(ask: Asker, facts: Facts) -> Layers:
    """The layers of the functions that the page shows in full."""
    wanted, keys = list(facts.wanted), [row["key"] for row in facts.loops]
    words = Words()
    remarks = _told(ask.rows(REMARKS_SQL, wanted, keys), facts.names)
    rank = {row["loop"]: number for number, row in enumerate(facts.hot.rows)}
    remarks.sort(key=lambda row: rank.get(row["loop"], len(rank)) if row["loop"] else len(rank) + 1)
    changes = ask.rows(CHANGES_SQL, wanted, keys)
    machine = ask.rows(MACHINE_SQL, keys)[:MOST_MACHINE_LOOPS]
    code = grouped(
        ask.rows(CODE_SQL, [row["machine_loop"] for row in machine]), lambda r: r["machine_loop"]
    )
    kept = _most_telling(changes, {row["loop"] for row in facts.hot.rows[:12]})
    diffs = _diffs(ask, [row for row in kept if row["chosen"]])
    data = {
        "loops": [_loop(row, words) for row in _with_layers(facts)],
        "remark": REMARK,
        "remarks": [_numbered(row, REMARK, words) for row in remarks[:MOST_REMARKS]],
        "change": CHANGE,
        "changes": [_change(row, words) for row in kept],
        "code": CODE,
        "machine": [_machine(row, code.get(row["machine_loop"], []), words) for row in machine],
        "cache": CACHE,
        "cachegrind": [
            _numbered(row, CACHE, words) for row in ask.rows(CACHEGRIND_SQL, wanted, keys)
        ],
        "pieces": DIFFS_A_PIECE,
        "functions": {
            name: said
            for name in dict.fromkeys(r["function"] for r in (*remarks, *kept) if r["function"])
            if (said := spoken(name, facts.names)) != name
        },
        "words": words.texts,
    }
    left = sum(not row["chosen"] for row in changes)
    return Layers(data, diffs, kept, machine, code, len(remarks), left)


def _told(remarks: Sequence[Row], names: Mapping[str, str]) -> list[Row]:
    """The remarks in words that a person reads; many say the same of different loops."""
    said: dict[str, str] = {}
    for words in dict.fromkeys(row["words"] for row in remarks):
        said[words] = readable(words or "", names)
    return [row | {"words": said[row["words"]]} for row in remarks]


def _with_layers(facts: Facts) -> Iterable[Row]:
    """Each loop with what `hotspots` says of it."""
    hot = {row["loop"]: row for row in facts.hot.rows if row["loop"] is not None}
    for row in facts.loops:
        yield row | {k: v for k, v in hot.get(row["key"], {}).items() if v is not None}


def _loop(row: Row, words: Words) -> Row:
    names = (
        *("key", "function_name", "line", "end_line", "depth", "parent", "innermost", "share"),
        *("samples", "entries", "iterations", "trip_count", "reason", "ns_per_iteration"),
        *("vector", "simd_bits", "unroll", "mca_cycles", "bound", "passes", "regions"),
    )
    known = {name: row.get(name) for name in names if row.get(name) is not None}
    short = {short_name(row["key"], keep_arguments=kept) for kept in (True, False)} - {row["key"]}
    return known | {"file": words[row["file"]], **({"names": sorted(short)} if short else {})}


def _numbered(row: Row, names: Sequence[str], words: Words) -> list[Any]:
    """The values in the order of the names, texts by number."""
    values = (row[name] for name in names)
    return [words[v] if isinstance(v, str) else v for v in values]


def _most_telling(changes: Sequence[Row], hot: set[str]) -> list[Row]:
    """The changes that go into the page; `diff` is a row's diff by number, None if it is left out.

    Diffs of hot loops come first, then those of any loop.
    """

    def rank(row: Row) -> tuple[int, int]:
        loops = set(row["loops"] or ())
        return (0 if loops & hot else 1 if loops else 2, row["sequence"])

    room = MOST_DIFF
    for row in sorted(changes, key=rank):
        row["chosen"] = row["size"] <= room
        room -= row["size"] if row["chosen"] else 0
    kept = list(changes[:MOST_CHANGES])
    number = 0
    for row in kept:
        row["diff"] = number if row["chosen"] else None
        number += row["chosen"]
    return kept


def _diffs(ask: Asker, chosen: Sequence[Row]) -> list[list[str]]:
    """The diffs as text, in pieces, in the order of their numbers."""
    from collectors.passes.changes import unified_diff

    wanted = [[row["unit"], row["function"]] for row in chosen]
    stored = {
        (row["unit"], row["sequence"], row["function"]): row
        for row in ask.rows(
            "SELECT unit, sequence, function, pass, diff FROM ir_changes"
            " WHERE list_contains(?, unit) AND list_contains(?, function)",
            list(dict.fromkeys(unit for unit, _ in wanted)),
            list(dict.fromkeys(function for _, function in wanted)),
        )
    }
    texts = []
    for row in chosen:
        diff = stored[row["unit"], row["sequence"], row["function"]]["diff"]
        try:
            text = unified_diff(diff, f"{row['function']} {row['pass']}")
        except (ValueError, KeyError, TypeError):
            text = "the lake's diff cannot be read"
        if len(text) > LONGEST_DIFF:
            text = text[:LONGEST_DIFF] + "\n… cut here; `corr why` LOOP --ir has all of it"
        texts.append(text)
    return [list(piece) for piece in batches(texts, DIFFS_A_PIECE)]


def _change(row: Row, words: Words) -> list[Any]:
    numbered = row | {"loops": [words[key] for key in row["loops"] or ()]}
    return _numbered(numbered, CHANGE, words)


def _machine(row: Row, code: Sequence[Row], words: Words) -> Row:
    names = (
        *("machine_loop", "symbol", "loop", "samples", "instructions", "vector_bits", "cpu"),
        *("cycles", "block_rthroughput", "ipc", "uops", "calls"),
    )
    known = {name: row[name] for name in names if row[name] is not None}
    if row["bound"]:
        known["bound_by"] = bound_words(row)
    return known | {"code": [_numbered(instruction, CODE, words) for instruction in code]}
