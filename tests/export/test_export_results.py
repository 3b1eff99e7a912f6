"""`corr export results`: the outputs of an optimisation as files, of a made lake and a real one."""

from __future__ import annotations

import csv
import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from collectors.base.errors import UsageError
from collectors.base.toolchain import Toolchain
from collectors.measured.counters import COUNTERS, EVENTS
from corr.commands.export import _parts
from corr.export.report_csv import columns
from corr.export.results import Part, write
from corr.export.stages import course
from corr.lake.run_facts import RunFacts
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.lake.tables import TABLES
from corr.report.subject import subjects
from tests.support.command import Corr
from tests.support.export_lakes import real_optimisation
from tests.support.report_lakes import EVIL, optimisation, restage


@pytest.fixture(scope="module")
def lake(gemm_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Original, an iteration twice as fast, one without a gain, the best at ×1.9."""
    measured = Lake.open(gemm_lake / "data")
    folder = tmp_path_factory.mktemp("optimised") / "data"
    return optimisation(folder, measured.find("a"), measured.find("b"))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return real_optimisation(tmp_path_factory)


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "optimization_report.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def events(lake: Lake, run_id: str) -> dict[str, Any]:
    query = "SELECT event, value FROM counters WHERE run_id = ?"
    return {row["event"]: row["value"] for row in ask(lake, query, [run_id]).to_pylist()}


def test_every_file_is_written(lake: Lake, tmp_path: Path) -> None:
    said: list[str] = []
    written = write(lake, subjects(lake, ["gemm"]), tmp_path, tell=said.append)
    # the made runs have no artifacts
    assert len(said) == 1 and said[0].endswith("kept no optimised IR")
    tables = {"optimization_report.csv", "metrics_log.json", "ir_instr_log.json"}
    charts = {f"gemm-{name}.png" for name in ("times", "counters", "opcodes", "before_after")}
    profiles = {"gemm.prof.md", "gemm.opt.prof.md"}
    assert {path.name for path in written} == tables | charts | profiles
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in written)
    for path in written:
        if path.suffix == ".png":
            with Image.open(path) as image:
                image.verify()
                assert image.format == "PNG" and image.width > 200


def test_the_report_has_before_and_after(lake: Lake, tmp_path: Path) -> None:
    write(lake, subjects(lake, ["gemm"]), tmp_path, [Part.csv])
    (row,) = table(tmp_path)
    assert list(row) == columns()
    assert row["kernel"] == "gemm" and row["outcome"] == "faster" and row["iterations"] == "2"
    assert row["guarantee"] == "tested" and float(row["speedup"]) == 1.9
    # the final measurement: 0.5 s / 1.9, of which the original takes 1.9 times as long
    assert float(row["time_before"]) == pytest.approx(0.5)
    assert float(row["time_delta_pct"]) == pytest.approx(100 / 1.9 - 100)
    first, best = (run.run_id for run in subjects(lake, ["gemm"])[0].variants)
    before, after = events(lake, first), events(lake, best)
    for event in EVENTS:
        name = event.replace("-", "_")
        for end, value in (("before", before[event]), ("after", after[event])):
            assert row[f"{name}_{end}"] == ("" if value is None else repr(value)), event
        if before[event] is None:
            assert event in row["missing"] and row[f"{name}_delta_pct"] == ""
        elif before[event]:
            expected = 100 * (after[event] - before[event]) / before[event]
            assert float(row[f"{name}_delta_pct"]) == pytest.approx(expected)
    assert int(row["ir_lines_before"]) > 100
    assert ("no PMU" in row["missing"]) == (before["cycles"] is None)


def test_the_logs_have_an_entry_an_iteration(lake: Lake, tmp_path: Path) -> None:
    write(lake, subjects(lake, ["gemm"]), tmp_path, [Part.metrics, Part.opcodes])
    metrics = json.loads((tmp_path / "metrics_log.json").read_text())["gemm"]
    assert [m["iteration"] for m in metrics] == [0, 1, 2]
    assert [m["outcome"] for m in metrics] == ["original", "accepted", "no gain"]
    assert [m["speedup"] for m in metrics] == [1.0, 2.0, 2.0]
    # the second iteration found nothing: the program is still that of the first
    assert metrics[1]["run_id"] == metrics[2]["run_id"] != metrics[0]["run_id"]
    assert metrics[1]["time"] == 0.25 and metrics[0]["time"] > 0
    known = events(lake, metrics[1]["run_id"])
    for event, value in known.items():
        assert metrics[1][event.replace("-", "_")] == value
        assert (event.replace("-", "_") in metrics[1]["missing"]) == (value is None)
    opcodes = json.loads((tmp_path / "ir_instr_log.json").read_text())["gemm"]
    for entry, other in zip(opcodes, metrics, strict=True):
        assert (
            entry["run_id"] == other["run_id"]
            and sum(entry["opcodes"].values()) == other["ir_lines"]
        )
    query = "SELECT sum(count)::BIGINT AS n FROM opcodes WHERE stage = 'after' AND opcode = 'load' AND run_id = ?"
    (loads,) = ask(lake, query, [opcodes[0]["run_id"]])["n"].to_pylist()
    assert opcodes[0]["opcodes"]["load"] == loads > 0


def test_counters_of_a_machine_that_has_them(lake: Lake, tmp_path: Path) -> None:
    """This machine may lack a PMU: as if it had one."""
    other = Lake.open(tmp_path / "data", create=True)
    counts = {"cycles": 1e9, "cache-misses": 0.0}
    with other.stage() as staging:
        rows = [
            {"event": e, "value": v, "unit": "count", "repetitions": 3} for e, v in counts.items()
        ]
        staging.write(COUNTERS, COUNTERS.rows(rows))
        for name in ("loops", "opcodes", "timings"):
            found = lake.find("gemm")
            source = subjects(lake, [found.run_id])[0].original.table(name)
            assert source is not None
            staging.write(TABLES[name], source.drop_columns(["run_id"]))
        staging.commit(RunFacts("gemm"))
    (found_course,) = [course(other, s) for s in subjects(other, ["gemm"])]
    assert found_course.original.counters["cycles"] == 1e9
    assert found_course.original.counters["cache-misses"] == 0.0
    assert "cycles" not in found_course.original.reasons
    assert found_course.original.reasons["branches"] == "not counted in this run"
    write(other, subjects(other, ["gemm"]), tmp_path / "out", [Part.csv])
    (row,) = table(tmp_path / "out")
    assert row["cycles_before"] == row["cycles_after"] == "1000000000.0"
    assert row["cycles_delta_pct"] == "0.0"
    assert row["cache_misses_before"] == "0.0" and row["cache_misses_delta_pct"] == ""
    assert row["outcome"] == "not optimised"


def test_hostile_names(gemm_lake: Path, tmp_path: Path) -> None:
    measured = Lake.open(gemm_lake / "data")
    lake = Lake.open(tmp_path / "data", create=True)
    for name in ("../../x", EVIL, ".", "a/b", "a_b", "=cmd|' /C calc'!A0\n"):
        restage(lake, measured.find("a"), {"program": name, "label": None})
    names = [run.run_id for run in lake.all_runs()]
    out = tmp_path / "out" / "deeper"
    parts = [Part.csv, Part.metrics, Part.profile, Part.heatmap]
    said: list[str] = []
    written = write(lake, subjects(lake, names), out, parts, said.append)
    assert {path.parent for path in written} == {out}
    assert len({path.name for path in written}) == len(written) == 2 + len(names)
    assert sum("charts show an optimisation" in line for line in said) == len(names)
    assert len(table(out)) == len(names)
    assert len(json.loads((out / "metrics_log.json").read_text())) == len(names)


def test_parts() -> None:
    assert _parts(None) == list(Part)
    assert _parts("csv, heatmap") == [Part.csv, Part.heatmap]
    with pytest.raises(UsageError, match="no part 'pdf'") as error:
        _parts("csv,pdf")
    assert error.value.fix and "heatmap" in error.value.fix


def test_a_real_optimisation(real: Path, corr: Corr, tools: Toolchain) -> None:
    done = corr("export", "results", "jacobi_2d", "-o", "out", cwd=real)
    assert done.returncode == 0, done.stderr
    (row,) = table(real / "out")
    for name in ("time_before", "time_after", "speedup"):
        assert math.isfinite(float(row[name])) and float(row[name]) > 0
    shown = corr("history", "jacobi_2d", "--format", "json", cwd=real)
    best = [stage for stage in json.loads(shown.stdout) if stage["stage"] == "best"]
    if best:
        assert float(row["time_after"]) == best[0]["seconds"]
    assert "kernel_jacobi_2d" in (real / "out" / "jacobi_2d.prof.md").read_text()
    # the optimised IR is a program
    module = real / "out" / "jacobi_2d.opt.ll"
    flags = ["-O3", "-Xclang", "-disable-llvm-passes"]
    command = [str(tools.path("clang")), *flags, module.name, "-lm", "-o", "again"]
    subprocess.run(command, cwd=module.parent, check=True, capture_output=True, timeout=120)
    ran = subprocess.run(
        ["./again", "--size", "20"], cwd=module.parent, timeout=300, capture_output=True
    )
    assert ran.returncode == 0
    # what `history` commits last has only times: the layers are those of the best
    assert corr("export", "collapsed", cwd=real).stdout.startswith("jacobi_2d;")
