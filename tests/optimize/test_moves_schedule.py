"""The schedule move against the real Polly: what it accepts, what it refuses, and what is built."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import corr
from collectors.base import process
from collectors.base.errors import CompileError
from collectors.base.toolchain import Toolchain
from collectors.source_loops import forest as loop_forest
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves import from_record, schedule
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.schedule import Schedule
from corr.optimize.polly import child, clang
from corr.optimize.polly.jscop import Jscop
from corr.optimize.polly.model import rescheduled
from corr.optimize.proposal import Guarantee
from corr.optimize.variant import Variant
from corr.program.build import Builder
from corr.program.model import Program, Run, Unit
from tests.support import jscop_orders
from tests.support.polly_nests import kernel, nests, own, unit_of


def digest(variant: Variant, tools: Toolchain, folder: Path, size: int) -> str:
    folder.mkdir(exist_ok=True)
    builder = Builder(variant.program_in(folder), tools, folder)
    for unit in builder.units:
        builder.compile(unit)
    binary = builder.link()
    done = subprocess.run(
        [binary, "--size", str(size), "--digest"], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def gemm() -> Variant:
    return kernel("gemm")


@pytest.fixture(scope="module")
def gemm_nests(
    gemm: Variant, tools: Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Jscop]:
    return nests(gemm, tools, tmp_path_factory.mktemp("gemm"))


@pytest.fixture(scope="module")
def ikj(gemm_nests: dict[str, Jscop]) -> Schedule:
    scop = own(gemm_nests)
    apart = jscop_orders.written(scop).distributed()
    deepest = max(apart.statements, key=lambda name: len(apart.loops(name)))
    maps = apart.permuted([deepest], [0, 2, 1]).maps()
    return Schedule.of("gemm.c", gemm_nests, scop.file, maps, "ikj")


def test_export_knows_function_lines_and_statements(gemm_nests: dict[str, Jscop]) -> None:
    scop = own(gemm_nests)
    text = unit_of(kernel("gemm")).source.read_text().splitlines()
    assert scop.function == "kernel_gemm"
    assert scop.source is not None and scop.source.endswith("gemm.c")
    assert scop.first is not None and "for (int i" in text[scop.first - 1]
    assert [len(s.accesses) for s in scop.statements] == [3, 5]


def test_a_legal_interchange_is_proved_and_computes_the_same(
    gemm: Variant, ikj: Schedule, tools: Toolchain, tmp_path: Path
) -> None:
    changed = ikj.apply(gemm)
    guarantee, detail = schedule.proves(changed, tools, tmp_path)
    assert guarantee is Guarantee.proved
    assert "kernel_gemm" in detail
    for size in (37, 96):
        before = digest(gemm, tools, tmp_path / "before", size)
        assert digest(changed, tools, tmp_path / "after", size) == before


def test_the_import_changes_the_machine_code_of_that_function_only(
    gemm: Variant, ikj: Schedule, tools: Toolchain, tmp_path: Path
) -> None:
    program = ikj.apply(gemm).program_in(tmp_path)
    builder = Builder(program, tools, tmp_path)
    builder.emit_frontend(builder.units[0])
    flags = builder.argv(builder.units[0].unit)
    imported = [w for w in flags if "polly-only-func" in str(w)]
    assert imported == ["-polly-only-func=^kernel_gemm$"]
    identity = gemm_like_itself(gemm, tools, tmp_path)
    texts = [optimised(v, tools, tmp_path / str(n)) for n, v in enumerate((identity, program))]
    assert functions(texts[0]).keys() == functions(texts[1]).keys()
    differing = {n for n, body in functions(texts[0]).items() if functions(texts[1])[n] != body}
    assert differing and all("kernel_gemm" in n or n in ("run", "main") for n in differing)


def gemm_like_itself(gemm: Variant, tools: Toolchain, folder: Path) -> Program:
    scops = nests(gemm, tools, folder / "export")
    scop = own(scops)
    move = Schedule.of("gemm.c", scops, scop.file, {}, "as it is")
    place = folder / "itself"
    place.mkdir()
    return move.apply(gemm).program_in(place)


def optimised(program: Program, tools: Toolchain, folder: Path) -> str:
    folder.mkdir()
    builder = Builder(program, tools, folder)
    out = folder / "out.ll"
    unit = builder.units[0].unit
    subprocess.run(
        [*map(str, builder.argv(unit)), "-S", "-emit-llvm", unit.source, "-o", out],
        check=True,
        capture_output=True,
    )
    return out.read_text()


def functions(module: str) -> dict[str, str]:
    found = re.findall(r"^define .*?@([\w.]+)\((.*?)^\}", module, re.MULTILINE | re.DOTALL)
    return {name: re.sub(r"#\d+|![\w.]+", "", body) for name, body in found}


def test_reversing_seidel_is_refused_with_the_dependence_named(
    tools: Toolchain, tmp_path: Path
) -> None:
    variant = kernel("seidel_2d")
    scops = nests(variant, tools, tmp_path)
    scop = own(scops)
    name = scop.statements[0].name
    backwards = jscop_orders.written(scop).reversed([name], 2).maps()
    with pytest.raises(Refused, match=r"flow dependence .* would run backwards, as from"):
        Schedule.of("seidel_2d.c", scops, scop.file, backwards, "reverse")
    # past our own check, Polly has to say it
    move = Schedule(
        "seidel_2d.c", scop.file, rescheduled(scop.file, scop.text(), backwards), "reverse"
    )
    with pytest.raises(Refused, match="Polly finds that the schedule breaks a dependence") as told:
        schedule.proves(move.apply(variant), tools, tmp_path)
    for noise in ("PLEASE submit", "Stack dump", "fatal error", "#0 "):
        assert noise not in told.value.message
    assert "would run backwards" in told.value.message


@pytest.mark.parametrize("what", ["domain", "relation", "kind", "context"])
def test_only_schedules_may_differ(
    what: str, gemm: Variant, ikj: Schedule, tools: Toolchain, tmp_path: Path
) -> None:
    record = json.loads(ikj.jscop)
    last = record["statements"][-1]
    if what == "domain":
        last["domain"] = last["domain"].replace("i2 < p_0", "i2 < p_0 - 1")
    elif what == "relation":
        last["accesses"][0]["relation"] = last["accesses"][0]["relation"].replace(
            "[i0, i2]", "[i2, i0]"
        )
    elif what == "kind":
        last["accesses"][-1]["kind"] = "read"
    else:
        record["context"] = "[p_0] -> {  : p_0 = 3 }"
    tampered = replace(ikj, jscop=json.dumps(record)).apply(gemm)
    with pytest.raises(Refused, match="changes more than schedules"):
        schedule.proves(tampered, tools, tmp_path)


def test_the_child_runs_the_corr_that_asks(
    gemm: Variant, ikj: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not an installed one, which may be another version or not be there."""
    places = []
    real = process.run

    def run(argv: list[str], env: dict[str, str], **limits: object) -> process.Completed:
        places.append(env["PYTHONPATH"])
        return real(argv, env=env, **limits)

    monkeypatch.setattr(process, "run", run)
    ikj.apply(gemm)
    assert places == [str(Path(corr.__file__).parents[1])]


