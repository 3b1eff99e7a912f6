"""The rules name the right order for a loop nest, and what they propose computes the same."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from collectors.base import toolchain
from corr.optimize.experience.earlier import Experience
from corr.optimize.experience.seen import Seen
from corr.optimize.gate.refusal import Refused
from corr.optimize.hot_nests import Nest
from corr.optimize.judging.outputs import read_dump
from corr.optimize.moves.flags import Flags
from corr.optimize.proposal import Guarantee, Outcome, Proposal, Trial
from corr.optimize.rules import flags
from corr.optimize.rules.bases import STRIP, bases
from corr.optimize.rules.leaf_settings import NOT_PACKED, choices
from corr.optimize.rules.near_settings import neighbours
from corr.optimize.rules.nests import Region
from corr.optimize.rules.proposer import Rules, Search, in_turn
from corr.optimize.variant import Variant
from corr.polyhedral import rewrite, schedules
from corr.polyhedral.clang_ast import Functions
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.extract import regions
from corr.program.model import Run, from_files
from corr.timing.verdict import Ratio

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
TOOLS = toolchain.find()
WIDTH = 32


def program(name):
    return from_files([f"{name}.c"], ("-O2",), Run(), KERNELS)


def region(name):
    the_program = program(name)
    unit = the_program.units[0]
    (scop,), _ = regions(Functions(the_program, unit, TOOLS), f"kernel_{name}")
    return Region(Nest(f"{name}.c", unit.source.read_bytes(), scop), WIDTH)


def outputs(source: Path, binary: Path, size: str):
    compiler = str(TOOLS.path("clang"))
    command = [compiler, "-O2", "-mavx2", "-w", f"-I{KERNELS}", str(source), "-lm"]
    if not binary.exists():
        subprocess.run([*command, "-o", str(binary)], check=True)
    dump = subprocess.check_output(
        [str(binary), "--size", size, "--dump", "-"], stderr=subprocess.DEVNULL
    )
    return {name: array.tobytes() for name, array in read_dump(dump).items()}


def first_plans(found, most=4):
    """The best plan of each base that can be generated."""
    plans = []
    for base in bases(found.nest.scop):
        plan = found.plan(base, 0)
        try:
            plans.append((plan, found.edit(plan)))
        except NotAffine:
            continue
        if len(plans) == most:
            break
    return plans


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gemm", "lu", "jacobi_2d", "seidel_2d", "mvt", "trmm"])
def test_plans_compute_the_same(name, tmp_path):
    found = region(name)
    original = KERNELS / f"{name}.c"
    plans = first_plans(found)
    assert len(plans) >= 2
    for number, (_, move) in enumerate(plans):
        variant = move.apply(Variant(program(name)))
        changed = tmp_path / f"{number}.c"
        changed.write_text(variant.text(original))
        for size in ("1", "2", "37"):
            expected = outputs(original, tmp_path / "original", size)
            assert outputs(changed, tmp_path / f"changed{number}", size) == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", ["atax", "bicg", "mvt", "gemver", "gesummv"])
def test_rows_that_are_read_twice_are_read_in_strips(name, tmp_path):
    """A product with a matrix, and one with its transpose: while the rows are in a cache.

    Sums along rows run side by side, kept from being packed into vectors that must be gathered.
    """
    found = region(name)
    found.width = 64
    original = KERNELS / f"{name}.c"
    tried = 0
    for base in bases(found.nest.scop):
        strips = [band for _, band in schedules.bands(base.tree) if band.strip]
        if not base.name.startswith(("strips", "rows")):
            continue
        assert strips and all(max(band.tile_sizes) == STRIP for band in strips)
        for _, band in rewrite.leaves(base.tree):
            assert len(band.child.statements) == 1, "each statement has loops of its own"
        plan = found.plan(base, 0)
        tried += plan.flags == (NOT_PACKED,)
        variant = found.edit(plan).apply(Variant(program(name)))
        changed = tmp_path / f"{base.name}.c"
        changed.write_text(variant.text(original))
        for size in ("1", "19", "37"):
            expected = outputs(original, tmp_path / "original", size)
            assert outputs(changed, tmp_path / base.name, size) == expected
    assert tried


@pytest.mark.slow
@pytest.mark.parametrize("name", ["symm", "deriche", "gramschmidt"])
def test_the_gate_lets_arrays_for_scalars_pass(name):
    the_program = program(name)
    found, _ = regions(Functions(the_program, the_program.units[0], TOOLS), f"kernel_{name}")
    text = (KERNELS / f"{name}.c").read_bytes()
    allocated = 0
    for scop in found:
        for _, move in first_plans(Region(Nest(f"{name}.c", text, scop), WIDTH)):
            variant = move.apply(Variant(the_program))
            allocated += "malloc" in variant.text(KERNELS / f"{name}.c")
    assert allocated


def best_choice(name, base_name):
    found = region(name)
    base = next(b for b in bases(found.nest.scop) if b.name.startswith(base_name))
    leaf = max(
        rewrite.leaves(base.tree),
        key=lambda at: len(base.scop.statement(at[1].child.statements[0]).loops),
    )
    return found.choices(base, *leaf)[0]


@pytest.mark.slow
def test_matrix_product_keeps_a_block_in_registers():
    setting = best_choice("gemm", "split").setting
    # the vector runs along j (row 1 of i, j, k), the innermost loop is k: C[i][j] stays
    assert setting.order[-1] == 2
    assert setting.order[setting.vector] == 1
    assert sum(size > 1 for size in setting.blocks) == 2


@pytest.mark.slow
def test_what_waits_for_its_neighbour_runs_as_a_wavefront():
    choice = best_choice("seidel_2d", "skewed")
    assert choice.setting.skew
    assert "wavefront" in choice.reason


@pytest.mark.slow
def test_elimination_is_tiled_so_that_its_update_stands_alone():
    setting = best_choice("lu", "skewed").setting
    assert len(setting.tiles) == 3 and all(size > 1 for size in setting.tiles)


@pytest.mark.slow
def test_time_is_tiled_in_sweeps_for_stencils():
    names = [base.name for base in bases(region("jacobi_2d").nest.scop)]
    assert names[0] == "split" and "sweeps 0 of skewed" in names


@pytest.mark.slow
def test_settings_are_distinct_and_neighbours_differ_in_one_number():
    found = region("gemm")
    base = next(bases(found.nest.scop))
    path, band = max(rewrite.leaves(base.tree), key=lambda at: len(at[1].rows))
    listed = [c.setting for c in choices(base.scop, base.tree, path, band, WIDTH)]
    assert len(set(listed)) == len(listed)
    for other in neighbours(listed[0]):
        assert other != listed[0]
        assert other.order == listed[0].order and other.vector == listed[0].vector


def test_flags_leave_an_architecture_that_was_chosen():
    assert flags.base_flags(["-O3"]) == ("-O3", "-march=native")
    assert flags.base_flags(["-O2", "-march=x86-64-v2"]) == ("-O3",)


@pytest.mark.slow
def test_search_goes_on_from_the_fastest_base():
    found = region("gemm")
    seen = []
    for plan in found.search():
        if plan.base.name in seen:
            break
        seen.append(plan.base.name)
        fast = plan.base.name == "fused"
        found.ran(plan, 0.5 if fast else 1.0, best=fast)
    assert {"split", "fused", "as written"} <= set(seen)
    assert plan.base.name == "fused"


def test_the_search_goes_on_in_the_next_iteration(monkeypatch):
    rules = Rules()
    endless = (Proposal((), str(n), "rules") for n in range(9))
    monkeypatch.setattr(Search, "everything", lambda _self, _situation: endless)
    known = {"experience": Experience(), "seen": Seen(), "seen_original": Seen()}
    situation = SimpleNamespace(history=[], best=Variant(program("gemm")), **known)
    first = rules.propose(situation)
    assert [next(first).reason, next(first).reason] == ["0", "1"]
    first.close()
    assert [p.reason for p in rules.propose(situation)] == list("2345678")
    assert list(rules.propose(situation)) == []


def test_a_refused_move_is_no_time():

    search = Search(SimpleNamespace(history=[], allow_reassociation=False))
    proposal = Proposal((Flags(("-O3",)),), "", "rules")
    ratio = Ratio(0.5, 0.4, 0.6)
    search.told(Trial(1, 1, proposal, Outcome.refused))
    assert search.last_time is None
    search.told(Trial(1, 2, proposal, Outcome.accepted, "", ratio, 1.0, None, Guarantee.tested))
    assert search.last_time == 0.5
    search.told(Trial(1, 3, proposal, Outcome.slower, "", Ratio(2.0, 1.9, 2.1)))
    assert search.last_time == 1.0
    search.told(Trial(1, 4, proposal, Outcome.wrong_output, "", ratio))
    assert search.last_time is None, "it was fast, and wrong"


def test_reassociation_is_asked_for_and_carried_to_the_gate():
    original = Variant(program("gemm"))
    move = Flags(("-ffast-math",))
    with pytest.raises(Refused, match="allow-reassociation"):
        move.apply(original)
    allowed = Variant(program("gemm"), allow_reassociation=True)
    assert move.apply(allowed).flags == ("-ffast-math",)


def test_nests_are_searched_by_their_share_of_the_time():
    """None waits until all of a hotter one's plans were tried."""

    def plans_of(share, count):
        return SimpleNamespace(nest=SimpleNamespace(share=share), search=lambda: iter(range(count)))

    order = [
        number for number, _ in in_turn([plans_of(0.6, 5), plans_of(0.3, 9), plans_of(0.0, 2)])
    ]
    assert order[:6] == [0, 0, 1, 0, 0, 1]
    assert sorted(order) == [0] * 5 + [1] * 9 + [2] * 2 and order[-2:] == [2, 2]


@pytest.mark.parametrize("refuted", [False, True])
def test_nests_that_each_gain_too_little_are_tried_together(monkeypatch, refuted):
    """Other flags took half of the time; each nest takes a third, and both together the most."""
    search = Search(SimpleNamespace(history=[], allow_reassociation=False))
    search.time = 0.5
    found = [SimpleNamespace(scores=[(1.0, None)], ran=lambda *_, **__: None) for _ in range(3)]

    def proposal(_found, number, plan, _under):
        edits = {**search.chosen, number: plan}
        return Proposal((), repr(sorted(edits.values())), "rules")

    monkeypatch.setattr(search, "_proposal", proposal)
    tried = []
    for number, plan, time in ((0, "a", 0.8), (1, "b", 1.1), (2, "c", 0.55)):
        for made in search._under_flags(found, number, plan):
            tried.append(made.reason)
            ratio = Ratio(time / 0.5, time / 0.5, time / 0.5)
            wrong = refuted and number == 1
            outcome = Outcome.wrong_output if wrong else Outcome.slower
            search.told(Trial(1, number, made, outcome, "", ratio))
    assert tried == ["['a']", "['a', 'b']", "['c']" if refuted else "['a', 'c']"]
    assert search.sure == {}
