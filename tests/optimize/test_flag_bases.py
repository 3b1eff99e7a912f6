"""Flags under which source moves are tried: never such as were refuted, and left if they mislead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectors.base import toolchain
from corr.lake.run_facts import RunFacts
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize.experience.earlier import Experience
from corr.optimize.experience.seen import Seen
from corr.optimize.hot_irregular import Irregular
from corr.optimize.hot_nests import HotNests, Nest
from corr.optimize.proposal import Outcome, Proposal, Trial
from corr.optimize.request import Baseline
from corr.optimize.rules.flag_bases import APART, FlagBases
from corr.optimize.rules.proposer import Search
from corr.polyhedral.clang_ast import Functions
from corr.polyhedral.extract import regions
from corr.program.model import Run, from_files
from corr.timing.verdict import Ratio, Verdict
from tests.support.command import Corr
from tests.support.places import ROOT

NATIVE = ("-O3", "-march=native")
KEPT = (*NATIVE, APART)
FAST = (*NATIVE, "-ffast-math")
POLLY = (*NATIVE, "-mllvm", "-polly")


def trial(outcome: str, detail: str = "", exact: bool | None = None, time: float = 1.0) -> Trial:
    known = Outcome(outcome).measured or outcome == "wrong output"
    ratio = Ratio(time, 0.9 * time, 1.1 * time) if known else None
    return Trial(1, 1, Proposal((), "", "rules"), Outcome(outcome), detail, ratio, exact=exact)


def measured(flags: tuple[str, ...], verdict: str, ratio: float) -> Baseline:
    """A baseline as it was measured."""
    return Baseline(" ".join(flags), flags, ratio=ratio, verdict=Verdict(verdict))


def flags_of(proposal: Proposal) -> tuple[str, ...]:
    """The flags that a proposal begins with."""
    return tuple(getattr(proposal.moves[0], "add", ()))


@pytest.mark.parametrize(
    "outcome", ["wrong output", "did not compile", "crashed", "untrusted time"]
)
def test_flags_that_are_refuted_are_no_base(outcome: str) -> None:
    bases = FlagBases()
    bases.alone(NATIVE, trial(outcome, time=0.1), 0.1)
    assert bases.current == ()
    bases.alone(KEPT, trial("same"), 0.99)
    assert bases.current == KEPT and bases.twin(KEPT) is None


def test_the_fastest_is_the_base_until_moves_do_better_under_another() -> None:
    bases = FlagBases()
    bases.alone(NATIVE, trial("slower", exact=False), 1.3)
    bases.alone(KEPT, trial("same", exact=True), 1.0)
    assert bases.current == KEPT
    bases.preferred = NATIVE
    assert bases.current == NATIVE


def test_flags_that_all_hurt_are_no_base() -> None:
    bases = FlagBases()
    bases.alone(NATIVE, trial("slower", exact=False), 1.8)
    bases.alone(KEPT, trial("slower", exact=True), 1.7)
    assert bases.current == ()
    bases.alone(FAST, trial("same", exact=True), 1.05)
    assert bases.current == FAST, "so little is noise"


@pytest.mark.parametrize(("exact", "twin"), [(False, KEPT), (True, None), (None, None)])
def test_there_is_a_twin_where_fusing_changes_the_result(
    exact: bool | None, twin: tuple[str, ...] | None
) -> None:
    bases = FlagBases()
    bases.alone(NATIVE, trial("same", exact=exact), 0.9)
    bases.alone(KEPT, trial("same", exact=True), 1.0)
    bases.alone(FAST, trial("same", exact=False), 0.5)
    assert bases.twin(NATIVE) == twin
    assert bases.twin(KEPT) == (NATIVE if twin else None)
    assert bases.twin(FAST) is None, "nobody tried its twin"


@pytest.mark.parametrize(
    ("trials", "left"),
    [
        ([("wrong output", "mini: C[3]: 0.25 where 0.5"), ("wrong output", "mini: C[4]: 1e-9 where 2")], True),
        ([("wrong output", "mini: C[3]"), ("crashed", "SIGSEGV")], False),
        ([("wrong output", "mini: C[3]"), ("slower", ""), ("wrong output", "mini: C[3]")], False),
        ([("wrong output", "mini: C[3]"), ("refused", "malloc"), ("wrong output", "mini: C[3]")], True),
        ([("refused", "malloc"), ("refused", "malloc"), ("refused", "malloc")], False),
    ],
)  # fmt: skip
def test_flags_under_which_all_are_refuted_alike_are_left(
    trials: list[tuple[str, str]], left: bool
) -> None:
    bases = FlagBases()
    bases.alone(NATIVE, trial("accepted", exact=False), 0.5)
    bases.alone(KEPT, trial("same", exact=True), 1.0)
    bases.preferred = NATIVE
    for outcome, detail in trials:
        bases.tried(NATIVE, trial(outcome, detail))
    assert bases.current == (KEPT if left else NATIVE)


# --- in the search -----------------------------------------------------------------------------


def search_of(share: float, *baselines: Baseline) -> Search:
    """A search of gemm's nest, which takes a share of the time, without a lake."""
    program = from_files(["gemm.c"], ("-O3",), Run(), ROOT / "kernels")
    unit = program.units[0]
    scops = regions(Functions(program, unit, toolchain.find()), "kernel_gemm")[0]
    nests = HotNests(tuple(Nest("gemm.c", unit.source.read_bytes(), scop, share) for scop in scops))
    run = SimpleNamespace(facts=RunFacts(flags=("-O3",)), table=lambda _: None)
    situation: Any = SimpleNamespace(
        history=[],
        whole=False,
        run=run,
        lake=None,
        allow_reassociation=False,
        nests=nests,
        irregular=Irregular(),
        note=lambda _: None,
        experience=Experience(),
        seen=Seen(),
        seen_original=Seen(),
        baselines={one.name: one for one in baselines},
    )
    return Search(situation)


