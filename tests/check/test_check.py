"""`corr check`: what fails the gate and what does not, and each format read back by another reader."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt

from collectors.base.errors import UsageError
from corr.check.findings import RULES, Finding, Report
from corr.check.formats import CheckFormat, render
from corr.check.rules import Code, Facts, Place, check
from corr.lake.store import new_run_id
from corr.system.config import CheckSettings, Waiver, load

SCHEMA = Path(__file__).resolve().parents[1] / "fixtures" / "sarif-schema-2.1.0.json"
PROGRAM = """\
#ifdef ALIAS
#define RESTRICT
#else
#define RESTRICT restrict
#endif
#ifdef SPILL
#define K 40
#else
#define K 4
#endif
#ifdef NOINLINE
__attribute__((noinline))
#endif
static float helper(float x) { return x * x + 1.0f; }
void look_up(int n, float *RESTRICT o, const float *RESTRICT a, const int *RESTRICT x) {
  for (int i = 0; i < n; i++) {
    float t = a[x[i]];
    o[i] = ((t * t + 3.0f) * t + 1.0f) * t + t / (t + 2.0f);
  }
}
float sum(int n, const float *a) {
  float s = 0;
  for (int i = 0; i < n; i++) s += helper(a[i]);
  return s;
}
double mix(int n, const double *a) {
  double s[K], t = 0;
#pragma clang loop unroll(full)
  for (int k = 0; k < K; k++) s[k] = k;
  for (int i = 0; i < n; i++) {
#pragma clang loop unroll(full)
    for (int k = 0; k < K; k++) s[k] = s[k] * a[i] + s[(k * 7 + 3) % K];
  }
#pragma clang loop unroll(full)
  for (int k = 0; k < K; k++) t += s[k];
  return t;
}
void scale(int n, float *a) {
#ifdef NARROW
#pragma clang loop vectorize_width(2) interleave_count(1)
#endif
#ifndef GONE
  for (int i = 0; i < n; i++) a[i] *= 3;
#endif
}
float outside(float x) { return helper(x) + 1; }
"""
HOSTILE = "a,b:1|<b>%0A::error::`x`[y](z)@me.c"
BUILDS = {
    "base": (),
    "comment": (),
    "alias": ("-DALIAS",),
    "noinline": ("-DNOINLINE",),
    "spill": ("-DSPILL",),
    "narrow": ("-DNARROW",),
    "gone": ("-DGONE",),
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, corr) -> Path:
    """A folder with a lake of unexecuted builds of one program, labelled by what was changed."""
    folder = tmp_path_factory.mktemp("check")
    for label, flags in BUILDS.items():
        (folder / "p.c").write_text(("// a comment\n" if label == "comment" else "") + PROGRAM)
        collect(corr, folder, "p.c", label, *flags)
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, corr) -> Path:
    """The same for twelve loops that lose their vectors, in a file whose name is an attack."""
    folder = tmp_path_factory.mktemp("many")
    loop = PROGRAM[PROGRAM.index("void look_up") : PROGRAM.index("float sum")]
    text = PROGRAM[: PROGRAM.index("#ifdef SPILL")]
    text += "".join(loop.replace("look_up", f"look_up{i}") for i in range(12))
    (folder / HOSTILE).write_text(text)
    collect(corr, folder, HOSTILE, "base")
    collect(corr, folder, HOSTILE, "alias", "-DALIAS")
    return folder


def collect(corr, folder: Path, source: str, label: str, *flags: str, run: bool = False) -> None:
    how = ("--repeat", "5", "--no-cachegrind") if run else ("--no-run",)
    done = corr(
        *("collect", source, *how, "--label", label, "--", "-O3", *flags),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr


def invoke(*args: str, cwd: Path) -> SimpleNamespace:
    """`corr check ARGS` in this process, which is quicker than one of its own."""
    from corr.cli import _run

    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _run(["check", *args])
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


def found(folder: Path, *args: str, code: int) -> list[tuple[str, str, str]]:
    """What `corr check ARGS` finds anew: rule, loop, message."""
    done = invoke(*args, "--format", "json", cwd=folder)
    assert done.returncode == code, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert answer["failed"] == bool(code)
    return [
        (f["rule_id"], f["loop"], f["message"])
        for f in answer["findings"]
        if f["state"] == "new" and f["level"] == "warning"
    ]


def reports(lake: Path, a: str, b: str, **settings) -> Report:
    """The report on two runs of the lake, made in this process."""
    from corr.commands.check import _facts
    from corr.compare.diff import diff
    from corr.lake.store import Lake

    opened = Lake.open(lake / "data")
    runs = opened.find(a), opened.find(b)
    result = diff(opened, *runs)
    facts = _facts(opened, runs, result, True)
    day = settings.pop("today", datetime.date(2026, 1, 1))
    return check(result, CheckSettings(**settings), facts, remarks_only=True, today=day)


@pytest.mark.parametrize("label", ["comment", "base"])
def test_no_change_passes(lake: Path, label: str) -> None:
    assert found(lake, "base", label, code=0) == []


def test_lost_vectorisation(lake: Path, corr) -> None:
    ((rule, loop, message),) = found(lake, "base", "alias", code=1)
    assert (rule, loop) == ("lost-vectorization", "look_up/1")
    assert message == "not vectorised any more (was 4x1): cannot identify array bounds"
    done = corr("check", "base", "alias", cwd=lake)
    assert done.returncode == 1 and "corr check failed: 1 finding" in done.stderr
    head, first, why = done.stdout.splitlines()[:3]
    assert first.split() == ["fails", "lost-vectorization", "p.c:16", "look_up/1"], head
    assert why.strip() == message


def test_a_gain_passes_and_is_said(lake: Path) -> None:
    report = reports(lake, "alias", "base")
    (gain,) = [f for f in report.findings if f.state == "absent"]
    assert (gain.rule_id, gain.loop, gain.fails) == ("not-vectorized", "look_up/1", False)
    assert report.failing == []


def test_lost_inlining(lake: Path) -> None:
    rows = found(lake, "base", "noinline", code=1)
    lost = {loop: message for rule, loop, message in rows if rule == "lost-inlining"}
    assert set(lost) == {"sum/1", "outside"}
    assert lost["sum/1"].startswith("helper is not inlined any more: it should never be inlined")
    (place,) = [f for f in reports(lake, "base", "noinline").failing if f.loop == "outside"]
    line = PROGRAM.splitlines().index("float outside(float x) { return helper(x) + 1; }") + 1
    assert (place.file, place.line) == ("p.c", line)


def test_new_spills(lake: Path) -> None:
    rows = found(lake, "base", "spill", code=1)
    ((message),) = [m for rule, loop, m in rows if (rule, loop) == ("new-spills", "mix/2")]
    count = re.search(r"0 → (\d+) spills and reloads", message)
    assert count and int(count[1]) > 10
    assert found(lake, "spill", "base", code=0) == []


def test_narrower_vectors(lake: Path) -> None:
    (finding,) = reports(lake, "base", "narrow").failing
    assert (finding.rule_id, finding.loop) == ("narrower-vectors", "scale/1")
    assert "→ vectorised 2x1" in finding.message


def test_a_loop_that_is_gone_is_a_note_at_its_old_place(lake: Path) -> None:
    report = reports(lake, "base", "gone")
    (finding,) = [f for f in report.findings if f.loop == "scale/1"]
    assert (finding.rule_id, finding.level) == ("lost-vectorization", "note")
    line = PROGRAM.splitlines().index("  for (int i = 0; i < n; i++) a[i] *= 3;") + 1
    assert (finding.file, finding.line) == ("p.c", line) and "gone" in finding.message
    assert report.failing == []


def test_waivers(lake: Path) -> None:
    waiver = Waiver("lost-vectorization", "look_*", "aliases are needed", None)
    report = reports(lake, "base", "alias", waivers=[waiver])
    (kept,) = [f for f in report.findings if f.rule_id == "lost-vectorization"]
    assert (kept.waived, kept.state, report.failing, report.notes) == (True, "unchanged", [], [])
    day = datetime.date(2026, 1, 1)
    last = replace(waiver, until=day)
    assert reports(lake, "base", "alias", waivers=[last], today=day).failing == []
    over = reports(lake, "base", "alias", waivers=[last], today=day + datetime.timedelta(days=1))
    assert len(over.failing) == 1 and "expired on 2026-01-01" in over.failing[0].message
    assert "expired on 2026-01-01 (aliases are needed)" in over.notes[0]
    elsewhere = replace(waiver, loop="other/*")
    unused = reports(lake, "base", "alias", waivers=[elsewhere])
    assert len(unused.failing) == 1 and "matches nothing" in unused.notes[0]
    with pytest.raises(UsageError) as caught:
        reports(lake, "base", "alias", waivers=[replace(waiver, rule="lost-vectorisation")])
    assert "did you mean 'lost-vectorization'" in caught.value.fix


def test_settings_of_the_gate(lake: Path) -> None:
    settings = (
        "[check]\nhot-share = 0.02\nslowdown = 0.1\n[[check.waivers]]\n"
        "rule = 'lost-vectorization'\nloop = 'look_up/1'\nreason = 'known'\nuntil = 2999-12-31\n"
    )
    (lake / "corr.toml").write_text(settings)
    try:
        read = load(lake).check
        done = invoke("base", "alias", cwd=lake)
    finally:
        (lake / "corr.toml").unlink()
    assert (read.hot_share, read.slowdown) == (0.02, 0.1)
    assert read.waivers[0].until == datetime.date(2999, 12, 31)
    assert done.returncode == 0 and "1 waived" in done.stderr and "[waived: known]" in done.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[check]\nhotshare = 1", "unknown key 'check.hotshare'; did you mean 'hot-share'"),
        ("[check]\nhot-share = 2", "hot-share is from 0 to 1"),
        ("check = 3", "check must be dict"),
        ("[check]\nwaivers = [1]", "list of tables"),
        ("[[check.waivers]]\nrule = 'slower'", "a rule and a reason"),
        ("[[check.waivers]]\nrules = 'slower'", "did you mean 'rule'"),
        ("[[check.waivers]]\nuntil = 'soon'", "check.waivers.until must be date"),
    ],
)
def test_settings_that_are_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "corr.toml").write_text(text + "\n")
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    assert says in f"{caught.value.message}; {caught.value.fix}"


def test_usage(lake: Path, tmp_path: Path) -> None:
    for args in (("nothing", "base"), ("base", "--format", "xml"), ("base", "--hot-share", "2")):
        done = invoke(*args, cwd=lake)
        assert done.returncode == 2 and "Traceback" not in done.stderr, args
    assert invoke("base", cwd=tmp_path).returncode == 2


SLOW = """\
#include <stdio.h>
static float a[4096], b[4096];
static int x[4096];
__attribute__((noinline)) double hot(int n) {
  double s = 1;
#ifdef TWICE
  n *= 3;
#endif
  for (int i = 0; i < n; i++) s = s * 0.5 + 1.0 / (s + i);
  return s;
}
#ifdef TWICE
#define restrict
#endif
__attribute__((noinline)) void cold(int n, float *restrict o, const float *restrict v, const int *restrict at) {
  for (int i = 0; i < n; i++) {
    float t = v[at[i]];
    o[i] = ((t * t + 3.0f) * t + 1.0f) * t + t / (t + 2.0f);
  }
}
int main(void) { cold(4096, a, b, x); printf("%g %g\\n", hot(9000000), a[7]); }
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory, corr) -> Path:
    """Two executed runs: the second does the hot work three times and loses vectors in cold code."""
    folder = tmp_path_factory.mktemp("slow")
    (folder / "slow.c").write_text(SLOW)
    collect(corr, folder, "slow.c", "base", run=True)
    collect(corr, folder, "slow.c", "slow", "-DTWICE", run=True)
    return folder


