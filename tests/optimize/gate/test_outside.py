"""What depends on the environment or the time of day is in no check, so a change may not bring it."""

from __future__ import annotations

import pytest

from corr.optimize import gate

BEFORE = """\
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
struct parts { double time, now; };
static const char *ask(const char *name) { return getenv(name); }
static int work(int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += i;
    return sum;
}
int main(void)
{
    struct parts p = {0, 1};
    double time_ = 0, rand = 2;
    long start = clock();
    if (getenv("LARGER"))
        return 1;
    printf("%s %ld %g %d\\n", ask("X"), start + time(NULL), p.time + time_ + rand, work(9));
    return 0;
}
"""
LOOP = "    for (int i = 0; i < n; i++)\n"


def rules(old: str, new: str) -> set[str]:
    assert BEFORE.count(old) == 1
    return {found.rule for found in gate.source(BEFORE, BEFORE.replace(old, new), "work.c")}


@pytest.mark.parametrize(
    "question",
    [
        'if (!getenv("CORR_DUMP")) return 0;',
        'if (getenv("LARGER")) return 0;',
        'const char *(told) = getenv("LARGER"); n += told != 0;',
        'if (!ask("CORR_DUMP")) return 0;',
        'if (!ask("CORR_" "DUMP")) return 0;',
        'if (!ask("CO" /* */ "RR_DUMP")) return 0;',
        "if (time(NULL) > 2000000000) return 0;",
        "if (clock() % 2) return 0;",
        "int more = n + (int)clock();",
    ],
)
def test_a_question_is_refused(question: str) -> None:
    assert "outside" in rules(LOOP, f"    {question}\n{LOOP}")


def test_nor_may_another_question_take_the_place_of_one() -> None:
    assert "outside" in rules('getenv("LARGER")', 'getenv("CORR_DUMP")')
    assert "outside" in rules('ask("X")', 'ask("CORR_TIMES")')


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('if (getenv("LARGER"))', 'const char *larger = getenv("LARGER");\n    if (larger)'),
        (LOOP, f'    const char *const name = "CORR" "ECT";\n    n += 0 * (name[0] == 0);\n{LOOP}'),
        ("p.time +", "p.time + 0 * (p.now) +"),
    ],
)
def test_the_same_questions_and_the_words_for_other_things_may_stay(old: str, new: str) -> None:
    assert rules(old, new) == set()
