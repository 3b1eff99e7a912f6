"""What the library costs, written so that it costs less: where samples say that it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from corr.lake.sql import ask
from corr.optimize.gate.refusal import Refused
from corr.optimize.idioms import containers, copies, invariants, streams, strings
from corr.optimize.idioms.checked import errors
from corr.optimize.idioms.spelling import Spelling, as_edit
from corr.optimize.moves.source import Source
from corr.optimize.moves.source_text import exact_text
from corr.optimize.proposal import Outcome, Proposal, Situation, Trial
from corr.optimize.variant import Move, Variant

#: Share of the samples from which what they are spent on is worth a trial.
LEAST_SHARE = 0.04
#: Files that are looked through, and times that the compiler is asked which parts of one it takes.
MOST_FILES, MOST_ASKED = 12, 4


@dataclass(frozen=True)
class Idiom:
    """A way to write it otherwise.

    `spent` is a regular expression of the functions that the time goes by in, `cxx` whether only
    C++ has such. `reason` follows the share of the time. `unless` gives a text that must compile
    too, or it is not proposed.
    """

    rule: str
    spent: str
    reason: str
    write: Callable[[Spelling], str | None]
    expected: float
    cxx: bool = True
    unless: Callable[[Spelling], str | None] | None = None


_KERNEL = r"^\[kernel|^(ksys_|__x64_sys_|do_syscall|entry_SYSCALL)|\bwrite\b"
IDIOMS = (
    Idiom(
        "asked once",
        ".",
        "in the program, in which a loop asks a function for the same again and again",
        invariants.asked_once,
        2.0,
        cxx=False,
    ),
    Idiom(
        "lines written one by one",
        rf"flush|endl|_IO_new_file_(sync|write)|xsputn|{_KERNEL}",
        "in streams and the kernel, and std::endl writes each line out at once",
        streams.unflushed,
        2.0,
    ),
    Idiom(
        "streams in step with stdio",
        r"stdio_sync_filebuf|stdio_filebuf|ostream|istream|streambuf|num_put|num_get|sentry"
        rf"|getc|putc|xsputn|fwrite|fputs|{_KERNEL}",
        "in streams, which are kept in step with C's although the program uses none of these",
        streams.unsynchronised,
        1.5,
    ),
    Idiom(
        "streams without locks",
        r"^_?_?(IO_)?(f?getc|f?putc|getchar|putchar|fread|fwrite|fputs|fgets|feof)|_IO_sgetn|xsgetn"
        r"|xsputn|_IO_lock|lll_lock",
        "in streams of C, which take a lock each time although there is one thread",
        streams.unlocked,
        2.0,
        cxx=False,
    ),
    Idiom(
        "length asked for once",
        "strlen",
        "in strlen, which a loop asks for each time around",
        strings.measured_once,
        2.0,
        cxx=False,
    ),
    Idiom(
        "appended in place",
        r"basic_string|_M_append|_M_create|_M_mutate|mem(cpy|move)|malloc|free|_Zn[wa]|operator new"
        rf"|strlen|{_KERNEL}",
        "where strings are made, and a string that grows is copied each time",
        strings.appended,
        2.0,
    ),
    Idiom(
        "tables in place of trees",
        r"_Rb_tree|_Rb_tree_increment|__tree",
        "in trees of nodes, whose order nothing depends on: it compiles without a way through them",
        containers.hashed,
        1.5,
        unless=containers.unwalked,
    ),
)
BY_REFERENCE = "taken by reference"
_COPIES = (
    r"malloc|free|_Zn[wa]|_Zd[la]|operator (new|delete)|mem(cpy|move)|basic_string|vector|_M_"
    r"|tcache|_int_|shared_ptr|_Sp_counted|_Rb_tree.*_M_copy|_Hashtable.*assign|consolidate|_List"
)


class IdiomSearch:
    """Tries the idioms one by one, each on top of those that were accepted.

    `told` is called with the trial of each proposal before the next one is asked for.
    """

    def __init__(self) -> None:
        #: edits that were accepted
        self.kept: tuple[Move, ...] = ()
        self._proposed: Move | None = None

    def told(self, trial: Trial | None) -> None:
        """Note what came of the last proposal."""
        if trial is not None and trial.outcome == Outcome.accepted and self._proposed is not None:
            self.kept = (*self.kept, self._proposed)
        self._proposed = None

    def proposals(self, situation: Situation) -> Iterator[Proposal]:
        """Those whose time was sampled, by what is to be gained: each on the best at that time."""
        shares = Shares(situation)
        if not shares.known:
            return
        worth = [(shares.of(idiom.spent), idiom) for idiom in IDIOMS]
        for share, idiom in sorted(worth, key=lambda pair: -pair[0]):
            if share >= LEAST_SHARE:
                yield from self._of(situation, idiom, share)
        share = shares.of(_COPIES)
        if share >= LEAST_SHARE:
            yield from self._by_reference(situation, share)

    def _of(self, situation: Situation, idiom: Idiom, share: float) -> Iterator[Proposal]:
        for path, spelling in _files(self._variant(situation)):
            if idiom.cxx and not _is_cxx(situation, path):
                continue
            new = idiom.write(spelling)
            if new is None:
                continue
            strict = idiom.unless(spelling) if idiom.unless is not None else new
            variant = self._variant(situation)
            if strict is None or errors(variant, path, strict, situation.toolchain) != []:
                continue
            yield self._proposal(situation, path, spelling.text, new, idiom.rule, share, idiom)

    def _by_reference(self, situation: Situation, share: float) -> Iterator[Proposal]:
        for path, spelling in _files(self._variant(situation)):
            if _is_cxx(situation, path):
                new = _references(self._variant(situation), path, spelling, situation)
                if new is not None:
                    yield self._proposal(situation, path, spelling.text, new, BY_REFERENCE, share)

    def _variant(self, situation: Situation) -> Variant:
        """The original with what was accepted: what is proposed comes on top of that."""
        variant = Variant(situation.best.program)
        for move in self.kept:
            variant = move.apply(variant)
        return variant

    def _proposal(
        self,
        situation: Situation,
        path: Path,
        old: str,
        new: str,
        rule: str,
        share: float,
        idiom: Idiom | None = None,
    ) -> Proposal:
        unit = next(u for u in situation.best.program.units if u.source == path)
        name = situation.best.program.label(unit)
        why = idiom.reason if idiom else "where objects are copied that are only looked at"
        self._proposed = Source(name, (as_edit(old, new),), summary=rule)
        return Proposal(
            (*self.kept, self._proposed),
            f"{share:.0%} of the samples lie {why}",
            "rules",
            min(idiom.expected if idiom else 1.5, 1 / max(1 - share, 0.1)),
            from_original=True,
            trusted=True,
            rule=rule,
        )


class Shares:
    """How much of the time went by in functions of such names, inlined ones too."""

    def __init__(self, situation: Situation) -> None:
        query = """
            SELECT coalesce(function, '') || ' ' || coalesce(loop, '') || ' '
                   || coalesce(parse_filename(object), '') AS name, sum(share) AS share
            FROM sample_shares GROUP BY ALL
        """
        self._run = situation.run
        self._lake = situation.lake
        self.known = situation.run.table("samples") is not None
        self._query = (
            f"SELECT coalesce(sum(share), 0) AS share FROM ({query}) WHERE regexp_matches(name, ?)"
        )

    def of(self, functions: str) -> float:
        """The share of the samples in functions whose name has a match."""
        found = ask(self._lake, self._query, [functions], [self._run])
        return float(found["share"][0].as_py())


def _is_cxx(situation: Situation, path: Path) -> bool:
    return any(u.cxx for u in situation.best.program.units if u.source == path)


def _files(variant: Variant) -> Iterator[tuple[Path, Spelling]]:
    """The program's sources, each with the names of all others and of the headers beside them."""
    paths = [unit.source for unit in variant.program.units][:MOST_FILES]
    headers = {
        h for p in paths for s in ("*.h", "*.hpp", "*.hh", "*.hxx") for h in p.parent.glob(s)
    }
    texts: dict[Path, str] = {}
    for path in (*paths, *sorted(headers)[: 4 * MOST_FILES]):
        try:
            texts[path] = exact_text(variant, path)
        except Refused:
            continue
    names = {path: Spelling(text).names for path, text in texts.items()}
    for path in paths:
        if path in texts:
            others = (found for other, found in names.items() if other != path)
            yield path, Spelling(texts[path], frozenset().union(*others))


def _references(
    variant: Variant, path: Path, spelling: Spelling, situation: Situation
) -> str | None:
    """The text with all that may be taken by reference, but for what the compiler objects to."""
    places = copies.by_reference(spelling)
    for _ in range(MOST_ASKED):
        if not places:
            return None
        new = spelling.with_changes({change for _, put in places for change in put})
        wrong = errors(variant, path, new, situation.toolchain)
        if wrong == []:
            return new
        if wrong is None:
            return None
        bad = copies.functions_at(spelling, wrong)
        left = [place for place in places if not any(a <= place[0] <= b for a, b in bad)]
        if len(left) == len(places):
            return None
        places = left
    return None