def test_slower(executed: Path) -> None:
    rows = found(executed, "base", "slow", code=1)
    assert {rule for rule, *_ in rows} == {"slower"}, "what is cold does not count"
    assert {loop for _, loop, _ in rows} >= {"hot/1"}
    assert any("the whole program is slower" in message for *_, message in rows)
    again = invoke("base", "slow", cwd=executed)
    assert "note: the slow-down was measured again, in turn" in again.stderr
    # the limit is the user's, and so is what is hot
    assert found(executed, "base", "slow", "--threshold", "9", code=0) == []
    cold = found(executed, "base", "slow", "--threshold", "9", "--hot-share", "0", code=1)
    assert [row[:2] for row in cold] == [("lost-vectorization", "cold/1")]


def test_a_slow_down_by_a_busy_machine_is_measured_again(executed: Path) -> None:
    """The baseline's times made three times shorter: the same binary, so no slow-down."""
    from corr.lake.store import Lake

    opened = Lake.open(executed / "data")
    run = opened.find("base")
    quick = new_run_id()
    shutil.copytree(run.folder, run.folder.with_name(quick))
    try:
        facts = json.loads((run.folder / "run.json").read_text()) | {"label": "quick"}
        (opened.runs / quick / "run.json").write_text(json.dumps(facts | {"run_id": quick}))
        for path in (opened.runs / quick).glob("*.parquet"):
            table = pq.read_table(path)
            ids = pa.array([quick] * len(table), pa.string())
            table = table.set_column(0, "run_id", ids)
            if path.name == "timings.parquet":
                wall = pc.divide(table["wall"], 3)
                table = table.set_column(table.schema.get_field_index("wall"), "wall", wall)
            pq.write_table(table, path)
        assert found(executed, "quick", "base", "--no-remeasure", code=1)
        assert found(executed, "quick", "base", code=0) == []
    finally:
        shutil.rmtree(opened.runs / quick)


