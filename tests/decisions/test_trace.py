"""Decisions of the default inliner: replayed, named, and each with its place by inline chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base import process
from collectors.base.toolchain import Toolchain
from collectors.decisions import call_sites, replay
from collectors.decisions.chains import Chains
from collectors.decisions.replay import SiteDecision
from collectors.decisions.trace import Compilation, Traced, trace
from tests.support.call_programs import ten_calls

#: Copies of copies, calls through pointers, attributes that decide, and more than one level.
NESTED = """\
static int leaf(int x) { return x * x + 3; }
static inline __attribute__((always_inline)) int must(int x) { return leaf(x) + leaf(x + 1); }
static int twice(int x) { return must(x) - must(x * 2); }
static int apply(int (*f)(int), int x) { return f(x) + f(x + 1); }
__attribute__((noinline)) int apart(int x) { return twice(x) + leaf(x); }
int top(int x) { return twice(x) + twice(x + 1) + apply(leaf, x) + apart(x); }
int above(int x)
{
    int sum = 0;
    for (int i = 0; i < x; i++)
        sum += top(i) + twice(i) + apply(twice, i);
    return sum;
}
"""


def traced(source: Path, tools: Toolchain, *flags: str, debug: str = "-g") -> Traced:
    clang = tools.path("clang++" if source.suffix == ".cpp" else "clang")
    folder = source.parent
    front = ["-Xclang", "-disable-llvm-passes", "-S", "-emit-llvm", "-o", folder / "front.ll"]
    done = process.run([clang, *flags, debug, *front, source])
    assert done.ok, done.stderr
    calls = call_sites.parse((folder / "front.ll").read_text())
    compilation = Compilation((clang, *flags, debug, "-c", source), frontend=False)
    return trace(compilation, calls, folder, source.name)


@pytest.mark.parametrize("level", ["-O2", "-Os", "-Oz"])
@pytest.mark.parametrize("program", ["calls", "nested"])
def test_the_default_is_replayed_and_every_call_known(
    tmp_path: Path, tools: Toolchain, level: str, program: str
) -> None:
    source = ten_calls(tmp_path)
    if program == "nested":
        source = tmp_path / "nested.c"
        source.write_text(NESTED)
    found = traced(source, tools, level)
    assert found.identical and not found.problems
    assert found.decisions == len(found.rows) > 5
    assert found.known == found.decisions
    assert found.told == found.confirmed == found.inlined > 0, "as the compiler names them itself"
    if program == "nested":
        chains = [row["chain"] for row in found.rows.to_pylist()]
        assert any(chain.startswith("apply:0:") and " @ " in chain for chain in chains)


def test_rows_agree_with_the_compilers_own_remarks(tmp_path: Path, tools: Toolchain) -> None:
    rows = traced(ten_calls(tmp_path), tools, "-O2").rows.to_pylist()
    assert [row["sequence"] for row in rows] == list(range(len(rows)))
    for row in rows:
        features = dict(row["features"])
        assert row["inlined"] == row["default_inlined"] == bool(features["inlining_default"])
        assert len(features) == 39 and features["callee_users"] >= 0
        assert row["file"].endswith("calls.c") and row["line"] > 3 and row["column"] > 0
        if row["cost"] is not None and row["threshold"] is not None:
            assert row["inlined"] == (row["cost"] < row["threshold"]), row
    said = {(r["callee"], r["inlined"]) for r in rows}
    assert {("mix", True), ("chew", True)} <= said
    assert "skip" not in {r["callee"] for r in rows}, "an attribute decides: nobody is asked"


def test_without_debug_information_only_the_compilers_own_chains_are_known(
    tmp_path: Path, tools: Toolchain
) -> None:
    found = traced(ten_calls(tmp_path), tools, "-O2", debug="-g0")
    assert found.identical and found.decisions > found.known == found.told > found.confirmed == 0


@pytest.mark.parametrize(
    ("text", "flags", "said"),
    [
        ("int f(int x) { return x; }", ["-O2"], ""),
        ("int f(int x) { return x; } int g(int x) { return f(x); }", ["-O0"], ""),
        ("int f(", ["-O2"], "does not compile"),
    ],
    ids=["no calls", "not optimised", "wrong"],
)
def test_modules_that_ask_nothing(
    tmp_path: Path, tools: Toolchain, text: str, flags: list[str], said: str
) -> None:
    source = tmp_path / "a.c"
    source.write_text(text)
    compilation = Compilation((tools.path("clang"), *flags, "-c", source), frontend=False)
    found = trace(compilation, {}, tmp_path, "a.c")
    assert found.decisions == 0 and len(found.rows) == 0
    assert found.identical == (not said)
    assert said in "".join(problem.what for problem in found.problems)


def test_a_table_of_differences_is_replayed_by_plain_clang(
    tmp_path: Path, tools: Toolchain
) -> None:
    """One call more that is inlined, one that is not; all else as by default."""
    source = ten_calls(tmp_path)
    rows = traced(source, tools, "-O2").rows.to_pylist()
    kept = next(r for r in rows if r["callee"] == "churn" and not r["inlined"])
    gone = next(r for r in rows if (r["caller"], r["callee"]) == ("main", "mix"))
    wanted = [
        SiteDecision(r["caller"], r["callee"], r["chain"], not r["inlined"]) for r in (kept, gone)
    ]
    assert all(decision.sound for decision in wanted) and not replay.contradictions(wanted)
    (tmp_path / "table").write_text(replay.text(wanted))
    flags = ["-O2", "-g", *replay.flags(tmp_path / "table")]
    done = process.run(
        [tools.path("clang"), *flags, "-Rpass=inline", "-c", source, "-o", tmp_path / "o"]
    )
    said = done.stderr.decode()
    assert (
        done.ok
        and f"'churn' inlined into 'main' with (cost=always): previously inlined at callsite {kept['chain']};"
        in said
    )
    assert f"at callsite {gone['chain']};" not in said
    again = [r for r in rows if r["inlined"] and r is not gone and r["chain"] != gone["chain"]]
    assert again and all(f"at callsite {row['chain']};" in said for row in again)


def test_names_that_llvm_would_read_otherwise_are_not_exported() -> None:
    assert SiteDecision("main", "f", "main:1:2", True).sound
    for caller, callee, chain in (
        ("main", "it's", "main:1:2"),
        ("main", "f", "g;h:1:2"),
        ("main", "f at callsite g", "main:1:2"),
        ("main", "f\n", "main:1:2"),
        ("main", "f", ""),
    ):
        assert not SiteDecision(caller, callee, chain, True).sound
    both = [SiteDecision("m", "f", "m:1:2", truth) for truth in (True, False)]
    assert replay.contradictions(both) == [both[1]]


def test_chains_of_copies_follow_what_was_inlined() -> None:
    call = call_sites.Call
    bodies = {
        "leaf": [],
        "mid": [call("leaf", "mid:1:5", 11, 5), call("leaf", "mid:2:5", 12, 5)],
        "main": [call("mid", "main:3:7", 23, 7), call(None, "main:4:7", 24, 7)],
    }
    chains = Chains(bodies)
    assert chains.decided("main", "mid", 23, 7, True) == "main:3:7"
    assert chains.decided("main", "leaf", 12, 5, False) == "mid:2:5 @ main:3:7"
    assert chains.decided("main", "leaf", 11, 5, True) == "mid:1:5 @ main:3:7"
    assert chains.decided("main", "mid", 24, 7, True) == "main:4:7", "a call of a value"
    assert chains.decided("main", "leaf", 11, 5, False) == "mid:1:5 @ main:4:7"
    assert chains.decided("main", "leaf", 99, 5, False) is None
