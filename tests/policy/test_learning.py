"""The warm start, the search, and what is handed back to a plain compiler."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from collectors.decisions import replay
from corr.lake.store import Lake
from corr.policy import flips, policies, thresholds
from corr.policy.corpus import Corpus, Split
from corr.policy.examples import Traced
from corr.policy.handed_back import export
from corr.policy.improve import Searched
from corr.policy.ledger import Budget, Ledger, Trial
from corr.policy.modules import Builds, code_of
from corr.policy.policies import COST, Policy
from tests.support.command import Corr

#: Inlines far more than -O2 does, but not what has many users.
EAGER = Policy("margin", 22, (COST, "callee_users"), 900.0, (), (0.0, -500.0))


@pytest.fixture(scope="module")
def traced(corpus_folder: Path) -> Traced:
    corpus = Corpus.open(corpus_folder / "corpus")
    return Traced.of(corpus, Lake.open(corpus_folder / "data").find("traced"))


@pytest.fixture
def work(corpus_folder: Path, tmp_path: Path) -> Path:
    """A copy of the corpus and its lake, to leave results in."""
    shutil.copytree(corpus_folder, tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def improved(improved_folder: Path, tmp_path: Path) -> Path:
    """A copy of the searched one."""
    shutil.copytree(improved_folder, tmp_path / "improved")
    return tmp_path / "improved"


@pytest.fixture
def ledger(traced: Traced, tools: Toolchain, tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "policy", Builds(traced.corpus, tools))


def test_the_warm_start_agrees_with_llvm_on_modules_it_has_not_seen(work: Path, corr: Corr) -> None:
    done = corr("policy", "train", "corpus", "--format", "json", cwd=work)
    assert done.returncode == 0, done.stderr
    rows = {(row["features"], row["split"]): row for row in json.loads(done.stdout)}
    seen = rows["all", "held-out"]
    assert seen["decisions"] > 20 and seen["agreement"] >= 0.99 > seen["one answer"]
    blind = rows["without cost and threshold", "held-out"]
    assert blind["agreement"] > blind["one answer"]
    assert policies.load(work / "corpus/policy/warmstart.json").kind == "trees"


def test_the_driven_warm_start_builds_what_the_default_builds(
    work: Path, corr: Corr, tools: Toolchain
) -> None:
    """Agreement counts single decisions; here each answer leads to the next question."""
    assert corr("policy", "train", "corpus", cwd=work).returncode == 0
    policy = policies.load(work / "corpus/policy/warmstart.json")
    builds = Builds(Corpus.open(work / "corpus"), tools)
    for module in builds.corpus.of(Split.train)[:3]:
        assert builds.drive(module, work / "a.o", policy.advisor).ok
        assert code_of(work / "a.o").hash == module.code


def test_examples_are_of_their_split_and_do_not_tell_the_answer(traced: Traced) -> None:
    held_out = traced.examples(Split.held_out)
    names = {module.name for module in traced.corpus.of(Split.held_out)}
    rows = traced.rows(traced.modules(Split.held_out))
    assert set(rows) == names and len(held_out.inlined) == sum(map(len, rows.values()))
    assert "inlining_default" not in held_out.names and held_out.values.shape[1] == 38
    assert held_out.inlined.tolist() == [r["inlined"] for listed in rows.values() for r in listed]


def test_a_module_without_a_faithful_trace_is_left_out(traced: Traced) -> None:
    name = traced.corpus.of(Split.train)[0].name
    less = Traced(traced.corpus, traced.run, traced.faithful - {name})
    assert name not in {module.name for module in less.modules(Split.train)}
    assert len(less.examples(Split.train).inlined) < len(traced.examples(Split.train).inlined)


def test_a_search_ends_no_larger_and_plain_clang_makes_the_same_code(
    improved: Path, corr: Corr, tools: Toolchain
) -> None:
    words = ("policy", "improve", "corpus", "--flips", "4", "--format", "json")
    done = corr(*words, cwd=improved)
    assert done.returncode == 0 and "; 0 compilations;" in done.stderr, "every trial is known"
    everything = json.loads(done.stdout)[-1]
    assert everything["project"] == "all" and everything["modules"] > 2
    assert everything["searched"] <= min(everything["threshold"], everything["flipped"]) <= 0
    assert everything["smaller"] > 0 > everything["searched"]
    result = json.loads((improved / "corpus/policy/result.json").read_text())
    builds = Builds(Corpus.open(improved / "corpus"), tools)
    known = {module.name: module for module in builds.corpus.modules}
    tables = 0
    for found in result["modules"]:
        assert found["searched"] <= found["default"]
        more = list(found["flags"])
        if found["decisions"]:
            table = improved / f"corpus/policy/tables/{found['module']}.replay"
            more += replay.flags(table)
            tables += 1
        code = builds.build(known[found["module"]], improved / "plain.o", more)
        assert code is not None and code.text == found["searched"]
    assert tables <= len(result["modules"])
    # and for one's own build
    assert corr("policy", "export", "corpus", "--into", "use", cwd=improved).returncode == 0
    flags = json.loads((improved / "use/inlining.json").read_text())
    changed = [m for m in result["modules"] if m["searched"] < m["default"]]
    assert sum(map(len, flags.values())) >= len(changed)
    assert "set_property(SOURCE" in (improved / "use/inlining.cmake").read_text()


def test_single_calls_turned_round_make_less_code(
    ledger: Ledger, traced: Traced, tmp_path: Path
) -> None:
    """What is kept is the table that a plain clang replays; what is tried is counted."""
    modules = traced.modules(Split.held_out)
    rows = traced.rows(modules)
    gains = 0
    for module in modules[:3]:
        found = flips.search(ledger, module, rows[module.name], 4)
        assert found.text <= module.text and found.tried <= 4
        assert bool(found.decisions) == (found.text < module.text)
        (tmp_path / "table").write_text(found.table)
        more = replay.flags(tmp_path / "table") if found.table else []
        code = ledger.builds.build(module, tmp_path / "a.o", more)
        assert code is not None and code.text == found.text
        gains += module.text - found.text
    assert gains > 0


def test_the_flags_that_are_exported_do_it_from_the_source(
    improved: Path, corr: Corr, tools: Toolchain
) -> None:
    """Not only from the corpus's bitcode: in the folder where the project is built."""
    assert corr("policy", "export", "corpus", "--into", "use", cwd=improved).returncode == 0
    flags = json.loads((improved / "use/inlining.json").read_text())
    result = json.loads((improved / "corpus/policy/result.json").read_text())
    sizes = {m["module"]: m["searched"] for m in result["modules"]}
    known = {(m.project, m.source): m for m in Corpus.open(improved / "corpus").modules}
    checked = 0
    for project, sources in flags.items():
        for source, more in sources.items():
            argv = [tools.path("clang"), "-O2", *more, "-c", source, "-o", improved / "a.o"]
            subprocess.run(argv, cwd=improved / project, check=True)
            assert code_of(improved / "a.o").text == sizes[known[project, source].name]
            checked += 1
    assert checked


