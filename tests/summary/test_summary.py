"""`corr summary`: its numbers are SQL's, its size is kept, and nothing quoted gets out."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from collectors.base import process
from collectors.base.errors import UsageError
from collectors.base.toolchain import Toolchain
from collectors.passes.text import ir_line
from corr.console.output import shown
from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo
from corr.program import machine
from corr.summary.blocks import only_loops, shortened
from corr.summary.markdown import fenced, quoted
from corr.summary.source import function_lines
from corr.summary.summarise import Attempt, Level, Summary, strip_ir, summarise, tokens

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
EVIL = "` `` ````\n# Injected heading\n<b>injected</b> | \x1b[31minjected\u202e"
COLUMNS_OF_LOOPS = ("loop", "loop_key", "key", "parent")
WALKS = r"""
/* ```
# Injected heading of a comment
``` ```` <b>injected</b> */
static void walks(double *restrict out, const double (*restrict a)[128], const int *restrict at,
                  const double *restrict b, long rows, long step)
{
    for (long i = 0; i < rows; i++) /* `````injected */
        out[0] += a[i][5];
#pragma clang loop vectorize(disable) unroll(disable)
    for (long i = 0; i < rows; i++) {
        out[i] = b[at[i]]; // ~~~ ``` injected
    }
#pragma clang loop vectorize(disable) unroll(disable)
    for (long i = 0; i < rows; i++)
        out[i] += b[i * step];
}
extern double *p, *q; extern int *r; extern double (*s)[128];
int main(int argc, char **argv) { walks(p, s, r, q, argc, argc + 1); return 0; }
double *p, *q; int *r; double (*s)[128];
"""


@pytest.fixture(scope="module")
def gemm(gemm_lake: Path) -> Lake:
    return Lake.open(gemm_lake / "data")


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory, corr: Any) -> Lake:
    """A lake with a program that was built but not run, and no artifact kept."""
    folder = tmp_path_factory.mktemp("walks")
    (folder / "walks.c").write_text(WALKS)
    arguments = ("collect", "walks.c", "--no-run", "--no-artifacts", "--", "-O2")
    done = corr(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return Lake.open(folder / "data")


def changed(lake: Lake, run: RunInfo, target: Path, **tables: Callable[[Any], Any]) -> RunInfo:
    """A copy of a run in a lake of its own, its rows passed through functions."""
    folder = target / "data" / "runs" / run.run_id
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("artifacts"))
    shutil.copy(lake.root / "corr-lake.json", target / "data")
    for name, function in tables.items():
        path = folder / f"{name}.parquet"
        table = pq.read_table(path)
        made = [function(row) for row in table.to_pylist()]
        pq.write_table(pa.Table.from_pylist(made, table.schema), path)
    return Lake.open(target / "data").find(run.run_id)


def blocks(text: str) -> list[str]:
    """The contents of the fenced blocks."""
    return [t.content for t in MarkdownIt("commonmark").parse(text) if t.type == "fence"]


def table(text: str, first: str) -> list[dict[str, str]]:
    """The rows of the first aligned table whose first heading is `first`; right-aligned cells."""
    for block in blocks(text):
        lines = block.splitlines()
        if not lines[0].startswith(first):
            continue
        ends = [(m.group(), m.end()) for m in re.finditer(r"\S+(?: \S+)*", lines[0])]
        found = []
        for line in lines[1:]:
            name = line.split("  ")[0]
            cells = {m.end(): m.group() for m in re.finditer(r"\S+", line)}
            found.append({first: name} | {h: cells.get(end, "") for h, end in ends[1:]})
        return found
    raise AssertionError(f"no table of {first}")


# --- numbers -------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_sql(gemm: Lake) -> None:
    run = gemm.find("a")
    text = summarise(gemm, run, budget=20_000).text
    sql = connect(gemm, [run])

    listed = {row["loop"]: row for row in table(text, "loop")}
    expected = rows(sql, "FROM hotspots WHERE loop LIKE 'kernel_gemm/%'")
    assert listed.keys() == {row["loop"] for row in expected} and len(expected) == 3
    for row in expected:
        cells = listed[row["loop"]]
        assert cells["line"] == row["place"].rsplit(":", 1)[1]
        assert cells["share"] == shown(row["share"], "percent")
        assert cells["entered"] == shown(row["entries"], "count")
        assert cells["iterations"] == shown(row["iterations"], "count")
        assert cells["mean trips"] == shown(row["trip_count"], "count")
        assert cells["ns/iteration"] == shown(row["ns_per_iteration"])
        assert cells["unrolled by"] == shown(row["unroll"])
        assert cells["model cycles"] == shown(row["mca_cycles"])
    nest = sum(row["share"] or 0 for row in expected)
    assert f"### 1. `kernel_gemm/1`: {shown(nest, 'percent')} of the time" in text

    (times,) = rows(sql, "SELECT median(wall) AS w, median(kernel_seconds) AS k FROM timings")
    assert f"{shown(times['w'])} s wall, of it {shown(times['k'])} s that" in text
    for row in rows(sql, "FROM counters WHERE value IS NOT NULL"):
        assert re.search(rf"`{row['event']}` {re.escape(shown(row['value']))}[, \n]", text)
    (model,) = rows(
        sql,
        "SELECT m.*, l.symbol FROM loop_mca l2 JOIN mca m USING (machine_loop)"
        " JOIN machine_loops l USING (machine_loop) WHERE l2.loop = 'kernel_gemm/1.1.1'",
    )
    assert f"{model['instructions']} instructions in `{model['symbol']}`" in text
    assert f"{shown(model['cycles_per_iteration'])} cycles, IPC {shown(model['ipc'])}" in text
    code = rows(
        sql,
        "SELECT mnemonic, line FROM instructions WHERE machine_loop = ? ORDER BY address",
        model["machine_loop"],
    )
    assert [r["instruction"] for r in asm(text)] == [r["mnemonic"] for r in code]
    nests = re.findall(r"^### \d\. `(\w+/\d+)`", text, re.MULTILINE)
    (left,) = rows(
        sql,
        "SELECT count(*) AS n, sum(share) AS share FROM hotspots WHERE loop IS NOT NULL"
        " AND NOT list_contains(?, regexp_extract(loop, '^\\w+/\\d+'))",
        nests,
    )
    assert f"… {left['n']} more loops, {shown(left['share'] or 0, 'percent')} of the time" in text


def asm(text: str) -> list[dict[str, str]]:
    block = next(b for b in blocks(text) if b.startswith("samples  latency"))
    found = [re.match(r"^\s*(?:\d+\s+){1,2}([a-z]\w+)", line) for line in block.splitlines()[1:]]
    return [{"instruction": m[1]} for m in found if m]


def test_heat_and_remarks_are_those_of_sql(gemm: Lake) -> None:
    run = gemm.find("a")
    text = summarise(gemm, run, budget=20_000).text
    sql = connect(gemm, [run])
    (listing,) = [b for b in blocks(text) if "kernel_gemm(int n" in b]
    heat = rows(
        sql,
        "SELECT line, sum(count) / (SELECT sum(count) FROM samples) AS share FROM samples"
        " WHERE file LIKE '%gemm.c' AND line IS NOT NULL GROUP BY line",
    )
    hot = {r["line"]: shown(r["share"], "percent") for r in heat if r["share"] >= 0.0005}
    found = re.findall(r"^ *([\d.]+%) +(\d+)\|", listing, re.MULTILINE)
    assert {int(line): share for share, line in found} == hot and hot
    for row in rows(sql, "FROM source WHERE file LIKE '%gemm.c' AND line BETWEEN 14 AND 23"):
        assert f"{row['line']}|{row['text']}\n" in listing

    said = next(b for b in blocks(text) if b.startswith("- loop-vectorize"))
    missed = rows(
        sql,
        "SELECT pass, words, min(line) AS line, sum(count)::INT AS count FROM missed"
        " WHERE loop = 'kernel_gemm/1.1.1' AND weight <> 2 GROUP BY pass, words, weight"
        " ORDER BY weight, pass, words",
    )
    lines = [
        f"- {r['pass']}, line {r['line']}: {r['words']}" + (f" ({r['count']}×)" * (r["count"] > 1))
        for r in missed
    ]
    assert said.splitlines()[: len(lines)] == lines and len(lines) >= 3


def test_a_missing_counter_is_named_with_its_reason(gemm: Lake, tmp_path: Path) -> None:
    def gone(row: dict[str, Any]) -> dict[str, Any]:
        lost = row["event"] == "page-faults"
        return row | ({"value": None, "reason": "the counter broke"} if lost else {})

    run = changed(gemm, gemm.find("a"), tmp_path, counters=gone)
    text = summarise(Lake.open(tmp_path / "data"), run).text
    line = next(line for line in text.splitlines() if "the counter broke" in line)
    assert line.startswith("- not available: ") and "page-faults" in line
    assert not re.search(r"`page-faults` [\d.]", text)


# --- budget --------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", list(Level))
def test_the_budget_is_kept(gemm: Lake, level: Level) -> None:
    run = gemm.find("a")
    history = [Attempt(i, 0, f"move {i}", "flags", "same", "x" * 150) for i in range(40)]
    before = 0
    for budget in (300, 500, 2000, 10_000):
        found = summarise(gemm, run, budget=budget, level=level, history=history)
        assert found.tokens == tokens(found.text) <= budget
        assert "kernel_gemm/1" in found.text and len(found.text) > before
        assert ("Left out, to stay within" in found.text) == (budget < 10_000)
        before = len(found.text)
    if level == Level.ir:
        assert "define " in found.text and "getelementptr" in found.text
    assert "mulsd" in found.text and "loop not vectorized" in found.text


def test_what_matters_most_is_there_at_500_tokens(gemm: Lake) -> None:
    text = summarise(gemm, gemm.find("a"), budget=500).text
    for needed in (
        "-O3",
        "kernel_gemm/1.1.1",
        "cannot prove it is safe to reorder floating-point operations",
        "C[i][j] += alpha * A[i][k] * B[k][j];",
        "Left out, to stay within 500 tokens: ",
    ):
        assert needed in text


def test_tokens_are_not_estimated_low() -> None:
    # counted by hand as the vocabularies with single digits do: a token for each digit
    assert tokens("1234567890") == 10
    assert tokens("a cat sat") == 3
    assert tokens("%v1 = add i64 %v2, 1") >= 12
    assert tokens("vectorization") >= 3
    assert tokens("x" * 350) == 100


# --- what is quoted stays quoted -----------------------------------------------------------------


def unquoted(text: str) -> str:
    """Everything outside code spans and fenced blocks, markup and all."""
    out = []
    for token in MarkdownIt("commonmark").parse(text):
        assert token.type not in ("html_block", "code_block"), token.content
        if token.type == "inline":
            out += [c.content for c in token.children or () if c.type != "code_inline"]
    return "\n".join(out)


TICKS = st.text(st.sampled_from("`~ a\n\r\t|<*_\\[]\x00\u2028"), max_size=40)


@settings(deadline=None)
@given(TICKS)
def test_a_code_span_holds_any_text(text: str) -> None:
    (_, inline, _) = MarkdownIt("commonmark").parse(f"a {quoted(text)} b")
    kinds = [(t.type, t.content) for t in inline.children or ()]
    assert [k for k, _ in kinds] == ["text", "code_inline", "text"]
    assert kinds[1][1].strip() == process.printable(text).strip()


@settings(deadline=None)
@given(TICKS)
def test_a_fenced_block_holds_any_text(text: str) -> None:
    (block,) = MarkdownIt("commonmark").parse(fenced(text))
    assert block.type == "fence" and block.info == "text"
    lines = text.strip("\n").split("\n")
    assert block.content == "".join(process.printable(line).rstrip() + "\n" for line in lines)


def test_remarks_symbols_and_details_cannot_get_out(gemm: Lake, tmp_path: Path) -> None:
    def loop(row: dict[str, Any]) -> dict[str, Any]:
        keys = {k: v.replace("_", EVIL) for k, v in row.items() if k in COLUMNS_OF_LOOPS and v}
        return row | keys

    def remark(row: dict[str, Any]) -> dict[str, Any]:
        args = [a | {"value": a["value"] + EVIL} for a in row["args"]]
        return loop(row) | {"args": args, "pass": row["pass"] + "`"}

    run = changed(
        gemm,
        gemm.find("a"),
        tmp_path,
        remarks=remark,
        source=lambda row: row | {"text": row["text"] + EVIL.replace("\n", "\r")},
        loops=lambda row: loop(row) | {"function_name": EVIL},
        machine_loops=lambda row: loop(row) | {"symbol": EVIL},
        trips=loop,
        samples=loop,
        instructions=lambda row: loop(row) | {"operands": row["operands"] + EVIL},
        mca=lambda row: row | {"bound": EVIL, "cpu": EVIL},
        counters=lambda row: row | {"event": EVIL},
        problems=lambda row: row | {"where": EVIL, "what": EVIL},
        functions=lambda row: row | {"name": EVIL},
    )
    record = json.loads((run.folder / "run.json").read_text())
    record |= {"program": EVIL, "flags": [EVIL], "cpu": EVIL, "run_args": [EVIL]}
    (run.folder / "run.json").write_text(json.dumps(record))
    history = [Attempt(1, 1, EVIL, EVIL, "refused" + EVIL, EVIL), Attempt(2, 1, "x", "ir", "same")]
    lake = Lake.open(tmp_path / "data")
    for budget in (300, 1000, 3000, 30_000):
        text = summarise(lake, lake.find(), budget=budget, history=history).text
        assert "njected" in text and "njected" not in unquoted(text)
        assert not set(text) & set("\x1b\u202e\r")
    assert len(blocks(text)) >= 6 and "% of the time" in text


def test_source_comments_cannot_get_out(walks: Lake) -> None:
    text = summarise(walks, walks.find(), budget=20_000).text
    assert "# Injected heading of a comment" in text and "njected" not in unquoted(text)
    headings = re.findall(r"^#+ (\w+)", unquoted_headings(text), re.MULTILINE)
    assert set(headings) <= {"Profile", "Time", "Loops", "Source", "1", "2", "3"}


def unquoted_headings(text: str) -> str:
    parsed = MarkdownIt("commonmark").parse(text)
    return "\n".join(
        f"# {after.content}" for token, after in pairwise(parsed) if token.type == "heading_open"
    )


# --- runs that lack something --------------------------------------------------------------------


def test_a_run_that_was_not_run(walks: Lake) -> None:
    """Address steps are right; nothing that was not measured has a number."""
    found = summarise(walks, walks.find(), budget=20_000)
    assert "time: not measured\n" in found.text
    assert "`not run (--no-run), or imported`" in found.text and "of the time:" not in found.text
    assert "%" not in re.sub(r"(?s)```.*?```|`[^`\n]*`", "", found.text)
    steps = "\n".join(b for b in blocks(found.text) if b.startswith("line "))
    assert re.search(r"moving 1024 bytes, using 8 of them|moving 4096 bytes", steps)
    assert re.search(r"1 load of 4 bytes, moving 4 bytes \(dense\)", steps)
    assert re.search(r"1 load of 8 bytes, at an address computed or loaded anew", steps)
    assert re.search(r"moving by a distance known only at run time", steps)


def test_without_artifacts_the_ir_is_not_available(walks: Lake) -> None:
    text = summarise(walks, walks.find(), level="ir", budget=20_000).text
    assert "not available: the run kept no optimised module" in text
    given = {"main": "define i32 @main() {\n  ret i32 7, !dbg !3\n}\n"}
    text = summarise(walks, walks.find(), level="ir", ir=given, budget=20_000).text
    assert "define i32 @main() {\n  ret i32 7\n}" in text


def test_an_imported_profile(tmp_path: Path, corr: Any) -> None:
    """No compiler, no processor, no loop: said, and nothing made up."""
    profile = FIXTURES / "caliper" / "small.cali"
    assert corr("import", "caliper", profile, cwd=tmp_path).returncode == 0
    done = corr("summary", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("`compiler not known`", "processor: `not known`", "The run has no loops."):
        assert words in done.stdout


def test_unknown_names_are_usage_errors(gemm: Lake, gemm_lake: Path, corr: Any) -> None:
    run = gemm.find("a")
    with pytest.raises(UsageError, match="no loop called") as wrong:
        summarise(gemm, run, loop="kernel_gemm/1.1.2")
    assert wrong.value.fix == "did you mean kernel_gemm/1.1.1?"
    with pytest.raises(UsageError, match="no level"):
        summarise(gemm, run, level="asm")
    with pytest.raises(UsageError, match="too few"):
        summarise(gemm, run, budget=10)
    done = corr("summary", "nothing", cwd=gemm_lake)
    assert done.returncode == 2 and "no run is called 'nothing'" in done.stderr


# --- the command, history, comparison ------------------------------------------------------------


def test_the_same_run_and_history_give_the_same_bytes(
    gemm: Lake, gemm_lake: Path, corr: Any
) -> None:
    first: Summary = summarise(gemm, gemm.find("a"), best=gemm.find("b"))
    assert summarise(gemm, gemm.find("a"), best=gemm.find("b")) == first
    for seed in ("1", "2"):
        done = corr("summary", "a", "--best", "b", cwd=gemm_lake, PYTHONHASHSEED=seed)
        assert done.returncode == 0 and done.stdout == first.text and done.stderr == ""


def test_the_comparison_with_the_best_is_that_of_diff(
    gemm: Lake, gemm_lake: Path, corr: Any
) -> None:
    from corr.compare.diff import diff

    total = diff(gemm, gemm.find("b"), gemm.find("a"), explain=False)["total"]
    text = summarise(gemm, gemm.find("a"), best=gemm.find("b")).text
    assert f"best {shown(total['seconds_a'])} s, this {shown(total['seconds_b'])} s" in text
    assert f"×{total['time_ratio']:.3f}" in text and f": {total['verdict']}\n" in text
    assert "best so far" not in summarise(gemm, gemm.find("a"), best=gemm.find("a")).text


def test_history_is_typed_and_the_best_come_first(gemm: Lake) -> None:
    history = [
        Attempt(1, 1, "interchange j and k", "pragma", "accepted", speedup=1.31),
        Attempt(2, 1, "tile 32", "pragma", "slower", "x0.71", speedup=0.71),
        Attempt(3, 1, "rewrite", "source", "wrong output", "C[0] is 3, not 4\nsecond\nthird"),
        Attempt(4, 1, "-march=native", "flags", "accepted", speedup=1.82),
        *(Attempt(5, i, f"guess {i}", "ir", "did not compile") for i in range(30)),
    ]
    run = gemm.find("a")
    text = summarise(gemm, run, history=history, budget=20_000).text
    counts = "34: 30 did not compile, 2 accepted, 1 slower, 1 wrong output"
    assert f"## Tried before: `{counts}`" in text
    block = next(b for b in blocks(text) if "interchange" in b)
    assert block.splitlines()[:3] == [
        "4.1 accepted, 1.82× as fast [flags] -march=native",
        "1.1 accepted, 1.31× as fast [pragma] interchange j and k",
        "5.29 did not compile [ir] guess 29",
    ]
    assert "    C[0] is 3, not 4\n    second\n" in block and "third" not in block
    assert "2.1 slower, 0.71× as fast [pragma] tile 32" in block
    short = summarise(gemm, run, history=history, budget=1500).text
    assert "1.82× as fast" in short and re.search(r"… \d+ more: \d+ did not compile", short)


def test_a_loop_of_choice(gemm: Lake, gemm_lake: Path, corr: Any) -> None:
    done = corr("summary", "a", "--loop", "corr_poison/1.1", cwd=gemm_lake)
    assert done.returncode == 0 and "### 1. `corr_poison/1`" in done.stdout
    assert "### 2." not in done.stdout and "Source: function `corr_poison`" in done.stdout


# --- IR and source -------------------------------------------------------------------------------


def test_stripped_ir_is_the_function_still(gemm: Lake, tools: Toolchain, tmp_path: Path) -> None:
    run = gemm.find("a")
    module = (run.folder / "artifacts" / "gemm.opt.ll").read_text()
    whole = module[module.index("define internal void @run(") :]
    whole = whole[: whole.index("\n}\n") + 2]
    keys = {
        row["number"]: row["key"]
        for row in rows(connect(gemm, [run]), "SELECT number, key FROM loops")
    }
    stripped = strip_ir(module, "run")
    assert stripped is not None and not re.search(r"!|#\d|; preds|#dbg|noundef", stripped)
    short = shortened(stripped, keys)
    assert len(short) < 0.7 * len(stripped) < 0.5 * len(whole)
    for text in (stripped, short):
        assert opcodes(text) == opcodes(whole)
        path = tmp_path / "module.ll"
        path.write_text(module.replace(whole, text))
        done = process.run([tools.path("clang"), "-w", "-c", path, "-o", tmp_path / "module.o"])
        assert done.ok, done.last_lines()
    number = next(n for n, key in keys.items() if key == "kernel_gemm/1.1.1")
    inner = only_loops(short, [number], bodies=True)
    assert "fmul double" in inner and f"L{number}.1:" in inner and "; … " in inner
    assert strip_ir(module, "no_such_function") is None


def opcodes(text: str) -> Counter[str]:
    lines = filter(None, map(ir_line, text.splitlines()))
    return Counter(line.opcode for line in lines if line.opcode)


@pytest.mark.parametrize(
    ("text", "loop", "function"),
    [
        ("void f(int n)\n{\n  for (;;) {\n  }\n}\n", (3, 4), (1, 5)),
        ("namespace x {\nclass A {\n  void g()\n  {\n    for (;;);\n  }\n};\n}\n", (5, 5), (3, 6)),
        ("int a;\nint f() { // }\n  char c = '}'; /* } */\n  for (;;);\n}\n", (4, 4), (2, 5)),
        ("#define M { {\nint f() {\n  g([](int i) {\n    for (;;);\n  });\n}\n", (4, 4), (2, 6)),
        ('extern "C" {\nint f(void) {\n  for (;;);\n}\n}\n', (3, 3), (2, 4)),
        ("int f() {\n#if 1\n  if (1) {\n#else\n  if (2) {\n#endif\n  for (;;);\n  }\n}\n", (7, 7), None),
        ("}\nint f() {\n  for (;;);\n}\n", (3, 3), None),
    ],
)  # fmt: skip
def test_function_around_a_loop(
    text: str, loop: tuple[int, int], function: tuple[int, int] | None
) -> None:
    assert function_lines(text.split("\n"), *loop) == function


def test_caches_of_the_machine(tmp_path: Path) -> None:
    for index, level, kind, size, shared in (
        (0, 1, "Data", "48K", "0"),
        (1, 1, "Instruction", "32K", "0"),
        (2, 3, "Unified", "32M", "0-3,8-11"),
        (3, 2, "Unified", "1024K", "0,4"),
    ):
        folder = tmp_path / f"index{index}"
        folder.mkdir()
        for name, value in (
            ("level", level), ("type", kind), ("size", size),
            ("coherency_line_size", 64), ("shared_cpu_list", shared),
        ):  # fmt: skip
            (folder / name).write_text(f"{value}\n")
    (tmp_path / "index9").mkdir()
    assert machine.caches(tmp_path) == [
        {"level": 1, "bytes": 49152, "line": 64, "shared_by": 1},
        {"level": 2, "bytes": 1 << 20, "line": 64, "shared_by": 2},
        {"level": 3, "bytes": 32 << 20, "line": 64, "shared_by": 8},
    ]
    assert machine.caches(tmp_path / "nowhere") == []
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nflags\t\t: sse2 avx avx2\n")
    assert machine.vector_bits(info) == 256
    assert machine.vector_bits(tmp_path / "none") is None
