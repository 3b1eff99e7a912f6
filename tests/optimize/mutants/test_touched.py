"""Which candidates are not accepted, because no check notices wrong results of what they change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from corr.optimize.moves.flags import Flags
from corr.optimize.moves.ir_function import IrFunction
from corr.optimize.moves.schedule import Schedule
from corr.optimize.mutants.ledger import Broken, Extent, Fate, Ledger, Mutant
from corr.optimize.mutants.nests import Nest
from corr.optimize.mutants.touched import refusal, touched, words
from corr.optimize.variant import Variant
from tests.support.variants import variant_of

TEXT = """#define N 100
static double a[N], b[N];
static void one(void) {
  for (int i = 0; i < N; i++) a[i] = i;
}

static void two(void) {
  for (int i = 0; i < N; i++) b[i] = i;
}

int main(void) { one(); two(); }
"""


@pytest.fixture
def original(tmp_path: Path) -> Variant:
    return variant_of(tmp_path, {"a.c": TEXT})


def broken(original: Variant, function: str, lines: tuple[int, int], *fates: Fate) -> Broken:
    source = original.program.units[0].source
    mutants = tuple(Mutant("store changed", (str(source), lines[0] + 1), "", f) for f in fates)
    nest = Nest(f"{function}/1", function, "a.c", "1", f"a.c:{lines[0] + 1}", 0.5)
    return Broken(nest, source, (Extent(function, str(source), *lines),), mutants)


def ledger(original: Variant, one: tuple[Fate, ...], two: tuple[Fate, ...]) -> Ledger:
    nests = (broken(original, "one", (3, 5), *one), broken(original, "two", (7, 9), *two))
    return Ledger(nests)


def edited(original: Variant, old: str, new: str) -> Variant:
    assert old in TEXT
    return original.with_text(original.program.units[0].source, TEXT.replace(old, new))


CAUGHT, SURVIVED, CRASHED = Fate.caught, Fate.survived, Fate.crashed


def test_a_change_of_a_nest_that_no_check_sees_is_refused(original: Variant) -> None:
    known = ledger(original, (CAUGHT, SURVIVED), (SURVIVED, SURVIVED))
    seen = edited(original, "a[i] = i", "a[i] = i + 0.0")
    unseen = edited(original, "b[i] = i", "b[i] = i + 0.0")
    assert refusal(known, original, seen) == ""
    assert words(known, original, seen) == "outputs: 1 of 2 mutants caught"
    said = refusal(known, original, unseen)
    assert said.startswith("two/1 (a.c:8): 0 of 2 mutants caught; not caught: store changed")
    assert "--check" in said and "--allow-unchecked" in said


def test_what_is_put_before_a_nest_changes_it(original: Variant) -> None:
    """As directives are; a new function between two others changes neither."""
    known = ledger(original, (CAUGHT,), (SURVIVED,))
    line = "  for (int i = 0; i < N; i++) b"
    assert refusal(known, original, edited(original, line, f"#pragma unroll\n{line}"))
    helper = edited(original, "\nint main", "\nstatic void three(void) {}\nint main")
    assert touched(known, original, helper) == [] and refusal(known, original, helper) == ""


def test_a_macro_may_change_every_nest(original: Variant) -> None:
    known = ledger(original, (CAUGHT,), (SURVIVED,))
    assert refusal(known, original, edited(original, "#define N 100", "#define N 50"))


def test_flags_need_a_check_that_can_fail_somewhere(original: Variant) -> None:
    """They change the whole program, and are legal by construction."""
    flags = Flags(("-O2",)).apply(original)
    assert refusal(ledger(original, (CAUGHT,), (SURVIVED,)), original, flags) == ""
    said = refusal(ledger(original, (SURVIVED,), (SURVIVED,)), original, flags)
    assert said.startswith("outputs: 0 of 2 mutants caught: ")
    assert "no mutant could be made" in refusal(Ledger(), original, flags)
    assert "no mutant could be made" in refusal(ledger(original, (), ()), original, flags)


def test_a_crash_alone_does_not_show_that_an_output_is_looked_at(original: Variant) -> None:
    known = ledger(original, (CRASHED, SURVIVED), (CAUGHT, Fate.hung))
    assert known.words() == "outputs: 2 of 4 mutants caught"
    said = refusal(known, original, edited(original, "a[i] = i", "a[i] = i + 0.0"))
    assert "0 of 2 mutants caught (1 crashed, which says nothing)" in said


def test_mutants_that_are_no_other_program_do_not_count(original: Variant) -> None:
    known = ledger(original, (CAUGHT, Fate.equivalent, Fate.not_built), (Fate.equivalent,))
    assert known.words() == "outputs: 1 of 1 mutants caught"
    # nothing is known of the second nest, and something of the program
    assert refusal(known, original, edited(original, "b[i] = i", "b[i] = i + 0.0")) == ""


def test_moves_in_ir_and_schedules_change_the_function_that_they_name(original: Variant) -> None:
    known = ledger(original, (CAUGHT,), (SURVIVED,))
    source = original.program.units[0].source
    both = "define void @one() {\n}\ndefine void @two() {\n}\ndefine i32 @main() {\n}\n"

    def with_move(function: str, module: str) -> Variant:
        move = IrFunction("a.c", function, "")
        return replace(original, ir={source: module}, moves=(move,))

    assert refusal(known, original, with_move("one", both)) == ""
    assert refusal(known, original, with_move("two", both))
    # `two` has no code of its own any more: it is a part of main
    inlined = "define void @one() {\n}\ndefine i32 @main() {\n}\n"
    assert refusal(known, original, with_move("main", inlined))
    assert refusal(known, original, with_move("main", both)) == ""
    schedule = Schedule("a.c", "two___%for.cond---%for.end.jscop", "{}", "")
    assert refusal(known, original, replace(original, moves=(schedule,)))
