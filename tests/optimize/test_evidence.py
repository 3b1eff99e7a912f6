"""What a run puts out and writes is compared, all of it; what can show nothing is refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectors.base.errors import CorrError, UsageError
from collectors.base.toolchain import Toolchain
from corr.optimize.guarantee import Guarantee
from corr.optimize.judging import evidence
from corr.optimize.observed import Observed
from corr.optimize.proposal import Outcome
from tests.support.judged import Judged

pytestmark = pytest.mark.slow

#: Writes its result to a file and prints nothing; what else it does is put in.
FILE = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static double a[500];
int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "result.bin";
  if (!strncmp(name, "--out=", 6)) name += 6;
  for (int i = 0; i < 500; i++) a[i] = i * 0.5;
  FILE *f = fopen(name, "wb");
  if (!f) return 9;
  fwrite(a, sizeof a, 1, f);
  fclose(f);
  /* more */
  return 0;
}
"""
STEP, LESS = "i < 500", "i < 400"
#: Prints a sum, and goes by its argument.
SUM = """#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  double s = 0;
  for (int i = 0; i < 1000; i++) s += i * 0.25;
  printf("%s", "");
  /* more */
  return argc > 1 ? atoi(argv[1]) : 0;
}
"""


def refuted(judged: Judged, old: str, new: str) -> str:
    """A change is found wrong, checked and timed; what is said of it."""
    found = judged.check(old, new)
    assert (found.outcome, found.guarantee) == (Outcome.wrong_output, Guarantee.refuted)
    assert judged.timed(old, new) in found.detail
    return found.detail


@pytest.mark.parametrize("where", ["", "{}/new.bin", "{}/old.bin", "--out={}/new.bin", "below/x"])
def test_a_result_in_a_file(tmp_path: Path, tools: Toolchain, where: str) -> None:
    """Wherever it is, and if one of an earlier run is there."""
    folder, other = tmp_path / "here", tmp_path / "other"
    for place in (folder, other, folder / "below"):
        place.mkdir()
    for old in (other / "old.bin", folder / "result.bin"):
        old.write_bytes(b"of an earlier run")
        old.chmod(0o644)
    args = (where.format(other),) if where else ()
    judged = Judged(folder, tools, FILE, run={"args": args})
    name = Path(where.partition("=")[2] or where or "result.bin").name
    assert any(line.endswith(name) for line in judged.said), judged.said
    assert "differs from byte 320" in refuted(judged, STEP, LESS)
    assert "does not write" in refuted(judged, "if (!f)", "remove(name); if (0)")
    same = judged.check(STEP, "i <= 499")
    assert same.outcome is None and same.guarantee == Guarantee.replayed
    assert (other / "old.bin").read_bytes() == b"of an earlier run"
    assert {p.name for p in folder.iterdir()} == {"a.c", "result.bin", "below"}


def test_without_the_sandbox(tmp_path: Path, tools: Toolchain) -> None:
    """In a folder of its own; a file that the last run left is not there any more."""
    judged = Judged(tmp_path, tools, FILE, bare=True)
    assert "result.bin differs" in refuted(judged, STEP, LESS)
    assert "does not write result.bin" in refuted(judged, 'fopen(name, "wb")', "tmpfile()")
    with pytest.raises(UsageError, match="needs the sandbox"):
        Judged(tmp_path, tools, FILE, bare=True, results=("/tmp/x/result.bin",))


def test_numbers_of_a_text_file_may_be_rounded_where_that_is_allowed(
    tmp_path: Path, tools: Toolchain
) -> None:
    text = FILE.replace("fwrite(a, sizeof a, 1, f)", 'fprintf(f, "%.9f\\n", a[7] + 1e-9 * argc)')
    judged = Judged(tmp_path, tools, text, allow_reassociation=True)
    assert judged.check("1e-9 * argc", "0").outcome is None
    detail = refuted(judged, "1e-9 * argc", "1e-3 * argc")
    assert detail == "as measured: result.bin differs from line 1 on"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('fclose(fopen("more", "w"));', "writes files that the original does not write"),
        ('remove(name); symlink("/etc/passwd", name);', "result.bin is no file"),
        ('f = fopen("x\\033[31m31337", "w");', "writes files that the original does not write"),
        ('truncate(name, 200L << 20);', "MiB into files"),
        ('for (int i = 0; i < 2000; i++) { char n[9]; sprintf(n, "%d", i); fopen(n, "w"); }', ""),
        ("truncate(name, 31337);", "result.bin differs from byte 4000 on"),
        ("return 31;", "it ends with a status that means failure"),
    ],
)  # fmt: skip
def test_what_else_a_candidate_leaves(
    tmp_path: Path, tools: Toolchain, change: str, said: str
) -> None:
    """Refused, and nothing that it put out is in the words."""
    judged = Judged(tmp_path, tools, FILE)
    found = judged.check("/* more */", change)
    assert found.guarantee == Guarantee.refuted and said in found.detail
    assert "31" not in found.detail.replace("byte 4000", "") and "passwd" not in found.detail


