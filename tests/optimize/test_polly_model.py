"""The model of a nest against Polly's own dependence check, and against counting by hand."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import islpy as isl
import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves.schedule import Schedule
from corr.optimize.polly import jscop
from corr.optimize.polly.jscop import Jscop
from corr.optimize.polly.model import JscopModel, rescheduled
from corr.optimize.variant import Variant
from corr.program.build import Builder
from tests.support import jscop_orders
from tests.support.polly_nests import kernel, nests, own


@pytest.fixture(scope="module")
def gemm_nests(tools: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Jscop]:
    return nests(kernel("gemm"), tools, tmp_path_factory.mktemp("gemm"))


def polly_accepts(variant: Variant, move: Schedule, tools: Toolchain, folder: Path) -> bool:
    folder.mkdir()
    program = move.apply(variant).program_in(folder)
    builder = Builder(program, tools, folder)
    unit = builder.units[0].unit
    argv = [
        *map(str, builder.argv(unit)),
        "-S",
        "-emit-llvm",
        "-mllvm",
        "-polly-code-generation=none",
    ]
    done = subprocess.run(
        [*argv, str(unit.source), "-o", os.devnull], capture_output=True, text=True
    )
    assert "Reading JScop" in done.stderr
    assert done.returncode == 0 or "changes the dependences" in done.stderr, done.stderr[:2000]
    return done.returncode == 0


@pytest.mark.parametrize("name", ["gemm", "2mm", "seidel_2d", "jacobi_2d"])
def test_our_verdict_is_pollys(name: str, tools: Toolchain, tmp_path: Path) -> None:
    variant = kernel(name, ("-O1",))
    scops = nests(variant, tools, tmp_path)
    scop = own(scops)
    model = JscopModel(scop)
    start = jscop_orders.written(scop)
    choice = random.Random(name)
    verdicts = []
    orders = int(os.environ.get("CORR_TEST_ORDERS", "4"))
    for number in range(orders):
        maps = jscop_orders.drawn(start, choice).maps()
        try:
            broken = model.broken(maps)
        except Refused:  # no order at all, which Polly does not ask
            continue
        text = rescheduled(scop.file, scop.text(), maps)
        others = tuple(
            (s.file, s.text()) for s in scops.values() if s.function == scop.function and s != scop
        )
        move = Schedule(f"{name}.c", scop.file, text, "random", others)
        accepted = polly_accepts(variant, move, tools, tmp_path / f"order{number}")
        assert accepted == (broken is None), (broken, maps)
        verdicts.append(accepted)
    assert verdicts


def test_the_model_against_a_walk_through_all_iterations(gemm_nests: dict[str, Jscop]) -> None:
    """Dependences of a 3 × 3 product, counted by hand."""
    model = JscopModel(own(gemm_nests))
    fixed = isl.Set.read_from_str(model.isl, "[p_0] -> { : p_0 = 3 }")
    counts = {
        kind: sum_of(pairs.intersect_params(fixed)) for kind, pairs in model.dependences.kinds()
    }
    # C[i][j] is written once, then 3 times in sequence: of 4 writes 6 pairs, for 9 elements;
    # every statement reads what it writes, so flow and anti pairs are as many
    assert counts == {"flow": 54, "anti": 54, "output": 54}


def sum_of(pairs: isl.UnionMap) -> int:
    sets: list[isl.Set] = []
    pairs.wrap().foreach_set(sets.append)
    return sum(int(s.project_out(isl.dim_type.param, 0, 1).count_val().to_python()) for s in sets)


def test_reading_is_strict_about_duplicates(gemm_nests: dict[str, Jscop]) -> None:
    scop = own(gemm_nests)
    record = json.loads(scop.text())
    record["statements"].append(record["statements"][0])
    with pytest.raises(Refused, match="name of its own"):
        jscop.read(scop.file, json.dumps(record))
