"""What earlier sessions taught, and the order of the rules' proposals by it."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectors.base import toolchain
from corr.lake.run_facts import RunFacts
from corr.lake.store import Lake
from corr.optimize.experience import tried as kept
from corr.optimize.experience import words
from corr.optimize.experience.earlier import Experience, Lesson, earlier
from corr.optimize.experience.seen import HotPlace, Seen
from corr.optimize.hot_irregular import Irregular
from corr.optimize.hot_nests import HotNests, Nest
from corr.optimize.proposal import Outcome, Proposal, Trial
from corr.optimize.rules import loops
from corr.optimize.rules.proposer import Search
from corr.optimize.variant import Variant
from corr.polyhedral.clang_ast import Functions
from corr.polyhedral.extract import regions
from corr.program.model import Run, from_files
from corr.system.shipped_files import shipped
from corr.timing.verdict import Ratio
from tests.support.places import ROOT
from tests.support.tried_rows import NATIVE, commit, tried

APART, POLLY = f"{NATIVE} -ffp-contract=off", f"{NATIVE} -mllvm -polly"
#: More than there are proposals.
MOST = 400

SPLIT = {"kind": "flags+source", "move": f"{NATIVE} -fno-slp-vectorize; f.c: f split"}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.open(tmp_path / "data", create=True)
    for session in ("1", "2", "3"):
        commit(
            lake,
            session,
            tried("nest split", "slower", 0.9, program=f"p{session}", **SPLIT),
            tried("nest split", "accepted", 2.0, candidate=2, program=f"p{session}", **SPLIT),
            tried(POLLY, "slower", 0.5, candidate=3),
        )
    return lake


# --- what is taught ------------------------------------------------------------------------------


def test_only_earlier_sessions_teach(lake: Lake) -> None:
    assert earlier(lake, "1").lessons == {}
    lesson = earlier(lake, "3").of("nest split", ["unheard of", "stride"])
    assert lesson is not None and (lesson.sessions, lesson.won) == (2, 2)
    assert lesson.under == (f"{NATIVE} -fno-slp-vectorize",)
    assert lesson.words == (
        "tried first, as it won 2 of 2 times on loops that walk down columns, ×2.00 on average:"
        " p1, p2"
    )
    polly = earlier(lake, "9").of(POLLY, ["stride"])
    assert polly is not None and polly.value < 0
    assert polly.words.startswith("tried last, as it won none of 3 times on loops that walk")
    two = earlier(lake, "3").of(POLLY, ["stride"])
    assert two is not None and two.value == 0 and two.words == "", "two times are too few"


def test_the_likeliest_evidence_that_teaches_decides() -> None:
    lessons = {("r", "stride"): Lesson("stride", 3), ("r", "memory"): Lesson("memory", 1, 1, 0.5)}
    experience = Experience(lessons)
    for evidence, decides in ((("memory", "stride"), "memory"), (("x", "stride"), "stride")):
        lesson = experience.of("r", evidence)
        assert lesson is not None and lesson.evidence == decides
    assert experience.of("r", ()) is None and experience.of("s", ("stride",)) is None


def test_what_is_kept_is_read_once_and_never_believed_if_damaged(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = earlier(lake, "9")
    place = lake.root / "cache" / kept.NAME
    asked = kept.ask
    monkeypatch.setattr(kept, "ask", lambda *_a, **_k: pytest.fail("the lake is read again"))
    assert earlier(lake, "9") == first
    monkeypatch.setattr(kept, "ask", asked)
    for damage in (b"", b"{", b'{"stamp": 1}', b"[]"):
        place.write_bytes(damage)
        assert earlier(lake, "9") == first
    content = json.loads(place.read_text())
    next(iter(content["runs"].values()))[0][0] = 7
    place.write_text(json.dumps(content))
    assert earlier(lake, "9") == first
    lake.remove(lake.all_runs()[0])
    lesson = earlier(lake, "9").of("nest split", ["stride"])
    assert lesson is not None and lesson.sessions == 2
    commit(lake, "4", tried("nest split", "same", 1.0, **SPLIT))
    lesson = earlier(lake, "9").of("nest split", ["stride"])
    assert lesson is not None and (lesson.sessions, lesson.won) == (3, 2)


def test_kinds_of_findings_have_words() -> None:
    kinds = {path.stem for path in (shipped("queries") / "findings").glob("*.sql")}
    assert set(words.PLACES) <= kinds
    assert words.places("stride") == "loops that walk down columns"
    assert words.places("new\x1b kind") == "places of the kind new\\x1b kind"
    assert words.places("bound by Zn4FP0") == "loops bound by Zn4FP0"


def test_what_was_seen_in_a_function_is_that_of_its_hottest_loop() -> None:
    seen = Seen((HotPlace(None, ("library",)), HotPlace("f/1.2", ("a",)), HotPlace("f/2", ("b",))))
    assert seen.at("f") == seen.at("f/1") == seen.at("f/1.2") == ("a",)
    assert seen.at("f/2") == ("b",) and seen.at(None) == ("library",)
    assert seen.at("g") == ("library",), "what nothing is known of stands for the program"
    assert Seen().at("f") == ()


# --- the order by it -----------------------------------------------------------------------------


def search(experience: Experience) -> Search:
    """A search of gemm's nest, which walks down columns."""
    program = from_files(["gemm.c"], ("-O3",), Run(), ROOT / "kernels")
    unit = program.units[0]
    scops = regions(Functions(program, unit, toolchain.find()), "kernel_gemm")[0]
    nests = HotNests(tuple(Nest("gemm.c", unit.source.read_bytes(), scop) for scop in scops))
    seen = Seen((HotPlace("kernel_gemm/1.1.1", ("stride", "bound by dependencies")),))
    situation: Any = SimpleNamespace(
        history=[],
        best=Variant(program),
        whole=False,
        lake=None,
        run=SimpleNamespace(facts=RunFacts(flags=("-O3",)), table=lambda _: None),
        allow_reassociation=False,
        nests=nests,
        irregular=Irregular(),
        note=lambda _: None,
        experience=experience,
        seen=seen,
        seen_original=seen,
        baselines={},
    )
    return Search(situation)


