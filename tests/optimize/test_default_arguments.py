"""What stands for arguments that are not given is found, confirmed, and others tried for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.default_arguments import found_in
from corr.optimize.guarantee import Guarantee
from tests.support.judged import Judged

MAIN = "int main(int argc, char **argv) {"
FOUND = {
    "choices": ("int n = argc > 1 ? atoi(argv[1]) : 300, r = argc > 2 ? atoi(argv[2]) : 4;", "300 4"),
    "brackets": ("size_t n = (argc >= 2) ? strtoul(argv[1], NULL, 10) : (1ul << 20);", "1048576"),
    "an if": ("int n = 30; if (argc > 1) n = atoi(argv[1]);", "30"),
    "an if in braces": ("int n = 2 * 15; if (argc > 1) { n = std::stoi(argv[1]); }", "30"),
    "a macro": ("int n = N; if (argc == 2) n = atoi(argv[1]);", "1000"),
    "a macro of a macro": ("int n = argc > 1 ? atoi(argv[1]) : TWICE;", "2000"),
    "fractions": ("double x = argc > 1 ? atof(argv[1]) : 0.5; int m = argc > 2 ? atoi(argv[2]) : 1e6;",
                  "0.5 1000000"),
    "the second alone": ("int n = argc > 2 ? atoi(argv[2]) : 5;", ""),
    "what is computed": ("int n = argc > 1 ? atoi(argv[1]) : get();", ""),
    "words": ('const char *s = argc > 1 ? argv[1] : "fast";', ""),
    "a comment": ("/* int n = argc > 1 ? atoi(argv[1]) : 300; */", ""),
    "what nobody writes": ("int n = argc > 1 ? atoi(argv[1]) : 1 << 99999999999;", "0"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_what_stands_for_arguments(name: str) -> None:
    body, wanted = FOUND[name]
    text = f"#define N 1000\n#define TWICE (2 * N)\n{MAIN} {body} }}\n"
    if name == "what nobody writes":
        assert found_in([text]) and int(found_in([text])[0]) == 1 << 62
        return
    assert " ".join(found_in(["int other;", text])) == wanted


def test_other_names_of_arguments() -> None:
    text = "int main(int n, char *words[]) { int m = n > 1 ? atoi(words[1]) : 7; }"
    assert found_in([text]) == ("7",)
    assert found_in(["int main(void) { return 0; }"]) == ()


PROGRAM = """\
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 1000;
    unsigned sum = 0;
    for (int i = 0; i < n; i++)
        sum = sum * 31 + i;
    printf("%u\\n", sum);
    return 0;
}
"""


@pytest.mark.slow
def test_what_is_wrong_for_others_is_refuted(tools: Toolchain, tmp_path: Path) -> None:
    judged = Judged(tmp_path, tools, PROGRAM)
    assert any("as with 1000" in said for said in judged.said)
    assert not any("takes no input that is known" in said for said in judged.said)
    right = judged.check("sum * 31 + i", "(sum << 5) - sum + i")
    assert right.outcome is None and right.guarantee == Guarantee.tested
    wrong = judged.check("i < n", "i < (n & ~7)")
    assert wrong.outcome is not None and wrong.outcome.refuted


@pytest.mark.slow
def test_what_does_something_else_is_not_taken_for_it(tools: Toolchain, tmp_path: Path) -> None:
    other = PROGRAM.replace("unsigned sum = 0;", "unsigned sum = argc;")
    judged = Judged(tmp_path, tools, other)
    assert judged.original.verifier.inputs.defaults == ()
    assert any("takes no input that is known" in said for said in judged.said)


@pytest.mark.slow
def test_a_time_of_few_digits_is_no_result(tools: Toolchain, tmp_path: Path) -> None:
    """It is the same in every run of one build, and another in one that is faster."""
    text = PROGRAM.replace(
        "    printf",
        """#ifdef __OPTIMIZE__
    printf("Time: 0.009 (s)\\n");
#else
    printf("Time: 0.011 (s)\\n");
#endif
    printf("After a time of %d.5 of 8.5 steps\\n", n / 1000);
    printf""",
    )
    judged = Judged(tmp_path, tools, text)
    assert judged.original.verifier.inputs.evidence.unsteady
    assert judged.timed("0.009", "0.004") == ""
    wrong = judged.check("n / 1000", "n / 300")
    assert wrong.outcome is not None and wrong.outcome.refuted
