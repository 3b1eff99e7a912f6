"""Fuzzes the gate for sources: `python -m tests.fuzz_gate --seconds 60`, or `make fuzz`.

Real programs in C and C++ are cut, doubled, shuffled and filled with whatever a hostile text is
made of, and one piece is repeated again and again. Whatever comes of it, the gate must end without
an exception, must let an unchanged program pass, and must not take more than twice the steps for
twice as many repetitions. What breaks a rule is printed, with the number that repeats it.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from pathlib import Path

from corr.optimize import gate
from tests.optimize.gate.counting import is_linear, is_steady
from tests.optimize.gate.programs import CXX, C
from tests.optimize.gate.test_hostile_calls import IN_C, IN_CXX, TOP_OF_C
from tests.optimize.gate.test_linear import ATOMS, lines_and_steps

KERNELS = Path(__file__).resolve().parents[1] / "kernels"
#: Repetitions of a piece, doubled twice.
REPEATED = 24
#: Characters of a piece that is repeated.
LONGEST_PIECE = 120


class Broken(Exception):
    """A rule that an input broke."""


def corpus() -> list[tuple[str, str]]:
    """Programs: their names and texts."""
    files = [p for p in sorted(KERNELS.iterdir()) if p.suffix in (".c", ".cpp", ".h")]
    return [(p.name, p.read_text()) for p in files] + [("work.c", C), ("work.cpp", CXX)]


def hostile() -> list[str]:
    """Pieces of attacks."""
    known = [*IN_C.values(), *TOP_OF_C.values(), *IN_CXX.values()]
    return [text for text, _, _ in known] + ATOMS


def mutated(text: str, pieces: list[str], generator: random.Random) -> str:
    """The text with some cuts, copies, swaps and pieces of attacks in it."""
    for _ in range(generator.randint(1, 6)):
        at = generator.randrange(len(text) + 1)
        size = generator.choice((1, 2, 5, 20, 100, 500))
        other = generator.randrange(len(text) + 1)
        match generator.randrange(6):
            case 0:
                text = text[:at] + text[at + size :]
            case 1:
                text = text[:at] + text[other : other + size] + text[at:]
            case 2:
                text = text[:at] + generator.choice(pieces) + text[at:]
            case 3:
                text = text[:at] + generator.choice(pieces) + text[at + size :]
            case 4:
                lines = text.split("\n")
                first, second = (generator.randrange(len(lines)) for _ in range(2))
                lines[first], lines[second] = lines[second], lines[first]
                text = "\n".join(lines)
            case 5:
                odd = chr(generator.choice((0, 9, 12, 13, 127, 233, 0x2028)))
                text = text[:at] + odd + text[at:]
    return text


def check_mutation(name: str, text: str, pieces: list[str], generator: random.Random) -> None:
    """The gate ends for a mutation of the text, which passes beside itself."""
    changed = mutated(text, pieces, generator)
    for refusal in gate.source(text, changed, name):
        if not refusal.what.startswith(name) or not refusal.rule or "\n" in refusal.what:
            raise Broken(f"a refusal says {refusal.what!r}")
    itself = gate.source(changed, changed, name)
    if itself:
        raise Broken(f"an unchanged text is refused: {itself[0].what}")


def check_growth(name: str, text: str, pieces: list[str], generator: random.Random) -> None:
    """A piece of a text, or of attacks, does not take the square of its repetitions."""
    if generator.random() < 0.5:
        at = generator.randrange(len(text))
        piece = text[at : at + generator.randint(1, LONGEST_PIECE)]
    else:
        piece = "".join(generator.choice(pieces) for _ in range(generator.randint(1, 5)))
    opening, _, closing = piece.partition(generator.choice((" ", "(", "{", "\0")))
    if generator.random() < 0.5:
        closing = generator.choice(("", ")", "}", "]", ">", "})", ";}", closing))
    if not (is_steady(opening) and is_steady(closing)):
        return
    middle = generator.choice(("", "x", ";", text[: generator.randint(0, 50)]))

    def repeated(times: int) -> str:
        return "int a;\nvoid f() {" + opening * times + middle + closing * times

    counted = [lines_and_steps("int a;\n", repeated(REPEATED * n), name) for n in (1, 2, 4)]
    for numbers in zip(*counted, strict=True):
        if not is_linear(*numbers, least=8 * REPEATED):
            raise Broken(f"steps grow as {numbers} for {opening!r}, {middle!r}, {closing!r}")


def one_round(number: int, programs: list[tuple[str, str]], pieces: list[str]) -> None:
    """Raises Broken, or whatever the gate raises."""
    generator = random.Random(number)
    name, text = generator.choice(programs)
    check = generator.choice((check_mutation, check_mutation, check_growth))
    check(name, text, pieces, generator)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, help="repeat this round, and no other")
    given = parser.parse_args()
    programs, pieces = corpus(), hostile()
    generator = random.Random()
    end = time.monotonic() + given.seconds
    rounds = 0
    while time.monotonic() < end and (given.seed is None or not rounds):
        number = generator.randrange(1 << 32) if given.seed is None else given.seed
        try:
            one_round(number, programs, pieces)
        except Exception as error:  # whatever it is, it must not happen
            if not isinstance(error, Broken):
                traceback.print_exc()
            print(f"--seed {number}: {error}", file=sys.stderr)
            return 1
        rounds += 1
    print(f"{rounds} rounds on {len(programs)} programs: the gate ended for each, in linear steps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
