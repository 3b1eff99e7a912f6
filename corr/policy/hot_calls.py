"""Less time: hot calls of one program decided otherwise, each judged by timing the whole program.

Only calls where much of the time lies are tried, each on top of those that were kept. Candidate and
best so far are run in turn, in fresh processes; a bandit says which call the next pair is for. What
is kept is then timed against the original on an input that nothing was chosen by: luck does not
travel to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from collectors.base.errors import CompileError, CorrError, UsageError
from collectors.base.invocation import Invocation, failure
from collectors.base.toolchain import Toolchain
from collectors.decisions import replay
from collectors.decisions.replay import SiteDecision
from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo
from corr.policy.attributes import Mark, marked, patch
from corr.policy.bandit import Arm, Bandit, State
from corr.policy.modules import code_of
from corr.program.build import Builder
from corr.program.model import Program
from corr.timing.interleave import Limits, interleave
from corr.timing.verdict import Ratio
from corr.workers.pairs import Asked, Here, Timer

#: Calls with less than this share of the time, in their callee or in what was inlined, stay.
LEAST_SHARE = 0.01
#: Pairs of runs that settle one candidate; the last word has more.
_EACH = Limits(fewest=5, most=15, seconds=60.0)
_LAST = Limits(fewest=9, most=31, seconds=120.0)


@dataclass(frozen=True)
class HotCall:
    """A call of the source and what turning it round means, copy by copy, in its unit."""

    unit: str
    place: str
    callee: str
    file: str
    mark: Mark
    share: float
    decisions: tuple[SiteDecision, ...]

    @property
    def words(self) -> str:
        verb = "inlined" if self.decisions[0].inlined else "not inlined"
        return f"{self.callee} at {self.place} {verb}"


@dataclass(frozen=True)
class Tried:
    """What came of a call: time over that of the best so far; or why it was not timed."""

    call: HotCall
    ratio: Ratio | None = None
    kept: bool = False
    why: str = ""


@dataclass(frozen=True)
class Patch:
    """The calls as attributes. They act earlier in the optimiser than the tables do: where the code
    is another one for it, it was timed by itself (`ratio`), and is faster than the original, too.
    """

    text: str
    ratio: Ratio | None = None


@dataclass
class Faster:
    """The outcome: calls that were kept, time over the original's on both inputs (None: not timed).

    `kept` is empty where nothing was faster on the held-out input, too: the default stays.
    """

    tried: list[Tried] = field(default_factory=list)
    kept: tuple[HotCall, ...] = ()
    train: Ratio | None = None
    held_out: Ratio | None = None
    refuted: bool = False
    patch: Patch | None = None


def hot_calls(lake: Lake, run: RunInfo, least: float = LEAST_SHARE) -> list[HotCall]:
    """The calls of a run worth a try, hottest first. Raises UsageError without decisions."""
    connection = connect(lake, [run], only=["call_sites", "decisions"])
    if not rows(connection, "SELECT 1 FROM decisions LIMIT 1"):
        raise UsageError(
            f"{run.run_id} has no decisions of the inliner", "collect it with --decisions"
        )
    found = rows(
        connection,
        'SELECT d.module, s.place, s.file, s.line, s."column" AS at, s.callee, d.caller,'
        " d.chain, bool_or(d.inlined) AS inlined,"
        " max(greatest(coalesce(s.inlined_share, 0), coalesce(s.most_share, 0))) AS share"
        " FROM call_sites s JOIN decisions d ON d.callee = s.callee AND d.file = s.file"
        ' AND d.line = s.line AND d."column" = s."column" WHERE d.chain IS NOT NULL'
        " GROUP BY ALL HAVING share >= ? ORDER BY share DESC, s.place, s.callee, d.chain",
        least,
    )
    together: dict[tuple[str, str, str, bool], list[Any]] = {}
    for row in found:
        key = (row["module"], row["place"], row["callee"], row["inlined"])
        together.setdefault(key, []).append(row)
    calls = []
    for (module, place, callee, inlined), copies in together.items():
        sites = tuple(
            SiteDecision(copy["caller"], callee, copy["chain"], not inlined) for copy in copies
        )
        if all(site.sound for site in sites):
            first = copies[0]
            mark = Mark(first["line"], first["at"], not inlined)
            calls.append(HotCall(module, place, callee, first["file"], mark, first["share"], sites))
    return calls


class Search:
    """Builds and times variants of a program. `held_out` are arguments for the last word."""

    def __init__(
        self,
        program: Program,
        tools: Toolchain,
        folder: Path,
        held_out: Sequence[str] | None,
        timer: Timer | None = None,
    ) -> None:
        self._program = program
        self._tools = tools
        self._folder = folder
        self._held_out = tuple(held_out) if held_out is not None else None
        self._patched = self._tried = 0
        self.timer: Timer = timer or Here()
        self._original = self._build("original", ())

    def run(
        self, calls: Sequence[HotCall], seconds: float | None, done: Callable[[float], None]
    ) -> Faster:
        """Try the calls while the time lasts. Raises CorrError where the program itself fails."""
        end = None if seconds is None else time.monotonic() + seconds
        outcome = Faster()
        expected = self._output(self._original)
        path = HotPath(self, calls, expected, outcome)
        while (end is None or time.monotonic() < end) and path.step():
            done(path.bandit.decided)
        if path.kept:
            self._last_word(outcome, path.kept, path.best)
        return outcome

    def _last_word(self, outcome: Faster, kept: tuple[HotCall, ...], best: Path) -> None:
        outcome.train = interleave(self._run(self._original), self._run(best), limits=_LAST).ratio
        decisive = outcome.train
        if self._held_out is not None:
            outcome.held_out = decisive = self._decisive(best)
        if decisive.high < 1:
            outcome.kept = kept
            outcome.patch = self._timed_patch(kept, best)
        else:
            outcome.refuted = True

    def _decisive(self, binary: Path) -> Ratio:
        """Time over the original's on the input that nothing was chosen by, if there is one."""
        pair = (self._run(path, self._held_out) for path in (self._original, binary))
        return interleave(*pair, limits=_LAST).ratio

    def _timed_patch(self, kept: Sequence[HotCall], best: Path) -> Patch | None:
        made = self._as_patch(kept)
        if made is None:
            return None
        text, built = made
        if code_of(built).hash == code_of(best).hash:
            return Patch(text)
        if self._output(built) != self._output(best):
            return None
        ratio = self._decisive(built)
        return Patch(text, ratio) if ratio.high < 1 else None

    def _as_patch(self, kept: Sequence[HotCall]) -> tuple[str, Path] | None:
        """The calls as attributes in the sources, and the program so built; None if they cannot."""
        marks: dict[str, list[Mark]] = {}
        for call in kept:
            marks.setdefault(call.file, []).append(call.mark)
        folder, parts = self._folder / f"patched{self._patched}", []
        self._patched += 1
        folder.mkdir()
        overlay = dict(self._program.overlay)
        for number, (file, listed) in enumerate(marks.items()):
            source = self._program.root / file
            try:
                before = self._program.content(source).read_text("utf-8")
            except (OSError, UnicodeError):
                return None
            after = marked(before, listed)
            if after is None:
                return None
            overlay[source] = folder / f"{number}{source.suffix}"
            overlay[source].write_text(after, "utf-8")
            parts.append(patch(file, before, after))
        try:
            program = replace(self._program, overlay=overlay)
            return "".join(parts), Builder(program, self._tools, folder).executable()
        except CompileError:
            return None

    def with_call(self, kept: Sequence[HotCall], call: HotCall) -> Path:
        """The program with one more call turned round. Raises CompileError."""
        self._tried += 1
        return self._build(f"call{self._tried}", (*kept, call))

    def _build(self, name: str, calls: Sequence[HotCall]) -> Path:
        folder = self._folder / name
        folder.mkdir(parents=True)
        flags = unit_flags(calls, folder)
        units = tuple(
            replace(unit, flags=(*unit.flags, *flags.get(self._program.label(unit), ())))
            for unit in self._program.units
        )
        return Builder(replace(self._program, units=units), self._tools, folder).executable()

    def _run(self, binary: Path, args: tuple[str, ...] | None = None) -> Invocation:
        how = self._program.run
        return (how if args is None else replace(how, args=args)).invocation(binary)

    def _output(self, binary: Path) -> bytes:
        done = self._run(binary).run()
        error = failure(done)
        if error is not None:
            raise error
        return done.stdout


