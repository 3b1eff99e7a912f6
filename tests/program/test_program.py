"""Which sources are taken, and a real CMake project read from its build folder."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from corr.program.compile_commands import from_build, read_database
from corr.program.model import Run, find_source, from_files, shipped_kernels

CMAKE = """
cmake_minimum_required(VERSION 3.20)
project(demo CXX C)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_BUILD_TYPE Release)
add_library(sums STATIC sum.cpp weights.c)
target_include_directories(sums PUBLIC include)
add_library(fast SHARED fast.c)
set_target_properties(fast PROPERTIES VERSION 1.2.3 SOVERSION 1)
add_library(twin SHARED twin.c)
add_executable(app main.cpp)
target_link_libraries(app sums fast twin m)
add_executable(other other.cpp)
"""
FILES = {
    "CMakeLists.txt": CMAKE,
    "include/sum.hpp": "#include <vector>\ndouble sum(const std::vector<double> &v);\n"
    'extern "C" double weight(int i);\n',
    "sum.cpp": '#include "sum.hpp"\ndouble sum(const std::vector<double> &v) {\n  double s = 0;\n'
    "  for (double x : v)\n    s += x * x;\n  return s;\n}\n",
    "weights.c": "double weight(int i) { return 1.0 / (i + 1); }\n",
    "fast.c": "double fast(int n) {\n  double s = 0;\n  for (int i = 1; i < n; i++)\n    s += 1.0 / i;\n"
    "  return s;\n}\n",
    "twin.c": "int other(void) { return 3; }\ndouble weight(int i) { return i + other(); }\n",
    "main.cpp": '#include "sum.hpp"\nextern "C" double fast(int);\n#include <cstdio>\n#include <cstdlib>\n'
    "int main(int argc, char **argv) {\n  int n = argc > 1 ? std::atoi(argv[1]) : 0;\n"
    "  std::vector<double> v(n);\n  for (int i = 0; i < n; i++)\n    v[i] = weight(i);\n"
    "  double s = fast(n);\n"
    '  for (int r = 0; r < 200; r++)\n    s += sum(v);\n  std::printf("%f\\n", s);\n'
    "  return n == 0;\n}\n",
    "other.cpp": "int main() { return 0; }\n",
}


@pytest.fixture(scope="module", params=["Unix Makefiles", "Ninja"])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cmake")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    for command in (
        ["cmake", "-S", ".", "-B", "build", "-G", request.param],
        ["cmake", "--build", "build"],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.slow
def test_from_build(project: Path) -> None:
    run = Run(directory=project)
    program = from_build(project / "build", ["build/app", "500000"], run, project)
    sources = {"main.cpp", "sum.cpp", "weights.c", "fast.c"}
    assert {program.label(u) for u in program.units} == sources
    assert program.run.args == ("500000",)
    (unit,) = [u for u in program.units if u.source.name == "sum.cpp"]
    assert any(f.endswith("include") for f in unit.flags) and "-O3" in unit.flags
    assert not {"-c", "-o"} & set(unit.flags)
    assert "-lm" in program.link_flags and not any(".a" in f for f in program.link_flags)
    # a library that defines what the program does, too, would not be itself in it
    assert [f for f in program.link_flags if f.endswith(".so")] == [
        str(project / "build" / "libtwin.so")
    ]
    assert {note.where for note in program.notes} == {"libfast.so.1.2.3", "libtwin.so"}
    more = from_build(project / "build", ["build/app"], run, project, ("-O3", "-flto"))
    assert more.link_flags == (*program.link_flags, "-O3", "-flto")
    assert all(u.flags[-2:] == ("-O3", "-flto") for u in more.units)


def test_collect_over_a_cmake_project(project: Path, corr) -> None:
    done = corr("collect", "-p", "build", "--run", "build/app 500000", cwd=project)
    assert done.returncode == 0, done.stderr
    listed = corr("hotspots", "--format", "json", cwd=project)
    rows = {r["place"]: r for r in json.loads(listed.stdout)}
    assert rows["sum.cpp:4"]["iterations"] == 200 * 500000
    assert rows["sum.cpp:4"]["share"] > 0.5
    assert rows["main.cpp:11"]["trip_count"] == 200
    assert rows["fast.c:3"]["iterations"] == 499_999


@pytest.mark.slow
def test_run_of_what_the_build_does_not_make(project: Path) -> None:
    run = Run(directory=project)
    with pytest.raises(UsageError, match="no executable"):
        from_build(project / "build", ["./nothing"], run, project)
    with pytest.raises(UsageError, match="no link command"):
        from_build(project / "build", ["main.cpp"], run, project)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "not there"),
        ("{", "compile_commands.json"),
        ("{}", "a list of commands"),
        ('[{"file": "a.c"}]', "entry 0"),
        ('[{"file": "a.c", "directory": "/", "command": "cc \'"}]', "entry 0"),
    ],
)
def test_broken_databases(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "compile_commands.json").write_text(text)
    with pytest.raises(UsageError, match=says):
        read_database(tmp_path)


def test_both_forms_of_a_command(tmp_path: Path) -> None:
    forms = [
        {"directory": "/x", "file": "a.c", "command": "cc -O1 -DA='b c' -MF d -c a.c -o a.o"},
        {"directory": "/x", "file": "b.c", "arguments": ["cc", "-O2", "-c", "/x/b.c", "-o", "b.o"]},
        {"directory": "/x", "file": "c.f90", "command": "f95 c.f90"},
    ]
    (tmp_path / "compile_commands.json").write_text(json.dumps(forms))
    first, second = read_database(tmp_path)
    assert first.unit.flags == ("-O1", "-DA=b c") and first.output == Path("/x/a.o")
    assert second.unit.flags == ("-O2",) and second.unit.source == Path("/x/b.c")


def test_sources(tmp_path: Path) -> None:
    assert "gemm.c" in shipped_kernels()
    assert find_source("gemm.c", tmp_path).parent.name == "kernels"
    (tmp_path / "gemm.c").write_text("int main(void) { return 0; }\n")
    assert find_source("gemm.c", tmp_path) == tmp_path / "gemm.c"
    for name, says in (
        ("gem.c", "no such file"),
        ("x.py", "not a C or C"),
        (".", "is a folder"),
        ("../kernels/gemm.c", "no such file"),
    ):
        with pytest.raises(UsageError, match=says):
            find_source(name, tmp_path)
    with pytest.raises(UsageError) as caught:
        find_source("gem.c", tmp_path)
    assert "gemm.c" in caught.value.fix


def test_flags_that_build_no_program(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="-S"):
        from_files(["gemm.c"], ["-O2", "-S"], Run(), tmp_path)
    assert from_files(["gemm.c"], [], Run(), tmp_path).units[0].flags == ("-O3",)


def test_polybench_utilities_are_found(tmp_path: Path) -> None:
    """The layout of that suite, with our own files in the places of its own."""
    source = tmp_path / "linear-algebra" / "blas" / "gemm" / "gemm.c"
    source.parent.mkdir(parents=True)
    source.write_text("#include <polybench.h>\nint main(void) { return polybench_zero(); }\n")
    with pytest.raises(UsageError, match=r"polybench\.h"):
        from_files([str(source)], [], Run(), tmp_path)
    utilities = tmp_path / "utilities"
    utilities.mkdir()
    (utilities / "polybench.h").write_text("int polybench_zero(void);\n")
    (utilities / "polybench.c").write_text("int polybench_zero(void) { return 0; }\n")
    program = from_files([str(source)], [], Run(), tmp_path)
    assert [u.source.name for u in program.units] == ["gemm.c", "polybench.c"]
    assert f"-I{utilities}" in program.units[0].flags


def test_response_files_are_written_out(tmp_path: Path) -> None:
    """They are relative to where the command ran, and other stages run elsewhere."""
    (tmp_path / "inc.rsp").write_text('-I"a folder" @more.rsp\n-DX=1')
    (tmp_path / "more.rsp").write_text("-O2 @more.rsp")
    entry = {
        "directory": str(tmp_path),
        "file": "m.c",
        "command": "clang @inc.rsp @gone.rsp -c m.c -o m.o",
    }
    (tmp_path / "compile_commands.json").write_text(json.dumps([entry]))
    (found,) = read_database(tmp_path)
    flags = [flag for flag in found.unit.flags if flag not in ("-O2", "@more.rsp")]
    assert flags == ["-Ia folder", "-DX=1", "@gone.rsp"] and "-O2" in found.unit.flags