def test_remarks_only_sees_no_time_and_knows_what_the_baseline_found_hot(executed: Path) -> None:
    assert found(executed, "base", "slow", "--remarks-only", code=0) == []
    args = ("base", "slow", "--remarks-only", "--hot-share", "0", "--format", "json")
    first, second = (invoke(*args, cwd=executed).stdout for _ in range(2))
    assert first == second and '"share"' not in first and "cold/1" in first


def loop_entry(**changes) -> dict:
    """A hot loop of a diff, as plain data."""
    side = {
        "place": "p.c:3", "share": 0.9, "samples": 900, "vector_width": 4, "interleave": 1,
        "unroll": None, "instructions": 40, "stack_accesses": 0, "calls": 0, "loop": "f/1",
    }  # fmt: skip
    return {
        "loop": "f/1", "place": "p.c:3", "function": "f", "only_in": None,
        "a": dict(side), "b": dict(side), "code_changed": True, "time_ratio": 1.5,
        "time_low": 1.3, "time_high": 1.7, "verdict": "slower", "cost": 0.1,
        "remarks_appeared": [], "remarks_disappeared": [], "remarks_changed": [],
    } | changes  # fmt: skip


def judged(entry: dict, total: str | None = "same", **options) -> Report:
    side = {"run_id": "20260101T000000.000000-0000", "label": None}
    whole = {
        "verdict": total, "seconds_a": 1.0, "seconds_b": 1.0, "clock": "wall time",
        "time_ratio": 1.0, "time_low": 0.9, "time_high": 1.1,
    }  # fmt: skip
    result = {"a": side, "b": side, "total": whole, "loops": [entry], "outside_loops": []}
    return check(result, CheckSettings(), options.pop("facts", None), **options)


