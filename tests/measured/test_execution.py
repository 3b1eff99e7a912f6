"""Line counts against llvm-cov's lcov export; trip counts against loops that count themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest

from collectors.base import process, toolchain
from collectors.base.errors import CorrError, ToolMissing
from collectors.base.invocation import Invocation
from collectors.base.toolchain import Toolchain
from collectors.measured import execution, trips

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "coverage"
TOOLCHAINS = [t for t in toolchain.installed() if t.has("llvm-cov")]
IDS = [f"llvm{t.major}" for t in TOOLCHAINS]


def compile_source(tools: Toolchain, source: Path, binary: Path, *flags: str) -> Path:
    compiler = tools.path("clang++" if source.suffix == ".cc" else "clang")
    done = process.run([compiler, "-O1", "-w", *execution.FLAGS, *flags, source, "-o", binary])
    assert done.ok, done.last_lines()
    return binary


def lcov(text: str) -> dict[tuple[str, int], int]:
    found: dict[tuple[str, int], int] = {}
    file = ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == "SF":
            file = value
        elif key == "DA":
            number, count = value.split(",")[:2]
            found[file, int(number)] = int(count)
    return found


def lines_of(table: pa.Table) -> dict[tuple[str, int], int]:
    rows = table.to_pylist()
    found = {(r["file"], r["line"]): r["count"] for r in rows}
    assert len(found) == len(rows)
    return found


def run_and_check_lines(tools: Toolchain, binary: Path, folder: Path) -> dict[str, pa.Table]:
    tables, problems = execution.run(Invocation(binary), tools, folder)
    assert problems == []
    command = [tools.path("llvm-cov"), "export", "-format=lcov"]
    done = process.run([*command, "-instr-profile", folder / "profile.profdata", binary])
    assert lines_of(tables["execution"]) == lcov(done.stdout.decode()) != {}
    return tables


# --- lines and regions ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["19", "22"])
def test_recorded_exports(version: str) -> None:
    tables, problems = execution.read(FIXTURES / f"small-llvm{version}.json")
    assert problems == []
    expected = lcov((FIXTURES / f"small-llvm{version}.lcov").read_text())
    assert lines_of(tables["execution"]) == expected
    assert ("/src/small.cc", 12) not in expected  # in #if 0
    rows = tables["execution_regions"].to_pylist()
    names = {(r["function"], r["unit"]) for r in rows}
    assert ("main", None) in names
    assert ("_ZL6sharedi", "small.cc") in names
    assert ("_Z5twiceIiET_S0_", None) in names
    kinds = {r["kind"] for r in rows}
    assert {"code", "expansion", "gap", "branch"} <= kinds <= set(execution.KINDS)
    (negative,) = [
        r for r in rows
        if r["function"] == "_Z5twiceIdET_S0_" and r["kind"] == "branch"
    ]  # fmt: skip
    assert (negative["line"], negative["count"], negative["false_count"]) == (6, 0, 4)
    assert negative["function_count"] == 4
    (clamp,) = [r for r in rows if r["kind"] == "expansion"]
    inside = [r for r in rows if r["function"] == clamp["function"] and r["file_id"] == 1]
    assert clamp["expanded_id"] == 1
    assert {r["line"] for r in inside} == {1}


def test_a_difference_below_nought_is_not_known(tmp_path: Path) -> None:
    """llvm-cov writes the largest number for it, as in the loop of an OpenMP directive."""
    export = json.loads((FIXTURES / "small-llvm22.json").read_text())
    (data,) = export["data"]
    branching = next(f for f in data["functions"] if f["branches"])
    branching["branches"][0][5] = branching["regions"][0][4] = 2**63 - 1
    file = data["files"][0]
    file["segments"][0][2] = 2**63 - 1
    (tmp_path / "x.json").write_text(json.dumps(export))
    tables, problems = execution.read(tmp_path / "x.json")
    assert problems == []
    rows = tables["execution_regions"].to_pylist()
    assert sum(r["kind"] == "branch" and r["false_count"] is None for r in rows) == 1
    assert sum(r["count"] is None for r in rows) == 1
    place = (file["filename"], file["segments"][0][0])
    assert place not in lines_of(tables["execution"])


@pytest.mark.parametrize("tools", TOOLCHAINS, ids=IDS)
@pytest.mark.parametrize("name", ["shapes.c", "shapes.cc", "small.cc"])
def test_lines_of_real_programs(tools: Toolchain, name: str, tmp_path: Path) -> None:
    binary = compile_source(tools, FIXTURES / name, tmp_path / "program")
    run_and_check_lines(tools, binary, tmp_path / "100 percent")


@pytest.mark.slow
def test_several_units_and_a_library(tmp_path: Path) -> None:
    tools = toolchain.find()
    (tmp_path / "part.c").write_text(
        "static int step(int n) { return n + 1; }\n"
        "int part(int n) { while (n < 10) n = step(n); return n; }\n"
    )
    (tmp_path / "main.c").write_text(
        "static int step(int n) {\n  for (int i = 0; i < 3; i++) n--;\n  return n;\n}\n"
        "int part(int);\nint main(void) { return step(step(part(2))) == 4 ? 0 : 1; }\n"
    )
    library = tmp_path / "libpart.so"
    compile_source(tools, tmp_path / "part.c", library, "-shared", "-fPIC")
    flags = (str(library), f"-Wl,-rpath,{tmp_path}")
    binary = compile_source(tools, tmp_path / "main.c", tmp_path / "program", *flags)
    tables, problems = execution.run(Invocation(binary), tools, tmp_path / "f", [library])
    assert problems == []
    counts = lines_of(tables["execution"])
    assert counts[f"{tmp_path}/part.c", 1] == 8
    assert counts[f"{tmp_path}/main.c", 2] == 8  # the condition, 4 times in each of 2 calls
    rows = tables["execution_regions"].to_pylist()
    units = {(r["unit"], r["function_count"]) for r in rows if r["function"] == "step"}
    assert units == {("part.c", 8), ("main.c", 2)}
    loop = {"function": "step", "file": f"{tmp_path}/main.c", "line": 2, "column": 3,
            "end_line": 2, "end_column": 32}  # fmt: skip
    loops = pa.Table.from_pylist(
        [loop | {"key": "known", "unit": "src/main.c"}, loop | {"key": "which", "unit": None}]
    )
    known, which = trips.trips(loops, tables["execution_regions"]).to_pylist()
    assert (known["entries"], known["iterations"], known["mean_trip_count"]) == (2, 6, 3.0)
    assert (which["entries"], which["reason"]) == (
        None,
        "several units have a function of this name",
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("main", ("main", None)),
        ("a.c:f", ("f", "a.c")),
        ("a.c;f", ("f", "a.c")),
        ("<stdin>:f", ("f", "<stdin>")),
        ("x.m:-[A b:c:]", ("-[A b:c:]", "x.m")),
        ("-[A b:c:]", ("-[A b:c:]", None)),
        ("t.cc:_ZN12_GLOBAL__N_11fEv", ("_ZN12_GLOBAL__N_11fEv", "t.cc")),
    ],
)
def test_names_of_internal_functions(name: str, expected: tuple[str, str | None]) -> None:
    assert execution.split_name(name) == expected


def test_file_that_is_no_export(tmp_path: Path) -> None:
    for text in ("", "[]", '{"data": [{"files": []}]}', '{"data": [{"files": 3}]}'):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(CorrError, match="not an export"):
            execution.read(tmp_path / "x.json")


# --- programs that leave no counts ---------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "fix"),
    [
        ("#include <unistd.h>\nint main(void) { _exit(0); }", "_exit"),
        ("#include <stdlib.h>\nint main(void) { abort(); }", "_exit, abort, a signal"),
    ],
)
def test_no_profile_is_explained(tmp_path: Path, body: str, fix: str) -> None:
    tools = toolchain.find()
    (tmp_path / "a.c").write_text(body)
    binary = compile_source(tools, tmp_path / "a.c", tmp_path / "a")
    tables, problems = execution.run(Invocation(binary), tools, tmp_path / "f")
    assert [t.num_rows for t in tables.values()] == [0, 0]
    assert fix in problems[-1].fix


@pytest.mark.slow
def test_build_without_instrumentation(tmp_path: Path) -> None:
    tools = toolchain.find()
    _, problems = execution.run(Invocation(Path("/bin/true")), tools, tmp_path)
    assert "-fprofile-instr-generate -fcoverage-mapping" in problems[0].fix


@pytest.mark.slow
def test_damaged_profile_is_reported(tmp_path: Path) -> None:
    tools = toolchain.find()
    (tmp_path / "a.c").write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
        'int main(void) { char n[4096]; const char *f = getenv("LLVM_PROFILE_FILE");\n'
        "  snprintf(n, sizeof n, \"%.*s/1.profraw\", (int)(__builtin_strrchr(f, '/') - f), f);\n"
        '  FILE *o = fopen(n, "w"); fputs("not a profile", o); fclose(o); return 0; }'
    )
    binary = compile_source(tools, tmp_path / "a.c", tmp_path / "a")
    tables, problems = execution.run(Invocation(binary), tools, tmp_path / "f")
    assert tables["execution"].num_rows > 0
    assert any(p.where == "llvm-profdata" and "1.profraw" in p.what for p in problems)


@pytest.mark.slow
def test_forked_processes_are_reported(tmp_path: Path) -> None:
    tools = toolchain.find()
    (tmp_path / "a.c").write_text(
        "#include <unistd.h>\n#include <sys/wait.h>\n"
        "int main(void) {\n  int pid = fork();\n  if (pid) wait(0);\n  return 0;\n}\n"
    )
    binary = compile_source(tools, tmp_path / "a.c", tmp_path / "a")
    tables, problems = execution.run(Invocation(binary), tools, tmp_path / "f")
    assert lines_of(tables["execution"])[f"{tmp_path}/a.c", 6] == 2
    assert ["forks" in p.what for p in problems] == [True]


@pytest.mark.slow
def test_missing_tools_and_runtime(tmp_path: Path) -> None:
    tools = toolchain.find()
    assert execution.missing_runtime(tools) is None
    with pytest.raises(ToolMissing):
        execution.run(Invocation(Path("/bin/true")), Toolchain(22, "22", {}), tmp_path)
    fake = tmp_path / "clang"
    fake.write_text("#!/bin/sh\necho libclang_rt.profile.a\n")  # clang echoes what it lacks
    fake.chmod(0o755)
    problem = execution.missing_runtime(Toolchain(19, "19.1", {"clang": fake}))
    assert problem is not None
    assert "libclang-rt-19-dev" in problem.fix


# --- trip counts ---------------------------------------------------------------------------------

#: Loops of shapes.c that no table of regions can tell, and why. All others must be exact.
UNKNOWABLE = {
    36: "may hold several loops",
    37: "comes out of a macro",
    38: "several loops of one macro",
    72: "macro",
    84: "macro",
    88: "macro's argument",
}


def loops_of(tools: Toolchain, source: Path) -> pa.Table:
    """The loops in clang's own list: `!llvm.loop` of the unoptimised IR."""
    compiler = tools.path("clang++" if source.suffix == ".cc" else "clang")
    done = process.run([compiler, "-O0", "-g", "-w", "-S", "-emit-llvm", source, "-o", "-"])
    ir = done.stdout.decode()
    places = {
        m[1]: (int(m[2]), int(m[3]))
        for m in re.finditer(r"^!(\d+) = !DILocation\(line: (\d+), column: (\d+)", ir, re.M)
    }
    bounds = {
        m[1]: (places[m[2]], places[m[3]])
        for m in re.finditer(r"^!(\d+) = distinct !\{!\1, !(\d+), !(\d+)", ir, re.M)
    }
    rows: dict[str, dict] = {}
    function = ""
    for line in ir.splitlines():
        if line.startswith("define "):
            function = re.search(r'@"?([\w.$]+)"?\(', line)[1]  # type: ignore[index]
        for loop in re.findall(r"!llvm\.loop !(\d+)", line):
            (start, start_column), (end, end_column) = bounds[loop]
            rows[loop] = {
                "key": f"{function}/{loop}", "function": function, "unit": source.name,
                "file": str(source), "line": start, "column": start_column,
                "end_line": end, "end_column": end_column,
            }  # fmt: skip
    return pa.Table.from_pylist(list(rows.values()))