def test_cmake_finds_the_tables_wherever_the_folder_is(work: Path, corr: Corr, clang: str) -> None:
    """Exported, moved to a folder with a blank in its name, and used by CMake itself."""
    EAGER.write(work / "eager.json")
    words = ("policy", "export", "corpus", "--policy", "eager.json", "--into", "use")
    assert corr(*words, cwd=work).returncode == 0
    flags = json.loads((work / "use/inlining.json").read_text())["one"]
    moved = work / "one" / "moved there"
    shutil.move(work / "use", moved)
    names = " ".join(path.name for path in sorted((work / "one").glob("*.c")))
    (work / "one/CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(one C)\n"
        f"set(CMAKE_EXPORT_COMPILE_COMMANDS ON)\nadd_library(one STATIC {names})\n"
        'set(INLINING_PROJECT one)\ninclude("moved there/inlining.cmake")\n'
    )
    compiler = f"-DCMAKE_C_COMPILER={clang}"
    subprocess.run(["cmake", "-S", "one", "-B", "build", compiler], cwd=work, check=True)
    entries = json.loads((work / "build/compile_commands.json").read_text())
    commands = {Path(e["file"]).name: shlex.split(e["command"]) for e in entries}
    tables = 0
    for source, listed in flags.items():
        here = [flag.replace(str(work / "use"), str(moved)) for flag in listed]
        assert [word for word in commands[source] if word in set(here)] == here
        mark = "-cgscc-inline-replay="
        named = [Path(word.removeprefix(mark)) for word in here if word.startswith(mark)]
        assert all(path.is_file() for path in named)
        tables += len(named)
    assert tables > 2
    subprocess.run(["cmake", "--build", "build"], cwd=work, check=True)