class HotPath:
    """The calls as arms: which are tried next, on top of what was kept."""

    def __init__(
        self, search: Search, calls: Sequence[HotCall], expected: bytes, outcome: Faster
    ) -> None:
        self._search = search
        self._calls = calls
        self._expected = expected
        self._outcome = outcome
        self._built: dict[int, Path] = {}
        self.kept: tuple[HotCall, ...] = ()
        self.best = search._original
        self.bandit = Bandit([call.share for call in calls])

    def step(self) -> bool:
        """Pull the arms that may be the best; False where none is open."""
        pulled = self.bandit.next(self._search.timer.width)
        ready = [arm for arm in pulled if self._ready(arm)]
        asked = [
            Asked(self.best, self._built[arm.number], turned=(len(arm.pairs) + n) % 2 == 1)
            for n, arm in enumerate(ready)
        ]
        found = self._search.timer.pairs(self._search._program.run, asked)
        for arm, pair in zip(ready, found, strict=True):
            arm.pairs.append(pair)
        for arm in {arm.number: arm for arm in ready}.values():
            self._judge(arm)
        return bool(pulled)

    def _ready(self, arm: Arm) -> bool:
        """The program with this call turned round is there; else the arm is closed, and why."""
        if arm.number in self._built or arm.state != State.open:
            return arm.state == State.open
        call = self._calls[arm.number]
        try:
            built = self._search.with_call(self.kept, call)
        except CompileError as error:
            return self._close(arm, error.message.splitlines()[0])
        if code_of(built).hash == code_of(self.best).hash:
            return self._close(arm, "the machine code is the same")
        if self._search._output(built) != self._expected:
            return self._close(arm, "the program prints something else")
        self._built[arm.number] = built
        return True

    def _close(self, arm: Arm, why: str) -> bool:
        arm.state = State.lost
        self._outcome.tried.append(Tried(self._calls[arm.number], why=why))
        return False

    def _judge(self, arm: Arm) -> None:
        """Keep what wins, when a series of its own bears it out; give up what loses."""
        state = arm.judge() if arm.state == State.open else State.open
        if state == State.open:
            return
        call, ratio = self._calls[arm.number], arm.ratio
        kept = False
        if state == State.won:  # it was looked at after each pair: a chance wins at times
            built = self._built[arm.number]
            runs = (self._search._run(path) for path in (self.best, built))
            ratio = interleave(*runs, limits=_EACH).ratio
            kept = ratio.high < 1
        self._outcome.tried.append(Tried(call, ratio, kept))
        if kept:
            self.kept, self.best = (*self.kept, call), self._built[arm.number]
            self._built.clear()
            self.bandit.begin_again()


def unit_flags(calls: Sequence[HotCall], folder: Path) -> dict[str, list[str]]:
    """For each unit whose calls are decided otherwise: its table, written, and the flags for it."""
    tables: dict[str, list[SiteDecision]] = {}
    for call in calls:
        tables.setdefault(call.unit, []).extend(call.decisions)
    flags = {}
    for number, (unit, decisions) in enumerate(tables.items()):
        path = folder.absolute() / f"{Path(unit).stem}-{number}.replay"
        try:
            path.write_text(replay.text(decisions), "utf-8", "surrogateescape")
        except OSError as error:
            raise CorrError(f"cannot write {path}: {error.strerror}") from error
        flags[unit] = [replay.DEBUG, *replay.flags(path)]
    return flags