@pytest.fixture
def search() -> Search:
    """A search in which flags come before nests."""
    return search_of(0.0)


def asked(
    search: Search, answer: Callable[[tuple[str, ...], bool], Trial], most: int = 12
) -> Iterator[tuple[tuple[str, ...], Trial]]:
    """The flags of each proposal and what came of it, as `answer` has it: flags, and with code?"""
    for number, proposal in enumerate(search.go_on(search.now)):
        if number == most:
            return
        found = answer(flags_of(proposal), len(proposal.moves) > 1)
        search.told(found)
        yield flags_of(proposal), found


@pytest.mark.slow
def test_no_nest_is_tried_under_flags_that_were_refuted(search: Search) -> None:
    """A fused multiply-add changes a printed digit: nothing under -march=native alone can pass."""

    def answer(flags: tuple[str, ...], _: bool) -> Trial:
        if APART in flags:
            return trial("same", exact=True)
        return trial("wrong output", "as measured: line 3", time=0.1)

    under = [flags for flags, _ in asked(search, answer)]
    assert under[:2] == [NATIVE, KEPT] and set(under[2:]) == {KEPT, POLLY}


@pytest.mark.slow
def test_nests_are_tried_both_ways_where_fusing_changes_the_result(search: Search) -> None:
    """And the search goes on as did better, though flags alone said otherwise."""

    def answer(flags: tuple[str, ...], code: bool) -> Trial:
        kept = APART in flags
        if not code:
            return trial("slower" if kept else "same", exact=kept, time=1.2 if kept else 1.0)
        return trial("accepted", time=0.5) if kept else trial("slower", time=1.5)

    done = list(asked(search, answer, most=8))
    assert [flags for flags, _ in done[2:4]] == [NATIVE, KEPT]
    assert done[5][0] == KEPT


@pytest.mark.slow
def test_a_base_that_misleads_is_left(search: Search) -> None:
    """The flags were right alone, and every nest under them is wrong in the same way."""

    def answer(flags: tuple[str, ...], code: bool) -> Trial:
        kept = APART in flags
        if not code:
            return trial("same", exact=kept, time=1.0 if kept else 0.5)
        return trial("slower", time=1.5) if kept else trial("wrong output", "mini: C[7] differs")

    under = [flags for flags, _ in asked(search, answer) if flags != POLLY][2:]
    assert under.count(NATIVE) == 2 and set(under[4:]) == {KEPT}


@pytest.mark.slow
def test_a_hot_nest_comes_before_flags_and_is_tried_fused_once_these_are_known() -> None:
    def answer(flags: tuple[str, ...], code: bool) -> Trial:
        if code:
            return trial("accepted", time=0.1)
        return trial("slower", exact=APART in flags, time=8.0)

    done = list(asked(search_of(0.9), answer, most=5))
    assert [flags for flags, _ in done[:3]] == [KEPT, NATIVE, KEPT]
    assert [found.outcome for _, found in done[:3]] == ["accepted", "slower", "slower"]
    assert done[3][0] == NATIVE and done[3][1].outcome == "accepted", "the nest, fused"


@pytest.mark.slow
def test_what_is_faster_by_itself_is_taken_up_first() -> None:
    """The one that gained most, which others need not beat then."""
    search = search_of(0.9, measured(POLLY, "faster", 0.8), measured(NATIVE, "faster", 0.9))

    def answer(_: tuple[str, ...], code: bool) -> Trial:
        return trial("accepted", time=0.1) if code else trial("accepted", exact=True, time=0.2)

    under = [flags for flags, _ in asked(search, answer, most=4)]
    assert under == [POLLY, KEPT, NATIVE, KEPT]


@pytest.mark.slow
def test_what_was_slower_than_the_baseline_that_is_kept_is_not_tried() -> None:
    search = search_of(0.9, measured(NATIVE, "faster", 0.85), measured(POLLY, "faster", 0.86))

    def answer(_: tuple[str, ...], code: bool) -> Trial:
        return trial("same") if code else trial("accepted", exact=True, time=0.85)

    under = [flags for flags, _ in asked(search, answer)]
    assert under[0] == NATIVE and POLLY not in under