def test_a_budget_ends_a_search_which_goes_on_later(work: Path, corr: Corr) -> None:
    words = ("policy", "improve", "corpus", "--flips", "2", "--format", "json")
    counts = []
    for more in (["--budget-trials", "9"], ["--budget-trials", "9"], ["--budget-minutes", "0"]):
        done = corr(*words, *more, cwd=work)
        assert done.returncode == 0, done.stderr
        counts.append(len((work / "corpus/policy/trials.jsonl").read_text().splitlines()))
        assert json.loads(done.stdout)[-1]["searched"] is None, "no held-out module was reached"
    assert counts == [9, 18, 18]


def test_what_the_budget_did_not_last_for_is_not_compared(work: Path, corr: Corr) -> None:
    words = ("policy", "improve", "corpus", "--flips", "2")
    done = corr(*words, "--budget-trials", "0", cwd=work)
    assert done.returncode == 0 and "0.00%" not in done.stdout
    assert "constant: stopped by its budget; not compared" in done.stderr
    assert "chosen on" not in done.stderr
    EAGER.write(work / "eager.json")
    evaluate = ("policy", "evaluate", "corpus", "--policy", "eager.json", "--report", "page.html")
    done = corr(*evaluate, cwd=work)
    assert done.returncode == 0, done.stderr
    ways = {line.split()[0]: line for line in done.stdout.splitlines()}
    for name in ("constant", "threshold", "flipped", "searched"):
        assert ways[name].split()[1:5] == ["-"] * 4, "no number"
        assert ways[name].endswith("stopped by its budget; not compared")
    assert (work / "page.html").exists() and "%" in ways["eager"]
    # calls were not asked for: that is no comparison either
    done = corr(*words[:-2], "--flips", "0", cwd=work)
    assert done.returncode == 0 and "chosen on the training modules" in done.stderr
    assert "stopped" not in done.stderr
    ways = {line.split()[0]: line for line in corr(*evaluate[:-2], cwd=work).stdout.splitlines()}
    assert ways["flipped"].endswith("not tried; not compared")
    assert "%" in ways["constant"] and "%" in ways["searched"]


def test_ways_of_fewer_modules_say_so(improved: Path, corr: Corr) -> None:
    """The search was of the held-out modules; the policy is compared on all."""
    EAGER.write(improved / "eager.json")
    words = ("policy", "evaluate", "corpus", "--modules", "all", "--policy", "eager.json")
    done = corr(*words, "--format", "json", cwd=improved)
    assert done.returncode == 0, done.stderr
    ways = {row["way"]: row for row in json.loads(done.stdout)}
    every, held_out = ways["eager"]["modules"], ways["searched"]["modules"]
    assert held_out < every
    for name in ("constant", "threshold", "flipped", "searched"):
        assert ways[name]["what"].endswith(f"; {held_out} of {every} modules")
    assert ways["eager"]["what"] == "policy"


def test_a_line_that_was_cut_short_counts_for_nothing(
    ledger: Ledger, traced: Traced, tmp_path: Path
) -> None:
    module = traced.corpus.modules[0]
    text = ledger.text(module, thresholds.trial(0))
    with (tmp_path / "policy" / "trials.jsonl").open("a") as file:
        file.write('{"module": "abc", "tri')
    again = Ledger(tmp_path / "policy", ledger.builds, Budget(trials=0))
    assert again.text(module, thresholds.trial(0)) == text is not None
    assert again.text(module, thresholds.trial(10)) is None and again.compiled == 0