def test_inconclusive_is_no_failure_but_is_said() -> None:
    report = judged(loop_entry(verdict="inconclusive"), "inconclusive")
    assert report.failing == [] and len(report.notes) == 2
    assert "inconclusive for f/1" in report.notes[1]
    assert [f.rule_id for f in judged(loop_entry()).failing] == ["slower"]


def test_times_of_two_processors_are_not_compared() -> None:
    facts = Facts(conditions={"a": "one", "b": "other"})
    report = judged(loop_entry(), "slower", facts=facts)
    assert report.failing == [] and "different terms (one and other)" in report.notes[0]


def test_what_the_new_run_measured_is_not_seen_without_execution() -> None:
    hot_only_now = loop_entry(code_changed=False)
    hot_only_now["a"]["share"] = None
    hot_only_now["b"]["vector_width"] = None
    for samples in (0.0, 0.9):
        hot_only_now["b"]["share"] = samples
        assert judged(hot_only_now, remarks_only=True).findings == []


def test_a_callee_that_is_not_called_any_more_is_no_loss() -> None:
    words = "'g' inlined into 'f' with (cost=1, threshold=2) at callsite f:1:2;"
    gone = {"pass": "inline", "tag": "Passed", "name": "Inlined", "words_a": words, "words_b": None}
    entry = loop_entry(verdict="same", remarks_disappeared=[gone])
    assert judged(entry).failing == []
    entry["b"]["calls"] = 1
    (finding,) = judged(entry).failing
    assert finding.rule_id == "lost-inlining" and "g is not inlined" in finding.message
    again = gone | {"words_a": None, "words_b": words.replace("cost=1", "cost=3")}
    assert judged(entry | {"remarks_appeared": [again]}).failing == []


