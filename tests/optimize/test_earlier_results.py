"""What an earlier run left where the program runs: a candidate that writes half of it is not right by it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.proposal import Outcome
from tests.support.judged import Judged

pytestmark = pytest.mark.slow

#: Writes over what is there, and does not cut it off.
OVER = """#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static double a[500];
int main(int argc, char **argv) {
  int file = open(argc > 1 ? argv[1] : "result.bin", O_RDWR | O_CREAT, 0644);
  if (file < 0) return 9;
  /* more */
  for (int i = 0; i < 500; i++) a[i] += i * 0.5;
  if (pwrite(file, a, sizeof a, 0) != sizeof a) return 8;
  close(file);
  return 0;
}
"""
WHOLE, HALF = "pwrite(file, a, sizeof a, 0) != sizeof a", "pwrite(file, a, 2000, 0) != 2000"
#: Goes on from there.
GOES_ON = OVER.replace("/* more */", "if (pread(file, a, sizeof a, 0) < 0) return 7;")
#: Says how late it is, too.
TIMED = OVER.replace(
    "/* more */",
    'struct timespec now; clock_gettime(CLOCK_REALTIME, &now); printf("%ld\\n", now.tv_nsec);',
)


def there(folder: Path, tools: Toolchain, text: str, name: str = "result.bin") -> Judged:
    """The program where it has been run once before."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(struct.pack("<500d", *(i * 0.5 for i in range(500))))
    path.chmod(0o644)
    return Judged(folder, tools, text, run={"args": (name,)}, results=(name,))


@pytest.mark.parametrize(
    ("text", "name"), [(OVER, "result.bin"), (OVER, "below/x.bin"), (TIMED, "result.bin")]
)
def test_it_is_taken_out_of_the_way(tmp_path: Path, tools: Toolchain, text: str, name: str) -> None:
    judged = there(tmp_path, tools, text, name)
    before = (tmp_path / name).read_bytes()
    found = judged.check(WHOLE, HALF)
    assert found.outcome == Outcome.wrong_output and "differs from byte 2000 on" in found.detail
    assert judged.check("i < 500; i++", "i <= 499; i++").outcome is None
    assert (tmp_path / name).read_bytes() == before


def test_it_is_there_for_who_goes_on_from_it(tmp_path: Path, tools: Toolchain) -> None:
    judged = there(tmp_path, tools, GOES_ON)
    original = judged.original.verifier
    content = original.references.of(original.inputs.timed).observed.files["result.bin"].content
    assert struct.unpack("<500d", content) == tuple(float(i) for i in range(500))
    assert judged.check("i * 0.5", "i * 0.25").outcome == Outcome.wrong_output