def test_candidates_are_calls_that_can_be_named_the_likely_ones_first() -> None:
    def row(callee: str, chain: str | None, inlined: bool, cost: int) -> dict[str, object]:
        return {"caller": "m", "callee": callee, "chain": chain, "inlined": inlined, "cost": cost}

    rows = [
        row("dear", "m:1:1", True, 90),
        row("cheap", "m:2:1", True, -40),
        row("near", "m:3:1", False, 8),
        row("far", "m:4:1", False, 5000),
        row("unknown", None, True, 300),
        row("it's", "m:5:1", True, 300),
        row("near", "m:6:1", False, 12),
    ]
    found = flips.candidates(rows)
    callees = [tuple(site.callee for site in candidate) for candidate in found]
    assert callees[0] == ("dear",) and ("near", "near") in callees
    assert not {"far", "unknown", "it's"} & {name for group in callees for name in group}
    assert callees.index(("near",)) < callees.index(("cheap",))


def test_failures_of_the_compiler_are_no_gain(ledger: Ledger, traced: Traced) -> None:
    module = traced.corpus.modules[0]
    assert ledger.text(module, Trial(("-mllvm", "-no-such-option=1"))) is None
    assert thresholds.Sweep({module.name: {None: 10, 0: 12, 75: 10}}).best(module) is None
    assert Searched.__dataclass_fields__.keys() >= {"default", "searched"}


def test_a_policys_decisions_are_replayed_without_it(traced: Traced, tools: Toolchain) -> None:
    builds = Builds(traced.corpus, tools)
    found = [export(builds, module, EAGER) for module in traced.corpus.modules]
    good = [e for e in found if not e.refused]
    assert len(good) >= 0.95 * len(found), [e.refused for e in found if e.refused]
    assert sum(e.other for e in good) > 20, "it decides otherwise"


def test_export_of_a_policy_and_evaluation(work: Path, corr: Corr) -> None:
    EAGER.write(work / "eager.json")
    done = corr("policy", "export", "corpus", "--policy", "eager.json", "--into", "use", cwd=work)
    assert done.returncode == 0 and "modules give the same object" in done.stderr
    assert list((work / "use/tables").rglob("*.replay"))
    done = corr(
        "policy", "evaluate", "corpus", "--policy", "eager.json", "--format", "json", cwd=work
    )
    assert done.returncode == 0, done.stderr
    ways = {row["way"]: row for row in json.loads(done.stdout)}
    assert set(ways) == {"default", "eager"} and ways["default"]["code"] == 0
    assert ways["eager"]["95 % from"] <= ways["eager"]["code"] <= ways["eager"]["to"]
    assert ways["eager"]["smaller"] + ways["eager"]["larger"] > 0
    told = json.loads((work / "corpus/policy/evaluation.json").read_text())
    names = {m.name for m in Corpus.open(work / "corpus").of(Split.held_out)}
    assert set(told["modules"]) == names


def test_evolution_begins_at_the_constant_and_says_what_to_take(improved: Path, corr: Corr) -> None:
    words = ("--modules", "validation", "--flips", "0", "--evolve", "1")
    done = corr("policy", "improve", "corpus", *words, "--budget-trials", "0", cwd=improved)
    assert "policy after 0 generations" in done.stderr and "+100.00 %" not in done.stderr
    done = corr("policy", "improve", "corpus", *words, cwd=improved)
    assert done.returncode == 0, done.stderr
    assert "policy after 1 generations" in done.stderr
    policy = policies.load(improved / "corpus/policy/evolved.json")
    assert policy.kind == "margin" and policy.about is not None
    told = policy.about["validation"]
    assert policy.about["chosen"] == min(told, key=told.get) and told["default"] == 1.0
    done = corr("policy", "evaluate", "corpus", "--format", "json", cwd=improved)
    assert {"evolved", "default"} <= {row["way"] for row in json.loads(done.stdout)}