def test_unrolled_spills_are_not_new() -> None:
    def words(count: int, cost: str) -> str:
        return f"{count} spills {cost} total spills cost {count} reloads {cost} total reloads cost"

    row = {"pass": "regalloc", "tag": "Missed", "name": "LoopSpillReloadCopies"}
    change = row | {"words_a": words(2, "4.0e+01"), "words_b": words(4, "4.0e+01")}
    entry = loop_entry(verdict="same", remarks_changed=[change])
    assert judged(entry).failing == []
    change["words_b"] = words(4, "8.0e+01")
    assert judged(entry).failing[0].message.startswith("new spills: 4 → 8 ")


def test_a_loop_that_became_memset_is_no_loss() -> None:
    entry = loop_entry(verdict="same")
    entry["b"]["vector_width"] = None
    assert [f.rule_id for f in judged(entry).failing] == ["lost-vectorization"]
    vectors = Facts(code={"b": {"f/1": Code(128, 4, 1)}})
    assert judged(entry, facts=vectors).failing == [], "vectorised all the same, by SLP say"
    row = {"pass": "loop-idiom", "tag": "Passed", "name": "X", "words_a": None, "words_b": "memset"}
    assert judged(entry | {"remarks_appeared": [row]}).failing == []


# What other programs make of the formats.


def github_command(line: str) -> tuple[str, dict[str, str], str] | None:
    """As the runner of GitHub Actions reads a line: command, properties, message."""
    if not line.lstrip().startswith("::"):
        assert "##[" not in line, "the older form counts anywhere in a line"
        return None
    head, _, data = line.lstrip()[2:].partition("::")
    command, _, rest = head.partition(" ")
    values = dict(pair.split("=", 1) for pair in rest.split(",") if pair)

    def unescape(text: str, *more: tuple[str, str]) -> str:
        for code, char in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
            text = text.replace(code, char)
        return text

    fields = {k: unescape(v, ("%3A", ":"), ("%2C", ",")) for k, v in values.items()}
    return command, fields, unescape(data)


def test_github_annotations(many: Path) -> None:
    done = invoke("base", "alias", "--format", "github", cwd=many)
    assert done.returncode == 1
    *lines, last = done.stdout.splitlines()
    commands = [c for line in lines if (c := github_command(line))]
    assert len(lines) == len(commands) == 10 and {c[0] for c in commands} == {"error"}
    assert {c[1]["file"] for c in commands} == {HOSTILE}
    assert all(int(c[1]["line"]) and "array bounds" in c[2] for c in commands)
    assert len({c[1]["title"] for c in commands}) == 10
    assert github_command(last) is None
    assert last.startswith("corr check failed: 12 findings") and "2 more" in last


def test_sarif_is_valid(many: Path) -> None:
    done = invoke("base", "alias", "--format", "sarif", cwd=many)
    log = json.loads(done.stdout)
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [r["id"] for r in rules] == list(RULES)
    from urllib.parse import unquote

    results = [r for r in run["results"] if r["baselineState"] == "new"]
    assert len(results) == 12 == len({str(r["partialFingerprints"]) for r in run["results"]})
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "lost-vectorization"
        place = result["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9%._~-]+", uri) and unquote(uri) == HOSTILE
        assert place["region"]["startLine"] > 1


def test_sarif_states(lake: Path) -> None:
    waiver = Waiver("lost-inlining", "sum/*", "wanted")
    for a, b, waivers, expected in (
        ("base", "noinline", [waiver], {"new", "unchanged"}),
        ("alias", "base", [], {"absent"}),
    ):
        report = reports(lake, a, b, waivers=waivers)
        log = json.loads(rendered(report, CheckFormat.sarif))
        jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(log)
        results = log["runs"][0]["results"]
        assert {r["baselineState"] for r in results} == expected
        waived = [r for r in results if r["suppressions"]]
        assert len(waived) == len(waivers)
        assert all(r["suppressions"][0]["justification"] == "wanted" for r in waived)


GCC = re.compile(
    r"^(?P<file>[^:\n]*):(?P<line>\d+):\d+: (warning|note): (?P<text>.*) \[([a-z-]+)\]$"
)