def with_schedule(move: Schedule, text: str) -> Schedule:
    record = json.loads(move.jscop)
    record["statements"][-1]["schedule"] = text
    return replace(move, jscop=json.dumps(record))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{ %[i, j, k] -> [1, i, k, j] : i > 3 }", "leaves out iterations"),
        ("{ %[i, j, k] -> [1, i, k, l] : l = j or l = j + 1 }", "more than once"),
        ("{ %[i, j, k] -> [1, i, k, 0] }", "two iterations in one place"),
        ("{ %[i, j, k] -> [1, i, k, j, 0, 0] }", "differ in length"),
        ("{ %[i, j, k] -> [1, i, k, 1048577j] }", "number over"),
        ("[q] -> { %[i, j, k] -> [1, i + q, k, j] }", "parameter"),
        ("{ Other[i, j, k] -> [1, i, k, j] }", "must map"),
        ("{ %[i, j] -> [1, i, j, 0] }", "must map"),
        ("{ %[i, j, k] -> T[1, i, k, j] }", "plain tuple"),
        ("{ %[i, j, k] -> [1, i, k, j", "not isl's"),
        ("rm -rf $HOME; `id`", "characters"),
        ("{ %[i, j, k] -> [1, i, k, " + "(" * 100_000, "over the limit"),
        ("{ %[i, j, k] -> [1, i, k, " + "(" * 10_000, "brackets"),
    ],
)
def test_a_map_that_is_no_order_is_refused(
    text: str, reason: str, gemm: Variant, ikj: Schedule
) -> None:
    statement = json.loads(ikj.jscop)["statements"][-1]["name"]
    with pytest.raises(Refused, match=reason):
        with_schedule(ikj, text.replace("%", statement)).apply(gemm)