def test_which_status_it_ends_with(tmp_path: Path, tools: Toolchain) -> None:
    text = SUM.replace('"%s", ""', '"%g\\n", s')
    judged = Judged(tmp_path, tools, text, run={"args": ("3",), "ok_status": (0, 3, 4)})
    detail = refuted(judged, "? atoi", "? 1 + atoi")
    assert detail == ("as measured: it does not end with exit status 3, as the original does")


def test_stderr_counts_on_request(tmp_path: Path, tools: Toolchain) -> None:
    text = SUM.replace('"%s", ""', '"%g\\n", s').replace("/* more */", 'fprintf(stderr, "%g", s);')
    change = 'fprintf(stderr, "%g", s)', 'fprintf(stderr, "wrong")'
    assert Judged(tmp_path, tools, text).check(*change).outcome is None
    asked = Judged(tmp_path, tools, text, stderr=True)
    assert asked.check(*change).outcome == Outcome.wrong_output


# --- no evidence -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SUM, "nothing that it puts out can be compared: nothing on stdout"),
        (SUM.replace('"%s", ""', '" \\n"'), "nothing that it puts out can be compared"),
        (FILE.replace("fwrite(a, sizeof a, 1, f);", ""), "nothing that it puts out"),
    ],
)
def test_nothing_is_no_evidence(tmp_path: Path, tools: Toolchain, text: str, said: str) -> None:
    with pytest.raises(CorrError, match=said) as refused:
        Judged(tmp_path, tools, text)
    assert "--result FILE" in refused.value.fix and "--check CMD" in refused.value.fix
    assert refused.value.exit_code == 1
    judged = Judged(tmp_path, tools, text, check="$CORR_BINARY")
    assert "only --check says what is right" in judged.said[0]
    found = judged.check("double", "long double")
    assert found.guarantee == Guarantee.tested and "own command passed; nothing" in found.basis


def test_the_same_for_all_inputs_is_no_evidence(tmp_path: Path, tools: Toolchain) -> None:
    constant = SUM.replace('"%s", ""', '"done\\n"').replace("argc > 1 ? atoi(argv[1]) : 0", "0")
    inputs = {"inputs": (("5",),), "held_out": (("6",),)}
    with pytest.raises(CorrError, match="the same for 3 inputs that differ") as refused:
        Judged(tmp_path, tools, constant, **inputs)
    assert "--input that reaches the loops" in refused.value.fix
    assert Judged(tmp_path, tools, constant).original  # of one input nothing can be told
    varied = constant.replace('"done\\n"', '"%g %d\\n", s, argc')
    assert Judged(tmp_path, tools, varied, **inputs).original


RANDOM = FILE.replace(
    "/* more */", 'f = fopen("log", "w"); fprintf(f, "%p\\n", (void *)&argc); fclose(f);'
)


def test_a_file_that_differs_from_run_to_run_is_no_evidence(
    tmp_path: Path, tools: Toolchain
) -> None:
    """Unless it was said which files hold the result, and it is none of these."""
    with pytest.raises(CorrError, match=r"two runs of the original differ .*: log differs"):
        Judged(tmp_path, tools, RANDOM)
    with pytest.raises(CorrError, match="log differs from line 1"):
        Judged(tmp_path, tools, RANDOM, results=("log",))
    judged = Judged(tmp_path, tools, RANDOM, results=(str(tmp_path / "result.bin"),))
    assert "differs from run to run, and is not compared: log" in judged.said
    assert "result.bin differs" in refuted(judged, STEP, LESS)
    with pytest.raises(UsageError, match="--result other: the program does not write it"):
        Judged(tmp_path, tools, RANDOM, results=("other",))