def numbered(source: Path) -> dict[tuple[int, int], int]:
    """Where the loops are that have a number in the comment before their keyword."""
    return {
        (number, match.end() + 1): int(match[1])
        for number, line in enumerate(source.read_text().splitlines(), 1)
        for match in re.finditer(r"/\*(\d+)\*/", line)
    }


@pytest.mark.parametrize("tools", TOOLCHAINS, ids=IDS)
@pytest.mark.parametrize("name", ["shapes.c", "shapes.cc"])
def test_trip_counts_are_exact_or_null(tools: Toolchain, name: str, tmp_path: Path) -> None:
    source = FIXTURES / name
    binary = compile_source(tools, source, tmp_path / "program")
    tables, problems = execution.run(Invocation(binary), tools, tmp_path / "f")
    assert problems == []
    said = process.run([binary], env={"LLVM_PROFILE_FILE": "/dev/null"}).stdout.decode()
    truth = {int(a): (int(b), int(c)) for a, b, c in (li.split() for li in said.splitlines())}
    loops = loops_of(tools, source)
    numbers = numbered(source)
    known, unknown = set(), {}
    for loop, row in zip(
        loops.to_pylist(), trips.trips(loops, tables["execution_regions"]).to_pylist()
    ):
        assert row["loop_key"] == loop["key"]
        number = numbers.get((loop["line"], loop["column"]))
        if number is None:
            # main's own loops; or, from LLVM 22 on, one in a macro's argument has its own column
            assert loop["function"] == "main" or row["reason"] is not None
            continue
        if "IdE" in loop["function"]:
            number += 20
        if row["reason"] is not None:
            assert row["entries"] is row["iterations"] is row["mean_trip_count"] is None
            unknown[number] = row["reason"]
            continue
        entries, iterations = truth[number]
        assert (row["entries"], row["iterations"]) == (entries, iterations), loop
        assert row["mean_trip_count"] == (iterations / entries if entries else None)
        known.add(number)
    expected = UNKNOWABLE if source.suffix == ".c" else {}
    every = set(numbers.values()) | ({20, 21, 22} if source.suffix == ".cc" else set())
    assert known == every - set(expected)
    assert all(UNKNOWABLE[number] in reason for number, reason in unknown.items())
    assert len(known) >= (80 if source.suffix == ".c" else 14)