def test_a_map_that_isl_chokes_on_is_refused(
    gemm: Variant, ikj: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "SECONDS", 3)
    statement = json.loads(ikj.jscop)["statements"][-1]["name"]
    many = ", ".join(f"a{n}" for n in range(300))
    bounds = " and ".join(f"a{n} >= {n}i" for n in range(300))
    text = f"{{ {statement}[i, j, k] -> [1, i, k, 1, j] : exists {many}: {bounds} }}"
    with pytest.raises(Refused, match="could not judge"):
        with_schedule(ikj, text).apply(gemm)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "prose",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"statements": 3}',
        '{"statements": [[]], "name": "", "context": ""}',
        '{"statements": [{"name": 1}], "name": "x", "context": "{ : }"}',
        "[" * 100_000,
        "1" * ((1 << 20) + 1),
    ],
)
def test_garbage_is_refused(text: str, gemm: Variant, ikj: Schedule) -> None:
    with pytest.raises(Refused):
        replace(ikj, jscop=text).apply(gemm)


@pytest.mark.parametrize("name", ["../x.jscop", "/etc/x.jscop", "x", ".x.jscop", "a\n.jscop", ""])
def test_a_file_name_that_leads_elsewhere_is_refused(
    name: str, gemm: Variant, ikj: Schedule
) -> None:
    with pytest.raises(Refused):
        replace(ikj, scop=name).apply(gemm)
    with pytest.raises(Refused):
        replace(ikj, beside=((name, ikj.jscop),)).apply(gemm)


def test_a_nest_that_is_not_there_is_found_out(
    gemm: Variant, ikj: Schedule, tools: Toolchain, tmp_path: Path
) -> None:
    elsewhere = replace(ikj, scop=ikj.scop.replace("kernel_gemm", "kernel_other"))
    with pytest.raises(Refused, match="has no nest kernel_other"):
        schedule.proves(elsewhere.apply(gemm), tools, tmp_path)


def test_a_source_changed_afterwards_is_found_out(
    gemm: Variant, ikj: Schedule, tools: Toolchain, tmp_path: Path
) -> None:
    source = unit_of(gemm).source
    text = source.read_text().replace("alpha * A[i][k]", "alpha * A[k][i]")
    changed = ikj.apply(gemm).with_text(source, text)
    with pytest.raises(Refused, match="or the code did"):
        schedule.proves(changed, tools, tmp_path)


def test_without_optimisation_nothing_is_called_proved(
    ikj: Schedule, tools: Toolchain, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="no nest"):
        schedule.proves(ikj.apply(kernel("gemm", ("-O0",))), tools, tmp_path)


def test_the_record_makes_the_move_again(ikj: Schedule, gemm: Variant) -> None:
    move = replace(ikj, beside=((ikj.scop, ikj.jscop),))
    again = from_record(json.loads(json.dumps(move.record())))
    assert again == move
    assert again.apply(gemm).schedules == move.apply(gemm).schedules
    with pytest.raises(Refused):
        from_record({**move.record(), "beside": [["one"]]})


def test_with_flags_before_and_after(
    gemm: Variant, ikj: Schedule, tools: Toolchain, tmp_path: Path
) -> None:
    native = Flags(("-march=native",))
    for number, moves in enumerate(itertools.permutations((native, ikj))):
        variant = gemm
        for move in moves:
            variant = move.apply(variant)
        place = tmp_path / str(number)
        place.mkdir()
        assert schedule.proves(variant, tools, place)[0] is Guarantee.proved
        assert variant.describe().count("schedule kernel_gemm: ikj") == 1


