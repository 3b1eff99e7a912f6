"""`corr import remarks`: a build's records as a run, again without reading, with every view."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collectors.base import toolchain
from collectors.base.demangle import demangle
from collectors.base.errors import UsageError
from corr.compare.diff import diff
from corr.imports import remarks
from corr.imports.remarks import Imported, find, import_remarks
from corr.lake.sql import connect, rows
from corr.lake.store import Lake
from corr.why import resolve
from tests.support.command import Corr

pytestmark = pytest.mark.slow

CLANG = shutil.which("clang-22") or "clang"
SOURCE = """
void scale(double *restrict a, double s, int n) {
  for (int i = 0; i < n; i++)
    a[i] *= s;
}
double chain(double *a, int n) {
  double t = 0;
  for (int i = 0; i < n; i++)
    t = t * a[i] + 1;
  return t;
}
"""


def build(folder: Path, name: str, level: str, format: str = "yaml", text: str = SOURCE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.c").write_text(text)
    path = folder / f"{name}.opt.{format}"
    command = [CLANG, level, "-g", "-c", f"{name}.c", "-o", f"{name}.o"]
    record = [f"-fsave-optimization-record={format}", f"-foptimization-record-file={path}"]
    subprocess.run([*command, *record], cwd=folder, check=True, timeout=120)
    return path


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "data", create=True)


def ask(lake: Lake, done: Imported, sql: str) -> list[dict[str, Any]]:
    connection = connect(lake, [done.run])
    try:
        return rows(connection, sql)
    finally:
        connection.close()


def test_views_know_the_loops_that_remarks_name(tmp_path: Path, lake: Lake) -> None:
    path = build(tmp_path / "build", "k", "-O3")
    done = import_remarks([path], lake, root=tmp_path / "build")
    assert ask(lake, done, "SELECT loop, vector_width FROM transformed WHERE vector_width > 1") == [
        {"loop": "scale/1", "vector_width": 2}
    ]
    why = ask(lake, done, "SELECT loop, line, words FROM missed WHERE weight = 1 ORDER BY words")
    assert {(row["loop"], row["line"]) for row in why} == {("chain/1", 8)}
    assert any("loop not vectorized" in row["words"] for row in why), why
    (total,) = ask(lake, done, "SELECT sum(count)::INT AS n FROM remarks")
    assert total["n"] == done.recordings[0].documents == path.read_text().count("--- !")
    assert ask(lake, done, "SELECT DISTINCT unit, file FROM remarks") == [
        {"unit": "k.opt.yaml", "file": "k.c"}
    ]
    assert ask(lake, done, "FROM hotspots") == []
    said = ask(lake, done, "SELECT what FROM problems WHERE layer = 'loops'")
    assert "what is in them is unknown" in said[0]["what"]


def test_folders_formats_and_compression_are_mixed(tmp_path: Path, lake: Lake) -> None:
    yaml = build(tmp_path / "b" / "one", "k", "-O3")
    bits = build(tmp_path / "b" / "two", "k", "-O3", "bitstream")
    packed = tmp_path / "b" / "three" / "k.opt.ld.yaml.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(yaml.read_bytes()))
    (tmp_path / "b" / "k.opt.txt").write_text("not one")
    assert set(find([tmp_path / "b", yaml])) == {yaml, bits, packed}
    done = import_remarks([tmp_path / "b"], lake, root=tmp_path)
    assert [p for r in done.recordings for p in r.problems] == []
    found = ask(
        lake,
        done,
        "SELECT unit, sum(hash(tag, pass, name, function, line, count, list_transform(args,"
        " lambda a: [a.key, a.value, a.line::VARCHAR]))) AS h,"
        " count(*) AS n, any_value(file) AS file FROM remarks GROUP BY unit ORDER BY unit",
    )
    assert [row["unit"] for row in found] == [
        "b/one/k.opt.yaml",
        "b/three/k.opt.ld.yaml.gz",
        "b/two/k.opt.bitstream",
    ]
    assert found[0]["n"] > 5
    assert [row["file"] for row in found] == ["b/one/k.c", "k.c", "b/two/k.c"], "beside the record"
    assert len({(row["h"], row["n"]) for row in found}) == 1


def test_two_imports_are_compared_by_loop_and_function(tmp_path: Path, lake: Lake) -> None:
    fast = import_remarks([build(tmp_path, "k", "-O3")], lake, "fast", tmp_path)
    slow = import_remarks([build(tmp_path, "k", "-O1")], lake, "slow", tmp_path)
    found = diff(lake, slow.run, fast.run)
    (loop,) = (loop for loop in found.loops if loop.key == "scale/1")
    assert loop.b.vector_width == 2
    assert "Vectorized" in {remark.name for remark in loop.remarks.appeared}
    moved = build(tmp_path, "k", "-O3", text="\n\n/* moved */" + SOURCE)
    again = import_remarks([moved], lake, "moved", tmp_path)
    assert diff(lake, fast.run, again.run).loops == ()


def test_what_has_not_changed_is_not_read_again(
    tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [build(tmp_path / name, "k", "-O2") for name in "ab"]
    first = import_remarks(paths, lake, root=tmp_path)
    assert [r.cached for r in first.recordings] == [False, True]  # equal in content
    with monkeypatch.context() as context:
        context.setattr(remarks, "_read_all", None)
        again = import_remarks(paths, lake, root=tmp_path)
    assert (again.again, again.run.run_id) == (True, first.run.run_id)
    paths[1].write_text(paths[1].read_text().replace("chain", "train"))
    changed = import_remarks(paths, lake, root=tmp_path)
    assert [r.cached for r in changed.recordings] == [True, False]
    functions = (
        "SELECT unit, list(DISTINCT function ORDER BY function) AS f FROM remarks GROUP BY 1"
    )
    assert {row["unit"]: row["f"] for row in ask(lake, changed, functions)} == {
        "a/k.opt.yaml": ["chain", "scale"],
        "b/k.opt.yaml": ["scale", "train"],
    }
    assert not import_remarks(paths, lake, "other", tmp_path).again
    lake.remove(changed.run)
    assert not import_remarks(paths, lake, root=tmp_path).again


def test_a_damaged_cache_is_read_past(tmp_path: Path, lake: Lake) -> None:
    path = build(tmp_path, "k", "-O2")
    first = import_remarks([path], lake, "one", tmp_path)
    folder = lake.root / "cache" / "remarks"
    for damage in ("{", "[]", '{"version": 1, "files": [], "runs": {}}', "{}"):
        (folder / "index.json").write_text(damage)
        for stored in folder.glob("*.json"):
            stored.write_text(damage)
        done = import_remarks([path], lake, damage, tmp_path)
        assert not done.recordings[0].cached
        assert done.recordings[0].rows == first.recordings[0].rows


def test_a_file_that_changes_is_reported_and_not_kept(
    tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = build(tmp_path, "k", "-O2")
    read = remarks._read

    def change(*given: Any) -> Any:
        done = read(*given)
        os.utime(path, (1, 1))
        return done

    monkeypatch.setattr(remarks, "_read", change)
    done = import_remarks([path], lake, root=tmp_path)
    assert [p.what for p in done.recordings[0].problems] == ["the file changed while it was read"]
    assert "changed" in ask(lake, done, "SELECT what FROM problems ORDER BY layer DESC")[0]["what"]
    assert not import_remarks([path], lake, root=tmp_path).recordings[0].cached


def test_bad_records_are_counted_and_located(tmp_path: Path, lake: Lake) -> None:
    path = build(tmp_path, "k", "-O2")
    path.write_text("--- !Odd\nPass: x\n...\n" + path.read_text()[:-4])
    for cached in (False, True):
        done = import_remarks([path], lake, str(cached), tmp_path)
        (recording,) = done.recordings
        assert (recording.cached, recording.bad) == (cached, 2)
        head = path.read_text()[: path.read_text().rindex("--- !")].count("\n")
        places = {int(p.where.removeprefix(f"{path}:")) for p in recording.problems}
        assert places == {1, head + 1}


def test_what_cannot_be_imported_is_said(tmp_path: Path, lake: Lake) -> None:
    with pytest.raises(UsageError, match="no record of remarks"):
        import_remarks([tmp_path], lake)
    with pytest.raises(UsageError, match="no such file"):
        import_remarks([tmp_path / "none"], lake)
    fifo = tmp_path / "pipe.opt.yaml"
    os.mkfifo(fifo)
    with pytest.raises(UsageError, match="no record of remarks"):
        import_remarks([tmp_path], lake)
    with pytest.raises(UsageError, match="not a file"):
        import_remarks([fifo], lake)
    assert lake.all_runs() == []


def test_the_command(tmp_path: Path) -> None:
    build(tmp_path / "build", "k", "-O2")
    command = [sys.executable, "-m", "corr", "import", "remarks", "build", "--data", "lake"]
    where = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 120}
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    first = subprocess.run([*command, "--format", "json"], env=environment, **where)
    assert first.returncode == 0, first.stderr
    (row,) = json.loads(first.stdout)
    assert row["recording"] == "build/k.opt.yaml"
    assert (row["read"], row["bad"]) == (True, 0)
    assert "run " in first.stderr
    again = subprocess.run(command, env=environment, **where)
    assert (again.returncode, again.stdout) == (0, "")
    assert "nothing has changed since run" in again.stderr


def test_a_record_and_its_compressed_form_count_once(tmp_path: Path, lake: Lake) -> None:
    path = build(tmp_path / "b", "plain", "-O2")
    with gzip.open(f"{path}.gz", "wb") as packed:
        packed.write(path.read_bytes())
    alone = tmp_path / "b" / "packed.opt.yaml.gz"
    shutil.copy(f"{path}.gz", alone)
    found = find([tmp_path / "b"])
    assert remarks.doubles(found) == {Path(f"{path}.gz"): path}
    done = import_remarks(found, lake, root=tmp_path / "b")
    units = ask(lake, done, "SELECT DISTINCT unit FROM remarks ORDER BY unit")
    assert [row["unit"] for row in units] == ["packed.opt.yaml.gz", "plain.opt.yaml"]
    said = ask(lake, done, "SELECT what FROM problems WHERE layer = 'remarks'")
    assert [row["what"] for row in said] == ["left out: it is plain.opt.yaml in another form"]


def test_an_import_answers_like_other_runs_or_says_what_to_ask(tmp_path: Path, corr: Corr) -> None:
    other = SOURCE.replace("scale", "grow").replace("chain", "ring")
    build(tmp_path / "app", "util", "-O2", text=SOURCE)
    build(tmp_path / "lib", "util", "-O2", text=other)
    assert corr("import", "remarks", "app", "lib", cwd=tmp_path).returncode == 0
    why = corr("why", "lib/util.c:3", cwd=tmp_path)
    assert "loop: grow/1 at lib/util.c:3 · vector" in why.stdout
    both = corr("why", "util.c:3", cwd=tmp_path)
    assert both.returncode == 2 and "app/util.c:3 or lib/util.c:3" in both.stderr
    hot = corr("hotspots", cwd=tmp_path)
    assert hot.returncode == 0 and "corr why FILE:LINE" in hot.stderr
    summary = corr("summary", cwd=tmp_path)
    assert summary.returncode == 0, summary.stderr
    assert re.search(r"^`(app|lib)/util\.c:\d+`$", summary.stdout, re.MULTILINE)


@pytest.mark.parametrize("how", ["thin", "full"])
def test_what_the_linker_wrote_is_found_in_a_folder(tmp_path: Path, lake: Lake, how: str) -> None:
    (tmp_path / "a.c").write_text(SOURCE)
    (tmp_path / "m.c").write_text(
        "double chain(double *, int);\nvoid scale(double *, double, int);\nint main(void) {\n"
        "  static double a[99];\n  scale(a, 2, 99);\n  return chain(a, 99) > 5;\n}\n"
    )
    words = [
        f"-flto={how}",
        "-fuse-ld=lld",
        "-fsave-optimization-record",
        "a.c",
        "m.c",
        "-o",
        "app",
    ]
    subprocess.run([CLANG, "-O2", "-g", *words], cwd=tmp_path, check=True, timeout=120)
    linked = {path.name for path in find([tmp_path]) if ".ld." in path.name}
    assert linked == {p.name for p in tmp_path.glob("*opt.ld*")}
    done = import_remarks([tmp_path], lake, root=tmp_path)
    found = ask(lake, done, "SELECT DISTINCT unit, file FROM remarks WHERE unit LIKE '%.ld.%'")
    assert {row["file"] for row in found} >= {"a.c", "m.c"}


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("a.opt.yaml", True),
        ("k-hip-amdgcn-amd-amdhsa-gfx90a.opt.yaml", True),
        ("a.4c2faf61c2d5dfd7-cgu.0.codegen.opt.yaml", True),
        ("a.opt.ld.3.yaml.zst", True),
        ("app-opt.ld.yaml.thin.12.yaml", True),
        ("adopt.yaml", False),
        ("a.opt.yaml.orig", False),
    ],
)
def test_names_of_records(name: str, is_one: bool) -> None:
    assert bool(remarks.NAMED.search(name)) is is_one


FIXTURES = Path(__file__).parents[1] / "fixtures" / "remarks"


def test_records_of_flang(tmp_path: Path, lake: Lake) -> None:
    shutil.copy(FIXTURES / "flang-22.opt.yaml", tmp_path)
    done = import_remarks([tmp_path], lake, root=tmp_path)
    loops = ask(lake, done, "SELECT key, file, line FROM loops ORDER BY key")
    keys = [row["key"] for row in loops]
    assert keys == ["stencils::norm/1", "stencils::smooth/1"], keys
    found = resolve(connect(lake, [done.run]), "stencils::smooth/1")
    assert found.loops == ("stencils::smooth/1",)
    assert resolve(connect(lake, [done.run]), "stencil.f90:9").loops == ("stencils::smooth/1",)


def test_records_of_mlir(tmp_path: Path, lake: Lake) -> None:
    """Its arguments are sentences of their own, not pieces of one."""
    shutil.copy(FIXTURES / "mlir-22.opt.yaml", tmp_path)
    done = import_remarks([tmp_path], lake, root=tmp_path)
    said = ask(lake, done, "SELECT words FROM remark_words WHERE tag = 'Missed'")
    assert said[0]["words"] == (
        "This is a test missed remark; because we are testing the remark pipeline;"
        " try using the remark pipeline feature"
    )
    assert resolve(connect(lake, [done.run]), "t.mlir:2").line == 2


def test_records_of_an_offloaded_region(tmp_path: Path, lake: Lake) -> None:
    """The kernel's name has numbers of the machine that it was compiled on; its loops' have not."""
    text = (FIXTURES / "offload-22.opt.yaml").read_text()
    runs = []
    for name, numbers in (("one", "fe00_3066b8"), ("two", "10303_7ac")):
        (tmp_path / name).mkdir()
        moved = text.replace("fe00_3066b8", numbers)
        (tmp_path / name / "off-openmp-nvptx64-nvidia-cuda-sm_70.opt.yaml").write_text(moved)
        runs.append(import_remarks([tmp_path / name], lake, root=tmp_path / name))
    keys = [ask(lake, done, "SELECT key FROM loops ORDER BY key") for done in runs]
    assert keys[0] == keys[1] and keys[0]
    assert all(row["key"].startswith("scale.target_l2") for row in keys[0])


def test_records_of_rustc(tmp_path: Path, lake: Lake) -> None:
    fixture = FIXTURES / "rustc-1.95.opt.yaml"
    shutil.copy(fixture, tmp_path / "a.4c2faf61c2d5dfd7-cgu.0.opt.opt.yaml")
    done = import_remarks([tmp_path], lake, root=tmp_path)
    said = ask(lake, done, "SELECT DISTINCT function, file FROM remarks WHERE pass = 'inline'")
    assert said and all(row["file"] for row in said)
    functions = {row["function"] for row in said if row["function"].startswith("_RNv")}
    assert set(demangle(functions, toolchain.find()).values()) == {"a::add", "a::main"}
    assert resolve(connect(lake, [done.run]), "a.rs:3").line == 3
