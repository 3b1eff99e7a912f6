"""Arguments that nobody has seen, for programs that have no sizes of ours."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize import drawn
from corr.optimize.proposal import Outcome
from tests.support.judged import Judged

#: A radius, a width; the window is summed for each place.
WINDOW = """#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 8, r = argc > 2 ? atoi(argv[2]) : 3;
    if (n < 2) return 2;
    unsigned char *a = malloc(n);
    for (int i = 0; i < n; i++) a[i] = (i * i + 7) % 251;
    unsigned long all = 0;
    for (int i = 0; i < n; i++) {
        int sum = 0;
        for (int d = -r; d <= r; d++)
            sum += a[i + d < 0 ? 0 : i + d >= n ? n - 1 : i + d];
        all = all * 31 + sum;
    }
    printf("%lu\\n", all);
    free(a);
    return 0;
}
"""


@pytest.mark.parametrize("seed", range(10))
def test_numbers_become_smaller_and_larger(seed: int) -> None:
    chance = random.Random(seed)
    args = ("--size=2000", "-r3", "out.pgm", "0.25", "1")
    below = drawn.below(args, 0.01, chance)
    assert len(below) >= 4 and args not in below
    assert all(one[2] == "out.pgm" and one[4] == "1" for one in below), "names, and yes and no"
    sizes = [int(one[0].removeprefix("--size=")) for one in below]
    assert min(sizes) < 600 and all(2 <= size <= 2001 for size in sizes)
    above = drawn.above(args, 0.01, chance)
    assert any(int(one[1].removeprefix("-r")) >= 96 for one in above)
    assert any(int(one[0].removeprefix("--size=")) >= 16000 for one in above)
    assert drawn.at(("1000", "3"), 64) == [("64", "3"), ("65", "3")]


@pytest.mark.parametrize("seed", range(10))
def test_what_is_unusual(seed: int) -> None:
    """Negative numbers, 0 and 1 as others, and others as these; fractions above what they were."""
    chance = random.Random(seed)
    found = drawn.unusual(("150000", "0", "3.5", "out.pgm", "4000000000"), chance)
    assert all(one[3] == "out.pgm" for one in found)
    numbers = [float(word) for one in found for word in (*one[:3], one[4])]
    assert any(number < 0 for number in numbers)
    assert 2 <= int(found[0][1]) <= 30, "0 is another number"
    assert max(float(one[2]) for one in found) > 1e3
    assert drawn.has_numbers(("4000000000",)) and drawn.has_numbers(("-70",))
    ends = [(int(one[0]), int(one[1])) for one in drawn.unusual(("0", "500", "9"), chance)]
    assert any(low >= 1 << 31 and low < high <= low + 1000 for low, high in ends)
    larger = [float(one[0]) for one in drawn.above(("3.5",), 0.01, chance)]
    assert min(larger) > 3.5 and max(larger) > 20
    near = [int(one[0]) for one in drawn.above(("150000", "7"), 0.01, chance)]
    assert any(150000 < number <= 300001 for number in near)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_read_has_other_numbers_and_bytes(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(f"{n} {3 * n} word\n" for n in range(200, 400)).encode()
    *_, modest, signs, wild, strange = drawn.readings(text, chance)
    for numbers in (modest, signs, wild):
        assert numbers.split()[0] == b"200" and numbers.count(b"word") == 200
    values = [
        [int(word) for word in numbers.split() if word != b"word"]
        for numbers in (modest, signs, wild)
    ]
    assert min(values[0]) > 0 and max(values[0]) > 1200
    assert 100 < sum(value < 0 for value in values[1]) < 300
    assert max(values[2]) > 1 << 26
    assert any(byte >= 128 for byte in strange) and strange.count(b"\n") >= 99


def test_other_words_of_the_program() -> None:
    args = ("count", "in.txt", "12")
    found = drawn.words(args, ("count", "upper", "in", "12"), random.Random(1))
    assert {one[0] for one in found} == {"upper", "in", "12"}
    assert all(one[1:] == args[1:] for one in found)


#: Its sum overflows with the arguments it is given, as many a hash does, and wraps round.
OVERFLOWING = WINDOW.replace("unsigned long all", "int all").replace("%lu", "%d")


@pytest.mark.slow
def test_where_arithmetic_wraps_round_it_is_compared(tools: Toolchain, tmp_path: Path) -> None:
    judged = Judged(tmp_path, tools, OVERFLOWING, run={"args": ("20000", "3")})
    assert judged.check("int sum = 0;", "long sum = 0;").outcome is None
    found = judged.check("int sum = 0;", "int sum = n % 4 ? i == n - 1 : 0;")
    assert found.outcome == Outcome.wrong_output and found.checks[-1].held_out


MODES = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv) {
    int down = argc > 1 && !strcmp(argv[1], "down"), n = 30000;
    unsigned sum = 0;
    for (int i = 0; i < n; i++) sum = sum * 31 + (down ? n - i : i);
    printf("%u\\n", sum);
    return 0;
}
"""


@pytest.mark.slow
def test_another_word_is_another_way(tools: Toolchain, tmp_path: Path) -> None:
    judged = Judged(
        tmp_path,
        tools,
        MODES.replace("n - i : i", 'n - i : strcmp(argv[1], "up") ? 3 : i'),
        run={"args": ("up",)},
    )
    assert judged.check("sum * 31 +", "31 * sum +").outcome is None
    found = judged.check("n - i", "n - i + 1")
    assert found.outcome == Outcome.wrong_output and "arguments down" in found.detail


def test_a_long_run_is_not_made_longer() -> None:
    chance = random.Random(1)
    assert drawn.above(("1000",), 10.0, chance) == []
    assert len(drawn.below(("1000",), 10.0, chance)) <= 3
    assert not drawn.has_numbers(("rows.csv", "-v", "1", "--mode=fast"))


WRONG = {
    "a short sum": ("int sum = 0;", "unsigned short sum = 0;"),
    "never small": ("int sum = 0;", "int sum = n < 9;"),
    "never wider than the text": ("int sum = 0;", "int sum = 2 * r >= n;"),
    "from a number of its own on": ("int sum = 0;", "int sum = i >= 500 && n % 1000;"),
}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", list(WRONG))
def test_wrong_elsewhere(wrong: str, tools: Toolchain, tmp_path: Path) -> None:
    judged = Judged(tmp_path, tools, WINDOW, run={"args": ("20000", "10")})
    found = judged.check(*WRONG[wrong])
    assert found.outcome == Outcome.wrong_output and found.checks[-1].held_out
    assert found.checks[-1].input.startswith("arguments ")
    assert not any("takes no input" in said for said in judged.said)


#: It reads behind its array where there are fewer than a hundred; any number may lie there.
LOOSE = WINDOW.replace("malloc(n)", "malloc(n) ").replace(
    "int sum = 0;", "int sum = n < 100 ? a[n + 24] : 0;"
)


@pytest.mark.slow
def test_where_the_original_may_do_anything_nothing_is_compared(
    tools: Toolchain, tmp_path: Path
) -> None:
    judged = Judged(tmp_path, tools, LOOSE, run={"args": ("20000", "3")})
    found = judged.check("a[n + 24] : 0;", "a[n + 25] : 0;")
    assert found.outcome is None, found.detail


@pytest.mark.slow
def test_an_honest_change_passes(tools: Toolchain, tmp_path: Path) -> None:
    judged = Judged(tmp_path, tools, WINDOW, run={"args": ("20000", "3")})
    found = judged.check("int sum = 0;", "long sum = 0;")
    assert found.outcome is None, found.detail
    assert "held out" in found.basis and found.guarantee == "tested"