def region(kind: str, start: tuple[int, int], end: tuple[int, int], count: int, **more) -> dict:
    return {
        "function": "f", "unit": None, "file": "/src/a.c", "line": start[0], "column": start[1],
        "end_line": end[0], "end_column": end[1], "count": count, "false_count": None,
        "kind": kind, "file_id": 0, "expanded_id": None, "function_count": 1,
    } | more  # fmt: skip


def trip_of(loop: dict, regions: list[dict]) -> dict:
    base = {
        "key": "f/1", "function": "f", "unit": None, "file": "/src/a.c", "line": 2, "column": 3,
        "end_line": 4, "end_column": 3,
    }  # fmt: skip
    loops = pa.Table.from_pylist([base | loop])
    table = pa.Table.from_pylist(regions, schema=execution.EXECUTION_REGIONS.schema)
    (row,) = trips.trips(loops, table).to_pylist()
    return row


LOOP = [
    region("code", (1, 9), (6, 2), 2),
    region("code", (2, 19), (2, 24), 12),
    region("gap", (2, 31), (2, 32), 10),
    region("code", (2, 32), (4, 4), 10),
]


def test_paths_that_name_one_file() -> None:
    for file in ("/src/a.c", "a.c", "/src/./a.c", None):
        assert trip_of({"file": file}, LOOP)["iterations"] == 10
    for file in ("/other/a.c", "ba.c"):
        assert "keyword" in trip_of({"file": file}, LOOP)["reason"]


def test_what_is_not_known_has_a_reason() -> None:
    assert "no place" in trip_of({"line": None}, LOOP)["reason"]
    assert "no counts" in trip_of({"function": "g"}, LOOP)["reason"]
    assert "keyword" in trip_of({"line": 9, "end_line": 10}, LOOP)["reason"]
    assert "no counted region is the loop's body" in trip_of({}, LOOP[:1])["reason"]
    twice = LOOP + [r | {"file_id": 1} for r in LOOP]
    assert "more than once" in trip_of({}, twice)["reason"]


def test_loop_that_was_never_entered() -> None:
    row = trip_of({}, [r | {"count": 0} for r in LOOP])
    assert (row["entries"], row["iterations"], row["mean_trip_count"]) == (0, 0, None)
    assert row["reason"] is None
