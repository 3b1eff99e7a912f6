"""Moves for a whole program: profile, all files at once, layout of its code, the allocator.

What an engineer tries first on a program of many functions. Whether the time lies in loops or in
calls does not matter to them, so they are tried wherever no loop nest stands for the program: not
on kernels of our harness or PolyBench's, whose loops are the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from collectors.base.toolchain import Toolchain
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.whole_program import Allocator, Layout, LinkTime, Profile
from corr.optimize.proposal import Outcome, Proposal, Situation, Trial
from corr.optimize.rules.by_itself import ByItself
from corr.optimize.rules.inlining import InlineSearch
from corr.optimize.variant import Move

#: Files from which thin link-time optimisation is tried: the full one takes too long then.
MANY_UNITS = 40
#: Share of the samples in the kernel and in the allocator from which its settings are tried: what
#: goes by there is gained at most, and less than this is not told from noise.
LEAST_IN_ALLOCATOR = 0.05
#: Bytes of sampled functions from which their order is tried: half of a usual cache for code.
LEAST_HOT_CODE = 16 << 10
_KEEP = (
    "glibc.malloc.trim_threshold=17179869184",
    "glibc.malloc.mmap_max=0",
    "glibc.malloc.top_pad=67108864",
)
#: Of glibc 2.35 and newer; an older one leaves out what it does not know.
_LARGE_PAGES = "glibc.malloc.hugetlb=1"


class WholeSearch:
    """Profile, link and layout together, else fewer; then the allocator; then hot calls.

    `kept` are the moves that were accepted, with those that were before, `built` whether some for
    the build were; `under` the flags of these, where they are not put on top of the best.
    """

    def __init__(self, kept: tuple[Move, ...], under: tuple[str, ...] = ()) -> None:
        self.kept = kept
        self.built = False
        self._under: tuple[Move, ...] = (Flags(under),) if under else ()
        self._last: Trial | None = None

    def told(self, trial: Trial | None) -> None:
        """Note what came of the last proposal."""
        self._last = trial

    def proposals(self, situation: Situation, *, on_best: bool) -> Iterator[Proposal]:
        """What is left to try, each on what was accepted before."""
        layouts = list(for_layout(situation.toolchain, situation.lake, situation.run))
        yield from self._for_build(situation, layouts, on_best=on_best)
        for move, gain, reason in (
            *(pair for pair in layouts if pair[0] not in self.kept),
            *for_allocator(situation.lake, situation.run),
        ):
            yield Proposal((move,), reason, "rules", gain, trusted=True)
            if self._accepted:
                self.kept = (*(m for m in self.kept if m.kind != move.kind), move)
        calls, before = InlineSearch(situation), self.kept
        for proposal in calls.proposals():
            yield proposal
            calls.told(self._last)
            self.kept = (*before, *calls.kept)

    def _for_build(
        self, situation: Situation, layouts: list[tuple[Layout, float, str]], *, on_best: bool
    ) -> Iterator[Proposal]:
        """What is new to the build, up to what is accepted; not what gained nothing by itself."""
        by_itself = ByItself(situation.baselines)
        laid_out = tuple(move for move, _, _ in layouts)
        units = len(situation.best.program.units)
        for every, gain, reason in for_build(situation.toolchain, units, laid_out):
            moves = tuple(move for move in every if move not in self.kept)
            if not moves or by_itself.gains_nothing(moves):
                continue
            yield Proposal(
                (*self._under, *moves),
                reason,
                "rules",
                gain,
                from_original=not on_best,
                trusted=True,
                rule="; ".join(move.called() for move in moves),
            )
            if self._accepted:
                self.kept, self.built = (*self.kept, *moves), True
                return

    @property
    def _accepted(self) -> bool:
        return self._last is not None and self._last.outcome == Outcome.accepted


def for_build(
    toolchain: Toolchain, units: int, laid_out: tuple[Move, ...] = ()
) -> Iterator[tuple[tuple[Move, ...], float, str]]:
    """Moves for the build, with what they should gain and why: all at once, then each alone.

    With `laid_out` the first also orders the code: what each gains by itself may be too little to
    be told from noise, all of it together is not.
    """
    profile: tuple[Move, ...] = (Profile(),) if toolchain.has("llvm-profdata") else ()
    link: tuple[Move, ...] = ()
    if toolchain.has("ld.lld") and units > 1:
        link = (LinkTime("thin" if units >= MANY_UNITS else "full"),)
    if laid_out and (profile or link):
        reason = "what an engineer would turn on: profile, all files at once, code in its order"
        yield (*profile, *link, *laid_out), 1.25, reason
    if profile and link:
        reason = "a profile of its runs and all files at once: what is hot is inlined and laid out"
        yield (*profile, *link), 1.2, reason
    if profile:
        reason = "a profile of its runs says which calls and branches are the frequent ones"
        yield profile, 1.15, reason
    if link:
        yield link, 1.05, "calls between files can be inlined"


def for_layout(
    toolchain: Toolchain, lake: Lake, run: RunInfo
) -> Iterator[tuple[Layout, float, str]]:
    """The order of the code, where what runs is more than the first cache for code holds well."""
    size = _hot_code(lake, run)
    if toolchain.has("llvm-bolt") and size >= LEAST_HOT_CODE:
        what = f"{size // 1024} kB of code were sampled: what runs is put together, in its order"
        yield Layout(), 1.05, what


def _hot_code(lake: Lake, run: RunInfo) -> int:
    """Bytes of the program's functions that were sampled."""
    query = """
        SELECT coalesce(max(address) - min(address), 0) AS bytes FROM instructions
        WHERE symbol IN (SELECT i.symbol FROM samples JOIN instructions i USING (run_id, address)
                         WHERE own AND run_id = ?)
          AND run_id = ? GROUP BY symbol
    """
    if run.table("samples") is None or run.table("instructions") is None:
        return 0
    found = ask(lake, query, [run.run_id, run.run_id])
    return sum(found["bytes"].to_pylist())


def for_allocator(lake: Lake, run: RunInfo) -> Iterator[tuple[Allocator, float, str]]:
    """Settings of glibc's allocator, where the kernel or the allocator itself takes time."""
    kernel, allocator = _shares(lake, run)
    if kernel + allocator < LEAST_IN_ALLOCATOR:
        return
    what = f"{kernel:.0%} of the samples lie in the kernel, {allocator:.0%} in the allocator"
    gain = 1 / (1 - 0.7 * min(kernel + allocator, 0.9))
    yield Allocator(_KEEP), gain, f"{what}: memory that is freed is kept, not given back"
    yield (
        Allocator((*_KEEP, _LARGE_PAGES)),
        gain,
        f"{what}: memory that is freed is kept, in large pages",
    )


def _shares(lake: Lake, run: RunInfo) -> tuple[float, float]:
    """Shares of a run's samples in the kernel, and in functions of the C library's allocator."""
    query = """
        SELECT sum(count) FILTER (object = '[kernel]') / sum(count),
               sum(count) FILTER (
                   object LIKE '%/libc.so%' AND regexp_matches(symbol, ?)) / sum(count)
        FROM samples WHERE run_id = ?
    """
    if run.table("samples") is None:
        return 0.0, 0.0
    found = ask(lake, query, [_ALLOCATOR, run.run_id])
    kernel, allocator = (column[0].as_py() or 0.0 for column in found.columns)
    return kernel, allocator


_ALLOCATOR = (
    "malloc|calloc|realloc|cfree|free|memalign|systrim|sysmalloc|unlink_chunk|tcache|_int_free"
)
