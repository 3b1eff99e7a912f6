"""Why a value of clang's knob is faster: what the joined layers of both builds say."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.lake.store import Lake
from corr.search.building import Builds
from corr.search.cases import cases
from corr.search.outcome import Outcome, Result, Role
from corr.search.study import Build, Cases, Knob, KnobKind, Run, Study
from corr.search.why import gains, reasons

#: An 8×8 product, unrolled completely: at the default threshold it is one block that spills.
BODY = """\
#include <stdio.h>
#include <stdlib.h>
static float a[8][8], b[8][8], c[8][8];
__attribute__((noinline)) static void body(void) {
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8; j++) {
      float s = c[i][j];
      for (int k = 0; k < 8; k++) s += a[i][k] * b[k][j];
      c[i][j] = s * 0.5f;
    }
}
int main(int argc, char **argv) {
  for (int i = 0; i < 64; i++) a[i / 8][i % 8] = i, b[i / 8][i % 8] = 64 - i;
  for (int r = 0; r < (argc > 1 ? atoi(argv[1]) : 1); r++) body();
  printf("%g\\n", c[3][4]);
}
"""


def study(folder: Path) -> Study:
    return Study(
        name="why",
        knobs=[Knob(name="unroll-threshold", kind=KnobKind.mllvm, values=[50, 150, 1200])],
        cases=Cases(generate={"program": ["body.c", "other.c"], "n": [1, 9]}),
        build=Build(sources=["{program}"]),
        run=Run(args=["{n}"]),
        folder=folder,
    )


def result(case: str, setting: str, ratio: float, **more: str) -> Result:
    known = {"same_code_as": None, **more}
    return Result(case, setting, Role.value, Outcome.ok, f"{case} {setting}", ratio=ratio,
                  high=ratio * 1.01, seconds_baseline=9.0, **known)  # fmt: skip


def test_the_largest_gain_of_each_program_is_looked_into(tmp_path: Path) -> None:
    made = study(tmp_path)
    names = [case.name for case in cases(made)]
    found = gains(made, cases(made), [
        result(names[0], "50", 0.8), result(names[1], "150", 0.4), result(names[1], "50", 0.5),
        result(names[2], "1200", 0.7), result(names[3], "50", 0.1, same_code_as="150"),
        result(names[3], "150", 0.99),
    ])  # fmt: skip
    assert [(gain.case.name, gain.setting.name) for gain in found] == [
        (names[1], "150"), (names[2], "1200"),
    ]  # fmt: skip


@pytest.mark.slow
def test_what_the_layers_say(tmp_path: Path) -> None:
    (tmp_path / "body.c").write_text(BODY)
    made = study(tmp_path)
    case = cases(made)[0]
    won = gains(made, [case], [result(case.name, "150", 0.3)])
    lake = Lake.open(tmp_path / "data", create=True)
    found = reasons(made, Builds(made, tmp_path / "builds"), lake, won)
    told = {(row["what"], row.get("before"), row.get("after")) for row in found}
    assert ("vector width", None, "4") in told and ("unrolled by", "8", None) in told
    spills = [row for row in found if row["what"] == "accesses to the stack (spills)"]
    assert any(int(row["before"]) > 0 and row["after"] == "0" for row in spills)
    assert any(row["what"] == "remark of loop-vectorize" for row in found)
    assert {row["case_name"] for row in found} == {case.name}
    assert all(run.facts.aside for run in lake.all_runs())


@pytest.mark.slow
def test_a_build_that_cannot_be_collected_says_so(tmp_path: Path) -> None:
    (tmp_path / "body.c").write_text("not C")
    made = study(tmp_path)
    case = cases(made)[0]
    won = gains(made, [case], [result(case.name, "150", 0.3)])
    lake = Lake.open(tmp_path / "data", create=True)
    (row,) = reasons(made, Builds(made, tmp_path / "builds"), lake, won)
    assert row["what"] == "not collected" and "body.c does not compile" in row["after"]
