"""Standard headers may come in at the top of a file, and nothing else."""

from __future__ import annotations

import pytest

from corr.optimize import gate
from corr.optimize.gate.headers import without_added

TOP = "/* of mine */\n// and more\n#include <stdio.h>\n"
REST = "\nint f(const char *a) { return a[0]; }\n"
BEFORE = TOP + REST

COMES_IN = {
    "one": TOP + "#include <string.h>\n" + REST.replace("a[0]", "(int)strlen(a)"),
    "vectors": "#include <emmintrin.h>\n" + TOP + REST,
    "spaces": TOP + "  #  include  <stdint.h> \n" + REST,
    "what there is already": "#include <stdio.h>\n"
    + TOP.replace("#include <stdio.h>\n", "")
    + REST,
}
STAYS_OUT = {
    "another header": TOP + "#include <unistd.h>\n" + REST,
    "a file of its own": TOP + '#include "string.h"\n' + REST,
    "behind code": TOP + REST + "#include <string.h>\n",
    "behind a line that goes on": TOP + "#define A \\\n#include <string.h>\n" + REST,
    "a macro": TOP + "#define a b\n" + REST,
    "by a macro": TOP + "#include STRING\n" + REST,
    "next": TOP + "#include_next <string.h>\n" + REST,
    "in a choice": TOP + "#ifdef __linux__\n#include <string.h>\n#endif\n" + REST,
}


@pytest.mark.parametrize("name", list(COMES_IN))
def test_it_comes_in(name: str) -> None:
    assert gate.source(BEFORE, COMES_IN[name], "a.c") == []


@pytest.mark.parametrize("name", list(STAYS_OUT))
def test_it_stays_out(name: str) -> None:
    assert gate.source(BEFORE, STAYS_OUT[name], "a.c")


def test_lines_keep_their_numbers() -> None:
    after = COMES_IN["one"]
    assert len(without_added(BEFORE, after).splitlines()) == len(after.splitlines())
    assert without_added(BEFORE, BEFORE) == BEFORE