TWO_NESTS = """
void first(int n, double a[n], double b[n]) { for (int i = 0; i < n; i++) a[i] += b[i]; }
void both(int n, double a[n][n], double b[n], int (*f)(int)) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            a[j][i] += 1.0;
    f(n);
    for (int i = 0; i < n; i++) b[i] *= 2.0;
}
template <class T> void filled(T *p, long n) {
    for (long i = 0; i < n; i++) for (long j = 0; j < n; j++) p[j * n + i] = i;
}
"""


def test_other_nests_of_the_unit_and_of_the_function(tools: Toolchain, tmp_path: Path) -> None:
    """A function needs the files of all its nests; functions without any are left alone."""
    source = tmp_path / "odd name, $5.c"
    source.write_text(TWO_NESTS.partition("template")[0])
    folder = tmp_path / "a folder, with $odd %names"
    folder.mkdir()
    program = Program("two", (Unit(source, tmp_path, ("-O3",)),), (), Run(), tmp_path, tmp_path)
    variant = Variant(program)
    scops = nests(variant, tools, folder)
    assert sorted(s.function for s in scops.values()) == ["both", "both", "first"]
    scop = next(s for s in scops.values() if s.function == "both" and "i1" in s.text())
    maps = jscop_orders.written(scop).permuted([scop.statements[0].name], [1, 0]).maps()
    move = Schedule.of(source.name, scops, scop.file, maps, "interchange")
    assert len(move.beside) == 1
    assert schedule.proves(move.apply(variant), tools, folder)[0] is Guarantee.proved
    alone = replace(move, beside=())
    with pytest.raises(Refused, match="has no JSCoP"):
        schedule.proves(alone.apply(variant), tools, folder)


def test_mangled_names(tools: Toolchain, tmp_path: Path) -> None:
    source = tmp_path / "t.cpp"
    source.write_text(
        "template" + TWO_NESTS.partition("template")[2] + "namespace a::b {\n"
        "auto f = [](double *p, long n) { filled(p, n); };\n"
        "void g(double *p, long n) { f(p, n); filled(p, n); } }\n"
    )
    program = Program("t", (Unit(source, tmp_path, ("-O3",)),), (), Run(), tmp_path, tmp_path)
    variant = Variant(program)
    scops = nests(variant, tools, tmp_path)
    scop = own(scops, "_Z6filled")
    maps = jscop_orders.written(scop).permuted([scop.statements[0].name], [1, 0]).maps()
    move = Schedule.of("t.cpp", scops, scop.file, maps, "interchange")
    assert schedule.proves(move.apply(variant), tools, tmp_path)[0] is Guarantee.proved


def test_renamed_blocks_are_adopted(tools: Toolchain, tmp_path: Path) -> None:
    """The tagged IR of a collection names a loop's blocks anew; the order must hold there too."""
    variant = kernel("cholesky")
    scops = nests(variant, tools, tmp_path)
    scop = max(
        (s for s in scops.values() if s.function == "kernel_cholesky"), key=lambda s: s.first
    )
    move = Schedule.of("cholesky.c", scops, scop.file, {}, "as it is")
    builder = Builder(move.apply(variant).program_in(tmp_path), tools, tmp_path)
    built = builder.units[0]
    builder.emit_frontend(built)
    forest = loop_forest.read(built.frontend, built.unit.directory)
    loop_forest.tag_blocks(built.frontend, forest, built.tagged)
    with pytest.raises(CompileError):
        builder.emit_optimised(built)
    source = ("-x", "ir", built.tagged, "-Wno-override-module")
    command = builder.argv(built.unit)
    place = tmp_path / "schedules0"
    assert clang.adopt(command, source, built.unit.directory, place) == 2
    builder.emit_optimised(built)
    assert "polly." in built.optimised.read_text()
    assert clang.adopt(command, source, built.unit.directory, place) == 0