def order(experience: Experience) -> list[Proposal]:
    """The proposals of a search in which no code is ever faster."""
    found: list[Proposal] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(loops, "proposals", lambda _: iter(()))
        searching = search(experience)
        for proposal in itertools.islice(searching.go_on(searching.now), MOST):
            found.append(proposal)
            ratio = Ratio(1.2, 1.1, 1.3)
            searching.told(Trial(1, len(found), proposal, Outcome.slower, "", ratio))
    return found


@pytest.fixture(scope="module")
def plain() -> list[Proposal]:
    """The order without experience."""
    return order(Experience())


@pytest.mark.slow
def test_what_won_comes_first_and_what_never_paid_last(lake: Lake, plain: list[Proposal]) -> None:
    assert [p.called for p in plain[:4]] == [NATIVE, APART, "nest split", POLLY]
    assert not any(p.learned for p in plain)
    taught = order(earlier(lake, "9"))
    assert taught[0].called == "nest split" and taught[0].learned.startswith("tried first")
    flags = taught[0].moves[0]
    assert flags.describe().startswith(NATIVE) and len(taught[0].moves) == 2
    assert [p.called for p in taught[1:3]] == [NATIVE, APART]
    assert taught[-1].called == POLLY and taught[-1].learned.startswith("tried last")
    assert [p.moves for p in order(earlier(lake, "9"))] == [p.moves for p in taught]


@pytest.mark.slow
def test_nothing_is_dropped(plain: list[Proposal]) -> None:
    """Whatever was learned, every base is tried in the end, and each flag."""
    names = {p.called for p in plain}
    assert len(plain) < MOST and len(names) > 8
    lessons = {(name, "stride"): Lesson("stride", 5) for name in sorted(names)[::2]}
    for name in sorted(names)[1::4]:
        lessons[name, "stride"] = Lesson("stride", 5, 4, 2.0)
    taught = order(Experience(lessons))
    assert {p.called for p in taught} == names
    value = {name: lesson.value for (name, _), lesson in lessons.items()}
    never = [p for p in taught if value.get(p.called, 0) < 0 and not p.base]
    assert taught[-len(never) :] == never