@pytest.mark.slow
def test_the_next_is_tried_where_the_first_is_refuted() -> None:
    """With a profile first; what is kept then is what all else goes on top of."""
    trained = Baseline("pgo", ("-O3",), trained=True, ratio=0.7, verdict=Verdict.faster)
    search = search_of(0.9, measured(NATIVE, "faster", 0.9), trained)
    stream = search.go_on(search.now)
    first = next(stream)
    assert first.known and first.moves == trained.moves and first.from_original
    search.told(trial("wrong output"))
    second = next(stream)
    assert second.known and flags_of(second) == NATIVE and second.base
    search.told(trial("accepted", exact=False, time=0.9))
    assert not next(stream).known and search.under == second.moves


@pytest.mark.slow
def test_what_hurts_by_itself_is_neither_tried_nor_a_base() -> None:
    """But once, for a nest that won; what may gain nothing but be a base is tried, Polly is not."""
    hurts, same = measured(NATIVE, "slower", 1.5), measured(POLLY, "same", 1.0)

    def answer(_: tuple[str, ...], code: bool) -> Trial:
        return trial("accepted", time=0.5) if code else trial("same", exact=False)

    done = list(asked(search_of(0.9, hurts, same), answer, most=12))
    under = [flags for flags, _ in done]
    assert under[:2] == [KEPT, NATIVE] and POLLY not in under
    lost = search_of(0.9, hurts, same)

    def loses(flags: tuple[str, ...], code: bool) -> Trial:
        if code and flags == NATIVE:
            return trial("slower", time=1.5)
        return answer(flags, code)

    under = [flags for flags, _ in asked(lost, loses, most=12)]
    assert under.count(NATIVE) == 1


def test_a_twin_that_is_slower_each_time_is_left() -> None:
    bases = FlagBases()
    bases.alone(NATIVE, trial("same", exact=False), 1.0)
    bases.alone(KEPT, trial("same", exact=True), 1.0)
    for worse in (True, False, True):
        bases.again(NATIVE, won=False, worse=worse)
        assert bases.twin(KEPT) == NATIVE
    bases.again(NATIVE, won=False, worse=True)
    assert bases.twin(KEPT) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "code"), [(0.9, [True] * 3 + [False]), (0.4, [False] * 2 + [True])]
)
def test_flags_come_when_the_first_plans_gain_nothing(share: float, code: list[bool]) -> None:
    seen: list[bool] = []

    def answer(_: tuple[str, ...], written: bool) -> Trial:
        seen.append(written)
        return trial("same", exact=True)

    assert list(asked(search_of(share), answer, most=4))
    assert seen[: len(code)] == code


# --- as a user runs it -------------------------------------------------------------------------

PRINTED = """#include <stdio.h>
#include <stdlib.h>
#define N 320
static double A[N][N], B[N][N], C[N][N], P[N][N], R[N][N];
static void kernel(int n) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      R[i][j] = 1e17 * (A[i][j] * B[i][j] + P[i][j]);
      for (int k = 0; k < n; k++)
        C[i][j] += A[i][k] * B[k][j];
    }
}
int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : N;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      volatile double product;
      A[i][j] = (i + 3 * j) % 7 + 0.1;
      B[i][j] = (5 * i + j) % 11 + 0.1;
      product = A[i][j] * B[i][j];
      P[i][j] = -product;
    }
  kernel(n);
  for (int i = 0; i < n; i += 7)
    for (int j = 0; j < n; j += 7) printf("%0.2f %0.2f\\n", C[i][j], n < N ? 0 : R[i][j]);
  return 0;
}
"""


@pytest.mark.skipif("fma" not in Path("/proc/cpuinfo").read_text(), reason="it fuses nothing")
def test_a_kernel_whose_printed_digits_fusing_changes(tmp_path: Path, corr: Corr) -> None:
    """On the input that is measured, and not on the first that is looked at."""
    (tmp_path / "printed.c").write_text(PRINTED)
    done = corr(
        *("optimize", "printed.c", "--proposer", "rules", "--iterations", "1"),
        *("--candidates", "7", "--input", "30"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    query = "SELECT moves, kind, outcome FROM iterations WHERE role = 'proposal' ORDER BY candidate"
    rows = ask(Lake.open(tmp_path / "data"), query).to_pylist()
    tried = [(json.loads(r["moves"])[0]["add"], r["kind"], r["outcome"]) for r in rows]
    fused = [outcome for flags, _, outcome in tried if flags == list(NATIVE)]
    assert len(fused) == 1 and "accepted" not in fused, "alone, or once where that is slower"
    nests = [(flags, outcome) for flags, kind, outcome in tried if "source" in kind]
    assert any(outcome == "accepted" for _, outcome in nests), tried
