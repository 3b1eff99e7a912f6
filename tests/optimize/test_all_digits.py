"""Numbers that differ behind what is printed of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.judging import all_digits
from corr.optimize.judging.checked import DIGITS, Checked
from corr.optimize.proposal import Outcome
from tests.support.judged import Judged

SUM = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
static double a[4096];
int main(int argc, char **argv) {
    clock_t began = clock();
    int n = argc > 1 ? atoi(argv[1]) : 4096;
    for (int i = 0; i < n; i++) a[i] = 1.0 / (i + 1);
    double s = 0.0;
    for (int i = 0; i < n; i++)
        s += a[i] * 1.1;
PRINT
    return 0;
}
"""
LOOP = "    for (int i = 0; i < n; i++)\n        s += a[i] * 1.1;\n"
OTHER = """    double t = 0.0;
    for (int i = 0; i + 1 < n; i += 2) { s += a[i] * 1.1; t += a[i + 1] * 1.1; }
    if (n % 2) s += a[n - 1] * 1.1;
    s += t;
"""
SAME = "    for (int i = 0; i < n; i++) {\n        double x = a[i] * 1.1;\n        s += x;\n    }\n"
PRINTED = {
    "printf": '    printf("%5.2f of %d\\n", s, n);',
    "by a width": '    printf("%*.2f\\n", 9, s);',
    "a text": '    char text[80]; snprintf(text, sizeof text, "%.1e", s); puts(text);',
    "a file": '    FILE *f = fopen("out.txt", "w"); fprintf(f, "%.3g\\n", s); fclose(f);',
    "beside its time": """    printf("%.2f\\n", s);
    printf("took %.6f s\\n", (double)(clock() - began) / CLOCKS_PER_SEC);""",
}


def judged(folder: Path, tools: Toolchain, text: str, old: str, new: str, **how: object) -> Checked:
    program = Judged(folder, tools, text, run={"args": ("4000",)}, **how)
    return program.check(old, new)


@pytest.mark.slow
@pytest.mark.parametrize("how", list(PRINTED))
def test_a_sum_in_another_order_is_another_result(
    how: str, tools: Toolchain, tmp_path: Path
) -> None:
    found = judged(tmp_path, tools, SUM.replace("PRINT", PRINTED[how]), LOOP, OTHER)
    assert found.outcome == Outcome.wrong_output, found.basis
    assert found.checks[-1].kind == DIGITS and "not printed" in found.detail


@pytest.mark.slow
def test_unless_it_is_allowed(tools: Toolchain, tmp_path: Path) -> None:
    text = SUM.replace("PRINT", PRINTED["printf"])
    found = judged(tmp_path, tools, text, LOOP, OTHER, allow_reassociation=True)
    assert found.outcome is None and DIGITS not in found.basis


@pytest.mark.slow
@pytest.mark.parametrize("how", ["printf", "beside its time"])
def test_the_same_operations_are_the_same_result(
    how: str, tools: Toolchain, tmp_path: Path
) -> None:
    found = judged(tmp_path, tools, SUM.replace("PRINT", PRINTED[how]), LOOP, SAME)
    assert found.outcome is None, found.detail
    assert DIGITS in found.basis


FORMATS = r"""#include <stdio.h>
#include <stdlib.h>
int main(void) {
    double x = 0.1;
    printf("%.2f %5.1lf|%-8.3e|%+g %% %d %s\n", x, x, x, x, 7, "%.2f");
    printf("%.*f|%*f|%*.*f\n", 2, x, 3, x, 9, 2, x);
    printf("%2$s %1$.2f\n", x, "by number");
    printf("%.1Lf\n", 0.5L);
    char narrow[5];
    snprintf(narrow, sizeof narrow, "%.1f", x);
    puts(narrow);
    printf("no fraction: %d %5s\n", 1, "a");
}
"""


@pytest.mark.slow
def test_formats_that_are_understood(clang: str, tmp_path: Path) -> None:
    """Each argument keeps its place, and what is not understood stays as it is."""
    (tmp_path / "f.c").write_text(FORMATS)
    library, program = tmp_path / "digits.so", tmp_path / "f"
    source = Path(all_digits.__file__).with_name("all_digits.c")
    subprocess.run(
        [clang, "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", source, "-o", library, "-ldl"],
        check=True,
    )
    subprocess.run([clang, "-w", tmp_path / "f.c", "-o", program], check=True)
    done = subprocess.run(
        [program], env=os.environ | {"LD_PRELOAD": str(library)}, capture_output=True, check=True
    )
    exact = (0.1).hex()
    assert done.stdout.decode().splitlines() == [
        f"{exact} {exact}|{exact}|{exact} % 7 %.2f",
        f"{exact}|{exact}|     0.10",
        "by number 0.10",
        "0x8p-4",
        "0.1",
        "no fraction: 1     a",
    ]


CXX = """#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <vector>
int main(int argc, char **argv) {
    std::vector<double> a(argc > 1 ? std::atoi(argv[1]) : 1000);
    for (std::size_t i = 0; i < a.size(); i++) a[i] = 1.0 / (i + 1);
    double s = 0;
    for (double x : a) s += x;
    std::cout << std::fixed << std::setprecision(2) << s << std::endl;
}
"""


@pytest.mark.slow
def test_streams_of_c_plus_plus(clang: str, tmp_path: Path) -> None:
    (tmp_path / "f.cpp").write_text(CXX)
    library, program = tmp_path / "digits.so", tmp_path / "f"
    source = Path(all_digits.__file__).with_name("all_digits.c")
    subprocess.run([clang, "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True)
    build = [clang, "-O2", tmp_path / "f.cpp", "-lstdc++", "-lm", "-o", program]
    subprocess.run(build, check=True)
    done = subprocess.run(
        [program, "3"],
        env=os.environ | {"LD_PRELOAD": str(library)},
        capture_output=True,
        check=True,
    )
    assert float.fromhex(done.stdout.decode()) == (1.0 + 1 / 2) + 1 / 3
