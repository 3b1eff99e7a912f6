"""Recommended code chooses what the ladder chooses: in Python, C, TOML and as flags."""

from __future__ import annotations

import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.base.errors import UsageError
from corr.search.advice import NOTHING, RECOMMENDED, Advice, Early
from corr.search.cases import cases
from corr.search.code import code, early_code
from corr.search.ladder import Ladder, Step
from corr.search.study import Knob, Recommend
from tests.support.search_lab import study

INNER = Ladder("red", (Step(300, "8"), Step(None, "off")))
LADDER = Ladder("out", (Step(1024, "512"), Step(16384, INNER), Step(None, "1")))
ADVICE = Advice("", RECOMMENDED, "size explains it", 9, "off", LADDER)
STUDY = study([1, 8, 512], {"out": [1, 1023, 1024, 16383, 16384], "red": [1, 299, 300, 301]})

CPP = """\
int64_t limit;
if (outputSize < 32 * 32) {
  limit = 512;
} else if (outputSize < 128 * 128) {
  if (red < 300) {
    limit = 8;
  } else {
    // limit as it was
  }
} else {
  limit = 1;
}
"""


def test_cpp() -> None:
    named = replace(STUDY, recommend=Recommend(names={"out": "outputSize"}))
    assert code(ADVICE, named, "c++") == CPP


def test_the_shape_of_the_function_that_is_replaced() -> None:
    shape = "int64_t get(int64_t out) {\n  // chosen\n    {ladder}\n  return limit;\n}\n"
    wanted = Recommend(shape=shape, type="-", variable="limit")
    text = code(ADVICE, replace(STUDY, recommend=wanted), "c++")
    assert text.startswith("int64_t get(int64_t out) {\n  // chosen\n    if (out < 32 * 32) {\n")
    assert "\n      limit = 512;\n" in text and text.endswith("    }\n  return limit;\n}\n")
    with pytest.raises(UsageError, match="shape has no"):
        code(ADVICE, replace(STUDY, recommend=Recommend(shape="x")), "c++")


def test_python_and_toml_choose_alike() -> None:
    text = code(ADVICE, STUDY, "python")
    known: dict[str, Any] = {}
    exec(text, known)
    rules = tomllib.loads(code(ADVICE, STUDY, "toml"))["rule"]
    for case in cases(STUDY):
        wanted = LADDER.setting(case.features)
        assert str(known["limit"](**case.features) or "off") == wanted
        (rule,) = [
            r for r in rules
            if all(r.get(f"{n}-from", 0) <= v < r.get(f"{n}-below", 1e99)
                   for n, v in case.features.items())
        ]  # fmt: skip
        assert str(rule["value"]) == wanted


def test_flags_a_case() -> None:
    lines = code(ADVICE, STUDY, "flags", cases(STUDY)).splitlines()
    assert len(lines) == 20 and lines[0] == "out=1 red=1\t-limit=512"
    assert "out=1024 red=300\t" in lines


@pytest.mark.slow
def test_c_chooses_what_the_ladder_chooses(tmp_path: Path, clang: str) -> None:
    wanted = replace(STUDY, recommend=Recommend(type="-"))
    source = tmp_path / "k.c"
    body = code(ADVICE, wanted, "c")
    source.write_text(
        "#include <stdio.h>\n#include <stdlib.h>\nint main(int n, char **v) {\n"
        "  for (int i = 1; i + 1 < n; i += 2) {\n    long out = atol(v[i]), red = atol(v[i + 1]);\n"
        f'    long limit = 0;\n{body}    printf("%ld\\n", limit);\n  }}\n}}\n'
    )
    subprocess.run([clang, "-Wall", "-Werror", source, "-o", tmp_path / "k"], check=True)
    made = cases(STUDY)
    words = [f"{case.features[n]:.0f}" for case in made for n in ("out", "red")]
    said = subprocess.check_output([tmp_path / "k", *words], text=True).split()
    assert ["off" if s == "0" else s for s in said] == [LADDER.setting(c.features) for c in made]


def test_no_recommendation_is_a_comment() -> None:
    nothing = Advice("", NOTHING, "no feature explains it", 9, "off")
    assert code(nothing, STUDY, "c++") == "// no recommendation: no feature explains it\n"
    assert code(nothing, STUDY, "python") == "# no recommendation: no feature explains it\n"
    with pytest.raises(UsageError, match="'rust'"):
        code(nothing, STUDY, "rust")


def test_early_returns() -> None:
    wanted = Recommend(names={"output_size": "outputSize"})
    text = early_code((Early("output_size", 1024 * 1024, 7),), wanted)
    assert text == (
        "const int64_t largeOutputSize = 1024 * 1024;"
        "  // outputSize >= largeOutputSize: leave it, 7 cases\n"
    )


TWO = replace(
    STUDY,
    knobs=[
        Knob(name="kk", option="-k={value}", values=[2, 16]),
        Knob(name="k-2", option="-l={value}", values=["1M", "64K"]),
    ],
)
BOTH = replace(
    ADVICE,
    ladder=Ladder("out", (Step(1024, "kk=2, k-2=1M"), Step(None, "kk=off, k-2=64K"))),
    baseline="kk=off, k-2=off",
)


def test_several_knobs_are_several_variables() -> None:
    assert code(BOTH, TWO, "c++") == (
        "int64_t kk;\nconst char * k_2;\n"
        'if (out < 32 * 32) {\n  kk = 2;\n  k_2 = "1M";\n'
        '} else {\n  // kk as it was\n  k_2 = "64K";\n}\n'
    )
    known: dict[str, Any] = {}
    exec(code(BOTH, TWO, "python"), known)
    assert known["setting"](out=7) == (2, "1M") and known["setting"](out=1024) == (None, "64K")
    told = tomllib.loads(code(BOTH, TWO, "toml"))
    assert told["knobs"] == ["kk", "k_2"]
    assert [rule["values"] for rule in told["rule"]] == [
        {"kk": 2, "k_2": "1M"}, {"kk": "off", "k_2": "64K"},
    ]  # fmt: skip
    lines = code(BOTH, TWO, "flags", cases(STUDY)).splitlines()
    assert lines[0] == "out=1 red=1\t-k=2 -l=1M"


@pytest.mark.slow
def test_several_knobs_compile(tmp_path: Path, clang: str) -> None:
    source = tmp_path / "k.c"
    body = code(BOTH, TWO, "c")
    source.write_text(
        f"#include <stdint.h>\nint f(long out) {{\n{body}  return k_2[0] + (out < 1024 ? kk : 0);\n}}\n"
    )
    subprocess.run([clang, "-c", source, "-o", tmp_path / "k.o"], check=True)


@pytest.mark.parametrize("name", ["shape.n()", "a->b", "class", "1st", "x y", "größe()"])
def test_python_takes_names_that_are_no_expressions(name: str) -> None:
    """What a feature is called in the compiler's C++ may be a call: Python has its own name."""
    named = replace(STUDY, recommend=Recommend(names={"out": name}))
    known: dict[str, Any] = {}
    exec(code(ADVICE, named, "python"), known)
    assert known["limit"](out=7, red=1) == 512
    assert f"if ({name} < " in code(ADVICE, named, "c++")