def test_gcc(many: Path, lake: Path) -> None:
    done = invoke("base", "noinline", "--format", "gcc", cwd=lake)
    rows = [GCC.match(line) for line in done.stdout.splitlines()]
    assert all(rows) and {r["file"] for r in rows} == {"p.c"} and {r[5] for r in rows} <= set(RULES)
    done = invoke("base", "alias", "--format", "gcc", cwd=many)
    lines = done.stdout.splitlines()
    assert len(lines) == 12 and all(github_command(line) is None for line in lines)
    assert all(
        re.search(r":\d+:\d+: warning: not vectorised any more .* \[lost-v", x) for x in lines
    )


def test_markdown(many: Path) -> None:
    done = invoke("base", "alias", "--format", "markdown", cwd=many)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(done.stdout)
    inline = [t for t in tokens if t.type == "inline"]
    children = [c for t in inline for c in t.children or []]
    assert sum(t.type == "tr_open" for t in tokens) == 13
    assert sum(t.type in ("td_open", "th_open") for t in tokens) == 13 * 4
    assert {c.type for c in children} == {"text", "html_inline"}
    assert {c.content for c in children if c.type == "html_inline"} == {"<code>", "</code>"}
    shown = ["".join(c.content for c in t.children if c.type == "text") for t in inline]
    assert any(HOSTILE in s.replace("\u200b", "") for s in shown)
    assert "@me" not in done.stdout and "&#64;me" not in done.stdout


def rendered(report: Report, format: CheckFormat) -> str:
    out = io.StringIO()
    render(report, format, out)
    return out.getvalue()


@pytest.mark.parametrize("format", list(CheckFormat))
@pytest.mark.parametrize(
    "name",
    [
        "::error::x.c",
        "a\n::error::b.c",
        "a\r::warning file=x::b.c",
        " ::add-mask::a.c",
        "##[add-mask]a.c",
        "x:9:9: error: a.c",
        "\x1b[31m.c",
        "https://example.com/a.c",
        "<img src=x onerror=alert(1)>.c",
    ],
)
def test_hostile_names_are_inert(format: CheckFormat, name: str) -> None:
    facts = Facts(places={"b": {"f/1": Place(name, 3, 1)}})
    side = loop_entry(verdict="same")
    side["b"]["vector_width"] = None
    report = judged(side, facts=facts)
    (finding,) = report.findings
    evil = replace(finding, loop=f"{name}/1", message=f"not vectorised any more: {name}")
    waived = replace(evil, waived=True, waiver=name)
    text = rendered(replace(report, findings=[evil, waived], notes=[name]), format)
    assert "\x1b" not in text and "\r" not in text
    commands = [c for line in text.split("\n") if (c := github_command(line))]
    if format == CheckFormat.github:
        ((command, fields, message),) = commands
        shown = name.replace("\x1b", "\\x1b")
        assert (command, fields["file"]) == ("error", shown) and shown in message
        assert set(fields) == {"file", "line", "col", "title"}
    elif format in (CheckFormat.json, CheckFormat.sarif):
        json.loads(text)
    else:
        assert commands == []
    if format == CheckFormat.gcc:
        (line,) = text.splitlines()
        first = re.match(r"^(.*?):(\d+):(\d+): (\w+): ", line)
        assert first and first[2] == "3" and first[4] == "warning"
    if format == CheckFormat.markdown:
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
        kinds = {c.type for t in tokens for c in t.children or []}
        assert kinds <= {"text", "html_inline"} and "<img" not in text and "https:" not in text
        assert sum(t.type == "tr_open" for t in tokens) == 4


def test_findings_without_a_place_can_be_printed() -> None:
    whole = Finding("slower", "warning", "", None, None, "the whole program is slower")
    side = {"run_id": "x", "label": None}
    report = Report(side, side, False, [whole], [])
    for format in CheckFormat:
        assert "the whole program is slower" in rendered(report, format)
    log = json.loads(rendered(report, CheckFormat.sarif))
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(log)


def test_the_page_on_ci_can_be_followed(tmp_path: Path) -> None:
    """Its YAML is YAML, its settings are taken, and it names every rule."""
    import yaml

    text = (Path(__file__).resolve().parents[2] / "docs" / "ci.md").read_text()
    workflows = [yaml.safe_load(t) for t in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    assert [set(w) & {"jobs", "corr-check"} for w in workflows] == [{"jobs"}, {"corr-check"}]
    (settings,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "corr.toml").write_text(settings)
    assert load(tmp_path).check.waivers[0].rule in RULES
    assert all(f"`{rule}`" in text for rule in RULES)
