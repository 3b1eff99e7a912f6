"""Recipes: an accepted edit made one for loops that are alike, and files of it that are hostile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from corr.optimize.experience import generalise, recipe
from corr.optimize.experience.c_tokens import tokens
from corr.optimize.experience.earlier import Experience, Lesson
from corr.optimize.experience.generalise import NoRecipe
from corr.optimize.experience.pattern import declared, matched, same_types, written
from corr.optimize.experience.recipe import Recipe
from corr.optimize.experience.seen import HotPlace, Seen
from corr.optimize.gate.refusal import Refused
from corr.optimize.hot_irregular import Irregular
from corr.optimize.proposal import Outcome, Proposal, Trial
from corr.optimize.rules import recipes
from corr.optimize.rules.proposer import Search
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files
from corr.timing.verdict import Ratio

OLD = """
static double *A;
static void scale(int n, double *A, double d) {
  for (int i = 0; i < n; i++)
    A[i] = A[i] / (d * 4.0);
}
"""
LOOP = """for (int i = 0; i < n; i++)
    A[i] = A[i] / (d * 4.0);"""
NEW = """{
    double r = 1.0 / (d * 4.0);
    for (int i = 0; i < n; i++)
      A[i] = A[i] * r;
  }"""
OTHER = """
void halve(unsigned long count, float *out, float by)
{
    /* another's */
    for (unsigned long r = 0; r < count; r++) out[r] = out[r] / (by * 16.0);
}
"""


def applied(old: str, new: str, text: str) -> str | None:
    """What the change of one text makes of another; None where it does not fit."""
    made = generalise.edit(old, new)
    found, pattern = tokens(text), tokens(made.old)
    for at in range(len(found)):
        binding = matched(pattern, found, at)
        if binding is not None:
            typed = same_types(binding, made.types, declared(found[:at]))
            assert typed is not None
            return written(made.new, typed, {token.text for token in found})
    return None


# --- loops that are alike ------------------------------------------------------------------------


def test_names_numbers_and_types_may_differ() -> None:
    assert applied(OLD, OLD.replace(LOOP, NEW), OTHER) == (
        """{
    float r_ = 1.0 / (by * 16.0);
    for (unsigned long r = 0; r < count; r++)
      out[r] = out[r] * r_;
  }"""
    ), "a name of its own that is taken there is another"


@pytest.mark.parametrize(
    "changed",
    [
        ("out[r] / (by * 16.0)", "in[r] / (by * 16.0)"),  # two arrays for one
        ("out[r] / (by * 16.0)", "out[r] / (out * 16.0)"),  # one name for two
        ("r = 0;", "r = 1;"),  # 0 is no other number
        ("out[r] / ", "out[r] * "),
        ("r < count", "r <= count"),
        ("by * 16.0", "by(16.0)"),
        ("16.0);", "16.0); count--;}{"),
    ],
)
def test_what_is_not_alike_is_left_alone(changed: tuple[str, str]) -> None:
    fits = changed[1].endswith("}{")  # what stands behind the loop does not matter
    assert (applied(OLD, OLD.replace(LOOP, NEW), OTHER.replace(*changed)) is not None) == fits


def test_tokens() -> None:
    text = 'a->b /* ; */ + 1.5e-3;\n  #pragma omp \\\n simd\nunsigned  long x = f("//;"); // no\n'
    assert [(token.kind, token.text) for token in tokens(text)] == [
        ("name", "a"), ("punct", "->"), ("name", "b"), ("punct", "+"), ("number", "1.5e-3"),
        ("punct", ";"), ("directive", "#pragma omp \\ simd"), ("type", "unsigned long"),
        ("name", "x"), ("punct", "="), ("call", "f"), ("punct", "("), ("other", '"//;"'),
        ("punct", ")"), ("punct", ";"),
    ]  # fmt: skip


def test_directives_come_along() -> None:
    new = NEW.replace("    for", "    #pragma clang loop unroll_count(4)\n    for")
    changed = applied(OLD, OLD.replace(LOOP, new), OTHER)
    assert changed is not None and "\n    #pragma clang loop unroll_count(4)\n" in changed


def test_what_was_put_before_the_function_comes_along() -> None:
    helper = "static inline double inverse(double x) { return 1.0 / x; }\n"
    new = OLD.replace(LOOP, NEW.replace("1.0 / (d * 4.0)", "inverse(d * 4.0)"))
    new = new.replace("static void scale", helper + "static void scale")
    made = generalise.edit(OLD, new)
    assert made.old == LOOP and made.before == helper.strip() and "inverse(" in made.new
    assert OLD[made.start : made.end] == LOOP and made.types["A"] == "double"


TWICE = OLD.replace(LOOP, f"{LOOP}\n  n = 1;\n  {LOOP}")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (TWICE, TWICE.replace("4.0", "8.0"), "more than one loop nest"),
        (OLD, OLD.replace("double d", "float d"), "no function's body"),
        (OLD, OLD.replace(LOOP, NEW).replace("double d", "float d"), "head of the function"),
        (OLD, OLD.replace(LOOP, NEW) + "int more;\n", "no function|behind"),
        (OLD, OLD.replace(LOOP, NEW).replace("static double *A", "static double *B"), "before"),
        (OLD, OLD.replace(LOOP, NEW) * 2, "head of the function"),
        (OLD, "}" * 99, "head of the function"),
        ("", OLD, "no function's body"),
    ],
)
def test_what_is_no_recipe(old: str, new: str, why: str) -> None:
    with pytest.raises(NoRecipe, match=why):
        generalise.edit(old, new)


# --- files ---------------------------------------------------------------------------------------


def made(**more: Any) -> Recipe:
    known = {"session": "1", "gain": 2.0, "evidence": ("division", "bound by Zn4FP0")}
    return recipe.named("scale", **(known | {"old": LOOP, "new": NEW} | more))


def test_a_recipe_is_read_as_it_was_kept(tmp_path: Path) -> None:
    kept = made(types=(("A", "double"),), reason="é", flags=("-mavx2",))
    assert recipe.keep(tmp_path, kept) and not recipe.keep(tmp_path, kept)
    assert recipe.recipes(tmp_path) == ([kept], [])
    (tmp_path / "recipes" / f"{kept.name}.json").unlink()
    assert recipe.recipes(tmp_path) == ([], [])


def hostile() -> Iterator[bytes]:
    good = json.loads(made().text())
    changes: list[dict[str, Any]] = [
        {"name": "../../x"},
        {"format": 2},
        {"surprise": 1},
        {"old": 7},
        {"gain": "2"},
        {"gain": float("nan")},
        {"gain": True},
        {"evidence": "division"},
        {"evidence": [["division"]]},
        {"types": [["A"]]},
        {"flags": [{}]},
        {"new": ""},
        {"reason": "\x1b[2J"},
        {"new": "/* \u202e */"},
        {"new": "\ud800"},
        {"program": None},
        {"old": "x" * recipe.LARGEST},
    ]
    for change in changes:
        yield json.dumps({**good, **change}).encode()
    yield from (b"", b"[]", b"\xff\xfe", b"[" * 30_000, b'{"format": 1}', b"null")


def test_files_that_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "recipes"
    folder.mkdir()
    kept = made()
    texts = list(hostile())
    for number, text in enumerate(texts):
        (folder / f"{kept.name if number else 'x'}.json").write_bytes(text)
        found, bad = recipe.recipes(tmp_path)
        assert found == [] and len(bad) == (1 if number < 1 else 2), text[:200]
    (folder / "link.json").symlink_to("/etc/passwd")
    (folder / "folder.json").mkdir()
    assert len(recipe.recipes(tmp_path)[1]) == 4


# --- proposals -----------------------------------------------------------------------------------


@pytest.fixture
def situation(tmp_path: Path) -> Any:
    (tmp_path / "halve.c").write_text(OTHER + "int main(void) { return 0; }\n")
    program = from_files(["halve.c"], ["-O3"], Run(directory=tmp_path), tmp_path)
    seen = Seen((HotPlace("halve/1", ("division", "bound by Zn4FP0"), "halve.c:5"),))
    return SimpleNamespace(best=Variant(program), seen_original=seen, seen=seen)


def proposed(situation: Any, *some: Recipe) -> list[Proposal]:
    situation.experience = Experience(recipes=some)
    return list(recipes.proposals(situation))


def test_a_recipe_is_proposed_where_the_same_is_seen(situation: Any) -> None:
    (found,) = proposed(situation, made(types=(("A", "double"),)))
    assert not found.trusted and found.proposer == "recipes" and found.from_original
    assert found.called.startswith("recipe scale-") and found.loop == "halve/1"
    (unit,) = situation.best.program.units
    changed = found.moves[0].apply(situation.best).text(unit.source)
    assert "float r_ = 1.0 / (by * 16.0);" in changed and "another's" in changed
    assert not proposed(situation, made(evidence=("stride", "bound by Zn4FP0")))
    assert not proposed(situation, made(old=LOOP.replace("/", "*")))
    cold = Seen((HotPlace("halve/1", ("division",), "halve.c:6"),))
    situation.seen_original = cold
    assert not proposed(situation, made()), "the loop that is hot is another"


@pytest.mark.parametrize(
    "change",
    [
        {"new": NEW.replace("double r", 'asm(""); double r')},
        {"new": NEW + ' system("touch x");'},
        {"before": "#include <unistd.h>"},
        {"before": "__attribute__((constructor)) static void f(void) {}"},
        {"new": "} int other(void) {"},
        {"old": "", "new": "", "flags": ("-fplugin=x.so",)},
        {"flags": ("-include", "/etc/passwd")},
        {"old": "", "new": "", "directives": ("#pragma comment(lib, x)",)},
    ],
)
def test_what_a_recipe_may_not_bring_in(situation: Any, change: dict[str, Any]) -> None:
    (found,) = proposed(situation, made(**change))
    variant = situation.best
    with pytest.raises(Refused):
        for move in found.moves:
            variant = move.apply(variant)


def test_recipes_come_first_unless_they_never_paid(
    situation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corr.optimize.rules.loops.proposals", lambda _: iter(()))
    situation.__dict__.update(
        {
            "history": [],
            "whole": False,
            "allow_reassociation": False,
            "lake": None,
            "run": SimpleNamespace(facts=SimpleNamespace(flags=("-O3",)), table=lambda _: None),
            "nests": SimpleNamespace(modelled=()),
            "irregular": Irregular(),
            "baselines": {},
        }
    )
    one, two = made(), made(reason="other", new=NEW.replace("r", "q"))
    never = {(two.rule, "division"): Lesson("division", 3)}
    situation.experience = Experience(never, (two, one))
    search = Search(situation)
    found = []
    for proposal in search.go_on(situation):
        found.append(proposal)
        outcome = Outcome.accepted if len(found) == 1 else Outcome.slower
        search.told(Trial(1, len(found), proposal, outcome, "", Ratio(0.5, 0.4, 0.6)))
    assert found[0].called == one.rule
    native = next(p for p in found if p.called == "-O3 -march=native")
    assert not native.from_original, "on what the recipe made faster"
    late = [p.called for p in found].index(two.rule)
    assert found[late].learned.startswith("tried last") and late > len(found) // 2
    assert replace(found[late], learned="") == proposed(situation, two)[0]
