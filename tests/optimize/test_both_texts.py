"""What is handed out: the loops as they were written beside the new ones, in the project's style."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from collectors.base import toolchain
from corr.optimize.hot_nests import Nest
from corr.optimize.moves.both_texts import kept, with_both_texts
from corr.optimize.moves.formatted import formatted
from corr.optimize.rules.nests import Region
from corr.optimize.variant import Variant
from corr.polyhedral.clang_ast import Functions
from corr.polyhedral.extract import regions
from corr.program.model import Run, from_files

TEXT = """#include <stdio.h>
static double a[300][300], y[300];
static void f(int n) {
  if (n > 300) return;
  for (int j = 0; j < 300; j++)
    for (int i = 0; i < 300; i++)
      y[i] += a[j][i] * j;
}
int main(void) {
  for (int i = 0; i < 300; i++) for (int j = 0; j < 300; j++) a[i][j] = i - j;
  f(299);
  double s = 0;
  for (int i = 0; i < 300; i++) s += i * y[i];
  printf("%.17g\\n", s);
}
"""
NEW = "{\n" + "    x();\n" * 7 + "}"


def _best(folder: Path) -> Variant:
    source = folder / "t.c"
    source.write_text(TEXT)
    program = from_files(["t.c"], ("-O2",), Run(), folder)
    (scop,), _ = regions(Functions(program, program.units[0], toolchain.find()), "f")
    found = Region(Nest("t.c", source.read_bytes(), scop), 16)
    return found.edit(next(found.search())).apply(Variant(program))


@pytest.mark.slow
def test_the_original_is_compiled_with_a_macro(tmp_path: Path) -> None:
    best = _best(tmp_path)
    changed = with_both_texts(best).text(tmp_path / "t.c")
    clang = str(toolchain.find().path("clang"))
    (tmp_path / "c.c").write_text(changed)

    def seen(file: str, *flags: str) -> list[str]:
        command = [clang, "-E", "-P", *flags, str(tmp_path / file)]
        return subprocess.check_output(command, text=True).split()

    assert changed.count("#ifdef CORR_ORIGINAL") == 1
    assert seen("c.c", "-DCORR_ORIGINAL") == seen("t.c")
    (tmp_path / "b.c").write_text(best.text(tmp_path / "t.c"))
    assert seen("c.c") == seen("b.c") != seen("t.c")


@pytest.mark.parametrize(
    "text",
    [
        f"f({NEW});\n",
        f"/*\n{NEW}\n*/\n",
        f"int x; {NEW}\n",
        f"{NEW} // behind\n",
        f"int l = __LINE__;\n{NEW}\n",
        f"{NEW}\n{NEW}\n",
    ],
)
def test_what_is_no_lines_of_its_own_stays_alone(text: str) -> None:
    assert kept(text, [("for (;;) y();", NEW)]) == text


def test_a_text_that_still_holds_the_original_is_not_given_it_twice() -> None:
    new = NEW[:-1] + "    for (;;)\n        y();\n}"
    assert kept(new + "\n", [("for (;;) y();", new)]) == new + "\n"
    assert kept(NEW + "\n", [("for (;;) y();", NEW)]).count("#ifdef CORR_ORIGINAL") == 1


@pytest.mark.slow
def test_new_lines_are_in_the_projects_style(tmp_path: Path) -> None:
    tools = toolchain.find()
    if not tools.has("clang-format"):
        pytest.skip(f"clang-format is not installed (apt-get install clang-format-{tools.major})")
    shown = with_both_texts(_best(tmp_path))
    source = tmp_path / "t.c"
    assert formatted(shown, tools) is not None and formatted(shown, tools).texts == shown.texts
    style = "BasedOnStyle: GNU\nUseTab: Always\nColumnLimit: 76\n"
    (tmp_path / ".clang-format").write_text(style)
    styled = formatted(shown, tools).text(source)
    assert re.search(r"\n\t+ *for \(long", styled) and "\n\t" not in shown.text(source)
    assert "  for (int i = 0; i < 300; i++) for (int j" in styled, "what was there is left alone"
    (tmp_path / ".clang-format").write_text("BasedOnStyle: NoSuchStyle\n")
    assert formatted(shown, tools).texts == shown.texts