def test_random_bytes_in_a_file_are_no_evidence(tmp_path: Path, tools: Toolchain) -> None:
    text = FILE.replace("a[i] = i * 0.5", "a[i] = i * 0.5 + (double)(long)&argc")
    with pytest.raises(CorrError, match="two runs of the original differ"):
        Judged(tmp_path, tools, text)


# --- what a program finds --------------------------------------------------------------------------

READS = """#include <stdio.h>
int main(void) {
  char line[100] = "";
  FILE *f = fopen("settings.txt", "r");
  if (!f || !fgets(line, 99, f)) return 9;
  printf("%s", line);
  f = fopen("other.txt", "r");
  puts(f ? "found" : "not there");
  return 0;
}
"""


def test_what_it_reads_in_its_folder_is_there_and_nothing_else(
    tmp_path: Path, tools: Toolchain
) -> None:
    for name in ("settings.txt", "secret.txt", ".hidden", "big.dat"):
        (tmp_path / name).write_text(f"{name}\n")
        (tmp_path / name).chmod(0o644)
    judged = Judged(tmp_path, tools, READS)
    assert [path.name for path in judged.builds.surroundings.copies] == ["settings.txt"]
    assert judged.check("other.txt", "./other.txt").outcome is None
    for name in ("secret.txt", ".hidden", "a.c"):
        assert judged.check("other.txt", name).outcome is None, "it is not there for it either"
    assert judged.check("other.txt", "settings.txt").outcome == Outcome.wrong_output


def test_an_own_check_sees_the_folder_and_may_write(tmp_path: Path, tools: Toolchain) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "size").write_text("4000\n")
    for path in (tmp_path / "reference", tmp_path / "reference" / "size"):
        path.chmod(0o755)
    check = "$CORR_BINARY && test $(stat -c %s result.bin) = $(cat reference/size)"
    for _ in range(2):
        judged = Judged(tmp_path, tools, FILE, check=check)
        assert judged.check(STEP, "i <= 499").outcome is None
        (tmp_path / "result.bin").write_bytes(b"of an earlier run")
        (tmp_path / "result.bin").chmod(0o644)
    assert judged.check("sizeof a", "8 * 499").outcome == Outcome.wrong_output


def test_the_file_that_is_its_input_and_folders_that_it_is_given(
    tmp_path: Path, tools: Toolchain
) -> None:
    """In the working folder, where the builds are as well."""
    text = """#include <stdio.h>
    int main(int argc, char **argv) {
      char line[100], name[200];
      if (!fgets(line, 99, stdin)) return 9;
      sprintf(name, "%s/table", argv[1]);
      FILE *f = fopen(name, "r");
      if (!f || !fgets(line, 50, f)) return 8;
      sprintf(name, "%s/result", argv[1]);
      fputs(line, fopen(name, "w"));
      return 0;
    }"""
    (tmp_path / "tables").mkdir()
    for name in ("given", "tables/table"):
        (tmp_path / name).write_text(f"{name}\n")
        (tmp_path / name).chmod(0o644)
    run = {"args": ("tables",), "stdin": tmp_path / "given"}
    judged = Judged(tmp_path, tools, text, run=run, builds=tmp_path / "builds")
    assert judged.said[0] == "what is compared: exit status, tables/result"
    assert judged.check("line, fopen", "line + 1, fopen").outcome == Outcome.wrong_output


@pytest.mark.parametrize(("wall", "runs"), [(0.1, 2), (3.0, 0)])
def test_a_rate_that_was_the_same_twice_is_looked_at_again(wall: float, runs: int) -> None:
    """Printed to three digits it may be; a program of some seconds is not run more often for it."""

    def run(rate: str) -> Any:
        observed = Observed(0, {"stdout": f"3000, {rate}\n".encode()})
        return SimpleNamespace(observed=observed, wall=wall)

    others = iter([run("0.461"), run("0.466"), run("0.470")])
    asked: list[Any] = []

    def again() -> Any:
        asked.append(next(others))
        return asked[-1]

    first, second = evidence._differing((run("0.461"), run("0.461")), again)
    assert len(asked) == runs and bool(first.observed.differing(second.observed)) is bool(runs)
